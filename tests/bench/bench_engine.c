/* bench_engine.c -- what the engine of src/cloud.c costs.
 *
 *     build/bench/engine DIR [FILE ...]
 *
 * The job: the ancestral sampler of DDPM, T = 1000 steps, eight bumps in two
 * dimensions with full covariances, float64.  Each FILE has lines of
 * nanoseconds a particle-step, a tab and the name of another program that did
 * the same.  Prints a table and writes DIR/data/{particles,threads}.dat.
 *
 * Times are the least of many short runs, so that a machine that does other
 * things now and then is seen at its best.  Ratios are of runs one after the
 * other, at the same clock: their median and quartiles over the rounds.
 */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <gsl/gsl_fit.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "cloud.h"
#include "mixture_file.h"
#include "schedule.h"
#include "table.h"
#include "vector_math.h"

#define MIXTURE "tests/bench/mixture-eight.2d.txt"

enum { K = 8, T = 1000, N = 4096, ROUNDS = 21, LANES = 256, SIZES = 4 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Nanoseconds a particle-step of one run. */
static double cost(const dm_mixture *m, const dm_sampler *table, size_t n,
                   int threads)
{
    dm_run run = { 42, DM_STREAM_SAMPLER, threads, 0, 0, NULL };
    dm_cloud *cloud = dm_cloud_new(2, n);

    dm_cloud_start(cloud, 1.0, 42);
    double start = now();
    dm_cloud_run(cloud, table, m, &run);
    double seconds = now() - start;
    dm_cloud_free(cloud);
    return seconds / (double)n / (double)table->n * 1e9;
}

static dm_sampler *ancestral(size_t steps)
{
    dm_schedule *sch = dm_schedule_named("linear", steps);
    dm_sampler *table = dm_sampler_ddpm(sch, DM_VARIANCE_BETA_TILDE);

    dm_schedule_free(sch);
    return table;
}

/* --- the floor ------------------------------------------------------------ */

/* Not static, so that the compiler must store what nobody reads. */
extern _Thread_local double w[], z1[], z2[];
alignas(DM_ALIGNMENT) _Thread_local double w[LANES], z1[LANES], z2[LANES];

/* The engine's loop over exp: the same difference, the same limit below. */
DM_FAST static void exponentials(double largest)
{
    DM_LANES
    for (int i = 0; i < LANES; i++) {
        double below = z1[i] - largest;
        w[i] = exp(below > -600.0 ? below : -600.0);
    }
}

enum { REPEATS = 30000 };

/* Nanoseconds of K exp and of 2 normals, each in a run about as long as one of
 * the engine: of two times of unequal length, the shorter one's least is more
 * of an exception. */
static void floor_parts(double *exps, double *normals)
{
    double start = now();

    for (uint32_t r = 0; r < REPEATS; r++)
        dm_rng_normals(42, DM_STREAM_SAMPLER, r, 0, LANES, z1, z2);
    *normals = (now() - start) / REPEATS / LANES * 1e9;
    start = now();
    for (int r = 0; r < K * REPEATS; r++)
        exponentials(4.0 + 1e-7 * (double)r);
    *exps = (now() - start) / REPEATS / LANES * 1e9;
}

/* Nanoseconds of both with two threads, which share nothing: what the engine
 * can gain from a second one on this machine. */
static double floor_of_two(void)
{
    double start = now();

#ifdef _OPENMP
#pragma omp parallel for num_threads(2)
#endif
    for (int half = 0; half < 2; half++)
        for (uint32_t r = 0; r < REPEATS / 2; r++) {
            dm_rng_normals(42, DM_STREAM_SAMPLER, r, 0, LANES, z1, z2);
            for (int k = 0; k < K; k++)
                exponentials(4.0 + 1e-7 * (double)r);
        }
    return (now() - start) / REPEATS / LANES * 1e9;
}

/* --- sections of the table ------------------------------------------------ */

/* What is timed, once a round. */
typedef enum {
    EXPS,
    NORMALS,
    FLOOR,
    ENGINE_1,
    FLOOR_2,
    ENGINE_2,
    ENGINE_3,
    TIMED
} timed;

typedef struct {
    double ns[TIMED][ROUNDS]; /* [.][round]  a particle-step */
} costs;

static void time_rounds(const dm_mixture *m, const dm_sampler *table, costs *c)
{
    for (int r = 0; r < ROUNDS; r++) {
        floor_parts(&c->ns[EXPS][r], &c->ns[NORMALS][r]);
        c->ns[FLOOR][r] = c->ns[EXPS][r] + c->ns[NORMALS][r];
        c->ns[ENGINE_1][r] = cost(m, table, N, 1);
        c->ns[ENGINE_2][r] = cost(m, table, N, 2);
        c->ns[FLOOR_2][r] = floor_of_two();
        c->ns[ENGINE_3][r] = cost(m, table, N, 3);
    }
}

static double least(const costs *c, timed what)
{
    return gsl_stats_min(c->ns[what], 1, ROUNDS);
}

/* "0.78 (0.76 to 0.80)": the median and the quartiles over the rounds of how
 * many times `what` is as fast as `other`. */
static void print_ratio(const costs *c, timed what, timed other,
                        const char *claim)
{
    double ratio[ROUNDS];

    for (int r = 0; r < ROUNDS; r++)
        ratio[r] = c->ns[other][r] / c->ns[what][r];
    gsl_sort(ratio, 1, ROUNDS);
    printf("  %5.2f (%.2f to %.2f) %s\n",
           gsl_stats_quantile_from_sorted_data(ratio, 1, ROUNDS, 0.5),
           gsl_stats_quantile_from_sorted_data(ratio, 1, ROUNDS, 0.25),
           gsl_stats_quantile_from_sorted_data(ratio, 1, ROUNDS, 0.75), claim);
}

static void print_floor(const costs *c)
{
    printf("8 exp, 1 thread %33.2f\n", least(c, EXPS));
    printf("2 normals, 1 thread %29.2f\n", least(c, NORMALS));
    printf("floor: both %37.2f\n", least(c, FLOOR));
    printf("floor, 2 threads %32.2f", least(c, FLOOR_2));
    print_ratio(c, FLOOR_2, FLOOR, "times one thread");
    printf("engine, 1 thread %32.2f", least(c, ENGINE_1));
    print_ratio(c, ENGINE_1, FLOOR, "of the floor's speed (0.75 wanted)");
    printf("engine, 2 threads %31.2f", least(c, ENGINE_2));
    print_ratio(c, ENGINE_2, ENGINE_1, "times one thread (1.85 wanted)");
    printf("engine, 3 threads %31.2f\n", least(c, ENGINE_3));
}

/* The lines of another program, with how many times the engine is as fast. */
static int print_others(const char *path, double two_threads)
{
    char line[200];
    FILE *in = fopen(path, "r");
    int n = 0;

    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        char *name = strchr(line, '\t');
        if (name == NULL)
            continue;
        double ns = strtod(line, NULL);
        name[strcspn(name, "\n")] = '\0';
        printf("%-38s %10.1f  %6.1f times the engine's 2 threads\n", name + 1,
               ns, ns / two_threads);
        n++;
    }
    if (in != NULL)
        fclose(in);
    return n;
}

/* Cost against one size, and how far it is from a straight line: the total
 * time of four sizes, fitted with an intercept, worst relative residual. */
static void print_linear(const char *what, const size_t size[],
                         const double ns[], const double total[])
{
    double x[SIZES], weight[SIZES], c0, c1, v00, v01, v11, chi, worst = 0.0;

    for (int i = 0; i < SIZES; i++) {
        x[i] = (double)size[i];
        weight[i] = 1.0 / gsl_pow_2(total[i]);
    }
    gsl_fit_wlinear(x, 1, weight, 1, total, 1, SIZES, &c0, &c1, &v00, &v01,
                    &v11, &chi);
    printf("%-10s", what);
    for (int i = 0; i < SIZES; i++) {
        printf(" %8zu: %5.1f", size[i], ns[i]);
        worst = fmax(worst, fabs(1.0 - (c0 + c1 * x[i]) / total[i]));
    }
    printf("   off a line by %.1f %%\n", 100.0 * worst);
}

/* One of three scans: 0 over particles, 1 over steps, 2 over components. */
static dm_mixture *ring(size_t components)
{
    double weight[64], mean[128], cov[192];

    for (size_t k = 0; k < components; k++) {
        double angle = 2.0 * M_PI * (double)k / (double)components;
        weight[k] = 1.0 / (double)components;
        mean[2 * k] = 2.0 * cos(angle);
        mean[2 * k + 1] = 2.0 * sin(angle);
        cov[3 * k] = 0.05 + 0.02 * cos(angle);
        cov[3 * k + 1] = 0.01 * sin(angle);
        cov[3 * k + 2] = 0.04;
    }
    return dm_mixture_new(2, components, weight, mean, cov);
}

static void print_scan(int kind, dm_table *out)
{
    static const size_t sizes[3][SIZES] = { { 2048, 8192, 32768, 131072 },
                                            { 125, 250, 500, 1000 },
                                            { 4, 8, 16, 32 } };
    static const char *const what[] = { "particles", "steps", "components" };
    double ns[SIZES] = { INFINITY, INFINITY, INFINITY, INFINITY };
    double total[SIZES];

    for (int round = 0; round < 7; round++) {
        for (int i = 0; i < SIZES; i++) {
            size_t size = sizes[kind][i];
            dm_mixture *m = ring(kind == 2 ? size : K);
            dm_sampler *table = ancestral(kind == 1   ? size
                                          : kind == 0 ? 20
                                                      : 200);
            size_t n = kind == 0 ? size : 2048;
            ns[i] = fmin(ns[i], cost(m, table, n, 1));
            total[i] = ns[i] * (kind == 2 ? 1.0 : (double)size);
            dm_sampler_free(table);
            dm_mixture_free(m);
        }
    }
    print_linear(what[kind], sizes[kind], ns, total);
    for (int i = 0; i < SIZES; i++)
        dm_table_row(out, 2, (double[]){ (double)sizes[kind][i], ns[i] });
}

static double peak_memory(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return 1024.0 * (double)use.ru_maxrss; /* bytes; Linux counts in kB */
}

/* Before anything else has run, so that the peak is this run's. */
static void print_memory(const dm_mixture *m, const dm_sampler *table)
{
    enum { MANY = 500000 };
    dm_run run = { 42, DM_STREAM_SAMPLER, 2, 0, 0, NULL };
    double before = peak_memory();
    dm_cloud *cloud = dm_cloud_new(2, MANY);
    dm_sampler few = { 20, table->step };

    dm_cloud_run(cloud, &few, m, &run);
    dm_cloud_free(cloud);
    printf("%d particles, 2 threads: %.1f MB (%.1f MB wanted: 32 bytes a "
           "particle, 1 MB a thread)\n",
           MANY, 1e-6 * (peak_memory() - before), 32e-6 * MANY + 2.0);
}

int main(int argc, char *argv[])
{
    char message[200], data[300];
    dm_mixture *m = dm_mixture_read(MIXTURE, message, sizeof message);

    if (argc < 2 || m == NULL) {
        fprintf(stderr, "%s\n", argc < 2 ? "which directory?" : message);
        return 2;
    }
    snprintf(data, sizeof data, "%s/data", argv[1]);
    dm_sampler *table = ancestral(T);
    print_memory(m, table);

    printf("\nns a particle-step\n");
    static costs c;
    time_rounds(m, table, &c);
    print_floor(&c);
    int others = 0;
    for (int i = 2; i < argc; i++)
        others += print_others(argv[i], least(&c, ENGINE_2));
    if (others == 0)
        printf("(neither NumPy nor PyTorch: python3-numpy, python3-torch)\n");

    printf("\nns a particle-step against sizes, 1 thread\n");
    dm_table *particles = dm_table_open(data, "particles.dat");
    print_scan(0, particles);
    print_scan(1, NULL);
    print_scan(2, NULL);
    dm_table_close(particles);
    dm_table *threads = dm_table_open(data, "threads.dat");
    const timed engine[] = { ENGINE_1, ENGINE_2, ENGINE_3 };
    for (int p = 1; p <= 3; p++)
        dm_table_row(threads, 2, (double[]){ p, least(&c, engine[p - 1]) });
    dm_table_close(threads);
    dm_sampler_free(table);
    dm_mixture_free(m);
    return dm_table_commit() == 0 ? 0 : 2;
}
