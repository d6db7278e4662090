/* Section 1.5: the law of the data. */
#include "ch01.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "distance.h"
#include "rng.h"
#include "schedule.h"

enum { POINTS = 6 }; /* drawn per particle */

static double power(double x, void *params)
{
    const dm_mixture *q = params;
    return x * x * exp(dm_mixture_log_density(q, &x));
}

static void check_data_law(const dm_options *o, gsl_rng *rng)
{
    size_t t = (o->steps + 4) / 5, n = POINTS * o->particles;
    dm_level level = dm_schedule_level(o->schedule, t);
    dm_mixture *q = dm_mixture_diffuse(o->data1, level);
    double a = level.scale, mean, second = NAN;
    dm_sym2 cov;

    dm_mixture_moments(o->data1, &mean, &cov);
    double expected = a * a * (cov.xx + mean * mean) + level.variance;
    double tol = dm_mixture_tolerance(q, TOLERANCE) * expected;
    dm_mixture_integrate(q, NULL, power, q, tol, &second);
    dm_check_numeric(second, expected, tol, 1.0, "1.15", "E x_t^2, t = %zu", t);
    dm_check_refutes(1.0, "variance kept at 1, whatever the data");
    dm_check_refutes(a * a * cov.xx + level.variance, "the mean forgotten");
    dm_check_refutes(a * (cov.xx + mean * mean) + level.variance,
                     "sqrt(abar_t) for abar_t");
    dm_mixture_free(q);

    double limit = dm_distance_ks_limit(n, 2.0 * DM_CHECK_TAIL);
    double *u = malloc(4 * n * sizeof *u), x0[2], x[2], z[2];
    dm_mixture *q2 = dm_mixture_diffuse(o->data2, level);
    dm_level unscaled = { 1.0, level.variance };
    dm_mixture *wrong = dm_mixture_diffuse(o->data2, unscaled);
    // snippet: jump-2d
    for (size_t i = 0; i < n; i++) {
        dm_rng_at(rng, DM_STREAM_DATA, 2, (uint32_t)i);
        dm_mixture_sample(o->data2, rng, x0);
        dm_rng_normals(o->seed, DM_STREAM_JUMP, 2, (uint32_t)i, 1, &z[0],
                       &z[1]);
        for (size_t j = 0; j < 2; j++) /* one jump, Eq. (1.6) */
            x[j] = level.scale * x0[j] + sqrt(level.variance) * z[j];
        double both[2], other[2];
        dm_mixture_rosenblatt(q2, x, both);
        dm_mixture_rosenblatt(wrong, x, other);
        for (size_t j = 0; j < 2; j++) {
            u[n * j + i] = both[j];
            u[n * (2 + j) + i] = other[j];
        }
    }
    // end: jump-2d
    for (size_t j = 0; j < 2; j++) {
        dm_check_law(dm_distance_ks(n, &u[n * j]), 0.0, 0.0, limit, 1.0, "1.15",
                     "2-D jump: KS of %s, t = %zu",
                     j == 0 ? "F(x)" : "F(y given x)", t);
        dm_check_refutes(dm_distance_ks(n, &u[n * (2 + j)]),
                         "the data not shrunk");
    }
    free(u);
    dm_mixture_free(q2);
    dm_mixture_free(wrong);
}

void section_data(const dm_options *o, gsl_rng *rng)
{
    dm_check_table("data");
    check_data_law(o, rng);
}
