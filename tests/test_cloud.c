/* Properties of src/cloud.c. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <gsl/gsl_math.h>

#include "cloud.h"
#include "errors.h"
#include "reference.h"

TestSuite(cloud, .init = errors_record);

enum { STEPS = 37, MOST = 1000 };

static const size_t sizes[] = { 1, 2, 37, MOST };
static const uint64_t SEED = 0xC0FFEE0123456789;

static dm_mixture *mixture_named(const char *name)
{
    char path[REFERENCE_LINE], message[REFERENCE_LINE] = "";

    snprintf(path, sizeof path, REFERENCE_DIR "mixture-%s.txt", name);
    dm_mixture *m = dm_mixture_read(path, message, sizeof message);
    cr_assert(m != NULL, "%s", message);
    return m;
}

/* A cloud as it may come from anywhere: spread over 3 standard deviations, in
 * no order. */
static dm_cloud *cloud_of(size_t dim, size_t n)
{
    dm_cloud *cloud = dm_cloud_new(dim, n);

    cr_assert(ne(ptr, cloud, NULL));
    for (size_t i = 0; i < n; i++) {
        cloud->x[i] = 3.0 * sin(37.0 * (double)i + 0.2);
        if (dim == 2)
            cloud->y[i] = 2.6 * cos(17.0 * (double)i + 0.1);
    }
    return cloud;
}

/* The three kinds of step: noisy, deterministic, without eps*. */
static dm_sampler *table_number(size_t i, const dm_schedule *sch)
{
    size_t tau[STEPS + 1];

    dm_sampler_tau_uniform(sch->T, STEPS, tau);
    dm_sampler *table = i == 0   ? dm_sampler_ddpm(sch, DM_VARIANCE_BETA)
                        : i == 1 ? dm_sampler_ddim(sch, STEPS, tau, 0.0)
                                 : dm_sampler_forward(sch);
    cr_assert(ne(ptr, table, NULL));
    return table;
}

/* --- the scalar step ------------------------------------------------------ */

/* Where step number i of the table takes particle p of the run from x. */
static void scalar_step(const dm_sampler *table, size_t i, const dm_mixture *m,
                        const dm_run *run, size_t p, double x[2])
{
    const dm_step *step = &table->step[i];
    double eps[2] = { 0.0, 0.0 }, z[2];

    dm_rng_normals(run->seed, run->stream, (uint32_t)i, (uint32_t)p, 1, &z[0],
                   &z[1]);
    if (step->B != 0.0)
        dm_mixture_eps(m, step->from, x, eps);
    for (size_t j = 0; j < m->dim; j++)
        x[j] = step->A * x[j] + step->B * eps[j] + step->C * z[j];
}

/* Runs the table over n particles, keeps all, and expects each state to be
 * what the scalar step makes of the one before.  x - mean carries as many
 * units of round-off as the mixture's condition says. */
static void expect_scalar_steps(const dm_sampler *table, const dm_mixture *m,
                                size_t n)
{
    size_t all = (table->n + 1) * n;
    double *x = malloc(all * sizeof *x), *y = malloc(all * sizeof *y);
    dm_record record = { .paths = n, .times = table->n + 1, .x = x, .y = y };
    dm_run run = { .seed = SEED,
                   .stream = DM_STREAM_SAMPLER,
                   .threads = 2,
                   .records = 1,
                   .record = &record };
    dm_cloud *cloud = cloud_of(m->dim, n);
    double limit = dm_mixture_tolerance(m, 1e-12), worst = 0.0;

    cr_assert(zero(int, dm_cloud_run(cloud, table, m, &run)));
    for (size_t i = 0; i < table->n; i++) {
        for (size_t p = 0; p < n; p++) {
            double at[2] = { x[i * n + p], m->dim == 2 ? y[i * n + p] : 0.0 };
            scalar_step(table, i, m, &run, p, at);
            worst = fmax(worst, fabs(x[(i + 1) * n + p] - at[0]));
            if (m->dim == 2)
                worst = fmax(worst, fabs(y[(i + 1) * n + p] - at[1]));
        }
    }
    cr_expect(le(dbl, worst, limit), "off by %g, limit %g", worst, limit);
    for (size_t p = 0; p < n; p++) {
        cr_assert(eq(dbl, cloud->x[p], x[table->n * n + p]));
        if (m->dim == 2)
            cr_assert(eq(dbl, cloud->y[p], y[table->n * n + p]));
    }
    dm_cloud_free(cloud);
    free(x);
    free(y);
}

Test(cloud, agrees_with_the_scalar_step)
{
    static const char *const names[] = { "single.1d",    "toy.1d",
                                         "two-bumps.1d", "far-and-narrow.1d",
                                         "ring-of-8.2d", "tilted-pair.2d" };
    dm_schedule *sch = dm_schedule_named("linear", STEPS);

    for (size_t i = 0; i < 6; i++) {
        dm_mixture *m = mixture_named(names[i]);
        for (size_t j = 0; j < 12; j++) {
            dm_sampler *table = table_number(j % 3, sch);
            expect_scalar_steps(table, m, sizes[j / 3]);
            dm_sampler_free(table);
        }
        dm_mixture_free(m);
    }
    dm_schedule_free(sch);
}

/* A thousand components leave room for a few steps at a time only. */
Test(cloud, agrees_with_the_scalar_step_for_a_thousand_components)
{
    static double weight[MOST], mean[2 * MOST], cov[3 * MOST];

    for (size_t k = 0; k < MOST; k++) {
        double angle = 0.7 * (double)k;
        weight[k] = 1.0 / MOST;
        mean[2 * k] = 0.003 * (double)k * cos(angle);
        mean[2 * k + 1] = 0.003 * (double)k * sin(angle);
        cov[3 * k] = 0.02;
        cov[3 * k + 1] = 0.013 * cos(angle);
        cov[3 * k + 2] = 0.03;
    }
    dm_mixture *m = dm_mixture_new(2, MOST, weight, mean, cov);
    dm_schedule *sch = dm_schedule_named("linear", STEPS);
    dm_sampler *table = table_number(0, sch);
    expect_scalar_steps(table, m, 37);
    dm_sampler_free(table);
    dm_schedule_free(sch);
    dm_mixture_free(m);
}

/* Other levels than those of VP: scale^2 + variance is not 1, scale is
 * negative, nothing is noise. */
Test(cloud, agrees_with_the_scalar_step_at_any_level)
{
    static const dm_level level[] = {
        { 1.0, 6.25 }, { -0.7, 0.3 }, { 0.9, 0.0 }, { 0.01, 1e-4 }
    };
    static const char *const names[] = { "toy.1d", "tilted-pair.2d" };

    for (size_t i = 0; i < 2; i++) {
        dm_mixture *m = mixture_named(names[i]);
        dm_sampler *table = dm_sampler_new(4);
        for (size_t j = 0; j < 4; j++)
            table->step[j] =
                (dm_step){ .A = 0.83, .B = -0.57, .C = 0.29, .from = level[j] };
        expect_scalar_steps(table, m, 37);
        dm_sampler_free(table);
        dm_mixture_free(m);
    }
}

/* A component 600 and more below the largest in log weight counts for e^-600:
 * nothing, also where exp would underflow. */
Test(cloud, agrees_with_the_scalar_step_hundreds_of_deviations_out)
{
    double weight[] = { 0.5, 0.5 }, mean[] = { -1.0, 1.0 };
    double cov[] = { 1e-4, 2e-4 };
    dm_mixture *m = dm_mixture_new(1, 2, weight, mean, cov);
    dm_sampler *table = dm_sampler_new(1);

    table->step[0] =
        (dm_step){ .A = 1.0, .B = -0.01, .C = 0.0, .from = { 0.99, 0.01 } };
    expect_scalar_steps(table, m, MOST);
    dm_sampler_free(table);
    dm_mixture_free(m);
}

/* --- independence --------------------------------------------------------- */

static void expect_same_bytes(const dm_cloud *a, const dm_cloud *b)
{
    cr_expect(zero(int, memcmp(a->x, b->x, a->n * sizeof *a->x)));
    if (a->dim == 2)
        cr_expect(zero(int, memcmp(a->y, b->y, a->n * sizeof *a->y)));
}

Test(cloud, is_the_same_for_any_threads_and_block_size)
{
    static const char *const names[] = { "toy.1d", "tilted-pair.2d" };
    static const size_t block[] = { 0, 1, 100, 192, MOST, (size_t)-1 };
    dm_schedule *sch = dm_schedule_named("cosine", STEPS);
    dm_sampler *table = table_number(0, sch);

    for (size_t i = 0; i < 8; i++) {
        dm_mixture *m = mixture_named(names[i % 2]);
        dm_run run = { .seed = 7, .stream = DM_STREAM_EXTRA, .threads = 1 };
        dm_cloud *first = cloud_of(m->dim, sizes[i / 2]);
        cr_assert(zero(int, dm_cloud_run(first, table, m, &run)));
        for (size_t j = 0; j < 18; j++) {
            run.threads = 1 + (int)(j % 3);
            run.block = block[j / 3];
            dm_cloud *other = cloud_of(m->dim, sizes[i / 2]);
            cr_assert(zero(int, dm_cloud_run(other, table, m, &run)));
            expect_same_bytes(first, other);
            dm_cloud_free(other);
        }
        dm_cloud_free(first);
        dm_mixture_free(m);
    }
    dm_sampler_free(table);
    dm_schedule_free(sch);
}

/* A particle does not know how many others there are. */
Test(cloud, a_particle_is_the_same_in_a_smaller_cloud)
{
    dm_schedule *sch = dm_schedule_named("linear", STEPS);
    dm_sampler *table = table_number(0, sch);
    dm_mixture *m = mixture_named("ring-of-8.2d");
    dm_run run = { .seed = 7, .stream = DM_STREAM_SAMPLER, .threads = 1 };
    dm_cloud *many = cloud_of(2, MOST), *few = cloud_of(2, 37);

    dm_cloud_run(many, table, m, &run);
    dm_cloud_run(few, table, m, &run);
    expect_same_bytes(few, many);
    dm_cloud_free(many);
    dm_cloud_free(few);
    dm_mixture_free(m);
    dm_sampler_free(table);
    dm_schedule_free(sch);
}

Test(cloud, another_seed_or_stream_is_other_noise)
{
    dm_sampler *table = dm_sampler_new(1);
    dm_run run = { .seed = 7, .stream = DM_STREAM_SAMPLER, .threads = 1 };
    dm_run seed = run, stream = run;
    dm_cloud *a = cloud_of(1, MOST), *b = cloud_of(1, MOST);
    dm_cloud *c = cloud_of(1, MOST);
    size_t equal = 0;

    table->step[0].C = 1.0;
    seed.seed = 8;
    stream.stream = DM_STREAM_EXTRA;
    dm_cloud_run(a, table, NULL, &run);
    dm_cloud_run(b, table, NULL, &seed);
    dm_cloud_run(c, table, NULL, &stream);
    for (size_t i = 0; i < MOST; i++)
        equal += a->x[i] == b->x[i] || b->x[i] == c->x[i] || a->x[i] == c->x[i];
    cr_expect(zero(sz, equal));
    dm_cloud_free(a);
    dm_cloud_free(b);
    dm_cloud_free(c);
    dm_sampler_free(table);
}

/* --- clouds, starts and records ------------------------------------------- */

Test(cloud, a_new_cloud_is_at_the_origin)
{
    for (size_t i = 0; i < 8; i++) {
        dm_cloud *cloud = dm_cloud_new(1 + i % 2, sizes[i / 2]);
        cr_assert(ne(ptr, cloud, NULL));
        cr_expect(eq(sz, cloud->dim, 1 + i % 2));
        cr_expect(eq(sz, cloud->n, sizes[i / 2]));
        for (size_t p = 0; p < cloud->n; p++)
            cr_assert(cloud->x[p] == 0.0 && (i % 2 == 0 || cloud->y[p] == 0.0));
        cr_expect(eq(int, cloud->y == NULL, i % 2 == 0));
        dm_cloud_free(cloud);
    }
    dm_cloud_free(NULL);
}

Test(cloud, a_start_is_the_normals_times_the_deviation)
{
    for (size_t i = 0; i < 8; i++) {
        dm_cloud *cloud = dm_cloud_new(1 + i % 2, sizes[i / 2]);
        cr_assert(zero(int, dm_cloud_start(cloud, 6.25, SEED)));
        for (size_t p = 0; p < cloud->n; p++) {
            double z[2];
            dm_rng_normals(SEED, DM_STREAM_START, 0, (uint32_t)p, 1, &z[0],
                           &z[1]);
            cr_assert(eq(dbl, cloud->x[p], 2.5 * z[0]));
            if (cloud->dim == 2)
                cr_assert(eq(dbl, cloud->y[p], 2.5 * z[1]));
        }
        dm_cloud_free(cloud);
    }
}

/* Two records in one run, of which one is all particles at some times, and the
 * other some particles at all times: against the whole. */
Test(cloud, records_keep_the_particles_and_times_asked_for)
{
    static const size_t path[] = { 0, 63, 64, 255, 256, 700, MOST - 1 };
    static const size_t time[] = { 0, 1, 17, STEPS };
    static double x[STEPS + 1][MOST], y[STEPS + 1][MOST];
    static double some_x[4][MOST], some_y[4][MOST];
    double few_x[STEPS + 1][7], few_y[STEPS + 1][7];
    dm_record all = { MOST, STEPS + 1, NULL, NULL, x[0], y[0] };
    dm_record two[] = { { MOST, 4, NULL, time, some_x[0], some_y[0] },
                        { 7, STEPS + 1, path, NULL, few_x[0], few_y[0] } };
    dm_schedule *sch = dm_schedule_named("linear", STEPS);
    dm_sampler *table = table_number(0, sch);
    dm_mixture *m = mixture_named("tilted-pair.2d");
    dm_run run = { .seed = 7, .threads = 2, .records = 1, .record = &all };
    dm_cloud *a = cloud_of(2, MOST), *b = cloud_of(2, MOST);

    cr_assert(zero(int, dm_cloud_run(a, table, m, &run)));
    run.records = 2;
    run.record = two;
    cr_assert(zero(int, dm_cloud_run(b, table, m, &run)));
    expect_same_bytes(a, b);
    for (size_t i = 0; i < 4; i++)
        for (size_t p = 0; p < MOST; p++)
            cr_assert(some_x[i][p] == x[time[i]][p] &&
                      some_y[i][p] == y[time[i]][p]);
    for (size_t i = 0; i <= STEPS; i++)
        for (size_t j = 0; j < 7; j++)
            cr_assert(few_x[i][j] == x[i][path[j]] &&
                      few_y[i][j] == y[i][path[j]]);
    dm_cloud_free(a);
    dm_cloud_free(b);
    dm_mixture_free(m);
    dm_sampler_free(table);
    dm_schedule_free(sch);
}

/* --- errors --------------------------------------------------------------- */

static char said[300];

static void remember_reason(const char *reason, const char *file, int line,
                            int code)
{
    snprintf(said, sizeof said, "%s", reason);
    errors_remember(reason, file, line, code);
}

Test(cloud, a_bad_size_or_dimension_is_a_domain_error)
{
    static const size_t bad[][2] = { { 0, 37 }, { 3, 37 }, { 1, 0 }, { 2, 0 } };

    for (size_t i = 0; i < 4; i++) {
        cr_expect(eq(ptr, dm_cloud_new(bad[i][0], bad[i][1]), NULL));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
    }
}

/* 2^60 particles have more bytes than any machine: told with the size, and
 * nothing is asked for (it would overflow). */
Test(cloud, more_particles_than_fit_are_refused_with_the_size_needed)
{
    gsl_set_error_handler(remember_reason);
    cr_expect(eq(ptr, dm_cloud_new(2, (size_t)1 << 60), NULL));
    cr_expect(eq(int, errors_last(), GSL_ENOMEM));
    cr_expect(ne(ptr, strstr(said, "1152921504606846976 particles"), NULL));
    cr_expect(ne(ptr, strstr(said, "need 1.845e+13 MB"), NULL), "%s", said);
    cr_expect(eq(ptr, dm_cloud_new(1, (size_t)-1), NULL));
    cr_expect(eq(int, errors_last(), GSL_ENOMEM));
}

Test(cloud, a_bad_variance_of_the_start_is_a_domain_error)
{
    static const double bad[] = { -1.0, NAN, INFINITY };
    dm_cloud *cloud = cloud_of(1, 37), *same = cloud_of(1, 37);

    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(int, dm_cloud_start(cloud, bad[i], 7), GSL_EDOM));
        cr_expect(eq(int, errors_last(), GSL_EDOM));
    }
    expect_same_bytes(cloud, same);
    dm_cloud_free(cloud);
    dm_cloud_free(same);
}

/* Expects the code, and the cloud as cloud_of makes it. */
static void expect_refused(const dm_sampler *table, const dm_mixture *m,
                           const dm_run *run, int code)
{
    dm_cloud *cloud = cloud_of(2, 37), *same = cloud_of(2, 37);

    cr_expect(eq(int, dm_cloud_run(cloud, table, m, run), code));
    cr_expect(eq(int, errors_last(), code));
    expect_same_bytes(cloud, same);
    dm_cloud_free(cloud);
    dm_cloud_free(same);
}

Test(cloud, a_step_that_cannot_be_taken_is_a_domain_error)
{
    static const dm_step bad[] = {
        { .A = NAN, .B = 1.0, .C = 1.0, .from = { 0.8, 0.36 } },
        { .A = 1.0, .B = INFINITY, .C = 1.0, .from = { 0.8, 0.36 } },
        { .A = 1.0, .B = 1.0, .C = -INFINITY, .from = { 0.8, 0.36 } },
        { .A = 1.0, .B = 1.0, .C = 1.0, .from = { 0.0, 1.0 } },
        { .A = 1.0, .B = 1.0, .C = 1.0, .from = { NAN, 1.0 } },
        { .A = 1.0, .B = 1.0, .C = 1.0, .from = { INFINITY, 1.0 } },
        { .A = 1.0, .B = 1.0, .C = 1.0, .from = { 0.8, -0.1 } },
        { .A = 1.0, .B = 1.0, .C = 1.0, .from = { 0.8, NAN } },
        { .A = 1.0, .B = 1.0, .C = 1.0, .from = { 0.8, INFINITY } },
    };
    dm_mixture *m = mixture_named("ring-of-8.2d");
    dm_sampler *table = dm_sampler_new(2);
    dm_run run = { .seed = 7, .threads = 1 };

    gsl_set_error_handler(remember_reason);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        table->step[1] = bad[i];
        expect_refused(table, m, &run, GSL_EDOM);
        cr_expect(ne(ptr, strstr(said, "step 1"), NULL), "%s", said);
    }
    dm_sampler_free(table);
    dm_mixture_free(m);
}

Test(cloud, no_thread_is_a_domain_error)
{
    dm_sampler *table = dm_sampler_new(2);
    dm_run run = { .seed = 7, .threads = 0 };

    expect_refused(table, NULL, &run, GSL_EDOM);
    run.threads = -2;
    expect_refused(table, NULL, &run, GSL_EDOM);
    dm_sampler_free(table);
}

Test(cloud, data_that_lack_or_have_another_dimension_are_invalid)
{
    dm_mixture *m = mixture_named("toy.1d");
    dm_sampler *table = dm_sampler_new(2);
    dm_run run = { .seed = 7, .threads = 1 };

    table->step[1].B = 0.5;
    expect_refused(table, m, &run, GSL_EINVAL);
    expect_refused(table, NULL, &run, GSL_EINVAL);
    dm_sampler_free(table);
    dm_mixture_free(m);
}

Test(cloud, records_of_what_is_not_there_or_out_of_order_are_invalid)
{
    static const size_t beyond[] = { 3, 37 }, twice[] = { 3, 3 };
    static const size_t back[] = { 1, 0 }, late[] = { 0, 3 };
    double x[200], y[200];
    dm_record bad[] = {
        { 2, 1, beyond, NULL, x, y }, { 2, 1, twice, NULL, x, y },
        { 2, 1, back, NULL, x, y },   { 1, 2, NULL, late, x, y },
        { 1, 2, NULL, twice, x, y },  { 1, 2, NULL, back, x, y },
        { 38, 1, NULL, NULL, x, y },  { 1, 4, NULL, NULL, x, y },
    };
    dm_sampler *table = dm_sampler_new(2);
    dm_run run = { .seed = 7, .threads = 1, .records = 1 };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        run.record = &bad[i];
        expect_refused(table, NULL, &run, GSL_EINVAL);
    }
    dm_sampler_free(table);
}

#ifdef __linux__
/* No more than what the test has now is allowed; what 4096 threads work in
 * takes 42 MB.  A first run lets OpenMP take what it needs for itself. */
Test(cloud, too_little_memory_is_reported)
{
    dm_mixture *m = mixture_named("ring-of-8.2d");
    dm_schedule *sch = dm_schedule_named("linear", MOST);
    dm_sampler *table = dm_sampler_ddpm(sch, DM_VARIANCE_BETA);
    dm_run run = { .seed = 7, .threads = 1 };
    dm_cloud *cloud = cloud_of(2, 37), *same = cloud_of(2, 37);
    struct rlimit now;

    gsl_set_error_handler(remember_reason);
    cr_assert(zero(int, dm_cloud_run(same, table, m, &run)));
    memcpy(same->x, cloud->x, 37 * sizeof *same->x);
    memcpy(same->y, cloud->y, 37 * sizeof *same->y);
    run.threads = 4096;
    getrlimit(RLIMIT_AS, &now);
    struct rlimit little = { 1 << 20, now.rlim_max };
    setrlimit(RLIMIT_AS, &little);
    dm_cloud *large = dm_cloud_new(1, 1000000);
    int large_code = errors_last();
    int status = dm_cloud_run(cloud, table, m, &run);
    setrlimit(RLIMIT_AS, &now);
    cr_expect(eq(ptr, large, NULL));
    cr_expect(eq(int, large_code, GSL_ENOMEM));
    cr_expect(eq(int, status, GSL_ENOMEM));
    cr_expect(eq(int, errors_last(), GSL_ENOMEM));
    expect_same_bytes(cloud, same);
    dm_cloud_free(cloud);
    dm_cloud_free(same);
    dm_sampler_free(table);
    dm_schedule_free(sch);
    dm_mixture_free(m);
}
#endif
