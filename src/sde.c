#include "sde.h"

#include <math.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

static const double beta_0 = 0.1, beta_slope = 19.9; /* beta(t) and its slope */
static const double sigma_0 = 0.01,
                    sigma_ratio = 5000.0; /* sigma(1)/sigma(0) */

static int check(dm_sde sde, double t)
{
    if (sde != DM_SDE_VP && sde != DM_SDE_SUB_VP && sde != DM_SDE_VE)
        GSL_ERROR("need the SDE VP, sub-VP or VE", GSL_EINVAL);
    if (!(0.0 <= t && t <= 1.0))
        GSL_ERROR("need a time from 0 to 1", GSL_EDOM);
    return GSL_SUCCESS;
}

static double beta(double t)
{
    return beta_0 + beta_slope * t;
}

static double integral_of_beta(double t)
{
    return t * (beta_0 + 0.5 * beta_slope * t);
}

dm_level dm_sde_level(dm_sde sde, double t)
{
    if (check(sde, t) != GSL_SUCCESS)
        return (dm_level){ NAN, NAN };
    // snippet: level
    if (sde == DM_SDE_VE)
        return (dm_level){ 1.0, gsl_pow_2(sigma_0) *
                                    expm1(2.0 * t * log(sigma_ratio)) };
    double b = integral_of_beta(t), lost = -expm1(-b); /* 1 - e^-b */
    return (dm_level){ exp(-0.5 * b), sde == DM_SDE_VP ? lost : lost * lost };
    // end: level
}

double dm_sde_drift(dm_sde sde, double t)
{
    if (check(sde, t) != GSL_SUCCESS)
        return GSL_NAN;
    return sde == DM_SDE_VE ? 0.0 : -0.5 * beta(t);
}

double dm_sde_noise_rate(dm_sde sde, double t)
{
    if (check(sde, t) != GSL_SUCCESS)
        return GSL_NAN;
    // snippet: noise-rate
    if (sde == DM_SDE_VP)
        return beta(t);
    if (sde == DM_SDE_SUB_VP)
        return beta(t) * -expm1(-2.0 * integral_of_beta(t));
    double sigma = sigma_0 * pow(sigma_ratio, t);
    return 2.0 * log(sigma_ratio) * gsl_pow_2(sigma); /* slope of sigma^2 */
    // end: noise-rate
}
