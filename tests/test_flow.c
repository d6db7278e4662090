/* Properties of src/flow.c. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <gsl/gsl_math.h>

#include "errors.h"
#include "flow.h"
#include "reference.h"
#include "rng.h"
#include "sde.h"

TestSuite(flow, .init = errors_record);

static const double TOLERANCE = 1e-10;

static const size_t sizes[] = { 1, 2, 37, 1000 };

/* A mixture of K bumps with means in (-3, 3) and variances in (0.05, 1.05). */
static dm_mixture *draw_mixture(size_t dim, size_t K)
{
    static double weight[DM_COMPONENTS_MAX], mean[2 * DM_COMPONENTS_MAX];
    static double cov[3 * DM_COMPONENTS_MAX];
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);
    double sum = 0.0;

    dm_rng_at(r, DM_STREAM_EXTRA, (uint32_t)K, (uint32_t)dim);
    for (size_t k = 0; k < K; k++) {
        sum += weight[k] = 0.1 + gsl_rng_uniform(r);
        for (size_t j = 0; j < dim; j++)
            mean[dim * k + j] = 6.0 * gsl_rng_uniform(r) - 3.0;
        double xx = 0.05 + gsl_rng_uniform(r), yy = 0.05 + gsl_rng_uniform(r);
        if (dim == 1) {
            cov[k] = xx;
            continue;
        }
        cov[3 * k] = xx;
        cov[3 * k + 1] = 0.9 * sqrt(xx * yy) * (2.0 * gsl_rng_uniform(r) - 1.0);
        cov[3 * k + 2] = yy;
    }
    for (size_t k = 0; k < K; k++)
        weight[k] /= sum;
    gsl_rng_free(r);
    dm_mixture *m = dm_mixture_new(dim, K, weight, mean, cov);
    cr_assert(ne(ptr, m, NULL));
    return m;
}

/* From the data to nearly no signal, of all kinds. */
static const dm_level levels[] = { { 1.0, 0.0 },       { 0.9, 0.0361 },
                                   { 1.0, 0.37 },      { 0.31, 0.71 },
                                   { 1.0, 2499.9999 }, { 0.0063, 0.99996 },
                                   { 0.0, 1.3 } };

enum { LEVELS = sizeof levels / sizeof *levels };

/* --- against the table ---------------------------------------------------- */

Test(flow, agrees_with_the_reference_map)
{
    reference table = reference_open("pf-ode-map-1d.tsv");

    while (reference_next(&table)) {
        dm_mixture *m = reference_mixture(&table, 1);
        dm_level from = reference_level(&table, "alpha_bar_start");
        double start = reference_number(&table, "x_start"), x = start;
        double end = reference_number(&table, "x_at_alpha_bar_1");
        dm_level data = { 1.0, 0.0 };
        cr_expect(zero(int, dm_flow_move(m, from, data, 1e-9, &x, NULL)));
        cr_expect(epsilon_eq(dbl, x, end, 1e-9), "from %g", start);
        cr_expect(zero(int, dm_flow_move(m, data, from, 1e-9, &end, NULL)));
        cr_expect(epsilon_eq(dbl, end, start, 1e-9), "back to %g", start);
        dm_mixture_free(m);
    }
}

/* --- the law is kept ------------------------------------------------------ */

/* A level of scale 0 has no mixture of its own in mixture.h. */
static dm_mixture *at_level(const dm_mixture *m, dm_level level)
{
    level.scale = fmax(level.scale, 1e-300);
    dm_mixture *q = dm_mixture_diffuse(m, level);
    cr_assert(ne(ptr, q, NULL));
    return q;
}

/* Cuts at 1/20 and 19/20, as quantiles far out lose digits of their own. */
Test(flow, is_the_map_of_quantiles_on_the_line)
{
    for (size_t i = 0; i < 4; i++) {
        dm_mixture *m = draw_mixture(1, sizes[i]);
        size_t skip = sizes[i] < 1000 ? 1 : 9; /* of the pairs of levels */
        for (size_t j = 0; j < LEVELS * LEVELS; j += skip) {
            dm_level from = levels[j / LEVELS], to = levels[j % LEVELS];
            dm_mixture *p = at_level(m, from), *q = at_level(m, to);
            for (double u = 0.05; u < 0.96; u += 0.3) {
                double x = dm_mixture_quantile(p, u);
                double expected = dm_mixture_quantile(q, u);
                double unit = hypot(to.scale, sqrt(to.variance));
                cr_expect(
                    zero(int, dm_flow_move(m, from, to, TOLERANCE, &x, NULL)));
                cr_expect(epsilon_eq(dbl, x, expected, TOLERANCE * unit),
                          "K = %zu, level %zu to %zu, %g", sizes[i], j / LEVELS,
                          j % LEVELS, u);
            }
            dm_mixture_free(p);
            dm_mixture_free(q);
        }
        dm_mixture_free(m);
    }
}

/* A point beside the divide of two narrow bumps: the first two runs differ by
 * more than the tolerance, and only smaller steps make two agree. */
Test(flow, takes_smaller_steps_until_two_runs_agree)
{
    double half[] = { 0.5, 0.5 }, mean[] = { -3.0, 3.0 }, v[] = { 0.01, 0.01 };
    dm_mixture *m = dm_mixture_new(1, 2, half, mean, v);
    dm_level noise = { 0.0, 1.0 }, data = { 1.0, 0.0 };
    dm_mixture *p = at_level(m, noise);
    double x = dm_mixture_quantile(p, 0.50001);
    double expected = dm_mixture_quantile(m, 0.50001);

    cr_expect(zero(int, dm_flow_move(m, noise, data, TOLERANCE, &x, NULL)));
    cr_expect(epsilon_eq(dbl, x, expected, TOLERANCE));
    dm_mixture_free(p);
    dm_mixture_free(m);
}

Test(flow, changes_the_log_density_by_its_stretch)
{
    for (size_t i = 0; i < 8; i++) {
        size_t dim = 1 + i / 4;
        dm_mixture *m = draw_mixture(dim, sizes[i % 4]);
        for (size_t j = 0; j + 1 < LEVELS; j++) {
            dm_level from = levels[j], to = levels[(3 * j + 1) % LEVELS];
            dm_mixture *p = at_level(m, from), *q = at_level(m, to);
            double x[] = { 0.7 * from.scale - sqrt(from.variance),
                           -1.3 * from.scale + 0.4 * sqrt(from.variance) };
            double before = dm_mixture_log_density(p, x), stretch = NAN;
            cr_expect(
                zero(int, dm_flow_move(m, from, to, TOLERANCE, x, &stretch)));
            /* The score turns an error of x into one of its log density. */
            double s[2], limit = TOLERANCE;
            dm_mixture_score(q, x, s);
            for (size_t k = 0; k < dim; k++)
                limit +=
                    TOLERANCE * fabs(s[k]) * hypot(to.scale, sqrt(to.variance));
            cr_expect(epsilon_eq(dbl, dm_mixture_log_density(q, x),
                                 before - stretch, limit),
                      "%zu-D, K = %zu, from level %zu", dim, sizes[i % 4], j);
            dm_mixture_free(p);
            dm_mixture_free(q);
        }
        dm_mixture_free(m);
    }
}

/* Of one Gaussian the flow keeps standard coordinates along its axes: with a
 * covariance of eigenvalues 1.9 and 0.1 along (0.8, 0.6) and (-0.6, 0.8). */
Test(flow, of_one_gaussian_is_linear)
{
    double one = 1.0, mean[] = { 0.6, -1.1 };
    double cov[] = { 0.64 * 1.9 + 0.36 * 0.1, 0.48 * 1.8,
                     0.36 * 1.9 + 0.64 * 0.1 };
    dm_mixture *m = dm_mixture_new(2, 1, &one, mean, cov);
    dm_level from = { 0.3, 0.8 }, to = { 0.95, 0.02 };
    double x[] = { 0.7, 1.9 }, stretch = NAN, y[2], ln_det = 0.0;
    double axis[2][2] = { { 0.8, 0.6 }, { -0.6, 0.8 } }, v[] = { 1.9, 0.1 };

    for (size_t j = 0; j < 2; j++)
        y[j] = to.scale * mean[j];
    for (size_t i = 0; i < 2; i++) {
        double grown = sqrt((to.scale * to.scale * v[i] + to.variance) /
                            (from.scale * from.scale * v[i] + from.variance));
        double along = axis[i][0] * (x[0] - from.scale * mean[0]) +
                       axis[i][1] * (x[1] - from.scale * mean[1]);
        for (size_t j = 0; j < 2; j++)
            y[j] += grown * along * axis[i][j];
        ln_det += log(grown);
    }
    cr_expect(zero(int, dm_flow_move(m, from, to, TOLERANCE, x, &stretch)));
    for (size_t j = 0; j < 2; j++)
        cr_expect(epsilon_eq(dbl, x[j], y[j], TOLERANCE));
    cr_expect(epsilon_eq(dbl, stretch, ln_det, TOLERANCE));
    dm_mixture_free(m);
}

Test(flow, there_and_back_is_nowhere)
{
    dm_mixture *m = draw_mixture(2, 37);

    for (size_t j = 0; j < LEVELS * LEVELS; j++) {
        dm_level from = levels[j / LEVELS], to = levels[j % LEVELS];
        double unit = hypot(from.scale, sqrt(from.variance));
        double x[] = { 0.3 * unit, -0.8 * unit }, out = NAN, back = NAN;
        cr_expect(zero(int, dm_flow_move(m, from, to, TOLERANCE, x, &out)));
        cr_expect(zero(int, dm_flow_move(m, to, from, TOLERANCE, x, &back)));
        cr_expect(epsilon_eq(dbl, x[0], 0.3 * unit, 2.0 * TOLERANCE * unit));
        cr_expect(epsilon_eq(dbl, x[1], -0.8 * unit, 2.0 * TOLERANCE * unit));
        cr_expect(epsilon_eq(dbl, out + back, 0.0, 2.0 * TOLERANCE));
    }
    dm_mixture_free(m);
}

/* What has the same share of signal is the same level in another unit. */
Test(flow, between_levels_of_one_share_of_signal_is_a_scaling)
{
    dm_mixture *m = draw_mixture(2, 2);
    dm_level from = { 0.3, 0.16 }, to = { 0.6, 0.64 };
    double x[] = { 0.7, -1.2 }, stretch = NAN;

    cr_expect(zero(int, dm_flow_move(m, from, to, TOLERANCE, x, &stretch)));
    cr_expect(epsilon_eq(dbl, x[0], 1.4, 8.0 * DBL_EPSILON));
    cr_expect(epsilon_eq(dbl, x[1], -2.4, 8.0 * DBL_EPSILON));
    cr_expect(epsilon_eq(dbl, stretch, 2.0 * M_LN2, 8.0 * DBL_EPSILON));
    dm_mixture_free(m);
}

/* --- the velocity --------------------------------------------------------- */

/* -tan (y + score), and -tan (dim + trace of the Hessian), lose digits where
 * tan is large, and the score where the density is low. */
Test(flow, velocity_is_that_of_the_score)
{
    for (size_t i = 0; i < 8; i++) {
        size_t dim = 1 + i / 4;
        dm_mixture *m = draw_mixture(dim, sizes[i % 4]);
        for (double angle = 0.0; angle < 1.57; angle += 0.31) {
            double y[] = { 0.41 - angle, 1.3 * angle - 0.7 }, v[2], s[2], div;
            dm_level level = { cos(angle), gsl_pow_2(sin(angle)) };
            dm_mixture *q = dm_mixture_diffuse(m, level);
            dm_sym2 h;
            dm_mixture_score(q, y, s);
            dm_mixture_hessian(q, y, &h);
            dm_flow_velocity(m, angle, y, v, &div);
            double slope = tan(angle), size = 1.0 + fabs(h.xx) + fabs(h.yy);
            for (size_t j = 0; j < dim; j++)
                cr_expect(epsilon_eq(dbl, v[j], -slope * (y[j] + s[j]),
                                     1e-12 * (1.0 + slope) * size));
            cr_expect(epsilon_eq(dbl, div, -slope * ((double)dim + h.xx + h.yy),
                                 1e-12 * (1.0 + slope) * size));
            dm_mixture_free(q);
        }
        dm_mixture_free(m);
    }
}

Test(flow, velocity_is_0_at_the_data_and_minus_their_mean_at_noise)
{
    dm_mixture *m = draw_mixture(2, 37);
    double y[] = { 0.4, -0.9 }, v[2], mean[2], div;

    dm_mixture_moments(m, mean, NULL);
    dm_flow_velocity(m, 0.0, y, v, &div);
    cr_expect(zero(dbl, v[0]));
    cr_expect(zero(dbl, v[1]));
    cr_expect(zero(dbl, div));
    dm_flow_velocity(m, M_PI_2, y, v, NULL);
    cr_expect(epsilon_eq(dbl, v[0], -mean[0], 1e-14));
    cr_expect(epsilon_eq(dbl, v[1], -mean[1], 1e-14));
    dm_mixture_free(m);
}

/* --- what is refused ------------------------------------------------------ */

static void expect_refused(const dm_mixture *m, dm_level from, dm_level to,
                           double tolerance, double at, int code)
{
    double x[2] = { at, 0.3 }, stretch = 7.0;

    cr_expect(eq(int, dm_flow_move(m, from, to, tolerance, x, &stretch), code),
              "{%g, %g} to {%g, %g}, %g, %g", from.scale, from.variance,
              to.scale, to.variance, tolerance, at);
    cr_expect(eq(int, errors_last(), code));
    cr_expect(eq(dbl, stretch, 7.0));
    cr_expect(eq(dbl, x[1], 0.3));
}

Test(flow, refuses_what_is_no_level_tolerance_or_point)
{
    dm_mixture *m = draw_mixture(2, 2);
    dm_level good = { 0.6, 0.64 };
    dm_level bad[] = { { -0.6, 0.64 },   { 0.6, -0.64 }, { 0.0, 0.0 },
                       { NAN, 0.64 },    { 0.6, NAN },   { INFINITY, 0.64 },
                       { 0.6, INFINITY } };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_refused(m, bad[i], good, 1e-9, 0.4, GSL_EDOM);
        expect_refused(m, good, bad[i], 1e-9, 0.4, GSL_EDOM);
    }
    double tolerance[] = { 0.0, -1e-9, NAN, INFINITY };
    for (size_t i = 0; i < sizeof tolerance / sizeof *tolerance; i++)
        expect_refused(m, good, good, tolerance[i], 0.4, GSL_EDOM);
    expect_refused(m, good, (dm_level){ 1.0, 0.0 }, 1e-9, NAN, GSL_EDOM);
    expect_refused(m, good, (dm_level){ 1.0, 0.0 }, 1e-9, INFINITY, GSL_EDOM);
    dm_mixture_free(m);
}

static char said[200];

static void listen(const char *reason, const char *file, int line, int code)
{
    (void)file, (void)line, (void)code;
    snprintf(said, sizeof said, "%s", reason);
}

Test(flow, a_tolerance_that_is_not_reached_is_told_with_what_is)
{
    dm_mixture *m = draw_mixture(1, 2);
    double x = 0.4;

    gsl_set_error_handler(listen);
    int status = dm_flow_move(m, (dm_level){ 0.1, 0.99 },
                              (dm_level){ 1.0, 0.0 }, 1e-18, &x, NULL);
    cr_expect(eq(int, status, GSL_ETOL));
    double reached = NAN, asked = NAN;
    cr_expect(eq(int,
                 sscanf(said, "the flow is known to within %lf, not to %lf",
                        &reached, &asked),
                 2),
              "%s", said);
    cr_expect(eq(dbl, asked, 1e-18));
    cr_expect(reached > 0.0 && reached < 1e-13, "%s", said);
    cr_expect(eq(dbl, x, 0.4));
    dm_mixture_free(m);
}

Test(flow, a_point_without_density_is_told_with_the_place)
{
    dm_mixture *m = draw_mixture(1, 2);
    double x = 1e200;

    gsl_set_error_handler(listen);
    int status = dm_flow_move(m, (dm_level){ 0.5, 0.75 },
                              (dm_level){ 1.0, 0.0 }, 1e-9, &x, NULL);
    cr_expect(eq(int, status, GSL_FAILURE));
    cr_expect(zero(int, strncmp(said, "the flow stops at abar = 0.25: ", 31)),
              "%s", said);
    cr_expect(eq(dbl, x, 1e200));
    dm_mixture_free(m);
}

/* The point moves to 3e4, whose rounding is more than the error asked for. */
Test(flow, a_flow_that_never_arrives_is_told_with_the_place)
{
    double one = 1.0, mean = 0.0, variance = 1e8, x = 300.0, abar = NAN;
    dm_mixture *m = dm_mixture_new(1, 1, &one, &mean, &variance);

    gsl_set_error_handler(listen);
    int status = dm_flow_move(m, (dm_level){ 0.01, 0.9999 },
                              (dm_level){ 1.0, 0.0 }, 1e-12, &x, NULL);
    cr_expect(eq(int, status, GSL_EMAXITER));
    cr_expect(eq(int,
                 sscanf(said, "the flow stops at abar = %lf: too many steps",
                        &abar),
                 1),
              "%s", said);
    cr_expect(abar >= 1e-4 && abar <= 1.0, "%s", said);
    cr_expect(eq(dbl, x, 300.0));
    dm_mixture_free(m);
}
