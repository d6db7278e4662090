/* mixture.h -- Gaussian mixtures in one and two dimensions (chapter 0).
 *
 * Everything is closed form: noised to any level a mixture is a mixture, and
 * so is the law of x_0 given x_t.  Points are arrays of m->dim numbers in data
 * units.  All sums over components go through log-sum-exp, so that densities
 * and scores stay exact hundreds of standard deviations out.
 *
 * Functions that return an int return GSL_SUCCESS, or call the GSL error
 * handler and return its code.
 */
#ifndef DM_MIXTURE_H
#define DM_MIXTURE_H

#include <stddef.h>

#include <gsl/gsl_rng.h>

#include "gaussian.h"

enum { DM_COMPONENTS_MAX = 1000 };

typedef struct {
    double weight;     /* 1, the weights of a mixture sum to 1       */
    double mean[2];    /* data unit; [1] is 0 in one dimension       */
    dm_sym2 cov;       /* data unit^2; only xx in one dimension      */
    dm_sym2 precision; /* inverse of cov                             */
    double log_peak;   /* log of weight times the density's maximum  */
} dm_component;

typedef struct {
    size_t dim;              /* 1 or 2                  */
    size_t K;                /* number of components    */
    dm_component *component; /* [K]                     */
} dm_mixture;

/* Returns a mixture of K components of dimension dim.  weight: [K]; mean:
 * [K * dim]; cov: [K] variances, or [K * 3] of var_x, cov_xy, var_y.  Needs
 * dim 1 or 2, 1 <= K <= DM_COMPONENTS_MAX, finite means, positive weights that
 * sum to 1 within 1e-9 (they are divided by their sum) and positive definite
 * covariances.  Otherwise GSL_EDOM (or GSL_ENOMEM) and NULL.  The caller owns
 * the result; release it with dm_mixture_free. */
dm_mixture *dm_mixture_new(size_t dim, size_t K, const double weight[],
                           const double mean[], const double cov[]);

/* Releases m.  NULL is allowed and does nothing. */
void dm_mixture_free(dm_mixture *m);

/* Returns the law of coordinate `axis` (0 or 1) of a point of m, a mixture in
 * one dimension.  Owned by the caller.  GSL_EDOM and NULL if axis >= dim. */
dm_mixture *dm_mixture_marginal(const dm_mixture *m, size_t axis);

/* Returns the law of x_t at the level, Eq. (0.16), a mixture again.  Owned by
 * the caller.  Needs finite scale != 0 and finite variance >= 0, else GSL_EDOM
 * and NULL. */
dm_mixture *dm_mixture_diffuse(const dm_mixture *m, dm_level level);

/* Returns the law of x_0 given x_t = x at the level, Eq. (0.19), a mixture
 * again, with components that have no weight left in floating point dropped.
 * x: [dim].  Owned by the caller.  Needs level.variance > 0 and what
 * dm_mixture_diffuse needs. */
dm_mixture *dm_mixture_posterior(const dm_mixture *m, dm_level level,
                                 const double x[]);

/* Returns log q(x) in nat, Eq. (0.13).  x: [dim]. */
double dm_mixture_log_density(const dm_mixture *m, const double x[]);

/* Stores the responsibilities r_k(x), Eq. (0.17), in r: [K]; returns
 * log q(x).  x: [dim]. */
double dm_mixture_responsibilities(const dm_mixture *m, const double x[],
                                   double r[]);

/* Stores the score, the gradient of log q, Eq. (0.17), in score: [dim], per
 * data unit. */
void dm_mixture_score(const dm_mixture *m, const double x[], double score[]);

/* Stores the Hessian of log q, Eq. (0.18), in *hessian, per data unit^2.
 * Only xx is set to other than 0 in one dimension. */
void dm_mixture_hessian(const dm_mixture *m, const double x[],
                        dm_sym2 *hessian);

/* Stores mean [dim] and covariance of m, Eq. (0.14).  Either may be NULL. */
void dm_mixture_moments(const dm_mixture *m, double mean[], dm_sym2 *cov);

/* Stores E[x_0 given x_t = x] in mean: [dim] and Cov[x_0 given x_t = x] in
 * *cov; either may be NULL.  At level.variance = 0 they are x/scale and 0.
 * m is the law of x_0.  Errors as dm_mixture_posterior. */
int dm_mixture_denoise(const dm_mixture *m, dm_level level, const double x[],
                       double mean[], dm_sym2 *cov);

/* Stores eps*(x) = E[eps given x_t = x] = -sqrt(variance) score, Eq. (0.22),
 * in eps: [dim]; 0 at variance 0.  m is the law of x_0.  Errors as
 * dm_mixture_diffuse. */
int dm_mixture_eps(const dm_mixture *m, dm_level level, const double x[],
                   double eps[]);

/* In one dimension: P(X <= x), and P(X > x) without cancellation.  GSL_EDOM
 * and NaN in two. */
double dm_mixture_cdf(const dm_mixture *m, double x);
double dm_mixture_tail(const dm_mixture *m, double x);

/* In one dimension: the x with P(X <= x) = p, for 0 < p < 1; exact in the
 * lower tail, and as exact as p allows in the upper.  GSL_EDOM and NaN
 * otherwise. */
double dm_mixture_quantile(const dm_mixture *m, double p);

/* The Rosenblatt transform, Eq. (0.23): stores in u: [dim] numbers that are independent
 * and uniform on (0, 1) when x: [dim] is a draw from m.  u[0] = P(X <= x[0]);
 * u[1] = P(Y <= x[1] given X = x[0]). */
void dm_mixture_rosenblatt(const dm_mixture *m, const double x[], double u[]);

/* Draws a point of m with the generator r.  x: [dim]. */
void dm_mixture_sample(const dm_mixture *m, gsl_rng *r, double x[]);

/* Returns the largest, over components, of 1, of |mean|/sd in each coordinate
 * (sd given the other one) and of 1/(1 - correlation^2): x - mean carries so
 * many units of round-off in standard deviations, a precision so many. */
double dm_mixture_condition(const dm_mixture *m);

/* Returns the relative error that can be asked of an integral over m: the one
 * that is wanted, or the round-off in m, 64 eps times its condition, if that
 * is larger. */
double dm_mixture_tolerance(const dm_mixture *m, double wanted);

/* In one dimension: dm_gaussian_integrate with the components of m as bumps,
 * and *also unless that is NULL. */
int dm_mixture_integrate(const dm_mixture *m, const dm_gaussian *also,
                         double (*f)(double x, void *p), void *p, double epsabs,
                         double *result);

#endif
