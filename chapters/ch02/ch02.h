/* ch02.h -- what the sections of chapter 2 share. */
#ifndef CH02_H
#define CH02_H

#include <gsl/gsl_rng.h>

#include "gaussian.h"
#include "mixture.h"
#include "options.h"
#include "schedule.h"

/* --- all sections: ch02.c ------------------------------------------------ */

/* Asked of every quadrature. */
static const double TOLERANCE = 1e-11;

/* Where one point is needed in sections 2.1 to 2.3: no number is 0 or 1. */
static const double X0 = 1.5, XT = 0.8;

enum { BLOCK = 256 }; /* particles */

// snippet: step
/* The numbers of a step from s to t: s is t - 1, or any earlier time. */
typedef struct {
    double abar_s, c_s; /* signal power and noise variance before it */
    double abar_t, c_t; /* and after it                              */
    double beta;        /* noise variance of the step                */
} step;
// end: step

/* The step between two signal powers that no schedule knows. */
step step_between(double abar_s, double abar_t);

/* The step of a schedule from s to t. */
step step_of(const dm_schedule *sch, size_t s, size_t t);

/* The step of sections 2.1 to 2.3, that of 2.4 to 2.8, and a very large one. */
step first_step(void);
step second_step(void);
step large_step(void);

/* q(x_s given x_0 = x), q(x_t given x_0 = x), q(x_t given x_s = x). */
dm_gaussian before(step p, double x);
dm_gaussian after(step p, double x);
dm_gaussian kernel(step p, double x);

/* The law of x_s given x_t and x_0, Eq. (2.5). */
dm_gaussian posterior(step p, double xt, double x0);

/* --- 2.1 Bayes: bayes.c -------------------------------------------------- */

/* What Bayes' rule on a grid gives: the integral of prior times likelihood,
 * the posterior's mean and variance, and how many points it took. */
typedef struct {
    double integral, mean, variance, points;
} grid_result;

/* Bayes' rule on a grid: the posterior for a prior and x_t = xt. */
grid_result bayes_on_grid(dm_gaussian prior, step p, double xt);

void section_bayes(void);

/* --- 2.2 completing the square: square.c --------------------------------- */

void section_square(const dm_options *o, gsl_rng *rng);

/* --- 2.3 three forms: forms.c -------------------------------------------- */

void section_forms(const dm_options *o);

/* --- 2.4 the start unknown: reverse.c ------------------------------------ */

/* A step back that is checked: the laws before and after the step, the point
 * x_t, and the law of x_s given x_t. */
typedef struct {
    const dm_mixture *data;
    step p;
    dm_mixture *q_s, *q_t, *back;
    double x[2];
} scene;

/* What an integrand needs; each uses a few of these. */
typedef struct {
    const dm_mixture *m, *q_t;
    step p;
    double xt, xs, about;
    int power;
} what;

/* q_s and q_t of the data; the caller frees them. */
dm_mixture *law_before(const dm_mixture *data, step p);
dm_mixture *law_after(const dm_mixture *data, step p);

/* q(x_s given x_t) of the data, Eq. (2.8); the caller frees it.  xt: [dim]. */
dm_mixture *reverse(const dm_mixture *data, step p, const double xt[]);

/* A point that the law of m does produce: z standard deviations from the middle
 * of the bump in which the weights, added up, pass u; in x, then in y given x.
 */
void point_in(const dm_mixture *m, double u, double z, double x[]);

/* The scene of a step back from point_in(q_t, u, z); free_scene releases it. */
scene scene_at(const dm_mixture *data, step p, double u, double z);

/* Releases a scene. */
void free_scene(scene *v);

/* How many units of round-off a quantity of size 1 may have picked up. */
double roundings(const scene *v);

/* The relative error that can be asked of integrals for the law of x_s given
 * x_t: points of this size are rounded, by so many standard deviations. */
double tolerance(const scene *v, double size);

void section_reverse(const dm_options *o);

/* --- 2.5 mean and variance: tweedie.c ------------------------------------ */

void section_tweedie(const dm_options *o);

/* --- 2.6 which variance: variances.c ------------------------------------- */

/* Eq. (2.10) in one dimension. */
double variance_back(const dm_mixture *q_t, step p, double x);

void section_variances(const dm_options *o);

/* --- 2.7 how Gaussian it is: gaussian.c ---------------------------------- */

/* KL(law to g) in nat, for a law in one dimension: the divergence does not
 * change when both are shifted and scaled so that g becomes N(0, 1). */
double kl_to(const dm_mixture *law, dm_gaussian g, double *error);

/* The Gaussian with the mean and the variance of a law in one dimension. */
dm_gaussian best_gaussian(const dm_mixture *law);

/* The third derivative of log q at x; *size is the sum of the terms' sizes. */
double third_derivative(const dm_mixture *q, double x, double *size);

/* Two bumps of the chapter's own, for rows that need well separated scales. */
dm_mixture *own_bumps(void);

void section_gaussian(const dm_options *o);

/* --- 2.8 one bump or two: modes.c ---------------------------------------- */

/* The step back of the table and of the figure: from abar_t = 0.2, x_t the
 * 0.4-quantile of q_t, with noise beta. */
dm_mixture *step_back(const dm_mixture *data, double beta, double *x);

void section_modes(const dm_options *o);

/* --- exercises: exercises.c ---------------------------------------------- */

void section_exercises(void);

/* --- data of the figures: figures.c -------------------------------------- */

void section_figures(const dm_options *o);

#endif
