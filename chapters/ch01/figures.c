/* The data of the figures of chapter 1. */
#include "ch01.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "distance.h"
#include "rng.h"
#include "schedule.h"
#include "table.h"

enum { CLOUD = 800 }; /* points in the plane */

/* The range that holds the paths, and all but 1e-3 of the data. */
static void figure_range(const dm_mixture *m, const walk *w, double *low,
                         double *high)
{
    *low = fmin(-3.3, dm_mixture_quantile(m, 5e-4));
    *high = fmax(3.3, dm_mixture_quantile(m, 1.0 - 5e-4));
    for (size_t i = 0; i < (w->T + 1) * PATHS; i++) { /* NaN does nothing */
        *low = fmin(*low, w->paths[i]);
        *high = fmax(*high, w->paths[i]);
    }
}

static void write_melting(const dm_options *o, const walk *w)
{
    enum { COLUMNS = 80, ROWS = 56 };
    dm_table *t = dm_options_data(o, "ch01_field.dat"); /* t, x, density */
    double low, high;

    figure_range(o->data1, w, &low, &high);
    for (size_t i = 0; i <= COLUMNS; i++) {
        size_t at = i * o->steps / COLUMNS;
        dm_mixture *q =
            dm_mixture_diffuse(o->data1, dm_schedule_level(o->schedule, at));
        for (size_t j = 0; j <= ROWS; j++) {
            double x = low + (high - low) * (double)j / ROWS;
            double row[] = { (double)at, x,
                             exp(dm_mixture_log_density(q, &x)) };
            dm_table_row(t, 3, row);
        }
        dm_table_printf(t, "\n");
        dm_mixture_free(q);
    }
    dm_table_close(t);

    t = dm_options_data(o, "ch01_paths.dat"); /* t, x of each path */
    for (size_t i = 0; i <= 250; i++) {
        double row[1 + PATHS] = { (double)(i * w->T / 250) };
        for (size_t j = 0; j < PATHS; j++)
            row[1 + j] = w->paths[PATHS * (i * w->T / 250) + j];
        dm_table_row(t, 1 + PATHS, row);
    }
    dm_table_close(t);
}

static void write_schedules(const dm_options *o)
{
    static const char *const name[] = { "linear", "sqrt-linear", "cosine" };
    dm_table *t = dm_options_data(o, "ch01_schedules.dat");
    dm_table *k = dm_options_data(o, "ch01_kl.dat");

    for (size_t i = 0; i < 3; i++) { /* t/T, abar, log SNR */
        dm_schedule *s = dm_schedule_named(name[i], o->steps);
        for (size_t j = 1; j <= 200; j++) {
            size_t at = GSL_MAX(1, j * s->T / 200);
            double row[] = { (double)at / (double)s->T, s->abar[at],
                             dm_schedule_log_snr(s, at) };
            dm_table_row(t, 3, row);
        }
        dm_table_printf(t, "\n\n");
        dm_schedule_free(s);
        for (double T = 10.0; T < 1.1e4; T *= sqrt(sqrt(10.0))) { /* T, KL */
            s = dm_schedule_named(name[i], (size_t)lround(T));
            dm_mixture *q =
                dm_mixture_diffuse(o->data1, dm_schedule_level(s, s->T));
            double row[2] = { (double)s->T }, error;
            dm_distance_kl_to_normal(q, &row[1], &error);
            dm_table_row(k, 2, row);
            dm_mixture_free(q);
            dm_schedule_free(s);
        }
        dm_table_printf(k, "\n\n");
    }
    dm_table_close(t);
    dm_table_close(k);
}

/* Walks a 2-D cloud and writes where it is at six times. */
static void write_cloud(const dm_options *o, gsl_rng *rng)
{
    static const double share[] = { 0.0, 0.1, 0.2, 0.35, 0.6, 1.0 };
    static double x[CLOUD], y[CLOUD], z1[CLOUD], z2[CLOUD];
    dm_table *out = dm_options_data(o, "ch01_cloud.dat");
    size_t next = 0;

    for (size_t i = 0; i < CLOUD; i++) {
        double at[2];
        dm_rng_at(rng, DM_STREAM_DATA, 3, (uint32_t)i);
        dm_mixture_sample(o->data2, rng, at);
        x[i] = at[0];
        y[i] = at[1];
    }
    for (size_t t = 0; t <= o->steps; t++) {
        if (t > 0) {
            dm_rng_normals(o->seed, DM_STREAM_EXTRA, (uint32_t)t, 0, CLOUD, z1,
                           z2);
            walk_step(CLOUD, x, o->schedule->beta[t], z1);
            walk_step(CLOUD, y, o->schedule->beta[t], z2);
        }
        while (next < 6 &&
               t == (size_t)lround(share[next] * (double)o->steps)) {
            dm_table_printf(out, "# t = %zu\n", t);
            for (size_t i = 0; i < CLOUD; i++)
                dm_table_row(out, 2, (double[]){ x[i], y[i] });
            dm_table_printf(out, "\n\n");
            next++;
        }
    }
    dm_table_close(out);
}

void section_figures(const dm_options *o, const walk *w, gsl_rng *rng)
{
    write_melting(o, w);
    write_schedules(o);
    write_cloud(o, rng);
}
