# caption: **Threads share the work until they outnumber the cores.**
# caption: Nanoseconds a particle-step on 1 to 3 threads, by make bench, against
# caption: those of one thread divided by the number of threads (dashed). Eight
# caption: bumps in two dimensions, 1000 ancestral steps.
load 'figures/style.gp'

stats data('threads.dat') every ::0::0 using 2 nooutput
set xlabel 'threads'
set ylabel 'time a particle-step  (ns)'
set xrange [0.8:3.2]
set xtics 1, 1
set yrange [0:*]
set key bottom left
plot STATS_max / x lt 2 title 'one thread, shared', \
     data('threads.dat') using 1:2 with points lt 1 ps 1 title 'engine'
