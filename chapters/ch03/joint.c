/* Section 3.5: other joint laws. */
#include "ch03.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

static void check_covariance(void)
{
    jump j = example();
    back b = coefficients(j, EXAMPLE_VARIANCE);
    /* x_s + x_t is one number with one eps and one z in it. */
    double sum = gsl_pow_2((b.m + 1.0) * sqrt(j.c_t)) + EXAMPLE_VARIANCE;
    double cov = 0.5 * (sum - j.c_s - j.c_t);

    dm_check_exact(cov, sqrt((j.c_s - EXAMPLE_VARIANCE) * j.c_t), 16.0, 1.0,
                   "3.13", "Cov[x_s, x_t given x_0]");
    dm_check_refutes(sqrt((j.c_s - j.beta_tilde) * j.c_t), "that of the walk");
    dm_check_refutes(sqrt(j.c_s * j.c_t), "one eps for both");
    dm_check_refutes(0.0, "a noise of its own for each");
    dm_check_refutes(-sqrt((j.c_s - EXAMPLE_VARIANCE) * j.c_t),
                     "that of the other root");
}

/* The correlation rho of x_s and x_t given x_0, from tau[i] to tau[last]; in
 * *fresh_share, unless NULL, 1 - rho^2 without taking one from the other. */
static double correlation(const dm_options *o, size_t i, size_t last,
                          double eta, double *fresh_share)
{
    double rho = 1.0, fresh = 0.0;

    for (; i > last; i--) {
        jump j = step_of(o, i);
        back b = at_eta(j, eta_within(j, eta));
        double share = b.sigma * b.sigma / j.c_s;
        rho *= b.m * sqrt(j.c_t / j.c_s);
        fresh = share + (1.0 - share) * fresh;
    }
    if (fresh_share != NULL)
        *fresh_share = fresh;
    return rho;
}

/* A row: the slope of the residuals at one time on those at another, given the
 * latter: exactly Gaussian about the correlation. */
static void check_slope(const dm_options *o, double product, double square,
                        size_t from, size_t to)
{
    double fresh_share, rho = correlation(o, from, to, o->eta, &fresh_share);
    double round_off = 64.0 * (double)o->S * DBL_EPSILON;

    dm_check_mc(product / square, rho,
                hypot(sqrt(fresh_share / square), round_off), 1.0, "3.13",
                "correlation of x_%zu and x_%zu", o->tau[from], o->tau[to]);
    dm_check_refutes(correlation(o, from, to, 1.0, NULL), "that of the walk");
    dm_check_refutes(1.0, "one eps for both");
    dm_check_refutes(0.0, "a noise of its own for each");
}

static void check_correlations(const dm_options *o, const walk *w)
{
    size_t i = middle(o);

    if (o->S < 2)
        return;
    check_slope(o, w->st, w->tt, i, i - 1);
    check_slope(o, w->ends, w->starts, o->S, 1);
}

/* At sigma = 0 the noise that x_tau[S] was made with is still that of
 * x_tau[1]. */
static void check_one_noise(const dm_options *o)
{
    const double x0 = X0, none = 0.0, eps = -0.8;
    jump last = step_of(o, o->S);
    double x = sqrt(last.abar_t) * x0 + sqrt(last.c_t) * eps;
    double kept = eps; /* where the other root is taken */

    for (size_t i = o->S; i > 1; i--) {
        step_back(step_of(o, i), 0.0, 1, &x0, &none, &x);
        kept = -kept;
    }
    double abar = o->schedule->abar[o->tau[1]], c = o->schedule->c[o->tau[1]];
    double limit = 8.0 * (double)o->S + 16.0;
    dm_check_exact((x - sqrt(abar) * x0) / sqrt(c), eps, limit,
                   (X0 + 1.0) / sqrt(c), "3.14", "eps in x_%zu, sigma = 0",
                   o->tau[1]);
    dm_check_refutes(eps * correlation(o, o->S, 1, 1.0, NULL),
                     "its mean at eta = 1, the walk");
    dm_check_refutes(0.0, "a noise of its own for each");
    if (kept != eps)
        dm_check_refutes(kept, "the other root");
}

void section_joint(const dm_options *o, const walk *w)
{
    dm_check_table("joint");
    check_covariance();
    check_correlations(o, w);
    check_one_noise(o);
}
