# caption: **Paths converge with the root of the step where the noise depends on the state, and with the step where it does not; the law of Euler's step, with the step.**
# caption: Left: root of the mean square of the error at time 1. Points: 20 000 paths,
# caption: the same for all methods and steps, bars of two standard errors (smaller than
# caption: most points). Lines: the roots of the exact ones, Eqs. (4.15), (4.18) and (4.19).
# caption: In the key the slope of a straight line through the points, with twice its
# caption: standard error. Right: errors of two means of Euler's law, Eqs. (4.20) and
# caption: (4.21), without chance, beside the slope 1.
load 'figures/style.gp'

d = data('ch04_strong.dat')
w = data('ch04_weak.dat')
slope(k) = system(sprintf("awk 'NR == %d { printf \"%%.3f ± %%.3f\", $1, $2 }' %s", k, data('ch04_slopes.dat')))
set multiplot layout 1,2 margins 0.12,0.985,0.17,0.93 spacing 0.13,0
set logscale xy
set xrange [0.003:0.16]
set format y '10^{%L}'
set xtics ('1/256' 1.0/256, '1/64' 1.0/64, '1/16' 1.0/16, '1/8' 1.0/8)
set xlabel 'step h'
set ylabel 'strong error'
set yrange [3e-4:3]
set key top left
plot d index 0 using 1:4 with lines lt 1 title 'Euler, σX dw: '.slope(1), \
     d index 1 using 1:4 with lines lt 2 title 'Milstein: '.slope(2), \
     d index 2 using 1:4 with lines lt 3 title 'Euler, dw: '.slope(3), \
     d index 0 using 1:2:(2*$3) with yerrorbars lt 1 dt 1 lw 1 ps 0.7, \
     d index 1 using 1:2:(2*$3) with yerrorbars lt 2 dt 1 lw 1 ps 0.7, \
     d index 2 using 1:2:(2*$3) with yerrorbars lt 3 dt 1 lw 1 ps 0.8
set ylabel 'weak error'
set yrange [4e-5:1]
plot w using 1:3 with linespoints lt 2 dt 1 ps 0.7 title 'E X^2', \
     w using 1:2 with linespoints lt 1 ps 0.8 title 'E X', \
     0.012*x with lines lt 1 lw 1 dt 3 lc rgb '#606060' title 'slope 1'
unset multiplot
