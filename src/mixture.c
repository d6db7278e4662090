#include "mixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_roots.h>

/* --- two by two matrices ------------------------------------------------- */

static int is_positive_definite(size_t dim, dm_sym2 s)
{
    if (!(s.xx > 0.0 && isfinite(s.xx)))
        return 0;
    if (dim == 1)
        return 1;
    return s.yy > 0.0 && isfinite(s.yy) && isfinite(s.xy) &&
           dm_sym2_determinant(s) > 0.0;
}

static dm_sym2 inverse(size_t dim, dm_sym2 s)
{
    if (dim == 1)
        return (dm_sym2){ 1.0 / s.xx, 0.0, 0.0 };
    double det = dm_sym2_determinant(s);
    return (dm_sym2){ s.yy / det, -s.xy / det, s.xx / det };
}

/* v = s u */
static void apply(dm_sym2 s, const double u[2], double v[2])
{
    v[0] = s.xx * u[0] + s.xy * u[1];
    v[1] = s.xy * u[0] + s.yy * u[1];
}

/* --- making, freeing ----------------------------------------------------- */

static dm_mixture *allocate(size_t dim, size_t K)
{
    dm_mixture *m = calloc(1, sizeof *m);
    if (m != NULL)
        m->component = calloc(K, sizeof *m->component);
    if (m == NULL || m->component == NULL) {
        free(m);
        GSL_ERROR_NULL("no memory for mixture", GSL_ENOMEM);
    }
    m->dim = dim;
    m->K = K;
    return m;
}

/* Fills in what follows from weight and covariance. */
static void prepare(size_t dim, dm_component *c)
{
    double det = dim == 1 ? c->cov.xx : dm_sym2_determinant(c->cov);

    c->precision = inverse(dim, c->cov);
    c->log_peak =
        log(c->weight) - 0.5 * (log(det) + (double)dim * log(2.0 * M_PI));
}

dm_mixture *dm_mixture_new(size_t dim, size_t K, const double weight[],
                           const double mean[], const double cov[])
{
    if (!(dim == 1 || dim == 2) || K < 1 || K > DM_COMPONENTS_MAX)
        GSL_ERROR_NULL("need 1 or 2 dimensions, 1 to 1000 components",
                       GSL_EDOM);
    dm_mixture *m = allocate(dim, K);
    if (m == NULL)
        return NULL;

    double total = 0.0;
    int valid = 1;
    for (size_t k = 0; k < K; k++) {
        dm_component *c = &m->component[k];
        c->weight = weight[k];
        for (size_t j = 0; j < dim; j++)
            c->mean[j] = mean[k * dim + j];
        c->cov = dim == 1
                     ? (dm_sym2){ cov[k], 0.0, 0.0 }
                     : (dm_sym2){ cov[3 * k], cov[3 * k + 1], cov[3 * k + 2] };
        total += c->weight;
        valid = valid && c->weight > 0.0 && isfinite(c->mean[0]) &&
                isfinite(c->mean[1]) && is_positive_definite(dim, c->cov);
    }
    if (!valid || !(fabs(total - 1.0) <= 1e-9)) {
        dm_mixture_free(m);
        GSL_ERROR_NULL("need positive weights that sum to 1, finite means "
                       "and positive definite covariances",
                       GSL_EDOM);
    }
    for (size_t k = 0; k < K; k++) {
        m->component[k].weight /= total;
        prepare(dim, &m->component[k]);
    }
    return m;
}

void dm_mixture_free(dm_mixture *m)
{
    if (m == NULL)
        return;
    free(m->component);
    free(m);
}

dm_mixture *dm_mixture_marginal(const dm_mixture *m, size_t axis)
{
    if (axis >= m->dim)
        GSL_ERROR_NULL("need axis < dim", GSL_EDOM);
    dm_mixture *out = allocate(1, m->K);
    for (size_t k = 0; out != NULL && k < m->K; k++) {
        const dm_component *c = &m->component[k];
        double v = axis == 0 ? c->cov.xx : c->cov.yy;
        out->component[k] = (dm_component){ .weight = c->weight,
                                            .mean = { c->mean[axis] },
                                            .cov = { .xx = v } };
        prepare(1, &out->component[k]);
    }
    return out;
}

/* --- noise levels -------------------------------------------------------- */

/* a^2 cov + c I: the covariance of a component at a level. */
static dm_sym2 diffused_cov(size_t dim, dm_sym2 cov, dm_level level)
{
    double a2 = level.scale * level.scale;
    return (dm_sym2){ a2 * cov.xx + level.variance, a2 * cov.xy,
                      dim == 1 ? 0.0 : a2 * cov.yy + level.variance };
}

static int is_level(dm_level level)
{
    return isfinite(level.scale) && level.scale != 0.0 &&
           level.variance >= 0.0 && isfinite(level.variance);
}

dm_mixture *dm_mixture_diffuse(const dm_mixture *m, dm_level level)
{
    if (!is_level(level))
        GSL_ERROR_NULL("need finite scale != 0 and variance >= 0", GSL_EDOM);
    dm_mixture *out = allocate(m->dim, m->K);
    if (out == NULL)
        return NULL;
    // snippet: diffuse
    for (size_t k = 0; k < m->K; k++) { /* Eq. (0.16) */
        out->component[k].weight = m->component[k].weight;
        for (size_t j = 0; j < 2; j++)
            out->component[k].mean[j] = level.scale * m->component[k].mean[j];
        out->component[k].cov =
            diffused_cov(m->dim, m->component[k].cov, level);
        prepare(m->dim, &out->component[k]);
    }
    // end: diffuse
    return out;
}

/* The law of x_0 given x_t = x if component c made x_0: replaces mean and cov
 * of *c by S^-1 (c mean + a cov x) and c S^-1 cov with S = a^2 cov + c I. */
static void condition_component(size_t dim, dm_level level, const double x[],
                                dm_component *c)
{
    dm_sym2 S = diffused_cov(dim, c->cov, level), inv = inverse(dim, S);
    double at[2] = { x[0], dim == 1 ? 0.0 : x[1] }, sum[2];

    apply(c->cov, at, sum);
    for (size_t j = 0; j < 2; j++)
        sum[j] = level.variance * c->mean[j] + level.scale * sum[j];
    apply(inv, sum, c->mean);
    /* S^-1 and cov have the same eigenvectors: their product is symmetric.
     * Beside the diagonal what is left of it is c cov.xy/det S. */
    double v = level.variance;
    double xy = dim == 1 ? 0.0 : v * c->cov.xy / dm_sym2_determinant(S);
    c->cov = (dm_sym2){ v * (inv.xx * c->cov.xx + inv.xy * c->cov.xy), v * xy,
                        v * (inv.xy * c->cov.xy + inv.yy * c->cov.yy) };
}

dm_mixture *dm_mixture_posterior(const dm_mixture *m, dm_level level,
                                 const double x[])
{
    double r[DM_COMPONENTS_MAX];

    if (!(level.variance > 0.0))
        GSL_ERROR_NULL("need a level with noise", GSL_EDOM);
    dm_mixture *noisy = dm_mixture_diffuse(m, level);
    if (noisy == NULL)
        return NULL;
    dm_mixture_responsibilities(noisy, x, r);
    dm_mixture_free(noisy);
    dm_mixture *out = allocate(m->dim, m->K);
    if (out == NULL)
        return NULL;
    out->K = 0;
    for (size_t k = 0; k < m->K; k++) { /* Eq. (0.19) */
        if (r[k] < GSL_DBL_MIN)
            continue;
        dm_component *c = &out->component[out->K++];
        *c = m->component[k];
        c->weight = r[k];
        condition_component(m->dim, level, x, c);
        prepare(m->dim, c);
    }
    return out;
}

/* --- density, score, Hessian --------------------------------------------- */

/* Stores x - mean_k in d and precision_k (mean_k - x), the score of component
 * k alone, in g. */
static void component_score(const dm_mixture *m, size_t k, const double x[],
                            double d[2], double g[2])
{
    const dm_component *c = &m->component[k];

    d[0] = x[0] - c->mean[0];
    d[1] = m->dim == 1 ? 0.0 : x[1] - c->mean[1];
    apply(c->precision, d, g);
    g[0] = -g[0];
    g[1] = -g[1];
}

// snippet: responsibilities
double dm_mixture_responsibilities(const dm_mixture *m, const double x[],
                                   double r[])
{
    double largest = -INFINITY, sum = 0.0, d[2], g[2];

    for (size_t k = 0; k < m->K; k++) {
        component_score(m, k, x, d, g);
        r[k] = m->component[k].log_peak + 0.5 * (g[0] * d[0] + g[1] * d[1]);
        largest = fmax(largest, r[k]);
    }
    for (size_t k = 0; k < m->K; k++) {
        r[k] = exp(r[k] - largest);
        sum += r[k];
    }
    for (size_t k = 0; k < m->K; k++)
        r[k] /= sum;
    return largest + log(sum);
}
// end: responsibilities

double dm_mixture_log_density(const dm_mixture *m, const double x[])
{
    double r[DM_COMPONENTS_MAX];
    return dm_mixture_responsibilities(m, x, r);
}

// snippet: score
void dm_mixture_score(const dm_mixture *m, const double x[], double score[])
{
    double r[DM_COMPONENTS_MAX], d[2], g[2];

    dm_mixture_responsibilities(m, x, r);
    for (size_t j = 0; j < m->dim; j++)
        score[j] = 0.0;
    for (size_t k = 0; k < m->K; k++) { /* Eq. (0.17) */
        component_score(m, k, x, d, g);
        for (size_t j = 0; j < m->dim; j++)
            score[j] += r[k] * g[j];
    }
}
// end: score

void dm_mixture_hessian(const dm_mixture *m, const double x[], dm_sym2 *hessian)
{
    double r[DM_COMPONENTS_MAX], d[2], g[2], s[2] = { 0.0, 0.0 };
    dm_sym2 h = { 0.0, 0.0, 0.0 };

    dm_mixture_responsibilities(m, x, r);
    dm_mixture_score(m, x, s);
    for (size_t k = 0; k < m->K; k++) { /* Eq. (0.18), about the mean s */
        const dm_component *c = &m->component[k];
        component_score(m, k, x, d, g);
        double e[2] = { g[0] - s[0], g[1] - s[1] };
        h.xx += r[k] * (e[0] * e[0] - c->precision.xx);
        h.xy += r[k] * (e[0] * e[1] - c->precision.xy);
        h.yy += r[k] * (e[1] * e[1] - c->precision.yy);
    }
    *hessian = h;
}

/* --- moments ------------------------------------------------------------- */

/* Mean and covariance of the K components c with weights r. */
static void moments(size_t K, const dm_component c[], double mean[2],
                    dm_sym2 *cov)
{
    mean[0] = mean[1] = 0.0;
    for (size_t k = 0; k < K; k++)
        for (size_t j = 0; j < 2; j++)
            mean[j] += c[k].weight * c[k].mean[j];
    *cov = (dm_sym2){ 0.0, 0.0, 0.0 };
    for (size_t k = 0; k < K; k++) {
        double e[2] = { c[k].mean[0] - mean[0], c[k].mean[1] - mean[1] };
        cov->xx += c[k].weight * (c[k].cov.xx + e[0] * e[0]);
        cov->xy += c[k].weight * (c[k].cov.xy + e[0] * e[1]);
        cov->yy += c[k].weight * (c[k].cov.yy + e[1] * e[1]);
    }
}

void dm_mixture_moments(const dm_mixture *m, double mean[], dm_sym2 *cov)
{
    double both[2];
    dm_sym2 matrix;

    moments(m->K, m->component, both, &matrix);
    for (size_t j = 0; mean != NULL && j < m->dim; j++)
        mean[j] = both[j];
    if (cov != NULL)
        *cov = matrix;
}

int dm_mixture_denoise(const dm_mixture *m, dm_level level, const double x[],
                       double mean[], dm_sym2 *cov)
{
    if (!is_level(level))
        GSL_ERROR("need finite scale != 0 and variance >= 0", GSL_EDOM);
    if (level.variance == 0.0) {
        for (size_t j = 0; mean != NULL && j < m->dim; j++)
            mean[j] = x[j] / level.scale;
        if (cov != NULL)
            *cov = (dm_sym2){ 0.0, 0.0, 0.0 };
        return GSL_SUCCESS;
    }
    dm_mixture *posterior = dm_mixture_posterior(m, level, x);
    if (posterior == NULL)
        return GSL_ENOMEM;
    dm_mixture_moments(posterior, mean, cov);
    dm_mixture_free(posterior);
    return GSL_SUCCESS;
}

int dm_mixture_eps(const dm_mixture *m, dm_level level, const double x[],
                   double eps[])
{
    if (!is_level(level))
        GSL_ERROR("need finite scale != 0 and variance >= 0", GSL_EDOM);
    dm_mixture *noisy = dm_mixture_diffuse(m, level);
    if (noisy == NULL)
        return GSL_ENOMEM;
    // snippet: eps
    dm_mixture_score(noisy, x, eps);
    for (size_t j = 0; j < m->dim; j++)
        eps[j] *= -sqrt(level.variance); /* Eq. (0.22) */
    // end: eps
    dm_mixture_free(noisy);
    return GSL_SUCCESS;
}

/* --- distribution function and quantile ---------------------------------- */

static double standardised(const dm_component *c, double x)
{
    return (x - c->mean[0]) / sqrt(c->cov.xx);
}

double dm_mixture_cdf(const dm_mixture *m, double x)
{
    double sum = 0.0;

    if (m->dim != 1)
        GSL_ERROR_VAL("need one dimension", GSL_EDOM, NAN);
    for (size_t k = 0; k < m->K; k++)
        sum += m->component[k].weight *
               gsl_cdf_ugaussian_P(standardised(&m->component[k], x));
    return sum;
}

double dm_mixture_tail(const dm_mixture *m, double x)
{
    double sum = 0.0;

    if (m->dim != 1)
        GSL_ERROR_VAL("need one dimension", GSL_EDOM, NAN);
    for (size_t k = 0; k < m->K; k++)
        sum += m->component[k].weight *
               gsl_cdf_ugaussian_Q(standardised(&m->component[k], x));
    return sum;
}

struct target {
    const dm_mixture *m;
    double p;
};

/* P(X <= x) - p, adding small numbers to small numbers: a component below x
 * counts as its whole weight less its upper tail. */
static double excess(double x, void *params)
{
    const struct target *target = params;
    double whole = -target->p, small = 0.0;

    for (size_t k = 0; k < target->m->K; k++) {
        const dm_component *c = &target->m->component[k];
        double z = standardised(c, x);
        if (z > 0.0) {
            whole += c->weight;
            small -= c->weight * gsl_cdf_ugaussian_Q(z);
        } else {
            small += c->weight * gsl_cdf_ugaussian_P(z);
        }
    }
    return whole + small;
}

double dm_mixture_quantile(const dm_mixture *m, double p)
{
    double low = INFINITY, high = -INFINITY, narrowest = INFINITY;
    struct target target = { m, p };
    gsl_function f = { excess, &target };

    if (m->dim != 1 || !(0.0 < p && p < 1.0))
        GSL_ERROR_VAL("need one dimension and 0 < p < 1", GSL_EDOM, NAN);
    for (size_t k = 0; k < m->K; k++) { /* between the components' own */
        const dm_component *c = &m->component[k];
        double x = c->mean[0] + sqrt(c->cov.xx) * gsl_cdf_ugaussian_Pinv(p);
        low = fmin(low, x);
        high = fmax(high, x);
        narrowest = fmin(narrowest, sqrt(c->cov.xx));
    }
    if (!(excess(low, &target) < 0.0))
        return low;
    if (!(excess(high, &target) > 0.0))
        return high;

    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (solver == NULL)
        return NAN;
    gsl_root_fsolver_set(solver, &f, low, high);
    double root = low;
    for (int i = 0; i < 300; i++) {
        gsl_root_fsolver_iterate(solver);
        root = gsl_root_fsolver_root(solver);
        if (gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
                                   gsl_root_fsolver_x_upper(solver),
                                   1e-16 * narrowest,
                                   GSL_DBL_EPSILON) == GSL_SUCCESS)
            break;
    }
    gsl_root_fsolver_free(solver);
    return root;
}

void dm_mixture_rosenblatt(const dm_mixture *m, const double x[], double u[])
{
    double r[DM_COMPONENTS_MAX], largest = -INFINITY, sum = 0.0, below = 0.0;

    u[0] = 0.0;
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        double z = standardised(c, x[0]);
        u[0] += c->weight * gsl_cdf_ugaussian_P(z);
        r[k] = log(c->weight) - 0.5 * (log(c->cov.xx) + z * z);
        largest = fmax(largest, r[k]);
    }
    if (m->dim == 1)
        return;
    for (size_t k = 0; k < m->K; k++) { /* given X = x[0] */
        const dm_component *c = &m->component[k];
        double slope = c->cov.xy / c->cov.xx;
        double mean = c->mean[1] + slope * (x[0] - c->mean[0]);
        double sd = sqrt(dm_sym2_determinant(c->cov) / c->cov.xx);
        double weight = exp(r[k] - largest);
        sum += weight;
        below += weight * gsl_cdf_ugaussian_P((x[1] - mean) / sd);
    }
    u[1] = below / sum;
}

/* --- draws, integrals ---------------------------------------------------- */

void dm_mixture_sample(const dm_mixture *m, gsl_rng *r, double x[])
{
    double u = gsl_rng_uniform(r);
    size_t k = 0;

    while (k + 1 < m->K && u >= m->component[k].weight)
        u -= m->component[k++].weight;
    const dm_component *c = &m->component[k];
    if (m->dim == 1) {
        x[0] = c->mean[0] + gsl_ran_gaussian(r, sqrt(c->cov.xx));
        return;
    }
    double sx = sqrt(c->cov.xx), sy = sqrt(c->cov.yy);
    gsl_ran_bivariate_gaussian(r, sx, sy, c->cov.xy / sx / sy, &x[0], &x[1]);
    x[0] += c->mean[0];
    x[1] += c->mean[1];
}

double dm_mixture_condition(const dm_mixture *m)
{
    double worst = 1.0;

    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        if (m->dim == 1) {
            worst = fmax(worst, fabs(c->mean[0]) / sqrt(c->cov.xx));
            continue;
        }
        double det = dm_sym2_determinant(c->cov);
        worst = fmax(worst, fabs(c->mean[0]) / sqrt(det / c->cov.yy));
        worst = fmax(worst, fabs(c->mean[1]) / sqrt(det / c->cov.xx));
        worst = fmax(worst, c->cov.xx * c->cov.yy / det);
    }
    return worst;
}

double dm_mixture_tolerance(const dm_mixture *m, double wanted)
{
    return fmax(wanted, 64.0 * GSL_DBL_EPSILON * dm_mixture_condition(m));
}

int dm_mixture_integrate(const dm_mixture *m, const dm_gaussian *also,
                         double (*f)(double x, void *p), void *p, double epsabs,
                         double *result)
{
    if (m->dim != 1)
        GSL_ERROR("need one dimension", GSL_EDOM);
    dm_gaussian *bump = malloc((m->K + 1) * sizeof *bump);
    if (bump == NULL)
        GSL_ERROR("no memory for quadrature", GSL_ENOMEM);
    for (size_t k = 0; k < m->K; k++)
        bump[k] =
            (dm_gaussian){ m->component[k].mean[0], m->component[k].cov.xx };
    if (also != NULL)
        bump[m->K] = *also;
    int status = dm_gaussian_integrate(m->K + (also != NULL), bump, f, p,
                                       epsabs, result);
    free(bump);
    return status;
}
