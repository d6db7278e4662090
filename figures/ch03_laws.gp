# caption: **With few steps the bumps come out too narrow, with noise even more so, and points are left between them.**
# caption: Exact densities of what the sampler returns from N(0, 1) in $S$ steps,
# caption: Eqs. (3.23) and (3.24), and of the 1-D data. $T = 1000$, linear schedule,
# caption: times evenly spread.
load 'figures/style.gp'

d = data('ch03_laws.dat')
S = '5 10 50'
set multiplot layout 1,3 margins 0.11,0.98,0.18,0.9 spacing 0.03,0
set xlabel 'x_0  (data units)'
top = 0
do for [c=2:4] { # no law: no number
    stats d using (valid(c) ? column(c) : 0) nooutput
    top = STATS_max > top ? STATS_max : top
}
set yrange [0:1.15*top]
set xtics 2
do for [i=0:2] {
    set title 'S = '.word(S, i+1) offset 0,-0.6
    set ylabel (i ? '' : 'density  (1 / data unit)')
    set format y (i ? '' : '%.1f')
    if (i) { unset key } else { set key top left }
    plot d index i using 1:2 with lines lt 1 title 'data', \
         d index i using 1:3 with lines lt 2 title 'η = 0', \
         d index i using 1:4 with lines lt 3 title 'η = 1'
}
unset multiplot
