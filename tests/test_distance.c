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
#include <gsl/gsl_poly.h>

#include "check.h"
#include "distance.h"
#include "errors.h"
#include "reference.h"
#include "rng.h"

TestSuite(distance, .init = errors_record, .timeout = 120);

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

/* --- between laws ----------------------------------------------------------- */

static dm_mixture *gaussian(dm_gaussian g)
{
    const double one = 1.0;
    dm_mixture *m = dm_mixture_new(1, 1, &one, &g.mean, &g.variance);

    cr_assert(ne(ptr, m, NULL));
    return m;
}

static dm_law *law_of(const dm_mixture *m)
{
    dm_law *law = dm_law_of_mixture(m);

    cr_assert(ne(ptr, law, NULL));
    return law;
}

static dm_law *gaussian_law(dm_gaussian g)
{
    dm_mixture *m = gaussian(g);
    dm_law *law = law_of(m);

    dm_mixture_free(m);
    return law;
}

/* Pairs of Gaussians: shifted, scaled, both, alike, and hardly different. */
static const dm_gaussian pair[][2] = {
    { { 0.3, 1.7 }, { 1.1, 1.7 } },     { { -0.2, 0.4 }, { -0.2, 2.3 } },
    { { 0.37, 1.83 }, { -0.9, 0.41 } }, { { 0.3, 1.7 }, { 0.3, 1.7 } },
    { { 0.0, 1.0 }, { 1e-4, 1.0003 } }, { { 5.1, 0.01 }, { -3.0, 0.04 } }
};

enum { PAIRS = sizeof pair / sizeof *pair };

typedef int distance_of(const dm_law *a, const dm_law *b, double *value,
                        double *error);

/* Expects a distance between the laws of all pairs, both ways, and that what it
 * states is what it keeps. */
static void expect_pairs(distance_of *distance, const char *name,
                         double (*closed)(dm_gaussian g, dm_gaussian h),
                         double most)
{
    for (size_t i = 0; i < PAIRS; i++)
        for (int j = 0; j < 2; j++) {
            dm_gaussian g = pair[i][j], h = pair[i][1 - j];
            dm_law *a = gaussian_law(g), *b = gaussian_law(h);
            double value = NAN, error = NAN, expected = closed(g, h);
            cr_expect(zero(int, distance(a, b, &value, &error)));
            cr_expect(fabs(value - expected) <= error + 1e-15 && error <= most,
                      "%s, pair %zu: %.12g, not %.12g; error %g", name, i,
                      value, expected, error);
            dm_law_free(a);
            dm_law_free(b);
        }
}

/* P(X <= x) less that of the other, at the points where the densities cross. */
static void at_crossings(dm_gaussian g, dm_gaussian h, double d[2])
{
    double a = 0.5 / h.variance - 0.5 / g.variance;
    double b = g.mean / g.variance - h.mean / h.variance;
    double c =
        0.5 * (h.mean * h.mean / h.variance - g.mean * g.mean / g.variance +
               log(h.variance / g.variance));
    double x[2] = { 0.0, 0.0 };
    int n = gsl_poly_solve_quadratic(a, b, c, &x[0], &x[1]);

    d[0] = d[1] = 0.0;
    for (int i = 0; i < n; i++)
        d[i] = gsl_cdf_ugaussian_P((x[i] - g.mean) / sqrt(g.variance)) -
               gsl_cdf_ugaussian_P((x[i] - h.mean) / sqrt(h.variance));
}

static double sup_closed(dm_gaussian g, dm_gaussian h)
{
    double d[2];

    at_crossings(g, h, d);
    return fmax(fabs(d[0]), fabs(d[1]));
}

/* Between its crossings the difference of the cdfs rises or falls from 0 to 0
 * by way of both. */
static double tv_closed(dm_gaussian g, dm_gaussian h)
{
    double d[2];

    at_crossings(g, h, d);
    return 0.5 * (fabs(d[0]) + fabs(d[1] - d[0]) + fabs(d[1]));
}

Test(distance, w1_of_gaussians_is_the_closed_form)
{
    expect_pairs(dm_distance_w1, "W1", dm_gaussian_w1, 1e-9);
}

Test(distance, sup_of_gaussians_is_the_closed_form)
{
    expect_pairs(dm_distance_sup, "sup", sup_closed, 1e-7);
}

Test(distance, tv_of_gaussians_is_the_closed_form)
{
    expect_pairs(dm_distance_tv, "TV", tv_closed, 1e-7);
}

/* Where the laws agree, the root of an error of about 1e-9 is left. */
Test(distance, w2_of_gaussians_is_the_closed_form)
{
    expect_pairs(dm_distance_w2, "W2", dm_gaussian_w2, 1e-4);
}

/* Of two pairs the second law has no nodes where the first has mass. */
Test(distance, kl_of_gaussians_is_the_closed_form)
{
    for (size_t i = 0; i < PAIRS; i++) {
        dm_gaussian g = pair[i][0], h = pair[i][1];
        dm_law *a = gaussian_law(g), *b = gaussian_law(h);
        dm_mixture *p = gaussian(g), *q = gaussian(h);
        double kl = NAN, error = NAN, expected = dm_gaussian_kl(g, h);
        cr_expect(zero(int, dm_distance_kl_to_mixture(a, q, &kl, &error)));
        cr_expect(fabs(kl - expected) <= error + 1e-15 &&
                      error <= 1e-7 * fmax(1.0, expected),
                  "pair %zu: %.12g, not %.12g; error %g", i, kl, expected,
                  error);
        cr_expect(zero(int, dm_distance_kl_to_gaussian(p, h, &kl, &error)));
        cr_expect(fabs(kl - expected) <= error);
        int status = dm_distance_kl(a, b, &kl, &error);
        if (i != 2 && i != 5)
            cr_expect(status == GSL_SUCCESS &&
                          fabs(kl - expected) <= error + 1e-15,
                      "pair %zu: %.12g, not %.12g; error %g", i, kl, expected,
                      error);
        else
            cr_expect(status == GSL_EDOM && errors_last() == GSL_EDOM);
        dm_law_free(a);
        dm_law_free(b);
        dm_mixture_free(p);
        dm_mixture_free(q);
    }
}

/* Two bumps 200 sd apart, each to itself: the integral of p log p is that of
 * either, less log 2, and that of p log q needs the mean square only.  Between
 * them the density is 0, and all of q there counts. */
Test(distance, kl_counts_what_lies_where_the_first_law_has_no_density)
{
    const double m = 1.3, v = gsl_pow_2(0.013), half = 0.5;
    dm_mixture *p = dm_mixture_new(1, 2, (double[]){ half, half },
                                   (double[]){ -m, m }, (double[]){ v, v });
    dm_mixture *q = gaussian((dm_gaussian){ 0.0, 1.0 });
    dm_law *a = dm_law_of_mixture(p);
    double expected = -M_LN2 - 0.5 * (1.0 + log(v)) + 0.5 * (m * m + v);
    double kl = NAN, error = NAN;

    cr_expect(eq(dbl, dm_law_density(a, 0.0), 0.0));
    cr_expect(zero(int, dm_distance_kl_to_mixture(a, q, &kl, &error)));
    cr_expect(fabs(kl - expected) <= error && error <= 1e-7,
              "%.12g, not %.12g; error %g", kl, expected, error);
    dm_law_free(a);
    dm_mixture_free(p);
    dm_mixture_free(q);
}

static dm_mixture *mixture_named(const char *name)
{
    char path[200], why[200] = "";

    snprintf(path, sizeof path, REFERENCE_DIR "mixture-%s.txt", name);
    dm_mixture *m = dm_mixture_read(path, why, sizeof why);
    cr_assert(m != NULL, "%s", why);
    return m;
}

/* Two mixtures and the difference of what they have at x. */
typedef struct {
    const dm_mixture *p, *q;
} two;

static double cdf_gap(double x, void *params)
{
    const two *t = params;
    return fabs(dm_mixture_cdf(t->p, x) - dm_mixture_cdf(t->q, x));
}

static double density_gap(double x, void *params)
{
    const two *t = params;
    return 0.5 * fabs(exp(dm_mixture_log_density(t->p, &x)) -
                      exp(dm_mixture_log_density(t->q, &x)));
}

static double kl_of(double x, void *params)
{
    const two *t = params;
    double log_p = dm_mixture_log_density(t->p, &x);
    return exp(log_p) * (log_p - dm_mixture_log_density(t->q, &x));
}

/* The square of the difference of quantiles, over p's own x. */
static double quantile_gap(double x, void *params)
{
    const two *t = params;
    double u = dm_mixture_cdf(t->p, x);
    if (!(u > 1e-14 && u < 1.0 - 1e-14))
        return 0.0;
    return exp(dm_mixture_log_density(t->p, &x)) *
           gsl_pow_2(x - dm_mixture_quantile(t->q, u));
}

/* Cut at p's bumps, kinks and all, to 1e-9. */
static double by_quadrature(const two *t, double (*f)(double x, void *params))
{
    double value = NAN;

    dm_mixture_integrate(t->p, NULL, f, (void *)t, 1e-9, &value);
    return value;
}

Test(distance, of_mixtures_is_the_integral)
{
    dm_mixture *p = mixture_named("toy.1d"), *q = mixture_named("two-bumps.1d");
    dm_law *a = law_of(p), *b = law_of(q);
    const two t = { p, q };
    double value, error;

    dm_distance_w1(a, b, &value, &error);
    cr_expect(epsilon_eq(dbl, value, by_quadrature(&t, cdf_gap), error + 1e-9));
    dm_distance_tv(a, b, &value, &error);
    cr_expect(
        epsilon_eq(dbl, value, by_quadrature(&t, density_gap), error + 1e-9));
    dm_distance_kl_to_mixture(a, q, &value, &error);
    cr_expect(epsilon_eq(dbl, value, by_quadrature(&t, kl_of), error + 1e-9));
    dm_distance_kl(a, b, &value, &error);
    cr_expect(epsilon_eq(dbl, value, by_quadrature(&t, kl_of), error + 1e-9));
    dm_distance_w2(a, b, &value, &error);
    cr_expect(epsilon_eq(dbl, value * value, by_quadrature(&t, quantile_gap),
                         2.0 * value * error + 1e-9));
    double largest = 0.0;
    for (double x = -5.0; x < 5.0; x += 1e-4)
        largest = fmax(largest, cdf_gap(x, (void *)&t));
    dm_distance_sup(a, b, &value, &error);
    /* between points 1e-4 apart a maximum is higher by curvature 1e-8/8 */
    cr_expect(largest <= value + error && value <= largest + 1e-8);
    dm_law_free(a);
    dm_law_free(b);
    dm_mixture_free(p);
    dm_mixture_free(q);
}

Test(distance, kl_needs_one_dimension_and_a_variance)
{
    dm_mixture *one = mixture_named("toy.1d"),
               *flat = mixture_named("tilted-pair.2d");
    dm_law *law = law_of(one);
    static const double bad[] = { 0.0, -0.3, INFINITY, NAN };
    double kl = 7.0, error = 7.0;

    cr_expect(
        eq(int, dm_distance_kl_to_mixture(law, flat, &kl, &error), GSL_EDOM));
    cr_expect(eq(int, errors_last(), GSL_EDOM));
    cr_expect(eq(int,
                 dm_distance_kl_to_gaussian(flat, (dm_gaussian){ 0.0, 1.0 },
                                            &kl, &error),
                 GSL_EDOM));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(eq(int,
                     dm_distance_kl_to_gaussian(
                         one, (dm_gaussian){ 0.0, bad[i] }, &kl, &error),
                     GSL_EDOM));
    cr_expect(kl == 7.0 && error == 7.0);
    dm_law_free(law);
    dm_mixture_free(one);
    dm_mixture_free(flat);
}

/* --- sliced ------------------------------------------------------------------ */

/* Round Gaussians: along every direction the W1 is known, and what is left is
 * a rule for the angle, whose error is stated. */
Test(distance, sliced_w1_of_round_gaussians_is_the_closed_form)
{
    const double one = 1.0, origin[] = { 0.3, -0.4 }, there[] = { 1.1, 0.2 };
    const double narrow[] = { 0.49, 0.0, 0.49 }, wide[] = { 1.21, 0.0, 1.21 };
    dm_mixture *a = dm_mixture_new(2, 1, &one, origin, narrow);
    dm_mixture *b = dm_mixture_new(2, 1, &one, there, narrow);
    dm_mixture *c = dm_mixture_new(2, 1, &one, origin, wide);
    double value, error, sum = 0.0;

    for (int i = 0; i < 20; i++) {
        double angle = M_PI * (i + 0.5) / 20.0;
        sum += fabs(0.8 * cos(angle) + 0.6 * sin(angle)) / 20.0;
    }
    cr_expect(zero(int, dm_distance_sliced_w1(a, b, 20, &value, &error)));
    cr_expect(epsilon_eq(dbl, value, sum, 1e-9));
    cr_expect(epsilon_eq(dbl, value, 2.0 / M_PI, error));
    cr_expect(error < 0.02);
    cr_expect(zero(int, dm_distance_sliced_w1(a, c, 4, &value, &error)));
    cr_expect(epsilon_eq(dbl, value, 0.4 * sqrt(2.0 / M_PI), error));
    cr_expect(error < 1e-8);
    dm_mixture_free(a);
    dm_mixture_free(b);
    dm_mixture_free(c);
}

/* Mixtures whose bumps are tilted, by projecting by hand. */
Test(distance, sliced_w1_is_the_mean_over_projections)
{
    enum { N = 6 };
    dm_mixture *a = mixture_named("tilted-pair.2d");
    dm_mixture *b = mixture_named("ring-of-8.2d");
    double value, error, sum = 0.0, off;

    for (int i = 0; i < N; i++) {
        double angle = M_PI * (i + 0.5) / N, w1;
        double u[2] = { cos(angle), sin(angle) };
        dm_law *law[2];
        for (int j = 0; j < 2; j++) {
            const dm_mixture *m = j == 0 ? a : b;
            double weight[8], mean[8], variance[8];
            for (size_t k = 0; k < m->K; k++) {
                const dm_component *c = &m->component[k];
                weight[k] = c->weight;
                mean[k] = u[0] * c->mean[0] + u[1] * c->mean[1];
                variance[k] = u[0] * u[0] * c->cov.xx +
                              2.0 * u[0] * u[1] * c->cov.xy +
                              u[1] * u[1] * c->cov.yy;
            }
            dm_mixture *line = dm_mixture_new(1, m->K, weight, mean, variance);
            law[j] = law_of(line);
            dm_mixture_free(line);
        }
        dm_distance_w1(law[0], law[1], &w1, &off);
        sum += w1 / N;
        dm_law_free(law[0]);
        dm_law_free(law[1]);
    }
    cr_expect(zero(int, dm_distance_sliced_w1(a, b, N, &value, &error)));
    cr_expect(epsilon_eq(dbl, value, sum, 1e-9));
    dm_mixture_free(a);
    dm_mixture_free(b);
}

Test(distance, sliced_w1_needs_two_dimensions_and_directions)
{
    dm_mixture *one = mixture_named("toy.1d");
    dm_mixture *flat = mixture_named("tilted-pair.2d");
    double x[] = { 0.1, 0.2 }, y[] = { 0.3, 0.1 }, bad[] = { 0.3, NAN };
    double value = 7.0, error;
    dm_sampled s = { 7.0, 7.0, 7.0, 7.0 };

    cr_expect(
        eq(int, dm_distance_sliced_w1(one, flat, 4, &value, &error), GSL_EDOM));
    cr_expect(
        eq(int, dm_distance_sliced_w1(flat, one, 4, &value, &error), GSL_EDOM));
    cr_expect(eq(int, dm_distance_sliced_w1(flat, flat, 0, &value, &error),
                 GSL_EDOM));
    cr_expect(eq(int, dm_distance_sliced_w1(flat, flat, 3, &value, &error),
                 GSL_EDOM));
    cr_expect(value == 7.0 && errors_last() == GSL_EDOM);
    cr_expect(eq(int, dm_distance_sliced_w1_sample(one, 4, 2, x, y, 0.1, &s),
                 GSL_EDOM));
    cr_expect(eq(int, dm_distance_sliced_w1_sample(flat, 0, 2, x, y, 0.1, &s),
                 GSL_EDOM));
    cr_expect(eq(int, dm_distance_sliced_w1_sample(flat, 4, 0, x, y, 0.1, &s),
                 GSL_EDOM));
    cr_expect(eq(int, dm_distance_sliced_w1_sample(flat, 4, 2, x, bad, 0.1, &s),
                 GSL_EDOM));
    cr_expect(eq(int, dm_distance_sliced_w1_sample(flat, 4, 2, x, y, 0.0, &s),
                 GSL_EDOM));
    cr_expect(s.value == 7.0 && errors_last() == GSL_EDOM);
    dm_mixture_free(one);
    dm_mixture_free(flat);
}

/* --- a sample and a law ------------------------------------------------------ */

static void draw_points(const dm_mixture *m, size_t n, uint32_t step,
                        double x[])
{
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);

    dm_rng_at(r, DM_STREAM_EXTRA, step, 0);
    for (size_t i = 0; i < n; i++)
        dm_mixture_sample(m, r, &x[i]);
    gsl_rng_free(r);
}

/* The mean over equal shares of |x - quantile|, at many levels in each. */
static double w1_by_quantiles(const dm_mixture *m, size_t n, const double x[])
{
    const size_t shares = 20000 / n;
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < shares; j++) {
            double p =
                ((double)i + ((double)j + 0.5) / (double)shares) / (double)n;
            sum += fabs(x[i] - dm_mixture_quantile(m, p));
        }
    return sum / (double)(n * shares);
}

/* 2 E|X - Y| - E|X - X'| - E|Y - Y'| with Y standard normal. */
static double energy_by_pairs(size_t n, const double x[])
{
    double N = (double)n, across = 0.0, within = 0.0;

    for (size_t i = 0; i < n; i++) {
        across += 2.0 / N *
                  (x[i] * (1.0 - 2.0 * gsl_cdf_ugaussian_Q(x[i])) +
                   2.0 * exp(-0.5 * x[i] * x[i]) / sqrt(2.0 * M_PI));
        for (size_t j = 0; j < n; j++)
            within += fabs(x[i] - x[j]) / (N * N);
    }
    return across - within - 2.0 / sqrt(M_PI);
}

/* 20000 levels leave out the tails beyond 1/40000: about 1e-4 of a distance. */
Test(distance, of_a_sample_is_what_brute_force_finds)
{
    dm_mixture *m = mixture_named("toy.1d"), *normal;
    dm_law *law = law_of(m), *normal_law;
    double x[1000], u[1000];
    dm_sampled s;

    normal = gaussian((dm_gaussian){ 0.0, 1.0 });
    normal_law = law_of(normal);
    for (size_t i = 0; i < SIZES; i++) {
        size_t n = sizes[i];
        draw_points(m, n, (uint32_t)n, x);
        if (n == 37)
            x[5] = x[7] = x[9]; /* ties too */
        cr_expect(zero(int, dm_distance_w1_sample(law, n, x, 0.1, &s)));
        cr_expect(epsilon_eq(dbl, s.value, w1_by_quantiles(m, n, x), 2e-4));
        for (size_t j = 1; j < n; j++)
            cr_assert(x[j - 1] <= x[j]);
        cr_expect(zero(int, dm_distance_ks_sample(law, n, x, 0.1, &s)));
        for (size_t j = 0; j < n; j++)
            u[j] = dm_mixture_cdf(m, x[j]);
        cr_expect(epsilon_eq(dbl, s.value, ks_by_force(n, u), law->tv));
        cr_expect(epsilon_eq(dbl, s.limit, dm_distance_ks_limit(n, 0.1), 0.0));
        cr_expect(
            zero(int, dm_distance_energy_sample(normal_law, n, x, 0.1, &s)));
        cr_expect(epsilon_eq(dbl, s.value, energy_by_pairs(n, x), 1e-7));
    }
    x[0] = 1e4; /* far outside of the nodes: W1 = E|1e4 - X| */
    dm_distance_w1_sample(normal_law, 1, x, 0.1, &s);
    cr_expect(epsilon_eq(dbl, s.value, 1e4, 1e-8));
    dm_law_free(law);
    dm_law_free(normal_law);
    dm_mixture_free(m);
    dm_mixture_free(normal);
}

typedef int sample_distance(const dm_law *law, size_t n, double x[], double p,
                            dm_sampled *out);

/* For draws of N(0, 1): E|X - X'| = 2/sqrt(pi) is the mean W1 of one draw, and
 * n times the mean energy; and the integral of K^2 is a quarter of
 * E|X - X'|^2 - 2 E|X - X'||X - X''| + (E|X - X'|)^2, where the product's mean is
 * that of two normals of variance 2 and correlation 1/2. */
Test(distance, of_normal_samples_has_the_closed_sampling_error)
{
    dm_law *law = gaussian_law((dm_gaussian){ 0.0, 1.0 });
    double x[37] = { 0.0 }, one = 2.0 / sqrt(M_PI);
    double square =
        0.25 * (2.0 - 2.0 * (1.0 / 3.0 + 2.0 * sqrt(3.0) / M_PI) + one * one);
    dm_sampled s;

    dm_distance_w1_sample(law, 1, x, 0.1, &s);
    cr_expect(epsilon_eq(dbl, s.mean, one, 1e-5));
    cr_expect(epsilon_eq(dbl, s.sd, 1.0, 1e-9));
    dm_distance_energy_sample(law, 37, x, 0.1, &s);
    cr_expect(epsilon_eq(dbl, s.mean, one / 37.0, 1e-9));
    cr_expect(epsilon_eq(dbl, s.sd, 2.0 * sqrt(2.0 * square) / 37.0, 1e-6));
    dm_law_free(law);
}

enum { SAMPLES = 1000 };

/* Mean, standard deviation and the latter's standard error, from the fourth
 * moment. */
static void describe(const double v[], double *mean, double *sd, double *se)
{
    double square = 0.0, fourth = 0.0;

    *mean = 0.0;
    for (int i = 0; i < SAMPLES; i++)
        *mean += v[i] / SAMPLES;
    for (int i = 0; i < SAMPLES; i++) {
        double d = gsl_pow_2(v[i] - *mean);
        square += d / SAMPLES;
        fourth += d * d / SAMPLES;
    }
    *sd = sqrt(square);
    *se = *sd * sqrt((fourth / (square * square) - 1.0) / (4.0 * SAMPLES));
}

/* Of many samples of the law: the distances have the stated mean, the stated
 * standard deviation (or less, if it is a bound), and exceed the limit no more
 * often than they may, 0.05.  slack is for what is stated for large n only. */
static void expect_sampling_error(sample_distance *distance, const char *name,
                                  size_t n, int sd_is_bound, double slack)
{
    dm_mixture *m = mixture_named("toy.1d");
    dm_law *law = law_of(m);
    double x[100], value[SAMPLES], beyond = 0.0, mean, sd, se;
    dm_sampled s = { 0.0, 0.0, 0.0, 0.0 };

    for (uint32_t i = 0; i < SAMPLES; i++) {
        draw_points(m, n, i, x);
        cr_assert(zero(int, distance(law, n, x, 0.05, &s)));
        value[i] = s.value;
        beyond += s.value > s.limit ? 1.0 / SAMPLES : 0.0;
    }
    describe(value, &mean, &sd, &se);
    cr_expect(fabs(mean - s.mean) <= 5.0 * sd / sqrt(SAMPLES) + slack * s.mean,
              "%s, n = %zu: mean %g, stated %g", name, n, mean, s.mean);
    cr_expect(sd - s.sd <= 5.0 * se + slack * s.sd &&
                  (sd_is_bound || s.sd - sd <= 5.0 * se + slack * s.sd),
              "%s, n = %zu: sd %g, stated %g", name, n, sd, s.sd);
    cr_expect(beyond <= 0.05 + 5.0 * sqrt(0.05 * 0.95 / SAMPLES),
              "%s, n = %zu: beyond the limit %g", name, n, beyond);
    dm_law_free(law);
    dm_mixture_free(m);
}

/* Means of W1 and energy are exact for every n; the energy's sd is one for
 * many, with terms of 1/n left out, as are those of Kolmogorov. */
Test(distance, of_samples_of_the_law_has_the_stated_sampling_error)
{
    static const size_t n[] = { 1, 3, 30 };

    for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
        double slack = 1.0 / (double)n[i];
        expect_sampling_error(dm_distance_w1_sample, "W1", n[i], 1, 0.0);
        if (n[i] > 1)
            expect_sampling_error(dm_distance_ks_sample, "KS", n[i], 0,
                                  0.1 * slack);
        expect_sampling_error(dm_distance_energy_sample, "energy", n[i],
                              n[i] == 1, slack);
    }
}

/* A sample of another law shows: beyond the limit, by far. */
Test(distance, of_a_sample_of_another_law_is_beyond_the_limit)
{
    dm_mixture *m = mixture_named("toy.1d"), *other;
    dm_law *law = law_of(m);
    static double x[1000];
    dm_sampled s;

    other = gaussian((dm_gaussian){ 0.275, 3.08 }); /* nearly the moments */
    draw_points(other, 1000, 0, x);
    dm_distance_w1_sample(law, 1000, x, 1e-6, &s);
    cr_expect(s.value > 1.5 * s.limit);
    dm_distance_energy_sample(law, 1000, x, 1e-6, &s);
    cr_expect(s.value > 1.5 * s.limit);
    dm_distance_ks_sample(law, 1000, x, 1e-6, &s);
    cr_expect(s.value > 1.5 * s.limit);
    dm_law_free(law);
    dm_mixture_free(m);
    dm_mixture_free(other);
}

Test(distance, of_a_bad_sample_is_a_domain_error)
{
    dm_law *law = gaussian_law((dm_gaussian){ 0.3, 1.2 });
    static sample_distance *const all[] = { dm_distance_w1_sample,
                                            dm_distance_energy_sample,
                                            dm_distance_ks_sample };
    static const double bad_p[] = { 0.0, 1.0, -0.1, NAN };
    double good[] = { 0.1, 0.3 }, bad[] = { 0.1, NAN }, far[] = { INFINITY };
    dm_sampled s = { 7.0, 7.0, 7.0, 7.0 };

    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(int, all[i](law, 0, good, 0.1, &s), GSL_EDOM));
        cr_expect(
            eq(int, all[i](law, (size_t)1 << 32, good, 0.1, &s), GSL_EDOM));
        cr_expect(eq(int, all[i](law, 2, bad, 0.1, &s), GSL_EDOM));
        cr_expect(eq(int, all[i](law, 1, far, 0.1, &s), GSL_EDOM));
        for (size_t j = 0; j < 4; j++)
            cr_expect(eq(int, all[i](law, 2, good, bad_p[j], &s), GSL_EDOM));
        cr_expect(s.value == 7.0 && errors_last() == GSL_EDOM);
    }
    cr_expect(eq(int, dm_distance_ks_sample(law, 2, good, 0.2, &s), GSL_EDOM));
    cr_expect(s.value == 7.0 && errors_last() == GSL_EDOM);
    dm_law_free(law);
}

/* The mean over directions of what each projection says. */
Test(distance, sliced_w1_of_a_sample_is_the_mean_over_projections)
{
    enum { N = 300, DIRECTIONS = 5 };
    const double one = 1.0, mean[] = { 0.3, -0.4 }, cov[] = { 0.9, 0.2, 0.5 };
    dm_mixture *m = dm_mixture_new(2, 1, &one, mean, cov);
    double x[N], y[N], line[N], z[2];
    dm_sampled sum = { 0.0, 0.0, 0.0, 0.0 }, s;
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);

    dm_rng_at(r, DM_STREAM_EXTRA, 7, 0);
    for (size_t i = 0; i < N; i++) {
        dm_mixture_sample(m, r, z);
        x[i] = z[0];
        y[i] = z[1];
    }
    gsl_rng_free(r);
    for (int k = 0; k < DIRECTIONS; k++) {
        double angle = M_PI * (k + 0.5) / DIRECTIONS;
        double c = cos(angle), d = sin(angle);
        dm_law *law = gaussian_law((dm_gaussian){
            c * mean[0] + d * mean[1],
            c * c * cov[0] + 2.0 * c * d * cov[1] + d * d * cov[2] });
        for (size_t i = 0; i < N; i++)
            line[i] = c * x[i] + d * y[i];
        dm_distance_w1_sample(law, N, line, 1e-6, &s);
        sum.value += s.value / DIRECTIONS;
        sum.mean += s.mean / DIRECTIONS;
        sum.sd += s.sd / DIRECTIONS;
        sum.limit += s.limit / DIRECTIONS;
        dm_law_free(law);
    }
    cr_expect(zero(int, dm_distance_sliced_w1_sample(m, DIRECTIONS, N, x, y,
                                                     1e-6, &s)));
    cr_expect(epsilon_eq(dbl, s.value, sum.value, 1e-12));
    cr_expect(epsilon_eq(dbl, s.mean, sum.mean, 1e-12));
    cr_expect(epsilon_eq(dbl, s.sd, sum.sd, 1e-12));
    cr_expect(epsilon_eq(dbl, s.limit, sum.limit, 1e-12));
    cr_expect(s.value < s.limit);
    dm_mixture_free(m);
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
