/* schedule.h -- noise schedules for the discrete forward process (chapter 1);
 * sde.h has the continuous ones.
 *
 * Arrays are indexed by the book's t: entry t belongs to step t, and entry 0
 * is the clean data (beta_0 = 0, abar_0 = 1), so s->abar[t] reads as written.
 */
#ifndef DM_SCHEDULE_H
#define DM_SCHEDULE_H

#include <stddef.h>

#include "gaussian.h"

enum { DM_STEPS_MIN = 2, DM_STEPS_MAX = 1000000 };

typedef struct {
    size_t T;     /* number of noising steps, 2 to 10^6                     */
    double *beta; /* [T + 1]  variance added at step t, Eq. (1.1)           */
    double *abar; /* [T + 1]  signal power left after t steps, Eq. (1.5)    */
    double *c;    /* [T + 1]  1 - abar_t by Eq. (1.7), without cancellation */
} dm_schedule;

/* Returns the schedule called `name`: "linear", Eq. (1.8), "sqrt-linear",
 * Eq. (1.9), or "cosine", Eq. (1.10), with the constants of the papers.
 * Needs T from DM_STEPS_MIN to DM_STEPS_MAX.  On a bad T (GSL_EDOM), an
 * unknown name (GSL_EINVAL) or no memory (GSL_ENOMEM) calls the GSL error
 * handler, which stops the program unless a test has turned it off, and
 * returns NULL.  The caller owns the result; release it with
 * dm_schedule_free. */
dm_schedule *dm_schedule_named(const char *name, size_t T);

/* Returns the linear schedule from beta_1 to beta_T, Eq. (1.8).  Needs
 * 0 < beta_1 <= beta_T < 1 and T as above; errors as above. */
dm_schedule *dm_schedule_linear(size_t T, double beta_1, double beta_T);

/* Returns the schedule with the steps beta[1] .. beta[T] that the caller gives
 * (beta[0] is not read).  Needs each in (0, 1) and T as above; errors as
 * above.  The caller keeps beta; the schedule has a copy. */
dm_schedule *dm_schedule_from_beta(size_t T, const double beta[]);

/* Returns the level of q(x_t given x_0), Eq. (1.6): scale sqrt(abar_t),
 * variance c_t.  Needs t <= T; otherwise GSL_EDOM and a level of NaNs. */
dm_level dm_schedule_level(const dm_schedule *s, size_t t);

/* Returns the level of q(x_t given x_s), Eq. (1.14): scale
 * sqrt(abar_t/abar_s), variance 1 - abar_t/abar_s without cancellation, also
 * where no signal is left.  Takes a time that grows with t - s.
 * Needs s <= t <= T; otherwise GSL_EDOM and a level of NaNs. */
dm_level dm_schedule_jump(const dm_schedule *sch, size_t s, size_t t);

/* Returns ln(abar_t/(1 - abar_t)), Eq. (1.13); +inf at t = 0.  Needs t <= T;
 * otherwise GSL_EDOM and NaN. */
double dm_schedule_log_snr(const dm_schedule *s, size_t t);

/* The law of x_s given x_t and x_0:
 * N(coef_xt x_t + coef_x0 x_0, sigma^2). */
typedef struct {
    double coef_xt; /* 1 */
    double coef_x0; /* 1 */
    double sigma;   /* data unit, a standard deviation */
} dm_reverse;

/* Stores in *out the law of x_s given x_t and x_0 in the DDIM family (Song,
 * Meng and Ermon 2021, Eqs. 7 and 16): eta = 0 is deterministic, eta = 1 is
 * the posterior of the DDPM chain (Ho, Jain and Abbeel 2020, Eqs. 6 and 7).
 * Returns GSL_SUCCESS; or calls the error handler and returns GSL_EDOM unless
 * s < t <= T and eta >= 0 and sigma^2 <= 1 - abar_s, leaving *out alone. */
int dm_schedule_reverse(const dm_schedule *sch, size_t s, size_t t, double eta,
                        dm_reverse *out);

/* Releases s.  NULL is allowed and does nothing. */
void dm_schedule_free(dm_schedule *s);

#endif
