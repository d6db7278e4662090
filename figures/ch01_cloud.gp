# caption: **The ring closes, then dissolves: in two dimensions the same step is taken by each coordinate.**
# caption: 800 points of the 2-D data, Eq. (1.1) in x and in y, at six times of
# caption: their walks. Linear schedule, $T = 1000$.
shape = 'tall'
load 'figures/style.gp'

d = data('ch01_cloud.dat')
stats d using (abs($1) > abs($2) ? abs($1) : abs($2)) nooutput
reach = ceil(STATS_max)
set multiplot layout 2,3 margins 0.13,0.98,0.17,0.98 spacing 0.03,0.04
set size ratio -1
set xrange [-reach:reach]
set yrange [-reach:reach]
set xtics reach/2.0
set ytics reach/2.0
unset grid
do for [i=0:5] {
    set format x (i < 3 ? '' : '%g')
    set format y (i % 3 ? '' : '%g')
    set xlabel (i < 3 ? '' : 'x  (data units)')
    set ylabel (i % 3 ? '' : 'y  (data units)')
    set label 1 system(sprintf("awk '/^# t = /{ if (n++ == %d) print substr($0, 3) }' %s", i, d)) at graph 0.04, graph 0.94
    plot d index i using 1:2 with points pt 7 ps 0.2 lc rgb '#1764ab'
}
unset multiplot
