/* digits.c -- what the careful forms of src/ are for.
 *
 * Computes some numbers as the formulas stand and as the modules do (which the
 * unit tests hold to 50-digit references), and prints how many of the sixteen
 * digits the first keeps.  `make weave` puts the table into notes/decisions.md.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include <gsl/gsl_math.h>

#include "distance.h"
#include "gaussian.h"
#include "mixture.h"
#include "schedule.h"
#include "sde.h"

static void row(const char *what, double naive, double careful,
                const char *cure)
{
    double error = fabs(naive - careful) / fabs(careful);
    int left = 0; /* also for NaN and inf */

    if (error < 1.0)
        left = (int)GSL_MIN(16.0, floor(-log10(fmax(error, DBL_EPSILON))));
    printf("%-38s %6d  %s\n", what, left, cure);
}

static double cosine_f(double t, double T)
{
    return gsl_pow_2(cos((t / T + 0.008) / 1.008 * 0.5 * M_PI));
}

static void schedule_rows(void)
{
    dm_schedule *s = dm_schedule_named("linear", 1000);
    dm_schedule *c = dm_schedule_named("cosine", 1000000);
    dm_reverse ddim;

    row("1 - abar_1, linear", 1.0 - s->abar[1], s->c[1], "c_t by Eq. (1.7)");
    row("cosine beta_1, T = 10^6", 1.0 - cosine_f(1, 1e6) / cosine_f(0, 1e6),
        c->beta[1], "Eq. (1.12)");
    row("cosine beta_t, t = T - 1, T = 10^6",
        1.0 - cosine_f(999999, 1e6) / cosine_f(999998, 1e6), c->beta[999999],
        "angles from the nearer end");
    row("1 - abar_2/abar_1, cosine, T = 10^6", 1.0 - c->abar[2] / c->abar[1],
        dm_schedule_jump(c, 1, 2).variance, "Eq. (1.7), begun at s");
    dm_schedule_reverse(s, 1, 2, 1.0, &ddim);
    row("1 - abar_1 - sigma^2, eta = 1, t = 2",
        1.0 - s->abar[1] - gsl_pow_2(ddim.sigma),
        gsl_pow_2(ddim.coef_xt) * s->c[2], "a sum of positive terms");
    dm_schedule_reverse(s, 999, 1000, 0.0, &ddim);
    double m = sqrt((1.0 - s->abar[999]) / (1.0 - s->abar[1000]));
    row("coefficient of x_0, eta = 0, t = 1000",
        sqrt(s->abar[999]) - m * sqrt(s->abar[1000]), ddim.coef_x0,
        "difference of squares over the sum");
    row("1 - exp(-B), VP at time 10^-6", 1.0 - exp(-(1e-7 + 9.95e-12)),
        dm_sde_level(DM_SDE_VP, 1e-6).variance, "expm1");
    dm_schedule_free(s);
    dm_schedule_free(c);
}

/* KL by the trapezoid rule on q ln(q/p), which is exact to round-off here. */
static double plain_kl(const dm_mixture *q)
{
    double sum = 0.0, h = 1.0 / 64.0;

    for (double x = -12.0; x <= 12.0; x += h) {
        double log_q = dm_mixture_log_density(q, &x);
        sum += h * exp(log_q) * (log_q + 0.5 * (x * x + log(2.0 * M_PI)));
    }
    return sum;
}

static void law_rows(void)
{
    const double weight[] = { 0.35, 0.65 }, mean[] = { -2.0, 1.5 };
    const double variance[] = { 0.16, 0.36 };
    dm_mixture *m = dm_mixture_new(1, 2, weight, mean, variance);
    dm_schedule *s = dm_schedule_named("cosine", 1000);
    dm_mixture *q = dm_mixture_diffuse(m, dm_schedule_level(s, 1000));
    dm_gaussian g = { 0.0, 1.0 + 1e-6 }, h = { 0.0, 1.0 };
    double x = -40.0, density = 0.0, kl, error;

    row("KL of variances 1.000001 and 1",
        0.5 * (g.variance - 1.0 - log(g.variance)), dm_gaussian_kl(g, h),
        "GSL's ln(1 + u) - u");
    for (size_t k = 0; k < 2; k++)
        density += weight[k] / sqrt(2.0 * M_PI * variance[k]) *
                   exp(-0.5 * gsl_pow_2(x - mean[k]) / variance[k]);
    row("ln q_0 at 95 standard deviations", log(density),
        dm_mixture_log_density(m, &x), "log-sum-exp");
    dm_distance_kl_to_normal(q, &kl, &error);
    row("KL at the end, cosine, T = 1000", plain_kl(q), kl,
        "an integrand that is nowhere negative");
    dm_mixture_free(q);
    dm_mixture_free(m);
    dm_schedule_free(s);
}

int main(void)
{
    printf("-- digits --\n%-38s %6s  %s\n", "as the formula stands", "digits",
           "cure");
    schedule_rows();
    law_rows();
    return 0;
}
