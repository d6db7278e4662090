/* Section 4.1: the Wiener process. */
#include "ch04.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"

void note_path(const block *b, size_t p, size_t number, wiener *sum)
{
    double variation = 0.0, w = 0.0, coarse = 0.0, ito = 0.0;

    for (size_t i = 0; i < FINE; i++) {
        double dw = b->dw[i][p];
        sum->absolute += fabs(dw);
        variation += dw * dw;
        ito += w * dw;
        w += dw;
    }
    for (size_t j = 0; j < COARSE; j++) {
        double dw = increment(b, COARSE, j, p);
        sum->square += dw * dw;
        coarse += dw;
    }
    sum->variation += variation;
    sum->deviation += gsl_pow_2(variation - 1.0);
    if (number < 2)
        sum->end[number] = w;
    if (number == 0)
        sum->coarse = coarse, sum->ito = ito, sum->first_variation = variation;
}

static void check_wiener(const wiener *sum)
{
    const double n = FINE, N = PATHS, h = 1.0 / FINE;
    double low, high;

    dm_check_mc(sum->absolute / (n * N), sqrt(2.0 * h / M_PI),
                sqrt((1.0 - 2.0 / M_PI) * h / (n * N)), 1.0, "4.2",
                "E |dw|, h = 1/%d", FINE);
    dm_check_refutes(sqrt(h), "its size taken for sqrt(h)");
    dm_check_refutes(0.0, "as E dw");
    dm_distance_variance_limits((size_t)FINE * PATHS, DM_CHECK_TAIL, &low,
                                &high);
    dm_check_law(sum->variation / N, 1.0, low, high, 1.0, "4.3",
                 "sum of dw^2 to time 1, mean");
    dm_check_refutes(h, "sum of h^2, as for a smooth path");
    dm_check_refutes(sqrt(2.0 * n / M_PI), "sum of |dw|");
    /* n times the variation is chi-square with n degrees of freedom. */
    dm_check_mc(sum->deviation / N, 2.0 / n,
                sqrt((8.0 * n * n + 48.0 * n) / gsl_pow_4(n) / N), 1.0, "4.3",
                "its variance over paths");
    dm_check_refutes(2.0 / (n * n), "2 h^2");
    dm_check_exact(sum->coarse, sum->end[0], 4.0 * FINE, 4.0, "4.4",
                   "w(1) of a path on %d steps and on %d", COARSE, FINE);
    dm_check_refutes(sum->end[1], "a new path for each grid");
    dm_distance_variance_limits((size_t)COARSE * PATHS, DM_CHECK_TAIL, &low,
                                &high);
    dm_check_law(sum->square / N, 1.0, low, high, 1.0, "4.4",
                 "sum of dw^2, %d sums of %d", COARSE, FINE / COARSE);
    dm_check_refutes(1.0 * FINE / COARSE, "sums of standard deviations");
    dm_check_refutes(1.0 * COARSE / FINE, "every 32nd increment");
}

void section_wiener(const wiener *sum)
{
    dm_check_table("wiener");
    check_wiener(sum);
}
