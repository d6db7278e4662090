/* Section 2.3: three forms. */
#include "ch02.h"

#include <math.h>
#include <stdio.h>

#include <gsl/gsl_math.h>

#include "check.h"

static void check_forms(step p, double xt, double x0, const char *where)
{
    double a = sqrt(1.0 - p.beta), right = posterior(p, xt, x0).mean;
    double eps = (xt - sqrt(p.abar_t) * x0) / sqrt(p.c_t);
    double g = -(xt - sqrt(p.abar_t) * x0) / p.c_t;
    double root_too_long =
        (xt - sqrt(1.0 - p.abar_t * eps)) / sqrt(p.abar_t); /* for x_0 */

    dm_check_exact((xt - p.beta / sqrt(p.c_t) * eps) / a, right, 64.0, 1.0,
                   "2.6", "mean from x_t and eps, %s", where);
    dm_check_refutes((xt - p.beta / p.c_t * eps) / a,
                     "the root of 1 - abar_t lost");
    dm_check_refutes((xt - sqrt(p.beta) * eps) / a, "sqrt(beta) eps");
    dm_check_refutes((xt - p.beta / sqrt(p.c_t) * eps) / sqrt(p.abar_t),
                     "abar_t for alpha_t in front");
    dm_check_refutes(posterior(p, xt, root_too_long).mean,
                     "sqrt(1 - abar_t eps) in x_0");
    dm_check_exact((xt + p.beta * g) / a, right, 64.0, 1.0, "2.7",
                   "mean from x_t and g_t, %s", where);
    dm_check_refutes((xt - p.beta * g) / a, "the sign of the score");
    dm_check_refutes((xt + sqrt(p.beta) * g) / a, "sqrt(beta) for beta");
    dm_check_refutes((xt + p.beta * g) / (1.0 - p.beta),
                     "1 - beta for its root");
}

static void check_three_forms(const dm_schedule *sch)
{
    size_t t = GSL_MAX(2, (sch->T + 1) / 2);
    step p = step_of(sch, t - 1, t);
    char where[32];

    check_forms(first_step(), XT, X0, "0.9 to 0.7");
    snprintf(where, sizeof where, "t = %zu", t);
    check_forms(p, sqrt(p.abar_t) * X0 - 0.7 * sqrt(p.c_t), X0, where);
}

void section_forms(const dm_options *o)
{
    dm_check_table("forms");
    check_three_forms(o->schedule);
}
