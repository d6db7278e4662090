/* Section 3.9: skipping. */
#include "ch03.h"

#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"

/* How often a table asks for eps*. */
static size_t calls(const dm_sampler *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->n; i++)
        count += table->step[i].B != 0.0;
    return count;
}

/* tau_i by Eq. (3.22), quadratic. */
static double quadratic_time(size_t T, size_t S, size_t i)
{
    double tau = 0.0;

    for (size_t k = 1; k <= i; k++)
        tau = fmax(tau + 1.0,
                   floor((double)T * (double)(k * k) / (double)(S * S) + 0.5));
    return tau;
}

static void check_times(const dm_options *o, const dm_sampler *table)
{
    size_t T = o->steps, S = GSL_MIN(6, T), i = 2 * S / 3, tau[101];
    double exact = (double)T * (double)i / (double)S;

    dm_sampler_tau_uniform(T, S, tau);
    dm_check_exact((double)tau[i], floor(exact + 0.5), 0.0, 1.0, "3.22",
                   "tau_%zu of %zu, spread evenly", i, S);
    dm_check_refutes(floor(exact), "rounded down");
    dm_check_refutes((double)(T * (i - 1)) / ((double)S - 1.0),
                     "tau_1 = 0: %zu spaces only", S - 1);
    dm_sampler_tau_quadratic(T, S, tau);
    exact = (double)T / (double)(S * S);
    dm_check_exact((double)tau[1], quadratic_time(T, S, 1), 0.0, 1.0, "3.22",
                   "tau_1 of %zu, quadratically", S);
    dm_check_refutes(floor(exact), "rounded down");
    dm_check_refutes(floor((double)T / (double)S + 0.5), "spread evenly");
    S = GSL_MIN(100, T);
    dm_sampler_tau_quadratic(T, S, tau);
    dm_check_exact((double)tau[1], quadratic_time(T, S, 1), 0.0, 1.0, "3.22",
                   "tau_1 of %zu, quadratically", S);
    dm_check_refutes(floor((double)T / (double)(S * S) + 0.5),
                     "without max: 0 twice");
    dm_check_exact((double)calls(table), (double)o->S, 0.0, 1.0, "3.22",
                   "calls of eps*, S = %zu", o->S);
    dm_check_refutes((double)o->S - 1.0, "tau_1 = 0: one call is lost");
    dm_check_refutes((double)T, "no step may be skipped");
}

void section_skipping(const dm_options *o, const dm_sampler *table)
{
    dm_check_table("times");
    check_times(o, table);
}
