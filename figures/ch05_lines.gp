# caption: **Each line of the flow keeps the mass on either side: it joins the same quantiles of the data and of noise.**
# caption: Field: the density $q(x, t)$ of the 1-D data under VP, darker where higher.
# caption: Lines: Eq. (5.4) from 13 points with equal masses between them, Eq. (5.8). On
# caption: the left the data, on the right noise.
load 'figures/style.gp'

field = data('ch05_field.dat')
stats field using 2 nooutput
set yrange [STATS_min:STATS_max]
set xrange [0:1]
set xlabel 'time t'
set ylabel 'state x_t  (data units)'
set lmargin at screen 0.1
set rmargin at screen 0.97
set bmargin at screen 0.16
set tmargin at screen 0.97
unset grid
unset colorbox
set pm3d map corners2color c1
set cbrange [0:*]
splot field using 1:2:3 with pm3d, \
      for [j=2:14] data('ch05_lines.dat') using 1:j:(0) with lines lw 1 lc rgb '#202020' dt 1
