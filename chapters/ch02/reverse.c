/* Section 2.4: the start unknown. */
#include "ch02.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

dm_mixture *law_before(const dm_mixture *data, step p)
{
    return dm_mixture_diffuse(data, (dm_level){ sqrt(p.abar_s), p.c_s });
}

dm_mixture *law_after(const dm_mixture *data, step p)
{
    return dm_mixture_diffuse(data, (dm_level){ sqrt(p.abar_t), p.c_t });
}

// snippet: reverse
/* The law of x_s given x_t, Eq. (2.8): that of x_0 in Eq. (0.19), with q_s in
 * place of the data and the step in place of the noise level. */
dm_mixture *reverse(const dm_mixture *data, step p, const double xt[])
{
    dm_mixture *q_s = law_before(data, p);
    dm_mixture *back =
        dm_mixture_posterior(q_s, (dm_level){ sqrt(1.0 - p.beta), p.beta }, xt);
    dm_mixture_free(q_s);
    return back;
}
// end: reverse

void point_in(const dm_mixture *m, double u, double z, double x[])
{
    const dm_component *c = m->component;
    double below = c->weight;

    for (size_t k = 1; k < m->K && below < u; k++) {
        c = &m->component[k];
        below += c->weight;
    }
    x[0] = c->mean[0] + z * sqrt(c->cov.xx);
    if (m->dim == 2)
        x[1] = c->mean[1] + z * c->cov.xy / sqrt(c->cov.xx) +
               z * sqrt(dm_sym2_determinant(c->cov) / c->cov.xx);
}

scene scene_at(const dm_mixture *data, step p, double u, double z)
{
    scene v = { .data = data, .p = p };

    v.q_s = law_before(data, p);
    v.q_t = law_after(data, p);
    point_in(v.q_t, u, z, v.x);
    v.back = reverse(data, p, v.x);
    return v;
}

void free_scene(scene *v)
{
    dm_mixture_free(v->q_s);
    dm_mixture_free(v->q_t);
    dm_mixture_free(v->back);
}

double roundings(const scene *v)
{
    return dm_mixture_condition(v->q_s) * dm_mixture_condition(v->back);
}

double tolerance(const scene *v, double size)
{
    step p = v->p;
    double points = 64.0 * DBL_EPSILON * size / sqrt(p.beta * p.c_s / p.c_t);

    return fmax(points, fmax(dm_mixture_tolerance(v->data, TOLERANCE),
                             dm_mixture_tolerance(v->back, TOLERANCE)));
}

/* q(x_s given x_t, x_0 = x) q(x_0 = x given x_t); m is the law of x_0. */
static double over_start(double x, void *params)
{
    what *w = params;
    return exp(dm_gaussian_log_pdf(posterior(w->p, w->xt, x), w->xs) +
               dm_mixture_log_density(w->m, &x));
}

/* The density of x_s = y given x_t by its definition, over all starts. */
static double by_starts(const scene *v, double y, double epsabs)
{
    step p = v->p;
    dm_level level = { sqrt(p.abar_t), p.c_t };
    dm_mixture *starts = dm_mixture_posterior(v->data, level, v->x);
    what w = { .m = starts, .p = p, .xt = v->x[0], .xs = y };
    double of_x0 = sqrt(p.abar_s) * p.beta / p.c_t, result = NAN;
    dm_gaussian at0 = posterior(p, v->x[0], 0.0);
    dm_gaussian pointed = { (y - at0.mean) / of_x0,
                            at0.variance / gsl_pow_2(of_x0) };

    dm_mixture_integrate(starts, &pointed, over_start, &w, epsabs, &result);
    dm_mixture_free(starts);
    return result;
}

/* The row above is the density at y, or its logarithm: what it would be with
 * the weights of the data. */
static void refute_weights(const scene *v, const double y[], int logarithm)
{
    if (v->back->K != v->data->K)
        return; /* a bump without any weight left was dropped */
    dm_mixture *wrong = dm_mixture_diffuse(v->back, (dm_level){ 1.0, 0.0 });
    for (size_t k = 0; k < wrong->K; k++) {
        dm_component *c = &wrong->component[k];
        c->log_peak += log(v->data->component[k].weight) - log(c->weight);
    }
    double density = dm_mixture_log_density(wrong, y);
    dm_check_refutes(logarithm ? density : exp(density), "w_k for r_k");
    dm_mixture_free(wrong);
}

static void check_reverse_1d(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double y, guess;

    point_in(v.back, 0.4, -0.6, &y);
    double density = exp(dm_mixture_log_density(v.back, &y));
    double tol = tolerance(&v, fabs(v.x[0]) + fabs(y));
    dm_level level = { sqrt(v.p.abar_t), v.p.c_t };
    dm_mixture_denoise(data, level, v.x, &guess, NULL);
    dm_check_numeric(by_starts(&v, y, tol * density), density,
                     2.0 * tol * density, 1.0, "2.8",
                     "1-D: density over all starts");
    dm_check_refutes(dm_gaussian_pdf(posterior(v.p, v.x[0], guess), y),
                     "E[x_0 given x_t] put in for x_0");
    dm_check_refutes(exp(dm_mixture_log_density(v.q_s, &y)),
                     "q_(t-1): x_t forgotten");
    refute_weights(&v, &y, 0);
    free_scene(&v);
}

static void check_reverse_2d(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double y[2];

    point_in(v.back, 0.4, -0.6, y);
    double joint = dm_mixture_log_density(v.q_s, y);
    for (size_t j = 0; j < 2; j++)
        joint += dm_gaussian_log_pdf(kernel(v.p, y[j]), v.x[j]);
    dm_check_exact(joint - dm_mixture_log_density(v.q_t, v.x),
                   dm_mixture_log_density(v.back, y), 64.0,
                   roundings(&v) + fabs(joint), "2.8",
                   "2-D: log density by Bayes' rule");
    dm_check_refutes(joint, "the joint law for the conditional");
    dm_check_refutes(dm_mixture_log_density(v.q_s, y),
                     "q_(t-1): x_t forgotten");
    refute_weights(&v, y, 1);
    free_scene(&v);
}

void section_reverse(const dm_options *o)
{
    dm_check_table("reverse");
    check_reverse_1d(o->data1);
    check_reverse_2d(o->data2);
}
