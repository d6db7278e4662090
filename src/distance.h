/* distance.h -- how far apart two laws are, or a sample and a law.
 *
 * Functions that return an int return GSL_SUCCESS, or call the GSL error
 * handler and return its code.
 */
#ifndef DM_DISTANCE_H
#define DM_DISTANCE_H

#include <stddef.h>

#include "mixture.h"

/* Stores KL(m to N(0, 1)) in nat in *kl, by quadrature, for m in one dimension
 * (else GSL_EDOM), and in *error the error that the quadrature was asked for
 * and promises; if it could not, the code is GSL_ETOL.  The integrand is
 * nowhere negative, so that a small distance keeps its digits: the error is
 * about 1e-12 *kl + 3e-14 sqrt(*kl), more where dm_mixture_condition is. */
int dm_distance_kl_to_normal(const dm_mixture *m, double *kl, double *error);

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
