/* law.h -- the exact law of what a sampler returns (chapter 3).
 *
 * No particles are drawn.  The law of the first x goes through the steps of a
 * table (sampler.h) one after the other: through a step with C = 0 by change
 * of variables, through one with noise by the equation of Chapman and
 * Kolmogorov, on a grid that follows its kernel.  Where data and start are one
 * Gaussian each, mean and covariance are all there is to follow.
 *
 * Functions that return an int return GSL_SUCCESS, or call the GSL error
 * handler and return its code; those that return a pointer return NULL then.
 */
#ifndef DM_LAW_H
#define DM_LAW_H

#include <stddef.h>

#include "mixture.h"
#include "sampler.h"

/* A law on the line.  Between two nodes its distribution function is the cubic
 * with the values and the slopes at both (a slope that would make it fall is
 * cut); what lies outside of all is below 1e-15.
 * The nodes are dense where the law needs it, so that they also plot it. */
typedef struct {
    size_t n;        /* number of nodes                                     */
    double *x;       /* [n]  increasing, data unit                          */
    double *cdf;     /* [n]  P(X <= x)                                      */
    double *density; /* [n]  per data unit, the slope of cdf                */
    double tv;       /* estimated error in total variation, that is of the
                        probability of any event                            */
    double w1;       /* estimated error in W1, data unit                    */
} dm_law;

/* Returns the law of the x that the sampler ends with, in one dimension, for
 * data of law `data` and a first x of law `start`; NULL stands for N(0, 1).
 * Owned by the caller; release it with dm_law_free.
 *
 * The estimates of its error compare each sum over a grid with the sum over
 * half of its points, and the table of nodes with every second node; so they
 * are the errors of a coarser law, and an upper bound where the errors fall
 * with the spacing.
 *
 * GSL_EDOM: data or start not in one dimension; a number of the table not
 * finite, or a level with scale 0; a step with C = 0 whose map is not
 * increasing where the law has mass (the message names the step).  GSL_ETOL:
 * a step with so little noise that its kernel needs a grid of more than
 * DM_LAW_NODES_MAX points, or, with the steps before, more than
 * DM_LAW_SUMS_MAX additions (and a thousandth of that for each step), a few
 * seconds; the message names the step; or a law that needs as many nodes.
 * GSL_ENOMEM. */
dm_law *dm_law_of_sampler(const dm_sampler *sampler, const dm_mixture *data,
                          const dm_mixture *start);

enum { DM_LAW_NODES_MAX = 1 << 22 };
#define DM_LAW_SUMS_MAX 2e9

/* Returns a mixture in one dimension as a law.  Owned by the caller.
 * GSL_EDOM in two; GSL_ETOL and GSL_ENOMEM as above. */
dm_law *dm_law_of_mixture(const dm_mixture *m);

/* Releases a law.  NULL is allowed and does nothing. */
void dm_law_free(dm_law *law);

/* Return P(X <= x), and the density at x, which is interpolated in its
 * logarithm.  0 and 1, and 0, outside of the nodes. */
double dm_law_cdf(const dm_law *law, double x);
double dm_law_density(const dm_law *law, double x);

/* Stores the cubic of the cdf between nodes i and i + 1, and its slope, at x.
 * Needs i + 1 < law->n. */
void dm_law_cubic(const dm_law *law, size_t i, double x, double *cdf,
                  double *slope);

/* Returns the x with P(X <= x) = p.  Needs 0 < p < 1; otherwise GSL_EDOM and
 * NaN. */
double dm_law_quantile(const dm_law *law, double p);

/* Stores the mean and the variance of the law; either may be NULL. */
void dm_law_moments(const dm_law *law, double *mean, double *variance);

/* For data of one Gaussian, in one or two dimensions: replaces mean: [dim] and
 * *cov (only xx in one dimension), those of the first x, which is Gaussian or
 * known (covariance 0), by those of the x that the sampler ends with.
 * GSL_EDOM, leaving both alone: data of several components; numbers of the
 * table as above; mean or *cov not finite. */
int dm_law_gaussian(const dm_sampler *sampler, const dm_mixture *data,
                    double mean[], dm_sym2 *cov);

#endif
