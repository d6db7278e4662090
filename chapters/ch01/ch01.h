/* ch01.h -- what the sections of chapter 1 share. */
#ifndef CH01_H
#define CH01_H

#include <gsl/gsl_rng.h>

#include "gaussian.h"
#include "mixture.h"
#include "options.h"

/* --- all sections: ch01.c ------------------------------------------------ */

static const double X0 = 1.7; /* not 0, where a mean shows no mistake */

static const double TOLERANCE = 1e-11; /* asked of every quadrature */

/* Paths that are kept whole; times at which all particles are looked at. */
enum { PATHS = 12, SNAPSHOTS = 2 };

/* The law of x_t given x_0 = x at a level, Eq. (1.6). */
dm_gaussian given(dm_level level, double x);

/* --- 1.1 the chain: chain.c ---------------------------------------------- */

/* What a block of particles leaves behind: sums over its steps of the noises
 * eps that Eq. (1.1) says it took, recomputed from its states alone. */
typedef struct {
    double sum, square, cosine, agree; /* of eps, eps^2, cos eps, the signs  */
    double against_state; /* eps times the sign of the state before          */
    double root_lost;     /* what that would be with 1 - beta for its root   */
    double between;       /* sign of eps times that of another particle's    */
    double pairs;         /* how many such pairs there were                  */
} record;

/* All particles: their starts, their states at some times, some whole paths. */
typedef struct {
    size_t N, T, at[SNAPSHOTS];
    double *x0;              /* [N]                        */
    double *seen[SNAPSHOTS]; /* [N] x_t at t = at[i]       */
    double *paths;           /* [(T + 1) * PATHS] x_t      */
    record total;
} walk;

/* One step of Eq. (1.1) for n particles, in place.  x, eps: [n]. */
void walk_step(size_t n, double x[], double beta, const double eps[]);

/* All particles of the run, from draws of the data to time T. */
walk walk_all(const dm_options *o, gsl_rng *rng);

/* Releases what a walk has kept. */
void free_walk(walk *w);

void section_chain(const dm_options *o, const walk *w);

/* --- 1.2 two steps: two_steps.c ------------------------------------------ */

/* Two kernels one after the other, from X0 through x to `end`. */
typedef struct {
    dm_level first, second;
    double end;
} two_steps;

/* The density at `end` after both, by quadrature over the middle. */
double composed(two_steps p);

void section_two_steps(const dm_options *o);

/* --- 1.3 t steps: jump.c ------------------------------------------------- */

void section_jump(const dm_options *o, const walk *w);

/* --- 1.4 schedules: schedules.c ------------------------------------------ */

void section_schedules(const dm_options *o);

/* --- 1.5 the law of the data: data.c ------------------------------------- */

void section_data(const dm_options *o, gsl_rng *rng);

/* --- 1.6, 1.7 the limit: limit.c ----------------------------------------- */

void section_limit(const dm_options *o);

/* --- exercises: exercises.c ---------------------------------------------- */

void section_exercises(const dm_options *o);

/* --- data of the figures: figures.c -------------------------------------- */

void section_figures(const dm_options *o, const walk *w, gsl_rng *rng);

#endif
