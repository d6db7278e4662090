/* Section 4.3: Fokker-Planck. */
#include "ch04.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

static double density_at(double t, const spot *s)
{
    dm_mixture *q = law_at(s->data, s->sde, t);
    double density = exp(dm_mixture_log_density(q, s->x));

    dm_mixture_free(q);
    return density;
}

estimate slope(double (*f)(double, const spot *), const spot *s, double at,
               double h, double noise)
{
    double d[2];

    for (int i = 0; i < 2; i++, h *= 0.5)
        d[i] = (8.0 * (f(at + h, s) - f(at - h, s)) - f(at + 2.0 * h, s) +
                f(at - 2.0 * h, s)) /
               (12.0 * h);
    return (estimate){ d[1], fabs(d[1] - d[0]) + 16.0 * noise / h };
}

double round_off(const dm_mixture *m, double q)
{
    return 16.0 * DBL_EPSILON * q * dm_mixture_condition(m);
}

local local_at(const spot *s)
{
    dm_mixture *m = law_at(s->data, s->sde, s->t);
    double score[2] = { 0.0 };
    dm_sym2 h = { 0.0, 0.0, 0.0 };

    dm_mixture_score(m, s->x, score);
    dm_mixture_hessian(m, s->x, &h);
    local l = { exp(dm_mixture_log_density(m, s->x)),
                s->x[0] * score[0] + s->x[1] * score[1],
                gsl_pow_2(score[0]) + gsl_pow_2(score[1]),
                h.xx + (m->dim == 2 ? h.yy : 0.0) };
    dm_mixture_free(m);
    return l;
}

spot spot_in(const dm_mixture *data, dm_sde sde, double t)
{
    dm_level level = dm_sde_level(sde, t);
    const dm_component *c = &data->component[data->K / 2];
    spot s = { .data = data, .sde = sde, .t = t };
    double a = level.scale;

    s.x[0] = a * c->mean[0] + 0.6 * sqrt(a * a * c->cov.xx + level.variance);
    if (data->dim == 2)
        s.x[1] =
            a * c->mean[1] - 0.4 * sqrt(a * a * c->cov.yy + level.variance);
    return s;
}

static void check_fokker_planck(const dm_mixture *data, dm_sde sde)
{
    spot s = spot_in(data, sde, 0.3);
    local l = local_at(&s);
    double f = dm_sde_drift(sde, s.t), g2 = dm_sde_noise_rate(sde, s.t);
    double noise = round_off(data, l.q), dim = (double)data->dim;
    /* In 1/speed of time a bump moves or spreads by about its width. */
    double width = dm_sde_level(sde, s.t).variance;
    double speed =
        fabs(f) * (2.0 + (fabs(s.x[0]) + fabs(s.x[1])) / sqrt(width)) +
        g2 / width;
    estimate d = slope(density_at, &s, s.t, 1.0 / (32.0 * speed), noise);

    // snippet: fokker-planck
    double carried = -f * l.q * (dim + l.xs);          /* -f (x q)' */
    double spread = 0.5 * g2 * l.q * (l.trace + l.ss); /* g^2 q''/2 */
    // end: fokker-planck
    dm_check_numeric(d.value, carried + spread, d.error, l.q, "4.12",
                     "%zu-D: dq/dt, %s", data->dim, names[sde]);
    dm_check_refutes(carried + 2.0 * spread, "g^2 for g^2/2");
    if (sde != DM_SDE_VE) {
        dm_check_refutes(-carried + spread, "the sign of the drift");
        dm_check_refutes(-f * l.q * l.xs + spread, "-f x q' for -f (x q)'");
    }
}

void section_fokker_planck(const dm_options *o)
{
    dm_check_table("fokker-planck");
    for (size_t i = 0; i < 3; i++)
        check_fokker_planck(o->data1, all_sdes[i]);
    check_fokker_planck(o->data2, DM_SDE_VP);
}
