#!/bin/sh
# Installs what the book needs, where it is not there yet:
#
#     sh src/setup.sh && make chapters
#
# It asks nothing, may be run again at any time, and then does nothing.
# Exit status 0: all is there (Criterion may lack: only `make test` needs it).
# Exit status 1: something is missing and could not be installed; it says what.
set -u

say() { echo "setup: $*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- What is there? Each thing is tried; no package database is asked. -------

compiles() # there is a C compiler, and the headers of the C library
{
    for cc in cc gcc; do
        have $cc && echo '#include <math.h>' | $cc -E - >/dev/null 2>&1 && return
    done
    return 1
}

plots() # there is a gnuplot that knows the three terminals of the figures
{
    gnuplot -e 'set terminal svg; set terminal pngcairo; set terminal pdfcairo' \
        </dev/null >/dev/null 2>&1
}

fonts() # false only if Linux says that it has no DejaVu Sans
{
    [ "$(uname)" != Linux ] || ! have fc-list || fc-list | grep -q 'DejaVu Sans'
}

makes() { make --version 2>/dev/null | grep -q 'GNU Make'; }
counts() { pkg-config --exists gsl 2>/dev/null; }
tests() { pkg-config --exists criterion 2>/dev/null; }

missing() # one line for each thing that is missing
{
    makes || echo 'GNU make: https://www.gnu.org/software/make'
    compiles || echo 'a C compiler and its headers (on a Mac: xcode-select --install)'
    have pkg-config || echo 'pkg-config: http://pkgconf.org'
    counts || echo 'GSL and its headers: https://www.gnu.org/software/gsl'
    plots || echo 'gnuplot with svg, pngcairo and pdfcairo: http://gnuplot.info'
    have awk || echo 'awk: https://www.gnu.org/software/gawk'
}

lacking=$(missing)
if [ -z "$lacking" ] && fonts && tests; then
    say 'everything is there, nothing to do'
    exit 0
fi

# --- Who installs? Criterion is packaged neither for Fedora nor for Alpine. ---

for manager in apt-get dnf pacman zypper apk brew none; do
    have $manager && break
done
refresh=true install=false packages='' criterion=''
case $manager in
apt-get)
    refresh='apt-get -q update'
    install='env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends'
    packages='make gcc libc6-dev pkg-config libgsl-dev gnuplot-nox fonts-dejavu-core mawk'
    criterion=libcriterion-dev ;;
dnf)
    install='dnf -y install --setopt=install_weak_deps=False'
    packages='make gcc glibc-devel pkgconf-pkg-config gsl-devel gnuplot dejavu-sans-fonts gawk' ;;
pacman) # a new package list without an upgrade is for bare machines only
    ls /var/lib/pacman/sync/*.db >/dev/null 2>&1 || refresh='pacman -Sy'
    install='pacman -S --needed --noconfirm'
    packages='make gcc pkgconf gsl gnuplot ttf-dejavu gawk'
    criterion=criterion ;;
zypper)
    install='zypper --non-interactive install --no-recommends'
    packages='make gcc glibc-devel pkg-config gsl-devel gnuplot dejavu-fonts gawk'
    criterion='criterion-devel' ;;
apk)
    install='apk add --no-cache'
    packages='make gcc musl-dev pkgconf gsl-dev gnuplot font-dejavu' ;;
brew)
    install='brew install' packages='pkgconf gsl gnuplot' criterion=criterion ;;
esac
if [ "$(id -u)" -eq 0 ] || [ "$manager" = brew ]; then sudo=''
elif [ -t 0 ]; then sudo='sudo'
else sudo='sudo -n'
fi

fetch() # installs the packages named in $1; unquoted words are meant to split
{
    [ -n "$1" ] && { [ -z "$sudo" ] || have sudo; } || return
    $sudo $refresh </dev/null
    refresh=true
    $sudo $install $1 </dev/null
}

# --- Install what is missing, and look again. ---------------------------------

{ [ -z "$lacking" ] && fonts; } || fetch "$packages"
lacking=$(missing)
if [ -n "$lacking" ]; then
    say 'missing, and could not be installed:'
    echo "$lacking" | sed 's/^/  - /'
    [ "$manager" = none ] || say "try${sudo:+, as root}: $install $packages"
    [ "$manager" != none ] || say 'found none of apt-get dnf pacman zypper apk brew'
    exit 1
fi >&2
fonts || say 'warning: no DejaVu fonts, the figures will be set in another' >&2
tests || fetch "$criterion"
tests || say 'warning: make test needs Criterion: https://github.com/Snaipe/Criterion' >&2
say 'ready for make chapters'
