/* The data of the figures of chapter 4, but for ch04_budget.dat (budget.c). */
#include "ch04.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "cloud.h"
#include "rng.h"
#include "table.h"

enum { SHOWN = 9 }; /* paths of ch04_paths */

/* t and the path of particle 0 on three grids. */
static void write_wiener(const dm_options *o)
{
    static const size_t grids[] = { 8, 32, FINE };
    block *b = malloc(sizeof *b);
    dm_table *t = dm_options_data(o, "ch04_wiener.dat");

    if (b != NULL)
        draw_block(o, 0, b);
    for (size_t g = 0; b != NULL && g < 3; g++) {
        double row[] = { 0.0, 0.0 };
        dm_table_row(t, 2, row);
        for (size_t j = 0; j < grids[g]; j++) {
            row[0] = (double)(j + 1) / (double)grids[g];
            row[1] += increment(b, grids[g], j, 0);
            dm_table_row(t, 2, row);
        }
        dm_table_printf(t, "\n\n");
    }
    dm_table_close(t);
    free(b);
}

/* Per scheme: h, drawn root mean square, its standard error, the exact one. */
static void write_strong(const dm_options *o, const tally *sum)
{
    dm_table *t = dm_options_data(o, "ch04_strong.dat");
    dm_table *slopes = dm_options_data(o, "ch04_slopes.dat");

    for (size_t k = 0; k < SCHEMES; k++) {
        double e2[LEVELS], n = PATHS;
        for (size_t l = 0; l < LEVELS; l++) {
            e2[l] = sum->e2[k][l] / n;
            double variance = sum->e4[k][l] / n - gsl_pow_2(e2[l]);
            double rms = sqrt(e2[l]);
            double row[] = { step_of(l), rms, 0.5 * sqrt(variance / n) / rms,
                             sqrt(mean_square(k, step_of(l))) };
            dm_table_row(t, 4, row);
        }
        dm_table_printf(t, "\n\n");
        double row[] = { fitted_slope(e2), 2.0 * sqrt(sum->bend[k]) / n };
        dm_table_row(slopes, 2, row);
    }
    dm_table_close(t);
    dm_table_close(slopes);
    t = dm_options_data(o, "ch04_weak.dat"); /* h, errors of E X, E X^2 */
    for (size_t l = 0; l < LEVELS; l++) {
        double h = step_of(l);
        double row[] = { h, weak_error(h, 1), weak_error(h, 2) };
        dm_table_row(t, 3, row);
    }
    dm_table_close(t);
}

enum { MANY = 4000, TIMES = 11 };

static const double shown_parts[] = { 0.1, 0.25, 0.5, 0.9 };

/* Runs MANY particles, from the quantiles of `start`, through the table; at
 * TIMES times: t, quantiles of the particles, and of q_t. */
static void write_quantiles(const dm_options *o, dm_table *t,
                            const double times[], const dm_sampler *table,
                            const dm_mixture *start, dm_stream stream)
{
    static double x[TIMES * MANY];
    size_t at[TIMES];
    dm_record record = { .paths = MANY, .times = TIMES, .time = at, .x = x };
    dm_run run = { o->seed, stream, o->threads, 0, 1, &record };
    dm_cloud *cloud = dm_cloud_new(1, MANY);

    for (size_t i = 0; i < TIMES; i++)
        at[i] = i * STEPS / (TIMES - 1);
    for (size_t p = 0; p < MANY; p++)
        cloud->x[p] = dm_mixture_quantile(start, ((double)p + 0.5) / MANY);
    dm_cloud_run(cloud, table, o->data1, &run);
    for (size_t i = 0; i < TIMES; i++) {
        dm_mixture *q = law_at(o->data1, DM_SDE_VP, times[at[i]]);
        double row[9] = { times[at[i]] };
        gsl_sort(x + i * MANY, 1, MANY);
        for (size_t k = 0; k < 4; k++) {
            row[1 + k] =
                gsl_stats_quantile_from_sorted_data(x + i * MANY, 1, MANY,
                                                    shown_parts[k]);
            row[5 + k] = dm_mixture_quantile(q, shown_parts[k]);
        }
        dm_table_row(t, 9, row);
        dm_mixture_free(q);
    }
    dm_table_printf(t, "\n\n");
    dm_cloud_free(cloud);
}

/* Runs SHOWN particles, from the quantiles of `start`, through the table; one
 * row a time: t, where they are. */
static void write_run(const dm_options *o, dm_table *t, const double times[],
                      const dm_sampler *table, const dm_mixture *start,
                      dm_stream stream)
{
    static double x[(STEPS + 1) * SHOWN];
    dm_record record = { .paths = SHOWN, .times = STEPS + 1, .x = x };
    dm_run run = { o->seed, stream, 1, 0, 1, &record };
    dm_cloud *cloud = dm_cloud_new(1, SHOWN);

    for (size_t p = 0; p < SHOWN; p++)
        cloud->x[p] = dm_mixture_quantile(start, ((double)p + 0.5) / SHOWN);
    dm_cloud_run(cloud, table, o->data1, &run);
    for (size_t i = 0; i <= STEPS; i++) {
        double row[SHOWN + 1] = { times[i] };
        for (size_t p = 0; p < SHOWN; p++)
            row[p + 1] = x[i * SHOWN + p];
        dm_table_row(t, SHOWN + 1, row);
    }
    dm_table_printf(t, "\n\n");
    dm_cloud_free(cloud);
}

static void write_paths(const dm_options *o)
{
    double t[STEPS + 1], down[STEPS + 1];
    dm_table *out = dm_options_data(o, "ch04_paths.dat");
    dm_mixture *normal_law = normal(0.0, 1.0);

    dm_sampler_times(1e-3, STEPS, t);
    for (size_t i = 0; i <= STEPS; i++)
        down[i] = t[STEPS - i];
    dm_sampler *forward = forward_table(DM_SDE_VP, STEPS, t);
    dm_sampler *back = dm_sampler_reverse_sde(DM_SDE_VP, STEPS, t, 1.0);
    write_run(o, out, t, forward, o->data1, DM_STREAM_FORWARD);
    write_run(o, out, down, back, normal_law, DM_STREAM_SAMPLER);
    dm_table_close(out);
    out = dm_options_data(o, "ch04_quantiles.dat");
    write_quantiles(o, out, t, forward, o->data1, DM_STREAM_FORWARD);
    write_quantiles(o, out, down, back, normal_law, DM_STREAM_SAMPLER);
    dm_table_close(out);
    dm_sampler_free(forward);
    dm_sampler_free(back);
    dm_mixture_free(normal_law);
}

static void write_field(const dm_options *o)
{
    enum { COLUMNS = 40, ROWS = 50 };
    dm_table *out = dm_options_data(o, "ch04_field.dat"); /* t, x, density */
    double low = fmin(-3.0, dm_mixture_quantile(o->data1, 1e-4));
    double high = fmax(3.0, dm_mixture_quantile(o->data1, 1.0 - 1e-4));

    for (size_t i = 0; i <= COLUMNS; i++) {
        double t = 1e-3 + (1.0 - 1e-3) * (double)i / COLUMNS;
        dm_mixture *q = law_at(o->data1, DM_SDE_VP, t);
        for (size_t k = 0; k <= ROWS; k++) {
            double x = low + (high - low) * (double)k / ROWS;
            double row[] = { t, x, exp(dm_mixture_log_density(q, &x)) };
            dm_table_row(out, 3, row);
        }
        dm_table_printf(out, "\n");
        dm_mixture_free(q);
    }
    dm_table_close(out);
}

void section_figures(const dm_options *o, const tally *sum)
{
    write_wiener(o);
    write_strong(o, sum);
    write_paths(o);
    write_field(o);
}
