/* Properties of src/distance.c. */
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "errors.h"
#include "reference.h"
#include "rng.h"

TestSuite(distance, .init = errors_record);

static const size_t sizes[] = { 1, 2, 37, 1000 };

enum { SIZES = sizeof sizes / sizeof *sizes };

/* --- Kullback and Leibler ------------------------------------------------- */

/* The size of the error that distance.h tells: near 0 the distance is half
 * the mean square of ln u, a difference of logarithms of about 25 that are
 * rounded to some 1e-14 each; a change of 1e-14 in ln u is one of at most
 * sqrt(2 kl) 1e-14 in the distance.  1e-28 is the square of 1e-14. */
static double kl_round_off(double kl)
{
    return 1e-12 * kl + 3e-14 * sqrt(kl) + 1e-28;
}

/* 2 is for the conditions of these mixtures, whose means are up to 8 standard
 * deviations from 0. */
Test(distance, kl_agrees_with_the_reference)
{
    reference table = reference_open("kl-to-standard-normal.tsv");

    while (reference_next(&table)) {
        dm_mixture *m = reference_mixture(&table, 1);
        dm_mixture *noisy =
            dm_mixture_diffuse(m, reference_level(&table, "alpha_bar"));
        double kl = NAN, error = NAN;
        cr_expect(zero(int, dm_distance_kl_to_normal(noisy, &kl, &error)));
        reference_holds(&table, "kl", kl);
        cr_expect(epsilon_eq(dbl, kl, reference_number(&table, "kl"), error));
        cr_expect(error <= 2.0 * kl_round_off(kl));
        dm_mixture_free(noisy);
        dm_mixture_free(m);
    }
}

static void expect_closed_form(double mean, double variance)
{
    double one = 1.0, kl = NAN, error = NAN;
    dm_mixture *m = dm_mixture_new(1, 1, &one, &mean, &variance);
    double expected = dm_gaussian_kl((dm_gaussian){ mean, variance },
                                     (dm_gaussian){ 0.0, 1.0 });

    cr_assert(ne(ptr, m, NULL));
    int status = dm_distance_kl_to_normal(m, &kl, &error);
    cr_expect(status == GSL_SUCCESS && fabs(kl - expected) <= error,
              "N(%g, 1 + %g): status %d, %g, expected %g to %g", mean,
              variance - 1.0, status, kl, expected, error);
    dm_mixture_free(m);
}

Test(distance, kl_of_one_gaussian_is_the_closed_form)
{
    static const dm_gaussian law[] = { { 0.37, 1.83 },   { -2.9, 0.041 },
                                       { 11.3, 0.0001 }, { 0.3, 37.1 },
                                       { 30.1, 1.0 },    { 0.0, 1e-10 },
                                       { -3.1, 1234.5 }, { 5.3, 1e-8 } };

    for (size_t i = 0; i < sizeof law / sizeof *law; i++)
        expect_closed_form(law[i].mean, law[i].variance);
}

/* Down to the normal itself, where all is round-off: a reader's normal data
 * stay normal, but for a rounded variance, at every noise level. */
Test(distance, kl_of_nearly_the_normal_is_the_closed_form)
{
    for (double mean = 0.137; mean > 1e-17; mean *= 0.1)
        for (double u = 0.83; u > 1e-17; u *= 0.1) {
            expect_closed_form(mean, 1.0 + u);
            expect_closed_form(-mean, 1.0 - u);
            expect_closed_form(0.0, 1.0 - u);
        }
    expect_closed_form(0.0, 1.0);
}

Test(distance, kl_needs_one_dimension)
{
    double one = 1.0, mean[] = { 0.3, 0.4 }, cov[] = { 1.0, 0.1, 2.0 };
    double kl, error;
    dm_mixture *m = dm_mixture_new(2, 1, &one, mean, cov);

    cr_expect(eq(int, dm_distance_kl_to_normal(m, &kl, &error), GSL_EDOM));
    cr_expect(eq(int, errors_last(), GSL_EDOM));
    dm_mixture_free(m);
}

/* --- Kolmogorov and Smirnov ----------------------------------------------- */

static void draw(size_t n, uint32_t step, double u[])
{
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);

    dm_rng_at(r, DM_STREAM_EXTRA, step, 0);
    for (size_t i = 0; i < n; i++)
        u[i] = gsl_rng_uniform(r);
    gsl_rng_free(r);
}

/* The largest |empirical law - x| over both sides of every number. */
static double ks_by_force(size_t n, const double u[])
{
    double largest = 0.0;

    for (size_t i = 0; i < n; i++) {
        size_t below = 0, up_to = 0;
        for (size_t j = 0; j < n; j++) {
            below += u[j] < u[i];
            up_to += u[j] <= u[i];
        }
        largest = fmax(largest, fabs((double)below / (double)n - u[i]));
        largest = fmax(largest, fabs((double)up_to / (double)n - u[i]));
    }
    return largest;
}

Test(distance, ks_is_the_largest_gap_and_sorts)
{
    double u[1000];

    for (size_t i = 0; i < SIZES; i++) {
        size_t n = sizes[i];
        draw(n, (uint32_t)n, u);
        if (n == 37)
            u[5] = u[7] = u[9]; /* ties too */
        double force = ks_by_force(n, u);
        cr_expect(epsilon_eq(dbl, dm_distance_ks(n, u), force, DBL_EPSILON));
        for (size_t j = 1; j < n; j++)
            cr_assert(u[j - 1] <= u[j]);
    }
}

/* P(K > k) = 2 (exp(-2 k^2) - exp(-8 k^2) + exp(-18 k^2) - ...) */
static double kolmogorov(double k)
{
    double sum = 0.0;

    for (int j = 1; j < 100; j++)
        sum += (j % 2 == 1 ? 2.0 : -2.0) * exp(-2.0 * j * j * k * k);
    return sum;
}

/* For many numbers the correction is 0.12/sqrt(n) of k, and P changes by
 * 4 k^2 of that; the terms that the limit leaves out are below 1e-3 of p. */
Test(distance, ks_limit_is_the_quantile_of_the_kolmogorov_law)
{
    static const double p[] = { 0.19, 0.037, 1e-3, DM_CHECK_TAIL, 1e-12 };

    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        double k = dm_distance_ks_limit(1000000000000, p[i]) * 1e6;
        double limit = 1e-3 + 4.0 * k * k * 0.13e-6;
        cr_expect(epsilon_eq(dbl, kolmogorov(k), p[i], limit * p[i]));
    }
}

/* The exact law of the one-sided distance (Birnbaum and Tingey 1951): the
 * probability that it is at least d.  Twice that is the two-sided one, less
 * the chance of a gap on either side, which is 0 from d = 1/2 on and p^2 at
 * most below. */
static double exact_tail(size_t n, double d)
{
    double sum = 0.0, N = (double)n;

    for (size_t j = 0; (double)j <= N * (1.0 - d); j++) {
        double J = (double)j;
        double choose = lgamma(N + 1.0) - lgamma(J + 1.0) - lgamma(N - J + 1.0);
        sum += exp(choose + (J - 1.0) * log(d + J / N) +
                   (N - J) * log1p(-d - J / N));
    }
    return d < 1.0 ? d * sum : 0.0;
}

/* Stephens' correction is an approximation.  What matters for a check is that
 * a limit is not exceeded more often than it says: by 5 % at most, and 20 % at
 * n = 2; and that for many numbers it is not far less often. */
Test(distance, ks_limit_is_not_exceeded_more_often_than_it_says)
{
    static const size_t n[] = { 1, 2, 3, 5, 10, 37, 100, 1000, 20000 };
    static const double p[] = { 0.1, 0.013, 1e-3, DM_CHECK_TAIL };

    for (size_t i = 0; i < sizeof n / sizeof *n; i++)
        for (size_t j = 0; j < sizeof p / sizeof *p; j++) {
            double d = dm_distance_ks_limit(n[i], p[j]);
            double ratio = 2.0 * exact_tail(n[i], d) / p[j];
            cr_expect(ratio < (n[i] == 2 ? 1.2 : 1.05));
            if (n[i] >= 100)
                cr_expect(ratio > 0.95);
        }
}

/* Of M samples p M exceed the limit; the standard error is binomial.  The
 * form with Stephens' correction is not exact: 5 % of p are left to it. */
Test(distance, ks_limit_is_exceeded_as_often_as_it_says)
{
    enum { M = 20000 };
    static const size_t n[] = { 2, 5, 37, 100 };
    const double p = 0.1;

    for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
        double u[100], limit = dm_distance_ks_limit(n[i], p);
        gsl_rng *r = gsl_rng_alloc(dm_rng_type);
        size_t beyond = 0;
        gsl_rng_set(r, 314159 + i);
        for (size_t j = 0; j < M; j++) {
            for (size_t k = 0; k < n[i]; k++)
                u[k] = gsl_rng_uniform(r);
            beyond += dm_distance_ks(n[i], u) > limit;
        }
        cr_expect(epsilon_eq(dbl, (double)beyond / M, p,
                             5.0 * sqrt(p * (1.0 - p) / M) + 0.05 * p));
        gsl_rng_free(r);
    }
}

Test(distance, ks_of_nothing_is_a_domain_error)
{
    static const double bad[] = { 0.0, -0.1, 0.2, NAN };

    cr_expect(isnan(dm_distance_ks(0, NULL)) && errors_last() == GSL_EDOM);
    cr_expect(isnan(dm_distance_ks_limit(0, 0.1)) && errors_last() == GSL_EDOM);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(isnan(dm_distance_ks_limit(37, bad[i])) &&
                  errors_last() == GSL_EDOM);
}

/* --- mean squares --------------------------------------------------------- */

/* P(mean square of n normals <= x), or > x: the incomplete gamma function of
 * n/2 by Temme's (1979) expansion, uniform in x, whose next term is below 1/n
 * of the tail.  (GSL's own P and Q agree with it up to 10^7; it is the inverse
 * of GSL that fails there.) */
static double tail_of_many(double n, double x, int upper)
{
    double a = 0.5 * n, d = x - 1.0;
    double eta = copysign(sqrt(2.0 * (d - log1p(d))), d);
    double rest =
        exp(-a * (d - log1p(d))) / sqrt(2.0 * M_PI * a) * (1.0 / d - 1.0 / eta);

    return upper ? gsl_cdf_ugaussian_Q(eta * sqrt(a)) + rest
                 : gsl_cdf_ugaussian_P(eta * sqrt(a)) - rest;
}

static double tail_of(double n, double x, int upper)
{
    if (n >= 100.0)
        return tail_of_many(n, x, upper);
    return upper ? gsl_cdf_chisq_Q(n * x, n) : gsl_cdf_chisq_P(n * x, n);
}

/* Between 0.98 and 1.02 times a limit's distance from 1 the tail passes p. */
Test(distance, variance_limits_are_quantiles_of_chi_square)
{
    static const size_t n[] = { 1,    2,    3,     37,     100,     999,
                                1000, 1001, 10000, 100000, 1000000, 10000000 };
    static const double p[] = { 0.31, 0.013, 1e-4, DM_CHECK_TAIL };

    for (size_t i = 0; i < sizeof n / sizeof *n; i++)
        for (size_t j = 0; j < sizeof p / sizeof *p; j++) {
            double N = (double)n[i], x[2];
            cr_expect(zero(int, dm_distance_variance_limits(n[i], p[j], &x[0],
                                                            &x[1])));
            for (int up = 0; up < 2; up++) {
                double inside = 1.0 + 0.98 * (x[up] - 1.0);
                double outside = fmax(1.0 + 1.02 * (x[up] - 1.0), 0.0);
                cr_expect(tail_of(N, inside, up) > p[j] &&
                              p[j] > tail_of(N, outside, up),
                          "n = %zu, p = %g: %.9g is not the quantile", n[i],
                          p[j], x[up]);
            }
        }
}

Test(distance, variance_limits_hold_for_draws)
{
    enum { M = 20000 };
    static double z[100000];
    const double p = 0.05;
    size_t beyond[2] = { 0, 0 };
    double low, high;

    dm_distance_variance_limits(5, p, &low, &high);
    dm_rng_normals(1, DM_STREAM_EXTRA, 0, 0, 5 * M, z, NULL);
    for (size_t i = 0; i < M; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < 5; j++)
            sum += z[5 * i + j] * z[5 * i + j];
        beyond[0] += sum / 5.0 < low;
        beyond[1] += sum / 5.0 > high;
    }
    for (int i = 0; i < 2; i++)
        cr_expect(epsilon_eq(dbl, (double)beyond[i] / M, p,
                             5.0 * sqrt(p * (1.0 - p) / M)));
}

Test(distance, variance_limits_of_nothing_are_a_domain_error)
{
    static const double bad[] = { 0.0, -0.1, 0.5, NAN };
    double low, high;

    cr_expect(
        eq(int, dm_distance_variance_limits(0, 0.1, &low, &high), GSL_EDOM));
    cr_expect(eq(int, errors_last(), GSL_EDOM));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect(eq(int, dm_distance_variance_limits(37, bad[i], &low, &high),
                     GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
    }
}

Test(distance_loud, a_bad_argument_aborts_by_default,
     .init = cr_redirect_stderr, .signal = SIGABRT)
{
    dm_distance_ks_limit(37, 0.3);
}
