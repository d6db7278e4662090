/* Section 5.10: the exact likelihood. */
#include "ch05.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "flow.h"
#include "rng.h"

// snippet: likelihood
/* log q_0(x) by Eq. (5.21): along the flow to the level, where the law is q. */
static double log_likelihood(const dm_mixture *data, dm_level level,
                             const dm_mixture *q, const double x[],
                             double *stretch)
{
    double y[] = { x[0], data->dim == 2 ? x[1] : 0.0 };

    dm_flow_move(data, (dm_level){ 1.0, 0.0 }, level, TOLERANCE, y, stretch);
    return dm_mixture_log_density(q, y) + *stretch;
}
// end: likelihood

/* The error that TOLERANCE leaves in that, for a point of the data. */
static double likelihood_error(const dm_mixture *data, double value)
{
    double rounds = 64.0 * DBL_EPSILON * dm_mixture_condition(data);
    /* The score at pure noise is minus the point, half way to it not much more
     * than that: a few units. */
    return 20.0 * TOLERANCE + rounds * (1.0 + fabs(value));
}

/* Three points; the second goes to a level whose scale^2 + variance is not 1. */
static void check_likelihood(const dm_mixture *data, const char *name)
{
    for (size_t i = 0; i < 3; i++) {
        dm_level level = i == 1 ? dm_sde_level(DM_SDE_SUB_VP, T_MIDDLE)
                                : dm_sde_level(DM_SDE_VP, 1.0);
        dm_mixture *q = dm_mixture_diffuse(data, level);
        const dm_component *k = &data->component[i * (data->K - 1) / 2];
        double shift = 0.6 * (double)i - 0.4, stretch;
        double x[] = { k->mean[0] + shift * sqrt(k->cov.xx),
                       k->mean[1] - 1.3 * shift * sqrt(k->cov.yy) };
        double got = log_likelihood(data, level, q, x, &stretch);
        double expected = dm_mixture_log_density(data, x);
        dm_check_numeric(got, expected, likelihood_error(data, expected), 1.0,
                         "5.21", "log q_0, %s, point %zu%s", name, i + 1,
                         i == 1 ? ", sub-VP" : "");
        dm_check_refutes(got - stretch, "the divergence left out");
        dm_check_refutes(got - 2.0 * stretch, "its sign");
        dm_check_refutes(got - stretch + (double)data->dim * log(level.scale),
                         "the divergence of f x alone");
        dm_mixture_free(q);
    }
}

/* Two bumps of the plane that are neither round nor along the axes. */
static dm_mixture *tilted(void)
{
    static const double weight[] = { 0.4, 0.6 },
                        mean[] = { -1.0, 0.5, 1.2, -0.8 },
                        cov[] = { 0.3, 0.12, 0.1, 0.05, -0.02, 0.4 };
    return dm_mixture_new(2, 2, weight, mean, cov);
}

/* Of 100 draws, how many have the right log density to within 1e-7. */
static void check_draws(const dm_options *o, const dm_mixture *data)
{
    enum { DRAWS = 100 };
    dm_level level = dm_sde_level(DM_SDE_VP, 1.0);
    dm_mixture *q = dm_mixture_diffuse(data, level);
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    size_t right = 0;

    gsl_rng_set(rng, o->seed);
    for (size_t i = 0; i < DRAWS; i++) {
        double x[2], stretch;
        dm_rng_at(rng, DM_STREAM_DATA, (uint32_t)data->dim, (uint32_t)i);
        dm_mixture_sample(data, rng, x);
        right += fabs(log_likelihood(data, level, q, x, &stretch) -
                      dm_mixture_log_density(data, x)) <= 1e-7;
    }
    dm_check_exact((double)right, DRAWS, 0.0, 1.0, "5.21",
                   "%zu-D draws right to 1e-7, of %d", data->dim, DRAWS);
    dm_check_refutes(0.0, "none");
    gsl_rng_free(rng);
    dm_mixture_free(q);
}

/* The slope of ln q along a path, by differences, against the divergence. */
typedef struct {
    const dm_mixture *data;
    double t, x;
} path;

static double log_density_on(double t, void *params)
{
    const path *p = params;
    double x = flow_to(p->data, dm_sde_level(DM_SDE_VP, p->t),
                       dm_sde_level(DM_SDE_VP, t), p->x, NULL);
    dm_mixture *q = dm_mixture_diffuse(p->data, dm_sde_level(DM_SDE_VP, t));
    double log_q = dm_mixture_log_density(q, &x);

    dm_mixture_free(q);
    return log_q;
}

static void check_slope_of_log(const dm_mixture *data)
{
    place at = place_at(data, DM_SDE_VP, T_MIDDLE, 0.2);
    path p = { data, at.t, at.x };
    double error, h = 1e-3, s = at.by.x / at.by.q;
    double slope = slope_of(log_density_on, &p, at.t, h, &error);
    double divergence = at.f - 0.5 * at.g2 * (at.by.xx / at.by.q - s * s);

    error += TOLERANCE * (1.0 + fabs(s)) / h;
    dm_check_numeric(slope, -divergence, error, 1.0, "5.20",
                     "slope of ln q along the flow");
    dm_check_refutes(divergence, "the sign");
    dm_check_refutes(at.q_t / at.by.q, "at a fixed x");
    dm_check_refutes(-at.f, "the divergence of f x alone");
    dm_check_refutes(-at.f + 0.5 * at.g2 * at.by.xx / at.by.q,
                     "q''/q for the slope of the score");
}

/* What a model that starts from N(0, 1) says of the data. */
typedef struct {
    const dm_mixture *data;
    dm_level level;
} model;

static double surprise(double x, void *params)
{
    const model *m = params;
    double stretch, log_q = dm_mixture_log_density(m->data, &x);

    if (log_q < NEGLIGIBLE)
        return 0.0;
    double y = flow_to(m->data, (dm_level){ 1.0, 0.0 }, m->level, x, &stretch);
    dm_gaussian noise = { 0.0, 1.0 };

    return -exp(log_q) * (dm_gaussian_log_pdf(noise, y) + stretch);
}

double own_surprise(double x, void *data)
{
    double log_q = dm_mixture_log_density(data, &x);
    return -log_q * exp(log_q);
}

static void check_bits(dm_mixture *data)
{
    static const double t[] = { 1.0, 0.5 };

    for (size_t i = 0; i < 2; i++) {
        model m = { data, dm_sde_level(DM_SDE_VP, t[i]) };
        dm_mixture *q = dm_mixture_diffuse(data, m.level);
        double nats = NAN, entropy = NAN, kl, error;
        double wanted = dm_mixture_tolerance(data, 1e-8);
        dm_mixture_integrate(data, NULL, surprise, &m, wanted, &nats);
        dm_mixture_integrate(data, NULL, own_surprise, data, wanted, &entropy);
        dm_distance_kl_to_normal(q, &kl, &error);
        error += 2.0 * wanted + 20.0 * TOLERANCE;
        dm_check_numeric(nats - entropy, kl, error, 1.0, "5.22",
                         "KL to the model, from t = %g", t[i]);
        dm_check_refutes(0.0, "a flow forgets its start");
        dm_check_numeric(nats / M_LN2, (entropy + kl) / M_LN2, error / M_LN2,
                         1.0, "5.23", "bits a number, from t = %g", t[i]);
        dm_check_refutes(nats, "nats for bits");
        dm_check_refutes(nats / M_LN2 + log2(127.5), "in units of 1/127.5");
        dm_mixture_free(q);
    }
}

void section_likelihood(const dm_options *o)
{
    dm_check_table("likelihood");
    dm_mixture *pair = tilted();
    check_slope_of_log(o->data1);
    check_likelihood(o->data1, "1-D");
    check_draws(o, o->data1);
    check_likelihood(o->data2, "2-D");
    check_draws(o, o->data2);
    check_likelihood(pair, "tilted");
    dm_mixture_free(pair);
    dm_check_table("bits");
    check_bits(o->data1);
}
