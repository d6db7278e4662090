/* The exercises of chapter 2. */
#include "ch02.h"

#include <math.h>

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>

#include "check.h"

static void check_third_form(void)
{
    step p = first_step();
    double eps = (XT - sqrt(p.abar_t) * X0) / sqrt(p.c_t);
    double tilde = p.c_s / p.c_t * p.beta, start = sqrt(p.abar_s) * X0;

    dm_check_exact(start + sqrt(p.c_s - tilde) * eps, posterior(p, XT, X0).mean,
                   64.0, 1.0, "2.4", "Ex. 1: mean from x_0 and eps");
    dm_check_refutes(start + sqrt(p.c_s) * eps, "beta-tilde not taken off");
    dm_check_refutes(start + sqrt(tilde) * eps, "sigma in front of eps");
}

static void check_euler(void)
{
    const double x = 0.7, s = 1.3;
    double e[4];

    for (int i = 0; i < 4; i++) {
        double b = ldexp(0.02, -i);
        e[i] =
            ((x + b * s) / sqrt(1.0 - b) - (x + 0.5 * b * x + b * s)) / (b * b);
    }
    double better = 2.0 * e[3] - e[2], before = 2.0 * e[2] - e[1];
    dm_check_numeric(better, 0.5 * s + 0.375 * x, fabs(better - before), 1.0,
                     "2.9", "Ex. 2: (mean - Euler's)/beta^2");
    dm_check_refutes(0.5 * s + 0.125 * x, "1/8 for 3/8");
    dm_check_refutes(0.5 * s, "beta^2 of the root left out");
}

static void check_data_points(void)
{
    const double weight[] = { 0.25, 0.25, 0.25, 0.25 };
    const double point[] = { -1.2, 0.1, 0.8, 2.0 };
    const double tiny[] = { 1e-300, 1e-300, 1e-300, 1e-300 };
    const double x = 0.3;
    step p = step_between(1.0, 0.56);
    dm_mixture *m = dm_mixture_new(1, 4, weight, point, tiny);
    dm_mixture *q_t = law_after(m, p);
    double s, sum[3] = { 0.0 }, mean[3] = { 0.0 };

    dm_mixture_score(q_t, &x, &s);
    for (size_t k = 0; k < 4; k++) {
        double d = fabs(x - sqrt(p.abar_t) * point[k]);
        double w[] = { exp(-0.5 * d * d / p.c_t), d, 1.0 / d };
        for (size_t i = 0; i < 3; i++) {
            sum[i] += w[i];
            mean[i] += w[i] * point[k];
        }
    }
    dm_check_exact((x + p.beta * s) / sqrt(1.0 - p.beta), mean[0] / sum[0],
                   64.0, 1.0, "2.9", "Ex. 3: E[x_0], data of four points");
    dm_check_refutes(mean[1] / sum[1], "weighted by the distance");
    dm_check_refutes(mean[2] / sum[2], "weighted by 1 over the distance");
    dm_mixture_free(m);
    dm_mixture_free(q_t);
}

/* E[x_1 given x_2, x_3] for data N(0, 1.7) by the precision of the three. */
static void check_backward_markov(void)
{
    const double abar[] = { 0.9, 0.7, 0.3 }, v = 1.7, x2 = 0.8, x3 = -1.1;
    double cov[9];
    gsl_matrix_view C = gsl_matrix_view_array(cov, 3, 3);
    step p = step_between(abar[0], abar[1]);
    double var2 = abar[1] * v + 1.0 - abar[1];
    double var3 = abar[2] * v + 1.0 - abar[2];

    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            size_t s = GSL_MIN(i, j), t = GSL_MAX(i, j);
            cov[3 * i + j] =
                sqrt(abar[t] / abar[s]) * (abar[s] * v + 1.0 - abar[s]);
        }
    double cov12 = cov[1], cov13 = cov[2];
    gsl_linalg_cholesky_decomp1(&C.matrix);
    gsl_linalg_cholesky_invert(&C.matrix);
    dm_check_exact(-(cov[1] * x2 + cov[2] * x3) / cov[0],
                   (x2 - p.beta * x2 / var2) / sqrt(1.0 - p.beta), 64.0, 1.0,
                   "2.9", "Ex. 4: E[x_1 given x_2, x_3]");
    dm_check_refutes(cov12 / var2 * x2 + cov13 / var3 * x3,
                     "x_3 added as if x_2 were unknown");
}

void section_exercises(void)
{
    dm_check_table("exercises");
    check_third_form();
    check_euler();
    check_data_points();
    check_backward_markov();
}
