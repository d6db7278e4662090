/* Chapter 0 -- Gaussians and the toy data.
 *
 * Checks the Gaussian toolbox, Eqs. (0.1) to (0.12), against quadrature and
 * linear algebra, and the closed forms of the mixtures, Eqs. (0.13) to (0.23),
 * against integrals of their definitions.
 * Prints the check tables; writes data/ch00_*.dat.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "check.h"
#include "distance.h"
#include "gaussian.h"
#include "mixture.h"
#include "options.h"
#include "rng.h"
#include "table.h"

/* The laws of sections 0.1 to 0.4: no mean and no variance is 0 or 1. */
static const dm_gaussian X = { 1.7, 0.25 }, Y = { -0.6, 4.0 };
static const double A = 0.8, B = 0.3, NOISE = 0.49, SEEN = 1.1, U = 1.3;

/* The level of sections 0.6 to 0.9.  Its four numbers a, a^2, c, sqrt(c) are
 * all different, so that none can be taken for another. */
static const dm_level LEVEL = { 0.6, 0.64 };

/* Numbers drawn per particle in sections 0.2 and 0.10; points in the figure. */
enum { PAIRS = 50, POINTS = 6, SHOWN = 1500 };

/* Asked of every quadrature. */
static const double TOLERANCE = 1e-11;

/* --- integrals ------------------------------------------------------------ */

/* What an integrand needs; each uses a few of these. */
typedef struct {
    dm_gaussian g, h;    /* laws of a number                     */
    const dm_mixture *m; /* the data                             */
    dm_level level;      /* of noise                             */
    double x;            /* a point                              */
    int power;           /* an exponent                          */
    int wrong;           /* 1 to make the mistake that is named  */
} what;

/* The integral of f over the line, for laws like g. */
static double integral(dm_gaussian g, double (*f)(double, void *), what w)
{
    double result = NAN;

    dm_gaussian_integrate(1, &g, f, &w, TOLERANCE, &result);
    return result;
}

/* --- 0.1 one Gaussian ----------------------------------------------------- */

/* Eq. (0.1), and with the root over sigma too. */
static double density(double x, void *p)
{
    what *w = p;
    double sd = sqrt(w->g.variance);
    return dm_gaussian_pdf(w->g, x) * (w->wrong ? sqrt(sd) : 1.0);
}

static double first_moment(double x, void *p)
{
    what *w = p;
    return x * dm_gaussian_pdf(w->g, x);
}

// snippet: second-moment
static double second_moment(double x, void *p)
{
    what *w = p;
    return gsl_pow_2(x - w->g.mean) * dm_gaussian_pdf(w->g, x);
}
// end: second-moment

static double cosine(double x, void *p)
{
    what *w = p;
    return cos(U * x) * dm_gaussian_pdf(w->g, x);
}

static void check_one(dm_gaussian g, const char *name)
{
    what w = { .g = g }, wrong = { .g = g, .wrong = 1 };
    double sd = sqrt(g.variance);

    dm_check_numeric(integral(g, density, w), 1.0, TOLERANCE, 1.0, "0.2",
                     "integral of the density of %s", name);
    dm_check_refutes(integral(g, density, wrong),
                     "1/sqrt(2 pi sigma) in front");
    // snippet: moment-rows
    dm_check_numeric(integral(g, first_moment, w), g.mean, TOLERANCE, sd, "0.2",
                     "mean of %s", name);
    dm_check_refutes(0.0, "the mean of the noise, 0");
    dm_check_numeric(integral(g, second_moment, w), g.variance, TOLERANCE, sd,
                     "0.2", "variance of %s", name);
    dm_check_refutes(sd, "sigma for sigma^2");
    // end: moment-rows
    dm_check_numeric(integral(g, cosine, w),
                     cos(U * g.mean) * exp(-0.5 * U * U * g.variance),
                     TOLERANCE, 1.0, "0.3", "E cos(u %s), u = %.1f", name, U);
    dm_check_refutes(cos(U * g.mean) * exp(-0.5 * U * U * sd),
                     "sigma for sigma^2 in the exponent");
    dm_check_refutes(exp(-0.5 * U * U * g.variance), "the mean left out");
}

/* --- 0.2 sums ------------------------------------------------------------- */

/* Density of X = x and of a X + b Y = w->x, with a = A and b = B. */
static double convolved(double x, void *p)
{
    what *w = p;
    dm_gaussian rest = { A * x + B * w->h.mean, B * B * w->h.variance };
    return dm_gaussian_pdf(w->g, x) * dm_gaussian_pdf(rest, w->x);
}

/* Draws n pairs (X, Y) with correlation rho; returns the mean square of
 * X + Y about its mean. */
static double spread_of_sum(size_t n, double rho, gsl_rng *r)
{
    double sx = sqrt(X.variance), sy = sqrt(Y.variance), sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        double x, y;
        gsl_ran_bivariate_gaussian(r, sx, sy, rho, &x, &y);
        sum += gsl_pow_2(x + y);
    }
    return sum / (double)n;
}

/* Draws n times X ~ N(0, 1) and a sign S; returns how often X + S X is 0. */
static double share_of_zeros(size_t n, gsl_rng *r)
{
    size_t zeros = 0;

    for (size_t i = 0; i < n; i++) {
        double x = gsl_ran_gaussian(r, 1.0);
        double s = gsl_rng_uniform(r) < 0.5 ? -1.0 : 1.0;
        zeros += x + s * x == 0.0;
    }
    return (double)zeros / (double)n;
}

static void check_sums(const dm_options *o, gsl_rng *r)
{
    const double z = 1.4, rho = 0.8;
    what w = { .g = X, .h = Y, .x = z };
    dm_gaussian sum = dm_gaussian_sum(A, X, B, Y);
    double sx = sqrt(X.variance), sy = sqrt(Y.variance);
    size_t n = PAIRS * o->particles;
    double low, high;

    dm_check_numeric(integral(X, convolved, w), dm_gaussian_pdf(sum, z),
                     TOLERANCE, 1.0, "0.4", "density of a X + b Y at %.1f", z);
    dm_check_refutes(
        dm_gaussian_pdf(
            (dm_gaussian){ sum.mean, A * X.variance + B * Y.variance }, z),
        "variance a v1 + b v2");
    dm_check_refutes(
        dm_gaussian_pdf((dm_gaussian){ sum.mean, gsl_pow_2(A * sx + B * sy) },
                        z),
        "standard deviations added");
    dm_check_refutes(
        dm_gaussian_pdf((dm_gaussian){ sum.mean, A * A * sx + B * B * sy }, z),
        "sigma for sigma^2");

    // snippet: dependent
    dm_rng_at(r, DM_STREAM_EXTRA, 0, 0);
    double v = X.variance + Y.variance + 2.0 * rho * sx * sy;
    dm_distance_variance_limits(n, DM_CHECK_TAIL, &low, &high);
    dm_check_law(spread_of_sum(n, rho, r), v, v * low, v * high, v, "0.4",
                 "Var(X + Y) at correlation %.1f", rho);
    dm_check_refutes(X.variance + Y.variance, "independence taken for granted");
    dm_rng_at(r, DM_STREAM_EXTRA, 1, 0);
    dm_check_mc(share_of_zeros(n, r), 0.5, 0.5 / sqrt((double)n), 1.0, "0.4",
                "P(X + S X = 0), S a random sign");
    dm_check_refutes(0.0, "X + S X normal, being uncorrelated");
    // end: dependent
}

/* --- 0.3 products and conditioning ---------------------------------------- */

static double product(double x, void *p)
{
    what *w = p;
    return dm_gaussian_pdf(w->g, x) * dm_gaussian_pdf(w->h, x);
}

static void check_product(void)
{
    const double x1 = 0.9, x2 = -1.1, x3 = 2.3;
    what w = { .g = X, .h = Y };
    double log_z;
    dm_gaussian both = dm_gaussian_product(X, Y, &log_z);
    dm_gaussian added = { both.mean, X.variance + Y.variance };
    dm_gaussian middle = { 0.5 * (X.mean + Y.mean), both.variance };

    /* The log of the product, less that of the law it should be, at two
     * points: the same if the law is right. */
    double l1 = dm_gaussian_log_pdf(X, x1) + dm_gaussian_log_pdf(Y, x1);
    double l2 = dm_gaussian_log_pdf(X, x2) + dm_gaussian_log_pdf(Y, x2);
    double l3 = dm_gaussian_log_pdf(X, x3) + dm_gaussian_log_pdf(Y, x3);
    dm_check_exact(
        l1 - l2, dm_gaussian_log_pdf(both, x1) - dm_gaussian_log_pdf(both, x2),
        8.0, fabs(l1) + fabs(l2), "0.5", "log product at %.1f less at %.1f", x1,
        x2);
    dm_check_refutes(dm_gaussian_log_pdf(added, x1) -
                         dm_gaussian_log_pdf(added, x2),
                     "variances added");
    dm_check_refutes(dm_gaussian_log_pdf(middle, x1) -
                         dm_gaussian_log_pdf(middle, x2),
                     "the mean halfway between");
    dm_check_exact(
        l1 - l3, dm_gaussian_log_pdf(both, x1) - dm_gaussian_log_pdf(both, x3),
        8.0, fabs(l1) + fabs(l3), "0.5", "log product at %.1f less at %.1f", x1,
        x3);
    dm_check_refutes(dm_gaussian_log_pdf(added, x1) -
                         dm_gaussian_log_pdf(added, x3),
                     "variances added");
    dm_check_numeric(integral(X, product, w), exp(log_z), TOLERANCE, 1.0, "0.6",
                     "integral of the product");
    dm_check_refutes(1.0, "a product taken for a density");
    dm_check_refutes(dm_gaussian_pdf((dm_gaussian){ Y.mean, both.variance },
                                     X.mean),
                     "v1 v2/(v1 + v2) for v1 + v2");
}

/* Density of Y = x and of a Y + b + noise = SEEN, times (x - w->x)^power. */
static double joint(double x, void *p)
{
    what *w = p;
    dm_gaussian seen = { A * x + B, NOISE };
    return gsl_pow_int(x - w->x, w->power) * dm_gaussian_pdf(w->g, x) *
           dm_gaussian_pdf(seen, SEEN);
}

static void check_channel(void)
{
    what w = { .g = Y };
    double v = Y.variance, total = A * A * v + NOISE, m = A * Y.mean + B;
    double p0 = integral(Y, joint, w);

    dm_check_numeric(p0, dm_gaussian_pdf((dm_gaussian){ m, total }, SEEN),
                     TOLERANCE, 1.0, "0.7", "density of y at %.1f", SEEN);
    dm_check_refutes(dm_gaussian_pdf((dm_gaussian){ m, A * v + NOISE }, SEEN),
                     "variance a v + r");
    dm_check_refutes(dm_gaussian_pdf((dm_gaussian){ m, NOISE }, SEEN),
                     "variance r only");

    dm_gaussian posterior = dm_gaussian_condition(Y, A, B, NOISE, SEEN);
    w.power = 1;
    double mean = integral(Y, joint, w) / p0;
    dm_check_numeric(mean, posterior.mean, TOLERANCE / p0, 1.0, "0.8",
                     "E[x given y = %.1f]", SEEN);
    dm_check_refutes((SEEN - B) / A, "the noise ignored, (y - b)/a");
    dm_check_refutes(Y.mean + v / total * (SEEN - m), "gain without a");
    w.power = 2;
    w.x = mean;
    dm_check_numeric(integral(Y, joint, w) / p0, posterior.variance,
                     TOLERANCE / p0, 1.0, "0.8", "Var[x given y = %.1f]", SEEN);
    dm_check_refutes(v, "the prior variance kept");
    dm_check_refutes(v * NOISE / (v + NOISE), "a left out of the total");
}

/* out = op(a) op(b), for 2 x 2 matrices. */
static void multiply(CBLAS_TRANSPOSE_t op_a, const gsl_matrix *a,
                     CBLAS_TRANSPOSE_t op_b, const gsl_matrix *b,
                     gsl_matrix *out)
{
    gsl_blas_dgemm(op_a, op_b, 1.0, a, b, 0.0, out);
}

static void invert(gsl_matrix *positive_definite)
{
    gsl_linalg_cholesky_decomp1(positive_definite);
    gsl_linalg_cholesky_invert(positive_definite);
}

/* The covariance of y, read off the inverse of the precision of (x, y), which
 * is [P + A^T Q A, -A^T Q; -Q A, Q] with P = C^-1 and Q = R^-1: all 2 x 2,
 * but for big, 4 x 4. */
static void invert_joint(const gsl_matrix *a, gsl_matrix *P, gsl_matrix *Q,
                         gsl_matrix *big)
{
    double qa[4], aqa[4];
    gsl_matrix_view QA = gsl_matrix_view_array(qa, 2, 2);
    gsl_matrix_view AQA = gsl_matrix_view_array(aqa, 2, 2);

    invert(P);
    invert(Q);
    multiply(CblasNoTrans, Q, CblasNoTrans, a, &QA.matrix);
    multiply(CblasTrans, a, CblasNoTrans, &QA.matrix, &AQA.matrix);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            gsl_matrix_set(big, i, j, gsl_matrix_get(P, i, j) + aqa[2 * i + j]);
            gsl_matrix_set(big, i + 2, j + 2, gsl_matrix_get(Q, i, j));
            gsl_matrix_set(big, i + 2, j, -qa[2 * i + j]);
            gsl_matrix_set(big, j, i + 2, -qa[2 * i + j]);
        }
    invert(big);
}

static void check_matrix_channel(void)
{
    double a[] = { 0.9, 0.4, -0.2, 0.7 }, r[] = { 0.2, -0.05, -0.05, 0.1 };
    double c[] = { 1.2, 0.3, 0.3, 0.5 }, product[4], aca[4], swapped[4];
    gsl_matrix_view At = gsl_matrix_view_array(a, 2, 2);
    gsl_matrix_view R = gsl_matrix_view_array(r, 2, 2);
    gsl_matrix_view C = gsl_matrix_view_array(c, 2, 2);
    gsl_matrix_view Product = gsl_matrix_view_array(product, 2, 2);
    gsl_matrix_view Aca = gsl_matrix_view_array(aca, 2, 2);
    gsl_matrix_view Swapped = gsl_matrix_view_array(swapped, 2, 2);
    gsl_matrix *big = gsl_matrix_alloc(4, 4);
    const char *name[] = { "xx", "xy", "yx", "yy" };

    multiply(CblasNoTrans, &C.matrix, CblasTrans, &At.matrix, &Product.matrix);
    multiply(CblasNoTrans, &At.matrix, CblasNoTrans, &Product.matrix,
             &Aca.matrix);
    multiply(CblasNoTrans, &C.matrix, CblasNoTrans, &At.matrix,
             &Product.matrix);
    multiply(CblasTrans, &At.matrix, CblasNoTrans, &Product.matrix,
             &Swapped.matrix);
    double noise[] = { r[0], r[1], r[2], r[3] }; /* invert_joint changes r */
    invert_joint(&At.matrix, &C.matrix, &R.matrix, big);
    for (size_t i = 0; i < 4; i++) {
        if (i == 2)
            continue; /* yx is xy */
        dm_check_exact(gsl_matrix_get(big, 2 + i / 2, 2 + i % 2),
                       noise[i] + aca[i], 64.0, 1.0, "0.9",
                       "covariance of y, %s", name[i]);
        dm_check_refutes(noise[i] + swapped[i], "A^T C A for A C A^T");
        dm_check_refutes(aca[i], "the noise left out");
    }
    gsl_matrix_free(big);
}

/* --- 0.4 distances -------------------------------------------------------- */

static double kl_integrand(double x, void *p)
{
    what *w = p;
    return dm_gaussian_pdf(w->g, x) *
           (dm_gaussian_log_pdf(w->g, x) - dm_gaussian_log_pdf(w->h, x));
}

/* The quantile of h at the probability that g gives to (-inf, x]. */
static double transported(dm_gaussian g, dm_gaussian h, double x)
{
    double z = x - g.mean, from = sqrt(g.variance), to = sqrt(h.variance);

    if (z < 0.0)
        return h.mean + gsl_cdf_gaussian_Pinv(gsl_cdf_gaussian_P(z, from), to);
    return h.mean + gsl_cdf_gaussian_Qinv(gsl_cdf_gaussian_Q(z, from), to);
}

static double squared_move(double x, void *p)
{
    what *w = p;
    double density = dm_gaussian_pdf(w->g, x);
    return density > 0.0 ? density * gsl_pow_2(x - transported(w->g, w->h, x))
                         : 0.0;
}

static void check_distances(void)
{
    what w = { .g = X, .h = Y };
    double d = X.mean - Y.mean, ratio = X.variance / Y.variance;

    dm_check_numeric(integral(X, kl_integrand, w), dm_gaussian_kl(X, Y),
                     TOLERANCE, 1.0, "0.10", "KL(X to Y)");
    dm_check_refutes(dm_gaussian_kl(Y, X), "the arguments swapped");
    dm_check_refutes(0.5 * (ratio - log(ratio) + d * d / Y.variance),
                     "the -1 left out");
    dm_check_refutes(0.5 * (sqrt(ratio) - 1.0 - log(sqrt(ratio)) +
                            d * d / Y.variance),
                     "ratio of standard deviations");

    w.h.variance = X.variance;
    dm_check_numeric(integral(X, kl_integrand, w), d * d / (2.0 * X.variance),
                     TOLERANCE, 1.0, "0.11", "KL at equal variances");
    dm_check_refutes(d * d / X.variance, "the 1/2 left out");
    dm_check_refutes(d * d / (2.0 * sqrt(X.variance)), "sigma for sigma^2");

    w.h = Y;
    dm_check_numeric(integral(X, squared_move, w),
                     gsl_pow_2(dm_gaussian_w2(X, Y)), TOLERANCE, 1.0, "0.12",
                     "W2(X, Y)^2 by quantiles");
    dm_check_refutes(d * d + gsl_pow_2(X.variance - Y.variance),
                     "difference of variances squared");
    dm_check_refutes(d * d + fabs(X.variance - Y.variance),
                     "difference of variances");
}

/* --- 0.5 the toy data ----------------------------------------------------- */

/* (x - w->x)^power times the mixture density. */
static double mixture_power(double x, void *p)
{
    what *w = p;
    return gsl_pow_int(x - w->x, w->power) *
           exp(dm_mixture_log_density(w->m, &x));
}

static double mixture_integral(const dm_mixture *m, const dm_gaussian *also,
                               double (*f)(double, void *), what w,
                               double epsabs)
{
    double result = NAN;
    dm_mixture_integrate(m, also, f, &w, epsabs, &result);
    return result;
}

static void check_moments(const dm_mixture *m)
{
    double mean, plain = 0.0, within = 0.0,
                 tol = dm_mixture_tolerance(m, TOLERANCE);
    dm_sym2 cov;

    dm_mixture_moments(m, &mean, &cov);
    for (size_t k = 0; k < m->K; k++) {
        plain += m->component[k].mean[0] / (double)m->K;
        within += m->component[k].weight * m->component[k].cov.xx;
    }
    double sd = sqrt(cov.xx), reach = fabs(mean) + sd;
    what w = { .m = m, .power = 1 };
    dm_check_numeric(mixture_integral(m, NULL, mixture_power, w, tol * reach),
                     mean, tol * reach, sd, "0.14", "mean of the mixture");
    dm_check_refutes(plain, "the means unweighted");
    w.power = 2;
    w.x = mean;
    dm_check_numeric(mixture_integral(m, NULL, mixture_power, w, tol * cov.xx),
                     cov.xx, tol * cov.xx, cov.xx, "0.14",
                     "variance of the mixture");
    dm_check_refutes(within, "only the variances within");
}

/* A point z standard deviations from the middle of the heaviest component, in
 * x and then in y given x: a point that the law does produce. */
static void typical_point(const dm_mixture *m, double z, double x[])
{
    const dm_component *c = &m->component[0];

    for (size_t k = 1; k < m->K; k++)
        if (m->component[k].weight > c->weight)
            c = &m->component[k];
    x[0] = c->mean[0] + z * sqrt(c->cov.xx);
    if (m->dim == 2) /* where x[1] is likely, given x[0] */
        x[1] = c->mean[1] + z * c->cov.xy / sqrt(c->cov.xx) +
               z * sqrt(dm_sym2_determinant(c->cov) / c->cov.xx);
}

/* The sum over components of w_k times their own scores: a mistake. */
static void score_with_prior_weights(const dm_mixture *m, const double x[2],
                                     double s[2])
{
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        double dx = c->mean[0] - x[0], dy = c->mean[1] - x[1];
        s[0] += c->weight * (c->precision.xx * dx + c->precision.xy * dy);
        s[1] += c->weight * (c->precision.xy * dx + c->precision.yy * dy);
    }
}

/* --- 0.6 noise ------------------------------------------------------------ */

/* A mistake in the law of x_t: each component's variance and mean changed. */
typedef enum {
    NOT_SCALED,
    SCALED_ONCE,
    MEAN_NOT_SCALED,
    ROOT_OF_NOISE
} mistake;

static dm_mixture *diffused_wrongly(const dm_mixture *m, mistake which)
{
    double a = LEVEL.scale, c = LEVEL.variance;
    dm_mixture *wrong = dm_mixture_diffuse(m, LEVEL);

    for (size_t k = 0; k < m->K; k++) {
        const dm_component *from = &m->component[k];
        dm_component *to = &wrong->component[k];
        if (which == NOT_SCALED)
            to->cov.xx = from->cov.xx + c;
        if (which == SCALED_ONCE)
            to->cov.xx = a * from->cov.xx + c;
        if (which == MEAN_NOT_SCALED)
            to->mean[0] = from->mean[0];
        if (which == ROOT_OF_NOISE)
            to->cov.xx = a * a * from->cov.xx + sqrt(c);
    }
    return wrong;
}

/* q_0(x) N(w->x; a x, c) (x - mean)^power: the joint law of x_0 = x and x_t. */
static double clean_and_noisy(double x, void *p)
{
    what *w = p;
    dm_gaussian channel = { w->level.scale * x, w->level.variance };
    return gsl_pow_int(x - w->g.mean, w->power) *
           exp(dm_mixture_log_density(w->m, &x) +
               dm_gaussian_log_pdf(channel, w->x));
}

/* The relative error that can be asked of an integral over x_0 given x_t = x:
 * x itself is rounded, by so many standard deviations of the noise. */
static double tolerance_given(const dm_mixture *m, double x)
{
    return fmax(dm_mixture_tolerance(m, TOLERANCE),
                64.0 * DBL_EPSILON * fabs(x) / sqrt(LEVEL.variance));
}

/* The same, integrated over x_0, with cuts where x_t points. */
static double integral_over_clean(what w, double scale)
{
    double epsabs = tolerance_given(w.m, w.x) * scale;
    dm_gaussian pointed = { w.x / w.level.scale,
                            w.level.variance / gsl_pow_2(w.level.scale) };
    return mixture_integral(w.m, &pointed, clean_and_noisy, w, epsabs);
}

static void check_diffused(const dm_mixture *m, const dm_mixture *noisy)
{
    const char *name[] = { "variance v + c", "variance a v + c",
                           "means not scaled", "sqrt(c) for c" };
    double x;

    typical_point(noisy, -0.7, &x);
    double tol = tolerance_given(m, x);
    double density = exp(dm_mixture_log_density(noisy, &x));
    what w = { .m = m, .level = LEVEL, .x = x };

    dm_check_numeric(integral_over_clean(w, density), density, tol * density,
                     1.0, "0.16", "1-D: density of x_t");
    for (mistake i = NOT_SCALED; i <= ROOT_OF_NOISE; i++) {
        dm_mixture *wrong = diffused_wrongly(m, i);
        dm_component *c = wrong->component;
        double sum = 0.0;
        for (size_t k = 0; k < m->K; k++)
            sum +=
                c[k].weight *
                dm_gaussian_pdf((dm_gaussian){ c[k].mean[0], c[k].cov.xx }, x);
        dm_check_refutes(sum, "%s", name[i]);
        dm_mixture_free(wrong);
    }
}

/* --- 0.7 score and Hessian ------------------------------------------------ */

/* The straight path from one point to another, in one dimension or two. */
typedef struct {
    const dm_mixture *m;
    double from[2], along[2];
    int wrong; /* 1 to make the mistake that is named in the row */
} path;

static path path_through(const dm_mixture *m)
{
    path p = { .m = m };

    typical_point(m, -2.0, p.from);
    typical_point(m, 0.5, p.along);
    for (size_t j = 0; j < m->dim; j++)
        p.along[j] -= p.from[j];
    return p;
}

static double dot(const path *p, const double v[2])
{
    return v[0] * p->along[0] + v[1] * p->along[1];
}

// snippet: along-path
/* The score along the path at share u of the way: its integral over u is the
 * change of log q.  Wrong: weights w_k for r_k. */
static double score_on_path(double u, void *params)
{
    path *p = params;
    double x[2], s[2] = { 0.0, 0.0 };

    for (size_t j = 0; j < 2; j++)
        x[j] = p->from[j] + u * p->along[j];
    if (p->wrong)
        score_with_prior_weights(p->m, x, s);
    else
        dm_mixture_score(p->m, x, s);
    return dot(p, s);
}
// end: along-path

/* The second derivative of log q along the path, whose integral is the change
 * of the first.  Wrong: the square of the score not subtracted. */
static double hessian_on_path(double u, void *params)
{
    path *p = params;
    double x[2], s[2] = { 0.0, 0.0 };
    dm_sym2 h;

    for (size_t j = 0; j < 2; j++)
        x[j] = p->from[j] + u * p->along[j];
    dm_mixture_hessian(p->m, x, &h);
    dm_mixture_score(p->m, x, s);
    return h.xx * gsl_pow_2(p->along[0]) +
           2.0 * h.xy * p->along[0] * p->along[1] +
           h.yy * gsl_pow_2(p->along[1]) +
           (p->wrong ? gsl_pow_2(dot(p, s)) : 0.0);
}

/* Adds the quadrature's own estimate of its error to *error. */
static double integral_on_path(double (*f)(double, void *), path p, int wrong,
                               double epsabs, double *error)
{
    gsl_integration_cquad_workspace *w =
        gsl_integration_cquad_workspace_alloc(100);
    gsl_function function = { f, &p };
    double result, estimate;

    p.wrong = wrong;
    gsl_integration_cquad(&function, 0.0, 1.0, epsabs, 0.0, w, &result,
                          &estimate, NULL);
    gsl_integration_cquad_workspace_free(w);
    if (estimate > epsabs)
        *error += estimate;
    return result;
}

static void check_score(const dm_mixture *noisy)
{
    path p = path_through(noisy);
    double to[2] = { p.from[0] + p.along[0], p.from[1] + p.along[1] };
    double s0[2] = { 0.0, 0.0 }, s1[2] = { 0.0, 0.0 };

    dm_mixture_score(noisy, p.from, s0);
    dm_mixture_score(noisy, to, s1);
    double change = dm_mixture_log_density(noisy, to) -
                    dm_mixture_log_density(noisy, p.from);
    double scale = 1.0 + fabs(dot(&p, s0)) + fabs(dot(&p, s1));
    double tol = dm_mixture_tolerance(noisy, TOLERANCE) * scale;
    double e1 = tol, e2 = tol, unused;
    double seen = integral_on_path(score_on_path, p, 0, tol, &e1);
    dm_check_numeric(seen, change, e1, scale, "0.17",
                     "%zu-D: integral of the score", noisy->dim);
    dm_check_refutes(integral_on_path(score_on_path, p, 1, tol, &unused),
                     "weights w_k for r_k");
    dm_check_refutes(-seen, "the sign turned");
    seen = integral_on_path(hessian_on_path, p, 0, tol, &e2);
    dm_check_numeric(seen, dot(&p, s1) - dot(&p, s0), e2, scale, "0.18",
                     "%zu-D: integral of the Hessian", noisy->dim);
    dm_check_refutes(integral_on_path(hessian_on_path, p, 1, tol, &unused),
                     "s^2 not subtracted");
}

/* --- 0.8 posterior, 0.9 Tweedie ------------------------------------------- */

/* log q_0(x_0) + log q(x_t given x_0), in one dimension or two. */
static double log_joint(const dm_mixture *m, const double x0[],
                        const double xt[])
{
    double sum = dm_mixture_log_density(m, x0);

    for (size_t j = 0; j < m->dim; j++)
        sum += dm_gaussian_log_pdf(
            (dm_gaussian){ LEVEL.scale * x0[j], LEVEL.variance }, xt[j]);
    return sum;
}

static void check_posterior(const dm_mixture *m, const dm_mixture *noisy)
{
    double xt[2] = { 0.0, 0.0 }, x0[2] = { 0.0, 0.0 };

    typical_point(noisy, -0.7, xt);
    dm_mixture *posterior = dm_mixture_posterior(m, LEVEL, xt);
    dm_mixture *prior_weights = dm_mixture_posterior(m, LEVEL, xt);
    typical_point(posterior, 0.4, x0);
    double joint = log_joint(m, x0, xt);
    double marginal = dm_mixture_log_density(noisy, xt);

    dm_check_exact(
        joint - marginal, dm_mixture_log_density(posterior, x0), 64.0,
        dm_mixture_condition(m) * dm_mixture_condition(posterior) + fabs(joint),
        "0.19", "%zu-D: log q(x_0 given x_t)", m->dim);
    dm_check_refutes(joint, "the joint law for the conditional");
    if (posterior->K == m->K) {
        for (size_t k = 0; k < m->K; k++) {
            dm_component *c = &prior_weights->component[k];
            c->log_peak += log(m->component[k].weight) - log(c->weight);
        }
        dm_check_refutes(dm_mixture_log_density(prior_weights, x0),
                         "weights w_k for r_k");
    }
    dm_mixture_free(prior_weights);
    dm_mixture_free(posterior);
}

static void check_tweedie_1d(const dm_mixture *m, const dm_mixture *noisy)
{
    double a = LEVEL.scale, c = LEVEL.variance, x, s, eps;
    dm_sym2 h;

    typical_point(noisy, -0.7, &x);
    double tol = tolerance_given(m, x);
    dm_mixture_score(noisy, &x, &s);
    dm_mixture_hessian(noisy, &x, &h);
    dm_mixture_eps(m, LEVEL, &x, &eps);
    what w = { .m = m, .level = LEVEL, .x = x };
    double p = integral_over_clean(w, exp(dm_mixture_log_density(noisy, &x)));
    double size = fabs(x) + c * fabs(s) + sqrt(c);

    // snippet: tweedie
    w.power = 1; /* the mean of x_0 given x_t = x, by its definition */
    double mean = integral_over_clean(w, p * size) / p;
    dm_check_numeric(mean, (x + c * s) / a, 4.0 * tol * size, sqrt(c), "0.20",
                     "1-D: E[x_0 given x_t]");
    dm_check_refutes((x - c * s) / a, "the sign of the score");
    dm_check_refutes((x + sqrt(c) * s) / a, "sqrt(c) for c");
    dm_check_refutes(x + c * s, "not divided by a");
    // end: tweedie
    w.power = 2;
    w.g.mean = mean;
    dm_check_numeric(integral_over_clean(w, p) / p,
                     c * (1.0 + c * h.xx) / (a * a), 4.0 * tol, c, "0.21",
                     "1-D: Var[x_0 given x_t]");
    dm_check_refutes(c / (a * a), "the Hessian left out");
    dm_check_refutes(c * (1.0 + h.xx) / (a * a), "H for c H");
    dm_check_numeric((x - a * mean) / sqrt(c), eps, 4.0 * tol * size / sqrt(c),
                     1.0, "0.22", "1-D: E[eps given x_t]");
    dm_check_refutes(sqrt(c) * s, "the sign of the score");
    dm_check_refutes(-c * s, "c for sqrt(c)");
}

static void check_tweedie_2d(const dm_mixture *m, const dm_mixture *noisy)
{
    double a = LEVEL.scale, c = LEVEL.variance, x[2], s[2], mean[2], eps[2];
    dm_sym2 h, cov;

    typical_point(noisy, -0.7, x);
    dm_mixture_score(noisy, x, s);
    dm_mixture_hessian(noisy, x, &h);
    dm_mixture_eps(m, LEVEL, x, eps);
    dm_mixture_denoise(m, LEVEL, x, mean, &cov);
    double scale = dm_mixture_condition(m) * (fabs(x[0]) + fabs(x[1]) + 1.0);

    for (size_t j = 0; j < 2; j++) {
        dm_check_exact((x[j] + c * s[j]) / a, mean[j], 64.0, scale, "0.20",
                       "2-D: E[x_0 given x_t], %s", j == 0 ? "x" : "y");
        dm_check_refutes((x[j] - c * s[j]) / a, "the sign of the score");
    }
    dm_check_exact(c * c * h.xy / (a * a), cov.xy, 64.0, scale, "0.21",
                   "2-D: Cov[x_0 given x_t], xy");
    dm_check_refutes(c * h.xy / (a * a), "H for c H");
    dm_check_exact(c * (1.0 + c * h.yy) / (a * a), cov.yy, 64.0, scale, "0.21",
                   "2-D: Cov[x_0 given x_t], yy");
    dm_check_refutes(c / (a * a), "the Hessian left out");
    dm_check_exact(eps[1], (x[1] - a * mean[1]) / sqrt(c), 64.0, scale, "0.22",
                   "2-D: E[eps given x_t], y");
    dm_check_refutes(c * s[1], "c for -sqrt(c)");
}

/* --- 0.10 drawing --------------------------------------------------------- */

// snippet: rosenblatt
/* KS distances from uniform, over n points x: [n * dim], of the Rosenblatt
 * transform by m: of u[0]; in 2-D also of u[1], and of u[0] + u[1] mod 1, which
 * is uniform if the two are independent. */
static void uniformity(const dm_mixture *m, size_t n, const double x[],
                       double ks[3])
{
    double *u = malloc(3 * n * sizeof *u), both[2];

    for (size_t i = 0; i < n; i++) {
        dm_mixture_rosenblatt(m, &x[m->dim * i], both);
        u[i] = both[0];
        if (m->dim == 2) {
            u[n + i] = both[1];
            u[2 * n + i] = fmod(both[0] + both[1], 1.0);
        }
    }
    for (size_t j = 0; j < (m->dim == 2 ? 3 : 1); j++)
        ks[j] = dm_distance_ks(n, &u[n * j]);
    free(u);
}
// end: rosenblatt

static double *draw(const dm_mixture *m, size_t n, gsl_rng *r)
{
    double *x = malloc(n * m->dim * sizeof *x);

    for (size_t i = 0; i < n; i++) {
        dm_rng_at(r, DM_STREAM_DATA, (uint32_t)m->dim, (uint32_t)i);
        dm_mixture_sample(m, r, &x[m->dim * i]);
    }
    return x;
}

/* The mixture with each variance replaced by its root: a sampler's mistake. */
static dm_mixture *sigma_for_variance(const dm_mixture *m)
{
    dm_mixture *wrong = dm_mixture_diffuse(m, (dm_level){ 1.0, 0.0 });

    for (size_t k = 0; k < m->K; k++) {
        wrong->component[k].cov.xx = sqrt(m->component[k].cov.xx);
        wrong->component[k].cov.yy = sqrt(m->component[k].cov.yy);
    }
    return wrong;
}

/* The mixture with every correlation forgotten: another. */
static dm_mixture *uncorrelated(const dm_mixture *m)
{
    dm_mixture *wrong = dm_mixture_diffuse(m, (dm_level){ 1.0, 0.0 });

    for (size_t k = 0; k < m->K; k++)
        wrong->component[k].cov.xy = 0.0;
    return wrong;
}

/* The KS distances of n draws of `from`, judged by the law of m.  With apart
 * set, each x is given the y of the next draw. */
static void judge(const dm_mixture *m, const dm_mixture *from, size_t n,
                  int apart, gsl_rng *r, double ks[3])
{
    double *x = draw(from, n, r);

    for (size_t i = 0; apart && i + 1 < n; i++)
        x[2 * i + 1] = x[2 * i + 3];
    uniformity(m, n, x, ks);
    free(x);
}

static void check_draws(const dm_options *o, const dm_mixture *data2,
                        gsl_rng *r)
{
    size_t n = POINTS * o->particles, few = o->particles;
    double limit = dm_distance_ks_limit(n, 2.0 * DM_CHECK_TAIL);
    dm_mixture *wide1 = sigma_for_variance(o->data1);
    dm_mixture *wide2 = sigma_for_variance(data2);
    dm_mixture *round2 = uncorrelated(data2);
    double ks[3], wide[3], apart[3], round[3];

    judge(o->data1, o->data1, n, 0, r, ks);
    judge(o->data1, wide1, few, 0, r, wide);
    dm_check_law(ks[0], 0.0, 0.0, limit, 1.0, "0.23", "1-D: KS of F(x)");
    dm_check_refutes(wide[0], "drawn with sigma for sigma^2");

    judge(data2, data2, n, 0, r, ks);
    judge(data2, wide2, few, 0, r, wide);
    judge(data2, round2, few, 0, r, round);
    judge(data2, data2, few, 1, r, apart);
    dm_check_law(ks[0], 0.0, 0.0, limit, 1.0, "0.23", "2-D: KS of F(x)");
    dm_check_refutes(wide[0], "drawn with sigma for sigma^2");
    dm_check_law(ks[1], 0.0, 0.0, limit, 1.0, "0.23",
                 "2-D: KS of F(y given x)");
    dm_check_refutes(apart[1], "x and y drawn apart");
    dm_check_refutes(round[1], "correlation forgotten");
    dm_check_law(ks[2], 0.0, 0.0, limit, 1.0, "0.23",
                 "2-D: KS of their sum, mod 1");
    dm_check_refutes(apart[2], "x and y drawn apart");
    dm_mixture_free(wide1);
    dm_mixture_free(wide2);
    dm_mixture_free(round2);
}

/* --- exercises ------------------------------------------------------------ */

static double fourth_moment(double x, void *p)
{
    what *w = p;
    return gsl_pow_4(x - w->g.mean) * dm_gaussian_pdf(w->g, x);
}

static void check_exercises(void)
{
    what w = { .g = X };
    double v = X.variance;
    dm_gaussian noisy = { LEVEL.scale * X.mean,
                          gsl_pow_2(LEVEL.scale) * v + LEVEL.variance };

    dm_check_numeric(integral(X, fourth_moment, w), 3.0 * v * v, TOLERANCE, 1.0,
                     "0.2", "Ex. 1: E(X - mu)^4");
    dm_check_refutes(v * v, "the square of the variance");
    w.h = noisy;
    dm_check_numeric(integral(X, squared_move, w),
                     gsl_pow_2(dm_gaussian_w2(X, noisy)), TOLERANCE, 1.0,
                     "0.12", "Ex. 2: W2(X, noised X)^2");
    dm_check_refutes(gsl_pow_2(X.mean - noisy.mean), "only the means moved");
}

/* --- data of the figures -------------------------------------------------- */

/* x, the mixture's density, then each component's share of it: at most 8. */
static void write_density(const dm_options *o, const char *name,
                          const dm_mixture *m, double low, double high)
{
    dm_table *t = dm_options_data(o, name);
    size_t K = GSL_MIN(m->K, 8);

    for (int i = 0; i <= 400; i++) {
        double x = low + (high - low) * i / 400.0;
        double row[10] = { x, exp(dm_mixture_log_density(m, &x)) };
        for (size_t k = 0; k < K; k++) {
            const dm_component *c = &m->component[k];
            row[2 + k] =
                c->weight *
                dm_gaussian_pdf((dm_gaussian){ c->mean[0], c->cov.xx }, x);
        }
        dm_table_row(t, 2 + K, row);
    }
    dm_table_close(t);
}

/* The range that holds all but 1e-4 of the data, and a tenth more. */
static void figure_range(const dm_mixture *m, double *low, double *high)
{
    double first = dm_mixture_quantile(m, 5e-5);
    double last = dm_mixture_quantile(m, 1.0 - 5e-5);

    *low = first - 0.1 * (last - first);
    *high = last + 0.1 * (last - first);
}

static void write_figures(const dm_options *o, const dm_mixture *noisy,
                          gsl_rng *r)
{
    double low, high;

    figure_range(o->data1, &low, &high);
    write_density(o, "ch00_clean.dat", o->data1, low, high);
    write_density(o, "ch00_noisy.dat", noisy, low, high);

    dm_table *t = dm_options_data(o, "ch00_draws.dat");
    double *x = draw(o->data2, SHOWN, r);
    for (size_t i = 0; i < SHOWN; i++)
        dm_table_row(t, 2, &x[2 * i]);
    dm_table_close(t);
    free(x);

    t = dm_options_data(o, "ch00_ellipses.dat"); /* two standard deviations */
    for (size_t k = 0; k < o->data2->K; k++) {
        const dm_component *c = &o->data2->component[k];
        double sx = sqrt(c->cov.xx), slope = c->cov.xy / c->cov.xx;
        double rest = sqrt(dm_sym2_determinant(c->cov) / c->cov.xx);
        for (int i = 0; i <= 60; i++) {
            double u = 2.0 * cos(M_PI * i / 30.0),
                   v = 2.0 * sin(M_PI * i / 30.0);
            double at[] = { c->mean[0] + sx * u,
                            c->mean[1] + slope * sx * u + rest * v };
            dm_table_row(t, 2, at);
        }
        dm_table_printf(t, "\n");
    }
    dm_table_close(t);

    t = dm_options_data(o, "ch00_tweedie.dat"); /* x_t, E[x_0], sd, x_t/a */
    figure_range(noisy, &low, &high);
    for (int i = 0; i <= 200; i++) {
        double xt = low + (high - low) * i / 200.0, mean;
        dm_sym2 cov;
        dm_mixture_denoise(o->data1, LEVEL, &xt, &mean, &cov);
        double row[] = { xt, mean, sqrt(cov.xx), xt / LEVEL.scale };
        dm_table_row(t, 4, row);
    }
    dm_table_close(t);
}

/* The data of the rows in two dimensions: the reader's, or a pair of tilted
 * bumps.  (The ring's bumps are round: it could not show a lost correlation.) */
static dm_mixture *data_in_two(const dm_options *o)
{
    const double weight[] = { 0.4, 0.6 }, mean[] = { -1.0, 0.5, 1.2, -0.8 };
    const double cov[] = { 0.30, 0.12, 0.10, 0.05, -0.02, 0.40 };

    if (o->own_data2)
        return dm_mixture_diffuse(o->data2, (dm_level){ 1.0, 0.0 });
    return dm_mixture_new(2, 2, weight, mean, cov);
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read(&o, "ch00_gaussians",
                                 "Gaussians and the toy data", argc, argv);
    if (status != -1)
        return status;
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);
    gsl_rng_set(r, o.seed);
    dm_mixture *noisy1 = dm_mixture_diffuse(o.data1, LEVEL);
    dm_mixture *data2 = data_in_two(&o);
    dm_mixture *noisy2 = dm_mixture_diffuse(data2, LEVEL);

    dm_check_table("one");
    check_one(X, "X");
    check_one(Y, "Y");
    dm_check_table("sums");
    check_sums(&o, r);
    dm_check_table("products");
    check_product();
    dm_check_table("channel");
    check_channel();
    check_matrix_channel();
    dm_check_table("distances");
    check_distances();
    dm_check_table("mixture");
    check_moments(o.data1);
    dm_check_table("noise");
    check_diffused(o.data1, noisy1);
    dm_check_table("score");
    check_score(noisy1);
    check_score(noisy2);
    dm_check_table("posterior");
    check_posterior(o.data1, noisy1);
    check_posterior(data2, noisy2);
    dm_check_table("tweedie");
    check_tweedie_1d(o.data1, noisy1);
    check_tweedie_2d(data2, noisy2);
    dm_check_table("draws");
    check_draws(&o, data2, r);
    dm_check_table("exercises");
    check_exercises();
    write_figures(&o, noisy1, r);

    dm_mixture_free(noisy1);
    dm_mixture_free(noisy2);
    dm_mixture_free(data2);
    gsl_rng_free(r);
    dm_options_free(&o);
    return dm_check_end();
}
