/* Section 5.7: two limits. */
#include "ch05.h"

#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"

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
                       "Var x_0, Gaussian data, S = %zu", steps[i]);
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

static void print_limits(const dm_options *o)
{
    enum { NUMBERS = 3 };
    static const size_t n[NUMBERS] = { 10, 100, 1000 };
    static const char *const name[] = { "S = n of T = 1000, linear",
                                        "S = T = n, linear",
                                        "S = T = n, levels of VP at t/T" };
    double w1[3 * NUMBERS];

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t i = 0; i < 3 * NUMBERS; i++) {
        size_t row = i / NUMBERS, S = n[i % NUMBERS];
        if (row == 1 && S == 1000)
            continue; /* as in the row above */
        dm_schedule *sch =
            row == 2 ? of_process(S)
                     : dm_schedule_named("linear", row == 0 ? 1000 : S);
        w1[i] = w1_of_ddim(sch, S, (ends){ .data = o->data1 });
        dm_schedule_free(sch);
    }
    w1[2 * NUMBERS - 1] = w1[NUMBERS - 1];
    printf("%-32s", "W1 to the data, n steps");
    for (size_t i = 0; i < NUMBERS; i++)
        printf("  n = %4zu", n[i]);
    for (size_t i = 0; i < 3 * NUMBERS; i++) {
        if (i % NUMBERS == 0)
            printf("\n%-32s", name[i / NUMBERS]);
        printf("%10.5f", w1[i]);
    }
    printf("\n");
}

void section_limits(const dm_options *o)
{
    dm_check_table("limits");
    check_product(o);
    print_limits(o);
}
