/* ch03.h -- what the sections of chapter 3 share. */
#ifndef CH03_H
#define CH03_H

#include <stdint.h>

#include <gsl/gsl_rng.h>

#include "cloud.h"
#include "gaussian.h"
#include "law.h"
#include "mixture.h"
#include "options.h"
#include "sampler.h"
#include "schedule.h"

/* --- all sections: ch03.c ------------------------------------------------ */

static const double X0 = 1.7; /* not 0, where a mean shows no mistake */

static const double TOLERANCE = 1e-11; /* asked of every quadrature */

enum { BLOCK = 256 }; /* particles */

/* The two ends of a jump, and the noise between them. */
typedef struct {
    size_t s, t;
    double abar_s, c_s, abar_t, c_t; /* Eqs. (1.5) and (1.7)              */
    double beta;                     /* 1 - abar_t/abar_s, Eq. (1.14)     */
    double beta_tilde;               /* variance of the posterior, (2.3)   */
} jump;

/* The numbers that are kept of each particle at once, at most: three of two
 * walks, two of their transform and one more; an even number. */
enum { NUMBERS = 6 };

/* The jump of a schedule from s to t. */
jump jump_between(const dm_schedule *sch, size_t s, size_t t);

/* A jump of the page's own, which no schedule knows. */
jump jump_of(double abar_s, double abar_t);

/* After t additions and products c_t and 1 - abar_t differ by so many units of
 * round-off, and by as many what follows from either. */
double rounds(size_t t);

/* Says that the run's particles need more memory than there is; returns 2. */
int refuse_particles(const dm_options *o);

/* Room for n numbers for each of the run's particles. */
double *numbers(const dm_options *o, size_t n);

/* All times, 0 to T. */
size_t *all_times(size_t T);

/* Draws of the data for the n particles from `first` on.  x: [dim][n]. */
void draw_data(const dm_mixture *data, gsl_rng *rng, uint32_t step,
               size_t first, size_t n, double *const x[]);

/* The integral of f from low to high; adds its error, as the quadrature
 * estimates it, or epsabs, if that is more, to *error. */
double integral(double (*f)(double, void *), void *params, double low,
                double high, double epsabs, double *error);

/* The exact law of what a table returns from N(0, 1) or, if the table is NULL,
 * of the data.  NULL, after saying why, where there is so little noise, for such
 * data, that the grid of Eq. (3.23) would not end. */
dm_law *law_of(const dm_sampler *table, const dm_mixture *data);

/* An error handler that keeps the reason for a law that cannot be computed. */
void keep_reason(const char *reason, const char *file, int line, int code);

enum { REASON = 160 };
extern _Thread_local char reason_of_none[REASON];

/* --- 3.1 a law that is postulated: postulate.c --------------------------- */

// snippet: back
/* x_s = m x_t + kappa x_0 + sigma z, Eq. (3.1). */
typedef struct {
    double m, kappa, sigma;
} back;
// end: back

/* Eq. (3.3), for noise of that variance. */
back coefficients(jump j, double variance);

/* The law of x_t given x_0 = X0, Eq. (1.6). */
dm_gaussian given(double abar, double c);

/* The jump of sections 3.1 to 3.5: from abar_t = 0.2 to abar_s = 0.6. */
jump example(void);

/* The variance of the noise in example(): not 0, not beta-tilde = 0.333.., not
 * beta = 0.666... */
static const double EXAMPLE_VARIANCE = 0.1;

void section_postulate(void);

/* --- 3.2 the family: family.c -------------------------------------------- */

/* c_s - sigma^2 at this eta, Eq. (3.8): never below 0 by round-off. */
double ahead(jump j, double eta);

/* Eqs. (3.3) and (3.6). */
back at_eta(jump j, double eta);

/* The jump of step i of the run's times, from tau[i] to tau[i - 1]. */
jump step_of(const dm_options *o, size_t i);

/* The number of a step among the run's times at which signal and noise are both
 * there, with s >= 1. */
size_t middle(const dm_options *o);

/* The jump of step `middle`; for a run of one step, that from its t, or 2, to
 * half of it. */
jump middle_jump(const dm_options *o);

/* eta, or the bound of the jump, Eq. (3.7), if that is smaller. */
double eta_within(jump j, double eta);

void section_family(const dm_options *o);

/* --- 3.3 the marginals: marginals.c -------------------------------------- */

/* What can go wrong in a step of the chain. */
typedef enum {
    RIGHT,
    ETA_ONCE,    /* eta for eta^2 in the noise     */
    SWAPPED,     /* sigma for sqrt(c_s - sigma^2)  */
    NOT_REDUCED, /* sqrt(c_s) for it               */
    ONE_STEP,    /* abar_(t-1) for abar_s          */
    SIGMA_HAT    /* the noise of section 3.8       */
} mistake;

/* What a walk down the chain with known x_0 leaves behind: where it is after
 * the middle step, from t to s, and sums over its particles. */
typedef struct {
    double *x[2];             /* [N]  x_s                               */
    double xx0, x0x0, square; /* of x_s and x_0, of the residual of x_s */
    double st, tt;            /* of the residuals of x_s and x_t        */
    double ends, starts;      /* of those of x_tau[1] and x_tau[S]      */
} walk;

/* Var[x_s given x_0] at s = tau[last], after a chain that makes the mistake
 * in every step. */
double variance_after(const dm_options *o, size_t last, mistake which);

/* One step of Eq. (3.4) for n particles, in place.  x0, z, x: [n]. */
void step_back(jump j, double eta, size_t n, const double x0[],
               const double z[], double x[]);

/* All particles of the run, from draws of the data and their x_tau[S]
 * down to x_tau[1]. */
walk walk_down(const dm_options *o, const dm_mixture *data, gsl_rng *rng);

/* Releases what a walk has kept. */
void free_walk(walk *w);

void section_marginals(const dm_options *o, gsl_rng *rng, const walk *w);

/* --- 3.4 the way forward: forward.c -------------------------------------- */

/* x_t = lambda x_s + nu x_0 + noise, given x_s and x_0. */
typedef struct {
    double lambda, nu, variance;
} forward;

/* Eq. (3.11): from `left` = c_s - sigma^2 and sigma^2 = `variance`. */
forward way_forward(jump j, double left, double variance);

/* The jump of section 3.4. */
jump forward_example(void);

/* The coefficient of x_0 in the least squares fit of x_t by x_s and x_0, over
 * draws of the chain from x0: [N], and its standard error: exact, given x_s and
 * x_0. */
double fitted_nu(const dm_options *o, const double x0[], jump j,
                 double variance, uint32_t number, double *se);

void section_forward(const dm_options *o, const double x0[]);

/* --- 3.5 other joint laws: joint.c --------------------------------------- */

void section_joint(const dm_options *o, const walk *w);

/* --- 3.6 the sampler: sampler.c ------------------------------------------ */

/* Takes the point x one step of the sampler, Eq. (3.16).  x, z: [dim]. */
void step_down(const dm_mixture *data, jump j, double eta, const double z[],
               double x[]);

/* DDIM's table over the run's times, with this eta. */
dm_sampler *table_of(const dm_options *o, double eta);

/* The table of S steps, or as many as there are, evenly spread; an eta of NaN
 * stands for sigma-hat. */
dm_sampler *uniform(const dm_options *o, size_t S, double eta);

/* Runs the table over n particles and keeps where they are at some times. */
dm_cloud *run_table(const dm_options *o, const dm_sampler *table,
                    const dm_mixture *data, size_t n, dm_record *record);

/* A point one standard deviation from the middle of the heaviest component, at
 * the signal power. */
double typical_point(const dm_mixture *data, double abar, double c);

/* Moves *x as Eq. (3.16) does without noise, with the root m of that sign;
 * returns the slope of the move, Eq. (3.18). */
double follow(const dm_mixture *data, jump j, double eta, double sign,
              double *x);

void section_sampler(const dm_options *o, const dm_sampler *table);

/* --- 3.7 what the estimate costs: estimate.c ----------------------------- */

void section_estimate(const dm_options *o);

/* --- 3.8 which eta is which sampler: ddpm.c ------------------------------ */

void section_ddpm(const dm_options *o);

/* --- 3.9 skipping: skipping.c -------------------------------------------- */

void section_skipping(const dm_options *o, const dm_sampler *table);

/* --- 3.10 what comes out: laws.c ----------------------------------------- */

/* Points low, low + h, ... */
typedef struct {
    double low, h;
    size_t n;
} grid;

/* Mean and mean square of what a table returns, by Eq. (3.23) with the grid of
 * this chapter. */
typedef struct {
    grid g;
    double reach, moment[2];
    double error; /* of the mean square; of the mean so much, over reach */
} by_grid;

/* A sampler without noise. */
typedef struct {
    const dm_options *o;
    size_t S;
    jump *jump; /* [S]  the last one first: it leads to 0 */
} flow;

/* The largest A of a table: A and B nearly cancel where there is little signal,
 * and leave so many roundings. */
double largest_a(const dm_sampler *table);

/* Mean and mean square of what a table returns whose steps are noisy but for
 * the last. */
by_grid moments_by_grid(const dm_sampler *table, const dm_mixture *data);

/* The flow of S uniform steps, or as many as there are; the caller frees its
 * jumps. */
flow uniform_flow(const dm_options *o, size_t S);

/* Where a flow takes the quantile z of N(0, 1); *slope is that of the map. */
double image(const flow *f, double z, double *slope);

/* The table with the root m < 0 of Eq. (3.3) in every step: sqrt(c_s - sigma^2)
 * = A sqrt(c_t) + B turns its sign. */
dm_sampler *with_other_root(dm_sampler *table);

void section_laws(const dm_options *o, const dm_law *target);

/* --- 3.10 Gaussian data: gaussian.c -------------------------------------- */

void section_gaussian(const dm_options *o);

/* --- 3.10 the distance to the data: output.c ----------------------------- */

void section_output(const dm_options *o, const dm_law *target);

/* --- exercises: exercises.c ---------------------------------------------- */

void section_exercises(void);

/* --- data of the figures: figures.c -------------------------------------- */

void section_figures(const dm_options *o, const double x0[]);

#endif
