# caption: **In small steps the two variances part only at the beginning, and there these data side with the larger; in large jumps neither is right.**
# caption: Variances of a step back over $\beta_t$. Left: each step, linear schedule,
# caption: $T = 1000$. Right: the same schedule in 20 jumps, with the noise of the jump for
# caption: $\beta_t$. Blue: $\tilde\beta_t$, Eq. (2.3), the least that any data can have. Orange:
# caption: the exact variance, Eq. (2.10), mean over 100 quantiles of $x_t$; band: its
# caption: range over the middle 90 of them.
load 'figures/style.gp'

d = data('ch02_variances.dat')
set multiplot layout 1,2 margins 0.13,0.95,0.17,0.9 spacing 0.1
set xlabel 'step t'
set ylabel 'variance / β_t'
set yrange [0:2.5]
set key top left
set logscale x
set title 'every step'
plot d index 0 using 1:4:5 with filledcurves lc rgb '#d0e1f2' title 'range of the exact one', \
     1 with lines lt 1 title 'β_t', \
     d index 0 using 1:2 with lines lt 2 title 'β̃_t', \
     d index 0 using 1:3 with lines lt 3 title 'exact, mean'
unset logscale x
set xtics autofreq
set xtics 250
set title '20 jumps'
unset ylabel
plot d index 1 using 1:4:5 with filledcurves lc rgb '#d0e1f2', \
     1 with lines lt 1, \
     d index 1 using 1:2 with linespoints lt 2, \
     d index 1 using 1:3 with linespoints lt 3
unset multiplot
