/* Chapter 3 -- The DDIM sigma family.
 *
 * Postulates a law of the step back with free noise, Eqs. (3.1) to (3.8), and
 * checks what follows from it: the marginals, Eq. (3.10), the way forward,
 * Eqs. (3.11) and (3.12), the joint laws, Eqs. (3.13) and (3.14).  Then makes a
 * sampler of it, a table, Eqs. (3.15) to (3.22), and computes the exact law of
 * what comes out, Eqs. (3.23) to (3.25).
 * Prints the check tables; writes data/ch03_*.dat.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multiroots.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_roots.h>

#include "check.h"
#include "cloud.h"
#include "distance.h"
#include "gaussian.h"
#include "law.h"
#include "mixture.h"
#include "options.h"
#include "rng.h"
#include "sampler.h"
#include "schedule.h"
#include "table.h"

static const double X0 = 1.7; /* not 0, where a mean shows no mistake */
static const double TOLERANCE = 1e-11;

/* Particles held against the scalar step, and in the figures. */
enum { COMPARED = 64, PATHS = 9, PLANE = 40, BLOCK = 256 };

/* The two ends of a jump, and the noise between them. */
typedef struct {
    size_t s, t;
    double abar_s, c_s, abar_t, c_t; /* Eqs. (1.5) and (1.7)              */
    double beta;                     /* 1 - abar_t/abar_s, Eq. (1.14)     */
    double beta_tilde;               /* that of the posterior, Eq. (2.3)  */
} jump;

static jump jump_between(const dm_schedule *sch, size_t s, size_t t)
{
    jump j = { s, t, sch->abar[s], sch->c[s], sch->abar[t], sch->c[t], 0, 0 };

    j.beta = dm_schedule_jump(sch, s, t).variance;
    j.beta_tilde = j.c_s / j.c_t * j.beta;
    return j;
}

/* A jump of the page's own, which no schedule knows. */
static jump jump_of(double abar_s, double abar_t)
{
    jump j = { 0, 0, abar_s, 1.0 - abar_s, abar_t, 1.0 - abar_t, 0, 0 };

    j.beta = (abar_s - abar_t) / abar_s;
    j.beta_tilde = j.c_s / j.c_t * j.beta;
    return j;
}

/* After t additions and products c_t and 1 - abar_t differ by so many units of
 * round-off, and by as many what follows from either. */
static double rounds(size_t t)
{
    return 64.0 + 8.0 * (double)t;
}

/* The numbers that are kept of each particle at once, at most: three of two
 * walks, two of their transform and one more; an even number. */
enum { NUMBERS = 6 };

static int refuse_particles(const dm_options *o)
{
    fprintf(stderr, "--particles: %zu need %zu MB, more than are left\n",
            o->particles,
            o->particles * NUMBERS * sizeof(double) / 1000000 + 1);
    return 2;
}

/* What this chapter cannot run, told before anything is printed: returns -1, or
 * the exit status after a message. */
static int refuse(const dm_options *o)
{
    gsl_error_handler_t *old = gsl_set_error_handler_off();
    dm_cloud *cloud = dm_cloud_new(2, NUMBERS / 2 * o->particles);

    gsl_set_error_handler(old);
    dm_cloud_free(cloud);
    if (cloud == NULL)
        return refuse_particles(o);
    if (o->schedule->abar[o->steps] >= DBL_MIN)
        return -1;
    fprintf(stderr,
            "--steps: expected a T with some signal left, for the samplers "
            "over all times, got %zu, where abar underflows\n",
            o->steps);
    return 2;
}

/* Room for n numbers for each of the run's particles. */
static double *numbers(const dm_options *o, size_t n)
{
    double *room = calloc(o->particles * n, sizeof *room);

    if (room == NULL)
        exit(refuse_particles(o));
    return room;
}

/* All times, 0 to T. */
static size_t *all_times(size_t T)
{
    size_t *tau = calloc(T + 1, sizeof *tau);

    dm_sampler_tau_uniform(T, T, tau);
    return tau;
}

/* Draws of the data for the n particles from `first` on.  x: [dim][n]. */
static void draw_data(const dm_mixture *data, gsl_rng *rng, uint32_t step,
                      size_t first, size_t n, double *const x[])
{
    for (size_t k = 0; k < n; k++) {
        double x0[2];
        dm_rng_at(rng, DM_STREAM_DATA, step, (uint32_t)(first + k));
        dm_mixture_sample(data, rng, x0);
        for (size_t d = 0; d < data->dim; d++)
            x[d][k] = x0[d];
    }
}

/* --- 3.1 a law that is postulated ----------------------------------------- */

// snippet: coefficients
/* x_s = m x_t + kappa x_0 + sigma z, Eq. (3.1). */
typedef struct {
    double m, kappa, sigma;
} back;

/* Eq. (3.3), for noise of that variance. */
static back coefficients(jump j, double variance)
{
    double m = sqrt((j.c_s - variance) / j.c_t);
    return (back){ m, sqrt(j.abar_s) - m * sqrt(j.abar_t), sqrt(variance) };
}
// end: coefficients

/* The law of x_t given x_0 = X0, Eq. (1.6). */
static dm_gaussian given(double abar, double c)
{
    return (dm_gaussian){ sqrt(abar) * X0, c };
}

/* The jump of sections 3.1 to 3.5, and the variance of its noise: neither 0 nor
 * that of the posterior, 0.333.., nor beta, 0.666... */
static const double EXAMPLE_VARIANCE = 0.1;

static jump example(void)
{
    return jump_of(0.6, 0.2);
}

static void check_demands(void)
{
    jump j = example();
    back b = coefficients(j, EXAMPLE_VARIANCE);
    dm_gaussian x_t = given(j.abar_t, j.c_t), z = { 0.0, 1.0 };
    dm_gaussian x_s = dm_gaussian_sum(b.m, x_t, b.sigma, z);
    double mean = sqrt(j.abar_s) * X0;

    x_s.mean += b.kappa * X0;
    dm_check_exact(x_s.mean, mean, 8.0, mean, "3.2", "E[x_s given x_0]");
    dm_check_refutes(b.m * x_t.mean + mean, "kappa = sqrt(abar_s)");
    dm_check_refutes(b.m * x_t.mean, "no x_0 in the step");
    dm_check_exact(x_s.variance, j.c_s, 8.0, j.c_s, "3.2",
                   "Var[x_s given x_0]");
    dm_check_refutes(j.c_s + EXAMPLE_VARIANCE, "sigma^2 not taken off in m");
    dm_check_refutes(2.0 * EXAMPLE_VARIANCE, "sigma for sqrt(c_s - sigma^2)");
}

/* Both sides of Eq. (3.2), one less the other, at (m, kappa). */
static int demands(const gsl_vector *at, void *params, gsl_vector *off)
{
    const jump *j = params;
    double m = gsl_vector_get(at, 0), kappa = gsl_vector_get(at, 1);

    gsl_vector_set(off, 0, m * sqrt(j->abar_t) + kappa - sqrt(j->abar_s));
    gsl_vector_set(off, 1, m * m * j->c_t + EXAMPLE_VARIANCE - j->c_s);
    return GSL_SUCCESS;
}

/* Stores in root the solution of Eq. (3.2) that GSL finds from there. */
static void solve_demands(jump j, double from, double root[2])
{
    gsl_multiroot_function f = { demands, 2, &j };
    gsl_multiroot_fsolver *solver =
        gsl_multiroot_fsolver_alloc(gsl_multiroot_fsolver_hybrids, 2);
    double start[] = { from, 0.5 };
    gsl_vector_view view = gsl_vector_view_array(start, 2);

    gsl_multiroot_fsolver_set(solver, &f, &view.vector);
    for (int i = 0; i < 100; i++) {
        gsl_multiroot_fsolver_iterate(solver);
        if (gsl_multiroot_test_residual(solver->f, 1e-13) == GSL_SUCCESS)
            break;
    }
    for (size_t i = 0; i < 2; i++)
        root[i] = gsl_vector_get(solver->x, i);
    gsl_multiroot_fsolver_free(solver);
}

static void check_roots(void)
{
    jump j = example();
    back b = coefficients(j, EXAMPLE_VARIANCE);
    double root[2], other[2], kappa = sqrt(j.abar_s) + b.m * sqrt(j.abar_t);

    solve_demands(j, 0.3, root);
    solve_demands(j, -0.3, other);
    dm_check_numeric(root[0], b.m, TOLERANCE, 1.0, "3.3",
                     "m by GSL, from 0.3 on");
    dm_check_refutes(-b.m, "the other root");
    dm_check_refutes(sqrt(j.c_s / j.c_t), "sigma^2 not taken off");
    dm_check_refutes(b.m * b.m, "the root lost");
    dm_check_numeric(root[1], b.kappa, TOLERANCE, 1.0, "3.3",
                     "kappa by GSL, from 0.3 on");
    dm_check_refutes(kappa, "the sign of m sqrt(abar_t)");
    dm_check_refutes(sqrt(j.abar_s), "kappa = sqrt(abar_s)");
    dm_check_numeric(other[0], -b.m, TOLERANCE, 1.0, "3.3",
                     "m by GSL, from -0.3 on");
    dm_check_refutes(b.m, "only one root");
    dm_check_numeric(other[1], kappa, TOLERANCE, 1.0, "3.3",
                     "kappa by GSL, from -0.3 on");
    dm_check_refutes(b.kappa, "kappa of the first root");
}

/* --- 3.2 the family ------------------------------------------------------- */

// snippet: ahead
/* c_s - sigma^2 at this eta, Eq. (3.8): never below 0 by round-off. */
static double ahead(jump j, double eta)
{
    double walk = j.abar_t / j.abar_s; /* 1 - beta, with all its digits */
    double left = (1.0 - eta * eta) * j.beta + walk * j.c_s;
    return fmax(0.0, j.c_s / j.c_t * left);
}
// end: ahead

/* Eqs. (3.3) and (3.6). */
static back at_eta(jump j, double eta)
{
    double m = sqrt(ahead(j, eta) / j.c_t);

    return (back){ m, sqrt(j.abar_s) - m * sqrt(j.abar_t),
                   eta * sqrt(j.beta_tilde) };
}

/* The jump of step i of the run's times, from tau[i] to tau[i - 1]. */
static jump step_of(const dm_options *o, size_t i)
{
    return jump_between(o->schedule, o->tau[i - 1], o->tau[i]);
}

/* The number of a step among the run's times at which signal and noise are both
 * there, with s >= 1. */
static size_t middle(const dm_options *o)
{
    return GSL_MAX(2, (o->S + 2) / 3);
}

/* Its jump; where there is one step only, to s = 0, half of that. */
static jump middle_jump(const dm_options *o)
{
    size_t t = GSL_MAX(2, o->tau[1]);

    return o->S > 1 ? step_of(o, middle(o))
                    : jump_between(o->schedule, t / 2, t);
}

/* The run's eta, or the bound of the jump, Eq. (3.7), if that is smaller. */
static double eta_within(jump j, double eta)
{
    double bound = sqrt(j.c_t / j.beta) * (1.0 - 8.0 * DBL_EPSILON);
    return fmin(eta, fmax(1.0, bound));
}

static void check_family(void)
{
    const double x_s = 1.1, x_t = 0.4;
    jump j = example();
    back b = coefficients(j, EXAMPLE_VARIANCE);
    dm_gaussian s = given(j.abar_s, j.c_s), t = given(j.abar_t, j.c_t);
    double eps = (x_t - t.mean) / sqrt(j.c_t), v = EXAMPLE_VARIANCE;
    double rho = b.m * sqrt(j.c_t / j.c_s); /* Cov[x_s, x_t] = m c_t */
    double joint =
        gsl_ran_bivariate_gaussian_pdf(x_s - s.mean, x_t - t.mean, sqrt(j.c_s),
                                       sqrt(j.c_t), rho);
    dm_gaussian law = { s.mean + sqrt(j.c_s - v) * eps, v };
    dm_gaussian swapped = { s.mean + sqrt(v) * eps, v };
    dm_gaussian whole = { s.mean + sqrt(j.c_s) * eps, v };
    dm_gaussian root = { law.mean, sqrt(v) };
    back p = coefficients(j, j.beta_tilde);
    dm_gaussian posterior = { p.m * x_t + p.kappa * X0, j.beta_tilde };

    dm_check_exact(log(joint) - dm_gaussian_log_pdf(t, x_t),
                   dm_gaussian_log_pdf(law, x_s), 64.0, 1.0, "3.4",
                   "log q(x_s given x_t, x_0)");
    dm_check_refutes(dm_gaussian_log_pdf(swapped, x_s),
                     "sigma for sqrt(c_s - sigma^2)");
    dm_check_refutes(dm_gaussian_log_pdf(whole, x_s),
                     "sigma^2 not taken off: sqrt(c_s)");
    dm_check_refutes(dm_gaussian_log_pdf(root, x_s), "sigma for sigma^2");
    dm_check_refutes(dm_gaussian_log_pdf(posterior, x_s),
                     "the posterior, Eq. (2.5)");
}

/* The largest eta that the library takes for a jump, by bisection. */
static double largest_eta(const dm_schedule *sch, jump j)
{
    gsl_error_handler_t *old = gsl_set_error_handler_off();
    double low = 0.0, high = 2.0 * sqrt(j.c_t / j.beta);
    dm_reverse r;

    for (int i = 0; i < 60; i++) {
        double eta = 0.5 * (low + high);
        int taken = dm_schedule_reverse(sch, j.s, j.t, eta, &r) == GSL_SUCCESS;
        *(taken ? &low : &high) = eta;
    }
    gsl_set_error_handler(old);
    return low;
}

static void check_bound(const dm_options *o)
{
    const dm_schedule *sch = o->schedule;
    jump j = middle_jump(o);
    double eta = largest_eta(sch, j), bound = sqrt(j.c_t / j.beta);

    dm_check_exact(eta * eta * j.beta_tilde / j.c_s, 1.0, rounds(j.t), 1.0,
                   "3.5", "largest sigma^2/c_s, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(j.beta / j.c_s, "sigma^2 = beta at most");
    dm_check_refutes(j.beta_tilde / j.c_s, "sigma^2 = beta-tilde at most");
    dm_check_exact(eta, bound, rounds(j.t), bound, "3.7",
                   "largest eta, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(1.0, "eta at most 1");
    dm_check_refutes(sqrt(j.c_s / j.beta), "c_s for c_t");
    dm_check_refutes(bound * bound, "the root lost");
}

/* The bound of all steps of a chain is that of its tightest. */
static void check_bounds(const dm_options *o)
{
    size_t T = o->steps, *all = all_times(T);
    double least = INFINITY;

    for (size_t t = 2; t <= T; t++)
        least = fmin(least, sqrt(o->schedule->c[t] / o->schedule->beta[t]));
    dm_check_exact(dm_sampler_eta_max(o->schedule, T, all, NULL), least,
                   rounds(T), least, "3.7", "largest eta of all %zu steps", T);
    dm_check_refutes(1.0, "eta at most 1");
    dm_check_refutes(sqrt(o->schedule->c[T] / o->schedule->beta[T]),
                     "the bound of the last step");
    free(all);
}

/* A long jump to a small s at eta = 1, where the difference is a small part of
 * either. */
static void check_no_cancellation(const dm_schedule *sch)
{
    jump j = jump_between(sch, 1, sch->T);
    double left = j.abar_t / j.abar_s * j.c_s * j.c_s / j.c_t;
    dm_reverse r;

    dm_schedule_reverse(sch, 1, sch->T, 1.0, &r);
    dm_check_exact(r.coef_xt * r.coef_xt * j.c_t, left, rounds(sch->T),
                   fmax(left, DBL_MIN / DBL_EPSILON), "3.8",
                   "c_1 - sigma^2 at eta = 1, t = %zu", sch->T);
    dm_check_refutes(j.c_s, "sigma^2 not taken off");
    dm_check_refutes(j.c_s - j.beta, "sigma^2 = beta");
    dm_check_refutes(j.c_s - j.beta_tilde, "as the machine subtracts");
}

/* --- 3.3 the marginals ---------------------------------------------------- */

/* What can go wrong in a step of the chain. */
typedef enum {
    RIGHT,
    ETA_ONCE,    /* eta for eta^2 in the noise     */
    SWAPPED,     /* sigma for sqrt(c_s - sigma^2)  */
    NOT_REDUCED, /* sqrt(c_s) for it               */
    ONE_STEP,    /* abar_(t-1) for abar_s          */
    SIGMA_HAT    /* the noise of section 3.8       */
} mistake;

/* Var[x_s given x_0] at s = tau[last], after a chain that makes it all the
 * way. */
static double variance_after(const dm_options *o, size_t last, mistake which)
{
    double v = o->schedule->c[o->tau[o->S]];

    for (size_t i = o->S; i > last; i--) {
        jump j = step_of(o, i);
        if (which == ONE_STEP)
            j = jump_between(o->schedule, j.t - 1, j.t);
        double eta = which == SIGMA_HAT ? 1.0 : eta_within(j, o->eta);
        double kept = ahead(j, eta), noise = eta * eta * j.beta_tilde;
        if (which == ETA_ONCE)
            noise = eta * j.beta_tilde;
        if (which == SWAPPED)
            kept = noise;
        if (which == NOT_REDUCED)
            kept = j.c_s;
        if (which == SIGMA_HAT)
            noise = j.beta;
        v = kept / j.c_t * v + noise;
    }
    return v;
}

/* Mean and variance of x_(tau[1]) given X0, from those of x_(tau[S]). */
static dm_gaussian descend(const dm_options *o, size_t S, const size_t tau[],
                           double eta)
{
    const dm_schedule *sch = o->schedule;
    dm_reverse r;

    // snippet: recursion
    dm_gaussian x = given(sch->abar[tau[S]], sch->c[tau[S]]), z = { 0.0, 1.0 };
    for (size_t i = S; i > 1; i--) { /* Eq. (3.1), law by law */
        dm_schedule_reverse(sch, tau[i - 1], tau[i], eta, &r);
        x = dm_gaussian_sum(r.coef_xt, x, r.sigma, z);
        x.mean += r.coef_x0 * X0;
    }
    // end: recursion
    return x;
}

static void check_marginals(const dm_options *o)
{
    size_t s = o->tau[1], T = o->tau[o->S], *all = all_times(T);
    double abar = o->schedule->abar[s], c = o->schedule->c[s];
    double limit = rounds(T) + 8.0 * (double)o->S;
    dm_gaussian x = descend(o, o->S, o->tau, o->eta);

    dm_check_exact(x.mean, sqrt(abar) * X0, limit, X0, "3.10",
                   "E[x_%zu given x_0], in %zu steps", s, o->S - 1);
    dm_check_refutes(abar * X0, "abar_s x_0: the root lost");
    dm_check_refutes(sqrt(o->schedule->abar[T]) * X0, "sqrt(abar_t) x_0");
    dm_check_exact(x.variance, c, limit, c, "3.10",
                   "Var[x_%zu given x_0], in %zu steps", s, o->S - 1);
    dm_check_refutes(variance_after(o, 1, ETA_ONCE), "eta for eta^2");
    dm_check_refutes(variance_after(o, 1, SWAPPED),
                     "sigma for sqrt(c_s - sigma^2)");
    dm_check_refutes(variance_after(o, 1, NOT_REDUCED),
                     "sigma^2 not taken off: sqrt(c_s)");
    dm_check_refutes(variance_after(o, 1, ONE_STEP), "abar_(t-1) for abar_s");

    double eta = fmin(o->eta, dm_sampler_eta_max(o->schedule, T, all, NULL));
    x = descend(o, T, all, eta);
    limit = rounds(T) + 8.0 * (double)T;
    dm_check_exact(x.variance, o->schedule->c[1], limit, o->schedule->c[1],
                   "3.10", "Var[x_1 given x_0], in %zu steps", T - 1);
    dm_check_refutes(o->schedule->c[2], "the schedule off by one");
    dm_check_refutes(o->schedule->c[T], "that of x_T");
    free(all);
}

/* What a walk down the chain with known x_0 leaves behind: where it is after
 * the middle step, from t to s, and sums over its particles. */
typedef struct {
    double *x[2];             /* [N]  x_s                               */
    double xx0, x0x0, square; /* of x_s and x_0, of the residual of x_s */
    double st, tt;            /* of the residuals of x_s and x_t        */
    double ends, starts;      /* of those of x_tau[1] and x_tau[S]      */
} walk;

// snippet: chain
/* One step of Eq. (3.4) for n particles, in place.  x, x0, z: [n]. */
static void step_back(jump j, double eta, size_t n, const double x0[],
                      const double z[], double x[])
{
    double left = ahead(j, eta), sigma = eta * sqrt(j.beta_tilde);

    for (size_t i = 0; i < n; i++) {
        double eps = (x[i] - sqrt(j.abar_t) * x0[i]) / sqrt(j.c_t);
        x[i] = sqrt(j.abar_s) * x0[i] + sqrt(left) * eps + sigma * z[i];
    }
}
// end: chain

/* One coordinate of n particles. */
typedef struct {
    double x0[BLOCK], x[BLOCK], z[BLOCK];
    double start[BLOCK], before[BLOCK]; /* residuals */
} coordinate;

/* Adds what is to be known of the states at tau[i] to the sums. */
static void note(const dm_options *o, size_t i, size_t n, coordinate *c,
                 walk *w)
{
    double scale = sqrt(o->schedule->abar[o->tau[i]]);
    double sd = sqrt(o->schedule->c[o->tau[i]]);

    for (size_t p = 0; p < n; p++) {
        double x0 = c->x0[p], x = c->x[p], r = (x - scale * x0) / sd;
        if (i == o->S)
            c->start[p] = r;
        if (i + 1 == middle(o)) {
            w->xx0 += x * x0;
            w->x0x0 += x0 * x0;
            w->square += r * r;
            w->st += r * c->before[p];
            w->tt += c->before[p] * c->before[p];
        }
        if (i == 1) {
            w->ends += r * c->start[p];
            w->starts += c->start[p] * c->start[p];
        }
        c->before[p] = r;
    }
}

/* Walks the n particles from `first` down all times, Eq. (3.9). */
static void walk_block(const dm_options *o, const dm_mixture *data,
                       gsl_rng *rng, size_t first, size_t n, walk *w)
{
    static coordinate c[2];
    size_t dim = data->dim, S = o->S;
    dm_level level = dm_schedule_level(o->schedule, o->tau[S]);
    uint32_t p = (uint32_t)first, step = (uint32_t)dim << 24;
    double *const x0[] = { c[0].x0, c[1].x0 };

    draw_data(data, rng, step, first, n, x0);
    dm_rng_normals(o->seed, DM_STREAM_JUMP, step, p, n, c[0].z, c[1].z);
    for (size_t d = 0; d < dim; d++)
        for (size_t k = 0; k < n; k++)
            c[d].x[k] =
                level.scale * c[d].x0[k] + sqrt(level.variance) * c[d].z[k];
    for (size_t i = S; i > 0; i--) {
        for (size_t d = 0; d < dim; d++) {
            note(o, i, n, &c[d], w);
            for (size_t k = 0; i + 1 == middle(o) && k < n; k++)
                w->x[d][first + k] = c[d].x[k];
        }
        if (i == 1)
            break;
        dm_rng_normals(o->seed, DM_STREAM_EXTRA, step + (uint32_t)i, p, n,
                       c[0].z, c[1].z);
        for (size_t d = 0; d < dim; d++)
            step_back(step_of(o, i), o->eta, n, c[d].x0, c[d].z, c[d].x);
    }
}

static walk walk_down(const dm_options *o, const dm_mixture *data, gsl_rng *rng)
{
    walk w = { .x = { numbers(o, 1), NULL } };

    if (data->dim == 2)
        w.x[1] = numbers(o, 1);
    for (size_t p = 0; p < o->particles; p += BLOCK)
        walk_block(o, data, rng, p, GSL_MIN(BLOCK, o->particles - p), &w);
    return w;
}

static void free_walk(walk *w)
{
    free(w->x[0]);
    free(w->x[1]);
}

/* Replaces the points of the walk by the Rosenblatt transform, Eq. (0.23), by
 * the law of the data at the level, in u. */
static void transform(const dm_options *o, const dm_mixture *data,
                      dm_level level, const walk *w, double *u[2])
{
    dm_mixture *q = dm_mixture_diffuse(data, level);

    for (size_t p = 0; p < o->particles; p++) {
        double x[] = { w->x[0][p], data->dim == 2 ? w->x[1][p] : 0.0 }, v[2];
        dm_mixture_rosenblatt(q, x, v);
        for (size_t d = 0; d < data->dim; d++)
            u[d][p] = v[d];
    }
    dm_mixture_free(q);
}

/* The scale of x_0 in x_s after the middle step, if kappa x_0 is left out. */
static double scale_kept(const dm_options *o)
{
    double kept = sqrt(o->schedule->abar[o->tau[o->S]]);

    for (size_t i = o->S; i >= middle(o); i--)
        kept *= at_eta(step_of(o, i), o->eta).m;
    return kept;
}

/* Rows: the states of the walk have the law q_s of chapter 1. */
static void check_law_of_walk(const dm_options *o, const dm_mixture *data,
                              const walk *w)
{
    size_t N = o->particles, s = o->tau[middle(o) - 1];
    double limit = dm_distance_ks_limit(N, 2.0 * DM_CHECK_TAIL);
    double whole = variance_after(o, middle(o) - 1, NOT_REDUCED);
    dm_level right = dm_schedule_level(o->schedule, s);
    dm_level level[] = { right,
                         { scale_kept(o), right.variance },
                         { right.scale, whole } };
    double *room = numbers(o, 2), *u[] = { room, room + N }, ks[3][2];

    for (int i = 0; i < 3; i++) {
        transform(o, data, level[i], w, u);
        for (size_t d = 0; d < data->dim; d++)
            ks[i][d] = dm_distance_ks(N, u[d]);
    }
    for (size_t d = 0; d < data->dim; d++) {
        const char *what = d == 1           ? "F(y given x)"
                           : data->dim == 1 ? "F(x_s)"
                                            : "F(x)";
        dm_check_law(ks[0][d], 0.0, 0.0, limit, 1.0, "3.10",
                     "%zu-D walk: KS of %s, s = %zu", data->dim, what, s);
        dm_check_refutes(ks[1][d], "kappa x_0 left out of the step");
        dm_check_refutes(ks[2][d], "sigma^2 not taken off: sqrt(c_s)");
    }
    free(room);
}

static void check_walk(const dm_options *o, const walk *w)
{
    if (o->S < 2)
        return; /* no step with s >= 1 */
    size_t s = o->tau[middle(o) - 1];
    double c = o->schedule->c[s], scale = sqrt(o->schedule->abar[s]);
    double low, high;

    dm_check_mc(w->xx0 / w->x0x0, scale, sqrt(c / w->x0x0), 1.0, "3.10",
                "1-D walk: slope of x_s on x_0");
    dm_check_refutes(scale * scale, "abar_s: the root lost");
    dm_check_refutes(scale_kept(o), "kappa x_0 left out of the step");
    dm_distance_variance_limits(o->particles, DM_CHECK_TAIL, &low, &high);
    dm_check_law(w->square / (double)o->particles, 1.0, low, high, 1.0, "3.10",
                 "1-D walk: residual^2/c_s, s = %zu", s);
    dm_check_refutes(variance_after(o, middle(o) - 1, ETA_ONCE) / c,
                     "eta for eta^2");
    dm_check_refutes(variance_after(o, middle(o) - 1, SWAPPED) / c,
                     "sigma for sqrt(c_s - sigma^2)");
    dm_check_refutes(variance_after(o, middle(o) - 1, NOT_REDUCED) / c,
                     "sigma^2 not taken off: sqrt(c_s)");
}

/* --- 3.4 the way forward -------------------------------------------------- */

/* x_t = lambda x_s + nu x_0 + noise, given x_s and x_0. */
typedef struct {
    double lambda, nu, variance;
} forward;

// snippet: forward
/* Eq. (3.11), for c_s - sigma^2 = left. */
static forward way_forward(jump j, double left, double variance)
{
    double lambda = sqrt(j.c_t * left) / j.c_s;
    return (forward){ lambda, sqrt(j.abar_t) - lambda * sqrt(j.abar_s),
                      variance * j.c_t / j.c_s };
}
// end: forward

/* The jump of section 3.4, and the variance of its noise. */
static const double FORWARD_VARIANCE = 0.02;

static jump forward_example(void)
{
    return jump_of(0.9, 0.7);
}

/* The same from the covariance of (x_0, x_s, x_t), where x_0 has the variance
 * v, by its inverse: what x_t is made of stands in the last row. */
static forward by_precision(jump j, double variance, double v)
{
    back b = coefficients(j, variance);
    double c[] = { v,
                   sqrt(j.abar_s) * v,
                   sqrt(j.abar_t) * v,
                   0.0,
                   j.abar_s * v + j.c_s,
                   sqrt(j.abar_s * j.abar_t) * v + b.m * j.c_t,
                   0.0,
                   0.0,
                   j.abar_t * v + j.c_t };
    gsl_matrix_view C = gsl_matrix_view_array(c, 3, 3);

    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < i; k++)
            c[3 * i + k] = c[3 * k + i];
    gsl_linalg_cholesky_decomp1(&C.matrix);
    gsl_linalg_cholesky_invert(&C.matrix);
    return (forward){ -c[7] / c[8], -c[6] / c[8], 1.0 / c[8] };
}

static void check_forward(void)
{
    const double many = 1024.0; /* the matrix has a condition below 1000 */
    jump j = forward_example();
    double v = FORWARD_VARIANCE;
    back b = coefficients(j, v);
    forward right = way_forward(j, j.c_s - v, v),
            seen = by_precision(j, v, 1.7);

    dm_check_exact(seen.lambda, right.lambda, many, 1.0, "3.11",
                   "coefficient of x_s");
    dm_check_refutes(sqrt(1.0 - j.beta), "that of the walk, Eq. (1.14)");
    dm_check_refutes(b.m, "m, that of the way back");
    dm_check_refutes(sqrt(j.c_t / j.c_s), "sigma^2 not taken off");
    dm_check_exact(seen.nu, right.nu, many, 1.0, "3.11", "coefficient of x_0");
    dm_check_refutes(0.0, "Markov for every sigma");
    dm_check_refutes(sqrt(j.abar_t), "lambda x_0 not taken off");
    dm_check_exact(seen.variance, right.variance, many, 1.0, "3.11",
                   "variance of x_t given x_s, x_0");
    dm_check_refutes(j.beta, "beta, that of the walk");
    dm_check_refutes(v, "sigma^2, that of the way back");
    dm_check_refutes(v * j.c_s / j.c_t, "c_s/c_t for c_t/c_s");
}

/* The run's own jump by the rule of conditioning, Eq. (0.8), at two points. */
static void check_forward_by_rule(const dm_options *o)
{
    jump j = middle_jump(o);
    double eta = eta_within(j, o->eta), x_s = sqrt(j.abar_s) * X0 + 0.7;
    back b = at_eta(j, eta);
    forward f = way_forward(j, ahead(j, eta), b.sigma * b.sigma);
    dm_gaussian x_t =
        dm_gaussian_condition(given(j.abar_t, j.c_t), b.m, b.kappa * X0,
                              b.sigma * b.sigma, x_s);

    dm_check_exact(x_t.mean, f.lambda * x_s + f.nu * X0, rounds(j.t), 4.0,
                   "3.11", "mean of x_%zu given x_%zu, x_0", j.t, j.s);
    dm_check_refutes(sqrt(1.0 - j.beta) * x_s, "Markov for every sigma");
    dm_check_exact(x_t.variance, f.variance, rounds(j.t), 1.0, "3.11",
                   "variance of x_%zu given x_%zu, x_0", j.t, j.s);
    dm_check_refutes(j.beta, "beta, that of the walk");
}

/* The coefficient of x_0 in the least squares fit of x_t by x_s and x_0, over
 * draws of the chain from x0: [N], and its standard error: exact, given x_s and
 * x_0. */
static double fitted_nu(const dm_options *o, const double x0[], jump j,
                        double variance, uint32_t number, double *se)
{
    back b = coefficients(j, variance);
    forward f = way_forward(j, j.c_s - variance, variance);
    double ss = 0.0, s0 = 0.0, s00 = 0.0, st = 0.0, t0 = 0.0;
    double eps[BLOCK], z[BLOCK];

    for (size_t p = 0; p < o->particles; p++) {
        size_t k = p % BLOCK;
        if (k == 0)
            dm_rng_normals(o->seed, DM_STREAM_FORWARD, number, (uint32_t)p,
                           BLOCK, eps, z);
        double x_t = sqrt(j.abar_t) * x0[p] + sqrt(j.c_t) * eps[k];
        double x_s = b.m * x_t + b.kappa * x0[p] + b.sigma * z[k];
        ss += x_s * x_s;
        s0 += x_s * x0[p];
        s00 += x0[p] * x0[p];
        st += x_s * x_t;
        t0 += x0[p] * x_t;
    }
    double det = ss * s00 - s0 * s0;
    *se = sqrt(f.variance * ss / det);
    return (ss * t0 - s0 * st) / det;
}

static void check_fit(const dm_options *o, const double x0[])
{
    jump j = forward_example();
    double se, nu, v = FORWARD_VARIANCE;

    if (o->particles < 3)
        return; /* any line fits */
    nu = fitted_nu(o, x0, j, v, 0, &se);
    dm_check_mc(nu, way_forward(j, j.c_s - v, v).nu, se, 1.0, "3.11",
                "x_0 in a fit of x_t by x_s and x_0");
    dm_check_refutes(0.0, "Markov for every sigma");
    dm_check_refutes(way_forward(j, j.c_s, 0.0).nu, "that of sigma = 0");
}

/* The coefficient of x_0 on the way forward, for a root of it in sigma^2. */
static double nu_of_variance(double variance, void *params)
{
    const jump *j = params;
    return way_forward(*j, j->c_s - variance, variance).nu;
}

/* The sigma^2 at which x_0 drops out, by GSL. */
static double markov_variance(jump j)
{
    gsl_function f = { nu_of_variance, &j };
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);

    gsl_root_fsolver_set(solver, &f, 0.0, j.c_s);
    for (int i = 0; i < 100; i++)
        gsl_root_fsolver_iterate(solver);
    double root = gsl_root_fsolver_root(solver);
    gsl_root_fsolver_free(solver);
    return root;
}

static void check_markov(const dm_options *o)
{
    jump j = forward_example(), run = middle_jump(o);
    double v = FORWARD_VARIANCE, factor = j.abar_s * j.c_t / (j.c_s * j.c_s);
    forward f = way_forward(j, j.c_s - v, v);

    dm_check_exact(gsl_pow_2(f.lambda) * j.abar_s - j.abar_t,
                   factor * (j.beta_tilde - v), 32.0, j.abar_t, "3.12",
                   "lambda^2 abar_s - abar_t");
    dm_check_refutes(factor * (j.beta - v), "beta for beta-tilde");
    dm_check_refutes(0.0, "Markov for every sigma");
    dm_check_refutes(factor * (j.c_s - v), "Markov at the bound");
    for (int i = 0; i < 2; i++, j = run) {
        /* nu is known to a few roundings of sqrt(abar_t); so is its root. */
        double slope = sqrt(j.abar_s * j.c_t / ahead(j, 1.0)) / (2.0 * j.c_s);
        double error = 8.0 * DBL_EPSILON * sqrt(j.abar_t) / slope +
                       rounds(j.t) * DBL_EPSILON * j.c_s;
        char which[32] = "abar = 0.7 to 0.9";
        if (i == 1)
            snprintf(which, sizeof which, "t = %zu to %zu", j.t, j.s);
        dm_check_numeric(markov_variance(j), j.beta_tilde, error, 1.0, "3.12",
                         "Markov sigma^2, %s", which);
        dm_check_refutes(j.beta, "beta");
        dm_check_refutes(0.0, "sigma = 0");
        dm_check_refutes(j.c_s, "the bound");
    }
}

/* The steps of the run's times, from s >= 1, in which x_0 drops out on the way
 * forward: lambda is that of the walk, Eq. (1.14). */
static size_t markov_steps(const dm_options *o, double eta)
{
    size_t count = 0;

    for (size_t i = 2; i <= o->S; i++) {
        jump j = step_of(o, i);
        double left = ahead(j, eta_within(j, eta));
        double markov = sqrt(j.abar_t / j.abar_s);
        double lambda = way_forward(j, left, 0.0).lambda;
        count += fabs(lambda - markov) <= 16.0 * DBL_EPSILON * markov;
    }
    return count;
}

/* The log density of states at the run's times by Eq. (3.9), with this eta, and
 * in *markov by Eq. (1.2).  *size is that of the terms that were rounded. */
static double joint_law(const dm_options *o, double eta, double *markov,
                        double *size)
{
    double sum = 0.0, x_t = NAN, x_s = X0;

    *markov = *size = 0.0;
    for (size_t i = 1; i <= o->S; i++) {
        jump j = step_of(o, i);
        double r = sin(37.0 * (double)i); /* the noise in x_t */
        x_t = sqrt(j.abar_t) * X0 + sqrt(j.c_t) * r;
        dm_gaussian step = { sqrt(j.abar_t / j.abar_s) * x_s, j.beta };
        *markov += dm_gaussian_log_pdf(step, x_t);
        *size += 1.0 + fabs(x_t) * fabs(x_t - step.mean) / j.beta;
        if (i > 1) {
            back b = at_eta(j, eta);
            dm_gaussian q = { b.m * x_t + b.kappa * X0, b.sigma * b.sigma };
            sum += dm_gaussian_log_pdf(q, x_s);
            *size += 1.0 + fabs(X0) * fabs(x_s - q.mean) / q.variance;
        }
        x_s = x_t;
    }
    jump last = step_of(o, o->S);
    return sum + dm_gaussian_log_pdf(given(last.abar_t, last.c_t), x_t);
}

static void check_joint(const dm_options *o)
{
    double markov, size, other, eta = 0.5 * fmin(1.0, o->eta) + 0.25;

    dm_check_exact((double)markov_steps(o, 1.0), (double)o->S - 1.0, 0.0, 1.0,
                   "3.12", "steps without x_0, eta = 1, of %zu", o->S - 1);
    dm_check_refutes((double)markov_steps(o, 0.0), "eta = 0");
    dm_check_refutes((double)markov_steps(o, eta), "eta = %.4g", eta);
    double joint = joint_law(o, 1.0, &markov, &size);
    dm_check_exact(joint, markov, rounds(o->steps), size, "3.9",
                   "log joint law, eta = 1, Eq. (1.2)");
    dm_check_refutes(joint_law(o, eta, &other, &size), "eta = %.4g", eta);
}

/* --- 3.5 other joint laws ------------------------------------------------- */

static void check_covariance(void)
{
    jump j = example();
    back b = coefficients(j, EXAMPLE_VARIANCE);
    /* x_s + x_t is one number with one eps and one z in it. */
    double sum = gsl_pow_2((b.m + 1.0) * sqrt(j.c_t)) + EXAMPLE_VARIANCE;
    double cov = 0.5 * (sum - j.c_s - j.c_t);

    dm_check_exact(cov, sqrt((j.c_s - EXAMPLE_VARIANCE) * j.c_t), 16.0, 1.0,
                   "3.13", "Cov[x_s, x_t given x_0]");
    dm_check_refutes(sqrt((j.c_s - j.beta_tilde) * j.c_t), "that of the walk");
    dm_check_refutes(sqrt(j.c_s * j.c_t), "one eps for both");
    dm_check_refutes(0.0, "a noise of its own for each");
    dm_check_refutes(-sqrt((j.c_s - EXAMPLE_VARIANCE) * j.c_t),
                     "that of the other root");
}

/* The correlation rho of x_s and x_t given x_0, from tau[i] to tau[last]; in
 * *free, unless NULL, 1 - rho^2 without taking one from the other. */
static double correlation(const dm_options *o, size_t i, size_t last,
                          double eta, double *free)
{
    double rho = 1.0, fresh = 0.0;

    for (; i > last; i--) {
        jump j = step_of(o, i);
        back b = at_eta(j, eta_within(j, eta));
        double share = b.sigma * b.sigma / j.c_s;
        rho *= b.m * sqrt(j.c_t / j.c_s);
        fresh = share + (1.0 - share) * fresh;
    }
    if (free != NULL)
        *free = fresh;
    return rho;
}

/* A row: the slope of the residuals at one time on those at another, given the
 * latter: exactly Gaussian about the correlation. */
static void check_slope(const dm_options *o, double product, double square,
                        size_t from, size_t to)
{
    double free, rho = correlation(o, from, to, o->eta, &free);
    double round_off = 64.0 * (double)o->S * DBL_EPSILON;

    dm_check_mc(product / square, rho, hypot(sqrt(free / square), round_off),
                1.0, "3.13", "correlation of x_%zu and x_%zu", o->tau[from],
                o->tau[to]);
    dm_check_refutes(correlation(o, from, to, 1.0, NULL), "that of the walk");
    dm_check_refutes(1.0, "one eps for both");
    dm_check_refutes(0.0, "a noise of its own for each");
}

static void check_correlations(const dm_options *o, const walk *w)
{
    size_t i = middle(o);

    if (o->S < 2)
        return;
    check_slope(o, w->st, w->tt, i, i - 1);
    check_slope(o, w->ends, w->starts, o->S, 1);
}

/* At sigma = 0 the noise that x_tau[S] was made with is still that of
 * x_tau[1]. */
static void check_one_noise(const dm_options *o)
{
    const double x0 = X0, none = 0.0, eps = -0.8;
    jump last = step_of(o, o->S);
    double x = sqrt(last.abar_t) * x0 + sqrt(last.c_t) * eps;
    double kept = eps; /* where the other root is taken */

    for (size_t i = o->S; i > 1; i--) {
        step_back(step_of(o, i), 0.0, 1, &x0, &none, &x);
        kept = -kept;
    }
    double abar = o->schedule->abar[o->tau[1]], c = o->schedule->c[o->tau[1]];
    double limit = 8.0 * (double)o->S + 16.0;
    dm_check_exact((x - sqrt(abar) * x0) / sqrt(c), eps, limit,
                   (X0 + 1.0) / sqrt(c), "3.14", "eps in x_%zu, sigma = 0",
                   o->tau[1]);
    dm_check_refutes(eps * correlation(o, o->S, 1, 1.0, NULL),
                     "its mean at eta = 1, the walk");
    dm_check_refutes(0.0, "a noise of its own for each");
    if (kept != eps)
        dm_check_refutes(kept, "the other root");
}

/* --- 3.6 the sampler ------------------------------------------------------ */

// snippet: step
/* Takes the point x one step of the sampler, Eq. (3.16).  x, z: [dim]. */
static void step_down(const dm_mixture *data, jump j, double eta,
                      const double z[], double x[])
{
    dm_level level = { sqrt(j.abar_t), j.c_t };
    double left = ahead(j, eta), sigma = eta * sqrt(j.beta_tilde);
    double eps[2]; /* what a network would predict */

    dm_mixture_eps(data, level, x, eps);
    for (size_t i = 0; i < data->dim; i++) {
        double x0 = (x[i] - sqrt(j.c_t) * eps[i]) / sqrt(j.abar_t);
        x[i] = sqrt(j.abar_s) * x0 + sqrt(left) * eps[i] + sigma * z[i];
    }
}
// end: step

/* The table of the run: eta and the times from the command line. */
static dm_sampler *table_of(const dm_options *o, double eta)
{
    return dm_sampler_ddim(o->schedule, o->S, o->tau, eta);
}

/* The table of S steps, or as many as there are, evenly spread; an eta of NaN
 * stands for sigma-hat. */
static dm_sampler *uniform(const dm_options *o, size_t S, double eta)
{
    size_t *tau = all_times(o->steps);

    S = GSL_MIN(S, o->steps);
    dm_sampler_tau_uniform(o->steps, S, tau);
    dm_sampler *table = isnan(eta) ? dm_sampler_sigma_hat(o->schedule, S, tau)
                                   : dm_sampler_ddim(o->schedule, S, tau, eta);
    free(tau);
    return table;
}

/* Prints the table that the engine runs. */
static void print_table(const dm_sampler *table)
{
    printf("-- table --\n%4s %6s %6s %9s %9s %12s %12s %12s\n", "step", "t",
           "s", "abar_t", "abar_s", "A", "B", "C");
    for (size_t i = 0; i < table->n; i++) {
        const dm_step *p = &table->step[i];
        if (table->n > 20 && i >= 10 && i + 10 < table->n)
            continue; /* the first and the last ten */
        printf("%4zu %6zu %6zu %9.3g %9.3g %12.6g %12.6g %12.6g\n", i + 1, p->t,
               p->s, gsl_pow_2(p->from.scale), gsl_pow_2(p->to.scale), p->A,
               p->B, p->C);
    }
}

static void check_table(const dm_options *o, const dm_sampler *table)
{
    jump j = o->S > 1 ? step_of(o, middle(o)) : step_of(o, 1);
    const dm_step *step = &table->step[o->S > 1 ? o->S - middle(o) : 0];
    double left = ahead(j, o->S > 1 ? o->eta : 0.0);
    double noise = o->S > 1 ? o->eta * sqrt(j.beta_tilde) : 0.0;
    double A = sqrt(j.abar_s / j.abar_t), part = A * sqrt(j.c_t);

    dm_check_exact(step->A, A, rounds(j.t), A, "3.17", "A, t = %zu to %zu", j.t,
                   j.s);
    dm_check_refutes(1.0 / A, "abar_t/abar_s");
    dm_check_refutes(A * A, "the root lost");
    dm_check_exact(step->B, sqrt(left) - part, rounds(j.t), part, "3.17",
                   "B, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(sqrt(j.c_s) - part, "sigma^2 not taken off");
    dm_check_refutes(noise - part, "sigma for sqrt(c_s - sigma^2)");
    dm_check_refutes(-sqrt(left) - part, "the other root");
    dm_check_refutes(sqrt(left) - A * j.c_t, "1 - abar_t without its root");
    if (o->S < 2)
        return; /* the last step has no noise */
    dm_check_exact(step->C, noise, rounds(j.t), noise, "3.17",
                   "C, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(o->eta * j.beta_tilde, "beta-tilde without its root");
    dm_check_refutes(sqrt(o->eta) * sqrt(j.beta_tilde), "eta for eta^2");
    dm_check_refutes(o->eta * sqrt(o->schedule->beta[j.t]),
                     "beta_t for the noise of the jump");
}

/* Where A is large, the sum A sqrt(c_t) + B is what two large numbers leave: to
 * two roundings of them, one of the root and one of B. */
static void check_large_a(void)
{
    const size_t tau[] = { 0, 100, 1000 };
    dm_schedule *sch = dm_schedule_linear(1000, 1e-4, 0.02);
    dm_sampler *table = dm_sampler_ddim(sch, 2, tau, 0.5);
    const dm_step *step = &table->step[0];
    double root = sqrt(sch->c[1000]), A = step->A;
    dm_reverse r;

    dm_schedule_reverse(sch, 100, 1000, 0.5, &r);
    dm_check_exact(fma(A, root, step->B), r.coef_xt * root, 2.0, A, "3.17",
                   "A sqrt(c_t) + B, A = %.0f", A);
    dm_check_refutes(2.0 * A * root, "the sign of B");
    dm_check_refutes(fma(A, root, -r.coef_x0 * root / step->from.scale),
                     "B not matched to the rounded A");
    dm_sampler_free(table);
    dm_schedule_free(sch);
}

/* Runs the table over n particles and keeps where they are at some times. */
static dm_cloud *run_table(const dm_options *o, const dm_sampler *table,
                           const dm_mixture *data, size_t n, dm_record *record)
{
    dm_cloud *cloud = dm_cloud_new(data->dim, n);
    dm_run run = { .seed = o->seed,
                   .stream = DM_STREAM_SAMPLER,
                   .threads = o->threads,
                   .records = record != NULL,
                   .record = record };

    dm_cloud_start(cloud, 1.0, o->seed);
    dm_cloud_run(cloud, table, data, &run);
    return cloud;
}

/* How many of the engine's moves of COMPARED particles the scalar step repeats,
 * to 1e-12 of the numbers it adds; with `shift`, where each is given the noise
 * of the particle so many further on. */
static size_t moves_repeated(const dm_options *o, const dm_sampler *table,
                             const dm_mixture *data, uint32_t shift)
{
    size_t n = COMPARED, all = (table->n + 1) * n, count = 0;
    double *x = malloc(all * sizeof *x), *y = calloc(all, sizeof *y);
    dm_record record = { .paths = n, .times = table->n + 1, .x = x, .y = y };
    double limit = dm_mixture_tolerance(data, 1e-12);

    dm_cloud_free(run_table(o, table, data, n, &record));
    for (size_t i = 0; i < table->n; i++) {
        jump j = step_of(o, o->S - i);
        double eta = j.s > 0 ? o->eta : 0.0;
        for (size_t p = 0; p < n; p++) {
            double at[] = { x[i * n + p], y[i * n + p] }, z[2];
            double size = 1.0 + table->step[i].A * hypot(at[0], at[1]);
            dm_rng_normals(o->seed, DM_STREAM_SAMPLER, (uint32_t)i,
                           (uint32_t)p + shift, 1, &z[0], &z[1]);
            step_down(data, j, eta, z, at);
            at[0] -= x[(i + 1) * n + p];
            at[1] -= y[(i + 1) * n + p];
            count += hypot(at[0], at[1]) <= limit * size;
        }
    }
    free(x);
    free(y);
    return count;
}

static void check_engine(const dm_options *o, const dm_sampler *table,
                         const dm_mixture *data)
{
    double all = (double)(COMPARED * table->n);

    dm_check_exact((double)moves_repeated(o, table, data, 0), all, 0.0, 1.0,
                   "3.17", "%zu-D: moves as the scalar step's", data->dim);
    dm_check_refutes((double)moves_repeated(o, table, data, 1),
                     "the noise of the next particle");
}

/* A point one standard deviation from the middle of the heaviest component, at
 * the signal power. */
static double typical_point(const dm_mixture *data, double abar, double c)
{
    const dm_component *best = &data->component[0];

    for (size_t k = 1; k < data->K; k++)
        if (data->component[k].weight > best->weight)
            best = &data->component[k];
    return sqrt(abar) * best->mean[0] - sqrt(abar * best->cov.xx + c);
}

/* Moves *x as Eq. (3.16) does without noise, with the root m of that sign;
 * returns the slope of the move, Eq. (3.18). */
static double follow(const dm_mixture *data, jump j, double eta, double sign,
                     double *x)
{
    double m = sign * sqrt(ahead(j, eta) / j.c_t), mean;
    double kappa = sqrt(j.abar_s) - m * sqrt(j.abar_t);
    dm_sym2 cov;

    // snippet: follow
    dm_mixture_denoise(data, (dm_level){ sqrt(j.abar_t), j.c_t }, x, &mean,
                       &cov);
    *x = m * *x + kappa * mean;
    return m + kappa * sqrt(j.abar_t) / j.c_t * cov.xx;
    // end: follow
}

/* Rows: what the other root does, though it keeps all marginals. */
static void check_standing_still(const dm_options *o)
{
    jump j = middle_jump(o);
    j = jump_between(o->schedule, j.t, j.t); /* from t to t */
    double x = typical_point(o->data1, j.abar_t, j.c_t), right = x, other = x;

    follow(o->data1, j, 0.0, 1.0, &right);
    follow(o->data1, j, 0.0, -1.0, &other);
    dm_check_exact(right, x, 16.0, fabs(x) + 1.0, "3.16",
                   "a step from t = %zu to itself", j.t);
    dm_check_refutes(other, "the other root");
}

/* What the integral of the slope needs. */
typedef struct {
    const dm_mixture *data;
    jump j;
    double eta, sign;
} move;

static double slope_at(double x, void *params)
{
    const move *p = params;
    return follow(p->data, p->j, p->eta, p->sign, &x);
}

/* The integral of f from low to high; adds its error, as the quadrature
 * estimates it, or epsabs, if that is more, to *error. */
static double integral(double (*f)(double, void *), void *params, double low,
                       double high, double epsabs, double *error)
{
    gsl_function function = { f, params };
    gsl_integration_cquad_workspace *w =
        gsl_integration_cquad_workspace_alloc(200);
    double result, estimate;

    gsl_integration_cquad(&function, low, high, epsabs, 0.0, w, &result,
                          &estimate, NULL);
    gsl_integration_cquad_workspace_free(w);
    *error += fmax(estimate, epsabs);
    return result;
}

static void check_increasing(const dm_options *o)
{
    jump j = middle_jump(o);
    move p = { o->data1, j, eta_within(j, o->eta), 1.0 };
    double low = typical_point(o->data1, j.abar_t, j.c_t), high = low + 1.5;
    double x = low, y = high, u = low, v = high;
    double tol = dm_mixture_tolerance(o->data1, TOLERANCE), error = 0.0;

    double sum = integral(slope_at, &p, low, high, tol, &error);
    follow(p.data, j, p.eta, 1.0, &x);
    follow(p.data, j, p.eta, 1.0, &y);
    error *= 4.0 * (1.0 + fabs(x) + fabs(y));
    dm_check_numeric(sum, y - x, error, 1.0, "3.18",
                     "integral of the slope, t = %zu", j.t);
    follow(p.data, j, p.eta, -1.0, &u);
    follow(p.data, j, p.eta, -1.0, &v);
    dm_check_refutes(v - u, "the other root");
    dm_check_refutes(at_eta(j, p.eta).m * (high - low),
                     "the estimate taken for a constant");
    dm_check_refutes(sqrt(j.abar_s / j.abar_t) * (high - low),
                     "eps taken for a constant");
}

/* --- 3.7 what the estimate costs ------------------------------------------ */

/* An integrand over x_0: the joint density of x_0 and x_t, times a power of the
 * distance of x_s from a point, given both. */
typedef struct {
    const dm_mixture *data;
    jump j;
    back b;
    double x_t, point;
    int power; /* 0, 1 or 2 */
} known;

static double joint_moment(double x0, void *params)
{
    known *k = params;
    dm_gaussian x_t = { sqrt(k->j.abar_t) * x0, k->j.c_t };
    double density = exp(dm_mixture_log_density(k->data, &x0)) *
                     dm_gaussian_pdf(x_t, k->x_t);
    double mean = k->b.m * k->x_t + k->b.kappa * x0 - k->point;

    if (k->power == 2)
        return density * (mean * mean + k->b.sigma * k->b.sigma);
    return k->power == 1 ? density * mean : density;
}

static double integral_over_data(known *k, double epsabs)
{
    dm_gaussian likely = { k->x_t / sqrt(k->j.abar_t), k->j.c_t / k->j.abar_t };
    double result = NAN;

    dm_mixture_integrate(k->data, &likely, joint_moment, k, epsabs, &result);
    return result;
}

/* What one step of the example does to the point x: of its variance, sigma^2 is
 * made and so much lost. */
typedef struct {
    back b;
    double made, lost;
} cost;

/* Rows: mean and variance of x_s given x_t = x at this eta, Eq. (3.19). */
static cost check_cost(const dm_mixture *data, double eta, double x)
{
    jump j = example();
    known k = { data, j, at_eta(j, eta), x, 0.0, 1 };
    double tol = dm_mixture_tolerance(data, TOLERANCE), estimate;
    dm_level level = { sqrt(j.abar_t), j.c_t };
    dm_mixture *q_t = dm_mixture_diffuse(data, level);
    double density = exp(dm_mixture_log_density(q_t, &x));
    dm_sym2 cov;

    dm_mixture_free(q_t);
    dm_mixture_denoise(data, level, &x, &estimate, &cov);
    cost c = { k.b, gsl_pow_2(k.b.sigma), gsl_pow_2(k.b.kappa) * cov.xx };
    double size = fabs(x) + fabs(estimate) + sqrt(cov.xx) + 1.0;
    k.point = integral_over_data(&k, tol * density * size) / density;
    dm_check_numeric(k.point, k.b.m * x + k.b.kappa * estimate,
                     4.0 * tol * size, 1.0, "3.19",
                     "E[x_s given x_t], eta = %.1f", eta);
    dm_check_refutes(k.b.m * x + k.b.kappa * x / sqrt(j.abar_t),
                     "x_t/sqrt(abar_t) for the estimate");
    k.power = 2;
    size *= size;
    double spread = integral_over_data(&k, tol * density * size) / density;
    dm_check_numeric(spread, c.made + c.lost, 4.0 * tol * size, 1.0, "3.19",
                     "Var[x_s given x_t], eta = %.1f", eta);
    dm_check_refutes(c.made, "the estimate taken for x_0");
    if (eta == 0.5) {
        dm_check_refutes(c.made + k.b.kappa * cov.xx, "kappa for its square");
        dm_check_refutes(c.made + j.abar_s * cov.xx, "sqrt(abar_s) for kappa");
    }
    return c;
}

/* Checks, and then prints, what one step of the example loses. */
static void check_costs(const dm_options *o)
{
    static const double at[] = { 0.0, 0.2, 0.5, 0.8, 1.0 };
    enum { COSTS = sizeof at / sizeof *at };
    jump j = example();
    double x = typical_point(o->data1, j.abar_t, j.c_t);
    cost all[COSTS];

    for (size_t i = 0; i < COSTS; i++)
        all[i] = check_cost(o->data1, at[i], x);
    printf("-- cost --\n%5s %8s %8s %8s %18s %10s %10s\n", "eta", "sigma^2",
           "m", "kappa", "kappa^2 Var[x_0]", "together", "lost");
    for (size_t i = 0; i < COSTS; i++) {
        cost c = all[i];
        printf("%5.2g %8.4f %8.4f %8.4f %18.4g %10.4g %9.0f%%\n", at[i], c.made,
               c.b.m, c.b.kappa, c.lost, c.made + c.lost,
               100.0 * c.lost / (c.made + c.lost));
    }
}

/* --- 3.8 which eta is which sampler --------------------------------------- */

/* The coefficients of the posterior, Eqs. (2.3) and (2.4), in eta's place. */
static void check_eta_1(const dm_schedule *sch)
{
    size_t t = (sch->T + 2) / 2;
    jump j = jump_between(sch, t - 1, t);
    dm_reverse r;

    dm_schedule_reverse(sch, t - 1, t, 1.0, &r);
    double of_xt = sqrt(1.0 - j.beta) * j.c_s / j.c_t;
    double of_x0 = sqrt(j.abar_s) * j.beta / j.c_t;
    dm_check_exact(r.coef_xt, of_xt, rounds(t), 1.0, "3.20",
                   "m at eta = 1, t = %zu", t);
    dm_check_refutes(sqrt(ahead(j, 0.0) / j.c_t), "that of eta = 0");
    dm_check_refutes(sqrt((j.c_s - j.beta) / j.c_t), "sigma^2 = beta");
    dm_check_exact(r.coef_x0, of_x0, rounds(t), of_x0, "3.20",
                   "kappa at eta = 1, t = %zu", t);
    dm_check_refutes(coefficients(j, j.beta).kappa, "sigma^2 = beta");
    dm_check_refutes(sqrt(j.abar_t) * j.beta / j.c_t, "abar_t for abar_s");
}

static int agree(double a, double b, double limit)
{
    return fabs(a - b) <= limit * fabs(b);
}

/* How many steps of two tables agree to a relative limit. */
static size_t steps_agreed(const dm_sampler *a, const dm_sampler *b,
                           double limit)
{
    size_t count = 0;

    for (size_t i = 0; i < a->n && i < b->n; i++)
        count += agree(a->step[i].A, b->step[i].A, limit) &&
                 agree(a->step[i].B, b->step[i].B, limit) &&
                 agree(a->step[i].C, b->step[i].C, limit);
    return count;
}

/* A row: the two tables agree in all steps, to what n additions leave of
 * digits; not so the others. */
static void check_same(const dm_sampler *a, const dm_sampler *b, double factor,
                       const dm_sampler *beta, const dm_sampler *half,
                       const char *what)
{
    double limit = factor * DBL_EPSILON;

    dm_check_exact((double)steps_agreed(a, b, limit), (double)b->n, 0.0, 1.0,
                   "3.20", "%s", what);
    dm_check_refutes((double)steps_agreed(a, beta, limit),
                     "DDPM with sigma^2 = beta");
    if (half != NULL)
        dm_check_refutes((double)steps_agreed(half, b, limit), "eta = 0.5");
}

static void check_ddpm(const dm_options *o)
{
    size_t T = o->steps;
    dm_sampler *ddim = uniform(o, T, 1.0), *half = uniform(o, T, 0.5);
    dm_sampler *hat = uniform(o, T, NAN);
    dm_sampler *ddpm = dm_sampler_ddpm(o->schedule, DM_VARIANCE_BETA_TILDE);
    dm_sampler *beta = dm_sampler_ddpm(o->schedule, DM_VARIANCE_BETA);
    double limit = rounds(T) * DBL_EPSILON;

    check_same(ddim, ddpm, rounds(T), beta, half,
               "steps of all T as DDPM's, eta = 1");
    dm_check_exact((double)steps_agreed(hat, beta, limit), (double)T, 0.0, 1.0,
                   "3.21", "sigma-hat of all T as DDPM, beta");
    dm_check_refutes((double)steps_agreed(hat, ddpm, limit),
                     "DDPM with beta-tilde");
    dm_sampler_free(ddim);
    dm_sampler_free(half);
    dm_sampler_free(hat);
    dm_sampler_free(ddpm);
    dm_sampler_free(beta);
}

/* The chain whose steps are the jumps of the run's times. */
static dm_schedule *coarse_chain(const dm_options *o)
{
    double *beta = calloc(o->S + 1, sizeof *beta);

    // snippet: coarse
    for (size_t i = 1; i <= o->S; i++)
        beta[i] =
            dm_schedule_jump(o->schedule, o->tau[i - 1], o->tau[i]).variance;
    dm_schedule *coarse = dm_schedule_from_beta(o->S, beta);
    // end: coarse
    free(beta);
    return coarse;
}

static void check_coarse(const dm_options *o)
{
    double factor = 1.0;

    for (size_t i = 1; i <= o->S; i++) /* a chain knows 1 - beta to eps */
        factor = fmax(factor, 1.0 / (1.0 - step_of(o, i).beta));
    factor *= rounds(o->steps);
    if (o->S < 2 || !(factor * DBL_EPSILON < 1e-3))
        return; /* a schedule has two steps, and digits in its 1 - beta */
    dm_schedule *coarse = coarse_chain(o);
    dm_sampler *ddim = table_of(o, 1.0), *half = table_of(o, 0.5);
    dm_sampler *ddpm = dm_sampler_ddpm(coarse, DM_VARIANCE_BETA_TILDE);
    dm_sampler *beta = dm_sampler_ddpm(coarse, DM_VARIANCE_BETA);
    dm_sampler *hat = dm_sampler_sigma_hat(o->schedule, o->S, o->tau);

    check_same(ddim, ddpm, factor, beta, half,
               "steps as the coarse DDPM's, eta = 1");
    size_t i = o->S - middle(o);
    jump j = step_of(o, middle(o));
    dm_check_exact(ddim->step[i].C, ddpm->step[i].C, factor, ddpm->step[i].C,
                   "3.20", "C, t = %zu to %zu, eta = 1", j.t, j.s);
    dm_check_refutes(sqrt(o->schedule->beta[j.t] * j.c_s / j.c_t),
                     "beta_t for 1 - abar_t/abar_s");
    dm_check_refutes(sqrt(j.beta), "sigma^2 = beta");
    dm_check_exact((double)steps_agreed(hat, beta, factor * DBL_EPSILON),
                   (double)o->S, 0.0, 1.0, "3.21",
                   "sigma-hat as the coarse DDPM, beta");
    dm_check_refutes((double)steps_agreed(hat, ddpm, factor * DBL_EPSILON),
                     "DDPM with beta-tilde");
    dm_sampler_free(ddim);
    dm_sampler_free(half);
    dm_sampler_free(ddpm);
    dm_sampler_free(beta);
    dm_sampler_free(hat);
    dm_schedule_free(coarse);
}

/* The excess of Var[x_s given x_0] at s = tau[last] over 1 - abar_s, when x_0
 * is known and the steps have sigma-hat's noise. */
static double excess_after(const dm_options *o, size_t last)
{
    return variance_after(o, last, SIGMA_HAT) - o->schedule->c[o->tau[last]];
}

static void check_sigma_hat(const dm_options *o)
{
    jump j = middle_jump(o);
    double excess = j.abar_s * j.beta * j.beta / j.c_t, sum = 0.0;

    dm_check_exact(ahead(j, 1.0) + j.beta - j.c_s, excess, rounds(j.t), 1.0,
                   "3.21", "excess variance, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(0.0, "sigma-hat taken for a member");
    dm_check_refutes(j.abar_s * j.beta / j.c_t, "beta for its square");
    dm_check_refutes(j.beta, "beta on top of all");
    if (o->S < 2)
        return;
    for (size_t i = o->S; i > 1; i--) { /* each excess shrinks on its way */
        j = step_of(o, i);
        sum = gsl_pow_2(sqrt(j.abar_t / j.abar_s) * j.c_s / j.c_t) * sum +
              j.abar_s * j.beta * j.beta / j.c_t;
    }
    dm_check_exact(excess_after(o, 1), sum, rounds(o->steps) * (double)o->S,
                   1.0, "3.21", "excess variance of x_%zu", o->tau[1]);
    dm_check_refutes(0.0, "sigma-hat taken for a member");
    dm_check_refutes(j.abar_s * j.beta * j.beta / j.c_t,
                     "the last step's only");
}

/* The same over all times: in excess[s] by the variances, in sum[s] by
 * Eq. (3.21), for s from T - 1 down to 1. */
static void excess_of_all(const dm_schedule *sch, double excess[], double sum[])
{
    double v = sch->c[sch->T], handed_on = 0.0;

    for (size_t t = sch->T; t > 1; t--) {
        jump j = jump_between(sch, t - 1, t);
        v = ahead(j, 1.0) / j.c_t * v + j.beta;
        handed_on = gsl_pow_2(sqrt(1.0 - j.beta) * j.c_s / j.c_t) * handed_on +
                    j.abar_s * j.beta * j.beta / j.c_t;
        excess[t - 1] = v - j.c_s;
        sum[t - 1] = handed_on;
    }
}

static void check_excess_of_all(const dm_options *o)
{
    size_t T = o->steps, at[] = { 1, GSL_MAX(1, T / 10) };
    double *excess = calloc(T, sizeof *excess), *sum = calloc(T, sizeof *sum);
    double largest = 0.0, most = 0.0;

    excess_of_all(o->schedule, excess, sum);
    for (size_t s = 1; s < T; s++) {
        largest = fmax(largest, excess[s]);
        most = fmax(most, sum[s]);
    }
    dm_check_exact(largest, most, rounds(T), 1.0, "3.21",
                   "largest excess, all %zu times", T);
    dm_check_refutes(0.0, "sigma-hat taken for a member");
    dm_check_refutes(sum[1], "that of x_1");
    for (int i = 0; i < 2; i++) {
        size_t s = at[i];
        jump j = jump_between(o->schedule, s, s + 1);
        dm_check_exact(excess[s] / j.c_s, sum[s] / j.c_s, rounds(T), 1.0,
                       "3.21", "excess/c_%zu, all %zu times", s, T);
        dm_check_refutes(0.0, "sigma-hat taken for a member");
        dm_check_refutes(j.abar_s * j.beta * j.beta / j.c_t / j.c_s,
                         "the last step's only");
    }
    free(excess);
    free(sum);
}

/* Prints, for each step, what sigma-hat would need and what it adds. */
static void print_sigma_hat(const dm_options *o)
{
    printf("-- sigma-hat --\n%6s %6s %10s %10s %10s %14s %14s\n", "t", "s",
           "1-abar_s", "beta-tilde", "beta", "1-abar_s-beta", "excess of x_s");
    for (size_t i = o->S; i > 1; i--) {
        jump j = step_of(o, i);
        if (o->S > 20 && i > 11 && i + 10 < o->S)
            continue; /* the first and the last ten */
        printf("%6zu %6zu %10.4g %10.4g %10.4g %14.4g %14.4g\n", j.t, j.s,
               j.c_s, j.beta_tilde, j.beta, j.c_s - j.beta,
               excess_after(o, i - 1));
    }
}

/* --- 3.9 skipping --------------------------------------------------------- */

/* How often a table asks for eps*. */
static size_t calls(const dm_sampler *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->n; i++)
        count += table->step[i].B != 0.0;
    return count;
}

/* tau_i by Eq. (3.22), quadratic. */
static double quadratic_time(size_t T, size_t S, size_t i)
{
    double tau = 0.0;

    for (size_t k = 1; k <= i; k++)
        tau = fmax(tau + 1.0,
                   floor((double)T * (double)(k * k) / (double)(S * S) + 0.5));
    return tau;
}

static void check_times(const dm_options *o, const dm_sampler *table)
{
    size_t T = o->steps, S = GSL_MIN(6, T), i = 2 * S / 3, tau[101];
    double exact = (double)T * (double)i / (double)S;

    dm_sampler_tau_uniform(T, S, tau);
    dm_check_exact((double)tau[i], floor(exact + 0.5), 0.0, 1.0, "3.22",
                   "tau_%zu of %zu, spread evenly", i, S);
    dm_check_refutes(floor(exact), "rounded down");
    dm_check_refutes((double)(T * (i - 1)) / ((double)S - 1.0),
                     "tau_1 = 0: %zu spaces only", S - 1);
    dm_sampler_tau_quadratic(T, S, tau);
    exact = (double)T / (double)(S * S);
    dm_check_exact((double)tau[1], quadratic_time(T, S, 1), 0.0, 1.0, "3.22",
                   "tau_1 of %zu, quadratically", S);
    dm_check_refutes(floor(exact), "rounded down");
    dm_check_refutes(floor((double)T / (double)S + 0.5), "spread evenly");
    S = GSL_MIN(100, T);
    dm_sampler_tau_quadratic(T, S, tau);
    dm_check_exact((double)tau[1], quadratic_time(T, S, 1), 0.0, 1.0, "3.22",
                   "tau_1 of %zu, quadratically", S);
    dm_check_refutes(floor((double)T / (double)(S * S) + 0.5),
                     "without max: 0 twice");
    dm_check_exact((double)calls(table), (double)o->S, 0.0, 1.0, "3.22",
                   "calls of eps*, S = %zu", o->S);
    dm_check_refutes((double)o->S - 1.0, "tau_1 = 0: one call is lost");
    dm_check_refutes((double)T, "no step may be skipped");
}

/* --- 3.10 what comes out -------------------------------------------------- */

/* Why the last law could not be computed. */
enum { REASON = 160 };
static _Thread_local char reason_of_none[REASON];

static void keep_reason(const char *reason, const char *file, int line,
                        int code)
{
    (void)file, (void)line, (void)code;
    snprintf(reason_of_none, REASON, "%s", reason);
}

/* The exact law of what a table returns from N(0, 1), or of the data; NULL,
 * after saying why, where there is so little noise, for such data, that the
 * grid of Eq. (3.23) would not end. */
static dm_law *law_of(const dm_sampler *table, const dm_mixture *data)
{
    gsl_error_handler_t *old = gsl_set_error_handler(keep_reason);
    dm_law *law = table == NULL ? dm_law_of_mixture(data)
                                : dm_law_of_sampler(table, data, NULL);

    gsl_set_error_handler(old);
    if (law == NULL)
        printf("no exact law: %s\n", reason_of_none);
    return law;
}

/* Points low, low + h, ... */
typedef struct {
    double low, h;
    size_t n;
} grid;

/* The first point of g that is not below x; g.n if there is none. */
static size_t first_from(grid g, double x)
{
    return (size_t)fmin(fmax(ceil((x - g.low) / g.h), 0.0), (double)g.n);
}

// snippet: chapman-kolmogorov
/* A step with noise, Eq. (3.23): from p, the density of y_t, to that of y_s,
 * q.  p, q: [g.n]. */
static void noisy_step(grid g, const dm_step *step, const dm_mixture *data,
                       const double p[], double q[])
{
    for (size_t i = 0; i < g.n; i++)
        q[i] = 0.0;
    for (size_t i = 0; i < g.n; i++) {
        double y = g.low + g.h * (double)i, eps;
        dm_mixture_eps(data, step->from, &y, &eps);
        dm_gaussian k = { step->A * y + step->B * eps, step->C * step->C };
        double far = 12.0 * step->C; /* what is beyond is 1e-31 of the peak */
        size_t end = first_from(g, k.mean + far);
        for (size_t j = first_from(g, k.mean - far); j < end; j++)
            q[j] += g.h * p[i] * dm_gaussian_pdf(k, g.low + g.h * (double)j);
    }
}
// end: chapman-kolmogorov

/* Mean and mean square of the x_0 that a table returns, whose steps are noisy
 * but for the last. */
static void moments_on_grid(const dm_sampler *table, const dm_mixture *data,
                            grid g, double moment[2])
{
    double *p = calloc(g.n, sizeof *p), *q = calloc(g.n, sizeof *q);
    dm_gaussian start = { 0.0, 1.0 };
    const dm_step *last = &table->step[table->n - 1];

    for (size_t i = 0; i < g.n; i++)
        p[i] = dm_gaussian_pdf(start, g.low + g.h * (double)i);
    for (size_t i = 0; i + 1 < table->n; i++) {
        noisy_step(g, &table->step[i], data, p, q);
        double *old = p;
        p = q;
        q = old;
    }
    moment[0] = moment[1] = 0.0;
    for (size_t i = 0; i < g.n; i++) {
        double y = g.low + g.h * (double)i, eps;
        dm_mixture_eps(data, last->from, &y, &eps);
        double x = last->A * y + last->B * eps;
        moment[0] += g.h * p[i] * x;
        moment[1] += g.h * p[i] * x * x;
    }
    free(p);
    free(q);
}

/* The largest A of a table: A and B nearly cancel where there is little signal,
 * and leave so many roundings. */
static double largest_a(const dm_sampler *table)
{
    double largest = 1.0;

    for (size_t i = 0; i < table->n; i++)
        largest = fmax(largest, table->step[i].A);
    return largest;
}

/* The mean square of what it returns without the noise of its steps. */
static double noiseless_square(const dm_sampler *table, const dm_mixture *data,
                               grid g)
{
    dm_gaussian start = { 0.0, 1.0 };
    double sum = 0.0;

    for (size_t i = 0; i < g.n; i++) {
        double z = g.low + g.h * (double)i, x = z, eps;
        for (size_t k = 0; k < table->n; k++) {
            dm_mixture_eps(data, table->step[k].from, &x, &eps);
            x = table->step[k].A * x + table->step[k].B * eps;
        }
        sum += g.h * dm_gaussian_pdf(start, z) * x * x;
    }
    return sum;
}

enum { FEWEST = 256, MOST = 4096 };

/* A grid over all that the sampler may meet; h is to be halved. */
static grid grid_for(const dm_mixture *data)
{
    double low = -9.0, high = 9.0;

    for (size_t k = 0; k < data->K; k++) {
        double m = data->component[k].mean[0];
        double reach = 9.0 * sqrt(fmax(1.0, data->component[k].cov.xx));
        low = fmin(low, m - reach);
        high = fmax(high, m + reach);
    }
    return (grid){ low, (high - low) / FEWEST, FEWEST };
}

/* Halves the spacing until the moments stay; returns their last change, that of
 * the mean times `reach`. */
static double settle(const dm_sampler *table, const dm_mixture *data,
                     double reach, grid *g, double moment[2])
{
    double change = INFINITY, before[2];

    moments_on_grid(table, data, *g, moment);
    while (g->n < MOST && !(change <= 1e-12 * reach * reach)) {
        before[0] = moment[0];
        before[1] = moment[1];
        *g = (grid){ g->low, 0.5 * g->h, 2 * g->n };
        moments_on_grid(table, data, *g, moment);
        change =
            fabs(moment[0] - before[0]) * reach + fabs(moment[1] - before[1]);
    }
    return change;
}

/* Mean and mean square of what a table returns, by Eq. (3.23) with the grid of
 * this chapter. */
typedef struct {
    grid g;
    double reach, moment[2];
    double error; /* of the mean square; of the mean so much, over reach */
} by_grid;

static by_grid moments_by_grid(const dm_sampler *table, const dm_mixture *data)
{
    grid g = grid_for(data);
    by_grid by = { g, fmax(-g.low, g.low + g.h * FEWEST), { 0 }, 0.0 };
    double square = by.reach * by.reach;
    double change = settle(table, data, by.reach, &by.g, by.moment);

    by.error = INFINITY; /* where the grid is too coarse */
    if (change <= 1e-6 * square) {
        double lost = 16.0 * largest_a(table) * DBL_EPSILON;
        by.error = change + (1e-13 + lost) * square;
    }
    return by;
}

/* A sampler with its law by the library and by that grid. */
typedef struct {
    const char *name;
    dm_sampler *table;
    dm_law *law; /* NULL where there is none */
    by_grid by;
} noisy;

/* Rows: the library's law against that grid. */
static void check_noisy_law(const dm_options *o, const noisy *s)
{
    const by_grid *by = &s->by;
    double mean, variance, of_data;
    dm_sym2 cov;

    if (s->law == NULL || !isfinite(by->error))
        return;
    dm_mixture_moments(o->data1, &of_data, &cov);
    dm_law_moments(s->law, &mean, &variance);
    dm_check_numeric(mean, by->moment[0], by->error / by->reach + s->law->w1,
                     1.0, "3.23", "E x_0, %s, S = %zu", s->name, s->table->n);
    dm_check_refutes(of_data, "that of the data");
    dm_check_numeric(variance + mean * mean, by->moment[1],
                     by->error + 2.0 * by->reach * s->law->w1, 1.0, "3.23",
                     "E x_0^2, %s, S = %zu", s->name, s->table->n);
    dm_check_refutes(cov.xx + of_data * of_data, "that of the data");
    dm_check_refutes(noiseless_square(s->table, o->data1, by->g),
                     "C z left out of the steps");
}

enum { NOISY = 6 };

static void check_noisy_laws(const dm_options *o)
{
    static const double eta[] = { 0.5, 1.0, NAN }; /* NaN is sigma-hat */
    static const char *const name[] = { "eta = 0.5", "eta = 1", "sigma-hat" };
    noisy all[NOISY];

    for (size_t k = 0; k < NOISY; k++) {
        all[k] = (noisy){ .name = name[k % 3] };
        all[k].table = uniform(o, k < 3 ? 5 : 10, eta[k % 3]);
        all[k].law = law_of(all[k].table, o->data1);
    }
#pragma omp parallel for schedule(dynamic) num_threads(o->threads)
    for (size_t k = 0; k < NOISY; k++)
        if (all[k].law != NULL)
            all[k].by = moments_by_grid(all[k].table, o->data1);
    for (size_t k = 0; k < NOISY; k++) {
        check_noisy_law(o, &all[k]);
        dm_law_free(all[k].law);
        dm_sampler_free(all[k].table);
    }
}

/* A sampler without noise. */
typedef struct {
    const dm_options *o;
    size_t S;
    jump *jump; /* [S]  the last one first: it leads to 0 */
} flow;

/* That of S uniform steps, or as many as there are.  The caller frees jump. */
static flow uniform_flow(const dm_options *o, size_t S)
{
    size_t *tau = all_times(o->steps);
    flow f = { o, GSL_MIN(S, o->steps), NULL };

    dm_sampler_tau_uniform(o->steps, f.S, tau);
    f.jump = calloc(f.S, sizeof *f.jump);
    for (size_t k = 0; k < f.S; k++)
        f.jump[k] = jump_between(o->schedule, tau[k], tau[k + 1]);
    free(tau);
    return f;
}

/* Where it takes the quantile z of N(0, 1); *slope is that of the map there. */
static double image(const flow *f, double z, double *slope)
{
    *slope = 1.0;
    for (size_t k = f->S; k > 0; k--)
        *slope *= follow(f->o->data1, f->jump[k - 1], 0.0, 1.0, &z);
    return z;
}

/* What Eq. (3.24) integrates over z: the gap between the distribution functions
 * at the image, times the slope. */
static double gap(double z, void *params)
{
    const flow *f = params;
    double slope, x = image(f, z, &slope);
    double below = gsl_cdf_ugaussian_P(z) - dm_mixture_cdf(f->o->data1, x);
    double above = dm_mixture_tail(f->o->data1, x) - gsl_cdf_ugaussian_Q(z);

    return slope * fabs(z < 0.0 ? below : above);
}

/* Its integral from a to b.  Where the map is steep the way is halved until the
 * images are within `near`, so that no jump is missed. */
static double area(const flow *f, double a, double b, double near, double tol,
                   double *error)
{
    double slope, middle = 0.5 * (a + b);

    if (image(f, b, &slope) - image(f, a, &slope) > near && b - a > 1e-13)
        return area(f, a, middle, near, tol, error) +
               area(f, middle, b, near, tol, error);
    return integral(gap, (void *)f, a, b, tol, error);
}

/* The integral of P(X > x) from x on, or, for sign -1, of P(X < x) up to x. */
static double tail_area(const dm_mixture *m, double x, double sign)
{
    double sum = 0.0;

    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        double sd = sqrt(c->cov.xx), u = sign * (x - c->mean[0]) / sd;
        double rest = gsl_ran_ugaussian_pdf(u) - u * gsl_cdf_ugaussian_Q(u);
        sum += c->weight * sd * rest;
    }
    return sum;
}

/* The mean distance of n pairs of quantiles: what is often taken for W1. */
static double by_quantiles(const flow *f, size_t n)
{
    double sum = 0.0, slope;

    for (size_t i = 0; i < n; i++) {
        double u = ((double)i + 0.5) / (double)n;
        double x = image(f, gsl_cdf_ugaussian_Pinv(u), &slope);
        sum += fabs(x - dm_mixture_quantile(f->o->data1, u));
    }
    return sum / (double)n;
}

static void check_w1(const flow *f, const dm_law *law, const dm_law *target,
                     double lost)
{
    const double reach = 8.5; /* no starts are left beyond, but data may be */
    double w1, error, variance, slope;

    dm_law_moments(target, NULL, &variance);
    double near = 0.25 * sqrt(variance), tol = 1e-11 * near;
    dm_distance_w1(law, target, &w1, &error);
    error += lost;
    double sum = area(f, -reach, reach, near, tol, &error);
    double tails = tail_area(f->o->data1, image(f, reach, &slope), 1.0) +
                   tail_area(f->o->data1, image(f, -reach, &slope), -1.0);
    dm_check_numeric(w1, sum + tails, error, 1.0, "3.24",
                     "W1 to the data, eta = 0, S = %zu", f->S);
    dm_check_refutes(0.0, "x_0 taken for the data");
    dm_check_refutes(by_quantiles(f, 2000), "the mean over 2000 quantiles");
}

/* Rows: the quantile at z has gone where the map takes it. */
static void check_quantiles(const dm_options *o, size_t S, const dm_law *target)
{
    flow f = uniform_flow(o, S);
    dm_sampler *table = uniform(o, f.S, 0.0);
    dm_law *law = law_of(table, o->data1);

    S = f.S;
    for (int i = 0; law != NULL && i < 2; i++) {
        double z = i == 0 ? -0.6 : 1.1, slope, x = image(&f, z, &slope);
        double round_off = 16.0 * DBL_EPSILON * largest_a(table) * (double)S *
                           dm_mixture_condition(o->data1) * (fabs(x) + 1.0);
        dm_check_numeric(dm_law_cdf(law, x), gsl_cdf_ugaussian_P(z),
                         law->tv + dm_law_density(law, x) * round_off, 1.0,
                         "3.24", "F(x_0) at the image of %.1f, S = %zu", z, S);
        dm_check_refutes(dm_mixture_cdf(o->data1, x), "that of the data");
        dm_check_refutes(gsl_cdf_ugaussian_Q(z), "a map that falls");
    }
    if (law != NULL)
        check_w1(&f, law, target,
                 16.0 * DBL_EPSILON * largest_a(table) * (double)S);
    dm_law_free(law);
    dm_sampler_free(table);
    free(f.jump);
}

/* The table with the root m < 0 of Eq. (3.3) in every step: sqrt(c_s - sigma^2)
 * = A sqrt(c_t) + B turns its sign. */
static dm_sampler *with_other_root(dm_sampler *table)
{
    for (size_t i = 0; i < table->n; i++) {
        dm_step *p = &table->step[i];
        p->B = -p->B - 2.0 * p->A * sqrt(p->from.variance);
    }
    return table;
}

/* Kolmogorov-Smirnov distance between what the engine draws and a law. */
static double ks_of_draws(const dm_options *o, const dm_sampler *table,
                          const dm_law *law, double *limit)
{
    dm_cloud *cloud = run_table(o, table, o->data1, o->particles, NULL);
    dm_sampled ks;

    dm_distance_ks_sample(law, cloud->n, cloud->x, 2.0 * DM_CHECK_TAIL, &ks);
    dm_cloud_free(cloud);
    *limit = ks.limit;
    return ks.value;
}

/* A row: the engine draws from the exact law, at the run's times. */
static void check_draws(const dm_options *o, double eta, const dm_law *target)
{
    dm_sampler *table = table_of(o, eta);
    dm_law *law = law_of(table, o->data1);
    double limit, ignored;

    if (law != NULL) {
        double ks = ks_of_draws(o, table, law, &limit);
        dm_check_law(ks, 0.0, 0.0, limit, 1.0, eta > 0.0 ? "3.23" : "3.24",
                     "KS of draws to the law, eta = %.3g", eta);
        dm_check_refutes(ks_of_draws(o, table, target, &ignored),
                         "the law of the data");
        dm_check_refutes(ks_of_draws(o, with_other_root(table), law, &ignored),
                         "the other root");
    }
    dm_law_free(law);
    dm_sampler_free(table);
}

/* Prints how far draws are from the data in W1, for either root. */
static void print_roots(const dm_options *o, const dm_law *target)
{
    printf("-- roots --\n%6s %12s %12s %14s\n", "S", "m > 0", "m < 0",
           "by chance");
    for (size_t S = 10; S <= 100 && S <= o->steps; S *= 10) {
        dm_sampler *table = uniform(o, S, 0.0);
        dm_sampled w1[2];
        for (int i = 0; i < 2; i++) {
            dm_cloud *cloud = run_table(o, table, o->data1, o->particles, NULL);
            dm_distance_w1_sample(target, cloud->n, cloud->x, DM_CHECK_TAIL,
                                  &w1[i]);
            dm_cloud_free(cloud);
            with_other_root(table);
        }
        printf("%6zu %12.3f %12.3f %14.3f\n", S, w1[0].value, w1[1].value,
               w1[0].mean);
        dm_sampler_free(table);
    }
}

/* One Gaussian with the mean and the variance of the mixture. */
static dm_mixture *one_bump(const dm_mixture *m)
{
    const double one = 1.0;
    double mean[2];
    dm_sym2 cov;

    dm_mixture_moments(m, mean, &cov);
    return dm_mixture_new(m->dim, 1, &one, mean,
                          (double[]){ cov.xx, cov.xy, cov.yy });
}

/* The factor of Eq. (3.25) for data of variance v. */
static double gaussian_factor(jump j, double eta, double v)
{
    double kept = sqrt(j.abar_s * j.abar_t) * v;
    return (kept + sqrt(ahead(j, eta) * j.c_t)) / (j.abar_t * v + j.c_t);
}

/* Mean and variance that the run's sampler returns for data g, from N(0, 1),
 * by Eq. (3.25). */
static dm_gaussian gaussian_output(const dm_options *o, dm_gaussian g,
                                   double eta)
{
    // snippet: gaussian
    dm_gaussian x = { 0.0, 1.0 };
    for (size_t i = o->S; i > 0; i--) {
        jump j = step_of(o, i);
        double G = gaussian_factor(j, j.s > 0 ? eta : 0.0, g.variance);
        x.mean =
            sqrt(j.abar_s) * g.mean + G * (x.mean - sqrt(j.abar_t) * g.mean);
        x.variance *= G * G;
        if (j.s > 0)
            x.variance += eta * eta * j.beta_tilde;
    }
    // end: gaussian
    return x;
}

static void check_gaussian(const dm_options *o)
{
    dm_mixture *data = one_bump(o->data1);
    dm_gaussian g = { data->component[0].mean[0], data->component[0].cov.xx };
    double eta = o->S > 1 ? o->eta : 0.0, mean = 0.0, size = fabs(g.mean) + 1.0;
    dm_gaussian x = gaussian_output(o, g, eta);
    dm_sampler *table = table_of(o, eta);
    dm_law *law = law_of(table, data);
    dm_sym2 cov = { 1.0, 0.0, 0.0 };
    double variance, limit = 32.0 * largest_a(table) * (double)o->S;

    dm_law_gaussian(table, data, &mean, &cov);
    dm_check_exact(mean, x.mean, limit, size, "3.25",
                   "E x_0, Gaussian data, S = %zu", o->S);
    dm_check_refutes(g.mean, "that of the data");
    dm_check_exact(cov.xx, x.variance, limit, x.variance + 1.0, "3.25",
                   "Var x_0, Gaussian data, S = %zu", o->S);
    dm_check_refutes(g.variance, "that of the data");
    dm_check_refutes(x.variance + step_of(o, 1).beta,
                     "noise in the last step too");
    dm_check_refutes(gaussian_output(o, g, 0.0).variance, "eta = 0");
    if (law != NULL) {
        dm_law_moments(law, NULL, &variance);
        double reach = fabs(x.mean) + 9.0 * sqrt(x.variance);
        dm_check_numeric(variance, x.variance,
                         4.0 * reach * law->w1 +
                             limit * DBL_EPSILON * (x.variance + 1.0),
                         1.0, "3.25", "the same, on the grid of Eq. (3.23)");
        dm_check_refutes(g.variance, "that of the data");
    }
    dm_law_free(law);
    dm_sampler_free(table);
    dm_mixture_free(data);
}

/* Two particles of Gaussian data without noise: how far apart they end. */
static void check_stretch(const dm_options *o)
{
    dm_mixture *data = one_bump(o->data1);
    double v = data->component[0].cov.xx, ends[] = { 0.0, 1.0 };
    double product = 1.0, other = 1.0; /* where the other root is taken */
    const double none[] = { 0.0, 0.0 };

    for (size_t i = o->S; i > 0; i--) {
        jump j = step_of(o, i);
        product *= gaussian_factor(j, 0.0, v);
        other *= (sqrt(j.abar_s * j.abar_t) * v - sqrt(j.c_s * j.c_t)) /
                 (j.abar_t * v + j.c_t);
        for (int k = 0; k < 2; k++)
            step_down(data, j, 0.0, none, &ends[k]);
    }
    double size = fabs(ends[0]) + fabs(ends[1]) + 1.0;
    double A = sqrt(1.0 / o->schedule->abar[o->tau[o->S]]);
    jump first = step_of(o, o->S);
    dm_check_exact(ends[1] - ends[0], product, 16.0 * A, size, "3.25",
                   "x_0 from x_T = 1 less that from 0");
    dm_check_refutes(sqrt(v / (first.abar_t * v + first.c_t)),
                     "as if without error: sqrt(v/V_T)");
    dm_check_refutes(other, "the other root");
    dm_mixture_free(data);
}

/* The engine in two dimensions on Gaussian data: squares of what should be
 * standard normal. */
static void check_gaussian_2d(const dm_options *o)
{
    dm_mixture *data = one_bump(o->data2);
    double eta = o->S > 1 ? o->eta : 0.0, mean[] = { 0.0, 0.0 }, low, high;
    dm_sampler *table = table_of(o, eta);
    dm_cloud *cloud = run_table(o, table, data, o->particles, NULL);
    dm_sym2 cov = { 1.0, 0.0, 1.0 }, c[2];
    double square[2] = { 0.0, 0.0 };

    dm_law_gaussian(table, data, mean, &cov);
    c[0] = cov;
    c[1] = data->component[0].cov;
    for (int i = 0; i < 2; i++) {
        double gain = c[i].xy / c[i].xx;
        double rest = dm_sym2_determinant(c[i]) / c[i].xx;
        const double *m = i == 0 ? mean : data->component[0].mean;
        for (size_t p = 0; p < cloud->n; p++) {
            double x = cloud->x[p] - m[0], y = cloud->y[p] - m[1] - gain * x;
            square[i] += x * x / c[i].xx + y * y / rest;
        }
        square[i] /= 2.0 * (double)cloud->n;
    }
    dm_distance_variance_limits(2 * cloud->n, DM_CHECK_TAIL, &low, &high);
    dm_check_law(square[0], 1.0, low, high, 1.0, "3.25",
                 "2-D draws: mean square residual");
    dm_check_refutes(square[1], "mean and covariance of the data");
    dm_cloud_free(cloud);
    dm_sampler_free(table);
    dm_mixture_free(data);
}

/* The exact laws of eta by S, and what is printed of them. */
enum { ETAS = 5, SIZES = 6 };
static const double etas[ETAS] = { 0.0, 0.2, 0.5, 1.0, NAN };
static const char *const names[ETAS] = { "0", "0.2", "0.5", "1", "sigma-hat" };
static const size_t sizes[SIZES] = { 5, 10, 20, 50, 100, 1000 };

typedef struct {
    dm_law *law;      /* NULL where there is none: */
    char why[REASON]; /* the reason                */
    double w1, error; /* distance to the data      */
    double sd, below; /* deviation, P(x_0 < 0)     */
} outcome;

/* The sizes that T allows. */
static size_t sizes_shown(const dm_options *o)
{
    size_t shown = 0;

    while (shown < SIZES && sizes[shown] <= o->steps)
        shown++;
    return shown;
}

static outcome outcome_of(const dm_options *o, double eta, size_t S,
                          const dm_law *target)
{
    dm_sampler *table = uniform(o, S, eta);
    outcome out = {
        dm_law_of_sampler(table, o->data1, NULL), "", NAN, NAN, NAN, NAN
    };
    double variance;

    dm_sampler_free(table);
    if (out.law == NULL) {
        memcpy(out.why, reason_of_none, REASON);
        return out;
    }
    dm_distance_w1(out.law, target, &out.w1, &out.error);
    dm_law_moments(out.law, NULL, &variance);
    out.sd = sqrt(variance);
    out.below = dm_law_cdf(out.law, 0.0);
    return out;
}

/* Computes all of them, the longest samplers first. */
static void compute_laws(const dm_options *o, const dm_law *target,
                         outcome all[ETAS][SIZES])
{
    gsl_error_handler_t *old = gsl_set_error_handler(keep_reason);
    size_t shown = sizes_shown(o);

#pragma omp parallel for schedule(dynamic) num_threads(o->threads)
    for (size_t k = 0; k < ETAS * shown; k++) {
        size_t e = k % ETAS, i = shown - 1 - k / ETAS;
        all[e][i] = outcome_of(o, etas[e], sizes[i], target);
    }
    gsl_set_error_handler(old);
}

static void free_laws(outcome all[ETAS][SIZES])
{
    for (size_t k = 0; k < ETAS * SIZES; k++)
        dm_law_free(all[k / SIZES][k % SIZES].law);
}

/* A row: all digits of the table of W1 are those of the exact laws. */
static void check_digits(const dm_options *o, outcome all[ETAS][SIZES])
{
    double largest = 0.0;
    size_t count = 0;

    for (size_t k = 0; k < ETAS * sizes_shown(o); k++) {
        const outcome *a = &all[k % ETAS][k / ETAS];
        if (a->law == NULL)
            continue;
        largest = fmax(largest, a->error);
        count++;
    }
    if (count == 0)
        return;
    dm_check_numeric(largest, 0.0, 5e-5, 1.0, "3.23",
                     "largest error of %zu distances W1", count);
    dm_check_refutes(sqrt(1.0 / (double)o->particles), "by draws: 1/sqrt(N)");
}

/* A row: a deviation of the second table is that of the grid's moments. */
static void check_deviation(const dm_options *o, const outcome *a)
{
    dm_sampler *table = uniform(o, sizes[0], etas[2]);
    by_grid by = moments_by_grid(table, o->data1);
    double mean = by.moment[0], sd = sqrt(by.moment[1] - mean * mean);
    dm_sym2 cov;

    dm_sampler_free(table);
    if (!isfinite(by.error))
        return;
    /* The variance is off by as much as the mean square and the square of the
     * mean; a root has half the relative error, and is taken for whole here. */
    double off = 3.0 * by.error + 4.0 * by.reach * a->law->w1;
    dm_mixture_moments(o->data1, NULL, &cov);
    dm_check_numeric(a->sd, sd, off / sd, 1.0, "3.23", "sd, eta = %s, S = %zu",
                     names[2], sizes[0]);
    dm_check_refutes(sd * sd, "the variance");
    dm_check_refutes(sqrt(by.moment[1]), "the mean not taken off");
    dm_check_refutes(sqrt(cov.xx), "that of the data");
}

/* The start that the flow takes to 0, by bisection. */
static double start_of_zero(const flow *f)
{
    double low = -9.0, high = 9.0, slope;

    for (int i = 0; i < 80; i++) {
        double z = 0.5 * (low + high);
        *(image(f, z, &slope) < 0.0 ? &low : &high) = z;
    }
    return 0.5 * (low + high);
}

/* A row: a probability of the third table is that of the starts which the map
 * takes below 0. */
static void check_below(const dm_options *o, const outcome *a)
{
    flow f = uniform_flow(o, sizes[1]);
    dm_sampler *table = uniform(o, sizes[1], 0.0);
    double z = start_of_zero(&f), x = 0.0;
    double round_off = 16.0 * DBL_EPSILON * largest_a(table) * (double)f.S *
                       dm_mixture_condition(o->data1);

    dm_check_numeric(a->below, gsl_cdf_ugaussian_P(z),
                     a->law->tv + 1e-15 +
                         dm_law_density(a->law, 0.0) * round_off,
                     1.0, "3.24", "P(x_0 < 0), eta = 0, S = %zu", f.S);
    dm_check_refutes(gsl_cdf_ugaussian_Q(z), "P(x_0 > 0)");
    dm_check_refutes(dm_mixture_cdf(o->data1, x), "that of the data");
    dm_sampler_free(table);
    free(f.jump);
}

/* Prints one table: which of the numbers, and that of the data. */
static void print_outcomes(const char *name, size_t shown,
                           outcome all[ETAS][SIZES], int which, double data)
{
    printf("-- %s --\n%-10s", name, "eta");
    for (size_t i = 0; i < shown; i++)
        printf("  S =%5zu", sizes[i]);
    for (size_t e = 0; e < ETAS; e++) {
        printf("\n%-10s", names[e]);
        for (size_t i = 0; i < shown; i++) {
            const outcome *a = &all[e][i];
            double value = which == 0 ? a->w1 : which == 1 ? a->sd : a->below;
            printf(" %9.4f", value);
        }
    }
    if (!isnan(data))
        printf("\n%-10s %9.4f", "data", data);
    printf("\n");
    for (size_t k = 0; which == 0 && k < ETAS * shown; k++)
        if (all[k % ETAS][k / ETAS].law == NULL)
            printf("no exact law, %s, S = %zu: %s\n", names[k % ETAS],
                   sizes[k / ETAS], all[k % ETAS][k / ETAS].why);
}

static void print_laws(const dm_options *o, const dm_law *target,
                       outcome all[ETAS][SIZES])
{
    size_t shown = sizes_shown(o);
    double variance;

    dm_law_moments(target, NULL, &variance);
    print_outcomes("w1", shown, all, 0, NAN);
    print_outcomes("sd", shown, all, 1, sqrt(variance));
    print_outcomes("below", shown, all, 2, dm_law_cdf(target, 0.0));
}

/* --- exercises ------------------------------------------------------------ */

/* Correlation over two jumps, and over both at once, of this eta. */
static void check_two_jumps(double eta)
{
    jump j = jump_of(0.8, 0.5), k = jump_of(0.5, 0.1), both = jump_of(0.8, 0.1);
    dm_gaussian x_t = { 0.0, k.c_t }, z = { 0.0, 1.0 };
    back upper = at_eta(k, eta), lower = at_eta(j, eta);
    /* Var of x_r + x_t: from it the covariance. */
    double m = lower.m * upper.m;
    dm_gaussian sum = dm_gaussian_sum(m + 1.0, x_t, lower.m * upper.sigma, z);
    sum = dm_gaussian_sum(1.0, sum, lower.sigma, z);
    double rho = 0.5 * (sum.variance - j.c_s - k.c_t) / sqrt(j.c_s * k.c_t);
    double one = sqrt(ahead(both, eta) / both.c_s);
    double two = sqrt(ahead(j, eta) / j.c_s) * sqrt(ahead(k, eta) / k.c_s);

    dm_check_exact(rho, two, 32.0, 1.0, "3.13", "Ex. 1: two jumps, eta = %.1f",
                   eta);
    if (eta < 1.0)
        dm_check_refutes(one, "one jump at that eta");
    else
        dm_check_refutes(sqrt(ahead(both, 0.5) / both.c_s), "eta = 0.5");
    dm_check_refutes(two * two, "squared");
}

/* The coefficient of x_3 in E[x_1 given x_2, x_3], when one eps makes all three
 * and the data have variance v. */
static double of_x3(const double abar[3], double v)
{
    double cov[3][3];

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            cov[i][k] = sqrt(abar[i] * abar[k]) * v +
                        sqrt((1.0 - abar[i]) * (1.0 - abar[k]));
    double det = cov[1][1] * cov[2][2] - cov[1][2] * cov[1][2];
    return (cov[0][2] * cov[1][1] - cov[0][1] * cov[1][2]) / det;
}

/* One step from the last time to 0: what comes out for data N(0.4, v). */
static void check_one_step(const dm_schedule *s, double v)
{
    const double one = 1.0, m = 0.4;
    const size_t tau[] = { 0, s->T };
    double mean = 0.0, abar = s->abar[s->T], V = abar * v + s->c[s->T];
    dm_mixture *data = dm_mixture_new(1, 1, &one, &m, &v);
    dm_sampler *table = dm_sampler_ddim(s, 1, tau, 1.0);
    dm_sym2 cov = { 1.0, 0.0, 0.0 };

    dm_law_gaussian(table, data, &mean, &cov);
    dm_check_exact(cov.xx, abar * v * v / (V * V), 32.0, 1.0, "3.25",
                   "Ex. 4: Var x_0 after one step");
    dm_check_refutes(v, "that of the data");
    dm_check_refutes(abar * v * v / V, "as if x_T had the variance V_T");
    dm_check_exact(mean, m - sqrt(abar) * v * sqrt(abar) * m / V, 32.0, 1.0,
                   "3.25", "Ex. 4: E x_0 after one step");
    dm_check_refutes(m, "that of the data");
    dm_check_refutes(0.0, "that of the start");
    dm_sampler_free(table);
    dm_mixture_free(data);
}

static void check_exercises(void)
{
    const double abar[] = { 0.9, 0.7, 0.4 }, beta[] = { NAN, 0.2, 0.375, 0.8 };
    const size_t all[] = { 0, 1, 2, 3 };
    double angle[3], v = 1.7;

    check_two_jumps(0.5);
    check_two_jumps(1.0);
    for (int i = 0; i < 3; i++)
        angle[i] = acos(sqrt(abar[i]));
    dm_check_exact(of_x3(abar, v),
                   -sin(angle[1] - angle[0]) / sin(angle[2] - angle[1]), 64.0,
                   1.0, "3.14", "Ex. 2: x_3 in E[x_1 given x_2, x_3]");
    dm_check_refutes(0.0, "Markov, as the walk is");
    dm_schedule *s = dm_schedule_from_beta(3, beta);
    dm_check_exact(dm_sampler_eta_max(s, 3, all, NULL), sqrt(1.125), 32.0, 1.0,
                   "3.7", "Ex. 3: largest eta, abar .8, .5, .1");
    dm_check_refutes(sqrt(4.0 / 3.0), "the bound of the first step");
    dm_check_refutes(1.0, "eta at most 1");
    check_one_step(s, v);
    dm_schedule_free(s);
}

/* --- data of the figures -------------------------------------------------- */

/* Where `paths` particles, which start at (x, y), are at up to 251 times of a
 * table of S steps of this eta.  px, py: [251 * paths]; returns the number of times
 * and stores their t. */
static size_t follow_paths(const dm_options *o, const dm_mixture *data,
                           double eta, size_t S, size_t paths, const double x[],
                           const double y[], double px[], double py[],
                           double at[])
{
    dm_sampler *table = uniform(o, S, eta);
    size_t n = table->n, times = GSL_MIN(250, n), time[251];
    dm_record record = {
        .paths = paths, .times = times + 1, .time = time, .x = px, .y = py
    };
    dm_run run = { o->seed, DM_STREAM_SAMPLER, 1, 0, 1, &record };
    dm_cloud *cloud = dm_cloud_new(data->dim, paths);

    for (size_t i = 0; i <= times; i++) {
        time[i] = i * n / times;
        at[i] = time[i] < n ? (double)table->step[time[i]].t : 0.0;
    }
    for (size_t p = 0; p < paths; p++) {
        cloud->x[p] = x[p];
        if (data->dim == 2)
            cloud->y[p] = y[p];
    }
    dm_cloud_run(cloud, table, data, &run);
    dm_cloud_free(cloud);
    dm_sampler_free(table);
    return times + 1;
}

static const double shown_etas[] = { 0.0, 0.5, 1.0 };

static void write_field(const dm_options *o, double low, double high)
{
    enum { COLUMNS = 40, ROWS = 56 };
    dm_table *t = dm_options_data(o, "ch03_field.dat"); /* t, x, density */

    for (size_t i = 0; i <= COLUMNS; i++) {
        size_t at = i * o->steps / COLUMNS;
        dm_mixture *q =
            dm_mixture_diffuse(o->data1, dm_schedule_level(o->schedule, at));
        for (size_t k = 0; k <= ROWS; k++) {
            double x = low + (high - low) * (double)k / ROWS;
            double row[] = { (double)at, x,
                             exp(dm_mixture_log_density(q, &x)) };
            dm_table_row(t, 3, row);
        }
        dm_table_printf(t, "\n");
        dm_mixture_free(q);
    }
    dm_table_close(t);
}

static void write_trajectories(const dm_options *o)
{
    static double px[251 * PATHS], at[251];
    dm_table *t = dm_options_data(o, "ch03_paths.dat"); /* t, x of each path */
    double start[PATHS];
    double low = fmin(-3.0, dm_mixture_quantile(o->data1, 5e-4));
    double high = fmax(3.0, dm_mixture_quantile(o->data1, 1.0 - 5e-4));

    for (size_t p = 0; p < PATHS; p++)
        start[p] = gsl_cdf_ugaussian_Pinv(((double)p + 0.5) / PATHS);
    for (int e = 0; e < 3; e++) {
        size_t times = follow_paths(o, o->data1, shown_etas[e], 1000, PATHS,
                                    start, NULL, px, NULL, at);
        for (size_t i = 0; i < times; i++) {
            double row[1 + PATHS] = { at[i] };
            for (size_t p = 0; p < PATHS; p++) {
                row[1 + p] = px[PATHS * i + p];
                low = fmin(low, row[1 + p]);
                high = fmax(high, row[1 + p]);
            }
            dm_table_row(t, 1 + PATHS, row);
        }
        dm_table_printf(t, "\n\n");
    }
    dm_table_close(t);
    write_field(o, low, high);
}

/* Paths in the plane, one after the other: x and y at eta = 0, then at 1. */
static void write_plane(const dm_options *o)
{
    static double px[2][251 * PLANE], py[2][251 * PLANE], at[251];
    dm_table *t = dm_options_data(o, "ch03_plane.dat");
    double x[PLANE], y[PLANE];
    size_t times = 0;

    dm_rng_normals(o->seed, DM_STREAM_START, 1, 0, PLANE, x, y);
    for (int e = 0; e < 2; e++)
        times = follow_paths(o, o->data2, (double)e, 50, PLANE, x, y, px[e],
                             py[e], at);
    for (size_t p = 0; p < PLANE; p++) {
        for (size_t i = 0; i < times; i++) {
            size_t k = PLANE * i + p;
            double row[] = { px[0][k], py[0][k], px[1][k], py[1][k] };
            dm_table_row(t, 4, row);
        }
        dm_table_printf(t, "\n\n");
    }
    dm_table_close(t);
}

/* sigma and the coefficient of x_0 for two jumps, as curves and as fits. */
static void write_coefficient(const dm_options *o, const double x0[])
{
    const jump all[] = { forward_example(), example() };
    dm_table *line = dm_options_data(o, "ch03_coefficient.dat");
    dm_table *fit = dm_options_data(o, "ch03_fit.dat"); /* and 2 se */
    dm_table *root = dm_options_data(o, "ch03_markov.dat");

    for (uint32_t k = 0; k < 2; k++) {
        jump j = all[k];
        for (int i = 0; i <= 200; i++) {
            double s = sqrt(j.c_s) * sin(0.5 * M_PI * i / 200.0), v = s * s;
            double left = fmax(0.0, j.c_s - v);
            double row[] = { s, way_forward(j, left, v).nu };
            dm_table_row(line, 2, row);
        }
        for (uint32_t i = 1; i <= 9; i++) {
            double s = sqrt(j.c_s) * 0.1 * (double)i, se;
            double nu = fitted_nu(o, x0, j, s * s, 10 * k + i, &se);
            double row[] = { s, nu, 2.0 * se };
            dm_table_row(fit, 3, row);
        }
        double row[] = { sqrt(j.beta_tilde), 0.0 };
        dm_table_row(root, 2, row);
        dm_table_printf(line, "\n\n");
        dm_table_printf(fit, "\n\n");
    }
    dm_table_close(line);
    dm_table_close(fit);
    dm_table_close(root);
}

/* Densities of the data and of what comes out: x, data, eta = 0, eta = 1; for
 * S = 5, 10 and 50. */
static void write_laws(const dm_options *o, outcome all[ETAS][SIZES])
{
    static const size_t chosen[] = { 0, 1, 3 };
    dm_table *t = dm_options_data(o, "ch03_laws.dat");
    double low = dm_mixture_quantile(o->data1, 1e-4);
    double high = dm_mixture_quantile(o->data1, 1.0 - 1e-4);

    for (int k = 0; k < 3; k++) {
        const dm_law *law[] = { all[0][chosen[k]].law, all[3][chosen[k]].law };
        for (int i = 0; i <= 300; i++) {
            double x = low + (high - low) * i / 300.0;
            double row[] = { x, exp(dm_mixture_log_density(o->data1, &x)), NAN,
                             NAN };
            for (int e = 0; e < 2; e++)
                if (law[e] != NULL)
                    row[2 + e] = dm_law_density(law[e], x);
            dm_table_row(t, 4, row);
        }
        dm_table_printf(t, "\n\n");
    }
    dm_table_close(t);
}

/* --- all of it ------------------------------------------------------------ */

static void family(const dm_options *o, gsl_rng *rng, const double x0[])
{
    dm_check_table("postulate");
    check_demands();
    check_roots();
    dm_check_table("family");
    check_family();
    check_bound(o);
    check_bounds(o);
    check_no_cancellation(o->schedule);
    dm_check_table("marginals");
    check_marginals(o);
    walk w = walk_down(o, o->data1, rng), w2 = walk_down(o, o->data2, rng);
    check_walk(o, &w);
    if (o->S > 1) { /* else there is no step with s >= 1 */
        check_law_of_walk(o, o->data1, &w);
        check_law_of_walk(o, o->data2, &w2);
    }
    dm_check_table("forward");
    check_forward();
    check_forward_by_rule(o);
    check_fit(o, x0);
    dm_check_table("markov");
    check_markov(o);
    check_joint(o);
    dm_check_table("joint");
    check_covariance();
    check_correlations(o, &w);
    check_one_noise(o);
    free_walk(&w);
    free_walk(&w2);
}

static void sampler(const dm_options *o)
{
    dm_sampler *table = table_of(o, o->eta);

    print_table(table);
    dm_check_table("sampler");
    check_table(o, table);
    check_large_a();
    check_engine(o, table, o->data1);
    check_engine(o, table, o->data2);
    check_standing_still(o);
    check_increasing(o);
    dm_check_table("estimate");
    check_costs(o);
    dm_check_table("ddpm");
    check_eta_1(o->schedule);
    check_ddpm(o);
    check_coarse(o);
    dm_check_table("hat");
    check_sigma_hat(o);
    check_excess_of_all(o);
    print_sigma_hat(o);
    dm_check_table("times");
    check_times(o, table);
    dm_sampler_free(table);
}

static void output(const dm_options *o)
{
    static outcome all[ETAS][SIZES];
    dm_law *target = law_of(NULL, o->data1);

    dm_check_table("law");
    if (target != NULL) {
        check_noisy_laws(o);
        check_quantiles(o, 5, target);
        check_quantiles(o, 10, target);
        check_draws(o, 0.0, target);
        check_draws(o, o->S > 1 ? o->eta : 0.5, target);
        check_draws(o, 1.0, target);
    }
    dm_check_table("gaussian");
    check_gaussian(o);
    check_stretch(o);
    check_gaussian_2d(o);
    if (target != NULL) {
        print_roots(o, target);
        compute_laws(o, target, all);
        dm_check_table("digits");
        check_digits(o, all);
        if (all[2][0].law != NULL)
            check_deviation(o, &all[2][0]);
        if (all[0][1].law != NULL)
            check_below(o, &all[0][1]);
        print_laws(o, target, all);
    }
    write_laws(o, all);
    free_laws(all);
    dm_law_free(target);
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read_sampler(&o, 0.5, 10, "ch03_ddim",
                                         "The DDIM sigma family", argc, argv);
    if (status != -1)
        return status;
    if ((status = refuse(&o)) != -1) {
        dm_options_free(&o);
        return status;
    }
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    gsl_rng_set(rng, o.seed);
    double *x0 = numbers(&o, 1);
    draw_data(o.data1, rng, 3, 0, o.particles, &x0);

    family(&o, rng, x0);
    sampler(&o);
    output(&o);
    dm_check_table("exercises");
    check_exercises();
    write_trajectories(&o);
    write_plane(&o);
    write_coefficient(&o, x0);

    free(x0);
    gsl_rng_free(rng);
    dm_options_free(&o);
    return dm_check_end();
}
