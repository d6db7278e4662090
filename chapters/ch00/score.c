/* Section 0.7: score and Hessian. */
#include "ch00.h"

#include <math.h>

#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>

#include "check.h"

/* The straight path from one point to another, in one dimension or two. */
typedef struct {
    const dm_mixture *m;
    double from[2], along[2];
    int wrong; /* 1 to make the mistake that is named in the row */
} path;

static path path_through(const dm_mixture *m)
{
    path p = { .m = m };

    typical_point(m, -2.0, p.from);
    typical_point(m, 0.5, p.along);
    for (size_t j = 0; j < m->dim; j++)
        p.along[j] -= p.from[j];
    return p;
}

static double dot(const path *p, const double v[2])
{
    return v[0] * p->along[0] + v[1] * p->along[1];
}

// snippet: along-path
/* The score along the path at share u of the way: its integral over u is the
 * change of log q.  Wrong: weights w_k for r_k. */
static double score_on_path(double u, void *params)
{
    path *p = params;
    double x[2], s[2] = { 0.0, 0.0 };

    for (size_t j = 0; j < 2; j++)
        x[j] = p->from[j] + u * p->along[j];
    if (p->wrong)
        score_with_prior_weights(p->m, x, s);
    else
        dm_mixture_score(p->m, x, s);
    return dot(p, s);
}
// end: along-path

/* The second derivative of log q along the path, whose integral is the change
 * of the first.  Wrong: the square of the score not subtracted. */
static double hessian_on_path(double u, void *params)
{
    path *p = params;
    double x[2], s[2] = { 0.0, 0.0 };
    dm_sym2 h;

    for (size_t j = 0; j < 2; j++)
        x[j] = p->from[j] + u * p->along[j];
    dm_mixture_hessian(p->m, x, &h);
    dm_mixture_score(p->m, x, s);
    return h.xx * gsl_pow_2(p->along[0]) +
           2.0 * h.xy * p->along[0] * p->along[1] +
           h.yy * gsl_pow_2(p->along[1]) +
           (p->wrong ? gsl_pow_2(dot(p, s)) : 0.0);
}

/* Adds the quadrature's own estimate of its error to *error. */
static double integral_on_path(double (*f)(double, void *), path p, int wrong,
                               double epsabs, double *error)
{
    gsl_integration_cquad_workspace *w =
        gsl_integration_cquad_workspace_alloc(100);
    gsl_function function = { f, &p };
    double result, estimate;

    p.wrong = wrong;
    gsl_integration_cquad(&function, 0.0, 1.0, epsabs, 0.0, w, &result,
                          &estimate, NULL);
    gsl_integration_cquad_workspace_free(w);
    if (estimate > epsabs)
        *error += estimate;
    return result;
}

static void check_score(const dm_mixture *noisy)
{
    path p = path_through(noisy);
    double to[2] = { p.from[0] + p.along[0], p.from[1] + p.along[1] };
    double s0[2] = { 0.0, 0.0 }, s1[2] = { 0.0, 0.0 };

    dm_mixture_score(noisy, p.from, s0);
    dm_mixture_score(noisy, to, s1);
    double change = dm_mixture_log_density(noisy, to) -
                    dm_mixture_log_density(noisy, p.from);
    double scale = 1.0 + fabs(dot(&p, s0)) + fabs(dot(&p, s1));
    double tol = dm_mixture_tolerance(noisy, TOLERANCE) * scale;
    double e1 = tol, e2 = tol, unused;
    double seen = integral_on_path(score_on_path, p, 0, tol, &e1);
    dm_check_numeric(seen, change, e1, scale, "0.17",
                     "%zu-D: integral of the score", noisy->dim);
    dm_check_refutes(integral_on_path(score_on_path, p, 1, tol, &unused),
                     "weights w_k for r_k");
    dm_check_refutes(-seen, "the sign turned");
    seen = integral_on_path(hessian_on_path, p, 0, tol, &e2);
    dm_check_numeric(seen, dot(&p, s1) - dot(&p, s0), e2, scale, "0.18",
                     "%zu-D: integral of the Hessian", noisy->dim);
    dm_check_refutes(integral_on_path(hessian_on_path, p, 1, tol, &unused),
                     "s^2 not subtracted");
}

void section_score(const dm_mixture *noisy1, const dm_mixture *noisy2)
{
    dm_check_table("score");
    check_score(noisy1);
    check_score(noisy2);
}
