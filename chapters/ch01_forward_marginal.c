/* Chapter 1 -- The forward marginal.
 *
 * Walks the data to noise one step at a time, Eq. (1.1), and checks what the
 * walk becomes: two steps, Eq. (1.4), t steps, Eq. (1.6), any jump, Eq. (1.14),
 * and the limit N(0, 1) with its exact distance, Eqs. (1.16) to (1.19).
 * Prints the check tables; writes data/ch01_*.dat.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "check.h"
#include "distance.h"
#include "gaussian.h"
#include "mixture.h"
#include "options.h"
#include "rng.h"
#include "schedule.h"
#include "table.h"

static const double X0 = 1.7; /* not 0, where a mean shows no mistake */
static const double TOLERANCE = 1e-11;

enum { BLOCK = 250, PATHS = 12, SNAPSHOTS = 2, CLOUD = 800, POINTS = 6 };

/* The law of x_t given x_0 = x at a level, Eq. (1.6). */
static dm_gaussian given(dm_level level, double x)
{
    return (dm_gaussian){ level.scale * x, level.variance };
}

/* --- 1.1 the chain -------------------------------------------------------- */

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

// snippet: chain-step
/* One step of Eq. (1.1) for n particles, in place.  x, eps: [n]. */
static void step(size_t n, double x[], double beta, const double eps[])
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
            step(n, x, o->schedule->beta[t], eps);
            note_noise(n, old, x, o->schedule->beta[t], before, r);
        }
        for (size_t s = 0; s < SNAPSHOTS; s++)
            for (size_t i = 0; t == w->at[s] && i < n; i++)
                w->seen[s][first + i] = x[i];
        for (size_t i = 0; i < n && first + i < PATHS; i++)
            w->paths[PATHS * t + first + i] = x[i];
    }
}

static walk walk_all(const dm_options *o, gsl_rng *rng)
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

static void free_walk(walk *w)
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

/* --- 1.2 two steps -------------------------------------------------------- */

/* Two kernels one after the other, from X0 through x to `end`. */
typedef struct {
    dm_level first, second;
    double end;
} two_steps;

static double through(double x, void *params)
{
    two_steps *p = params;
    return exp(dm_gaussian_log_pdf(given(p->first, X0), x) +
               dm_gaussian_log_pdf(given(p->second, x), p->end));
}

/* The density at `end` after both, by quadrature over the middle. */
static double composed(two_steps p)
{
    dm_gaussian bump[] = { given(p.first, X0),
                           { p.end / p.second.scale,
                             p.second.variance / gsl_pow_2(p.second.scale) } };
    double result = NAN;

    dm_gaussian_integrate(2, bump, through, &p, TOLERANCE, &result);
    return result;
}

/* The joint law of x_1 and x_2 given X0 after two large steps: standard
 * deviations and correlation. */
typedef struct {
    double mean1, mean2, sd1, sd2, rho, x1;
} pair;

static const dm_level FIRST = { 0.89442719099991588, 0.2 };  /* sqrt(0.8) */
static const dm_level SECOND = { 0.77459666924148338, 0.4 }; /* sqrt(0.6) */

static pair joint_law(double x1)
{
    double v1 = FIRST.variance, a2 = SECOND.scale;
    double v2 = a2 * a2 * v1 + SECOND.variance; /* Cov[x_1, x_2] = a_2 v_1 */

    return (pair){ .mean1 = FIRST.scale * X0,
                   .mean2 = a2 * FIRST.scale * X0,
                   .sd1 = sqrt(v1),
                   .sd2 = sqrt(v2),
                   .rho = a2 * sqrt(v1 / v2),
                   .x1 = x1 };
}

/* Its density at (x1, x), by GSL. */
static double joint_density(double x, void *params)
{
    pair *p = params;
    return gsl_ran_bivariate_gaussian_pdf(p->x1 - p->mean1, x - p->mean2,
                                          p->sd1, p->sd2, p->rho);
}

static void check_joint(void)
{
    const double x1 = 0.9, x2 = 1.3;
    pair p = joint_law(x1);
    dm_gaussian end = { p.mean2, p.sd2 * p.sd2 };
    double step1 = dm_gaussian_log_pdf(given(FIRST, X0), x1);
    double over_x2 = NAN;

    dm_check_exact(step1 + dm_gaussian_log_pdf(given(SECOND, x1), x2),
                   log(joint_density(x2, &p)), 32.0, 1.0, "1.2",
                   "log q(x_1, x_2 given x_0)");
    dm_check_refutes(step1 + dm_gaussian_log_pdf(end, x2),
                     "x_1 and x_2 taken for independent");

    dm_gaussian_integrate(1, &end, joint_density, &p, TOLERANCE, &over_x2);
    dm_check_numeric(over_x2, exp(step1), TOLERANCE, 1.0, "1.3",
                     "q(x_1 = %.1f given x_0)", x1);
    dm_check_refutes(joint_density(0.0, &p), "x_2 not integrated out, x_2 = 0");
    dm_check_refutes(dm_gaussian_pdf(end, x1), "x_1 integrated out, for x_2");
}

static void check_two_steps(const dm_schedule *s)
{
    size_t t = (s->T + 3) / 2;
    double b1 = s->beta[t - 1], b2 = s->beta[t];
    dm_level jump = dm_schedule_jump(s, t - 2, t);
    double alpha = 1.0 - b2, same = gsl_pow_2(sqrt(alpha * b1) + sqrt(b2));
    dm_gaussian right = given(jump, X0);
    double end = right.mean + 0.7 * sqrt(right.variance);
    two_steps p = { { sqrt(1.0 - b1), b1 }, { sqrt(alpha), b2 }, end };
    two_steps barred = p;
    barred.second = (dm_level){ sqrt(s->abar[t]), s->c[t] };

    dm_check_exact(alpha * b1 + b2, jump.variance, 64.0, jump.variance, "1.4",
                   "variance of two noises, t = %zu", t);
    dm_check_refutes(same, "the same noise twice");
    dm_check_refutes(s->abar[t] * (1.0 - 1.0 / s->abar[t - 2]) + b2,
                     "radicand abar_t - abar_t/abar_(t-2)");
    dm_check_refutes(b1 + b2, "the first noise not shrunk");
    dm_check_numeric(composed(p), dm_gaussian_pdf(right, p.end), TOLERANCE, 1.0,
                     "1.3", "two steps integrated, t = %zu", t);
    dm_check_refutes(composed(barred), "abar_t for alpha_t in the kernel");
    dm_check_refutes(dm_gaussian_pdf(given((dm_level){ sqrt(alpha), b2 }, X0),
                                     p.end),
                     "x_0 for x_(t-1): one step only");
}

/* --- 1.3 t steps ---------------------------------------------------------- */

static void check_jump_law(const dm_schedule *s, size_t t)
{
    double rounds = 4.0 * (double)t, sum_beta = 0.0;
    dm_level level = dm_schedule_level(s, t), end = dm_schedule_level(s, s->T);

    // snippet: recursion
    dm_gaussian x = { X0, 0.0 }, eps = { 0.0, 1.0 };
    for (size_t i = 1; i <= t; i++) /* Eq. (1.1), law by law */
        x = dm_gaussian_sum(sqrt(1.0 - s->beta[i]), x, sqrt(s->beta[i]), eps);
    // end: recursion
    for (size_t i = 1; i <= t; i++)
        sum_beta += s->beta[i];
    dm_check_exact(x.mean, level.scale * X0, rounds, level.scale * X0, "1.6",
                   "E[x_t given x_0], t = %zu", t);
    dm_check_refutes(s->abar[t] * X0, "abar_t x_0: the root lost");
    dm_check_refutes(sqrt(s->c[t]) * X0, "sqrt(1 - abar_t) x_0");
    dm_check_refutes(sqrt(s->abar[t - 1]) * X0, "the schedule off by one");
    if (t < s->T)
        dm_check_refutes(end.scale * X0, "the product taken to T");
    dm_check_exact(x.variance, level.variance, rounds, level.variance, "1.6",
                   "Var[x_t given x_0], t = %zu", t);
    dm_check_refutes(sqrt(s->c[t]), "sqrt(1 - abar_t)");
    dm_check_refutes(gsl_pow_2(s->c[t]), "(1 - abar_t)^2");
    dm_check_refutes(s->abar[t], "abar_t for 1 - abar_t");
    dm_check_exact(s->c[t], 1.0 - s->abar[t], rounds, 1.0, "1.7",
                   "c_t against 1 - abar_t, t = %zu", t);
    dm_check_refutes(sum_beta, "the betas added up");
}

static void check_product(const dm_schedule *s, size_t t)
{
    double sum = 0.0, whole = 0.0;

    for (size_t i = 1; i <= s->T; i++) {
        whole += log1p(-s->beta[i]);
        sum = i == t ? whole : sum;
    }
    dm_check_exact(s->abar[t], exp(sum), 4.0 * (double)t, exp(sum), "1.5",
                   "abar_t as exp of a sum, t = %zu", t);
    dm_check_refutes(exp(sum - log1p(-s->beta[t])), "one factor short");
    dm_check_refutes(exp(whole), "the product taken to T");
}

static void check_first_noise(const dm_schedule *s)
{
    dm_check_exact(s->c[1], s->beta[1], 1.0, s->beta[1], "1.7",
                   "c_1 against beta_1");
    dm_check_refutes(1.0 - s->abar[1], "1 - abar_1, as the machine subtracts");
}

static void check_walk(const dm_options *o, const walk *w, size_t which)
{
    size_t t = w->at[which];
    dm_level level = dm_schedule_level(o->schedule, t);
    double n = (double)w->N, xx0 = 0.0, x0x0 = 0.0, square = 0.0, low, high;
    double limit = dm_distance_ks_limit(w->N, 2.0 * DM_CHECK_TAIL);
    dm_mixture *q = dm_mixture_diffuse(o->data1, level);
    dm_level unscaled = { 1.0, level.variance };
    dm_mixture *wrong = dm_mixture_diffuse(o->data1, unscaled);
    double *u = malloc(w->N * sizeof *u), *v = malloc(w->N * sizeof *v);

    // snippet: walk-statistics
    for (size_t i = 0; i < w->N; i++) {
        double x0 = w->x0[i], x = w->seen[which][i];
        xx0 += x * x0;
        x0x0 += x0 * x0;
        square += gsl_pow_2(x - level.scale * x0);
        u[i] = dm_mixture_cdf(q, x);
        v[i] = dm_mixture_cdf(wrong, x);
    }
    // end: walk-statistics
    if (t < w->T) { /* at T a slope near 0 could tell nothing */
        dm_check_mc(xx0 / x0x0, level.scale, sqrt(level.variance / x0x0), 1.0,
                    "1.6", "slope of x_t on x_0, t = %zu", t);
        dm_check_refutes(sqrt(level.variance), "sqrt(1 - abar_t)");
        dm_check_refutes(gsl_pow_2(level.scale), "abar_t: the root lost");
    }
    dm_distance_variance_limits(w->N, DM_CHECK_TAIL, &low, &high);
    dm_check_law(square / n, level.variance, level.variance * low,
                 level.variance * high, 1.0, "1.6",
                 "mean square residual of x_t, t = %zu", t);
    dm_check_refutes(gsl_pow_2(level.scale),
                     "sqrt(abar_t) for sqrt(1 - abar_t)");
    dm_check_law(dm_distance_ks(w->N, u), 0.0, 0.0, limit, 1.0, "1.15",
                 "1-D walk: KS of F_t(x_t), t = %zu", t);
    dm_check_refutes(dm_distance_ks(w->N, v), "the data not shrunk");
    free(u);
    free(v);
    dm_mixture_free(q);
    dm_mixture_free(wrong);
}

/* --- 1.4 schedules -------------------------------------------------------- */

/* f of Eq. (1.10). */
static double cosine_f(size_t t, size_t T, double offset)
{
    double u = (double)t / (double)T;
    return gsl_pow_2(cos((u + offset) / (1.0 + offset) * 0.5 * M_PI));
}

/* The middle of the schedule: the mean of f(beta) over its two middle steps. */
static double middle(const dm_schedule *s, double (*f)(double))
{
    return 0.5 * (f(s->beta[(s->T + 1) / 2]) + f(s->beta[s->T / 2 + 1]));
}

static double itself(double x)
{
    return x;
}

/* The schedules against the numbers of their papers. */
static void check_ends_of_beta(size_t T)
{
    dm_schedule *line = dm_schedule_named("linear", T);
    dm_schedule *root = dm_schedule_named("sqrt-linear", T);
    dm_schedule *cosine = dm_schedule_named("cosine", T);
    double early = 1.0 / (double)T, rise = (double)(T - 1) / (double)T;

    dm_check_exact(line->beta[1], 1e-4, 2.0, 1e-4, "1.8", "linear, beta_1");
    dm_check_refutes(1e-4 + early * (0.02 - 1e-4), "t/T for (t - 1)/(T - 1)");
    dm_check_exact(line->beta[T], 0.02, 2.0, 0.02, "1.8", "linear, beta_T");
    dm_check_refutes(1e-4 + rise * (0.02 - 1e-4), "(t - 1)/T");
    dm_check_exact(middle(line, itself), 0.01005, 4.0, 0.01, "1.8",
                   "linear, its middle");
    dm_check_refutes(gsl_pow_2(0.5 * (sqrt(1e-4) + sqrt(0.02))),
                     "the roots averaged");
    dm_check_exact(root->beta[1], 8.5e-4, 4.0, 8.5e-4, "1.9",
                   "sqrt-linear, beta_1");
    dm_check_refutes(1e-4, "beta_1 of the linear schedule");
    dm_check_exact(root->beta[T], 0.012, 4.0, 0.012, "1.9",
                   "sqrt-linear, beta_T");
    dm_check_refutes(0.02, "beta_T of the linear schedule");
    dm_check_exact(middle(root, sqrt), 0.5 * (sqrt(8.5e-4) + sqrt(0.012)), 8.0,
                   0.1, "1.9", "sqrt-linear, root of its middle");
    dm_check_refutes(sqrt(0.5 * (8.5e-4 + 0.012)), "the betas averaged");
    dm_check_exact(cosine->beta[T], 0.999, 1.0, 1.0, "1.10", "cosine, beta_T");
    dm_check_refutes(1.0, "no cap");
    dm_schedule_free(line);
    dm_schedule_free(root);
    dm_schedule_free(cosine);
}

static void check_cosine(size_t T)
{
    dm_schedule *s = dm_schedule_named("cosine", T);
    size_t t = (T + 1) / 2;
    double now = cosine_f(t, T, 0.008), before = cosine_f(t - 1, T, 0.008);

    dm_check_exact(s->abar[t], now / cosine_f(0, T, 0.008), 4.0 * (double)t,
                   1.0, "1.11", "cosine abar_t, t = %zu", t);
    dm_check_refutes(cosine_f(t, T, 0.08) / cosine_f(0, T, 0.08),
                     "offset 0.08 for 0.008");
    dm_check_refutes(now, "f(t), not divided by f(0)");
    dm_check_exact(s->beta[t], 1.0 - now / before, 16.0, 1.0, "1.12",
                   "cosine beta_t, t = %zu", t);
    dm_check_refutes(s->beta[t] * sqrt(before),
                     "cos theta_(t-1) for its square");
    dm_check_refutes(1.0 - sqrt(now / before), "cos for cos^2 in f");
    dm_schedule_free(s);
}

static void check_composition(const dm_schedule *s)
{
    size_t t = GSL_MAX(2, s->T / 2), from = t / 2;
    dm_level jump = dm_schedule_jump(s, from, t);
    dm_gaussian right = given(dm_schedule_level(s, t), X0);
    double end = right.mean + 0.7 * sqrt(right.variance);
    two_steps p = { dm_schedule_level(s, from), jump, end };

    dm_check_numeric(composed(p), dm_gaussian_pdf(right, p.end), TOLERANCE, 1.0,
                     "1.14", "jump %zu to %zu after jump 0 to %zu", from, t,
                     from);
    p.second.variance = s->beta[t];
    dm_check_refutes(composed(p), "beta_t for 1 - abar_t/abar_s");
    p.second = dm_schedule_level(s, t - from);
    dm_check_refutes(composed(p), "abar_(t-s): a jump of the same length");
    p.second = (dm_level){ jump.scale, s->abar[from] - s->abar[t] };
    dm_check_refutes(composed(p), "variance abar_s - abar_t");
    dm_check_exact(s->abar[t] / s->abar[t - 1], 1.0 - s->beta[t], 4.0, 1.0,
                   "1.14", "abar_t/abar_(t-1), t = %zu", t);
    dm_check_refutes(1.0 - s->beta[t - 1], "the schedule off by one");
    dm_check_refutes(sqrt(1.0 - s->beta[t]), "abar taken for a root");
}

/* --- 1.5 the law of the data ---------------------------------------------- */

static double power(double x, void *params)
{
    const dm_mixture *q = params;
    return x * x * exp(dm_mixture_log_density(q, &x));
}

static void check_data_law(const dm_options *o, gsl_rng *rng)
{
    size_t t = (o->steps + 4) / 5, n = POINTS * o->particles;
    dm_level level = dm_schedule_level(o->schedule, t);
    dm_mixture *q = dm_mixture_diffuse(o->data1, level);
    double a = level.scale, mean, second = NAN;
    dm_sym2 cov;

    dm_mixture_moments(o->data1, &mean, &cov);
    double expected = a * a * (cov.xx + mean * mean) + level.variance;
    double tol = dm_mixture_tolerance(q, TOLERANCE) * expected;
    dm_mixture_integrate(q, NULL, power, q, tol, &second);
    dm_check_numeric(second, expected, tol, 1.0, "1.15", "E x_t^2, t = %zu", t);
    dm_check_refutes(1.0, "variance kept at 1, whatever the data");
    dm_check_refutes(a * a * cov.xx + level.variance, "the mean forgotten");
    dm_check_refutes(a * (cov.xx + mean * mean) + level.variance,
                     "sqrt(abar_t) for abar_t");
    dm_mixture_free(q);

    double limit = dm_distance_ks_limit(n, 2.0 * DM_CHECK_TAIL);
    double *u = malloc(4 * n * sizeof *u), x0[2], x[2], z[2];
    dm_mixture *q2 = dm_mixture_diffuse(o->data2, level);
    dm_level unscaled = { 1.0, level.variance };
    dm_mixture *wrong = dm_mixture_diffuse(o->data2, unscaled);
    // snippet: jump-2d
    for (size_t i = 0; i < n; i++) {
        dm_rng_at(rng, DM_STREAM_DATA, 2, (uint32_t)i);
        dm_mixture_sample(o->data2, rng, x0);
        dm_rng_normals(o->seed, DM_STREAM_JUMP, 2, (uint32_t)i, 1, &z[0],
                       &z[1]);
        for (size_t j = 0; j < 2; j++) /* one jump, Eq. (1.6) */
            x[j] = level.scale * x0[j] + sqrt(level.variance) * z[j];
        double both[2], other[2];
        dm_mixture_rosenblatt(q2, x, both);
        dm_mixture_rosenblatt(wrong, x, other);
        for (size_t j = 0; j < 2; j++) {
            u[n * j + i] = both[j];
            u[n * (2 + j) + i] = other[j];
        }
    }
    // end: jump-2d
    for (size_t j = 0; j < 2; j++) {
        dm_check_law(dm_distance_ks(n, &u[n * j]), 0.0, 0.0, limit, 1.0, "1.15",
                     "2-D jump: KS of %s, t = %zu",
                     j == 0 ? "F(x)" : "F(y given x)", t);
        dm_check_refutes(dm_distance_ks(n, &u[n * (2 + j)]),
                         "the data not shrunk");
    }
    free(u);
    dm_mixture_free(q2);
    dm_mixture_free(wrong);
}

/* --- 1.6 the limit -------------------------------------------------------- */

static void check_kl_of_point(const dm_schedule *s)
{
    const double x0 = 2.0, one = 1.0;
    double a = s->abar[s->T], c = s->c[s->T];
    double mean = sqrt(a) * x0, kl = NAN, error;
    dm_mixture *q = dm_mixture_new(1, 1, &one, &mean, &c);

    dm_distance_kl_to_normal(q, &kl, &error);
    dm_check_numeric(kl, 0.5 * (a * x0 * x0 - a - log1p(-a)), error, 1.0,
                     "1.16", "KL(q(x_T given x_0 = 2) to N)");
    dm_check_refutes(0.5 * (-a - log1p(-a)), "the mean forgotten");
    dm_check_refutes(0.5 * (a * x0 - a - log1p(-a)), "x_0 for its square");
    dm_mixture_free(q);
}

static double minus_q_log_q(double x, void *params)
{
    double log_q = dm_mixture_log_density(params, &x);
    return -log_q * exp(log_q);
}

/* KL(q to N(0, 1)) by the integral of its definition, and, with an integral of
 * another shape, by Eq. (1.17): *by_entropy. */
static double kl_two_ways(const dm_mixture *q, double wanted,
                          double *by_entropy, double *error)
{
    double kl = NAN, entropy = NAN, mean, tol = dm_mixture_tolerance(q, wanted);
    dm_sym2 cov;

    dm_distance_kl_to_normal(q, &kl, error);
    dm_mixture_integrate(q, NULL, minus_q_log_q, (void *)q, tol, &entropy);
    dm_mixture_moments(q, &mean, &cov);
    double second = cov.xx + mean * mean;
    *by_entropy = 0.5 * (log(2.0 * M_PI) + second) - entropy;
    *error += tol + 4.0 * DBL_EPSILON * second;
    return kl;
}

static void check_entropy_form(const dm_options *o, size_t t)
{
    dm_mixture *q =
        dm_mixture_diffuse(o->data1, dm_schedule_level(o->schedule, t));
    double by_entropy, error, mean;
    double kl = kl_two_ways(q, TOLERANCE, &by_entropy, &error);
    dm_sym2 cov;

    dm_mixture_moments(q, &mean, &cov);
    dm_check_numeric(kl, by_entropy, error, 1.0, "1.17",
                     "KL(q_t to N(0, 1)), t = %zu", t);
    dm_check_refutes(dm_gaussian_kl((dm_gaussian){ mean, cov.xx },
                                    (dm_gaussian){ 0.0, 1.0 }),
                     "q_t taken for a Gaussian");
    dm_check_refutes(by_entropy - 0.5 * (cov.xx + mean * mean),
                     "E x^2/2 left out");
    dm_mixture_free(q);
}

static void check_ends(const dm_options *o)
{
    static const char *const name[] = { "linear", "sqrt-linear", "cosine" };
    static const size_t steps[] = { 10, 100, 1000 };

    for (size_t i = 0; i < 9; i++) {
        dm_schedule *s = dm_schedule_named(name[i / 3], steps[i % 3]);
        dm_mixture *q =
            dm_mixture_diffuse(o->data1, dm_schedule_level(s, s->T));
        double by_entropy, error; /* some distances are as small as 1e-10 */
        double kl = kl_two_ways(q, 1e-13, &by_entropy, &error);
        dm_check_numeric(kl, by_entropy, error, 1.0, "1.17",
                         "KL at the end, %s, T = %zu", name[i / 3], s->T);
        dm_check_refutes(0.0, "x_T taken for N(0, 1)");
        dm_mixture_free(q);
        dm_schedule_free(s);
    }
}

/* Prints what is left of the signal at the end of each schedule. */
static void print_signal(void)
{
    static const char *const name[] = { "linear", "sqrt-linear", "cosine" };
    static const size_t steps[] = { 10, 50, 100, 1000 };

    printf("-- signal --\n%-12s %6s %12s %18s\n", "schedule", "T", "abar_T",
           "sqrt(abar_T)");
    for (size_t i = 0; i < 12; i++) {
        dm_schedule *s = dm_schedule_named(name[i / 4], steps[i % 4]);
        printf("%-12s %6zu %12.3g %18.3g\n", name[i / 4], s->T, s->abar[s->T],
               sqrt(s->abar[s->T]));
        dm_schedule_free(s);
    }
}

/* Mean, variance, third and fourth cumulant of the data. */
static void cumulants(const dm_mixture *m, double k[4])
{
    double third = 0.0, fourth = 0.0;
    dm_sym2 cov;

    dm_mixture_moments(m, &k[0], &cov);
    for (size_t i = 0; i < m->K; i++) {
        const dm_component *c = &m->component[i];
        double d = c->mean[0] - k[0], v = c->cov.xx;
        third += c->weight * d * (d * d + 3.0 * v);
        fourth += c->weight * (d * d * (d * d + 6.0 * v) + 3.0 * v * v);
    }
    k[1] = cov.xx;
    k[2] = third;
    k[3] = fourth - 3.0 * cov.xx * cov.xx;
}

static void check_small_signal(const dm_mixture *m)
{
    double largest = 1.0, k[4], kl = NAN, error;

    for (size_t i = 0; i < m->K; i++)
        largest = fmax(largest, gsl_pow_2(m->component[i].mean[0]) +
                                    m->component[i].cov.xx);
    double a = 0.01 / largest; /* abar, small against all of the data */
    dm_mixture *q = dm_mixture_diffuse(m, (dm_level){ sqrt(a), 1.0 - a });
    dm_distance_kl_to_normal(q, &kl, &error);
    dm_mixture_free(q);
    // snippet: small-signal
    cumulants(m, k);
    double u = k[1] - 1.0; /* Var x_0 - 1 */
    double first = 0.5 * a * k[0] * k[0], second = 0.25 * a * a * u * u;
    double third =
        gsl_pow_3(a) * (k[2] * k[2] / 12.0 + fabs(gsl_pow_3(u)) / 6.0);
    double fourth =
        gsl_pow_4(a) * (gsl_pow_4(u) + k[3] * k[3] + k[2] * k[2] * fabs(u));
    dm_check_numeric(kl, first + second, 2.0 * third + fourth + error, 1.0,
                     "1.18", "KL where little signal is left");
    // end: small-signal
    dm_check_refutes(2.0 * (first + second), "the 1/2 and 1/4 doubled");
    dm_check_refutes(first, "(Var x_0 - 1)^2 left out");
    dm_check_refutes(first + 0.25 * a * a * k[1] * k[1], "Var x_0 for Var - 1");
}

/* abar_T of the schedule beta_t = 1/(2 t^2). */
static double fading_abar(size_t T)
{
    double *beta = malloc((T + 1) * sizeof *beta);

    for (size_t t = 1; t <= T; t++)
        beta[t] = 0.5 / ((double)t * (double)t);
    dm_schedule *s = dm_schedule_from_beta(T, beta);
    double abar = s->abar[T];
    dm_schedule_free(s);
    free(beta);
    return abar;
}

static void check_fading(void)
{
    double limit = sin(M_PI * M_SQRT1_2) / (M_PI * M_SQRT1_2), at[4];

    // snippet: fading
    for (size_t i = 0; i < 4; i++)
        at[i] = fading_abar((size_t)1000 << i);
    double better = 2.0 * at[3] - at[2]; /* the 1/T of the error cancels */
    double before = 2.0 * at[2] - at[1];
    // end: fading
    dm_check_numeric(better, limit, fabs(better - before), 1.0, "1.19",
                     "abar for beta_t = 1/(2 t^2), T to inf");
    dm_check_refutes(0.0, "abar goes to 0 because T grows");
    dm_check_refutes(exp(-M_PI * M_PI / 12.0), "exp(-sum of beta)");
    double slope = log2((at[2] - limit) / (at[3] - limit));
    double steeper = log2((at[1] - limit) / (at[2] - limit));
    dm_check_order(slope, 1.0, 2.0 * fabs(slope - steeper), "1.19",
                   "power of 1/T in the error");
    dm_check_refutes(2.0, "a tail of order 1/T^2");
}

/* --- exercises ------------------------------------------------------------ */

static void check_exercises(const dm_schedule *s)
{
    size_t half = 0;

    while (half < s->T && s->abar[half] > 0.5)
        half++;
    dm_check_exact(dm_schedule_log_snr(s, half),
                   log(s->abar[half]) - log1p(-s->abar[half]), 64.0, 1.0,
                   "1.13", "Ex. 1: log SNR at t = %zu", half);
    dm_check_refutes(0.5 * log(s->abar[half] / s->c[half]),
                     "a ratio of amplitudes");
    dm_level short_jump = dm_schedule_jump(s, 0, 1);
    dm_check_exact(short_jump.variance, s->beta[1], 4.0, s->beta[1], "1.14",
                   "Ex. 2: the jump 0 to 1 is step 1");
    dm_check_refutes(s->beta[2], "the schedule off by one");
}

/* --- data of the figures -------------------------------------------------- */

/* The range that holds the paths, and all but 1e-3 of the data. */
static void figure_range(const dm_mixture *m, const walk *w, double *low,
                         double *high)
{
    *low = fmin(-3.3, dm_mixture_quantile(m, 5e-4));
    *high = fmax(3.3, dm_mixture_quantile(m, 1.0 - 5e-4));
    for (size_t i = 0; i < (w->T + 1) * PATHS; i++) { /* NaN does nothing */
        *low = fmin(*low, w->paths[i]);
        *high = fmax(*high, w->paths[i]);
    }
}

static void write_melting(const dm_options *o, const walk *w)
{
    enum { COLUMNS = 80, ROWS = 56 };
    dm_table *t = dm_options_data(o, "ch01_field.dat"); /* t, x, density */
    double low, high;

    figure_range(o->data1, w, &low, &high);
    for (size_t i = 0; i <= COLUMNS; i++) {
        size_t at = i * o->steps / COLUMNS;
        dm_mixture *q =
            dm_mixture_diffuse(o->data1, dm_schedule_level(o->schedule, at));
        for (size_t j = 0; j <= ROWS; j++) {
            double x = low + (high - low) * (double)j / ROWS;
            double row[] = { (double)at, x,
                             exp(dm_mixture_log_density(q, &x)) };
            dm_table_row(t, 3, row);
        }
        dm_table_printf(t, "\n");
        dm_mixture_free(q);
    }
    dm_table_close(t);

    t = dm_options_data(o, "ch01_paths.dat"); /* t, x of each path */
    for (size_t i = 0; i <= 250; i++) {
        double row[1 + PATHS] = { (double)(i * w->T / 250) };
        for (size_t j = 0; j < PATHS; j++)
            row[1 + j] = w->paths[PATHS * (i * w->T / 250) + j];
        dm_table_row(t, 1 + PATHS, row);
    }
    dm_table_close(t);
}

static void write_schedules(const dm_options *o)
{
    static const char *const name[] = { "linear", "sqrt-linear", "cosine" };
    dm_table *t = dm_options_data(o, "ch01_schedules.dat");
    dm_table *k = dm_options_data(o, "ch01_kl.dat");

    for (size_t i = 0; i < 3; i++) { /* t/T, abar, log SNR */
        dm_schedule *s = dm_schedule_named(name[i], o->steps);
        for (size_t j = 1; j <= 200; j++) {
            size_t at = GSL_MAX(1, j * s->T / 200);
            double row[] = { (double)at / (double)s->T, s->abar[at],
                             dm_schedule_log_snr(s, at) };
            dm_table_row(t, 3, row);
        }
        dm_table_printf(t, "\n\n");
        dm_schedule_free(s);
        for (double T = 10.0; T < 1.1e4; T *= sqrt(sqrt(10.0))) { /* T, KL */
            s = dm_schedule_named(name[i], (size_t)lround(T));
            dm_mixture *q =
                dm_mixture_diffuse(o->data1, dm_schedule_level(s, s->T));
            double row[2] = { (double)s->T }, error;
            dm_distance_kl_to_normal(q, &row[1], &error);
            dm_table_row(k, 2, row);
            dm_mixture_free(q);
            dm_schedule_free(s);
        }
        dm_table_printf(k, "\n\n");
    }
    dm_table_close(t);
    dm_table_close(k);
}

/* Walks a 2-D cloud and writes where it is at six times. */
static void write_cloud(const dm_options *o, gsl_rng *rng)
{
    static const double share[] = { 0.0, 0.1, 0.2, 0.35, 0.6, 1.0 };
    static double x[CLOUD], y[CLOUD], z1[CLOUD], z2[CLOUD];
    dm_table *out = dm_options_data(o, "ch01_cloud.dat");
    size_t next = 0;

    for (size_t i = 0; i < CLOUD; i++) {
        double at[2];
        dm_rng_at(rng, DM_STREAM_DATA, 3, (uint32_t)i);
        dm_mixture_sample(o->data2, rng, at);
        x[i] = at[0];
        y[i] = at[1];
    }
    for (size_t t = 0; t <= o->steps; t++) {
        if (t > 0) {
            dm_rng_normals(o->seed, DM_STREAM_EXTRA, (uint32_t)t, 0, CLOUD, z1,
                           z2);
            step(CLOUD, x, o->schedule->beta[t], z1);
            step(CLOUD, y, o->schedule->beta[t], z2);
        }
        while (next < 6 &&
               t == (size_t)lround(share[next] * (double)o->steps)) {
            dm_table_printf(out, "# t = %zu\n", t);
            for (size_t i = 0; i < CLOUD; i++)
                dm_table_row(out, 2, (double[]){ x[i], y[i] });
            dm_table_printf(out, "\n\n");
            next++;
        }
    }
    dm_table_close(out);
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read(&o, "ch01_forward_marginal",
                                 "The forward marginal", argc, argv);
    if (status != -1)
        return status;
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    gsl_rng_set(rng, o.seed);
    walk w = walk_all(&o, rng);

    dm_check_table("noise");
    check_noise(&w, o.schedule);
    dm_check_table("two-steps");
    check_joint();
    check_two_steps(o.schedule);
    dm_check_table("jump");
    check_product(o.schedule, (o.steps + 1) / 2);
    check_jump_law(o.schedule, (o.steps + 1) / 2);
    check_jump_law(o.schedule, o.steps);
    check_first_noise(o.schedule);
    dm_check_table("walk");
    for (size_t i = 0; i < SNAPSHOTS; i++)
        check_walk(&o, &w, i);
    dm_check_table("schedules");
    check_ends_of_beta(o.steps);
    check_cosine(o.steps);
    check_composition(o.schedule);
    dm_check_table("data");
    check_data_law(&o, rng);
    dm_check_table("limit");
    check_kl_of_point(o.schedule);
    check_entropy_form(&o, (o.steps + 2) / 3);
    check_small_signal(o.data1);
    dm_check_table("ends");
    check_ends(&o);
    print_signal();
    dm_check_table("fading");
    check_fading();
    dm_check_table("exercises");
    check_exercises(o.schedule);
    write_melting(&o, &w);
    write_schedules(&o);
    write_cloud(&o, rng);

    free_walk(&w);
    gsl_rng_free(rng);
    dm_options_free(&o);
    return dm_check_end();
}
