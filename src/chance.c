#define _DEFAULT_SOURCE /* M_PI */

#include "chance.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { NORMALS = 16, RANDOMS = 2, CONDITIONS = 4, ROWS = 40, PLACES = 4 };

/* The sources that some trees depend on.  A normal is one entry of a drawn
 * symbol. */
typedef struct {
    size_t normals, randoms;
    size_t drawn[NORMALS]; /* the place in page->drawn */
    int entry[NORMALS];
    size_t random[RANDOMS];
} sources;

/* What is known: these trees have these values.  Where a tree is a source it is
 * taken out and set to its value; its old value waits in `before`. */
typedef struct {
    size_t n, fixed, seen; /* seen: how often it was conditioned on */
    const dm_tex *tree[CONDITIONS];
    dm_value value[CONDITIONS];
    size_t drawn[CONDITIONS];
    dm_value before[CONDITIONS];
} evidence;

/* --- sources ---------------------------------------------------------------------- */

static void clear_used(dm_page *p, char before[])
{
    for (size_t i = 0; i < p->drawn_n; i++) {
        before[i] = (char)p->drawn[i].used;
        p->drawn[i].used = 0;
    }
}

/* A mean around this one has not read what only this one reads. */
static void restore_used(dm_page *p, const char before[], size_t n)
{
    for (size_t i = 0; i < p->drawn_n; i++)
        p->drawn[i].used = i < n && before[i];
}

/* Hides what integrals have bound for symbols that are defined or random: under
 * a law they are random. */
static void hide(dm_page *p, char before[])
{
    for (size_t i = 0; i < p->bound_n; i++) {
        before[i] = (char)p->bound[i].hidden;
        p->bound[i].hidden =
            p->bound[i].hidden || dm_page_is_random(p, p->bound[i].key);
    }
}

static void unhide(dm_page *p, const char before[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        p->bound[i].hidden = before[i];
}

/* Collects the sources that were read since clear_used. */
static void collect(dm_page *p, sources *s)
{
    s->normals = s->randoms = 0;
    for (size_t i = 0; i < p->drawn_n; i++) {
        const dm_instance *v = &p->drawn[i];
        if (!v->used || v->declared == NULL)
            continue;
        if (v->declared->sort == DM_RANDOM) {
            if (s->randoms == RANDOMS)
                dm_page_fail(p, "more than %d symbols with densities", RANDOMS);
            s->random[s->randoms++] = i;
        }
        if (v->declared->sort != DM_NORMAL)
            continue;
        for (int k = 0; k < dm_value_count(v->value); k++) {
            if (s->normals == NORMALS)
                dm_page_fail(p, "a mean over more than %d normals", NORMALS);
            s->drawn[s->normals] = i;
            s->entry[s->normals++] = k;
        }
    }
}

/* The sources of the trees; the drawn values stay. */
static void sources_of(dm_page *p, size_t n, const dm_tex *const tree[],
                       sources *s)
{
    char used[DM_PAGE_VALUES];
    size_t before = p->drawn_n, cells = p->cells.used;

    clear_used(p, used);
    p->collecting++;
    for (size_t i = 0; i < n; i++)
        dm_page_evaluate(p, tree[i]);
    p->collecting--;
    p->cells.used = cells;
    collect(p, s);
    restore_used(p, used, before);
}

static double normal(const dm_page *p, const sources *s, size_t i)
{
    return dm_value_at(p->drawn[s->drawn[i]].value, s->entry[i]).x;
}

static void set_normal(dm_page *p, const sources *s, size_t i, double x)
{
    dm_page_set(p, s->drawn[i], s->entry[i], x);
}

static void set_normals(dm_page *p, const sources *s, const double x[])
{
    for (size_t i = 0; i < s->normals; i++)
        set_normal(p, s, i, x[i]);
}

static void get_normals(const dm_page *p, const sources *s, double x[])
{
    for (size_t i = 0; i < s->normals; i++)
        x[i] = normal(p, s, i);
}

/* --- affine trees ----------------------------------------------------------------- */

/* The values of several trees under one another, in one column. */
static dm_value column(dm_page *p, size_t n, const dm_tex *const tree[])
{
    dm_value part[CONDITIONS + 1];
    int rows = 0, row = 0;

    for (size_t i = 0; i < n; i++) {
        part[i] = dm_page_evaluate(p, tree[i]);
        rows += dm_value_count(part[i]);
    }
    if (rows > ROWS)
        dm_page_fail(p, "more than %d numbers at once", ROWS);
    dm_value v = dm_value_array(&p->cells, rows, 1);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < dm_value_count(part[i]); k++)
            dm_value_put(&v, row++, dm_value_at(part[i], k));
    return v;
}

/* Stores the center and the slopes, rows x normals, of trees that are affine in
 * the normals; fails if they are not, as far as the places from number `from`
 * to before `to` show. */
static void affine(dm_page *p, const sources *s, size_t n,
                   const dm_tex *const tree[], size_t from, size_t to,
                   dm_value *center, dm_value *slopes)
{
    double before[NORMALS], place[NORMALS] = { 0.0 };

    get_normals(p, s, before);
    set_normals(p, s, place);
    *center = column(p, n, tree);
    int rows = dm_value_count(*center);
    *slopes = dm_value_array(&p->cells, rows, (int)s->normals);
    for (size_t j = 0; j < s->normals; j++) {
        set_normal(p, s, j, 1.0);
        dm_value one =
            dm_value_subtract(&p->cells, column(p, n, tree), *center);
        set_normal(p, s, j, 0.0);
        for (int i = 0; i < rows; i++)
            dm_value_put(slopes, i * (int)s->normals + (int)j,
                         dm_value_at(one, i));
    }
    /* Near, far on both sides, and on no grid that a wave could be 0 on. */
    static const double scales[PLACES] = { 1.0, -3.4641016, 31.6227766,
                                           -29.154759 };
    for (size_t k = from; k < to; k++) {
        dm_value there = dm_value_array(&p->cells, (int)s->normals, 1);
        for (size_t j = 0; j < s->normals; j++) {
            place[j] = scales[k] * (0.7548777 + 0.1324718 * (double)j);
            dm_value_put(&there, (int)j, dm_value_exact(place[j]));
        }
        set_normals(p, s, place);
        dm_value got = column(p, n, tree), want = *center;
        if (s->normals > 0)
            want =
                dm_value_add(&p->cells, want,
                             dm_value_multiply(&p->cells, *slopes, there, 0));
        for (int i = 0; i < rows; i++) {
            dm_value a = dm_value_at(got, i), b = dm_value_at(want, i);
            if (fabs(a.x - b.x) > 8.0 * (a.error + b.error))
                dm_page_fail(p, "not affine in its normals");
        }
    }
    set_normals(p, s, before);
}

/* The law of the normals given that affine trees have their values: mean
 * [normals], covariance, and the logarithm of the density of those values. */
typedef struct {
    dm_value mean, cov, log_density;
} conditioned;

static conditioned condition(dm_page *p, const sources *s, evidence *e)
{
    conditioned c;
    dm_value center, slopes, values;
    int rows = 0, row = 0;

    if (s->normals == 0)
        dm_page_fail(p, "a condition that leaves nothing to chance");
    /* At the first point of an integral all places, then one at each. */
    size_t from = e->seen % PLACES, to = e->seen == 0 ? PLACES : from + 1;
    e->seen++;
    affine(p, s, e->n, e->tree, from, to, &center, &slopes);
    for (size_t i = 0; i < e->n; i++)
        rows += dm_value_count(e->value[i]);
    if (rows != dm_value_count(center))
        dm_page_fail(p, "a condition of another shape");
    values = dm_value_array(&p->cells, rows, 1);
    for (size_t i = 0; i < e->n; i++)
        for (int k = 0; k < dm_value_count(e->value[i]); k++)
            dm_value_put(&values, row++, dm_value_at(e->value[i], k));
    dm_cells *m = &p->cells;
    dm_value turned = dm_value_transpose(m, slopes);
    dm_value cov = dm_value_multiply(m, slopes, turned, 0);
    c.log_density = dm_page_log_normal(p, values, center, cov);
    dm_value gain = dm_value_multiply(m, turned, dm_value_inverse(m, cov), 0);
    c.mean =
        dm_value_multiply(m, gain, dm_value_subtract(m, values, center), 0);
    dm_value known = dm_value_multiply(m, gain, slopes, 0);
    c.cov = dm_value_array(m, (int)s->normals, (int)s->normals);
    for (int i = 0; i < (int)s->normals; i++)
        dm_value_put(&c.cov, i * (int)s->normals + i, dm_value_exact(1.0));
    c.cov = dm_value_subtract(m, c.cov, known);
    return c;
}

/* --- means over normals ------------------------------------------------------------ */

/* A mean over independent standard normals z, `rank` of them, of what `at`
 * makes of them. */
typedef struct quadrature {
    dm_page *page;
    dm_value (*at)(struct quadrature *q);
    void *what;         /* for at */
    const dm_tex *tree; /* what it takes the mean of */
    size_t rank, axis;
    double z[NORMALS];
    size_t points; /* so far; the means of their errors and of their sizes */
    double worst, size;
    dm_value sum;
} quadrature;

static void add_point(quadrature *q, double weight)
{
    dm_cells *m = &q->page->cells;
    size_t used = m->used;
    dm_value v = q->at(q);

    if (q->points++ == 0) {
        q->sum = dm_value_copy(m, v);
        for (int i = 0; i < dm_value_count(v); i++)
            dm_value_put(&q->sum, i, dm_value_exact(0.0));
        used = m->used;
    }
    for (int i = 0; i < dm_value_count(v); i++)
        dm_value_put(&q->sum, i,
                     dm_value_exact(dm_value_at(q->sum, i).x +
                                    weight * dm_value_at(v, i).x));
    q->worst += fabs(weight) * dm_value_worst(v);
    double largest = 0.0;
    for (int i = 0; i < dm_value_count(v); i++)
        largest = fmax(largest, fabs(dm_value_at(v, i).x));
    q->size += fabs(weight) * largest;
    m->used = used;
}

static void gauss_hermite(quadrature *q, size_t from, double weight,
                          const gsl_integration_fixed_workspace *w)
{
    if (from == q->rank) {
        add_point(q, weight);
        return;
    }
    size_t n = gsl_integration_fixed_n(w);
    const double *x = gsl_integration_fixed_nodes(w);
    const double *share = gsl_integration_fixed_weights(w);
    for (size_t i = 0; i < n; i++) {
        q->z[from] = x[i];
        gauss_hermite(q, from + 1, weight * share[i] / sqrt(2.0 * M_PI), w);
    }
}

/* A point with two coordinates that are not 0, turned by an angle. */
static void turned_point(quadrature *q, size_t i, double x, size_t j, double y,
                         double angle)
{
    double c = cos(angle), s = sin(angle);

    memset(q->z, 0, sizeof q->z);
    q->z[i] = x;
    q->z[j] += y;
    for (size_t k = 0; k + 1 < q->rank; k++) {
        double a = q->z[k], b = q->z[k + 1];
        q->z[k] = c * a - s * b;
        q->z[k + 1] = s * a + c * b;
    }
}

/* Exact to degree 5 in any dimension (McNamee and Stenger 1967), with the
 * points turned by an angle and those off the axes at another radius.  Two that
 * agree must do so in all directions and at several radii. */
static void fifth_degree(quadrature *q, double angle, double stretch)
{
    double n = (double)q->rank, near2 = 0.5 * stretch * (n + 2.0);
    double far2 = n == 4.0 ? 1.0 : (4.0 - n) / (1.0 - (n - 1.0) / near2);
    double on_axis = (4.0 - n) / (2.0 * far2 * far2);
    double off_axis = 1.0 / (4.0 * near2 * near2);
    double far = sqrt(far2), near = sqrt(near2);

    turned_point(q, 0, 0.0, 0, 0.0, angle);
    add_point(q, 1.0 - 2.0 * n * on_axis - 2.0 * n * (n - 1.0) * off_axis);
    for (size_t i = 0; i < q->rank; i++)
        for (double x = -1.0; x < 2.0; x += 2.0) {
            turned_point(q, i, x * far, i, 0.0, angle);
            add_point(q, on_axis);
            for (size_t j = 0; j < i; j++)
                for (double y = -1.0; y < 2.0; y += 2.0) {
                    turned_point(q, i, x * near, j, y * near, angle);
                    add_point(q, off_axis);
                }
        }
}

/* A product rule with n nodes in each direction. */
static void product_rule(quadrature *q, size_t n)
{
    gsl_integration_fixed_workspace **w = &q->page->hermite[n];

    if (*w == NULL)
        *w = gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, n, 0.0,
                                         0.5, 0.0, 0.0);
    if (*w == NULL)
        dm_page_fail(q->page, "no memory");
    gauss_hermite(q, 0, 1.0, *w);
}

/* The rough rule or the fine one: product rules, or such as are exact for
 * polynomials of degree 5 and have no point in common. */
static dm_value by_rule(quadrature *q, int fine, int product)
{
    static const size_t nodes[][2] = { { 1, 1 },   { 30, 44 }, { 30, 44 },
                                       { 16, 22 }, { 8, 10 },  { 6, 8 } };

    q->points = 0;
    q->worst = q->size = 0.0;
    if (product)
        product_rule(q, nodes[q->rank][fine]);
    else if (q->rank == 1)
        product_rule(q, fine ? 10 : 7);
    else if (fine && q->rank == 4) /* where only one radius will do */
        product_rule(q, 3);
    else
        fifth_degree(q, fine ? 1.1 : 0.4,
                     !fine         ? 1.0
                     : q->rank < 4 ? 1.3
                                   : 0.8);
    return q->sum;
}

/* The mean by two rules, with the difference as error; stores how far off that
 * is, relative to the mean's size. */
static dm_value by_two_rules(quadrature *q, int product, double *off)
{
    dm_value rough = by_rule(q, 0, product);
    double size = q->size;
    dm_value fine = by_rule(q, 1, product);

    /* The mean of the sizes tells a mean that exists by symmetry only. */
    int unsure = q->rank == 1 && fabs(size - q->size) > 0.03 * q->size;
    *off = unsure ? 1.0 : 0.0;
    for (int i = 0; i < dm_value_count(fine); i++) {
        double difference =
            fabs(dm_value_at(rough, i).x - dm_value_at(fine, i).x);
        *off = fmax(*off, difference / (q->size + 1e-300));
        dm_value_put(&fine, i,
                     dm_value_rounded(dm_value_at(fine, i).x,
                                      16.0 * difference + 8.0 * q->worst +
                                          64.0 * DBL_EPSILON * q->size));
    }
    return fine;
}

/* The integral over the directions from number `axis` on, one in the other. */
static dm_value over_axes(quadrature *q);

static dm_value on_normal(double z, void *params)
{
    quadrature *q = params;
    dm_value density = dm_value_exact(exp(-0.5 * z * z) / sqrt(2.0 * M_PI));

    q->z[q->axis++] = z;
    dm_value v = q->axis == q->rank ? q->at(q) : over_axes(q);
    q->axis--;
    return dm_value_multiply(&q->page->cells, v, density, 0);
}

static dm_value over_axes(quadrature *q)
{
    int kink = dm_page_shape(q->page, q->tree).kink;
    return dm_page_integral(q->page, on_normal, q, kink, -INFINITY, INFINITY);
}

/* Two rules of degree 5, or of 13 and 19 in one direction, that agree to
 * round-off are right: a polynomial; else product rules are tried, and in one
 * direction, or two if there are corners, an adaptive integral. */
static dm_value mean_by(quadrature *q)
{
    dm_shape shape = dm_page_shape(q->page, q->tree);
    int kink = shape.kink;
    double off;

    if (q->rank == 0)
        return q->at(q);
    if ((q->rank > 1 && !kink) || (q->rank == 1 && shape.algebraic)) {
        dm_value v = by_two_rules(q, 0, &off);
        if (off < 64.0 * DBL_EPSILON)
            return v;
    }
    if (q->rank > 5)
        dm_page_fail(q->page,
                     "a mean over %zu normals of what is no polynomial",
                     q->rank);
    if (q->rank <= 2 && kink)
        return over_axes(q);
    dm_value v = by_two_rules(q, 1, &off);
    if (q->rank == 1 && v.rows == 0 && !(off <= 1e-9))
        return over_axes(q);
    return v;
}

/* Cholesky with pivots of a covariance of n numbers: root root^T = cov, but for
 * what is below `least`.  Returns its rank; or n + 1 if it is no covariance. */
static size_t take_root(dm_value cov, size_t n, double least,
                        double root[NORMALS][NORMALS])
{
    double left[NORMALS][NORMALS];
    size_t rank = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            left[i][j] = dm_value_at(cov, (int)(i * n + j)).x;
            root[i][j] = 0.0;
        }
    for (; rank < n; rank++) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (left[i][i] > left[best][best])
                best = i;
        if (!(left[best][best] > least))
            break;
        double pivot = sqrt(left[best][best]);
        for (size_t i = 0; i < n; i++)
            root[i][rank] = left[i][best] / pivot;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                left[i][j] -= root[i][rank] * root[j][rank];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (!(fabs(left[i][j]) <= 2.0 * least))
                return n + 1;
    return rank;
}

/* --- means over the sources ------------------------------------------------------- */

/* A tree, with the normals at shift + root z. */
typedef struct {
    const dm_tex *tree;
    const sources *s;
    double shift[NORMALS], root[NORMALS][NORMALS];
} placed;

static dm_value at_placed(quadrature *q)
{
    placed *w = q->what;
    double x[NORMALS];

    for (size_t i = 0; i < w->s->normals; i++) {
        x[i] = w->shift[i];
        for (size_t j = 0; j < q->rank; j++)
            x[i] += w->root[i][j] * q->z[j];
    }
    set_normals(q->page, w->s, x);
    return dm_page_evaluate(q->page, w->tree);
}

/* The mean of the tree over the normals, given the evidence; without a tree, 1.
 * Stores the logarithm of the density of the evidence. */
static dm_value over_normals(dm_page *p, const dm_tex *tree, const sources *s,
                             evidence *e, dm_value *log_density)
{
    placed w = { .tree = tree, .s = s };
    quadrature q = { .page = p, .at = at_placed, .what = &w, .tree = tree };
    double before[NORMALS], slack = 0.0;

    *log_density = dm_value_exact(0.0);
    q.rank = s->normals;
    for (size_t i = 0; i < s->normals; i++)
        w.root[i][i] = 1.0;
    if (e->n > 0) {
        conditioned c = condition(p, s, e);
        *log_density = c.log_density;
        for (size_t i = 0; i < s->normals; i++)
            w.shift[i] = dm_value_at(c.mean, (int)i).x;
        slack = dm_value_worst(c.mean) + dm_value_worst(c.cov);
        q.rank = take_root(c.cov, s->normals, 1e-13 + slack, w.root);
        if (q.rank > s->normals)
            return dm_value_exact(NAN);
    }
    if (tree == NULL)
        return dm_value_exact(1.0);
    get_normals(p, s, before);
    dm_value v = mean_by(&q);
    set_normals(p, s, before);
    for (int i = 0; slack > 0.0 && i < dm_value_count(v); i++) {
        dm_value one = dm_value_at(v, i);
        one.error += 16.0 * slack * (1.0 + fabs(one.x));
        dm_value_put(&v, i, one);
    }
    return v;
}

/* The logarithm of the density of a law at x: a function of the page, a law
 * \mathcal N, or q(x \mid y) with x for its first argument. */
static dm_value log_law(dm_page *p, const dm_tex *law, dm_value x)
{
    size_t before = p->bound_n;
    dm_tex one = { .kind = DM_TEX_CALL, .n = 1, .child = { &p->point } };
    dm_key key;

    if (law->kind == DM_TEX_NORMAL && law->n == 2) {
        dm_value mean = dm_page_evaluate(p, law->child[0]);
        return dm_page_log_normal(p, x, mean,
                                  dm_page_evaluate(p, law->child[1]));
    }
    if (law->kind == DM_TEX_SYMBOL) {
        memcpy(one.name, law->name, sizeof one.name);
        memcpy(one.index, law->index, sizeof one.index);
        dm_page_resolve(p, &p->point, &key);
        law = &one;
    } else if (law->kind == DM_TEX_CALL &&
               law->child[0]->kind == DM_TEX_SYMBOL) {
        dm_page_resolve(p, law->child[0], &key);
    } else {
        dm_page_fail(p, "expected a law: the name of a density, "
                        "\\mathcal N(m, v) or q(x \\mid y)");
    }
    dm_page_bind_point(p, key, x);
    dm_value v = dm_page_log(p, law);
    p->bound_n = before;
    return v;
}

/* An integral over one random symbol after the other, of its density times the
 * mean over the normals times the density of the evidence. */
typedef struct {
    dm_page *page;
    const dm_tex *tree; /* NULL: 1 */
    const sources *s;
    evidence *e;
    size_t from;
} outer;

static dm_value on_density(double x, void *params)
{
    outer *o = params;
    return dm_value_exp(log_law(o->page, o->tree, dm_value_exact(x)));
}

/* Stops if the density has another integral than 1; looks once in a draw. */
static void check_density(dm_page *p, const dm_tex *law)
{
    outer o = { .page = p, .tree = law };

    if (law->kind != DM_TEX_SYMBOL ||
        (p->checked == law && p->checked_draw == p->draws))
        return;
    dm_value all = dm_page_integral(p, on_density, &o, 0, -INFINITY, INFINITY);
    if (!(fabs(all.x - 1.0) <= 1e-6 + all.error))
        dm_page_fail(p, "the density %s has the integral %.6g, not 1",
                     law->name, all.x);
    p->checked = law;
    p->checked_draw = p->draws;
}

static dm_value over_randoms(outer *o);

static dm_value on_random(double x, void *params)
{
    outer *o = params, inner = *o;
    dm_page *p = o->page;
    size_t i = o->s->random[o->from];

    dm_page_set(p, i, 0, x);
    dm_value log_density =
        log_law(p, p->drawn[i].declared->low, dm_value_exact(x));
    inner.from++;
    dm_value rest = over_randoms(&inner);
    return dm_value_multiply(&p->cells, dm_value_exp(log_density), rest, 0);
}

static dm_value over_randoms(outer *o)
{
    dm_page *p = o->page;
    dm_value log_density;

    if (o->from < o->s->randoms) {
        size_t i = o->s->random[o->from];
        double before = p->drawn[i].value.x;
        check_density(p, p->drawn[i].declared->low);
        dm_value v = dm_page_integral(p, on_random, o, 0, -INFINITY, INFINITY);
        dm_page_set(p, i, 0, before);
        return v;
    }
    dm_value mean = over_normals(p, o->tree, o->s, o->e, &log_density);
    return dm_value_multiply(&p->cells, mean, dm_value_exp(log_density), 0);
}

/* --- evidence --------------------------------------------------------------------- */

/* Takes the drawn symbol out of the sources. */
static void take_out(sources *s, size_t drawn)
{
    size_t n = 0;

    for (size_t j = 0; j < s->normals; j++)
        if (s->drawn[j] != drawn) {
            s->drawn[n] = s->drawn[j];
            s->entry[n++] = s->entry[j];
        }
    s->normals = n;
    n = 0;
    for (size_t j = 0; j < s->randoms; j++)
        if (s->random[j] != drawn)
            s->random[n++] = s->random[j];
    s->randoms = n;
}

/* The drawn symbol that a tree is, or NULL. */
static dm_instance *source_at(dm_page *p, const dm_tex *tree)
{
    return tree->kind == DM_TEX_SYMBOL ? dm_page_source(p, tree) : NULL;
}

static void set(dm_page *p, size_t drawn, dm_value value)
{
    for (int k = 0; k < dm_value_count(value); k++)
        dm_page_set(p, drawn, k, dm_value_at(value, k).x);
}

/* Finds the sources of the tree and the evidence, and fixes those that the
 * evidence names. */
static void prepare(dm_page *p, const dm_tex *tree, evidence *e, sources *s)
{
    const dm_tex *all[CONDITIONS + 1];
    size_t n = 0, kept = 0;

    if (tree != NULL)
        all[n++] = tree;
    for (size_t i = 0; i < e->n; i++)
        all[n++] = e->tree[i];
    sources_of(p, n, all, s);
    e->fixed = 0;
    for (size_t i = 0; i < e->n; i++) {
        dm_instance *known = source_at(p, e->tree[i]);
        if (known == NULL) {
            e->tree[kept] = e->tree[i];
            e->value[kept++] = e->value[i];
            continue;
        }
        if (!dm_value_alike(known->value, e->value[i]))
            dm_page_fail(p, "a condition of another shape");
        e->drawn[e->fixed] = (size_t)(known - p->drawn);
        e->before[e->fixed++] = dm_value_copy(&p->cells, known->value);
        set(p, (size_t)(known - p->drawn), e->value[i]);
        take_out(s, (size_t)(known - p->drawn));
    }
    e->n = kept;
}

static void release(dm_page *p, const evidence *e)
{
    for (size_t i = e->fixed; i-- > 0;)
        set(p, e->drawn[i], e->before[i]);
}

static void add_evidence(dm_page *p, evidence *e, const dm_tex *tree,
                         const dm_tex *value)
{
    if (e->n == CONDITIONS)
        dm_page_fail(p, "more than %d conditions", CONDITIONS);
    e->value[e->n] = dm_value_copy(&p->cells, dm_page_evaluate(p, value));
    e->tree[e->n++] = tree;
}

/* What stands behind the bar of a mean or a law. */
static evidence behind_bar(dm_page *p, const dm_tex *tree)
{
    evidence e = { .n = 0 };

    for (size_t i = 1; i < tree->n; i++) {
        const dm_tex *c = tree->child[i];
        int written = c->kind == DM_TEX_RELATION;
        add_evidence(p, &e, written ? c->child[0] : c,
                     written ? c->child[1] : c);
    }
    return e;
}

/* --- what a page may ask ------------------------------------------------------------ */

dm_value dm_chance_mean(dm_page *p, const dm_tex *tree)
{
    char hidden[DM_PAGE_VALUES], used[DM_PAGE_VALUES];
    sources s;
    evidence e = behind_bar(p, tree);
    size_t bound = p->bound_n, drawn = p->drawn_n;

    for (size_t i = 0; i < drawn; i++)
        used[i] = (char)p->drawn[i].used;
    hide(p, hidden);
    prepare(p, tree->child[0], &e, &s);
    outer above = { p, tree->child[0], &s, &e, 0 };
    dm_value v, log_density;
    if (s.randoms == 0) {
        v = over_normals(p, tree->child[0], &s, &e, &log_density);
    } else {
        v = over_randoms(&above);
        if (e.n > 0) {
            outer below = { p, NULL, &s, &e, 0 };
            v = dm_value_divide(&p->cells, v, over_randoms(&below));
        }
    }
    release(p, &e);
    unhide(p, hidden, bound);
    restore_used(p, used, drawn);
    return v;
}

/* ln of the joint density of some symbols: of those that are sources, by their
 * own laws. */
static dm_value log_joint(dm_page *p, evidence e)
{
    sources s;
    dm_value v = dm_value_exact(0.0);

    prepare(p, NULL, &e, &s);
    for (size_t i = 0; i < e.fixed; i++) {
        const dm_instance *known = &p->drawn[e.drawn[i]];
        if (known->declared->sort == DM_RANDOM)
            v = dm_value_add(&p->cells, v,
                             log_law(p, known->declared->low, known->value));
        if (known->declared->sort == DM_NORMAL)
            v = dm_value_add(&p->cells, v,
                             dm_page_log_normal(p, known->value,
                                                dm_value_exact(0.0),
                                                dm_value_exact(1.0)));
    }
    if (e.n > 0 && s.randoms == 0) {
        v = dm_value_add(&p->cells, v, condition(p, &s, &e).log_density);
    } else if (e.n > 0) {
        outer o = { p, NULL, &s, &e, 0 };
        v = dm_value_add(&p->cells, v, dm_value_log(over_randoms(&o)));
    }
    release(p, &e);
    return v;
}

dm_value dm_chance_log_density(dm_page *p, const dm_tex *call)
{
    char hidden[DM_PAGE_VALUES];
    evidence all = { .n = 0 }, known = { .n = 0 };
    size_t bound = p->bound_n, first = (size_t)call->number;
    int is_density = 0;

    for (size_t i = 0; i < p->symbols; i++)
        is_density = is_density || (p->symbol[i].sort == DM_DENSITY &&
                                    strcmp(p->symbol[i].name, call->name) == 0);
    if (!is_density)
        dm_page_fail(p, "%s is not a function of %zu arguments like these",
                     call->name, call->n);
    for (size_t i = 0; i < call->n; i++) {
        const dm_tex *tree = call->child[i];
        if (tree->kind != DM_TEX_SYMBOL)
            dm_page_fail(p, "%s is a density of symbols only", call->name);
        add_evidence(p, &all, tree, tree);
        if (first > 0 && i >= first)
            add_evidence(p, &known, tree, tree);
        const dm_instance *own = source_at(p, tree);
        if ((first == 0 || i < first) && own != NULL &&
            own->declared->sort != DM_NORMAL &&
            own->declared->sort != DM_RANDOM)
            dm_page_fail(p, "%s has no law", tree->name);
    }
    hide(p, hidden);
    dm_value v = log_joint(p, all);
    v = dm_value_subtract(&p->cells, v, log_joint(p, known));
    unhide(p, hidden, bound);
    return v;
}

void dm_chance_law(dm_page *p, const dm_tex *tree, dm_value *mean,
                   dm_value *variance)
{
    char hidden[DM_PAGE_VALUES];
    int given = tree->kind == DM_TEX_GIVEN;
    evidence e = { .n = 0 };
    const dm_tex *body = given ? tree->child[0] : tree;
    dm_cells *m = &p->cells;
    dm_value slopes;
    sources s;

    if (given)
        e = behind_bar(p, tree);
    hide(p, hidden);
    prepare(p, body, &e, &s);
    if (s.randoms > 0)
        dm_page_fail(p, "this depends on a symbol that is not normal");
    affine(p, &s, 1, &body, 0, PLACES, mean, &slopes);
    if (s.normals == 0) {
        *variance = dm_value_exact(0.0);
    } else if (e.n == 0) {
        *variance =
            dm_value_multiply(m, slopes, dm_value_transpose(m, slopes), 0);
    } else {
        conditioned c = condition(p, &s, &e);
        *mean = dm_value_add(m, *mean, dm_value_multiply(m, slopes, c.mean, 0));
        *variance = dm_value_multiply(m, slopes, c.cov, 0);
        *variance =
            dm_value_multiply(m, *variance, dm_value_transpose(m, slopes), 0);
    }
    release(p, &e);
    unhide(p, hidden, p->bound_n);
}

/* --- means over a law that is written out ------------------------------------------ */

/* A symbol bound to mean + root z, or the symbol that two laws are of. */
typedef struct {
    dm_page *page;
    const dm_tex *tree, *law, *other; /* a mean of tree, or of ln law/other */
    dm_key key;
    dm_value mean;
    double root[NORMALS][NORMALS];
} lawful;

/* What is averaged, at x. */
static dm_value averaged(lawful *w, dm_value x)
{
    dm_page *p = w->page;
    size_t before = p->bound_n;

    if (w->other != NULL)
        return dm_value_subtract(&p->cells, log_law(p, w->law, x),
                                 log_law(p, w->other, x));
    dm_page_bind_point(p, w->key, x);
    dm_value v = dm_page_evaluate(p, w->tree);
    p->bound_n = before;
    return v;
}

static dm_value at_lawful(quadrature *q)
{
    lawful *w = q->what;
    int n = dm_value_count(w->mean);
    dm_value x = dm_value_array(&q->page->cells, n, 1);

    for (int i = 0; i < n; i++) {
        double sum = dm_value_at(w->mean, i).x;
        for (size_t j = 0; j < q->rank; j++)
            sum += w->root[i][j] * q->z[j];
        dm_value_put(&x, i, dm_value_exact(sum));
    }
    return averaged(w, x);
}

/* density times what is averaged, at x. */
static dm_value on_lawful(double x, void *params)
{
    lawful *w = params;
    dm_cells *m = &w->page->cells;
    dm_value density =
        dm_value_exp(log_law(w->page, w->law, dm_value_exact(x)));

    if (density.x == 0.0)
        return dm_value_exact(0.0);
    return dm_value_multiply(m, density, averaged(w, dm_value_exact(x)), 0);
}

static dm_value over_law(lawful *w)
{
    dm_page *p = w->page;
    quadrature q = { .page = p, .at = at_lawful, .what = w };
    q.tree = w->other != NULL ? w->other : w->tree;

    check_density(p, w->law);
    if (w->other != NULL)
        check_density(p, w->other);
    if (w->law->kind != DM_TEX_NORMAL)
        return dm_page_integral(p, on_lawful, w, dm_page_shape(p, q.tree).kink,
                                -INFINITY, INFINITY);
    if (w->law->n != 2)
        dm_page_fail(p, "expected a law \\mathcal N(m, v)");
    w->mean = dm_value_copy(&p->cells, dm_page_evaluate(p, w->law->child[0]));
    dm_value v = dm_page_evaluate(p, w->law->child[1]);
    if (w->mean.rows == 0 && w->mean.x == 0.0 && v.rows > 1)
        w->mean = dm_value_array(&p->cells, v.rows, 1);
    int n = dm_value_count(w->mean);
    double size = 0.0;
    if (v.rows == 0 && n > 1) { /* a number v means v I */
        dm_value diagonal = dm_value_array(&p->cells, n, n);
        for (int i = 0; i < n; i++)
            dm_value_put(&diagonal, i * n + i, v);
        v = diagonal;
    }
    if (dm_value_count(v) != n * n || n > NORMALS)
        dm_page_fail(p, "a law whose mean and variance do not fit");
    for (int i = 0; i < n; i++)
        size = fmax(size, fabs(dm_value_at(v, i * n + i).x));
    q.rank = take_root(v, (size_t)n, 1e-13 * size, w->root);
    return q.rank > (size_t)n ? dm_value_exact(NAN) : mean_by(&q);
}

dm_value dm_chance_average(dm_page *p, const dm_tex *tree)
{
    lawful w = { .page = p,
                 .tree = tree->child[0],
                 .law = tree->child[1],
                 .key = dm_page_variable(p, tree, 2) };
    dm_tex symbol = { .kind = DM_TEX_SYMBOL };
    memcpy(symbol.name, tree->name, sizeof symbol.name);
    memcpy(symbol.index, tree->index, sizeof symbol.index);
    if (tree->n > 2)
        symbol.child[symbol.n++] = tree->child[2];
    const dm_instance *own = dm_page_source(p, &symbol);
    if (own != NULL && own->value.rows != 0 &&
        (w.law->kind != DM_TEX_NORMAL || w.law->n != 2 ||
         (dm_page_evaluate(p, w.law->child[0]).rows == 0 &&
          dm_page_evaluate(p, w.law->child[1]).rows == 0)))
        dm_page_fail(p, "%s is a vector, and the law is of a number",
                     tree->name);
    return over_law(&w);
}

dm_value dm_chance_divergence(dm_page *p, const dm_tex *tree)
{
    lawful w = { .page = p, .law = tree->child[0], .other = tree->child[1] };
    return over_law(&w);
}
