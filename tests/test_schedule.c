/* Properties of src/schedule.c. */
#include <float.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <gsl/gsl_math.h>

#include "errors.h"
#include "reference.h"
#include "schedule.h"

TestSuite(schedule, .init = errors_record);

static const char *const names[] = { "linear", "sqrt-linear", "cosine" };
static const size_t sizes[] = { 2, 37, 1000 };

/* Schedule number i of nine: each name in each size. */
static dm_schedule *schedule_number(size_t i)
{
    dm_schedule *s = dm_schedule_named(names[i / 3], sizes[i % 3]);

    cr_assert(ne(ptr, s, NULL));
    return s;
}

static dm_schedule *schedule_of_row(reference *table)
{
    size_t T = reference_count(table, "T");
    dm_schedule *s = dm_schedule_named(reference_text(table, "schedule"), T);

    cr_assert(ne(ptr, s, NULL));
    return s;
}

/* --- against the tables --------------------------------------------------- */

Test(schedule, agrees_with_the_reference)
{
    reference table = reference_open("schedule.tsv");

    while (reference_next(&table)) {
        dm_schedule *s = schedule_of_row(&table);
        size_t t = reference_count(&table, "t");
        double c = 1.0 / (1.0 + exp(reference_number(&table, "log_snr")));
        reference_holds(&table, "beta", s->beta[t]);
        reference_holds(&table, "alpha_bar", s->abar[t]);
        reference_holds(&table, "log_snr", dm_schedule_log_snr(s, t));
        cr_expect(epsilon_eq(dbl, s->c[t], c, 1e-12 * c));
        dm_schedule_free(s);
    }
}

Test(schedule, reverse_at_eta_1_agrees_with_the_reference_posterior)
{
    reference table = reference_open("posterior.tsv");

    while (reference_next(&table)) {
        dm_schedule *s = schedule_of_row(&table);
        size_t t = reference_count(&table, "t");
        dm_reverse r = { NAN, NAN, NAN };
        cr_expect(zero(int, dm_schedule_reverse(s, t - 1, t, 1.0, &r)));
        reference_holds(&table, "coef_xt", r.coef_xt);
        reference_holds(&table, "coef_x0", r.coef_x0);
        reference_holds(&table, "variance", r.sigma * r.sigma);
        dm_schedule_free(s);
    }
}

Test(schedule, reverse_agrees_with_the_reference_for_every_eta)
{
    reference table = reference_open("ddim.tsv");

    while (reference_next(&table)) {
        dm_schedule *sch = schedule_of_row(&table);
        size_t s = reference_count(&table, "s");
        size_t t = reference_count(&table, "t");
        dm_reverse r = { NAN, NAN, NAN };
        cr_expect(zero(int, dm_schedule_reverse(sch, s, t,
                                                reference_number(&table, "eta"),
                                                &r)));
        reference_holds(&table, "coef_xt", r.coef_xt);
        reference_holds(&table, "coef_x0", r.coef_x0);
        reference_holds(&table, "sigma", r.sigma);
        dm_schedule_free(sch);
    }
}

/* --- by other routes ------------------------------------------------------ */

/* t products, each rounded twice, against a sum of t logarithms of size up to
 * 20, each rounded twice: 2 t + 2 t + 20 half-units, doubled to be safe. */
Test(schedule, abar_is_the_product_of_alphas_and_c_the_rest)
{
    for (size_t i = 0; i < 9; i++) {
        dm_schedule *s = schedule_number(i);
        double log_abar = 0.0;
        for (size_t t = 1; t <= s->T; t++) {
            log_abar += log1p(-s->beta[t]);
            double limit = DBL_EPSILON * (4.0 * (double)t + 20.0);
            double abar = exp(log_abar), c = -expm1(log_abar);
            cr_assert(epsilon_eq(dbl, s->abar[t], abar, limit * abar));
            cr_assert(epsilon_eq(dbl, s->c[t], c, limit * c));
        }
        dm_schedule_free(s);
    }
}

Test(schedule, entry_0_is_clean)
{
    for (size_t i = 0; i < 9; i++) {
        dm_schedule *s = schedule_number(i);
        dm_level clean = dm_schedule_level(s, 0);
        cr_expect(eq(dbl, s->beta[0], 0.0));
        cr_expect(eq(dbl, clean.scale, 1.0));
        cr_expect(eq(dbl, clean.variance, 0.0));
        cr_expect(eq(dbl, dm_schedule_log_snr(s, 0), INFINITY));
        dm_schedule_free(s);
    }
}

Test(schedule, linear_hits_both_ends_in_equal_steps)
{
    dm_schedule *s = dm_schedule_linear(37, 0.00137, 0.0241);

    cr_assert(ne(ptr, s, NULL));
    cr_expect(eq(dbl, s->beta[1], 0.00137));
    cr_expect(eq(dbl, s->beta[37], 0.0241));
    for (size_t t = 2; t <= 37; t++)
        cr_expect(epsilon_eq(dbl, s->beta[t] - s->beta[t - 1],
                             (0.0241 - 0.00137) / 36.0, 4.0 * 0x1p-58));
    dm_schedule_free(s);
}

Test(schedule, sqrt_linear_is_linear_in_the_square_root)
{
    dm_schedule *s = dm_schedule_named("sqrt-linear", 37);
    double step = (sqrt(0.012) - sqrt(8.5e-4)) / 36.0;

    cr_assert(ne(ptr, s, NULL));
    for (size_t t = 1; t <= 37; t++)
        cr_expect(epsilon_eq(dbl, sqrt(s->beta[t]),
                             sqrt(8.5e-4) + (double)(t - 1) * step,
                             8.0 * DBL_EPSILON * 0.11));
    dm_schedule_free(s);
}

/* Before the cap abar_t is cos^2 of the angle over cos^2 of the first.  The
 * naive cosine near pi/2 is off by eps/cos, the product by t eps. */
Test(schedule, cosine_follows_its_function_up_to_the_cap)
{
    dm_schedule *s = dm_schedule_named("cosine", 1000);
    double first = cos(0.008 / 1.008 * M_PI / 2.0);

    cr_assert(ne(ptr, s, NULL));
    for (size_t t = 1; t < 1000; t++) {
        double u = ((double)t / 1000.0 + 0.008) / 1.008;
        double f = pow(cos(u * M_PI / 2.0) / first, 2.0);
        double limit = DBL_EPSILON * (4.0 * (double)t + 8.0 / sqrt(f));
        cr_assert(epsilon_eq(dbl, s->abar[t], f, limit * f));
    }
    cr_expect(eq(dbl, s->beta[1000], 0.999));
    dm_schedule_free(s);
}

Test(schedule, from_beta_copies_the_steps_it_is_given)
{
    double beta[] = { NAN, 0.013, 0.37, 0.9991 };
    dm_schedule *s = dm_schedule_from_beta(3, beta);

    cr_assert(ne(ptr, s, NULL));
    beta[2] = 0.5;
    cr_expect(eq(dbl, s->beta[2], 0.37));
    cr_expect(epsilon_eq(dbl, s->abar[3], 0.987 * 0.63 * 0.0009, 1e-15));
    dm_schedule_free(s);
}

Test(schedule, level_and_log_snr_are_abar_and_c)
{
    dm_schedule *s = schedule_number(8);

    for (size_t t = 1; t <= s->T; t += 111) {
        dm_level level = dm_schedule_level(s, t);
        double scale2 = level.scale * level.scale;
        cr_expect(epsilon_eq(dbl, scale2, s->abar[t],
                             2.0 * DBL_EPSILON * s->abar[t]));
        cr_expect(eq(dbl, level.variance, s->c[t]));
        cr_expect(epsilon_eq(dbl, dm_schedule_log_snr(s, t),
                             log(s->abar[t]) - log(s->c[t]),
                             2.0 * DBL_EPSILON * 20.0)); /* ln(abar_T) */
    }
    dm_schedule_free(s);
}

/* The independent route is a sum of log1p(-beta) over the n steps of the jump.
 * The signal carries an error of n eps, the sum of positive terms 1.5 n eps,
 * and the other route n/2 eps of the variance, as x/(exp(x) - 1) <= 1. */
Test(schedule, jump_is_the_product_of_the_steps_between)
{
    static const size_t from[] = { 0, 1, 17, 300, 996 };

    for (size_t i = 0; i < 15; i++) {
        dm_schedule *sch = dm_schedule_named(names[i / 5], 1000);
        size_t s = from[i % 5];
        double sum = 0.0;
        cr_assert(ne(ptr, sch, NULL));
        for (size_t t = s + 1; t <= 1000; t++) {
            sum += log1p(-sch->beta[t]);
            dm_level jump = dm_schedule_jump(sch, s, t);
            double round_off = DBL_EPSILON * (4.0 * (double)(t - s) + 4.0);
            double part = -expm1(sum);
            cr_assert(epsilon_eq(dbl, jump.scale, exp(0.5 * sum), round_off));
            cr_assert(epsilon_eq(dbl, jump.variance, part, round_off * part));
        }
        dm_schedule_free(sch);
    }
}

Test(schedule, jump_over_one_step_is_that_step)
{
    for (size_t i = 0; i < 9; i++) {
        dm_schedule *sch = schedule_number(i);
        for (size_t t = 1; t <= sch->T; t++) {
            double beta = sch->beta[t];
            cr_assert(epsilon_eq(dbl, dm_schedule_jump(sch, t - 1, t).variance,
                                 beta, 2.0 * DBL_EPSILON * beta));
        }
        dm_schedule_free(sch);
    }
}

/* After a million linear steps abar_T is about exp(-10^4).  In double precision
 * it is some subnormal number, which rounding does not let shrink further. */
Test(schedule, jump_and_reverse_need_no_signal_left)
{
    dm_schedule *sch = dm_schedule_named("linear", 1000000);
    size_t t = 1;

    cr_assert(ne(ptr, sch, NULL));
    while (sch->abar[t] >= DBL_MIN)
        t++;
    cr_assert(lt(sz, t, sch->T / 2));
    for (; t <= sch->T; t += 97) {
        dm_level one = dm_schedule_jump(sch, t - 1, t);
        dm_level two = dm_schedule_jump(sch, t - 2, t);
        double b = sch->beta[t], before = sch->beta[t - 1];
        double variance = before + b - before * b;
        dm_reverse r = { NAN, NAN, NAN };
        cr_assert(eq(dbl, one.variance, b));
        cr_assert(epsilon_eq(dbl, one.scale, sqrt(1.0 - b), DBL_EPSILON));
        cr_assert(epsilon_eq(dbl, two.variance, variance,
                             4.0 * DBL_EPSILON * variance));
        cr_assert(epsilon_eq(dbl, two.scale, sqrt((1.0 - b) * (1.0 - before)),
                             2.0 * DBL_EPSILON));
        cr_assert(zero(int, dm_schedule_reverse(sch, t - 1, t, 1.0, &r)));
        cr_assert(epsilon_eq(dbl, r.sigma * r.sigma, b, 4.0 * DBL_EPSILON * b));
        cr_assert(epsilon_eq(dbl, r.coef_xt, sqrt(1.0 - b), 4.0 * DBL_EPSILON));
        cr_assert(r.coef_x0 >= 0.0 && r.coef_x0 < sqrt(DBL_MIN));
    }
    dm_schedule_free(sch);
}

Test(schedule, jump_from_0_is_the_level_and_to_itself_is_nothing)
{
    dm_schedule *s = schedule_number(4);

    for (size_t t = 1; t <= s->T; t++) {
        dm_level level = dm_schedule_level(s, t);
        dm_level jump = dm_schedule_jump(s, 0, t);
        dm_level stay = dm_schedule_jump(s, t, t);
        cr_expect(eq(dbl, jump.scale, level.scale));
        cr_expect(epsilon_eq(dbl, jump.variance, level.variance,
                             DBL_EPSILON * level.variance));
        cr_expect(eq(dbl, stay.scale, 1.0));
        cr_expect(eq(dbl, stay.variance, 0.0));
    }
    dm_schedule_free(s);
}

/* The posterior of the chain, by the rule of Bayes of gaussian.c: the prior
 * is q(x_s given x_0), the likelihood the jump from s to t. */
Test(schedule, reverse_at_eta_1_is_the_rule_of_bayes)
{
    static const size_t jump[][2] = { { 1, 2 }, { 1, 37 }, { 17, 36 } };

    for (size_t i = 0; i < 9; i++) {
        dm_schedule *sch = dm_schedule_named(names[i / 3], 37);
        size_t s = jump[i % 3][0], t = jump[i % 3][1];
        dm_level prior = dm_schedule_level(sch, s);
        dm_level step = dm_schedule_jump(sch, s, t);
        double x0 = -1.37, xt = 0.83;
        dm_gaussian law = { prior.scale * x0, prior.variance };
        dm_gaussian bayes =
            dm_gaussian_condition(law, step.scale, 0.0, step.variance, xt);
        dm_reverse r = { NAN, NAN, NAN };
        cr_expect(zero(int, dm_schedule_reverse(sch, s, t, 1.0, &r)));
        cr_expect(epsilon_eq(dbl, r.coef_xt * xt + r.coef_x0 * x0, bayes.mean,
                             1e-13));
        cr_expect(epsilon_eq(dbl, r.sigma * r.sigma, bayes.variance,
                             1e-13 * bayes.variance));
        dm_schedule_free(sch);
    }
}

/* Whatever eta, a step from q(x_t given x_0) leads to q(x_s given x_0). */
Test(schedule, reverse_keeps_the_marginal_for_every_eta)
{
    static const double eta[] = { 0.0, 0.31, 0.77, 1.0, 1.003 };

    for (size_t i = 0; i < 9; i++) {
        dm_schedule *sch = schedule_number(i);
        size_t t = sch->T, s = (t + 1) / 2;
        dm_level from = dm_schedule_level(sch, t);
        dm_level to = dm_schedule_level(sch, s);
        for (size_t e = 0; e < sizeof eta / sizeof *eta; e++) {
            dm_reverse r = { NAN, NAN, NAN };
            if (dm_schedule_reverse(sch, s, t, eta[e], &r) != GSL_SUCCESS)
                continue; /* eta above 1 may be too large: below */
            double scale = r.coef_xt * from.scale + r.coef_x0;
            double spread = r.coef_xt * r.coef_xt * from.variance;
            cr_expect(epsilon_eq(dbl, scale, to.scale, 1e-13));
            cr_expect(epsilon_eq(dbl, spread + r.sigma * r.sigma, to.variance,
                                 1e-13 * to.variance));
        }
        dm_schedule_free(sch);
    }
}

Test(schedule, reverse_to_0_is_certain)
{
    dm_schedule *sch = schedule_number(4);
    dm_reverse r = { NAN, NAN, NAN };

    cr_expect(zero(int, dm_schedule_reverse(sch, 0, 17, 1.0, &r)));
    cr_expect(eq(dbl, r.coef_xt, 0.0));
    cr_expect(epsilon_eq(dbl, r.coef_x0, 1.0, 2.0 * DBL_EPSILON));
    cr_expect(eq(dbl, r.sigma, 0.0));
    dm_schedule_free(sch);
}

/* --- errors --------------------------------------------------------------- */

static void expect_no_schedule(dm_schedule *s, int code)
{
    cr_expect(eq(ptr, s, NULL));
    cr_expect(eq(int, errors_last(), code));
}

Test(schedule, a_bad_number_of_steps_is_a_domain_error)
{
    static const size_t bad[] = { 0, 1, 1000001, (size_t)-1 };
    double beta[] = { 0.0, 0.1 };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (size_t n = 0; n < 3; n++)
            expect_no_schedule(dm_schedule_named(names[n], bad[i]), GSL_EDOM);
        expect_no_schedule(dm_schedule_linear(bad[i], 0.01, 0.02), GSL_EDOM);
        expect_no_schedule(dm_schedule_from_beta(bad[i], beta), GSL_EDOM);
    }
}

Test(schedule, a_beta_outside_0_to_1_is_a_domain_error)
{
    static const double bad[][2] = { { 0.0, 0.02 },     { -0.1, 0.02 },
                                     { 0.02, 0.01 },    { 0.01, 1.0 },
                                     { NAN, 0.02 },     { 0.01, NAN },
                                     { 0.01, INFINITY } };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_no_schedule(dm_schedule_linear(10, bad[i][0], bad[i][1]),
                           GSL_EDOM);
    for (size_t t = 1; t <= 3; t++) {
        static const double wrong[] = { 0.0, 1.0, -0.1, NAN };
        double beta[] = { 0.0, 0.1, 0.2, 0.3 };
        for (size_t i = 0; i < 4; i++) {
            beta[t] = wrong[i];
            expect_no_schedule(dm_schedule_from_beta(3, beta), GSL_EDOM);
        }
    }
}

Test(schedule, an_unknown_name_is_an_invalid_argument)
{
    expect_no_schedule(dm_schedule_named("quadratic", 37), GSL_EINVAL);
    expect_no_schedule(dm_schedule_named("", 37), GSL_EINVAL);
}

#ifdef __linux__
/* A million steps need 24 MB; no more than what the test has now is allowed. */
Test(schedule, too_little_memory_is_reported)
{
    struct rlimit now;

    getrlimit(RLIMIT_AS, &now);
    struct rlimit little = { 1 << 20, now.rlim_max };
    setrlimit(RLIMIT_AS, &little);
    dm_schedule *s = dm_schedule_named("cosine", 1000000);
    setrlimit(RLIMIT_AS, &now);
    expect_no_schedule(s, GSL_ENOMEM);
}
#endif

Test(schedule, a_step_beyond_T_is_a_domain_error)
{
    dm_schedule *s = schedule_number(1);

    cr_expect(isnan(dm_schedule_level(s, 38).scale) &&
              errors_last() == GSL_EDOM);
    cr_expect(isnan(dm_schedule_level(s, 38).variance) &&
              errors_last() == GSL_EDOM);
    cr_expect(isnan(dm_schedule_log_snr(s, 38)) && errors_last() == GSL_EDOM);
    cr_expect(isnan(dm_schedule_jump(s, 17, 38).variance) &&
              errors_last() == GSL_EDOM);
    cr_expect(isnan(dm_schedule_jump(s, 17, 16).scale) &&
              errors_last() == GSL_EDOM);
    dm_schedule_free(s);
}

Test(schedule, a_reverse_that_is_no_law_is_a_domain_error)
{
    static const struct {
        size_t s, t;
        double eta;
    } bad[] = { { 17, 17, 0.5 }, { 18, 17, 0.5 }, { 17, 38, 0.5 },
                { 17, 20, -1 },  { 17, 20, NAN }, { 17, 20, INFINITY },
                { 17, 20, 40 } };
    dm_schedule *s = schedule_number(1);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dm_reverse r = { 1.1, 2.2, 3.3 };
        cr_expect(eq(int,
                     dm_schedule_reverse(s, bad[i].s, bad[i].t, bad[i].eta, &r),
                     GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
        cr_expect(eq(dbl, r.coef_xt, 1.1));
        cr_expect(eq(dbl, r.coef_x0, 2.2));
        cr_expect(eq(dbl, r.sigma, 3.3));
    }
    dm_schedule_free(s);
}

/* A small eta is not squared on its way: its square may underflow. */
Test(schedule, reverse_keeps_a_tiny_sigma)
{
    dm_schedule *sch = schedule_number(1);
    dm_reverse one = { NAN, NAN, NAN }, tiny = { NAN, NAN, NAN };

    cr_expect(zero(int, dm_schedule_reverse(sch, 17, 36, 1.0, &one)));
    cr_expect(zero(int, dm_schedule_reverse(sch, 17, 36, 1e-300, &tiny)));
    cr_expect(epsilon_eq(dbl, tiny.sigma / 1e-300, one.sigma,
                         4.0 * DBL_EPSILON * one.sigma));
    dm_schedule_free(sch);
}

/* sigma^2 = 1 - abar_s where eta^2 (1 - abar_t/abar_s)/(1 - abar_t) = 1. */
Test(schedule, the_largest_eta_is_where_sigma_takes_all)
{
    dm_schedule *sch = schedule_number(1);
    size_t s = 17, t = 36;
    double part = dm_schedule_jump(sch, s, t).variance;
    double largest = sqrt(sch->c[t] / part);
    dm_reverse r = { NAN, NAN, NAN };

    cr_expect(
        zero(int, dm_schedule_reverse(sch, s, t, largest * (1 - 1e-9), &r)));
    cr_expect(epsilon_eq(dbl, r.sigma * r.sigma, sch->c[s], 1e-8));
    cr_expect(eq(int, dm_schedule_reverse(sch, s, t, largest * (1 + 1e-9), &r),
                 GSL_EDOM));
    dm_schedule_free(sch);
}

Test(schedule, nothing_may_be_freed)
{
    dm_schedule_free(NULL);
    cr_expect(zero(int, errors_last()));
}

Test(schedule_loud, a_bad_argument_aborts_by_default,
     .init = cr_redirect_stderr, .signal = SIGABRT)
{
    dm_schedule_named("linear", 1);
}

/* The ends may be equal, and the bound says so. */
Test(schedule, linear_may_be_constant)
{
    dm_schedule *s = dm_schedule_linear(37, 0.0137, 0.0137);
    cr_assert(ne(ptr, s, NULL));
    for (size_t t = 1; t <= 37; t++)
        cr_expect(epsilon_eq(dbl, s->beta[t], 0.0137, 1e-17));
    dm_schedule_free(s);
}
