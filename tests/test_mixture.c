/* Properties of src/mixture.c. */
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_deriv.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "errors.h"
#include "mixture.h"
#include "reference.h"
#include "rng.h"

TestSuite(mixture, .init = errors_record);

static const size_t sizes[] = { 1, 2, 37, 1000 };

enum { SIZES = sizeof sizes / sizeof *sizes, MOST = 1000 };

/* A mixture of K components that overlap, no two alike. */
static dm_mixture *made(size_t dim, size_t K)
{
    static double weight[MOST], mean[2 * MOST], cov[3 * MOST];
    double total = 0.0;

    for (size_t k = 0; k < K; k++)
        total += weight[k] = 1.3 + sin(1.7 * (double)k);
    for (size_t k = 0; k < K; k++) {
        double u = (double)k, *c = &cov[3 * k];
        weight[k] /= total;
        mean[dim * k] = 2.9 * sin(0.37 + 2.3 * u);
        mean[dim * k + dim - 1] = 2.1 * cos(1.1 + 0.9 * u * u);
        if (dim == 1) {
            cov[k] = 0.41 + 0.37 * cos(0.7 * u);
            continue;
        }
        c[0] = 0.53 + 0.31 * cos(0.7 * u);
        c[2] = 0.29 + 0.17 * sin(1.9 * u);
        c[1] = 0.9 * sin(0.3 + u) * sqrt(c[0] * c[2]);
    }
    dm_mixture *m = dm_mixture_new(dim, K, weight, mean, cov);
    cr_assert(ne(ptr, m, NULL));
    return m;
}

/* Two components of variance 1e-4 that lie 16 apart. */
static dm_mixture *far_and_narrow(void)
{
    static const double weight[] = { 0.37, 0.63 }, mean[] = { -8.1, 7.9 },
                        variance[] = { 1e-4, 1e-4 };
    dm_mixture *m = dm_mixture_new(1, 2, weight, mean, variance);

    cr_assert(ne(ptr, m, NULL));
    return m;
}

/* Points to look at: number i of `POINTS`, in the middle and in the tails. */
enum { POINTS = 12 };

static void point(size_t i, double x[2])
{
    x[0] = 0.83 * (double)i - 4.37;
    x[1] = 3.1 * sin(1.3 * (double)i + 0.2);
}

/* --- against the tables --------------------------------------------------- */

static void expect_row_1d(reference *table, const dm_mixture *m, dm_level level)
{
    double x = reference_number(table, "x"), score, mean = NAN, eps = NAN;
    dm_sym2 hessian, cov = { NAN, NAN, NAN };
    dm_mixture *noisy = dm_mixture_diffuse(m, level);

    dm_mixture_score(noisy, &x, &score);
    dm_mixture_hessian(noisy, &x, &hessian);
    cr_expect(zero(int, dm_mixture_denoise(m, level, &x, &mean, &cov)));
    cr_expect(zero(int, dm_mixture_eps(m, level, &x, &eps)));
    reference_holds(table, "log_density", dm_mixture_log_density(noisy, &x));
    reference_holds(table, "score", score);
    reference_holds(table, "posterior_mean_x0", mean);
    if (reference_column(table, "hessian") >= 0) {
        reference_holds(table, "posterior_var_x0", cov.xx);
        reference_holds(table, "eps_star", eps);
        reference_holds(table, "hessian", hessian.xx);
    }
    dm_mixture_free(noisy);
}

Test(mixture, agrees_with_the_reference_in_one_dimension)
{
    reference table = reference_open("mixture-1d.tsv");

    while (reference_next(&table)) {
        dm_mixture *m = reference_mixture(&table, 1);
        expect_row_1d(&table, m, reference_level(&table, "alpha_bar"));
        dm_mixture_free(m);
    }
}

Test(mixture, agrees_with_the_reference_at_any_level)
{
    reference table = reference_open("mixture-1d-levels.tsv");

    while (reference_next(&table)) {
        dm_mixture *m = reference_mixture(&table, 1);
        dm_level level = { reference_number(&table, "scale"),
                           reference_number(&table, "variance") };
        expect_row_1d(&table, m, level);
        dm_mixture_free(m);
    }
}

/* hessian_xy is the sum over k of r_k (e_x e_y - P_xy), which may nearly
 * cancel: in ring-of-8 under strong noise it is 1e-4 of its terms.  Each r_k
 * is off by what its exponent, about log q, was rounded by: a few units. */
static double hessian_xy_round_off(const dm_mixture *m, const double x[])
{
    double r[DM_COMPONENTS_MAX], s[2], size = 0.0;
    double log_q = dm_mixture_responsibilities(m, x, r);

    dm_mixture_score(m, x, s);
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        double dx = x[0] - c->mean[0], dy = x[1] - c->mean[1];
        double ex = c->precision.xx * dx + c->precision.xy * dy + s[0];
        double ey = c->precision.xy * dx + c->precision.yy * dy + s[1];
        size += r[k] * (fabs(ex * ey) + fabs(c->precision.xy));
    }
    return 2.0 * DBL_EPSILON * (1.0 + fabs(log_q)) * size;
}

static void expect_row_2d(reference *table, const dm_mixture *m, dm_level level)
{
    double x[] = { reference_number(table, "x"), reference_number(table, "y") };
    double score[2], mean[2] = { NAN, NAN };
    dm_sym2 hessian, cov = { NAN, NAN, NAN };
    dm_mixture *noisy = dm_mixture_diffuse(m, level);

    dm_mixture_score(noisy, x, score);
    dm_mixture_hessian(noisy, x, &hessian);
    cr_expect(zero(int, dm_mixture_denoise(m, level, x, mean, &cov)));
    reference_holds(table, "log_density", dm_mixture_log_density(noisy, x));
    reference_holds(table, "score_x", score[0]);
    reference_holds(table, "score_y", score[1]);
    reference_holds(table, "posterior_mean_x", mean[0]);
    reference_holds(table, "posterior_mean_y", mean[1]);
    reference_holds(table, "hessian_xx", hessian.xx);
    double room = hessian_xy_round_off(noisy, x);
    reference_holds_within(table, "hessian_xy", hessian.xy, room);
    reference_holds(table, "hessian_yy", hessian.yy);
    reference_holds(table, "posterior_cov_xx", cov.xx);
    /* by Tweedie cov_xy is (variance/scale)^2 times hessian_xy */
    reference_holds_within(table, "posterior_cov_xy", cov.xy,
                           room * gsl_pow_2(level.variance / level.scale));
    reference_holds(table, "posterior_cov_yy", cov.yy);
    dm_mixture_free(noisy);
}

Test(mixture, agrees_with_the_reference_in_two_dimensions)
{
    reference table = reference_open("mixture-2d.tsv");

    while (reference_next(&table)) {
        dm_mixture *m = reference_mixture(&table, 2);
        expect_row_2d(&table, m, reference_level(&table, "alpha_bar"));
        dm_mixture_free(m);
    }
}

/* What p is off by: it is rounded itself, and so is each of the K weights
 * that are added to it, by a quarter of eps each, and their sum by as much.
 * A quantile is off by that over the density there. */
static double quantile_round_off(const dm_mixture *m, double p,
                                 double log_density)
{
    return 0.25 * (double)(m->K + 2) * DBL_EPSILON * p / exp(log_density);
}

/* The median of a symmetric mixture is 0, where a gap without mass hides it
 * from 50 digits too: README.md there. */
static int is_symmetric(const dm_mixture *m)
{
    return m->K == 2 && m->component[0].weight == m->component[1].weight &&
           m->component[0].mean[0] == -m->component[1].mean[0] &&
           m->component[0].cov.xx == m->component[1].cov.xx;
}

Test(mixture, quantile_agrees_with_the_reference)
{
    reference table = reference_open("quantile-1d.tsv");

    while (reference_next(&table)) {
        dm_mixture *m = reference_mixture(&table, 1);
        dm_mixture *noisy =
            dm_mixture_diffuse(m, reference_level(&table, "alpha_bar"));
        double p = reference_number(&table, "probability");
        double x = dm_mixture_quantile(noisy, p);
        if (p == 0.5 && is_symmetric(noisy))
            cr_expect(epsilon_eq(dbl, x, 0.0, 1e-12));
        else
            reference_holds_within(
                &table, "quantile", x,
                quantile_round_off(
                    m, p, reference_number(&table, "log_density_there")));
        dm_mixture_free(noisy);
        dm_mixture_free(m);
    }
}

/* The flow keeps the probability below a point. */
Test(mixture, cdf_and_quantile_agree_with_the_reference_map)
{
    reference table = reference_open("pf-ode-map-1d.tsv");

    while (reference_next(&table)) {
        dm_mixture *m = reference_mixture(&table, 1);
        dm_mixture *noisy =
            dm_mixture_diffuse(m, reference_level(&table, "alpha_bar_start"));
        double p = dm_mixture_cdf(noisy, reference_number(&table, "x_start"));
        reference_holds(&table, "cdf", p);
        reference_holds(&table, "x_at_alpha_bar_1", dm_mixture_quantile(m, p));
        dm_mixture_free(noisy);
        dm_mixture_free(m);
    }
}

/* --- making --------------------------------------------------------------- */

Test(mixture, new_keeps_what_it_is_given_and_divides_by_the_sum)
{
    double weight[] = { 0.25, 0.75 + 0.9e-9 }, mean[] = { -1.3, 2.1, 0.7, 0.2 };
    double cov[] = { 0.5, 0.1, 0.3, 0.7, -0.2, 0.9 };
    dm_mixture *m = dm_mixture_new(2, 2, weight, mean, cov);

    cr_assert(ne(ptr, m, NULL));
    double sum = m->component[0].weight + m->component[1].weight;
    cr_expect(epsilon_eq(dbl, sum, 1.0, DBL_EPSILON));
    cr_expect(epsilon_eq(dbl, m->component[0].weight, 0.25 / (1.0 + 0.9e-9),
                         DBL_EPSILON));
    cr_expect(eq(dbl, m->component[1].mean[1], 0.2));
    cr_expect(eq(dbl, m->component[1].cov.xy, -0.2));
    dm_mixture_free(m);
}

Test(mixture, precision_is_the_inverse_of_the_covariance)
{
    dm_mixture *m = made(2, 37);

    for (size_t k = 0; k < m->K; k++) {
        dm_sym2 c = m->component[k].cov, p = m->component[k].precision;
        /* both products are below 1/(1 - 0.9^2) = 5.3 in size */
        cr_expect(epsilon_eq(dbl, c.xx * p.xx + c.xy * p.xy, 1.0,
                             24.0 * DBL_EPSILON));
        cr_expect(epsilon_eq(dbl, c.xy * p.xy + c.yy * p.yy, 1.0,
                             24.0 * DBL_EPSILON));
        cr_expect(epsilon_eq(dbl, (c.xx * p.xy + c.xy * p.yy) / c.xx, 0.0,
                             24.0 * DBL_EPSILON * p.yy));
    }
    dm_mixture_free(m);
}

/* --- density, score, Hessian ---------------------------------------------- */

/* The log of the density of component k alone, by GSL. */
static double log_normal_2d(const dm_component *c, const double x[])
{
    double cov[] = { c->cov.xx, c->cov.xy, c->cov.xy, c->cov.yy };
    double at[] = { x[0], x[1] }, mu[] = { c->mean[0], c->mean[1] }, work[2];
    double log_pdf = NAN;
    gsl_matrix_view L = gsl_matrix_view_array(cov, 2, 2);
    gsl_vector_view vx = gsl_vector_view_array(at, 2);
    gsl_vector_view vm = gsl_vector_view_array(mu, 2);
    gsl_vector_view vw = gsl_vector_view_array(work, 2);

    gsl_linalg_cholesky_decomp1(&L.matrix);
    gsl_ran_multivariate_gaussian_log_pdf(&vx.vector, &vm.vector, &L.matrix,
                                          &log_pdf, &vw.vector);
    return log_pdf;
}

static double weighted_density(const dm_component *c, size_t dim,
                               const double x[])
{
    double sd = sqrt(c->cov.xx);

    return c->weight * (dim == 1 ? gsl_ran_gaussian_pdf(x[0] - c->mean[0], sd)
                                 : exp(log_normal_2d(c, x)));
}

/* What log q(x) may be off by on either route: the exponents near the largest
 * are of its size and made of some 8 operations whose terms, at a correlation
 * of 0.9, cancel to (1 - 0.9)/(1 + 0.9) = 1/19; then K numbers are added. */
static double log_density_round_off(const dm_mixture *m, double log_q)
{
    double cancellation = m->dim == 1 ? 1.0 : 19.0;

    return DBL_EPSILON *
           (8.0 * cancellation * (1.0 + fabs(log_q)) + (double)m->K);
}

static void expect_density_of_gsl(const dm_mixture *m)
{
    double r[MOST], x[2];

    for (size_t i = 0; i < POINTS; i++) {
        double sum = 0.0, total = 0.0;
        point(i, x);
        double log_q = dm_mixture_responsibilities(m, x, r);
        double limit = log_density_round_off(m, log_q);
        for (size_t k = 0; k < m->K; k++)
            sum += weighted_density(&m->component[k], m->dim, x);
        cr_expect(epsilon_eq(dbl, log_q, log(sum), limit));
        cr_expect(eq(dbl, log_q, dm_mixture_log_density(m, x)));
        for (size_t k = 0; k < m->K; k++) {
            double part = weighted_density(&m->component[k], m->dim, x) / sum;
            cr_assert(fabs(r[k] - part) <= 2.0 * limit);
            total += r[k];
        }
        cr_expect(epsilon_eq(dbl, total, 1.0, DBL_EPSILON * (double)m->K));
    }
}

Test(mixture, density_and_responsibilities_are_those_of_gsl)
{
    for (size_t i = 0; i < 2 * SIZES; i++) {
        dm_mixture *m = made(1 + i % 2, sizes[i / 2]);
        expect_density_of_gsl(m);
        dm_mixture_free(m);
    }
}

/* A function of one coordinate, for gsl_deriv_central. */
struct line {
    const dm_mixture *m;
    double x[2];
    size_t axis;
    enum { LOG_DENSITY, SCORE_X, SCORE_Y, CDF } what;
};

static double along(double t, void *params)
{
    struct line l = *(const struct line *)params;
    double score[2];

    l.x[l.axis] = t;
    if (l.what == LOG_DENSITY)
        return dm_mixture_log_density(l.m, l.x);
    if (l.what == CDF)
        return dm_mixture_cdf(l.m, t);
    dm_mixture_score(l.m, l.x, score);
    return score[l.what == SCORE_Y];
}

/* The derivative along the line at its point.  GSL estimates its error from
 * two formulas; the limit is four times its estimate. */
static double slope(struct line l, double *error)
{
    gsl_function f = { along, &l };
    double result = NAN;

    gsl_deriv_central(&f, l.x[l.axis], 2e-3, &result, error);
    *error *= 4.0;
    return result;
}

static void expect_derivatives(const dm_mixture *m)
{
    for (size_t i = 0; i < POINTS; i++) {
        struct line l = { .m = m };
        double score[2] = { NAN, NAN }, error, s;
        dm_sym2 h;
        point(i, l.x);
        dm_mixture_score(m, l.x, score);
        dm_mixture_hessian(m, l.x, &h);
        for (l.axis = 0; l.axis < m->dim; l.axis++) {
            l.what = LOG_DENSITY;
            s = slope(l, &error);
            cr_expect(epsilon_eq(dbl, score[l.axis], s, error));
            l.what = SCORE_X;
            s = slope(l, &error);
            cr_expect(epsilon_eq(dbl, l.axis == 0 ? h.xx : h.xy, s, error));
            if (m->dim == 1)
                continue;
            l.what = SCORE_Y;
            s = slope(l, &error);
            cr_expect(epsilon_eq(dbl, l.axis == 0 ? h.xy : h.yy, s, error));
        }
    }
}

Test(mixture, score_and_hessian_are_derivatives_of_the_log_density)
{
    for (size_t i = 0; i < 2 * SIZES; i++) {
        dm_mixture *m = made(1 + i % 2, sizes[i / 2]);
        expect_derivatives(m);
        dm_mixture_free(m);
    }
}

/* 80 standard deviations beyond the nearest component, where the density is
 * e^-3200, only that component counts. */
Test(mixture, score_is_exact_80_standard_deviations_out)
{
    dm_mixture *m = far_and_narrow();
    double x = 7.9 + 80.0 * 0.01, score, r[2];
    dm_sym2 h;

    dm_mixture_score(m, &x, &score);
    dm_mixture_hessian(m, &x, &h);
    double log_q = dm_mixture_responsibilities(m, &x, r);
    double expected = log(0.63) - 0.5 * 6400.0 + log(100.0) -
                      0.91893853320467274178; /* ln(2 pi)/2 */
    /* x - mean loses the digits of x: eps 8.7/0.8, twice in the log density */
    cr_expect(epsilon_eq(dbl, score, -8000.0, 12.0 * DBL_EPSILON * 8000.0));
    cr_expect(epsilon_eq(dbl, log_q, expected, 24.0 * DBL_EPSILON * 3200.0));
    cr_expect(epsilon_eq(dbl, h.xx, -1e4, 4.0 * DBL_EPSILON * 1e4));
    cr_expect(eq(dbl, r[0], 0.0));
    cr_expect(eq(dbl, r[1], 1.0));
    dm_mixture_free(m);
}

static void expect_finite_at(const dm_mixture *m, const double x[])
{
    dm_level level = { 0.97, 0.0591 };
    double score[2] = { 0.0, 0.0 }, mean[2] = { 0.0, 0.0 };
    dm_sym2 h, cov;

    dm_mixture_score(m, x, score);
    dm_mixture_hessian(m, x, &h);
    cr_expect(zero(int, dm_mixture_denoise(m, level, x, mean, &cov)));
    double sum = dm_mixture_log_density(m, x) + score[0] + score[1] + mean[0] +
                 mean[1] + h.xx + h.xy + h.yy + cov.xx + cov.xy + cov.yy;
    cr_expect(isfinite(sum), "at %g, %g: not finite", x[0], x[1]);
    cr_expect(cov.xx > 0.0);
}

Test(mixture, everything_is_finite_80_standard_deviations_out_and_in_a_gap)
{
    dm_mixture *m = far_and_narrow();
    double at[] = { -8.9, -4.0, -0.1, 3.3, 8.7, 900.0 };

    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        expect_finite_at(m, (double[]){ at[i], 0.0 });
    dm_mixture_free(m);
    for (size_t i = 0; i < 2 * SIZES; i++) {
        m = made(1 + i % 2, sizes[i / 2]);
        for (double far = -80.0; far < 81.0; far += 160.0) {
            expect_finite_at(m, (double[]){ far, 0.3 * far });
            expect_finite_at(m, (double[]){ 0.2, far });
        }
        dm_mixture_free(m);
    }
}

/* --- noise ---------------------------------------------------------------- */

static const dm_level levels[] = {
    { 0.993, 0.013951 }, { 0.61, 0.6279 }, { 0.011, 0.999879 }, { 1.0, 37.3 }
};

enum { LEVELS = sizeof levels / sizeof *levels };

Test(mixture, diffuse_moves_means_and_covariances)
{
    dm_mixture *m = made(2, 37);
    dm_mixture *noisy = dm_mixture_diffuse(m, levels[1]);

    cr_assert(ne(ptr, noisy, NULL));
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k], *n = &noisy->component[k];
        cr_expect(eq(dbl, n->weight, c->weight));
        cr_expect(eq(dbl, n->mean[1], 0.61 * c->mean[1]));
        cr_expect(epsilon_eq(dbl, n->cov.xx, 0.3721 * c->cov.xx + 0.6279,
                             2.0 * DBL_EPSILON));
        cr_expect(epsilon_eq(dbl, n->cov.xy, 0.3721 * c->cov.xy, DBL_EPSILON));
        cr_expect(epsilon_eq(dbl, n->cov.yy, 0.3721 * c->cov.yy + 0.6279,
                             2.0 * DBL_EPSILON));
    }
    dm_mixture_free(noisy);
    dm_mixture_free(m);
}

Test(mixture, diffuse_in_two_jumps_is_diffuse_in_one)
{
    dm_mixture *m = made(2, 37);
    dm_level once = { 0.993 * 0.61, 0.61 * 0.61 * 0.013951 + 0.6279 };
    dm_mixture *half = dm_mixture_diffuse(m, levels[0]);
    dm_mixture *twice = dm_mixture_diffuse(half, levels[1]);
    dm_mixture *direct = dm_mixture_diffuse(m, once);
    double x[2];

    for (size_t i = 0; i < POINTS; i++) {
        point(i, x);
        double log_q = dm_mixture_log_density(direct, x);
        cr_expect(epsilon_eq(dbl, dm_mixture_log_density(twice, x), log_q,
                             log_density_round_off(m, log_q)));
    }
    dm_mixture_free(direct);
    dm_mixture_free(twice);
    dm_mixture_free(half);
    dm_mixture_free(m);
}

/* Bayes, pointwise: q(x_0 given x_t) q(x_t) = q(x_0) N(x_t; a x_0, c I). */
static void expect_bayes(const dm_mixture *m, dm_level level,
                         const double xt[2])
{
    dm_mixture *noisy = dm_mixture_diffuse(m, level);
    dm_mixture *posterior = dm_mixture_posterior(m, level, xt);
    double x0[2], size = fabs(dm_mixture_log_density(noisy, xt));

    cr_assert(ne(ptr, posterior, NULL));
    for (size_t i = 0; i < POINTS; i++) {
        point(i, x0);
        double likelihood = 0.0;
        for (size_t j = 0; j < m->dim; j++)
            likelihood += dm_gaussian_log_pdf(
                (dm_gaussian){ level.scale * x0[j], level.variance }, xt[j]);
        double prior = dm_mixture_log_density(m, x0);
        double joint = dm_mixture_log_density(posterior, x0) +
                       dm_mixture_log_density(noisy, xt);
        cr_expect(
            epsilon_eq(dbl, joint, prior + likelihood,
                       4.0 * log_density_round_off(m, size + fabs(prior) +
                                                          fabs(likelihood))));
    }
    dm_mixture_free(posterior);
    dm_mixture_free(noisy);
}

Test(mixture, posterior_is_the_rule_of_bayes)
{
    for (size_t i = 0; i < 6 * LEVELS; i++) {
        dm_mixture *m = made(1 + i % 2, sizes[i / 2 % 3]);
        for (size_t j = 0; j < POINTS; j += 3) {
            double xt[2];
            point(j, xt);
            expect_bayes(m, levels[i / 6], xt);
        }
        dm_mixture_free(m);
    }
}

Test(mixture, posterior_drops_components_without_weight)
{
    dm_mixture *m = far_and_narrow();
    double x = 7.3;
    dm_mixture *posterior = dm_mixture_posterior(m, levels[0], &x);

    cr_assert(ne(ptr, posterior, NULL));
    cr_expect(eq(sz, posterior->K, 1));
    cr_expect(eq(dbl, posterior->component[0].weight, 1.0));
    dm_mixture_free(posterior);
    dm_mixture_free(m);
}

/* Tweedie: mean (x + c s)/a and covariance c/a^2 (I + c H).  What may be off
 * is eps times the terms, which are multiplied as in log_density_round_off
 * and, in H, added over K responsibilities. */
static void expect_tweedie(const dm_mixture *m, dm_level level,
                           const double x[2])
{
    double a = level.scale, c = level.variance, mean[2], s[2], eps[2];
    dm_mixture *noisy = dm_mixture_diffuse(m, level);
    dm_sym2 cov, h;

    cr_expect(zero(int, dm_mixture_denoise(m, level, x, mean, &cov)));
    cr_expect(zero(int, dm_mixture_eps(m, level, x, eps)));
    dm_mixture_score(noisy, x, s);
    dm_mixture_hessian(noisy, x, &h);
    double log_q = dm_mixture_log_density(noisy, x);
    double unit = log_density_round_off(noisy, log_q);
    for (size_t j = 0; j < m->dim; j++) {
        double size = (fabs(x[j]) + c * fabs(s[j])) / a;
        cr_expect(epsilon_eq(dbl, mean[j], (x[j] + c * s[j]) / a, unit * size));
        cr_expect(epsilon_eq(dbl, eps[j], (x[j] - a * mean[j]) / sqrt(c),
                             unit * a * size / sqrt(c)));
    }
    double scale = c / (a * a);
    double most = scale * (1.0 + c * fmax(fabs(h.xx), fabs(h.yy)));
    cr_expect(epsilon_eq(dbl, cov.xx, scale * (1.0 + c * h.xx), unit * most));
    cr_expect(epsilon_eq(dbl, cov.xy, scale * c * h.xy, unit * most));
    if (m->dim == 2)
        cr_expect(
            epsilon_eq(dbl, cov.yy, scale * (1.0 + c * h.yy), unit * most));
    dm_mixture_free(noisy);
}

Test(mixture, denoise_is_tweedie_of_first_and_second_order)
{
    for (size_t i = 0; i < 6 * LEVELS; i++) {
        dm_mixture *m = made(1 + i % 2, sizes[i / 2 % 3]);
        for (size_t j = 0; j < POINTS; j++) {
            double x[2];
            point(j, x);
            expect_tweedie(m, levels[i / 6], x);
        }
        dm_mixture_free(m);
    }
}

Test(mixture, denoise_of_a_clean_point_is_the_point)
{
    dm_mixture *m = made(2, 37);
    dm_level clean = { 0.61, 0.0 };
    double x[] = { 1.22, -0.305 }, mean[2], eps[] = { NAN, NAN };
    dm_sym2 cov;

    cr_expect(zero(int, dm_mixture_denoise(m, clean, x, mean, &cov)));
    cr_expect(zero(int, dm_mixture_denoise(m, clean, x, NULL, NULL)));
    cr_expect(zero(int, dm_mixture_denoise(m, levels[0], x, NULL, NULL)));
    cr_expect(zero(int, dm_mixture_eps(m, clean, x, eps)));
    cr_expect(epsilon_eq(dbl, mean[0], 2.0, DBL_EPSILON * 2.0));
    cr_expect(epsilon_eq(dbl, mean[1], -0.5, DBL_EPSILON));
    cr_expect(eq(dbl, cov.xx + fabs(cov.xy) + cov.yy, 0.0));
    cr_expect(eq(dbl, fabs(eps[0]) + fabs(eps[1]), 0.0));
    dm_mixture_free(m);
}

/* As the noise vanishes cov_xy goes as c^2: by I - c (cov + c I)^-1 to first
 * order it is c^2 cov_xy/det cov; the next order is c/0.0156 of it. */
Test(mixture, denoise_keeps_the_digits_of_a_small_covariance)
{
    double one = 1.0, mean[] = { -1.0, 0.5 }, cov[] = { 0.30, 0.12, 0.10 };
    dm_mixture *m = dm_mixture_new(2, 1, &one, mean, cov);
    dm_level level = { 1.0, 1e-14 };
    dm_sym2 posterior;

    cr_assert(ne(ptr, m, NULL));
    cr_expect(zero(int, dm_mixture_denoise(m, level, mean, NULL, &posterior)));
    cr_expect(epsilon_eq(dbl, posterior.xy / 1e-28, 0.12 / 0.0156, 1e-11));
    dm_mixture_free(m);
}

/* --- moments, marginals, draws -------------------------------------------- */

/* Raw second moments, from which the squares of the means are taken: the
 * numbers are below 10 and lose no more than the digits of a sum of K. */
Test(mixture, moments_are_those_of_the_components)
{
    for (size_t i = 0; i < SIZES; i++) {
        dm_mixture *m = made(2, sizes[i]);
        double mean[2], at[2] = { 0.0, 0.0 }, xx = 0.0, xy = 0.0, yy = 0.0;
        dm_sym2 cov;
        dm_mixture_moments(m, mean, &cov);
        dm_mixture_moments(m, NULL, NULL);
        for (size_t k = 0; k < m->K; k++) {
            const dm_component *c = &m->component[k];
            double w = c->weight;
            at[0] += w * c->mean[0];
            at[1] += w * c->mean[1];
            xx += w * (c->cov.xx + c->mean[0] * c->mean[0]);
            xy += w * (c->cov.xy + c->mean[0] * c->mean[1]);
            yy += w * (c->cov.yy + c->mean[1] * c->mean[1]);
        }
        double limit = DBL_EPSILON * 10.0 * (4.0 + (double)m->K);
        cr_expect(epsilon_eq(dbl, mean[0], at[0], limit));
        cr_expect(epsilon_eq(dbl, mean[1], at[1], limit));
        cr_expect(epsilon_eq(dbl, cov.xx, xx - at[0] * at[0], limit));
        cr_expect(epsilon_eq(dbl, cov.xy, xy - at[0] * at[1], limit));
        cr_expect(epsilon_eq(dbl, cov.yy, yy - at[1] * at[1], limit));
        dm_mixture_free(m);
    }
}

/* The mean and covariance of n draws, within 5 standard errors: those of the
 * mean follow from the covariance, those of a product from its own spread. */
Test(mixture, draws_have_the_moments_of_the_mixture)
{
    enum { N = 20000 };
    dm_mixture *m = made(2, 37);
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);
    double mean[2], x[2], sum[5] = { 0.0 }, squares[5] = { 0.0 };
    dm_sym2 cov;

    gsl_rng_set(r, 271828);
    dm_mixture_moments(m, mean, &cov);
    double expected[] = { 0.0, 0.0, cov.xx, cov.xy, cov.yy };
    for (size_t i = 0; i < N; i++) {
        dm_mixture_sample(m, r, x);
        double dx = x[0] - mean[0], dy = x[1] - mean[1];
        double value[] = { dx, dy, dx * dx, dx * dy, dy * dy };
        for (size_t j = 0; j < 5; j++) {
            sum[j] += value[j];
            squares[j] += value[j] * value[j];
        }
    }
    for (size_t j = 0; j < 5; j++) {
        double average = sum[j] / N;
        double se = sqrt((squares[j] / N - average * average) / N);
        cr_expect(epsilon_eq(dbl, average, expected[j], 5.0 * se));
    }
    gsl_rng_free(r);
    dm_mixture_free(m);
}

/* In one dimension every draw tells its component: the share of one, and the
 * mean and mean square of the standardised draws (variances 1 and 2 over N). */
Test(mixture, draws_in_one_dimension_have_the_moments_of_the_mixture)
{
    enum { N = 20000 };
    dm_mixture *m = far_and_narrow();
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);
    double x, right = 0.0, sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < N; i++) {
        dm_mixture_sample(m, r, &x);
        double z = (x > 0.0 ? x - 7.9 : x + 8.1) / 0.01;
        right += x > 0.0;
        sum += z;
        squares += z * z;
    }
    cr_expect(epsilon_eq(dbl, right / N, 0.63, 5.0 * sqrt(0.63 * 0.37 / N)));
    cr_expect(epsilon_eq(dbl, sum / N, 0.0, 5.0 / sqrt(N)));
    cr_expect(epsilon_eq(dbl, squares / N, 1.0, 5.0 * sqrt(2.0 / N)));
    gsl_rng_free(r);
    dm_mixture_free(m);
}

/* --- distribution function, quantile -------------------------------------- */

/* The density of m on the line, by the log density that is tested above. */
static double density(double x, void *params)
{
    return exp(dm_mixture_log_density(params, &x));
}

static double by_erfc(const dm_mixture *m, double x, double sign)
{
    double sum = 0.0;

    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        sum += 0.5 * c->weight *
               erfc(sign * (c->mean[0] - x) / sqrt(2.0 * c->cov.xx));
    }
    return sum;
}

/* Far out erfc turns a relative error eps of z into one of z^2 eps; where the
 * sum counts z^2/2 is at most 300. */
Test(mixture, cdf_and_tail_are_sums_of_error_functions)
{
    for (size_t i = 0; i < SIZES; i++) {
        dm_mixture *m = made(1, sizes[i]);
        for (double x = -14.3; x < 15.0; x += 1.9) {
            double below = by_erfc(m, x, 1.0), above = by_erfc(m, x, -1.0);
            double limit = DBL_EPSILON * (2.0 * 600.0 + (double)m->K);
            cr_expect(
                epsilon_eq(dbl, dm_mixture_cdf(m, x), below, limit * below));
            cr_expect(
                epsilon_eq(dbl, dm_mixture_tail(m, x), above, limit * above));
        }
        dm_mixture_free(m);
    }
}

Test(mixture, cdf_has_the_density_as_its_derivative)
{
    for (size_t i = 0; i < SIZES; i++) {
        dm_mixture *m = made(1, sizes[i]);
        for (double x = -3.1; x < 3.2; x += 0.57) {
            struct line l = { m, { x, 0.0 }, 0, CDF };
            double error, expected = density(x, m);
            double s = slope(l, &error);
            cr_expect(epsilon_eq(dbl, s, expected, error));
        }
        dm_mixture_free(m);
    }
}

/* The limit is quantile_round_off for both ways, and eps of x itself. */
Test(mixture, quantile_undoes_the_cdf)
{
    for (size_t i = 0; i < SIZES; i++) {
        dm_mixture *m = made(1, sizes[i]);
        for (double x = -4.3; x < 4.5; x += 0.61) {
            double p = dm_mixture_cdf(m, x);
            double log_q = dm_mixture_log_density(m, &x);
            cr_expect(epsilon_eq(dbl, dm_mixture_quantile(m, p), x,
                                 2.0 * quantile_round_off(m, p, log_q) +
                                     4.0 * DBL_EPSILON * fabs(x)));
        }
        dm_mixture_free(m);
    }
}

/* ln P falls off as z^2/2 <= 700: eps of z is 1400 eps of P. */
Test(mixture, quantile_is_exact_in_the_lower_tail)
{
    dm_mixture *m = made(1, 37);

    for (double p = 0.013; p > 1e-300; p *= 1e-17)
        cr_expect(epsilon_eq(dbl, dm_mixture_cdf(m, dm_mixture_quantile(m, p)),
                             p, 4.0 * 1400.0 * DBL_EPSILON * p));
    dm_mixture_free(m);
}

Test(mixture, quantile_of_one_normal_is_its_own)
{
    dm_mixture *m = made(1, 1);
    const dm_component *c = &m->component[0];

    cr_expect(epsilon_eq(dbl, dm_mixture_quantile(m, 0.5), c->mean[0],
                         2.0 * DBL_EPSILON * fabs(c->mean[0])));
    dm_mixture_free(m);
}

/* --- Rosenblatt, marginal, integral --------------------------------------- */

/* The density of a 2-D mixture along a line parallel to one axis. */
static double section(double t, void *params)
{
    struct line l = *(const struct line *)params;

    l.x[l.axis] = t;
    return exp(dm_mixture_log_density(l.m, l.x));
}

/* The integral of the section from -30 to `to`, to an absolute 1e-12. */
static double integral_of_section(struct line l, double to)
{
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(500);
    gsl_function f = { section, &l };
    double result = NAN, error;

    cr_expect(
        zero(int, gsl_integration_qag(&f, -30.0, to, 1e-12, 0.0, 500,
                                      GSL_INTEG_GAUSS31, w, &result, &error)));
    gsl_integration_workspace_free(w);
    return result;
}

Test(mixture, marginal_is_the_integral_over_the_other_coordinate)
{
    for (size_t axis = 0; axis < 2; axis++) {
        dm_mixture *m = made(2, 37), *marginal = dm_mixture_marginal(m, axis);
        cr_assert(ne(ptr, marginal, NULL));
        cr_expect(eq(sz, marginal->dim, 1));
        for (size_t i = 0; i < POINTS; i += 3) {
            struct line l = { .m = m, .axis = 1 - axis };
            point(i, l.x);
            cr_expect(epsilon_eq(dbl, density(l.x[axis], marginal),
                                 integral_of_section(l, 30.0), 2e-12));
        }
        dm_mixture_free(marginal);
        dm_mixture_free(m);
    }
}

Test(mixture, marginal_of_one_dimension_is_the_mixture)
{
    dm_mixture *m = made(1, 37), *marginal = dm_mixture_marginal(m, 0);
    double x = 0.37;

    cr_assert(ne(ptr, marginal, NULL));
    cr_expect(eq(dbl, dm_mixture_log_density(marginal, &x),
                 dm_mixture_log_density(m, &x)));
    dm_mixture_free(marginal);
    dm_mixture_free(m);
}

Test(mixture, rosenblatt_is_the_marginal_and_the_conditional_cdf)
{
    dm_mixture *m = made(2, 37), *marginal = dm_mixture_marginal(m, 0);

    for (size_t i = 2; i < POINTS - 2; i++) {
        struct line l = { .m = m, .axis = 1 };
        double u[2];
        point(i, l.x);
        dm_mixture_rosenblatt(m, l.x, u);
        double q = density(l.x[0], marginal);
        cr_expect(epsilon_eq(dbl, u[0], dm_mixture_cdf(marginal, l.x[0]),
                             DBL_EPSILON * 37.0));
        cr_expect(epsilon_eq(dbl, u[1], integral_of_section(l, l.x[1]) / q,
                             2e-12 / q));
    }
    dm_mixture_free(marginal);
    dm_mixture_free(m);
}

Test(mixture, rosenblatt_of_one_dimension_is_the_cdf)
{
    dm_mixture *m = made(1, 37);
    double x = -0.83, u;

    dm_mixture_rosenblatt(m, &x, &u);
    cr_expect(epsilon_eq(dbl, u, dm_mixture_cdf(m, x), DBL_EPSILON * 37.0));
    dm_mixture_free(m);
}

/* Of uniform, independent u and v the mean of u and of u^2, and of uv. */
Test(mixture, rosenblatt_of_draws_is_uniform)
{
    enum { N = 20000 };
    dm_mixture *m = made(2, 37);
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);
    double x[2], u[2], sum[5] = { 0.0 };

    for (size_t i = 0; i < N; i++) {
        dm_mixture_sample(m, r, x);
        dm_mixture_rosenblatt(m, x, u);
        for (size_t j = 0; j < 2; j++) {
            sum[j] += u[j] - 0.5;
            sum[2 + j] += u[j] * u[j] - 1.0 / 3.0;
        }
        sum[4] += (u[0] - 0.5) * (u[1] - 0.5);
    }
    static const double variance[] = { 1.0 / 12, 1.0 / 12, 4.0 / 45, 4.0 / 45,
                                       1.0 / 144 };
    for (size_t j = 0; j < 5; j++)
        cr_expect(
            epsilon_eq(dbl, sum[j] / N, 0.0, 5.0 * sqrt(variance[j] / N)));
    gsl_rng_free(r);
    dm_mixture_free(m);
}

static double first_moment(double x, void *params)
{
    return x * density(x, params);
}

/* Not at the last size, 1000: its 10^4 pieces take 5 seconds. */
Test(mixture, integrate_finds_every_component)
{
    for (size_t i = 0; i + 1 < SIZES; i++) {
        dm_mixture *m = made(1, sizes[i]);
        double mean, integral = NAN;
        dm_mixture_moments(m, &mean, NULL);
        cr_expect(zero(int, dm_mixture_integrate(m, NULL, density, m, 1e-11,
                                                 &integral)));
        cr_expect(epsilon_eq(dbl, integral, 1.0, 1e-11));
        cr_expect(zero(int, dm_mixture_integrate(m, NULL, first_moment, m,
                                                 1e-10, &integral)));
        cr_expect(epsilon_eq(dbl, integral, mean, 1e-10));
        dm_mixture_free(m);
    }
}

Test(mixture, integrate_finds_a_light_far_and_narrow_component)
{
    double weight[] = { 1.0 - 1e-6, 1e-6 }, mean[] = { 0.3, 1000.0 };
    double variance[] = { 1.0, 1e-6 }, integral = NAN;
    dm_mixture *m = dm_mixture_new(1, 2, weight, mean, variance);

    cr_assert(ne(ptr, m, NULL));
    cr_expect(
        zero(int, dm_mixture_integrate(m, NULL, density, m, 1e-12, &integral)));
    cr_expect(epsilon_eq(dbl, integral, 1.0, 1e-12));
    cr_expect(zero(int, dm_mixture_integrate(m, NULL, first_moment, m, 1e-10,
                                             &integral)));
    cr_expect(epsilon_eq(dbl, integral, 0.3 * (1.0 - 1e-6) + 1e-3, 1e-10));
    dm_mixture_free(m);
}

Test(mixture, integrate_is_shown_another_law)
{
    dm_mixture *m = made(1, 2), *other = far_and_narrow();
    dm_gaussian there = { 7.9, 1e-4 };
    double integral = NAN;

    cr_expect(zero(int, dm_mixture_integrate(m, &there, density, other, 1e-11,
                                             &integral)));
    /* the other half of far_and_narrow lies where nothing points */
    cr_expect(integral > 0.63 - 1e-11);
    dm_mixture_free(other);
    dm_mixture_free(m);
}

/* |mean|/sd: 8.1/0.01; in two dimensions the larger over both axes. */
Test(mixture, condition_is_the_largest_distance_from_0_or_of_correlation)
{
    double one = 1.0, mean[] = { 0.3, -7.0 }, cov[] = { 0.25, 0.1, 4.0 };
    dm_mixture *m = far_and_narrow();

    cr_expect(epsilon_eq(dbl, dm_mixture_condition(m), 810.0, 1e-12));
    dm_mixture_free(m);
    m = dm_mixture_new(2, 1, &one, mean, cov);
    cr_expect(
        epsilon_eq(dbl, dm_mixture_condition(m), 7.0 / sqrt(3.96), 1e-14));
    dm_mixture_free(m);
    mean[0] = 0.0;
    mean[1] = 0.0;
    cov[1] = 0.99;
    m = dm_mixture_new(2, 1, &one, mean, cov);
    cr_expect(
        epsilon_eq(dbl, dm_mixture_condition(m), 1.0 / (1.0 - 0.9801), 1e-12));
    dm_mixture_free(m);
    m = dm_mixture_new(1, 1, &one, mean, cov);
    cr_expect(eq(dbl, dm_mixture_condition(m), 1.0));
    dm_mixture_free(m);
}

/* For two normals of correlation rho the mean product has the variance
 * (1 + rho^2)/n, in units of the variances. */
Test(mixture, draws_in_two_dimensions_are_correlated)
{
    const double one = 1.0, mean[] = { 0.3, -7.0 }, cov[] = { 4.0, -1.2, 0.5 };
    const double rho = -1.2 / sqrt(4.0 * 0.5);
    const size_t n = 20000;
    dm_mixture *m = dm_mixture_new(2, 1, &one, mean, cov);
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);
    double x[2], sum = 0.0;

    cr_assert(ne(ptr, m, NULL));
    for (size_t i = 0; i < n; i++) {
        dm_mixture_sample(m, r, x);
        sum += (x[0] - 0.3) * (x[1] + 7.0) / sqrt(4.0 * 0.5);
    }
    cr_expect(epsilon_eq(dbl, sum / (double)n, rho,
                         5.0 * sqrt((1.0 + rho * rho) / (double)n)));
    gsl_rng_free(r);
    dm_mixture_free(m);
}

/* Far data cannot be integrated to more digits than their means carry. */
Test(mixture, tolerance_is_what_is_wanted_or_what_round_off_leaves)
{
    const double weight = 1.0, near = 1.7, far = 2.0e7, v = 0.25;
    dm_mixture *m = dm_mixture_new(1, 1, &weight, &near, &v);
    cr_assert(ne(ptr, m, NULL));
    cr_expect(eq(dbl, dm_mixture_tolerance(m, 1e-11), 1e-11));
    dm_mixture_free(m);
    m = dm_mixture_new(1, 1, &weight, &far, &v);
    cr_assert(ne(ptr, m, NULL));
    cr_expect(epsilon_eq(dbl, dm_mixture_tolerance(m, 1e-11),
                         64.0 * DBL_EPSILON * 4.0e7, 1e-15));
    dm_mixture_free(m);
}

/* --- errors --------------------------------------------------------------- */

/* One component or two of which something is wrong. */
static void expect_no_mixture(size_t dim, size_t K, const double weight[],
                              const double mean[], const double cov[])
{
    cr_expect(eq(ptr, dm_mixture_new(dim, K, weight, mean, cov), NULL));
    cr_expect(eq(int, errors_last(), GSL_EDOM));
}

Test(mixture, a_bad_size_or_weight_is_a_domain_error)
{
    static const double bad[][2] = { { 1.5, -0.5 },   { 1.0, 0.0 },
                                     { 0.5, NAN },    { INFINITY, 0.5 },
                                     { 0.3, 0.7001 }, { 0.5, 0.5 + 1e-6 } };
    static double many[1001], one[3003];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_no_mixture(1, 2, bad[i], (double[]){ 0.1, 0.2 },
                          (double[]){ 1.0, 2.0 });
    for (size_t k = 0; k < 3003; k++)
        one[k] = 1.0;
    for (size_t k = 0; k < 1001; k++)
        many[k] = 1.0 / 1001.0;
    expect_no_mixture(1, 1001, many, one, one);
    expect_no_mixture(1, 0, one, one, one);
    expect_no_mixture(0, 1, one, one, one);
    expect_no_mixture(3, 1, one, one, one);
}

Test(mixture, a_bad_mean_or_covariance_is_a_domain_error)
{
    static const double one = 1.0, bad[] = { 0.0, -0.1, NAN, INFINITY };
    static const double cov[][3] = { { 1.0, 1.0, 1.0 },  { 1.0, -1.1, 1.0 },
                                     { -1.0, 0.0, 1.0 }, { 1.0, 0.0, 0.0 },
                                     { 1.0, NAN, 1.0 },  { INFINITY, 0.0, 1.0 },
                                     { 1.0, 0.0, NAN },  { -1.0, 0.0, -1.0 } };
    double plain[] = { 1.0, 0.0, 1.0 };

    for (size_t i = 0; i < 4; i++)
        expect_no_mixture(1, 1, &one, &one, &bad[i]);
    for (size_t i = 2; i < 4; i++) {
        expect_no_mixture(1, 1, &one, &bad[i], &one);
        expect_no_mixture(2, 1, &one, (double[]){ 0.1, bad[i] }, plain);
    }
    for (size_t i = 0; i < sizeof cov / sizeof *cov; i++)
        expect_no_mixture(2, 1, &one, plain, cov[i]);
}

Test(mixture, a_bad_level_is_a_domain_error)
{
    static const dm_level bad[] = { { 0.0, 0.5 },      { NAN, 0.5 },
                                    { INFINITY, 0.5 }, { 0.5, -0.1 },
                                    { 0.5, NAN },      { 0.5, INFINITY } };
    dm_mixture *m = made(2, 2);
    double x[] = { 0.3, 0.7 }, out[2];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect(eq(ptr, dm_mixture_diffuse(m, bad[i]), NULL));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
        cr_expect(eq(ptr, dm_mixture_posterior(m, bad[i], x), NULL));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
        cr_expect(
            eq(int, dm_mixture_denoise(m, bad[i], x, out, NULL), GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
        cr_expect(eq(int, dm_mixture_eps(m, bad[i], x, out), GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
    }
    cr_expect(
        eq(ptr, dm_mixture_posterior(m, (dm_level){ 0.5, 0.0 }, x), NULL));
    cr_expect(eq(int, errors_last(), GSL_EDOM));
    dm_mixture_free(m);
}

Test(mixture, the_wrong_dimension_is_a_domain_error)
{
    dm_mixture *m = made(2, 2);
    double result;

    cr_expect(isnan(dm_mixture_cdf(m, 0.3)) && errors_last() == GSL_EDOM);
    cr_expect(isnan(dm_mixture_tail(m, 0.3)) && errors_last() == GSL_EDOM);
    cr_expect(isnan(dm_mixture_quantile(m, 0.3)) && errors_last() == GSL_EDOM);
    cr_expect(eq(ptr, dm_mixture_marginal(m, 2), NULL));
    cr_expect(eq(int, errors_last(), GSL_EDOM));
    cr_expect(eq(int, dm_mixture_integrate(m, NULL, density, m, 1e-9, &result),
                 GSL_EDOM));
    cr_expect(eq(int, errors_last(), GSL_EDOM));
    dm_mixture_free(m);
}

Test(mixture, a_quantile_of_no_probability_is_a_domain_error)
{
    static const double bad[] = { 0.0, 1.0, -0.1, 1.1, NAN };
    dm_mixture *m = made(1, 2);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(isnan(dm_mixture_quantile(m, bad[i])) &&
                  errors_last() == GSL_EDOM);
    dm_mixture_free(m);
}

Test(mixture, a_tolerance_out_of_reach_is_reported)
{
    dm_mixture *m = made(1, 2);
    double result;

    cr_expect(eq(int, dm_mixture_integrate(m, NULL, density, m, 1e-25, &result),
                 GSL_ETOL));
    cr_expect(eq(int, errors_last(), GSL_ETOL));
    dm_mixture_free(m);
}

#ifdef __linux__
static void *held[1000];

/* Takes all memory but pieces of 16 kB, until `feed`. */
static struct rlimit starve(void)
{
    struct rlimit now;

    getrlimit(RLIMIT_AS, &now);
    struct rlimit little = { 1 << 20, now.rlim_max };
    setrlimit(RLIMIT_AS, &little);
    for (size_t i = 0; i < 1000 && (held[i] = malloc(1 << 14)) != NULL;)
        i++;
    return now;
}

static void feed(struct rlimit before)
{
    setrlimit(RLIMIT_AS, &before);
    for (size_t i = 0; i < 1000; i++)
        free(held[i]);
}

Test(mixture, too_little_memory_is_reported)
{
    static double weight[1000], mean[1000], variance[1000];
    dm_mixture *m = made(1, 1000), *out[4];
    double x = 0.3, eps, result;

    for (size_t k = 0; k < 1000; k++) {
        weight[k] = 1e-3;
        variance[k] = 1.0;
    }
    struct rlimit before = starve();
    out[0] = dm_mixture_new(1, 1000, weight, mean, variance);
    out[1] = dm_mixture_diffuse(m, levels[1]);
    out[2] = dm_mixture_posterior(m, levels[1], &x);
    out[3] = dm_mixture_marginal(m, 0);
    int handled = errors_last();
    int denoise = dm_mixture_denoise(m, levels[1], &x, &eps, NULL);
    int noise = dm_mixture_eps(m, levels[1], &x, &eps);
    int integral = dm_mixture_integrate(m, NULL, density, m, 1e-9, &result);
    feed(before);
    for (size_t i = 0; i < 4; i++)
        cr_expect(eq(ptr, out[i], NULL));
    cr_expect(eq(int, handled, GSL_ENOMEM));
    cr_expect(eq(int, denoise, GSL_ENOMEM));
    cr_expect(eq(int, noise, GSL_ENOMEM));
    cr_expect(eq(int, integral, GSL_ENOMEM));
    dm_mixture_free(m);
}
#endif

Test(mixture, nothing_may_be_freed)
{
    dm_mixture_free(NULL);
    cr_expect(zero(int, errors_last()));
}

Test(mixture_loud, a_bad_argument_aborts_by_default, .init = cr_redirect_stderr,
     .signal = SIGABRT)
{
    double one = 1.0, bad = -0.3;

    dm_mixture_new(1, 1, &one, &one, &bad);
}
