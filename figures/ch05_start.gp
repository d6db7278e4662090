# caption: **From one start the flow has one end; with noise the ends spread over the data, and the start is forgotten the more, the more noise there is.**
# caption: Ten paths of the reverse equation from one point at $t = 1$, Eq. (5.17), by
# caption: Euler-Maruyama in 1000 steps. Field: the density $q(x, t)$ of the 1-D data. Time
# caption: falls from left to right.
load 'figures/style.gp'

field = data('ch05_field.dat')
paths = data('ch05_start.dat')
stats field using 2 nooutput
set yrange [STATS_min:STATS_max]
set multiplot layout 1,3 margins 0.1,0.97,0.2,0.9 spacing 0.065,0
unset grid
unset colorbox
set pm3d map corners2color c1
set cbrange [0:*]
set xrange [1:0]
set xtics 0.5 offset 0,0.6
set xlabel 'time t' offset 0,0.5
lambda = '0 0.5 1'
do for [i=0:2] {
    set title 'λ = '.word(lambda, i+1) offset 0,-0.6
    set ylabel (i ? '' : 'state x_t  (data units)')
    set format y (i ? '' : '%g')
    splot field using 1:2:3 with pm3d, \
          for [j=2:11] paths index i using 1:j:(0) with lines lw 0.7 lc rgb '#202020' dt 1
}
unset multiplot
