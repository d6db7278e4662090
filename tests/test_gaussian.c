/* Properties of src/gaussian.c. */
#include <float.h>
#include <math.h>
#include <signal.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>

#include "errors.h"
#include "gaussian.h"
#include "reference.h"

TestSuite(gaussian, .init = errors_record);

static const dm_gaussian G = { 0.37, 1.83 }, H = { -1.21, 0.529 };
static const double bad_variance[] = { 0.0, -0.3, NAN, INFINITY };

enum { BAD = sizeof bad_variance / sizeof *bad_variance };

/* The factors of an integrand, by the independent density of GSL. */
struct product {
    dm_gaussian g, h;
    double a, b, s; /* the second factor is at (s - a x)/b */
    int power;      /* times x^power                       */
};

static double pdf(dm_gaussian g, double x)
{
    return gsl_ran_gaussian_pdf(x - g.mean, sqrt(g.variance));
}

static double product_at(double x, void *params)
{
    const struct product *p = params;

    return pdf(p->g, x) * pdf(p->h, (p->s - p->a * x) / p->b) *
           pow(x, p->power);
}

/* The integral over the line to a relative error of 1e-10, as asked. */
static double integrate(struct product p)
{
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(200);
    gsl_function f = { product_at, &p };
    double result = NAN, error;

    cr_expect(zero(int, gsl_integration_qagi(&f, 0.0, 1e-10, 200, w, &result,
                                             &error)));
    gsl_integration_workspace_free(w);
    return result;
}

/* z^2/2 <= 450 and the rest below 10 are each rounded a few times; the exp of
 * the other side turns absolute errors of its exponent into relative ones. */
Test(gaussian, log_pdf_is_the_log_of_the_density_of_gsl)
{
    for (double z = -29.7; z < 30.0; z += 0.83) {
        double x = G.mean + z * sqrt(G.variance);
        cr_expect(epsilon_eq(dbl, dm_gaussian_log_pdf(G, x), log(pdf(G, x)),
                             4.0 * DBL_EPSILON * (z * z + 10.0)));
    }
}

Test(gaussian, pdf_is_the_density_of_gsl)
{
    for (double z = -7.9; z < 8.0; z += 0.83) {
        double x = G.mean + z * sqrt(G.variance);
        cr_expect(epsilon_eq(dbl, dm_gaussian_pdf(G, x) / pdf(G, x), 1.0,
                             4.0 * DBL_EPSILON * (z * z + 10.0)));
    }
}

Test(gaussian, log_pdf_is_finite_where_the_density_underflows)
{
    dm_gaussian narrow = { 8.0, 1e-4 };
    double expected = -0.5 * 1e4 * 48.3 * 48.3 + log(100.0) -
                      0.91893853320467274178; /* ln(2 pi)/2 */

    cr_expect(epsilon_eq(dbl, dm_gaussian_log_pdf(narrow, -40.3), expected,
                         1e-12 * fabs(expected)));
}

/* The density of s = a X + b Y is the integral of p(x) q((s - a x)/b)/|b|. */
Test(gaussian, sum_is_the_convolution)
{
    double a = 0.83, b = -1.47;
    dm_gaussian sum = dm_gaussian_sum(a, G, b, H);

    for (double s = -4.1; s < 6.0; s += 1.37) {
        double convolution = integrate((struct product){ G, H, a, b, s, 0 });
        cr_expect(epsilon_eq(dbl, pdf(sum, s), convolution / fabs(b),
                             1e-10 * pdf(sum, s)));
    }
}

Test(gaussian, sum_with_a_certain_number_is_a_shift)
{
    dm_gaussian certain = { 2.3, 0.0 };
    dm_gaussian sum = dm_gaussian_sum(0.5, G, 2.0, certain);

    cr_expect(epsilon_eq(dbl, sum.mean, 0.185 + 4.6, 4.0 * DBL_EPSILON));
    cr_expect(eq(dbl, sum.variance, 0.25 * 1.83));
    cr_expect(zero(int, errors_last()));
}

Test(gaussian, product_and_its_factor_are_the_moments_of_the_product)
{
    double log_factor;
    dm_gaussian product = dm_gaussian_product(G, H, &log_factor);
    struct product p = { G, H, -1.0, 1.0, 0.0, 0 };
    double Z = integrate(p);
    p.power = 1;
    double mean = integrate(p) / Z;
    p.power = 2;
    double square = integrate(p) / Z;

    /* each integral is right to 1e-10, and so is the log of one */
    cr_expect(epsilon_eq(dbl, log_factor, log(Z), 1e-10));
    cr_expect(epsilon_eq(dbl, product.mean, mean, 2e-10 * fabs(mean)));
    cr_expect(epsilon_eq(dbl, product.variance, square - mean * mean,
                         2e-10 * square + 4e-10 * mean * mean));
}

Test(gaussian, product_needs_no_factor_and_is_symmetric)
{
    dm_gaussian gh = dm_gaussian_product(G, H, NULL);
    dm_gaussian hg = dm_gaussian_product(H, G, NULL);

    cr_expect(epsilon_eq(dbl, gh.mean, hg.mean, 8.0 * DBL_EPSILON));
    cr_expect(epsilon_eq(dbl, gh.variance, hg.variance, 2.0 * DBL_EPSILON));
}

/* Bayes: p(x) p(y given x), as a function of x, by quadrature. */
Test(gaussian, condition_is_the_rule_of_bayes)
{
    double a = 0.77, b = -0.31, noise = 0.43, y = 2.19;
    dm_gaussian posterior = dm_gaussian_condition(G, a, b, noise, y);
    struct product p = { G, { 0.0, noise }, a, 1.0, y - b, 0 };
    double Z = integrate(p);
    p.power = 1;
    double mean = integrate(p) / Z;
    p.power = 2;
    double square = integrate(p) / Z;

    cr_expect(epsilon_eq(dbl, posterior.mean, mean, 2e-10 * fabs(mean)));
    cr_expect(epsilon_eq(dbl, posterior.variance, square - mean * mean,
                         2e-10 * square + 4e-10 * mean * mean));
}

Test(gaussian, condition_on_a_noiseless_number_is_certain)
{
    dm_gaussian posterior = dm_gaussian_condition(G, 0.77, -0.31, 0.0, 2.19);

    cr_expect(epsilon_eq(dbl, posterior.mean, 2.5 / 0.77, 8.0 * DBL_EPSILON));
    cr_expect(eq(dbl, posterior.variance, 0.0));
}

Test(gaussian, kl_and_w2_agree_with_the_reference)
{
    reference table = reference_open("gaussian-divergences.tsv");

    while (reference_next(&table)) {
        dm_gaussian g = { reference_number(&table, "mean1"),
                          reference_number(&table, "var1") };
        dm_gaussian h = { reference_number(&table, "mean2"),
                          reference_number(&table, "var2") };
        reference_holds(&table, "kl_1_to_2", dm_gaussian_kl(g, h));
        reference_holds(&table, "w2", dm_gaussian_w2(g, h));
    }
}

/* u - ln(1 + u) = u^2/2 - u^3/3 + u^4/4 - ..., of which the naive form keeps
 * no digit for u = 1e-9; the fourth term is u^2/2 of the first. */
Test(gaussian, kl_of_nearly_equal_laws_keeps_its_digits)
{
    for (double u = 1e-12; u < 1e-6; u *= 9.7) {
        double exact_u = (1.0 + u) - 1.0; /* as the addition rounds */
        dm_gaussian g = { 0.0, 1.0 + u }, h = { 0.0, 1.0 };
        double series =
            exact_u * exact_u * (0.25 - exact_u / 6.0 + 0.125 * u * u);
        cr_expect(epsilon_eq(dbl, dm_gaussian_kl(g, h), series,
                             8.0 * DBL_EPSILON * series));
    }
}

/* With a ratio r of variances, 2 KL = r - 1 - ln r + d^2: here ln r is what
 * counts, and 1 + (r - 1) has none of the digits of r. */
Test(gaussian, kl_of_a_narrow_law_keeps_its_digits)
{
    for (double r = 0.4; r > 1e-250; r *= 1e-6) {
        dm_gaussian g = { 0.0, 1.7 * r }, h = { 0.0, 1.7 };
        double expected = 0.5 * (r - 1.0 - log(r));
        cr_expect(epsilon_eq(dbl, dm_gaussian_kl(g, h), expected,
                             8.0 * DBL_EPSILON * expected));
    }
}

/* The best coupling moves the point z of N(0, 1) from m1 + s1 z to m2 + s2 z:
 * a mean square, which Gauss-Hermite quadrature takes exactly. */
Test(gaussian, w2_is_the_cost_of_the_monotone_coupling)
{
    gsl_integration_fixed_workspace *w =
        gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, 12, 0.0, 0.5,
                                    0.0, 0.0);
    const double *z = gsl_integration_fixed_nodes(w);
    const double *weight = gsl_integration_fixed_weights(w);
    double cost = 0.0;

    for (size_t i = 0; i < 12; i++)
        cost += weight[i] / sqrt(2.0 * M_PI) *
                gsl_pow_2(G.mean - H.mean +
                          (sqrt(G.variance) - sqrt(H.variance)) * z[i]);
    cr_expect(epsilon_eq(dbl, dm_gaussian_w2(G, H), sqrt(cost), 1e-13));
    gsl_integration_fixed_free(w);
}

/* The same coupling's mean distance: d + s z changes its sign once, at -d/s. */
static double moved(double z, void *params)
{
    const double *d_and_s = params;
    return fabs(d_and_s[0] + d_and_s[1] * z) *
           dm_gaussian_pdf((dm_gaussian){ 0.0, 1.0 }, z);
}

Test(gaussian, w1_is_the_mean_move_of_the_monotone_coupling)
{
    static const dm_gaussian other[] = {
        { -0.7, 2.3 }, { 1.9, 1e-4 }, { 40.0, 0.3 }, { 0.31, 9.0 }
    };

    for (size_t i = 0; i < 4; i++) {
        double d_and_s[] = { other[i].mean - G.mean,
                             sqrt(other[i].variance) - sqrt(G.variance) };
        dm_gaussian bumps[] = { { 0.0, 1.0 },
                                { -d_and_s[0] / d_and_s[1], 1e-2 } };
        double w1 = NAN;
        cr_expect(zero(int, dm_gaussian_integrate(2, bumps, moved, d_and_s,
                                                  1e-11, &w1)));
        cr_expect(epsilon_eq(dbl, dm_gaussian_w1(G, other[i]), w1, 1e-11));
        cr_expect(epsilon_eq(dbl, dm_gaussian_w1(other[i], G), w1, 1e-11));
    }
}

Test(gaussian, w1_and_w2_between_points_are_their_distance)
{
    dm_gaussian here = { 1.3, 0.0 }, there = { -2.4, 0.0 };

    cr_expect(epsilon_eq(dbl, dm_gaussian_w2(here, there), 3.7, 1e-15));
    cr_expect(epsilon_eq(dbl, dm_gaussian_w1(here, there), 3.7, 1e-15));
    cr_expect(zero(int, errors_last()));
}

/* (1 + d)(1 - d) - 1 = -d^2, where both products round to 1. */
Test(gaussian, determinant_does_not_cancel)
{
    dm_sym2 s = { 1.0 + 0x1p-30, 1.0, 1.0 - 0x1p-30 };
    dm_sym2 plain = { 0.3, 0.12, 0.1 };

    cr_expect(eq(dbl, dm_sym2_determinant(s), -0x1p-60));
    cr_expect(epsilon_eq(dbl, dm_sym2_determinant(plain), 0.0156, 1e-17));
}

/* --- quadrature ----------------------------------------------------------- */

/* Three densities with weights 1, 1e-6 and 2, which integrate to their sum. */
static const dm_gaussian bump[] = { { 0.3, 1.7 },
                                    { 1000.0, 1e-6 },
                                    { -7.1, 1e-4 } };

static double three_bumps(double x, void *params)
{
    (void)params;
    return pdf(bump[0], x) + 1e-6 * pdf(bump[1], x) + 2.0 * pdf(bump[2], x);
}

Test(gaussian, integrate_finds_every_bump_it_is_shown)
{
    double result = NAN;

    cr_expect(zero(int, dm_gaussian_integrate(3, bump, three_bumps, NULL, 1e-11,
                                              &result)));
    cr_expect(epsilon_eq(dbl, result, 3.000001, 1e-11));
}

/* The second moment of a law, up to 40 standard deviations. */
static double second_moment(double x, void *params)
{
    const dm_gaussian *g = params;

    return (x - g->mean) * (x - g->mean) * pdf(*g, x);
}

Test(gaussian, integrate_gives_the_variance)
{
    dm_gaussian g = { 0.37, 1.83 };
    double result = NAN;

    cr_expect(zero(int, dm_gaussian_integrate(1, &g, second_moment, &g, 1e-12,
                                              &result)));
    cr_expect(epsilon_eq(dbl, result, 1.83, 1e-12));
}

Test(gaussian, integrate_reports_a_tolerance_out_of_reach)
{
    double result;

    cr_expect(eq(
        int, dm_gaussian_integrate(3, bump, three_bumps, NULL, 1e-25, &result),
        GSL_ETOL));
    cr_expect(eq(int, errors_last(), GSL_ETOL));
}

Test(gaussian, integrate_needs_bumps_and_a_tolerance)
{
    static const double bad[] = { 0.0, -1e-9, NAN };
    double result;

    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(int,
                     dm_gaussian_integrate(3, bump, three_bumps, NULL, bad[i],
                                           &result),
                     GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
    }
    cr_expect(eq(
        int, dm_gaussian_integrate(0, bump, three_bumps, NULL, 1e-9, &result),
        GSL_EDOM));
    cr_expect(eq(int, errors_last(), GSL_EDOM));
    for (size_t i = 0; i < BAD; i++) {
        dm_gaussian law = { 0.3, bad_variance[i] };
        cr_expect(
            eq(int,
               dm_gaussian_integrate(1, &law, three_bumps, NULL, 1e-9, &result),
               GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
    }
}

/* --- errors --------------------------------------------------------------- */

Test(gaussian, a_bad_variance_is_a_domain_error)
{
    for (size_t i = 0; i < BAD; i++) {
        dm_gaussian bad = { 0.3, bad_variance[i] };
        double factor = 0.0;

        cr_expect(isnan(dm_gaussian_log_pdf(bad, 1.1)) &&
                  errors_last() == GSL_EDOM);
        cr_expect(isnan(dm_gaussian_kl(bad, G)) && errors_last() == GSL_EDOM);
        cr_expect(isnan(dm_gaussian_kl(G, bad)) && errors_last() == GSL_EDOM);
        cr_expect(isnan(dm_gaussian_product(G, bad, &factor).mean) &&
                  isnan(factor) && errors_last() == GSL_EDOM);
        cr_expect(isnan(dm_gaussian_product(bad, G, NULL).variance) &&
                  errors_last() == GSL_EDOM);
        cr_expect(isnan(dm_gaussian_condition(bad, 0.7, 0.0, 0.2, 1.0).mean) &&
                  errors_last() == GSL_EDOM);
    }
}

Test(gaussian, a_noise_or_spread_below_0_or_infinite_is_a_domain_error)
{
    static const double wrong[] = { -0.2, NAN, INFINITY };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        double v = wrong[i];
        dm_gaussian bad = { 0.3, v };
        cr_expect(isnan(dm_gaussian_condition(G, 0.7, 0.0, v, 1.0).variance) &&
                  errors_last() == GSL_EDOM);
        cr_expect(isnan(dm_gaussian_w1(bad, G)) && errors_last() == GSL_EDOM);
        cr_expect(isnan(dm_gaussian_w2(bad, G)) && errors_last() == GSL_EDOM);
        cr_expect(isnan(dm_gaussian_w2(G, bad)) && errors_last() == GSL_EDOM);
    }
}

/* In a chapter the handler of GSL stays on: a mistake stops the program. */
Test(gaussian_loud, a_bad_variance_aborts_by_default,
     .init = cr_redirect_stderr, .signal = SIGABRT)
{
    dm_gaussian bad = { 0.3, -0.1 };

    dm_gaussian_log_pdf(bad, 1.1);
}
