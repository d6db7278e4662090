# caption: **Nine starts, three amounts of noise: without noise the paths never cross, with it they forget where they began.**
# caption: Field: the density $q_t(x)$ of the 1-D data, Eq. (1.15), darker where
# caption: higher. Lines: the sampler of Eq. (3.16) over all steps from the same nine
# caption: starts, evenly spread quantiles of N(0, 1), with the same noises; time runs
# caption: from right to left in $t$, so that the data stand on the right. Linear
# caption: schedule, $T = 1000$, every fourth step.
load 'figures/style.gp'

field = data('ch03_field.dat')
paths = data('ch03_paths.dat')
stats field using 1 nooutput
last = STATS_max
stats field using 2 nooutput
low = STATS_min
high = STATS_max
set multiplot layout 1,3 margins 0.1,0.98,0.18,0.9 spacing 0.03,0
unset grid
unset colorbox
set pm3d map corners2color c1
set cbrange [0:*]
set xrange [last:0]
set yrange [low:high]
set xtics last/2.0
set xlabel 'time t'
eta = '0 0.5 1'
do for [i=0:2] {
    set title 'η = '.word(eta, i+1) offset 0,-0.6
    set ylabel (i ? '' : 'state x_t  (data units)')
    set format y (i ? '' : '%g')
    splot field using 1:2:3 with pm3d, \
          for [j=2:10] paths index i using 1:j:(0) with lines lw 0.7 lc rgb '#202020' dt 1
}
unset multiplot
