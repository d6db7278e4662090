/* The exercises of chapter 0. */
#include "ch00.h"

#include <gsl/gsl_math.h>

#include "check.h"

static double fourth_moment(double x, void *p)
{
    what *w = p;
    return gsl_pow_4(x - w->g.mean) * dm_gaussian_pdf(w->g, x);
}

static void check_exercises(void)
{
    what w = { .g = X };
    double v = X.variance;
    dm_gaussian noisy = { LEVEL.scale * X.mean,
                          gsl_pow_2(LEVEL.scale) * v + LEVEL.variance };

    dm_check_numeric(integral(X, fourth_moment, w), 3.0 * v * v, TOLERANCE, 1.0,
                     "0.2", "Ex. 1: E(X - mu)^4");
    dm_check_refutes(v * v, "the square of the variance");
    w.h = noisy;
    dm_check_numeric(integral(X, squared_move, w),
                     gsl_pow_2(dm_gaussian_w2(X, noisy)), TOLERANCE, 1.0,
                     "0.12", "Ex. 2: W2(X, noised X)^2");
    dm_check_refutes(gsl_pow_2(X.mean - noisy.mean), "only the means moved");
}

void section_exercises(void)
{
    dm_check_table("exercises");
    check_exercises();
}
