# caption: **A particle-step costs the same in a small cloud and in a large one.**
# caption: Nanoseconds a particle-step on one thread, by make bench; the dashed line
# caption: is the mean. Eight bumps in two dimensions, ancestral steps.
load 'figures/style.gp'

stats data('particles.dat') using 2 nooutput
set logscale x 2
set xlabel 'particles'
set ylabel 'time a particle-step  (ns)'
set yrange [0:1.4 * STATS_max]
set key bottom right
plot STATS_mean lt 2 title 'mean', \
     data('particles.dat') using 1:2 with points lt 1 ps 1 title 'engine, 1 thread'
