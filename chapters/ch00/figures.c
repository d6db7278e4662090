/* The data of the figures of chapter 0. */
#include "ch00.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "table.h"

enum { SHOWN = 1500 }; /* points */

/* x, the mixture's density, then each component's share of it: at most 8. */
static void write_density(const dm_options *o, const char *name,
                          const dm_mixture *m, double low, double high)
{
    dm_table *t = dm_options_data(o, name);
    size_t K = GSL_MIN(m->K, 8);

    for (int i = 0; i <= 400; i++) {
        double x = low + (high - low) * i / 400.0;
        double row[10] = { x, exp(dm_mixture_log_density(m, &x)) };
        for (size_t k = 0; k < K; k++) {
            const dm_component *c = &m->component[k];
            row[2 + k] =
                c->weight *
                dm_gaussian_pdf((dm_gaussian){ c->mean[0], c->cov.xx }, x);
        }
        dm_table_row(t, 2 + K, row);
    }
    dm_table_close(t);
}

/* The range that holds all but 1e-4 of the data, and a tenth more. */
static void figure_range(const dm_mixture *m, double *low, double *high)
{
    double first = dm_mixture_quantile(m, 5e-5);
    double last = dm_mixture_quantile(m, 1.0 - 5e-5);

    *low = first - 0.1 * (last - first);
    *high = last + 0.1 * (last - first);
}

void section_figures(const dm_options *o, const dm_mixture *noisy, gsl_rng *r)
{
    double low, high;

    figure_range(o->data1, &low, &high);
    write_density(o, "ch00_clean.dat", o->data1, low, high);
    write_density(o, "ch00_noisy.dat", noisy, low, high);

    dm_table *t = dm_options_data(o, "ch00_draws.dat");
    double *x = draw(o->data2, SHOWN, r);
    for (size_t i = 0; i < SHOWN; i++)
        dm_table_row(t, 2, &x[2 * i]);
    dm_table_close(t);
    free(x);

    t = dm_options_data(o, "ch00_ellipses.dat"); /* two standard deviations */
    for (size_t k = 0; k < o->data2->K; k++) {
        const dm_component *c = &o->data2->component[k];
        double sx = sqrt(c->cov.xx), slope = c->cov.xy / c->cov.xx;
        double rest = sqrt(dm_sym2_determinant(c->cov) / c->cov.xx);
        for (int i = 0; i <= 60; i++) {
            double u = 2.0 * cos(M_PI * i / 30.0),
                   v = 2.0 * sin(M_PI * i / 30.0);
            double at[] = { c->mean[0] + sx * u,
                            c->mean[1] + slope * sx * u + rest * v };
            dm_table_row(t, 2, at);
        }
        dm_table_printf(t, "\n");
    }
    dm_table_close(t);

    t = dm_options_data(o, "ch00_tweedie.dat"); /* x_t, E[x_0], sd, x_t/a */
    figure_range(noisy, &low, &high);
    for (int i = 0; i <= 200; i++) {
        double xt = low + (high - low) * i / 200.0, mean;
        dm_sym2 cov;
        dm_mixture_denoise(o->data1, LEVEL, &xt, &mean, &cov);
        double row[] = { xt, mean, sqrt(cov.xx), xt / LEVEL.scale };
        dm_table_row(t, 4, row);
    }
    dm_table_close(t);
}
