/* Section 2.2: completing the square. */
#include "ch02.h"

#include <float.h>
#include <math.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "rng.h"

/* log of the right side of Eq. (2.2) at x_s = x. */
static double log_bayes(step p, double xt, double x0, double x)
{
    return dm_gaussian_log_pdf(kernel(p, x), xt) +
           dm_gaussian_log_pdf(before(p, x0), x) -
           dm_gaussian_log_pdf(after(p, x0), xt);
}

/* The row above is the mean of x_s: the mistakes that people make in it. */
static void refute_means(step p, double xt, double x0)
{
    double of_xt = sqrt(1.0 - p.beta) * p.c_s / p.c_t;
    double of_x0 = sqrt(p.abar_s) * p.beta / p.c_t;

    dm_check_refutes(of_x0 * xt + of_xt * x0, "coefficients exchanged");
    dm_check_refutes(sqrt(p.abar_t) * p.c_s / p.c_t * xt + of_x0 * x0,
                     "abar_t for alpha_t before x_t");
    dm_check_refutes(of_xt * xt + sqrt(p.abar_t) * p.beta / p.c_t * x0,
                     "abar_t for abar_(t-1) before x_0");
    dm_check_refutes((of_xt * xt + of_x0 * x0) * p.c_t,
                     "not divided by 1 - abar_t");
}

/* The same for the variance. */
static void refute_variances(step p)
{
    double right = p.c_s / p.c_t * p.beta;

    dm_check_refutes(p.beta, "beta for beta-tilde");
    dm_check_refutes(p.c_s * p.beta, "not divided by 1 - abar_t");
    dm_check_refutes(p.c_t / p.c_s * p.beta, "the ratio upside down");
    dm_check_refutes(sqrt(right), "sigma for sigma^2");
}

static void check_square(void)
{
    const double x = 1.1;
    step p = first_step();
    dm_gaussian right = posterior(p, XT, X0);
    double limit, log_right = log_bayes(p, XT, X0, x);
    grid_result g = bayes_on_grid(before(p, X0), p, XT);

    dm_check_exact(log_right, dm_gaussian_log_pdf(right, x), 64.0, 1.0, "2.5",
                   "log of Bayes' rule at x_(t-1) = %.1f", x);
    dm_check_refutes(dm_gaussian_log_pdf((dm_gaussian){ right.mean, p.beta },
                                         x),
                     "beta for beta-tilde");
    dm_check_refutes(dm_gaussian_log_pdf(posterior(p, X0, XT), x),
                     "coefficients exchanged");
    dm_check_refutes(log_right + dm_gaussian_log_pdf(after(p, X0), XT),
                     "not divided by q(x_t given x_0)");
    limit = 8.0 * g.points * DBL_EPSILON;
    dm_check_numeric(g.mean, right.mean, limit, 1.0, "2.5",
                     "mean of x_(t-1), on the grid");
    refute_means(p, XT, X0);
    dm_check_numeric(g.variance, right.variance, limit * right.variance, 1.0,
                     "2.5", "variance of x_(t-1), on the grid");
    refute_variances(p);
}

/* At the run's own schedule, by conditioning as in Eq. (0.8). */
static void check_schedule(const dm_schedule *sch)
{
    size_t t = GSL_MAX(2, (sch->T + 1) / 2), s = t / 2;
    step p = step_of(sch, t - 1, t), jump = step_of(sch, s, t);
    double xt = sqrt(p.abar_t) * X0 + 0.7 * sqrt(p.c_t);
    double rounds = 4.0 * (double)t; /* those of abar_t and c_t */
    dm_gaussian right = posterior(p, xt, X0);
    dm_gaussian seen = dm_gaussian_condition(before(p, X0), sqrt(1.0 - p.beta),
                                             0.0, p.beta, xt);

    dm_check_exact(seen.mean, right.mean, rounds, 1.0, "2.5",
                   "mean of x_(t-1), t = %zu", t);
    refute_means(p, xt, X0);
    dm_check_exact(seen.variance, right.variance, rounds, right.variance, "2.5",
                   "variance of x_(t-1), t = %zu", t);
    refute_variances(p);
    seen = dm_gaussian_condition(before(jump, X0), sqrt(1.0 - jump.beta), 0.0,
                                 jump.beta, xt);
    right = posterior(jump, xt, X0);
    dm_check_exact(seen.variance, right.variance, rounds, right.variance, "2.5",
                   "variance of x_s, s = %zu, t = %zu", s, t);
    dm_check_refutes(jump.c_s / jump.c_t * p.beta,
                     "beta_t for 1 - abar_t/abar_s");
}

/* What walks from the data leave: sums over particles. */
typedef struct {
    double earlier;      /* noise of the step, by the sign of that before it */
    double square;       /* (x_s - mean)^2 with the mean of Eq. (2.4)        */
    double against;      /* x_s - mean, by the sign of the noise in x_t      */
    double against_swap; /* the same, with the coefficients exchanged        */
} tally;

// snippet: walks
/* Adds to *sum what one walk leaves, from its three states alone. */
static void note_walk(step p, double x0, double xs, double xt, tally *sum)
{
    dm_gaussian back = posterior(p, xt, x0), swapped = posterior(p, x0, xt);
    double sd = sqrt(back.variance);
    double noise = (xt - sqrt(1.0 - p.beta) * xs) / sqrt(p.beta);
    double before_it = xs - sqrt(p.abar_s) * x0;
    double in_xt = xt - sqrt(p.abar_t) * x0;

    sum->earlier += before_it > 0.0 ? noise : -noise;
    sum->square += gsl_pow_2(xs - back.mean);
    sum->against += (in_xt > 0.0 ? xs - back.mean : back.mean - xs) / sd;
    sum->against_swap +=
        (in_xt > 0.0 ? xs - swapped.mean : swapped.mean - xs) / sd;
}
// end: walks

/* Walks the n particles from `first` to x_t through x_s. */
static void walk_block(const dm_options *o, step p, size_t t, size_t first,
                       size_t n, gsl_rng *rng, tally *sum)
{
    double z1[BLOCK], z2[BLOCK], x0;

    dm_rng_normals(o->seed, DM_STREAM_JUMP, (uint32_t)t, (uint32_t)first, n, z1,
                   z2);
    for (size_t i = 0; i < n; i++) {
        dm_rng_at(rng, DM_STREAM_DATA, 0, (uint32_t)(first + i));
        dm_mixture_sample(o->data1, rng, &x0);
        double xs = sqrt(p.abar_s) * x0 + sqrt(p.c_s) * z1[i];
        double xt = sqrt(1.0 - p.beta) * xs + sqrt(p.beta) * z2[i];
        note_walk(p, x0, xs, xt, sum);
    }
}

static void check_walks(const dm_options *o, gsl_rng *rng)
{
    size_t t = GSL_MIN(5, o->steps), N = o->particles;
    step p = step_of(o->schedule, t - 1, t);
    double n = (double)N, low, high, right = p.c_s / p.c_t * p.beta;
    tally sum = { 0 };

    for (size_t i = 0; i < N; i += BLOCK)
        walk_block(o, p, t, i, GSL_MIN(BLOCK, N - i), rng, &sum);
    dm_check_mc(sum.earlier / n, 0.0, 1.0 / sqrt(n), 1.0, "2.1",
                "noise of step %zu by that before it", t);
    dm_check_refutes((sqrt(p.c_t) - sqrt((1.0 - p.beta) * p.c_s)) /
                         sqrt(p.beta) * sqrt(2.0 / M_PI),
                     "one eps for all steps, not Markov");
    dm_distance_variance_limits(N, DM_CHECK_TAIL, &low, &high);
    dm_check_law(sum.square / n, right, right * low, right * high, right, "2.5",
                 "mean square about the mean, t = %zu", t);
    refute_variances(p);
    dm_check_mc(sum.against / n, 0.0, 1.0 / sqrt(n), 1.0, "2.5",
                "x_(t-1) - mean, by the noise in x_t");
    dm_check_refutes(sum.against_swap / n, "coefficients exchanged");
}

void section_square(const dm_options *o, gsl_rng *rng)
{
    dm_check_table("square");
    check_square();
    check_schedule(o->schedule);
    dm_check_table("walks");
    check_walks(o, rng);
}
