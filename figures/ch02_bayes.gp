# caption: **Two Gaussians are multiplied, and the product is narrower than both.**
# caption: The step from $\bar\alpha_{t-1} = 0.9$ to $\bar\alpha_t = 0.7$, with $x_0 = 1.5$
# caption: and $x_t = 0.8$ known. Broken lines: the prior $q(x_{t-1} \mid x_0)$, and the
# caption: likelihood $q(x_t \mid x_{t-1})$ as a function of $x_{t-1}$, scaled to area 1. Line:
# caption: the posterior of Eq. (2.5). Points: where 2 million walks from $x_0$ had been
# caption: one step before, if they ended within 0.02 of $x_t$; bars of two standard errors.
load 'figures/style.gp'

set xlabel 'state x_{t-1}  (data units)'
set ylabel 'density  (1 / data unit)'
set xrange [0.1:2.5]
set yrange [0:1.75]
set key top left
d = data('ch02_bayes.dat')
plot d using 1:2 with lines lt 2 title 'prior: from x_0', \
     d using 1:3 with lines lt 3 title 'likelihood: to x_t', \
     d using 1:4 with lines lt 1 title 'posterior', \
     data('ch02_walks.dat') using 1:($2-2*$3):(0):(4*$3) with vectors nohead lt 1 lw 1, \
     data('ch02_walks.dat') using 1:2 with points lt 1 title 'walks that did both'
