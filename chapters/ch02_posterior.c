/* Chapter 2 -- The posterior.
 *
 * One step back: with the start known, Eqs. (2.1) to (2.7), by Bayes' rule on
 * a grid; with the start unknown, Eqs. (2.8) to (2.13), by integrals of the
 * definitions; and how far from Gaussian it is, Eqs. (2.14) to (2.18).
 * Prints the check tables; writes data/ch02_*.dat.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "gaussian.h"
#include "mixture.h"
#include "options.h"
#include "rng.h"
#include "schedule.h"
#include "table.h"

/* Asked of every quadrature. */
static const double TOLERANCE = 1e-11;

/* Where one point is needed in sections 2.1 to 2.3: no number is 0 or 1. */
static const double X0 = 1.5, XT = 0.8;

/* Particles per block, bars and blocks of the figure with walks. */
enum { BLOCK = 256, BARS = 24, WALKS = 8000 };

// snippet: step
/* The numbers of a step from s to t: s is t - 1, or any earlier time. */
typedef struct {
    double abar_s, c_s; /* signal power and noise variance before it */
    double abar_t, c_t; /* and after it                              */
    double beta;        /* noise variance of the step                */
} step;
// end: step

static step step_between(double abar_s, double abar_t)
{
    return (step){ .abar_s = abar_s,
                   .c_s = 1.0 - abar_s,
                   .abar_t = abar_t,
                   .c_t = 1.0 - abar_t,
                   .beta = 1.0 - abar_t / abar_s };
}

static step step_of(const dm_schedule *sch, size_t s, size_t t)
{
    return (step){ .abar_s = sch->abar[s],
                   .c_s = sch->c[s],
                   .abar_t = sch->abar[t],
                   .c_t = sch->c[t],
                   .beta = dm_schedule_jump(sch, s, t).variance };
}

/* The step of sections 2.1 to 2.3, that of 2.4 to 2.7, and a very large one. */
static step first_step(void)
{
    return step_between(0.9, 0.7);
}

static step second_step(void)
{
    return step_between(0.7, 0.56);
}

static step large_step(void)
{
    return step_between(0.9, 0.05);
}

/* q(x_s given x_0 = x), q(x_t given x_0 = x), q(x_t given x_s = x). */
static dm_gaussian before(step p, double x)
{
    return (dm_gaussian){ sqrt(p.abar_s) * x, p.c_s };
}

static dm_gaussian after(step p, double x)
{
    return (dm_gaussian){ sqrt(p.abar_t) * x, p.c_t };
}

static dm_gaussian kernel(step p, double x)
{
    return (dm_gaussian){ sqrt(1.0 - p.beta) * x, p.beta };
}

// snippet: posterior
/* The law of x_s given x_t and x_0, Eq. (2.5). */
static dm_gaussian posterior(step p, double xt, double x0)
{
    double of_xt = sqrt(1.0 - p.beta) * p.c_s / p.c_t; /* Eq. (2.4) */
    double of_x0 = sqrt(p.abar_s) * p.beta / p.c_t;

    return (dm_gaussian){ of_xt * xt + of_x0 * x0,
                          p.c_s / p.c_t * p.beta }; /* Eq. (2.3) */
}
// end: posterior

/* --- 2.1 Bayes ------------------------------------------------------------ */

/* What Bayes' rule on a grid gives: the integral of prior times likelihood,
 * the posterior's mean and variance, and how many points it took. */
typedef struct {
    double integral, mean, variance, points;
} grid_result;

// snippet: grid
static grid_result bayes_on_grid(dm_gaussian prior, step p, double xt)
{
    double a = sqrt(1.0 - p.beta), sd = sqrt(prior.variance), n = 0.0;
    double middle = xt / a, width = sqrt(p.beta) / a; /* the likelihood's */
    double low = fmax(prior.mean - 12.0 * sd, middle - 12.0 * width);
    double high = fmin(prior.mean + 12.0 * sd, middle + 12.0 * width);
    double h = 0.5 * fmin(sd, width), sum = 0.0, first = 0.0, second = 0.0;

    for (double x = low; x < high; x = low + h * ++n) {
        double mass =
            dm_gaussian_pdf(prior, x) * dm_gaussian_pdf(kernel(p, x), xt) * h;
        sum += mass;
        first += mass * (x - middle);
        second += mass * gsl_pow_2(x - middle);
    }
    first /= sum;
    return (grid_result){ sum, middle + first, second / sum - first * first,
                          n };
}
// end: grid

/* E[x_t given x_s and x_0] for Gaussian x_0 of mean 0 and variance v, from
 * covariances: S is that of (x_s, x_0), cov that of x_s and x_t. */
static double mean_given_both(step p, double v, double cov, double xs,
                              double x0)
{
    dm_sym2 S = { p.abar_s * v + p.c_s, sqrt(p.abar_s) * v, v };
    double cov0 = sqrt(p.abar_t) * v, det = dm_sym2_determinant(S);

    return (S.yy * cov - S.xy * cov0) / det * xs +
           (S.xx * cov0 - S.xy * cov) / det * x0;
}

static void check_bayes(void)
{
    const double v = 1.7, xs = 1.1;
    step p = first_step();
    grid_result g = bayes_on_grid(before(p, X0), p, XT);
    double density = dm_gaussian_pdf(after(p, X0), XT);
    double spread = p.abar_s * v + p.c_s;
    double same_noise = sqrt(p.abar_t * p.abar_s) * v + sqrt(p.c_s * p.c_t);

    dm_check_exact(mean_given_both(p, v, sqrt(1.0 - p.beta) * spread, xs, X0),
                   kernel(p, xs).mean, 64.0, 1.0, "2.1",
                   "E[x_t given x_(t-1), x_0]");
    dm_check_refutes(after(p, X0).mean, "x_(t-1) forgotten");
    dm_check_refutes(mean_given_both(p, v, same_noise, xs, X0),
                     "one eps for all steps, not Markov");
    dm_check_numeric(g.integral, density,
                     4.0 * g.points * DBL_EPSILON * density, 1.0, "2.2",
                     "prior times likelihood, on a grid");
    dm_check_refutes(1.0, "a product taken for a density");
    dm_check_refutes(dm_gaussian_pdf(kernel(p, sqrt(p.abar_s) * X0), XT),
                     "the prior's mean put in for x_(t-1)");
}

/* --- 2.2 completing the square -------------------------------------------- */

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

/* --- 2.3 three forms ------------------------------------------------------ */

static void check_forms(step p, double xt, double x0, const char *where)
{
    double a = sqrt(1.0 - p.beta), right = posterior(p, xt, x0).mean;
    double eps = (xt - sqrt(p.abar_t) * x0) / sqrt(p.c_t);
    double g = -(xt - sqrt(p.abar_t) * x0) / p.c_t;
    double root_too_long =
        (xt - sqrt(1.0 - p.abar_t * eps)) / sqrt(p.abar_t); /* for x_0 */

    dm_check_exact((xt - p.beta / sqrt(p.c_t) * eps) / a, right, 64.0, 1.0,
                   "2.6", "mean from x_t and eps, %s", where);
    dm_check_refutes((xt - p.beta / p.c_t * eps) / a,
                     "the root of 1 - abar_t lost");
    dm_check_refutes((xt - sqrt(p.beta) * eps) / a, "sqrt(beta) eps");
    dm_check_refutes((xt - p.beta / sqrt(p.c_t) * eps) / sqrt(p.abar_t),
                     "abar_t for alpha_t in front");
    dm_check_refutes(posterior(p, xt, root_too_long).mean,
                     "sqrt(1 - abar_t eps) in x_0");
    dm_check_exact((xt + p.beta * g) / a, right, 64.0, 1.0, "2.7",
                   "mean from x_t and g_t, %s", where);
    dm_check_refutes((xt - p.beta * g) / a, "the sign of the score");
    dm_check_refutes((xt + sqrt(p.beta) * g) / a, "sqrt(beta) for beta");
    dm_check_refutes((xt + p.beta * g) / (1.0 - p.beta),
                     "1 - beta for its root");
}

static void check_three_forms(const dm_schedule *sch)
{
    size_t t = GSL_MAX(2, (sch->T + 1) / 2);
    step p = step_of(sch, t - 1, t);
    char where[32];

    check_forms(first_step(), XT, X0, "0.9 to 0.7");
    snprintf(where, sizeof where, "t = %zu", t);
    check_forms(p, sqrt(p.abar_t) * X0 - 0.7 * sqrt(p.c_t), X0, where);
}

/* --- 2.4 the start unknown ------------------------------------------------ */

static dm_mixture *law_before(const dm_mixture *data, step p)
{
    return dm_mixture_diffuse(data, (dm_level){ sqrt(p.abar_s), p.c_s });
}

static dm_mixture *law_after(const dm_mixture *data, step p)
{
    return dm_mixture_diffuse(data, (dm_level){ sqrt(p.abar_t), p.c_t });
}

// snippet: reverse
/* The law of x_s given x_t, Eq. (2.8): that of x_0 in Eq. (0.19), with q_s in
 * place of the data and the step in place of the noise level. */
static dm_mixture *reverse(const dm_mixture *data, step p, const double xt[])
{
    dm_mixture *q_s = law_before(data, p);
    dm_mixture *back =
        dm_mixture_posterior(q_s, (dm_level){ sqrt(1.0 - p.beta), p.beta }, xt);
    dm_mixture_free(q_s);
    return back;
}
// end: reverse

/* A point that the law of m does produce: z standard deviations from the middle
 * of the bump in which the weights, added up, pass u; in x, then in y given x. */
static void point_in(const dm_mixture *m, double u, double z, double x[])
{
    const dm_component *c = m->component;
    double below = c->weight;

    for (size_t k = 1; k < m->K && below < u; k++) {
        c = &m->component[k];
        below += c->weight;
    }
    x[0] = c->mean[0] + z * sqrt(c->cov.xx);
    if (m->dim == 2)
        x[1] = c->mean[1] + z * c->cov.xy / sqrt(c->cov.xx) +
               z * sqrt(dm_sym2_determinant(c->cov) / c->cov.xx);
}

/* A step back that is checked: the laws before and after the step, the point
 * x_t, and the law of x_s given x_t. */
typedef struct {
    const dm_mixture *data;
    step p;
    dm_mixture *q_s, *q_t, *back;
    double x[2];
} scene;

/* From the point of point_in(q_t, u, z). */
static scene scene_at(const dm_mixture *data, step p, double u, double z)
{
    scene v = { .data = data, .p = p };

    v.q_s = law_before(data, p);
    v.q_t = law_after(data, p);
    point_in(v.q_t, u, z, v.x);
    v.back = reverse(data, p, v.x);
    return v;
}

static void free_scene(scene *v)
{
    dm_mixture_free(v->q_s);
    dm_mixture_free(v->q_t);
    dm_mixture_free(v->back);
}

/* How many units of round-off a quantity of size 1 may have picked up. */
static double roundings(const scene *v)
{
    return dm_mixture_condition(v->q_s) * dm_mixture_condition(v->back);
}

/* The relative error that can be asked of integrals for the law of x_s given
 * x_t: points of this size are rounded, by so many standard deviations. */
static double tolerance(const scene *v, double size)
{
    step p = v->p;
    double points = 64.0 * DBL_EPSILON * size / sqrt(p.beta * p.c_s / p.c_t);

    return fmax(points, fmax(dm_mixture_tolerance(v->data, TOLERANCE),
                             dm_mixture_tolerance(v->back, TOLERANCE)));
}

/* What an integrand needs; each uses a few of these. */
typedef struct {
    const dm_mixture *m, *q_t;
    step p;
    double xt, xs, about;
    int power;
} what;

/* q(x_s given x_t, x_0 = x) q(x_0 = x given x_t); m is the law of x_0. */
static double over_start(double x, void *params)
{
    what *w = params;
    return exp(dm_gaussian_log_pdf(posterior(w->p, w->xt, x), w->xs) +
               dm_mixture_log_density(w->m, &x));
}

/* The density of x_s = y given x_t by its definition, over all starts. */
static double by_starts(const scene *v, double y, double epsabs)
{
    step p = v->p;
    dm_level level = { sqrt(p.abar_t), p.c_t };
    dm_mixture *starts = dm_mixture_posterior(v->data, level, v->x);
    what w = { .m = starts, .p = p, .xt = v->x[0], .xs = y };
    double of_x0 = sqrt(p.abar_s) * p.beta / p.c_t, result = NAN;
    dm_gaussian at0 = posterior(p, v->x[0], 0.0);
    dm_gaussian pointed = { (y - at0.mean) / of_x0,
                            at0.variance / gsl_pow_2(of_x0) };

    dm_mixture_integrate(starts, &pointed, over_start, &w, epsabs, &result);
    dm_mixture_free(starts);
    return result;
}

/* The row above is the density at y, or its logarithm: what it would be with
 * the weights of the data. */
static void refute_weights(const scene *v, const double y[], int logarithm)
{
    if (v->back->K != v->data->K)
        return; /* a bump without any weight left was dropped */
    dm_mixture *wrong = dm_mixture_diffuse(v->back, (dm_level){ 1.0, 0.0 });
    for (size_t k = 0; k < wrong->K; k++) {
        dm_component *c = &wrong->component[k];
        c->log_peak += log(v->data->component[k].weight) - log(c->weight);
    }
    double density = dm_mixture_log_density(wrong, y);
    dm_check_refutes(logarithm ? density : exp(density), "w_k for r_k");
    dm_mixture_free(wrong);
}

static void check_reverse_1d(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double y, guess;

    point_in(v.back, 0.4, -0.6, &y);
    double density = exp(dm_mixture_log_density(v.back, &y));
    double tol = tolerance(&v, fabs(v.x[0]) + fabs(y));
    dm_level level = { sqrt(v.p.abar_t), v.p.c_t };
    dm_mixture_denoise(data, level, v.x, &guess, NULL);
    dm_check_numeric(by_starts(&v, y, tol * density), density,
                     2.0 * tol * density, 1.0, "2.8",
                     "1-D: density over all starts");
    dm_check_refutes(dm_gaussian_pdf(posterior(v.p, v.x[0], guess), y),
                     "E[x_0 given x_t] put in for x_0");
    dm_check_refutes(exp(dm_mixture_log_density(v.q_s, &y)),
                     "q_(t-1): x_t forgotten");
    refute_weights(&v, &y, 0);
    free_scene(&v);
}

static void check_reverse_2d(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double y[2];

    point_in(v.back, 0.4, -0.6, y);
    double joint = dm_mixture_log_density(v.q_s, y);
    for (size_t j = 0; j < 2; j++)
        joint += dm_gaussian_log_pdf(kernel(v.p, y[j]), v.x[j]);
    dm_check_exact(joint - dm_mixture_log_density(v.q_t, v.x),
                   dm_mixture_log_density(v.back, y), 64.0,
                   roundings(&v) + fabs(joint), "2.8",
                   "2-D: log density by Bayes' rule");
    dm_check_refutes(joint, "the joint law for the conditional");
    dm_check_refutes(dm_mixture_log_density(v.q_s, y),
                     "q_(t-1): x_t forgotten");
    refute_weights(&v, y, 1);
    free_scene(&v);
}

/* --- 2.5 mean and variance ------------------------------------------------ */

/* (y - about)^power q_s(y) q(x_t given x_s = y); m is q_s. */
static double joint_power(double y, void *params)
{
    what *w = params;
    return gsl_pow_int(y - w->about, w->power) *
           exp(dm_mixture_log_density(w->m, &y) +
               dm_gaussian_log_pdf(kernel(w->p, y), w->xt));
}

static double joint_integral(what w, double epsabs)
{
    double a = sqrt(1.0 - w.p.beta), result = NAN;
    dm_gaussian pointed = { w.xt / a, w.p.beta / (a * a) };

    dm_mixture_integrate(w.m, &pointed, joint_power, &w, epsabs, &result);
    return result;
}

static void check_tweedie_1d(const dm_mixture *data, double u, double z)
{
    scene v = scene_at(data, second_step(), u, z);
    double b = v.p.beta, a = sqrt(1.0 - b), x = v.x[0], s;
    dm_sym2 h;

    dm_mixture_score(v.q_t, &x, &s);
    dm_mixture_hessian(v.q_t, &x, &h);
    double tol = tolerance(&v, fabs(x)), size = fabs(x) + fabs(s) + 1.0;
    what w = { .m = v.q_s, .p = v.p, .xt = x };
    double density = exp(dm_mixture_log_density(v.q_t, &x));
    // snippet: tweedie
    density = joint_integral(w, tol * density); /* q_t(x_t) */
    w.power = 1;
    double mean = joint_integral(w, tol * density * size) / density;
    dm_check_numeric(mean, (x + b * s) / a, 4.0 * tol * size, 1.0, "2.9",
                     "1-D: E[x_(t-1) given x_t = %.2g]", x);
    dm_check_refutes((x - b * s) / a, "the sign of the score");
    dm_check_refutes((x + sqrt(b) * s) / a, "sqrt(beta) for beta");
    dm_check_refutes(x + 0.5 * b * x + b * s, "x + beta (x/2 + s), Euler's");
    dm_check_refutes(x + b * s, "not divided by sqrt(1 - beta)");
    // end: tweedie
    w.power = 2;
    w.about = mean;
    dm_check_numeric(joint_integral(w, tol * density * b) / density,
                     b / (a * a) * (1.0 + b * h.xx), 4.0 * tol, b, "2.10",
                     "1-D: Var[x_(t-1) given x_t = %.2g]", x);
    dm_check_refutes(b, "beta at every x_t");
    dm_check_refutes(b * v.p.c_s / v.p.c_t, "beta-tilde at every x_t");
    dm_check_refutes(b / (a * a) * (1.0 + v.p.c_t * h.xx), "c_t H for beta H");
    dm_check_refutes(b * (1.0 + b * h.xx), "not divided by 1 - beta");
    free_scene(&v);
}

static void check_tweedie_2d(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double b = v.p.beta, a = sqrt(1.0 - b), s[2], mean[2];
    dm_sym2 h, cov;

    dm_mixture_score(v.q_t, v.x, s);
    dm_mixture_hessian(v.q_t, v.x, &h);
    dm_mixture_moments(v.back, mean, &cov);
    double scale = roundings(&v) * (fabs(v.x[0]) + fabs(v.x[1]) + 1.0);
    for (size_t j = 0; j < 2; j++) {
        dm_check_exact((v.x[j] + b * s[j]) / a, mean[j], 64.0, scale, "2.9",
                       "2-D: E[x_(t-1) given x_t], %s", j == 0 ? "x" : "y");
        dm_check_refutes((v.x[j] - b * s[j]) / a, "the sign of the score");
    }
    dm_check_exact(b * b / (a * a) * h.xy, cov.xy, 64.0, scale, "2.10",
                   "2-D: Cov[x_(t-1) given x_t], xy");
    dm_check_refutes(0.0, "sigma^2 times the unit matrix");
    dm_check_exact(b / (a * a) * (1.0 + b * h.yy), cov.yy, 64.0, scale, "2.10",
                   "2-D: Cov[x_(t-1) given x_t], yy");
    dm_check_refutes(b, "beta in every direction");
    dm_check_refutes(b * v.p.c_s / v.p.c_t, "beta-tilde in every direction");
    free_scene(&v);
}

static void check_total_variance(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double of_x0 = sqrt(v.p.abar_s) * v.p.beta / v.p.c_t;
    double within = v.p.beta * v.p.c_s / v.p.c_t;
    dm_level level = { sqrt(v.p.abar_t), v.p.c_t };
    dm_sym2 total, start;

    dm_mixture_moments(v.back, NULL, &total);
    dm_mixture_denoise(data, level, v.x, NULL, &start);
    dm_check_exact(total.xx, within + of_x0 * of_x0 * start.xx, 64.0,
                   roundings(&v) * dm_mixture_condition(data), "2.11",
                   "1-D: variance within plus between");
    dm_check_refutes(within, "E[x_0 given x_t] put in for x_0");
    dm_check_refutes(of_x0 * of_x0 * start.xx, "beta-tilde left out");
    dm_check_refutes(within + of_x0 * start.xx, "coefficient not squared");
    free_scene(&v);
}

/* --- 2.6 which variance --------------------------------------------------- */

/* Eq. (2.10) in one dimension. */
static double variance_back(const dm_mixture *q_t, step p, double x)
{
    dm_sym2 h;

    dm_mixture_hessian(q_t, &x, &h);
    return p.beta / (1.0 - p.beta) * (1.0 + p.beta * h.xx);
}

/* The same for data of one Gaussian, at step t. */
static double variance_for(dm_gaussian data, step p)
{
    const double one = 1.0;
    dm_mixture *m = dm_mixture_new(1, 1, &one, &data.mean, &data.variance);
    dm_mixture *q_t = law_after(m, p);
    double variance = variance_back(q_t, p, 0.4);

    dm_mixture_free(m);
    dm_mixture_free(q_t);
    return variance;
}

static void check_extremes(step p, const char *where)
{
    const dm_gaussian normal = { 0.0, 1.0 }, point = { X0, 1e-300 };
    double tilde = p.beta * p.c_s / p.c_t, scale = p.beta / (1.0 - p.beta);

    dm_check_exact(variance_for(normal, p), p.beta, 16.0, scale, "2.12",
                   "data N(0, 1), %s", where);
    dm_check_refutes(tilde, "beta-tilde for beta");
    dm_check_refutes(p.beta / (1.0 - p.beta), "beta/(1 - beta)");
    dm_check_exact(variance_for(point, p), tilde, 16.0, scale, "2.12",
                   "data one point, %s", where);
    dm_check_refutes(p.beta, "beta for beta-tilde");
    dm_check_refutes(p.beta * p.c_s, "not divided by 1 - abar_t");
}

static void check_bound(void)
{
    const dm_gaussian wide = { X0, 1.7 };
    step p = second_step();
    double spread = p.abar_t * wide.variance + p.c_t;
    double scale = p.beta / (1.0 - p.beta);

    dm_check_exact(variance_for(wide, p), scale * (1.0 - p.beta / spread), 16.0,
                   scale, "2.13", "one bump, v = 1.7: the bound is met");
    dm_check_refutes(p.beta, "beta, as for variance 1");
    dm_check_refutes(scale * (1.0 - p.beta / wide.variance),
                     "Var x_0 for Var x_t");
}

/* q_t(x) times the variance of x_s given x_t = x, from its bumps; m is q_s. */
static double weighted_variance(double x, void *params)
{
    what *w = params;
    dm_level level = { sqrt(1.0 - w->p.beta), w->p.beta };
    dm_mixture *back = dm_mixture_posterior(w->m, level, &x);
    dm_sym2 cov;

    dm_mixture_moments(back, NULL, &cov);
    dm_mixture_free(back);
    return cov.xx * exp(dm_mixture_log_density(w->q_t, &x));
}

/* q_t(x) times the square of its score; params is q_t. */
static double squared_score(double x, void *params)
{
    double s;

    dm_mixture_score(params, &x, &s);
    return s * s * exp(dm_mixture_log_density(params, &x));
}

/* E s_t^2 for q_t in one dimension, with an error of at most tol. */
static double mean_squared_score(const dm_mixture *q_t, double tol)
{
    double result = NAN;

    dm_mixture_integrate(q_t, NULL, squared_score, (void *)q_t, tol, &result);
    return result;
}

static void check_average(const dm_mixture *data)
{
    step p = second_step();
    double b = p.beta, factor = b / (1.0 - b), average = NAN;
    dm_mixture *q_s = law_before(data, p), *q_t = law_after(data, p);
    double tol = dm_mixture_tolerance(q_t, TOLERANCE);
    double squared = mean_squared_score(q_t, tol / p.c_t);
    what w = { .m = q_s, .q_t = q_t, .p = p };
    dm_sym2 cov;

    dm_mixture_moments(q_t, NULL, &cov);
    dm_mixture_integrate(q_t, NULL, weighted_variance, &w, tol * factor,
                         &average);
    dm_check_numeric(average, factor * (1.0 - b * squared), 2.0 * tol * factor,
                     b, "2.13", "E Var[x_(t-1) given x_t]");
    dm_check_refutes(b, "beta");
    dm_check_refutes(b * p.c_s / p.c_t, "beta-tilde");
    dm_check_refutes(factor * (1.0 - b / cov.xx), "q_t taken for a Gaussian");
    dm_check_refutes(factor * (1.0 - sqrt(b) * squared), "sqrt(beta) for beta");
    dm_mixture_free(q_s);
    dm_mixture_free(q_t);
}

/* --- 2.7 how Gaussian it is ----------------------------------------------- */

/* KL(law to g) in nat, for a law in one dimension: the divergence does not
 * change when both are shifted and scaled so that g becomes N(0, 1). */
static double kl_to(const dm_mixture *law, dm_gaussian g, double *error)
{
    double *weight = malloc(3 * law->K * sizeof *weight), kl = NAN;
    double *mean = weight + law->K, *variance = mean + law->K;

    for (size_t k = 0; k < law->K; k++) {
        const dm_component *c = &law->component[k];
        weight[k] = c->weight;
        mean[k] = (c->mean[0] - g.mean) / sqrt(g.variance);
        variance[k] = c->cov.xx / g.variance;
    }
    dm_mixture *scaled = dm_mixture_new(1, law->K, weight, mean, variance);
    dm_distance_kl_to_normal(scaled, &kl, error);
    dm_mixture_free(scaled);
    free(weight);
    return kl;
}

/* The Gaussian with the mean and the variance of a law in one dimension. */
static dm_gaussian best_gaussian(const dm_mixture *law)
{
    double mean;
    dm_sym2 cov;

    dm_mixture_moments(law, &mean, &cov);
    return (dm_gaussian){ mean, cov.xx };
}

/* The price of a Gaussian step with the right mean and sigma^2 = beta, from z
 * standard deviations off the middle of a bump. */
static void check_split(const dm_mixture *data, step p, double z,
                        const char *where)
{
    scene v = scene_at(data, p, 0.3, z);
    dm_gaussian best = best_gaussian(v.back), ddpm = { best.mean, p.beta };
    double e1, e2, whole = kl_to(v.back, ddpm, &e1);
    double shape = kl_to(v.back, best, &e2), width = dm_gaussian_kl(best, ddpm);

    dm_check_numeric(whole, shape + width, e1 + e2, 1.0, "2.14",
                     "KL to N(mean, beta), %s", where);
    dm_check_refutes(width, "the law taken for a Gaussian");
    dm_check_refutes(shape, "beta taken for its variance");
    dm_check_refutes(shape + dm_gaussian_kl(ddpm, best),
                     "the arguments swapped");
    free_scene(&v);
}

static void check_splits(const dm_options *o)
{
    size_t t = GSL_MAX(2, o->steps * 93 / 1000);
    char where[32];

    snprintf(where, sizeof where, "t = %zu", t);
    check_split(o->data1, step_of(o->schedule, t - 1, t), 2.6, where);
    check_split(o->data1, second_step(), 1.0, "0.56 to 0.7");
    check_split(o->data1, large_step(), 1.0, "0.05 to 0.9");
}

// snippet: third
/* The third derivative of log q at x, in one dimension: the third central
 * moment of the bumps' scores, less 3 times their covariance with 1/V. */
static double third_derivative(const dm_mixture *q, double x, double *size)
{
    double r[DM_COMPONENTS_MAX], s, sum = 0.0;

    dm_mixture_responsibilities(q, &x, r);
    dm_mixture_score(q, &x, &s);
    *size = 0.0;
    for (size_t k = 0; k < q->K; k++) {
        const dm_component *c = &q->component[k];
        double d = (c->mean[0] - x) / c->cov.xx - s;
        sum += r[k] * d * (d * d - 3.0 / c->cov.xx);
        *size += r[k] * fabs(d) * (d * d + 3.0 / c->cov.xx);
    }
    return sum;
}
// end: third

static double third_moment(const dm_mixture *law)
{
    dm_gaussian g = best_gaussian(law);
    double sum = 0.0;

    for (size_t k = 0; k < law->K; k++) {
        const dm_component *c = &law->component[k];
        double d = c->mean[0] - g.mean;
        sum += c->weight * d * (d * d + 3.0 * c->cov.xx);
    }
    return sum;
}

static void check_third_moment(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double b = v.p.beta, cube = gsl_pow_3(b / sqrt(1.0 - b)), size;
    double third = third_derivative(v.q_t, v.x[0], &size);

    dm_check_exact(third_moment(v.back), cube * third, 64.0,
                   roundings(&v) * cube * (size + 1.0), "2.15",
                   "third central moment of x_(t-1)");
    dm_check_refutes(0.0, "a Gaussian");
    dm_check_refutes(gsl_pow_3(b) * third, "not divided by sqrt(1 - beta)");
    dm_check_refutes(b * sqrt(b) * third, "beta^(3/2) for beta^3");
    free_scene(&v);
}

/* Two bumps of the chapter's own, for rows that need well separated scales. */
static dm_mixture *own_bumps(void)
{
    const double weight[] = { 0.3, 0.7 }, mean[] = { -1.2, 1.4 };
    const double variance[] = { 0.2, 0.3 };

    return dm_mixture_new(1, 2, weight, mean, variance);
}

/* KL of the step back from x_t = x to its best Gaussian, over beta^3; adds to
 * *error the error of that. */
static double kl_per_cube(const dm_mixture *data, double abar_t, double x,
                          double beta, double *error)
{
    step p = step_between(abar_t / (1.0 - beta), abar_t);
    dm_mixture *back = reverse(data, p, &x);
    double of_kl, kl = kl_to(back, best_gaussian(back), &of_kl);

    dm_mixture_free(back);
    *error += of_kl / gsl_pow_3(beta);
    return kl / gsl_pow_3(beta);
}

static void check_order(void)
{
    const double x = 0.5, abar_t = 0.5;
    dm_mixture *m = own_bumps();
    dm_mixture *q_t =
        dm_mixture_diffuse(m, (dm_level){ sqrt(abar_t), 1.0 - abar_t });
    double size, third = third_derivative(q_t, x, &size), k[4], once[3];
    double noise = 0.0;

    // snippet: order
    for (int i = 0; i < 4; i++) /* beta = 0.01 to 0.00125 */
        k[i] = kl_per_cube(m, abar_t, x, ldexp(0.01, -i), &noise);
    for (int i = 0; i < 3; i++)
        once[i] = 2.0 * k[i + 1] - k[i]; /* the beta of the error cancels */
    double better = (4.0 * once[2] - once[1]) / 3.0; /* and its beta^2 */
    double before = (4.0 * once[1] - once[0]) / 3.0;
    // end: order
    dm_check_numeric(better, third * third / 12.0,
                     fabs(better - before) + 4.0 * noise, 1.0, "2.16",
                     "KL/beta^3 for small beta");
    dm_check_refutes(third * third / 6.0, "1/6 for 1/12");
    dm_check_refutes(fabs(third) / 12.0, "s'' for its square");
    dm_check_refutes(0.0, "Gaussian to this order");
    double slope = 3.0 + log2(k[2] / k[3]), steeper = 3.0 + log2(k[1] / k[2]);
    dm_check_order(slope, 3.0, 2.0 * fabs(slope - steeper), "2.16",
                   "power of beta in KL");
    dm_check_refutes(2.0, "KL of order beta^2");
    dm_mixture_free(q_t);
    dm_mixture_free(m);
}

/* --- 2.8 one bump or two -------------------------------------------------- */

/* How many maxima a law in one dimension has: all lie between the bumps'
 * means.  0 if its bumps are too narrow for its width to tell. */
static size_t count_modes(const dm_mixture *law)
{
    double low = INFINITY, high = -INFINITY, narrowest = INFINITY, s = 1.0;
    size_t modes = 0;

    for (size_t k = 0; k < law->K; k++) {
        const dm_component *c = &law->component[k];
        low = fmin(low, c->mean[0]);
        high = fmax(high, c->mean[0]);
        narrowest = fmin(narrowest, sqrt(c->cov.xx));
    }
    double h = 0.1 * narrowest, points = (high - low) / h;
    if (!(points < 1e5))
        return 0;
    for (double i = -1.0; i <= points + 2.0; i += 1.0) {
        double x = low + i * h, last = s;
        dm_mixture_score(law, &x, &s);
        modes += last > 0.0 && s <= 0.0;
    }
    return modes;
}

static void check_curvature(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double b = v.p.beta, y;
    dm_sym2 curvature, before_it, after_it;

    point_in(v.back, 0.4, -0.6, &y);
    dm_mixture_hessian(v.back, &y, &curvature);
    dm_mixture_hessian(v.q_s, &y, &before_it);
    dm_mixture_hessian(v.q_t, &y, &after_it);
    dm_check_exact(curvature.xx, before_it.xx - (1.0 - b) / b, 64.0,
                   roundings(&v) * (fabs(before_it.xx) + 1.0 / b), "2.17",
                   "curvature of ln q(x_(t-1) given x_t)");
    dm_check_refutes(before_it.xx - 1.0 / b, "1/beta for (1 - beta)/beta");
    dm_check_refutes(after_it.xx - (1.0 - b) / b, "H_t for H_(t-1)");
    dm_check_refutes(-v.p.c_t / (b * v.p.c_s), "-1/beta-tilde, as for one x_0");
    free_scene(&v);
}

/* Where H_s, the second derivative of log q_s, is largest on (-3, 3): to 1e-3,
 * then where the third derivative is 0. */
static double steepest_valley(const dm_mixture *q_s)
{
    double largest = -INFINITY, y = 0.0, size;

    for (int i = -3000; i <= 3000; i++) {
        double x = 1e-3 * i;
        dm_sym2 h;
        dm_mixture_hessian(q_s, &x, &h);
        y = h.xx > largest ? x : y;
        largest = fmax(largest, h.xx);
    }
    double low = y - 1e-3, high = y + 1e-3;
    for (int i = 0; i < 60; i++) {
        y = 0.5 * (low + high);
        *(third_derivative(q_s, y, &size) > 0.0 ? &low : &high) = y;
    }
    return y;
}

/* The most maxima that the step back has, over 199 quantiles of x_t. */
static size_t most_modes(const dm_mixture *data, step p)
{
    dm_mixture *q_t = law_after(data, p);
    size_t most = 0;

    for (int i = 1; i < 200; i++) {
        double x = dm_mixture_quantile(q_t, i / 200.0);
        dm_mixture *back = reverse(data, p, &x);
        most = GSL_MAX(most, count_modes(back));
        dm_mixture_free(back);
    }
    dm_mixture_free(q_t);
    return most;
}

// snippet: valley
/* The smallest beta for which the step back to q_s has a valley at y: its
 * density at y - h and at y + h is larger.  s is the score of q_s at y. */
static double first_valley(const dm_mixture *data, double abar_s, double y,
                           double s, double h)
{
    double low = 0.0, high = 1.0, left = y - h, right = y + h;

    for (int i = 0; i < 50; i++) {
        double b = 0.5 * (low + high);
        double x = ((1.0 - b) * y - b * s) / sqrt(1.0 - b); /* y is flat */
        step p = step_between(abar_s, abar_s * (1.0 - b));
        dm_mixture *back = reverse(data, p, &x);
        double middle = dm_mixture_log_density(back, &y);
        int valley = dm_mixture_log_density(back, &left) > middle &&
                     dm_mixture_log_density(back, &right) > middle;
        *(valley ? &high : &low) = b;
        dm_mixture_free(back);
    }
    return high;
}
// end: valley

static void check_modes(void)
{
    const double abar_s = 0.9;
    dm_mixture *m = own_bumps();
    dm_mixture *q_s =
        dm_mixture_diffuse(m, (dm_level){ sqrt(abar_s), 1.0 - abar_s });
    double y = steepest_valley(q_s), s;
    dm_sym2 h;

    dm_mixture_score(q_s, &y, &s);
    dm_mixture_hessian(q_s, &y, &h);
    double fine = first_valley(m, abar_s, y, s, 0.002);
    double coarse = first_valley(m, abar_s, y, s, 0.004);
    dm_check_numeric(fine, 1.0 / (1.0 + h.xx), fabs(fine - coarse), 1.0, "2.18",
                     "smallest beta with a valley");
    dm_check_refutes(1.0 / h.xx, "1/beta for (1 - beta)/beta");
    dm_check_refutes(1.0, "one maximum at any beta");
    step p = step_between(abar_s, abar_s * (1.0 - 0.9 / (1.0 + h.xx)));
    dm_check_exact((double)most_modes(m, p), 1.0, 0.0, 1.0, "2.18",
                   "most maxima at 0.9 of that beta");
    dm_check_refutes((double)most_modes(m, large_step()),
                     "as many as from 0.05 to 0.9");
    dm_mixture_free(q_s);
    dm_mixture_free(m);
}

/* The step back of the table and of the figure: from abar_t = 0.2, x_t the
 * 0.4-quantile of q_t, with noise beta. */
static dm_mixture *step_back(const dm_mixture *data, double beta, double *x)
{
    const double abar_t = 0.2;
    step p = step_between(fmin(abar_t / (1.0 - beta), 1.0), abar_t);
    dm_mixture *q_t = law_after(data, p);

    x[0] = dm_mixture_quantile(q_t, 0.4);
    dm_mixture_free(q_t);
    return reverse(data, p, x);
}

/* Prints how far from a Gaussian longer and longer steps are. */
static void print_steps(const dm_mixture *data)
{
    static const double beta[] = { 0.01, 0.02, 0.05, 0.1, 0.2,
                                   0.4,  0.5,  0.6,  0.7, 0.8 };
    dm_mixture *q_t = dm_mixture_diffuse(data, (dm_level){ sqrt(0.2), 0.8 });

    printf("-- steps --\n%5s %7s %12s %20s %7s\n", "beta", "abar_s", "KL",
           "beta^3 s''^2/12", "maxima");
    for (size_t i = 0; i < sizeof beta / sizeof *beta; i++) {
        double x, size, error;
        dm_mixture *back = step_back(data, beta[i], &x);
        double third = third_derivative(q_t, x, &size);
        printf("%5.2f %7.3f %12.2g %20.2g %7zu\n", beta[i],
               0.2 / (1.0 - beta[i]), kl_to(back, best_gaussian(back), &error),
               gsl_pow_3(beta[i]) * third * third / 12.0, count_modes(back));
        dm_mixture_free(back);
    }
    dm_mixture_free(q_t);
}

/* --- exercises ------------------------------------------------------------ */

static void check_third_form(void)
{
    step p = first_step();
    double eps = (XT - sqrt(p.abar_t) * X0) / sqrt(p.c_t);
    double tilde = p.c_s / p.c_t * p.beta, start = sqrt(p.abar_s) * X0;

    dm_check_exact(start + sqrt(p.c_s - tilde) * eps, posterior(p, XT, X0).mean,
                   64.0, 1.0, "2.4", "Ex. 1: mean from x_0 and eps");
    dm_check_refutes(start + sqrt(p.c_s) * eps, "beta-tilde not taken off");
    dm_check_refutes(start + sqrt(tilde) * eps, "sigma in front of eps");
}

static void check_euler(void)
{
    const double x = 0.7, s = 1.3;
    double e[4];

    for (int i = 0; i < 4; i++) {
        double b = ldexp(0.02, -i);
        e[i] =
            ((x + b * s) / sqrt(1.0 - b) - (x + 0.5 * b * x + b * s)) / (b * b);
    }
    double better = 2.0 * e[3] - e[2], before = 2.0 * e[2] - e[1];
    dm_check_numeric(better, 0.5 * s + 0.375 * x, fabs(better - before), 1.0,
                     "2.9", "Ex. 2: (mean - Euler's)/beta^2");
    dm_check_refutes(0.5 * s + 0.125 * x, "1/8 for 3/8");
    dm_check_refutes(0.5 * s, "beta^2 of the root left out");
}

static void check_data_points(void)
{
    const double weight[] = { 0.25, 0.25, 0.25, 0.25 };
    const double point[] = { -1.2, 0.1, 0.8, 2.0 };
    const double tiny[] = { 1e-300, 1e-300, 1e-300, 1e-300 };
    const double x = 0.3;
    step p = step_between(1.0, 0.56);
    dm_mixture *m = dm_mixture_new(1, 4, weight, point, tiny);
    dm_mixture *q_t = law_after(m, p);
    double s, sum[3] = { 0.0 }, mean[3] = { 0.0 };

    dm_mixture_score(q_t, &x, &s);
    for (size_t k = 0; k < 4; k++) {
        double d = fabs(x - sqrt(p.abar_t) * point[k]);
        double w[] = { exp(-0.5 * d * d / p.c_t), d, 1.0 / d };
        for (size_t i = 0; i < 3; i++) {
            sum[i] += w[i];
            mean[i] += w[i] * point[k];
        }
    }
    dm_check_exact((x + p.beta * s) / sqrt(1.0 - p.beta), mean[0] / sum[0],
                   64.0, 1.0, "2.9", "Ex. 3: E[x_0], data of four points");
    dm_check_refutes(mean[1] / sum[1], "weighted by the distance");
    dm_check_refutes(mean[2] / sum[2], "weighted by 1 over the distance");
    dm_mixture_free(m);
    dm_mixture_free(q_t);
}

/* E[x_1 given x_2, x_3] for data N(0, 1.7) by the precision of the three. */
static void check_backward_markov(void)
{
    const double abar[] = { 0.9, 0.7, 0.3 }, v = 1.7, x2 = 0.8, x3 = -1.1;
    double cov[9];
    gsl_matrix_view C = gsl_matrix_view_array(cov, 3, 3);
    step p = step_between(abar[0], abar[1]);
    double var2 = abar[1] * v + 1.0 - abar[1];
    double var3 = abar[2] * v + 1.0 - abar[2];

    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            size_t s = GSL_MIN(i, j), t = GSL_MAX(i, j);
            cov[3 * i + j] =
                sqrt(abar[t] / abar[s]) * (abar[s] * v + 1.0 - abar[s]);
        }
    double cov12 = cov[1], cov13 = cov[2];
    gsl_linalg_cholesky_decomp1(&C.matrix);
    gsl_linalg_cholesky_invert(&C.matrix);
    dm_check_exact(-(cov[1] * x2 + cov[2] * x3) / cov[0],
                   (x2 - p.beta * x2 / var2) / sqrt(1.0 - p.beta), 64.0, 1.0,
                   "2.9", "Ex. 4: E[x_1 given x_2, x_3]");
    dm_check_refutes(cov12 / var2 * x2 + cov13 / var3 * x3,
                     "x_3 added as if x_2 were unknown");
}

/* --- data of the figures -------------------------------------------------- */

/* Walks n times a BLOCK from X0 over the step, and counts where those that end
 * near XT were before it, in bars on (low, high).  Returns how many ended
 * there. */
static double count_walks(const dm_options *o, step p, size_t n, double low,
                          double high, double count[BARS])
{
    const double near = 0.02;
    double z1[BLOCK], z2[BLOCK], all = 0.0;

    for (size_t i = 0; i < n * BLOCK; i += BLOCK) {
        dm_rng_normals(o->seed, DM_STREAM_EXTRA, 0, (uint32_t)i, BLOCK, z1, z2);
        for (size_t j = 0; j < BLOCK; j++) {
            double x = sqrt(p.abar_s) * X0 + sqrt(p.c_s) * z1[j];
            double end = sqrt(1.0 - p.beta) * x + sqrt(p.beta) * z2[j];
            if (!(fabs(end - XT) < near))
                continue;
            all += 1.0;
            if (low <= x && x < high)
                count[(size_t)((x - low) / (high - low) * BARS)] += 1.0;
        }
    }
    return all;
}

/* x_(t-1), prior, likelihood as a density, posterior; and of walks from X0
 * that end near XT: where they were before, density, its standard error. */
static void write_bayes(const dm_options *o)
{
    const double low = 0.1, high = 2.5, width = (high - low) / BARS;
    step p = first_step();
    double a = sqrt(1.0 - p.beta), count[BARS] = { 0.0 };
    dm_gaussian likelihood = { XT / a, p.beta / (a * a) };
    dm_table *t = dm_options_data(o, "ch02_bayes.dat");

    for (int i = 0; i <= 240; i++) {
        double x = low + (high - low) * i / 240.0;
        double row[] = { x, dm_gaussian_pdf(before(p, X0), x),
                         dm_gaussian_pdf(likelihood, x),
                         dm_gaussian_pdf(posterior(p, XT, X0), x) };
        dm_table_row(t, 4, row);
    }
    dm_table_close(t);
    double unit = 1.0 / (width * count_walks(o, p, WALKS, low, high, count));
    t = dm_options_data(o, "ch02_walks.dat");
    for (size_t i = 0; i < BARS; i++) {
        double row[] = { low + width * ((double)i + 0.5), count[i] * unit,
                         sqrt(count[i]) * unit };
        dm_table_row(t, 3, row);
    }
    dm_table_close(t);
}

/* For four steps back: x_s, its density, its best Gaussian. */
static void write_bimodal(const dm_options *o)
{
    static const double beta[] = { 0.1, 0.5, 0.7, 0.8 };
    dm_table *t = dm_options_data(o, "ch02_bimodal.dat");
    double low = INFINITY, high = -INFINITY, x, error;
    dm_mixture *back[4];

    for (size_t i = 0; i < 4; i++) {
        back[i] = step_back(o->data1, beta[i], &x);
        low = fmin(low, dm_mixture_quantile(back[i], 1e-4));
        high = fmax(high, dm_mixture_quantile(back[i], 1.0 - 1e-4));
    }
    for (size_t i = 0; i < 4; i++) {
        dm_gaussian best = best_gaussian(back[i]);
        dm_table_printf(t, "# %.2g %.2g\n", 0.2 / (1.0 - beta[i]),
                        kl_to(back[i], best, &error));
        for (int j = 0; j <= 300; j++) {
            double y = low + (high - low) * j / 300.0;
            double row[] = { y, exp(dm_mixture_log_density(back[i], &y)),
                             dm_gaussian_pdf(best, y) };
            dm_table_row(t, 3, row);
        }
        dm_table_printf(t, "\n\n");
        dm_mixture_free(back[i]);
    }
    dm_table_close(t);
}

/* A row of the figure, over beta: t, beta-tilde, the mean of the variances at
 * 100 quantiles of x_t, and the least and the largest of the middle 90. */
static void write_variance(dm_table *t, const dm_options *o, step p, size_t at)
{
    dm_mixture *q_t = law_after(o->data1, p);
    double mean = 0.0, least = INFINITY, most = 0.0;

    for (int i = 0; i < 100; i++) {
        double x = dm_mixture_quantile(q_t, (i + 0.5) / 100.0);
        double share = variance_back(q_t, p, x) / p.beta;
        mean += share / 100.0;
        if (i < 5 || i >= 95)
            continue;
        least = fmin(least, share);
        most = fmax(most, share);
    }
    double row[] = { (double)at, p.c_s / p.c_t, mean, least, most };
    dm_table_row(t, 5, row);
    dm_mixture_free(q_t);
}

static void write_variances(const dm_options *o)
{
    size_t T = o->steps, jumps = GSL_MIN(20, T), last = 0;
    dm_table *t = dm_options_data(o, "ch02_variances.dat");

    for (double at = 1.0; at < 1.001 * (double)T; at *= 1.2) {
        size_t now = (size_t)lround(fmin(at, (double)T));
        if (now > last)
            write_variance(t, o, step_of(o->schedule, now - 1, now), now);
        last = now;
    }
    dm_table_printf(t, "\n\n");
    for (size_t i = 1; i <= jumps; i++)
        write_variance(t, o,
                       step_of(o->schedule, (i - 1) * T / jumps, i * T / jumps),
                       i * T / jumps);
    dm_table_close(t);
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status =
        dm_options_read(&o, "ch02_posterior", "The posterior", argc, argv);
    if (status != -1)
        return status;
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    gsl_rng_set(rng, o.seed);

    dm_check_table("bayes");
    check_bayes();
    dm_check_table("square");
    check_square();
    check_schedule(o.schedule);
    dm_check_table("walks");
    check_walks(&o, rng);
    dm_check_table("forms");
    check_three_forms(o.schedule);
    dm_check_table("reverse");
    check_reverse_1d(o.data1);
    check_reverse_2d(o.data2);
    dm_check_table("tweedie");
    check_tweedie_1d(o.data1, 0.3, 1.0);
    check_tweedie_1d(o.data1, 0.8, 0.4);
    check_tweedie_2d(o.data2);
    check_total_variance(o.data1);
    dm_check_table("variances");
    check_extremes(second_step(), "beta = 0.2");
    check_extremes(step_of(o.schedule, 1, 2), "t = 2");
    check_bound();
    check_average(o.data1);
    dm_check_table("gaussian");
    check_splits(&o);
    check_third_moment(o.data1);
    check_order();
    dm_check_table("modes");
    check_curvature(o.data1);
    check_modes();
    print_steps(o.data1);
    dm_check_table("exercises");
    check_third_form();
    check_euler();
    check_data_points();
    check_backward_markov();
    write_bayes(&o);
    write_bimodal(&o);
    write_variances(&o);

    gsl_rng_free(rng);
    dm_options_free(&o);
    return dm_check_end();
}
