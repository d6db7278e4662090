/* Section 1.4: schedules. */
#include "ch01.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "schedule.h"

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

void section_schedules(const dm_options *o)
{
    dm_check_table("schedules");
    check_ends_of_beta(o->steps);
    check_cosine(o->steps);
    check_composition(o->schedule);
}
