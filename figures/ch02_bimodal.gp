# caption: **A small step back is a Gaussian; a large one has to choose.**
# caption: Line: the exact density of $x_s$ given $x_t$, Eq. (2.8), for one $x_t$ at
# caption: $\bar\alpha_t = 0.2$ and four earlier times $s$; the last is the data themselves.
# caption: Broken: the Gaussian with its mean and its variance, Eqs. (2.9) and (2.10).
# caption: KL is the divergence of the first from the second, in nat.
shape = 'tall'
load 'figures/style.gp'

d = data('ch02_bimodal.dat')
word_of(n, i) = system(sprintf("awk '/^# /{ if (n++ == %d) print $%d }' %s", i, n, d))
stats d using 1 nooutput
set xrange [STATS_min:STATS_max]
set yrange [0:*]
set offsets 0, 0, graph 0.55, 0
set multiplot layout 2,2 margins 0.13,0.98,0.17,0.97 spacing 0.1,0.07
set key top left
power(m) = 10**floor(log10(m))
do for [i=0:3] {
    stats d index i using 2 name 'y' nooutput
    set ytics power(y_max) * (y_max < 2 * power(y_max) ? 0.5 : 2)
    set format x (i < 2 ? '' : '%g')
    set xlabel (i < 2 ? '' : 'state x_s  (data units)')
    set ylabel (i % 2 ? '' : 'density  (1 / data unit)')
    set label 1 sprintf('α̅_s  = %s', word_of(2, i)) at graph 0.98, graph 0.94 right
    set label 2 sprintf('KL = %s', word_of(3, i)) at graph 0.98, graph 0.8 right
    plot d index i using 1:2 with lines lt 1 title (i == 1 ? 'exact' : ''), \
         d index i using 1:3 with lines lt 2 title (i == 1 ? 'Gaussian' : '')
}
unset multiplot
