/* Section 4.7: the error budget. */
#include "ch04.h"

#include <math.h>
#include <stdio.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "table.h"

/* The mixture of n mixtures with these weights; they are freed.  NULL where it
 * would have too many components. */
static dm_mixture *join(size_t n, const double weight[], dm_mixture *part[])
{
    static double w[DM_COMPONENTS_MAX], mean[DM_COMPONENTS_MAX],
        variance[DM_COMPONENTS_MAX];
    size_t K = 0, total = 0;
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        total += part[i]->K, sum += weight[i];
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; total <= DM_COMPONENTS_MAX && k < part[i]->K; k++) {
            w[K] = weight[i] / sum * part[i]->component[k].weight;
            mean[K] = part[i]->component[k].mean[0];
            variance[K++] = part[i]->component[k].cov.xx;
        }
        dm_mixture_free(part[i]);
    }
    return K == 0 ? NULL : dm_mixture_new(1, K, w, mean, variance);
}

/* The law of x_t_min when the reverse SDE is followed without error from
 * N(0, variance) at time 1, Eq. (4.31): a mixture of the laws of x_t_min given
 * x_1, over a grid of x_1.  NULL for more than 40 components. */

// snippet: start-alone
static dm_mixture *exact_way_back(const dm_mixture *data, dm_sde sde, double t,
                                  double variance)
{
    enum { NODES = 25 }; /* half a standard deviation apart */
    dm_level at = dm_sde_level(sde, t), end = dm_sde_level(sde, 1.0);
    double r = end.scale / at.scale;
    dm_level jump = { r, end.variance - r * r * at.variance };
    dm_mixture *q = dm_mixture_diffuse(data, at), *parts[NODES];
    double weight[NODES];

    for (int i = 0; i < NODES; i++) {
        double z = 0.5 * (i - NODES / 2), x1 = z * sqrt(variance);
        weight[i] = 0.5 * dm_gaussian_pdf((dm_gaussian){ 0.0, 1.0 }, z);
        parts[i] = dm_mixture_posterior(q, jump, &x1);
    }
    dm_mixture_free(q);
    return join(NODES, weight, parts);
}
// end: start-alone

/* The mean at time t of the sampler that starts from N(0, variance), h to 0;
 * NaN where a law cannot be computed. */
static estimate mean_back(const dm_mixture *data, dm_sde sde, double t,
                          double variance)
{
    dm_mixture *prior = normal(0.0, variance);
    double mean[4] = { NAN, NAN, NAN, NAN }, off = 0.0;

    for (size_t i = 0; i < 4; i++) {
        dm_law *law = law_back(data, sde, t, (size_t)50 << i, prior);
        if (law != NULL) {
            dm_law_moments(law, &mean[i], NULL);
            off = fmax(off, law->w1);
        }
        dm_law_free(law);
    }
    dm_mixture_free(prior);
    estimate e = limit_of(mean);
    e.error += WEIGHTS * off;
    return e;
}

static void check_start(const dm_mixture *data, dm_sde sde, double t)
{
    double variance = dm_sde_level(sde, 1.0).variance, alone, right;
    double kept = dm_sde_level(sde, 1.0).scale / dm_sde_level(sde, t).scale;
    dm_mixture *q = law_at(data, sde, t);
    dm_mixture *m = exact_way_back(data, sde, t, variance);
    estimate e = mean_back(data, sde, t, variance);

    if (m != NULL && isfinite(e.value)) {
        dm_mixture_moments(m, &alone, NULL);
        dm_mixture_moments(q, &right, NULL);
        dm_check_numeric(e.value - right, alone - right, e.error, 1.0, "4.31",
                         "%s: E x_t - that of q_t, t = %g", names[sde], t);
        dm_check_refutes(0.0, "the start is forgotten");
        dm_check_refutes(-kept * right, "the start is kept, as it is");
    } else {
        printf("no exact start: more than 40 components, or no law\n");
    }
    dm_mixture_free(m);
    dm_mixture_free(q);
}

/* W1 between centred Gaussians of these variances. */
static double w1_of_variances(double v, double w)
{
    return fabs(sqrt(v) - sqrt(w)) * sqrt(2.0 / M_PI);
}

/* The law of x_t for data N(m, v). */
static dm_gaussian law_of_normal(dm_sde sde, double m, double v, double t)
{
    dm_level level = dm_sde_level(sde, t);
    double a = level.scale;

    return (dm_gaussian){ a * m, a * a * v + level.variance };
}

static void check_truncation(const dm_options *o, double v)
{
    dm_level level = dm_sde_level(DM_SDE_VP, o->t_min);
    dm_mixture *data = normal(0.0, v);
    dm_mixture *q = dm_mixture_diffuse(data, level);
    dm_law *target = dm_law_of_mixture(data), *stopped = dm_law_of_mixture(q);
    double w1, error, V = gsl_pow_2(level.scale) * v + level.variance;

    dm_distance_w1(stopped, target, &w1, &error);
    dm_check_numeric(w1, w1_of_variances(V, v), error, 1.0, "4.32",
                     "Gaussian: W1, stopped at t = %g", o->t_min);
    dm_check_refutes(sqrt(level.variance * 2.0 / M_PI), "E|noise|");
    dm_check_refutes(0.0, "nothing is lost");
    dm_law_free(target);
    dm_law_free(stopped);
    dm_mixture_free(data);
    dm_mixture_free(q);
}

/* W1 with each cause of error alone, with each switched off, and with all. */
typedef struct {
    double start, steps, stop, no_start, no_steps, no_stop, all;
    double error; /* how far the seven may be off together */
} budget;

static budget budget_of(const dm_mixture *data, dm_sde sde, double t, size_t n)
{
    double variance = dm_sde_level(sde, 1.0).variance;
    dm_mixture *q1 = law_at(data, sde, 1.0), *q = law_at(data, sde, t);
    dm_mixture *prior = normal(0.0, variance);
    dm_mixture *m = exact_way_back(data, sde, t, variance);
    double e = 0.0;
    // snippet: budget
    dm_law *target = dm_law_of_mixture(data), *stopped = dm_law_of_mixture(q);
    dm_law *all = law_back(data, sde, t, n, prior);
    dm_law *steps = law_back(data, sde, t, n, q1);
    dm_law *start = m == NULL ? NULL : dm_law_of_mixture(m);
    budget b = { .start = w1_between(start, stopped, &e),
                 .steps = w1_between(steps, stopped, &e),
                 .stop = w1_between(stopped, target, &e),
                 .no_start = w1_between(steps, target, &e),
                 .no_steps = w1_between(start, target, &e),
                 .no_stop = w1_between(all, stopped, &e),
                 .all = w1_between(all, target, &e) };
    // end: budget
    b.error = e;
    dm_law *laws[] = { target, stopped, all, steps, start };
    for (size_t i = 0; i < 5; i++)
        dm_law_free(laws[i]);
    dm_mixture *mixtures[] = { q1, q, prior, m };
    for (size_t i = 0; i < 4; i++)
        dm_mixture_free(mixtures[i]);
    return b;
}

static void check_sum(const dm_options *o, dm_sde sde, double v)
{
    dm_mixture *data = normal(0.0, v);
    budget b = budget_of(data, sde, o->t_min, o->n);
    dm_level level = dm_sde_level(sde, o->t_min);
    double V = gsl_pow_2(level.scale) * v + level.variance;
    const way_back right = { 1.0, 1.0, -1.0 };
    double end = variance_back(sde, v, o->t_min, (int)o->n, right);

    dm_mixture_free(data);
    if (!isfinite(b.error))
        return;
    dm_check_numeric(b.no_start, w1_of_variances(end, v), b.error, 1.0, "4.33",
                     "%s, Gaussian: W1, start right", names[sde]);
    dm_check_refutes(b.stop, "the steps cost nothing");
    if ((end > V) == (V > v))
        dm_check_refutes(fabs(b.steps - b.stop), "the errors cancel");
    else
        dm_check_refutes(b.steps + b.stop, "the errors add");
}

/* Euler's mean and variance at t_min in n steps from N(0, c(1)), for data
 * N(m, v), from Eq. (4.24). */
static dm_gaussian euler_back(dm_sde sde, double m, double v, double t_min,
                              size_t n)
{
    double h = (1.0 - t_min) / (double)n;
    dm_gaussian x = { 0.0, dm_sde_level(sde, 1.0).variance };

    for (size_t i = 0; i < n; i++) {
        double t = 1.0 - h * (double)i, g2 = dm_sde_noise_rate(sde, t);
        dm_gaussian q = law_of_normal(sde, m, v, t);
        double factor = 1.0 - h * (dm_sde_drift(sde, t) + g2 / q.variance);
        x.mean = factor * x.mean + h * g2 * q.mean / q.variance;
        x.variance = factor * factor * x.variance + g2 * h;
    }
    return x;
}

/* Eq. (4.31) for data N(m, v), in closed form: a shift at time 1 comes back
 * times the slope of E[x_t given x_1]. */
static dm_gaussian start_back(dm_sde sde, double m, double v, double t,
                              double *slope)
{
    dm_gaussian end = law_of_normal(sde, m, v, 1.0);
    dm_gaussian x = law_of_normal(sde, m, v, t);
    dm_level from = dm_sde_level(sde, 1.0);

    *slope =
        from.scale / dm_sde_level(sde, t).scale * x.variance / end.variance;
    x.mean -= *slope * end.mean;
    x.variance += *slope * *slope * (from.variance - end.variance);
    return x;
}

/* How far off in W1 the 25 points of x_1 may leave this law, whose mean they
 * move by `shift` per standard deviation of x_1: beyond 6 of these is less than
 * 4e-9 of it, and in steps of 1/2 the trapezoidal rule is off by a factor of
 * 1 + 2 exp(-8 pi^2 tau^2) cos, where tau^2 is the variance of the integrand,
 * next to that of x_1. */
static double off_at_nodes(double shift, dm_gaussian law)
{
    double tau2 = 1.0 - shift * shift / law.variance;

    return 4e-9 * shift +
           2.0 * exp(-8.0 * M_PI * M_PI * tau2) * sqrt(law.variance);
}

/* Rows for the start alone and for all errors, with data N(m, v). */
static void check_causes(const dm_options *o, dm_sde sde, double m, double v)
{
    dm_mixture *data = normal(m, v);
    budget b = budget_of(data, sde, o->t_min, o->n);
    dm_gaussian target = { m, v }, q = law_of_normal(sde, m, v, o->t_min);
    dm_gaussian all = euler_back(sde, m, v, o->t_min, o->n);
    double slope, root = sqrt(dm_sde_level(sde, 1.0).variance);
    dm_gaussian start = start_back(sde, m, v, o->t_min, &slope);

    dm_mixture_free(data);
    if (!isfinite(b.error))
        return;
    dm_check_numeric(b.start, dm_gaussian_w1(start, q),
                     b.error + off_at_nodes(slope * root, start), 1.0, "4.31",
                     "%s, N(%g, %g): W1, start alone", names[sde], m, v);
    if (sde == DM_SDE_VP) /* with VE the stop costs nothing that is seen here */
        dm_check_refutes(dm_gaussian_w1(start, target), "from the data");
    dm_check_refutes(0.0, "the start is right");
    dm_check_numeric(b.all, dm_gaussian_w1(all, target), b.error, 1.0, "4.33",
                     "%s, N(%g, %g): W1, all together", names[sde], m, v);
    dm_check_refutes(b.no_start, "the start is right");
    dm_check_refutes(b.no_steps, "the steps cost nothing");
    dm_check_refutes(b.no_stop, "from q at t_min");
}

static void print_budget(const dm_options *o, dm_table *t)
{
    static const size_t shown[] = { 25, 100, 400 };

    printf("-- budget --\n%-7s %5s | %8s %8s %8s %8s | %8s %8s %8s %8s\n",
           "SDE", "n", "start", "steps", "stop", "sum", "all", "no start",
           "no steps", "no stop");
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            budget b = budget_of(o->data1, all_sdes[i], o->t_min, shown[k]);
            double sum = b.start + b.steps + b.stop;
            printf("%-7s %5zu | %8.5f %8.5f %8.5f %8.5f | %8.5f %8.5f %8.5f "
                   "%8.5f\n",
                   names[i], shown[k], b.start, b.steps, b.stop, sum, b.all,
                   b.no_start, b.no_steps, b.no_stop);
            double row[] = { (double)i, (double)shown[k], b.start,
                             b.steps,   b.stop,           b.all,
                             sum };
            dm_table_row(t, 7, row);
        }
        dm_table_printf(t, "\n\n");
    }
}

void section_budget(const dm_options *o)
{
    int broad = is_broad(o->data1);

    dm_check_table("parts");
    if (!broad) {
        check_start(o->data1, DM_SDE_VP, 0.5);
        check_start(o->data1, DM_SDE_VE, 0.5);
    }
    check_truncation(o, 0.25);
    for (size_t i = 0; i < 3; i++)
        check_sum(o, all_sdes[i], 0.25);
    check_causes(o, DM_SDE_VP, 1.0, 0.25);
    check_causes(o, DM_SDE_VE, 1.0, 0.25);
    dm_table *t = dm_options_data(o, "ch04_budget.dat");
    if (!broad)
        print_budget(o, t);
    dm_table_close(t);
}
