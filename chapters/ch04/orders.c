/* Section 4.4: what Euler's steps cost. */
#include "ch04.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_fit.h>
#include <gsl/gsl_math.h>

#include "check.h"

/* The test problems of section 4.4: dX = MU X dt + SIGMA X dw from X = 1, and
 * dY = -THETA Y dt + dw from Y = 0. */
static const double MU = 0.2, SIGMA = 0.4, THETA = 1.5;

static const double KICK = 1.3; /* dw over the root of h, in a single step */

/* Mean squares of the error at time 1 in n steps, Eqs. (4.15), (4.18) and
 * (4.19). */

static double square_of_gbm(double h, int milstein)
{
    double s2 = SIGMA * SIGMA, extra = milstein ? 0.5 * s2 * s2 * h * h : 0.0;
    double both = log1p(2.0 * MU * h + gsl_pow_2(MU * h) + s2 * h + extra);
    double cross = MU * h + log1p(MU * h + s2 * h + extra);

    return exp(both / h) - 2.0 * exp(cross / h) + exp(2.0 * MU + s2);
}

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

static double (*const square[])(double) = { square_euler, square_milstein,
                                            square_additive };

double mean_square(size_t scheme, double h)
{
    return square[scheme](h);
}

static const double strong[] = { 0.5, 1.0, 1.0 };

double step_of(size_t level)
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
            bend[k] -= leverage(l) * e2 / mean_square(k, step_of(l));
        }
    }
    for (size_t k = 0; k < SCHEMES; k++)
        sum->bend[k] += gsl_pow_2(0.5 * bend[k] / M_LN2);
}

void run_paths(const dm_options *o, tally *sum)
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

double fitted_slope(const double e2[LEVELS])
{
    double x[LEVELS], y[LEVELS], c0, c1, cov[3], sum;

    for (size_t l = 0; l < LEVELS; l++) {
        x[l] = log2(step_of(l));
        y[l] = 0.5 * log2(e2[l]);
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
        exact[l] = mean_square(k, step_of(l));
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
        y[i] = mean_square(k, h) / pow(h, power);
        e[i] = sqrt(mean_square(k, h));
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

double weak_error(double h, int moment)
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

void section_orders(const tally *sum)
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
