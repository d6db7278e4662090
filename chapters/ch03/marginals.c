/* Section 3.3: the marginals. */
#include "ch03.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "rng.h"

double variance_after(const dm_options *o, size_t last, mistake which)
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

// snippet: chain
/* One step of Eq. (3.4) for n particles, in place.  x, x0, z: [n]. */
void step_back(jump j, double eta, size_t n, const double x0[],
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

walk walk_down(const dm_options *o, const dm_mixture *data, gsl_rng *rng)
{
    walk w = { .x = { numbers(o, 1), NULL } };

    if (data->dim == 2)
        w.x[1] = numbers(o, 1);
    for (size_t p = 0; p < o->particles; p += BLOCK)
        walk_block(o, data, rng, p, GSL_MIN(BLOCK, o->particles - p), &w);
    return w;
}

void free_walk(walk *w)
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

void section_marginals(const dm_options *o, gsl_rng *rng, const walk *w)
{
    dm_check_table("marginals");
    check_marginals(o);
    check_walk(o, w);
    if (o->S == 1) /* no step with s >= 1 */
        return;
    walk w2 = walk_down(o, o->data2, rng);
    check_law_of_walk(o, o->data1, w);
    check_law_of_walk(o, o->data2, &w2);
    free_walk(&w2);
}
