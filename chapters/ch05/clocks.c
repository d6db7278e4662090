/* Section 5.6: other clocks, other limits. */
#include "ch05.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "flow.h"

static const char *const clock_name[] = { "DDIM: sigma", "the angle", "t",
                                          "integral of beta" };

dm_step euler_step(clock_of clock, double t, double s)
{
    dm_level from = dm_sde_level(DM_SDE_VP, t), to = dm_sde_level(DM_SDE_VP, s);
    double angle = atan(noise_of(from)), turn = angle - atan(noise_of(to));
    double integral = 2.0 * log(to.scale / from.scale); /* of beta */
    dm_step step = { .from = from, .to = to };

    // snippet: clocks
    if (clock == IN_SIGMA) { /* Eq. (5.13) */
        step.A = to.scale / from.scale;
        step.B = to.scale * (noise_of(to) - noise_of(from));
    } else if (clock == IN_ANGLE) { /* Eq. (5.14) */
        step.A = 1.0 + turn * tan(angle);
        step.B = -turn / cos(angle);
    } else { /* Eq. (5.4), VP */
        double h = clock == IN_T ? (t - s) * dm_sde_noise_rate(DM_SDE_VP, t)
                                 : integral;
        step.A = 1.0 + 0.5 * h;
        step.B = -0.5 * h / sqrt(from.variance);
    }
    // end: clocks
    return step;
}

dm_sampler *by_clock(clock_of clock, size_t n)
{
    dm_sampler *table = dm_sampler_new(n);
    double *t = malloc((n + 1) * sizeof *t);

    dm_sampler_times(T_MIN, n, t);
    for (size_t i = 0; i < n; i++)
        table->step[i] = euler_step(clock, t[n - i], t[n - i - 1]);
    free(t);
    return table;
}

ends ends_of(const dm_mixture *data)
{
    ends e = { data, dm_mixture_diffuse(data, dm_sde_level(DM_SDE_VP, 1.0)),
               NULL };
    dm_mixture *target =
        dm_mixture_diffuse(data, dm_sde_level(DM_SDE_VP, T_MIN));

    e.aim = dm_law_of_mixture(target);
    dm_mixture_free(target);
    return e;
}

void free_ends(ends *e)
{
    dm_mixture_free(e->start);
    dm_law_free(e->aim);
}

double w1_of(dm_sampler *table, const ends *e, double *error)
{
    double w1 = NAN;
    dm_law *law = dm_law_of_sampler(table, e->data, e->start);

    dm_distance_w1(law, e->aim, &w1, error);
    dm_law_free(law);
    dm_sampler_free(table);
    return w1;
}

static void print_clocks(const dm_options *o, const ends *e)
{
    enum { NUMBERS = 6 };
    static const size_t n[NUMBERS] = { 5, 10, 20, 50, 100, 200 };
    double w1[CLOCKS * NUMBERS], error[CLOCKS * NUMBERS];

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(dynamic)
#endif
    for (size_t i = 0; i < CLOCKS * NUMBERS; i++)
        w1[i] = w1_of(by_clock((clock_of)(i / NUMBERS), n[i % NUMBERS]), e,
                      &error[i]);
    (void)o; /* where there is no OpenMP */
    printf("%-18s", "Euler's method in");
    for (size_t i = 0; i < NUMBERS; i++)
        printf("  n = %4zu", n[i]);
    for (size_t i = 0; i < CLOCKS * NUMBERS; i++) {
        if (i % NUMBERS == 0)
            printf("\n%-18s", clock_name[i / NUMBERS]);
        printf("%10.4f", w1[i]);
    }
    printf("\n");
}

dm_mixture *example(void)
{
    const double one = 1.0, mean = 0.5, variance = 0.4;
    return dm_mixture_new(1, 1, &one, &mean, &variance);
}

dm_gaussian through(dm_sampler *table, const dm_mixture *g, dm_gaussian x)
{
    dm_sym2 C = { x.variance, 0.0, 0.0 };

    dm_law_gaussian(table, g, &x.mean, &C);
    dm_sampler_free(table);
    x.variance = C.xx;
    return x;
}

dm_gaussian at_level(const dm_mixture *g, dm_level level)
{
    const dm_component *k = &g->component[0];
    return (dm_gaussian){ level.scale * k->mean[0],
                          gsl_pow_2(level.scale) * k->cov.xx + level.variance };
}

trend trend_of(const double at[3])
{
    double d = at[1] - at[0], e = at[2] - at[1], better = at[2] + e;
    trend t = { better, fabs(better - (at[1] + d)), NAN, NAN };
    return t;
}

void power_of(const double at[3], double limit, trend *t)
{
    t->power = log2((at[1] - limit) / (at[2] - limit));
    t->change = fabs(t->power - log2((at[0] - limit) / (at[1] - limit)));
}

static const char *clock_eq(clock_of clock)
{
    return clock == IN_SIGMA ? "5.13" : clock == IN_ANGLE ? "5.14" : "5.4";
}

/* x after a step from time t to s, by each clock: the start, and the velocity
 * at the start times the length of the step. */
static void straight_on(dm_mixture *g, double t, double s, double x,
                        double to[CLOCKS])
{
    dm_level from = dm_sde_level(DM_SDE_VP, t),
             end = dm_sde_level(DM_SDE_VP, s);
    equation e = { g, DM_SDE_VP, 0.5 };
    double y = x / from.scale, angle = acos(from.scale);
    double by_sigma, by_angle, by_t;

    by_noise(noise_of(from), &y, &by_sigma, g);
    dm_flow_velocity(g, angle, &x, &by_angle, NULL);
    drift(t, &x, &by_t, &e);
    double beta = dm_sde_noise_rate(DM_SDE_VP, t);
    double integral = 0.1 * (t - s) + 9.95 * (t * t - s * s);
    to[IN_SIGMA] =
        end.scale * (y + (noise_of(end) - noise_of(from)) * by_sigma);
    to[IN_ANGLE] = x + (acos(end.scale) - angle) * by_angle;
    to[IN_T] = x + (s - t) * by_t;
    to[IN_BETA] = x - integral * by_t / beta;
}

/* One step of each, of round-off: sums of a few terms. */
static void check_one_step(void)
{
    static const double t = 0.5, s = 0.4, x = 0.8;
    dm_mixture *g = example();
    double to[CLOCKS];

    straight_on(g, t, s, x, to);
    double late = dm_sde_noise_rate(DM_SDE_VP, s) /
                  dm_sde_noise_rate(DM_SDE_VP, t); /* ratio of the rates */
    double wrong[] = { to[IN_ANGLE], to[IN_SIGMA], x + (to[IN_T] - x) * late,
                       to[IN_T] };
    static const char *const name[] = { "a step of the angle",
                                        "a step of sigma",
                                        "the rate at the end",
                                        "the rate at the beginning" };
    for (int clock = 0; clock < CLOCKS; clock++) {
        dm_step step = euler_step((clock_of)clock, t, s);
        double eps, size = fabs(step.A * x) + fabs(step.B);
        dm_mixture_eps(g, step.from, &x, &eps);
        size *= 1.0 + fabs(eps);
        dm_check_exact(after(g, &step, x), to[clock], 64.0, size,
                       clock_eq((clock_of)clock), "a step to t = %g, %s", s,
                       clock_name[clock]);
        dm_check_refutes(wrong[clock], "%s", name[clock]);
    }
    dm_mixture_free(g);
}

static void check_clocks(void)
{
    dm_mixture *g = example();
    dm_gaussian start = at_level(g, dm_sde_level(DM_SDE_VP, 1.0));
    dm_gaussian end = at_level(g, dm_sde_level(DM_SDE_VP, T_MIN));

    for (int clock = 0; clock < CLOCKS; clock++) {
        const char *eq = clock_eq((clock_of)clock);
        double v[3];
        for (size_t i = 0; i < 3; i++)
            v[i] =
                through(by_clock((clock_of)clock, (size_t)1000 << i), g, start)
                    .variance;
        trend t = trend_of(v);
        power_of(v, end.variance, &t);
        dm_check_numeric(t.limit, end.variance, t.error, 1.0, eq,
                         "limit of Var x, %s", clock_name[clock]);
        dm_check_refutes(v[0], "1000 steps are enough");
        dm_check_order(t.power, 1.0, 2.0 * t.change, eq, "power of 1/n, %s",
                       clock_name[clock]);
        dm_check_refutes(2.0, "an error of order 1/n^2");
    }
    dm_mixture_free(g);
}

void section_clocks(const dm_options *o, const ends *e)
{
    dm_check_table("clocks");
    check_one_step();
    check_clocks();
    print_clocks(o, e);
}
