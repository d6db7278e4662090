/* Section 2.5: mean and variance. */
#include "ch02.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

/* (y - about)^power q_s(y) q(x_t given x_s = y); m is q_s. */
static double joint_power(double y, void *params)
{
    what *w = params;
    return gsl_pow_int(y - w->about, w->power) *
           exp(dm_mixture_log_density(w->m, &y) +
               dm_gaussian_log_pdf(kernel(w->p, y), w->xt));
}

static double joint_integral(what w, double epsabs)
{
    double a = sqrt(1.0 - w.p.beta), result = NAN;
    dm_gaussian pointed = { w.xt / a, w.p.beta / (a * a) };

    dm_mixture_integrate(w.m, &pointed, joint_power, &w, epsabs, &result);
    return result;
}

static void check_tweedie_1d(const dm_mixture *data, double u, double z)
{
    scene v = scene_at(data, second_step(), u, z);
    double b = v.p.beta, a = sqrt(1.0 - b), x = v.x[0], s;
    dm_sym2 h;

    dm_mixture_score(v.q_t, &x, &s);
    dm_mixture_hessian(v.q_t, &x, &h);
    double tol = tolerance(&v, fabs(x)), size = fabs(x) + fabs(s) + 1.0;
    what w = { .m = v.q_s, .p = v.p, .xt = x };
    double density = exp(dm_mixture_log_density(v.q_t, &x));
    // snippet: tweedie
    density = joint_integral(w, tol * density); /* q_t(x_t) */
    w.power = 1;
    double mean = joint_integral(w, tol * density * size) / density;
    dm_check_numeric(mean, (x + b * s) / a, 4.0 * tol * size, 1.0, "2.9",
                     "1-D: E[x_(t-1) given x_t = %.2g]", x);
    dm_check_refutes((x - b * s) / a, "the sign of the score");
    dm_check_refutes((x + sqrt(b) * s) / a, "sqrt(beta) for beta");
    dm_check_refutes(x + 0.5 * b * x + b * s, "x + beta (x/2 + s), Euler's");
    dm_check_refutes(x + b * s, "not divided by sqrt(1 - beta)");
    // end: tweedie
    w.power = 2;
    w.about = mean;
    dm_check_numeric(joint_integral(w, tol * density * b) / density,
                     b / (a * a) * (1.0 + b * h.xx), 4.0 * tol, b, "2.10",
                     "1-D: Var[x_(t-1) given x_t = %.2g]", x);
    dm_check_refutes(b, "beta at every x_t");
    dm_check_refutes(b * v.p.c_s / v.p.c_t, "beta-tilde at every x_t");
    dm_check_refutes(b / (a * a) * (1.0 + v.p.c_t * h.xx), "c_t H for beta H");
    dm_check_refutes(b * (1.0 + b * h.xx), "not divided by 1 - beta");
    free_scene(&v);
}

static void check_tweedie_2d(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double b = v.p.beta, a = sqrt(1.0 - b), s[2], mean[2];
    dm_sym2 h, cov;

    dm_mixture_score(v.q_t, v.x, s);
    dm_mixture_hessian(v.q_t, v.x, &h);
    dm_mixture_moments(v.back, mean, &cov);
    double scale = roundings(&v) * (fabs(v.x[0]) + fabs(v.x[1]) + 1.0);
    for (size_t j = 0; j < 2; j++) {
        dm_check_exact((v.x[j] + b * s[j]) / a, mean[j], 64.0, scale, "2.9",
                       "2-D: E[x_(t-1) given x_t], %s", j == 0 ? "x" : "y");
        dm_check_refutes((v.x[j] - b * s[j]) / a, "the sign of the score");
    }
    dm_check_exact(b * b / (a * a) * h.xy, cov.xy, 64.0, scale, "2.10",
                   "2-D: Cov[x_(t-1) given x_t], xy");
    dm_check_refutes(0.0, "sigma^2 times the unit matrix");
    dm_check_exact(b / (a * a) * (1.0 + b * h.yy), cov.yy, 64.0, scale, "2.10",
                   "2-D: Cov[x_(t-1) given x_t], yy");
    dm_check_refutes(b, "beta in every direction");
    dm_check_refutes(b * v.p.c_s / v.p.c_t, "beta-tilde in every direction");
    free_scene(&v);
}

static void check_total_variance(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double of_x0 = sqrt(v.p.abar_s) * v.p.beta / v.p.c_t;
    double within = v.p.beta * v.p.c_s / v.p.c_t;
    dm_level level = { sqrt(v.p.abar_t), v.p.c_t };
    dm_sym2 total, start;

    dm_mixture_moments(v.back, NULL, &total);
    dm_mixture_denoise(data, level, v.x, NULL, &start);
    dm_check_exact(total.xx, within + of_x0 * of_x0 * start.xx, 64.0,
                   roundings(&v) * dm_mixture_condition(data), "2.11",
                   "1-D: variance within plus between");
    dm_check_refutes(within, "E[x_0 given x_t] put in for x_0");
    dm_check_refutes(of_x0 * of_x0 * start.xx, "beta-tilde left out");
    dm_check_refutes(within + of_x0 * start.xx, "coefficient not squared");
    free_scene(&v);
}

void section_tweedie(const dm_options *o)
{
    dm_check_table("tweedie");
    check_tweedie_1d(o->data1, 0.3, 1.0);
    check_tweedie_1d(o->data1, 0.8, 0.4);
    check_tweedie_2d(o->data2);
    check_total_variance(o->data1);
}
