# caption: **Noise a mixture and it stays a mixture: every bump moves, widens and keeps its weight.**
# caption: Density of the 1-D data. Left: clean, Eq. (0.13). Right: at the level
# caption: $a = 0.6$, $c = 0.64$, Eq. (0.16). Black: the mixture. Broken: what each
# caption: component adds to it; the areas under them are the weights, on both
# caption: sides.
load 'figures/style.gp'

set multiplot layout 1,2 margins 0.13,0.97,0.16,0.9 spacing 0.1
clean = data('ch00_clean.dat')
noisy = data('ch00_noisy.dat')
stats clean using 1:2 nooutput
columns = STATS_columns
set xrange [STATS_min_x:STATS_max_x]
set yrange [0:1.2*STATS_max_y]
set xlabel 'position  (data units)'
set ylabel 'density  (1 / data unit)'
set title 'clean, x_0'
plot clean using 1:2 with lines lt 1 title 'mixture', \
     for [k=3:columns] clean using 1:k with lines lt k-1 title sprintf('component %d', k-2)
set title 'noised, x_t'
unset ylabel
plot noisy using 1:2 with lines lt 1, \
     for [k=3:columns] noisy using 1:k with lines lt k-1
unset multiplot
