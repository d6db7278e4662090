# caption: **A draw from the ring picks a bump, then a point of that bump.**
# caption: Points: 1500 draws from the 2-D data. Curves: two standard deviations about
# caption: each component's mean. (The rows above judge 120 000 draws of the tilted pair.)
shape = 'square'
load 'figures/style.gp'

set size ratio -1
set offsets graph 0.04, graph 0.04, graph 0.04, graph 0.04
set key outside top center horizontal
set xlabel 'x  (data units)'
set ylabel 'y  (data units)'
plot data('ch00_draws.dat') using 1:2 with points pt 7 ps 0.25 lc rgb '#4a98c9' title 'draws', \
     data('ch00_ellipses.dat') using 1:2 with lines lt 1 title 'two standard deviations'
