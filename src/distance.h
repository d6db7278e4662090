/* distance.h -- how far apart two laws are, or a sample and a law.
 *
 * Laws in one dimension are those of law.h; a mixture becomes one by
 * dm_law_of_mixture.  Functions that return an int return GSL_SUCCESS, or call
 * the GSL error handler and return its code, leaving their results alone.
 */
#ifndef DM_DISTANCE_H
#define DM_DISTANCE_H

#include <stddef.h>

#include "law.h"
#include "mixture.h"

/* Stores KL(m to N(0, 1)) in nat in *kl, by quadrature, for m in one dimension
 * (else GSL_EDOM), and in *error the error that the quadrature was asked for
 * and promises; if it could not, the code is GSL_ETOL.  The integrand is
 * nowhere negative, so that a small distance keeps its digits: the error is
 * about 1e-12 *kl + 3e-14 sqrt(*kl), more where dm_mixture_condition is. */
int dm_distance_kl_to_normal(const dm_mixture *m, double *kl, double *error);

/* Stores KL(m to g) in nat, g a Gaussian of positive, finite variance (else
 * GSL_EDOM); all else as above, for the divergence stays the same when both are
 * shifted and scaled so that g is N(0, 1). */
int dm_distance_kl_to_gaussian(const dm_mixture *m, dm_gaussian g, double *kl,
                               double *error);

/* --- between laws ----------------------------------------------------------
 * Each stores the distance and an estimate of its error, which comes from the
 * errors of both laws and of the quadrature, where there is one. */

/* W1, the area between the distribution functions, in data units. */
int dm_distance_w1(const dm_law *a, const dm_law *b, double *w1, double *error);

/* W2, the root of the mean square of the difference of the quantiles, in data
 * units.  It is the root of what is computed, so that between laws that nearly
 * agree its error is the root of an error. */
int dm_distance_w2(const dm_law *a, const dm_law *b, double *w2, double *error);

/* The largest difference of the distribution functions (Kolmogorov-Smirnov). */
int dm_distance_sup(const dm_law *a, const dm_law *b, double *sup,
                    double *error);

/* Total variation, half the integral of the difference of the densities: the
 * largest difference of the probabilities of an event. */
int dm_distance_tv(const dm_law *a, const dm_law *b, double *tv, double *error);

/* KL(a to b) in nat.  GSL_EDOM if a has a mass above 1e-15 where b has no
 * density: outside of its nodes, above all. */
int dm_distance_kl(const dm_law *a, const dm_law *b, double *kl, double *error);

/* KL(a to m) in nat, for a mixture in one dimension (else GSL_EDOM), whose
 * density is known everywhere. */
int dm_distance_kl_to_mixture(const dm_law *a, const dm_mixture *m, double *kl,
                              double *error);

/* The mean, over so many directions evenly spread over the half circle, of the
 * W1 between the projections of two mixtures in two dimensions (sliced W1), in
 * data units.  The error is that of half as many directions, and of the laws.
 * Needs two dimensions and an even number of directions, GSL_EDOM. */
int dm_distance_sliced_w1(const dm_mixture *a, const dm_mixture *b,
                          size_t directions, double *w1, double *error);

/* --- between a sample and a law --------------------------------------------
 * What is far from 0 by chance alone is told by what the distance would be if
 * the n points were drawn from the law.  (Drawn from another law instead, they
 * are as far from that one by chance.) */
typedef struct {
    double value; /* the distance                                           */
    double mean;  /* its mean for n points of the law                       */
    double sd;    /* its standard deviation then, or a bound of it          */
    double limit; /* what it then exceeds with a probability of at most p   */
} dm_sampled;

/* Stores the W1 between the n points x and the law, in data units.  Sorts
 * x: [n].  The mean is exact for every n, by quadrature; sd is the root of
 * Var(X)/n, which bounds it for every n (Efron and Stein 1981); the limit,
 * mean + sd sqrt(2 ln(1/p)), is that of the Gaussian process that the sample's
 * distribution function tends to (Borell 1975).  Needs 1 <= n < 2^32, finite
 * points and 0 < p < 1; GSL_EDOM. */
int dm_distance_w1_sample(const dm_law *law, size_t n, double x[], double p,
                          dm_sampled *out);

/* Stores the energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| between the
 * points and the law, twice the integral of the squared difference of the
 * distribution functions, in data units.  The mean is exact for every n; sd
 * and limit are those for many points.  Sorts x and needs what
 * dm_distance_w1_sample does. */
int dm_distance_energy_sample(const dm_law *law, size_t n, double x[], double p,
                              dm_sampled *out);

/* Stores the Kolmogorov-Smirnov distance between the points and the law.  Mean
 * and sd are those of the Kolmogorov law, the limit is dm_distance_ks_limit.
 * Sorts x: [n].  Needs n >= 1, finite points and 0 < p < 0.2; GSL_EDOM. */
int dm_distance_ks_sample(const dm_law *law, size_t n, double x[], double p,
                          dm_sampled *out);

/* Stores the sliced W1, as above, between the n points (x, y) and a mixture in
 * two dimensions (else GSL_EDOM).  Mean, sd (a bound) and limit are the means
 * over the directions.  Leaves x, y: [n] alone.  Needs at least one direction,
 * and n, p and points as above; GSL_EDOM. */
int dm_distance_sliced_w1_sample(const dm_mixture *m, size_t directions,
                                 size_t n, const double x[], const double y[],
                                 double p, dm_sampled *out);

/* Returns the Kolmogorov-Smirnov distance between the n numbers in u and the
 * uniform law on (0, 1).  Sorts u: [n].  Needs n > 0, else GSL_EDOM, NaN. */
double dm_distance_ks(size_t n, double u[]);

/* Returns the distance that n uniform numbers exceed with probability p: the
 * quantile of the Kolmogorov law, with Stephens' correction for finite n.
 * Needs n > 0 and 0 < p < 0.2, else GSL_EDOM and NaN. */
double dm_distance_ks_limit(size_t n, double p);

/* Stores the limits that the mean of the squares of n standard normals keeps
 * within, but for a probability p in each tail: quantiles of chi-square over n,
 * right to 2 % of their distance from 1.  Needs n > 0 and 0 < p < 0.5, else
 * GSL_EDOM. */
int dm_distance_variance_limits(size_t n, double p, double *low, double *high);

#endif
