/* Section 5.2: why the score is halved. */
#include "ch05.h"

#include <math.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_odeiv2.h>

#include "check.h"

static void check_residuals(const dm_mixture *data)
{
    place at = place_at(data, DM_SDE_VP, T_MIDDLE, 0.2);
    static const double kappa[] = { 1.0, 0.25, 0.0 };

    for (size_t i = 0; i < 3; i++) {
        double error, slope = flux_slope(&at, kappa[i], &error);
        double expected = (0.5 - kappa[i]) * at.g2 * at.by.xx;
        dm_check_numeric(at.q_t + slope, expected, at.error + error,
                         fabs(at.q_t), "5.6", "what is left, kappa = %g",
                         kappa[i]);
        dm_check_refutes(0.0, "this velocity carries the law too");
        dm_check_refutes(2.0 * expected, "1 - 2 kappa for 1/2 - kappa");
    }
}

// snippet: drift
int drift(double t, const double x[], double dx[], void *params)
{
    const equation *e = params;
    dm_mixture *q = dm_mixture_diffuse(e->data, dm_sde_level(e->sde, t));
    double f = dm_sde_drift(e->sde, t), g2 = dm_sde_noise_rate(e->sde, t);

    dm_mixture_score(q, x, dx); /* dx is the score until the next line */
    for (size_t j = 0; j < e->data->dim; j++)
        dx[j] = f * x[j] - e->kappa * g2 * dx[j];
    dm_mixture_free(q);
    return GSL_SUCCESS;
}
// end: drift

void solve(int (*slope)(double, const double[], double[], void *), void *params,
           size_t n, double t, double s, double x[])
{
    gsl_odeiv2_system system = { slope, NULL, n, params };
    gsl_odeiv2_driver *driver =
        gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd,
                                      1e-3 * (s - t), 1e-30, 1e-13);

    int status = gsl_odeiv2_driver_apply(driver, &t, s, x);
    gsl_odeiv2_driver_free(driver);
    if (status != GSL_SUCCESS)
        GSL_ERROR_VOID("the equation could not be solved", status);
}

dm_mixture *gaussian_like(const dm_mixture *data)
{
    double one = 1.0, mean[2];
    dm_sym2 C;

    dm_mixture_moments(data, mean, &C);
    double cov[] = { C.xx, C.xy, C.yy };
    return dm_mixture_new(data->dim, 1, &one, mean, cov);
}

double length(double v, dm_level s, dm_level t, double *V_s, double *V_t)
{
    *V_s = s.scale * s.scale * v + s.variance;
    *V_t = t.scale * t.scale * v + t.variance;
    return log(gsl_pow_2(s.scale / t.scale) * *V_t / *V_s);
}

static void check_dropped_noise(const dm_mixture *data)
{
    static const double kappa[] = { 0.5, 1.0, 0.0 };
    dm_mixture *g = gaussian_like(data);
    dm_level end = { 1.0, 0.0 }, start = dm_sde_level(DM_SDE_VP, 1.0);
    double v, V_t, l = length(g->component->cov.xx, end, start, &v, &V_t);

    for (size_t i = 0; i < 3; i++) {
        equation e = { g, DM_SDE_VP, kappa[i] };
        double low = 0.0, high = 1.0; /* the map is a straight line */
        solve(drift, &e, 1, 1.0, 0.0, &low);
        solve(drift, &e, 1, 1.0, 0.0, &high);
        double variance = gsl_pow_2(high - low) * V_t;
        double expected = v * exp((1.0 - 2.0 * kappa[i]) * l);
        double size = fmax(fabs(low), fabs(high)) / fabs(high - low);
        dm_check_numeric(variance, expected, ALLOWED * size * expected, 1.0,
                         "5.7", "variance of x_0, kappa = %g", kappa[i]);
        for (size_t j = 0; j < 3; j++)
            if (j != i)
                dm_check_refutes(v * exp((1.0 - 2.0 * kappa[j]) * l),
                                 j == 0   ? "that of the data"
                                 : j == 1 ? "noise dropped, g^2 kept"
                                          : "noise and score dropped");
    }
    dm_mixture_free(g);
}

void section_half(const dm_options *o)
{
    dm_check_table("half");
    check_residuals(o->data1);
    check_dropped_noise(o->data1);
}
