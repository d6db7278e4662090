# caption: **The two bumps of the data melt into one, and every path forgets where it began.**
# caption: Field: the density $q_t(x)$ of Eq. (1.15), darker where higher, linear
# caption: schedule, $T = 1000$. Lines: 12 walks of Eq. (1.1) from draws of the
# caption: data, every fourth step.
load 'figures/style.gp'

set xlabel 'step t'
set ylabel 'state x_t  (data units)'
set cblabel 'density  (1 / data unit)'
unset grid
set pm3d map corners2color c1
set cbrange [0:*]
set cbtics 0.1
set lmargin at screen 0.11
set rmargin at screen 0.84
set bmargin at screen 0.18
set tmargin at screen 0.95
d = data('ch01_field.dat')
stats d using 1 nooutput
set xrange [0:STATS_max]
stats d using 2 nooutput
set yrange [STATS_min:STATS_max]
set format cb '%.1f'
splot d using 1:2:3 with pm3d, \
      for [i=2:13] data('ch01_paths.dat') using 1:i:(0) with lines lw 0.7 lc rgb '#202020' dt 1
