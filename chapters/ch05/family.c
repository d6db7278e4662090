/* Section 5.8: a family of reverse equations. */
#include "ch05.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

/* The right side of Eq. (5.17), with a share of the score and one of the
 * noise's variance, in units of g^2. */
static double family(const place *at, double kappa, double noise, double *error)
{
    return -flux_slope(at, kappa, error) - 0.5 * noise * at->g2 * at->by.xx;
}

static void check_family(const dm_mixture *data)
{
    place at = place_at(data, DM_SDE_VP, T_MIDDLE, 0.2);
    static const double lambda[] = { 0.5, 1.0, 2.0 };
    double error, other;

    for (size_t i = 0; i < 3; i++) {
        double l = lambda[i], l2 = l * l;
        double right = family(&at, 0.5 * (1.0 + l2), l2, &error);
        dm_check_numeric(at.q_t, right, at.error + error, 1.0, "5.17",
                         "slope of q by t, lambda = %g", l);
        dm_check_refutes(family(&at, 0.5, l2, &other),
                         "noise, and the score halved");
        dm_check_refutes(family(&at, 0.5 * (1.0 + l2), 0.0, &other),
                         "the noise dropped");
        if (l == 1.0)
            continue; /* where the next two are right */
        dm_check_refutes(family(&at, 0.5 * (1.0 + l), l2, &other),
                         "lambda for lambda^2");
        dm_check_refutes(family(&at, 1.0, l2, &other),
                         "the score as for lambda = 1");
    }
    double s = at.by.x / at.by.q, pull = at.by.xx; /* (s q)' = q'' */
    at.f = 0.0;
    at.g2 = 1.0;
    double slope = -flux_slope(&at, 1.0, &error);
    dm_check_numeric(slope, pull, error + at.error, 1.0, "5.16",
                     "slope of s q by x, against q''");
    /* The law stays where (s q)' is half of q'' over the ratio. */
    dm_check_refutes(0.5 * pull, "g^2 s with noise g: the ratio 1");
    dm_check_refutes(s * at.by.x, "s q', the product rule forgotten");
}

trend reverse_limit(const dm_mixture *g, double lambda, dm_gaussian x,
                    int of_mean)
{
    double at[3];

    for (size_t i = 0; i < 3; i++) {
        size_t n = (size_t)1000 << i;
        double *t = malloc((n + 1) * sizeof *t);
        dm_sampler_times(T_MIN, n, t);
        dm_gaussian end =
            through(dm_sampler_reverse_sde(DM_SDE_VP, n, t, lambda), g, x);
        at[i] = of_mean ? end.mean : end.variance;
        free(t);
    }
    return trend_of(at);
}

way_back example_way(void)
{
    way_back w = { .data = example() };
    dm_level start = dm_sde_level(DM_SDE_VP, 1.0);
    dm_level end = dm_sde_level(DM_SDE_VP, T_MIN);

    w.start = at_level(w.data, start);
    w.end = at_level(w.data, end);
    w.length = length(w.data->component[0].cov.xx, end, start, &w.end.variance,
                      &w.start.variance);
    return w;
}

static void check_variances(void)
{
    way_back w = example_way();
    double v = w.end.variance, l = w.length;

    for (double lambda = 0.0; lambda < 1.6; lambda += 0.5) {
        trend t = reverse_limit(w.data, lambda, w.start, 0);
        dm_check_numeric(t.limit, v, t.error, 1.0, "5.17",
                         "Var x at the end, lambda = %g", lambda);
        if (lambda == 0.0)
            dm_check_refutes(v * exp(-l), "the score not halved");
        else
            dm_check_refutes(v * (1.0 + lambda * lambda * l),
                             "noise, and the score halved");
    }
    dm_mixture_free(w.data);
}

void section_family(const dm_options *o)
{
    dm_check_table("family");
    check_family(o->data1);
    check_variances();
}
