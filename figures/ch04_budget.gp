# caption: **More steps help little once another error is as large; and errors need not add up: with sub-VP they cancel.**
# caption: $W_1$ of laws at $t_{\min} = 0.01$ for the 1-D mixture, 100 and 400 steps of Euler
# caption: and Maruyama: start and steps alone, from $q_{t_{\min}}$; the stop alone and all
# caption: together, from the data; and the sum of start, steps and stop, which is no strict
# caption: bound. The axis is logarithmic.
load 'figures/style.gp'

d = data('ch04_budget.dat')
bars(c) = sprintf("< awk 'NF && $2 >= 100 { print $%d }' %s", c, d)
set style data histograms
set style histogram clustered gap 1.5
set style fill border lt 1
set tmargin 4
set bmargin 4
set logscale y
set yrange [5e-6:*]
set format y '10^{%L}'
set xtics ("VP\n100 steps" 0, "VP\n400" 1, "sub-VP\n100" 2, "sub-VP\n400" 3, "VE\n100" 4, "VE\n400" 5)
set xrange [-0.6:5.6]
set ylabel 'W_1  (data units)'
set key at screen 0.55,0.97 center top horizontal maxrows 1 samplen 1.5
# Without exact laws (a reader's very broad data) there is nothing to draw.
if (int(system(sprintf("awk 'NF { n++ } END { print n + 0 }' %s", d))) > 0) {
    plot bars(3) using 1 lt 4 dt 1 lw 1 fs pattern 3 title 'start', \
         bars(4) using 1 lt 2 dt 1 lw 1 fs pattern 1 title 'steps', \
         bars(5) using 1 lt 3 dt 1 lw 1 fs pattern 2 title 'stop', \
         bars(7) using 1 lt 1 dt 3 lw 1 fs empty title 'their sum', \
         bars(6) using 1 lt 1 lw 1 fs solid 0.8 title 'all together'
} else {
    set label 'no exact laws for these data' at graph 0.5, graph 0.5 center
    plot 1
}
