/* Section 0.4: distances. */
#include "ch00.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>

#include "check.h"

static double kl_integrand(double x, void *p)
{
    what *w = p;
    return dm_gaussian_pdf(w->g, x) *
           (dm_gaussian_log_pdf(w->g, x) - dm_gaussian_log_pdf(w->h, x));
}

/* The quantile of h at the probability that g gives to (-inf, x]. */
static double transported(dm_gaussian g, dm_gaussian h, double x)
{
    double z = x - g.mean, from = sqrt(g.variance), to = sqrt(h.variance);

    if (z < 0.0)
        return h.mean + gsl_cdf_gaussian_Pinv(gsl_cdf_gaussian_P(z, from), to);
    return h.mean + gsl_cdf_gaussian_Qinv(gsl_cdf_gaussian_Q(z, from), to);
}

double squared_move(double x, void *p)
{
    what *w = p;
    double density = dm_gaussian_pdf(w->g, x);
    return density > 0.0 ? density * gsl_pow_2(x - transported(w->g, w->h, x))
                         : 0.0;
}

static void check_distances(void)
{
    what w = { .g = X, .h = Y };
    double d = X.mean - Y.mean, ratio = X.variance / Y.variance;

    dm_check_numeric(integral(X, kl_integrand, w), dm_gaussian_kl(X, Y),
                     TOLERANCE, 1.0, "0.10", "KL(X to Y)");
    dm_check_refutes(dm_gaussian_kl(Y, X), "the arguments swapped");
    dm_check_refutes(0.5 * (ratio - log(ratio) + d * d / Y.variance),
                     "the -1 left out");
    dm_check_refutes(0.5 * (sqrt(ratio) - 1.0 - log(sqrt(ratio)) +
                            d * d / Y.variance),
                     "ratio of standard deviations");

    w.h.variance = X.variance;
    dm_check_numeric(integral(X, kl_integrand, w), d * d / (2.0 * X.variance),
                     TOLERANCE, 1.0, "0.11", "KL at equal variances");
    dm_check_refutes(d * d / X.variance, "the 1/2 left out");
    dm_check_refutes(d * d / (2.0 * sqrt(X.variance)), "sigma for sigma^2");

    w.h = Y;
    dm_check_numeric(integral(X, squared_move, w),
                     gsl_pow_2(dm_gaussian_w2(X, Y)), TOLERANCE, 1.0, "0.12",
                     "W2(X, Y)^2 by quantiles");
    dm_check_refutes(d * d + gsl_pow_2(X.variance - Y.variance),
                     "difference of variances squared");
    dm_check_refutes(d * d + fabs(X.variance - Y.variance),
                     "difference of variances");
}

void section_distances(void)
{
    dm_check_table("distances");
    check_distances();
}
