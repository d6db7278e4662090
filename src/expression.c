#define _DEFAULT_SOURCE /* M_PI */

#include "expression.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_deriv.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_rng.h>

#include "printf_like.h"
#include "rng.h"

enum { KEY = 2 * DM_TEX_NAME + 8, SYMBOLS = 400, VALUES = 2000, DEPTH = 200 };

/* What a symbol is. */
typedef enum { FREE, INTEGER, NORMAL, DEFINED } kind_of_symbol;

typedef struct {
    kind_of_symbol sort;
    char name[DM_TEX_NAME], index[DM_TEX_NAME];
    int sequence;               /* 1 if the index contains an integer      */
    char variable[DM_TEX_NAME]; /* then the integer it contains            */
    const dm_tex *low, *high;   /* of FREE and INTEGER                     */
    const dm_tex *tree;         /* of DEFINED                              */
    const dm_tex *call;         /* the left side, if it is a function's    */
} declared;

/* The value that a symbol has in this draw, or is bound to for a while. */
typedef struct {
    char key[KEY];
    dm_value value;
    int normal;       /* 1 for a standard normal */
    int used;         /* 1 since it was last read */
    double low, high; /* where it was drawn from; low = high if fixed */
} instance;

struct dm_page {
    gsl_rng *rng;
    size_t symbols, values;
    declared symbol[SYMBOLS];
    instance value[VALUES];
    int depth;
    jmp_buf stop;
    char why[200];
};

/* Ends the evaluation. */
static void fail(dm_page *p, const char *format, ...) DM_PRINTF(2, 3);
static void fail(dm_page *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->why, sizeof p->why, format, args);
    va_end(args);
    longjmp(p->stop, 1);
}

/* --- arithmetic with error bounds -------------------------------------------- */

static const double unit = 0.5 * DBL_EPSILON;

static dm_value rounded(double x, double error)
{
    return (dm_value){ x, isnan(error) ? INFINITY : error + unit * fabs(x) };
}

/* What a function of the C library returns: right to 2 ulp. */
static dm_value from_library(double x, double error)
{
    return rounded(x, error + 3.0 * unit * fabs(x));
}

static dm_value exact(double x)
{
    return (dm_value){ x, 0.0 };
}

static dm_value add(dm_value a, dm_value b)
{
    return rounded(a.x + b.x, a.error + b.error);
}

static dm_value negate(dm_value a)
{
    return (dm_value){ -a.x, a.error };
}

static dm_value multiply(dm_value a, dm_value b)
{
    double error =
        fabs(a.x) * b.error + fabs(b.x) * a.error + a.error * b.error;

    if (a.x == 0.0 || b.x == 0.0)
        return rounded(a.x * b.x, error);
    return rounded(a.x * b.x, error + DBL_TRUE_MIN); /* it may underflow */
}

static dm_value divide(dm_value a, dm_value b)
{
    double x = a.x / b.x, low = fabs(b.x) - b.error;

    return rounded(x, low > 0.0 ? (a.error + fabs(x) * b.error) / low +
                                      (a.x == 0.0 ? 0.0 : DBL_TRUE_MIN)
                                : INFINITY);
}

static dm_value root(dm_value a)
{
    if (a.x < 0.0 && a.x >= -a.error) /* 0, but for round-off */
        return (dm_value){ 0.0, sqrt(a.error) };
    double x = sqrt(a.x);
    double low = a.x - a.error;
    return rounded(x, low > 0.0 ? a.error / (2.0 * sqrt(low)) : sqrt(a.error));
}

static dm_value exponential(dm_value a)
{
    double x = exp(a.x);
    return from_library(x, x * expm1(a.error) + DBL_TRUE_MIN);
}

static dm_value logarithm(dm_value a)
{
    double low = a.x - a.error;
    return from_library(log(a.x), low > 0.0 ? a.error / low : INFINITY);
}

static dm_value power(dm_value a, dm_value b)
{
    double x = pow(a.x, b.x);

    if (b.error == 0.0 && b.x == 2.0)
        return multiply(a, a);
    if (b.error == 0.0 && b.x == 0.0)
        return exact(1.0);
    double low = fabs(a.x) - a.error, high = fabs(a.x) + a.error;
    if (low <= 0.0) /* it may be 0: both powers are below the largest */
        return rounded(x, b.x - b.error > 0.0
                              ? 2.0 * fmax(pow(high, b.x + b.error),
                                           pow(high, b.x - b.error))
                              : INFINITY);
    double relative =
        (fabs(b.x) + b.error) * a.error / low + fabs(log(fabs(a.x))) * b.error;
    return from_library(x, fabs(x) * expm1(relative));
}

static dm_value tangent(dm_value a)
{
    double x = tan(a.x), step = a.error < 0.5 ? tan(a.error) : INFINITY;
    double left = 1.0 - fabs(x) * step; /* 0 or less: a pole may be near */

    return from_library(x, left > 0.0 ? (1.0 + x * x) * step / left : INFINITY);
}

/* x_0 or x_{t-1}: a name with its index. */
static void full_name(char key[KEY], const char *name, const char *index)
{
    size_t n = strlen(index);

    snprintf(key, KEY, "%s%s%s%s", name,
             n == 0   ? ""
             : n == 1 ? "_"
                      : "_{",
             index, n > 1 ? "}" : "");
}

/* --- symbols ------------------------------------------------------------------ */

/* 1 if the tree is a declared integer. */
static int is_integer(const dm_page *p, const dm_tex *tree)
{
    for (size_t i = 0; tree->kind == DM_TEX_SYMBOL && i < p->symbols; i++)
        if (p->symbol[i].sort == INTEGER &&
            strcmp(p->symbol[i].name, tree->name) == 0)
            return 1;
    return 0;
}

/* Finds what is declared as this name and index, or as a sequence of this
 * name.  Later declarations come before earlier ones. */
static declared *find(dm_page *p, const char *name, const char *index)
{
    for (size_t i = p->symbols; i-- > 0;)
        if (strcmp(p->symbol[i].name, name) == 0 &&
            strcmp(p->symbol[i].index, index) == 0)
            return &p->symbol[i];
    for (size_t i = p->symbols; i-- > 0;)
        if (index[0] != '\0' && strcmp(p->symbol[i].name, name) == 0 &&
            p->symbol[i].sequence)
            return &p->symbol[i];
    return NULL;
}

/* The symbol that is declared by the full name, say x_0; NULL if none is. */
static declared *find_member(dm_page *p, const char *key)
{
    char full[KEY];

    for (size_t i = p->symbols; i-- > 0;) {
        declared *d = &p->symbol[i];
        full_name(full, d->name, d->index);
        if (!d->sequence && strcmp(full, key) == 0)
            return d;
    }
    return NULL;
}

static declared *declare(dm_page *p, kind_of_symbol sort, int sequence,
                         const dm_tex *symbol)
{
    declared *d = NULL;

    for (size_t i = 0; i < p->symbols; i++)
        if (strcmp(p->symbol[i].name, symbol->name) == 0 &&
            strcmp(p->symbol[i].index, symbol->index) == 0)
            d = &p->symbol[i];
    if (d == NULL) {
        if (p->symbols == SYMBOLS)
            return NULL;
        d = &p->symbol[p->symbols++];
    }
    *d = (declared){ .sort = sort };
    memcpy(d->name, symbol->name, sizeof d->name);
    memcpy(d->index, symbol->index, sizeof d->index);
    if (sequence && symbol->kind == DM_TEX_SYMBOL && symbol->n == 1) {
        /* x_{t-1} is no sequence: its t is not the index. */
        const dm_tex *index = symbol->child[0];
        d->sequence = is_integer(p, index);
        if (d->sequence)
            memcpy(d->variable, index->name, sizeof d->variable);
    }
    return d;
}

void dm_page_free_symbol(dm_page *p, const dm_tex *symbol, int sequence,
                         const dm_tex *low, const dm_tex *high)
{
    declared *d = declare(p, FREE, sequence, symbol);
    if (d != NULL) {
        d->low = low;
        d->high = high;
    }
}

void dm_page_integer(dm_page *p, const dm_tex *symbol, const dm_tex *low,
                     const dm_tex *high)
{
    declared *d = declare(p, INTEGER, 0, symbol);
    if (d != NULL) {
        d->low = low;
        d->high = high;
    }
}

void dm_page_normal(dm_page *p, const dm_tex *symbol, int sequence)
{
    declare(p, NORMAL, sequence, symbol);
}

void dm_page_forget(dm_page *p, const dm_tex *symbol)
{
    for (size_t i = 0; i < p->symbols; i++)
        if (strcmp(p->symbol[i].name, symbol->name) == 0 &&
            strcmp(p->symbol[i].index, symbol->index) == 0)
            p->symbol[i] = p->symbol[--p->symbols];
}

int dm_page_define(dm_page *p, const dm_tex *left, const dm_tex *tree)
{
    if (left->kind != DM_TEX_SYMBOL && left->kind != DM_TEX_CALL)
        return 0;
    for (size_t i = 0; left->kind == DM_TEX_CALL && i < left->n; i++)
        if (left->child[i]->kind != DM_TEX_SYMBOL)
            return 0;
    declared *d = declare(p, DEFINED, 1, left);
    if (d == NULL)
        return 0;
    d->tree = tree;
    d->call = left->kind == DM_TEX_CALL ? left : NULL;
    return 1;
}

int dm_page_is_function(void *page, const char *name)
{
    const dm_page *p = page;

    for (size_t i = 0; i < p->symbols; i++) {
        const declared *d = &p->symbol[i];
        char full[KEY];
        snprintf(full, sizeof full, "%s%s%s", d->name,
                 d->index[0] == '\0' ? "" : "_", d->index);
        if (d->call != NULL &&
            (strcmp(full, name) == 0 || strcmp(d->name, name) == 0))
            return 1;
    }
    return 0;
}

/* --- values ------------------------------------------------------------------- */

static dm_value evaluate(dm_page *p, const dm_tex *tree);

static instance *held(dm_page *p, const char *key)
{
    for (size_t i = p->values; i-- > 0;)
        if (strcmp(p->value[i].key, key) == 0)
            return &p->value[i];
    return NULL;
}

static instance *hold(dm_page *p, const char *key, dm_value value)
{
    if (p->values == VALUES)
        fail(p, "too many values");
    instance *i = &p->value[p->values++];
    *i = (instance){ .value = value };
    snprintf(i->key, sizeof i->key, "%s", key);
    return i;
}

static long whole(dm_page *p, const dm_tex *tree)
{
    double x = evaluate(p, tree).x;

    if (!(fabs(x - nearbyint(x)) < 1e-9 && fabs(x) < 1e6))
        fail(p, "an index is not a whole number: %g", x);
    return lround(x);
}

/* What the symbol is called in this draw: \beta_3 for \beta_t at t = 3. */
static void make_key(dm_page *p, const declared *d, const dm_tex *symbol,
                     char key[KEY])
{
    char member[32];

    if (d->sequence && symbol->n == 0)
        fail(p, "%s_%s is not a member of %s_%s", d->name, symbol->index,
             d->name, d->index);
    if (d->sequence) {
        snprintf(member, sizeof member, "%ld", whole(p, symbol->child[0]));
        full_name(key, d->name, member);
    } else {
        full_name(key, d->name, d->index);
    }
}

/* The key of a symbol that is to be bound, declared or not. */
static void bound_key(dm_page *p, const dm_tex *symbol, char key[KEY])
{
    const declared *d = find(p, symbol->name, symbol->index);

    if (d != NULL)
        make_key(p, d, symbol, key);
    else
        full_name(key, symbol->name, symbol->index);
}

/* Evaluates a definition with its variables bound to values. */
static dm_value with(dm_page *p, size_t n, const char *key[],
                     const dm_value value[], const dm_tex *tree)
{
    size_t before = p->values;

    if (++p->depth > DEPTH)
        fail(p, "a definition goes round in a circle");
    for (size_t i = 0; i < n; i++)
        hold(p, key[i], value[i]);
    size_t bound = p->values;
    dm_value result = evaluate(p, tree);
    /* Free symbols that were drawn meanwhile stay; what was bound goes. */
    memmove(&p->value[before], &p->value[bound],
            (p->values - bound) * sizeof *p->value);
    p->values -= n;
    p->depth--;
    return result;
}

static instance fresh(dm_page *p, const declared *d)
{
    if (d->sort == NORMAL)
        return (instance){ .value = exact(4.0 * gsl_rng_uniform(p->rng) - 2.0),
                           .normal = 1,
                           .low = -2.0,
                           .high = 2.0 };
    if (++p->depth > DEPTH)
        fail(p, "a declaration goes round in a circle");
    double low = evaluate(p, d->low).x, high = evaluate(p, d->high).x;
    p->depth--;
    if (d->sort == INTEGER) { /* 1e-9: the bounds are rounded */
        low = ceil(low - 1e-9);
        high = floor(high + 1e-9);
    }
    if (!(low <= high))
        fail(p, "%s_%s is declared between %g and %g", d->name, d->index, low,
             high);
    double u = gsl_rng_uniform_pos(p->rng);
    if (d->sort == INTEGER)
        return (instance){
            .value = exact(fmin(high, floor(low + (high - low + 1.0) * u)))
        };
    return (instance){ .value = exact(low + (high - low) * u),
                       .low = low,
                       .high = high };
}

static dm_value symbol_value(dm_page *p, const dm_tex *symbol)
{
    char key[KEY];
    declared *d = find(p, symbol->name, symbol->index);

    if (d == NULL) { /* the variable of an integral or a sum */
        full_name(key, symbol->name, symbol->index);
        instance *bound = held(p, key);
        if (bound == NULL)
            fail(p, "%s is neither declared nor defined", key);
        return bound->value;
    }
    make_key(p, d, symbol, key);
    if (d->sequence) { /* a member may be declared on its own: x_0 */
        declared *own = find_member(p, key);
        d = own == NULL ? d : own;
    }
    instance *known = held(p, key);
    if (known != NULL) {
        known->used = 1;
        return known->value;
    }
    if (d->sort == DEFINED) {
        if (d->call != NULL)
            fail(p, "%s is a function", key);
        if (!d->sequence)
            return with(p, 0, NULL, NULL, d->tree);
        const char *variable = d->variable;
        dm_value index = exact((double)whole(p, symbol->child[0]));
        return with(p, 1, &variable, &index, d->tree);
    }
    instance drawn;
    if (d->sequence) { /* its bounds may contain the index */
        dm_value index = exact((double)whole(p, symbol->child[0]));
        size_t before = p->values;
        hold(p, d->variable, index);
        drawn = fresh(p, d);
        memmove(&p->value[before], &p->value[before + 1],
                (p->values - before - 1) * sizeof *p->value);
        p->values--;
    } else {
        drawn = fresh(p, d);
    }
    instance *made = hold(p, key, drawn.value);
    memcpy(drawn.key, made->key, KEY);
    drawn.used = 1;
    *made = drawn;
    return made->value;
}

static dm_value call(dm_page *p, const dm_tex *tree)
{
    declared *d = find(p, tree->name, tree->index);
    const char *key[DM_TEX_CHILDREN];
    char name[DM_TEX_CHILDREN][KEY];
    dm_value value[DM_TEX_CHILDREN];

    if (d == NULL || d->call == NULL || d->call->n != tree->n)
        fail(p, "%s is not a function of %zu arguments", tree->name, tree->n);
    for (size_t i = 0; i < tree->n; i++) {
        bound_key(p, d->call->child[i], name[i]);
        key[i] = name[i];
        value[i] = evaluate(p, tree->child[i]);
    }
    return with(p, tree->n, key, value, d->tree);
}

/* --- sums, integrals, derivatives ----------------------------------------------- */

static dm_value repeated(dm_page *p, const dm_tex *tree)
{
    long low = whole(p, tree->child[0]), high = whole(p, tree->child[1]);
    int sum = tree->kind == DM_TEX_SUM;
    dm_value result = exact(sum ? 0.0 : 1.0);
    const char *variable = tree->name;

    if (high - low > 100000)
        fail(p, "more than 100000 terms");
    for (long i = low; i <= high; i++) {
        dm_value index = exact((double)i);
        dm_value one = with(p, 1, &variable, &index, tree->child[2]);
        result = sum ? add(result, one) : multiply(result, one);
    }
    return result;
}

/* A tree as a function of one of its symbols. */
typedef struct {
    dm_page *page;
    const dm_tex *tree;
    const char *key;
    double worst; /* the largest error bound of a value */
} graph;

static double on_graph(double x, void *params)
{
    graph *g = params;
    dm_value at = exact(x);
    dm_value y = with(g->page, 1, &g->key, &at, g->tree);

    g->worst = fmax(g->worst, y.error);
    return y.x;
}

/* The key of the variable of an integral or a derivative, whose index is the
 * child at `place`. */
static dm_tex key_of_variable(dm_page *p, const dm_tex *tree, size_t place,
                              char key[KEY])
{
    dm_tex symbol = { .kind = DM_TEX_SYMBOL };

    memcpy(symbol.name, tree->name, sizeof symbol.name);
    memcpy(symbol.index, tree->index, sizeof symbol.index);
    if (tree->n > place)
        symbol.child[symbol.n++] = tree->child[place];
    bound_key(p, &symbol, key);
    return symbol;
}

static dm_value integrate(dm_page *p, const dm_tex *tree)
{
    double low = evaluate(p, tree->child[0]).x;
    double high = evaluate(p, tree->child[1]).x, x, error;
    char key[KEY];
    graph g = { p, tree->child[2], key, 0.0 };
    gsl_function f = { on_graph, &g };

    key_of_variable(p, tree, 3, key);
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(400);
    int status;

    if (w == NULL)
        fail(p, "no memory");
    if (isinf(low) && isinf(high))
        status = gsl_integration_qagi(&f, 1e-13, 1e-10, 400, w, &x, &error);
    else if (isinf(high))
        status =
            gsl_integration_qagiu(&f, low, 1e-13, 1e-10, 400, w, &x, &error);
    else if (isinf(low))
        status =
            gsl_integration_qagil(&f, high, 1e-13, 1e-10, 400, w, &x, &error);
    else
        status = gsl_integration_qags(&f, low, high, 1e-13, 1e-10, 400, w, &x,
                                      &error);
    gsl_integration_workspace_free(w);
    if (status != GSL_SUCCESS && !(error < 1e-6 * fabs(x) + 1e-9))
        fail(p, "an integral does not converge");
    double width = isinf(low) || isinf(high) ? 10.0 : fabs(high - low);
    return rounded(x, error + width * g.worst);
}

static dm_value differentiate(dm_page *p, const dm_tex *tree)
{
    char key[KEY];
    dm_tex symbol = key_of_variable(p, tree, 1, key);
    double at = symbol_value(p, &symbol).x, x, error;
    graph g = { p, tree->child[0], key, 0.0 };
    gsl_function f = { on_graph, &g };
    double step = 1e-3 * fmax(1.0, fabs(at));
    gsl_deriv_central(&f, at, step, &x, &error);
    return rounded(x, 4.0 * error + 4.0 * g.worst / step);
}

/* --- means over normals ----------------------------------------------------------- */

enum { MOST_NORMALS = 3 };

/* Evaluates the tree once and notes the normals that it contains. */
static size_t normals_in(dm_page *p, const dm_tex *tree,
                         char key[MOST_NORMALS][KEY])
{
    size_t n = 0;

    for (size_t i = 0; i < p->values; i++)
        p->value[i].used = 0;
    evaluate(p, tree);
    for (size_t i = 0; i < p->values; i++) {
        if (!p->value[i].normal || !p->value[i].used)
            continue;
        if (n == MOST_NORMALS)
            fail(p, "a mean over more than %d normals", MOST_NORMALS);
        memcpy(key[n++], p->value[i].key, KEY);
    }
    return n;
}

/* The mean over normals key[from] .. key[n - 1], by Gauss and Hermite. */
static double mean_over(dm_page *p, const dm_tex *tree, size_t from, size_t n,
                        char key[MOST_NORMALS][KEY],
                        const gsl_integration_fixed_workspace *w, double *worst)
{
    if (from == n) {
        dm_value v = evaluate(p, tree);
        *worst = fmax(*worst, v.error);
        return v.x;
    }
    size_t nodes = gsl_integration_fixed_n(w);
    const double *x = gsl_integration_fixed_nodes(w);
    const double *weight = gsl_integration_fixed_weights(w);
    instance *normal = held(p, key[from]);
    dm_value before = normal->value;
    double sum = 0.0;

    for (size_t i = 0; i < nodes; i++) {
        held(p, key[from])->value = exact(x[i]);
        sum += weight[i] * mean_over(p, tree, from + 1, n, key, w, worst);
    }
    held(p, key[from])->value = before;
    return sum / sqrt(2.0 * M_PI);
}

static double mean_by(dm_page *p, const dm_tex *tree, size_t nodes, size_t n,
                      char key[MOST_NORMALS][KEY], double *worst)
{
    gsl_integration_fixed_workspace *w =
        gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, nodes, 0.0,
                                    0.5, 0.0, 0.0);
    if (w == NULL)
        fail(p, "no memory");
    double mean = mean_over(p, tree, 0, n, key, w, worst);
    gsl_integration_fixed_free(w);
    return mean;
}

static dm_value mean(dm_page *p, const dm_tex *tree)
{
    char key[MOST_NORMALS][KEY], used[VALUES] = { 0 };
    double worst = 0.0;
    size_t before = p->values;
    for (size_t i = 0; i < before; i++)
        used[i] = (char)p->value[i].used;
    size_t n = normals_in(p, tree, key);
    double rough = mean_by(p, tree, 30, n, key, &worst);
    double fine = mean_by(p, tree, 44, n, key, &worst);
    /* A mean around this one has not read what only this one reads. */
    for (size_t i = 0; i < p->values; i++)
        p->value[i].used = used[i];

    return rounded(fine, 4.0 * fabs(fine - rough) + 8.0 * worst);
}

static dm_value variance(dm_page *p, const dm_tex *tree)
{
    dm_tex square = { .kind = DM_TEX_MULTIPLY, .n = 2 };

    square.child[0] = square.child[1] = (dm_tex *)tree;
    dm_value first = mean(p, tree);
    return add(mean(p, &square), negate(multiply(first, first)));
}

/* --- trees -------------------------------------------------------------------- */

static dm_value function(dm_page *p, const char *name, dm_value a)
{
    if (strcmp(name, "exp") == 0)
        return exponential(a);
    if (strcmp(name, "sqrt") == 0)
        return root(a);
    if (strcmp(name, "abs") == 0)
        return (dm_value){ fabs(a.x), a.error };
    if (strcmp(name, "sin") == 0)
        return from_library(sin(a.x), a.error);
    if (strcmp(name, "cos") == 0)
        return from_library(cos(a.x), a.error);
    if (strcmp(name, "tan") == 0)
        return tangent(a);
    if (strcmp(name, "tanh") == 0)
        return from_library(tanh(a.x), a.error);
    if (strcmp(name, "sinh") == 0)
        return from_library(sinh(a.x), cosh(fabs(a.x) + a.error) * a.error);
    if (strcmp(name, "cosh") == 0)
        return from_library(cosh(a.x), cosh(fabs(a.x) + a.error) * a.error);
    fail(p, "unknown function %s", name);
    return exact(NAN);
}

/* The error may decide which of two near numbers is the smaller one. */
static dm_value extreme(int smaller, dm_value a, dm_value b)
{
    return (dm_value){ smaller ? fmin(a.x, b.x) : fmax(a.x, b.x),
                       fmax(a.error, b.error) };
}

/* The logarithm of a density. */
static dm_value log_normal(dm_page *p, const dm_tex *tree)
{
    if (tree->n == 2)
        fail(p, "a law where a number is expected");
    dm_value x = evaluate(p, tree->child[0]);
    dm_value d = add(x, negate(evaluate(p, tree->child[1])));
    dm_value v = evaluate(p, tree->child[2]);
    dm_value twice = add(divide(multiply(d, d), v),
                         logarithm(multiply(rounded(2.0 * M_PI, unit), v)));
    return multiply(exact(-0.5), twice);
}

/* The logarithm of a tree; by parts, if its value under- or overflows or has
 * lost its digits, as that of a ratio of densities far out does. */
static dm_value log_of(dm_page *p, const dm_tex *tree)
{
    if (tree->kind == DM_TEX_NORMAL)
        return log_normal(p, tree);
    dm_value v = evaluate(p, tree), a;
    if (isfinite(v.x) && v.error < 1e-12 * v.x)
        return logarithm(v);
    switch (tree->kind) {
    case DM_TEX_MULTIPLY:
        a = log_of(p, tree->child[0]);
        return add(a, log_of(p, tree->child[1]));
    case DM_TEX_DIVIDE:
        a = log_of(p, tree->child[0]);
        return add(a, negate(log_of(p, tree->child[1])));
    case DM_TEX_FUNCTION:
        if (strcmp(tree->name, "exp") == 0)
            return evaluate(p, tree->child[0]);
        return logarithm(v);
    default:
        return logarithm(v);
    }
}

/* A sum, product, quotient or power: the left side first, so that every
 * compiler draws the symbols in the same order. */
static dm_value binary(dm_page *p, const dm_tex *tree)
{
    dm_value a = evaluate(p, tree->child[0]);
    dm_value b = evaluate(p, tree->child[1]);

    switch (tree->kind) {
    case DM_TEX_ADD:
        return add(a, b);
    case DM_TEX_SUBTRACT:
        return add(a, negate(b));
    case DM_TEX_MULTIPLY:
        return multiply(a, b);
    case DM_TEX_DIVIDE:
        return divide(a, b);
    case DM_TEX_POWER:
        return power(a, b);
    default: /* min or max */
        return extreme(strcmp(tree->name, "min") == 0, a, b);
    }
}

static dm_value evaluate(dm_page *p, const dm_tex *tree)
{
    switch (tree->kind) {
    case DM_TEX_NUMBER:
        return tree->number == nearbyint(tree->number)
                   ? exact(tree->number)
                   : rounded(tree->number, 0.0);
    case DM_TEX_SYMBOL:
        return symbol_value(p, tree);
    case DM_TEX_ADD:
    case DM_TEX_SUBTRACT:
    case DM_TEX_MULTIPLY:
    case DM_TEX_DIVIDE:
    case DM_TEX_POWER:
        return binary(p, tree);
    case DM_TEX_NEGATE:
        return negate(evaluate(p, tree->child[0]));
    case DM_TEX_FUNCTION:
        if (tree->n == 2)
            return binary(p, tree);
        if (strcmp(tree->name, "ln") == 0)
            return log_of(p, tree->child[0]);
        return function(p, tree->name, evaluate(p, tree->child[0]));
    case DM_TEX_CALL:
        return call(p, tree);
    case DM_TEX_NORMAL:
        return exponential(log_normal(p, tree));
    case DM_TEX_INTEGRAL:
        return integrate(p, tree);
    case DM_TEX_SUM:
    case DM_TEX_PRODUCT:
        return repeated(p, tree);
    case DM_TEX_DERIVATIVE:
        return differentiate(p, tree);
    case DM_TEX_MEAN:
        return mean(p, tree->child[0]);
    case DM_TEX_VARIANCE:
        return variance(p, tree->child[0]);
    }
    return exact(NAN);
}

/* --- what the program sees -------------------------------------------------------- */

dm_page *dm_page_new(uint64_t seed)
{
    dm_page *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->rng = gsl_rng_alloc(dm_rng_type);
    if (p->rng == NULL) {
        free(p);
        return NULL;
    }
    gsl_rng_set(p->rng, (unsigned long)seed);
    return p;
}

void dm_page_draw(dm_page *p)
{
    p->values = 0;
    p->depth = 0;
}

int dm_page_value(dm_page *p, const dm_tex *tree, dm_value *value)
{
    size_t before = p->values;

    p->depth = 0;
    if (setjmp(p->stop) != 0) {
        p->values = before; /* what was bound then is no longer */
        return 0;
    }
    *value = evaluate(p, tree);
    return 1;
}

/* Where the i-th normal is put to see if a sum is all there is. */
static double place_of(size_t i)
{
    return 0.75 + 0.125 * (double)i;
}

int dm_page_law(dm_page *p, const dm_tex *tree, dm_value *center,
                dm_value *spread)
{
    size_t before = p->values;

    p->depth = 0;
    if (setjmp(p->stop) != 0) {
        p->values = before;
        return 0;
    }
    evaluate(p, tree); /* gives each normal in it a value */
    for (size_t i = 0; i < p->values; i++)
        if (p->value[i].normal)
            p->value[i].value = exact(0.0);
    *center = evaluate(p, tree);
    *spread = exact(0.0);
    dm_value plane = *center; /* the value at places[] if it is affine */
    size_t normals = 0;
    for (size_t i = 0; i < p->values; i++) {
        if (!p->value[i].normal)
            continue;
        p->value[i].value = exact(1.0);
        dm_value one = add(evaluate(p, tree), negate(*center));
        p->value[i].value = exact(-3.5);
        dm_value far = add(evaluate(p, tree), negate(*center));
        p->value[i].value = exact(0.0);
        if (!(fabs(far.x + 3.5 * one.x) <= 8.0 * (far.error + 3.5 * one.error)))
            fail(p, "not affine in %s", p->value[i].key);
        *spread = add(*spread, multiply(one, one));
        plane = add(plane, multiply(one, exact(place_of(normals++))));
    }
    normals = 0; /* all at once: a product of two is not affine either */
    for (size_t i = 0; i < p->values; i++)
        if (p->value[i].normal)
            p->value[i].value = exact(place_of(normals++));
    dm_value joint = evaluate(p, tree);
    if (!(fabs(joint.x - plane.x) <= 8.0 * (joint.error + plane.error)))
        fail(p, "not affine in its normals");
    for (size_t i = 0; i < p->values; i++)
        if (p->value[i].normal)
            p->value[i].value = exact(0.0);
    return 1;
}

int dm_page_move(dm_page *p, const dm_tex *symbol, double by)
{
    char key[KEY];
    size_t before = p->values;

    p->depth = 0;
    if (setjmp(p->stop) != 0) {
        p->values = before;
        return 0;
    }
    symbol_value(p, symbol); /* it has a value now */
    bound_key(p, symbol, key);
    instance *i = held(p, key);
    if (i == NULL)
        fail(p, "%s is defined and cannot move", key);
    i->value.x += by;
    return 1;
}

/* What a symbol stands for, if it is defined by this name and index. */
static const dm_tex *meaning(const dm_page *p, const dm_tex *tree)
{
    for (size_t i = 0; tree->kind == DM_TEX_SYMBOL && i < p->symbols; i++) {
        const declared *d = &p->symbol[i];
        if (d->sort == DEFINED && d->call == NULL &&
            strcmp(d->name, tree->name) == 0 &&
            strcmp(d->index, tree->index) == 0)
            return d->tree;
    }
    return NULL;
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
        a->kind == DM_TEX_SYMBOL)
        return 0;
    if (a->kind == DM_TEX_INTEGRAL || a->kind == DM_TEX_SUM ||
        a->kind == DM_TEX_PRODUCT || a->kind == DM_TEX_DERIVATIVE)
        return 0; /* inside, a symbol may be bound */
    for (size_t i = 0; i < a->n; i++)
        if (!same(p, a->child[i], b->child[i], depth + 1))
            return 0;
    return 1;
}

int dm_page_same(const dm_page *p, const dm_tex *a, const dm_tex *b)
{
    return same(p, a, b, 0);
}

/* With a limit to how deep definitions may stand in one another. */
static int has_integral(const dm_page *p, const dm_tex *tree, int depth)
{
    if (tree->kind == DM_TEX_INTEGRAL || depth > 20)
        return 1;
    for (size_t i = 0; i < tree->n; i++)
        if (has_integral(p, tree->child[i], depth + 1))
            return 1;
    if (tree->kind != DM_TEX_SYMBOL && tree->kind != DM_TEX_CALL)
        return 0;
    for (size_t i = 0; i < p->symbols; i++) {
        const declared *d = &p->symbol[i];
        if (d->sort == DEFINED && strcmp(d->name, tree->name) == 0 &&
            strcmp(d->index, tree->index) == 0 && d->tree != tree)
            return has_integral(p, d->tree, depth + 1);
    }
    return 0;
}

int dm_page_is_slow(const dm_page *p, const dm_tex *tree)
{
    return has_integral(p, tree, 0);
}

void dm_page_shorten(dm_page *p)
{
    for (size_t i = 0; i < p->values; i++) {
        instance *v = &p->value[i];
        for (double places = 1.0; v->low < v->high && places < 1e4;
             places *= 10.0) {
            double shorter = round(places * v->value.x) / places;
            if (!(v->low < shorter && shorter < v->high) || shorter == 0.0)
                continue;
            v->value = exact(shorter);
            break;
        }
    }
}

const char *dm_page_why(const dm_page *p)
{
    return p->why;
}

void dm_page_values(const dm_page *p, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < p->values && used + 1 < size; i++) {
        int n =
            snprintf(text + used, size - used, "%s%s = %.6g",
                     i == 0 ? "" : ", ", p->value[i].key, p->value[i].value.x);
        used += n > 0 ? (size_t)n : 0;
    }
}

void dm_page_free(dm_page *p)
{
    if (p == NULL)
        return;
    gsl_rng_free(p->rng);
    free(p);
}
