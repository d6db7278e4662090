/* Sections 0.8 and 0.9: posterior, Tweedie. */
#include "ch00.h"

#include <math.h>

#include "check.h"

/* log q_0(x_0) + log q(x_t given x_0), in one dimension or two. */
static double log_joint(const dm_mixture *m, const double x0[],
                        const double xt[])
{
    double sum = dm_mixture_log_density(m, x0);

    for (size_t j = 0; j < m->dim; j++)
        sum += dm_gaussian_log_pdf(
            (dm_gaussian){ LEVEL.scale * x0[j], LEVEL.variance }, xt[j]);
    return sum;
}

static void check_posterior(const dm_mixture *m, const dm_mixture *noisy)
{
    double xt[2] = { 0.0, 0.0 }, x0[2] = { 0.0, 0.0 };

    typical_point(noisy, -0.7, xt);
    dm_mixture *posterior = dm_mixture_posterior(m, LEVEL, xt);
    dm_mixture *prior_weights = dm_mixture_posterior(m, LEVEL, xt);
    typical_point(posterior, 0.4, x0);
    double joint = log_joint(m, x0, xt);
    double marginal = dm_mixture_log_density(noisy, xt);

    dm_check_exact(
        joint - marginal, dm_mixture_log_density(posterior, x0), 64.0,
        dm_mixture_condition(m) * dm_mixture_condition(posterior) + fabs(joint),
        "0.19", "%zu-D: log q(x_0 given x_t)", m->dim);
    dm_check_refutes(joint, "the joint law for the conditional");
    if (posterior->K == m->K) {
        for (size_t k = 0; k < m->K; k++) {
            dm_component *c = &prior_weights->component[k];
            c->log_peak += log(m->component[k].weight) - log(c->weight);
        }
        dm_check_refutes(dm_mixture_log_density(prior_weights, x0),
                         "weights w_k for r_k");
    }
    dm_mixture_free(prior_weights);
    dm_mixture_free(posterior);
}

static void check_tweedie_1d(const dm_mixture *m, const dm_mixture *noisy)
{
    double a = LEVEL.scale, c = LEVEL.variance, x, s, eps;
    dm_sym2 h;

    typical_point(noisy, -0.7, &x);
    double tol = tolerance_given(m, x);
    dm_mixture_score(noisy, &x, &s);
    dm_mixture_hessian(noisy, &x, &h);
    dm_mixture_eps(m, LEVEL, &x, &eps);
    what w = { .m = m, .level = LEVEL, .x = x };
    double p = integral_over_clean(w, exp(dm_mixture_log_density(noisy, &x)));
    double size = fabs(x) + c * fabs(s) + sqrt(c);

    // snippet: tweedie
    w.power = 1; /* the mean of x_0 given x_t = x, by its definition */
    double mean = integral_over_clean(w, p * size) / p;
    dm_check_numeric(mean, (x + c * s) / a, 4.0 * tol * size, sqrt(c), "0.20",
                     "1-D: E[x_0 given x_t]");
    dm_check_refutes((x - c * s) / a, "the sign of the score");
    dm_check_refutes((x + sqrt(c) * s) / a, "sqrt(c) for c");
    dm_check_refutes(x + c * s, "not divided by a");
    // end: tweedie
    w.power = 2;
    w.g.mean = mean;
    dm_check_numeric(integral_over_clean(w, p) / p,
                     c * (1.0 + c * h.xx) / (a * a), 4.0 * tol, c, "0.21",
                     "1-D: Var[x_0 given x_t]");
    dm_check_refutes(c / (a * a), "the Hessian left out");
    dm_check_refutes(c * (1.0 + h.xx) / (a * a), "H for c H");
    dm_check_numeric((x - a * mean) / sqrt(c), eps, 4.0 * tol * size / sqrt(c),
                     1.0, "0.22", "1-D: E[eps given x_t]");
    dm_check_refutes(sqrt(c) * s, "the sign of the score");
    dm_check_refutes(-c * s, "c for sqrt(c)");
}

static void check_tweedie_2d(const dm_mixture *m, const dm_mixture *noisy)
{
    double a = LEVEL.scale, c = LEVEL.variance, x[2], s[2], mean[2], eps[2];
    dm_sym2 h, cov;

    typical_point(noisy, -0.7, x);
    dm_mixture_score(noisy, x, s);
    dm_mixture_hessian(noisy, x, &h);
    dm_mixture_eps(m, LEVEL, x, eps);
    dm_mixture_denoise(m, LEVEL, x, mean, &cov);
    double scale = dm_mixture_condition(m) * (fabs(x[0]) + fabs(x[1]) + 1.0);

    for (size_t j = 0; j < 2; j++) {
        dm_check_exact((x[j] + c * s[j]) / a, mean[j], 64.0, scale, "0.20",
                       "2-D: E[x_0 given x_t], %s", j == 0 ? "x" : "y");
        dm_check_refutes((x[j] - c * s[j]) / a, "the sign of the score");
    }
    dm_check_exact(c * c * h.xy / (a * a), cov.xy, 64.0, scale, "0.21",
                   "2-D: Cov[x_0 given x_t], xy");
    dm_check_refutes(c * h.xy / (a * a), "H for c H");
    dm_check_exact(c * (1.0 + c * h.yy) / (a * a), cov.yy, 64.0, scale, "0.21",
                   "2-D: Cov[x_0 given x_t], yy");
    dm_check_refutes(c / (a * a), "the Hessian left out");
    dm_check_exact(eps[1], (x[1] - a * mean[1]) / sqrt(c), 64.0, scale, "0.22",
                   "2-D: E[eps given x_t], y");
    dm_check_refutes(c * s[1], "c for -sqrt(c)");
}

void section_posterior(const dm_mixture *data1, const dm_mixture *noisy1,
                       const dm_mixture *data2, const dm_mixture *noisy2)
{
    dm_check_table("posterior");
    check_posterior(data1, noisy1);
    check_posterior(data2, noisy2);
    dm_check_table("tweedie");
    check_tweedie_1d(data1, noisy1);
    check_tweedie_2d(data2, noisy2);
}
