# caption: **From the same 40 starts to the same ring: on smooth paths without noise, on wandering ones with it, and each particle to a bump of its own.**
# caption: The 2-D data; the sampler of Eq. (3.16) over all steps, $T = 1000$, linear
# caption: schedule, every fourth step. Crosses: draws of N(0, I), the same in all
# caption: three. Lines: their paths. Points: where they end. Circles: two standard
# caption: deviations of the noise-free bumps stay within the outer ring of points.
load 'figures/style.gp'

d = data('ch03_plane.dat')
reach = 1.0
do for [c=1:6] {
    stats d using (abs(column(c))) nooutput
    reach = STATS_max > reach ? STATS_max : reach
}
reach = ceil(reach)
set multiplot layout 1,3 margins 0.08,0.99,0.14,0.9 spacing 0.03,0
set size ratio -1
unset grid
set xrange [-reach:reach]
set yrange [-reach:reach]
set xtics reach/2.0
set ytics reach/2.0
set xlabel 'x  (data units)'
eta = '0 0.5 1'
do for [i=0:2] {
    set title 'η = '.word(eta, i+1) offset 0,-0.6
    set ylabel (i ? '' : 'y  (data units)')
    set format y (i ? '' : '%g')
    plot d using 2*i+1:2*i+2 with lines lw 0.6 lc rgb '#4a98c9' dt 1, \
         for [p=0:39] d index p every ::0::0 using 2*i+1:2*i+2 with points pt 2 ps 0.4 lw 1 lc rgb '#D55E00', \
         for [p=0:39] d index p every ::250::250 using 2*i+1:2*i+2 with points pt 7 ps 0.3 lc rgb '#000000'
}
unset multiplot
