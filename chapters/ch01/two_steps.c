/* Section 1.2: two steps. */
#include "ch01.h"

#include <math.h>

#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "check.h"
#include "schedule.h"

static double through(double x, void *params)
{
    two_steps *p = params;
    return exp(dm_gaussian_log_pdf(given(p->first, X0), x) +
               dm_gaussian_log_pdf(given(p->second, x), p->end));
}

double composed(two_steps p)
{
    dm_gaussian bump[] = { given(p.first, X0),
                           { p.end / p.second.scale,
                             p.second.variance / gsl_pow_2(p.second.scale) } };
    double result = NAN;

    dm_gaussian_integrate(2, bump, through, &p, TOLERANCE, &result);
    return result;
}

/* The joint law of x_1 and x_2 given X0 after two large steps: standard
 * deviations and correlation. */
typedef struct {
    double mean1, mean2, sd1, sd2, rho, x1;
} pair;

static const dm_level FIRST = { 0.89442719099991588, 0.2 };  /* sqrt(0.8) */
static const dm_level SECOND = { 0.77459666924148338, 0.4 }; /* sqrt(0.6) */

static pair joint_law(double x1)
{
    double v1 = FIRST.variance, a2 = SECOND.scale;
    double v2 = a2 * a2 * v1 + SECOND.variance; /* Cov[x_1, x_2] = a_2 v_1 */

    return (pair){ .mean1 = FIRST.scale * X0,
                   .mean2 = a2 * FIRST.scale * X0,
                   .sd1 = sqrt(v1),
                   .sd2 = sqrt(v2),
                   .rho = a2 * sqrt(v1 / v2),
                   .x1 = x1 };
}

/* Its density at (x1, x), by GSL. */
static double joint_density(double x, void *params)
{
    pair *p = params;
    return gsl_ran_bivariate_gaussian_pdf(p->x1 - p->mean1, x - p->mean2,
                                          p->sd1, p->sd2, p->rho);
}

static void check_joint(void)
{
    const double x1 = 0.9, x2 = 1.3;
    pair p = joint_law(x1);
    dm_gaussian end = { p.mean2, p.sd2 * p.sd2 };
    double step1 = dm_gaussian_log_pdf(given(FIRST, X0), x1);
    double over_x2 = NAN;

    dm_check_exact(step1 + dm_gaussian_log_pdf(given(SECOND, x1), x2),
                   log(joint_density(x2, &p)), 32.0, 1.0, "1.2",
                   "log q(x_1, x_2 given x_0)");
    dm_check_refutes(step1 + dm_gaussian_log_pdf(end, x2),
                     "x_1 and x_2 taken for independent");

    dm_gaussian_integrate(1, &end, joint_density, &p, TOLERANCE, &over_x2);
    dm_check_numeric(over_x2, exp(step1), TOLERANCE, 1.0, "1.3",
                     "q(x_1 = %.1f given x_0)", x1);
    dm_check_refutes(joint_density(0.0, &p), "x_2 not integrated out, x_2 = 0");
    dm_check_refutes(dm_gaussian_pdf(end, x1), "x_1 integrated out, for x_2");
}

static void check_two_steps(const dm_schedule *s)
{
    size_t t = (s->T + 3) / 2;
    double b1 = s->beta[t - 1], b2 = s->beta[t];
    dm_level jump = dm_schedule_jump(s, t - 2, t);
    double alpha = 1.0 - b2, same = gsl_pow_2(sqrt(alpha * b1) + sqrt(b2));
    dm_gaussian right = given(jump, X0);
    double end = right.mean + 0.7 * sqrt(right.variance);
    two_steps p = { { sqrt(1.0 - b1), b1 }, { sqrt(alpha), b2 }, end };
    two_steps barred = p;
    barred.second = (dm_level){ sqrt(s->abar[t]), s->c[t] };

    dm_check_exact(alpha * b1 + b2, jump.variance, 64.0, jump.variance, "1.4",
                   "variance of two noises, t = %zu", t);
    dm_check_refutes(same, "the same noise twice");
    dm_check_refutes(s->abar[t] * (1.0 - 1.0 / s->abar[t - 2]) + b2,
                     "radicand abar_t - abar_t/abar_(t-2)");
    dm_check_refutes(b1 + b2, "the first noise not shrunk");
    dm_check_numeric(composed(p), dm_gaussian_pdf(right, p.end), TOLERANCE, 1.0,
                     "1.3", "two steps integrated, t = %zu", t);
    dm_check_refutes(composed(barred), "abar_t for alpha_t in the kernel");
    dm_check_refutes(dm_gaussian_pdf(given((dm_level){ sqrt(alpha), b2 }, X0),
                                     p.end),
                     "x_0 for x_(t-1): one step only");
}

void section_two_steps(const dm_options *o)
{
    dm_check_table("two-steps");
    check_joint();
    check_two_steps(o->schedule);
}
