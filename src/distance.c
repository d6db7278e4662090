#include "distance.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_exp.h>
#include <gsl/gsl_sort.h>

/* N(0, 1) times u ln u - u + 1 with u = q/N(0, 1): it integrates to KL(q to
 * N(0, 1)), is nowhere negative, and is taken from d = ln u without
 * cancellation: d (e^d - 1) - (e^d - 1 - d). */
static double kl_integrand(double x, void *params)
{
    double log_normal = -0.5 * (x * x + log(2.0 * M_PI));
    double d = dm_mixture_log_density(params, &x) - log_normal;

    if (d > 1.0) /* q times ln u - 1 + 1/u: nothing overflows */
        return exp(log_normal + d) * (d - 1.0 + exp(-d));
    if (d < -1.0) /* nothing cancels, and d may be huge */
        return exp(log_normal) * (1.0 + exp(d) * (d - 1.0));
    return exp(log_normal) * (d * expm1(d) - 0.5 * d * d * gsl_sf_exprel_2(d));
}

int dm_distance_kl_to_normal(const dm_mixture *m, double *kl, double *error)
{
    const dm_gaussian normal = { 0.0, 1.0 };
    double bound = 0.0;   /* KL is convex: no more than the components' mean */
    double noise = 1e-24; /* the square of an ln u of nothing but round-off */

    if (m->dim != 1)
        GSL_ERROR("need one dimension", GSL_EDOM);
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        dm_gaussian g = { c->mean[0], c->cov.xx };
        double share = c->weight * dm_gaussian_kl(g, normal);
        bound += share;
        /* ln N(x; 0, 1) is as large as x^2/2, and rounds accordingly. */
        noise += 4.0 * GSL_DBL_EPSILON * share *
                 (1.0 + g.mean * g.mean + g.variance);
    }
    /* Once for its size, once to a fraction of its size.  Where it matters,
     * ln u is a difference of logarithms of up to 40 with 1e-14 of round-off,
     * and the distance is half its mean square. */
    int status =
        dm_mixture_integrate(m, &normal, kl_integrand, (void *)m,
                             1e-6 * bound + 3e-14 * sqrt(bound) + noise, kl);
    if (status != GSL_SUCCESS)
        return status;
    *error = *kl * (1e-12 + 64.0 * GSL_DBL_EPSILON * dm_mixture_condition(m)) +
             3e-14 * sqrt(fabs(*kl)) + noise;
    return dm_mixture_integrate(m, &normal, kl_integrand, (void *)m, *error,
                                kl);
}

double dm_distance_ks(size_t n, double u[])
{
    double distance = 0.0;

    if (n == 0)
        GSL_ERROR_VAL("need at least one number", GSL_EDOM, NAN);
    gsl_sort(u, 1, n);
    for (size_t i = 0; i < n; i++) {
        double below = u[i] - (double)i / (double)n;
        double above = (double)(i + 1) / (double)n - u[i];
        distance = fmax(distance, fmax(below, above));
    }
    return distance;
}

double dm_distance_ks_limit(size_t n, double p)
{
    if (n == 0 || !(0.0 < p && p < 0.2))
        GSL_ERROR_VAL("need numbers and 0 < p < 0.2", GSL_EDOM, NAN);
    /* P(K > k) = 2 exp(-2 k^2) - 2 exp(-8 k^2) + ...: the second term is
     * below 1e-3 of the first for p < 0.2. */
    double k = sqrt(-0.5 * log(0.5 * p)), root = sqrt((double)n);
    return k / (root + 0.12 + 0.11 / root);
}

int dm_distance_variance_limits(size_t n, double p, double *low, double *high)
{
    if (n == 0 || !(0.0 < p && p < 0.5))
        GSL_ERROR("need numbers and 0 < p < 0.5", GSL_EDOM);
    double nu = (double)n;
    if (n <= 1000) {
        *low = gsl_cdf_chisq_Pinv(p, nu) / nu;
        *high = gsl_cdf_chisq_Qinv(p, nu) / nu;
        return GSL_SUCCESS;
    }
    /* Wilson and Hilferty (1931): the cube root is nearly normal.  (GSL's
     * inverse stops converging from about n = 10^5.) */
    double z = gsl_cdf_ugaussian_Qinv(p), v = 2.0 / (9.0 * nu);
    *low = gsl_pow_3(1.0 - v - z * sqrt(v));
    *high = gsl_pow_3(1.0 - v + z * sqrt(v));
    return GSL_SUCCESS;
}
