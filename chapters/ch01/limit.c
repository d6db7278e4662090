/* Sections 1.6 and 1.7: how near to noise the end is, and where it is not. */
#include "ch01.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "schedule.h"

static void check_kl_of_point(const dm_schedule *s)
{
    const double x0 = 2.0, one = 1.0;
    double a = s->abar[s->T], c = s->c[s->T];
    double mean = sqrt(a) * x0, kl = NAN, error;
    dm_mixture *q = dm_mixture_new(1, 1, &one, &mean, &c);

    dm_distance_kl_to_normal(q, &kl, &error);
    dm_check_numeric(kl, 0.5 * (a * x0 * x0 - a - log1p(-a)), error, 1.0,
                     "1.16", "KL(q(x_T given x_0 = 2) to N)");
    dm_check_refutes(0.5 * (-a - log1p(-a)), "the mean forgotten");
    dm_check_refutes(0.5 * (a * x0 - a - log1p(-a)), "x_0 for its square");
    dm_mixture_free(q);
}

static double minus_q_log_q(double x, void *params)
{
    double log_q = dm_mixture_log_density(params, &x);
    return -log_q * exp(log_q);
}

/* KL(q to N(0, 1)) by the integral of its definition, and, with an integral of
 * another shape, by Eq. (1.17): *by_entropy. */
static double kl_two_ways(const dm_mixture *q, double wanted,
                          double *by_entropy, double *error)
{
    double kl = NAN, entropy = NAN, mean, tol = dm_mixture_tolerance(q, wanted);
    dm_sym2 cov;

    dm_distance_kl_to_normal(q, &kl, error);
    dm_mixture_integrate(q, NULL, minus_q_log_q, (void *)q, tol, &entropy);
    dm_mixture_moments(q, &mean, &cov);
    double second = cov.xx + mean * mean;
    *by_entropy = 0.5 * (log(2.0 * M_PI) + second) - entropy;
    *error += tol + 4.0 * DBL_EPSILON * second;
    return kl;
}

static void check_entropy_form(const dm_options *o, size_t t)
{
    dm_mixture *q =
        dm_mixture_diffuse(o->data1, dm_schedule_level(o->schedule, t));
    double by_entropy, error, mean;
    double kl = kl_two_ways(q, TOLERANCE, &by_entropy, &error);
    dm_sym2 cov;

    dm_mixture_moments(q, &mean, &cov);
    dm_check_numeric(kl, by_entropy, error, 1.0, "1.17",
                     "KL(q_t to N(0, 1)), t = %zu", t);
    dm_check_refutes(dm_gaussian_kl((dm_gaussian){ mean, cov.xx },
                                    (dm_gaussian){ 0.0, 1.0 }),
                     "q_t taken for a Gaussian");
    dm_check_refutes(by_entropy - 0.5 * (cov.xx + mean * mean),
                     "E x^2/2 left out");
    dm_mixture_free(q);
}

static void check_ends(const dm_options *o)
{
    static const char *const name[] = { "linear", "sqrt-linear", "cosine" };
    static const size_t steps[] = { 10, 100, 1000 };

    for (size_t i = 0; i < 9; i++) {
        dm_schedule *s = dm_schedule_named(name[i / 3], steps[i % 3]);
        dm_mixture *q =
            dm_mixture_diffuse(o->data1, dm_schedule_level(s, s->T));
        double by_entropy, error; /* some distances are as small as 1e-10 */
        double kl = kl_two_ways(q, 1e-13, &by_entropy, &error);
        dm_check_numeric(kl, by_entropy, error, 1.0, "1.17",
                         "KL at the end, %s, T = %zu", name[i / 3], s->T);
        dm_check_refutes(0.0, "x_T taken for N(0, 1)");
        dm_mixture_free(q);
        dm_schedule_free(s);
    }
}

/* Prints what is left of the signal at the end of each schedule. */
static void print_signal(void)
{
    static const char *const name[] = { "linear", "sqrt-linear", "cosine" };
    static const size_t steps[] = { 10, 50, 100, 1000 };

    printf("-- signal --\n%-12s %6s %12s %18s\n", "schedule", "T", "abar_T",
           "sqrt(abar_T)");
    for (size_t i = 0; i < 12; i++) {
        dm_schedule *s = dm_schedule_named(name[i / 4], steps[i % 4]);
        printf("%-12s %6zu %12.3g %18.3g\n", name[i / 4], s->T, s->abar[s->T],
               sqrt(s->abar[s->T]));
        dm_schedule_free(s);
    }
}

/* Mean, variance, third and fourth cumulant of the data. */
static void cumulants(const dm_mixture *m, double k[4])
{
    double third = 0.0, fourth = 0.0;
    dm_sym2 cov;

    dm_mixture_moments(m, &k[0], &cov);
    for (size_t i = 0; i < m->K; i++) {
        const dm_component *c = &m->component[i];
        double d = c->mean[0] - k[0], v = c->cov.xx;
        third += c->weight * d * (d * d + 3.0 * v);
        fourth += c->weight * (d * d * (d * d + 6.0 * v) + 3.0 * v * v);
    }
    k[1] = cov.xx;
    k[2] = third;
    k[3] = fourth - 3.0 * cov.xx * cov.xx;
}

static void check_small_signal(const dm_mixture *m)
{
    double largest = 1.0, k[4], kl = NAN, error;

    for (size_t i = 0; i < m->K; i++)
        largest = fmax(largest, gsl_pow_2(m->component[i].mean[0]) +
                                    m->component[i].cov.xx);
    double a = 0.01 / largest; /* abar, small against all of the data */
    dm_mixture *q = dm_mixture_diffuse(m, (dm_level){ sqrt(a), 1.0 - a });
    dm_distance_kl_to_normal(q, &kl, &error);
    dm_mixture_free(q);
    // snippet: small-signal
    cumulants(m, k);
    double u = k[1] - 1.0; /* Var x_0 - 1 */
    double first = 0.5 * a * k[0] * k[0], second = 0.25 * a * a * u * u;
    double third =
        gsl_pow_3(a) * (k[2] * k[2] / 12.0 + fabs(gsl_pow_3(u)) / 6.0);
    double fourth =
        gsl_pow_4(a) * (gsl_pow_4(u) + k[3] * k[3] + k[2] * k[2] * fabs(u));
    dm_check_numeric(kl, first + second, 2.0 * third + fourth + error, 1.0,
                     "1.18", "KL where little signal is left");
    // end: small-signal
    dm_check_refutes(2.0 * (first + second), "the 1/2 and 1/4 doubled");
    dm_check_refutes(first, "(Var x_0 - 1)^2 left out");
    dm_check_refutes(first + 0.25 * a * a * k[1] * k[1], "Var x_0 for Var - 1");
}

/* abar_T of the schedule beta_t = 1/(2 t^2). */
static double fading_abar(size_t T)
{
    double *beta = malloc((T + 1) * sizeof *beta);

    for (size_t t = 1; t <= T; t++)
        beta[t] = 0.5 / ((double)t * (double)t);
    dm_schedule *s = dm_schedule_from_beta(T, beta);
    double abar = s->abar[T];
    dm_schedule_free(s);
    free(beta);
    return abar;
}

static void check_fading(void)
{
    double limit = sin(M_PI * M_SQRT1_2) / (M_PI * M_SQRT1_2), at[4];

    // snippet: fading
    for (size_t i = 0; i < 4; i++)
        at[i] = fading_abar((size_t)1000 << i);
    double better = 2.0 * at[3] - at[2]; /* the 1/T of the error cancels */
    double before = 2.0 * at[2] - at[1];
    // end: fading
    dm_check_numeric(better, limit, fabs(better - before), 1.0, "1.19",
                     "abar for beta_t = 1/(2 t^2), T to inf");
    dm_check_refutes(0.0, "abar goes to 0 because T grows");
    dm_check_refutes(exp(-M_PI * M_PI / 12.0), "exp(-sum of beta)");
    double slope = log2((at[2] - limit) / (at[3] - limit));
    double steeper = log2((at[1] - limit) / (at[2] - limit));
    dm_check_order(slope, 1.0, 2.0 * fabs(slope - steeper), "1.19",
                   "power of 1/T in the error");
    dm_check_refutes(2.0, "a tail of order 1/T^2");
}

void section_limit(const dm_options *o)
{
    dm_check_table("limit");
    check_kl_of_point(o->schedule);
    check_entropy_form(o, (o->steps + 2) / 3);
    check_small_signal(o->data1);
    dm_check_table("ends");
    check_ends(o);
    print_signal();
    dm_check_table("fading");
    check_fading();
}
