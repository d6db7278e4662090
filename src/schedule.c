#include "schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

static dm_schedule *allocate(size_t T)
{
    if (T < DM_STEPS_MIN || T > DM_STEPS_MAX)
        GSL_ERROR_NULL("need 2 to 1000000 steps", GSL_EDOM);
    dm_schedule *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->T = T;
        s->beta = calloc(T + 1, sizeof *s->beta);
        s->abar = calloc(T + 1, sizeof *s->abar);
        s->c = calloc(T + 1, sizeof *s->c);
    }
    if (s == NULL || s->beta == NULL || s->abar == NULL || s->c == NULL) {
        dm_schedule_free(s);
        GSL_ERROR_NULL("no memory for schedule", GSL_ENOMEM);
    }
    return s;
}

/* Fills abar and c from beta[1] .. beta[T]. */
static void accumulate(dm_schedule *s)
{
    // snippet: accumulate
    s->abar[0] = 1.0;
    s->c[0] = 0.0;
    for (size_t t = 1; t <= s->T; t++) {
        s->abar[t] = s->abar[t - 1] * (1.0 - s->beta[t]);    /* Eq. (1.5) */
        s->c[t] = s->c[t - 1] + s->abar[t - 1] * s->beta[t]; /* Eq. (1.7) */
    }
    // end: accumulate
}

dm_schedule *dm_schedule_linear(size_t T, double beta_1, double beta_T)
{
    /* Written so that a NaN argument fails too. */
    if (!(0.0 < beta_1 && beta_1 <= beta_T && beta_T < 1.0))
        GSL_ERROR_NULL("need 0 < beta_1 <= beta_T < 1", GSL_EDOM);
    dm_schedule *s = allocate(T);
    if (s == NULL)
        return NULL;
    // snippet: linear
    for (size_t t = 1; t <= T; t++) {
        double u = (double)(t - 1) / (double)(T - 1);
        s->beta[t] = (1.0 - u) * beta_1 + u * beta_T; /* Eq. (1.8) */
    }
    // end: linear
    accumulate(s);
    return s;
}

static dm_schedule *sqrt_linear(size_t T)
{
    const double first = sqrt(8.5e-4), last = sqrt(0.012);
    dm_schedule *s = allocate(T);

    if (s == NULL)
        return NULL;
    // snippet: sqrt-linear
    for (size_t t = 1; t <= T; t++) {
        double u = (double)(t - 1) / (double)(T - 1);
        s->beta[t] = gsl_pow_2((1.0 - u) * first + u * last); /* Eq. (1.9) */
    }
    // end: sqrt-linear
    accumulate(s);
    return s;
}

// snippet: cosine
/* beta_t of the cosine schedule, Eq. (1.12), before the cap.  Angles are
 * counted from the nearer end of the quarter circle, so that neither sine
 * loses digits. */
static double cosine_beta(size_t t, size_t T)
{
    const double offset = 0.008;
    double quarter = 0.5 * M_PI / (1.0 + offset), h = quarter / (double)T;

    if (2 * t < T) {
        double before = (double)(t - 1) * h + offset * quarter;
        return sin(2.0 * before + h) * sin(h) / gsl_pow_2(cos(before));
    }
    double left = (double)(T - t) * h; /* pi/2 minus the angle at t */
    return sin(2.0 * left + h) * sin(h) / gsl_pow_2(sin(left + h));
}
// end: cosine

static dm_schedule *cosine(size_t T)
{
    const double cap = 0.999;
    dm_schedule *s = allocate(T);

    if (s == NULL)
        return NULL;
    for (size_t t = 1; t <= T; t++)
        s->beta[t] = fmin(cosine_beta(t, T), cap); /* Eq. (1.10) */
    accumulate(s);
    return s;
}

dm_schedule *dm_schedule_named(const char *name, size_t T)
{
    if (strcmp(name, "linear") == 0)
        return dm_schedule_linear(T, 1e-4, 0.02);
    if (strcmp(name, "sqrt-linear") == 0)
        return sqrt_linear(T);
    if (strcmp(name, "cosine") == 0)
        return cosine(T);
    GSL_ERROR_NULL("need linear, sqrt-linear or cosine", GSL_EINVAL);
}

dm_schedule *dm_schedule_from_beta(size_t T, const double beta[])
{
    dm_schedule *s = allocate(T);

    if (s == NULL)
        return NULL;
    for (size_t t = 1; t <= T; t++) {
        if (!(0.0 < beta[t] && beta[t] < 1.0)) {
            dm_schedule_free(s);
            GSL_ERROR_NULL("need 0 < beta < 1 at every step", GSL_EDOM);
        }
        s->beta[t] = beta[t];
    }
    accumulate(s);
    return s;
}

static const dm_level no_level = { NAN, NAN };

dm_level dm_schedule_level(const dm_schedule *s, size_t t)
{
    if (t > s->T)
        GSL_ERROR_VAL("need t <= T", GSL_EDOM, no_level);
    return (dm_level){ sqrt(s->abar[t]), s->c[t] };
}

/* The jump from s to t: Eqs. (1.5) and (1.7), begun at s.  (The ratio of two
 * abars is 0/0 where a long schedule has left no signal.)  Returns
 * abar_t/abar_s and stores one less that. */
static double signal_kept(const dm_schedule *sch, size_t s, size_t t,
                          double *noise)
{
    double signal = 1.0;

    *noise = 0.0;
    for (size_t i = s + 1; i <= t; i++) {
        *noise += signal * sch->beta[i];
        signal *= 1.0 - sch->beta[i];
    }
    return signal;
}

dm_level dm_schedule_jump(const dm_schedule *sch, size_t s, size_t t)
{
    if (!(s <= t && t <= sch->T))
        GSL_ERROR_VAL("need s <= t <= T", GSL_EDOM, no_level);
    double noise, kept = signal_kept(sch, s, t, &noise);
    return (dm_level){ sqrt(kept), noise };
}

double dm_schedule_log_snr(const dm_schedule *s, size_t t)
{
    if (t > s->T)
        GSL_ERROR_VAL("need t <= T", GSL_EDOM, NAN);
    return log(s->abar[t] / s->c[t]);
}

int dm_schedule_reverse(const dm_schedule *sch, size_t s, size_t t, double eta,
                        dm_reverse *out)
{
    if (!(s < t && t <= sch->T && eta >= 0.0))
        GSL_ERROR("need s < t <= T and eta >= 0", GSL_EDOM);
    double noise, kept = signal_kept(sch, s, t, &noise);
    double ratio = sch->c[s] / sch->c[t], sigma = eta * sqrt(ratio * noise);
    /* 1 - abar_s - sigma^2, without taking one from the other. */
    double left = ratio * ((1.0 - eta * eta) * noise + kept * sch->c[s]);
    if (!(left >= 0.0))
        GSL_ERROR("eta is too large: sigma^2 > 1 - abar_s", GSL_EDOM);
    out->coef_xt = sqrt(left / sch->c[t]);
    /* sqrt(abar_s) - coef_xt sqrt(abar_t), without taking one from the
     * other: the difference of squares over the sum. */
    out->coef_x0 = sqrt(sch->abar[s]) * (noise + kept * sigma * sigma) /
                   (sch->c[t] * (1.0 + out->coef_xt * sqrt(kept)));
    out->sigma = sigma;
    return GSL_SUCCESS;
}

void dm_schedule_free(dm_schedule *s)
{
    if (s == NULL)
        return;
    free(s->beta);
    free(s->abar);
    free(s->c);
    free(s);
}
