# caption: **Without noise each start flows to a bump near by; with noise it wanders off and ends anywhere on the ring.**
# caption: The 2-D data, 40 particles, the sampler of Eq. (3.16) in 50 steps. Crosses:
# caption: draws of N(0, I), the same on both sides. Lines: their paths. Dots: where
# caption: they end. Linear schedule, $T = 1000$.
load 'figures/style.gp'

d = data('ch03_plane.dat')
reach = 1.0
do for [c=1:4] {
    stats d using (abs(column(c))) nooutput
    reach = STATS_max > reach ? STATS_max : reach
}
reach = 1.05*reach
set multiplot layout 1,2 margins 0.09,0.985,0.16,0.92 spacing 0.05,0
set size ratio -1
unset grid
set xrange [-reach:reach]
set yrange [-reach:reach]
set xlabel 'x  (data units)'
stats d index 0 using 1 nooutput
last = STATS_records - 1
do for [i=0:1] {
    set title 'η = '.i offset 0,-0.6
    set ylabel (i ? '' : 'y  (data units)')
    set format y (i ? '' : '%g')
    plot d using 2*i+1:2*i+2 with lines lw 0.6 lc rgb '#94c4df' dt 1, \
         for [p=0:39] d index p every ::0::0 using 2*i+1:2*i+2 with points pt 2 ps 0.5 lw 1.2 lc rgb '#D55E00', \
         for [p=0:39] d index p every ::last::last using 2*i+1:2*i+2 with points pt 7 ps 0.4 lc rgb '#000000'
}
unset multiplot
