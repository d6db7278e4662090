/* Chapter 5 -- The probability flow.
 *
 * Writes the law of the noised data as the law of points that are carried
 * along, Eqs. (5.1) to (5.7), and checks what follows: the map of quantiles,
 * Eqs. (5.8) and (5.9), the variable in which DDIM is Euler's method, Eqs.
 * (5.11) to (5.15), the family of reverse equations, Eqs. (5.16) to (5.19), the
 * exact likelihood, Eqs. (5.20) to (5.23), and the code of a data point,
 * Eq. (5.24).  Prints the check tables; writes data/ch05_*.dat.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_odeiv2.h>
#include <gsl/gsl_statistics_double.h>

#include "check.h"
#include "cloud.h"
#include "distance.h"
#include "flow.h"
#include "gaussian.h"
#include "law.h"
#include "mixture.h"
#include "options.h"
#include "rng.h"
#include "sampler.h"
#include "schedule.h"
#include "sde.h"
#include "table.h"

/* What the library's flow is asked for, and what is allowed to be lost. */
static const double TOLERANCE = 1e-10, ALLOWED = 1e-9;

/* Where the laws are looked at: neither nearly data nor nearly noise. */
static const double T_MIDDLE = 0.3;

/* A flow that this run cannot follow is said in one line. */
static void stop(const char *reason, const char *file, int line, int code)
{
    (void)file, (void)line, (void)code;
    fprintf(stderr, "chapter 5 cannot follow these data: %s\n", reason);
    exit(2);
}

/* The slope of f at x from eight places up to 4 h away: a difference formula of
 * order 4, with steps h and 2 h, and what both together make of order 6.  The
 * error is that of the former, which is larger. */
static double slope_of(double (*f)(double x, void *params), void *params,
                       double x, double h, double *error)
{
    double at[2];

    for (int i = 0; i < 2; i++) {
        double step = (double)(1 + i) * h;
        double near = f(x + step, params) - f(x - step, params);
        double far = f(x + 2.0 * step, params) - f(x - 2.0 * step, params);
        at[i] = (8.0 * near - far) / (12.0 * step);
    }
    double better = (16.0 * at[0] - at[1]) / 15.0;
    *error = fabs(better - at[0]);
    return better;
}

/* --- 5.1 mass that is carried along --------------------------------------- */

/* The density of the noised data and its slopes, by x and by the two numbers
 * of the level; F_a and F_c are those of the distribution function. */
typedef struct {
    double q, x, xx, a, c, F_a, F_c;
} slopes;

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

/* A place (x, t) of a process, and what is needed there. */
typedef struct {
    const dm_mixture *data;
    dm_sde sde;
    double t, x, f, g2;
    slopes by;
    double q_t, F_t; /* slopes by time of the density, and of F */
    double error;    /* of q_t and F_t                          */
} place;

static double scale_at(double t, void *sde)
{
    return dm_sde_level(*(dm_sde *)sde, t).scale;
}

static double variance_at(double t, void *sde)
{
    return dm_sde_level(*(dm_sde *)sde, t).variance;
}

/* The place where the law at time t has probability p below.  The slopes of
 * the level are difference quotients, so that f and g have no part in them. */
static place place_at(const dm_mixture *data, dm_sde sde, double t, double p)
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

/* The slope of that by x, as a difference quotient. */
static double flux_slope(const place *at, double kappa, double *error)
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

/* --- 5.2 why the score is halved ------------------------------------------ */

static void check_residuals(const dm_mixture *data)
{
    place at = place_at(data, DM_SDE_VP, T_MIDDLE, 0.2);
    static const double kappa[] = { 1.0, 0.25, 0.0 };

    for (size_t i = 0; i < 3; i++) {
        double error, slope = flux_slope(&at, kappa[i], &error);
        double expected = (0.5 - kappa[i]) * at.g2 * at.by.xx;
        dm_check_numeric(at.q_t + slope, expected, at.error + error,
                         fabs(at.q_t), "5.6", "what is left, kappa = %g",
                         kappa[i]);
        dm_check_refutes(0.0, "this velocity carries the law too");
        dm_check_refutes(2.0 * expected, "1 - 2 kappa for 1/2 - kappa");
    }
}

/* dx/dt = f x - kappa g^2 s, for GSL; kappa = 1/2 is Eq. (5.4). */
typedef struct {
    const dm_mixture *data;
    dm_sde sde;
    double kappa;
} equation;

// snippet: drift
static int drift(double t, const double x[], double dx[], void *params)
{
    const equation *e = params;
    dm_mixture *q = dm_mixture_diffuse(e->data, dm_sde_level(e->sde, t));
    double f = dm_sde_drift(e->sde, t), g2 = dm_sde_noise_rate(e->sde, t);

    dm_mixture_score(q, x, dx); /* dx is the score until the next line */
    for (size_t j = 0; j < e->data->dim; j++)
        dx[j] = f * x[j] - e->kappa * g2 * dx[j];
    dm_mixture_free(q);
    return GSL_SUCCESS;
}
// end: drift

/* Solves an equation for the state x: [n] from time t to s, with a relative
 * error of 1e-13 in each step. */
static void solve(int (*slope)(double, const double[], double[], void *),
                  void *params, size_t n, double t, double s, double x[])
{
    gsl_odeiv2_system system = { slope, NULL, n, params };
    gsl_odeiv2_driver *driver =
        gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd,
                                      1e-3 * (s - t), 1e-30, 1e-13);

    int status = gsl_odeiv2_driver_apply(driver, &t, s, x);
    gsl_odeiv2_driver_free(driver);
    if (status != GSL_SUCCESS)
        GSL_ERROR_VOID("the equation could not be solved", status);
}

/* One Gaussian with mean and variance of the data. */
static dm_mixture *gaussian_like(const dm_mixture *data)
{
    double one = 1.0, mean[2];
    dm_sym2 C;

    dm_mixture_moments(data, mean, &C);
    double cov[] = { C.xx, C.xy, C.yy };
    return dm_mixture_new(data->dim, 1, &one, mean, cov);
}

/* Eq. (5.7), and the variance at either end, of Gaussian data. */
static double length(double v, dm_level s, dm_level t, double *V_s, double *V_t)
{
    *V_s = s.scale * s.scale * v + s.variance;
    *V_t = t.scale * t.scale * v + t.variance;
    return log(gsl_pow_2(s.scale / t.scale) * *V_t / *V_s);
}

static void check_dropped_noise(const dm_mixture *data)
{
    static const double kappa[] = { 0.5, 1.0, 0.0 };
    dm_mixture *g = gaussian_like(data);
    dm_level end = { 1.0, 0.0 }, start = dm_sde_level(DM_SDE_VP, 1.0);
    double v, V_t, l = length(g->component->cov.xx, end, start, &v, &V_t);

    for (size_t i = 0; i < 3; i++) {
        equation e = { g, DM_SDE_VP, kappa[i] };
        double low = 0.0, high = 1.0; /* the map is a straight line */
        solve(drift, &e, 1, 1.0, 0.0, &low);
        solve(drift, &e, 1, 1.0, 0.0, &high);
        double variance = gsl_pow_2(high - low) * V_t;
        double expected = v * exp((1.0 - 2.0 * kappa[i]) * l);
        double size = fmax(fabs(low), fabs(high)) / fabs(high - low);
        dm_check_numeric(variance, expected, ALLOWED * size * expected, 1.0,
                         "5.7", "variance of x_0, kappa = %g", kappa[i]);
        for (size_t j = 0; j < 3; j++)
            if (j != i)
                dm_check_refutes(v * exp((1.0 - 2.0 * kappa[j]) * l),
                                 j == 0   ? "that of the data"
                                 : j == 1 ? "noise dropped, g^2 kept"
                                          : "noise and score dropped");
    }
    dm_mixture_free(g);
}

/* --- 5.3 the line ---------------------------------------------------------- */

/* Where the flow of the data's law takes the point x on the line. */
static double flow_to(const dm_mixture *data, dm_level from, dm_level to,
                      double x, double *stretch)
{
    dm_flow_move(data, from, to, TOLERANCE, &x, stretch);
    return x;
}

static double at_time(const dm_mixture *data, double t, double kappa, double x)
{
    equation e = { data, DM_SDE_VP, kappa };
    solve(drift, &e, 1, 1.0, t, &x);
    return x;
}

/* What an error of that size in x is in the distribution function of q. */
static double in_probability(const dm_mixture *q, double x, double error)
{
    return error * (exp(dm_mixture_log_density(q, &x)) + error);
}

static void check_quantiles(const dm_mixture *data)
{
    dm_level end = { 1.0, 0.0 }, start = dm_sde_level(DM_SDE_VP, 1.0);
    dm_mixture *q = dm_mixture_diffuse(data, start);
    double mean, V_s, V_t;
    dm_sym2 C;

    dm_mixture_moments(data, &mean, &C);
    length(C.xx, end, start, &V_s, &V_t);
    for (double p = 0.1; p < 0.9; p += 0.35) {
        double x = dm_mixture_quantile(q, p), guess;
        double expected = dm_mixture_quantile(data, p);
        dm_check_numeric(at_time(data, 0.0, 0.5, x), expected, ALLOWED,
                         sqrt(V_s), "5.4", "x_0 of the point x_1 = %.3f", x);
        dm_check_refutes(at_time(data, 0.0, 1.0, x), "the score not halved");
        dm_check_refutes(at_time(data, 0.0, 0.0, x), "no score");
        dm_mixture_denoise(data, start, &x, &guess, NULL);
        dm_check_refutes(guess, "the mean of x_0 given x_1");
        dm_check_refutes(mean + sqrt(V_s / V_t) * (x - start.scale * mean),
                         "the map of a Gaussian");
    }
    dm_mixture_free(q);
}

/* The flow from a level to another, as a function. */
typedef struct {
    const dm_mixture *data;
    dm_level from, to;
} map;

static double map_at(double x, void *params)
{
    const map *m = params;
    return flow_to(m->data, m->from, m->to, x, NULL);
}

static void check_order_of_points(const dm_mixture *data)
{
    dm_level middle = dm_sde_level(DM_SDE_VP, T_MIDDLE), end = { 1.0, 0.0 };
    dm_mixture *q = dm_mixture_diffuse(data, middle);
    map back = { data, middle, end };

    for (double p = 0.1; p < 0.9; p += 0.7) {
        double x = dm_mixture_quantile(q, p), x_0 = map_at(x, &back);
        dm_check_numeric(dm_mixture_cdf(data, x_0), p,
                         in_probability(data, x_0, ALLOWED), 1.0, "5.8",
                         "F_0 at the image of %.3f", x);
        dm_check_refutes(1.0 - p, "the order turned");
        dm_check_refutes(dm_mixture_cdf(data, x / middle.scale),
                         "scaled back, not carried");
        double error, h = 0.02, slope = slope_of(map_at, &back, x, h, &error);
        double ratio = exp(dm_mixture_log_density(q, &x) -
                           dm_mixture_log_density(data, &x_0));
        dm_check_numeric(slope, ratio, error + TOLERANCE / h, 1.0, "5.9",
                         "dx_0/dx_t there, as a quotient");
        dm_check_refutes(1.0 / ratio, "upside down");
        dm_check_refutes(1.0, "distances are kept");
    }
    dm_mixture_free(q);
}

/* --- 5.4 the plane -------------------------------------------------------- */

/* Points carried from noise, by the flow and by two mistakes, and the numbers
 * that their Rosenblatt transform makes of them, which must be uniform. */
enum { MAPS = 3, STOPS = 2 };
typedef struct {
    size_t n;
    dm_level at[STOPS + 1];     /* noise, half way, data */
    dm_mixture *law[STOPS + 1]; /* there                 */
    double *u[STOPS][MAPS][2];  /* [n]                   */
} sheet;

static const double STOP[STOPS + 1] = { 1.0, 0.1, 0.0 };

static sheet new_sheet(const dm_options *o)
{
    sheet s = { .n = GSL_MAX(1, o->particles / 10) };
    double *room = malloc(2 * STOPS * MAPS * s.n * sizeof *room);

    if (room == NULL) {
        fprintf(stderr, "--particles: no memory for %zu\n", o->particles);
        exit(2);
    }
    for (size_t i = 0; i < 2 * STOPS * MAPS; i++)
        s.u[i / (2 * MAPS)][i / 2 % MAPS][i % 2] = &room[s.n * i];
    for (size_t i = 0; i <= STOPS; i++) {
        s.at[i] = dm_sde_level(DM_SDE_VP, STOP[i]);
        s.law[i] = dm_mixture_diffuse(o->data2, s.at[i]);
    }
    return s;
}

static void free_sheet(sheet *s)
{
    free(s->u[0][0][0]);
    for (size_t i = 0; i <= STOPS; i++)
        dm_mixture_free(s->law[i]);
}

/* Carries particle i; x[0] is the true one. */
static void carry(const dm_options *o, const dm_mixture *g, sheet *s, size_t i)
{
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    double x[MAPS][2], u[2];

    gsl_rng_set(rng, o->seed);
    dm_rng_at(rng, DM_STREAM_START, 0, (uint32_t)i);
    dm_mixture_sample(s->law[0], rng, x[0]);
    gsl_rng_free(rng);
    for (size_t j = 0; j < 2; j++)
        x[1][j] = x[2][j] = x[0][j];
    for (size_t k = 0; k < STOPS; k++) {
        dm_level from = s->at[k], to = s->at[k + 1];
        dm_flow_move(o->data2, from, to, 1e-5, x[0], NULL);
        dm_flow_move(g, from, to, 1e-5, x[1], NULL);
        for (size_t j = 0; j < 2; j++)
            x[2][j] *= to.scale / from.scale;
        for (size_t m = 0; m < MAPS; m++) {
            dm_mixture_rosenblatt(s->law[k + 1], x[m], u);
            s->u[k][m][0][i] = u[0];
            s->u[k][m][1][i] = u[1];
        }
    }
}

static void check_plane(const dm_options *o)
{
    sheet s = new_sheet(o);
    double limit = dm_distance_ks_limit(s.n, 2.0 * DM_CHECK_TAIL);
    dm_mixture *g = gaussian_like(o->data2);

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(static)
#endif
    for (size_t i = 0; i < s.n; i++)
        carry(o, g, &s, i);
    for (size_t k = 0; k < STOPS; k++)
        for (size_t j = 0; j < 2; j++) {
            dm_check_law(dm_distance_ks(s.n, s.u[k][0][j]), 0.0, 0.0, limit,
                         1.0, "5.10", "KS of %s, t = %g",
                         j == 0 ? "F(x)" : "F(y given x)", STOP[k + 1]);
            if (k == STOPS - 1)
                dm_check_refutes(dm_distance_ks(s.n, s.u[k][1][j]),
                                 "the map of a Gaussian");
            dm_check_refutes(dm_distance_ks(s.n, s.u[k][2][j]),
                             "scaled back, not carried");
        }
    dm_mixture_free(g);
    free_sheet(&s);
}

/* --- 5.5 the right variable ----------------------------------------------- */

/* The noise level of Eq. (5.11). */
static double noise_of(dm_level level)
{
    return sqrt(level.variance) / level.scale;
}

// snippet: by-noise
/* dy/dsigma = eps*, Eq. (5.12), for GSL. */
static int by_noise(double sigma, const double y[], double dy[], void *data)
{
    return dm_mixture_eps(data, (dm_level){ 1.0, sigma * sigma }, y, dy);
}
// end: by-noise

static void check_noise_as_time(dm_mixture *data)
{
    dm_level from = dm_sde_level(DM_SDE_VP, 0.6);
    dm_mixture *q = dm_mixture_diffuse(data, from);

    for (double p = 0.25; p < 0.9; p += 0.5) {
        double x = dm_mixture_quantile(q, p), y = x / from.scale;
        double unscaled = x, squared = y;
        solve(by_noise, data, 1, noise_of(from), 0.0, &y);
        solve(by_noise, data, 1, noise_of(from), 0.0, &unscaled);
        solve(by_noise, data, 1, gsl_pow_2(noise_of(from)), 0.0, &squared);
        dm_check_numeric(y, dm_mixture_quantile(data, p), ALLOWED, 1.0, "5.12",
                         "x_0 of the point x_0.6 = %.3f", x);
        dm_check_refutes(unscaled, "x not divided by a");
        dm_check_refutes(squared, "c/a^2, the root lost");
    }
    dm_mixture_free(q);
}

/* The time at which VE has the noise sigma. */
static double ve_time(double sigma)
{
    double first = 0.01; /* sigma(0) */
    return log1p(gsl_pow_2(sigma / first)) / (2.0 * log(5000.0));
}

static void check_ve(dm_mixture *data)
{
    dm_level from = dm_sde_level(DM_SDE_VP, 0.6);
    dm_level to = dm_sde_level(DM_SDE_VP, 0.2);
    equation vp = { data, DM_SDE_VP, 0.5 }, sub = { data, DM_SDE_SUB_VP, 0.5 };
    equation ve = { data, DM_SDE_VE, 0.5 };
    double x = 0.8, y = x / from.scale, unscaled = x, wrong = y, other = x;

    solve(drift, &vp, 1, 0.6, 0.2, &x);
    solve(drift, &ve, 1, ve_time(noise_of(from)), ve_time(noise_of(to)), &y);
    solve(drift, &ve, 1, ve_time(noise_of(from)), ve_time(noise_of(to)),
          &unscaled);
    solve(drift, &ve, 1, 0.6, 0.2, &wrong);
    solve(drift, &sub, 1, 0.6, 0.2, &other);
    dm_check_numeric(x / to.scale, y, ALLOWED, 1.0, "5.11",
                     "x/a after the VP flow, and VE's");
    dm_check_refutes(unscaled, "x not divided by a");
    dm_check_refutes(wrong, "the same times");
    dm_check_refutes(other / to.scale, "sub-VP, the same times");
    dm_level ve_from = { 1.0, gsl_pow_2(noise_of(from)) };
    dm_level ve_to = { 1.0, gsl_pow_2(noise_of(to)) };
    dm_check_numeric(flow_to(data, ve_from, ve_to, 0.8 / from.scale, NULL), y,
                     ALLOWED, 1.0, "5.14", "the same, by the angle");
    dm_check_refutes(flow_to(data, from, to, 0.8 / from.scale, NULL),
                     "VE's point at the level of VP");
}

/* Euler's method for Eq. (5.12) over levels given from noise to data, as a
 * table, Eq. (5.13).  level: [n + 1]. */
static dm_sampler *by_euler(size_t n, const dm_level level[])
{
    dm_sampler *table = dm_sampler_new(n);

    // snippet: ddim
    for (size_t i = 0; i < n; i++) { /* Eq. (5.13) */
        dm_level t = level[i], s = level[i + 1];
        table->step[i] = (dm_step){ .A = s.scale / t.scale,
                                    .B = s.scale * (noise_of(s) - noise_of(t)),
                                    .from = t,
                                    .to = s };
    }
    // end: ddim
    return table;
}

/* The last time of a schedule at which a sampler can start: some signal is
 * left to be scaled up. */
static size_t last_time(const dm_schedule *sch)
{
    size_t t = sch->T;

    while (t > 1 && sch->abar[t] < 1e-12)
        t--;
    return t;
}

/* DDIM over S times of a schedule, spread evenly, and the same by Euler. */
static dm_sampler *ddim(const dm_schedule *sch, size_t S, dm_sampler **euler)
{
    size_t *tau = malloc((S + 1) * sizeof *tau);
    dm_level *level = malloc((S + 1) * sizeof *level);

    dm_sampler_tau_uniform(last_time(sch), S, tau);
    for (size_t i = 0; i <= S; i++)
        level[i] = dm_schedule_level(sch, tau[S - i]);
    dm_sampler *table = dm_sampler_ddim(sch, S, tau, 0.0);
    if (euler != NULL)
        *euler = by_euler(S, level);
    free(tau);
    free(level);
    return table;
}

static double after(const dm_mixture *data, const dm_step *step, double x)
{
    double eps;

    dm_mixture_eps(data, step->from, &x, &eps);
    return step->A * x + step->B * eps;
}

static void check_ddim(const dm_options *o)
{
    size_t S = GSL_MIN(20, last_time(o->schedule)), same = 0, middle = S / 2;
    dm_sampler *euler, *table = ddim(o->schedule, S, &euler);
    double x = 0.8, eps, rounds = 64.0 + 8.0 * (double)o->steps;

    for (size_t i = 0; i < S; i++) {
        double y = after(o->data1, &table->step[i], x);
        double limit = rounds * DBL_EPSILON * (fabs(table->step[i].A) + 1.0);
        same += fabs(y - after(o->data1, &euler->step[i], x)) <= 4.0 * limit;
    }
    const dm_step *step = &table->step[middle];
    dm_level t = step->from, s = step->to;
    dm_mixture_eps(o->data1, t, &x, &eps);
    double h = -log(gsl_pow_2(t.scale / s.scale)); /* integral of beta */
    double move =
        s.scale * eps * (gsl_pow_2(noise_of(s)) - gsl_pow_2(noise_of(t)));
    double size = fabs(step->A * x) + fabs(step->B * eps);
    dm_check_exact(after(o->data1, step, x),
                   after(o->data1, &euler->step[middle], x), rounds, size,
                   "5.13", "DDIM from t = %zu to %zu, x = 0.8", step->t,
                   step->s);
    dm_check_refutes(x + 0.5 * h * (x - eps / sqrt(t.variance)), "Euler in t");
    dm_check_refutes(step->A * x + move, "c/a^2, the root lost");
    dm_check_refutes(x + step->B * eps, "x not divided by a");
    dm_check_exact((double)same, (double)S, 0.0, 1.0, "5.13",
                   "steps of DDIM that are Euler's, of %zu", S);
    dm_check_refutes(0.0, "none");
    dm_sampler_free(table);
    dm_sampler_free(euler);
}

static void check_angle(const dm_mixture *data)
{
    const double angle = 1.0, y = 0.8;
    double c = cos(angle), s = sin(angle), v, eps, x_0, mean, noise = M_PI_2;
    dm_level level = { c, s * s };
    dm_mixture *q = dm_mixture_diffuse(data, level);
    dm_sym2 C;
    double rounds = 64.0 * dm_mixture_condition(q);

    dm_flow_velocity(data, angle, &y, &v, NULL);
    dm_mixture_eps(data, level, &y, &eps);
    dm_mixture_denoise(data, level, &y, &x_0, NULL);
    dm_check_exact(v, c * eps - s * x_0, rounds, fabs(eps) + fabs(x_0), "5.14",
                   "velocity at the angle 1");
    dm_check_refutes(s * eps - c * x_0, "sine for cosine");
    dm_check_refutes(c * eps + s * x_0, "the sign of the data");
    dm_check_refutes(eps, "that of Eq. (5.12)");
    dm_flow_velocity(data, noise, &y, &v, NULL);
    dm_mixture_moments(data, &mean, &C);
    dm_check_exact(v, -mean, 16.0, (1.0 + C.xx + mean * mean) * y + fabs(mean),
                   "5.14", "velocity at pure noise");
    dm_check_refutes(mean, "the sign of the data");
    dm_check_refutes(-y / c, "that of Eq. (5.12)");
    dm_mixture_free(q);
}

/* --- 5.6 other clocks, other limits --------------------------------------- */

/* Laws end here, a little before the data: Euler in t asks for a score at the
 * end of every step. */
static const double T_MIN = 1e-3;

/* What is divided into steps of Euler's method. */
typedef enum { IN_SIGMA, IN_ANGLE, IN_T, IN_BETA, CLOCKS } clock_of;

static const char *const clock_name[] = { "DDIM: sigma", "the angle", "t",
                                          "integral of beta" };

/* One step of Euler's method between two levels of VP. */
static dm_step euler_step(clock_of clock, double t, double s)
{
    dm_level from = dm_sde_level(DM_SDE_VP, t), to = dm_sde_level(DM_SDE_VP, s);
    double angle = atan(noise_of(from)), turn = angle - atan(noise_of(to));
    double integral = 2.0 * log(to.scale / from.scale); /* of beta */
    dm_step step = { .from = from, .to = to };

    // snippet: clocks
    if (clock == IN_SIGMA) { /* Eq. (5.13) */
        step.A = to.scale / from.scale;
        step.B = to.scale * (noise_of(to) - noise_of(from));
    } else if (clock == IN_ANGLE) { /* Eq. (5.14) */
        step.A = 1.0 + turn * tan(angle);
        step.B = -turn / cos(angle);
    } else { /* Eq. (5.4), VP */
        double h = clock == IN_T ? (t - s) * dm_sde_noise_rate(DM_SDE_VP, t)
                                 : integral;
        step.A = 1.0 + 0.5 * h;
        step.B = -0.5 * h / sqrt(from.variance);
    }
    // end: clocks
    return step;
}

/* n steps over times spread evenly. */
static dm_sampler *by_clock(clock_of clock, size_t n)
{
    dm_sampler *table = dm_sampler_new(n);
    double *t = malloc((n + 1) * sizeof *t);

    dm_sampler_times(T_MIN, n, t);
    for (size_t i = 0; i < n; i++)
        table->step[i] = euler_step(clock, t[n - i], t[n - i - 1]);
    free(t);
    return table;
}

/* The law at the end of the clocks' times, and the one at their beginning. */
typedef struct {
    const dm_mixture *data;
    dm_mixture *start;
    dm_law *aim;
} ends;

static ends ends_of(const dm_mixture *data)
{
    ends e = { data, dm_mixture_diffuse(data, dm_sde_level(DM_SDE_VP, 1.0)),
               NULL };
    dm_mixture *target =
        dm_mixture_diffuse(data, dm_sde_level(DM_SDE_VP, T_MIN));

    e.aim = dm_law_of_mixture(target);
    dm_mixture_free(target);
    return e;
}

static void free_ends(ends *e)
{
    dm_mixture_free(e->start);
    dm_law_free(e->aim);
}

/* W1 between what a table, which is freed, makes of the start and the aim. */
static double w1_of(dm_sampler *table, const ends *e, double *error)
{
    double w1 = NAN;
    dm_law *law = dm_law_of_sampler(table, e->data, e->start);

    dm_distance_w1(law, e->aim, &w1, error);
    dm_law_free(law);
    dm_sampler_free(table);
    return w1;
}

static void print_clocks(const dm_options *o, const ends *e)
{
    enum { NUMBERS = 6 };
    static const size_t n[NUMBERS] = { 5, 10, 20, 50, 100, 200 };
    double w1[CLOCKS * NUMBERS], error[CLOCKS * NUMBERS];

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t i = 0; i < CLOCKS * NUMBERS; i++)
        w1[i] = w1_of(by_clock((clock_of)(i / NUMBERS), n[i % NUMBERS]), e,
                      &error[i]);
    (void)o; /* where there is no OpenMP */
    printf("%-18s", "Euler's method in");
    for (size_t i = 0; i < NUMBERS; i++)
        printf("  n = %4zu", n[i]);
    for (size_t i = 0; i < CLOCKS * NUMBERS; i++) {
        if (i % NUMBERS == 0)
            printf("\n%-18s", clock_name[i / NUMBERS]);
        printf("%10.4f", w1[i]);
    }
    printf("\n");
}

/* The Gaussian whose samplers' orders are measured: neither a point, for which
 * DDIM has no error, nor N(0, 1), for which Euler in t has none. */
static dm_mixture *example(void)
{
    const double one = 1.0, mean = 0.5, variance = 0.4;
    return dm_mixture_new(1, 1, &one, &mean, &variance);
}

/* Mean and variance of what a table, which is freed, makes of a start with the
 * given ones, for Gaussian data. */
static dm_gaussian through(dm_sampler *table, const dm_mixture *g,
                           dm_gaussian x)
{
    dm_sym2 C = { x.variance, 0.0, 0.0 };

    dm_law_gaussian(table, g, &x.mean, &C);
    dm_sampler_free(table);
    x.variance = C.xx;
    return x;
}

/* Mean and variance of Gaussian data at a level. */
static dm_gaussian at_level(const dm_mixture *g, dm_level level)
{
    const dm_component *k = &g->component[0];
    return (dm_gaussian){ level.scale * k->mean[0],
                          gsl_pow_2(level.scale) * k->cov.xx + level.variance };
}

/* Three numbers of steps, each twice the one before: what they tend to if the
 * error falls as 1/n, with the error of that, and the power of 1/n and how much
 * it changed. */
typedef struct {
    double limit, error, power, change;
} trend;

static trend trend_of(const double at[3])
{
    double d = at[1] - at[0], e = at[2] - at[1], better = at[2] + e;
    trend t = { better, fabs(better - (at[1] + d)), NAN, NAN };
    return t;
}

/* Of the three errors, where the limit is known. */
static void power_of(const double at[3], double limit, trend *t)
{
    t->power = log2((at[1] - limit) / (at[2] - limit));
    t->change = fabs(t->power - log2((at[0] - limit) / (at[1] - limit)));
}

static const char *clock_eq(clock_of clock)
{
    return clock == IN_SIGMA ? "5.13" : clock == IN_ANGLE ? "5.14" : "5.4";
}

/* x after a step from time t to s, by each clock: the start, and the velocity
 * at the start times the length of the step. */
static void straight_on(dm_mixture *g, double t, double s, double x,
                        double to[CLOCKS])
{
    dm_level from = dm_sde_level(DM_SDE_VP, t),
             end = dm_sde_level(DM_SDE_VP, s);
    equation e = { g, DM_SDE_VP, 0.5 };
    double y = x / from.scale, angle = acos(from.scale);
    double by_sigma, by_angle, by_t;

    by_noise(noise_of(from), &y, &by_sigma, g);
    dm_flow_velocity(g, angle, &x, &by_angle, NULL);
    drift(t, &x, &by_t, &e);
    double beta = dm_sde_noise_rate(DM_SDE_VP, t);
    double integral = 0.1 * (t - s) + 9.95 * (t * t - s * s);
    to[IN_SIGMA] =
        end.scale * (y + (noise_of(end) - noise_of(from)) * by_sigma);
    to[IN_ANGLE] = x + (acos(end.scale) - angle) * by_angle;
    to[IN_T] = x + (s - t) * by_t;
    to[IN_BETA] = x - integral * by_t / beta;
}

/* One step of each, of round-off: sums of a few terms. */
static void check_one_step(void)
{
    static const double t = 0.5, s = 0.4, x = 0.8;
    dm_mixture *g = example();
    double to[CLOCKS];

    straight_on(g, t, s, x, to);
    double late = dm_sde_noise_rate(DM_SDE_VP, s) /
                  dm_sde_noise_rate(DM_SDE_VP, t); /* ratio of the rates */
    double wrong[] = { to[IN_ANGLE], to[IN_SIGMA], x + (to[IN_T] - x) * late,
                       to[IN_T] };
    static const char *const name[] = { "a step of the angle",
                                        "a step of sigma",
                                        "the rate at the end",
                                        "the rate at the beginning" };
    for (int clock = 0; clock < CLOCKS; clock++) {
        dm_step step = euler_step((clock_of)clock, t, s);
        double eps, size = fabs(step.A * x) + fabs(step.B);
        dm_mixture_eps(g, step.from, &x, &eps);
        size *= 1.0 + fabs(eps);
        dm_check_exact(after(g, &step, x), to[clock], 64.0, size,
                       clock_eq((clock_of)clock), "a step to t = %g, %s", s,
                       clock_name[clock]);
        dm_check_refutes(wrong[clock], "%s", name[clock]);
    }
    dm_mixture_free(g);
}

static void check_clocks(void)
{
    dm_mixture *g = example();
    dm_gaussian start = at_level(g, dm_sde_level(DM_SDE_VP, 1.0));
    dm_gaussian end = at_level(g, dm_sde_level(DM_SDE_VP, T_MIN));

    for (int clock = 0; clock < CLOCKS; clock++) {
        const char *eq = clock_eq((clock_of)clock);
        double v[3];
        for (size_t i = 0; i < 3; i++)
            v[i] =
                through(by_clock((clock_of)clock, (size_t)1000 << i), g, start)
                    .variance;
        trend t = trend_of(v);
        power_of(v, end.variance, &t);
        dm_check_numeric(t.limit, end.variance, t.error, 1.0, eq,
                         "limit of Var x, %s", clock_name[clock]);
        dm_check_refutes(v[0], "1000 steps are enough");
        dm_check_order(t.power, 1.0, 2.0 * t.change, eq, "power of 1/n, %s",
                       clock_name[clock]);
        dm_check_refutes(2.0, "an error of order 1/n^2");
    }
    dm_mixture_free(g);
}

/* --- 5.7 two limits ------------------------------------------------------- */

// snippet: product
/* The variance of x_0 by Eq. (5.15), for data N(m, v) and S steps of DDIM. */
static double by_product(const dm_sampler *table, double v, double variance)
{
    double y = variance / gsl_pow_2(table->step[0].from.scale);

    for (size_t i = 0; i < table->n; i++) {
        double t = noise_of(table->step[i].from);
        double s = noise_of(table->step[i].to);
        y *= gsl_pow_2((v + s * t) / (v + t * t));
    }
    return y;
}
// end: product

static void check_product(const dm_options *o)
{
    size_t all = last_time(o->schedule);
    size_t steps[] = { GSL_MIN(10, all), all };
    dm_mixture *g = gaussian_like(o->data1);
    double v = g->component[0].cov.xx;

    for (size_t i = 0; i < 2; i++) {
        dm_sampler *table = ddim(o->schedule, steps[i], NULL);
        dm_gaussian start = at_level(g, table->step[0].from);
        double expected = by_product(table, v, start.variance);
        double rounds = 64.0 * (double)(o->steps + 8);
        double condition = dm_mixture_condition(g);
        double got = through(table, g, start).variance;
        dm_check_exact(got, expected, rounds * condition, expected, "5.15",
                       "Var x_0, Gaussian data, S = %zu", steps[i]);
        dm_check_refutes(v, "that of the flow");
    }
    dm_mixture_free(g);
}

/* A schedule of T steps whose levels are those of VP at the times t/T. */
static dm_schedule *of_process(size_t T)
{
    double *beta = malloc((T + 1) * sizeof *beta);

    for (size_t t = 1; t <= T; t++) {
        double now = dm_sde_level(DM_SDE_VP, (double)t / (double)T).scale;
        double old = dm_sde_level(DM_SDE_VP, (double)(t - 1) / (double)T).scale;
        beta[t] = (1.0 - now / old) * (1.0 + now / old);
    }
    dm_schedule *sch = dm_schedule_from_beta(T, beta);
    free(beta);
    return sch;
}

/* W1 from the data of DDIM in S steps of a schedule, from the exact start. */
static double w1_of_ddim(const dm_schedule *sch, size_t S, ends e)
{
    double error;
    dm_sampler *table = ddim(sch, GSL_MIN(S, last_time(sch)), NULL);

    e.start = dm_mixture_diffuse(e.data, table->step[0].from);
    e.aim = dm_law_of_mixture(e.data);
    double w1 = w1_of(table, &e, &error);
    free_ends(&e);
    return w1;
}

static void print_limits(const dm_options *o)
{
    enum { NUMBERS = 3 };
    static const size_t n[NUMBERS] = { 10, 100, 1000 };
    static const char *const name[] = { "S = n of T = 1000, linear",
                                        "S = T = n, linear",
                                        "S = T = n, levels of VP at t/T" };
    double w1[3 * NUMBERS];

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t i = 0; i < 3 * NUMBERS; i++) {
        size_t row = i / NUMBERS, S = n[i % NUMBERS];
        if (row == 1 && S == 1000)
            continue; /* as in the row above */
        dm_schedule *sch =
            row == 2 ? of_process(S)
                     : dm_schedule_named("linear", row == 0 ? 1000 : S);
        w1[i] = w1_of_ddim(sch, S, (ends){ .data = o->data1 });
        dm_schedule_free(sch);
    }
    w1[2 * NUMBERS - 1] = w1[NUMBERS - 1];
    printf("%-32s", "W1 to the data, n steps");
    for (size_t i = 0; i < NUMBERS; i++)
        printf("  n = %4zu", n[i]);
    for (size_t i = 0; i < 3 * NUMBERS; i++) {
        if (i % NUMBERS == 0)
            printf("\n%-32s", name[i / NUMBERS]);
        printf("%10.5f", w1[i]);
    }
    printf("\n");
}

/* --- 5.8 a family of reverse equations ------------------------------------ */

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

/* Gaussian data: what Euler-Maruyama of Eq. (5.17) makes of a start in 1000
 * steps, twice and four times as many, and what that tends to. */
static trend reverse_limit(const dm_mixture *g, double lambda, dm_gaussian x,
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

/* --- 5.9 joint laws, wrong starts ----------------------------------------- */

/* The example's law at both ends of the reverse equations, and Eq. (5.7). */
typedef struct {
    dm_mixture *data;
    dm_gaussian start, end;
    double length;
} way_back;

static way_back example_way(void)
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

static void check_joint(void)
{
    static const double lambda[] = { 0.0, 0.3, 0.5, 1.0 };
    way_back w = example_way();
    double ratio = sqrt(w.start.variance / w.end.variance);
    dm_gaussian low = { 0.0, 0.0 }, high = { 1.0, 0.0 };

    for (size_t i = 0; i < 4; i++) {
        double l2 = gsl_pow_2(lambda[i]), walk = exp(-0.5 * w.length);
        trend a = reverse_limit(w.data, lambda[i], low, 1);
        trend b = reverse_limit(w.data, lambda[i], high, 1);
        dm_check_numeric(ratio * (b.limit - a.limit), pow(walk, l2),
                         ratio * (a.error + b.error), 1.0, "5.18",
                         "correlation of the ends, lambda = %.1f", lambda[i]);
        if (l2 < 1.0)
            dm_check_refutes(walk, "that of the walk");
        else
            dm_check_refutes(1.0, "that of the flow");
        if (0.0 < l2 && l2 < 1.0)
            dm_check_refutes(pow(walk, lambda[i]), "lambda for lambda^2");
    }
    dm_mixture_free(w.data);
}

/* Below this log density a point adds nothing to an integral over the data,
 * and its flow may be too wild to follow. */
static const double NEGLIGIBLE = -100.0;

/* x_0 times the flow's x_1, over the data's law, and the same by quantiles. */
typedef struct {
    const dm_mixture *data, *q;
    dm_level level;
} pairs;

static double by_flow(double x, void *params)
{
    const pairs *p = params;
    double log_q = dm_mixture_log_density(p->data, &x);

    if (log_q < NEGLIGIBLE)
        return 0.0;
    return x * exp(log_q) *
           flow_to(p->data, (dm_level){ 1.0, 0.0 }, p->level, x, NULL);
}

static double by_quantile(double x, void *params)
{
    const pairs *p = params;
    double below = dm_mixture_cdf(p->data, x);

    below = fmin(fmax(below, DBL_MIN), 1.0 - 0.5 * DBL_EPSILON);
    return x * dm_mixture_quantile(p->q, below) *
           exp(dm_mixture_log_density(p->data, &x));
}

/* The correlation of x_0 and x_1 under the flow, for the run's own data. */
static void check_correlation(dm_mixture *data)
{
    pairs p = { data, NULL, dm_sde_level(DM_SDE_VP, 1.0) };
    dm_mixture *q = dm_mixture_diffuse(data, p.level);
    double mean, mean_1, product = NAN, quantiles = NAN;
    dm_sym2 C, C_1;

    p.q = q;
    dm_mixture_moments(data, &mean, &C);
    dm_mixture_moments(q, &mean_1, &C_1);
    double sd = sqrt(C.xx * C_1.xx), size = sd + fabs(mean * mean_1);
    double wanted = dm_mixture_tolerance(data, 1e-8) * size;
    dm_mixture_integrate(data, NULL, by_flow, &p, wanted, &product);
    dm_mixture_integrate(data, NULL, by_quantile, &p, wanted, &quantiles);
    dm_check_numeric(
        (product - mean * mean_1) / sd, (quantiles - mean * mean_1) / sd,
        (2.0 * wanted + TOLERANCE * (sqrt(C.xx) + fabs(mean))) / sd, 1.0, "5.8",
        "correlation of x_0 and x_1, flow");
    dm_check_refutes(p.level.scale * C.xx / sd, "that of the walk");
    dm_check_refutes(1.0, "1, as for Gaussian data");
    dm_mixture_free(q);
}

static void check_wrong_start(void)
{
    way_back w = example_way();
    dm_gaussian wrong = { w.start.mean + 1.0, 2.5 * w.start.variance };
    double sd = sqrt(w.end.variance / w.start.variance);

    for (double lambda = 0.0; lambda < 1.1; lambda += 0.5) {
        double kept = exp(-0.5 * lambda * lambda * w.length);
        trend mean = reverse_limit(w.data, lambda, wrong, 1);
        trend variance = reverse_limit(w.data, lambda, wrong, 0);
        dm_check_numeric(mean.limit, w.end.mean + kept * sd, mean.error, 1.0,
                         "5.19", "mean, start off by 1, lambda = %g", lambda);
        dm_check_refutes(w.end.mean + (kept < 0.5 ? sd : 0.0),
                         kept < 0.5 ? "kept, as by the flow" : "forgotten");
        dm_check_numeric(variance.limit,
                         w.end.variance * (1.0 + 1.5 * kept * kept),
                         variance.error, 1.0, "5.19",
                         "variance, start times 2.5");
        dm_check_refutes(w.end.variance * (kept < 0.5 ? 2.5 : 1.0),
                         kept < 0.5 ? "kept, as by the flow" : "forgotten");
    }
    dm_mixture_free(w.data);
}

/* W1 from the data's law at T_MIN of Euler-Maruyama of Eq. (5.17), in n steps
 * from a start. */
static double w1_of_reverse(const ends *e, double lambda, size_t n,
                            double *error)
{
    double *t = malloc((n + 1) * sizeof *t);

    dm_sampler_times(T_MIN, n, t);
    dm_sampler *table = dm_sampler_reverse_sde(DM_SDE_VP, n, t, lambda);
    free(t);
    return w1_of(table, e, error);
}

/* The start of the table and of its check, N(1, 1). */
static dm_mixture *wrong_start(void)
{
    const double one = 1.0, mean = 1.0, variance = 1.0;
    return dm_mixture_new(1, 1, &one, &mean, &variance);
}

/* The mean of |x|, that is W1 of two Gaussians whose quantiles differ by x. */
static double mean_size(double mean, double sd)
{
    double z = mean / sd;
    return mean * erf(z * M_SQRT1_2) +
           sd * M_SQRT2 / M_SQRTPI * exp(-0.5 * z * z);
}

/* W1 of the example's end by Eq. (5.19), from a start of mean 1. */
static double w1_by_moments(const way_back *w, double lambda, double variance)
{
    double kept = exp(-0.5 * lambda * lambda * w->length),
           end = w->end.variance;
    double mean = kept * sqrt(end / w->start.variance) * (1.0 - w->start.mean);
    double got =
        end * (1.0 + kept * kept * (variance / w->start.variance - 1.0));

    return mean_size(mean, fabs(sqrt(got) - sqrt(end)));
}

/* The W1 of the table, for the example, at the limit of many steps. */
static void check_w1_of_starts(void)
{
    way_back w = example_way();
    ends e = ends_of(w.data);

    dm_mixture_free(e.start);
    e.start = wrong_start();
    for (double lambda = 0.0; lambda < 0.6; lambda += 0.5) {
        double at[3], error = 0.0, sum = 0.0;
        for (size_t i = 0; i < 3; i++) {
            at[i] = w1_of_reverse(&e, lambda, (size_t)100 << i, &error);
            sum += error;
        }
        trend t = trend_of(at);
        dm_check_numeric(t.limit, w1_by_moments(&w, lambda, 1.0),
                         t.error + 3.0 * sum, 1.0, "5.19",
                         "W1, start N(1, 1), lambda = %g", lambda);
        if (lambda == 0.0) /* later nearly nothing is left of its variance */
            dm_check_refutes(w1_by_moments(&w, lambda, 2.0), "from N(1, 2)");
        else
            dm_check_refutes(w1_by_moments(&w, 0.0, 1.0),
                             "kept, as by the flow");
        dm_check_refutes(0.0, "the start forgotten");
    }
    free_ends(&e);
    dm_mixture_free(w.data);
}

/* Beside data of a variance above this the noise of a step is so small that
 * its law takes minutes. */
static const double WIDE = 400.0;

static void print_starts(const dm_options *o, const ends *right)
{
    static const double lambda[] = { 0.0, 0.5, 1.0 };
    ends wrong = *right;
    double w1[12], error[12], at;
    dm_sym2 C;

    dm_mixture_moments(o->data1, &at, &C);
    if (C.xx > WIDE) {
        printf("W1 to the data: left out, they are too wide\n");
        return;
    }

    wrong.start = wrong_start();
#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t i = 0; i < 12; i++)
        w1[i] = w1_of_reverse(i % 4 < 2 ? right : &wrong, lambda[i / 4],
                              i % 2 == 0 ? 50 : 200, &error[i]);
    printf("%-22s%16s%20s\n%-22s  n =  50  n = 200  n =  50  n = 200\n",
           "W1 to the data", "right start", "start N(1, 1)", "");
    for (size_t i = 0; i < 3; i++)
        printf("lambda = %-13g%9.4f%9.4f%9.4f%9.4f\n", lambda[i], w1[4 * i],
               w1[4 * i + 1], w1[4 * i + 2], w1[4 * i + 3]);
    dm_mixture_free(wrong.start);
}

/* --- 5.10 the exact likelihood -------------------------------------------- */

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

/* Of that many draws, how many have the right log density to within 1e-7. */
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

static double own_surprise(double x, void *data)
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

/* --- 5.11 there and back -------------------------------------------------- */

/* A point after n steps of Euler in sigma to noise, and n back. */
static double there_and_back(const dm_mixture *data, const dm_sampler *back,
                             double x)
{
    double eps;

    // snippet: encode
    for (size_t i = back->n; i > 0; i--) { /* from data to noise */
        dm_level s = back->step[i - 1].to, t = back->step[i - 1].from;
        dm_mixture_eps(data, s, &x, &eps);
        x = t.scale * (x / s.scale + (noise_of(t) - noise_of(s)) * eps);
    }
    for (size_t i = 0; i < back->n; i++)
        x = after(data, &back->step[i], x);
    // end: encode
    return x;
}

static void check_code(const dm_mixture *data)
{
    dm_level clean = { 1.0, 0.0 }, noise = dm_sde_level(DM_SDE_VP, 1.0);
    dm_sampler *table = by_clock(IN_SIGMA, 100);

    for (double p = 0.15; p < 0.9; p += 0.3) {
        double out, x = dm_mixture_quantile(data, p);
        double code = flow_to(data, clean, noise, x, &out);
        dm_check_numeric(flow_to(data, noise, clean, code, NULL), x,
                         TOLERANCE * (1.0 + exp(-out)), 1.0, "5.8",
                         "%.4f, there and back", x);
        dm_check_refutes(there_and_back(data, table, x), "100 steps of DDIM");
        dm_check_refutes(code, "the code itself");
    }
    dm_sampler_free(table);
}

static void check_loss(void)
{
    dm_mixture *g = example();
    double v = g->component[0].cov.xx, m = g->component[0].mean[0], lost[3];

    for (size_t i = 0; i < 3; i++) {
        dm_sampler *table = by_clock(IN_SIGMA, (size_t)250 << i);
        double product = 1.0, x = m + 1.0;
        for (size_t j = 0; j < table->n; j++) {
            double t = noise_of(table->step[j].from);
            double s = noise_of(table->step[j].to);
            product *= 1.0 - v * gsl_pow_2(t - s) / ((v + s * s) * (v + t * t));
        }
        /* The data end at T_MIN, where their mean is shrunk. */
        double mean = dm_sde_level(DM_SDE_VP, T_MIN).scale * m;
        x = there_and_back(g, table, mean + 1.0) - mean;
        lost[i] = 1.0 - x;
        dm_check_exact(x, product, 64.0 * (double)table->n, 10.0, "5.24",
                       "1, there and back in %zu steps", table->n);
        dm_check_refutes(1.0, "DDIM is its own inverse");
        dm_sampler_free(table);
    }
    trend t;
    power_of(lost, 0.0, &t);
    dm_check_order(t.power, 1.0, 2.0 * t.change, "5.24",
                   "power of 1/n in what is lost");
    dm_check_refutes(2.0, "an error of order 1/n^2");
    dm_mixture_free(g);
}

/* --- exercises ------------------------------------------------------------ */

static void check_points(void)
{
    const double one = 1.0, mean = 0.7, tiny = 1e-9, zero = 0.0, x = 1.4;
    dm_mixture *point = dm_mixture_new(1, 1, &one, &mean, &tiny);
    dm_mixture *normal = dm_mixture_new(1, 1, &one, &zero, &one);
    dm_level t = dm_sde_level(DM_SDE_VP, 0.8), s = dm_sde_level(DM_SDE_VP, 0.2);
    dm_step ddim = euler_step(IN_SIGMA, 0.8, 0.2);
    dm_step euler = euler_step(IN_T, 0.8, 0.2);

    double exact = flow_to(point, t, s, x, NULL);
    double error = TOLERANCE + 10.0 * tiny / s.variance;
    dm_check_numeric(after(point, &ddim, x), exact, error, 1.0, "5.13",
                     "Ex. 1: one step, data in one point");
    dm_check_refutes(after(point, &euler, x), "Euler in t");
    dm_check_numeric(after(normal, &euler, x), x, TOLERANCE, 1.0, "5.4",
                     "Ex. 1: one step in t, data N(0, 1)");
    dm_check_refutes(after(normal, &ddim, x), "DDIM");
    dm_mixture_free(point);
    dm_mixture_free(normal);
}

static void check_exercises(void)
{
    const double one = 1.0, mean = 5.0, variance = 40.0;
    way_back w = example_way();
    double half = sqrt(2.0 * M_LN2 / w.length);
    trend a = reverse_limit(w.data, half, (dm_gaussian){ 0.0, 0.0 }, 1);
    trend b = reverse_limit(w.data, half, (dm_gaussian){ 1.0, 0.0 }, 1);
    double ratio = sqrt(w.start.variance / w.end.variance);

    check_points();
    dm_check_numeric(ratio * (b.limit - a.limit), 0.5,
                     ratio * (a.error + b.error), 1.0, "5.18",
                     "Ex. 2: correlation, lambda = %.4f", half);
    dm_check_refutes(exp(-0.5 * half * w.length), "lambda for lambda^2");
    double t = (sqrt(0.01 + 39.8 * M_LN2) - 0.1) / 19.9;
    dm_check_exact(noise_of(dm_sde_level(DM_SDE_VP, t)), 1.0, 16.0, 1.0, "5.11",
                   "Ex. 3: sigma at t = %.4f", t);
    dm_check_refutes(noise_of(dm_sde_level(DM_SDE_VP, M_LN2)), "t = ln 2");
    dm_mixture *ten = dm_mixture_new(1, 1, &one, &mean, &variance);
    double here = NAN, there = NAN;
    dm_mixture_integrate(w.data, NULL, own_surprise, w.data, 1e-10, &here);
    dm_mixture_integrate(ten, NULL, own_surprise, ten, 1e-10, &there);
    dm_check_numeric((there - here) / M_LN2, log2(10.0), 2e-10 / M_LN2, 1.0,
                     "5.23", "Ex. 4: bits added by x -> 10 x");
    dm_check_refutes(0.0, "bits do not depend on the unit");
    dm_mixture_free(ten);
    dm_mixture_free(w.data);
}

/* --- data of the figures -------------------------------------------------- */

enum { COLUMNS = 80, ROWS = 56, LINES = 13, PATHS = 10, SHOWN = 3, GRID = 64 };

/* A range that holds all but 1e-3 of the data and of noise. */
static void figure_range(const dm_mixture *data, double *low, double *high)
{
    *low = fmin(-3.1, dm_mixture_quantile(data, 5e-4));
    *high = fmax(3.1, dm_mixture_quantile(data, 1.0 - 5e-4));
}

/* The density at times from 0 to 1, and the paths of points that have 1/26,
 * 3/26, ... of the mass below. */
static void write_lines(const dm_options *o)
{
    dm_table *field = dm_options_data(o, "ch05_field.dat"); /* t, x, density */
    dm_table *lines = dm_options_data(o, "ch05_lines.dat"); /* t, x of each  */
    double low, high, row[1 + LINES];
    dm_level before = { 1.0, 0.0 };

    figure_range(o->data1, &low, &high);
    for (size_t j = 0; j < LINES; j++)
        row[1 + j] = dm_mixture_quantile(o->data1, ((double)j + 0.5) / LINES);
    for (size_t i = 0; i <= COLUMNS; i++) {
        row[0] = (double)i / COLUMNS;
        dm_level level = dm_sde_level(DM_SDE_VP, row[0]);
        dm_mixture *q = dm_mixture_diffuse(o->data1, level);
        for (size_t j = 0; j <= ROWS; j++) {
            double x = low + (high - low) * (double)j / ROWS;
            double point[] = { row[0], x, exp(dm_mixture_log_density(q, &x)) };
            dm_table_row(field, 3, point);
        }
        for (size_t j = 0; j < LINES; j++)
            dm_flow_move(o->data1, before, level, 1e-6, &row[1 + j], NULL);
        dm_table_row(lines, 1 + LINES, row);
        dm_table_printf(field, "\n");
        before = level;
        dm_mixture_free(q);
    }
    dm_table_close(field);
    dm_table_close(lines);
}

/* Paths of the reverse equations from one start, above six tenths of noise. */
static void write_start(const dm_options *o)
{
    enum { STEPS = 1000, EVERY = 5 };
    static const double lambda[SHOWN] = { 0.0, 0.5, 1.0 };
    static double t[STEPS + 1];
    dm_table *out = dm_options_data(o, "ch05_start.dat"); /* t, x of each */
    dm_mixture *q = dm_mixture_diffuse(o->data1, dm_sde_level(DM_SDE_VP, 1.0));
    double start = dm_mixture_quantile(q, 0.6), z[PATHS];

    dm_sampler_times(T_MIN, STEPS, t);
    for (size_t l = 0; l < SHOWN; l++) {
        dm_sampler *table =
            dm_sampler_reverse_sde(DM_SDE_VP, STEPS, t, lambda[l]);
        double row[1 + PATHS] = { 1.0 };
        for (size_t j = 0; j < PATHS; j++)
            row[1 + j] = start;
        dm_table_row(out, 1 + PATHS, row);
        for (size_t i = 0; i < STEPS; i++) {
            dm_rng_normals(o->seed, DM_STREAM_SAMPLER, (uint32_t)i, 0, PATHS, z,
                           NULL);
            for (size_t j = 0; j < PATHS; j++)
                row[1 + j] = after(o->data1, &table->step[i], row[1 + j]) +
                             table->step[i].C * z[j];
            row[0] = t[STEPS - i - 1];
            if ((i + 1) % EVERY == 0)
                dm_table_row(out, 1 + PATHS, row);
        }
        dm_table_printf(out, "\n\n");
        dm_sampler_free(table);
    }
    dm_mixture_free(q);
    dm_table_close(out);
}

/* Paths of points on two circles about the middle of pure noise, which have a
 * half and 95 % of it inside. */
static void write_paths(const dm_options *o)
{
    enum { STARTS = 60, INNER = 27, PARTS = 40 };
    static double x[STARTS][PARTS + 1][2];
    dm_table *out = dm_options_data(o, "ch05_plane.dat"); /* x, y */

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t i = 0; i < STARTS; i++) {
        double r = sqrt(2.0 * log(i < INNER ? 2.0 : 20.0));
        double turn =
            ((double)i + 0.2) / (double)(i < INNER ? INNER : STARTS - INNER);
        double at[] = { r * cos(2.0 * M_PI * turn),
                        r * sin(2.0 * M_PI * turn) };
        for (size_t j = 0;; j++) {
            x[i][j][0] = at[0];
            x[i][j][1] = at[1];
            if (j == PARTS)
                break;
            double t = 1.0 - (double)j / PARTS,
                   s = 1.0 - (double)(j + 1) / PARTS;
            dm_flow_move(o->data2, dm_sde_level(DM_SDE_VP, t),
                         dm_sde_level(DM_SDE_VP, fmax(0.0, s)), 1e-4, at, NULL);
        }
    }
    for (size_t i = 0; i < STARTS; i++) {
        for (size_t j = 0; j <= PARTS; j++)
            dm_table_row(out, 2, x[i][j]);
        dm_table_printf(out, "\n\n");
    }
    dm_table_close(out);
}

/* The density of the 2-D data. */
static void write_plane(const dm_options *o)
{
    dm_table *field = dm_options_data(o, "ch05_density.dat"); /* x, y, q */
    double reach = 3.0;

    for (size_t i = 0; i < o->data2->K; i++) {
        const dm_component *k = &o->data2->component[i];
        reach = fmax(reach, fabs(k->mean[0]) + 3.0 * sqrt(k->cov.xx));
        reach = fmax(reach, fabs(k->mean[1]) + 3.0 * sqrt(k->cov.yy));
    }
    for (size_t i = 0; i <= GRID; i++) {
        for (size_t j = 0; j <= GRID; j++) {
            double x[] = { reach * (2.0 * (double)i / GRID - 1.0),
                           reach * (2.0 * (double)j / GRID - 1.0) };
            dm_table_row(field, 3,
                         (double[]){
                             x[0], x[1],
                             exp(dm_mixture_log_density(o->data2, x)) });
        }
        dm_table_printf(field, "\n");
    }
    write_paths(o);
    dm_table_close(field);
}

/* Standard errors, for any law: of a correlation r, and of the standard
 * deviation of y over itself.  They are the means of the squares of what a
 * pair adds to either. */
static void standard_errors(size_t n, const double x[], const double y[],
                            double r, double out[2])
{
    double mean_x = gsl_stats_mean(x, 1, n), sd_x = gsl_stats_sd(x, 1, n);
    double mean_y = gsl_stats_mean(y, 1, n), sd_y = gsl_stats_sd(y, 1, n);
    double sum[2] = { 0.0 };

    for (size_t i = 0; i < n; i++) {
        double u = (x[i] - mean_x) / sd_x, v = (y[i] - mean_y) / sd_y;
        sum[0] += gsl_pow_2(u * v - 0.5 * r * (u * u + v * v));
        sum[1] += gsl_pow_2(0.5 * (v * v - 1.0));
    }
    out[0] = sqrt(sum[0]) / (double)n;
    out[1] = sqrt(sum[1]) / (double)n;
}

/* Runs a cloud from q_1 by Eq. (5.17); stores the correlation of its ends, the
 * standard deviation of the last in units of sd, and the standard errors. */
static void ends_of_cloud(const dm_options *o, const dm_mixture *data,
                          double lambda, double sd, dm_cloud *cloud,
                          double start[], double out[4])
{
    enum { STEPS = 200 };
    static double t[STEPS + 1];
    dm_mixture *q = dm_mixture_diffuse(data, dm_sde_level(DM_SDE_VP, 1.0));
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    dm_run run = { .seed = o->seed,
                   .stream = DM_STREAM_SAMPLER,
                   .threads = o->threads };

    dm_sampler_times(T_MIN, STEPS, t);
    dm_sampler *table = dm_sampler_reverse_sde(DM_SDE_VP, STEPS, t, lambda);
    gsl_rng_set(rng, o->seed);
    for (size_t i = 0; i < cloud->n; i++) {
        dm_rng_at(rng, DM_STREAM_START, 1, (uint32_t)i);
        dm_mixture_sample(q, rng, &cloud->x[i]);
        start[i] = cloud->x[i];
    }
    dm_cloud_run(cloud, table, data, &run);
    out[0] = gsl_stats_correlation(start, 1, cloud->x, 1, cloud->n);
    out[1] = gsl_stats_sd(cloud->x, 1, cloud->n) / sd;
    standard_errors(cloud->n, start, cloud->x, out[0], &out[2]);
    out[3] *= out[1];
    dm_sampler_free(table);
    dm_mixture_free(q);
    gsl_rng_free(rng);
}

/* For each lambda: Eq. (5.18); then, of clouds of the example and of the data,
 * correlation, standard deviation over that of the data, their errors. */
static void write_family(const dm_options *o)
{
    dm_table *out = dm_options_data(o, "ch05_family.dat");
    dm_cloud *cloud = dm_cloud_new(1, GSL_MAX(2, o->particles / 5));
    double *start = malloc(cloud->n * sizeof *start);
    way_back w = example_way();
    double mean;
    dm_sym2 C;

    dm_mixture_moments(o->data1, &mean, &C);
    for (double lambda = 0.0; lambda < 1.56; lambda += 0.15) {
        double row[10] = { lambda, exp(-0.5 * lambda * lambda * w.length) };
        ends_of_cloud(o, w.data, lambda, sqrt(w.end.variance), cloud, start,
                      &row[2]);
        ends_of_cloud(o, o->data1, lambda, sqrt(C.xx), cloud, start, &row[6]);
        dm_table_row(out, 10, row);
    }
    dm_table_close(out);
    free(start);
    dm_cloud_free(cloud);
    dm_mixture_free(w.data);
}

/* --- the sections --------------------------------------------------------- */

static void velocity(const dm_options *o)
{
    dm_check_table("mass");
    check_fokker_planck(o->data1);
    check_continuity(o->data1);
    dm_check_table("half");
    check_residuals(o->data1);
    check_dropped_noise(o->data1);
    dm_check_table("line");
    check_quantiles(o->data1);
    check_order_of_points(o->data1);
    dm_check_table("plane");
    check_plane(o);
}

static void variables(const dm_options *o, const ends *e)
{
    dm_check_table("variable");
    check_noise_as_time(o->data1);
    check_ve(o->data1);
    check_ddim(o);
    check_angle(o->data1);
    dm_check_table("clocks");
    check_one_step();
    check_clocks();
    print_clocks(o, e);
    dm_check_table("limits");
    check_product(o);
    print_limits(o);
}

static void reverse(const dm_options *o, const ends *e)
{
    dm_check_table("family");
    check_family(o->data1);
    check_variances();
    dm_check_table("joint");
    check_joint();
    check_correlation(o->data1);
    dm_check_table("wrong");
    check_wrong_start();
    check_w1_of_starts();
    print_starts(o, e);
}

static void likelihood(const dm_options *o)
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
    dm_check_table("code");
    check_code(o->data1);
    check_loss();
}

/* Data that are narrower than TOLERANCE resolves, or so wide that doubles do
 * not resolve it, are not taken. */
static void check_width(const dm_mixture *data)
{
    for (size_t i = 0; i < data->K; i++) {
        dm_sym2 C = data->component[i].cov;
        double least =
            data->dim == 1 ? C.xx : dm_sym2_determinant(C) / (C.xx + C.yy);
        double most = C.xx + C.yy + gsl_pow_2(data->component[i].mean[0]) +
                      gsl_pow_2(data->component[i].mean[1]);
        if (!(most <= 2e6))
            GSL_ERROR_VOID("expected means and standard deviations of about a "
                           "thousand at most, beside noise of variance 1",
                           GSL_EDOM);
        if (!(least >= 1e-9))
            GSL_ERROR_VOID("expected variances of 1e-9 at least, since the "
                           "flow is known to 1e-10",
                           GSL_EDOM);
    }
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read(&o, "ch05_probability_flow",
                                 "The probability flow", argc, argv);
    if (status != -1)
        return status;
    gsl_set_error_handler(stop);
    check_width(o.data1);
    check_width(o.data2);
    ends e = ends_of(o.data1);

    velocity(&o);
    variables(&o, &e);
    reverse(&o, &e);
    likelihood(&o);
    dm_check_table("exercises");
    check_exercises();
    write_lines(&o);
    write_start(&o);
    write_plane(&o);
    write_family(&o);

    free_ends(&e);
    dm_options_free(&o);
    return dm_check_end();
}
