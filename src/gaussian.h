/* gaussian.h -- Gaussian laws in closed form (chapter 0).
 *
 * The second argument of a law is always a variance, never a standard
 * deviation.  Lengths are in data units, variances in data units squared.
 * Functions that return a double return NaN, after calling the GSL error
 * handler with GSL_EDOM, when a variance is not positive and finite.
 */
#ifndef DM_GAUSSIAN_H
#define DM_GAUSSIAN_H

#include <stddef.h>

/* One Gaussian law N(mean, variance) of a number. */
typedef struct {
    double mean;     /* data unit    */
    double variance; /* data unit^2  */
} dm_gaussian;

/* A symmetric 2 x 2 matrix. */
typedef struct {
    double xx, xy, yy;
} dm_sym2;

/* Returns xx yy - xy^2 without cancellation. */
double dm_sym2_determinant(dm_sym2 s);

/* A noise level: x_t = scale x_0 + sqrt(variance) eps with eps ~ N(0, I),
 * Eq. (0.15).  Both numbers are carried, so that 1 - abar is never computed by
 * cancellation; VP has scale^2 + variance = 1, sub-VP and VE have not. */
typedef struct {
    double scale;    /* 1                        */
    double variance; /* data unit^2, 0 for clean */
} dm_level;

/* Returns log N(x; g.mean, g.variance), Eq. (0.1), in nat. */
double dm_gaussian_log_pdf(dm_gaussian g, double x);

/* Returns N(x; g.mean, g.variance), Eq. (0.1), per data unit. */
double dm_gaussian_pdf(dm_gaussian g, double x);

/* Returns the law of a X + b Y for independent X ~ g and Y ~ h, Eq. (0.4).
 * Never fails: a variance that is 0 is allowed. */
dm_gaussian dm_gaussian_sum(double a, dm_gaussian g, double b, dm_gaussian h);

/* Returns the law whose density is proportional to the product of the two
 * densities, Eq. (0.5), and stores the log of the factor Z, Eq. (0.6), in
 * *log_factor unless that is NULL.  On bad variances both fields are NaN. */
dm_gaussian dm_gaussian_product(dm_gaussian g, dm_gaussian h,
                                double *log_factor);

/* Returns the law of x given y, where x ~ prior and y given x is
 * N(a x + b, noise), Eq. (0.8).  Needs prior.variance > 0 and noise >= 0. */
dm_gaussian dm_gaussian_condition(dm_gaussian prior, double a, double b,
                                  double noise, double y);

/* Returns KL(g to h) in nat, Eq. (0.10), exact when the two nearly agree. */
double dm_gaussian_kl(dm_gaussian g, dm_gaussian h);

/* Return W1(g, h) and W2(g, h), Eq. (0.12), in data units.  The best plan keeps
 * the order: W1 is the mean of |d + s z|, with d and s the differences of the
 * means and of the standard deviations.  Variances may be 0. */
double dm_gaussian_w1(dm_gaussian g, dm_gaussian h);
double dm_gaussian_w2(dm_gaussian g, dm_gaussian h);

/* Integrates f over the line, where f has its bumps about the n Gaussians in
 * bump: the line is cut at their means and at 1, 4, 10 and 40 of their standard
 * deviations, so that no narrow or far one is missed, and ends at the last cut.
 * Stores the integral in *result, with an error of at most epsabs by the
 * quadrature's own estimate, and returns GSL_SUCCESS; if that is not reached
 * returns GSL_ETOL.  Needs n > 0, epsabs > 0 and variances > 0 (GSL_EDOM). */
int dm_gaussian_integrate(size_t n, const dm_gaussian bump[],
                          double (*f)(double x, void *p), void *p,
                          double epsabs, double *result);

#endif
