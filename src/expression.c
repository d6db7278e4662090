#define _DEFAULT_SOURCE /* M_PI */

#include "expression.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>

#include "chance.h"
#include "page.h"

/* --- functions of the page ------------------------------------------------------ */

enum { MOST = DM_TEX_CHILDREN };

/* Binds the arguments of a call, whose values are given, to the symbols of the
 * definition's left side. */
static void bind_arguments(dm_page *p, const dm_declared *d,
                           const dm_value value[])
{
    for (size_t i = 0; i < d->call->n; i++) {
        dm_key key;
        dm_page_resolve(p, d->call->child[i], &key);
        dm_page_bind(p, key, value[i]);
    }
}

static const dm_declared *enter(dm_page *p, const dm_tex *call)
{
    dm_value value[MOST];

    for (size_t i = 0; i < call->n; i++)
        value[i] = dm_page_evaluate(p, call->child[i]);
    const dm_declared *d = dm_page_function(p, call);
    if (d == NULL)
        return NULL;
    if (++p->depth > DM_PAGE_DEPTH)
        dm_page_fail(p, "a definition goes round in a circle");
    bind_arguments(p, d, value);
    return d;
}

/* The value of a call, or its logarithm. */
static dm_value call(dm_page *p, const dm_tex *tree, int logarithm)
{
    size_t before = p->bound_n;
    const dm_declared *d = enter(p, tree);

    if (d == NULL) {
        dm_value log_density = dm_chance_log_density(p, tree);
        return logarithm ? log_density : dm_value_exp(log_density);
    }
    dm_value v =
        logarithm ? dm_page_log(p, d->tree) : dm_page_evaluate(p, d->tree);
    p->bound_n = before;
    p->depth--;
    return v;
}

/* --- sums, integrals -------------------------------------------------------------- */

static dm_value repeated(dm_page *p, const dm_tex *tree)
{
    long low = dm_page_whole(p, tree->child[0]);
    long high = dm_page_whole(p, tree->child[1]);
    int sum = tree->kind == DM_TEX_SUM;
    dm_value result = dm_value_exact(sum ? 0.0 : 1.0);
    dm_key key = dm_page_variable(p, tree, 3);
    size_t before = p->bound_n;

    if (high - low > 100000)
        dm_page_fail(p, "more than 100000 terms");
    for (long i = low; i <= high; i++) {
        dm_page_bind_index(p, key, i);
        dm_value one = dm_page_evaluate(p, tree->child[2]);
        result = sum ? dm_value_add(&p->cells, result, one)
                     : dm_value_multiply(&p->cells, result, one, 0);
        p->bound_n = before;
    }
    return result;
}

/* A function for GSL, and the largest error bound of its values. */
typedef struct {
    dm_page *page;
    dm_value (*f)(double x, void *params);
    void *params;
    double worst;
    int broken; /* 1 if one of them was not finite */
} graph;

static double on_graph(double x, void *params)
{
    graph *g = params;
    size_t used = g->page->cells.used;
    dm_value y = g->f(x, g->params);

    if (y.rows != 0)
        dm_page_fail(g->page, "expected a number, not a vector");
    g->page->cells.used = used;
    g->worst = fmax(g->worst, y.error);
    g->broken = g->broken || !isfinite(y.x);
    return y.x;
}

/* One piece of an integral.  Over a corner QAGS believes its extrapolation too
 * much; CQUAD, which needs more points, looks at both sides of it. */
static int piece(dm_page *p, const gsl_function *of, int kink, double low,
                 double high, double *x, double *error)
{
    gsl_integration_workspace *w = p->workspace[p->nested - 1];
    gsl_function f = *of;

    if (kink && isfinite(low) && isfinite(high))
        return gsl_integration_cquad(&f, low, high, 1e-13, 1e-10,
                                     p->corners[p->nested - 1], x, error, NULL);

    if (isinf(high))
        return gsl_integration_qagiu(&f, low, 1e-13, 1e-10, 400, w, x, error);
    if (isinf(low))
        return gsl_integration_qagil(&f, high, 1e-13, 1e-10, 400, w, x, error);
    return gsl_integration_qags(&f, low, high, 1e-13, 1e-10, 400, w, x, error);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Where the Gaussian densities in f have their bumps: from what each of them
 * takes the logarithm of, at two points.  Stores cuts around those that an
 * adaptive rule could miss. */
static size_t find_bumps(dm_page *p, const gsl_function *of,
                         double cut[DM_PAGE_CUTS])
{
    const double at[2] = { 0.1234567, 1.1376543 };
    double deviation[2][DM_PAGE_BUMPS], variance[DM_PAGE_BUMPS];
    size_t count[2] = { 0, 0 }, n = 0;
    dm_bumps *outer = p->bumps, mine;

    for (int i = 0; i < 2; i++) {
        mine.n = 0;
        p->bumps = &mine;
        of->function(at[i], of->params);
        p->bumps = outer;
        count[i] = mine.n;
        memcpy(deviation[i], mine.deviation, sizeof mine.deviation);
        memcpy(variance, mine.variance, sizeof variance);
    }
    for (size_t i = 0; count[0] == count[1] && i < count[0]; i++) {
        double slope = (deviation[1][i] - deviation[0][i]) / (at[1] - at[0]);
        double center = at[0] - deviation[0][i] / slope;
        double sd = sqrt(variance[i]) / fabs(slope);
        if (!isfinite(center) || !(sd > 0.0) || !isfinite(sd) ||
            (fabs(center) < 6.0 * sd + 2.0 && 0.1 < sd && sd < 10.0) ||
            n + 3 > DM_PAGE_CUTS)
            continue;
        for (int k = -1; k <= 1; k++)
            cut[n++] = center + 9.0 * k * sd;
    }
    if (n > 1)
        qsort(cut, n, sizeof *cut, by_size);
    return n;
}

/* Makes room for an integral inside as many as there are around it. */
static void make_room(dm_page *p)
{
    if (p->nested == DM_PAGE_NESTED)
        dm_page_fail(p, "more than %d integrals in one another",
                     DM_PAGE_NESTED);
    if (p->workspace[p->nested] == NULL)
        p->workspace[p->nested] = gsl_integration_workspace_alloc(400);
    if (p->corners[p->nested] == NULL)
        p->corners[p->nested] = gsl_integration_cquad_workspace_alloc(200);
    if (p->workspace[p->nested] == NULL || p->corners[p->nested] == NULL)
        dm_page_fail(p, "no memory");
}

dm_value dm_page_integral(dm_page *p, dm_value (*f)(double x, void *params),
                          void *params, int kink, double low, double high)
{
    graph g = { p, f, params, 0.0, 0 };
    gsl_function of = { on_graph, &g };
    double cut[DM_PAGE_CUTS + 1] = { 0.0 }, sum = 0.0, error = 0.0, from = low;

    make_room(p);
    p->nested++;
    size_t n = find_bumps(p, &of, cut);
    if (n == 0 && kink && isinf(low) && isinf(high)) {
        cut[n++] = -31.0371935; /* corners farther out are not expected */
        cut[n++] = 29.7123047;
    }
    if (n == 0 && isinf(low) && isinf(high)) /* no symmetry about 0 */
        cut[n++] = 0.0371935;
    for (size_t i = 0; i <= n; i++) {
        double to = i == n ? high : cut[i], one = 0.0, one_error = 0.0;
        if (low > high || !(from < to) || (i < n && !(to < high)))
            to = i == n ? high : from;
        if (from == to)
            continue;
        int status = piece(p, &of, kink, from, to, &one, &one_error);
        if (status != GSL_SUCCESS && !(one_error < 1e-6 * fabs(one) + 1e-9))
            dm_page_fail(p, "an integral does not converge");
        sum += one;
        error += one_error;
        from = to;
    }
    p->nested--;
    if (kink && g.broken) /* CQUAD leaves such points out */
        sum = NAN;
    double width = isinf(low) || isinf(high) ? 10.0 : fabs(high - low);
    return dm_value_rounded(sum, error + width * g.worst);
}

/* A tree as a function of one of its symbols. */
typedef struct {
    dm_page *page;
    const dm_tex *tree;
    dm_key key;
    int point; /* 1 in an integral */
} curve;

static dm_value on_curve(double x, void *params)
{
    curve *c = params;
    size_t before = c->page->bound_n;

    if (c->point)
        dm_page_bind_point(c->page, c->key, dm_value_exact(x));
    else
        dm_page_bind(c->page, c->key, dm_value_exact(x));
    dm_value y = dm_page_evaluate(c->page, c->tree);
    c->page->bound_n = before;
    return y;
}

/* A symbol that stands for the variable of a node. */
static dm_tex variable_of(const dm_tex *tree, size_t place)
{
    dm_tex symbol = { .kind = DM_TEX_SYMBOL };

    memcpy(symbol.name, tree->name, sizeof symbol.name);
    memcpy(symbol.index, tree->index, sizeof symbol.index);
    if (tree->n > place)
        symbol.child[symbol.n++] = tree->child[place];
    return symbol;
}

/* The integral from low to high, whose errors it feels by what stands there. */
static dm_value between_limits(curve *c, int kink, dm_value low, dm_value high)
{
    dm_value v = dm_page_integral(c->page, on_curve, c, kink, low.x, high.x);

    if (low.error > 0.0 && isfinite(low.x))
        v.error += low.error * fabs(on_curve(low.x, c).x);
    if (high.error > 0.0 && isfinite(high.x))
        v.error += high.error * fabs(on_curve(high.x, c).x);
    return v;
}

static dm_value integrate(dm_page *p, const dm_tex *tree)
{
    dm_value low = dm_page_number(p, tree->child[0]);
    dm_value high = dm_page_number(p, tree->child[1]);
    curve c = { p, tree->child[2], dm_page_variable(p, tree, 3), 1 };
    dm_tex symbol = variable_of(tree, 3);
    dm_instance *declared = dm_page_source(p, &symbol);

    if (declared != NULL && declared->value.rows != 0)
        dm_page_fail(p, "an integral over a vector");
    int kink = dm_page_shape(p, c.tree).kink;
    if (low.x > high.x)
        return dm_value_negate(&p->cells, between_limits(&c, kink, high, low));
    return between_limits(&c, kink, low, high);
}

/* --- derivatives ------------------------------------------------------------------ */

/* The derivative of f at x, `times` times. */
typedef struct {
    dm_page *page;
    dm_value (*f)(double x, void *params);
    void *params;
    int times;
} differentiated;

/* (f(x + h) - f(x - h))/(2 h), with the distance that the rounded points have. */
static double chord(graph *g, double x, double h)
{
    double from = x - h, to = x + h;

    return (on_graph(to, g) - on_graph(from, g)) / (to - from);
}

/* The slope at x from chords over 2 h and over h.  Its error is four times what
 * it differs by from the wide one, which is far above what it leaves out, and
 * round-off: (4 * 2 + 1)/3 errors of a value, over h.
 * (GSL's own rule takes a value to be right to its last digit.  This one's are
 * right to g->worst, which may be far more: ln(1 + x^2) at a small x.) */
static dm_value from_chords(graph *g, double x, double h, double *left_out)
{
    double wide = chord(g, x, h), narrow = chord(g, x, 0.5 * h);
    double y = (4.0 * narrow - wide) / 3.0;

    *left_out = 4.0 * fabs(y - wide);
    return (dm_value){ .x = y,
                       .error = *left_out + 3.0 * g->worst / h +
                                4.0 * DBL_EPSILON * fabs(y) };
}

/* The same with the step at which round-off and what is left out are about
 * equal, if that is smaller than h and better. */
static dm_value at_best_step(graph *g, double x, double h)
{
    double left_out, unused;
    dm_value y = from_chords(g, x, h, &left_out);
    double share = 0.5 * (y.error - left_out) / left_out;

    if (share < 0.5) {
        double finer = h * fmax(cbrt(share), 1e-3);
        dm_value its = from_chords(g, x, finer, &unused);
        if (its.error < y.error && fabs(its.x - y.x) < 4.0 * y.error)
            return its;
    }
    return y;
}

static dm_value slope(double x, void *params)
{
    differentiated *d = params;
    differentiated lower = *d;
    /* No round number: a period could hide in it. */
    double step = 1.0471975e-3 * fmax(1.0, fabs(x));

    lower.times--;
    graph g = { d->page, d->times == 1 ? d->f : slope,
                d->times == 1 ? d->params : &lower, 0.0, 0 };
    /* A step for each order: an error of size e becomes e/step. */
    step *= d->times == 1 ? 1.0 : 8.0;
    dm_value y = at_best_step(&g, x, step);
    for (int i = 0; i < 4; i++) { /* an edge, or a bump, may be narrow */
        dm_value finer = at_best_step(&g, x, 0.03 * step);
        if (isfinite(y.x) &&
            fabs(y.x - finer.x) <= 10.0 * (y.error + finer.error))
            break;
        y = finer;
        step *= 0.03;
    }
    return dm_value_rounded(y.x, y.error);
}

static dm_value derivative(dm_page *p, dm_value (*f)(double x, void *params),
                           void *params, double x, double times)
{
    differentiated d = { p, f, params, (int)times };
    return slope(x, &d);
}

/* Holds what is defined and stands in the arguments of a call. */
static void hold_arguments(dm_page *p, const dm_tex *tree, int inside)
{
    dm_key key;

    if (inside && tree->kind == DM_TEX_SYMBOL) {
        const dm_declared *d = dm_page_resolve(p, tree, &key);
        if (d != NULL && d->sort == DM_DEFINED && d->call == NULL)
            dm_page_bind(p, key, dm_page_symbol(p, tree));
        return;
    }
    if (tree->kind == DM_TEX_SYMBOL) /* an index is no argument */
        return;
    for (size_t i = 0; i < tree->n; i++)
        hold_arguments(p, tree->child[i], inside || tree->kind == DM_TEX_CALL);
}

static dm_value differentiate(dm_page *p, const dm_tex *tree)
{
    size_t before = p->bound_n;
    dm_tex symbol = variable_of(tree, 1);
    curve c = { p, tree->child[0], dm_page_variable(p, tree, 1), 0 };
    dm_value at = dm_page_symbol(p, &symbol);

    if (at.rows != 0)
        dm_page_fail(p, "the derivative in a vector: write \\nabla_x");
    if (tree->kind == DM_TEX_PARTIAL)
        hold_arguments(p, tree->child[0], 0);
    dm_value v = derivative(p, on_curve, &c, at.x, tree->number);
    p->bound_n = before;
    return v;
}

/* f'(x), or \frac{\partial f}{\partial x}(x, y): the definition's tree as a
 * function of one of its arguments. */
static dm_value function_slope(dm_page *p, const dm_tex *tree)
{
    const dm_tex *called = tree->child[0];
    size_t before = p->bound_n, which = 0;
    dm_tex complete = *called;
    dm_key key;

    for (size_t i = 0; called->n == 0 && i < p->symbols; i++)
        if (p->symbol[i].call != NULL &&
            strcmp(p->symbol[i].name, called->name) == 0 &&
            strcmp(p->symbol[i].index, called->index) == 0)
            complete = *p->symbol[i].call; /* at its own symbols */
    dm_tex at = complete;
    const dm_declared *d = enter(p, &at);
    if (d == NULL)
        dm_page_fail(p, "%s is not a function", called->name);
    while (tree->name[0] != '\0' && which < d->call->n &&
           (strcmp(d->call->child[which]->name, tree->name) != 0 ||
            strcmp(d->call->child[which]->index, tree->index) != 0))
        which++;
    if (which == d->call->n || (tree->name[0] == '\0' && d->call->n != 1))
        dm_page_fail(p, "the derivative of %s in which symbol?", called->name);
    dm_page_resolve(p, d->call->child[which], &key);
    curve c = { p, d->tree, key, 0 };
    dm_value start = dm_page_number(p, d->call->child[which]);
    dm_value v = derivative(p, on_curve, &c, start.x, tree->number);
    p->bound_n = before;
    p->depth--;
    return v;
}

/* A tree along one coordinate of a vector; of a vector tree, one entry. */
typedef struct {
    dm_page *page;
    const dm_tex *tree;
    dm_key key;
    dm_value at;
    int i, entry;
} line;

static dm_value on_line(double x, void *params)
{
    line *l = params;
    size_t before = l->page->bound_n;
    dm_value moved = dm_value_copy(&l->page->cells, l->at);

    dm_value_put(&moved, l->i, dm_value_exact(x));
    dm_page_bind(l->page, l->key, moved);
    dm_value y = dm_page_evaluate(l->page, l->tree);
    l->page->bound_n = before;
    if (l->entry >= 0 && !dm_value_alike(y, l->at))
        dm_page_fail(l->page, "the divergence of what is no vector");
    return l->entry < 0 ? y : dm_value_at(y, l->entry);
}

/* \nabla_x f or \nabla_x \cdot f. */
static dm_value nabla(dm_page *p, const dm_tex *tree)
{
    int flux = tree->kind == DM_TEX_FLUX;
    dm_tex symbol = variable_of(tree, 1);
    line l = { .page = p,
               .tree = tree->child[0],
               .key = dm_page_variable(p, tree, 1),
               .at = dm_page_symbol(p, &symbol) };
    dm_value sum = dm_value_exact(0.0);
    dm_value gradient = dm_value_copy(&p->cells, l.at);

    for (int i = 0; i < dm_value_count(l.at); i++) {
        l.i = i;
        l.entry = flux ? i : -1;
        dm_value one = derivative(p, on_line, &l, dm_value_at(l.at, i).x, 1.0);
        dm_value_put(&gradient, i, one);
        sum = dm_value_add(&p->cells, sum, one);
    }
    return flux ? sum : gradient;
}

/* --- brackets between limits, cases ------------------------------------------------- */

/* The symbol of the tree that is neither declared nor defined nor bound. */
static const dm_tex *unknown(dm_page *p, const dm_tex *tree)
{
    dm_key key;

    if (tree->kind == DM_TEX_SYMBOL) {
        int bound = 0;
        const dm_declared *d = dm_page_resolve(p, tree, &key);
        for (size_t i = 0; i < p->bound_n; i++)
            bound = bound || dm_page_same_key(p->bound[i].key, key);
        return d == NULL && !bound ? tree : NULL;
    }
    for (size_t i = 0; i < tree->n; i++) {
        const dm_tex *found = unknown(p, tree->child[i]);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* The value at x, or the limit there if x is infinite. */
static dm_value at_limit(curve *c, double x)
{
    if (!isinf(x))
        return on_curve(x, c);
    double sign = x > 0.0 ? 1.0 : -1.0;
    dm_value last = on_curve(sign * 1047.1975511, c), far = last;
    for (double y = 10471.975511; y < 1e16; y *= 10.2718) {
        far = on_curve(sign * y, c);
        double change = fabs(far.x - last.x);
        if (change <= 1e-13 * fabs(far.x) + 1e-300)
            return dm_value_rounded(far.x, far.error + 10.0 * change);
        last = far;
    }
    dm_page_fail(c->page, "no limit at infinity is found");
    return far;
}

static dm_value between(dm_page *p, const dm_tex *tree)
{
    curve c = { .page = p, .tree = tree->child[0] };
    dm_value low = dm_page_number(p, tree->child[1]);
    dm_value high = dm_page_number(p, tree->child[2]);

    if (tree->name[0] != '\0') {
        c.key = dm_page_variable(p, tree, 3);
    } else {
        const dm_tex *symbol = unknown(p, tree->child[0]);
        if (symbol == NULL)
            dm_page_fail(p, "write [...]_{x=a}^{b}, to say in which symbol");
        dm_page_resolve(p, symbol, &c.key);
    }
    dm_value top = at_limit(&c, high.x);
    return dm_value_subtract(&p->cells, top, at_limit(&c, low.x));
}

static int holds(dm_page *p, const dm_tex *relation)
{
    double a = dm_page_number(p, relation->child[0]).x;
    double b = dm_page_number(p, relation->child[1]).x;

    return strcmp(relation->name, "<") == 0      ? a < b
           : strcmp(relation->name, ">") == 0    ? a > b
           : strcmp(relation->name, "\\le") == 0 ? a <= b
           : strcmp(relation->name, "\\ge") == 0 ? a >= b
                                                 : a == b;
}

static dm_value cases(dm_page *p, const dm_tex *tree)
{
    if (holds(p, tree->child[1]))
        return dm_page_evaluate(p, tree->child[0]);
    if (tree->n < 3)
        dm_page_fail(p, "no case holds");
    return dm_page_evaluate(p, tree->child[2]);
}

/* --- logarithms ------------------------------------------------------------------- */

dm_value dm_page_log_normal(dm_page *p, dm_value x, dm_value mean,
                            dm_value variance)
{
    dm_value d = dm_value_subtract(&p->cells, x, mean), square, volume;
    dm_value two_pi = dm_value_rounded(2.0 * M_PI, 0.5 * DBL_EPSILON);
    int n = dm_value_count(d);

    if (p->bumps != NULL && n == 1 && variance.rows == 0 &&
        p->bumps->n < DM_PAGE_BUMPS) {
        p->bumps->deviation[p->bumps->n] = d.x;
        p->bumps->variance[p->bumps->n++] = variance.x;
    }
    if (variance.rows == 0) {
        square = dm_value_multiply(&p->cells, d, d, 1);
        square = dm_value_divide(&p->cells, square, variance);
        volume =
            dm_value_log(dm_value_multiply(&p->cells, two_pi, variance, 0));
        volume = dm_value_multiply(&p->cells, dm_value_exact(n), volume, 0);
    } else {
        dm_value inverse = dm_value_inverse(&p->cells, variance);
        dm_value turned = dm_value_multiply(&p->cells, inverse, d, 0);
        square = dm_value_multiply(&p->cells, d, turned, 1);
        volume = dm_value_log(dm_value_determinant(
            &p->cells, dm_value_multiply(&p->cells, two_pi, variance, 0)));
    }
    return dm_value_multiply(&p->cells, dm_value_exact(-0.5),
                             dm_value_add(&p->cells, square, volume), 0);
}

static dm_value log_normal(dm_page *p, const dm_tex *tree)
{
    if (tree->n == 2)
        dm_page_fail(p, "a law where a number is expected");
    dm_value x = dm_page_evaluate(p, tree->child[0]);
    dm_value mean = dm_page_evaluate(p, tree->child[1]);
    return dm_page_log_normal(p, x, mean, dm_page_evaluate(p, tree->child[2]));
}

/* ln(e^a + e^b). */
static dm_value log_add(dm_cells *cells, dm_value a, dm_value b)
{
    if (a.x < b.x) {
        dm_value swap = a;
        a = b;
        b = swap;
    }
    if (isinf(a.x) || isinf(b.x))
        return a;
    dm_value ratio = dm_value_exp(dm_value_subtract(cells, b, a));
    return dm_value_add(cells, a,
                        dm_value_log(
                            dm_value_add(cells, dm_value_exact(1.0), ratio)));
}

static dm_value log_of_sum(dm_page *p, const dm_tex *tree)
{
    long low = dm_page_whole(p, tree->child[0]);
    long high = dm_page_whole(p, tree->child[1]);
    dm_value result = dm_value_exact(-INFINITY);
    dm_key key = dm_page_variable(p, tree, 3);
    size_t before = p->bound_n;

    for (long i = low; i <= high; i++) {
        dm_page_bind_index(p, key, i);
        result = log_add(&p->cells, result, dm_page_log(p, tree->child[2]));
        p->bound_n = before;
    }
    return result;
}

/* The logarithm of a symbol's definition. */
static dm_value log_of_symbol(dm_page *p, const dm_tex *tree, dm_value value)
{
    dm_key key;
    const dm_declared *d = dm_page_resolve(p, tree, &key);

    for (size_t i = 0; i < p->bound_n; i++)
        if (dm_page_same_key(p->bound[i].key, key))
            return dm_value_log(value);
    if (d == NULL || d->sort != DM_DEFINED || d->sequence || d->call != NULL)
        return dm_value_log(value);
    return dm_page_log(p, d->tree);
}

/* The logarithm of a tree from those of its parts; v is its value. */
static dm_value log_by_parts(dm_page *p, const dm_tex *tree, dm_value v)
{
    dm_value a;

    switch (tree->kind) {
    case DM_TEX_ADD:
        a = dm_page_log(p, tree->child[0]);
        return log_add(&p->cells, a, dm_page_log(p, tree->child[1]));
    case DM_TEX_MULTIPLY:
        a = dm_page_log(p, tree->child[0]);
        return dm_value_add(&p->cells, a, dm_page_log(p, tree->child[1]));
    case DM_TEX_DIVIDE:
        a = dm_page_log(p, tree->child[0]);
        return dm_value_subtract(&p->cells, a, dm_page_log(p, tree->child[1]));
    case DM_TEX_POWER:
        a = dm_page_log(p, tree->child[0]);
        return dm_value_multiply(&p->cells, a,
                                 dm_page_evaluate(p, tree->child[1]), 0);
    case DM_TEX_SUM:
        return log_of_sum(p, tree);
    case DM_TEX_SYMBOL:
        return log_of_symbol(p, tree, v);
    case DM_TEX_FUNCTION:
        if (strcmp(tree->name, "exp") == 0)
            return dm_page_evaluate(p, tree->child[0]);
        return dm_value_log(v);
    default:
        return dm_value_log(v);
    }
}

/* By parts, if its value under- or overflows or has lost its digits, as that of
 * a ratio of densities far out does. */
dm_value dm_page_log(dm_page *p, const dm_tex *tree)
{
    if (tree->kind == DM_TEX_NORMAL)
        return log_normal(p, tree);
    if (tree->kind == DM_TEX_CALL)
        return call(p, tree, 1);
    dm_value v = dm_page_evaluate(p, tree);
    if (isfinite(v.x) && v.error < 1e-12 * v.x)
        return dm_value_log(v);
    dm_value parts = log_by_parts(p, tree, v);
    return isnan(parts.x) ? dm_value_log(v) : parts; /* two negative parts */
}

/* a/b, by logarithms where b is a density that underflows. */
static dm_value quotient(dm_page *p, const dm_tex *tree, dm_value a, dm_value b)
{
    if (b.rows != 0 || a.rows != 0 || !(b.x >= 0.0 && b.x < 1e-280) ||
        a.x < 0.0 || (b.x == 0.0 && b.error == 0.0))
        return dm_value_divide(&p->cells, a, b);
    if (a.x == 0.0 && a.error == 0.0)
        return a;
    dm_value above = dm_page_log(p, tree->child[0]);
    return dm_value_exp(
        dm_value_subtract(&p->cells, above, dm_page_log(p, tree->child[1])));
}

/* a b, by logarithms where one is too large for a number and one too small. */
static dm_value product(dm_page *p, const dm_tex *tree, dm_value a, dm_value b)
{
    dm_value v = dm_value_multiply(&p->cells, a, b, tree->number == 1.0);

    if (v.rows != 0 || !isnan(v.x) || !(a.x >= 0.0 && b.x >= 0.0))
        return v;
    dm_value log = dm_page_log(p, tree->child[0]);
    return dm_value_exp(
        dm_value_add(&p->cells, log, dm_page_log(p, tree->child[1])));
}

/* --- trees ------------------------------------------------------------------------ */

/* A sum, product, quotient or power: the left side first, so that every
 * compiler draws the symbols in the same order. */
static dm_value binary(dm_page *p, const dm_tex *tree)
{
    dm_value a = dm_page_evaluate(p, tree->child[0]);
    dm_value b = dm_page_evaluate(p, tree->child[1]);

    switch (tree->kind) {
    case DM_TEX_ADD:
        return dm_value_add(&p->cells, a, b);
    case DM_TEX_SUBTRACT:
        return dm_value_subtract(&p->cells, a, b);
    case DM_TEX_MULTIPLY:
        return product(p, tree, a, b);
    case DM_TEX_DIVIDE:
        return quotient(p, tree, a, b);
    case DM_TEX_POWER:
        return dm_value_power(&p->cells, a, b);
    default: /* min or max */
        return dm_value_extreme(&p->cells, strcmp(tree->name, "min") == 0, a,
                                b);
    }
}

static dm_value function(dm_page *p, const dm_tex *tree)
{
    if (tree->n == 2)
        return binary(p, tree);
    if (strcmp(tree->name, "ln") == 0)
        return dm_page_log(p, tree->child[0]);
    return dm_value_function(&p->cells, tree->name,
                             dm_page_evaluate(p, tree->child[0]));
}

static dm_value value_of(dm_page *p, const dm_tex *tree)
{
    switch (tree->kind) {
    case DM_TEX_NUMBER:
        return tree->number == nearbyint(tree->number)
                   ? dm_value_exact(tree->number)
                   : dm_value_rounded(tree->number, 0.0);
    case DM_TEX_SYMBOL:
        return dm_page_symbol(p, tree);
    case DM_TEX_ADD:
    case DM_TEX_SUBTRACT:
    case DM_TEX_MULTIPLY:
    case DM_TEX_DIVIDE:
    case DM_TEX_POWER:
        return binary(p, tree);
    case DM_TEX_NEGATE:
        return dm_value_negate(&p->cells, dm_page_evaluate(p, tree->child[0]));
    case DM_TEX_FUNCTION:
        return function(p, tree);
    case DM_TEX_CALL:
        return call(p, tree, 0);
    case DM_TEX_SLOPE:
        return function_slope(p, tree);
    case DM_TEX_NORMAL:
        return dm_value_exp(log_normal(p, tree));
    case DM_TEX_INTEGRAL:
        return integrate(p, tree);
    case DM_TEX_SUM:
    case DM_TEX_PRODUCT:
        return repeated(p, tree);
    case DM_TEX_DERIVATIVE:
    case DM_TEX_PARTIAL:
        return differentiate(p, tree);
    case DM_TEX_GRADIENT:
    case DM_TEX_FLUX:
        return nabla(p, tree);
    case DM_TEX_BETWEEN:
        return between(p, tree);
    case DM_TEX_CASES:
        return cases(p, tree);
    case DM_TEX_MEAN:
        return dm_chance_mean(p, tree);
    case DM_TEX_AVERAGE:
        return dm_chance_average(p, tree);
    case DM_TEX_KL:
        return dm_chance_divergence(p, tree);
    case DM_TEX_RELATION:
    case DM_TEX_GIVEN:
        dm_page_fail(p, "a relation where a number is expected");
    }
    return dm_value_exact(NAN);
}

dm_value dm_page_evaluate(dm_page *p, const dm_tex *tree)
{
    if (++p->work > DM_PAGE_WORK)
        dm_page_fail(p, "it takes too long to evaluate");
    if (++p->level > DM_PAGE_LEVELS)
        dm_page_fail(p, "a formula too deep to evaluate");
    dm_value v;
    if (tree->n == 0) {
        v = value_of(p, tree);
    } else if (!dm_page_recall(p, tree, &v)) {
        dm_watch outer = dm_page_watch(p);
        v = value_of(p, tree);
        dm_page_remember(p, tree, outer, v);
    }
    p->level--;
    return v;
}

/* --- what the program sees -------------------------------------------------------- */

/* Runs `what` with everything that it binds taken back, whether it ends or
 * fails.  Returns 1, or 0 if it failed. */
static int safely(dm_page *p, void (*what)(dm_page *p, void *params),
                  void *params)
{
    p->depth = p->nested = p->level = p->collecting = 0;
    p->watch = (dm_watch){ 0, SIZE_MAX };
    p->bumps = NULL;
    p->shield = 0;
    p->total += (double)p->work;
    p->work = 0;
    if (setjmp(p->stop) != 0) {
        p->bound_n = 0;
        return 0;
    }
    what(p, params);
    p->bound_n = 0;
    return 1;
}

typedef struct {
    const dm_tex *tree;
    dm_value *value, *spread;
    double by;
} request;

static void get_value(dm_page *p, void *params)
{
    request *r = params;
    *r->value = dm_page_evaluate(p, r->tree);
}

int dm_page_value(dm_page *p, const dm_tex *tree, dm_value *value)
{
    request r = { .tree = tree, .value = value };
    return safely(p, get_value, &r);
}

static void get_law(dm_page *p, void *params)
{
    request *r = params;
    dm_chance_law(p, r->tree, r->value, r->spread);
}

int dm_page_law(dm_page *p, const dm_tex *tree, dm_value *mean,
                dm_value *variance)
{
    request r = { .tree = tree, .value = mean, .spread = variance };
    return safely(p, get_law, &r);
}

static void move(dm_page *p, void *params)
{
    request *r = params;
    dm_key key;

    dm_page_symbol(p, r->tree); /* it has a value now */
    dm_page_resolve(p, r->tree, &key);
    if (dm_page_drawn(p, key) == NULL)
        dm_page_fail(p, "%s is defined and cannot move", r->tree->name);
    dm_instance *i = dm_page_drawn(p, key);
    p->epoch++;
    for (int k = 0; k < dm_value_count(i->value); k++) {
        double x = dm_value_at(i->value, k).x;
        dm_value_put(&i->value, k, dm_value_exact(x + r->by * (1.0 + 0.3 * k)));
    }
}

int dm_page_move(dm_page *p, const dm_tex *symbol, double by)
{
    request r = { .tree = symbol, .by = by };
    return safely(p, move, &r);
}

double dm_page_work(const dm_page *p)
{
    return p->total + (double)p->work;
}

/* What a symbol stands for, if it is defined by this name and index. */
static const dm_tex *meaning(const dm_page *p, const dm_tex *tree)
{
    for (size_t i = 0; tree->kind == DM_TEX_SYMBOL && i < p->symbols; i++) {
        const dm_declared *d = &p->symbol[i];
        if (d->sort == DM_DEFINED && d->call == NULL &&
            strcmp(d->name, tree->name) == 0 &&
            strcmp(d->index, tree->index) == 0)
            return d->tree;
    }
    return NULL;
}

/* 1 if symbols inside the node may be bound by it. */
static int binds(const dm_tex *tree)
{
    switch (tree->kind) {
    case DM_TEX_INTEGRAL:
    case DM_TEX_SUM:
    case DM_TEX_PRODUCT:
    case DM_TEX_DERIVATIVE:
    case DM_TEX_PARTIAL:
    case DM_TEX_GRADIENT:
    case DM_TEX_FLUX:
    case DM_TEX_BETWEEN:
    case DM_TEX_AVERAGE:
    case DM_TEX_KL:
    case DM_TEX_CALL:
    case DM_TEX_SLOPE:
    case DM_TEX_GIVEN:
        return 1;
    default:
        return tree->kind == DM_TEX_MEAN && tree->n > 1;
    }
}

static int same(const dm_page *p, const dm_tex *a, const dm_tex *b, int depth)
{
    const dm_tex *other;

    if (dm_tex_same(a, b))
        return 1;
    if (depth > 20)
        return 0;
    if ((other = meaning(p, a)) != NULL)
        return same(p, other, b, depth + 1);
    if ((other = meaning(p, b)) != NULL)
        return same(p, a, other, depth + 1);
    if (a->kind != b->kind || a->n != b->n || strcmp(a->name, b->name) != 0 ||
        strcmp(a->index, b->index) != 0 || a->kind == DM_TEX_NUMBER ||
        a->kind == DM_TEX_SYMBOL || binds(a))
        return 0;
    for (size_t i = 0; i < a->n; i++)
        if (!same(p, a->child[i], b->child[i], depth + 1))
            return 0;
    return 1;
}

int dm_page_same(const dm_page *p, const dm_tex *a, const dm_tex *b)
{
    return same(p, a, b, 0);
}

static int is_integral(const dm_tex *tree)
{
    return tree->kind == DM_TEX_INTEGRAL || tree->kind == DM_TEX_KL ||
           tree->kind == DM_TEX_AVERAGE || tree->kind == DM_TEX_MEAN;
}

int dm_page_is_slow(dm_page *p, const dm_tex *tree)
{
    return dm_page_mentions(p, tree, is_integral);
}
