/* Section 0.5: the toy data. */
#include "ch00.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

/* (x - w->x)^power times the mixture density. */
static double mixture_power(double x, void *p)
{
    what *w = p;
    return gsl_pow_int(x - w->x, w->power) *
           exp(dm_mixture_log_density(w->m, &x));
}

double mixture_integral(const dm_mixture *m, const dm_gaussian *also,
                        double (*f)(double, void *), what w, double epsabs)
{
    double result = NAN;
    dm_mixture_integrate(m, also, f, &w, epsabs, &result);
    return result;
}

static void check_moments(const dm_mixture *m)
{
    double mean, plain = 0.0, within = 0.0,
                 tol = dm_mixture_tolerance(m, TOLERANCE);
    dm_sym2 cov;

    dm_mixture_moments(m, &mean, &cov);
    for (size_t k = 0; k < m->K; k++) {
        plain += m->component[k].mean[0] / (double)m->K;
        within += m->component[k].weight * m->component[k].cov.xx;
    }
    double sd = sqrt(cov.xx), reach = fabs(mean) + sd;
    what w = { .m = m, .power = 1 };
    dm_check_numeric(mixture_integral(m, NULL, mixture_power, w, tol * reach),
                     mean, tol * reach, sd, "0.14", "mean of the mixture");
    dm_check_refutes(plain, "the means unweighted");
    w.power = 2;
    w.x = mean;
    dm_check_numeric(mixture_integral(m, NULL, mixture_power, w, tol * cov.xx),
                     cov.xx, tol * cov.xx, cov.xx, "0.14",
                     "variance of the mixture");
    dm_check_refutes(within, "only the variances within");
}

void typical_point(const dm_mixture *m, double z, double x[])
{
    const dm_component *c = &m->component[0];

    for (size_t k = 1; k < m->K; k++)
        if (m->component[k].weight > c->weight)
            c = &m->component[k];
    x[0] = c->mean[0] + z * sqrt(c->cov.xx);
    if (m->dim == 2) /* where x[1] is likely, given x[0] */
        x[1] = c->mean[1] + z * c->cov.xy / sqrt(c->cov.xx) +
               z * sqrt(dm_sym2_determinant(c->cov) / c->cov.xx);
}

void score_with_prior_weights(const dm_mixture *m, const double x[2],
                              double s[2])
{
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        double dx = c->mean[0] - x[0], dy = c->mean[1] - x[1];
        s[0] += c->weight * (c->precision.xx * dx + c->precision.xy * dy);
        s[1] += c->weight * (c->precision.xy * dx + c->precision.yy * dy);
    }
}

void section_data(const dm_mixture *m)
{
    dm_check_table("mixture");
    check_moments(m);
}
