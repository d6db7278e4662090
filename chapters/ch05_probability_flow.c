/* Chapter 5 -- The probability flow.
 *
 * Writes the law of the noised data as the law of points that are carried
 * along, Eqs. (5.1) to (5.7), and checks what follows: the map of quantiles,
 * Eqs. (5.8) and (5.9), the variable in which DDIM is Euler's method, Eqs.
 * (5.11) to (5.15), the family of reverse equations, Eqs. (5.16) to (5.20), the
 * exact likelihood, Eqs. (5.21) to (5.23), and the code of a data point,
 * Eq. (5.24).  Prints the check tables; writes data/ch05_*.dat.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_deriv.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_odeiv2.h>

#include "check.h"
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

/* --- 5.1 mass that is carried along --------------------------------------- */

// snippet: slopes
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
        s.q += N;
        s.x -= N * z / V;
        s.xx += N * bend;
        s.a += N * (z * m / V + a * v * bend);
        s.c += N * 0.5 * bend;
        s.F_a -= N * (m + z * a * v / V);
        s.F_c -= N * 0.5 * z / V;
    }
    return s;
}
// end: slopes

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
    double a, c, a_error, c_error;

    at.x = dm_mixture_quantile(q, p);
    at.f = dm_sde_drift(sde, t);
    at.g2 = dm_sde_noise_rate(sde, t);
    at.by = slopes_at(data, level, at.x);
    gsl_deriv_central(&(gsl_function){ scale_at, &sde }, t, 1e-3, &a, &a_error);
    gsl_deriv_central(&(gsl_function){ variance_at, &sde }, t, 1e-3, &c,
                      &c_error);
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
    double slope = NAN;
    /* A width on which the density changes little. */
    double h = 0.02 * sqrt(at->by.q / (fabs(at->by.xx) + at->by.q));

    gsl_deriv_central(&(gsl_function){ flux, &s }, at->x, h, &slope, error);
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

// snippet: drift
/* dx/dt = f x - kappa g^2 s, for GSL; kappa = 1/2 is Eq. (5.4). */
typedef struct {
    const dm_mixture *data;
    dm_sde sde;
    double kappa;
} equation;

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
                                      1e-3 * (s - t), 1e-13, 1e-13);

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

/* --- 5.3 the line and the plane ------------------------------------------- */

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
        double slope = NAN, error = NAN, h = 0.02;
        double ratio = exp(dm_mixture_log_density(q, &x) -
                           dm_mixture_log_density(data, &x_0));
        gsl_deriv_central(&(gsl_function){ map_at, &back }, x, h, &slope,
                          &error);
        dm_check_numeric(slope, ratio, error + TOLERANCE / h, 1.0, "5.9",
                         "dx_0/dx_t there, as a quotient");
        dm_check_refutes(1.0 / ratio, "upside down");
        dm_check_refutes(1.0, "distances are kept");
    }
    dm_mixture_free(q);
}

/* --- 5.4 the plane -------------------------------------------------------- */

/* u_x and u_y of points that must be uniform, true and by two mistakes. */
enum { MAPS = 3 };
typedef struct {
    size_t n;
    double *u[MAPS][2]; /* [n] */
} sheet;

static sheet new_sheet(size_t n)
{
    sheet s = { .n = n };
    double *room = malloc(2 * MAPS * n * sizeof *room);

    if (room == NULL) {
        fprintf(stderr, "--particles: no memory for %zu\n", n);
        exit(2);
    }
    for (size_t i = 0; i < 2 * MAPS; i++)
        s.u[i / 2][i % 2] = &room[n * i];
    return s;
}

/* Where one Gaussian's flow, with the data's mean and covariance, takes x. */
static void gaussian_flow(const dm_mixture *g, dm_level from, dm_level to,
                          double x[])
{
    dm_flow_move(g, from, to, TOLERANCE, x, NULL);
}

static void flow_points(const dm_options *o, dm_level from, dm_level to,
                        sheet *s)
{
    dm_mixture *start = dm_mixture_diffuse(o->data2, from);
    dm_mixture *end = dm_mixture_diffuse(o->data2, to);
    dm_mixture *g = gaussian_like(o->data2);

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(static)
#endif
    for (size_t i = 0; i < s->n; i++) {
        gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
        double x[MAPS][2], u[2];
        gsl_rng_set(rng, o->seed);
        dm_rng_at(rng, DM_STREAM_START, 0, (uint32_t)i);
        dm_mixture_sample(start, rng, x[0]);
        for (size_t j = 0; j < 2; j++) {
            x[1][j] = x[0][j];
            x[2][j] = x[0][j] * to.scale / from.scale;
        }
        dm_flow_move(o->data2, from, to, 1e-7, x[0], NULL);
        gaussian_flow(g, from, to, x[1]);
        for (size_t m = 0; m < MAPS; m++) {
            dm_mixture_rosenblatt(end, x[m], u);
            s->u[m][0][i] = u[0];
            s->u[m][1][i] = u[1];
        }
        gsl_rng_free(rng);
    }
    dm_mixture_free(start);
    dm_mixture_free(end);
    dm_mixture_free(g);
}

static void check_plane(const dm_options *o)
{
    static const double to[] = { 0.1, 0.0 };
    size_t n = GSL_MAX(1, o->particles / 10);
    double limit = dm_distance_ks_limit(n, 2.0 * DM_CHECK_TAIL);
    sheet s = new_sheet(n);

    for (size_t i = 0; i < 2; i++) {
        flow_points(o, dm_sde_level(DM_SDE_VP, 1.0),
                    dm_sde_level(DM_SDE_VP, to[i]), &s);
        for (size_t j = 0; j < 2; j++) {
            dm_check_law(dm_distance_ks(n, s.u[0][j]), 0.0, 0.0, limit, 1.0,
                         "5.10", "KS of %s, t = %g",
                         j == 0 ? "F(x)" : "F(y given x)", to[i]);
            dm_check_refutes(dm_distance_ks(n, s.u[1][j]),
                             "the map of a Gaussian");
            dm_check_refutes(dm_distance_ks(n, s.u[2][j]),
                             "scaled back, not carried");
        }
    }
    free(s.u[0][0]);
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
}

// snippet: ddim
/* Euler's method for Eq. (5.12) over levels given from noise to data, as a
 * table, Eq. (5.13).  level: [n + 1]. */
static dm_sampler *by_euler(size_t n, const dm_level level[])
{
    dm_sampler *table = dm_sampler_new(n);

    for (size_t i = 0; i < n; i++) {
        dm_level t = level[i], s = level[i + 1];
        table->step[i] = (dm_step){ .A = s.scale / t.scale,
                                    .B = s.scale * (noise_of(s) - noise_of(t)),
                                    .from = t,
                                    .to = s };
    }
    return table;
}
// end: ddim

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
    dm_mixture_moments(data, &mean, NULL);
    dm_check_exact(v, -mean, 16.0, fabs(mean) + fabs(y), "5.14",
                   "velocity at pure noise");
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
    double angle = atan(noise_of(from)), back = angle - atan(noise_of(to));
    double gone = 2.0 * log(to.scale / from.scale); /* integral of beta */
    dm_step step = { .from = from, .to = to };

    // snippet: clocks
    if (clock == IN_SIGMA) { /* Eq. (5.13) */
        step.A = to.scale / from.scale;
        step.B = to.scale * (noise_of(to) - noise_of(from));
    } else if (clock == IN_ANGLE) { /* Eq. (5.14) */
        step.A = 1.0 + back * tan(angle);
        step.B = -back / cos(angle);
    } else { /* Eq. (5.4), VP */
        double h =
            clock == IN_T ? (t - s) * dm_sde_noise_rate(DM_SDE_VP, t) : gone;
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

static void print_clocks(const ends *e)
{
    static const size_t n[] = { 5, 10, 20, 50, 100, 200 };
    double error;

    printf("%-18s", "Euler's method in");
    for (size_t i = 0; i < 6; i++)
        printf("  n = %4zu", n[i]);
    for (int clock = 0; clock < CLOCKS; clock++) {
        printf("\n%-18s", clock_name[clock]);
        for (size_t i = 0; i < 6; i++)
            printf("%10.4f", w1_of(by_clock((clock_of)clock, n[i]), e, &error));
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

static void check_clocks(void)
{
    dm_mixture *g = example();
    dm_gaussian start = at_level(g, dm_sde_level(DM_SDE_VP, 1.0));
    dm_gaussian end = at_level(g, dm_sde_level(DM_SDE_VP, T_MIN));

    for (int clock = 0; clock < CLOCKS; clock++) {
        const char *eq = clock == IN_SIGMA   ? "5.13"
                         : clock == IN_ANGLE ? "5.14"
                                             : "5.4";
        double v[3];
        for (size_t i = 0; i < 3; i++)
            v[i] =
                through(by_clock((clock_of)clock, (size_t)1000 << i), g, start)
                    .variance;
        trend t = trend_of(v);
        power_of(v, end.variance, &t);
        dm_check_numeric(t.limit, end.variance, t.error, 1.0, eq,
                         "limit of the variance, %s", clock_name[clock]);
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
                       "Var x_0 of N(m, v), S = %zu of T = %zu", steps[i], all);
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

static void print_limits(const dm_mixture *data)
{
    static const size_t n[] = { 10, 100, 1000, 4000 };
    ends e = { .data = data };

    printf("%-32s", "W1 to the data, n steps");
    for (size_t i = 0; i < 4; i++)
        printf("  n = %4zu", n[i]);
    printf("\n%-32s", "S = n of T = 1000, linear");
    for (size_t i = 0; i < 3; i++) {
        dm_schedule *sch = dm_schedule_named("linear", 1000);
        printf("%10.5f", w1_of_ddim(sch, n[i], e));
        dm_schedule_free(sch);
    }
    printf("%10s\n%-32s", "-", "S = T = n, linear");
    for (size_t i = 0; i < 4; i++) {
        dm_schedule *sch = dm_schedule_named("linear", n[i]);
        printf("%10.5f", w1_of_ddim(sch, n[i], e));
        dm_schedule_free(sch);
    }
    printf("\n%-32s", "S = T = n, levels of VP at t/T");
    for (size_t i = 0; i < 4; i++) {
        dm_schedule *sch = of_process(n[i]);
        printf("%10.5f", w1_of_ddim(sch, n[i], e));
        dm_schedule_free(sch);
    }
    printf("\n");
}

/* --- 5.8 a family of reverse equations ------------------------------------ */

/* The right side of Eq. (5.16), with a share of the score and one of the
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
        dm_check_numeric(at.q_t, right, at.error + error, 1.0, "5.16",
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
    dm_check_numeric(slope, pull, error + at.error, 1.0, "5.17",
                     "slope of s q by x, against q''");
    dm_check_refutes(2.0 * pull, "g^2 s with noise g: the ratio 1");
    dm_check_refutes(s * at.by.x, "s q', the product rule forgotten");
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read(&o, "ch05_probability_flow",
                                 "The probability flow", argc, argv);
    if (status != -1)
        return status;
    gsl_set_error_handler(stop);

    ends e = ends_of(o.data1);

    dm_check_table("mass");
    check_fokker_planck(o.data1);
    check_continuity(o.data1);
    dm_check_table("half");
    check_residuals(o.data1);
    check_dropped_noise(o.data1);
    dm_check_table("line");
    check_quantiles(o.data1);
    check_order_of_points(o.data1);
    dm_check_table("plane");
    check_plane(&o);
    dm_check_table("variable");
    check_noise_as_time(o.data1);
    check_ve(o.data1);
    check_ddim(&o);
    check_angle(o.data1);
    dm_check_table("clocks");
    check_clocks();
    print_clocks(&e);

    dm_check_table("limits");
    check_product(&o);
    print_limits(o.data1);
    dm_check_table("family");
    check_family(o.data1);

    free_ends(&e);
    dm_options_free(&o);
    return dm_check_end();
}
