/* Properties of src/sampler.c. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <gsl/gsl_math.h>

#include "errors.h"
#include "reference.h"
#include "sampler.h"

TestSuite(sampler, .init = errors_record);

enum { MOST = 1000 };

static const char *const names[] = { "linear", "sqrt-linear", "cosine" };
static const size_t sizes[] = { 2, 37, MOST };

/* Schedule number i of nine: each name in each size. */
static dm_schedule *schedule_number(size_t i)
{
    dm_schedule *sch = dm_schedule_named(names[i / 3], sizes[i % 3]);

    cr_assert(ne(ptr, sch, NULL));
    return sch;
}

static dm_schedule *schedule_of_row(reference *table)
{
    size_t T = reference_count(table, "T");
    dm_schedule *sch = dm_schedule_named(reference_text(table, "schedule"), T);

    cr_assert(ne(ptr, sch, NULL));
    return sch;
}

/* What t steps leave of relative accuracy in abar_t and c_t, as in
 * test_schedule.c, with 20 more roundings. */
static double round_off(size_t t)
{
    return DBL_EPSILON * (4.0 * (double)t + 20.0);
}

static void expect_relative(double value, double expected, double limit)
{
    cr_assert(epsilon_eq(dbl, value, expected, limit * fabs(expected)));
}

/* --- against the tables --------------------------------------------------- */

/* The reference gives x_s = coef_xt x_t + coef_x0 x_0 + sigma z; a table has
 * x_0 as (x_t - sqrt(c_t) eps)/sqrt(abar_t).  Going back takes a difference
 * for coef_xt, hence the room. */
static void expect_reference_step(reference *table, const dm_step *step)
{
    double coef_x0 = -step->B * step->from.scale / sqrt(step->from.variance);
    double part = coef_x0 / step->from.scale;

    reference_holds(table, "coef_x0", coef_x0);
    reference_holds_within(table, "coef_xt", step->A - part,
                           round_off(step->t) * fabs(part));
}

Test(sampler, ddpm_agrees_with_the_reference_posterior)
{
    reference table = reference_open("posterior.tsv");

    while (reference_next(&table)) {
        dm_schedule *sch = schedule_of_row(&table);
        size_t t = reference_count(&table, "t");
        dm_sampler *ddpm = dm_sampler_ddpm(sch, DM_VARIANCE_BETA_TILDE);
        cr_assert(ne(ptr, ddpm, NULL));
        const dm_step *step = &ddpm->step[sch->T - t];
        cr_expect(eq(sz, step->t, t));
        cr_expect(eq(sz, step->s, t - 1));
        expect_reference_step(&table, step);
        reference_holds(&table, "variance", step->C * step->C);
        dm_sampler_free(ddpm);
        dm_schedule_free(sch);
    }
}

Test(sampler, ddim_agrees_with_the_reference_for_every_eta_and_jump)
{
    reference table = reference_open("ddim.tsv");

    while (reference_next(&table)) {
        dm_schedule *sch = schedule_of_row(&table);
        size_t tau[] = { 0, reference_count(&table, "s"),
                         reference_count(&table, "t") };
        dm_sampler *ddim =
            dm_sampler_ddim(sch, 2, tau, reference_number(&table, "eta"));
        cr_assert(ne(ptr, ddim, NULL));
        cr_expect(eq(sz, ddim->step[0].t, tau[2]));
        cr_expect(eq(sz, ddim->step[0].s, tau[1]));
        expect_reference_step(&table, &ddim->step[0]);
        reference_holds(&table, "sigma", ddim->step[0].C);
        dm_sampler_free(ddim);
        dm_schedule_free(sch);
    }
}

/* --- by other routes ------------------------------------------------------ */

static void expect_levels(const dm_sampler *sampler, const dm_schedule *sch)
{
    for (size_t i = 0; i < sampler->n; i++) {
        const dm_step *step = &sampler->step[i];
        dm_level from = dm_schedule_level(sch, step->t);
        dm_level to = dm_schedule_level(sch, step->s);
        cr_assert(eq(dbl, step->from.scale, from.scale));
        cr_assert(eq(dbl, step->from.variance, from.variance));
        cr_assert(eq(dbl, step->to.scale, to.scale));
        cr_assert(eq(dbl, step->to.variance, to.variance));
        if (i > 0)
            cr_assert(eq(sz, step->t, sampler->step[i - 1].s));
    }
}

/* Unit variance stays: A^2 + C^2 = 1.  And T steps are one jump. */
Test(sampler, forward_walks_to_the_last_level)
{
    for (size_t i = 0; i < 9; i++) {
        dm_schedule *sch = schedule_number(i);
        dm_sampler *forward = dm_sampler_forward(sch);
        cr_assert(ne(ptr, forward, NULL));
        cr_expect(eq(sz, forward->n, sch->T));
        expect_levels(forward, sch);
        double scale = 1.0, variance = 0.0;
        for (size_t j = 0; j < forward->n; j++) {
            const dm_step *step = &forward->step[j];
            cr_assert(eq(dbl, step->B, 0.0));
            expect_relative(gsl_hypot(step->A, step->C), 1.0, 4 * DBL_EPSILON);
            scale *= step->A;
            variance = variance * step->A * step->A + step->C * step->C;
        }
        dm_level last = dm_schedule_level(sch, sch->T);
        expect_relative(scale, last.scale, round_off(sch->T));
        expect_relative(variance, last.variance, round_off(sch->T));
        dm_sampler_free(forward);
        dm_schedule_free(sch);
    }
}

/* One point x_0 is data whose eps is (x_t - sqrt(abar_t) x_0)/sqrt(c_t), which
 * makes a step linear: if x_t has mean sqrt(abar_t) x_0 and variance c_t, x_s
 * must have mean sqrt(abar_s) x_0 and variance c_s.  The variance needs
 * (A sqrt(c_t) + B)^2 = c_s - C^2, where the sum is a difference. */
static void expect_marginals(const dm_sampler *sampler)
{
    for (size_t i = 0; i < sampler->n; i++) {
        const dm_step *step = &sampler->step[i];
        double from = step->A * sqrt(step->from.variance);
        double spread = from + step->B;
        double room = round_off(step->t) * from;
        cr_assert(epsilon_eq(dbl, step->A * step->from.scale, step->to.scale,
                             round_off(step->t)));
        cr_assert(epsilon_eq(dbl, spread * spread + step->C * step->C,
                             step->to.variance,
                             2.0 * room * (fabs(spread) + room) +
                                 round_off(step->t) * step->to.variance));
    }
    cr_assert(eq(dbl, sampler->step[sampler->n - 1].C, 0.0));
    cr_assert(eq(sz, sampler->step[sampler->n - 1].s, 0));
}

Test(sampler, ddim_keeps_the_marginals_for_every_eta_and_tau)
{
    static const double eta[] = { 0.0, 0.31, 0.77, 1.0 };
    static const size_t S[] = { 1, 2, 13, 37 };

    for (size_t i = 0; i < 9; i++) {
        dm_schedule *sch = schedule_number(i);
        for (size_t j = 0; j < 16 && S[j / 4] <= sch->T; j++) {
            size_t tau[38];
            dm_sampler_tau_quadratic(sch->T, S[j / 4], tau);
            dm_sampler *ddim = dm_sampler_ddim(sch, S[j / 4], tau, eta[j % 4]);
            cr_assert(ne(ptr, ddim, NULL));
            cr_expect(eq(sz, ddim->n, S[j / 4]));
            cr_expect(eq(sz, ddim->step[0].t, sch->T));
            expect_levels(ddim, sch);
            expect_marginals(ddim);
            dm_sampler_free(ddim);
        }
        dm_schedule_free(sch);
    }
}

/* Relatively, within `factor` times the round-off. */
static void expect_same_steps(const dm_sampler *a, const dm_sampler *b,
                              double factor)
{
    cr_assert(eq(sz, a->n, b->n));
    for (size_t i = 0; i < a->n; i++) {
        double limit = factor * round_off(a->step[i].t);
        expect_relative(a->step[i].A, b->step[i].A, limit);
        expect_relative(a->step[i].B, b->step[i].B, limit);
        expect_relative(a->step[i].C, b->step[i].C, limit);
    }
}

Test(sampler, ddim_at_eta_1_over_all_times_is_ddpm_with_beta_tilde)
{
    for (size_t i = 0; i < 9; i++) {
        dm_schedule *sch = schedule_number(i);
        size_t tau[MOST + 1];
        dm_sampler_tau_uniform(sch->T, sch->T, tau);
        dm_sampler *ddim = dm_sampler_ddim(sch, sch->T, tau, 1.0);
        dm_sampler *ddpm = dm_sampler_ddpm(sch, DM_VARIANCE_BETA_TILDE);
        cr_assert(ddim != NULL && ddpm != NULL);
        expect_levels(ddpm, sch);
        expect_marginals(ddpm);
        expect_same_steps(ddim, ddpm, 1.0);
        dm_sampler_free(ddim);
        dm_sampler_free(ddpm);
        dm_schedule_free(sch);
    }
}

Test(sampler, sigma_hat_over_all_times_is_ddpm_with_beta)
{
    for (size_t i = 0; i < 9; i++) {
        dm_schedule *sch = schedule_number(i);
        size_t tau[MOST + 1];
        dm_sampler_tau_uniform(sch->T, sch->T, tau);
        dm_sampler *hat = dm_sampler_sigma_hat(sch, sch->T, tau);
        dm_sampler *ddpm = dm_sampler_ddpm(sch, DM_VARIANCE_BETA);
        cr_assert(hat != NULL && ddpm != NULL);
        expect_same_steps(hat, ddpm, 1.0);
        cr_expect(eq(dbl, ddpm->step[0].C, sqrt(sch->beta[sch->T])));
        cr_expect(eq(dbl, ddpm->step[sch->T - 1].C, 0.0));
        dm_sampler_free(hat);
        dm_sampler_free(ddpm);
        dm_schedule_free(sch);
    }
}

/* The chain with a step for each jump of tau, beta from sums of logarithms.
 * A chain knows 1 - beta to an epsilon of 1, so it magnifies round-off by
 * 1/(1 - beta) where the jump is large. */
Test(sampler, eta_1_and_sigma_hat_on_tau_are_ddpm_of_the_coarse_chain)
{
    size_t tau[] = { 0, 3, 10, 11, 29, 37 };

    for (size_t i = 0; i < 3; i++) {
        dm_schedule *sch = dm_schedule_named(names[i], 37);
        double beta[6], factor = 1.0;
        for (size_t j = 1; j <= 5; j++) {
            double sum = 0.0;
            for (size_t t = tau[j - 1] + 1; t <= tau[j]; t++)
                sum += log1p(-sch->beta[t]);
            beta[j] = -expm1(sum);
            factor = fmax(factor, exp(-sum));
        }
        dm_schedule *coarse = dm_schedule_from_beta(5, beta);
        dm_sampler *table[] = { dm_sampler_ddim(sch, 5, tau, 1.0),
                                dm_sampler_ddpm(coarse, DM_VARIANCE_BETA_TILDE),
                                dm_sampler_sigma_hat(sch, 5, tau),
                                dm_sampler_ddpm(coarse, DM_VARIANCE_BETA) };
        expect_same_steps(table[0], table[1], factor);
        expect_same_steps(table[2], table[3], factor);
        for (size_t j = 0; j < 4; j++)
            dm_sampler_free(table[j]);
        dm_schedule_free(coarse);
        dm_schedule_free(sch);
    }
}

Test(sampler, a_new_table_does_nothing)
{
    dm_sampler *sampler = dm_sampler_new(37);

    cr_assert(ne(ptr, sampler, NULL));
    cr_expect(eq(sz, sampler->n, 37));
    for (size_t i = 0; i < 37; i++) {
        dm_step s = sampler->step[i];
        cr_expect(s.A == 1.0 && s.B == 0.0 && s.C == 0.0);
        cr_expect(s.from.scale == 1.0 && s.from.variance == 0.0);
        cr_expect(s.to.scale == 1.0 && s.to.variance == 0.0);
        cr_expect(s.t == 0 && s.s == 0);
    }
    dm_sampler_free(sampler);
    dm_sampler_free(NULL);
}

/* --- times ---------------------------------------------------------------- */

static void expect_times(size_t n, const size_t tau[], const size_t expected[])
{
    for (size_t i = 0; i < n; i++)
        cr_expect(eq(sz, tau[i], expected[i]));
}

Test(sampler, times_are_those_of_a_calculation_by_hand)
{
    static const size_t thirds[] = { 0, 333, 667, 1000 };
    static const size_t halves[] = { 0, 3, 5 }; /* 2.5 goes up      */
    static const size_t squares[] = { 0, 1, 2, 4, 6, 10 }; /* .4 1.6 3.6 6.4 */
    static const size_t all[] = { 0, 1, 2, 3, 4 };
    size_t tau[6];

    dm_sampler_tau_uniform(1000, 3, tau);
    expect_times(4, tau, thirds);
    dm_sampler_tau_uniform(5, 2, tau);
    expect_times(3, tau, halves);
    dm_sampler_tau_quadratic(10, 5, tau);
    expect_times(6, tau, squares);
    dm_sampler_tau_quadratic(4, 4, tau);
    expect_times(5, tau, all);
}

/* The formula in doubles: a quotient that is not a half is at least 1/(2 S)
 * from one, and its rounding is below 1e-9. */
Test(sampler, times_follow_their_formulas_and_end_at_T)
{
    static const size_t T[] = { 1, 2, 37, 1000, 1000000 };
    static size_t tau[1000001];

    for (size_t i = 0; i < 5; i++) {
        for (size_t S = 1; S <= T[i]; S = 7 * S + 2) {
            double n = (double)S, last = (double)T[i];
            cr_expect(zero(int, dm_sampler_tau_uniform(T[i], S, tau)));
            for (size_t j = 0; j <= S; j++)
                cr_assert(
                    eq(dbl, (double)tau[j], floor(last * (double)j / n + 0.5)));
            cr_expect(zero(int, dm_sampler_tau_quadratic(T[i], S, tau)));
            cr_expect(eq(sz, tau[0], 0));
            for (size_t j = 1; j <= S; j++)
                cr_assert(
                    eq(dbl, (double)tau[j],
                       fmax((double)tau[j - 1] + 1.0,
                            floor(last * gsl_pow_2((double)j / n) + 0.5))));
            cr_expect(eq(sz, tau[S], T[i]));
        }
    }
}

/* --- the bound on eta ----------------------------------------------------- */

/* By its definition: sigma^2 = eta^2 (c_s/c_t)(1 - abar_t/abar_s) is c_s. */
Test(sampler, eta_max_is_the_least_of_the_steps)
{
    size_t tau[] = { 0, 1, 3, 10, 11, 29, 37 };

    for (size_t i = 0; i < 3; i++) {
        dm_schedule *sch = dm_schedule_named(names[i], 37);
        double least = INFINITY;
        size_t at = 0, tightest = 0;
        for (size_t j = 2; j <= 6; j++) {
            double lost = 1.0 - sch->abar[tau[j]] / sch->abar[tau[j - 1]];
            double bound = sqrt(sch->c[tau[j]] / lost);
            at = bound < least ? j : at;
            least = fmin(least, bound);
        }
        /* 1 - abar_t/abar_s is above 1e-4 here. */
        expect_relative(dm_sampler_eta_max(sch, 6, tau, &tightest), least,
                        1e4 * round_off(37));
        expect_relative(dm_sampler_eta_max(sch, 6, tau, NULL), least,
                        1e4 * round_off(37));
        cr_expect(eq(sz, tightest, at));
        dm_schedule_free(sch);
    }
}

/* At eta_max the coefficient of x_t is 0 in that step: all is new noise. */
Test(sampler, eta_max_is_allowed_and_nothing_above_it)
{
    for (size_t i = 0; i < 9; i++) {
        dm_schedule *sch = schedule_number(i);
        size_t tau[MOST + 1], tightest;
        for (size_t S = 2; S <= sch->T; S = 5 * S + 1) {
            dm_sampler_tau_uniform(sch->T, S, tau);
            double most = dm_sampler_eta_max(sch, S, tau, &tightest);
            cr_assert(ge(dbl, most, 1.0));
            dm_sampler *ddim = dm_sampler_ddim(sch, S, tau, most);
            cr_assert(ne(ptr, ddim, NULL));
            expect_marginals(ddim);
            const dm_step *step = &ddim->step[S - tightest];
            cr_assert(eq(sz, step->t, tau[tightest]));
            expect_relative(step->C, sqrt(step->to.variance),
                            round_off(step->t));
            dm_sampler_free(ddim);
            ddim = dm_sampler_ddim(sch, S, tau, nextafter(most, INFINITY));
            cr_assert(eq(ptr, ddim, NULL));
            cr_expect(eq(int, errors_last(), GSL_EDOM));
        }
        dm_schedule_free(sch);
    }
}

/* Over a jump that leaves 1e-30 of the signal the bound is 1 within an epsilon,
 * and eta = 1 must still be allowed. */
Test(sampler, eta_1_is_always_allowed)
{
    double beta[12] = { 0.0 };
    size_t tau[] = { 0, 1, 11 };

    for (size_t t = 1; t <= 11; t++)
        beta[t] = 0.999;
    dm_schedule *sch = dm_schedule_from_beta(11, beta);
    dm_sampler *ddim = dm_sampler_ddim(sch, 2, tau, 1.0);
    cr_assert(ne(ptr, ddim, NULL));
    cr_expect(eq(dbl, dm_sampler_eta_max(sch, 2, tau, NULL), 1.0));
    dm_sampler_free(ddim);
    dm_schedule_free(sch);
}

Test(sampler, one_step_to_0_takes_any_eta)
{
    dm_schedule *sch = schedule_number(1);
    size_t tau[] = { 0, 17 }, tightest = 0;
    dm_sampler *ddim = dm_sampler_ddim(sch, 1, tau, 37.0);

    cr_expect(eq(dbl, dm_sampler_eta_max(sch, 1, tau, &tightest), INFINITY));
    cr_expect(eq(sz, tightest, 1));
    cr_assert(ne(ptr, ddim, NULL));
    cr_expect(eq(dbl, ddim->step[0].C, 0.0));
    dm_sampler_free(ddim);
    dm_schedule_free(sch);
}

/* --- reverse SDEs --------------------------------------------------------- */

static const dm_sde sdes[] = { DM_SDE_VP, DM_SDE_SUB_VP, DM_SDE_VE };

/* A step is x + (-f x + (1 + lambda^2)/2 g^2 score) h + lambda g sqrt(h) z,
 * with eps* = -sqrt(variance) score; each side is rounded a few times, g^2 of
 * VE through a power of up to 5000^2. */
Test(sampler, a_step_of_the_reverse_sde_is_eulers)
{
    static const double t[] = { 0.001, 0.0137, 0.2, 0.71, 1.0 };
    static const double lambdas[] = { 0.0, 0.6, 1.0, 1.7 };

    for (size_t k = 0; k < 12; k++) {
        double lambda = lambdas[k % 4], score = 0.83, x = -1.3;
        dm_sampler *euler = dm_sampler_reverse_sde(sdes[k / 4], 4, t, lambda);
        cr_assert(ne(ptr, euler, NULL));
        cr_assert(eq(sz, euler->n, 4));
        for (size_t i = 4; i > 0; i--) {
            const dm_step *step = &euler->step[4 - i];
            double f = dm_sde_drift(sdes[k / 4], t[i]), h = t[i] - t[i - 1];
            double g2 = dm_sde_noise_rate(sdes[k / 4], t[i]);
            double eps = -sqrt(step->from.variance) * score;
            double slope = -f * x + 0.5 * (1.0 + lambda * lambda) * g2 * score;
            cr_expect(epsilon_eq(dbl, step->A * x + step->B * eps,
                                 x + h * slope,
                                 16.0 * DBL_EPSILON * (2.0 + 99.0 * g2)));
            expect_relative(step->C * step->C, h * lambda * lambda * g2,
                            16.0 * DBL_EPSILON);
            cr_expect(eq(dbl, step->from.variance,
                         dm_sde_level(sdes[k / 4], t[i]).variance));
            cr_expect(eq(dbl, step->to.variance,
                         dm_sde_level(sdes[k / 4], t[i - 1]).variance));
        }
        dm_sampler_free(euler);
    }
}

/* For data N(0, v) the score is -x/V: a step multiplies the variance by
 * (1 - h (f + (1 + lambda^2)/2 g^2/V))^2 and adds lambda^2 g^2 h.  Started at
 * V(1), what is off at the end halves with h: the ratio of the errors of n and
 * 2 n steps is 2 up to the next order, of size h times rates up to 20.  (Near
 * t = 0 the order-h errors of VE at lambda = 1 cancel, so it stops before.) */
static double variance_error(dm_sde sde, size_t n, double lambda)
{
    const double v = 0.7, t_min = 0.5;
    double t[MOST + 1], end = dm_sde_level(sde, 1.0).variance;

    end += gsl_pow_2(dm_sde_level(sde, 1.0).scale) * v;
    cr_assert(zero(int, dm_sampler_times(t_min, n, t)));
    dm_sampler *euler = dm_sampler_reverse_sde(sde, n, t, lambda);
    cr_assert(ne(ptr, euler, NULL));
    for (size_t i = 0; i < n; i++) {
        const dm_step *step = &euler->step[i];
        double V = gsl_pow_2(step->from.scale) * v + step->from.variance;
        double factor = step->A + step->B * sqrt(step->from.variance) / V;
        end = factor * factor * end + step->C * step->C;
    }
    dm_sampler_free(euler);
    dm_level last = dm_sde_level(sde, t_min);
    return end - gsl_pow_2(last.scale) * v - last.variance;
}

Test(sampler, all_reverse_sdes_have_the_marginals_of_the_process)
{
    static const double lambdas[] = { 0.0, 0.6, 1.0, 1.7 };

    for (size_t k = 0; k < 12; k++) {
        double rough = variance_error(sdes[k / 4], 500, lambdas[k % 4]);
        double fine = variance_error(sdes[k / 4], 1000, lambdas[k % 4]);
        cr_expect(lt(dbl, fabs(fine), 0.1));
        cr_expect(epsilon_eq(dbl, rough / fine, 2.0, 0.2),
                  "sde %zu, lambda %g: %g and %g", k / 4, lambdas[k % 4], rough,
                  fine);
    }
}

Test(sampler, times_of_an_sde_are_evenly_spread)
{
    double t[38];

    cr_assert(zero(int, dm_sampler_times(0.013, 37, t)));
    cr_expect(eq(dbl, t[0], 0.013));
    cr_expect(eq(dbl, t[37], 1.0));
    for (size_t i = 1; i <= 37; i++)
        cr_expect(epsilon_eq(dbl, t[i] - t[i - 1], (1.0 - 0.013) / 37.0,
                             2.0 * DBL_EPSILON));
}

/* --- errors --------------------------------------------------------------- */

static char said[300];

static void remember_reason(const char *reason, const char *file, int line,
                            int code)
{
    snprintf(said, sizeof said, "%s", reason);
    errors_remember(reason, file, line, code);
}

static void expect_no_sampler(dm_sampler *sampler, int code)
{
    cr_expect(eq(ptr, sampler, NULL));
    cr_expect(eq(int, errors_last(), code));
}

Test(sampler, a_table_of_no_steps_is_a_domain_error)
{
    expect_no_sampler(dm_sampler_new(0), GSL_EDOM);
}

Test(sampler, an_unknown_variance_is_an_invalid_argument)
{
    dm_schedule *sch = schedule_number(1);

    expect_no_sampler(dm_sampler_ddpm(sch, (dm_variance)2), GSL_EINVAL);
    dm_schedule_free(sch);
}

Test(sampler, an_eta_that_is_no_number_or_negative_is_a_domain_error)
{
    static const double bad[] = { -1e-9, -INFINITY, NAN, INFINITY };
    dm_schedule *sch = schedule_number(1);
    size_t tau[] = { 0, 5, 37 };

    for (size_t i = 0; i < 4; i++)
        expect_no_sampler(dm_sampler_ddim(sch, 2, tau, bad[i]), GSL_EDOM);
    dm_schedule_free(sch);
}

/* With half of the signal gone from 1 to 2 and nearly none from 2 to 3, the
 * first of the two is the tight one: eta^2 = 1 + abar_1 (1 - beta_2)
 * (1 - abar_1)/(abar_1 beta_2) = 1 + 0.5 * 0.1/0.5 = 1.1. */
Test(sampler, an_inadmissible_sigma_names_the_step_and_the_largest_eta)
{
    double beta[] = { 0.0, 0.1, 0.5, 0.01 };
    dm_schedule *sch = dm_schedule_from_beta(3, beta);
    size_t tau[] = { 0, 1, 2, 3 };

    gsl_set_error_handler(remember_reason);
    expect_no_sampler(dm_sampler_ddim(sch, 3, tau, 1.05), GSL_EDOM);
    cr_expect(ne(ptr, strstr(said, "from t = 2 to s = 1"), NULL), "%s", said);
    const char *number = strstr(said, "eta allowed is ");
    cr_assert(ne(ptr, (void *)number, NULL), "%s", said);
    expect_relative(strtod(number + strlen("eta allowed is "), NULL), sqrt(1.1),
                    1e-14);
    dm_sampler *ddim = dm_sampler_ddim(sch, 3, tau, 1.0488);
    cr_expect(ne(ptr, ddim, NULL));
    dm_sampler_free(ddim);
    dm_schedule_free(sch);
}

Test(sampler, times_out_of_order_or_out_of_range_are_domain_errors)
{
    static const struct {
        size_t S, tau[4];
        const char *names;
    } bad[] = { { 0, { 0 }, "empty" },
                { 2, { 1, 2, 3 }, "tau_0" },
                { 3, { 0, 5, 5, 9 }, "tau_2" },
                { 3, { 0, 5, 4, 9 }, "tau_2" },
                { 3, { 0, 0, 4, 9 }, "tau_1" },
                { 3, { 0, 5, 9, 38 }, "tau_3" },
                { 1, { 0, (size_t)-1 }, "tau_1" } };
    dm_schedule *sch = schedule_number(1);

    gsl_set_error_handler(remember_reason);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const size_t *tau = bad[i].tau;
        expect_no_sampler(dm_sampler_ddim(sch, bad[i].S, tau, 0.5), GSL_EDOM);
        cr_expect(ne(ptr, strstr(said, bad[i].names), NULL), "%s", said);
        expect_no_sampler(dm_sampler_sigma_hat(sch, bad[i].S, tau), GSL_EDOM);
        cr_expect(isnan(dm_sampler_eta_max(sch, bad[i].S, tau, NULL)));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
    }
    dm_schedule_free(sch);
}

Test(sampler, more_steps_than_times_are_a_domain_error_and_touch_nothing)
{
    static const size_t bad[][2] = {
        { 37, 38 }, { 37, 0 }, { 0, 0 }, { 1000001, 5 }, { 37, (size_t)-1 }
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t tau[1] = { 77 };
        cr_expect(eq(int, dm_sampler_tau_uniform(bad[i][0], bad[i][1], tau),
                     GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
        cr_expect(eq(int, dm_sampler_tau_quadratic(bad[i][0], bad[i][1], tau),
                     GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
        cr_expect(eq(sz, tau[0], 77));
    }
}

/* abar is 10^-3 to the power t: 0 in doubles after 108 steps. */
Test(sampler, a_signal_that_underflows_is_reported)
{
    double beta[201] = { 0.0 };
    size_t tau[] = { 0, 50, 200 }, early[] = { 0, 50, 100 };

    for (size_t t = 1; t <= 200; t++)
        beta[t] = 0.999;
    dm_schedule *sch = dm_schedule_from_beta(200, beta);
    expect_no_sampler(dm_sampler_ddim(sch, 2, tau, 0.0), GSL_EUNDRFLW);
    expect_no_sampler(dm_sampler_sigma_hat(sch, 2, tau), GSL_EUNDRFLW);
    cr_expect(isnan(dm_sampler_eta_max(sch, 2, tau, NULL)));
    dm_sampler *ddim = dm_sampler_ddim(sch, 2, early, 0.0);
    cr_assert(ne(ptr, ddim, NULL));
    for (size_t i = 0; i < 2; i++)
        cr_expect(isfinite(ddim->step[i].A) && isfinite(ddim->step[i].B));
    dm_sampler_free(ddim);
    dm_schedule_free(sch);
}

Test(sampler, times_of_an_sde_out_of_range_are_domain_errors)
{
    static const double bad[] = { 0.0, -0.1, 1.0, 1.5, NAN };
    double t[2] = { 77.0, 77.0 };

    for (size_t i = 0; i < 5; i++) {
        cr_expect(eq(int, dm_sampler_times(bad[i], 1, t), GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
    }
    cr_expect(eq(int, dm_sampler_times(0.1, 0, t), GSL_EDOM));
    cr_expect(eq(int, dm_sampler_times(0.1, 1000001, t), GSL_EDOM));
    cr_expect(eq(dbl, t[0], 77.0));
}

Test(sampler, a_bad_time_of_the_reverse_sde_names_its_step)
{
    static const struct {
        size_t n;
        double t[4];
        const char *names;
    } bad[] = { { 2, { 0.0, 0.5, 1.0 }, "t[0] = 0" },
                { 2, { -0.1, 0.5, 1.0 }, "t[0]" },
                { 1, { 1.0, 1.0 }, "t[0] = 1" },
                { 2, { NAN, 0.5, 1.0 }, "t[0]" },
                { 2, { 0.1, 0.1, 1.0 }, "step 1" },
                { 3, { 0.1, 0.5, 0.4, 1.0 }, "step 2" },
                { 2, { 0.1, 0.5, 1.1 }, "step 2" },
                { 2, { 0.1, NAN, 1.0 }, "step 1" },
                { 0, { 0.5, 1.0 }, "need a step" } };

    gsl_set_error_handler(remember_reason);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_no_sampler(dm_sampler_reverse_sde(DM_SDE_VP, bad[i].n, bad[i].t,
                                                 1.0),
                          GSL_EDOM);
        cr_expect(ne(ptr, strstr(said, bad[i].names), NULL), "%s", said);
    }
}

/* At 1e-170 the noise of sub-VP, of about (0.1 t)^2, is 0 in doubles. */
Test(sampler, a_step_of_the_reverse_sde_that_overflows_is_named)
{
    double t[] = { 1e-200, 1e-170, 0.5, 1.0 };

    gsl_set_error_handler(remember_reason);
    expect_no_sampler(dm_sampler_reverse_sde(DM_SDE_SUB_VP, 3, t, 1.0),
                      GSL_EOVRFLW);
    cr_expect(ne(ptr, strstr(said, "step 1, from t = 1e-170"), NULL), "%s",
              said);
}

Test(sampler, a_bad_noise_or_equation_of_a_reverse_sde_is_refused)
{
    static const double bad[] = { -1e-9, -INFINITY, NAN, INFINITY };
    double t[] = { 0.1, 1.0 };

    for (size_t i = 0; i < 4; i++)
        expect_no_sampler(dm_sampler_reverse_sde(DM_SDE_VP, 1, t, bad[i]),
                          GSL_EDOM);
    expect_no_sampler(dm_sampler_reverse_sde((dm_sde)3, 1, t, 1.0), GSL_EINVAL);
    expect_no_sampler(dm_sampler_reverse_sde(DM_SDE_VP, 1, t, 1e200),
                      GSL_EOVRFLW);
}

#ifdef __linux__
/* A million steps need 72 MB; no more than what the test has now is allowed. */
Test(sampler, too_little_memory_is_reported)
{
    dm_schedule *sch = dm_schedule_named("cosine", 1000000);
    struct rlimit now;

    cr_assert(ne(ptr, sch, NULL));
    getrlimit(RLIMIT_AS, &now);
    struct rlimit little = { 1 << 20, now.rlim_max };
    setrlimit(RLIMIT_AS, &little);
    dm_sampler *forward = dm_sampler_forward(sch);
    int forward_code = errors_last();
    dm_sampler *ddpm = dm_sampler_ddpm(sch, DM_VARIANCE_BETA);
    setrlimit(RLIMIT_AS, &now);
    cr_expect(eq(ptr, forward, NULL));
    cr_expect(eq(int, forward_code, GSL_ENOMEM));
    expect_no_sampler(ddpm, GSL_ENOMEM);
    dm_schedule_free(sch);
}
#endif
