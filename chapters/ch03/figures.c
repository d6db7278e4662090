/* The data of the figures of chapter 3, but for ch03_laws.dat (output.c). */
#include "ch03.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>

#include "rng.h"
#include "table.h"

enum { PATHS = 9, PLANE = 40 }; /* paths on the line and in the plane */

/* Where `paths` particles, which start at (x, y), are at up to 251 times of a
 * table of S steps of this eta.  px, py: [251 * paths]; returns the number of times
 * and stores their t. */
static size_t follow_paths(const dm_options *o, const dm_mixture *data,
                           double eta, size_t S, size_t paths, const double x[],
                           const double y[], double px[], double py[],
                           double at[])
{
    dm_sampler *table = uniform(o, S, eta);
    size_t n = table->n, times = GSL_MIN(250, n), time[251];
    dm_record record = {
        .paths = paths, .times = times + 1, .time = time, .x = px, .y = py
    };
    dm_run run = { o->seed, DM_STREAM_SAMPLER, 1, 0, 1, &record };
    dm_cloud *cloud = dm_cloud_new(data->dim, paths);

    for (size_t i = 0; i <= times; i++) {
        time[i] = i * n / times;
        at[i] = time[i] < n ? (double)table->step[time[i]].t : 0.0;
    }
    for (size_t p = 0; p < paths; p++) {
        cloud->x[p] = x[p];
        if (data->dim == 2)
            cloud->y[p] = y[p];
    }
    dm_cloud_run(cloud, table, data, &run);
    dm_cloud_free(cloud);
    dm_sampler_free(table);
    return times + 1;
}

static const double shown_etas[] = { 0.0, 0.5, 1.0 };

static void write_field(const dm_options *o, double low, double high)
{
    enum { COLUMNS = 40, ROWS = 56 };
    dm_table *t = dm_options_data(o, "ch03_field.dat"); /* t, x, density */

    for (size_t i = 0; i <= COLUMNS; i++) {
        size_t at = i * o->steps / COLUMNS;
        dm_mixture *q =
            dm_mixture_diffuse(o->data1, dm_schedule_level(o->schedule, at));
        for (size_t k = 0; k <= ROWS; k++) {
            double x = low + (high - low) * (double)k / ROWS;
            double row[] = { (double)at, x,
                             exp(dm_mixture_log_density(q, &x)) };
            dm_table_row(t, 3, row);
        }
        dm_table_printf(t, "\n");
        dm_mixture_free(q);
    }
    dm_table_close(t);
}

static void write_trajectories(const dm_options *o)
{
    static double px[251 * PATHS], at[251];
    dm_table *t = dm_options_data(o, "ch03_paths.dat"); /* t, x of each path */
    double start[PATHS];
    double low = fmin(-3.0, dm_mixture_quantile(o->data1, 5e-4));
    double high = fmax(3.0, dm_mixture_quantile(o->data1, 1.0 - 5e-4));

    for (size_t p = 0; p < PATHS; p++)
        start[p] = gsl_cdf_ugaussian_Pinv(((double)p + 0.5) / PATHS);
    for (int e = 0; e < 3; e++) {
        size_t times = follow_paths(o, o->data1, shown_etas[e], 1000, PATHS,
                                    start, NULL, px, NULL, at);
        for (size_t i = 0; i < times; i++) {
            double row[1 + PATHS] = { at[i] };
            for (size_t p = 0; p < PATHS; p++) {
                row[1 + p] = px[PATHS * i + p];
                low = fmin(low, row[1 + p]);
                high = fmax(high, row[1 + p]);
            }
            dm_table_row(t, 1 + PATHS, row);
        }
        dm_table_printf(t, "\n\n");
    }
    dm_table_close(t);
    write_field(o, low, high);
}

/* Paths in the plane, one after the other: x and y at eta = 0, then at 1. */
static void write_plane(const dm_options *o)
{
    static double px[2][251 * PLANE], py[2][251 * PLANE], at[251];
    dm_table *t = dm_options_data(o, "ch03_plane.dat");
    double x[PLANE], y[PLANE];
    size_t times = 0;

    dm_rng_normals(o->seed, DM_STREAM_START, 1, 0, PLANE, x, y);
    for (int e = 0; e < 2; e++)
        times = follow_paths(o, o->data2, (double)e, 50, PLANE, x, y, px[e],
                             py[e], at);
    for (size_t p = 0; p < PLANE; p++) {
        for (size_t i = 0; i < times; i++) {
            size_t k = PLANE * i + p;
            double row[] = { px[0][k], py[0][k], px[1][k], py[1][k] };
            dm_table_row(t, 4, row);
        }
        dm_table_printf(t, "\n\n");
    }
    dm_table_close(t);
}

/* sigma and the coefficient of x_0 for two jumps, as curves and as fits. */
static void write_coefficient(const dm_options *o, const double x0[])
{
    const jump all[] = { forward_example(), example() };
    dm_table *line = dm_options_data(o, "ch03_coefficient.dat");
    dm_table *fit = dm_options_data(o, "ch03_fit.dat"); /* and 2 se */
    dm_table *root = dm_options_data(o, "ch03_markov.dat");

    for (uint32_t k = 0; k < 2; k++) {
        jump j = all[k];
        for (int i = 0; i <= 200; i++) {
            double s = sqrt(j.c_s) * sin(0.5 * M_PI * i / 200.0), v = s * s;
            double left = fmax(0.0, j.c_s - v);
            double row[] = { s, way_forward(j, left, v).nu };
            dm_table_row(line, 2, row);
        }
        for (uint32_t i = 1; i <= 9; i++) {
            double s = sqrt(j.c_s) * 0.1 * (double)i, se;
            double nu = fitted_nu(o, x0, j, s * s, 10 * k + i, &se);
            double row[] = { s, nu, 2.0 * se };
            dm_table_row(fit, 3, row);
        }
        double row[] = { sqrt(j.beta_tilde), 0.0 };
        dm_table_row(root, 2, row);
        dm_table_printf(line, "\n\n");
        dm_table_printf(fit, "\n\n");
    }
    dm_table_close(line);
    dm_table_close(fit);
    dm_table_close(root);
}

void section_figures(const dm_options *o, const double x0[])
{
    write_trajectories(o);
    write_plane(o);
    write_coefficient(o, x0);
}
