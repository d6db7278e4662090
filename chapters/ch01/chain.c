/* Section 1.1: the chain. */
#include "ch01.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "rng.h"
#include "schedule.h"

enum { BLOCK = 250 }; /* particles */

// snippet: chain-step
/* One step of Eq. (1.1) for n particles, in place.  x, eps: [n]. */
void walk_step(size_t n, double x[], double beta, const double eps[])
{
    for (size_t i = 0; i < n; i++)
        x[i] = sqrt(1.0 - beta) * x[i] + sqrt(beta) * eps[i];
}
// end: chain-step

/* Adds to *r the noises that took the n particles from `old` to x in a step,
 * and whether each has the sign of the one before, which it replaces. */
static void note_noise(size_t n, const double old[], const double x[],
                       double beta, double before[], record *r)
{
    for (size_t i = 0; i < n; i++) {
        double eps = (x[i] - sqrt(1.0 - beta) * old[i]) / sqrt(beta);
        r->sum += eps;
        r->square += eps * eps;
        r->cosine += cos(eps);
        r->agree += eps * before[i] > 0.0 ? 1.0 : -1.0;
        r->against_state += old[i] > 0.0 ? eps : -eps;
        r->root_lost +=
            (1.0 - beta - sqrt(1.0 - beta)) / sqrt(beta) * fabs(old[i]);
        before[i] = eps;
    }
    size_t half = (n + 1) / 2; /* `before` now holds this step's noises */
    for (size_t i = 0; half + i < n; i++) {
        r->between += before[i] * before[half + i] > 0.0 ? 1.0 : -1.0;
        r->pairs += 1.0;
    }
}

/* Walks the n particles from `first` through all steps.  The generator makes
 * two normals at a time: one for each half of the block. */
static void walk_block(const dm_options *o, walk *w, size_t first, size_t n,
                       record *r)
{
    double x[BLOCK], old[BLOCK], eps[BLOCK], before[BLOCK] = { 0.0 };
    size_t half = (n + 1) / 2;

    for (size_t i = 0; i < n; i++)
        x[i] = w->x0[first + i];
    for (size_t t = 0; t <= w->T; t++) {
        for (size_t i = 0; i < n; i++)
            old[i] = x[i];
        if (t > 0) {
            dm_rng_normals(o->seed, DM_STREAM_FORWARD, (uint32_t)t,
                           (uint32_t)first, half, eps, eps + half);
            walk_step(n, x, o->schedule->beta[t], eps);
            note_noise(n, old, x, o->schedule->beta[t], before, r);
        }
        for (size_t s = 0; s < SNAPSHOTS; s++)
            for (size_t i = 0; t == w->at[s] && i < n; i++)
                w->seen[s][first + i] = x[i];
        for (size_t i = 0; i < n && first + i < PATHS; i++)
            w->paths[PATHS * t + first + i] = x[i];
    }
}

walk walk_all(const dm_options *o, gsl_rng *rng)
{
    size_t N = o->particles, T = o->steps, blocks = (N + BLOCK - 1) / BLOCK;
    walk w = { .N = N, .T = T, .at = { (T + 2) / 3, T } };
    record *r = calloc(blocks, sizeof *r);

    w.x0 = malloc(N * sizeof *w.x0);
    for (size_t s = 0; s < SNAPSHOTS; s++)
        w.seen[s] = malloc(N * sizeof *w.seen[s]);
    w.paths = malloc((T + 1) * PATHS * sizeof *w.paths);
    for (size_t i = 0; i < (T + 1) * PATHS; i++)
        w.paths[i] = NAN;
    for (size_t i = 0; i < N; i++) {
        dm_rng_at(rng, DM_STREAM_DATA, 0, (uint32_t)i);
        dm_mixture_sample(o->data1, rng, &w.x0[i]);
    }
#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(static)
#endif
    for (size_t b = 0; b < blocks; b++)
        walk_block(o, &w, BLOCK * b, GSL_MIN(BLOCK, N - BLOCK * b), &r[b]);
    for (size_t b = 0; b < blocks; b++) { /* in order, for any threads */
        w.total.sum += r[b].sum;
        w.total.square += r[b].square;
        w.total.cosine += r[b].cosine;
        w.total.agree += r[b].agree;
        w.total.against_state += r[b].against_state;
        w.total.root_lost += r[b].root_lost;
        w.total.between += r[b].between;
        w.total.pairs += r[b].pairs;
    }
    free(r);
    return w;
}

void free_walk(walk *w)
{
    for (size_t s = 0; s < SNAPSHOTS; s++)
        free(w->seen[s]);
    free(w->paths);
    free(w->x0);
}

static void check_noise(const walk *w, const dm_schedule *s)
{
    size_t count = w->N * w->T;
    double n = (double)count, low, high, mean_beta = 0.0;
    /* Var cos(eps) = (1 + e^-2)/2 - e^-1, from Eq. (0.3) at u = 1 and 2. */
    double sd_cosine = sqrt(0.5 * (1.0 + exp(-2.0)) - exp(-1.0));

    for (size_t t = 1; t <= w->T; t++)
        mean_beta += s->beta[t] / (double)w->T;
    dm_check_mc(w->total.sum / n, 0.0, 1.0 / sqrt(n), 1.0, "1.1",
                "mean of the noises, N T of them");
    dm_check_refutes(0.5, "uniform on (0, 1): rand for randn");
    dm_distance_variance_limits(count, DM_CHECK_TAIL, &low, &high);
    dm_check_law(w->total.square / n, 1.0, low, high, 1.0, "1.1",
                 "mean square of the noises");
    dm_check_refutes(mean_beta, "beta for sqrt(beta) in the step");
    dm_check_mc(w->total.cosine / n, exp(-0.5), sd_cosine / sqrt(n), 1.0, "1.1",
                "E cos(eps), Eq. (0.3)");
    dm_check_refutes(sin(sqrt(3.0)) / sqrt(3.0), "uniform of variance 1");
    dm_check_refutes(M_SQRT1_2, "a product of two normals");
    double pairs = (double)(w->N * (w->T - 1));
    dm_check_mc((w->total.agree + (double)w->N) / pairs, 0.0, 1.0 / sqrt(pairs),
                1.0, "1.1", "mean product of successive signs");
    dm_check_refutes(1.0, "one eps for all steps");
    dm_check_mc(w->total.against_state / n, 0.0, 1.0 / sqrt(n), 1.0, "1.1",
                "noise against the sign of x_(t-1)");
    dm_check_refutes(w->total.root_lost / n, "1 - beta for sqrt(1 - beta)");
    if (w->N < 2)
        return; /* no pair of particles */
    dm_check_mc(w->total.between / w->total.pairs, 0.0,
                1.0 / sqrt(w->total.pairs), 1.0, "1.1",
                "mean product of signs, two particles");
    dm_check_refutes(1.0, "one eps for all particles");
}

void section_chain(const dm_options *o, const walk *w)
{
    dm_check_table("noise");
    check_noise(w, o->schedule);
}
