/* Section 0.6: noise. */
#include "ch00.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

/* A mistake in the law of x_t: each component's variance and mean changed. */
typedef enum {
    NOT_SCALED,
    SCALED_ONCE,
    MEAN_NOT_SCALED,
    ROOT_OF_NOISE
} mistake;

static dm_mixture *diffused_wrongly(const dm_mixture *m, mistake which)
{
    double a = LEVEL.scale, c = LEVEL.variance;
    dm_mixture *wrong = dm_mixture_diffuse(m, LEVEL);

    for (size_t k = 0; k < m->K; k++) {
        const dm_component *from = &m->component[k];
        dm_component *to = &wrong->component[k];
        if (which == NOT_SCALED)
            to->cov.xx = from->cov.xx + c;
        if (which == SCALED_ONCE)
            to->cov.xx = a * from->cov.xx + c;
        if (which == MEAN_NOT_SCALED)
            to->mean[0] = from->mean[0];
        if (which == ROOT_OF_NOISE)
            to->cov.xx = a * a * from->cov.xx + sqrt(c);
    }
    return wrong;
}

/* q_0(x) N(w->x; a x, c) (x - mean)^power: the joint law of x_0 = x and x_t. */
static double clean_and_noisy(double x, void *p)
{
    what *w = p;
    dm_gaussian channel = { w->level.scale * x, w->level.variance };
    return gsl_pow_int(x - w->g.mean, w->power) *
           exp(dm_mixture_log_density(w->m, &x) +
               dm_gaussian_log_pdf(channel, w->x));
}

double tolerance_given(const dm_mixture *m, double x)
{
    return fmax(dm_mixture_tolerance(m, TOLERANCE),
                64.0 * DBL_EPSILON * fabs(x) / sqrt(LEVEL.variance));
}

double integral_over_clean(what w, double scale)
{
    double epsabs = tolerance_given(w.m, w.x) * scale;
    dm_gaussian pointed = { w.x / w.level.scale,
                            w.level.variance / gsl_pow_2(w.level.scale) };
    return mixture_integral(w.m, &pointed, clean_and_noisy, w, epsabs);
}

static void check_diffused(const dm_mixture *m, const dm_mixture *noisy)
{
    const char *name[] = { "variance v + c", "variance a v + c",
                           "means not scaled", "sqrt(c) for c" };
    double x;

    typical_point(noisy, -0.7, &x);
    double tol = tolerance_given(m, x);
    double density = exp(dm_mixture_log_density(noisy, &x));
    what w = { .m = m, .level = LEVEL, .x = x };

    dm_check_numeric(integral_over_clean(w, density), density, tol * density,
                     1.0, "0.16", "1-D: density of x_t");
    for (mistake i = NOT_SCALED; i <= ROOT_OF_NOISE; i++) {
        dm_mixture *wrong = diffused_wrongly(m, i);
        dm_component *c = wrong->component;
        double sum = 0.0;
        for (size_t k = 0; k < m->K; k++)
            sum +=
                c[k].weight *
                dm_gaussian_pdf((dm_gaussian){ c[k].mean[0], c[k].cov.xx }, x);
        dm_check_refutes(sum, "%s", name[i]);
        dm_mixture_free(wrong);
    }
}

void section_noise(const dm_mixture *m, const dm_mixture *noisy)
{
    dm_check_table("noise");
    check_diffused(m, noisy);
}
