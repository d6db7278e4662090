/* Section 4.2: from the chain to an equation. */
#include "ch04.h"

#include <math.h>
#include <stdio.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "schedule.h"

static void check_step_to_drift(void)
{
    const double beta = 7.3;
    double y[4];

    for (int i = 0; i < 4; i++) {
        double h = ldexp(1.0 / 128.0, -i);
        y[i] = (sqrt(1.0 - beta * h) - (1.0 - 0.5 * beta * h)) / (h * h);
    }
    estimate e = limit_of(y);
    dm_check_numeric(e.value, -beta * beta / 8.0, e.error, 1.0, "4.5",
                     "what is left of the step, over h^2");
    dm_check_refutes(0.0, "no remainder");
    dm_check_refutes(-beta * beta / 2.0, "-beta^2/2, as of ln(1 - beta h)");
}

// snippet: forward
/* Mean (from x_0 = 1) and variance of n Euler steps from 0 to t, Eq. (4.6). */
static dm_gaussian euler_forward(dm_sde sde, double t, int n)
{
    dm_gaussian x = { 1.0, 0.0 };
    double h = t / n;

    for (int i = 0; i < n; i++) {
        double factor = 1.0 + h * dm_sde_drift(sde, h * i);
        x.mean *= factor;
        x.variance =
            factor * factor * x.variance + h * dm_sde_noise_rate(sde, h * i);
    }
    return x;
}
// end: forward

static void check_moments(dm_sde sde, const char *name, double t)
{
    dm_level level = dm_sde_level(sde, t);
    double mean[4], variance[4], b = -2.0 * log(level.scale);

    for (int i = 0; i < 4; i++) {
        dm_gaussian x = euler_forward(sde, t, 100 << i);
        mean[i] = x.mean;
        variance[i] = x.variance;
    }
    estimate m = limit_of(mean), v = limit_of(variance);
    if (sde != DM_SDE_VE) {
        dm_check_numeric(m.value, level.scale, m.error, 1.0, "4.7",
                         "%s: mean of x_t, h to 0", name);
        dm_check_refutes(exp(-b), "exp(-B) for its root");
    }
    dm_check_numeric(v.value, level.variance, v.error, 1.0, "4.7",
                     "%s: variance of x_t, h to 0", name);
    if (sde == DM_SDE_VP)
        dm_check_refutes(2.0 * -expm1(-0.5 * b), "V' = f V + g^2");
    if (sde == DM_SDE_SUB_VP)
        dm_check_refutes(-expm1(-b), "the variance of VP");
    if (sde == DM_SDE_VE)
        dm_check_refutes(level.variance + 1e-4, "sigma^2, with sigma(0)^2");
}

static double drift(double t, void *sde)
{
    return dm_sde_drift(*(const dm_sde *)sde, t);
}

/* g^2 over the square of the scale, both by quadrature. */
static double noise_over_signal(double t, void *sde)
{
    dm_sde which = *(const dm_sde *)sde;

    return dm_sde_noise_rate(which, t) * exp(-2.0 * integral(drift, sde, t));
}

static void check_kernel(dm_sde sde, const char *eq, double t)
{
    double b = t * (0.1 + 9.95 * t);
    double scale = sde == DM_SDE_VE ? 1.0 : exp(integral(drift, &sde, t));
    double v = scale * scale * integral(noise_over_signal, &sde, t);
    /* With the numbers of the page, not those of src/sde.c. */
    double right[] = { [DM_SDE_VP] = -expm1(-b),
                       [DM_SDE_SUB_VP] = gsl_pow_2(expm1(-b)),
                       [DM_SDE_VE] = 1e-4 * expm1(2.0 * t * log(5000.0)) };

    dm_check_numeric(v, right[sde], 4e-12 * v, 1.0, eq,
                     "%s: variance at t = %.1f", names[sde], t);
    if (sde == DM_SDE_VE) {
        dm_check_refutes(right[sde] + 1e-4, "sigma^2, with sigma(0)^2");
        dm_check_refutes(-expm1(-b), "VE taken for DDPM's noise");
    } else {
        dm_check_refutes(-expm1(-2.0 * b), "the square inside: 1 - e^(-2B)");
        dm_check_refutes(sde == DM_SDE_VP ? gsl_pow_2(expm1(-b)) : -expm1(-b),
                         sde == DM_SDE_VP ? "sub-VP's" : "VP's");
    }
}

/* T (ln abar_T + B) for T steps with the rates of VP over T. */
static double discrete_gap(size_t T, double *abar)
{
    dm_schedule *s = dm_schedule_linear(T, 0.1 / (double)T, 20.0 / (double)T);
    double gap = (double)T * (log(s->abar[T]) + 10.05);

    *abar = s->abar[T];
    dm_schedule_free(s);
    return gap;
}

static void check_discrete(void)
{
    const double square = 0.01 + 0.1 * 19.9 + 19.9 * 19.9 / 3.0;
    double y[4], abar[4], error[4];

    for (size_t i = 0; i < 4; i++)
        y[i] = discrete_gap((size_t)1000 << i, &abar[i]);
    estimate e = limit_of(y);
    dm_check_numeric(e.value, -0.5 * square, e.error, 1.0, "4.11",
                     "T (ln abar_T + B), T to infinity");
    dm_check_refutes(0.0, "abar_T = e^(-B) for every T");
    dm_check_refutes(-square, "beta^2 for beta^2/2");
    for (size_t i = 0; i < 4; i++)
        error[i] = fabs(abar[i] / exp(-10.05) - 1.0);
    check_order(error, 1.0, "4.11", "order in 1/T of abar_T");
    dm_check_refutes(2.0, "2");
    printf("abar_T: %.4e in 1000 steps, %.4e in continuous time\n", abar[0],
           exp(-10.05));
}

void section_chain(void)
{
    dm_check_table("chain");
    check_step_to_drift();
    for (size_t i = 0; i < 3; i++)
        check_moments(all_sdes[i], names[i], 0.3);
    dm_check_table("kernels");
    check_kernel(DM_SDE_VP, "4.8", 0.3);
    check_kernel(DM_SDE_SUB_VP, "4.9", 0.3);
    check_kernel(DM_SDE_VE, "4.10", 0.3);
    dm_check_table("discrete");
    check_discrete();
}
