#include "distance.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_poly.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_exp.h>
#include <gsl/gsl_sort.h>

/* --- Kullback and Leibler -------------------------------------------------- */

/* q times u ln u - u + 1 with u = p/q, from ln p and ln q: it integrates to
 * KL(p to q), is nowhere negative, and is taken from d = ln u without
 * cancellation: d (e^d - 1) - (e^d - 1 - d). */
static double kl_density(double log_p, double log_q)
{
    double d = log_p - log_q;

    if (d > 1.0) /* p times ln u - 1 + 1/u: nothing overflows */
        return exp(log_p) * (d - 1.0 + exp(-d));
    if (d < -700.0) /* p is nothing beside q */
        return exp(log_q);
    if (d < -1.0) /* nothing cancels */
        return exp(log_q) * (1.0 + exp(d) * (d - 1.0));
    return exp(log_q) * (d * expm1(d) - 0.5 * d * d * gsl_sf_exprel_2(d));
}

static double kl_integrand(double x, void *params)
{
    double log_normal = -0.5 * (x * x + log(2.0 * M_PI));
    return kl_density(dm_mixture_log_density(params, &x), log_normal);
}

int dm_distance_kl_to_normal(const dm_mixture *m, double *kl, double *error)
{
    const dm_gaussian normal = { 0.0, 1.0 };
    double bound = 0.0;   /* KL is convex: no more than the components' mean */
    double noise = 1e-24; /* the square of an ln u of nothing but round-off */

    if (m->dim != 1)
        GSL_ERROR("need one dimension", GSL_EDOM);
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        dm_gaussian g = { c->mean[0], c->cov.xx };
        double share = c->weight * dm_gaussian_kl(g, normal);
        bound += share;
        /* ln N(x; 0, 1) is as large as x^2/2, and rounds accordingly. */
        noise += 4.0 * GSL_DBL_EPSILON * share *
                 (1.0 + g.mean * g.mean + g.variance);
    }
    /* Once for its size, once to a fraction of its size.  Where it matters,
     * ln u is a difference of logarithms of up to 40 with 1e-14 of round-off,
     * and the distance is half its mean square. */
    int status =
        dm_mixture_integrate(m, &normal, kl_integrand, (void *)m,
                             1e-6 * bound + 3e-14 * sqrt(bound) + noise, kl);
    if (status != GSL_SUCCESS)
        return status;
    *error = *kl * (1e-12 + 64.0 * GSL_DBL_EPSILON * dm_mixture_condition(m)) +
             3e-14 * sqrt(fabs(*kl)) + noise;
    return dm_mixture_integrate(m, &normal, kl_integrand, (void *)m, *error,
                                kl);
}

int dm_distance_kl_to_gaussian(const dm_mixture *m, dm_gaussian g, double *kl,
                               double *error)
{
    double weight[DM_COMPONENTS_MAX], mean[DM_COMPONENTS_MAX];
    double variance[DM_COMPONENTS_MAX];

    if (m->dim != 1 || !(g.variance > 0.0 && isfinite(g.variance)))
        GSL_ERROR("need one dimension and a positive variance", GSL_EDOM);
    for (size_t k = 0; k < m->K; k++) {
        weight[k] = m->component[k].weight;
        mean[k] = (m->component[k].mean[0] - g.mean) / sqrt(g.variance);
        variance[k] = m->component[k].cov.xx / g.variance;
    }
    dm_mixture *standard = dm_mixture_new(1, m->K, weight, mean, variance);
    if (standard == NULL)
        return GSL_ENOMEM;
    int status = dm_distance_kl_to_normal(standard, kl, error);
    dm_mixture_free(standard);
    return status;
}

/* Nodes and weights of Gauss and Legendre on (0, 1). */
enum { GAUSS = 4 };
static const double gauss_node[GAUSS] = { 0.069431844202973712388,
                                          0.33000947820757186760,
                                          0.66999052179242813240,
                                          0.93056815579702628761 };
static const double gauss_weight[GAUSS] = { 0.17392742256872692869,
                                            0.32607257743127307131,
                                            0.32607257743127307131,
                                            0.17392742256872692869 };

/* The density that a law is compared with: that of one or of the other. */
typedef struct {
    const dm_law *law;
    const dm_mixture *m;
} target;

static double log_density(const target *q, double x)
{
    return q->law != NULL ? log(dm_law_density(q->law, x))
                          : dm_mixture_log_density(q->m, &x);
}

/* What the integral of KL(a to q) over a's nodes comes to. */
typedef struct {
    double kl;
    double doubt; /* of a mass `unsure` in every interval: times |ln p/q| */
    double lost;  /* the mass of a where q has none                       */
} divergence;

static divergence diverge(const dm_law *a, const target *q, double unsure)
{
    divergence d = { 0.0, 0.0, 0.0 };

    for (size_t i = 0; i + 1 < a->n; i++) {
        double h = a->x[i + 1] - a->x[i], mass = a->cdf[i + 1] - a->cdf[i];
        for (int j = 0; j < GAUSS; j++) {
            double x = a->x[i] + gauss_node[j] * h, w = gauss_weight[j];
            double p = dm_law_density(a, x), log_q = log_density(q, x);
            if (p == 0.0) {
                d.kl += w * h * exp(log_q);
            } else if (log_q > -INFINITY) {
                d.kl += w * h * kl_density(log(p), log_q);
                d.doubt += w * fmin(mass, unsure) * fabs(log(p) - log_q);
            } else {
                d.lost += w * h * p;
            }
        }
    }
    return d;
}

/* The law with every second node, and the last; NULL if there is no memory.
 * Release it with free. */
static dm_law *thinned(const dm_law *a)
{
    dm_law *thin = malloc(sizeof *thin + 3 * a->n * sizeof(double));

    if (thin == NULL)
        return NULL;
    *thin = *a;
    thin->x = (double *)(thin + 1);
    thin->cdf = thin->x + a->n;
    thin->density = thin->cdf + a->n;
    thin->n = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (i % 2 == 1 && i + 1 < a->n)
            continue;
        thin->x[thin->n] = a->x[i];
        thin->cdf[thin->n] = a->cdf[i];
        thin->density[thin->n++] = a->density[i];
    }
    return thin;
}

/* KL(a to q), where `beyond` is the mass of q outside of a's nodes.  The error
 * is the change with every second node, and what the laws' errors, if they lie
 * evenly between the nodes, do to it. */
static int kl_to(const dm_law *a, const target *q, double beyond, double *kl,
                 double *error)
{
    double tv = a->tv + (q->law == NULL ? 0.0 : q->law->tv);
    dm_law *thin_a = thinned(a), *thin_b = q->law ? thinned(q->law) : NULL;

    if (thin_a == NULL || (q->law != NULL && thin_b == NULL)) {
        free(thin_a);
        GSL_ERROR("no memory for a law", GSL_ENOMEM);
    }
    target coarse_q = { thin_b, q->m };
    divergence fine = diverge(a, q, 4.0 * tv / (double)a->n);
    divergence coarse = diverge(thin_a, &coarse_q, 0.0);
    free(thin_a);
    free(thin_b);
    if (!(fine.lost <= 1e-15))
        GSL_ERROR("the second law has no density where the first has mass",
                  GSL_EDOM);
    *kl = fine.kl + beyond;
    *error = fabs(fine.kl - coarse.kl) + fine.doubt;
    return GSL_SUCCESS;
}

int dm_distance_kl(const dm_law *a, const dm_law *b, double *kl, double *error)
{
    double low = a->x[0], high = a->x[a->n - 1];
    double beyond = dm_law_cdf(b, low) + (1.0 - dm_law_cdf(b, high));

    return kl_to(a, &(target){ .law = b }, beyond, kl, error);
}

int dm_distance_kl_to_mixture(const dm_law *a, const dm_mixture *m, double *kl,
                              double *error)
{
    if (m->dim != 1)
        GSL_ERROR("need one dimension", GSL_EDOM);
    double beyond =
        dm_mixture_cdf(m, a->x[0]) + dm_mixture_tail(m, a->x[a->n - 1]);
    return kl_to(a, &(target){ .m = m }, beyond, kl, error);
}

/* --- between laws ---------------------------------------------------------- */

/* What a difference of two distribution functions adds up to. */
typedef struct {
    double area;   /* integral of its absolute value */
    double square; /* integral of its square         */
    double sup;    /* largest absolute value         */
    double change; /* total variation                */
} sums;

/* A cubic c[0] + c[1] t + c[2] t^2 + c[3] t^3, and its integral from 0. */
static double cubic(const double c[4], double t)
{
    return c[0] + t * (c[1] + t * (c[2] + t * c[3]));
}

static double integral(const double c[4], double t)
{
    return t * (c[0] + t * (c[1] / 2.0 + t * (c[2] / 3.0 + t * c[3] / 4.0)));
}

/* Where a cubic that is monotone from s to t, with different signs there, is 0:
 * by halving. */
static double zero_between(const double c[4], double s, double t)
{
    double sign = cubic(c, s);

    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (s + t);
        if ((cubic(c, middle) < 0.0) == (sign < 0.0))
            s = middle;
        else
            t = middle;
    }
    return 0.5 * (s + t);
}

/* Adds a part, from s to t, in which the cubic is monotone; h is the length of
 * the unit of t. */
static void add_part(sums *sum, const double c[4], double s, double t, double h)
{
    double at_s = cubic(c, s), at_t = cubic(c, t);

    if ((at_s < 0.0 && at_t > 0.0) || (at_s > 0.0 && at_t < 0.0)) {
        double zero = zero_between(c, s, t), mid = integral(c, zero);
        sum->area +=
            h * (fabs(mid - integral(c, s)) + fabs(integral(c, t) - mid));
    } else {
        sum->area += h * fabs(integral(c, t) - integral(c, s));
    }
    sum->sup = fmax(sum->sup, fmax(fabs(at_s), fabs(at_t)));
    sum->change += fabs(at_t - at_s);
}

/* Value and slope of a distribution function at a point. */
typedef struct {
    double value, slope;
} jet;

static jet difference(jet a, jet b)
{
    return (jet){ a.value - b.value, a.slope - b.slope };
}

/* Adds a piece of length h in which the difference is a cubic, given at both
 * its ends. */
static void add_piece(sums *sum, double h, jet left, jet right)
{
    double rise = right.value - left.value;
    double m0 = h * left.slope, m1 = h * right.slope;
    double c[4] = { left.value, m0, 3.0 * rise - 2.0 * m0 - m1,
                    m0 + m1 - 2.0 * rise };
    double cut[4] = { 0.0, 1.0, 1.0, 1.0 }, root[2];
    int parts = 1;

    int roots = gsl_poly_solve_quadratic(3.0 * c[3], 2.0 * c[2], c[1], &root[0],
                                         &root[1]);
    for (int i = 0; i < roots; i++) /* in increasing order */
        if (cut[parts - 1] < root[i] && root[i] < 1.0)
            cut[parts++] = root[i];
    cut[parts] = 1.0;
    for (int i = 0; i < parts; i++)
        add_part(sum, c, cut[i], cut[i + 1], h);
    for (int j = 0; j < GAUSS; j++)
        sum->square += h * gauss_weight[j] * gsl_pow_2(cubic(c, gauss_node[j]));
}

/* A law at a point between its nodes after - 1 and after, 0 <= after <= n. */
static jet law_at(const dm_law *law, size_t after, double x)
{
    jet at = { after == 0 ? 0.0 : 1.0, 0.0 };

    if (0 < after && after < law->n)
        dm_law_cubic(law, after - 1, x, &at.value, &at.slope);
    return at;
}

/* The first node of a law that is beyond x, or infinity, from index *i on. */
static double node_beyond(const dm_law *law, double x, size_t *i)
{
    while (*i < law->n && law->x[*i] <= x)
        ++*i;
    return *i < law->n ? law->x[*i] : INFINITY;
}

static sums compare(const dm_law *a, const dm_law *b)
{
    double x = fmin(a->x[0], b->x[0]);
    sums sum = { 0.0, 0.0, 0.0, 0.0 };

    for (size_t i = 0, j = 0;;) {
        double next = fmin(node_beyond(a, x, &i), node_beyond(b, x, &j));
        if (!(next < INFINITY))
            return sum;
        add_piece(&sum, next - x, difference(law_at(a, i, x), law_at(b, j, x)),
                  difference(law_at(a, i, next), law_at(b, j, next)));
        x = next;
    }
}

int dm_distance_w1(const dm_law *a, const dm_law *b, double *w1, double *error)
{
    *w1 = compare(a, b).area;
    *error = a->w1 + b->w1;
    return GSL_SUCCESS;
}

int dm_distance_sup(const dm_law *a, const dm_law *b, double *sup,
                    double *error)
{
    *sup = compare(a, b).sup;
    *error = a->tv + b->tv;
    return GSL_SUCCESS;
}

int dm_distance_tv(const dm_law *a, const dm_law *b, double *tv, double *error)
{
    *tv = 0.5 * compare(a, b).change;
    *error = a->tv + b->tv;
    return GSL_SUCCESS;
}

/* The integral of the squared difference of the quantiles, cut at all nodes. */
static double quantiles_apart(const dm_law *a, const dm_law *b)
{
    double p = fmax(a->cdf[0], b->cdf[0]), sum = 0.0;

    for (size_t i = 0, j = 0;;) {
        while (i < a->n && a->cdf[i] <= p)
            i++;
        while (j < b->n && b->cdf[j] <= p)
            j++;
        if (i == a->n || j == b->n)
            return sum;
        double next = fmin(a->cdf[i], b->cdf[j]);
        for (int k = 0; k < GAUSS; k++) {
            double u =
                fmin(p + gauss_node[k] * (next - p), 1.0 - 0.5 * DBL_EPSILON);
            double gap = dm_law_quantile(a, u) - dm_law_quantile(b, u);
            sum += gauss_weight[k] * (next - p) * gap * gap;
        }
        p = next;
    }
}

int dm_distance_w2(const dm_law *a, const dm_law *b, double *w2, double *error)
{
    dm_law *thin_a = thinned(a), *thin_b = thinned(b);

    if (thin_a == NULL || thin_b == NULL) {
        free(thin_a);
        free(thin_b);
        GSL_ERROR("no memory for a law", GSL_ENOMEM);
    }
    double square = quantiles_apart(a, b);
    double coarse = quantiles_apart(thin_a, thin_b);
    free(thin_a);
    free(thin_b);
    double range =
        fmax(a->x[a->n - 1], b->x[b->n - 1]) - fmin(a->x[0], b->x[0]);
    /* An error d of the quantiles changes the square by up to 2 d range. */
    double off = fabs(square - coarse) + 2.0 * range * (a->w1 + b->w1);
    *w2 = sqrt(square);
    *error = square > off ? off / *w2 : sqrt(off);
    return GSL_SUCCESS;
}

/* --- projections of two dimensions ----------------------------------------- */

/* The direction i of n, evenly spread over the half circle. */
static void direction(size_t i, size_t n, double d[2])
{
    double angle = M_PI * ((double)i + 0.5) / (double)n;

    d[0] = cos(angle);
    d[1] = sin(angle);
}

/* The law of d . X for a mixture in two dimensions; the caller owns it. */
static dm_law *project(const dm_mixture *m, const double d[2])
{
    double weight[DM_COMPONENTS_MAX], mean[DM_COMPONENTS_MAX];
    double variance[DM_COMPONENTS_MAX];

    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        weight[k] = c->weight;
        mean[k] = d[0] * c->mean[0] + d[1] * c->mean[1];
        variance[k] = d[0] * (d[0] * c->cov.xx + d[1] * c->cov.xy) +
                      d[1] * (d[0] * c->cov.xy + d[1] * c->cov.yy);
    }
    dm_mixture *line = dm_mixture_new(1, m->K, weight, mean, variance);
    dm_law *law = line == NULL ? NULL : dm_law_of_mixture(line);
    dm_mixture_free(line);
    return law;
}

/* The W1 between two mixtures as d shows them, and its error. */
static int w1_along(const dm_mixture *a, const dm_mixture *b, const double d[2],
                    double *w1, double *error)
{
    dm_law *p = project(a, d), *q = project(b, d);
    int status = GSL_EFAILED;

    if (p != NULL && q != NULL)
        status = dm_distance_w1(p, q, w1, error);
    dm_law_free(p);
    dm_law_free(q);
    return status;
}

int dm_distance_sliced_w1(const dm_mixture *a, const dm_mixture *b,
                          size_t directions, double *w1, double *error)
{
    double all = 0.0, even = 0.0, errors = 0.0, n = (double)directions;

    if (a->dim != 2 || b->dim != 2 || directions == 0 || directions % 2 == 1)
        GSL_ERROR("need two dimensions and an even number of directions",
                  GSL_EDOM);
    for (size_t i = 0; i < directions; i++) {
        double d[2], one, off;
        direction(i, directions, d);
        int status = w1_along(a, b, d, &one, &off);
        if (status != GSL_SUCCESS)
            return status;
        all += one / n;
        even += i % 2 == 0 ? 2.0 * one / n : 0.0;
        errors += off / n;
    }
    *w1 = all;
    *error = fabs(all - even) + errors;
    return GSL_SUCCESS;
}

/* --- a sample and a law ---------------------------------------------------- */

/* Sorts the points and says whether they can be used. */
static int sort_points(size_t n, double x[], double p)
{
    if (n == 0 || n > UINT_MAX || !(0.0 < p && p < 1.0))
        GSL_ERROR("need 1 to 2^32 - 1 points and 0 < p < 1", GSL_EDOM);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            GSL_ERROR("need finite points", GSL_EDOM);
    gsl_sort(x, 1, n);
    return GSL_SUCCESS;
}

/* As compare, between the law and n sorted points. */
static sums compare_sample(const dm_law *law, size_t n, const double x[])
{
    double at = fmin(law->x[0], x[0]);
    sums sum = { 0.0, 0.0, 0.0, 0.0 };

    for (size_t i = 0, j = 0;;) {
        while (j < n && x[j] <= at)
            j++;
        double next = fmin(node_beyond(law, at, &i), j < n ? x[j] : INFINITY);
        if (!(next < INFINITY))
            return sum;
        jet below = { (double)j / (double)n, 0.0 };
        add_piece(&sum, next - at, difference(law_at(law, i, at), below),
                  difference(law_at(law, i, next), below));
        at = next;
    }
}

/* The mean of |share - p| for the share of n draws that fall below, each with
 * probability p: de Moivre's formula for the binomial law. */
static double mean_deviation(size_t n, double p)
{
    double v = floor((double)n * p) + 1.0;

    if (!(0.0 < p && p < 1.0))
        return 0.0;
    return 2.0 * v / (double)n * (1.0 - p) *
           gsl_ran_binomial_pdf((unsigned)v, p, (unsigned)n);
}

/* The integral of that over x: the mean W1 between n draws and the law. */
static double mean_w1(const dm_law *law, size_t n)
{
    double before = 0.0, sum = 0.0;

    for (size_t i = 1; i < law->n; i++) {
        double here = mean_deviation(n, law->cdf[i]);
        sum += 0.5 * (law->x[i] - law->x[i - 1]) * (before + here);
        before = here;
    }
    return sum;
}

/* Integrals over a law of its distribution function F. */
typedef struct {
    double trace;  /* of F (1 - F)                       */
    double square; /* of (F(min) - F F)^2 over the plane */
} spread;

static spread spread_of(const dm_law *law)
{
    spread s = { 0.0, 0.0 };
    double below = 0.0; /* integral of F^2 up to here */

    for (size_t i = 0; i + 1 < law->n; i++) {
        double h = law->x[i + 1] - law->x[i], here = 0.0;
        for (int j = 0; j < GAUSS; j++) {
            double F, slope, w = gauss_weight[j] * h;
            double x = law->x[i] + gauss_node[j] * h;
            dm_law_cubic(law, i, x, &F, &slope);
            s.trace += w * F * (1.0 - F);
            s.square += 2.0 * w * gsl_pow_2(1.0 - F) *
                        (below + F * F * gauss_node[j] * h);
            here += w * F * F;
        }
        below += here;
    }
    return s;
}

int dm_distance_w1_sample(const dm_law *law, size_t n, double x[], double p,
                          dm_sampled *out)
{
    double variance;
    int status = sort_points(n, x, p);

    if (status != GSL_SUCCESS)
        return status;
    dm_law_moments(law, NULL, &variance);
    out->value = compare_sample(law, n, x).area;
    out->mean = mean_w1(law, n);
    out->sd = sqrt(variance / (double)n);
    out->limit = out->mean + out->sd * sqrt(-2.0 * log(p));
    return GSL_SUCCESS;
}

int dm_distance_energy_sample(const dm_law *law, size_t n, double x[], double p,
                              dm_sampled *out)
{
    int status = sort_points(n, x, p);

    if (status != GSL_SUCCESS)
        return status;
    /* n times the distance tends to twice the integral of the square of a
     * Gaussian process with covariance K = F(min) - F F.  The norm of that
     * process has a mean of at most the root of the trace of K, and is a
     * function of normals with slopes up to the root of the largest
     * eigenvalue, which is at most the root of the integral of K^2. */
    spread s = spread_of(law);
    double root = sqrt(s.trace) + sqrt(-2.0 * log(p) * sqrt(s.square));
    out->value = 2.0 * compare_sample(law, n, x).square;
    out->mean = 2.0 * s.trace / (double)n;
    out->sd = 2.0 * sqrt(2.0 * s.square) / (double)n;
    out->limit = 2.0 * root * root / (double)n;
    return GSL_SUCCESS;
}

int dm_distance_ks_sample(const dm_law *law, size_t n, double x[], double p,
                          dm_sampled *out)
{
    int status = sort_points(n, x, p);

    if (status != GSL_SUCCESS)
        return status;
    double limit = dm_distance_ks_limit(n, p);
    if (isnan(limit))
        return GSL_EDOM;
    double largest = 0.0, root = sqrt((double)n);
    for (size_t i = 0; i < n; i++) {
        double u = dm_law_cdf(law, x[i]), N = (double)n;
        largest = fmax(largest, u - (double)i / N);
        largest = fmax(largest, (double)(i + 1) / N - u);
    }
    /* The mean of the Kolmogorov law is sqrt(pi/2) ln 2, its mean square
     * pi^2/12; root n with Stephens' correction. */
    root += 0.12 + 0.11 / root;
    double mean = sqrt(0.5 * M_PI) * M_LN2;
    out->value = largest;
    out->mean = mean / root;
    out->sd = sqrt(M_PI * M_PI / 12.0 - mean * mean) / root;
    out->limit = limit;
    return GSL_SUCCESS;
}

/* The W1 between n points, projected into line: [n], and a mixture. */
static int sample_along(const dm_mixture *m, const double d[2], size_t n,
                        const double x[], const double y[], double line[],
                        double p, dm_sampled *out)
{
    dm_law *law = project(m, d);

    if (law == NULL)
        return GSL_EFAILED;
    for (size_t i = 0; i < n; i++)
        line[i] = d[0] * x[i] + d[1] * y[i];
    int status = dm_distance_w1_sample(law, n, line, p, out);
    dm_law_free(law);
    return status;
}

int dm_distance_sliced_w1_sample(const dm_mixture *m, size_t directions,
                                 size_t n, const double x[], const double y[],
                                 double p, dm_sampled *out)
{
    dm_sampled mean = { 0.0, 0.0, 0.0, 0.0 }, one;
    int status = GSL_SUCCESS;

    if (m->dim != 2 || directions == 0 || n == 0)
        GSL_ERROR("need two dimensions, a direction and a point", GSL_EDOM);
    double *line = malloc(n * sizeof *line);
    if (line == NULL)
        GSL_ERROR("no memory for the points", GSL_ENOMEM);
    for (size_t i = 0; status == GSL_SUCCESS && i < directions; i++) {
        double d[2], share = 1.0 / (double)directions;
        direction(i, directions, d);
        status = sample_along(m, d, n, x, y, line, p, &one);
        mean.value += share * one.value;
        mean.mean += share * one.mean;
        mean.sd += share * one.sd;
        mean.limit += share * one.limit;
    }
    free(line);
    if (status == GSL_SUCCESS)
        *out = mean;
    return status;
}

/* --- Kolmogorov and Smirnov, mean squares ---------------------------------- */

double dm_distance_ks(size_t n, double u[])
{
    double distance = 0.0;

    if (n == 0)
        GSL_ERROR_VAL("need at least one number", GSL_EDOM, NAN);
    gsl_sort(u, 1, n);
    for (size_t i = 0; i < n; i++) {
        double below = u[i] - (double)i / (double)n;
        double above = (double)(i + 1) / (double)n - u[i];
        distance = fmax(distance, fmax(below, above));
    }
    return distance;
}

double dm_distance_ks_limit(size_t n, double p)
{
    if (n == 0 || !(0.0 < p && p < 0.2))
        GSL_ERROR_VAL("need numbers and 0 < p < 0.2", GSL_EDOM, NAN);
    /* P(K > k) = 2 exp(-2 k^2) - 2 exp(-8 k^2) + ...: the second term is
     * below 1e-3 of the first for p < 0.2. */
    double k = sqrt(-0.5 * log(0.5 * p)), root = sqrt((double)n);
    return k / (root + 0.12 + 0.11 / root);
}

int dm_distance_variance_limits(size_t n, double p, double *low, double *high)
{
    if (n == 0 || !(0.0 < p && p < 0.5))
        GSL_ERROR("need numbers and 0 < p < 0.5", GSL_EDOM);
    double nu = (double)n;
    if (n <= 1000) {
        *low = gsl_cdf_chisq_Pinv(p, nu) / nu;
        *high = gsl_cdf_chisq_Qinv(p, nu) / nu;
        return GSL_SUCCESS;
    }
    /* Wilson and Hilferty (1931): the cube root is nearly normal.  (GSL's
     * inverse stops converging from about n = 10^5.) */
    double z = gsl_cdf_ugaussian_Qinv(p), v = 2.0 / (9.0 * nu);
    *low = gsl_pow_3(1.0 - v - z * sqrt(v));
    *high = gsl_pow_3(1.0 - v + z * sqrt(v));
    return GSL_SUCCESS;
}
