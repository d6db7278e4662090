#include "law.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_interp.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_permute.h>
#include <gsl/gsl_sort.h>

/* What a law is computed to.  Total variation is a probability, so that these
 * are pure numbers. */
static const double NOISE_ERROR = 1e-12; /* of each step with noise        */
static const double NODE_ERROR = 1e-11;  /* of the cdf between two nodes   */
static const double DROPPED = 1e-19;     /* weight that is left out        */

/* Standard deviations beyond which a normal has 1e-19 of its mass. */
static const double REACH = 9.0;

/* --- a step ---------------------------------------------------------------- */

/* A step as x_s = on_x0 E[x_0 given x_t] + on_eps eps*(x_t), which is the same,
 * for x_t = scale E[x_0 given x_t] + sqrt(variance) eps*(x_t).  At a level with
 * little signal A and B are large and nearly cancel; these are not. */
typedef struct {
    const dm_step *step;
    const dm_mixture *data; /* law of x_0                */
    dm_mixture *noisy;      /* law of x_t, owned by this */
    double on_x0, on_eps;
} ready;

static int is_step(const dm_step *s)
{
    return isfinite(s->A) && isfinite(s->B) && isfinite(s->C) &&
           isfinite(s->from.scale) && s->from.scale != 0.0 &&
           isfinite(s->from.variance) && s->from.variance >= 0.0;
}

static int check_table(const dm_sampler *sampler)
{
    static _Thread_local char why[120];

    for (size_t k = 0; k < sampler->n; k++) {
        if (is_step(&sampler->step[k]))
            continue;
        snprintf(why, sizeof why,
                 "step %zu of %zu: need finite numbers, scale != 0 and "
                 "variance >= 0",
                 k + 1, sampler->n);
        GSL_ERROR(why, GSL_EDOM);
    }
    return GSL_SUCCESS;
}

/* A sqrt(variance) + B, with the digits that the rounded root has lost; 0 where
 * no more is left than the rounding of A and B. */
static double factor_of_eps(const dm_step *s)
{
    double root = sqrt(s->from.variance);

    if (root == 0.0)
        return s->B;
    double lost = fma(-root, root, s->from.variance) / (2.0 * root);
    double sum = fma(s->A, root, s->B) + s->A * lost;
    return fabs(sum) > 4.0 * DBL_EPSILON * fabs(s->A) * root ? sum : 0.0;
}

/* Makes *r for a step; release it with dm_mixture_free(r->noisy). */
static int make_ready(const dm_step *s, const dm_mixture *data, ready *r)
{
    *r = (ready){ s, data, dm_mixture_diffuse(data, s->from),
                  s->A * s->from.scale, factor_of_eps(s) };
    return r->noisy == NULL ? GSL_ENOMEM : GSL_SUCCESS;
}

/* Where a step's mean takes a point, and its slope there; and the sizes of the
 * terms that were rounded, of the point's distances and of its image. */
typedef struct {
    double x, slope, before, after;
} image;

/* Moves one point by a step's mean, in one dimension. */
static image move(const ready *r, double x)
{
    double weight[DM_COMPONENTS_MAX], mean[DM_COMPONENTS_MAX];
    double a = r->step->from.scale, v = r->step->from.variance;
    double x0 = 0.0, eps = 0.0, spread = 0.0, before = 0.0, after = 0.0;

    if (r->step->B == 0.0 || v == 0.0) { /* eps* is 0 at variance 0 */
        double y = r->step->A * x;
        return (image){ y, r->step->A, fabs(x), fabs(y) };
    }
    dm_mixture_responsibilities(r->noisy, &x, weight);
    for (size_t k = 0; k < r->data->K; k++) {
        const dm_component *c = &r->data->component[k];
        double precision = r->noisy->component[k].precision.xx;
        double d = x - a * c->mean[0];
        mean[k] = (v * c->mean[0] + a * c->cov.xx * x) * precision;
        x0 += weight[k] * mean[k];
        eps += weight[k] * d * precision;
        before += weight[k] * fabs(d);
        after += weight[k] * fabs(mean[k]);
    }
    for (size_t k = 0; k < r->data->K; k++)
        spread += weight[k] * (gsl_pow_2(mean[k] - x0) / v +
                               r->data->component[k].cov.xx *
                                   r->noisy->component[k].precision.xx);
    /* spread = Var[x_0 given x_t]/v; a spread is the slope of E[x_0 given x_t],
     * and what it leaves of 1 is that of eps* times the root of v. */
    return (image){ r->on_x0 * x0 + r->on_eps * sqrt(v) * eps,
                    r->on_x0 * a * spread +
                        r->on_eps * (1.0 - a * a * spread) / sqrt(v),
                    fabs(x) + before,
                    fabs(r->on_x0) * after + fabs(r->on_eps * sqrt(v) * eps) };
}

/* A table, the data it is made for, and which of its steps are meant. */
typedef struct {
    const dm_sampler *sampler;
    const dm_mixture *data;
    size_t first, end; /* steps first .. end - 1 */
} path;

static int refuse_map(const path *p, size_t k)
{
    static _Thread_local char why[120];

    snprintf(why, sizeof why,
             "step %zu of %zu has no noise and its map is not increasing",
             k + 1, p->sampler->n);
    GSL_ERROR(why, GSL_EDOM);
}

/* Moves n points, in place, by the means of the steps of a path, and stores
 * the slope of all in slope, and in blur a bound of the round-off on the way, as
 * a shift of the point where it started.  A step without noise must be
 * increasing. */
static int move_all(const path *p, size_t n, double x[], double slope[],
                    double blur[])
{
    for (size_t i = 0; i < n; i++) {
        slope[i] = 1.0;
        blur[i] = 0.0;
    }
    for (size_t k = p->first; k < p->end; k++) {
        const dm_step *s = &p->sampler->step[k];
        ready r;
        int increasing = 1;
        if (make_ready(s, p->data, &r) != GSL_SUCCESS)
            return GSL_ENOMEM;
        for (size_t i = 0; i < n; i++) {
            image to = move(&r, x[i]);
            blur[i] += 4.0 * DBL_EPSILON * to.before / fabs(slope[i]);
            slope[i] *= to.slope;
            blur[i] += 4.0 * DBL_EPSILON * to.after / fabs(slope[i]);
            x[i] = to.x;
            increasing = increasing && to.slope > 0.0;
        }
        dm_mixture_free(r.noisy);
        if (s->C == 0.0 && !increasing)
            return refuse_map(p, k);
    }
    return GSL_SUCCESS;
}

/* --- sums of normals ------------------------------------------------------- */

/* What a step with noise makes of a law: by the trapezoid rule in x_t,
 *
 *     q(y) = sum_i weight_i N(y; center_i, width^2),
 *
 * with center_i the step's mean at node i and weight_i the density there times
 * the spacing.  So q is known at every y, not only on a grid.  At the start
 * the law is a mixture instead. */
typedef struct {
    const dm_mixture *start; /* the law; NULL for a sum              */
    size_t n;
    double *center; /* [n]  increasing                               */
    double *weight; /* [n]  sum to 1                                 */
    double *odd;    /* [n]  weight times 1 and -1 in turn            */
    double width;   /* no bump of the law is narrower                */
    double low, high;
    double tv;        /* its error, added up over the steps          */
    double round_off; /* mean shift of a center by round-off, widths */
    double sums;      /* numbers that were added up on the way       */
} base;

static base base_of_mixture(const dm_mixture *m)
{
    base b = { .start = m, .width = INFINITY, .low = INFINITY };

    b.high = -INFINITY;
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        double sd = sqrt(c->cov.xx);
        b.width = fmin(b.width, sd);
        b.low = fmin(b.low, c->mean[0] - REACH * sd);
        b.high = fmax(b.high, c->mean[0] + REACH * sd);
    }
    return b;
}

static void base_free(base *b)
{
    free(b->center);
    free(b->weight);
    free(b->odd);
    *b = (base){ 0 };
}

/* Adds up value_i N(y_j; center_i, width^2) at y_j = low + j h, for n points up
 * to high or beyond.  Written so that each i costs two exponentials:
 * with center_i = y_J + d, the exponent at y_(J+k) is -d^2/2 + d (k h) -
 * (k h)^2/2 in units of the width.  y, bell: [n]. */
static void add_normals(const base *b, const double value[], double h, size_t n,
                        double y[], double bell[])
{
    double unit = h / b->width;
    size_t reach = (size_t)(REACH / unit);

    for (size_t k = 0; k <= reach; k++)
        bell[k] = exp(-0.5 * gsl_pow_2((double)k * unit)) /
                  (sqrt(2.0 * M_PI) * b->width);
    memset(y, 0, n * sizeof *y);
    for (size_t i = 0; i < b->n; i++) {
        double at = (b->center[i] - b->low) / h;
        size_t J = (size_t)(at + 0.5);
        double d = (at - (double)J) * unit;
        double up = value[i] * exp(-0.5 * d * d), down = up;
        double ratio = exp(d * unit), inverse = 1.0 / ratio;
        y[J] += up * bell[0];
        for (size_t k = 1; k <= reach; k++) {
            up *= ratio;
            down *= inverse;
            y[J + k] += up * bell[k];
            y[J - k] += down * bell[k];
        }
    }
}

/* The number of points low, low + h, ... that cover a base, or 0 if that is
 * more than are allowed. */
static size_t points_over(const base *b, double h)
{
    double n = ceil((b->high - b->low) / h) + 2.0;
    return n <= (double)DM_LAW_NODES_MAX ? (size_t)n : 0;
}

/* Half the integral of |sum over the even nodes - sum over the odd ones|: the
 * change of the law if every second node were left out.  The spacing of y has
 * no simple ratio to that of the nodes, or differences could hide from it.
 * y, bell: [n], for n points over the base at the spacing h. */
static double unresolved(const base *b, double h, size_t n, double y[],
                         double bell[])
{
    double sum = 0.0;

    add_normals(b, b->odd, h, n, y, bell);
    for (size_t j = 0; j < n; j++)
        sum += fabs(y[j]);
    return 0.5 * h * sum;
}

static int measure(base *b)
{
    double h = 0.618 * b->width;
    size_t n = points_over(b, h);
    double *y = malloc(2 * n * sizeof *y);

    if (n == 0) { /* the nodes lie far apart */
        free(y);
        b->tv = INFINITY;
        return GSL_SUCCESS;
    }
    if (y == NULL)
        GSL_ERROR("no memory for a grid", GSL_ENOMEM);
    b->tv += unresolved(b, h, n, y, y + n);
    free(y);
    return GSL_SUCCESS;
}

/* The density of a base at low, low + h, ...; y, bell: [n]. */
static void density_on_grid(const base *b, double h, size_t n, double y[],
                            double bell[])
{
    if (b->start == NULL) {
        add_normals(b, b->weight, h, n, y, bell);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        double x = b->low + (double)j * h;
        y[j] = exp(dm_mixture_log_density(b->start, &x));
    }
}

/* Makes the nodes low, low + h, ... of an old base with their weights, leaves
 * out those of no weight, and adds what that changes to the error. */
static void make_nodes(const base *old, double h, size_t n, base *b,
                       double scratch[])
{
    double total = 0.0, dropped = 0.0;

    density_on_grid(old, h, n, b->weight, scratch);
    b->n = 0;
    for (size_t j = 0; j < n; j++) {
        double weight = h * b->weight[j];
        if (!(weight > DROPPED)) {
            dropped += weight;
            continue;
        }
        b->center[b->n] = old->low + (double)j * h;
        b->weight[b->n] = weight;
        b->odd[b->n++] = j % 2 == 0 ? weight : -weight;
        total += weight;
    }
    for (size_t i = 0; i < b->n; i++) {
        b->weight[i] /= total;
        b->odd[i] /= total;
    }
    b->tv = old->tv + dropped + fabs(1.0 - total - dropped);
}

static int sort_nodes(base *b)
{
    size_t i = 1;

    while (i < b->n && b->center[i - 1] <= b->center[i])
        i++;
    if (i >= b->n)
        return GSL_SUCCESS;
    size_t *order = malloc(b->n * sizeof *order);
    if (order == NULL)
        GSL_ERROR("no memory for a grid", GSL_ENOMEM);
    gsl_sort_index(order, b->center, 1, b->n);
    gsl_permute(order, b->center, 1, b->n);
    gsl_permute(order, b->weight, 1, b->n);
    gsl_permute(order, b->odd, 1, b->n);
    free(order);
    return GSL_SUCCESS;
}

/* |part|/whole, but 1 at most, and where it is not a number. */
static double share_of(double part, double whole)
{
    return fabs(part) < whole ? fabs(part) / whole : 1.0;
}

/* Makes *b what a path, whose last step alone has noise, makes of an old base,
 * with nodes at the spacing h.  b's error is the old one's and its own. */
static int spread(const path *p, const base *old, double h, base *b)
{
    size_t n = points_over(old, h);
    double *scratch = malloc(2 * n * sizeof *scratch);

    *b = (base){ .width = fabs(p->sampler->step[p->end - 1].C),
                 .sums = old->sums };
    b->center = malloc(n * sizeof *b->center);
    b->weight = malloc(n * sizeof *b->weight);
    b->odd = malloc(n * sizeof *b->odd);
    if (!scratch || !b->center || !b->weight || !b->odd) {
        free(scratch);
        base_free(b);
        GSL_ERROR("no memory for a grid", GSL_ENOMEM);
    }
    make_nodes(old, h, n, b, scratch);
    int status = move_all(p, b->n, b->center, scratch, scratch + n);
    for (size_t i = 0; i < b->n; i++)
        b->round_off +=
            b->weight[i] * share_of(scratch[i] * scratch[n + i], b->width);
    free(scratch);
    if (status == GSL_SUCCESS)
        status = sort_nodes(b);
    if (status == GSL_SUCCESS && b->n > 0) {
        b->low = b->center[0] - REACH * b->width;
        b->high = b->center[b->n - 1] + REACH * b->width;
        status = measure(b);
    }
    if (status != GSL_SUCCESS)
        base_free(b);
    return status;
}

static int refuse_grid(const path *p)
{
    static _Thread_local char why[120];

    snprintf(why, sizeof why,
             "step %zu of %zu has too little noise: the law needs more than "
             "%d points or %g sums",
             p->end, p->sampler->n, DM_LAW_NODES_MAX, DM_LAW_SUMS_MAX);
    GSL_ERROR(why, GSL_ETOL);
}

/* The numbers that are added up for the density of a base at a spacing. */
static double sums_over(const base *b, double h)
{
    return b->start == NULL ? (double)b->n * 2.0 * REACH * b->width / h : 0.0;
}

static int affordable(const path *p, const base *b, double h)
{
    double most = DM_LAW_SUMS_MAX * (1.0 + 1e-3 * (double)p->sampler->n);

    return points_over(b, h) > 0 && b->sums + sums_over(b, h) <= most;
}

/* The spacing to try where h had that error: it falls as exp(-c/h^2) for bumps,
 * less fast near poles of the step's mean. */
static double smaller(double h, double error)
{
    double factor = 0.3;

    if (error < 0.5)
        factor = sqrt(log(error) / log(0.1 * NOISE_ERROR));
    return h * fmin(fmax(factor, 0.3), 0.8);
}

/* Takes a base through a path whose last step alone has noise.  The product of
 * two bumps is no narrower than 0.7 of the narrower one, so that the spacing
 * is right if the step's mean moves no faster than its x_t; where it does, the
 * measured error says so and the spacing shrinks. */
static int add_noise(const path *p, base *b)
{
    double C = fabs(p->sampler->step[p->end - 1].C), error;

    for (double h = 0.4 * fmin(b->width, C); affordable(p, b, h);
         h = smaller(h, error)) {
        base next;
        b->sums += sums_over(b, h);
        int status = spread(p, b, h, &next);
        if (status != GSL_SUCCESS)
            return status;
        error = next.tv - b->tv;
        if (next.n > 0 && error <= NOISE_ERROR + next.round_off) {
            base_free(b);
            *b = next;
            return GSL_SUCCESS;
        }
        base_free(&next);
    }
    return refuse_grid(p);
}

/* --- a table of a law ------------------------------------------------------ */

/* A node: its place in the base and where the path takes it. */
typedef struct {
    double at;
    double x, cdf, density;
    double round_off; /* in cdf, by that in x                          */
    int open;         /* whether the interval after it is to be halved */
} node;

/* The cdf and the density of a sum of normals at n increasing places. */
static void law_of_sum(const base *b, size_t n, const double at[], double cdf[],
                       double density[])
{
    double peak = 1.0 / (sqrt(2.0 * M_PI) * b->width), below = 0.0;
    size_t first = 0; /* of the centers within reach */

    for (size_t j = 0; j < n; j++) {
        double reach = REACH * b->width;
        for (; first < b->n && b->center[first] < at[j] - reach; first++)
            below += b->weight[first];
        cdf[j] = below;
        density[j] = 0.0;
        for (size_t i = first; i < b->n; i++) {
            double z = (at[j] - b->center[i]) / b->width;
            if (z < -REACH)
                break;
            cdf[j] += b->weight[i] * gsl_cdf_ugaussian_P(z);
            density[j] += b->weight[i] * peak * exp(-0.5 * z * z);
        }
    }
}

static void law_of_base(const base *b, size_t n, const double at[],
                        double cdf[], double density[])
{
    if (b->start == NULL) {
        law_of_sum(b, n, at, cdf, density);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        cdf[j] = dm_mixture_cdf(b->start, at[j]);
        density[j] = exp(dm_mixture_log_density(b->start, &at[j]));
    }
}

/* Fills in nodes whose places are given, by a path without noise. */
static int fill_nodes(const path *p, const base *b, size_t n, node v[])
{
    double *at = malloc(5 * n * sizeof *at);

    if (at == NULL)
        GSL_ERROR("no memory for a law", GSL_ENOMEM);
    double *cdf = at + n, *density = at + 2 * n, *slope = at + 3 * n;
    for (size_t j = 0; j < n; j++)
        at[j] = v[j].at;
    law_of_base(b, n, at, cdf, density);
    double *blur = at + 4 * n;
    int status = move_all(p, n, at, slope, blur);
    for (size_t j = 0; status == GSL_SUCCESS && j < n; j++)
        v[j] = (node){
            v[j].at, at[j], cdf[j], density[j] / slope[j], blur[j] * density[j],
            1
        };
    free(at);
    return status;
}

/* The cubic on (0, 1) that rises by `rise` with the slopes left and right at
 * its ends, at t: its value above the left end, and its slope.  A slope above
 * three times the rise would let it fall; it is taken as that (Fritsch and
 * Carlson 1980). */
static void rising_cubic(double rise, double left, double right, double t,
                         double *value, double *slope)
{
    double u = 1.0 - t;

    left = fmin(left, 3.0 * rise);
    right = fmin(right, 3.0 * rise);
    *value = rise * t * t * (3.0 - 2.0 * t) + t * u * (u * left - t * right);
    *slope = 6.0 * t * u * rise + u * (1.0 - 3.0 * t) * left +
             t * (3.0 * t - 2.0) * right;
}

/* How far a node is from the cubic through its neighbours l and r: in value,
 * or in slope over their distance. */
static double off_cubic(const node *l, const node *m, const node *r)
{
    double h = r->x - l->x, value, slope;

    if (!(l->x < m->x && m->x < r->x))
        return INFINITY;
    rising_cubic(r->cdf - l->cdf, h * l->density, h * r->density,
                 (m->x - l->x) / h, &value, &slope);
    return fmax(fabs(l->cdf + value - m->cdf), fabs(slope - h * m->density));
}

/* The nodes of a law, in order, and the error of the cubics between them. */
typedef struct {
    size_t n;
    node *node; /* [n] */
    double tv, w1;
} table;

/* Puts the nodes `middle` into the open intervals of a table and says which of
 * the halves are open still: all but those of an interval that was right
 * without the node, or too short to halve.  The error it had stands for both
 * halves. */
static void insert(table *t, const node middle[], node room[])
{
    size_t n = 0, used = 0;

    for (size_t i = 0; i < t->n; i++) {
        room[n++] = t->node[i];
        if (!t->node[i].open)
            continue;
        const node *l = &t->node[i], *m = &middle[used++], *r = l + 1;
        double round_off = l->round_off + m->round_off + r->round_off;
        double off = off_cubic(l, m, r), mass = r->cdf - l->cdf;
        int done = off <= NODE_ERROR + round_off || mass <= round_off;
        if (!(l->at < m->at && m->at < r->at)) {
            room[n - 1].open = 0;
            continue;
        }
        if (done) {
            t->tv += fmin(off, mass);
            t->w1 += fmin(off, mass) * fmax(r->x - l->x, 0.0);
            room[n - 1].open = 0;
        }
        room[n] = *m;
        room[n++].open = !done;
    }
    free(t->node);
    t->node = room;
    t->n = n;
}

/* Halves the open intervals of a table once.  Stores in *left how many there
 * were. */
static int halve(const path *p, const base *b, table *t, size_t *left)
{
    *left = 0;
    for (size_t i = 0; i < t->n; i++)
        *left += t->node[i].open != 0;
    if (*left == 0)
        return GSL_SUCCESS;
    if (t->n + *left > DM_LAW_NODES_MAX)
        GSL_ERROR("the law needs too many nodes", GSL_ETOL);
    node *middle = malloc(*left * sizeof *middle);
    node *room = malloc((t->n + *left) * sizeof *room);
    int status = GSL_ENOMEM;
    if (middle != NULL && room != NULL) {
        size_t m = 0;
        for (size_t i = 0; i + 1 < t->n; i++)
            if (t->node[i].open)
                middle[m++].at = 0.5 * (t->node[i].at + t->node[i + 1].at);
        status = fill_nodes(p, b, m, middle);
    }
    if (status == GSL_SUCCESS)
        insert(t, middle, room);
    else
        free(room);
    free(middle);
    return status;
}

enum { FIRST_NODES = 129 };

static int first_nodes(const path *p, const base *b, table *t)
{
    double step = (b->high - b->low) / (FIRST_NODES - 1);

    *t = (table){ .n = FIRST_NODES };
    t->node = calloc(FIRST_NODES, sizeof *t->node);
    if (t->node == NULL)
        GSL_ERROR("no memory for a law", GSL_ENOMEM);
    for (size_t i = 0; i < FIRST_NODES; i++)
        t->node[i].at = b->low + (double)i * step;
    int status = fill_nodes(p, b, t->n, t->node);
    t->node[FIRST_NODES - 1].open = 0;
    return status;
}

static dm_law *allocate(size_t n)
{
    dm_law *law = calloc(1, sizeof *law);

    if (law != NULL) {
        law->x = malloc(n * sizeof *law->x);
        law->cdf = malloc(n * sizeof *law->cdf);
        law->density = malloc(n * sizeof *law->density);
    }
    if (!law || !law->x || !law->cdf || !law->density) {
        dm_law_free(law);
        GSL_ERROR_NULL("no memory for a law", GSL_ENOMEM);
    }
    return law;
}

/* A table as a law.  A node that rounding has put on or behind the one before
 * is left out, and no cdf is below the one before. */
static dm_law *law_of_table(const table *t, double tv)
{
    dm_law *law = allocate(t->n);
    double cdf = 0.0;

    for (size_t i = 0; law != NULL && i < t->n; i++) {
        const node *v = &t->node[i];
        cdf = fmax(cdf, fmin(v->cdf, 1.0));
        if (law->n > 0 && !(v->x > law->x[law->n - 1]))
            continue;
        law->x[law->n] = v->x;
        law->cdf[law->n] = cdf;
        law->density[law->n++] = v->density;
    }
    if (law != NULL) {
        law->tv = tv + t->tv;
        law->w1 = tv * (law->x[law->n - 1] - law->x[0]) + t->w1;
    }
    return law;
}

/* The law that a path without noise makes of a base, as a table with nodes
 * wherever the cubics need them. */
static dm_law *tabulate(const path *p, const base *b)
{
    table t;
    size_t left = 1;
    dm_law *law = NULL;
    int status = first_nodes(p, b, &t);

    while (status == GSL_SUCCESS && left > 0)
        status = halve(p, b, &t, &left);
    if (status == GSL_SUCCESS)
        law = law_of_table(&t, b->tv);
    free(t.node);
    return law;
}

/* --- laws ------------------------------------------------------------------ */

dm_law *dm_law_of_mixture(const dm_mixture *m)
{
    const dm_sampler nothing = { 0, NULL };
    const path p = { &nothing, m, 0, 0 };

    if (m->dim != 1)
        GSL_ERROR_NULL("need one dimension", GSL_EDOM);
    base b = base_of_mixture(m);
    return tabulate(&p, &b);
}

/* As dm_law_of_sampler, with everything checked and a start. */
static dm_law *law_from(const dm_sampler *sampler, const dm_mixture *data,
                        const dm_mixture *start)
{
    base b = base_of_mixture(start);
    path p = { sampler, data, 0, 0 };
    int status = GSL_SUCCESS;

    for (size_t k = 0; status == GSL_SUCCESS && k < sampler->n; k++) {
        if (sampler->step[k].C == 0.0)
            continue;
        p.end = k + 1;
        status = add_noise(&p, &b);
        p.first = k + 1;
    }
    p.end = sampler->n;
    dm_law *law = status == GSL_SUCCESS ? tabulate(&p, &b) : NULL;
    base_free(&b);
    return law;
}

dm_law *dm_law_of_sampler(const dm_sampler *sampler, const dm_mixture *data,
                          const dm_mixture *start)
{
    const double one = 1.0, zero = 0.0;

    if (data->dim != 1 || (start != NULL && start->dim != 1))
        GSL_ERROR_NULL("the law on a grid needs one dimension", GSL_EDOM);
    if (check_table(sampler) != GSL_SUCCESS)
        return NULL;
    if (start != NULL)
        return law_from(sampler, data, start);
    dm_mixture *normal = dm_mixture_new(1, 1, &one, &zero, &one);
    dm_law *law = normal == NULL ? NULL : law_from(sampler, data, normal);
    dm_mixture_free(normal);
    return law;
}

void dm_law_free(dm_law *law)
{
    if (law == NULL)
        return;
    free(law->x);
    free(law->cdf);
    free(law->density);
    free(law);
}

void dm_law_cubic(const dm_law *law, size_t i, double x, double *cdf,
                  double *slope)
{
    double h = law->x[i + 1] - law->x[i], value;

    rising_cubic(law->cdf[i + 1] - law->cdf[i], h * law->density[i],
                 h * law->density[i + 1], (x - law->x[i]) / h, &value, slope);
    *cdf = law->cdf[i] + value;
    *slope /= h;
}

double dm_law_cdf(const dm_law *law, double x)
{
    double cdf, slope;

    if (x < law->x[0])
        return 0.0;
    if (x >= law->x[law->n - 1])
        return 1.0;
    size_t i = gsl_interp_bsearch(law->x, x, 0, law->n - 1);
    dm_law_cubic(law, i, x, &cdf, &slope);
    return cdf;
}

/* The slope at node i of the parabola through the logarithms of the density at
 * that node and its neighbours. */
static double slope_of_log(const dm_law *law, size_t i)
{
    size_t j = i == 0 ? 1 : i + 1 == law->n ? i - 1 : i;
    double h = law->x[j] - law->x[j - 1], k = law->x[j + 1] - law->x[j];
    double left = log(law->density[j] / law->density[j - 1]) / h;
    double right = log(law->density[j + 1] / law->density[j]) / k;
    double bend = (right - left) / (h + k);

    return i < j ? left - h * bend : i > j ? right + k * bend : left + h * bend;
}

double dm_law_density(const dm_law *law, double x)
{
    if (!(law->x[0] <= x && x <= law->x[law->n - 1]))
        return isnan(x) ? x : 0.0;
    size_t i = gsl_interp_bsearch(law->x, x, 0, law->n - 1);
    double h = law->x[i + 1] - law->x[i], t = (x - law->x[i]) / h;
    double p = law->density[i], q = law->density[i + 1];
    double left = h * slope_of_log(law, i),
           right = h * slope_of_log(law, i + 1);
    double rise = log(q / p);
    /* Between densities that are 0, or next to one: no logarithms. */
    if (!isfinite(left) || !isfinite(right) || !isfinite(rise))
        return (1.0 - t) * p + t * q;
    return p * exp(rise * t * t * (3.0 - 2.0 * t) +
                   t * (1.0 - t) * ((1.0 - t) * left - t * right));
}

double dm_law_quantile(const dm_law *law, double p)
{
    if (!(0.0 < p && p < 1.0))
        GSL_ERROR_VAL("need 0 < p < 1", GSL_EDOM, NAN);
    if (p <= law->cdf[0])
        return law->x[0];
    if (p >= law->cdf[law->n - 1])
        return law->x[law->n - 1];
    size_t i = gsl_interp_bsearch(law->cdf, p, 0, law->n - 1);
    double low = law->x[i], high = law->x[i + 1];
    double x = low + (high - low) * (p - law->cdf[i]) /
                         (law->cdf[i + 1] - law->cdf[i]);
    for (int j = 0; j < 100; j++) { /* Newton's steps, or halves */
        double cdf, slope;
        dm_law_cubic(law, i, x, &cdf, &slope);
        if (cdf < p)
            low = x;
        else
            high = x;
        double next = x + (p - cdf) / slope;
        if (!(low < next && next < high))
            next = 0.5 * (low + high);
        if (fabs(next - x) <= DBL_EPSILON * fabs(x))
            return next;
        x = next;
    }
    return x;
}

void dm_law_moments(const dm_law *law, double *mean, double *variance)
{
    double first = 0.0, second = 0.0;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i + 1 < law->n; i++) {
            double h = law->x[i + 1] - law->x[i], d = law->x[i] - first;
            double mass = law->cdf[i + 1] - law->cdf[i];
            double left = fmin(h * law->density[i], 3.0 * mass);
            double right = fmin(h * law->density[i + 1], 3.0 * mass);
            /* t and t^2, integrated over the cubic for t from 0 to 1 */
            double t = 0.5 * mass - (left - right) / 12.0;
            double tt = 0.3 * mass + right / 10.0 - left / 15.0;
            if (pass == 0)
                first += mass * law->x[i] + h * t;
            else
                second += d * d * mass + 2.0 * d * h * t + h * h * tt;
        }
    if (mean != NULL)
        *mean = first;
    if (variance != NULL)
        *variance = second;
}

/* --- one Gaussian ---------------------------------------------------------- */

/* a b + c I */
static dm_sym2 scaled_sum(double a, dm_sym2 b, double c)
{
    return (dm_sym2){ a * b.xx + c, a * b.xy, a * b.yy + c };
}

/* m s m for symmetric m and s */
static dm_sym2 sandwich(dm_sym2 m, dm_sym2 s)
{
    double p = m.xx * s.xx + m.xy * s.xy, q = m.xx * s.xy + m.xy * s.yy;
    double r = m.xy * s.xx + m.yy * s.xy, t = m.xy * s.xy + m.yy * s.yy;

    return (dm_sym2){ p * m.xx + q * m.xy, p * m.xy + q * m.yy,
                      r * m.xy + t * m.yy };
}

/* The matrix of a step's mean M x + b for data of one component c, and b. */
static void linear_step(const dm_step *s, const dm_component *c, size_t dim,
                        dm_sym2 *M, double b[2])
{
    double a = s->from.scale, v = s->from.variance;

    *M = (dm_sym2){ s->A, 0.0, s->A };
    b[0] = b[1] = 0.0;
    if (s->B == 0.0 || v == 0.0)
        return;
    dm_sym2 S = scaled_sum(a * a, c->cov, v),
            inverse = { 1.0 / S.xx, 0.0, 0.0 };
    if (dim == 2) {
        double det = dm_sym2_determinant(S);
        inverse = (dm_sym2){ S.yy / det, -S.xy / det, S.xx / det };
    }
    /* A a E[x_0 given x_t] + (A sqrt(v) + B) eps*: slopes a S^-1 cov and
     * sqrt(v) S^-1.  What is left of S^-1 cov beside the diagonal is
     * -v inverse.xy/a^2. */
    double on_x0 = s->A * a * a, on_eps = factor_of_eps(s) * sqrt(v);
    M->xx = on_x0 * (inverse.xx * c->cov.xx + inverse.xy * c->cov.xy) +
            on_eps * inverse.xx;
    M->xy = -s->A * v * inverse.xy + on_eps * inverse.xy;
    M->yy = on_x0 * (inverse.xy * c->cov.xy + inverse.yy * c->cov.yy) +
            on_eps * inverse.yy;
    double shift = -s->B * a * sqrt(v);
    b[0] = shift * (inverse.xx * c->mean[0] + inverse.xy * c->mean[1]);
    b[1] = shift * (inverse.xy * c->mean[0] + inverse.yy * c->mean[1]);
}

int dm_law_gaussian(const dm_sampler *sampler, const dm_mixture *data,
                    double mean[], dm_sym2 *cov)
{
    double x[2] = { mean[0], data->dim == 1 ? 0.0 : mean[1] };
    dm_sym2 s = *cov;

    if (data->K != 1)
        GSL_ERROR("need data of one Gaussian", GSL_EDOM);
    if (data->dim == 1)
        s.xy = s.yy = 0.0;
    if (!isfinite(x[0] + x[1] + s.xx + s.xy + s.yy))
        GSL_ERROR("need a finite mean and covariance", GSL_EDOM);
    if (check_table(sampler) != GSL_SUCCESS)
        return GSL_EDOM;
    for (size_t k = 0; k < sampler->n; k++) {
        const dm_step *step = &sampler->step[k];
        double b[2], y[2];
        dm_sym2 M;
        linear_step(step, &data->component[0], data->dim, &M, b);
        y[0] = M.xx * x[0] + M.xy * x[1] + b[0];
        y[1] = M.xy * x[0] + M.yy * x[1] + b[1];
        memcpy(x, y, sizeof x);
        s = scaled_sum(1.0, sandwich(M, s), step->C * step->C);
    }
    memcpy(mean, x, data->dim * sizeof *mean);
    *cov = s;
    if (data->dim == 1)
        cov->xy = cov->yy = 0.0;
    return GSL_SUCCESS;
}
