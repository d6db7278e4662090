# caption: **The steps cost most; with VP and VE the errors nearly add, with sub-VP they cancel.**
# caption: $W_1$ of the law at $t_{\min} = 0.01$ from the data, the 1-D mixture, after 100 and
# caption: after 400 steps of Euler and Maruyama, from exact laws: each cause of error alone,
# caption: their sum, and all together. The axis is logarithmic.
load 'figures/style.gp'

d = data('ch04_budget.dat')
set style data histograms
set style histogram clustered gap 1.5
set style fill pattern 1 border lt 1
set multiplot layout 1,2 margins 0.11,0.985,0.12,0.78 spacing 0.04,0
set logscale y
set yrange [5e-6:0.05]
set format y '10^{%L}'
set xtics ('VP' 0, 'sub-VP' 1, 'VE' 2)
set xrange [-0.6:2.6]
do for [k=1:2] {
    set title sprintf('%d steps', k == 1 ? 100 : 400) offset 0,-0.6
    set ylabel (k == 1 ? 'W_1  (data units)' : '')
    if (k == 2) { set format y '' }
    if (k == 1) { set key at screen 0.12,0.99 horizontal left maxrows 1 } else { unset key }
    row(c) = sprintf("< awk 'NF && $2 == %d { print $%d }' %s", k == 1 ? 100 : 400, c, d)
    plot row(3) using 1 lt 4 fs pattern 3 title 'start', \
         row(4) using 1 lt 2 fs pattern 1 title 'steps', \
         row(5) using 1 lt 3 fs pattern 2 title 'stop', \
         row(7) using 1 lt 6 fs empty title 'their sum', \
         row(6) using 1 lt 1 fs solid 0.8 title 'all together'
}
unset multiplot
