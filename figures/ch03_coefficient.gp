# caption: **Only one amount of noise makes the way forward forget the start: there the family is the walk of chapter 1.**
# caption: The coefficient of $x_0$ in the law of $x_t$ given $x_s$ and $x_0$, for two
# caption: jumps. Lines: Eq. (3.11), from $\sigma = 0$ to the bound of Eq. (3.5). Points:
# caption: least squares over 20 000 draws of the 1-D data; bars of two standard
# caption: errors, where they are longer than the points. Circles: $\sigma^2 = \tilde\beta$, Eq. (3.12).
load 'figures/style.gp'

set xlabel 'σ, noise of the step back  (data units)'
set ylabel 'coefficient of x_0  (1)'
set xrange [0:*]
set key top left
set arrow from graph 0, first 0 to graph 1, first 0 nohead lc rgb '#404040' lw 0.7
name = '"α̅ from 0.9 to 0.7" "α̅ from 0.6 to 0.2"'
plot for [i=0:1] data('ch03_coefficient.dat') index i using 1:2 with lines lt i+1 title word(name, i+1), \
     for [i=0:1] data('ch03_fit.dat') index i using 1:($2-$3):(0):(2*$3) with vectors nohead lt i+1 dt 1 lw 1, \
     for [i=0:1] data('ch03_fit.dat') index i using 1:2 with points lt i+1, \
     data('ch03_markov.dat') using 1:2 with points pt 6 ps 1.2 lw 2 lc rgb '#D55E00' title 'Markov: σ^2 = β̃'
