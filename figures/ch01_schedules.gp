# caption: **Three schedules, three ways to forget: by signal power they end alike, by log SNR they do not.**
# caption: Left: the signal power left, Eq. (1.5). Right: its log SNR, Eq. (1.13),
# caption: where a step of 1 is a factor $e$ in signal over noise. $T = 1000$.
load 'figures/style.gp'

name = 'linear sqrt-linear cosine'
set multiplot layout 1,2 margins 0.13,0.97,0.17,0.95 spacing 0.13
set xlabel 't / T'
set xrange [0:1]
set ylabel 'signal power left, α̅_t'
set yrange [0:1]
set key top right
plot for [i=0:2] data('ch01_schedules.dat') index i using 1:2 with lines lt i+1 title word(name, i+1)
set ylabel 'log SNR  (natural log)'
set yrange [-21:9]
plot for [i=0:2] data('ch01_schedules.dat') index i using 1:3 with lines lt i+1
unset multiplot
