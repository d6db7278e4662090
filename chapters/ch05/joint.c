/* Section 5.9: joint laws, wrong starts. */
#include "ch05.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"

static void check_joint(void)
{
    static const double lambda[] = { 0.0, 0.3, 0.5, 1.0 };
    way_back w = example_way();
    double ratio = sqrt(w.start.variance / w.end.variance);
    dm_gaussian low = { 0.0, 0.0 }, high = { 1.0, 0.0 };

    for (size_t i = 0; i < 4; i++) {
        double l2 = gsl_pow_2(lambda[i]), walk = exp(-0.5 * w.length);
        trend a = reverse_limit(w.data, lambda[i], low, 1);
        trend b = reverse_limit(w.data, lambda[i], high, 1);
        dm_check_numeric(ratio * (b.limit - a.limit), pow(walk, l2),
                         ratio * (a.error + b.error), 1.0, "5.18",
                         "correlation of the ends, lambda = %.1f", lambda[i]);
        if (l2 < 1.0)
            dm_check_refutes(walk, "that of the walk");
        else
            dm_check_refutes(1.0, "that of the flow");
        if (0.0 < l2 && l2 < 1.0)
            dm_check_refutes(pow(walk, lambda[i]), "lambda for lambda^2");
    }
    dm_mixture_free(w.data);
}

/* x_0 times the flow's x_1, over the data's law, and the same by quantiles. */
typedef struct {
    const dm_mixture *data, *q;
    dm_level level;
} pairs;

static double by_flow(double x, void *params)
{
    const pairs *p = params;
    double log_q = dm_mixture_log_density(p->data, &x);

    if (log_q < NEGLIGIBLE)
        return 0.0;
    return x * exp(log_q) *
           flow_to(p->data, (dm_level){ 1.0, 0.0 }, p->level, x, NULL);
}

static double by_quantile(double x, void *params)
{
    const pairs *p = params;
    double below = dm_mixture_cdf(p->data, x);

    below = fmin(fmax(below, DBL_MIN), 1.0 - 0.5 * DBL_EPSILON);
    return x * dm_mixture_quantile(p->q, below) *
           exp(dm_mixture_log_density(p->data, &x));
}

/* The correlation of x_0 and x_1 under the flow, for the run's own data. */
static void check_correlation(dm_mixture *data)
{
    pairs p = { data, NULL, dm_sde_level(DM_SDE_VP, 1.0) };
    dm_mixture *q = dm_mixture_diffuse(data, p.level);
    double mean, mean_1, product = NAN, quantiles = NAN;
    dm_sym2 C, C_1;

    p.q = q;
    dm_mixture_moments(data, &mean, &C);
    dm_mixture_moments(q, &mean_1, &C_1);
    double sd = sqrt(C.xx * C_1.xx), size = sd + fabs(mean * mean_1);
    double wanted = dm_mixture_tolerance(data, 1e-8) * size;
    dm_mixture_integrate(data, NULL, by_flow, &p, wanted, &product);
    dm_mixture_integrate(data, NULL, by_quantile, &p, wanted, &quantiles);
    dm_check_numeric(
        (product - mean * mean_1) / sd, (quantiles - mean * mean_1) / sd,
        (2.0 * wanted + TOLERANCE * (sqrt(C.xx) + fabs(mean))) / sd, 1.0, "5.8",
        "correlation of x_0 and x_1, flow");
    dm_check_refutes(p.level.scale * C.xx / sd, "that of the walk");
    dm_check_refutes(1.0, "1, as for Gaussian data");
    dm_mixture_free(q);
}

static void check_wrong_start(void)
{
    way_back w = example_way();
    dm_gaussian wrong = { w.start.mean + 1.0, 2.5 * w.start.variance };
    double sd = sqrt(w.end.variance / w.start.variance);

    for (double lambda = 0.0; lambda < 1.1; lambda += 0.5) {
        double kept = exp(-0.5 * lambda * lambda * w.length);
        trend mean = reverse_limit(w.data, lambda, wrong, 1);
        trend variance = reverse_limit(w.data, lambda, wrong, 0);
        dm_check_numeric(mean.limit, w.end.mean + kept * sd, mean.error, 1.0,
                         "5.19", "mean, start off by 1, lambda = %g", lambda);
        dm_check_refutes(w.end.mean + (kept < 0.5 ? sd : 0.0),
                         kept < 0.5 ? "kept, as by the flow" : "forgotten");
        dm_check_numeric(variance.limit,
                         w.end.variance * (1.0 + 1.5 * kept * kept),
                         variance.error, 1.0, "5.19",
                         "variance, start times 2.5");
        dm_check_refutes(w.end.variance * (kept < 0.5 ? 2.5 : 1.0),
                         kept < 0.5 ? "kept, as by the flow" : "forgotten");
    }
    dm_mixture_free(w.data);
}

/* W1 from the data's law at T_MIN of Euler-Maruyama of Eq. (5.17), in n steps
 * from a start. */
static double w1_of_reverse(const ends *e, double lambda, size_t n,
                            double *error)
{
    double *t = malloc((n + 1) * sizeof *t);

    dm_sampler_times(T_MIN, n, t);
    dm_sampler *table = dm_sampler_reverse_sde(DM_SDE_VP, n, t, lambda);
    free(t);
    return w1_of(table, e, error);
}

/* A start N(1, variance). */
static dm_mixture *wrong_start(double variance)
{
    const double one = 1.0, mean = 1.0;
    return dm_mixture_new(1, 1, &one, &mean, &variance);
}

/* W1 of the example's end by Eq. (5.19), from a start of mean 1. */
static double w1_by_moments(const way_back *w, double lambda, double variance)
{
    double kept = exp(-0.5 * lambda * lambda * w->length),
           end = w->end.variance;
    double mean = kept * sqrt(end / w->start.variance) * (1.0 - w->start.mean);
    double got =
        end * (1.0 + kept * kept * (variance / w->start.variance - 1.0));

    return dm_gaussian_w1((dm_gaussian){ mean, got },
                          (dm_gaussian){ 0.0, end });
}

/* W1 as in the table, for the example and a start of variance 4, at the limit
 * of many steps. */
static void check_w1_of_starts(void)
{
    way_back w = example_way();
    ends e = ends_of(w.data);

    dm_mixture_free(e.start);
    e.start = wrong_start(4.0);
    for (double lambda = 0.0; lambda < 0.6; lambda += 0.5) {
        double at[3], error = 0.0, sum = 0.0;
        for (size_t i = 0; i < 3; i++) {
            at[i] = w1_of_reverse(&e, lambda, (size_t)100 << i, &error);
            sum += error;
        }
        trend t = trend_of(at);
        dm_check_numeric(t.limit, w1_by_moments(&w, lambda, 4.0),
                         t.error + 3.0 * sum, 1.0, "5.19",
                         "W1, start N(1, 4), lambda = %g", lambda);
        dm_check_refutes(w1_by_moments(&w, lambda, 1.0), "from N(1, 1)");
        if (lambda > 0.0)
            dm_check_refutes(w1_by_moments(&w, 0.0, 4.0),
                             "kept, as by the flow");
        dm_check_refutes(0.0, "the start forgotten");
    }
    free_ends(&e);
    dm_mixture_free(w.data);
}

/* Beside data of a variance above this the noise of a step is so small that
 * its law takes minutes. */
static const double WIDE = 400.0;

static void print_starts(const dm_options *o, const ends *right)
{
    static const double lambda[] = { 0.0, 0.5, 1.0 };
    ends wrong = *right;
    double w1[12], error[12], at;
    dm_sym2 C;

    dm_mixture_moments(o->data1, &at, &C);
    if (C.xx > WIDE) {
        printf("W1 to the data: left out, they are too wide\n");
        return;
    }

    wrong.start = wrong_start(1.0);
#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t i = 0; i < 12; i++)
        w1[i] = w1_of_reverse(i % 4 < 2 ? right : &wrong, lambda[i / 4],
                              i % 2 == 0 ? 50 : 200, &error[i]);
    printf("%-22s%16s%20s\n%-22s  n =  50  n = 200  n =  50  n = 200\n",
           "W1 to the data", "right start", "start N(1, 1)", "");
    for (size_t i = 0; i < 3; i++)
        printf("lambda = %-13g%9.4f%9.4f%9.4f%9.4f\n", lambda[i], w1[4 * i],
               w1[4 * i + 1], w1[4 * i + 2], w1[4 * i + 3]);
    dm_mixture_free(wrong.start);
}

void section_joint(const dm_options *o, const ends *e)
{
    dm_check_table("joint");
    check_joint();
    check_correlation(o->data1);
    dm_check_table("wrong");
    check_wrong_start();
    check_w1_of_starts();
    print_starts(o, e);
}
