/* ch00.h -- what the sections of chapter 0 share. */
#ifndef CH00_H
#define CH00_H

#include <gsl/gsl_rng.h>

#include "gaussian.h"
#include "mixture.h"
#include "options.h"

/* --- all sections: ch00.c ------------------------------------------------ */

/* The laws of sections 0.1 to 0.4: no mean and no variance is 0 or 1. */
static const dm_gaussian X = { 1.7, 0.25 }, Y = { -0.6, 4.0 };

/* a X + b Y in section 0.2, a Y + b in section 0.3. */
static const double A = 0.8, B = 0.3;

/* The level of sections 0.6 to 0.9.  Its four numbers a, a^2, c, sqrt(c) are
 * all different, so that none can be taken for another. */
static const dm_level LEVEL = { 0.6, 0.64 };

/* Asked of every quadrature. */
static const double TOLERANCE = 1e-11;

/* What an integrand needs; each uses a few of these. */
typedef struct {
    dm_gaussian g, h;    /* laws of a number                     */
    const dm_mixture *m; /* the data                             */
    dm_level level;      /* of noise                             */
    double x;            /* a point                              */
    int power;           /* an exponent                          */
    int wrong;           /* 1 to make the mistake that is named  */
} what;

/* The integral of f over the line, for laws like g. */
double integral(dm_gaussian g, double (*f)(double, void *), what w);

/* --- 0.1 one Gaussian: one.c --------------------------------------------- */

void section_one(void);

/* --- 0.2 sums: sums.c ---------------------------------------------------- */

void section_sums(const dm_options *o, gsl_rng *r);

/* --- 0.3 products and conditioning: products.c --------------------------- */

void section_products(void);

/* --- 0.4 distances: distances.c ------------------------------------------ */

/* The squared distance from x to where w->h has as much below it, times the
 * density of w->g. */
double squared_move(double x, void *p);

void section_distances(void);

/* --- 0.5 the toy data: data.c -------------------------------------------- */

/* The integral of f over the line, for the bumps of a mixture and, unless it
 * is NULL, one more law. */
double mixture_integral(const dm_mixture *m, const dm_gaussian *also,
                        double (*f)(double, void *), what w, double epsabs);

/* A point z standard deviations from the middle of the heaviest component, in
 * x and then in y given x: a point that the law does produce. */
void typical_point(const dm_mixture *m, double z, double x[]);

/* The sum over components of w_k times their own scores: a mistake. */
void score_with_prior_weights(const dm_mixture *m, const double x[2],
                              double s[2]);

void section_data(const dm_mixture *m);

/* --- 0.6 noise: noise.c -------------------------------------------------- */

/* The relative error that can be asked of an integral over x_0 given x_t = x:
 * x itself is rounded, by so many standard deviations of the noise. */
double tolerance_given(const dm_mixture *m, double x);

/* The integral over x_0 of (x_0 - w.g.mean)^w.power times the joint density of
 * x_0 and x_t = w.x at the level of w; `scale` is its size. */
double integral_over_clean(what w, double scale);

void section_noise(const dm_mixture *m, const dm_mixture *noisy);

/* --- 0.7 score and Hessian: score.c -------------------------------------- */

void section_score(const dm_mixture *noisy1, const dm_mixture *noisy2);

/* --- 0.8 posterior, 0.9 Tweedie: posterior.c ----------------------------- */

void section_posterior(const dm_mixture *data1, const dm_mixture *noisy1,
                       const dm_mixture *data2, const dm_mixture *noisy2);

/* --- 0.10 drawing: drawing.c --------------------------------------------- */

/* n points of a law, coordinate by coordinate: [dim * n], which the caller
 * frees. */
double *draw(const dm_mixture *m, size_t n, gsl_rng *r);

void section_drawing(const dm_options *o, const dm_mixture *data2, gsl_rng *r);

/* --- exercises: exercises.c ---------------------------------------------- */

void section_exercises(void);

/* --- data of the figures: figures.c -------------------------------------- */

void section_figures(const dm_options *o, const dm_mixture *noisy, gsl_rng *r);

#endif
