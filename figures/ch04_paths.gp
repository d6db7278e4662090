# caption: **The paths forward and the paths back are different, and have the same law at every time.**
# caption: Field: the density $q(x, t)$ of the 1-D data under VP, Eq. (4.8), darker where
# caption: higher. Lines: left nine paths of the SDE from quantiles of the data,
# caption: right nine of the reverse SDE, Eq. (4.24), from quantiles of N(0, 1); 200
# caption: steps of Euler and Maruyama. Points: quantiles (10, 25, 50 and 90 %) of 4000
# caption: such paths; broken: those of $q_t$, from $t = 0.001$ to 1. On the right time falls,
# caption: from left to right.
load 'figures/style.gp'

field = data('ch04_field.dat')
paths = data('ch04_paths.dat')
quantiles = data('ch04_quantiles.dat')
stats field using 2 nooutput
low = STATS_min
high = STATS_max
set multiplot layout 1,2 margins 0.1,0.97,0.19,0.91 spacing 0.07,0
unset grid
unset colorbox
set pm3d map corners2color c1
set cbrange [0:0.6]
set yrange [low:high]
set xlabel 'time t' offset 0,0.3
set xtics 0.25
do for [i=0:1] {
    set title (i ? 'backward' : 'forward') offset 0,-0.6
    if (i) { set xrange [1:0] } else { set xrange [0:1] }
    set ylabel (i ? '' : 'state x_t  (data units)')
    set format y (i ? '' : '%g')
    splot field using 1:2:3 with pm3d, \
          for [j=2:10] paths index i using 1:j:(0) with lines lw 0.5 lc rgb '#404040' dt 1, \
          for [j=6:9] quantiles index i using 1:j:(0) with lines lt 3 dt 2, \
          for [j=2:5] quantiles index i using 1:j:(0) with points pt 7 ps 0.5 lc rgb '#D55E00'
}
unset multiplot
