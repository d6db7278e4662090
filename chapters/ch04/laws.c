/* Section 4.5: the laws on the way back. */
#include "ch04.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

#include "check.h"
#include "cloud.h"
#include "distance.h"
#include "rng.h"

/* Why the last law could not be computed. */
static char reason_of_none[200];

static void keep_reason(const char *reason, const char *file, int line,
                        int code)
{
    (void)file, (void)line, (void)code;
    snprintf(reason_of_none, sizeof reason_of_none, "%s", reason);
}

dm_law *law_back(const dm_mixture *data, dm_sde sde, double t_min, size_t n,
                 const dm_mixture *start)
{
    double *t = malloc((n + 1) * sizeof *t);
    gsl_error_handler_t *old = gsl_set_error_handler(keep_reason);

    dm_sampler_times(t_min, n, t);
    dm_sampler *table = dm_sampler_reverse_sde(sde, n, t, 1.0);
    dm_law *law = table == NULL ? NULL : dm_law_of_sampler(table, data, start);
    gsl_set_error_handler(old);
    if (law == NULL)
        printf("no exact law: %s\n", reason_of_none);
    dm_sampler_free(table);
    free(t);
    return law;
}

/* How far off E x^2 of the law may be: 2 |x| times what the distribution
 * function is off by, added up. */
static double error_of_square(const dm_law *law)
{
    double most = NAN;

    if (law != NULL)
        most = fmax(fabs(law->x[0]), fabs(law->x[law->n - 1]));
    return law == NULL ? NAN : 2.0 * most * law->w1;
}

static double second_moment(const dm_law *law)
{
    double mean = NAN, variance = NAN;

    if (law != NULL)
        dm_law_moments(law, &mean, &variance);
    return variance + mean * mean;
}

double w1_between(const dm_law *a, const dm_law *b, double *error)
{
    double w1 = NAN, of_w1 = NAN;

    if (a != NULL && b != NULL)
        dm_distance_w1(a, b, &w1, &of_w1);
    *error += of_w1;
    return w1;
}

static double second_moment_of(const dm_mixture *m)
{
    double mean;
    dm_sym2 cov;

    dm_mixture_moments(m, &mean, &cov);
    return cov.xx + mean * mean;
}

/* Rows for the law at time t, from the second moments and the W1 of four
 * halvings of the step, the moments off by `off` at most. */
static void check_halvings(const dm_mixture *data, dm_sde sde, double t,
                           const double moment[4], const double w1[4],
                           double off)
{
    dm_mixture *start = law_at(data, sde, 1.0), *q = law_at(data, sde, t);
    estimate e = limit_of(moment);
    char what[64];

    dm_check_numeric(e.value, second_moment_of(q), e.error + WEIGHTS * off, 1.0,
                     "4.25", "%s: E x_t^2 at t = %g, h to 0", names[sde], t);
    dm_check_refutes(second_moment_of(data), "that of the data");
    dm_check_refutes(second_moment_of(start), "that of the start");
    snprintf(what, sizeof what, "%s: order of W1 to q_t, t = %g", names[sde],
             t);
    if (shows_order(w1)) {
        check_order(w1, 1.0, "4.25", what);
        dm_check_refutes(0.5, "that of paths");
    } else {
        printf("%s: not settled in 400 steps\n", what);
    }
    dm_mixture_free(start);
    dm_mixture_free(q);
}

/* Stopped at time t, and started from q_1: law and order. */
static void check_on_the_way(const dm_mixture *data, dm_sde sde, double t)
{
    dm_mixture *start = law_at(data, sde, 1.0), *q = law_at(data, sde, t);
    dm_law *right = dm_law_of_mixture(q);
    double moment[4], w1[4], ignored = 0.0, off = 0.0;

    for (size_t i = 0; i < 4; i++) {
        dm_law *law = law_back(data, sde, t, (size_t)50 << i, start);
        moment[i] = second_moment(law);
        w1[i] = w1_between(law, right, &ignored);
        off = fmax(off, error_of_square(law));
        dm_law_free(law);
    }
    if (isfinite(moment[0] + moment[1] + moment[2] + moment[3]))
        check_halvings(data, sde, t, moment, w1, off);
    dm_law_free(right);
    dm_mixture_free(start);
    dm_mixture_free(q);
}

/* The covariance at time t of what starts from q_1 in n steps back, in the
 * plane and for data of one Gaussian, with `share` of the score. */
static dm_sym2 covariance_back(const dm_mixture *data, double t, size_t n,
                               double share)
{
    dm_mixture *start = law_at(data, DM_SDE_VP, 1.0);
    double *times = malloc((n + 1) * sizeof *times), mean[2];
    dm_sym2 C;

    dm_sampler_times(t, n, times);
    dm_sampler *table = dm_sampler_reverse_sde(DM_SDE_VP, n, times, 1.0);
    for (size_t i = 0; i < n; i++)
        table->step[i].B *= share;
    dm_mixture_moments(start, mean, &C);
    dm_law_gaussian(table, data, mean, &C);
    dm_sampler_free(table);
    dm_mixture_free(start);
    free(times);
    return C;
}

/* Rows for the limits of covariances at time t, as the steps get short. */
static void check_plane(double t)
{
    const double one = 1.0, mean[] = { 1.1, -0.6 }, cov[] = { 0.5, 0.3, 0.4 };
    dm_mixture *data = dm_mixture_new(2, 1, &one, mean, cov);
    dm_mixture *q = law_at(data, DM_SDE_VP, t);
    const dm_sym2 *C = &q->component[0].cov;
    double xx[4], xy[4], half[4], half_xy[4];

    for (size_t i = 0; i < 4; i++) {
        dm_sym2 at = covariance_back(data, t, (size_t)100 << i, 1.0);
        dm_sym2 wrong = covariance_back(data, t, (size_t)100 << i, 0.5);
        xx[i] = at.xx, xy[i] = at.xy;
        half[i] = wrong.xx, half_xy[i] = wrong.xy;
    }
    estimate var = limit_of(xx), both = limit_of(xy);
    dm_check_numeric(var.value, C->xx, var.error, 1.0, "4.25",
                     "plane: Var[x] at t = %g, h to 0", t);
    dm_check_refutes(cov[0], "that of the data");
    dm_check_refutes(limit_of(half).value, "half of the score");
    dm_check_numeric(both.value, C->xy, both.error, 1.0, "4.25",
                     "plane: Cov[x, y] there");
    dm_check_refutes(cov[1], "that of the data");
    dm_check_refutes(limit_of(half_xy).value, "half of the score");
    dm_check_refutes(0.0, "a score for each axis");
    dm_mixture_free(q);
    dm_mixture_free(data);
}

dm_sampler *forward_table(dm_sde sde, size_t n, const double t[])
{
    dm_sampler *table = dm_sampler_new(n);

    for (size_t i = 0; i < n; i++) {
        double h = t[i + 1] - t[i];
        table->step[i].A = 1.0 + h * dm_sde_drift(sde, t[i]);
        table->step[i].C = sqrt(h * dm_sde_noise_rate(sde, t[i]));
    }
    return table;
}

/* Rows for the forward table of the figures: scale and variance at time 1 of
 * what starts at time t as one point, h to 0. */
static void check_forward_table(dm_sde sde, double t)
{
    static double times[8 * STEPS + 1];
    dm_level at = dm_sde_level(sde, t), end = dm_sde_level(sde, 1.0);
    double r = end.scale / at.scale, scale[4], variance[4];

    for (size_t i = 0; i < 4; i++) {
        size_t n = (size_t)STEPS << i;
        dm_sampler_times(t, n, times);
        dm_sampler *table = forward_table(sde, n, times);
        scale[i] = 1.0, variance[i] = 0.0;
        for (size_t k = 0; k < n; k++) {
            const dm_step *step = &table->step[k];
            scale[i] *= step->A;
            variance[i] = gsl_pow_2(step->A) * variance[i] + gsl_pow_2(step->C);
        }
        dm_sampler_free(table);
    }
    estimate e = limit_of(scale), v = limit_of(variance);
    dm_check_numeric(e.value, r, e.error, 1.0, "4.7",
                     "%s, table: scale up to t = 1", names[sde]);
    dm_check_refutes(0.0, "nothing is left");
    dm_check_numeric(v.value, end.variance - r * r * at.variance, v.error, 1.0,
                     "4.7", "%s, table: variance there", names[sde]);
    dm_check_refutes(10.05 - t * (0.1 + 9.95 * t), "the drift left out");
}

/* A row: the engine draws from the exact law of n steps back from N(0, 1). */
static void check_draws(const dm_options *o)
{
    double *t = malloc((o->n + 1) * sizeof *t);
    dm_cloud *cloud = dm_cloud_new(1, o->particles);
    dm_run run = { .seed = o->seed,
                   .stream = DM_STREAM_SAMPLER,
                   .threads = o->threads };
    dm_law *law = law_back(o->data1, DM_SDE_VP, o->t_min, o->n, NULL);
    dm_mixture *first = normal(0.0, 1.0);
    dm_law *start = dm_law_of_mixture(first);

    dm_sampler_times(o->t_min, o->n, t);
    dm_sampler *table = dm_sampler_reverse_sde(DM_SDE_VP, o->n, t, 1.0);
    dm_cloud_start(cloud, 1.0, o->seed);
    dm_cloud_run(cloud, table, o->data1, &run);
    if (law != NULL) {
        dm_sampled ks, other;
        dm_distance_ks_sample(law, cloud->n, cloud->x, 2.0 * DM_CHECK_TAIL,
                              &ks);
        dm_distance_ks_sample(start, cloud->n, cloud->x, 2.0 * DM_CHECK_TAIL,
                              &other);
        dm_check_law(ks.value, 0.0, 0.0, ks.limit, 1.0, "4.25",
                     "VP: KS of draws to their exact law");
        dm_check_refutes(other.value, "the law of the start");
    }
    dm_law_free(law);
    dm_law_free(start);
    dm_mixture_free(first);
    dm_sampler_free(table);
    dm_cloud_free(cloud);
    free(t);
}

/* Laws of data much broader than the noise need grids of as many more points. */
static const double BROAD = 400.0; /* data unit^2 */

int is_broad(const dm_mixture *data)
{
    double mean;
    dm_sym2 cov;

    dm_mixture_moments(data, &mean, &cov);
    if (cov.xx > BROAD)
        printf("no exact laws: a variance of the data above %g takes minutes\n",
               BROAD);
    return cov.xx > BROAD;
}

void section_laws(const dm_options *o)
{
    dm_check_table("laws");
    if (!is_broad(o->data1)) {
        check_on_the_way(o->data1, DM_SDE_VP, 0.5);
        check_on_the_way(o->data1, DM_SDE_VP, 0.1);
        check_on_the_way(o->data1, DM_SDE_SUB_VP, 0.5);
        check_on_the_way(o->data1, DM_SDE_VE, 0.5);
        check_draws(o);
    }
    check_plane(0.1);
    check_forward_table(DM_SDE_VP, 1e-3);
}
