/* Section 5.5: the right variable. */
#include "ch05.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "flow.h"

double noise_of(dm_level level)
{
    return sqrt(level.variance) / level.scale;
}

// snippet: by-noise
/* dy/dsigma = eps*, Eq. (5.12), for GSL. */
int by_noise(double sigma, const double y[], double dy[], void *data)
{
    return dm_mixture_eps(data, (dm_level){ 1.0, sigma * sigma }, y, dy);
}
// end: by-noise

static void check_noise_as_time(dm_mixture *data)
{
    dm_level from = dm_sde_level(DM_SDE_VP, 0.6);
    dm_mixture *q = dm_mixture_diffuse(data, from);

    for (double share = 0.25; share < 0.9; share += 0.5) {
        double p = share_near(data, share);
        double x = dm_mixture_quantile(q, p), y = x / from.scale;
        double unscaled = x, squared = y;
        solve(by_noise, data, 1, noise_of(from), 0.0, &y);
        solve(by_noise, data, 1, noise_of(from), 0.0, &unscaled);
        solve(by_noise, data, 1, gsl_pow_2(noise_of(from)), 0.0, &squared);
        dm_check_numeric(y, dm_mixture_quantile(data, p), ALLOWED, 1.0, "5.12",
                         "x_0 of the point x_0.6 = %.3f", x);
        dm_check_refutes(unscaled, "x not divided by a");
        dm_check_refutes(squared, "c/a^2, the root lost");
    }
    dm_mixture_free(q);
}

/* The time at which VE has the noise sigma. */
static double ve_time(double sigma)
{
    double first = 0.01; /* sigma(0) */
    return log1p(gsl_pow_2(sigma / first)) / (2.0 * log(5000.0));
}

static void check_ve(dm_mixture *data)
{
    dm_level from = dm_sde_level(DM_SDE_VP, 0.6);
    dm_level to = dm_sde_level(DM_SDE_VP, 0.2);
    equation vp = { data, DM_SDE_VP, 0.5 }, sub = { data, DM_SDE_SUB_VP, 0.5 };
    equation ve = { data, DM_SDE_VE, 0.5 };
    double x = 0.8, y = x / from.scale, unscaled = x, wrong = y, other = x;

    solve(drift, &vp, 1, 0.6, 0.2, &x);
    solve(drift, &ve, 1, ve_time(noise_of(from)), ve_time(noise_of(to)), &y);
    solve(drift, &ve, 1, ve_time(noise_of(from)), ve_time(noise_of(to)),
          &unscaled);
    solve(drift, &ve, 1, 0.6, 0.2, &wrong);
    solve(drift, &sub, 1, 0.6, 0.2, &other);
    dm_check_numeric(x / to.scale, y, ALLOWED, 1.0, "5.11",
                     "x/a after the VP flow, and VE's");
    dm_check_refutes(unscaled, "x not divided by a");
    dm_check_refutes(wrong, "the same times");
    dm_check_refutes(other / to.scale, "sub-VP, the same times");
    dm_level ve_from = { 1.0, gsl_pow_2(noise_of(from)) };
    dm_level ve_to = { 1.0, gsl_pow_2(noise_of(to)) };
    dm_check_numeric(flow_to(data, ve_from, ve_to, 0.8 / from.scale, NULL), y,
                     ALLOWED, 1.0, "5.14", "the same, by the angle");
    dm_check_refutes(flow_to(data, from, to, 0.8 / from.scale, NULL),
                     "VE's point at the level of VP");
}

/* Euler's method for Eq. (5.12) over levels given from noise to data, as a
 * table, Eq. (5.13).  level: [n + 1]. */
static dm_sampler *by_euler(size_t n, const dm_level level[])
{
    dm_sampler *table = dm_sampler_new(n);

    // snippet: ddim
    for (size_t i = 0; i < n; i++) { /* Eq. (5.13) */
        dm_level t = level[i], s = level[i + 1];
        table->step[i] = (dm_step){ .A = s.scale / t.scale,
                                    .B = s.scale * (noise_of(s) - noise_of(t)),
                                    .from = t,
                                    .to = s };
    }
    // end: ddim
    return table;
}

size_t last_time(const dm_schedule *sch)
{
    size_t t = sch->T;

    while (t > 1 && sch->abar[t] < 1e-12)
        t--;
    return t;
}

dm_sampler *ddim(const dm_schedule *sch, size_t S, dm_sampler **euler)
{
    size_t *tau = malloc((S + 1) * sizeof *tau);
    dm_level *level = malloc((S + 1) * sizeof *level);

    dm_sampler_tau_uniform(last_time(sch), S, tau);
    for (size_t i = 0; i <= S; i++)
        level[i] = dm_schedule_level(sch, tau[S - i]);
    dm_sampler *table = dm_sampler_ddim(sch, S, tau, 0.0);
    if (euler != NULL)
        *euler = by_euler(S, level);
    free(tau);
    free(level);
    return table;
}

double after(const dm_mixture *data, const dm_step *step, double x)
{
    double eps;

    dm_mixture_eps(data, step->from, &x, &eps);
    return step->A * x + step->B * eps;
}

static void check_ddim(const dm_options *o)
{
    size_t S = GSL_MIN(20, last_time(o->schedule)), same = 0, middle = S / 2;
    dm_sampler *euler, *table = ddim(o->schedule, S, &euler);
    double x = 0.8, eps, rounds = 64.0 + 8.0 * (double)o->steps;

    for (size_t i = 0; i < S; i++) {
        double y = after(o->data1, &table->step[i], x);
        double limit = rounds * DBL_EPSILON * (fabs(table->step[i].A) + 1.0);
        same += fabs(y - after(o->data1, &euler->step[i], x)) <= 4.0 * limit;
    }
    const dm_step *step = &table->step[middle];
    dm_level t = step->from, s = step->to;
    dm_mixture_eps(o->data1, t, &x, &eps);
    double h = -log(gsl_pow_2(t.scale / s.scale)); /* integral of beta */
    double move =
        s.scale * eps * (gsl_pow_2(noise_of(s)) - gsl_pow_2(noise_of(t)));
    double size = fabs(step->A * x) + fabs(step->B * eps);
    dm_check_exact(after(o->data1, step, x),
                   after(o->data1, &euler->step[middle], x), rounds, size,
                   "5.13", "DDIM from t = %zu to %zu, x = 0.8", step->t,
                   step->s);
    dm_check_refutes(x + 0.5 * h * (x - eps / sqrt(t.variance)), "Euler in t");
    dm_check_refutes(step->A * x + move, "c/a^2, the root lost");
    dm_check_refutes(x + step->B * eps, "x not divided by a");
    dm_check_exact((double)same, (double)S, 0.0, 1.0, "5.13",
                   "steps of DDIM that are Euler's, of %zu", S);
    dm_check_refutes(0.0, "none");
    dm_sampler_free(table);
    dm_sampler_free(euler);
}

static void check_angle(const dm_mixture *data)
{
    const double angle = 1.0, y = 0.8;
    double c = cos(angle), s = sin(angle), v, eps, x_0, mean, noise = M_PI_2;
    dm_level level = { c, s * s };
    dm_mixture *q = dm_mixture_diffuse(data, level);
    dm_sym2 C;
    double rounds = 64.0 * dm_mixture_condition(q);

    dm_flow_velocity(data, angle, &y, &v, NULL);
    dm_mixture_eps(data, level, &y, &eps);
    dm_mixture_denoise(data, level, &y, &x_0, NULL);
    dm_check_exact(v, c * eps - s * x_0, rounds, fabs(eps) + fabs(x_0), "5.14",
                   "velocity at the angle 1");
    dm_check_refutes(s * eps - c * x_0, "sine for cosine");
    dm_check_refutes(c * eps + s * x_0, "the sign of the data");
    dm_check_refutes(eps, "that of Eq. (5.12)");
    dm_flow_velocity(data, noise, &y, &v, NULL);
    dm_mixture_moments(data, &mean, &C);
    dm_check_exact(v, -mean, 16.0, (1.0 + C.xx + mean * mean) * y + fabs(mean),
                   "5.14", "velocity at pure noise");
    dm_check_refutes(mean, "the sign of the data");
    dm_check_refutes(-y / c, "that of Eq. (5.12)");
    dm_mixture_free(q);
}

void section_variable(const dm_options *o)
{
    dm_check_table("variable");
    check_noise_as_time(o->data1);
    check_ve(o->data1);
    check_ddim(o);
    check_angle(o->data1);
}
