# caption: **The flow carries noise to the ring of bumps; few lines end between the bumps, where there is little mass.**
# caption: Lines: Eq. (5.10) from noise to the 2-D data, from points (crosses) on the two circles
# caption: that hold one half and 95 % of noise. Dots: where they end. Field: the density of the data.
shape = 'square'
load 'figures/style.gp'

field = data('ch05_density.dat')
paths = data('ch05_plane.dat')
stats field using 1 nooutput
reach = STATS_max
set size ratio -1
set lmargin at screen 0.12
set rmargin at screen 0.97
set bmargin at screen 0.17
set tmargin at screen 0.97
unset grid
set xrange [-reach:reach]
set yrange [-reach:reach]
set xlabel 'x  (data units)' offset 0,0.5
set ylabel 'y  (data units)'
unset colorbox
set pm3d map corners2color c1
set palette defined (0 '#ffffff', 1 '#d0e1f2', 2 '#94c4df', 3 '#4a98c9')
set cbrange [0:*]
splot field using 1:2:3 with pm3d, \
      for [i=0:59] paths index i using 1:2:(0) with lines lw 0.8 lc rgb '#404040' dt 1, \
      for [i=0:59] paths index i every ::0::0 using 1:2:(0) with points pt 2 ps 0.5 lw 1.2 lc rgb '#D55E00', \
      for [i=0:59] paths index i every ::40::40 using 1:2:(0) with points pt 7 ps 0.35 lc rgb '#000000'
