/* Section 3.10: how far what comes out is from the data. */
#include "ch03.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "check.h"
#include "distance.h"
#include "table.h"

/* Prints how far draws are from the data in W1, for either root: a table of
 * section 3.6. */
static void print_roots(const dm_options *o, const dm_law *target)
{
    printf("-- roots --\n%6s %12s %12s %14s\n", "S", "m > 0", "m < 0",
           "by chance");
    for (size_t S = 10; S <= 100 && S <= o->steps; S *= 10) {
        dm_sampler *table = uniform(o, S, 0.0);
        dm_sampled w1[2];
        for (int i = 0; i < 2; i++) {
            dm_cloud *cloud = run_table(o, table, o->data1, o->particles, NULL);
            dm_distance_w1_sample(target, cloud->n, cloud->x, DM_CHECK_TAIL,
                                  &w1[i]);
            dm_cloud_free(cloud);
            with_other_root(table);
        }
        printf("%6zu %12.3f %12.3f %14.3f\n", S, w1[0].value, w1[1].value,
               w1[0].mean);
        dm_sampler_free(table);
    }
}

/* The exact laws of eta by S, and what is printed of them. */
enum { ETAS = 5, SIZES = 6 };

static const double etas[ETAS] = { 0.0, 0.2, 0.5, 1.0, NAN };
static const char *const names[ETAS] = { "0", "0.2", "0.5", "1", "sigma-hat" };
static const size_t sizes[SIZES] = { 5, 10, 20, 50, 100, 1000 };

typedef struct {
    dm_law *law;      /* NULL where there is none: */
    char why[REASON]; /* the reason                */
    double w1, error; /* distance to the data      */
    double sd, below; /* deviation, P(x_0 < 0)     */
} outcome;

/* The sizes that T allows. */
static size_t sizes_shown(const dm_options *o)
{
    size_t shown = 0;

    while (shown < SIZES && sizes[shown] <= o->steps)
        shown++;
    return shown;
}

static outcome outcome_of(const dm_options *o, double eta, size_t S,
                          const dm_law *target)
{
    dm_sampler *table = uniform(o, S, eta);
    outcome out = {
        dm_law_of_sampler(table, o->data1, NULL), "", NAN, NAN, NAN, NAN
    };
    double variance;

    dm_sampler_free(table);
    if (out.law == NULL) {
        memcpy(out.why, reason_of_none, REASON);
        return out;
    }
    dm_distance_w1(out.law, target, &out.w1, &out.error);
    dm_law_moments(out.law, NULL, &variance);
    out.sd = sqrt(variance);
    out.below = dm_law_cdf(out.law, 0.0);
    return out;
}

/* Computes all of them, the longest samplers first. */
static void compute_laws(const dm_options *o, const dm_law *target,
                         outcome all[ETAS][SIZES])
{
    gsl_error_handler_t *old = gsl_set_error_handler(keep_reason);
    size_t shown = sizes_shown(o);

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t k = 0; k < ETAS * shown; k++) {
        size_t e = k % ETAS, i = shown - 1 - k / ETAS;
        all[e][i] = outcome_of(o, etas[e], sizes[i], target);
    }
    gsl_set_error_handler(old);
}

static void free_laws(outcome all[ETAS][SIZES])
{
    for (size_t k = 0; k < ETAS * SIZES; k++)
        dm_law_free(all[k / SIZES][k % SIZES].law);
}

/* A row: all digits of the table of W1 are those of the exact laws. */
static void check_digits(const dm_options *o, outcome all[ETAS][SIZES])
{
    double largest = 0.0;
    size_t count = 0;

    for (size_t k = 0; k < ETAS * sizes_shown(o); k++) {
        const outcome *a = &all[k % ETAS][k / ETAS];
        if (a->law == NULL)
            continue;
        largest = fmax(largest, a->error);
        count++;
    }
    if (count == 0)
        return;
    dm_check_numeric(largest, 0.0, 5e-5, 1.0, "3.23",
                     "largest error of %zu distances W1", count);
    dm_check_refutes(sqrt(1.0 / (double)o->particles), "by draws: 1/sqrt(N)");
}

/* A row: a deviation of the second table is that of the grid's moments. */
static void check_deviation(const dm_options *o, const outcome *a)
{
    dm_sampler *table = uniform(o, sizes[0], etas[2]);
    by_grid by = moments_by_grid(table, o->data1);
    double mean = by.moment[0], sd = sqrt(by.moment[1] - mean * mean);
    dm_sym2 cov;

    dm_sampler_free(table);
    if (!isfinite(by.error))
        return;
    /* The variance is off by as much as the mean square and the square of the
     * mean; a root has half the relative error, and is taken for whole here. */
    double off = 3.0 * by.error + 4.0 * by.reach * a->law->w1;
    dm_mixture_moments(o->data1, NULL, &cov);
    dm_check_numeric(a->sd, sd, off / sd, 1.0, "3.23", "sd, eta = %s, S = %zu",
                     names[2], sizes[0]);
    dm_check_refutes(sd * sd, "the variance");
    dm_check_refutes(sqrt(by.moment[1]), "the mean not taken off");
    dm_check_refutes(sqrt(cov.xx), "that of the data");
}

/* The start that the flow takes to 0, by bisection. */
static double start_of_zero(const flow *f)
{
    double low = -9.0, high = 9.0, slope;

    for (int i = 0; i < 80; i++) {
        double z = 0.5 * (low + high);
        *(image(f, z, &slope) < 0.0 ? &low : &high) = z;
    }
    return 0.5 * (low + high);
}

/* A row: a probability of the third table is that of the starts which the map
 * takes below 0. */
static void check_below(const dm_options *o, const outcome *a)
{
    flow f = uniform_flow(o, sizes[1]);
    dm_sampler *table = uniform(o, sizes[1], 0.0);
    double z = start_of_zero(&f), x = 0.0;
    double round_off = 16.0 * DBL_EPSILON * largest_a(table) * (double)f.S *
                       dm_mixture_condition(o->data1);

    dm_check_numeric(a->below, gsl_cdf_ugaussian_P(z),
                     a->law->tv + 1e-15 +
                         dm_law_density(a->law, 0.0) * round_off,
                     1.0, "3.24", "P(x_0 < 0), eta = 0, S = %zu", f.S);
    dm_check_refutes(gsl_cdf_ugaussian_Q(z), "P(x_0 > 0)");
    dm_check_refutes(dm_mixture_cdf(o->data1, x), "that of the data");
    dm_sampler_free(table);
    free(f.jump);
}

/* Prints one table: which of the numbers, and that of the data. */
static void print_outcomes(const char *name, size_t shown,
                           outcome all[ETAS][SIZES], int which, double data)
{
    printf("-- %s --\n%-10s", name, "eta");
    for (size_t i = 0; i < shown; i++)
        printf("  S =%5zu", sizes[i]);
    for (size_t e = 0; e < ETAS; e++) {
        printf("\n%-10s", names[e]);
        for (size_t i = 0; i < shown; i++) {
            const outcome *a = &all[e][i];
            double value = which == 0 ? a->w1 : which == 1 ? a->sd : a->below;
            printf(" %9.4f", value);
        }
    }
    if (!isnan(data))
        printf("\n%-10s %9.4f", "data", data);
    printf("\n");
    for (size_t k = 0; which == 0 && k < ETAS * shown; k++)
        if (all[k % ETAS][k / ETAS].law == NULL)
            printf("no exact law, %s, S = %zu: %s\n", names[k % ETAS],
                   sizes[k / ETAS], all[k % ETAS][k / ETAS].why);
}

static void print_laws(const dm_options *o, const dm_law *target,
                       outcome all[ETAS][SIZES])
{
    size_t shown = sizes_shown(o);
    double variance;

    dm_law_moments(target, NULL, &variance);
    print_outcomes("w1", shown, all, 0, NAN);
    print_outcomes("sd", shown, all, 1, sqrt(variance));
    print_outcomes("below", shown, all, 2, dm_law_cdf(target, 0.0));
}

/* Densities of the data and of what comes out: x, data, eta = 0, eta = 1; for
 * S = 5, 10 and 50. */
static void write_laws(const dm_options *o, outcome all[ETAS][SIZES])
{
    static const size_t chosen[] = { 0, 1, 3 };
    dm_table *t = dm_options_data(o, "ch03_laws.dat");
    double low = dm_mixture_quantile(o->data1, 1e-4);
    double high = dm_mixture_quantile(o->data1, 1.0 - 1e-4);

    for (int k = 0; k < 3; k++) {
        const dm_law *law[] = { all[0][chosen[k]].law, all[3][chosen[k]].law };
        for (int i = 0; i <= 300; i++) {
            double x = low + (high - low) * i / 300.0;
            double row[] = { x, exp(dm_mixture_log_density(o->data1, &x)), NAN,
                             NAN };
            for (int e = 0; e < 2; e++)
                if (law[e] != NULL)
                    row[2 + e] = dm_law_density(law[e], x);
            dm_table_row(t, 4, row);
        }
        dm_table_printf(t, "\n\n");
    }
    dm_table_close(t);
}

void section_output(const dm_options *o, const dm_law *target)
{
    static outcome all[ETAS][SIZES];

    if (target != NULL) {
        print_roots(o, target);
        compute_laws(o, target, all);
        dm_check_table("digits");
        check_digits(o, all);
        if (all[2][0].law != NULL)
            check_deviation(o, &all[2][0]);
        if (all[0][1].law != NULL)
            check_below(o, &all[0][1]);
        print_laws(o, target, all);
    }
    write_laws(o, all);
    free_laws(all);
}
