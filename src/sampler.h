/* sampler.h -- samplers as tables (chapters 3 and 4).
 *
 * Every sampler that asks for eps* once a step is a list of steps
 *
 *     x_s = A x_t + B eps*(x_t, level of t) + C z,   z ~ N(0, I).
 *
 * The table is all there is to it: one engine runs it over particles, law.h
 * computes the law of what comes out, a page prints it.
 */
#ifndef DM_SAMPLER_H
#define DM_SAMPLER_H

#include <stddef.h>

#include "gaussian.h"
#include "schedule.h"
#include "sde.h"

/* One step of a sampler, from level t to level s. */
typedef struct {
    double A, B, C;    /* 1                                        */
    dm_level from, to; /* the levels of x_t and of x_s             */
    size_t t, s;       /* the book's times, 0 where there are none */
} dm_step;

typedef struct {
    size_t n;      /* number of steps                               */
    dm_step *step; /* [n]  in the order in which they are taken     */
} dm_sampler;

/* --- tables ---------------------------------------------------------------
 * The builders return a table that the caller owns; release it with
 * dm_sampler_free.  On what they do not take they call the GSL error handler
 * with the code named below, or with GSL_ENOMEM, and return NULL.  The
 * schedule may be freed afterwards. */

/* Returns a table of n steps that do nothing (A = 1, all else 0), for the
 * caller to fill.  Needs n >= 1; GSL_EDOM. */
dm_sampler *dm_sampler_new(size_t n);

/* Releases a table.  NULL is allowed and does nothing. */
void dm_sampler_free(dm_sampler *sampler);

/* Returns the forward chain, Eq. (1.1): T steps from t - 1 to t with
 * A = sqrt(1 - beta_t), B = 0, C = sqrt(beta_t). */
dm_sampler *dm_sampler_forward(const dm_schedule *sch);

/* The variance of a step of the ancestral sampler. */
typedef enum {
    DM_VARIANCE_BETA,      /* beta_t                                     */
    DM_VARIANCE_BETA_TILDE /* beta_t (1 - abar_(t-1))/(1 - abar_t)       */
} dm_variance;

/* Returns the ancestral sampler of DDPM (Ho, Jain and Abbeel 2020, Algorithm
 * 2): T steps from t to t - 1 with A = 1/sqrt(1 - beta_t),
 * B = -beta_t/sqrt((1 - abar_t)(1 - beta_t)) and C^2 the variance, but C = 0
 * in the last.  GSL_EINVAL for a variance that is not one of the enum. */
dm_sampler *dm_sampler_ddpm(const dm_schedule *sch, dm_variance variance);

/* Returns the DDIM sampler (Song, Meng and Ermon 2021, Eqs. 12 and 16) over
 * the times tau: S steps, from tau[S] down to tau[0], each the law of x_s
 * given x_t and x_0 of dm_schedule_reverse with the estimate
 * (x_t - sqrt(1 - abar_t) eps*)/sqrt(abar_t) for x_0.  tau: [S + 1].  Needs
 * S >= 1 and 0 = tau[0] < tau[1] < ... < tau[S] <= T, and 0 <= eta no larger
 * than dm_sampler_eta_max; GSL_EDOM, where a sigma that no step may have is
 * answered with the step and the largest eta; and abar_t above DBL_MIN at
 * tau[S], since x_0 is estimated by a division by its root; GSL_EUNDRFLW. */
dm_sampler *dm_sampler_ddim(const dm_schedule *sch, size_t S,
                            const size_t tau[], double eta);

/* Returns the sampler that the DDIM paper calls sigma-hat (its Appendix D.3):
 * A and B as for eta = 1, but C^2 = 1 - abar_t/abar_s, save in the last step,
 * where C = 0.  Needs tau as above. */
dm_sampler *dm_sampler_sigma_hat(const dm_schedule *sch, size_t S,
                                 const size_t tau[]);

/* Returns the largest eta with sigma^2 <= 1 - abar_s in every step of tau with
 * s >= 1, rounded down, and stores in *tightest, unless that is NULL, the i of
 * the step from tau[i] to tau[i - 1] that sets it.  +inf, and i = 1, when there
 * is one step only.  Needs tau as above; otherwise the code above and NaN. */
double dm_sampler_eta_max(const dm_schedule *sch, size_t S, const size_t tau[],
                          size_t *tightest);

/* Returns Euler-Maruyama of the reverse SDEs of chapter 4, with noise lambda g:
 * n steps from t[n] down to t[0], each with h = t[i] - t[i - 1] and, at t[i],
 *
 *     A = 1 - h f,   B = -h (1 + lambda^2)/2 g^2/sqrt(variance),
 *     C = lambda g sqrt(h).
 *
 * lambda = 1 is the reverse SDE, lambda = 0 Euler of the probability flow.
 * t: [n + 1].  Needs n >= 1 and 0 < t[0] < ... < t[n] <= 1 and finite
 * lambda >= 0; GSL_EDOM, and GSL_EINVAL for an sde that is not of the enum; and
 * coefficients that are finite, GSL_EOVRFLW.  The message names the step. */
dm_sampler *dm_sampler_reverse_sde(dm_sde sde, size_t n, const double t[],
                                   double lambda);

/* Stores n + 1 times from t_min to 1, spread evenly, in t: [n + 1].  Returns
 * GSL_SUCCESS; or GSL_EDOM unless 0 < t_min < 1 and 1 <= n <= DM_STEPS_MAX,
 * leaving t alone. */
int dm_sampler_times(double t_min, size_t n, double t[]);

/* Store S times of T and 0 in tau: [S + 1], spread evenly, round(T i/S), or
 * quadratically, max(tau[i - 1] + 1, round(T (i/S)^2)), halves up.  Return
 * GSL_SUCCESS; or GSL_EDOM unless 1 <= S <= T <= DM_STEPS_MAX, leaving tau
 * alone. */
int dm_sampler_tau_uniform(size_t T, size_t S, size_t tau[]);
int dm_sampler_tau_quadratic(size_t T, size_t S, size_t tau[]);

#endif
