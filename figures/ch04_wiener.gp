# caption: **A finer grid adds detail to a path, and moves none of its points.**
# caption: One path of the Wiener process, Eq. (4.1), on three grids. Each increment
# caption: of a rougher grid is the sum of those of the finest, Eq. (4.4).
load 'figures/style.gp'

d = data('ch04_wiener.dat')
set xlabel 'time t'
set ylabel 'w(t)'
set key top left
set xrange [0:1]
set yrange [*:*]
set offsets 0, 0, graph 0.12, 0
plot d index 2 using 1:2 with lines lt 1 lw 0.8 lc rgb '#9a9a9a' title '256 increments', \
     d index 1 using 1:2 with lines lt 2 dt 1 lw 1.5 title '32', \
     d index 0 using 1:2 with linespoints lt 3 dt 1 pt 7 ps 0.7 title '8'
