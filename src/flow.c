#include "flow.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_odeiv2.h>

/* Steps between two levels.  A flow takes some tens to some hundreds. */
enum { STEPS_MAX = 20000 };

/* --- the velocity --------------------------------------------------------- */

/* Means over the components, each with its share in the density at y. */
typedef struct {
    double top; /* the largest logarithm of a weighted density so far */
    double sum; /* of the weighted densities over exp(top)            */
    double b[2], p[2], bp, trace;
} means;

/* What one bump says at a point, in the frame of Eq. (5.14).  In one dimension
 * a second coordinate is carried that is always 0 and has variance 1, which
 * adds nothing to any of it. */
typedef struct {
    double log_density; /* times the weight, up to a constant    */
    double b[2];        /* the mean of the velocity              */
    double p[2];        /* minus the score                       */
    double trace;       /* the divergence of b                   */
} bump;

static bump bump_at(const dm_component *k, size_t dim, double c, double s,
                    const double y[])
{
    double other = dim == 2 ? y[1] : 0.0;
    double z[2] = { y[0] - c * k->mean[0], other - c * k->mean[1] };
    dm_sym2 C = { k->cov.xx, k->cov.xy, dim == 2 ? k->cov.yy : 1.0 };
    dm_sym2 V = { c * c * C.xx + s * s, c * c * C.xy, c * c * C.yy + s * s };
    double det = dm_sym2_determinant(V);
    double p[2] = { (V.yy * z[0] - V.xy * z[1]) / det,
                    (V.xx * z[1] - V.xy * z[0]) / det };
    double traced =
        ((1.0 - C.xx) * V.yy + (1.0 - C.yy) * V.xx + 2.0 * C.xy * V.xy) / det;

    return (
        bump){ log(k->weight) - 0.5 * (log(det) + z[0] * p[0] + z[1] * p[1]),
               { c * s * (p[0] - C.xx * p[0] - C.xy * p[1]) - s * k->mean[0],
                 c * s * (p[1] - C.xy * p[0] - C.yy * p[1]) - s * k->mean[1] },
               { p[0], p[1] },
               c * s * traced };
}

static void add_bump(means *m, const bump *k)
{
    double old = 1.0, new = 1.0; /* factors of the sums and of this bump */

    if (k->log_density > m->top) {
        old = exp(m->top - k->log_density);
        m->top = k->log_density;
    } else {
        new = exp(k->log_density - m->top);
    }
    m->sum = old * m->sum + new;
    for (size_t i = 0; i < 2; i++) {
        m->b[i] = old * m->b[i] + new * k->b[i];
        m->p[i] = old * m->p[i] + new * k->p[i];
    }
    m->bp = old * m->bp + new *(k->b[0] * k->p[0] + k->b[1] * k->p[1]);
    m->trace = old * m->trace + new * k->trace;
}

void dm_flow_velocity(const dm_mixture *data, double angle, const double y[],
                      double v[], double *divergence)
{
    double c = cos(angle), s = sin(angle);
    means m = { .top = -INFINITY };

    for (size_t i = 0; i < data->K; i++) {
        bump k = bump_at(&data->component[i], data->dim, c, s, y);
        add_bump(&m, &k);
    }
    for (size_t i = 0; i < data->dim; i++)
        v[i] = m.b[i] / m.sum;
    if (divergence == NULL)
        return;
    /* The share r of a bump changes as r (mean of p - p). */
    *divergence = (m.trace - m.bp) / m.sum +
                  (m.b[0] * m.p[0] + m.b[1] * m.p[1]) / (m.sum * m.sum);
}

/* --- the way -------------------------------------------------------------- */

/* A flow, for GSL.  The state is the point, and behind it the logarithm of how
 * much it has been stretched, where that is asked for. */
typedef struct {
    const dm_mixture *data;
    size_t n;       /* numbers in the state */
    double reached; /* angle                */
} way;

static int slope(double angle, const double y[], double dy[], void *params)
{
    way *w = params;
    size_t dim = w->data->dim;

    dm_flow_velocity(w->data, angle, y, dy, w->n > dim ? &dy[dim] : NULL);
    for (size_t i = 0; i < w->n; i++)
        if (!isfinite(dy[i]))
            return GSL_EBADFUNC;
    return GSL_SUCCESS;
}

/* Moves the state y from one angle to another with this error in each step. */
static int integrate(way *w, double from, double to, double local, double y[])
{
    gsl_odeiv2_system system = { slope, NULL, w->n, w };
    double first = 1e-3 * (to - from);

    w->reached = from;
    if (from + first == from)
        first = to - from;
    gsl_odeiv2_driver *driver =
        gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, first,
                                      local, 0.0);
    if (driver == NULL)
        return GSL_ENOMEM;
    gsl_odeiv2_driver_set_nmax(driver, STEPS_MAX);
    int status = gsl_odeiv2_driver_apply(driver, &w->reached, to, y);
    gsl_odeiv2_driver_free(driver);
    return status;
}

/* The largest difference of two states, or their round-off if that is more. */
static double apart(size_t n, const double a[], const double b[])
{
    double most = 0.0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fmax(fabs(a[i] - b[i]), DBL_EPSILON * fabs(b[i])));
    return most;
}

/* Says where, or with what error, the integration ended. */
static int give_up(int status, const way *w, double error, double tolerance)
{
    static _Thread_local char why[120];
    double c = cos(w->reached);

    if (status == GSL_SUCCESS) {
        snprintf(why, sizeof why,
                 "the flow is known to within %.2g, not to %.2g", error,
                 tolerance);
        GSL_ERROR(why, GSL_ETOL);
    }
    snprintf(why, sizeof why, "the flow stops at abar = %.6g: %s", c * c,
             status == GSL_EMAXITER ? "too many steps" : gsl_strerror(status));
    GSL_ERROR(why, status == GSL_EMAXITER || status == GSL_ENOMEM
                       ? status
                       : GSL_FAILURE);
}

/* Replaces y by the state at the other angle. */
static int follow(way *w, double from, double to, double tolerance, double y[])
{
    double local = fmax(0.1 * tolerance, 10.0 * DBL_EPSILON);
    double coarse[3], fine[3], error = INFINITY;

    if (from == to)
        return GSL_SUCCESS;
    for (size_t i = 0; i < w->n; i++)
        coarse[i] = y[i];
    int status = integrate(w, from, to, local, coarse);
    while (status == GSL_SUCCESS && local > 0.1 * DBL_EPSILON) {
        local *= 0.01;
        for (size_t i = 0; i < w->n; i++)
            fine[i] = y[i];
        status = integrate(w, from, to, local, fine);
        error = apart(w->n, coarse, fine);
        if (status == GSL_SUCCESS && error <= tolerance)
            break;
        for (size_t i = 0; i < w->n; i++)
            coarse[i] = fine[i];
    }
    if (!(status == GSL_SUCCESS && error <= tolerance))
        return give_up(status, w, error, tolerance);
    for (size_t i = 0; i < w->n; i++)
        y[i] = fine[i];
    return GSL_SUCCESS;
}

static int is_level(dm_level level)
{
    return level.scale >= 0.0 && level.variance >= 0.0 &&
           isfinite(level.scale) && isfinite(level.variance) &&
           level.scale + level.variance > 0.0;
}

int dm_flow_move(const dm_mixture *data, dm_level from, dm_level to,
                 double tolerance, double x[], double *stretch)
{
    size_t dim = data->dim;
    way w = { data, stretch == NULL ? dim : dim + 1, 0.0 };
    double y[3] = { 0.0 };

    if (!is_level(from) || !is_level(to))
        GSL_ERROR("need finite levels with scale and variance >= 0, not both 0",
                  GSL_EDOM);
    if (!(tolerance > 0.0 && isfinite(tolerance)))
        GSL_ERROR("need a finite tolerance > 0", GSL_EDOM);
    double before = hypot(from.scale, sqrt(from.variance));
    double after = hypot(to.scale, sqrt(to.variance));
    for (size_t i = 0; i < dim; i++) {
        if (!isfinite(x[i]))
            GSL_ERROR("need a finite point", GSL_EDOM);
        y[i] = x[i] / before;
    }
    int status = follow(&w, atan2(sqrt(from.variance), from.scale),
                        atan2(sqrt(to.variance), to.scale), tolerance, y);
    if (status != GSL_SUCCESS)
        return status;
    for (size_t i = 0; i < dim; i++)
        x[i] = after * y[i];
    if (stretch != NULL)
        *stretch = y[dim] + (double)dim * log(after / before);
    return GSL_SUCCESS;
}
