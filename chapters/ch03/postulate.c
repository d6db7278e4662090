/* Section 3.1: a law that is postulated. */
#include "ch03.h"

#include <math.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multiroots.h>

#include "check.h"

// snippet: coefficients
/* Eq. (3.3), for noise of that variance. */
back coefficients(jump j, double variance)
{
    double m = sqrt((j.c_s - variance) / j.c_t);
    return (back){ m, sqrt(j.abar_s) - m * sqrt(j.abar_t), sqrt(variance) };
}
// end: coefficients

dm_gaussian given(double abar, double c)
{
    return (dm_gaussian){ sqrt(abar) * X0, c };
}

jump example(void)
{
    return jump_of(0.6, 0.2);
}

static void check_demands(void)
{
    jump j = example();
    back b = coefficients(j, EXAMPLE_VARIANCE);
    dm_gaussian x_t = given(j.abar_t, j.c_t), z = { 0.0, 1.0 };
    dm_gaussian x_s = dm_gaussian_sum(b.m, x_t, b.sigma, z);
    double mean = sqrt(j.abar_s) * X0;

    x_s.mean += b.kappa * X0;
    dm_check_exact(x_s.mean, mean, 8.0, mean, "3.2", "E[x_s given x_0]");
    dm_check_refutes(b.m * x_t.mean + mean, "kappa = sqrt(abar_s)");
    dm_check_refutes(b.m * x_t.mean, "no x_0 in the step");
    dm_check_exact(x_s.variance, j.c_s, 8.0, j.c_s, "3.2",
                   "Var[x_s given x_0]");
    dm_check_refutes(j.c_s + EXAMPLE_VARIANCE, "sigma^2 not taken off in m");
    dm_check_refutes(2.0 * EXAMPLE_VARIANCE, "sigma for sqrt(c_s - sigma^2)");
}

/* Both sides of Eq. (3.2), one less the other, at (m, kappa). */
static int demands(const gsl_vector *at, void *params, gsl_vector *off)
{
    const jump *j = params;
    double m = gsl_vector_get(at, 0), kappa = gsl_vector_get(at, 1);

    gsl_vector_set(off, 0, m * sqrt(j->abar_t) + kappa - sqrt(j->abar_s));
    gsl_vector_set(off, 1, m * m * j->c_t + EXAMPLE_VARIANCE - j->c_s);
    return GSL_SUCCESS;
}

/* Stores in root the solution of Eq. (3.2) that GSL finds from there. */
static void solve_demands(jump j, double from, double root[2])
{
    gsl_multiroot_function f = { demands, 2, &j };
    gsl_multiroot_fsolver *solver =
        gsl_multiroot_fsolver_alloc(gsl_multiroot_fsolver_hybrids, 2);
    double start[] = { from, 0.5 };
    gsl_vector_view view = gsl_vector_view_array(start, 2);

    gsl_multiroot_fsolver_set(solver, &f, &view.vector);
    for (int i = 0; i < 100; i++) {
        gsl_multiroot_fsolver_iterate(solver);
        if (gsl_multiroot_test_residual(solver->f, 1e-13) == GSL_SUCCESS)
            break;
    }
    for (size_t i = 0; i < 2; i++)
        root[i] = gsl_vector_get(solver->x, i);
    gsl_multiroot_fsolver_free(solver);
}

static void check_roots(void)
{
    jump j = example();
    back b = coefficients(j, EXAMPLE_VARIANCE);
    double root[2], other[2], kappa = sqrt(j.abar_s) + b.m * sqrt(j.abar_t);

    solve_demands(j, 0.3, root);
    solve_demands(j, -0.3, other);
    dm_check_numeric(root[0], b.m, TOLERANCE, 1.0, "3.3",
                     "m by GSL, from 0.3 on");
    dm_check_refutes(-b.m, "the other root");
    dm_check_refutes(sqrt(j.c_s / j.c_t), "sigma^2 not taken off");
    dm_check_refutes(b.m * b.m, "the root lost");
    dm_check_numeric(root[1], b.kappa, TOLERANCE, 1.0, "3.3",
                     "kappa by GSL, from 0.3 on");
    dm_check_refutes(kappa, "the sign of m sqrt(abar_t)");
    dm_check_refutes(sqrt(j.abar_s), "kappa = sqrt(abar_s)");
    dm_check_numeric(other[0], -b.m, TOLERANCE, 1.0, "3.3",
                     "m by GSL, from -0.3 on");
    dm_check_refutes(b.m, "only one root");
    dm_check_numeric(other[1], kappa, TOLERANCE, 1.0, "3.3",
                     "kappa by GSL, from -0.3 on");
    dm_check_refutes(b.kappa, "kappa of the first root");
}

void section_postulate(void)
{
    dm_check_table("postulate");
    check_demands();
    check_roots();
}
