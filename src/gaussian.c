#include "gaussian.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_log.h>
#include <gsl/gsl_sort.h>

/* Written so that NaN is refused too. */
static int is_variance(double v)
{
    return v > 0.0 && isfinite(v);
}

static int is_variance_or_0(double v)
{
    return v == 0.0 || is_variance(v);
}

/* The rounding errors of both products are recovered by fused multiply-add
 * (Kahan's method). */
double dm_sym2_determinant(dm_sym2 s)
{
    double square = s.xy * s.xy;
    return fma(s.xx, s.yy, -square) - fma(s.xy, s.xy, -square);
}

double dm_gaussian_log_pdf(dm_gaussian g, double x)
{
    if (!is_variance(g.variance))
        GSL_ERROR_VAL("need a positive, finite variance", GSL_EDOM, NAN);
    double z = (x - g.mean) / sqrt(g.variance);
    return -0.5 * (z * z + log(g.variance) + log(2.0 * M_PI));
}

double dm_gaussian_pdf(dm_gaussian g, double x)
{
    return exp(dm_gaussian_log_pdf(g, x));
}

dm_gaussian dm_gaussian_sum(double a, dm_gaussian g, double b, dm_gaussian h)
{
    // snippet: sum
    dm_gaussian sum = { a * g.mean + b * h.mean,
                        a * a * g.variance + b * b * h.variance };
    // end: sum
    return sum;
}

dm_gaussian dm_gaussian_product(dm_gaussian g, dm_gaussian h,
                                double *log_factor)
{
    if (!is_variance(g.variance) || !is_variance(h.variance)) {
        if (log_factor != NULL)
            *log_factor = NAN;
        GSL_ERROR_VAL("need positive, finite variances", GSL_EDOM,
                      ((dm_gaussian){ NAN, NAN }));
    }
    dm_gaussian apart = { h.mean, g.variance + h.variance };
    double share = g.variance / apart.variance; /* of the step from g to h */
    dm_gaussian product = { g.mean + share * (h.mean - g.mean),
                            share * h.variance };
    if (log_factor != NULL)
        *log_factor = dm_gaussian_log_pdf(apart, g.mean);
    return product;
}

dm_gaussian dm_gaussian_condition(dm_gaussian prior, double a, double b,
                                  double noise, double y)
{
    if (!is_variance(prior.variance) || !is_variance_or_0(noise))
        GSL_ERROR_VAL("need prior variance > 0 and noise >= 0", GSL_EDOM,
                      ((dm_gaussian){ NAN, NAN }));
    // snippet: condition
    double total = a * a * prior.variance + noise; /* Eq. (0.7) */
    double gain = a * prior.variance / total;
    dm_gaussian posterior = { prior.mean + gain * (y - a * prior.mean - b),
                              prior.variance * noise / total };
    // end: condition
    return posterior;
}

double dm_gaussian_kl(dm_gaussian g, dm_gaussian h)
{
    if (!is_variance(g.variance) || !is_variance(h.variance))
        GSL_ERROR_VAL("need positive, finite variances", GSL_EDOM, NAN);
    /* u - ln(1 + u) with u = v1/v2 - 1: tiny when they agree, and near -1,
     * where 1 + u has lost its digits, when v1 is far below v2. */
    double u = (g.variance - h.variance) / h.variance;
    double spread = fabs(u) < 0.5 ? -gsl_sf_log_1plusx_mx(u)
                                  : u - log(g.variance / h.variance);
    double d = g.mean - h.mean;
    return 0.5 * (d * d / h.variance + spread);
}

double dm_gaussian_w1(dm_gaussian g, dm_gaussian h)
{
    if (!is_variance_or_0(g.variance) || !is_variance_or_0(h.variance))
        GSL_ERROR_VAL("need finite variances of at least 0", GSL_EDOM, NAN);
    double d = fabs(g.mean - h.mean);
    double s = fabs(sqrt(g.variance) - sqrt(h.variance));
    if (s == 0.0)
        return d;
    double z = d / s;
    return s * sqrt(2.0 / M_PI) * exp(-0.5 * z * z) + d * erf(z * M_SQRT1_2);
}

double dm_gaussian_w2(dm_gaussian g, dm_gaussian h)
{
    if (!is_variance_or_0(g.variance) || !is_variance_or_0(h.variance))
        GSL_ERROR_VAL("need finite variances of at least 0", GSL_EDOM, NAN);
    return hypot(g.mean - h.mean, sqrt(g.variance) - sqrt(h.variance));
}

/* Multiples of the standard deviation at which an integral is cut. */
static const double cut_width[] = { 0.0, 1.0, 4.0, 10.0, 40.0 };
enum { CUTS = 2 * (sizeof cut_width / sizeof *cut_width) };

static void make_cuts(dm_gaussian g, double cut[])
{
    for (size_t i = 0; i < CUTS; i++) {
        double reach = cut_width[i / 2] * sqrt(g.variance);
        cut[i] = g.mean + (i % 2 == 0 ? reach : -reach);
    }
}

/* Sorts the n cuts and drops those that lie within `close` of the one before,
 * but neither the first nor the last.  Returns how many are left. */
static size_t sort_cuts(size_t n, double cut[], double close)
{
    size_t kept = 1;

    gsl_sort(cut, 1, n);
    for (size_t i = 1; i + 1 < n; i++)
        if (cut[i] - cut[kept - 1] > close)
            cut[kept++] = cut[i];
    if (kept > 1 && cut[n - 1] - cut[kept - 1] <= close)
        kept--;
    cut[kept++] = cut[n - 1];
    return kept;
}

int dm_gaussian_integrate(size_t n, const dm_gaussian bump[],
                          double (*f)(double x, void *p), void *p,
                          double epsabs, double *result)
{
    gsl_function function = { f, p };

    if (n == 0 || !(epsabs > 0.0))
        GSL_ERROR("need bumps and a tolerance", GSL_EDOM);
    double narrowest = INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!is_variance(bump[i].variance))
            GSL_ERROR("need positive, finite variances", GSL_EDOM);
        narrowest = fmin(narrowest, bump[i].variance);
    }
    double *cut = malloc(CUTS * n * sizeof *cut);
    gsl_integration_cquad_workspace *w =
        gsl_integration_cquad_workspace_alloc(100);
    if (cut == NULL || w == NULL) {
        free(cut);
        gsl_integration_cquad_workspace_free(w);
        GSL_ERROR("no memory for quadrature", GSL_ENOMEM);
    }
    for (size_t i = 0; i < n; i++)
        make_cuts(bump[i], &cut[CUTS * i]);
    size_t pieces = sort_cuts(CUTS * n, cut, 0.5 * sqrt(narrowest)) - 1;

    double error = 0.0;
    *result = 0.0;
    for (size_t i = 0; i < pieces; i++) {
        double piece, piece_error;
        gsl_integration_cquad(&function, cut[i], cut[i + 1],
                              epsabs / (double)pieces, 0.0, w, &piece,
                              &piece_error, NULL);
        *result += piece;
        error += piece_error;
    }
    free(cut);
    gsl_integration_cquad_workspace_free(w);
    if (!(error <= epsabs))
        GSL_ERROR("the quadrature did not reach its tolerance", GSL_ETOL);
    return GSL_SUCCESS;
}
