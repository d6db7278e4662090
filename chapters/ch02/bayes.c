/* Section 2.1: Bayes. */
#include "ch02.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

// snippet: grid
grid_result bayes_on_grid(dm_gaussian prior, step p, double xt)
{
    double a = sqrt(1.0 - p.beta), sd = sqrt(prior.variance), n = 0.0;
    double middle = xt / a, width = sqrt(p.beta) / a; /* the likelihood's */
    double low = fmax(prior.mean - 12.0 * sd, middle - 12.0 * width);
    double high = fmin(prior.mean + 12.0 * sd, middle + 12.0 * width);
    double h = 0.5 * fmin(sd, width), sum = 0.0, first = 0.0, second = 0.0;

    for (double x = low; x < high; x = low + h * ++n) {
        double mass =
            dm_gaussian_pdf(prior, x) * dm_gaussian_pdf(kernel(p, x), xt) * h;
        sum += mass;
        first += mass * (x - middle);
        second += mass * gsl_pow_2(x - middle);
    }
    first /= sum;
    return (grid_result){ sum, middle + first, second / sum - first * first,
                          n };
}
// end: grid

/* E[x_t given x_s and x_0] for Gaussian x_0 of mean 0 and variance v, from
 * covariances: S is that of (x_s, x_0), cov that of x_s and x_t. */
static double mean_given_both(step p, double v, double cov, double xs,
                              double x0)
{
    dm_sym2 S = { p.abar_s * v + p.c_s, sqrt(p.abar_s) * v, v };
    double cov0 = sqrt(p.abar_t) * v, det = dm_sym2_determinant(S);

    return (S.yy * cov - S.xy * cov0) / det * xs +
           (S.xx * cov0 - S.xy * cov) / det * x0;
}

static void check_bayes(void)
{
    const double v = 1.7, xs = 1.1;
    step p = first_step();
    grid_result g = bayes_on_grid(before(p, X0), p, XT);
    double density = dm_gaussian_pdf(after(p, X0), XT);
    double spread = p.abar_s * v + p.c_s;
    double same_noise = sqrt(p.abar_t * p.abar_s) * v + sqrt(p.c_s * p.c_t);

    dm_check_exact(mean_given_both(p, v, sqrt(1.0 - p.beta) * spread, xs, X0),
                   kernel(p, xs).mean, 64.0, 1.0, "2.1",
                   "E[x_t given x_(t-1), x_0]");
    dm_check_refutes(after(p, X0).mean, "x_(t-1) forgotten");
    dm_check_refutes(mean_given_both(p, v, same_noise, xs, X0),
                     "one eps for all steps, not Markov");
    dm_check_numeric(g.integral, density,
                     4.0 * g.points * DBL_EPSILON * density, 1.0, "2.2",
                     "prior times likelihood, on a grid");
    dm_check_refutes(1.0, "a product taken for a density");
    dm_check_refutes(dm_gaussian_pdf(kernel(p, sqrt(p.abar_s) * X0), XT),
                     "the prior's mean put in for x_(t-1)");
}

void section_bayes(void)
{
    dm_check_table("bayes");
    check_bayes();
}
