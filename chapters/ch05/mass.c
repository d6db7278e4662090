/* Section 5.1: mass that is carried along. */
#include "ch05.h"

#include <float.h>
#include <math.h>

#include "check.h"

static slopes slopes_at(const dm_mixture *data, dm_level level, double x)
{
    slopes s = { .q = 0.0 };

    for (size_t k = 0; k < data->K; k++) {
        const dm_component *b = &data->component[k];
        double m = b->mean[0], v = b->cov.xx, a = level.scale;
        double V = a * a * v + level.variance, z = x - a * m;
        double N = b->weight * dm_gaussian_pdf((dm_gaussian){ a * m, V }, x);
        double bend = (z * z / V - 1.0) / V;
        // snippet: slopes
        s.q += N;
        s.x -= N * z / V;
        s.xx += N * bend;
        s.a += N * (z * m / V + a * v * bend);
        s.c += N * 0.5 * bend;
        s.F_a -= N * (m + z * a * v / V);
        s.F_c -= N * 0.5 * z / V;
        // end: slopes
    }
    return s;
}

static double scale_at(double t, void *sde)
{
    return dm_sde_level(*(dm_sde *)sde, t).scale;
}

static double variance_at(double t, void *sde)
{
    return dm_sde_level(*(dm_sde *)sde, t).variance;
}

place place_at(const dm_mixture *data, dm_sde sde, double t, double p)
{
    place at = { .data = data, .sde = sde, .t = t };
    dm_level level = dm_sde_level(sde, t);
    dm_mixture *q = dm_mixture_diffuse(data, level);
    double a_error, c_error;

    at.x = dm_mixture_quantile(q, p);
    at.f = dm_sde_drift(sde, t);
    at.g2 = dm_sde_noise_rate(sde, t);
    at.by = slopes_at(data, level, at.x);
    double a = slope_of(scale_at, &sde, t, 2e-3, &a_error);
    double c = slope_of(variance_at, &sde, t, 2e-3, &c_error);
    at.q_t = at.by.a * a + at.by.c * c;
    at.F_t = at.by.F_a * a + at.by.F_c * c;
    at.error = fabs(at.by.a) * a_error + fabs(at.by.c) * c_error +
               fabs(at.by.F_a) * a_error + fabs(at.by.F_c) * c_error;
    at.error += 64.0 * DBL_EPSILON * dm_mixture_condition(q) *
                (fabs(at.f) * (at.by.q + fabs(at.x * at.by.x)) +
                 at.g2 * fabs(at.by.xx));
    dm_mixture_free(q);
    return at;
}

/* A velocity f x - kappa g^2 s, times the density. */
typedef struct {
    const place *at;
    const dm_mixture *q;
    double kappa;
} stream;

static double flux(double x, void *params)
{
    const stream *s = params;
    double score;

    dm_mixture_score(s->q, &x, &score);
    return (s->at->f * x - s->kappa * s->at->g2 * score) *
           exp(dm_mixture_log_density(s->q, &x));
}

double flux_slope(const place *at, double kappa, double *error)
{
    dm_mixture *q = dm_mixture_diffuse(at->data, dm_sde_level(at->sde, at->t));
    stream s = { at, q, kappa };
    /* A width on which the density changes little. */
    double h = 0.02 * sqrt(at->by.q / (fabs(at->by.xx) + at->by.q));
    double slope = slope_of(flux, &s, at->x, h, error);

    dm_mixture_free(q);
    return slope;
}

static double fokker_planck(const place *at, double f, double g2)
{
    return -f * (at->by.q + at->x * at->by.x) + 0.5 * g2 * at->by.xx;
}

static void check_fokker_planck(const dm_mixture *data)
{
    static const char *const name[] = { "VP", "sub-VP", "VE" };

    for (int sde = DM_SDE_VP; sde <= DM_SDE_VE; sde++) {
        double t = sde == DM_SDE_VE ? 0.5 : T_MIDDLE;
        place at = place_at(data, (dm_sde)sde, t, 0.2);
        dm_check_numeric(at.q_t, fokker_planck(&at, at.f, at.g2), at.error, 1.0,
                         "5.1", "slope of q by t, %s, t = %g", name[sde], t);
        dm_check_refutes(fokker_planck(&at, at.f, sqrt(at.g2)), "g for g^2");
        dm_check_refutes(fokker_planck(&at, at.f, 2.0 * at.g2),
                         "g^2 for g^2/2");
        if (sde != DM_SDE_VE)
            dm_check_refutes(fokker_planck(&at, 0.0, at.g2), "no drift");
    }
}

static void check_continuity(const dm_mixture *data)
{
    for (double p = 0.2; p < 0.8; p += 0.5) {
        place at = place_at(data, DM_SDE_VP, T_MIDDLE, p);
        double error, other;
        double slope = flux_slope(&at, 0.5, &error);
        dm_check_numeric(at.q_t, -slope, at.error + error, 1.0, "5.3",
                         "slope of q by t, P(x) = %.1f", p);
        dm_check_refutes(-flux_slope(&at, 1.0, &other), "the score not halved");
        dm_check_refutes(-flux_slope(&at, 0.0, &other), "no score");
        dm_check_refutes(-flux_slope(&at, -0.5, &other),
                         "the sign of the score");
        double u = at.f * at.x - 0.5 * at.g2 * at.by.x / at.by.q;
        dm_check_numeric(at.F_t, -u * at.by.q, at.error, 1.0, "5.5",
                         "slope of F by t, P(x) = %.1f", p);
        dm_check_refutes(u * at.by.q, "the sign");
        dm_check_refutes(-at.f * at.x * at.by.q, "carried by the drift alone");
    }
}

void section_mass(const dm_options *o)
{
    dm_check_table("mass");
    check_fokker_planck(o->data1);
    check_continuity(o->data1);
}
