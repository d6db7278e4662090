/* Section 3.8: which eta is which sampler. */
#include "ch03.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"

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

void section_ddpm(const dm_options *o)
{
    dm_check_table("ddpm");
    check_eta_1(o->schedule);
    check_ddpm(o);
    check_coarse(o);
    dm_check_table("hat");
    check_sigma_hat(o);
    check_excess_of_all(o);
    print_sigma_hat(o);
}
