/* Section 3.7: what the estimate costs. */
#include "ch03.h"

#include <math.h>
#include <stdio.h>

#include <gsl/gsl_math.h>

#include "check.h"

/* An integrand over x_0: the joint density of x_0 and x_t, times a power of the
 * distance of x_s from a point, given both. */
typedef struct {
    const dm_mixture *data;
    jump j;
    back b;
    double x_t, point;
    int power; /* 0, 1 or 2 */
} known;

static double joint_moment(double x0, void *params)
{
    known *k = params;
    dm_gaussian x_t = { sqrt(k->j.abar_t) * x0, k->j.c_t };
    double density = exp(dm_mixture_log_density(k->data, &x0)) *
                     dm_gaussian_pdf(x_t, k->x_t);
    double mean = k->b.m * k->x_t + k->b.kappa * x0 - k->point;

    if (k->power == 2)
        return density * (mean * mean + k->b.sigma * k->b.sigma);
    return k->power == 1 ? density * mean : density;
}

static double integral_over_data(known *k, double epsabs)
{
    dm_gaussian likely = { k->x_t / sqrt(k->j.abar_t), k->j.c_t / k->j.abar_t };
    double result = NAN;

    dm_mixture_integrate(k->data, &likely, joint_moment, k, epsabs, &result);
    return result;
}

/* What one step of the example does to the point x: of its variance, sigma^2 is
 * made and so much lost. */
typedef struct {
    back b;
    double made, lost;
} cost;

/* Rows: mean and variance of x_s given x_t = x at this eta, Eq. (3.19). */
static cost check_cost(const dm_mixture *data, double eta, double x)
{
    jump j = example();
    known k = { data, j, at_eta(j, eta), x, 0.0, 1 };
    double tol = dm_mixture_tolerance(data, TOLERANCE), estimate;
    dm_level level = { sqrt(j.abar_t), j.c_t };
    dm_mixture *q_t = dm_mixture_diffuse(data, level);
    double density = exp(dm_mixture_log_density(q_t, &x));
    dm_sym2 cov;

    dm_mixture_free(q_t);
    dm_mixture_denoise(data, level, &x, &estimate, &cov);
    cost c = { k.b, gsl_pow_2(k.b.sigma), gsl_pow_2(k.b.kappa) * cov.xx };
    double size = fabs(x) + fabs(estimate) + sqrt(cov.xx) + 1.0;
    k.point = integral_over_data(&k, tol * density * size) / density;
    dm_check_numeric(k.point, k.b.m * x + k.b.kappa * estimate,
                     4.0 * tol * size, 1.0, "3.19",
                     "E[x_s given x_t], eta = %.1f", eta);
    dm_check_refutes(k.b.m * x + k.b.kappa * x / sqrt(j.abar_t),
                     "x_t/sqrt(abar_t) for the estimate");
    k.power = 2;
    size *= size;
    double spread = integral_over_data(&k, tol * density * size) / density;
    dm_check_numeric(spread, c.made + c.lost, 4.0 * tol * size, 1.0, "3.19",
                     "Var[x_s given x_t], eta = %.1f", eta);
    dm_check_refutes(c.made, "the estimate taken for x_0");
    if (eta == 0.5) {
        dm_check_refutes(c.made + k.b.kappa * cov.xx, "kappa for its square");
        dm_check_refutes(c.made + j.abar_s * cov.xx, "sqrt(abar_s) for kappa");
    }
    return c;
}

/* Checks, and then prints, what one step of the example loses. */
static void check_costs(const dm_options *o)
{
    static const double at[] = { 0.0, 0.2, 0.5, 0.8, 1.0 };
    enum { COSTS = sizeof at / sizeof *at };
    jump j = example();
    double x = typical_point(o->data1, j.abar_t, j.c_t);
    cost all[COSTS];

    for (size_t i = 0; i < COSTS; i++)
        all[i] = check_cost(o->data1, at[i], x);
    printf("-- cost --\n%5s %8s %8s %8s %18s %10s %10s\n", "eta", "sigma^2",
           "m", "kappa", "kappa^2 Var[x_0]", "together", "lost");
    for (size_t i = 0; i < COSTS; i++) {
        cost c = all[i];
        printf("%5.2g %8.4f %8.4f %8.4f %18.4g %10.4g %9.0f%%\n", at[i], c.made,
               c.b.m, c.b.kappa, c.lost, c.made + c.lost,
               100.0 * c.lost / (c.made + c.lost));
    }
}

void section_estimate(const dm_options *o)
{
    dm_check_table("estimate");
    check_costs(o);
}
