/* Section 3.6: the sampler. */
#include "ch03.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "rng.h"

enum { COMPARED = 64 }; /* particles held against the scalar step */

// snippet: step
/* Takes the point x one step of the sampler, Eq. (3.16).  x, z: [dim]. */
void step_down(const dm_mixture *data, jump j, double eta, const double z[],
               double x[])
{
    dm_level level = { sqrt(j.abar_t), j.c_t };
    double left = ahead(j, eta), sigma = eta * sqrt(j.beta_tilde);
    double eps[2]; /* what a network would predict */

    dm_mixture_eps(data, level, x, eps);
    for (size_t i = 0; i < data->dim; i++) {
        double x0 = (x[i] - sqrt(j.c_t) * eps[i]) / sqrt(j.abar_t);
        x[i] = sqrt(j.abar_s) * x0 + sqrt(left) * eps[i] + sigma * z[i];
    }
}
// end: step

dm_sampler *table_of(const dm_options *o, double eta)
{
    return dm_sampler_ddim(o->schedule, o->S, o->tau, eta);
}

dm_sampler *uniform(const dm_options *o, size_t S, double eta)
{
    size_t *tau = all_times(o->steps);

    S = GSL_MIN(S, o->steps);
    dm_sampler_tau_uniform(o->steps, S, tau);
    dm_sampler *table = isnan(eta) ? dm_sampler_sigma_hat(o->schedule, S, tau)
                                   : dm_sampler_ddim(o->schedule, S, tau, eta);
    free(tau);
    return table;
}

/* Prints the table that the engine runs. */
static void print_table(const dm_sampler *table)
{
    printf("-- table --\n%4s %6s %6s %9s %9s %12s %12s %12s\n", "step", "t",
           "s", "abar_t", "abar_s", "A", "B", "C");
    for (size_t i = 0; i < table->n; i++) {
        const dm_step *p = &table->step[i];
        if (table->n > 20 && i >= 10 && i + 10 < table->n)
            continue; /* the first and the last ten */
        printf("%4zu %6zu %6zu %9.3g %9.3g %12.6g %12.6g %12.6g\n", i + 1, p->t,
               p->s, gsl_pow_2(p->from.scale), gsl_pow_2(p->to.scale), p->A,
               p->B, p->C);
    }
}

static void check_table(const dm_options *o, const dm_sampler *table)
{
    jump j = o->S > 1 ? step_of(o, middle(o)) : step_of(o, 1);
    const dm_step *step = &table->step[o->S > 1 ? o->S - middle(o) : 0];
    double left = ahead(j, o->S > 1 ? o->eta : 0.0);
    double noise = o->S > 1 ? o->eta * sqrt(j.beta_tilde) : 0.0;
    double A = sqrt(j.abar_s / j.abar_t), part = A * sqrt(j.c_t);

    dm_check_exact(step->A, A, rounds(j.t), A, "3.17", "A, t = %zu to %zu", j.t,
                   j.s);
    dm_check_refutes(1.0 / A, "abar_t/abar_s");
    dm_check_refutes(A * A, "the root lost");
    dm_check_exact(step->B, sqrt(left) - part, rounds(j.t), part, "3.17",
                   "B, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(sqrt(j.c_s) - part, "sigma^2 not taken off");
    dm_check_refutes(noise - part, "sigma for sqrt(c_s - sigma^2)");
    dm_check_refutes(-sqrt(left) - part, "the other root");
    dm_check_refutes(sqrt(left) - A * j.c_t, "1 - abar_t without its root");
    if (o->S < 2)
        return; /* the last step has no noise */
    dm_check_exact(step->C, noise, rounds(j.t), noise, "3.17",
                   "C, t = %zu to %zu", j.t, j.s);
    dm_check_refutes(o->eta * j.beta_tilde, "beta-tilde without its root");
    dm_check_refutes(sqrt(o->eta) * sqrt(j.beta_tilde), "eta for eta^2");
    dm_check_refutes(o->eta * sqrt(o->schedule->beta[j.t]),
                     "beta_t for the noise of the jump");
}

/* Where A is large, the sum A sqrt(c_t) + B is what two large numbers leave: to
 * two roundings of them, one of the root and one of B. */
static void check_large_a(void)
{
    const size_t tau[] = { 0, 100, 1000 };
    dm_schedule *sch = dm_schedule_linear(1000, 1e-4, 0.02);
    dm_sampler *table = dm_sampler_ddim(sch, 2, tau, 0.5);
    const dm_step *step = &table->step[0];
    double root = sqrt(sch->c[1000]), A = step->A;
    dm_reverse r;

    dm_schedule_reverse(sch, 100, 1000, 0.5, &r);
    dm_check_exact(fma(A, root, step->B), r.coef_xt * root, 2.0, A, "3.17",
                   "A sqrt(c_t) + B, A = %.0f", A);
    dm_check_refutes(2.0 * A * root, "the sign of B");
    dm_check_refutes(fma(A, root, -r.coef_x0 * root / step->from.scale),
                     "B not matched to the rounded A");
    dm_sampler_free(table);
    dm_schedule_free(sch);
}

dm_cloud *run_table(const dm_options *o, const dm_sampler *table,
                    const dm_mixture *data, size_t n, dm_record *record)
{
    dm_cloud *cloud = dm_cloud_new(data->dim, n);
    dm_run run = { .seed = o->seed,
                   .stream = DM_STREAM_SAMPLER,
                   .threads = o->threads,
                   .records = record != NULL,
                   .record = record };

    dm_cloud_start(cloud, 1.0, o->seed);
    dm_cloud_run(cloud, table, data, &run);
    return cloud;
}

/* How many of the engine's moves of COMPARED particles the scalar step repeats,
 * to 1e-12 of the numbers it adds; with `shift`, where each is given the noise
 * of the particle so many further on. */
static size_t moves_repeated(const dm_options *o, const dm_sampler *table,
                             const dm_mixture *data, uint32_t shift)
{
    size_t n = COMPARED, all = (table->n + 1) * n, count = 0;
    double *x = malloc(all * sizeof *x), *y = calloc(all, sizeof *y);
    dm_record record = { .paths = n, .times = table->n + 1, .x = x, .y = y };
    double limit = dm_mixture_tolerance(data, 1e-12);

    dm_cloud_free(run_table(o, table, data, n, &record));
    for (size_t i = 0; i < table->n; i++) {
        jump j = step_of(o, o->S - i);
        double eta = j.s > 0 ? o->eta : 0.0;
        for (size_t p = 0; p < n; p++) {
            double at[] = { x[i * n + p], y[i * n + p] }, z[2];
            double size = 1.0 + table->step[i].A * hypot(at[0], at[1]);
            dm_rng_normals(o->seed, DM_STREAM_SAMPLER, (uint32_t)i,
                           (uint32_t)p + shift, 1, &z[0], &z[1]);
            step_down(data, j, eta, z, at);
            at[0] -= x[(i + 1) * n + p];
            at[1] -= y[(i + 1) * n + p];
            count += hypot(at[0], at[1]) <= limit * size;
        }
    }
    free(x);
    free(y);
    return count;
}

static void check_engine(const dm_options *o, const dm_sampler *table,
                         const dm_mixture *data)
{
    double all = (double)(COMPARED * table->n);

    dm_check_exact((double)moves_repeated(o, table, data, 0), all, 0.0, 1.0,
                   "3.17", "%zu-D: moves as the scalar step's", data->dim);
    dm_check_refutes((double)moves_repeated(o, table, data, 1),
                     "the noise of the next particle");
}

double typical_point(const dm_mixture *data, double abar, double c)
{
    const dm_component *best = &data->component[0];

    for (size_t k = 1; k < data->K; k++)
        if (data->component[k].weight > best->weight)
            best = &data->component[k];
    return sqrt(abar) * best->mean[0] - sqrt(abar * best->cov.xx + c);
}

double follow(const dm_mixture *data, jump j, double eta, double sign,
              double *x)
{
    double m = sign * sqrt(ahead(j, eta) / j.c_t), mean;
    double kappa = sqrt(j.abar_s) - m * sqrt(j.abar_t);
    dm_sym2 cov;

    dm_mixture_denoise(data, (dm_level){ sqrt(j.abar_t), j.c_t }, x, &mean,
                       &cov);
    *x = m * *x + kappa * mean;
    return m + kappa * sqrt(j.abar_t) / j.c_t * cov.xx;
}

/* Rows: what the other root does, though it keeps all marginals. */
static void check_standing_still(const dm_options *o)
{
    jump j = middle_jump(o);
    j = jump_between(o->schedule, j.t, j.t); /* from t to t */
    double x = typical_point(o->data1, j.abar_t, j.c_t), right = x, other = x;

    follow(o->data1, j, 0.0, 1.0, &right);
    follow(o->data1, j, 0.0, -1.0, &other);
    dm_check_exact(right, x, 16.0, fabs(x) + 1.0, "3.16",
                   "a step from t = %zu to itself", j.t);
    dm_check_refutes(other, "the other root");
}

/* What the integral of the slope needs. */
typedef struct {
    const dm_mixture *data;
    jump j;
    double eta, sign;
} move;

static double slope_at(double x, void *params)
{
    const move *p = params;
    return follow(p->data, p->j, p->eta, p->sign, &x);
}

static void check_increasing(const dm_options *o)
{
    jump j = middle_jump(o);
    move p = { o->data1, j, eta_within(j, o->eta), 1.0 };
    double low = typical_point(o->data1, j.abar_t, j.c_t), high = low + 1.5;
    double x = low, y = high, u = low, v = high;
    double tol = dm_mixture_tolerance(o->data1, TOLERANCE), error = 0.0;

    double sum = integral(slope_at, &p, low, high, tol, &error);
    follow(p.data, j, p.eta, 1.0, &x);
    follow(p.data, j, p.eta, 1.0, &y);
    error *= 4.0 * (1.0 + fabs(x) + fabs(y));
    dm_check_numeric(sum, y - x, error, 1.0, "3.18",
                     "integral of the slope, t = %zu", j.t);
    follow(p.data, j, p.eta, -1.0, &u);
    follow(p.data, j, p.eta, -1.0, &v);
    dm_check_refutes(v - u, "the other root");
    dm_check_refutes(at_eta(j, p.eta).m * (high - low),
                     "the estimate taken for a constant");
    dm_check_refutes(sqrt(j.abar_s / j.abar_t) * (high - low),
                     "eps taken for a constant");
}

void section_sampler(const dm_options *o, const dm_sampler *table)
{
    print_table(table);
    dm_check_table("sampler");
    check_table(o, table);
    check_large_a();
    check_engine(o, table, o->data1);
    check_engine(o, table, o->data2);
    check_standing_still(o);
    check_increasing(o);
}
