/* Chapter 4 -- SDE discretisation.
 *
 * The Wiener process, Eqs. (4.1) to (4.4); from the chain to an equation, and
 * its laws, Eqs. (4.5) to (4.12); what Euler's steps cost, Eqs. (4.13) to
 * (4.21); back in time, Eqs. (4.22) to (4.25); DDPM's step beside Euler's, Eqs.
 * (4.26) to (4.30); the error budget, Eqs. (4.31) to (4.33).
 * Prints the check tables; writes data/ch04_*.dat.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_fit.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "check.h"
#include "cloud.h"
#include "distance.h"
#include "gaussian.h"
#include "law.h"
#include "mixture.h"
#include "options.h"
#include "rng.h"
#include "sampler.h"
#include "schedule.h"
#include "sde.h"
#include "table.h"

static const dm_sde all_sdes[] = { DM_SDE_VP, DM_SDE_SUB_VP, DM_SDE_VE };
static const char *const names[] = { "VP", "sub-VP", "VE" };

/* The test problems of section 4.4: dX = MU X dt + SIGMA X dw from X = 1, and
 * dY = -THETA Y dt + dw from Y = 0. */
static const double MU = 0.5, SIGMA = 0.7, THETA = 1.5;
static const double KICK = 1.3; /* dw over the root of h, in a single step */

/* Paths of sections 4.1 and 4.4, in blocks, with FINE increments each; the
 * roughest grid has COARSE, each of the LEVELS twice as many. */
enum { PATHS = 20000, BLOCK = 250, FINE = 256, COARSE = 8, LEVELS = 6 };

/* --- limits and orders ---------------------------------------------------- */

typedef struct {
    double value, error;
} estimate;

/* The limit of values at the steps h, h/2, h/4 and h/8 whose error is a power
 * series in h: its first two terms cancel.  What the last halving changes is
 * an upper bound of what is left. */
enum { WEIGHTS = 10 }; /* the sum of their weights in it is below this */

static estimate limit_of(const double y[4])
{
    double once[3];

    for (size_t i = 0; i < 3; i++)
        once[i] = 2.0 * y[i + 1] - y[i];
    double last = (4.0 * once[2] - once[1]) / 3.0;
    double before = (4.0 * once[1] - once[0]) / 3.0;
    return (estimate){ last, fabs(last - before) };
}

/* A row for the order in which the errors at h, h/2, h/4 and h/8 fall.  Where
 * the slopes between them are off by a h + b h^2, twice the larger of their two
 * changes is at least what the last is off by, whatever a and b; the last
 * change alone may be 0. */
static void check_order(const double e[4], double order, const char *eq,
                        const char *what)
{
    double last = log2(e[2] / e[3]), middle = log2(e[1] / e[2]);
    double first = log2(e[0] / e[1]);
    double change = GSL_MAX_DBL(fabs(last - middle), fabs(middle - first));

    dm_check_order(last, order, 2.0 * change, eq, "%s", what);
}

/* The integral of f from 0 to t, with a relative error of 1e-12. */
static double integral(double (*f)(double, void *), void *params, double t)
{
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(200);
    gsl_function F = { f, params };
    double result = NAN, error;

    gsl_integration_qag(&F, 0.0, t, 0.0, 1e-12, 200, GSL_INTEG_GAUSS61, w,
                        &result, &error);
    gsl_integration_workspace_free(w);
    return result;
}

/* --- paths ---------------------------------------------------------------- */

/* Increments of BLOCK paths, and normals that are independent of them. */
typedef struct {
    double dw[FINE][BLOCK], other[FINE][BLOCK];
} block;

// snippet: increments
static void draw_block(const dm_options *o, size_t first, block *b)
{
    const double root_h = sqrt(1.0 / FINE);

    for (uint32_t i = 0; i < FINE; i++) {
        dm_rng_normals(o->seed, DM_STREAM_EXTRA, i, (uint32_t)first, BLOCK,
                       b->dw[i], b->other[i]);
        for (size_t p = 0; p < BLOCK; p++)
            b->dw[i][p] *= root_h; /* Eq. (4.1) */
    }
}
// end: increments

// snippet: coarse
/* Increment j of n of path p: the sum of its fine increments. */
static double increment(const block *b, size_t n, size_t j, size_t p)
{
    double sum = 0.0;

    for (size_t i = j * FINE / n; i < (j + 1) * FINE / n; i++)
        sum += b->dw[i][p];
    return sum;
}
// end: coarse

/* --- 4.1 the Wiener process ----------------------------------------------- */

/* Sums over all increments and paths. */
typedef struct {
    double absolute;        /* |dw|, fine                                     */
    double deviation;       /* (quadratic variation - 1)^2, fine              */
    double square;          /* dw^2 over COARSE increments                    */
    double end[2];          /* w(1) of paths 0 and 1                          */
    double coarse;          /* and of path 0 from its COARSE increments       */
    double variation;       /* the sum of dw^2, fine                          */
    double ito;             /* of path 0: the sum of w dw, w at the left ends */
    double first_variation; /* and of dw^2                              */
} wiener;

static void note_path(const block *b, size_t p, size_t number, wiener *sum)
{
    double variation = 0.0, w = 0.0, coarse = 0.0, ito = 0.0;

    for (size_t i = 0; i < FINE; i++) {
        double dw = b->dw[i][p];
        sum->absolute += fabs(dw);
        variation += dw * dw;
        ito += w * dw;
        w += dw;
    }
    for (size_t j = 0; j < COARSE; j++) {
        double dw = increment(b, COARSE, j, p);
        sum->square += dw * dw;
        coarse += dw;
    }
    sum->variation += variation;
    sum->deviation += gsl_pow_2(variation - 1.0);
    if (number < 2)
        sum->end[number] = w;
    if (number == 0)
        sum->coarse = coarse, sum->ito = ito, sum->first_variation = variation;
}

static void check_wiener(const wiener *sum)
{
    const double n = FINE, N = PATHS, h = 1.0 / FINE;
    double low, high;

    dm_check_mc(sum->absolute / (n * N), sqrt(2.0 * h / M_PI),
                sqrt((1.0 - 2.0 / M_PI) * h / (n * N)), 1.0, "4.2",
                "E |dw|, h = 1/%d", FINE);
    dm_check_refutes(sqrt(h), "its size taken for sqrt(h)");
    dm_check_refutes(0.0, "as E dw");
    dm_distance_variance_limits((size_t)FINE * PATHS, DM_CHECK_TAIL, &low,
                                &high);
    dm_check_law(sum->variation / N, 1.0, low, high, 1.0, "4.3",
                 "sum of dw^2 to time 1, mean");
    dm_check_refutes(h, "sum of h^2, as for a smooth path");
    dm_check_refutes(sqrt(2.0 * n / M_PI), "sum of |dw|");
    /* n times the variation is chi-square with n degrees of freedom. */
    dm_check_mc(sum->deviation / N, 2.0 / n,
                sqrt((8.0 * n * n + 48.0 * n) / gsl_pow_4(n) / N), 1.0, "4.3",
                "its variance over paths");
    dm_check_refutes(2.0 / (n * n), "2 h^2");
    dm_check_exact(sum->coarse, sum->end[0], 4.0 * FINE, 4.0, "4.4",
                   "w(1) of a path on %d steps and on %d", COARSE, FINE);
    dm_check_refutes(sum->end[1], "a new path for each grid");
    dm_distance_variance_limits((size_t)COARSE * PATHS, DM_CHECK_TAIL, &low,
                                &high);
    dm_check_law(sum->square / N, 1.0, low, high, 1.0, "4.4",
                 "sum of dw^2, %d sums of %d", COARSE, FINE / COARSE);
    dm_check_refutes(1.0 * FINE / COARSE, "sums of standard deviations");
    dm_check_refutes(1.0 * COARSE / FINE, "every 32nd increment");
}

/* --- 4.2 from the chain to an equation ------------------------------------ */

static void check_step_to_drift(void)
{
    const double beta = 7.3;
    double y[4];

    for (int i = 0; i < 4; i++) {
        double h = ldexp(1.0 / 128.0, -i);
        y[i] = (sqrt(1.0 - beta * h) - (1.0 - 0.5 * beta * h)) / (h * h);
    }
    estimate e = limit_of(y);
    dm_check_numeric(e.value, -beta * beta / 8.0, e.error, 1.0, "4.5",
                     "what is left of the step, over h^2");
    dm_check_refutes(0.0, "no remainder");
    dm_check_refutes(-beta * beta / 2.0, "-beta^2/2, as of e^(-beta h)");
}

// snippet: forward
/* Mean (from x_0 = 1) and variance of n Euler steps from 0 to t, Eq. (4.6). */
static dm_gaussian euler_forward(dm_sde sde, double t, int n)
{
    dm_gaussian x = { 1.0, 0.0 };
    double h = t / n;

    for (int i = 0; i < n; i++) {
        double factor = 1.0 + h * dm_sde_drift(sde, h * i);
        x.mean *= factor;
        x.variance =
            factor * factor * x.variance + h * dm_sde_noise_rate(sde, h * i);
    }
    return x;
}
// end: forward

static void check_moments(dm_sde sde, const char *name, double t)
{
    dm_level level = dm_sde_level(sde, t);
    double mean[4], variance[4], b = -2.0 * log(level.scale);

    for (int i = 0; i < 4; i++) {
        dm_gaussian x = euler_forward(sde, t, 100 << i);
        mean[i] = x.mean;
        variance[i] = x.variance;
    }
    estimate m = limit_of(mean), v = limit_of(variance);
    if (sde != DM_SDE_VE) {
        dm_check_numeric(m.value, level.scale, m.error, 1.0, "4.7",
                         "%s: mean of x_t, h to 0", name);
        dm_check_refutes(exp(-b), "exp(-B) for its root");
    }
    dm_check_numeric(v.value, level.variance, v.error, 1.0, "4.7",
                     "%s: variance of x_t, h to 0", name);
    if (sde == DM_SDE_VP)
        dm_check_refutes(2.0 * -expm1(-0.5 * b), "V' = f V + g^2");
    if (sde == DM_SDE_SUB_VP)
        dm_check_refutes(-expm1(-b), "the variance of VP");
    if (sde == DM_SDE_VE)
        dm_check_refutes(level.variance + 1e-4, "sigma^2, with sigma(0)^2");
}

static double drift(double t, void *sde)
{
    return dm_sde_drift(*(const dm_sde *)sde, t);
}

/* g^2 over the square of the scale, both by quadrature. */
static double noise_over_signal(double t, void *sde)
{
    dm_sde which = *(const dm_sde *)sde;

    return dm_sde_noise_rate(which, t) * exp(-2.0 * integral(drift, sde, t));
}

static void check_kernel(dm_sde sde, const char *eq, double t)
{
    double b = t * (0.1 + 9.95 * t);
    double scale = sde == DM_SDE_VE ? 1.0 : exp(integral(drift, &sde, t));
    double v = scale * scale * integral(noise_over_signal, &sde, t);
    /* With the numbers of the page, not those of src/sde.c. */
    double right[] = { [DM_SDE_VP] = -expm1(-b),
                       [DM_SDE_SUB_VP] = gsl_pow_2(expm1(-b)),
                       [DM_SDE_VE] = 1e-4 * expm1(2.0 * t * log(5000.0)) };

    dm_check_numeric(v, right[sde], 4e-12 * v, 1.0, eq,
                     "%s: variance at t = %.1f", names[sde], t);
    if (sde == DM_SDE_VE) {
        dm_check_refutes(right[sde] + 1e-4, "sigma^2, with sigma(0)^2");
        dm_check_refutes(-expm1(-b), "VE taken for DDPM's noise");
    } else {
        dm_check_refutes(-expm1(-2.0 * b), "the square inside: 1 - e^(-2B)");
        dm_check_refutes(sde == DM_SDE_VP ? gsl_pow_2(expm1(-b)) : -expm1(-b),
                         sde == DM_SDE_VP ? "sub-VP's" : "VP's");
    }
}

/* T (ln abar_T + B) for T steps with the rates of VP over T. */
static double discrete_gap(size_t T, double *abar)
{
    dm_schedule *s = dm_schedule_linear(T, 0.1 / (double)T, 20.0 / (double)T);
    double gap = (double)T * (log(s->abar[T]) + 10.05);

    *abar = s->abar[T];
    dm_schedule_free(s);
    return gap;
}

static void check_discrete(void)
{
    const double square = 0.01 + 0.1 * 19.9 + 19.9 * 19.9 / 3.0;
    double y[4], abar[4], error[4];

    for (size_t i = 0; i < 4; i++)
        y[i] = discrete_gap((size_t)1000 << i, &abar[i]);
    estimate e = limit_of(y);
    dm_check_numeric(e.value, -0.5 * square, e.error, 1.0, "4.11",
                     "T (ln abar_T + B), T to infinity");
    dm_check_refutes(0.0, "abar_T = e^(-B) for every T");
    dm_check_refutes(-square, "beta^2 for beta^2/2");
    for (size_t i = 0; i < 4; i++)
        error[i] = fabs(abar[i] / exp(-10.05) - 1.0);
    check_order(error, 1.0, "4.11", "order in 1/T of abar_T");
    dm_check_refutes(2.0, "2");
    printf("abar_T: %.4e in 1000 steps, %.4e in continuous time\n", abar[0],
           exp(-10.05));
}

/* --- 4.3 Fokker-Planck ---------------------------------------------------- */

/* What a derivative needs: q_t of the data at time t, at the point x. */
typedef struct {
    const dm_mixture *data;
    dm_sde sde;
    double t, x[2], lambda;
} spot;

static dm_mixture *law_at(const dm_mixture *data, dm_sde sde, double t)
{
    return dm_mixture_diffuse(data, dm_sde_level(sde, t));
}

static double density_at(double t, const spot *s)
{
    dm_mixture *q = law_at(s->data, s->sde, t);
    double density = exp(dm_mixture_log_density(q, s->x));

    dm_mixture_free(q);
    return density;
}

/* The slope of f at `at`, by differences of fourth order over h and h/2.  The
 * error is what halving changes, and 8 roundings of size `noise`. */
static estimate slope(double (*f)(double, const spot *), const spot *s,
                      double at, double h, double noise)
{
    double d[2];

    for (int i = 0; i < 2; i++, h *= 0.5)
        d[i] = (8.0 * (f(at + h, s) - f(at - h, s)) - f(at + 2.0 * h, s) +
                f(at - 2.0 * h, s)) /
               (12.0 * h);
    return (estimate){ d[1], fabs(d[1] - d[0]) + 16.0 * noise / h };
}

/* What round-off leaves of densities of size q. */
static double round_off(const dm_mixture *m, double q)
{
    return 16.0 * DBL_EPSILON * q * dm_mixture_condition(m);
}

/* Density, x times the score, its square and the trace of the Hessian. */
typedef struct {
    double q, xs, ss, trace;
} local;

static local local_at(const spot *s)
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

/* A point beside a bump of the data, at time t. */
static spot spot_in(const dm_mixture *data, dm_sde sde, double t)
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

/* --- 4.4 what Euler's steps cost ------------------------------------------ */

/* Mean squares of the error at time 1 in n steps, Eqs. (4.15), (4.18) and
 * (4.19). */
// snippet: mean-square
static double square_of_gbm(double h, int milstein)
{
    double s2 = SIGMA * SIGMA, extra = milstein ? 0.5 * s2 * s2 * h * h : 0.0;
    double both = log1p(2.0 * MU * h + gsl_pow_2(MU * h) + s2 * h + extra);
    double cross = MU * h + log1p(MU * h + s2 * h + extra);

    return exp(both / h) - 2.0 * exp(cross / h) + exp(2.0 * MU + s2);
}
// end: mean-square

static double square_euler(double h)
{
    return square_of_gbm(h, 0);
}

static double square_milstein(double h)
{
    return square_of_gbm(h, 1);
}

static double square_additive(double h)
{
    double r = 1.0 - THETA * h, q = exp(-THETA * h), n = 1.0 / h;
    double both = h * (1.0 - pow(r, 2.0 * n)) / (1.0 - r * r);
    double cross = (1.0 - q) / THETA * (1.0 - pow(r * q, n)) / (1.0 - r * q);

    return both - 2.0 * cross + -expm1(-2.0 * THETA) / (2.0 * THETA);
}

enum { EULER, MILSTEIN, ADDITIVE, SCHEMES };
static double (*const square[])(double) = { square_euler, square_milstein,
                                            square_additive };
static const double strong[] = { 0.5, 1.0, 1.0 };

/* What the paths leave: sums of squared errors and of their squares, and of
 * what each path adds to the fitted slope. */
typedef struct {
    double e2[SCHEMES][LEVELS], e4[SCHEMES][LEVELS], bend[SCHEMES];
    wiener w;
} tally;

static double step_of(size_t level)
{
    return 1.0 / (COARSE << level);
}

// snippet: one-step
static double euler_step(double X, double h, double dw)
{
    return X + MU * X * h + SIGMA * X * dw; /* Eq. (4.13) */
}

static double milstein_step(double X, double h, double dw)
{
    double missed = 0.5 * SIGMA * SIGMA * X * (dw * dw - h);
    return euler_step(X, h, dw) + missed; /* Eq. (4.17) */
}
// end: one-step

// snippet: strong
/* The errors at time 1 of path p in n steps, with one path for all n. */
static void errors_of_path(const block *b, size_t p, size_t n, double gbm,
                           double additive, double e[SCHEMES])
{
    double h = 1.0 / (double)n, X = 1.0, M = 1.0, Y = 0.0;

    for (size_t j = 0; j < n; j++) {
        double dw = increment(b, n, j, p);
        X = euler_step(X, h, dw);
        M = milstein_step(M, h, dw);
        Y += -THETA * Y * h + dw;
    }
    e[EULER] = X - gbm;
    e[MILSTEIN] = M - gbm;
    e[ADDITIVE] = Y - additive;
}
// end: strong

/* The solutions at time 1 on path p: Eq. (4.14), and the sum of the integrals
 * of e^(-THETA (1 - s)) dw over the fine steps, which are Gaussian together
 * with the increments. */
static void solutions(const block *b, size_t p, double *gbm, double *additive)
{
    const double h = 1.0 / FINE, q = exp(-THETA * h);
    const double on_dw = (1.0 - q) / (THETA * h);
    const double rest =
        -expm1(-2.0 * THETA * h) / (2.0 * THETA) - on_dw * on_dw * h;
    double w = 0.0, Y = 0.0;

    for (size_t i = 0; i < FINE; i++) {
        w += b->dw[i][p];
        Y = q * Y + on_dw * b->dw[i][p] + sqrt(rest) * b->other[i][p];
    }
    *gbm = exp(MU - 0.5 * SIGMA * SIGMA + SIGMA * w);
    *additive = Y;
}

/* What level l counts for in the slope of a straight line. */
static double leverage(size_t l)
{
    const double middle = 0.5 * (LEVELS - 1);

    return ((double)l - middle) / (LEVELS * (LEVELS * LEVELS - 1) / 12.0);
}

static void note_errors(const block *b, size_t p, tally *sum)
{
    double gbm, additive, bend[SCHEMES] = { 0.0 };

    solutions(b, p, &gbm, &additive);
    for (size_t l = 0; l < LEVELS; l++) {
        double e[SCHEMES];
        errors_of_path(b, p, (size_t)COARSE << l, gbm, additive, e);
        for (size_t k = 0; k < SCHEMES; k++) {
            double e2 = e[k] * e[k];
            sum->e2[k][l] += e2;
            sum->e4[k][l] += e2 * e2;
            bend[k] -= leverage(l) * e2 / square[k](step_of(l));
        }
    }
    for (size_t k = 0; k < SCHEMES; k++)
        sum->bend[k] += gsl_pow_2(0.5 * bend[k] / M_LN2);
}

static void run_paths(const dm_options *o, tally *sum)
{
    block *b = malloc(sizeof *b);

    for (size_t first = 0; b != NULL && first < PATHS; first += BLOCK) {
        draw_block(o, first, b);
        for (size_t p = 0; p < BLOCK; p++) {
            note_path(b, p, first + p, &sum->w);
            note_errors(b, p, sum);
        }
    }
    free(b);
}

/* The slope of log2 of the root mean square over log2 h, by least squares. */
static double fitted_slope(const double mean_square[LEVELS])
{
    double x[LEVELS], y[LEVELS], c0, c1, cov[3], sum;

    for (size_t l = 0; l < LEVELS; l++) {
        x[l] = log2(step_of(l));
        y[l] = 0.5 * log2(mean_square[l]);
    }
    gsl_fit_linear(x, 1, y, 1, LEVELS, &c0, &c1, &cov[0], &cov[1], &cov[2],
                   &sum);
    return c1;
}

static void check_paths(const tally *sum, size_t k, const char *eq,
                        const char *name)
{
    double drawn[LEVELS], exact[LEVELS], n = PATHS;

    for (size_t l = 0; l < LEVELS; l++) {
        drawn[l] = sum->e2[k][l] / n;
        exact[l] = square[k](step_of(l));
    }
    size_t l = LEVELS - 1;
    double se = sqrt((sum->e4[k][l] / n - gsl_pow_2(drawn[l])) / n);
    dm_check_mc(drawn[l], exact[l], se, 1.0, eq, "%s: E e^2, h = 1/%d", name,
                COARSE << l);
    dm_check_refutes(exact[l - 1], "that of steps twice as long");
    dm_check_mc(fitted_slope(drawn), fitted_slope(exact),
                sqrt(sum->bend[k]) / n, 1.0, eq,
                "%s: slope of the drawn errors", name);
    dm_check_refutes(1.5 - strong[k], "strong order %.1f", 1.5 - strong[k]);
}

/* A row for what a step from X = 1 misses of the solution, over kappa^power,
 * as kappa, the root of h, goes to 0: `coefficient`. */
static void check_step(double (*step)(double X, double h, double dw), int power,
                       double coefficient, const char *eq, const char *name)
{
    const double last =
        1.0 / 256.0; /* kappa; values of size 1 are subtracted */
    double y[4];

    for (int i = 0; i < 4; i++) {
        double kappa = ldexp(last, 3 - i), h = kappa * kappa, dw = KICK * kappa;
        double X_1 = exp((MU - 0.5 * SIGMA * SIGMA) * h + SIGMA * dw);
        y[i] = (X_1 - step(1.0, h, dw)) / gsl_pow_int(kappa, power);
    }
    estimate e = limit_of(y);
    double round_off = WEIGHTS * 8.0 * DBL_EPSILON / gsl_pow_int(last, power);
    dm_check_numeric(e.value, coefficient, e.error + round_off, 1.0, eq,
                     "%s: one step misses, /h^%.1f", name, 0.5 * power);
    dm_check_refutes(0.0, "nothing of this order");
}

/* Rows for the limit of E e^2/h^power and the order, from closed forms. */
static void check_strong(size_t k, double power, double constant,
                         const char *eq, const char *name)
{
    double y[4], e[4];
    char what[64];

    for (int i = 0; i < 4; i++) {
        double h = ldexp(1.0 / 64.0, -i);
        y[i] = square[k](h) / pow(h, power);
        e[i] = sqrt(square[k](h));
    }
    estimate c = limit_of(y);
    if (isfinite(constant)) {
        dm_check_numeric(c.value, constant, c.error, 1.0, eq,
                         "%s: E e^2/h%s, h to 0", name,
                         power == 1.0 ? "" : "^2");
        dm_check_refutes(0.0, "a higher order");
        dm_check_refutes(2.0 * constant, "twice the constant");
    }
    snprintf(what, sizeof what, "%s: strong order", name);
    check_order(e, strong[k], eq, what);
    dm_check_refutes(1.5 - strong[k], "%.1f", 1.5 - strong[k]);
}

/* What the mean of X, or of X^2, lacks after 1/h steps. */
static double weak_error(double h, int moment)
{
    double rate = moment == 1 ? MU : 2.0 * MU + SIGMA * SIGMA;
    double step = rate * h + (moment == 1 ? 0.0 : gsl_pow_2(MU * h));

    return exp(rate) - exp(log1p(step) / h);
}

static void check_weak(const char *eq, int moment)
{
    double s2 = SIGMA * SIGMA, rate = moment == 1 ? MU : 2.0 * MU + s2;
    double square_part = moment == 1 ? 0.0 : gsl_pow_2(MU);
    double constant = exp(rate) * (0.5 * rate * rate - square_part);
    double y[4], e[4];

    for (int i = 0; i < 4; i++) {
        double h = ldexp(1.0 / 64.0, -i);
        y[i] = weak_error(h, moment) / h;
        e[i] = y[i] * h;
    }
    estimate c = limit_of(y);
    dm_check_numeric(c.value, constant, c.error, 1.0, eq,
                     "error of E X%s, over h, h to 0", moment == 1 ? "" : "^2");
    dm_check_refutes(0.0, "a higher order");
    check_order(e, 1.0, eq,
                moment == 1 ? "weak order, E X" : "weak order, E X^2");
    dm_check_refutes(0.5, "that of the paths");
}

/* --- 4.5 back in time ----------------------------------------------------- */

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

/* How a step back may be taken: x + (f x - score g^2 s) dt + noise g dw. */
typedef struct {
    double score, noise, dt; /* dt = -1 or 1: its sign */
} way_back;

/* The variance at t_min in n steps from that at 1, for data N(0, v). */
static double variance_back(dm_sde sde, double v, double t_min, int n,
                            way_back way)
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

/* --- laws of samplers ----------------------------------------------------- */

/* Why the last law could not be computed. */
static char reason_of_none[200];

static void keep_reason(const char *reason, const char *file, int line,
                        int code)
{
    (void)file, (void)line, (void)code;
    snprintf(reason_of_none, sizeof reason_of_none, "%s", reason);
}

/* The law of x at t_min after n steps back from `start`, for such data. */
static dm_law *law_back(const dm_mixture *data, dm_sde sde, double t_min,
                        size_t n, const dm_mixture *start)
{
    double *t = malloc((n + 1) * sizeof *t);
    gsl_error_handler_t *old = gsl_set_error_handler(keep_reason);

    dm_sampler_times(t_min, n, t);
    dm_sampler *table = dm_sampler_reverse_sde(sde, n, t, 1.0);
    dm_law *law = table == NULL ? NULL : dm_law_of_sampler(table, data, start);
    gsl_set_error_handler(old);
    if (law == NULL)
        printf("no exact law: %s\n", reason_of_none);
    dm_sampler_free(table);
    free(t);
    return law;
}

/* How far off E x^2 of the law may be: 2 |x| times what the distribution
 * function is off by, added up. */
static double error_of_square(const dm_law *law)
{
    double most = NAN;

    if (law != NULL)
        most = fmax(fabs(law->x[0]), fabs(law->x[law->n - 1]));
    return law == NULL ? NAN : 2.0 * most * law->w1;
}

static double second_moment(const dm_law *law)
{
    double mean = NAN, variance = NAN;

    if (law != NULL)
        dm_law_moments(law, &mean, &variance);
    return variance + mean * mean;
}

/* Adds to *error how far off it may be. */
static double w1_between(const dm_law *a, const dm_law *b, double *error)
{
    double w1 = NAN, of_w1 = NAN;

    if (a != NULL && b != NULL)
        dm_distance_w1(a, b, &w1, &of_w1);
    *error += of_w1;
    return w1;
}

static double second_moment_of(const dm_mixture *m)
{
    double mean;
    dm_sym2 cov;

    dm_mixture_moments(m, &mean, &cov);
    return cov.xx + mean * mean;
}

/* Rows for the law at time t, from the second moments and the W1 of four
 * halvings of the step, the moments off by `off` at most. */
static void check_halvings(const dm_mixture *data, dm_sde sde, double t,
                           const double moment[4], const double w1[4],
                           double off)
{
    dm_mixture *start = law_at(data, sde, 1.0), *q = law_at(data, sde, t);
    estimate e = limit_of(moment);
    char what[64];

    dm_check_numeric(e.value, second_moment_of(q), e.error + WEIGHTS * off, 1.0,
                     "4.25", "%s: E x_t^2 at t = %g, h to 0", names[sde], t);
    dm_check_refutes(second_moment_of(data), "that of the data");
    dm_check_refutes(second_moment_of(start), "that of the start");
    snprintf(what, sizeof what, "%s: order of W1 to q_t, t = %g", names[sde],
             t);
    check_order(w1, 1.0, "4.25", what);
    dm_check_refutes(0.5, "that of paths");
    dm_mixture_free(start);
    dm_mixture_free(q);
}

/* Stopped at time t, and started from q_1: law and order. */
static void check_on_the_way(const dm_mixture *data, dm_sde sde, double t)
{
    dm_mixture *start = law_at(data, sde, 1.0), *q = law_at(data, sde, t);
    dm_law *right = dm_law_of_mixture(q);
    double moment[4], w1[4], ignored = 0.0, off = 0.0;

    for (size_t i = 0; i < 4; i++) {
        dm_law *law = law_back(data, sde, t, (size_t)50 << i, start);
        moment[i] = second_moment(law);
        w1[i] = w1_between(law, right, &ignored);
        off = fmax(off, error_of_square(law));
        dm_law_free(law);
    }
    if (isfinite(moment[0] + moment[1] + moment[2] + moment[3]))
        check_halvings(data, sde, t, moment, w1, off);
    dm_law_free(right);
    dm_mixture_free(start);
    dm_mixture_free(q);
}

enum { SHOWN = 9, STEPS = 200 }; /* paths and steps of ch04_paths */

/* Euler's steps from t[0] up to t[n], Eq. (4.6), as a table. */
static dm_sampler *forward_table(dm_sde sde, size_t n, const double t[])
{
    dm_sampler *table = dm_sampler_new(n);

    for (size_t i = 0; i < n; i++) {
        double h = t[i + 1] - t[i];
        table->step[i].A = 1.0 + h * dm_sde_drift(sde, t[i]);
        table->step[i].C = sqrt(h * dm_sde_noise_rate(sde, t[i]));
    }
    return table;
}

/* Rows for the forward table of the figures: scale and variance at time 1 of
 * what starts at time t as one point, h to 0. */
static void check_forward_table(dm_sde sde, double t)
{
    static double times[8 * STEPS + 1];
    dm_level at = dm_sde_level(sde, t), end = dm_sde_level(sde, 1.0);
    double r = end.scale / at.scale, scale[4], variance[4];

    for (size_t i = 0; i < 4; i++) {
        size_t n = (size_t)STEPS << i;
        dm_sampler_times(t, n, times);
        dm_sampler *table = forward_table(sde, n, times);
        scale[i] = 1.0, variance[i] = 0.0;
        for (size_t k = 0; k < n; k++) {
            const dm_step *step = &table->step[k];
            scale[i] *= step->A;
            variance[i] = gsl_pow_2(step->A) * variance[i] + gsl_pow_2(step->C);
        }
        dm_sampler_free(table);
    }
    estimate e = limit_of(scale), v = limit_of(variance);
    dm_check_numeric(e.value, r, e.error, 1.0, "4.7",
                     "%s, table: scale up to t = 1", names[sde]);
    dm_check_refutes(0.0, "nothing is left");
    dm_check_numeric(v.value, end.variance - r * r * at.variance, v.error, 1.0,
                     "4.7", "%s, table: variance there", names[sde]);
    dm_check_refutes(10.05 - t * (0.1 + 9.95 * t), "the drift left out");
}

/* --- 4.6 DDPM's step beside Euler's --------------------------------------- */

static void check_difference(const dm_mixture *data)
{
    spot at = spot_in(data, DM_SDE_VP, 0.2);
    dm_mixture *q = law_at(data, DM_SDE_VP, at.t);
    double x = at.x[0], s, mean[4], variance[4];
    dm_sym2 hessian;

    dm_mixture_score(q, &x, &s);
    dm_mixture_hessian(q, &x, &hessian);
    for (int i = 0; i < 4; i++) {
        double b = ldexp(1.0 / 64.0, -i), H = hessian.xx;
        // snippet: difference
        double exact = (x + b * s) / sqrt(1.0 - b); /* Eq. (2.9)  */
        double euler = x + b * (0.5 * x + s);       /* Eq. (4.24) */
        mean[i] = (exact - euler) / (b * b);
        exact = b / (1.0 - b) * (1.0 + b * H); /* Eq. (2.10) */
        euler = b;
        variance[i] = (exact - euler) / (b * b);
        // end: difference
    }
    estimate m = limit_of(mean), v = limit_of(variance);
    dm_check_numeric(m.value, 0.5 * s + 0.375 * x, m.error, 1.0, "4.26",
                     "(exact mean - Euler's)/beta^2");
    dm_check_refutes(0.0, "equal to this order");
    dm_check_refutes(-0.5 * s - 0.375 * x,
                     "DDPM's taken for the approximation");
    dm_check_refutes(0.5 * s + 0.125 * x, "1/8 for 3/8");
    dm_check_numeric(v.value, 1.0 + hessian.xx, v.error, 1.0, "4.27",
                     "(exact variance - beta)/beta^2");
    dm_check_refutes(0.0, "beta is exact");
    dm_level level = dm_sde_level(DM_SDE_VP, at.t);
    dm_check_refutes(-gsl_pow_2(level.scale) / level.variance,
                     "the start known: beta-tilde");
    dm_mixture_free(q);
}

/* At the run's schedule: DDPM's table beside Euler's mean, whose difference
 * has beta^3 (3 s/8 + 5 x/16) for its next term. */
static void check_difference_of_step(const dm_options *o)
{
    size_t t = GSL_MAX(1, o->steps / 2);
    dm_sampler *ddpm = dm_sampler_ddpm(o->schedule, DM_VARIANCE_BETA);
    const dm_step *step = &ddpm->step[o->steps - t];
    const dm_component *c = o->data1->component;
    double x = step->from.scale * c->mean[0] + 0.7, eps;
    double b = o->schedule->beta[t], root = sqrt(step->from.variance);

    dm_mixture_eps(o->data1, step->from, &x, &eps);
    double s = -eps / root, exact = step->A * x + step->B * eps;
    double size = fabs(x) + fabs(s) * b + 1.0;
    double noise = 16.0 * DBL_EPSILON * size / (b * b);
    dm_check_numeric((exact - (x + b * (0.5 * x + s))) / (b * b),
                     0.5 * s + 0.375 * x,
                     2.0 * b * (0.375 * fabs(s) + 0.3125 * fabs(x)) + noise,
                     1.0, "4.26", "DDPM's table less Euler's, t = %zu", t);
    dm_check_refutes(0.0, "equal to this order");
    dm_sampler_free(ddpm);
}

typedef enum { STEP_EULER, STEP_MIXED, STEP_BETA, STEP_TILDE, STEP_EXACT } kind;

static double integral_of_beta(double t)
{
    return t * (0.1 + 9.95 * t);
}

static double beta_of(double t)
{
    return dm_sde_noise_rate(DM_SDE_VP, t);
}

static double c_of(double t)
{
    return dm_sde_level(DM_SDE_VP, t).variance;
}

/* A step back from t to s for data N(0, v): a factor, and added variance. */
typedef struct {
    double factor, added;
} gaussian_step;

// snippet: gaussian
static gaussian_step step_back(double v, double t, double s, kind how)
{
    double b = -expm1(integral_of_beta(s) - integral_of_beta(t));
    double c = c_of(t), V = (1.0 - c) * v + c;
    double exact = (1.0 - b / V) / sqrt(1.0 - b), rate = beta_of(t) * (t - s);

    switch (how) {
    case STEP_EULER:
        return (gaussian_step){ 1 + rate * (0.5 - 1 / V), rate };
    case STEP_MIXED:
        return (gaussian_step){ 1 + b * (0.5 - 1 / V), b };
    case STEP_BETA:
        return (gaussian_step){ exact, b };
    case STEP_TILDE:
        return (gaussian_step){ exact, b * c_of(s) / c };
    default:
        return (gaussian_step){ exact, b / (1 - b) * (1 - b / V) };
    }
}
// end: gaussian

/* The variance of x_0 after n steps from q_1, Eq. (4.28). */
static double variance_at_0(double v, int n, kind how)
{
    double c = c_of(1.0), x = (1.0 - c) * v + c;

    for (int i = n; i > 0; i--) {
        gaussian_step step = step_back(v, 1.0 * i / n, (i - 1.0) / n, how);
        x = step.factor * step.factor * x + step.added;
    }
    return x;
}

/* What a step loses or adds, over h^2, carried on to time 0: the integrands of
 * Eqs. (4.29) and (4.30). */
typedef struct {
    double v;
    kind how;
} loss;

static double lost_at(double t, void *params)
{
    const loss *l = params;
    dm_level level = dm_sde_level(DM_SDE_VP, t);
    double a2 = gsl_pow_2(level.scale), V = a2 * l->v + level.variance;
    double beta = dm_sde_noise_rate(DM_SDE_VP, t), slope_of_beta = 19.9;
    double carried = a2 * gsl_pow_2(l->v / V);

    if (l->how == STEP_BETA)
        return beta * beta * (1.0 / V - 1.0) * carried;
    if (l->how == STEP_MIXED)
        return beta * beta * (1.0 / V - 0.75 * V) * carried;
    double bend = (slope_of_beta - beta * beta) * (1.0 - V); /* V'' */
    return (beta * beta * V * gsl_pow_2(0.5 - 1.0 / V) - 0.5 * bend) * carried;
}

static void check_global(kind how, const char *eq, const char *name, double v)
{
    double y[4], e[4];
    loss l = { v, how };
    char what[64];

    for (int i = 0; i < 4; i++) {
        int n = 400 << i;
        y[i] = n * (variance_at_0(v, n, how) - v);
        e[i] = fabs(y[i]) / n;
    }
    estimate c = limit_of(y);
    dm_check_numeric(c.value, integral(lost_at, &l, 1.0), c.error, 1.0, eq,
                     "%s: error of Var x_0/h, h to 0", name);
    dm_check_refutes(0.0, "a higher order");
    l.how = how == STEP_EULER ? STEP_BETA : STEP_EULER;
    dm_check_refutes(integral(lost_at, &l, 1.0),
                     how == STEP_EULER ? "DDPM's" : "Euler's");
    snprintf(what, sizeof what, "%s: order of Var x_0", name);
    check_order(e, 1.0, eq, what);
    dm_check_refutes(0.5, "that of paths");
    dm_check_refutes(2.0, "2");
}

static void check_gaussian_steps(double v)
{
    const int n = 100;

    dm_check_exact(variance_at_0(v, n, STEP_EXACT), v, 16.0 * n, 1.0, "4.28",
                   "Var x_0, exact steps, n = %d", n);
    dm_check_refutes(variance_at_0(v, n, STEP_BETA), "sigma^2 = beta");
    dm_check_refutes(variance_at_0(v, n, STEP_TILDE), "sigma^2 = beta-tilde");
    dm_check_refutes(variance_at_0(v, n, STEP_EULER), "Euler's steps");
    check_global(STEP_EULER, "4.29", "Euler", v);
    check_global(STEP_BETA, "4.30", "DDPM", v);
    check_global(STEP_MIXED, "4.30", "mixed", v);
}

static void print_gaussian_steps(double v)
{
    static const char *const name[] = { "Euler", "Euler, with beta of DDPM",
                                        "DDPM, beta", "DDPM, beta-tilde",
                                        "exact variance" };

    printf("-- errors --\n%-26s", "Var x_0 - 0.25");
    for (int n = 25; n <= 1600; n *= 4)
        printf("   n = %4d", n);
    for (int how = STEP_EULER; how <= STEP_EXACT; how++) {
        printf("\n%-26s", name[how]);
        for (int n = 25; n <= 1600; n *= 4) {
            double error = variance_at_0(v, n, (kind)how) - v;
            printf(" %10.5f", fabs(error) < 1e-9 ? 0.0 : error);
        }
    }
    printf("\n");
}

/* --- 4.7 the error budget ------------------------------------------------- */

/* The mixture of n mixtures with these weights; they are freed.  NULL where it
 * would have too many components. */
static dm_mixture *join(size_t n, const double weight[], dm_mixture *part[])
{
    static double w[DM_COMPONENTS_MAX], mean[DM_COMPONENTS_MAX],
        variance[DM_COMPONENTS_MAX];
    size_t K = 0, total = 0;
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        total += part[i]->K, sum += weight[i];
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; total <= DM_COMPONENTS_MAX && k < part[i]->K; k++) {
            w[K] = weight[i] / sum * part[i]->component[k].weight;
            mean[K] = part[i]->component[k].mean[0];
            variance[K++] = part[i]->component[k].cov.xx;
        }
        dm_mixture_free(part[i]);
    }
    return K == 0 ? NULL : dm_mixture_new(1, K, w, mean, variance);
}

/* The law of x_t_min when the reverse SDE is followed without error from
 * N(0, variance) at time 1, Eq. (4.31): a mixture of the laws of x_t_min given
 * x_1, over a grid of x_1.  NULL for more than 40 components. */
// snippet: start-alone
static dm_mixture *exact_way_back(const dm_mixture *data, dm_sde sde, double t,
                                  double variance)
{
    enum { NODES = 25 }; /* half a standard deviation apart */
    dm_level at = dm_sde_level(sde, t), end = dm_sde_level(sde, 1.0);
    double r = end.scale / at.scale;
    dm_level jump = { r, end.variance - r * r * at.variance };
    dm_mixture *q = dm_mixture_diffuse(data, at), *parts[NODES];
    double weight[NODES];

    for (int i = 0; i < NODES; i++) {
        double z = 0.5 * (i - NODES / 2), x1 = z * sqrt(variance);
        weight[i] = 0.5 * dm_gaussian_pdf((dm_gaussian){ 0.0, 1.0 }, z);
        parts[i] = dm_mixture_posterior(q, jump, &x1);
    }
    dm_mixture_free(q);
    return join(NODES, weight, parts);
}
// end: start-alone

/* The prior of an SDE: a Gaussian with its noise at time 1. */
static dm_mixture *normal(double mean, double variance)
{
    const double one = 1.0;

    return dm_mixture_new(1, 1, &one, &mean, &variance);
}

/* The mean at time t of the sampler that starts from N(0, variance), h to 0;
 * NaN where a law cannot be computed. */
static estimate mean_back(const dm_mixture *data, dm_sde sde, double t,
                          double variance)
{
    dm_mixture *prior = normal(0.0, variance);
    double mean[4] = { NAN, NAN, NAN, NAN }, off = 0.0;

    for (size_t i = 0; i < 4; i++) {
        dm_law *law = law_back(data, sde, t, (size_t)50 << i, prior);
        if (law != NULL) {
            dm_law_moments(law, &mean[i], NULL);
            off = fmax(off, law->w1);
        }
        dm_law_free(law);
    }
    dm_mixture_free(prior);
    estimate e = limit_of(mean);
    e.error += WEIGHTS * off;
    return e;
}

static void check_start(const dm_mixture *data, dm_sde sde, double t)
{
    double variance = dm_sde_level(sde, 1.0).variance, alone, right;
    double kept = dm_sde_level(sde, 1.0).scale / dm_sde_level(sde, t).scale;
    dm_mixture *q = law_at(data, sde, t);
    dm_mixture *m = exact_way_back(data, sde, t, variance);
    estimate e = mean_back(data, sde, t, variance);

    if (m != NULL && isfinite(e.value)) {
        dm_mixture_moments(m, &alone, NULL);
        dm_mixture_moments(q, &right, NULL);
        dm_check_numeric(e.value - right, alone - right, e.error, 1.0, "4.31",
                         "%s: E x_t - that of q_t, t = %g", names[sde], t);
        dm_check_refutes(0.0, "the start is forgotten");
        dm_check_refutes(-kept * right, "the start is kept, as it is");
    } else {
        printf("no exact start: more than 40 components, or no law\n");
    }
    dm_mixture_free(m);
    dm_mixture_free(q);
}

/* W1 between centred Gaussians of these variances. */
static double w1_of_variances(double v, double w)
{
    return fabs(sqrt(v) - sqrt(w)) * sqrt(2.0 / M_PI);
}

/* And between any two Gaussians: E|d + s z|. */
static double w1_of_normals(dm_gaussian p, dm_gaussian q)
{
    double d = fabs(p.mean - q.mean);
    double s = fabs(sqrt(p.variance) - sqrt(q.variance));

    if (!(s > 0.0))
        return d;
    return s * sqrt(2.0 / M_PI) * exp(-0.5 * gsl_pow_2(d / s)) +
           d * erf(d / (s * M_SQRT2));
}

/* The law of x_t for data N(m, v). */
static dm_gaussian law_of_normal(dm_sde sde, double m, double v, double t)
{
    dm_level level = dm_sde_level(sde, t);
    double a = level.scale;

    return (dm_gaussian){ a * m, a * a * v + level.variance };
}

static void check_truncation(const dm_options *o, double v)
{
    dm_level level = dm_sde_level(DM_SDE_VP, o->t_min);
    dm_mixture *data = normal(0.0, v);
    dm_mixture *q = dm_mixture_diffuse(data, level);
    dm_law *target = dm_law_of_mixture(data), *stopped = dm_law_of_mixture(q);
    double w1, error, V = gsl_pow_2(level.scale) * v + level.variance;

    dm_distance_w1(stopped, target, &w1, &error);
    dm_check_numeric(w1, w1_of_variances(V, v), error, 1.0, "4.32",
                     "Gaussian: W1, stopped at t = %g", o->t_min);
    dm_check_refutes(sqrt(level.variance * 2.0 / M_PI), "E|noise|");
    dm_check_refutes(0.0, "nothing is lost");
    dm_law_free(target);
    dm_law_free(stopped);
    dm_mixture_free(data);
    dm_mixture_free(q);
}

/* W1 with each cause of error alone, with each switched off, and with all. */
typedef struct {
    double start, steps, stop, no_start, no_steps, no_stop, all;
    double error; /* how far the seven may be off together */
} budget;

static budget budget_of(const dm_mixture *data, dm_sde sde, double t, size_t n)
{
    double variance = dm_sde_level(sde, 1.0).variance;
    dm_mixture *q1 = law_at(data, sde, 1.0), *q = law_at(data, sde, t);
    dm_mixture *prior = normal(0.0, variance);
    dm_mixture *m = exact_way_back(data, sde, t, variance);
    double e = 0.0;
    // snippet: budget
    dm_law *target = dm_law_of_mixture(data), *stopped = dm_law_of_mixture(q);
    dm_law *all = law_back(data, sde, t, n, prior);
    dm_law *steps = law_back(data, sde, t, n, q1);
    dm_law *start = m == NULL ? NULL : dm_law_of_mixture(m);
    budget b = { .start = w1_between(start, stopped, &e),
                 .steps = w1_between(steps, stopped, &e),
                 .stop = w1_between(stopped, target, &e),
                 .no_start = w1_between(steps, target, &e),
                 .no_steps = w1_between(start, target, &e),
                 .no_stop = w1_between(all, stopped, &e),
                 .all = w1_between(all, target, &e) };
    // end: budget
    b.error = e;
    dm_law *laws[] = { target, stopped, all, steps, start };
    for (size_t i = 0; i < 5; i++)
        dm_law_free(laws[i]);
    dm_mixture *mixtures[] = { q1, q, prior, m };
    for (size_t i = 0; i < 4; i++)
        dm_mixture_free(mixtures[i]);
    return b;
}

static void check_sum(const dm_options *o, dm_sde sde, double v)
{
    dm_mixture *data = normal(0.0, v);
    budget b = budget_of(data, sde, o->t_min, o->n);
    dm_level level = dm_sde_level(sde, o->t_min);
    double V = gsl_pow_2(level.scale) * v + level.variance;
    const way_back right = { 1.0, 1.0, -1.0 };
    double end = variance_back(sde, v, o->t_min, (int)o->n, right);

    dm_mixture_free(data);
    if (!isfinite(b.error))
        return;
    dm_check_numeric(b.no_start, w1_of_variances(end, v), b.error, 1.0, "4.33",
                     "%s, Gaussian: W1, start right", names[sde]);
    dm_check_refutes(b.stop, "the steps cost nothing");
    if ((end > V) == (V > v))
        dm_check_refutes(fabs(b.steps - b.stop), "the errors cancel");
    else
        dm_check_refutes(b.steps + b.stop, "the errors add");
}

/* Euler's mean and variance at t_min in n steps from N(0, c(1)), for data
 * N(m, v), from Eq. (4.24). */
static dm_gaussian euler_back(dm_sde sde, double m, double v, double t_min,
                              size_t n)
{
    double h = (1.0 - t_min) / (double)n;
    dm_gaussian x = { 0.0, dm_sde_level(sde, 1.0).variance };

    for (size_t i = 0; i < n; i++) {
        double t = 1.0 - h * (double)i, g2 = dm_sde_noise_rate(sde, t);
        dm_gaussian q = law_of_normal(sde, m, v, t);
        double factor = 1.0 - h * (dm_sde_drift(sde, t) + g2 / q.variance);
        x.mean = factor * x.mean + h * g2 * q.mean / q.variance;
        x.variance = factor * factor * x.variance + g2 * h;
    }
    return x;
}

/* Eq. (4.31) for data N(m, v), in closed form: a shift at time 1 comes back
 * times the slope of E[x_t given x_1]. */
static dm_gaussian start_back(dm_sde sde, double m, double v, double t,
                              double *slope)
{
    dm_gaussian end = law_of_normal(sde, m, v, 1.0);
    dm_gaussian x = law_of_normal(sde, m, v, t);
    dm_level from = dm_sde_level(sde, 1.0);

    *slope =
        from.scale / dm_sde_level(sde, t).scale * x.variance / end.variance;
    x.mean -= *slope * end.mean;
    x.variance += *slope * *slope * (from.variance - end.variance);
    return x;
}

/* How far off in W1 the 25 points of x_1 may leave this law, whose mean they
 * move by `shift` per standard deviation of x_1: beyond 6 of these is less than
 * 4e-9 of it, and in steps of 1/2 the trapezoidal rule is off by a factor of
 * 1 + 2 exp(-8 pi^2 tau^2) cos, where tau^2 is the variance of the integrand,
 * next to that of x_1. */
static double off_at_nodes(double shift, dm_gaussian law)
{
    double tau2 = 1.0 - shift * shift / law.variance;

    return 4e-9 * shift +
           2.0 * exp(-8.0 * M_PI * M_PI * tau2) * sqrt(law.variance);
}

/* Rows for the start alone and for all errors, with data N(m, v). */
static void check_causes(const dm_options *o, dm_sde sde, double m, double v)
{
    dm_mixture *data = normal(m, v);
    budget b = budget_of(data, sde, o->t_min, o->n);
    dm_gaussian target = { m, v }, q = law_of_normal(sde, m, v, o->t_min);
    dm_gaussian all = euler_back(sde, m, v, o->t_min, o->n);
    double slope, root = sqrt(dm_sde_level(sde, 1.0).variance);
    dm_gaussian start = start_back(sde, m, v, o->t_min, &slope);

    dm_mixture_free(data);
    if (!isfinite(b.error))
        return;
    dm_check_numeric(b.start, w1_of_normals(start, q),
                     b.error + off_at_nodes(slope * root, start), 1.0, "4.31",
                     "%s, N(%g, %g): W1, start alone", names[sde], m, v);
    if (sde == DM_SDE_VP) /* with VE the stop costs nothing that is seen here */
        dm_check_refutes(w1_of_normals(start, target), "from the data");
    dm_check_refutes(0.0, "the start is right");
    dm_check_numeric(b.all, w1_of_normals(all, target), b.error, 1.0, "4.33",
                     "%s, N(%g, %g): W1, all together", names[sde], m, v);
    dm_check_refutes(b.no_start, "the start is right");
    dm_check_refutes(b.no_steps, "the steps cost nothing");
    dm_check_refutes(b.no_stop, "from q at t_min");
}

static void print_budget(const dm_options *o, dm_table *t)
{
    static const size_t shown[] = { 25, 100, 400 };

    printf("-- budget --\n%-7s %5s | %8s %8s %8s %8s | %8s %8s %8s %8s\n",
           "SDE", "n", "start", "steps", "stop", "sum", "all", "no start",
           "no steps", "no stop");
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            budget b = budget_of(o->data1, all_sdes[i], o->t_min, shown[k]);
            double sum = b.start + b.steps + b.stop;
            printf("%-7s %5zu | %8.5f %8.5f %8.5f %8.5f | %8.5f %8.5f %8.5f "
                   "%8.5f\n",
                   names[i], shown[k], b.start, b.steps, b.stop, sum, b.all,
                   b.no_start, b.no_steps, b.no_stop);
            double row[] = { (double)i, (double)shown[k], b.start,
                             b.steps,   b.stop,           b.all,
                             sum };
            dm_table_row(t, 7, row);
        }
        dm_table_printf(t, "\n\n");
    }
}

/* --- laws of draws -------------------------------------------------------- */

/* A row: the engine draws from the exact law of n steps back from N(0, 1). */
static void check_draws(const dm_options *o)
{
    double *t = malloc((o->n + 1) * sizeof *t);
    dm_cloud *cloud = dm_cloud_new(1, o->particles);
    dm_run run = { .seed = o->seed,
                   .stream = DM_STREAM_SAMPLER,
                   .threads = o->threads };
    dm_law *law = law_back(o->data1, DM_SDE_VP, o->t_min, o->n, NULL);
    dm_mixture *first = normal(0.0, 1.0);
    dm_law *start = dm_law_of_mixture(first);

    dm_sampler_times(o->t_min, o->n, t);
    dm_sampler *table = dm_sampler_reverse_sde(DM_SDE_VP, o->n, t, 1.0);
    dm_cloud_start(cloud, 1.0, o->seed);
    dm_cloud_run(cloud, table, o->data1, &run);
    if (law != NULL) {
        dm_sampled ks, other;
        dm_distance_ks_sample(law, cloud->n, cloud->x, 2.0 * DM_CHECK_TAIL,
                              &ks);
        dm_distance_ks_sample(start, cloud->n, cloud->x, 2.0 * DM_CHECK_TAIL,
                              &other);
        dm_check_law(ks.value, 0.0, 0.0, ks.limit, 1.0, "4.25",
                     "VP: KS of draws to their exact law");
        dm_check_refutes(other.value, "the law of the start");
    }
    dm_law_free(law);
    dm_law_free(start);
    dm_mixture_free(first);
    dm_sampler_free(table);
    dm_cloud_free(cloud);
    free(t);
}

/* --- exercises ------------------------------------------------------------ */

static void check_ito(const wiener *sum)
{
    double w2 = gsl_pow_2(sum->end[0]);

    dm_check_exact(sum->ito, 0.5 * (w2 - sum->first_variation), 4.0 * FINE, 4.0,
                   "4.3", "Ex. 1: sum of w dw, one path");
    dm_check_refutes(0.5 * w2, "w(1)^2/2, as for a smooth path");
}

static void check_stationary(void)
{
    const double b = 0.2;
    double v = 1.0;

    for (int i = 0; i < 1000; i++)
        v = gsl_pow_2(1.0 - 0.5 * b) * v + b;
    dm_check_exact(v, 1.0 / (1.0 - 0.25 * b), 64.0, 1.0, "4.24",
                   "Ex. 2: variance after endless steps");
    dm_check_refutes(1.0, "1, as that of the data");
    dm_check_refutes(1.0 / (1.0 - 0.5 * b), "1/(1 - beta/2)");
}

static void check_tilde(double v)
{
    double y[5], change[4];

    for (int i = 0; i < 5; i++) {
        int n = 4000 << i;
        y[i] = n * (variance_at_0(v, n, STEP_TILDE) - v);
    }
    for (int i = 0; i < 4; i++)
        change[i] = y[i + 1] - y[i];
    estimate e = limit_of(change);
    dm_check_numeric(e.value, -0.1 * M_LN2, e.error, 1.0, "4.30",
                     "Ex. 3: beta-tilde, change of error/h");
    dm_check_refutes(0.0, "order 1, as with beta");
}

/* --- data of the figures -------------------------------------------------- */

/* t and the path of particle 0 on three grids. */
static void write_wiener(const dm_options *o)
{
    static const size_t grids[] = { 8, 32, FINE };
    block *b = malloc(sizeof *b);
    dm_table *t = dm_options_data(o, "ch04_wiener.dat");

    if (b != NULL)
        draw_block(o, 0, b);
    for (size_t g = 0; b != NULL && g < 3; g++) {
        double row[] = { 0.0, 0.0 };
        dm_table_row(t, 2, row);
        for (size_t j = 0; j < grids[g]; j++) {
            row[0] = (double)(j + 1) / (double)grids[g];
            row[1] += increment(b, grids[g], j, 0);
            dm_table_row(t, 2, row);
        }
        dm_table_printf(t, "\n\n");
    }
    dm_table_close(t);
    free(b);
}

/* Per scheme: h, drawn root mean square, its standard error, the exact one. */
static void write_strong(const dm_options *o, const tally *sum)
{
    dm_table *t = dm_options_data(o, "ch04_strong.dat");
    dm_table *slopes = dm_options_data(o, "ch04_slopes.dat");

    for (size_t k = 0; k < SCHEMES; k++) {
        double mean_square[LEVELS], n = PATHS;
        for (size_t l = 0; l < LEVELS; l++) {
            mean_square[l] = sum->e2[k][l] / n;
            double variance = sum->e4[k][l] / n - gsl_pow_2(mean_square[l]);
            double rms = sqrt(mean_square[l]);
            double row[] = { step_of(l), rms, 0.5 * sqrt(variance / n) / rms,
                             sqrt(square[k](step_of(l))) };
            dm_table_row(t, 4, row);
        }
        dm_table_printf(t, "\n\n");
        double row[] = { fitted_slope(mean_square),
                         2.0 * sqrt(sum->bend[k]) / n };
        dm_table_row(slopes, 2, row);
    }
    dm_table_close(t);
    dm_table_close(slopes);
    t = dm_options_data(o, "ch04_weak.dat"); /* h, errors of E X, E X^2 */
    for (size_t l = 0; l < LEVELS; l++) {
        double h = step_of(l);
        double row[] = { h, weak_error(h, 1), weak_error(h, 2) };
        dm_table_row(t, 3, row);
    }
    dm_table_close(t);
}

enum { MANY = 4000, TIMES = 11 };
static const double shown_parts[] = { 0.1, 0.25, 0.5, 0.9 };

/* Runs MANY particles, from the quantiles of `start`, through the table; at
 * TIMES times: t, quantiles of the particles, and of q_t. */
static void write_quantiles(const dm_options *o, dm_table *t,
                            const double times[], const dm_sampler *table,
                            const dm_mixture *start, dm_stream stream)
{
    static double x[TIMES * MANY];
    size_t at[TIMES];
    dm_record record = { .paths = MANY, .times = TIMES, .time = at, .x = x };
    dm_run run = { o->seed, stream, o->threads, 0, 1, &record };
    dm_cloud *cloud = dm_cloud_new(1, MANY);

    for (size_t i = 0; i < TIMES; i++)
        at[i] = i * STEPS / (TIMES - 1);
    for (size_t p = 0; p < MANY; p++)
        cloud->x[p] = dm_mixture_quantile(start, ((double)p + 0.5) / MANY);
    dm_cloud_run(cloud, table, o->data1, &run);
    for (size_t i = 0; i < TIMES; i++) {
        dm_mixture *q = law_at(o->data1, DM_SDE_VP, times[at[i]]);
        double row[9] = { times[at[i]] };
        gsl_sort(x + i * MANY, 1, MANY);
        for (size_t k = 0; k < 4; k++) {
            row[1 + k] =
                gsl_stats_quantile_from_sorted_data(x + i * MANY, 1, MANY,
                                                    shown_parts[k]);
            row[5 + k] = dm_mixture_quantile(q, shown_parts[k]);
        }
        dm_table_row(t, 9, row);
        dm_mixture_free(q);
    }
    dm_table_printf(t, "\n\n");
    dm_cloud_free(cloud);
}

/* Runs SHOWN particles, from the quantiles of `start`, through the table; one
 * row a time: t, where they are. */
static void write_run(const dm_options *o, dm_table *t, const double times[],
                      const dm_sampler *table, const dm_mixture *start,
                      dm_stream stream)
{
    static double x[(STEPS + 1) * SHOWN];
    dm_record record = { .paths = SHOWN, .times = STEPS + 1, .x = x };
    dm_run run = { o->seed, stream, 1, 0, 1, &record };
    dm_cloud *cloud = dm_cloud_new(1, SHOWN);

    for (size_t p = 0; p < SHOWN; p++)
        cloud->x[p] = dm_mixture_quantile(start, ((double)p + 0.5) / SHOWN);
    dm_cloud_run(cloud, table, o->data1, &run);
    for (size_t i = 0; i <= STEPS; i++) {
        double row[SHOWN + 1] = { times[i] };
        for (size_t p = 0; p < SHOWN; p++)
            row[p + 1] = x[i * SHOWN + p];
        dm_table_row(t, SHOWN + 1, row);
    }
    dm_table_printf(t, "\n\n");
    dm_cloud_free(cloud);
}

static void write_paths(const dm_options *o)
{
    double t[STEPS + 1], down[STEPS + 1];
    dm_table *out = dm_options_data(o, "ch04_paths.dat");
    dm_mixture *normal_law = normal(0.0, 1.0);

    dm_sampler_times(1e-3, STEPS, t);
    for (size_t i = 0; i <= STEPS; i++)
        down[i] = t[STEPS - i];
    dm_sampler *forward = forward_table(DM_SDE_VP, STEPS, t);
    dm_sampler *back = dm_sampler_reverse_sde(DM_SDE_VP, STEPS, t, 1.0);
    write_run(o, out, t, forward, o->data1, DM_STREAM_FORWARD);
    write_run(o, out, down, back, normal_law, DM_STREAM_SAMPLER);
    dm_table_close(out);
    out = dm_options_data(o, "ch04_quantiles.dat");
    write_quantiles(o, out, t, forward, o->data1, DM_STREAM_FORWARD);
    write_quantiles(o, out, down, back, normal_law, DM_STREAM_SAMPLER);
    dm_table_close(out);
    dm_sampler_free(forward);
    dm_sampler_free(back);
    dm_mixture_free(normal_law);
}

static void write_field(const dm_options *o)
{
    enum { COLUMNS = 40, ROWS = 50 };
    dm_table *out = dm_options_data(o, "ch04_field.dat"); /* t, x, density */
    double low = fmin(-3.0, dm_mixture_quantile(o->data1, 1e-4));
    double high = fmax(3.0, dm_mixture_quantile(o->data1, 1.0 - 1e-4));

    for (size_t i = 0; i <= COLUMNS; i++) {
        double t = 1e-3 + (1.0 - 1e-3) * (double)i / COLUMNS;
        dm_mixture *q = law_at(o->data1, DM_SDE_VP, t);
        for (size_t k = 0; k <= ROWS; k++) {
            double x = low + (high - low) * (double)k / ROWS;
            double row[] = { t, x, exp(dm_mixture_log_density(q, &x)) };
            dm_table_row(out, 3, row);
        }
        dm_table_printf(out, "\n");
        dm_mixture_free(q);
    }
    dm_table_close(out);
}

/* Laws of data much broader than the noise need grids of as many more points. */
static const double BROAD = 400.0; /* data unit^2 */

static int is_broad(const dm_mixture *data)
{
    double mean;
    dm_sym2 cov;

    dm_mixture_moments(data, &mean, &cov);
    if (cov.xx > BROAD)
        printf("no exact laws: a variance of the data above %g takes minutes\n",
               BROAD);
    return cov.xx > BROAD;
}

static void forward(const dm_options *o, const tally *sum)
{
    dm_check_table("wiener");
    check_wiener(&sum->w);
    dm_check_table("chain");
    check_step_to_drift();
    for (size_t i = 0; i < 3; i++)
        check_moments(all_sdes[i], names[i], 0.3);
    dm_check_table("kernels");
    check_kernel(DM_SDE_VP, "4.8", 0.3);
    check_kernel(DM_SDE_SUB_VP, "4.9", 0.3);
    check_kernel(DM_SDE_VE, "4.10", 0.3);
    dm_check_table("discrete");
    check_discrete();
    dm_check_table("fokker-planck");
    for (size_t i = 0; i < 3; i++)
        check_fokker_planck(o->data1, all_sdes[i]);
    check_fokker_planck(o->data2, DM_SDE_VP);
}

static void orders(const tally *sum)
{
    double s2 = SIGMA * SIGMA, lost = exp(-2.0 * THETA);
    double of_euler = 0.5 * s2 * s2 * exp(2.0 * MU + s2);
    /* The integral of Eq. (4.19), in closed form. */
    double of_additive =
        THETA * (1.0 / 16.0 - lost * (THETA * THETA - THETA + 0.5) / 8.0 +
                 (1.0 - lost) / 24.0);

    double s3 = s2 * SIGMA, k3 = gsl_pow_3(KICK);

    dm_check_table("strong");
    check_step(euler_step, 2, 0.5 * s2 * (KICK * KICK - 1.0), "4.13", "Euler");
    dm_check_refutes(0.5 * s2 * KICK * KICK, "dw^2 for dw^2 - h");
    check_step(milstein_step, 3,
               MU * SIGMA * KICK + s3 * (k3 / 6.0 - 0.5 * KICK), "4.17",
               "Milstein");
    dm_check_refutes(s3 * k3 / 6.0, "the cube of dw alone");
    check_paths(sum, EULER, "4.15", "Euler");
    check_strong(EULER, 1.0, of_euler, "4.16", "Euler");
    check_paths(sum, MILSTEIN, "4.18", "Milstein");
    check_strong(MILSTEIN, 2.0, NAN, "4.18", "Milstein");
    check_paths(sum, ADDITIVE, "4.19", "additive");
    check_strong(ADDITIVE, 2.0, of_additive, "4.19", "additive");
    dm_check_table("weak");
    check_weak("4.20", 1);
    check_weak("4.21", 2);
}

static void backward(const dm_options *o)
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
    dm_check_table("laws");
    if (!is_broad(o->data1)) {
        check_on_the_way(o->data1, DM_SDE_VP, 0.5);
        check_on_the_way(o->data1, DM_SDE_VP, 0.1);
        check_on_the_way(o->data1, DM_SDE_SUB_VP, 0.5);
        check_on_the_way(o->data1, DM_SDE_VE, 0.5);
        check_draws(o);
    }
    check_forward_table(DM_SDE_VP, 1e-3);
    dm_check_table("ddpm");
    check_difference(o->data1);
    check_difference_of_step(o);
    check_gaussian_steps(0.25);
    print_gaussian_steps(0.25);
}

static void budgets(const dm_options *o)
{
    int broad = is_broad(o->data1);

    dm_check_table("parts");
    if (!broad) {
        check_start(o->data1, DM_SDE_VP, 0.5);
        check_start(o->data1, DM_SDE_VE, 0.5);
    }
    check_truncation(o, 0.25);
    for (size_t i = 0; i < 3; i++)
        check_sum(o, all_sdes[i], 0.25);
    check_causes(o, DM_SDE_VP, 1.0, 0.25);
    check_causes(o, DM_SDE_VE, 1.0, 0.25);
    dm_table *t = dm_options_data(o, "ch04_budget.dat");
    if (!broad)
        print_budget(o, t);
    dm_table_close(t);
}

int main(int argc, char *argv[])
{
    static tally sum;
    dm_options o;
    int status = dm_options_read_sde(&o, 0.01, 0.01, "ch04_sde",
                                     "SDE discretisation", argc, argv);
    if (status != -1)
        return status;

    run_paths(&o, &sum);
    forward(&o, &sum);
    orders(&sum);
    backward(&o);
    budgets(&o);
    dm_check_table("exercises");
    check_ito(&sum.w);
    check_stationary();
    check_tilde(0.25);
    write_wiener(&o);
    write_strong(&o, &sum);
    write_paths(&o);
    write_field(&o);

    dm_options_free(&o);
    return dm_check_end();
}
