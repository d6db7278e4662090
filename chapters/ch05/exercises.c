/* The exercises of chapter 5. */
#include "ch05.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

static void check_points(void)
{
    const double one = 1.0, mean = 0.7, tiny = 1e-9, zero = 0.0, x = 1.4;
    dm_mixture *point = dm_mixture_new(1, 1, &one, &mean, &tiny);
    dm_mixture *normal = dm_mixture_new(1, 1, &one, &zero, &one);
    dm_level t = dm_sde_level(DM_SDE_VP, 0.8), s = dm_sde_level(DM_SDE_VP, 0.2);
    dm_step ddim = euler_step(IN_SIGMA, 0.8, 0.2);
    dm_step euler = euler_step(IN_T, 0.8, 0.2);

    double exact = flow_to(point, t, s, x, NULL);
    double error = TOLERANCE + 10.0 * tiny / s.variance;
    dm_check_numeric(after(point, &ddim, x), exact, error, 1.0, "5.13",
                     "Ex. 1: one step, data in one point");
    dm_check_refutes(after(point, &euler, x), "Euler in t");
    dm_check_numeric(after(normal, &euler, x), x, TOLERANCE, 1.0, "5.4",
                     "Ex. 1: one step in t, data N(0, 1)");
    dm_check_refutes(after(normal, &ddim, x), "DDIM");
    dm_mixture_free(point);
    dm_mixture_free(normal);
}

static void check_exercises(void)
{
    const double one = 1.0, mean = 5.0, variance = 40.0;
    way_back w = example_way();
    double half = sqrt(2.0 * M_LN2 / w.length);
    trend a = reverse_limit(w.data, half, (dm_gaussian){ 0.0, 0.0 }, 1);
    trend b = reverse_limit(w.data, half, (dm_gaussian){ 1.0, 0.0 }, 1);
    double ratio = sqrt(w.start.variance / w.end.variance);

    check_points();
    dm_check_numeric(ratio * (b.limit - a.limit), 0.5,
                     ratio * (a.error + b.error), 1.0, "5.18",
                     "Ex. 2: correlation, lambda = %.4f", half);
    dm_check_refutes(exp(-0.5 * half * w.length), "lambda for lambda^2");
    double t = (sqrt(0.01 + 39.8 * M_LN2) - 0.1) / 19.9;
    dm_check_exact(noise_of(dm_sde_level(DM_SDE_VP, t)), 1.0, 16.0, 1.0, "5.11",
                   "Ex. 3: sigma at t = %.4f", t);
    dm_check_refutes(noise_of(dm_sde_level(DM_SDE_VP, M_LN2)), "t = ln 2");
    dm_mixture *ten = dm_mixture_new(1, 1, &one, &mean, &variance);
    double here = NAN, there = NAN;
    dm_mixture_integrate(w.data, NULL, own_surprise, w.data, 1e-10, &here);
    dm_mixture_integrate(ten, NULL, own_surprise, ten, 1e-10, &there);
    dm_check_numeric((there - here) / M_LN2, log2(10.0), 2e-10 / M_LN2, 1.0,
                     "5.23", "Ex. 4: bits added by x -> 10 x");
    dm_check_refutes(0.0, "bits do not depend on the unit");
    dm_mixture_free(ten);
    dm_mixture_free(w.data);
}

void section_exercises(void)
{
    dm_check_table("exercises");
    check_exercises();
}
