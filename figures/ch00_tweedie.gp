# caption: **A noisy point is best guessed by pulling it to a bump, not by undoing the shrinking.**
# caption: Line: the mean of the clean point given the noisy one, Eq. (0.20).
# caption: Band: one standard deviation about it, Eq. (0.21). Dash-dotted: $x_t/a$,
# caption: the guess that takes all noise for signal. The band is widest where
# caption: the point may have come from either bump.
load 'figures/style.gp'

set xlabel 'noisy point x_t  (data units)'
set ylabel 'clean point x_0  (data units)'
d = data('ch00_tweedie.dat')
plot d using 1:($2-$3):($2+$3) with filledcurves lc rgb '#d0e1f2' title 'one standard deviation', \
     d using 1:4 with lines lt 3 title 'x_t/a', \
     d using 1:2 with lines lt 1 title 'mean of x_0, given x_t'
