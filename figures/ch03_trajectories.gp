# caption: **From the same nine starts: without noise paths never cross, with noise they do, and forget where they began.**
# caption: Field: the density $q_t(x)$ of the 1-D data, Eq. (1.15), darker where
# caption: higher. Lines: the sampler of Eq. (3.16) over all steps, from the quantiles
# caption: 1/18, 3/18, ..., 17/18 of N(0, 1), every fourth step. Time falls from left
# caption: to right, so that the data stand on the right. Linear schedule, $T = 1000$.
load 'figures/style.gp'

field = data('ch03_field.dat')
paths = data('ch03_paths.dat')
stats field using 1 nooutput
last = STATS_max
stats field using 2 nooutput
low = STATS_min
high = STATS_max
set multiplot layout 1,3 margins 0.1,0.97,0.2,0.9 spacing 0.065,0
unset grid
unset colorbox
set pm3d map corners2color mean
set cbrange [0:*]
set xrange [last:0]
set yrange [low:high]
set xtics last/2.0 offset 0,0.6
set xlabel 'time t' offset 0,0.5
eta = '0 0.5 1'
do for [i=0:2] {
    set title 'η = '.word(eta, i+1) offset 0,-0.6
    set ylabel (i ? '' : 'state  (data units)')
    set format y (i ? '' : '%g')
    splot field using 1:2:3 with pm3d, \
          for [j=2:10] paths index i using 1:j:(0) with lines lw 0.7 lc rgb '#202020' dt 1
}
unset multiplot
