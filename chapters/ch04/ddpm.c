/* Section 4.6: DDPM's step beside Euler's. */
#include "ch04.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include <gsl/gsl_math.h>

#include "check.h"

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
        double exact = (x + b * s) / sqrt(1.0 - b); /* Eq. (2.9)  */
        double euler = x + b * (0.5 * x + s);       /* Eq. (4.24) */
        mean[i] = (exact - euler) / (b * b);
        exact = b / (1.0 - b) * (1.0 + b * H); /* Eq. (2.10) */
        euler = b;
        variance[i] = (exact - euler) / (b * b);
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

double variance_at_0(double v, int n, kind how)
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

    printf("Var x_0 - %-16g", v);
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

void section_ddpm(const dm_options *o)
{
    dm_check_table("ddpm");
    check_difference(o->data1);
    check_difference_of_step(o);
    check_gaussian_steps(0.25);
    printf("-- errors --\n");
    print_gaussian_steps(0.25);
    print_gaussian_steps(1.0);
}
