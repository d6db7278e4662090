/* The data of the figures of chapter 5. */
#include "ch05.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>
#include <gsl/gsl_statistics_double.h>

#include "cloud.h"
#include "flow.h"
#include "rng.h"
#include "table.h"

enum { COLUMNS = 80, ROWS = 56, LINES = 13, PATHS = 10, SHOWN = 3, GRID = 64 };

/* A range that holds all but 1e-3 of the data and of noise. */
static void figure_range(const dm_mixture *data, double *low, double *high)
{
    *low = fmin(-3.1, dm_mixture_quantile(data, 5e-4));
    *high = fmax(3.1, dm_mixture_quantile(data, 1.0 - 5e-4));
}

/* The density at times from 0 to 1, and the paths of points that have 1/26,
 * 3/26, ... of the mass below. */
static void write_lines(const dm_options *o)
{
    dm_table *field = dm_options_data(o, "ch05_field.dat"); /* t, x, density */
    dm_table *lines = dm_options_data(o, "ch05_lines.dat"); /* t, x of each  */
    double low, high, row[1 + LINES];
    dm_level before = { 1.0, 0.0 };

    figure_range(o->data1, &low, &high);
    for (size_t j = 0; j < LINES; j++)
        row[1 + j] = dm_mixture_quantile(o->data1, ((double)j + 0.5) / LINES);
    for (size_t i = 0; i <= COLUMNS; i++) {
        row[0] = (double)i / COLUMNS;
        dm_level level = dm_sde_level(DM_SDE_VP, row[0]);
        dm_mixture *q = dm_mixture_diffuse(o->data1, level);
        for (size_t j = 0; j <= ROWS; j++) {
            double x = low + (high - low) * (double)j / ROWS;
            double point[] = { row[0], x, exp(dm_mixture_log_density(q, &x)) };
            dm_table_row(field, 3, point);
        }
        for (size_t j = 0; j < LINES; j++)
            dm_flow_move(o->data1, before, level, 1e-6, &row[1 + j], NULL);
        dm_table_row(lines, 1 + LINES, row);
        dm_table_printf(field, "\n");
        before = level;
        dm_mixture_free(q);
    }
    dm_table_close(field);
    dm_table_close(lines);
}

/* Paths of the reverse equations from one start, above six tenths of noise. */
static void write_start(const dm_options *o)
{
    enum { STEPS = 1000, EVERY = 5 };
    static const double lambda[SHOWN] = { 0.0, 0.5, 1.0 };
    static double t[STEPS + 1];
    dm_table *out = dm_options_data(o, "ch05_start.dat"); /* t, x of each */
    dm_mixture *q = dm_mixture_diffuse(o->data1, dm_sde_level(DM_SDE_VP, 1.0));
    double start = dm_mixture_quantile(q, 0.6), z[PATHS];

    dm_sampler_times(T_MIN, STEPS, t);
    for (size_t l = 0; l < SHOWN; l++) {
        dm_sampler *table =
            dm_sampler_reverse_sde(DM_SDE_VP, STEPS, t, lambda[l]);
        double row[1 + PATHS] = { 1.0 };
        for (size_t j = 0; j < PATHS; j++)
            row[1 + j] = start;
        dm_table_row(out, 1 + PATHS, row);
        for (size_t i = 0; i < STEPS; i++) {
            dm_rng_normals(o->seed, DM_STREAM_SAMPLER, (uint32_t)i, 0, PATHS, z,
                           NULL);
            for (size_t j = 0; j < PATHS; j++)
                row[1 + j] = after(o->data1, &table->step[i], row[1 + j]) +
                             table->step[i].C * z[j];
            row[0] = t[STEPS - i - 1];
            if ((i + 1) % EVERY == 0)
                dm_table_row(out, 1 + PATHS, row);
        }
        dm_table_printf(out, "\n\n");
        dm_sampler_free(table);
    }
    dm_mixture_free(q);
    dm_table_close(out);
}

/* Paths of points on two circles about the middle of pure noise, which have a
 * half and 95 % of it inside. */
static void write_paths(const dm_options *o)
{
    enum { STARTS = 60, INNER = 27, PARTS = 40 };
    static double x[STARTS][PARTS + 1][2];
    dm_table *out = dm_options_data(o, "ch05_plane.dat"); /* x, y */

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t i = 0; i < STARTS; i++) {
        double r = sqrt(2.0 * log(i < INNER ? 2.0 : 20.0));
        double turn =
            ((double)i + 0.2) / (double)(i < INNER ? INNER : STARTS - INNER);
        double at[] = { r * cos(2.0 * M_PI * turn),
                        r * sin(2.0 * M_PI * turn) };
        for (size_t j = 0;; j++) {
            x[i][j][0] = at[0];
            x[i][j][1] = at[1];
            if (j == PARTS)
                break;
            double t = 1.0 - (double)j / PARTS,
                   s = 1.0 - (double)(j + 1) / PARTS;
            dm_flow_move(o->data2, dm_sde_level(DM_SDE_VP, t),
                         dm_sde_level(DM_SDE_VP, fmax(0.0, s)), 1e-4, at, NULL);
        }
    }
    for (size_t i = 0; i < STARTS; i++) {
        for (size_t j = 0; j <= PARTS; j++)
            dm_table_row(out, 2, x[i][j]);
        dm_table_printf(out, "\n\n");
    }
    dm_table_close(out);
}

/* The density of the 2-D data. */
static void write_plane(const dm_options *o)
{
    dm_table *field = dm_options_data(o, "ch05_density.dat"); /* x, y, q */
    double reach = 3.0;

    for (size_t i = 0; i < o->data2->K; i++) {
        const dm_component *k = &o->data2->component[i];
        reach = fmax(reach, fabs(k->mean[0]) + 3.0 * sqrt(k->cov.xx));
        reach = fmax(reach, fabs(k->mean[1]) + 3.0 * sqrt(k->cov.yy));
    }
    for (size_t i = 0; i <= GRID; i++) {
        for (size_t j = 0; j <= GRID; j++) {
            double x[] = { reach * (2.0 * (double)i / GRID - 1.0),
                           reach * (2.0 * (double)j / GRID - 1.0) };
            dm_table_row(field, 3,
                         (double[]){
                             x[0], x[1],
                             exp(dm_mixture_log_density(o->data2, x)) });
        }
        dm_table_printf(field, "\n");
    }
    write_paths(o);
    dm_table_close(field);
}

/* Standard errors, for any law: of a correlation r, and of the standard
 * deviation of y over itself.  They are the means of the squares of what a
 * pair adds to either. */
static void standard_errors(size_t n, const double x[], const double y[],
                            double r, double out[2])
{
    double mean_x = gsl_stats_mean(x, 1, n), sd_x = gsl_stats_sd(x, 1, n);
    double mean_y = gsl_stats_mean(y, 1, n), sd_y = gsl_stats_sd(y, 1, n);
    double sum[2] = { 0.0 };

    for (size_t i = 0; i < n; i++) {
        double u = (x[i] - mean_x) / sd_x, v = (y[i] - mean_y) / sd_y;
        sum[0] += gsl_pow_2(u * v - 0.5 * r * (u * u + v * v));
        sum[1] += gsl_pow_2(0.5 * (v * v - 1.0));
    }
    out[0] = sqrt(sum[0]) / (double)n;
    out[1] = sqrt(sum[1]) / (double)n;
}

/* Runs a cloud from q_1 by Eq. (5.17); stores the correlation of its ends, the
 * standard deviation of the last in units of sd, and the standard errors. */
static void ends_of_cloud(const dm_options *o, const dm_mixture *data,
                          double lambda, double sd, dm_cloud *cloud,
                          double start[], double out[4])
{
    enum { STEPS = 200 };
    static double t[STEPS + 1];
    dm_mixture *q = dm_mixture_diffuse(data, dm_sde_level(DM_SDE_VP, 1.0));
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    dm_run run = { .seed = o->seed,
                   .stream = DM_STREAM_SAMPLER,
                   .threads = o->threads };

    dm_sampler_times(T_MIN, STEPS, t);
    dm_sampler *table = dm_sampler_reverse_sde(DM_SDE_VP, STEPS, t, lambda);
    gsl_rng_set(rng, o->seed);
    for (size_t i = 0; i < cloud->n; i++) {
        dm_rng_at(rng, DM_STREAM_START, 1, (uint32_t)i);
        dm_mixture_sample(q, rng, &cloud->x[i]);
        start[i] = cloud->x[i];
    }
    dm_cloud_run(cloud, table, data, &run);
    out[0] = gsl_stats_correlation(start, 1, cloud->x, 1, cloud->n);
    out[1] = gsl_stats_sd(cloud->x, 1, cloud->n) / sd;
    standard_errors(cloud->n, start, cloud->x, out[0], &out[2]);
    out[3] *= out[1];
    dm_sampler_free(table);
    dm_mixture_free(q);
    gsl_rng_free(rng);
}

/* For each lambda: Eq. (5.18); then, of clouds of the example and of the data,
 * correlation, standard deviation over that of the data, their errors. */
static void write_family(const dm_options *o)
{
    dm_table *out = dm_options_data(o, "ch05_family.dat");
    dm_cloud *cloud = dm_cloud_new(1, GSL_MAX(2, o->particles / 5));
    double *start = malloc(cloud->n * sizeof *start);
    way_back w = example_way();
    double mean;
    dm_sym2 C;

    dm_mixture_moments(o->data1, &mean, &C);
    for (double lambda = 0.0; lambda < 1.56; lambda += 0.15) {
        double row[10] = { lambda, exp(-0.5 * lambda * lambda * w.length) };
        ends_of_cloud(o, w.data, lambda, sqrt(w.end.variance), cloud, start,
                      &row[2]);
        ends_of_cloud(o, o->data1, lambda, sqrt(C.xx), cloud, start, &row[6]);
        dm_table_row(out, 10, row);
    }
    dm_table_close(out);
    free(start);
    dm_cloud_free(cloud);
    dm_mixture_free(w.data);
}

void section_figures(const dm_options *o)
{
    write_lines(o);
    write_start(o);
    write_plane(o);
    write_family(o);
}
