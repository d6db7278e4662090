/* Section 1.3: t steps. */
#include "ch01.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "schedule.h"

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

void section_jump(const dm_options *o, const walk *w)
{
    dm_check_table("jump");
    check_product(o->schedule, (o->steps + 1) / 2);
    check_jump_law(o->schedule, (o->steps + 1) / 2);
    check_jump_law(o->schedule, o->steps);
    check_first_noise(o->schedule);
    dm_check_table("walk");
    for (size_t i = 0; i < SNAPSHOTS; i++)
        check_walk(o, w, i);
}
