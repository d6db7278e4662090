/* Section 3.2: the family. */
#include "ch03.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "check.h"

// snippet: ahead
/* c_s - sigma^2 at this eta, Eq. (3.8): never below 0 by round-off. */
double ahead(jump j, double eta)
{
    double kept = j.abar_t / j.abar_s; /* 1 - beta, with all its digits */
    double left = (1.0 - eta * eta) * j.beta + kept * j.c_s;
    return fmax(0.0, j.c_s / j.c_t * left);
}
// end: ahead

back at_eta(jump j, double eta)
{
    double m = sqrt(ahead(j, eta) / j.c_t);

    return (back){ m, sqrt(j.abar_s) - m * sqrt(j.abar_t),
                   eta * sqrt(j.beta_tilde) };
}

jump step_of(const dm_options *o, size_t i)
{
    return jump_between(o->schedule, o->tau[i - 1], o->tau[i]);
}

size_t middle(const dm_options *o)
{
    return GSL_MAX(2, (o->S + 2) / 3);
}

jump middle_jump(const dm_options *o)
{
    size_t t = GSL_MAX(2, o->tau[1]);

    return o->S > 1 ? step_of(o, middle(o))
                    : jump_between(o->schedule, t / 2, t);
}

double eta_within(jump j, double eta)
{
    double bound = sqrt(j.c_t / j.beta) * (1.0 - 8.0 * DBL_EPSILON);
    return fmin(eta, fmax(1.0, bound));
}

static void check_family(void)
{
    const double x_s = 1.1, x_t = 0.4;
    jump j = example();
    back b = coefficients(j, EXAMPLE_VARIANCE);
    dm_gaussian s = given(j.abar_s, j.c_s), t = given(j.abar_t, j.c_t);
    double eps = (x_t - t.mean) / sqrt(j.c_t), v = EXAMPLE_VARIANCE;
    double rho = b.m * sqrt(j.c_t / j.c_s); /* Cov[x_s, x_t] = m c_t */
    double joint =
        gsl_ran_bivariate_gaussian_pdf(x_s - s.mean, x_t - t.mean, sqrt(j.c_s),
                                       sqrt(j.c_t), rho);
    dm_gaussian law = { s.mean + sqrt(j.c_s - v) * eps, v };
    dm_gaussian swapped = { s.mean + sqrt(v) * eps, v };
    dm_gaussian whole = { s.mean + sqrt(j.c_s) * eps, v };
    dm_gaussian root = { law.mean, sqrt(v) };
    back p = coefficients(j, j.beta_tilde);
    dm_gaussian posterior = { p.m * x_t + p.kappa * X0, j.beta_tilde };

    dm_check_exact(log(joint) - dm_gaussian_log_pdf(t, x_t),
                   dm_gaussian_log_pdf(law, x_s), 64.0, 1.0, "3.4",
                   "log q(x_s given x_t, x_0)");
    dm_check_refutes(dm_gaussian_log_pdf(swapped, x_s),
                     "sigma for sqrt(c_s - sigma^2)");
    dm_check_refutes(dm_gaussian_log_pdf(whole, x_s),
                     "sigma^2 not taken off: sqrt(c_s)");
    dm_check_refutes(dm_gaussian_log_pdf(root, x_s), "sigma for sigma^2");
    dm_check_refutes(dm_gaussian_log_pdf(posterior, x_s),
                     "the posterior, Eq. (2.5)");
}

/* The largest eta that the library takes for a jump, by bisection. */
static double largest_eta(const dm_schedule *sch, jump j)
{
    gsl_error_handler_t *old = gsl_set_error_handler_off();
    double low = 0.0, high = 2.0 * sqrt(j.c_t / j.beta);
    dm_reverse r;

    for (int i = 0; i < 60; i++) {
        double eta = 0.5 * (low + high);
        int taken = dm_schedule_reverse(sch, j.s, j.t, eta, &r) == GSL_SUCCESS;
        *(taken ? &low : &high) = eta;
    }
    gsl_set_error_handler(old);
    return low;
}

static void check_bound(const dm_options *o)
{
    const dm_schedule *sch = o->schedule;
    jump j = middle_jump(o);
    double eta = largest_eta(sch, j), bound = sqrt(j.c_t / j.beta);

    dm_check_exact(eta * eta * j.beta_tilde / j.c_s, 1.0, rounds(j.t), 1.0,
                   "3.5", "largest sigma^2/c_s, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(j.beta / j.c_s, "sigma^2 = beta at most");
    dm_check_refutes(j.beta_tilde / j.c_s, "sigma^2 = beta-tilde at most");
    dm_check_exact(eta, bound, rounds(j.t), bound, "3.7",
                   "largest eta, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(1.0, "eta at most 1");
    dm_check_refutes(sqrt(j.c_s / j.beta), "c_s for c_t");
    dm_check_refutes(bound * bound, "the root lost");
}

/* The bound of all steps of a chain is that of its tightest. */
static void check_bounds(const dm_options *o)
{
    size_t T = o->steps, *all = all_times(T);
    double least = INFINITY;

    for (size_t t = 2; t <= T; t++)
        least = fmin(least, sqrt(o->schedule->c[t] / o->schedule->beta[t]));
    dm_check_exact(dm_sampler_eta_max(o->schedule, T, all, NULL), least,
                   rounds(T), least, "3.7", "largest eta of all %zu steps", T);
    dm_check_refutes(1.0, "eta at most 1");
    dm_check_refutes(sqrt(o->schedule->c[T] / o->schedule->beta[T]),
                     "the bound of the last step");
    free(all);
}

/* A long jump to a small s at eta = 1, where the difference is a small part of
 * either. */
static void check_no_cancellation(const dm_schedule *sch)
{
    jump j = jump_between(sch, 1, sch->T);
    double left = j.abar_t / j.abar_s * j.c_s * j.c_s / j.c_t;
    dm_reverse r;

    dm_schedule_reverse(sch, 1, sch->T, 1.0, &r);
    dm_check_exact(r.coef_xt * r.coef_xt * j.c_t, left, rounds(sch->T),
                   fmax(left, DBL_MIN / DBL_EPSILON), "3.8",
                   "c_1 - sigma^2 at eta = 1, t = %zu", sch->T);
    dm_check_refutes(j.c_s, "sigma^2 not taken off");
    dm_check_refutes(j.c_s - j.beta, "sigma^2 = beta");
    dm_check_refutes(j.c_s - j.beta_tilde, "as the machine subtracts");
}

void section_family(const dm_options *o)
{
    dm_check_table("family");
    check_family();
    check_bound(o);
    check_bounds(o);
    check_no_cancellation(o->schedule);
}
