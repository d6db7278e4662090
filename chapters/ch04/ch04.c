/* What the sections of chapter 4 share. */
#include "ch04.h"

#include <math.h>

#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>

#include "check.h"

estimate limit_of(const double y[4])
{
    double once[3];

    for (size_t i = 0; i < 3; i++)
        once[i] = 2.0 * y[i + 1] - y[i];
    double last = (4.0 * once[2] - once[1]) / 3.0;
    double before = (4.0 * once[1] - once[0]) / 3.0;
    double second = last - once[2]; /* what cancelling it changed */
    return (estimate){ last, fabs(last - before) + fabs(second) / 16.0 };
}

/* The order that the last halving shows; *error is what it may be off by. */
static double last_order(const double e[4], double *error)
{
    double last = log2(e[2] / e[3]), middle = log2(e[1] / e[2]);
    double first = log2(e[0] / e[1]);

    *error = 2.0 * GSL_MAX_DBL(fabs(last - middle), fabs(middle - first));
    return last;
}

void check_order(const double e[4], double order, const char *eq,
                 const char *what)
{
    double error, last = last_order(e, &error);
    dm_check_order(last, order, error, eq, "%s", what);
}

int shows_order(const double e[4])
{
    double error;
    last_order(e, &error);
    return error < 0.25;
}

double integral(double (*f)(double, void *), void *params, double t)
{
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(200);
    gsl_function F = { f, params };
    double result = NAN, error;

    gsl_integration_qag(&F, 0.0, t, 0.0, 1e-12, 200, GSL_INTEG_GAUSS61, w,
                        &result, &error);
    gsl_integration_workspace_free(w);
    return result;
}

dm_mixture *normal(double mean, double variance)
{
    const double one = 1.0;

    return dm_mixture_new(1, 1, &one, &mean, &variance);
}

dm_mixture *law_at(const dm_mixture *data, dm_sde sde, double t)
{
    return dm_mixture_diffuse(data, dm_sde_level(sde, t));
}
