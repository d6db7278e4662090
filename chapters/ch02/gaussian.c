/* Section 2.7: how Gaussian it is. */
#include "ch02.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"

double kl_to(const dm_mixture *law, dm_gaussian g, double *error)
{
    double *weight = malloc(3 * law->K * sizeof *weight), kl = NAN;
    double *mean = weight + law->K, *variance = mean + law->K;

    for (size_t k = 0; k < law->K; k++) {
        const dm_component *c = &law->component[k];
        weight[k] = c->weight;
        mean[k] = (c->mean[0] - g.mean) / sqrt(g.variance);
        variance[k] = c->cov.xx / g.variance;
    }
    dm_mixture *scaled = dm_mixture_new(1, law->K, weight, mean, variance);
    dm_distance_kl_to_normal(scaled, &kl, error);
    dm_mixture_free(scaled);
    free(weight);
    return kl;
}

dm_gaussian best_gaussian(const dm_mixture *law)
{
    double mean;
    dm_sym2 cov;

    dm_mixture_moments(law, &mean, &cov);
    return (dm_gaussian){ mean, cov.xx };
}

/* The price of a Gaussian step with the right mean and sigma^2 = beta, from z
 * standard deviations off the middle of a bump. */
static void check_split(const dm_mixture *data, step p, double z,
                        const char *where)
{
    scene v = scene_at(data, p, 0.3, z);
    dm_gaussian best = best_gaussian(v.back), ddpm = { best.mean, p.beta };
    double e1, e2, whole = kl_to(v.back, ddpm, &e1);
    double shape = kl_to(v.back, best, &e2), width = dm_gaussian_kl(best, ddpm);

    dm_check_numeric(whole, shape + width, e1 + e2, 1.0, "2.14",
                     "KL to N(mean, beta), %s", where);
    dm_check_refutes(width, "the law taken for a Gaussian");
    dm_check_refutes(shape, "beta taken for its variance");
    dm_check_refutes(shape + dm_gaussian_kl(ddpm, best),
                     "the arguments swapped");
    free_scene(&v);
}

static void check_splits(const dm_options *o)
{
    size_t t = GSL_MAX(2, o->steps * 93 / 1000);
    char where[32];

    snprintf(where, sizeof where, "t = %zu", t);
    check_split(o->data1, step_of(o->schedule, t - 1, t), 2.6, where);
    check_split(o->data1, second_step(), 1.0, "0.56 to 0.7");
    check_split(o->data1, large_step(), 1.0, "0.05 to 0.9");
}

/* The third derivative of log q at x, in one dimension: the third central
 * moment of the bumps' scores, less 3 times their covariance with 1/V. */
double third_derivative(const dm_mixture *q, double x, double *size)
{
    double r[DM_COMPONENTS_MAX], s, sum = 0.0;

    dm_mixture_responsibilities(q, &x, r);
    dm_mixture_score(q, &x, &s);
    *size = 0.0;
    for (size_t k = 0; k < q->K; k++) {
        const dm_component *c = &q->component[k];
        double d = (c->mean[0] - x) / c->cov.xx - s;
        sum += r[k] * d * (d * d - 3.0 / c->cov.xx);
        *size += r[k] * fabs(d) * (d * d + 3.0 / c->cov.xx);
    }
    return sum;
}

static double third_moment(const dm_mixture *law)
{
    dm_gaussian g = best_gaussian(law);
    double sum = 0.0;

    for (size_t k = 0; k < law->K; k++) {
        const dm_component *c = &law->component[k];
        double d = c->mean[0] - g.mean;
        sum += c->weight * d * (d * d + 3.0 * c->cov.xx);
    }
    return sum;
}

static void check_third_moment(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double b = v.p.beta, cube = gsl_pow_3(b / sqrt(1.0 - b)), size;
    double third = third_derivative(v.q_t, v.x[0], &size);

    dm_check_exact(third_moment(v.back), cube * third, 64.0,
                   roundings(&v) * cube * (size + 1.0), "2.15",
                   "third central moment of x_(t-1)");
    dm_check_refutes(0.0, "a Gaussian");
    dm_check_refutes(gsl_pow_3(b) * third, "not divided by sqrt(1 - beta)");
    dm_check_refutes(b * sqrt(b) * third, "beta^(3/2) for beta^3");
    free_scene(&v);
}

dm_mixture *own_bumps(void)
{
    const double weight[] = { 0.3, 0.7 }, mean[] = { -1.2, 1.4 };
    const double variance[] = { 0.2, 0.3 };

    return dm_mixture_new(1, 2, weight, mean, variance);
}

/* KL of the step back from x_t = x to its best Gaussian, over beta^3; adds to
 * *error the error of that. */
static double kl_per_cube(const dm_mixture *data, double abar_t, double x,
                          double beta, double *error)
{
    step p = step_between(abar_t / (1.0 - beta), abar_t);
    dm_mixture *back = reverse(data, p, &x);
    double of_kl, kl = kl_to(back, best_gaussian(back), &of_kl);

    dm_mixture_free(back);
    *error += of_kl / gsl_pow_3(beta);
    return kl / gsl_pow_3(beta);
}

static void check_order(void)
{
    const double x = 0.5, abar_t = 0.5;
    dm_mixture *m = own_bumps();
    dm_mixture *q_t =
        dm_mixture_diffuse(m, (dm_level){ sqrt(abar_t), 1.0 - abar_t });
    double size, third = third_derivative(q_t, x, &size), k[4], once[3];
    double noise = 0.0;

    // snippet: order
    for (int i = 0; i < 4; i++) /* beta = 0.01 to 0.00125 */
        k[i] = kl_per_cube(m, abar_t, x, ldexp(0.01, -i), &noise);
    for (int i = 0; i < 3; i++)
        once[i] = 2.0 * k[i + 1] - k[i]; /* the beta of the error cancels */
    double better = (4.0 * once[2] - once[1]) / 3.0; /* and its beta^2 */
    double before = (4.0 * once[1] - once[0]) / 3.0;
    // end: order
    dm_check_numeric(better, third * third / 12.0,
                     fabs(better - before) + 4.0 * noise, 1.0, "2.16",
                     "KL/beta^3 for small beta");
    dm_check_refutes(third * third / 6.0, "1/6 for 1/12");
    dm_check_refutes(fabs(third) / 12.0, "s'' for its square");
    dm_check_refutes(0.0, "Gaussian to this order");
    double slope = 3.0 + log2(k[2] / k[3]), steeper = 3.0 + log2(k[1] / k[2]);
    dm_check_order(slope, 3.0, 2.0 * fabs(slope - steeper), "2.16",
                   "power of beta in KL");
    dm_check_refutes(2.0, "KL of order beta^2");
    dm_mixture_free(q_t);
    dm_mixture_free(m);
}

void section_gaussian(const dm_options *o)
{
    dm_check_table("gaussian");
    check_splits(o);
    check_third_moment(o->data1);
    check_order();
}
