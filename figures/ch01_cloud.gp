# caption: **The ring closes, then dissolves: in two dimensions the same step is taken by each coordinate.**
# caption: 800 points of the 2-D data, Eq. (1.1) in x and in y, at six times of
# caption: one walk. Linear schedule, $T = 1000$.
shape = 'tall'
load 'figures/style.gp'

set multiplot layout 2,3 margins 0.07,0.98,0.09,0.94 spacing 0.05,0.11
set size ratio -1
set xrange [-4:4]
set yrange [-4:4]
set xtics 2
set ytics 2
unset key
d = data('ch01_cloud.dat')
do for [i=0:5] {
    set title system(sprintf("awk '/^# t = /{ if (n++ == %d) print substr($0, 3) }' %s", i, d))
    plot d index i using 1:2 with points pt 7 ps 0.2 lc rgb '#1764ab'
}
unset multiplot
