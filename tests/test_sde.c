/* Properties of src/sde.c. */
#include <float.h>
#include <math.h>
#include <signal.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>

#include "errors.h"
#include "reference.h"
#include "sde.h"

TestSuite(sde, .init = errors_record);

static const dm_sde all[] = { DM_SDE_VP, DM_SDE_SUB_VP, DM_SDE_VE };
static const double times[] = { 1e-7, 0.0013, 0.137, 0.5, 0.871, 1.0 };

enum { SDES = 3, TIMES = 6 };

/* --- against the table ---------------------------------------------------- */

Test(sde, levels_agree_with_the_reference)
{
    reference table = reference_open("sde-kernels.tsv");

    while (reference_next(&table)) {
        double t = reference_number(&table, "t");
        dm_level vp = dm_sde_level(DM_SDE_VP, t);
        dm_level sub = dm_sde_level(DM_SDE_SUB_VP, t);
        dm_level ve = dm_sde_level(DM_SDE_VE, t);
        reference_holds(&table, "vp_mean_coef", vp.scale);
        reference_holds(&table, "vp_variance", vp.variance);
        reference_holds(&table, "int_beta", -2.0 * log(vp.scale));
        reference_holds(&table, "vp_mean_coef", sub.scale);
        reference_holds(&table, "subvp_variance", sub.variance);
        reference_holds(&table, "ve_variance", ve.variance);
        reference_holds(&table, "ve_sigma", sqrt(ve.variance + 1e-4));
        cr_expect(eq(dbl, ve.scale, 1.0));
    }
}

/* --- by other routes ------------------------------------------------------ */

/* d ln scale = f dt, and d(variance/scale^2) = g^2/scale^2 dt. */
static double log_scale_slope(double t, void *sde)
{
    return dm_sde_drift(*(const dm_sde *)sde, t);
}

static double noise_over_signal_slope(double t, void *sde)
{
    double scale = dm_sde_level(*(const dm_sde *)sde, t).scale;

    return dm_sde_noise_rate(*(const dm_sde *)sde, t) / gsl_pow_2(scale);
}

static double integral(double (*f)(double, void *), dm_sde sde, double t)
{
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(200);
    gsl_function F = { f, &sde };
    double result, error;

    cr_assert(
        zero(int, gsl_integration_qag(&F, 0.0, t, 0.0, 1e-12, 200,
                                      GSL_INTEG_GAUSS61, w, &result, &error)));
    gsl_integration_workspace_free(w);
    return result;
}

Test(sde, the_level_is_the_solution_of_the_equation)
{
    for (size_t i = 0; i < SDES * TIMES; i++) {
        dm_sde sde = all[i / TIMES];
        double t = times[i % TIMES];
        dm_level level = dm_sde_level(sde, t);
        double log_scale =
            sde == DM_SDE_VE ? 0.0 : integral(log_scale_slope, sde, t);
        double noise = integral(noise_over_signal_slope, sde, t);
        cr_expect(epsilon_eq(dbl, log(level.scale), log_scale,
                             1e-12 * fabs(log_scale) + DBL_EPSILON));
        cr_expect(epsilon_eq(dbl, level.variance / gsl_pow_2(level.scale),
                             noise, 2e-12 * noise),
                  "sde %d at %g", (int)sde, t);
    }
}

/* By a central difference: its error is the third slope times h^2/6.  With
 * rates of at most 20 the third slope of a variance is below 20^3 of its
 * largest value, and 2 epsilon of that are rounded, over h. */
Test(sde, the_variance_grows_by_2_f_variance_plus_g2)
{
    static const double h = 1e-5, inner[] = { 0.0013, 0.137, 0.5, 0.871 };

    for (size_t i = 0; i < SDES * 4; i++) {
        dm_sde sde = all[i / 4];
        double t = inner[i % 4];
        double after = dm_sde_level(sde, t + h).variance;
        double before = dm_sde_level(sde, t - h).variance;
        double slope =
            2.0 * dm_sde_drift(sde, t) * dm_sde_level(sde, t).variance +
            dm_sde_noise_rate(sde, t);
        double limit =
            (8000.0 * h * h / 6.0 + 2.0 * DBL_EPSILON / h) * fmax(1.0, after);
        cr_expect(epsilon_eq(dbl, (after - before) / (2.0 * h), slope, limit),
                  "sde %d at %g", (int)sde, t);
    }
}

/* The first two terms in t: b = 0.1 t, and 2 ln(5000) t. */
Test(sde, early_variances_keep_their_digits)
{
    double t = 1e-9, b = 0.1 * t * (1.0 + 99.5 * t);
    double ve = 2.0 * t * log(5000.0);
    double expected[] = { b * (1.0 - 0.5 * b), b * b * (1.0 - b),
                          1e-4 * ve * (1.0 + 0.5 * ve) };

    for (size_t i = 0; i < SDES; i++)
        cr_expect(epsilon_eq(dbl, dm_sde_level(all[i], t).variance, expected[i],
                             1e-14 * expected[i]));
}

Test(sde, levels_at_0_are_clean)
{
    for (size_t i = 0; i < SDES; i++) {
        cr_expect(eq(dbl, dm_sde_level(all[i], 0.0).scale, 1.0));
        cr_expect(eq(dbl, dm_sde_level(all[i], 0.0).variance, 0.0));
    }
}

Test(sde, sub_vp_starts_without_noise)
{
    cr_expect(eq(dbl, dm_sde_noise_rate(DM_SDE_SUB_VP, 0.0), 0.0));
    cr_expect(gt(dbl, dm_sde_noise_rate(DM_SDE_VP, 0.0), 0.0));
    cr_expect(gt(dbl, dm_sde_noise_rate(DM_SDE_VE, 0.0), 0.0));
}

/* --- errors --------------------------------------------------------------- */

static void expect_nothing(dm_sde sde, double t, int code)
{
    dm_level level = dm_sde_level(sde, t);

    cr_expect(isnan(level.scale) && isnan(level.variance));
    cr_expect(eq(int, errors_last(), code));
    cr_expect(isnan(dm_sde_drift(sde, t)));
    cr_expect(eq(int, errors_last(), code));
    cr_expect(isnan(dm_sde_noise_rate(sde, t)));
    cr_expect(eq(int, errors_last(), code));
}

Test(sde, a_time_outside_0_to_1_is_a_domain_error)
{
    static const double bad[] = { -1e-9, 1.0 + 1e-9, NAN, INFINITY };

    for (size_t i = 0; i < SDES * 4; i++)
        expect_nothing(all[i / 4], bad[i % 4], GSL_EDOM);
}

Test(sde, another_equation_is_an_invalid_argument)
{
    expect_nothing((dm_sde)3, 0.5, GSL_EINVAL);
    expect_nothing((dm_sde)-1, 0.5, GSL_EINVAL);
}

Test(sde_loud, a_bad_time_aborts_by_default, .init = cr_redirect_stderr,
     .signal = SIGABRT)
{
    dm_sde_level(DM_SDE_VP, 1.5);
}
