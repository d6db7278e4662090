/* bench_law.c -- what an exact law costs.
 *
 *     build/bench/law
 *
 * The job: the law of the DDIM sampler on the default mixture in one dimension,
 * on one thread.  Prints the least time of a few runs, how many nodes the law
 * has, and the error in W1 that it states.
 */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "law.h"
#include "mixture_file.h"
#include "sampler.h"
#include "schedule.h"

#define MIXTURE "tests/reference/mixture-toy.1d.txt"

enum { T = 1000, ROUNDS = 5 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void row(const dm_mixture *m, size_t S, double eta)
{
    size_t tau[T + 1], nodes = 0;
    double least = INFINITY, error = NAN;
    dm_schedule *sch = dm_schedule_named("linear", T);

    dm_sampler_tau_uniform(T, S, tau);
    dm_sampler *table = dm_sampler_ddim(sch, S, tau, eta);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now();
        dm_law *law = dm_law_of_sampler(table, m, NULL);
        least = fmin(least, now() - start);
        nodes = law->n;
        error = law->w1;
        dm_law_free(law);
    }
    printf("%5zu %5g %9.1f %7zu %10.1e\n", S, eta, 1e3 * least, nodes, error);
    dm_sampler_free(table);
    dm_schedule_free(sch);
}

int main(void)
{
    static const double eta[] = { 0.0, 0.2, 0.5, 1.0 };
    static const size_t steps[] = { 10, 100, 1000 };
    char why[300];
    dm_mixture *m = dm_mixture_read(MIXTURE, why, sizeof why);

    if (m == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    printf("-- laws, one thread --\n%5s %5s %9s %7s %10s\n", "S", "eta", "ms",
           "nodes", "W1 error");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (size_t j = 0; j < sizeof eta / sizeof *eta; j++)
            row(m, steps[i], eta[j]);
    dm_mixture_free(m);
    return 0;
}
