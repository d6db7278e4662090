/* The exercises of chapter 4. */
#include "ch04.h"

#include <gsl/gsl_math.h>

#include "check.h"

static void check_ito(const wiener *sum)
{
    double w2 = gsl_pow_2(sum->end[0]);

    dm_check_exact(sum->ito, 0.5 * (w2 - sum->first_variation), 4.0 * FINE, 4.0,
                   "4.3", "Ex. 1: sum of w dw, one path");
    dm_check_refutes(0.5 * w2, "w(1)^2/2, as for a smooth path");
}

static void check_stationary(void)
{
    const double b = 0.2;
    double v = 1.0;

    for (int i = 0; i < 1000; i++)
        v = gsl_pow_2(1.0 - 0.5 * b) * v + b;
    dm_check_exact(v, 1.0 / (1.0 - 0.25 * b), 64.0, 1.0, "4.24",
                   "Ex. 2: variance after endless steps");
    dm_check_refutes(1.0, "1, as that of the data");
    dm_check_refutes(1.0 / (1.0 - 0.5 * b), "1/(1 - beta/2)");
}

static void check_tilde(double v)
{
    double y[5], change[4];

    for (int i = 0; i < 5; i++) {
        int n = 4000 << i;
        y[i] = n * (variance_at_0(v, n, STEP_TILDE) - v);
    }
    for (int i = 0; i < 4; i++)
        change[i] = y[i + 1] - y[i];
    estimate e = limit_of(change);
    dm_check_numeric(e.value, -0.1 * M_LN2, e.error, 1.0, "4.30",
                     "Ex. 3: beta-tilde, change of error/h");
    dm_check_refutes(0.0, "order 1, as with beta");
}

void section_exercises(const wiener *sum)
{
    dm_check_table("exercises");
    check_ito(sum);
    check_stationary();
    check_tilde(0.25);
}
