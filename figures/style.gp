# style.gp -- the look of every figure.  A figure script says what to draw;
# sizes, fonts, colours and dashes are decided here and nowhere else.  It is
# called by make, with three variables set:
#
#   gnuplot -e "medium='book'; out='build'; picture='build/figures/x'" x.gp
#
# medium: 'book' (SVG, one column), 'print' (PDF), 'slides' (PNG, 16:9, big).
# out: where the chapter's run has put its data.  A script may set `shape`
# before it loads this file: 'wide' (the default), 'tall' or 'square'.

if (!exists("medium")) medium = 'book'
if (!exists("out")) out = 'build'
if (!exists("shape")) shape = 'wide'
data(name) = out.'/data/'.name

high = shape eq 'tall' ? 490 : shape eq 'square' ? 480 : 400
if (medium eq 'book') \
    set terminal svg size 640,high font 'DejaVu Sans,13' enhanced background rgb 'white'
if (medium eq 'print') \
    set terminal pdfcairo size 12cm,(high*12.0/640)cm font 'DejaVu Sans,9' enhanced
if (medium eq 'slides') \
    set terminal pngcairo size 1920,1080 font 'DejaVu Sans,30' enhanced \
        linewidth 2.5 pointscale 2.5 dashlength 0.5
set encoding utf8
set output picture

# The colour-blind-safe set of Okabe and Ito (2008), darkest first so that the
# order survives a grey printer.  Yellow is left out: it vanishes on paper.
# Colour is never the only cue: each line type has its own dash and point.
set linetype 1 lc rgb '#000000' lw 2 dt 1          pt 7  ps 0.45
set linetype 2 lc rgb '#0072B2' lw 2 dt 2          pt 5  ps 0.45
set linetype 3 lc rgb '#D55E00' lw 2 dt 4          pt 9  ps 0.5
set linetype 4 lc rgb '#009E73' lw 2 dt 3          pt 11 ps 0.5
set linetype 5 lc rgb '#CC79A7' lw 2 dt 5          pt 13 ps 0.5
set linetype 6 lc rgb '#E69F00' lw 2 dt (12,3,2,3) pt 4  ps 0.5
set linetype cycle 6

# Fields: light to dark, monotone in lightness, so that black paths and grey
# printers both work.
set palette defined (0 '#ffffff', 1 '#d0e1f2', 2 '#94c4df', 3 '#4a98c9', \
                     4 '#1764ab', 5 '#08306b')

set border 3 lw 1 lc rgb '#404040'
set tics nomirror out scale 0.6 textcolor rgb '#404040'
set grid ytics lc rgb '#d9d9d9' lw 0.5 dt 1 back
set key top left reverse Left samplen 2 spacing 1.1 noautotitle
set samples 400
