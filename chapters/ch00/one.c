/* Section 0.1: one Gaussian. */
#include "ch00.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

static const double U = 1.3; /* where the characteristic function is read */

/* The density of w->g, Eq. (0.1); with the root over sigma too if w->wrong. */
static double density(double x, void *p)
{
    what *w = p;
    double sd = sqrt(w->g.variance);
    return dm_gaussian_pdf(w->g, x) * (w->wrong ? sqrt(sd) : 1.0);
}

static double first_moment(double x, void *p)
{
    what *w = p;
    return x * dm_gaussian_pdf(w->g, x);
}

// snippet: second-moment
static double second_moment(double x, void *p)
{
    what *w = p;
    return gsl_pow_2(x - w->g.mean) * dm_gaussian_pdf(w->g, x);
}
// end: second-moment

static double cosine(double x, void *p)
{
    what *w = p;
    return cos(U * x) * dm_gaussian_pdf(w->g, x);
}

static void check_one(dm_gaussian g, const char *name)
{
    what w = { .g = g }, wrong = { .g = g, .wrong = 1 };
    double sd = sqrt(g.variance);

    dm_check_numeric(integral(g, density, w), 1.0, TOLERANCE, 1.0, "0.2",
                     "integral of the density of %s", name);
    dm_check_refutes(integral(g, density, wrong),
                     "1/sqrt(2 pi sigma) in front");
    // snippet: moment-rows
    dm_check_numeric(integral(g, first_moment, w), g.mean, TOLERANCE, sd, "0.2",
                     "mean of %s", name);
    dm_check_refutes(0.0, "the mean of the noise, 0");
    dm_check_numeric(integral(g, second_moment, w), g.variance, TOLERANCE, sd,
                     "0.2", "variance of %s", name);
    dm_check_refutes(sd, "sigma for sigma^2");
    // end: moment-rows
    dm_check_numeric(integral(g, cosine, w),
                     cos(U * g.mean) * exp(-0.5 * U * U * g.variance),
                     TOLERANCE, 1.0, "0.3", "E cos(u %s), u = %.1f", name, U);
    dm_check_refutes(cos(U * g.mean) * exp(-0.5 * U * U * sd),
                     "sigma for sigma^2 in the exponent");
    dm_check_refutes(exp(-0.5 * U * U * g.variance), "the mean left out");
}

void section_one(void)
{
    dm_check_table("one");
    check_one(X, "X");
    check_one(Y, "Y");
}
