/* Section 4.5: back in time. */
#include "ch04.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

/* F q at x, Eq. (4.22). */
static double flux(double x, const spot *s)
{
    spot here = *s;
    here.x[0] = x;
    local l = local_at(&here);
    double f = dm_sde_drift(s->sde, s->t), g2 = dm_sde_noise_rate(s->sde, s->t);
    double score = x != 0.0 ? l.xs / x : 0.0;

    return l.q * (-f * x + 0.5 * (1.0 + gsl_pow_2(s->lambda)) * g2 * score);
}

static void check_reverse_flux(const dm_mixture *data, dm_sde sde,
                               double lambda)
{
    spot s = spot_in(data, sde, 0.3);
    s.lambda = lambda;
    local l = local_at(&s);
    dm_level level = dm_sde_level(sde, s.t);
    double f = dm_sde_drift(sde, s.t), g2 = dm_sde_noise_rate(sde, s.t);
    double carried = -f * l.q * (1.0 + l.xs) + 0.0;
    double spread = 0.5 * g2 * l.q * (l.trace + l.ss), l2 = lambda * lambda;
    double size = fabs(f * s.x[0]) + g2 * sqrt(l.ss) + 1.0;
    estimate d = slope(flux, &s, s.x[0], sqrt(level.variance) / 64.0,
                       round_off(data, l.q) * size);

    dm_check_numeric(-d.value + l2 * spread, -carried - spread, d.error, l.q,
                     "4.23", "1-D: -dq/dt, %s, lambda = %g", names[sde],
                     lambda);
    if (sde != DM_SDE_VE)
        dm_check_refutes(carried - spread, "the drift f x not turned");
    dm_check_refutes(-carried + l2 * spread, "the score left out");
    if (lambda > 0.0)
        dm_check_refutes((l2 - 1.0) * spread - carried + 0.0,
                         "half of the score, the noise kept");
    dm_check_refutes(-carried - 2.0 * spread, "the score in full, no noise");
}

double variance_back(dm_sde sde, double v, double t_min, int n, way_back way)
{
    double h = (1.0 - t_min) / n, x = NAN;

    for (int i = 0; i < n; i++) {
        double t = 1.0 - h * i;
        dm_level level = dm_sde_level(sde, t);
        double V = gsl_pow_2(level.scale) * v + level.variance;
        double g2 = dm_sde_noise_rate(sde, t);
        double rate = dm_sde_drift(sde, t) + way.score * g2 / V;
        x = i == 0 ? V : x;
        x = gsl_pow_2(1.0 + way.dt * h * rate) * x + way.noise * g2 * h;
    }
    return x;
}

static void check_direction(dm_sde sde, double v)
{
    const double t_min = 0.001;
    const way_back right = { 1.0, 1.0, -1.0 };
    dm_level level = dm_sde_level(sde, t_min);
    double y[4], V = gsl_pow_2(level.scale) * v + level.variance;

    for (int i = 0; i < 4; i++)
        y[i] = variance_back(sde, v, t_min, 1000 << i, right);
    estimate e = limit_of(y);
    dm_check_numeric(e.value, V, e.error, 1.0, "4.23",
                     "%s: variance at t = %g, h to 0", names[sde], t_min);
    dm_check_refutes(variance_back(sde, v, t_min, 1000,
                                   (way_back){ 1.0, 1.0, 1.0 }),
                     "dt = 1/1000 > 0");
    dm_check_refutes(variance_back(sde, v, t_min, 1000,
                                   (way_back){ 0.0, 1.0, -1.0 }),
                     "the score left out");
    dm_check_refutes(variance_back(sde, v, t_min, 1000,
                                   (way_back){ 0.5, 1.0, -1.0 }),
                     "half of the score, as Langevin");
    dm_check_refutes(variance_back(sde, v, t_min, 1000,
                                   (way_back){ 1.0, 0.0, -1.0 }),
                     "the noise left out");
}

/* A row: the conditional score is not that of a Gaussian with the moments. */
static void check_score(const dm_mixture *data)
{
    dm_level level = dm_sde_level(DM_SDE_VP, 0.22);
    dm_mixture *q = dm_mixture_diffuse(data, level);
    const dm_component *c = &data->component[0];
    double x = level.scale * c->mean[0] + 0.4, mean, score, clean;
    dm_sym2 cov;

    dm_mixture_moments(q, &mean, &cov);
    dm_mixture_score(q, &x, &score);
    dm_mixture_denoise(data, level, &x, &clean, NULL);
    dm_check_exact((level.scale * clean - x) / level.variance, score, 64.0,
                   dm_mixture_condition(q) * (1.0 + fabs(x)), "4.24",
                   "score of q_t, by E[x_0 given x_t]");
    dm_check_refutes((mean - x) / cov.xx, "q_t taken for a Gaussian");
    dm_check_refutes((mean - x) / level.variance, "E x_0 for E[x_0 given x_t]");
    dm_mixture_free(q);
}

static void check_table_step(const dm_mixture *data, dm_sde sde, double lambda)
{
    const double t[] = { 0.3, 0.34 };
    dm_sampler *table = dm_sampler_reverse_sde(sde, 1, t, lambda);
    spot at = spot_in(data, sde, t[1]);
    dm_mixture *q = law_at(data, sde, t[1]);
    double x = at.x[0], eps, s, h = t[1] - t[0], f = dm_sde_drift(sde, t[1]);
    double g2 = dm_sde_noise_rate(sde, t[1]),
           half = 0.5 * (1 + lambda * lambda);
    const dm_step *step = table->step;

    dm_mixture_score(q, &x, &s);
    dm_mixture_eps(data, step->from, &x, &eps);
    double scale = dm_mixture_condition(q) * (1.0 + fabs(x) + h * g2 * fabs(s));
    dm_check_exact(step->A * x + step->B * eps, x - h * (f * x - half * g2 * s),
                   64.0, scale, "4.24", "%s, lambda = %g: mean of a step",
                   names[sde], lambda);
    dm_check_refutes(x + h * (f * x - half * g2 * s), "dt > 0");
    dm_check_refutes(x - h * (f * x + half * g2 * s), "the sign of the score");
    if (lambda == 1.0)
        dm_check_refutes(x - h * (f * x - 0.5 * g2 * s), "half of the score");
    else
        dm_check_refutes(x - h * (f * x - g2 * s), "the score in full");
    dm_check_exact(step->C, lambda * sqrt(g2 * h), 16.0, 1.0, "4.24",
                   "%s, lambda = %g: its noise", names[sde], lambda);
    dm_check_refutes(lambda * lambda * g2 * h, "its variance");
    dm_check_refutes(lambda * sqrt(g2) * h, "g dt for g dw");
    dm_mixture_free(q);
    dm_sampler_free(table);
}

void section_reverse(const dm_options *o)
{
    dm_check_table("reverse");
    for (size_t i = 0; i < 3; i++)
        check_reverse_flux(o->data1, all_sdes[i], 1.0);
    check_reverse_flux(o->data1, DM_SDE_VP, 0.5);
    check_direction(DM_SDE_VP, 0.25);
    check_direction(DM_SDE_VE, 1.0);
    dm_check_table("steps");
    check_score(o->data1);
    check_table_step(o->data1, DM_SDE_VP, 1.0);
    check_table_step(o->data1, DM_SDE_VE, 1.0);
    check_table_step(o->data1, DM_SDE_VP, 0.5);
}
