#include "sampler.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

/* --- tables --------------------------------------------------------------- */

dm_sampler *dm_sampler_new(size_t n)
{
    if (n < 1)
        GSL_ERROR_NULL("need a step", GSL_EDOM);
    dm_sampler *sampler = malloc(sizeof *sampler);
    dm_step *step = calloc(n, sizeof *step);
    if (sampler == NULL || step == NULL) {
        free(sampler);
        free(step);
        GSL_ERROR_NULL("no memory for sampler", GSL_ENOMEM);
    }
    for (size_t i = 0; i < n; i++)
        step[i] =
            (dm_step){ .A = 1.0, .from = { 1.0, 0.0 }, .to = { 1.0, 0.0 } };
    *sampler = (dm_sampler){ n, step };
    return sampler;
}

void dm_sampler_free(dm_sampler *sampler)
{
    if (sampler == NULL)
        return;
    free(sampler->step);
    free(sampler);
}

/* A step of a schedule's from time t to s. */
static dm_step between(const dm_schedule *sch, size_t t, size_t s)
{
    return (dm_step){ .from = dm_schedule_level(sch, t),
                      .to = dm_schedule_level(sch, s),
                      .t = t,
                      .s = s };
}

dm_sampler *dm_sampler_forward(const dm_schedule *sch)
{
    dm_sampler *sampler = dm_sampler_new(sch->T);

    for (size_t t = 1; sampler != NULL && t <= sch->T; t++) {
        dm_step step = between(sch, t - 1, t);
        step.A = sqrt(1.0 - sch->beta[t]);
        step.C = sqrt(sch->beta[t]);
        sampler->step[t - 1] = step;
    }
    return sampler;
}

dm_sampler *dm_sampler_ddpm(const dm_schedule *sch, dm_variance variance)
{
    if (variance != DM_VARIANCE_BETA && variance != DM_VARIANCE_BETA_TILDE)
        GSL_ERROR_NULL("need the variance beta or beta-tilde", GSL_EINVAL);
    dm_sampler *sampler = dm_sampler_new(sch->T);
    const double *beta = sch->beta, *c = sch->c;

    for (size_t t = sch->T; sampler != NULL && t > 0; t--) {
        dm_step step = between(sch, t, t - 1);
        // snippet: ddpm
        step.A = 1.0 / sqrt(1.0 - beta[t]);
        step.B = -beta[t] / sqrt(c[t] * (1.0 - beta[t]));
        step.C = sqrt(beta[t]);
        if (variance == DM_VARIANCE_BETA_TILDE)
            step.C *= sqrt(c[t - 1] / c[t]);
        if (t == 1)
            step.C = 0.0;
        // end: ddpm
        sampler->step[sch->T - t] = step;
    }
    return sampler;
}

/* --- times ---------------------------------------------------------------- */

static int is_number_of_times(size_t T, size_t S)
{
    return 1 <= S && S <= T && T <= DM_STEPS_MAX;
}

int dm_sampler_tau_uniform(size_t T, size_t S, size_t tau[])
{
    if (!is_number_of_times(T, S))
        GSL_ERROR("need 1 <= S <= T <= 1000000", GSL_EDOM);
    for (uint64_t i = 0; i <= S; i++)
        tau[i] = (size_t)((2 * T * i + S) / (2 * S));
    return GSL_SUCCESS;
}

int dm_sampler_tau_quadratic(size_t T, size_t S, size_t tau[])
{
    if (!is_number_of_times(T, S))
        GSL_ERROR("need 1 <= S <= T <= 1000000", GSL_EDOM);
    tau[0] = 0;
    for (uint64_t i = 1, S2 = (uint64_t)S * S; i <= S; i++) {
        size_t rounded = (size_t)((2 * T * i * i + S2) / (2 * S2));
        tau[i] = GSL_MAX(tau[i - 1] + 1, rounded);
    }
    return GSL_SUCCESS;
}

/* Whether tau is 0 = tau[0] < ... < tau[S] <= T; otherwise an error that says
 * where it is not. */
static int check_times(const dm_schedule *sch, size_t S, const size_t tau[])
{
    static _Thread_local char why[120];

    if (S < 1)
        GSL_ERROR("tau is empty: need a time above 0", GSL_EDOM);
    if (tau[0] != 0)
        GSL_ERROR("need tau_0 = 0", GSL_EDOM);
    for (size_t i = 1; i <= S; i++) {
        if (tau[i] > tau[i - 1] && tau[i] <= sch->T)
            continue;
        snprintf(why, sizeof why,
                 "tau_%zu = %zu: need more than tau_%zu = %zu, "
                 "and T = %zu at most",
                 i, tau[i], i - 1, tau[i - 1], sch->T);
        GSL_ERROR(why, GSL_EDOM);
    }
    if (!(sch->abar[tau[S]] >= DBL_MIN))
        GSL_ERROR("abar underflows: no signal is left to scale up",
                  GSL_EUNDRFLW);
    return GSL_SUCCESS;
}

/* --- the DDIM family ------------------------------------------------------ */

double dm_sampler_eta_max(const dm_schedule *sch, size_t S, const size_t tau[],
                          size_t *tightest)
{
    double largest = INFINITY;
    size_t at = 1;

    if (check_times(sch, S, tau) != GSL_SUCCESS)
        return GSL_NAN;
    for (size_t i = 2; i <= S; i++) {
        double kept =
            gsl_pow_2(dm_schedule_jump(sch, tau[i - 1], tau[i]).scale);
        double lost = dm_schedule_jump(sch, tau[i - 1], tau[i]).variance;
        /* eta^2 = (1 - abar_t)/(1 - abar_t/abar_s), as 1 and what is above it.
         * The roundings here and in dm_schedule_reverse add up to less than
         * 16 epsilon in eta^2; and none is made there at eta = 1. */
        double above = kept * sch->c[tau[i - 1]] / lost;
        double bound = sqrt(1.0 + above) * (1.0 - 8.0 * DBL_EPSILON);
        bound = fmax(1.0, bound);
        if (bound < largest) {
            largest = bound;
            at = i;
        }
    }
    if (tightest != NULL)
        *tightest = at;
    return largest;
}

/* The error for an eta above the bound. */
static int check_eta(const dm_schedule *sch, size_t S, const size_t tau[],
                     double eta)
{
    static _Thread_local char why[120];
    size_t i;

    if (!(eta >= 0.0 && isfinite(eta)))
        GSL_ERROR("need a finite eta >= 0", GSL_EDOM);
    double largest = dm_sampler_eta_max(sch, S, tau, &i);
    if (eta <= largest)
        return GSL_SUCCESS;
    snprintf(why, sizeof why,
             "sigma^2 > 1 - abar_s in the step from t = %zu to s = %zu: "
             "the largest eta allowed is %.15g",
             tau[i], tau[i - 1], largest);
    GSL_ERROR(why, GSL_EDOM);
}

/* Where A is large it nearly cancels against B, for A sqrt(v) + B is
 * coef_xt sqrt(v) exactly.  So B is taken from the A that was rounded, with
 * what the root of v lost, and both errors cancel as well.  (Where A is near 1
 * this would cost B its digits.) */
enum { LARGE = 10 };

static double matched(double A, double coef_xt, double v)
{
    double root = sqrt(v);
    double lost = fma(-root, root, v) / (2.0 * root);

    return -fma(A, root, -coef_xt * root) - A * lost;
}

dm_sampler *dm_sampler_ddim(const dm_schedule *sch, size_t S,
                            const size_t tau[], double eta)
{
    if (check_times(sch, S, tau) != GSL_SUCCESS ||
        check_eta(sch, S, tau, eta) != GSL_SUCCESS)
        return NULL;
    dm_sampler *sampler = dm_sampler_new(S);

    for (size_t i = S; sampler != NULL && i > 0; i--) {
        size_t t = tau[i], s = tau[i - 1];
        dm_step step = between(sch, t, s);
        dm_reverse r = { 0.0, 0.0, 0.0 };
        dm_schedule_reverse(sch, s, t, eta, &r);
        // snippet: ddim
        step.A = 1.0 / dm_schedule_jump(sch, s, t).scale;
        step.B = -r.coef_x0 * sqrt(step.from.variance) / step.from.scale;
        step.C = r.sigma;
        // end: ddim
        if (step.A > LARGE)
            step.B = matched(step.A, r.coef_xt, step.from.variance);
        sampler->step[S - i] = step;
    }
    return sampler;
}

dm_sampler *dm_sampler_sigma_hat(const dm_schedule *sch, size_t S,
                                 const size_t tau[])
{
    dm_sampler *sampler = dm_sampler_ddim(sch, S, tau, 1.0);

    for (size_t i = 0; sampler != NULL && i < S; i++) {
        dm_step *step = &sampler->step[i];
        if (step->s > 0)
            step->C = sqrt(dm_schedule_jump(sch, step->s, step->t).variance);
    }
    return sampler;
}

/* --- reverse SDEs --------------------------------------------------------- */

int dm_sampler_times(double t_min, size_t n, double t[])
{
    if (!(0.0 < t_min && t_min < 1.0))
        GSL_ERROR("need t_min between 0 and 1", GSL_EDOM);
    if (n < 1 || n > DM_STEPS_MAX)
        GSL_ERROR("need 1 to 1000000 steps", GSL_EDOM);
    for (size_t i = 0; i <= n; i++)
        t[i] = t_min + (1.0 - t_min) * ((double)i / (double)n);
    t[n] = 1.0;
    return GSL_SUCCESS;
}

/* Whether t is 0 < t[0] < ... < t[n] <= 1; otherwise an error that says where
 * it is not. */
static int check_sde_times(size_t n, const double t[])
{
    static _Thread_local char why[160];

    if (!(t[0] > 0.0 && t[0] < 1.0)) {
        snprintf(why, sizeof why, "t[0] = %g: need a time between 0 and 1",
                 t[0]);
        GSL_ERROR(why, GSL_EDOM);
    }
    for (size_t i = 1; i <= n; i++) {
        if (t[i] > t[i - 1] && t[i] <= 1.0)
            continue;
        snprintf(why, sizeof why,
                 "step %zu: t[%zu] = %g: need more than t[%zu] = %g, and 1 at "
                 "most",
                 i, i, t[i], i - 1, t[i - 1]);
        GSL_ERROR(why, GSL_EDOM);
    }
    return GSL_SUCCESS;
}

static dm_step reverse_sde_step(dm_sde sde, double t, double s, double lambda)
{
    dm_step step = { .from = dm_sde_level(sde, t), .to = dm_sde_level(sde, s) };
    // snippet: reverse-sde
    double h = t - s, f = dm_sde_drift(sde, t), g2 = dm_sde_noise_rate(sde, t);
    step.A = 1.0 - h * f;
    step.B = -h * 0.5 * (1.0 + lambda * lambda) * g2 / sqrt(step.from.variance);
    step.C = lambda * sqrt(h * g2);
    // end: reverse-sde
    return step;
}

dm_sampler *dm_sampler_reverse_sde(dm_sde sde, size_t n, const double t[],
                                   double lambda)
{
    static _Thread_local char why[120];

    if (!(lambda >= 0.0 && isfinite(lambda)))
        GSL_ERROR_NULL("need a finite noise lambda >= 0", GSL_EDOM);
    if (isnan(dm_sde_drift(sde, 0.5)) || check_sde_times(n, t) != GSL_SUCCESS)
        return NULL;
    dm_sampler *sampler = dm_sampler_new(n);
    for (size_t i = n; sampler != NULL && i > 0; i--) {
        dm_step step = reverse_sde_step(sde, t[i], t[i - 1], lambda);
        if (!(isfinite(step.A) && isfinite(step.B) && isfinite(step.C))) {
            dm_sampler_free(sampler);
            snprintf(why, sizeof why,
                     "step %zu, from t = %g to %g: a coefficient overflows", i,
                     t[i], t[i - 1]);
            GSL_ERROR_NULL(why, GSL_EOVRFLW);
        }
        sampler->step[n - i] = step;
    }
    return sampler;
}
