/* Section 5.11: there and back. */
#include "ch05.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

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

    for (double share = 0.15; share < 0.9; share += 0.3) {
        double out, x = dm_mixture_quantile(data, share_near(data, share));
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

void section_code(const dm_options *o)
{
    dm_check_table("code");
    check_code(o->data1);
    check_loss();
}
