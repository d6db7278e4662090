/* Section 0.2: sums. */
#include "ch00.h"

#include <math.h>

#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "check.h"
#include "distance.h"
#include "rng.h"

enum { PAIRS = 50 }; /* drawn per particle */

/* Density of X = x and of a X + b Y = w->x, with a = A and b = B. */
static double convolved(double x, void *p)
{
    what *w = p;
    dm_gaussian rest = { A * x + B * w->h.mean, B * B * w->h.variance };
    return dm_gaussian_pdf(w->g, x) * dm_gaussian_pdf(rest, w->x);
}

/* Draws n pairs (X, Y) with correlation rho; returns the mean square of
 * X + Y about its mean. */
static double spread_of_sum(size_t n, double rho, gsl_rng *r)
{
    double sx = sqrt(X.variance), sy = sqrt(Y.variance), sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        double x, y;
        gsl_ran_bivariate_gaussian(r, sx, sy, rho, &x, &y);
        sum += gsl_pow_2(x + y);
    }
    return sum / (double)n;
}

/* Draws n times X ~ N(0, 1) and a sign S; returns how often X + S X is 0. */
static double share_of_zeros(size_t n, gsl_rng *r)
{
    size_t zeros = 0;

    for (size_t i = 0; i < n; i++) {
        double x = gsl_ran_gaussian(r, 1.0);
        double s = gsl_rng_uniform(r) < 0.5 ? -1.0 : 1.0;
        zeros += x + s * x == 0.0;
    }
    return (double)zeros / (double)n;
}

static void check_sums(const dm_options *o, gsl_rng *r)
{
    const double z = 1.4, rho = 0.8;
    what w = { .g = X, .h = Y, .x = z };
    dm_gaussian sum = dm_gaussian_sum(A, X, B, Y);
    double sx = sqrt(X.variance), sy = sqrt(Y.variance);
    size_t n = PAIRS * o->particles;
    double low, high;

    dm_check_numeric(integral(X, convolved, w), dm_gaussian_pdf(sum, z),
                     TOLERANCE, 1.0, "0.4", "density of a X + b Y at %.1f", z);
    dm_check_refutes(
        dm_gaussian_pdf(
            (dm_gaussian){ sum.mean, A * X.variance + B * Y.variance }, z),
        "variance a v1 + b v2");
    dm_check_refutes(
        dm_gaussian_pdf((dm_gaussian){ sum.mean, gsl_pow_2(A * sx + B * sy) },
                        z),
        "standard deviations added");
    dm_check_refutes(
        dm_gaussian_pdf((dm_gaussian){ sum.mean, A * A * sx + B * B * sy }, z),
        "sigma for sigma^2");

    // snippet: dependent
    dm_rng_at(r, DM_STREAM_EXTRA, 0, 0);
    double v = X.variance + Y.variance + 2.0 * rho * sx * sy;
    dm_distance_variance_limits(n, DM_CHECK_TAIL, &low, &high);
    dm_check_law(spread_of_sum(n, rho, r), v, v * low, v * high, v, "0.4",
                 "Var(X + Y) at correlation %.1f", rho);
    dm_check_refutes(X.variance + Y.variance, "independence taken for granted");
    dm_rng_at(r, DM_STREAM_EXTRA, 1, 0);
    dm_check_mc(share_of_zeros(n, r), 0.5, 0.5 / sqrt((double)n), 1.0, "0.4",
                "P(X + S X = 0), S a random sign");
    dm_check_refutes(0.0, "X + S X normal, being uncorrelated");
    // end: dependent
}

void section_sums(const dm_options *o, gsl_rng *r)
{
    dm_check_table("sums");
    check_sums(o, r);
}
