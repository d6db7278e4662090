/* Section 3.10: what comes out. */
#include "ch03.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "check.h"
#include "distance.h"

/* The first point of g that is not below x; g.n if there is none. */
static size_t first_from(grid g, double x)
{
    return (size_t)fmin(fmax(ceil((x - g.low) / g.h), 0.0), (double)g.n);
}

// snippet: chapman-kolmogorov
/* A step with noise, Eq. (3.23): from p, the density of y_t, to that of y_s,
 * q.  p, q: [g.n]. */
static void noisy_step(grid g, const dm_step *step, const dm_mixture *data,
                       const double p[], double q[])
{
    for (size_t i = 0; i < g.n; i++)
        q[i] = 0.0;
    for (size_t i = 0; i < g.n; i++) {
        double y = g.low + g.h * (double)i, eps;
        dm_mixture_eps(data, step->from, &y, &eps);
        dm_gaussian k = { step->A * y + step->B * eps, step->C * step->C };
        double far = 12.0 * step->C; /* what is beyond is 1e-31 of the peak */
        size_t end = first_from(g, k.mean + far);
        for (size_t j = first_from(g, k.mean - far); j < end; j++)
            q[j] += g.h * p[i] * dm_gaussian_pdf(k, g.low + g.h * (double)j);
    }
}
// end: chapman-kolmogorov

/* Mean and mean square of the x_0 that a table returns, whose steps are noisy
 * but for the last. */
static void moments_on_grid(const dm_sampler *table, const dm_mixture *data,
                            grid g, double moment[2])
{
    double *p = calloc(g.n, sizeof *p), *q = calloc(g.n, sizeof *q);
    dm_gaussian start = { 0.0, 1.0 };
    const dm_step *last = &table->step[table->n - 1];

    for (size_t i = 0; i < g.n; i++)
        p[i] = dm_gaussian_pdf(start, g.low + g.h * (double)i);
    for (size_t i = 0; i + 1 < table->n; i++) {
        noisy_step(g, &table->step[i], data, p, q);
        double *old = p;
        p = q;
        q = old;
    }
    moment[0] = moment[1] = 0.0;
    for (size_t i = 0; i < g.n; i++) {
        double y = g.low + g.h * (double)i, eps;
        dm_mixture_eps(data, last->from, &y, &eps);
        double x = last->A * y + last->B * eps;
        moment[0] += g.h * p[i] * x;
        moment[1] += g.h * p[i] * x * x;
    }
    free(p);
    free(q);
}

double largest_a(const dm_sampler *table)
{
    double largest = 1.0;

    for (size_t i = 0; i < table->n; i++)
        largest = fmax(largest, table->step[i].A);
    return largest;
}

/* The mean square of what a table returns without the noise of its steps. */
static double noiseless_square(const dm_sampler *table, const dm_mixture *data,
                               grid g)
{
    dm_gaussian start = { 0.0, 1.0 };
    double sum = 0.0;

    for (size_t i = 0; i < g.n; i++) {
        double z = g.low + g.h * (double)i, x = z, eps;
        for (size_t k = 0; k < table->n; k++) {
            dm_mixture_eps(data, table->step[k].from, &x, &eps);
            x = table->step[k].A * x + table->step[k].B * eps;
        }
        sum += g.h * dm_gaussian_pdf(start, z) * x * x;
    }
    return sum;
}

enum { FEWEST = 256, MOST = 4096 };

/* A grid over all that the sampler may meet; h is to be halved. */
static grid grid_for(const dm_mixture *data)
{
    double low = -9.0, high = 9.0;

    for (size_t k = 0; k < data->K; k++) {
        double m = data->component[k].mean[0];
        double reach = 9.0 * sqrt(fmax(1.0, data->component[k].cov.xx));
        low = fmin(low, m - reach);
        high = fmax(high, m + reach);
    }
    return (grid){ low, (high - low) / FEWEST, FEWEST };
}

/* Halves the spacing until the moments stay; returns their last change, that of
 * the mean times `reach`. */
static double settle(const dm_sampler *table, const dm_mixture *data,
                     double reach, grid *g, double moment[2])
{
    double change = INFINITY, before[2];

    moments_on_grid(table, data, *g, moment);
    while (g->n < MOST && !(change <= 1e-12 * reach * reach)) {
        before[0] = moment[0];
        before[1] = moment[1];
        *g = (grid){ g->low, 0.5 * g->h, 2 * g->n };
        moments_on_grid(table, data, *g, moment);
        change =
            fabs(moment[0] - before[0]) * reach + fabs(moment[1] - before[1]);
    }
    return change;
}

by_grid moments_by_grid(const dm_sampler *table, const dm_mixture *data)
{
    grid g = grid_for(data);
    by_grid by = { g, fmax(-g.low, g.low + g.h * FEWEST), { 0 }, 0.0 };
    double square = by.reach * by.reach;
    double change = settle(table, data, by.reach, &by.g, by.moment);

    by.error = INFINITY; /* where the grid is too coarse */
    if (change <= 1e-6 * square) {
        double lost = 16.0 * largest_a(table) * DBL_EPSILON;
        /* On a grid that is still coarse the next change may be larger. */
        by.error = 4.0 * change + (1e-13 + lost) * square;
    }
    return by;
}

/* A sampler with its law by the library and by the grid of
 * moments_by_grid. */
typedef struct {
    const char *name;
    dm_sampler *table;
    dm_law *law; /* NULL where there is none */
    by_grid by;
} noisy;

/* Rows: the library's law against the grid of moments_by_grid. */
static void check_noisy_law(const dm_options *o, const noisy *s)
{
    const by_grid *by = &s->by;
    double mean, variance, of_data;
    dm_sym2 cov;

    if (s->law == NULL || !isfinite(by->error))
        return;
    dm_mixture_moments(o->data1, &of_data, &cov);
    dm_law_moments(s->law, &mean, &variance);
    dm_check_numeric(mean, by->moment[0], by->error / by->reach + s->law->w1,
                     1.0, "3.23", "E x_0, %s, S = %zu", s->name, s->table->n);
    dm_check_refutes(of_data, "that of the data");
    dm_check_numeric(variance + mean * mean, by->moment[1],
                     by->error + 2.0 * by->reach * s->law->w1, 1.0, "3.23",
                     "E x_0^2, %s, S = %zu", s->name, s->table->n);
    dm_check_refutes(cov.xx + of_data * of_data, "that of the data");
    dm_check_refutes(noiseless_square(s->table, o->data1, by->g),
                     "C z left out of the steps");
}

enum { NOISY = 6 };

static void check_noisy_laws(const dm_options *o)
{
    static const double eta[] = { 0.5, 1.0, NAN }; /* NaN is sigma-hat */
    static const char *const name[] = { "eta = 0.5", "eta = 1", "sigma-hat" };
    noisy all[NOISY];

    for (size_t k = 0; k < NOISY; k++) {
        all[k] = (noisy){ .name = name[k % 3] };
        all[k].table = uniform(o, k < 3 ? 5 : 10, eta[k % 3]);
        all[k].law = law_of(all[k].table, o->data1);
    }
#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t k = 0; k < NOISY; k++)
        if (all[k].law != NULL)
            all[k].by = moments_by_grid(all[k].table, o->data1);
    for (size_t k = 0; k < NOISY; k++) {
        check_noisy_law(o, &all[k]);
        dm_law_free(all[k].law);
        dm_sampler_free(all[k].table);
    }
}

flow uniform_flow(const dm_options *o, size_t S)
{
    size_t *tau = all_times(o->steps);
    flow f = { o, GSL_MIN(S, o->steps), NULL };

    dm_sampler_tau_uniform(o->steps, f.S, tau);
    f.jump = calloc(f.S, sizeof *f.jump);
    for (size_t k = 0; k < f.S; k++)
        f.jump[k] = jump_between(o->schedule, tau[k], tau[k + 1]);
    free(tau);
    return f;
}

double image(const flow *f, double z, double *slope)
{
    *slope = 1.0;
    for (size_t k = f->S; k > 0; k--)
        *slope *= follow(f->o->data1, f->jump[k - 1], 0.0, 1.0, &z);
    return z;
}

/* What Eq. (3.24) integrates over z: the gap between the distribution functions
 * at the image, times the slope. */
static double gap(double z, void *params)
{
    const flow *f = params;
    double slope, x = image(f, z, &slope);
    double below = gsl_cdf_ugaussian_P(z) - dm_mixture_cdf(f->o->data1, x);
    double above = dm_mixture_tail(f->o->data1, x) - gsl_cdf_ugaussian_Q(z);

    return slope * fabs(z < 0.0 ? below : above);
}

/* Its integral from a to b.  Where the map is steep the way is halved until the
 * images are within `near`, so that no jump is missed. */
static double area(const flow *f, double a, double b, double near, double tol,
                   double *error)
{
    double slope, middle = 0.5 * (a + b);

    if (image(f, b, &slope) - image(f, a, &slope) > near && b - a > 1e-13)
        return area(f, a, middle, near, tol, error) +
               area(f, middle, b, near, tol, error);
    return integral(gap, (void *)f, a, b, tol, error);
}

/* The integral of P(X > x) from x on, or, for sign -1, of P(X < x) up to x. */
static double tail_area(const dm_mixture *m, double x, double sign)
{
    double sum = 0.0;

    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        double sd = sqrt(c->cov.xx), u = sign * (x - c->mean[0]) / sd;
        double rest = gsl_ran_ugaussian_pdf(u) - u * gsl_cdf_ugaussian_Q(u);
        sum += c->weight * sd * rest;
    }
    return sum;
}

/* The mean distance of n pairs of quantiles: what is often taken for W1. */
static double by_quantiles(const flow *f, size_t n)
{
    double sum = 0.0, slope;

    for (size_t i = 0; i < n; i++) {
        double u = ((double)i + 0.5) / (double)n;
        double x = image(f, gsl_cdf_ugaussian_Pinv(u), &slope);
        sum += fabs(x - dm_mixture_quantile(f->o->data1, u));
    }
    return sum / (double)n;
}

static void check_w1(const flow *f, const dm_law *law, const dm_law *target,
                     double lost)
{
    const double reach = 8.5; /* no starts are left beyond, but data may be */
    double w1, error, variance, slope;

    dm_law_moments(target, NULL, &variance);
    double near = 0.25 * sqrt(variance), tol = 1e-11 * near;
    dm_distance_w1(law, target, &w1, &error);
    error += lost;
    double sum = area(f, -reach, reach, near, tol, &error);
    double tails = tail_area(f->o->data1, image(f, reach, &slope), 1.0) +
                   tail_area(f->o->data1, image(f, -reach, &slope), -1.0);
    dm_check_numeric(w1, sum + tails, error, 1.0, "3.24",
                     "W1 to the data, eta = 0, S = %zu", f->S);
    dm_check_refutes(0.0, "x_0 taken for the data");
    dm_check_refutes(by_quantiles(f, 2000), "the mean over 2000 quantiles");
}

/* Rows: the quantile at z has gone where the map takes it. */
static void check_quantiles(const dm_options *o, size_t S, const dm_law *target)
{
    flow f = uniform_flow(o, S);
    dm_sampler *table = uniform(o, f.S, 0.0);
    dm_law *law = law_of(table, o->data1);

    S = f.S;
    for (int i = 0; law != NULL && i < 2; i++) {
        double z = i == 0 ? -0.6 : 1.1, slope, x = image(&f, z, &slope);
        double round_off = 16.0 * DBL_EPSILON * largest_a(table) * (double)S *
                           dm_mixture_condition(o->data1) * (fabs(x) + 1.0);
        dm_check_numeric(dm_law_cdf(law, x), gsl_cdf_ugaussian_P(z),
                         law->tv + dm_law_density(law, x) * round_off, 1.0,
                         "3.24", "F(x_0) at the image of %.1f, S = %zu", z, S);
        dm_check_refutes(dm_mixture_cdf(o->data1, x), "that of the data");
        dm_check_refutes(gsl_cdf_ugaussian_Q(z), "a map that falls");
    }
    if (law != NULL)
        check_w1(&f, law, target,
                 16.0 * DBL_EPSILON * largest_a(table) * (double)S);
    dm_law_free(law);
    dm_sampler_free(table);
    free(f.jump);
}

dm_sampler *with_other_root(dm_sampler *table)
{
    for (size_t i = 0; i < table->n; i++) {
        dm_step *p = &table->step[i];
        p->B = -p->B - 2.0 * p->A * sqrt(p->from.variance);
    }
    return table;
}

/* Kolmogorov-Smirnov distance between what the engine draws and a law. */
static double ks_of_draws(const dm_options *o, const dm_sampler *table,
                          const dm_law *law, double *limit)
{
    dm_cloud *cloud = run_table(o, table, o->data1, o->particles, NULL);
    dm_sampled ks;

    dm_distance_ks_sample(law, cloud->n, cloud->x, 2.0 * DM_CHECK_TAIL, &ks);
    dm_cloud_free(cloud);
    *limit = ks.limit;
    return ks.value;
}

/* A row: the engine draws from the exact law, at the run's times. */
static void check_draws(const dm_options *o, double eta, const dm_law *target)
{
    dm_sampler *table = table_of(o, eta);
    dm_law *law = law_of(table, o->data1);
    double limit, ignored;

    if (law != NULL) {
        double ks = ks_of_draws(o, table, law, &limit);
        dm_check_law(ks, 0.0, 0.0, limit, 1.0, eta > 0.0 ? "3.23" : "3.24",
                     "KS of draws to the law, eta = %.3g", eta);
        dm_check_refutes(ks_of_draws(o, table, target, &ignored),
                         "the law of the data");
        dm_check_refutes(ks_of_draws(o, with_other_root(table), law, &ignored),
                         "the other root");
    }
    dm_law_free(law);
    dm_sampler_free(table);
}

void section_laws(const dm_options *o, const dm_law *target)
{
    dm_check_table("law");
    if (target == NULL)
        return;
    check_noisy_laws(o);
    check_quantiles(o, 5, target);
    check_quantiles(o, 10, target);
    check_draws(o, 0.0, target);
    check_draws(o, o->S > 1 ? o->eta : 0.5, target);
    check_draws(o, 1.0, target);
}
