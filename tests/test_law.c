/* Properties of src/law.c. */
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>

#include "check.h"
#include "cloud.h"
#include "distance.h"
#include "errors.h"
#include "law.h"
#include "reference.h"
#include "sampler.h"

TestSuite(law, .init = errors_record, .timeout = 120);

static char message[200]; /* of the last error */

static void remember_message(const char *reason, const char *file, int line,
                             int code)
{
    errors_remember(reason, file, line, code);
    snprintf(message, sizeof message, "%s", reason);
}

/* --- what the tests are made of ------------------------------------------- */

static dm_mixture *mixture_named(const char *name)
{
    char path[200], why[200] = "";

    snprintf(path, sizeof path, REFERENCE_DIR "mixture-%s.txt", name);
    dm_mixture *m = dm_mixture_read(path, why, sizeof why);
    cr_assert(m != NULL, "%s", why);
    return m;
}

static dm_mixture *normal(double mean, double variance)
{
    const double one = 1.0;
    dm_mixture *m = dm_mixture_new(1, 1, &one, &mean, &variance);

    cr_assert(ne(ptr, m, NULL));
    return m;
}

static dm_sampler *ddim(const char *schedule, size_t T, size_t S, double eta)
{
    dm_schedule *sch = dm_schedule_named(schedule, T);
    size_t *tau = calloc(S + 1, sizeof *tau);

    cr_assert(zero(int, dm_sampler_tau_uniform(T, S, tau)));
    dm_sampler *sampler = dm_sampler_ddim(sch, S, tau, eta);
    cr_assert(ne(ptr, sampler, NULL));
    free(tau);
    dm_schedule_free(sch);
    return sampler;
}

static dm_law *law_of(const dm_sampler *sampler, const dm_mixture *data)
{
    dm_law *law = dm_law_of_sampler(sampler, data, NULL);

    cr_assert(law != NULL, "no law: %d", errors_last());
    return law;
}

/* A step with made-up numbers from a level. */
static dm_step step_of(double A, double B, double C, dm_level from)
{
    return (dm_step){ .A = A, .B = B, .C = C, .from = from, .to = from };
}

static double w1_between(const dm_law *a, const dm_law *b, double *error)
{
    double w1 = NAN;

    cr_expect(zero(int, dm_distance_w1(a, b, &w1, error)));
    return w1;
}

/* --- one Gaussian ---------------------------------------------------------- */

Test(law, of_one_gaussian_agrees_with_the_reference)
{
    reference table = reference_open("gaussian-sampler-law.tsv");

    while (reference_next(&table)) {
        dm_mixture *data = normal(reference_number(&table, "mu0"),
                                  reference_number(&table, "var0"));
        double mean = 0.0, expected = reference_number(&table, "mean");
        dm_sym2 cov = { 1.0, 0.0, 0.0 };
        char schedule[50];
        strcpy(schedule, reference_text(&table, "schedule"));
        dm_sampler *sampler = ddim(schedule, reference_count(&table, "T"),
                                   reference_count(&table, "steps"),
                                   reference_number(&table, "eta"));
        cr_expect(zero(int, dm_law_gaussian(sampler, data, &mean, &cov)));
        cr_expect(epsilon_eq(dbl, mean, expected, 1e-12), "row %zu",
                  table.rows);
        expected = reference_number(&table, "variance");
        cr_expect(epsilon_eq(dbl, cov.xx, expected, 1e-12),
                  "row %zu: off by %g", table.rows, cov.xx - expected);
        dm_sampler_free(sampler);
        dm_mixture_free(data);
    }
}

/* Adds, for the affine eps* of one Gaussian, what the step does: its matrix and
 * its shift from eps* at three points. */
static void follow(const dm_mixture *data, const dm_step *s, double mean[2],
                   double cov[2][2])
{
    static const double at[3][2] = { { 0.0, 0.0 }, { 1.0, 0.0 }, { 0.0, 1.0 } };
    double g[3][2], M[2][2], next[2], product[2][2];

    for (int i = 0; i < 3; i++) {
        dm_mixture_eps(data, s->from, at[i], g[i]);
        for (int j = 0; j < 2; j++)
            g[i][j] = s->A * at[i][j] + s->B * g[i][j];
    }
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            M[i][j] = g[j + 1][i] - g[0][i];
    for (int i = 0; i < 2; i++) {
        next[i] = g[0][i] + M[i][0] * mean[0] + M[i][1] * mean[1];
        for (int j = 0; j < 2; j++)
            product[i][j] = M[i][0] * cov[0][j] + M[i][1] * cov[1][j];
    }
    for (int i = 0; i < 2; i++) {
        mean[i] = next[i];
        for (int j = 0; j < 2; j++)
            cov[i][j] = product[i][0] * M[j][0] + product[i][1] * M[j][1] +
                        (i == j ? s->C * s->C : 0.0);
    }
}

/* Each step rounds terms as large as A, of which some 30 are added. */
Test(law, of_one_gaussian_in_two_dimensions_follows_its_affine_steps)
{
    const double one = 1.0, m[] = { 0.7, -1.3 }, S[] = { 0.5, -0.31, 0.29 };
    dm_mixture *data = dm_mixture_new(2, 1, &one, m, S);
    dm_sampler *sampler = ddim("linear", 100, 37, 0.5);
    double mean[] = { 0.3, -0.2 }, by_hand[] = { 0.3, -0.2 }, room = 0.0;
    double hand[2][2] = { { 1.7, 0.4 }, { 0.4, 0.6 } };
    dm_sym2 cov = { 1.7, 0.4, 0.6 };

    cr_expect(zero(int, dm_law_gaussian(sampler, data, mean, &cov)));
    for (size_t k = 0; k < sampler->n; k++) {
        follow(data, &sampler->step[k], by_hand, hand);
        room += 30.0 * DBL_EPSILON * fabs(sampler->step[k].A);
    }
    for (int i = 0; i < 2; i++)
        cr_expect(epsilon_eq(dbl, mean[i], by_hand[i], room));
    cr_expect(epsilon_eq(dbl, cov.xx, hand[0][0], room));
    cr_expect(epsilon_eq(dbl, cov.xy, hand[0][1], room));
    cr_expect(epsilon_eq(dbl, cov.xy, hand[1][0], room));
    cr_expect(epsilon_eq(dbl, cov.yy, hand[1][1], room));
    dm_sampler_free(sampler);
    dm_mixture_free(data);
}

/* A start that is known: one step leaves only its noise. */
Test(law, of_one_gaussian_may_start_at_a_point)
{
    dm_mixture *data = normal(0.4, 0.8);
    dm_step step = step_of(0.9, -0.3, 0.21, (dm_level){ 0.8, 0.36 });
    const dm_sampler sampler = { 1, &step };
    double mean = 1.37, x = 1.37, eps;
    dm_sym2 cov = { 0.0, 0.0, 0.0 };

    cr_expect(zero(int, dm_law_gaussian(&sampler, data, &mean, &cov)));
    dm_mixture_eps(data, step.from, &x, &eps);
    cr_expect(epsilon_eq(dbl, mean, 0.9 * x - 0.3 * eps, 4.0 * DBL_EPSILON));
    cr_expect(epsilon_eq(dbl, cov.xx, 0.21 * 0.21, DBL_EPSILON));
    cr_expect(cov.xy == 0.0 && cov.yy == 0.0);
    dm_mixture_free(data);
}

static const double etas[] = { 0.0, 0.2, 0.5, 1.0 };

/* The routes over quantiles and over grids, with the closed form beside.  What
 * they state is what they keep, and no more than 1e-6 in W1. */
Test(law, on_a_grid_is_the_gaussian_where_the_data_are_one)
{
    static const size_t steps[] = { 1, 2, 5, 37, 100 };
    static const double variance[] = { 0.36, 0.0123, 2.9 };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (size_t j = 0; j < sizeof etas / sizeof *etas; j++)
            for (size_t k = 0; k < sizeof variance / sizeof *variance; k++) {
                dm_mixture *data = normal(0.7, variance[k]);
                dm_sampler *sampler = ddim(i % 2 == 0 ? "linear" : "cosine",
                                           100, steps[i], etas[j]);
                double mean = 0.0, error;
                dm_sym2 cov = { 1.0, 0.0, 0.0 };
                dm_law_gaussian(sampler, data, &mean, &cov);
                dm_mixture *closed = normal(mean, cov.xx);
                dm_law *law = law_of(sampler, data);
                dm_law *expected = dm_law_of_mixture(closed);
                double w1 = w1_between(law, expected, &error);
                cr_expect(w1 <= error && error <= 1e-6 && law->w1 <= 1e-6,
                          "S = %zu, eta = %g: W1 %g, error %g", steps[i],
                          etas[j], w1, error);
                dm_law_free(expected);
                dm_law_free(law);
                dm_mixture_free(closed);
                dm_sampler_free(sampler);
                dm_mixture_free(data);
            }
}

/* --- mixtures --------------------------------------------------------------- */

/* Expects a row of a table: W1 to the data, and the mean, which has no error
 * of its own there.  The table's errors are estimates; twice is allowed.  For 5
 * steps on the toy they are too small: at eta = 0 the W1 of the table leaves
 * out 9.7e-7 beyond the last quantiles, at eta = 1 it is 2.1e-6 below what
 * plain quadrature gives.  (The test after the next holds those laws.) */
static void expect_row(reference *table, const dm_mixture *data, int toy)
{
    size_t S = reference_count(table, "steps");
    char schedule[50];

    strcpy(schedule, reference_text(table, "schedule"));
    dm_sampler *sampler = ddim(schedule, reference_count(table, "T"), S,
                               reference_number(table, "eta"));
    dm_law *law = law_of(sampler, data), *target = dm_law_of_mixture(data);
    double error, mean, w1 = w1_between(law, target, &error);
    double room = 2.0 * reference_number(table, "estimated_error") + error;
    dm_law_moments(law, &mean, NULL);
    cr_expect(error <= 1e-6);
    if (toy && S == 5)
        room = 2.2e-6;
    reference_holds_within(table, "W1_to_data", w1, room);
    reference_holds_within(table, "mean", mean, room);
    dm_law_free(target);
    dm_law_free(law);
    dm_sampler_free(sampler);
}

Test(law, of_a_mixture_agrees_with_the_references)
{
    static const char *const name[] = { "toy", "two-bumps" };

    for (int toy = 1; toy >= 0; toy--) {
        char file[100];
        snprintf(file, sizeof file, "sampler-law-1d-%s.tsv", name[1 - toy]);
        reference table = reference_open(file);
        snprintf(file, sizeof file, "%s.1d", name[1 - toy]);
        dm_mixture *data = mixture_named(file);
        while (reference_next(&table))
            expect_row(&table, data, toy);
        dm_mixture_free(data);
    }
}

/* A point through all steps, each as it stands in the table; *round_off is the
 * sum of four roundings of each A x. */
static double image_of(const dm_sampler *sampler, const dm_mixture *data,
                       double x, double *round_off)
{
    double eps;

    *round_off = 0.0;
    for (size_t k = 0; k < sampler->n; k++) {
        const dm_step *s = &sampler->step[k];
        dm_mixture_eps(data, s->from, &x, &eps);
        *round_off += 4.0 * DBL_EPSILON * fabs(s->A * x);
        x = s->A * x + s->B * eps;
    }
    return x;
}

/* Steps without noise: the quantiles move along the map.  An error tv in the
 * cdf is one of tv/density in a quantile, and round-off in x the reverse. */
Test(law, without_noise_has_the_images_of_the_quantiles)
{
    static const double p[] = { 1e-9, 0.013, 0.35, 0.5, 0.777, 0.9999 };
    static const size_t steps[] = { 1, 5, 37, 1000 };
    dm_mixture *data = mixture_named("toy.1d");

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        dm_sampler *sampler = ddim("cosine", 1000, steps[i], 0.0);
        dm_law *law = law_of(sampler, data);
        for (size_t j = 0; j < sizeof p / sizeof *p; j++) {
            double start = gsl_cdf_ugaussian_Pinv(p[j]), round_off;
            double x = image_of(sampler, data, start, &round_off);
            double density = dm_law_density(law, x);
            double room = law->tv + density * round_off;
            double off = dm_law_cdf(law, x) - p[j];
            cr_expect(fabs(off) <= room, "S = %zu, p = %g: off by %g, room %g",
                      steps[i], p[j], off, room);
            off = dm_law_quantile(law, p[j]) - x;
            if (p[j] > 1e-6)
                cr_expect(fabs(off) <= 1.01 * room / density,
                          "S = %zu, p = %g: off by %g in x", steps[i], p[j],
                          off);
        }
        dm_law_free(law);
        dm_sampler_free(sampler);
    }
    dm_mixture_free(data);
}

/* --- plain quadrature ------------------------------------------------------- */

enum { PANELS = 150, PER_PANEL = 16, NODES = PANELS * PER_PANEL };

/* A law as point masses, at Gauss-Legendre nodes over an interval; and before
 * the last step with noise, to have its cdf as a sum of normal cdfs. */
typedef struct {
    double x[NODES], mass[NODES];
    double center[NODES], center_mass[NODES], width;
} plain;

static void lay_nodes(double reach, double x[], double weight[])
{
    gsl_integration_glfixed_table *gauss =
        gsl_integration_glfixed_table_alloc(PER_PANEL);
    double h = 2.0 * reach / PANELS;

    for (size_t i = 0; i < PANELS; i++)
        for (size_t j = 0; j < PER_PANEL; j++) {
            size_t k = i * PER_PANEL + j;
            double left = -reach + (double)i * h;
            gsl_integration_glfixed_point(left, left + h, j, &x[k], &weight[k],
                                          gauss);
        }
    gsl_integration_glfixed_table_free(gauss);
}

static double mean_of_step(const dm_step *s, const dm_mixture *data, double x)
{
    double eps = 0.0;

    if (s->B != 0.0)
        dm_mixture_eps(data, s->from, &x, &eps);
    return s->A * x + s->B * eps;
}

/* Chapman and Kolmogorov with every node against every other. */
static void blur(plain *p, double reach)
{
    double peak = 1.0 / (sqrt(2.0 * M_PI) * p->width);

    memcpy(p->center, p->x, sizeof p->x);
    memcpy(p->center_mass, p->mass, sizeof p->mass);
    lay_nodes(reach, p->x, p->mass);
    for (size_t j = 0; j < NODES; j++) {
        double density = 0.0;
        for (size_t i = 0; i < NODES; i++) {
            double z = (p->x[j] - p->center[i]) / p->width;
            if (fabs(z) < 9.0)
                density += p->center_mass[i] * peak * exp(-0.5 * z * z);
        }
        p->mass[j] *= density;
    }
}

/* Takes the law through a table whose first step has noise.  Returns how many
 * steps come after the last one with noise. */
static size_t plain_law(const dm_sampler *sampler, const dm_mixture *data,
                        const dm_mixture *start, double reach, plain *p)
{
    size_t after = 0;

    lay_nodes(reach, p->x, p->mass);
    for (size_t i = 0; i < NODES; i++)
        p->mass[i] *= exp(dm_mixture_log_density(start, &p->x[i]));
    for (size_t k = 0; k < sampler->n; k++) {
        const dm_step *s = &sampler->step[k];
        for (size_t i = 0; i < NODES; i++)
            p->x[i] = mean_of_step(s, data, p->x[i]);
        after++;
        if (s->C == 0.0)
            continue;
        p->width = fabs(s->C);
        blur(p, reach);
        after = 0;
    }
    return after;
}

/* Expects the cdf of a law at the images of some points, and its mean.  The
 * quadrature is right to 1e-11. */
static void expect_plain(const dm_sampler *sampler, const dm_mixture *data,
                         const dm_mixture *start, double reach)
{
    plain *p = malloc(sizeof *p);
    size_t after = plain_law(sampler, data, start, reach, p);
    dm_law *law = dm_law_of_sampler(sampler, data, start);
    double mean = 0.0, law_mean;

    cr_assert(law != NULL, "no law: %d", errors_last());
    for (int i = -40; i <= 40; i++) {
        double x = 0.0917 * i, cdf = 0.0;
        for (size_t j = 0; j < NODES; j++)
            cdf += p->center_mass[j] *
                   gsl_cdf_ugaussian_P((x - p->center[j]) / p->width);
        for (size_t k = sampler->n - after; k < sampler->n; k++)
            x = mean_of_step(&sampler->step[k], data, x);
        cr_expect(fabs(dm_law_cdf(law, x) - cdf) <= law->tv + 1e-11,
                  "at %g: %.12g, not %.12g", x, dm_law_cdf(law, x), cdf);
    }
    for (size_t j = 0; j < NODES; j++)
        mean += p->mass[j] * p->x[j];
    dm_law_moments(law, &law_mean, NULL);
    cr_expect(fabs(law_mean - mean) <= law->w1 + 1e-10, "mean %.12g, not %.12g",
              law_mean, mean);
    cr_expect(law->w1 <= 1e-6);
    dm_law_free(law);
    free(p);
}

Test(law, of_a_few_noisy_steps_is_that_of_plain_quadrature)
{
    static const struct {
        const char *data, *schedule;
        size_t S;
        double eta;
    } run[] = { { "toy.1d", "linear", 5, 0.2 },
                { "toy.1d", "linear", 5, 0.5 },
                { "toy.1d", "linear", 5, 1.0 },
                { "two-bumps.1d", "cosine", 5, 1.0 },
                { "two-bumps.1d", "sqrt-linear", 3, 0.7 } };

    for (size_t i = 0; i < sizeof run / sizeof *run; i++) {
        dm_mixture *data = mixture_named(run[i].data);
        dm_mixture *start = normal(0.0, 1.0);
        dm_sampler *sampler = ddim(run[i].schedule, 1000, run[i].S, run[i].eta);
        expect_plain(sampler, data, start, 9.5);
        dm_sampler_free(sampler);
        dm_mixture_free(start);
        dm_mixture_free(data);
    }
}

/* A map that folds is no obstacle where noise follows at once; steps without
 * noise may stand anywhere; the start may be any mixture, and a step as large
 * in A as it likes. */
Test(law, of_any_mixture_of_steps_is_that_of_plain_quadrature)
{
    const dm_level high = { 0.5, 0.75 }, low = { 0.9, 0.19 }, odd = { 1.3, 2 };
    dm_step step[] = {
        step_of(1.1, 1.9, 0.4, high),  /* folds: B is positive         */
        step_of(1.2, -0.2, 0.0, high), /* increasing                   */
        step_of(0.7, 0.0, 0.0, low),   /* no eps* at all               */
        step_of(-0.9, 0.3, -0.2, odd), /* turns round, a negative C    */
        step_of(1.0, -0.02, 0.0, low)  /* and one without noise at last */
    };
    const dm_sampler whole = { 5, step }, noisy_end = { 4, step };
    dm_mixture *data = mixture_named("toy.1d");
    dm_mixture *start = mixture_named("two-bumps.1d");

    expect_plain(&whole, data, start, 25.0);
    expect_plain(&noisy_end, data, start, 25.0);
    dm_mixture_free(start);
    dm_mixture_free(data);
}

/* Langevin: the same level again and again. */
Test(law, of_langevin_steps_is_that_of_plain_quadrature)
{
    const dm_level level = { 0.8, 0.36 };
    const double h = 0.05;
    dm_mixture *data = mixture_named("toy.1d"), *start = normal(1.2, 0.4);
    dm_step step[4];

    for (size_t k = 0; k < 4; k++) /* x + h score + sqrt(2 h) z */
        step[k] = step_of(1.0, -h / sqrt(level.variance), sqrt(2.0 * h), level);
    expect_plain(&(dm_sampler){ 4, step }, data, start, 9.0);
    dm_mixture_free(start);
    dm_mixture_free(data);
}

/* The forward chain takes the data to a mixture that is known. */
Test(law, of_the_forward_chain_is_the_noised_mixture)
{
    static const char *const name[] = { "toy.1d", "two-bumps.1d",
                                        "far-and-narrow.1d" };
    static const size_t T[] = { 2, 37, 1000 };

    for (size_t i = 0; i < 3; i++) {
        dm_mixture *data = mixture_named(name[i]);
        dm_schedule *sch = dm_schedule_named("linear", T[i]);
        dm_sampler *sampler = dm_sampler_forward(sch);
        dm_mixture *noised =
            dm_mixture_diffuse(data, dm_schedule_level(sch, T[i]));
        dm_law *law = dm_law_of_sampler(sampler, data, data);
        dm_law *expected = dm_law_of_mixture(noised);
        double error, tv = NAN, w1 = w1_between(law, expected, &error);
        cr_expect(w1 <= error && error <= 1e-6, "%s: W1 %g, error %g", name[i],
                  w1, error);
        cr_expect(zero(int, dm_distance_tv(law, expected, &tv, &error)));
        cr_expect(tv <= error && error <= 1e-7, "%s: TV %g, error %g", name[i],
                  tv, error);
        dm_law_free(expected);
        dm_law_free(law);
        dm_mixture_free(noised);
        dm_sampler_free(sampler);
        dm_schedule_free(sch);
        dm_mixture_free(data);
    }
}

/* The engine's particles are draws of the law: Kolmogorov and Smirnov, at the
 * odds of five standard errors. */
Test(law, is_that_of_the_particles)
{
    static const double eta[] = { 0.0, 0.5, 1.0 };
    const dm_run run = { 271828, DM_STREAM_SAMPLER, 1, 0, 0, NULL };
    enum { N = 20000 };

    for (size_t i = 0; i < 3; i++) {
        dm_mixture *data = mixture_named("toy.1d");
        dm_sampler *sampler = ddim("linear", 1000, 7, eta[i]);
        dm_law *law = law_of(sampler, data);
        dm_cloud *cloud = dm_cloud_new(1, N);
        dm_sampled ks;
        cr_expect(zero(int, dm_cloud_start(cloud, 1.0, 314159)));
        cr_expect(zero(int, dm_cloud_run(cloud, sampler, data, &run)));
        cr_expect(zero(int, dm_distance_ks_sample(law, N, cloud->x,
                                                  DM_CHECK_TAIL, &ks)));
        cr_expect(ks.value <= ks.limit, "eta = %g: %g beyond %g", eta[i],
                  ks.value, ks.limit);
        dm_cloud_free(cloud);
        dm_law_free(law);
        dm_sampler_free(sampler);
        dm_mixture_free(data);
    }
}

static dm_law *law_at_eta(const dm_mixture *data, size_t S, double eta)
{
    dm_sampler *sampler = ddim("linear", 1000, S, eta);
    dm_law *law = law_of(sampler, data);

    dm_sampler_free(sampler);
    return law;
}

/* The mean distance, over quantiles in the middle of equal shares, between one
 * law and another, or the extrapolation (4 half - whole)/3. */
static double off_at_quantiles(const dm_law *law, const dm_law *half,
                               const dm_law *whole)
{
    enum { SHARES = 500 };
    double sum = 0.0;

    for (int i = 0; i < SHARES; i++) {
        double p = (i + 0.5) / SHARES, x = dm_law_quantile(half, p);
        if (whole != NULL)
            x = (4.0 * x - dm_law_quantile(whole, p)) / 3.0;
        sum += fabs(x - dm_law_quantile(law, p)) / SHARES;
    }
    return sum;
}

/* Noise of variance eta^2 changes a law by multiples of eta^2, eta^4, ...: the
 * distance falls 16 times from eta to eta/4, within 1 % for the next term; at
 * eta = 0.0005 it is below 1e-6, and what extrapolation leaves of two small
 * ones too. */
Test(law, with_little_noise_goes_over_into_the_law_without)
{
    dm_mixture *data = mixture_named("toy.1d");
    dm_law *without = law_at_eta(data, 10, 0.0);
    dm_law *law[] = { law_at_eta(data, 10, 0.02), law_at_eta(data, 10, 0.01),
                      law_at_eta(data, 10, 0.005),
                      law_at_eta(data, 10, 0.0005) };
    double error;

    double w1 = w1_between(law[0], without, &error);
    double quarter = w1_between(law[2], without, &error);
    cr_expect(w1 > 1e-5 && fabs(w1 / quarter - 16.0) < 0.16, "ratio %g",
              w1 / quarter);
    cr_expect(w1_between(law[3], without, &error) < 1e-6 && error < 1e-6);
    double left = off_at_quantiles(without, law[1], law[0]);
    cr_expect(left < 1e-6 && left < 0.01 * w1, "left: %g", left);
    dm_law_free(without);
    for (size_t i = 0; i < 4; i++)
        dm_law_free(law[i]);
    dm_mixture_free(data);
}

/* What a law says of its own error, at points between its nodes.  The cdf of
 * the mixture is known there. */
Test(law, keeps_the_errors_that_it_states)
{
    static const char *const name[] = { "toy.1d", "two-bumps.1d", "single.1d",
                                        "far-and-narrow.1d" };

    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        dm_mixture *m = mixture_named(name[i]);
        dm_law *law = dm_law_of_mixture(m);
        double largest = 0.0, area = 0.0;
        for (size_t j = 0; j + 1 < law->n; j++)
            for (int k = 1; k < 8; k++) {
                double h = law->x[j + 1] - law->x[j];
                double x = law->x[j] + 0.125 * k * h, off;
                off = fabs(dm_law_cdf(law, x) - dm_mixture_cdf(m, x));
                largest = fmax(largest, off);
                area += h / 7.0 * off;
                cr_assert(law->x[j + 1] > law->x[j]);
                cr_assert(law->cdf[j + 1] >= law->cdf[j]);
            }
        cr_expect(largest <= law->tv && law->tv < 1e-7);
        cr_expect(area <= law->w1 && law->w1 < 1e-9);
        dm_law_free(law);
        dm_mixture_free(m);
    }
}

/* An error e in the cdf over a node's distance h is one of e/h in the density;
 * in the tails the logarithm keeps a part of each density. */
Test(law, has_the_density_and_the_quantiles_of_its_mixture)
{
    dm_mixture *m = mixture_named("toy.1d");
    dm_law *law = dm_law_of_mixture(m);

    for (double x = -5.03; x < 5.1; x += 0.0371) {
        double density = exp(dm_mixture_log_density(m, &x));
        cr_expect(
            epsilon_eq(dbl, dm_law_density(law, x), density, 1e-6 * density));
    }
    for (double p = 1e-6; p < 1.0; p += 0.00917) {
        double x = dm_mixture_quantile(m, p);
        double density = exp(dm_mixture_log_density(m, &x));
        cr_expect(fabs(dm_law_quantile(law, p) - x) <= law->tv / density);
        cr_expect(fabs(dm_law_cdf(law, dm_law_quantile(law, p)) - p) <= 1e-15);
    }
    cr_expect(dm_law_cdf(law, -1e9) == 0.0 && dm_law_cdf(law, 1e9) == 1.0);
    cr_expect(dm_law_density(law, -99.0) == 0.0);
    cr_expect(dm_law_quantile(law, 1e-300) == law->x[0]);
    cr_expect(isnan(dm_law_density(law, NAN)));
    dm_law_free(law);
    dm_mixture_free(m);
}

/* Moments of a law that is known but for w1 have an error of w1 times the
 * distances within. */
Test(law, has_the_moments_of_its_mixture)
{
    static const char *const name[] = { "toy.1d", "far-and-narrow.1d" };

    for (size_t i = 0; i < 2; i++) {
        dm_mixture *m = mixture_named(name[i]);
        dm_law *law = dm_law_of_mixture(m);
        double mean, variance, expected;
        dm_sym2 cov;
        dm_mixture_moments(m, &expected, &cov);
        dm_law_moments(law, &mean, &variance);
        cr_expect(epsilon_eq(dbl, mean, expected, law->w1 + 1e-14));
        cr_expect(epsilon_eq(dbl, variance, cov.xx, 20.0 * law->w1 + 1e-13));
        dm_law_moments(law, NULL, &variance);
        dm_law_moments(law, &mean, NULL);
        dm_law_free(law);
        dm_mixture_free(m);
    }
}

Test(law, of_no_steps_is_the_start)
{
    dm_mixture *data = mixture_named("toy.1d"), *start = normal(0.0, 1.0);
    const dm_sampler nothing = { 0, NULL };
    dm_law *law = law_of(&nothing, data), *expected = dm_law_of_mixture(start);
    double error;

    cr_expect(w1_between(law, expected, &error) <= error);
    dm_law_free(expected);
    dm_law_free(law);
    dm_law_free(NULL);
    dm_mixture_free(start);
    dm_mixture_free(data);
}

static void expect_laws(dm_mixture *data, size_t S, double most)
{
    cr_assert(ne(ptr, data, NULL));
    for (double eta = 0.0; eta <= most; eta += 1.0) {
        dm_law *law = law_at_eta(data, S, eta);
        double range = law->x[law->n - 1] - law->x[0];
        cr_expect(100 < law->n && law->n < 20000 && law->w1 <= 1e-7 * range,
                  "eta = %g: %zu nodes, error %g", eta, law->n, law->w1);
        dm_law_free(law);
    }
    dm_mixture_free(data);
}

/* The law comes out, with as many nodes as others have, where the mixture's
 * numbers hold a thousand million standard deviations, where a gap between two
 * bumps is crossed within a round-off of x_t, and with 1000 components. */
Test(law, of_mixtures_at_the_limits_comes_out)
{
    static double weight[1000], mean[1000], variance[1000];
    const double far[] = { 1e6, 1e6 + 3.0 }, wide[] = { 1e-6, 1.0 };
    const double half[] = { 0.5, 0.5 }, uneven[] = { 0.37, 0.63 };
    const double apart[] = { -1e4, 1.1e4 }, narrow[] = { 1e-10, 1e-10 };

    for (int k = 0; k < 1000; k++) {
        weight[k] = 0.001;
        mean[k] = 3.0 * sin(1.7 * k);
        variance[k] = 0.1 + 0.05 * cos(k);
    }
    expect_laws(dm_mixture_new(1, 1000, weight, mean, variance), 3, 1.0);
    expect_laws(dm_mixture_new(1, 2, half, far, wide), 3, 1.0);
    expect_laws(dm_mixture_new(1, 2, uneven, apart, narrow), 5, 0.0);
}

/* Across a gap as well, where the slopes at both its ends are far above what
 * rises between them. */
Test(law, rises_everywhere)
{
    dm_mixture *data = mixture_named("far-and-narrow.1d");
    dm_law *law = law_at_eta(data, 1000, 0.0);

    for (size_t i = 0; i + 1 < law->n; i++) {
        double before = law->cdf[i], h = law->x[i + 1] - law->x[i];
        for (int k = 1; k <= 16; k++) {
            double cdf, slope;
            dm_law_cubic(law, i, law->x[i] + k * h / 16.0, &cdf, &slope);
            cr_assert(cdf >= before - DBL_EPSILON);
            before = cdf;
        }
        cr_assert(before <= law->cdf[i + 1] + DBL_EPSILON);
    }
    dm_law_free(law);
    dm_mixture_free(data);
}

/* A sqrt(variance) + B = 1/4 - 2^-28, where the variance is 1 + 2^-26 and its
 * root 1 + 2^-27 - 2^-55, but the rounded root is 2^-55 more. */
Test(law, keeps_the_digits_of_coefficients_that_nearly_cancel)
{
    const dm_level level = { 0x1p-27, 1.0 + 0x1p-26 };
    dm_step step = step_of(0x1p27, 0.25 - 0x1p27 - 1.0, 0.0, level);
    const dm_sampler sampler = { 1, &step };
    dm_mixture *data = normal(0.0, 0.8);
    double a = level.scale, S = a * a * 0.8 + level.variance, mean = 0.0;
    double slope = 0.8 * a / S + (0.25 - 0x1p-28) * sqrt(level.variance) / S;
    dm_sym2 cov = { 1.0, 0.0, 0.0 };
    dm_law *law = law_of(&sampler, data);
    double variance;

    cr_expect(zero(int, dm_law_gaussian(&sampler, data, &mean, &cov)));
    cr_expect(epsilon_eq(dbl, sqrt(cov.xx), slope, 4.0 * DBL_EPSILON));
    dm_law_moments(law, NULL, &variance);
    cr_expect(epsilon_eq(dbl, sqrt(variance), slope, 1e-11));
    dm_law_free(law);
    dm_mixture_free(data);
}

/* One jump from t = T to 0: x is E[x_0 given x_T], whose slope is a var/(a^2 var
 * + c).  With A = 2e4 the roundings of A and B alone are 1e6 times that slope,
 * and are no reason to call the map decreasing. */
Test(law, of_one_jump_to_narrow_data_has_their_width)
{
    dm_mixture *data = normal(0.0, 1e-14);
    dm_sampler *sampler = ddim("cosine", 1000, 1, 0.0);
    dm_level level = sampler->step[0].from;
    double slope = level.scale * 1e-14 /
                   (level.scale * level.scale * 1e-14 + level.variance);
    double variance, mean = 0.0;
    dm_sym2 cov = { 1.0, 0.0, 0.0 };
    dm_law *law = law_of(sampler, data);

    dm_law_moments(law, NULL, &variance);
    cr_expect(epsilon_eq(dbl, sqrt(variance), slope, 1e-9 * slope));
    cr_expect(zero(int, dm_law_gaussian(sampler, data, &mean, &cov)));
    cr_expect(epsilon_eq(dbl, sqrt(cov.xx), slope, 1e-12 * slope));
    dm_law_free(law);
    dm_sampler_free(sampler);
    dm_mixture_free(data);
}

/* --- what it cannot do ------------------------------------------------------ */

static void expect_refused(const dm_sampler *sampler, const dm_mixture *data,
                           const dm_mixture *start, int code, const char *part)
{
    gsl_set_error_handler(remember_message);
    message[0] = '\0';
    dm_law *law = dm_law_of_sampler(sampler, data, start);
    int last = errors_last();
    cr_expect(law == NULL && last == code && strstr(message, part) != NULL,
              "code %d, \"%s\"; expected %d, \"%s\"", last, message, code,
              part);
    dm_law_free(law);
    gsl_set_error_handler(errors_remember);
}

Test(law, on_a_grid_needs_one_dimension)
{
    dm_mixture *two = mixture_named("tilted-pair.2d");
    dm_mixture *one = mixture_named("toy.1d");
    const dm_sampler nothing = { 0, NULL };

    expect_refused(&nothing, two, NULL, GSL_EDOM, "one dimension");
    expect_refused(&nothing, one, two, GSL_EDOM, "one dimension");
    cr_expect(dm_law_of_mixture(two) == NULL && errors_last() == GSL_EDOM);
    dm_mixture_free(one);
    dm_mixture_free(two);
}

Test(law, of_numbers_that_are_none_is_a_domain_error)
{
    const dm_level level = { 0.8, 0.36 };
    const dm_step bad[] = { step_of(NAN, 0.1, 0.1, level),
                            step_of(1.0, INFINITY, 0.1, level),
                            step_of(1.0, 0.1, NAN, level),
                            step_of(1.0, 0.1, 0.1, (dm_level){ 0.0, 1.0 }),
                            step_of(1.0, 0.1, 0.1, (dm_level){ NAN, 1.0 }),
                            step_of(1.0, 0.1, 0.1, (dm_level){ 1.0, -0.1 }),
                            step_of(1.0, 0.1, 0.1, (dm_level){ 1.0, NAN }) };
    dm_mixture *data = normal(0.3, 0.4);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dm_step step[] = { step_of(1.0, 0.0, 0.1, level), bad[i] };
        const dm_sampler sampler = { 2, step };
        double mean = 0.25;
        dm_sym2 cov = { 0.5, 0.0, 0.0 };
        expect_refused(&sampler, data, NULL, GSL_EDOM, "step 2 of 2");
        cr_expect(
            eq(int, dm_law_gaussian(&sampler, data, &mean, &cov), GSL_EDOM));
        cr_expect(mean == 0.25 && cov.xx == 0.5 && errors_last() == GSL_EDOM);
    }
    dm_mixture_free(data);
}

/* Decreasing everywhere; flat; and folding between the bumps alone. */
Test(law, of_a_step_without_noise_needs_an_increasing_map)
{
    const dm_level level = { 0.8, 0.36 };
    const dm_step bad[] = { step_of(-1.0, 0.0, 0.0, level),
                            step_of(0.0, 0.0, 0.0, level),
                            step_of(1.0, 1.2, 0.0, level) };
    dm_mixture *data = mixture_named("toy.1d");

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dm_step step[] = { step_of(1.0, 0.0, 0.3, level), bad[i],
                           step_of(1.0, 0.0, 0.3, level) };
        expect_refused(&(dm_sampler){ 3, step }, data, NULL, GSL_EDOM,
                       "step 2 of 3 has no noise and its map is not incr");
        expect_refused(&(dm_sampler){ 2, step }, data, NULL, GSL_EDOM,
                       "step 2 of 2 has no noise and its map is not incr");
        expect_refused(&(dm_sampler){ 1, &step[1] }, data, NULL, GSL_EDOM,
                       "step 1 of 1 has no noise and its map is not incr");
    }
    dm_mixture_free(data);
}

Test(law, of_too_little_noise_is_refused)
{
    const dm_level level = { 0.8, 0.36 };
    dm_step step[] = { step_of(1.0, 0.0, 0.3, level),
                       step_of(1.0, -0.1, 1e-7, level) };
    dm_mixture *data = mixture_named("toy.1d");

    expect_refused(&(dm_sampler){ 2, step }, data, NULL, GSL_ETOL,
                   "step 2 of 2 has too little noise");
    dm_mixture_free(data);
}

/* Bumps of width 0.1 on a grid that the narrow data of the next step asks for:
 * 1e6 bumps, 4e4 points each. */
Test(law, that_would_take_minutes_is_refused)
{
    const size_t tau[] = { 0, 1, 2, 3 };
    dm_schedule *sch = dm_schedule_named("linear", 3);
    dm_sampler *table = dm_sampler_ddim(sch, 3, tau, 0.5);
    dm_mixture *data = mixture_named("far-and-narrow.1d");

    expect_refused(table, data, NULL, GSL_ETOL,
                   "step 2 of 3 has too little noise");
    dm_mixture_free(data);
    dm_sampler_free(table);
    dm_schedule_free(sch);
}

Test(law, of_one_gaussian_needs_one_and_a_finite_start)
{
    dm_mixture *two = mixture_named("toy.1d"), *one = normal(0.3, 0.4);
    const dm_sampler nothing = { 0, NULL };
    double mean = 0.25, bad = NAN;
    dm_sym2 cov = { 0.5, 0.0, 0.0 }, infinite = { INFINITY, 0.0, 0.0 };

    cr_expect(eq(int, dm_law_gaussian(&nothing, two, &mean, &cov), GSL_EDOM));
    cr_expect(eq(int, dm_law_gaussian(&nothing, one, &bad, &cov), GSL_EDOM));
    cr_expect(
        eq(int, dm_law_gaussian(&nothing, one, &mean, &infinite), GSL_EDOM));
    cr_expect(mean == 0.25 && cov.xx == 0.5 && errors_last() == GSL_EDOM);
    dm_mixture_free(one);
    dm_mixture_free(two);
}

Test(law, has_quantiles_between_0_and_1_only)
{
    static const double bad[] = { 0.0, 1.0, -0.1, 1.1, NAN };
    dm_mixture *m = normal(0.3, 0.4);
    dm_law *law = dm_law_of_mixture(m);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(isnan(dm_law_quantile(law, bad[i])) &&
                  errors_last() == GSL_EDOM);
    dm_law_free(law);
    dm_mixture_free(m);
}

Test(law_loud, what_it_cannot_do_aborts_by_default, .init = cr_redirect_stderr,
     .signal = SIGABRT)
{
    dm_mixture *two = mixture_named("tilted-pair.2d");
    dm_law_of_mixture(two);
}
