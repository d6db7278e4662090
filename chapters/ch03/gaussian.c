/* Section 3.10: what comes out of Gaussian data. */
#include "ch03.h"

#include <float.h>
#include <math.h>

#include "check.h"
#include "distance.h"

/* One Gaussian with the mean and the variance of the mixture. */
static dm_mixture *one_bump(const dm_mixture *m)
{
    const double one = 1.0;
    double mean[2];
    dm_sym2 cov;

    dm_mixture_moments(m, mean, &cov);
    return dm_mixture_new(m->dim, 1, &one, mean,
                          (double[]){ cov.xx, cov.xy, cov.yy });
}

/* The factor of Eq. (3.25) for data of variance v. */
static double gaussian_factor(jump j, double eta, double v)
{
    double kept = sqrt(j.abar_s * j.abar_t) * v;
    return (kept + sqrt(ahead(j, eta) * j.c_t)) / (j.abar_t * v + j.c_t);
}

/* Mean and variance that the run's sampler returns for data g, from N(0, 1),
 * by Eq. (3.25). */
static dm_gaussian gaussian_output(const dm_options *o, dm_gaussian g,
                                   double eta)
{
    // snippet: gaussian
    dm_gaussian x = { 0.0, 1.0 };
    for (size_t i = o->S; i > 0; i--) {
        jump j = step_of(o, i);
        double G = gaussian_factor(j, j.s > 0 ? eta : 0.0, g.variance);
        x.mean =
            sqrt(j.abar_s) * g.mean + G * (x.mean - sqrt(j.abar_t) * g.mean);
        x.variance *= G * G;
        if (j.s > 0)
            x.variance += eta * eta * j.beta_tilde;
    }
    // end: gaussian
    return x;
}

static void check_gaussian(const dm_options *o)
{
    dm_mixture *data = one_bump(o->data1);
    dm_gaussian g = { data->component[0].mean[0], data->component[0].cov.xx };
    double eta = o->S > 1 ? o->eta : 0.0, mean = 0.0, size = fabs(g.mean) + 1.0;
    dm_gaussian x = gaussian_output(o, g, eta);
    dm_sampler *table = table_of(o, eta);
    dm_law *law = law_of(table, data);
    dm_sym2 cov = { 1.0, 0.0, 0.0 };
    double variance, limit = 32.0 * largest_a(table) * (double)o->S;

    dm_law_gaussian(table, data, &mean, &cov);
    dm_check_exact(mean, x.mean, limit, size, "3.25",
                   "E x_0, Gaussian data, S = %zu", o->S);
    dm_check_refutes(g.mean, "that of the data");
    dm_check_exact(cov.xx, x.variance, limit, x.variance + 1.0, "3.25",
                   "Var x_0, Gaussian data, S = %zu", o->S);
    dm_check_refutes(g.variance, "that of the data");
    dm_check_refutes(x.variance + step_of(o, 1).beta,
                     "noise in the last step too");
    dm_check_refutes(gaussian_output(o, g, 0.0).variance, "eta = 0");
    if (law != NULL) {
        dm_law_moments(law, NULL, &variance);
        double reach = fabs(x.mean) + 9.0 * sqrt(x.variance);
        dm_check_numeric(variance, x.variance,
                         4.0 * reach * law->w1 +
                             limit * DBL_EPSILON * (x.variance + 1.0),
                         1.0, "3.25", "the same, on the grid of Eq. (3.23)");
        dm_check_refutes(g.variance, "that of the data");
    }
    dm_law_free(law);
    dm_sampler_free(table);
    dm_mixture_free(data);
}

/* Two particles of Gaussian data without noise: how far apart they end. */
static void check_stretch(const dm_options *o)
{
    dm_mixture *data = one_bump(o->data1);
    double v = data->component[0].cov.xx, ends[] = { 0.0, 1.0 };
    double product = 1.0, other = 1.0; /* where the other root is taken */
    const double none[] = { 0.0, 0.0 };

    for (size_t i = o->S; i > 0; i--) {
        jump j = step_of(o, i);
        product *= gaussian_factor(j, 0.0, v);
        other *= (sqrt(j.abar_s * j.abar_t) * v - sqrt(j.c_s * j.c_t)) /
                 (j.abar_t * v + j.c_t);
        for (int k = 0; k < 2; k++)
            step_down(data, j, 0.0, none, &ends[k]);
    }
    double size = fabs(ends[0]) + fabs(ends[1]) + 1.0;
    double A = sqrt(1.0 / o->schedule->abar[o->tau[o->S]]);
    jump first = step_of(o, o->S);
    dm_check_exact(ends[1] - ends[0], product, 16.0 * A, size, "3.25",
                   "x_0 from x_T = 1 less that from 0");
    dm_check_refutes(sqrt(v / (first.abar_t * v + first.c_t)),
                     "as if without error: sqrt(v/V_T)");
    dm_check_refutes(other, "the other root");
    dm_mixture_free(data);
}

/* The engine in two dimensions on Gaussian data: squares of what should be
 * standard normal. */
static void check_gaussian_2d(const dm_options *o)
{
    dm_mixture *data = one_bump(o->data2);
    double eta = o->S > 1 ? o->eta : 0.0, mean[] = { 0.0, 0.0 }, low, high;
    dm_sampler *table = table_of(o, eta);
    dm_cloud *cloud = run_table(o, table, data, o->particles, NULL);
    dm_sym2 cov = { 1.0, 0.0, 1.0 }, c[2];
    double square[2] = { 0.0, 0.0 };

    dm_law_gaussian(table, data, mean, &cov);
    c[0] = cov;
    c[1] = data->component[0].cov;
    for (int i = 0; i < 2; i++) {
        double gain = c[i].xy / c[i].xx;
        double rest = dm_sym2_determinant(c[i]) / c[i].xx;
        const double *m = i == 0 ? mean : data->component[0].mean;
        for (size_t p = 0; p < cloud->n; p++) {
            double x = cloud->x[p] - m[0], y = cloud->y[p] - m[1] - gain * x;
            square[i] += x * x / c[i].xx + y * y / rest;
        }
        square[i] /= 2.0 * (double)cloud->n;
    }
    dm_distance_variance_limits(2 * cloud->n, DM_CHECK_TAIL, &low, &high);
    dm_check_law(square[0], 1.0, low, high, 1.0, "3.25",
                 "2-D draws: mean square residual");
    dm_check_refutes(square[1], "mean and covariance of the data");
    dm_cloud_free(cloud);
    dm_sampler_free(table);
    dm_mixture_free(data);
}

void section_gaussian(const dm_options *o)
{
    dm_check_table("gaussian");
    check_gaussian(o);
    check_stretch(o);
    check_gaussian_2d(o);
}
