/* Section 3.4: the way forward. */
#include "ch03.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_roots.h>

#include "check.h"
#include "rng.h"

// snippet: forward
/* Eq. (3.11), for c_s - sigma^2 = left. */
forward way_forward(jump j, double left, double variance)
{
    double lambda = sqrt(j.c_t * left) / j.c_s;
    return (forward){ lambda, sqrt(j.abar_t) - lambda * sqrt(j.abar_s),
                      variance * j.c_t / j.c_s };
}
// end: forward

/* The variance of the noise in forward_example(). */
static const double FORWARD_VARIANCE = 0.02;

jump forward_example(void)
{
    return jump_of(0.9, 0.7);
}

/* Eq. (3.11) from the covariance of (x_0, x_s, x_t), where x_0 has the variance
 * v, by its inverse: what x_t is made of stands in the last row. */
static forward by_precision(jump j, double variance, double v)
{
    back b = coefficients(j, variance);
    double c[] = { v,
                   sqrt(j.abar_s) * v,
                   sqrt(j.abar_t) * v,
                   0.0,
                   j.abar_s * v + j.c_s,
                   sqrt(j.abar_s * j.abar_t) * v + b.m * j.c_t,
                   0.0,
                   0.0,
                   j.abar_t * v + j.c_t };
    gsl_matrix_view C = gsl_matrix_view_array(c, 3, 3);

    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < i; k++)
            c[3 * i + k] = c[3 * k + i];
    gsl_linalg_cholesky_decomp1(&C.matrix);
    gsl_linalg_cholesky_invert(&C.matrix);
    return (forward){ -c[7] / c[8], -c[6] / c[8], 1.0 / c[8] };
}

static void check_forward(void)
{
    const double many = 1024.0; /* the matrix has a condition below 1000 */
    jump j = forward_example();
    double v = FORWARD_VARIANCE;
    back b = coefficients(j, v);
    forward right = way_forward(j, j.c_s - v, v),
            seen = by_precision(j, v, 1.7);

    dm_check_exact(seen.lambda, right.lambda, many, 1.0, "3.11",
                   "coefficient of x_s");
    dm_check_refutes(sqrt(1.0 - j.beta), "that of the walk, Eq. (1.14)");
    dm_check_refutes(b.m, "m, that of the way back");
    dm_check_refutes(sqrt(j.c_t / j.c_s), "sigma^2 not taken off");
    dm_check_exact(seen.nu, right.nu, many, 1.0, "3.11", "coefficient of x_0");
    dm_check_refutes(0.0, "Markov for every sigma");
    dm_check_refutes(sqrt(j.abar_t), "lambda x_0 not taken off");
    dm_check_exact(seen.variance, right.variance, many, 1.0, "3.11",
                   "variance of x_t given x_s, x_0");
    dm_check_refutes(j.beta, "beta, that of the walk");
    dm_check_refutes(v, "sigma^2, that of the way back");
    dm_check_refutes(v * j.c_s / j.c_t, "c_s/c_t for c_t/c_s");
}

/* The run's own jump by the rule of conditioning, Eq. (0.8), at two points. */
static void check_forward_by_rule(const dm_options *o)
{
    jump j = middle_jump(o);
    double eta = eta_within(j, o->eta), x_s = sqrt(j.abar_s) * X0 + 0.7;
    back b = at_eta(j, eta);
    forward f = way_forward(j, ahead(j, eta), b.sigma * b.sigma);
    dm_gaussian x_t =
        dm_gaussian_condition(given(j.abar_t, j.c_t), b.m, b.kappa * X0,
                              b.sigma * b.sigma, x_s);

    dm_check_exact(x_t.mean, f.lambda * x_s + f.nu * X0, rounds(j.t), 4.0,
                   "3.11", "mean of x_%zu given x_%zu, x_0", j.t, j.s);
    dm_check_refutes(sqrt(1.0 - j.beta) * x_s, "Markov for every sigma");
    dm_check_exact(x_t.variance, f.variance, rounds(j.t), 1.0, "3.11",
                   "variance of x_%zu given x_%zu, x_0", j.t, j.s);
    dm_check_refutes(j.beta, "beta, that of the walk");
}

double fitted_nu(const dm_options *o, const double x0[], jump j,
                 double variance, uint32_t number, double *se)
{
    back b = coefficients(j, variance);
    forward f = way_forward(j, j.c_s - variance, variance);
    double ss = 0.0, s0 = 0.0, s00 = 0.0, st = 0.0, t0 = 0.0;
    double eps[BLOCK], z[BLOCK];

    for (size_t p = 0; p < o->particles; p++) {
        size_t k = p % BLOCK;
        if (k == 0)
            dm_rng_normals(o->seed, DM_STREAM_FORWARD, number, (uint32_t)p,
                           BLOCK, eps, z);
        double x_t = sqrt(j.abar_t) * x0[p] + sqrt(j.c_t) * eps[k];
        double x_s = b.m * x_t + b.kappa * x0[p] + b.sigma * z[k];
        ss += x_s * x_s;
        s0 += x_s * x0[p];
        s00 += x0[p] * x0[p];
        st += x_s * x_t;
        t0 += x0[p] * x_t;
    }
    double det = ss * s00 - s0 * s0;
    *se = sqrt(f.variance * ss / det);
    return (ss * t0 - s0 * st) / det;
}

static void check_fit(const dm_options *o, const double x0[])
{
    jump j = forward_example();
    double se, nu, v = FORWARD_VARIANCE;

    if (o->particles < 3)
        return; /* any line fits */
    nu = fitted_nu(o, x0, j, v, 0, &se);
    dm_check_mc(nu, way_forward(j, j.c_s - v, v).nu, se, 1.0, "3.11",
                "x_0 in a fit of x_t by x_s and x_0");
    dm_check_refutes(0.0, "Markov for every sigma");
    dm_check_refutes(way_forward(j, j.c_s, 0.0).nu, "that of sigma = 0");
}

/* The coefficient of x_0 on the way forward, for a root of it in sigma^2. */
static double nu_of_variance(double variance, void *params)
{
    const jump *j = params;
    return way_forward(*j, j->c_s - variance, variance).nu;
}

/* The sigma^2 at which x_0 drops out, by GSL. */
static double markov_variance(jump j)
{
    gsl_function f = { nu_of_variance, &j };
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);

    gsl_root_fsolver_set(solver, &f, 0.0, j.c_s);
    for (int i = 0; i < 100; i++)
        gsl_root_fsolver_iterate(solver);
    double root = gsl_root_fsolver_root(solver);
    gsl_root_fsolver_free(solver);
    return root;
}

static void check_markov(const dm_options *o)
{
    jump j = forward_example(), run = middle_jump(o);
    double v = FORWARD_VARIANCE, factor = j.abar_s * j.c_t / (j.c_s * j.c_s);
    forward f = way_forward(j, j.c_s - v, v);

    dm_check_exact(gsl_pow_2(f.lambda) * j.abar_s - j.abar_t,
                   factor * (j.beta_tilde - v), 32.0, j.abar_t, "3.12",
                   "lambda^2 abar_s - abar_t");
    dm_check_refutes(factor * (j.beta - v), "beta for beta-tilde");
    dm_check_refutes(0.0, "Markov for every sigma");
    dm_check_refutes(factor * (j.c_s - v), "Markov at the bound");
    for (int i = 0; i < 2; i++, j = run) {
        /* nu is known to a few roundings of sqrt(abar_t); so is its root. */
        double slope = sqrt(j.abar_s * j.c_t / ahead(j, 1.0)) / (2.0 * j.c_s);
        double error = 8.0 * DBL_EPSILON * sqrt(j.abar_t) / slope +
                       rounds(j.t) * DBL_EPSILON * j.c_s;
        char which[32] = "abar = 0.7 to 0.9";
        if (i == 1)
            snprintf(which, sizeof which, "t = %zu to %zu", j.t, j.s);
        dm_check_numeric(markov_variance(j), j.beta_tilde, error, 1.0, "3.12",
                         "Markov sigma^2, %s", which);
        dm_check_refutes(j.beta, "beta");
        dm_check_refutes(0.0, "sigma = 0");
        dm_check_refutes(j.c_s, "the bound");
    }
}

/* The steps of the run's times, from s >= 1, in which x_0 drops out on the way
 * forward: lambda is that of the walk, Eq. (1.14). */
static size_t markov_steps(const dm_options *o, double eta)
{
    size_t count = 0;

    for (size_t i = 2; i <= o->S; i++) {
        jump j = step_of(o, i);
        double left = ahead(j, eta_within(j, eta));
        double markov = sqrt(j.abar_t / j.abar_s);
        double lambda = way_forward(j, left, 0.0).lambda;
        count += fabs(lambda - markov) <= 16.0 * DBL_EPSILON * markov;
    }
    return count;
}

/* The log density of states at the run's times by Eq. (3.9), with this eta, and
 * in *markov by Eq. (1.2).  *size is that of the terms that were rounded. */
static double joint_law(const dm_options *o, double eta, double *markov,
                        double *size)
{
    double sum = 0.0, x_t = NAN, x_s = X0;

    *markov = *size = 0.0;
    for (size_t i = 1; i <= o->S; i++) {
        jump j = step_of(o, i);
        double r = sin(37.0 * (double)i); /* the noise in x_t */
        x_t = sqrt(j.abar_t) * X0 + sqrt(j.c_t) * r;
        dm_gaussian step = { sqrt(j.abar_t / j.abar_s) * x_s, j.beta };
        *markov += dm_gaussian_log_pdf(step, x_t);
        *size += 1.0 + fabs(x_t) * fabs(x_t - step.mean) / j.beta;
        if (i > 1) {
            back b = at_eta(j, eta);
            dm_gaussian q = { b.m * x_t + b.kappa * X0, b.sigma * b.sigma };
            sum += dm_gaussian_log_pdf(q, x_s);
            *size += 1.0 + fabs(X0) * fabs(x_s - q.mean) / q.variance;
        }
        x_s = x_t;
    }
    jump last = step_of(o, o->S);
    return sum + dm_gaussian_log_pdf(given(last.abar_t, last.c_t), x_t);
}

static void check_joint(const dm_options *o)
{
    double markov, size, other, eta = 0.5 * fmin(1.0, o->eta) + 0.25;

    dm_check_exact((double)markov_steps(o, 1.0), (double)o->S - 1.0, 0.0, 1.0,
                   "3.12", "steps without x_0, eta = 1, of %zu", o->S - 1);
    dm_check_refutes((double)markov_steps(o, 0.0), "eta = 0");
    dm_check_refutes((double)markov_steps(o, eta), "eta = %.4g", eta);
    double joint = joint_law(o, 1.0, &markov, &size);
    dm_check_exact(joint, markov, rounds(o->steps), size, "3.9",
                   "log joint law, eta = 1, Eq. (1.2)");
    dm_check_refutes(joint_law(o, eta, &other, &size), "eta = %.4g", eta);
}

void section_forward(const dm_options *o, const double x0[])
{
    dm_check_table("forward");
    check_forward();
    check_forward_by_rule(o);
    check_fit(o, x0);
    dm_check_table("markov");
    check_markov(o);
    check_joint(o);
}
