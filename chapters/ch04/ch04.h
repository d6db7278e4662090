/* ch04.h -- what the sections of chapter 4 share. */
#ifndef CH04_H
#define CH04_H

#include "gaussian.h"
#include "law.h"
#include "mixture.h"
#include "options.h"
#include "sampler.h"
#include "sde.h"

/* --- all sections: ch04.c ------------------------------------------------ */

static const dm_sde all_sdes[] = { DM_SDE_VP, DM_SDE_SUB_VP, DM_SDE_VE };
static const char *const names[] = { "VP", "sub-VP", "VE" };

/* Paths of sections 4.1 and 4.4, in blocks, with FINE increments each; the
 * roughest grid has COARSE, each of the LEVELS twice as many. */
enum { PATHS = 20000, BLOCK = 250, FINE = 256, COARSE = 8, LEVELS = 6 };

/* A number, and how far off it may be. */
typedef struct {
    double value, error;
} estimate;

/* The limit of values at the steps h, h/2, h/4 and h/8 whose error is a power
 * series in h: its first two terms cancel.  The error is what the last halving
 * changes, about 7 times what is left; and, as that change may be small by
 * chance, a sixteenth of what cancelling the second term changed. */
estimate limit_of(const double y[4]);

/* The sizes of the four weights in that limit add up to less. */
enum { WEIGHTS = 10 };

/* A row for the order in which the errors at h, h/2, h/4 and h/8 fall.  Where
 * the slopes between them are off by a h + b h^2, twice the larger of their two
 * changes is at least what the last is off by, whatever a and b; the last
 * change alone may be 0. */
void check_order(const double e[4], double order, const char *eq,
                 const char *what);

/* Whether the slopes have settled so far that they tell order 1 from 1/2. */
int shows_order(const double e[4]);

/* The integral of f from 0 to t, with a relative error of 1e-12. */
double integral(double (*f)(double, void *), void *params, double t);

/* N(mean, variance), as a mixture; the caller frees it. */
dm_mixture *normal(double mean, double variance);

/* q_t of the data; the caller frees it. */
dm_mixture *law_at(const dm_mixture *data, dm_sde sde, double t);

/* --- paths: paths.c ------------------------------------------------------ */

/* Increments of BLOCK paths, and normals that are independent of them. */
typedef struct {
    double dw[FINE][BLOCK], other[FINE][BLOCK];
} block;

/* The BLOCK paths from number `first` on. */
void draw_block(const dm_options *o, size_t first, block *b);

/* Increment j of n of path p: the sum of its fine increments. */
double increment(const block *b, size_t n, size_t j, size_t p);

/* --- 4.1 the Wiener process: wiener.c ------------------------------------ */

/* Sums over all increments and paths. */
typedef struct {
    double absolute;        /* |dw|, fine                                     */
    double deviation;       /* (quadratic variation - 1)^2, fine              */
    double square;          /* dw^2 over COARSE increments                    */
    double end[2];          /* w(1) of paths 0 and 1                          */
    double coarse;          /* and of path 0 from its COARSE increments       */
    double variation;       /* the sum of dw^2, fine                          */
    double ito;             /* of path 0: the sum of w dw, w at the left ends */
    double first_variation; /* and of dw^2                              */
} wiener;

/* Adds path p of a block, which is path `number` of all. */
void note_path(const block *b, size_t p, size_t number, wiener *sum);

void section_wiener(const wiener *sum);

/* --- 4.2 from the chain to an equation: chain.c -------------------------- */

void section_chain(void);

/* --- 4.3 Fokker-Planck: fokker_planck.c ---------------------------------- */

/* What a derivative needs: q_t of the data at time t, at the point x, and the
 * lambda of Eq. (4.22). */
typedef struct {
    const dm_mixture *data;
    dm_sde sde;
    double t, x[2], lambda;
} spot;

/* Density, x times the score, its square and the trace of the Hessian. */
typedef struct {
    double q, xs, ss, trace;
} local;

/* The slope of f at `at`, by differences of fourth order over h and h/2.  The
 * error is what halving changes, and 8 roundings of size `noise`. */
estimate slope(double (*f)(double, const spot *), const spot *s, double at,
               double h, double noise);

/* What round-off leaves of densities of size q. */
double round_off(const dm_mixture *m, double q);

/* The four numbers at a spot. */
local local_at(const spot *s);

/* A point beside a bump of the data, at time t. */
spot spot_in(const dm_mixture *data, dm_sde sde, double t);

void section_fokker_planck(const dm_options *o);

/* --- 4.4 what Euler's steps cost: orders.c ------------------------------- */

enum { EULER, MILSTEIN, ADDITIVE, SCHEMES };

/* What the paths leave: sums of squared errors and of their squares, and of
 * what each path adds to the fitted slope. */
typedef struct {
    double e2[SCHEMES][LEVELS], e4[SCHEMES][LEVELS], bend[SCHEMES];
    wiener w;
} tally;

/* E e^2 at time 1 of EULER, MILSTEIN or ADDITIVE in steps of h. */
double mean_square(size_t scheme, double h);

/* The step h of a level: 1/COARSE, halved at each. */
double step_of(size_t level);

/* Takes all paths through all schemes on all levels. */
void run_paths(const dm_options *o, tally *sum);

/* The slope of log2 of the root mean square over log2 h, by least squares. */
double fitted_slope(const double e2[LEVELS]);

/* What the mean of X, or of X^2, lacks after 1/h steps. */
double weak_error(double h, int moment);

void section_orders(const tally *sum);

/* --- 4.5 back in time: reverse.c ----------------------------------------- */

/* How a step back may be taken: x + (f x - score g^2 s) dt + noise g dw. */
typedef struct {
    double score, noise, dt; /* dt = -1 or 1: its sign */
} way_back;

/* The variance at t_min in n steps from that at 1, for data N(0, v). */
double variance_back(dm_sde sde, double v, double t_min, int n, way_back way);

void section_reverse(const dm_options *o);

/* --- 4.5 the laws on the way back: laws.c -------------------------------- */

enum { STEPS = 200 }; /* of ch04_paths */

/* The law of x at t_min after n steps back from `start`, or N(0, 1) if that is
 * NULL.  NULL, after saying why, where it cannot be computed. */
dm_law *law_back(const dm_mixture *data, dm_sde sde, double t_min, size_t n,
                 const dm_mixture *start);

/* W1 between two laws, NaN if one is NULL; adds to *error how far off it may
 * be. */
double w1_between(const dm_law *a, const dm_law *b, double *error);

/* Euler's steps from t[0] up to t[n], Eq. (4.6), as a table. */
dm_sampler *forward_table(dm_sde sde, size_t n, const double t[]);

/* Whether data are too broad for exact laws; says so. */
int is_broad(const dm_mixture *data);

void section_laws(const dm_options *o);

/* --- 4.6 DDPM's step beside Euler's: ddpm.c ------------------------------ */

typedef enum { STEP_EULER, STEP_MIXED, STEP_BETA, STEP_TILDE, STEP_EXACT } kind;

/* The variance of x_0 after n steps from q_1, Eq. (4.28). */
double variance_at_0(double v, int n, kind how);

void section_ddpm(const dm_options *o);

/* --- 4.7 the error budget: budget.c -------------------------------------- */

void section_budget(const dm_options *o);

/* --- exercises: exercises.c ---------------------------------------------- */

void section_exercises(const wiener *sum);

/* --- data of the figures: figures.c -------------------------------------- */

void section_figures(const dm_options *o, const tally *sum);

#endif
