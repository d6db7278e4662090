# caption: **All amounts of noise end with the same spread; the more noise, the less of the start is remembered.**
# caption: Left: correlation of start and end. Line: Eq. (5.18), Gaussian data
# caption: $\mathcal N(0.5, 0.4)$. Right: standard deviation of the end, over that of the data.
# caption: Points: 4000 particles through 200 steps of Euler-Maruyama of Eq. (5.17),
# caption: bars of two standard errors. Triangles: the 1-D data. Both are moved a little aside.
load 'figures/style.gp'

d = data('ch05_family.dat')
set multiplot layout 1,2 margins 0.13,0.98,0.16,0.9 spacing 0.15,0
set xrange [-0.07:1.57]
set xlabel 'noise λ'
set key top right
set ylabel 'correlation of x_0  and x_1'
set yrange [-0.1:1.1]
plot d using 1:2 with lines lt 1 smooth csplines title 'Eq. (5.18)', \
     d using ($1-0.02):3:(2*$5) with yerrorbars lt 2 pt 7 dt 1 title 'Gaussian data', \
     d using ($1+0.02):7:(2*$9) with yerrorbars lt 3 pt 9 dt 1 title '1-D data'
set ylabel 'sd of the end, that of the data = 1'
set yrange [0.85:1.15]
plot 1 with lines lt 1 title 'the data', \
     d using ($1-0.02):4:(2*$6) with yerrorbars lt 2 pt 7 dt 1 title 'Gaussian data', \
     d using ($1+0.02):8:(2*$10) with yerrorbars lt 3 pt 9 dt 1 title '1-D data'
unset multiplot
