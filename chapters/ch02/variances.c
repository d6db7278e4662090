/* Section 2.6: which variance. */
#include "ch02.h"

#include <math.h>
#include <stdio.h>

#include "check.h"

double variance_back(const dm_mixture *q_t, step p, double x)
{
    dm_sym2 h;

    dm_mixture_hessian(q_t, &x, &h);
    return p.beta / (1.0 - p.beta) * (1.0 + p.beta * h.xx);
}

/* Eq. (2.10) for data of one Gaussian, at step t. */
static double variance_for(dm_gaussian data, step p)
{
    const double one = 1.0;
    dm_mixture *m = dm_mixture_new(1, 1, &one, &data.mean, &data.variance);
    dm_mixture *q_t = law_after(m, p);
    double variance = variance_back(q_t, p, 0.4);

    dm_mixture_free(m);
    dm_mixture_free(q_t);
    return variance;
}

static void check_extremes(step p, const char *where)
{
    const dm_gaussian normal = { 0.0, 1.0 }, point = { X0, 1e-300 };
    double tilde = p.beta * p.c_s / p.c_t, scale = p.beta / (1.0 - p.beta);

    dm_check_exact(variance_for(normal, p), p.beta, 16.0, scale, "2.12",
                   "data N(0, 1), %s", where);
    dm_check_refutes(tilde, "beta-tilde for beta");
    dm_check_refutes(p.beta / (1.0 - p.beta), "beta/(1 - beta)");
    dm_check_exact(variance_for(point, p), tilde, 16.0, scale, "2.12",
                   "data one point, %s", where);
    dm_check_refutes(p.beta, "beta for beta-tilde");
    dm_check_refutes(p.beta * p.c_s, "not divided by 1 - abar_t");
}

static void check_bound(void)
{
    const dm_gaussian wide = { X0, 1.7 };
    step p = second_step();
    double spread = p.abar_t * wide.variance + p.c_t;
    double scale = p.beta / (1.0 - p.beta);

    dm_check_exact(variance_for(wide, p), scale * (1.0 - p.beta / spread), 16.0,
                   scale, "2.13", "one bump, v = 1.7: the bound is met");
    dm_check_refutes(p.beta, "beta, as for variance 1");
    dm_check_refutes(scale * (1.0 - p.beta / wide.variance),
                     "Var x_0 for Var x_t");
}

/* q_t(x) times the variance of x_s given x_t = x, from its bumps; m is q_s. */
static double weighted_variance(double x, void *params)
{
    what *w = params;
    dm_level level = { sqrt(1.0 - w->p.beta), w->p.beta };
    dm_mixture *back = dm_mixture_posterior(w->m, level, &x);
    dm_sym2 cov;

    dm_mixture_moments(back, NULL, &cov);
    dm_mixture_free(back);
    return cov.xx * exp(dm_mixture_log_density(w->q_t, &x));
}

/* q_t(x) times the square of its score; params is q_t. */
static double squared_score(double x, void *params)
{
    double s;

    dm_mixture_score(params, &x, &s);
    return s * s * exp(dm_mixture_log_density(params, &x));
}

/* E s_t^2 for q_t in one dimension, with an error of at most tol. */
static double mean_squared_score(const dm_mixture *q_t, double tol)
{
    double result = NAN;

    dm_mixture_integrate(q_t, NULL, squared_score, (void *)q_t, tol, &result);
    return result;
}

static void check_average(const dm_mixture *data)
{
    step p = second_step();
    double b = p.beta, factor = b / (1.0 - b), average = NAN;
    dm_mixture *q_s = law_before(data, p), *q_t = law_after(data, p);
    double tol = dm_mixture_tolerance(q_t, TOLERANCE);
    double squared = mean_squared_score(q_t, tol / p.c_t);
    what w = { .m = q_s, .q_t = q_t, .p = p };
    dm_sym2 cov;

    dm_mixture_moments(q_t, NULL, &cov);
    dm_mixture_integrate(q_t, NULL, weighted_variance, &w, tol * factor,
                         &average);
    dm_check_numeric(average, factor * (1.0 - b * squared), 2.0 * tol * factor,
                     b, "2.13", "E Var[x_(t-1) given x_t]");
    dm_check_refutes(b, "beta");
    dm_check_refutes(b * p.c_s / p.c_t, "beta-tilde");
    dm_check_refutes(factor * (1.0 - b / cov.xx), "q_t taken for a Gaussian");
    dm_check_refutes(factor * (1.0 - sqrt(b) * squared), "sqrt(beta) for beta");
    dm_mixture_free(q_s);
    dm_mixture_free(q_t);
}

/* Prints what a wrong variance costs: nat, mean over 100 quantiles of x_t. */
static void print_prices(const dm_options *o)
{
    static const size_t times[] = { 2, 5, 10, 30, 100, 300 };

    printf("-- prices --\n%-12s %12s %12s\n", "nat", "beta", "beta-tilde");
    for (size_t i = 0; i < 6 && times[i] <= o->steps; i++) {
        step p = step_of(o->schedule, times[i] - 1, times[i]);
        dm_gaussian one = { 0.0, p.beta },
                    other = { 0.0, p.c_s / p.c_t * p.beta };
        dm_mixture *q_t = law_after(o->data1, p);
        double price[2] = { 0.0, 0.0 };
        for (int j = 0; j < 100; j++) {
            double x = dm_mixture_quantile(q_t, (j + 0.5) / 100.0);
            dm_gaussian exact = { 0.0, variance_back(q_t, p, x) };
            price[0] += dm_gaussian_kl(exact, one) / 100.0;
            price[1] += dm_gaussian_kl(exact, other) / 100.0;
        }
        printf("t = %-8zu %12.1e %12.1e\n", times[i], price[0], price[1]);
        dm_mixture_free(q_t);
    }
}

void section_variances(const dm_options *o)
{
    dm_check_table("variances");
    check_extremes(second_step(), "beta = 0.2");
    check_extremes(step_of(o->schedule, 1, 2), "t = 2");
    check_bound();
    check_average(o->data1);
    print_prices(o);
}
