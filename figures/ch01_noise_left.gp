# caption: **More steps bring x_T nearer to noise: fast where the betas are fixed, slowly where the cap decides.**
# caption: Exact distance $D_{\mathrm{KL}}$ of the law of $x_T$ from N(0, 1) for the
# caption: 1-D data, by quadrature, Eq. (1.17). The linear schedules keep the ends
# caption: of $\beta$ for every $T$: too few steps leave signal. The cosine
# caption: schedule leaves what its cap leaves, Eq. (1.10).
load 'figures/style.gp'

name = 'linear sqrt-linear cosine'
set logscale xy
set xlabel 'number of steps T'
set ylabel 'KL(x_T to noise)  (nat)'
set format y '10^{%T}'
set yrange [1e-14:10]
set key bottom left
plot for [i=0:2] data('ch01_kl.dat') index i using 1:2 with linespoints lt i+1 title word(name, i+1)
