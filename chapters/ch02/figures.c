/* The data of the figures of chapter 2. */
#include "ch02.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "rng.h"
#include "table.h"

enum { BARS = 24, WALKS = 8000 }; /* of the figure with walks, in blocks */

/* Walks n times a BLOCK from X0 over the step, and counts where those that end
 * near XT were before it, in bars on (low, high).  Returns how many ended
 * there. */
static double count_walks(const dm_options *o, step p, size_t n, double low,
                          double high, double count[BARS])
{
    const double near = 0.02;
    double z1[BLOCK], z2[BLOCK], all = 0.0;

    for (size_t i = 0; i < n * BLOCK; i += BLOCK) {
        dm_rng_normals(o->seed, DM_STREAM_EXTRA, 0, (uint32_t)i, BLOCK, z1, z2);
        for (size_t j = 0; j < BLOCK; j++) {
            double x = sqrt(p.abar_s) * X0 + sqrt(p.c_s) * z1[j];
            double end = sqrt(1.0 - p.beta) * x + sqrt(p.beta) * z2[j];
            if (!(fabs(end - XT) < near))
                continue;
            all += 1.0;
            if (low <= x && x < high)
                count[(size_t)((x - low) / (high - low) * BARS)] += 1.0;
        }
    }
    return all;
}

/* x_(t-1), prior, likelihood as a density, posterior; and of walks from X0
 * that end near XT: where they were before, density, its standard error. */
static void write_bayes(const dm_options *o)
{
    const double low = 0.1, high = 2.5, width = (high - low) / BARS;
    step p = first_step();
    double a = sqrt(1.0 - p.beta), count[BARS] = { 0.0 };
    dm_gaussian likelihood = { XT / a, p.beta / (a * a) };
    dm_table *t = dm_options_data(o, "ch02_bayes.dat");

    for (int i = 0; i <= 240; i++) {
        double x = low + (high - low) * i / 240.0;
        double row[] = { x, dm_gaussian_pdf(before(p, X0), x),
                         dm_gaussian_pdf(likelihood, x),
                         dm_gaussian_pdf(posterior(p, XT, X0), x) };
        dm_table_row(t, 4, row);
    }
    dm_table_close(t);
    double unit = 1.0 / (width * count_walks(o, p, WALKS, low, high, count));
    t = dm_options_data(o, "ch02_walks.dat");
    for (size_t i = 0; i < BARS; i++) {
        double row[] = { low + width * ((double)i + 0.5), count[i] * unit,
                         sqrt(count[i]) * unit };
        dm_table_row(t, 3, row);
    }
    dm_table_close(t);
}

/* For four steps back: x_s, its density, its best Gaussian. */
static void write_bimodal(const dm_options *o)
{
    static const double beta[] = { 0.1, 0.5, 0.7, 0.8 };
    dm_table *t = dm_options_data(o, "ch02_bimodal.dat");
    double low = INFINITY, high = -INFINITY, x, error;
    dm_mixture *back[4];

    for (size_t i = 0; i < 4; i++) {
        back[i] = step_back(o->data1, beta[i], &x);
        low = fmin(low, dm_mixture_quantile(back[i], 1e-4));
        high = fmax(high, dm_mixture_quantile(back[i], 1.0 - 1e-4));
    }
    for (size_t i = 0; i < 4; i++) {
        dm_gaussian best = best_gaussian(back[i]);
        dm_table_printf(t, "# %.2g %.2g\n", 0.2 / (1.0 - beta[i]),
                        kl_to(back[i], best, &error));
        for (int j = 0; j <= 300; j++) {
            double y = low + (high - low) * j / 300.0;
            double row[] = { y, exp(dm_mixture_log_density(back[i], &y)),
                             dm_gaussian_pdf(best, y) };
            dm_table_row(t, 3, row);
        }
        dm_table_printf(t, "\n\n");
        dm_mixture_free(back[i]);
    }
    dm_table_close(t);
}

/* A row of the figure, over beta: t, beta-tilde, the mean of the variances at
 * 100 quantiles of x_t, and the least and the largest of the middle 90. */
static void write_variance(dm_table *t, const dm_options *o, step p, size_t at)
{
    dm_mixture *q_t = law_after(o->data1, p);
    double mean = 0.0, least = INFINITY, most = 0.0;

    for (int i = 0; i < 100; i++) {
        double x = dm_mixture_quantile(q_t, (i + 0.5) / 100.0);
        double share = variance_back(q_t, p, x) / p.beta;
        mean += share / 100.0;
        if (i < 5 || i >= 95)
            continue;
        least = fmin(least, share);
        most = fmax(most, share);
    }
    double row[] = { (double)at, p.c_s / p.c_t, mean, least, most };
    dm_table_row(t, 5, row);
    dm_mixture_free(q_t);
}

static void write_variances(const dm_options *o)
{
    size_t T = o->steps, jumps = GSL_MIN(20, T), last = 0;
    dm_table *t = dm_options_data(o, "ch02_variances.dat");

    for (double at = 1.0; at < 1.001 * (double)T; at *= 1.2) {
        size_t now = (size_t)lround(fmin(at, (double)T));
        if (now > last)
            write_variance(t, o, step_of(o->schedule, now - 1, now), now);
        last = now;
    }
    dm_table_printf(t, "\n\n");
    for (size_t i = 1; i <= jumps; i++)
        write_variance(t, o,
                       step_of(o->schedule, (i - 1) * T / jumps, i * T / jumps),
                       i * T / jumps);
    dm_table_close(t);
}

void section_figures(const dm_options *o)
{
    write_bayes(o);
    write_bimodal(o);
    write_variances(o);
}
