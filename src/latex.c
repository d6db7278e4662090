#define _DEFAULT_SOURCE /* M_PI */

#include "latex.h"

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct block { /* of nodes: trees are freed all at once */
    struct block *next;
    size_t used;
    dm_tex node[256];
} block;

struct dm_tex_reader {
    int (*is_function)(void *context, const char *name);
    void *context;
    block *blocks;
    const char *begin, *p, *end; /* of the text; where the reader is */
    char integral[DM_TEX_NAME];  /* the variable whose "d" ends an integrand */
    int bars;                    /* 1 inside |...| */
    int norms;                   /* 1 where \| ends what is being read */
    int table;                   /* 1 where & parts columns, in cases */
    int depth;                   /* of brackets in brackets */
    char why[160];
    jmp_buf stop;
};

static dm_tex *expression(dm_tex_reader *r);
static dm_tex *term(dm_tex_reader *r);
static dm_tex *power(dm_tex_reader *r);
static dm_tex *factor(dm_tex_reader *r);
static void arguments(dm_tex_reader *r, dm_tex *call);
static int is_called(const dm_tex_reader *r, const dm_tex *symbol);
static int ends_integrand(dm_tex_reader *r);
static int goes_on(dm_tex_reader *r);

/* --- nodes, errors ---------------------------------------------------------- */

/* Ends the reading. */
static void fail(dm_tex_reader *r, const char *what)
{
    int left = (int)(r->end - r->p);
    snprintf(r->why, sizeof r->why, "%s at \"%.*s\"", what,
             left < 24 ? left : 24, r->p);
    longjmp(r->stop, 1);
}

static dm_tex *make(dm_tex_reader *r, dm_tex_kind kind, dm_tex *a, dm_tex *b,
                    dm_tex *c)
{
    dm_tex *children[] = { a, b, c };

    if (r->blocks == NULL || r->blocks->used == 256) {
        block *more = calloc(1, sizeof *more);
        if (more == NULL)
            fail(r, "no memory");
        more->next = r->blocks;
        r->blocks = more;
    }
    dm_tex *node = &r->blocks->node[r->blocks->used++];
    node->kind = kind;
    for (size_t i = 0; i < 3 && children[i] != NULL; i++)
        node->child[node->n++] = children[i];
    return node;
}

static dm_tex *number(dm_tex_reader *r, double x)
{
    dm_tex *node = make(r, DM_TEX_NUMBER, NULL, NULL, NULL);
    node->number = x;
    return node;
}

static dm_tex *named(dm_tex *node, const char *name)
{
    snprintf(node->name, sizeof node->name, "%s", name);
    return node;
}

/* --- tokens ------------------------------------------------------------------ */

/* 1 if the text goes on with the token; a command must end where it does. */
static int starts_with(const dm_tex_reader *r, const char *token)
{
    size_t n = strlen(token);

    if ((size_t)(r->end - r->p) < n || strncmp(r->p, token, n) != 0)
        return 0;
    int word = token[0] == '\\' && isalpha((unsigned char)token[n - 1]);
    return !(word && r->p + n < r->end && isalpha((unsigned char)r->p[n]));
}

/* \Big| is a bar of its own. */
static int bar_follows(const dm_tex_reader *r, const char *size)
{
    const char *next = r->p + strlen(size);
    return (size[1] == 'b' || size[1] == 'B') && next < r->end && *next == '|';
}

/* Passes over what only spaces a formula out. */
static void skip(dm_tex_reader *r)
{
    static const char *const blank[] = {
        "\\,",    "\\;",     "\\!",      "\\:",           "\\ ",    "\\quad",
        "\\left", "\\right", "\\bigl",   "\\bigr",        "\\Bigl", "\\Bigr",
        "\\big",  "\\Big",   "\\limits", "\\displaystyle"
    };
    size_t i = 0;

    while (r->p < r->end && i < sizeof blank / sizeof *blank) {
        if (isspace((unsigned char)*r->p) || *r->p == '~' ||
            (*r->p == '&' && !r->table)) {
            r->p++;
            continue;
        }
        for (i = 0; i < sizeof blank / sizeof *blank; i++)
            if (starts_with(r, blank[i]) && !bar_follows(r, blank[i])) {
                r->p += strlen(blank[i]);
                break;
            }
    }
}

static int at(dm_tex_reader *r, const char *token)
{
    skip(r);
    return starts_with(r, token);
}

static int eat(dm_tex_reader *r, const char *token)
{
    if (!at(r, token))
        return 0;
    r->p += strlen(token);
    return 1;
}

static void want(dm_tex_reader *r, const char *token)
{
    char what[40];

    if (eat(r, token))
        return;
    snprintf(what, sizeof what, "expected %s", token);
    fail(r, what);
}

static int peek(dm_tex_reader *r)
{
    skip(r);
    return r->p < r->end ? (unsigned char)*r->p : '\0';
}

/* --- symbols ----------------------------------------------------------------- */

static const char *const accents[] = { "\\bar",       "\\tilde",   "\\hat",
                                       "\\widetilde", "\\widehat", "\\overline",
                                       "\\dot" };
static const char *const fonts[] = { "\\mathbf",  "\\boldsymbol", "\\mathrm",
                                     "\\mathcal", "\\mathsf",     "\\mathbb" };
static const char *const letters[] = {
    "\\alpha", "\\beta",  "\\gamma",  "\\delta",    "\\epsilon", "\\varepsilon",
    "\\zeta",  "\\eta",   "\\theta",  "\\vartheta", "\\kappa",   "\\lambda",
    "\\mu",    "\\nu",    "\\xi",     "\\rho",      "\\sigma",   "\\varsigma",
    "\\tau",   "\\phi",   "\\varphi", "\\chi",      "\\psi",     "\\omega",
    "\\Gamma", "\\Delta", "\\Lambda", "\\Sigma",    "\\Phi",     "\\Omega",
    "\\ell"
};

/* Returns the word of the list that the text goes on with, or NULL. */
static const char *one_of(dm_tex_reader *r, size_t n, const char *const list[])
{
    for (size_t i = 0; i < n; i++)
        if (at(r, list[i]))
            return list[i];
    return NULL;
}

#define ONE_OF(r, list) one_of(r, sizeof(list) / sizeof *(list), list)

static void append(dm_tex_reader *r, char name[DM_TEX_NAME], const char *more,
                   size_t n)
{
    size_t used = strlen(name);

    if (used + n >= DM_TEX_NAME) /* cut, it could be another one's name */
        fail(r, "a name too long");
    memcpy(name + used, more, n);
    name[used + n] = '\0';
}

/* Reads the braces of \mathrm{...} and the like, or one letter, into name. */
static int base_letter(dm_tex_reader *r, char name[DM_TEX_NAME])
{
    const char *word = ONE_OF(r, letters);

    if (word != NULL) {
        r->p += strlen(word);
        append(r, name, word, strlen(word));
        return 1;
    }
    if (isalpha(peek(r))) {
        append(r, name, r->p++, 1);
        return 1;
    }
    return 0;
}

/* Reads accents, fonts and a base letter into name.  Returns 0, and moves
 * nothing, if the text does not go on with a symbol. */
static int base(dm_tex_reader *r, char name[DM_TEX_NAME])
{
    const char *start = r->p, *word;

    if ((word = ONE_OF(r, accents)) != NULL ||
        (word = ONE_OF(r, fonts)) != NULL) {
        r->p += strlen(word);
        if (strcmp(word, "\\mathrm") != 0) {
            append(r, name, word, strlen(word));
            const char *after = r->p;
            eat(r, "{");
            if (isalpha(peek(r)))
                append(r, name, " ", 1);
            r->p = after;
        }
        if (!eat(r, "{")) {
            if (base(r, name))
                return 1;
        } else {
            while (peek(r) != '}' && base(r, name))
                ;
            if (eat(r, "}"))
                return 1;
        }
        r->p = start;
        return 0;
    }
    return base_letter(r, name);
}

/* Reads the index of the symbol as a tree of its own, if it is one. */
static void read_index(dm_tex_reader *r, dm_tex *symbol)
{
    dm_tex_reader outer = *r;

    r->p = r->begin = symbol->index;
    r->end = symbol->index + strlen(symbol->index);
    r->integral[0] = '\0';
    if (setjmp(r->stop) == 0) {
        dm_tex *tree = expression(r);
        skip(r);
        if (r->p == r->end)
            symbol->child[symbol->n++] = tree;
    }
    outer.blocks = r->blocks;
    *r = outer;
}

/* Reads a subscript: an index, which is an expression, or else a part of the
 * name, as in \epsilon_\theta. */
static void subscript(dm_tex_reader *r, dm_tex *symbol)
{
    const char *start = r->p;

    if (eat(r, "{")) {
        start = r->p;
        for (int depth = 1; depth > 0; r->p++) {
            if (r->p >= r->end)
                fail(r, "a subscript without an end");
            depth += (*r->p == '{') - (*r->p == '}');
        }
        for (const char *c = start; c < r->p - 1; c++)
            if (!isspace((unsigned char)*c))
                append(r, symbol->index, c, 1);
    } else {
        char name[DM_TEX_NAME] = "";
        if (isdigit(peek(r)))
            append(r, name, r->p++, 1);
        else if (!base(r, name))
            fail(r, "expected a subscript");
        append(r, symbol->index, name, strlen(name));
    }
    read_index(r, symbol);
}

/* Reads a symbol.  Returns NULL, and moves nothing, if there is none. */
static dm_tex *symbol(dm_tex_reader *r)
{
    char name[DM_TEX_NAME] = "";
    const char *start = r->p;

    if (!base(r, name)) {
        r->p = start;
        return NULL;
    }
    dm_tex *node = named(make(r, DM_TEX_SYMBOL, NULL, NULL, NULL), name);
    for (;;) {
        if (node->index[0] == '\0' && eat(r, "_"))
            subscript(r, node);
        else if (eat(r, "'"))
            append(r, node->name, "'", 1);
        else if (eat(r, "^*") || eat(r, "^{*}") || eat(r, "^\\star") ||
                 eat(r, "^{\\star}"))
            append(r, node->name, "*", 1);
        else
            return node;
    }
}

/* --- factors ----------------------------------------------------------------- */

/* A braced group, one digit, or one factor: what \frac and ^ take. */
static dm_tex *group(dm_tex_reader *r)
{
    if (eat(r, "{")) {
        dm_tex *inside = expression(r);
        want(r, "}");
        return inside;
    }
    if (isdigit(peek(r)))
        return number(r, *r->p++ - '0');
    return factor(r);
}

/* The argument of a function: what stands in brackets, or the product that
 * follows, up to a sum. */
static dm_tex *argument(dm_tex_reader *r)
{
    int c = peek(r);

    if (c == '|' || at(r, "\\|") || at(r, "\\lVert"))
        return power(r); /* ln|x|^2 is the logarithm of a square */
    if (c == '(' || c == '[' || c == '{' || at(r, "\\{"))
        return factor(r);
    dm_tex *product = power(r);
    while ((isalnum(peek(r)) || peek(r) == '\\') && !ends_integrand(r)) {
        const char *start = r->p;
        char name[DM_TEX_NAME] = "";
        int more = isdigit(peek(r)) || at(r, "\\frac") || at(r, "\\sqrt") ||
                   at(r, "\\pi") || base(r, name);
        r->p = start;
        if (!more)
            break;
        product = make(r, DM_TEX_MULTIPLY, product, power(r), NULL);
    }
    return product;
}

static dm_tex *function(dm_tex_reader *r, const char *name)
{
    dm_tex *power = NULL;

    if (eat(r, "^")) {
        power = group(r);
        if (power->kind == DM_TEX_NEGATE)
            fail(r, "an inverse function, or one over it?");
    }
    dm_tex *node =
        named(make(r, DM_TEX_FUNCTION, argument(r), NULL, NULL), name);
    return power == NULL ? node : make(r, DM_TEX_POWER, node, power, NULL);
}

/* \sum or \prod: _{k=1}^{K} and the product that follows. */
static dm_tex *big_operator(dm_tex_reader *r, dm_tex_kind kind)
{
    want(r, "_");
    want(r, "{");
    dm_tex *index = symbol(r);
    if (index == NULL || index->index[0] != '\0')
        fail(r, "expected an index");
    want(r, "=");
    dm_tex *low = expression(r);
    want(r, "}");
    want(r, "^");
    dm_tex *high = group(r);
    dm_tex *body = term(r);
    return named(make(r, kind, low, high, body), index->name);
}

/* Reads "d" and the variable of an integral: 1 if it is the innermost one. */
static int ends_integrand(dm_tex_reader *r)
{
    const char *start = r->p;
    int ends = 0;

    if (r->integral[0] != '\0' && (eat(r, "\\mathrm{d}") || eat(r, "d"))) {
        dm_tex *variable = symbol(r);
        char name[2 * DM_TEX_NAME] = "";
        if (variable != NULL)
            snprintf(name, sizeof name, "%s_%s", variable->name,
                     variable->index);
        ends = strcmp(name, r->integral) == 0;
    }
    r->p = start;
    return ends;
}

/* Finds the variable of the integral that begins here: the first "d" with a
 * symbol behind it that is not inside a group and not of an integral within. */
static dm_tex *integration_variable(dm_tex_reader *r)
{
    const char *start = r->p;
    dm_tex *variable = NULL;
    int depth = 0, within = 0;

    for (; r->p < r->end && depth >= 0 && variable == NULL; r->p++) {
        depth +=
            (*r->p == '{') + (*r->p == '(') - (*r->p == '}') - (*r->p == ')');
        int alone = *r->p == 'd' && r->p > r->begin &&
                    !isalpha((unsigned char)r->p[-1]) && r->p[-1] != '\\';
        within += depth == 0 && starts_with(r, "\\int");
        if (depth != 0 || !(alone || starts_with(r, "\\mathrm{d}")))
            continue;
        const char *here = r->p;
        r->p += alone ? 1 : strlen("\\mathrm{d}");
        variable = symbol(r);
        r->p = here;
        if (variable != NULL && within > 0) {
            variable = NULL;
            within--;
        }
    }
    r->p = start;
    if (variable == NULL)
        fail(r, "an integral without its dx");
    return variable;
}

/* Gives a node the name and the index of a symbol; the tree of the index
 * becomes its last child. */
static dm_tex *about(dm_tex *node, const dm_tex *variable)
{
    memcpy(node->name, variable->name, sizeof node->name);
    memcpy(node->index, variable->index, sizeof node->index);
    if (variable->n == 1)
        node->child[node->n++] = variable->child[0];
    return node;
}

static dm_tex *integral(dm_tex_reader *r)
{
    dm_tex *low = NULL, *high = NULL;
    char outer[DM_TEX_NAME];

    if (eat(r, "_")) {
        low = group(r);
        want(r, "^");
        high = group(r);
    } else {
        low = make(r, DM_TEX_NEGATE, number(r, INFINITY), NULL, NULL);
        high = number(r, INFINITY);
    }
    dm_tex *variable = integration_variable(r);
    memcpy(outer, r->integral, sizeof outer);
    snprintf(r->integral, sizeof r->integral, "%.30s_%.30s", variable->name,
             variable->index);
    dm_tex *body = ends_integrand(r) ? number(r, 1.0) : expression(r);
    if (!eat(r, "\\mathrm{d}"))
        want(r, "d");
    symbol(r);
    memcpy(r->integral, outer, sizeof outer);
    if (body->kind == DM_TEX_NUMBER && goes_on(r))
        fail(r, "write the dx behind the integrand");
    return about(make(r, DM_TEX_INTEGRAL, low, high, body), variable);
}

/* Reads "^2" behind a d: how often to differentiate. */
static double order(dm_tex_reader *r)
{
    if (!eat(r, "^"))
        return 1.0;
    const dm_tex *times = group(r);
    if (times->kind != DM_TEX_NUMBER || times->number < 1.0 ||
        times->number > 4.0)
        fail(r, "expected an order of 1 to 4");
    return times->number;
}

/* \frac{\partial f}{\partial x}(a, b), or without its arguments. */
static dm_tex *slope_of(dm_tex_reader *r, dm_tex *f, const dm_tex *variable)
{
    if (f->kind != DM_TEX_SYMBOL || !is_called(r, f))
        return NULL;
    dm_tex *called = make(r, DM_TEX_CALL, NULL, NULL, NULL);
    memcpy(called->index, f->index, sizeof called->index);
    named(called, f->name);
    if (at(r, "("))
        arguments(r, called);
    dm_tex *node = make(r, DM_TEX_SLOPE, called, NULL, NULL);
    memcpy(node->index, variable->index, sizeof node->index);
    return named(node, variable->name);
}

/* The sign with which both parts of the fraction begin that follows, if it is
 * one of a derivative; moves nothing. */
static const char *differential(dm_tex_reader *r)
{
    static const char *const signs[] = { "\\partial", "\\mathrm{d}", "d" };
    const char *start = r->p, *sign = NULL;
    int depth = 0;

    if (eat(r, "{"))
        sign = ONE_OF(r, signs);
    for (; sign != NULL && r->p < r->end && depth >= 0; r->p++)
        depth += (*r->p == '{') - (*r->p == '}');
    if (sign == NULL || !eat(r, "{") || !eat(r, sign) || at(r, "_") ||
        at(r, "}") || at(r, "^"))
        sign = NULL;
    r->p = start;
    if (sign != NULL && eat(r, "{") && eat(r, sign) && at(r, "_"))
        sign = NULL; /* d_1 */
    r->p = start;
    return sign;
}

/* \frac{d}{dx} and \frac{\partial}{\partial x}, also with what they act on
 * above the line; NULL, and nothing moved, if the fraction is another one. */
static dm_tex *derivative(dm_tex_reader *r)
{
    const char *start = r->p;
    dm_tex *variable, *body = NULL, *node = NULL;
    const char *sign = differential(r);

    if (sign == NULL)
        return NULL;
    want(r, "{");
    want(r, sign);
    double times = order(r);
    if (!at(r, "}"))
        body = term(r);
    want(r, "}");
    want(r, "{");
    want(r, sign);
    variable = symbol(r);
    if (variable == NULL) {
        r->p = start;
        return NULL;
    }
    if (order(r) != times)
        fail(r, "expected the same order below the line");
    want(r, "}");
    if (body != NULL)
        node = slope_of(r, body, variable);
    if (node == NULL) {
        dm_tex_kind kind =
            strcmp(sign, "\\partial") == 0 ? DM_TEX_PARTIAL : DM_TEX_DERIVATIVE;
        node = make(r, kind, body != NULL ? body : term(r), NULL, NULL);
        about(node, variable);
    }
    node->number = times;
    return node;
}

/* \nabla_x f, the gradient, or \nabla_x \cdot f, the divergence. */
static dm_tex *nabla(dm_tex_reader *r)
{
    if (!eat(r, "_"))
        fail(r, "write \\nabla_x, to say in which symbol");
    int braces = eat(r, "{");
    const dm_tex *variable = symbol(r);
    if (variable == NULL)
        fail(r, "expected a symbol");
    if (braces)
        want(r, "}");
    dm_tex_kind kind = eat(r, "\\cdot") ? DM_TEX_FLUX : DM_TEX_GRADIENT;
    return about(make(r, kind, argument(r), NULL, NULL), variable);
}

static dm_tex *root(dm_tex_reader *r)
{
    if (at(r, "["))
        fail(r, "expected a square root");
    return named(make(r, DM_TEX_FUNCTION, group(r), NULL, NULL), "sqrt");
}

static dm_tex *fraction(dm_tex_reader *r)
{
    dm_tex *node = derivative(r);

    if (node != NULL)
        return node;
    dm_tex *above = group(r);
    return make(r, DM_TEX_DIVIDE, above, group(r), NULL);
}

/* Reads the bar of "given", if it stands here. */
static int given(dm_tex_reader *r)
{
    static const char *const bars[] = { "\\mid",   "\\Big|",    "\\big|",
                                        "\\Bigm|", "\\middle|", "\\bigm|" };
    const char *bar = ONE_OF(r, bars);
    return bar != NULL ? eat(r, bar) : r->bars && eat(r, "|");
}

/* Adds to the node what stands behind the bar: y, or y = value. */
static void conditions(dm_tex_reader *r, dm_tex *node)
{
    do {
        if (node->n == DM_TEX_CHILDREN)
            fail(r, "too many conditions");
        dm_tex *condition = expression(r);
        if (eat(r, "="))
            condition =
                named(make(r, DM_TEX_RELATION, condition, expression(r), NULL),
                      "=");
        node->child[node->n++] = condition;
    } while (eat(r, ","));
}

/* A mean of the body under what the other one says below its sign or behind
 * its bar. */
static dm_tex *mean_like(dm_tex_reader *r, const dm_tex *other, dm_tex *body)
{
    dm_tex *node = make(r, other->kind, body, NULL, NULL);

    for (size_t i = 1; i < other->n; i++)
        node->child[node->n++] = other->child[i];
    memcpy(node->name, other->name, sizeof node->name);
    memcpy(node->index, other->index, sizeof node->index);
    return node;
}

/* Cov[X, Y] = E[X Y^T] - E[X] E[Y]^T. */
static dm_tex *covariance(dm_tex_reader *r, const dm_tex *mean_of_x, dm_tex *y)
{
    dm_tex *turned =
        named(make(r, DM_TEX_FUNCTION, y, NULL, NULL), "transpose");
    dm_tex *both = make(r, DM_TEX_MULTIPLY, mean_of_x->child[0], turned, NULL);
    dm_tex *x = mean_like(r, mean_of_x, mean_of_x->child[0]);
    dm_tex *means =
        make(r, DM_TEX_MULTIPLY, x, mean_like(r, mean_of_x, turned), NULL);
    return make(r, DM_TEX_SUBTRACT, mean_like(r, mean_of_x, both), means, NULL);
}

/* What stands below \mathbb E: x \sim p, or a law q(x \mid y) of its first
 * argument. */
static dm_tex *average_over(dm_tex_reader *r)
{
    dm_tex *variable, *law = NULL;

    want(r, "{");
    dm_tex *node = make(r, DM_TEX_AVERAGE, number(r, 0.0), NULL, NULL);
    variable = expression(r);
    if (eat(r, "\\sim")) {
        law = expression(r);
    } else if (variable->kind == DM_TEX_CALL) {
        law = variable;
        variable = law->child[0];
    }
    want(r, "}");
    if (law == NULL || variable->kind != DM_TEX_SYMBOL)
        fail(r, "expected x \\sim p");
    node->child[node->n++] = law;
    return about(node, variable);
}

/* \mathbb E, Var or Cov: of what stands in square brackets, or of one
 * factor. */
static dm_tex *mean(dm_tex_reader *r, int spread)
{
    dm_tex *node = eat(r, "_")
                       ? average_over(r)
                       : make(r, DM_TEX_MEAN, number(r, 0.0), NULL, NULL);
    dm_tex *second = NULL;
    int bars = r->bars, norms = r->norms;

    r->bars = r->norms = 0;
    if (eat(r, "[") || eat(r, "\\{")) {
        r->bars = 1;
        node->child[0] = expression(r);
        if (spread && eat(r, ","))
            second = expression(r);
        if (node->kind == DM_TEX_MEAN && given(r))
            conditions(r, node);
        if (!eat(r, "\\}"))
            want(r, "]");
    } else {
        node->child[0] = power(r);
    }
    r->bars = bars;
    r->norms = norms;
    if (!spread)
        return node;
    return covariance(r, node, second == NULL ? node->child[0] : second);
}

/* D_{\mathrm{KL}}(p \,\|\, q). */
static dm_tex *divergence(dm_tex_reader *r)
{
    int norms = r->norms;

    r->norms = 1;
    want(r, "(");
    dm_tex *p = expression(r);
    if (!eat(r, "\\parallel") && !eat(r, "||"))
        want(r, "\\|");
    dm_tex *q = expression(r);
    want(r, ")");
    r->norms = norms;
    return make(r, DM_TEX_KL, p, q, NULL);
}

/* \mathcal N(x; mean, variance), or the law \mathcal N(mean, variance). */
static dm_tex *normal(dm_tex_reader *r)
{
    want(r, "(");
    dm_tex *x = expression(r);
    if (eat(r, ",")) { /* a law: mean and variance */
        dm_tex *spread = expression(r);
        want(r, ")");
        return make(r, DM_TEX_NORMAL, x, spread, NULL);
    }
    want(r, ";");
    dm_tex *center = expression(r);
    want(r, ",");
    dm_tex *variance = expression(r);
    want(r, ")");
    return make(r, DM_TEX_NORMAL, x, center, variance);
}

/* [F]_{x=a}^{b}: the bracket between limits. */
static dm_tex *between(dm_tex_reader *r, dm_tex *inside)
{
    dm_tex *variable = NULL, *low, *high;

    want(r, "_");
    if (eat(r, "{")) {
        low = expression(r);
        if (low->kind == DM_TEX_SYMBOL && eat(r, "=")) {
            variable = low;
            low = expression(r);
        }
        want(r, "}");
    } else {
        low = group(r);
    }
    want(r, "^");
    int braces = eat(r, "{");
    high = braces ? expression(r) : group(r);
    if (braces && variable != NULL && dm_tex_same(high, variable) &&
        eat(r, "="))
        high = expression(r);
    if (braces)
        want(r, "}");
    dm_tex *node = make(r, DM_TEX_BETWEEN, inside, low, high);
    return variable == NULL ? node : about(node, variable);
}

static dm_tex *bracketed(dm_tex_reader *r, const char *close)
{
    int bars = r->bars, norms = r->norms;

    r->bars = strcmp(close, "|") == 0;
    r->norms = strcmp(close, "\\|") == 0 || strcmp(close, "\\rVert") == 0;
    dm_tex *inside = expression(r);
    r->bars = bars;
    r->norms = norms;
    want(r, close);
    if (!at(r, "_"))
        return inside;
    if (strcmp(close, "]") != 0)
        fail(r, "only a bracket [ ] can stand between limits");
    return between(r, inside);
}

/* The arguments of a call, in their brackets. */
static void arguments(dm_tex_reader *r, dm_tex *call)
{
    int norms = r->norms, bars = r->bars;

    r->norms = 0;
    r->bars = 1;
    want(r, "(");
    for (;;) {
        if (call->n == DM_TEX_CHILDREN)
            fail(r, "too many arguments");
        call->child[call->n++] = expression(r);
        if (call->number == 0.0 && given(r))
            call->number = (double)call->n;
        else if (!eat(r, ",") && !eat(r, ";"))
            break;
    }
    want(r, ")");
    r->norms = norms;
    r->bars = bars;
}

/* 1 if the name, or the name and index, is a function of the page. */
static int is_called(const dm_tex_reader *r, const dm_tex *symbol)
{
    char full[2 * DM_TEX_NAME];

    snprintf(full, sizeof full, "%s%s%s", symbol->name,
             symbol->index[0] == '\0' ? "" : "_", symbol->index);
    return r->is_function(r->context, full) ||
           r->is_function(r->context, symbol->name);
}

/* A function of the page applied to its arguments, or the symbol alone. */
static dm_tex *symbol_or_call(dm_tex_reader *r)
{
    dm_tex *node = symbol(r);
    size_t primes = 0;

    if (node == NULL)
        fail(r, "cannot read");
    if (!at(r, "("))
        return node;
    dm_tex called = *node;
    for (size_t n = strlen(called.name);
         !is_called(r, &called) && n > 1 && called.name[n - 1] == '\'';
         primes++)
        called.name[--n] = '\0';
    if (!is_called(r, &called))
        return node;
    dm_tex *call = named(make(r, DM_TEX_CALL, NULL, NULL, NULL), called.name);
    memcpy(call->index, node->index, sizeof call->index);
    arguments(r, call);
    if (primes == 0)
        return call;
    dm_tex *slope = make(r, DM_TEX_SLOPE, call, NULL, NULL);
    slope->number = (double)primes;
    return slope;
}

/* \begin{cases} value & condition \\ ... \end{cases}. */
static dm_tex *cases(dm_tex_reader *r)
{
    static const char *const signs[] = { "\\leq", "\\geq", "\\le", "\\ge",
                                         "<",     ">",     "=" };
    int table = r->table;
    dm_tex *condition = NULL, *rest = NULL;

    r->table = 1;
    dm_tex *value = expression(r);
    eat(r, ",");
    want(r, "&");
    int words = eat(r, "\\text{") || eat(r, "\\textrm{");
    while (words && r->p < r->end && *r->p++ != '}')
        ;
    if (!words || !(at(r, "\\\\") || at(r, "\\end{cases}"))) {
        dm_tex *left = expression(r);
        const char *sign = ONE_OF(r, signs);
        if (sign == NULL || !eat(r, sign))
            fail(r, "expected a condition with one relation");
        if (strcmp(sign, "\\leq") == 0 || strcmp(sign, "\\geq") == 0)
            sign = sign[1] == 'l' ? "\\le" : "\\ge";
        condition =
            named(make(r, DM_TEX_RELATION, left, expression(r), NULL), sign);
    }
    eat(r, ",");
    eat(r, ".");
    int more = eat(r, "\\\\");
    if (eat(r, "\\end{cases}"))
        more = 0;
    else if (more)
        rest = cases(r);
    else
        fail(r, "expected \\end{cases}");
    r->table = table;
    if (condition == NULL && rest == NULL)
        return value;
    if (condition == NULL)
        fail(r, "a case behind \"otherwise\"");
    return make(r, DM_TEX_CASES, value, condition, rest);
}

/* What an \underbrace or \overbrace stands at; its label means nothing. */
static dm_tex *braced(dm_tex_reader *r)
{
    dm_tex *body = group(r);

    if (!eat(r, "_") && !eat(r, "^"))
        return body;
    want(r, "{");
    for (int depth = 1; depth > 0; r->p++) {
        if (r->p >= r->end)
            fail(r, "a label without an end");
        depth += (*r->p == '{') - (*r->p == '}');
    }
    return body;
}

/* \langle x, y \rangle. */
static dm_tex *inner_product(dm_tex_reader *r)
{
    dm_tex *x = expression(r);

    want(r, ",");
    dm_tex *node = make(r, DM_TEX_MULTIPLY, x, expression(r), NULL);
    want(r, "\\rangle");
    node->number = 1.0;
    return node;
}

/* \min or \max of two numbers. */
static dm_tex *extreme(dm_tex_reader *r, const char *name)
{
    want(r, "(");
    dm_tex *a = expression(r);
    want(r, ",");
    dm_tex *b = expression(r);
    want(r, ")");
    return named(make(r, DM_TEX_FUNCTION, a, b, NULL), name);
}

/* Commands with a reader of their own. */
static dm_tex *command(dm_tex_reader *r)
{
    static const char *const functions[] = { "\\exp",  "\\ln",   "\\log",
                                             "\\sin",  "\\cos",  "\\tan",
                                             "\\sinh", "\\cosh", "\\tanh" };
    const char *word = ONE_OF(r, functions);

    if (word != NULL && eat(r, word))
        return function(r, strcmp(word, "\\log") == 0 ? "ln" : word + 1);
    if (eat(r, "\\frac") || eat(r, "\\tfrac") || eat(r, "\\dfrac"))
        return fraction(r);
    if (eat(r, "\\sqrt"))
        return root(r);
    if (eat(r, "\\int"))
        return integral(r);
    if (eat(r, "\\sum"))
        return big_operator(r, DM_TEX_SUM);
    if (eat(r, "\\prod"))
        return big_operator(r, DM_TEX_PRODUCT);
    if (eat(r, "\\mathcal{N}") || eat(r, "\\mathcal N"))
        return normal(r);
    if (eat(r, "\\mathbb E") || eat(r, "\\mathbb{E}"))
        return mean(r, 0);
    if (eat(r, "\\mathrm{Var}") || eat(r, "\\operatorname{Var}") ||
        eat(r, "\\mathrm{Cov}") || eat(r, "\\operatorname{Cov}"))
        return mean(r, 1);
    if (eat(r, "\\mathrm{KL}") || eat(r, "\\operatorname{KL}"))
        return divergence(r);
    if (eat(r, "\\mathrm{tr}") || eat(r, "\\operatorname{tr}"))
        return function(r, "tr");
    if (eat(r, "\\det"))
        return function(r, "det");
    if (eat(r, "\\nabla"))
        return nabla(r);
    if (eat(r, "\\begin{cases}"))
        return cases(r);
    if (eat(r, "\\underbrace") || eat(r, "\\overbrace"))
        return braced(r);
    if (eat(r, "\\langle"))
        return inner_product(r);
    if (eat(r, "\\|"))
        return named(make(r, DM_TEX_FUNCTION, bracketed(r, "\\|"), NULL, NULL),
                     "norm");
    if (eat(r, "\\lVert"))
        return named(make(r, DM_TEX_FUNCTION, bracketed(r, "\\rVert"), NULL,
                          NULL),
                     "norm");
    if (eat(r, "\\pi"))
        return number(r, M_PI);
    if (eat(r, "\\infty"))
        return number(r, INFINITY);
    if (eat(r, "\\min"))
        return extreme(r, "min");
    if (eat(r, "\\max"))
        return extreme(r, "max");
    if (eat(r, "\\boxed"))
        return group(r);
    if (eat(r, "\\{"))
        return bracketed(r, "\\}");
    return NULL;
}

/* Digits with at most one point; a point alone is none. */
static dm_tex *decimal(dm_tex_reader *r)
{
    char digits[DM_TEX_NAME] = "", *rest;

    while (r->p < r->end && (isdigit((unsigned char)*r->p) || *r->p == '.'))
        append(r, digits, r->p++, 1);
    double x = strtod(digits, &rest);
    if (rest == digits || *rest != '\0')
        fail(r, "expected a number");
    if (isdigit(peek(r))) /* 10\,000 is not 10 times 0 */
        fail(r, "a number with a gap");
    return number(r, x);
}

static dm_tex *factor(dm_tex_reader *r)
{
    int c = peek(r);

    if (isdigit(c) || c == '.')
        return decimal(r);
    if (c == 'D' && (eat(r, "D_{\\mathrm{KL}}") || eat(r, "D_{KL}") ||
                     eat(r, "D_{\\text{KL}}")))
        return divergence(r);
    if (c == '\\') {
        dm_tex *node = command(r);
        if (node != NULL)
            return node;
    }
    if (eat(r, "("))
        return bracketed(r, ")");
    if (eat(r, "["))
        return bracketed(r, "]");
    if (eat(r, "|"))
        return named(make(r, DM_TEX_FUNCTION, bracketed(r, "|"), NULL, NULL),
                     "abs");
    if (c == '{')
        return group(r);
    if (c == 'e' && r->p + 1 < r->end && r->p[1] == '^') {
        r->p += 2;
        return named(make(r, DM_TEX_FUNCTION, group(r), NULL, NULL), "exp");
    }
    return symbol_or_call(r);
}

/* --- sums and products ------------------------------------------------------- */

static dm_tex *power(dm_tex_reader *r)
{
    static const char *const transposed[] = { "{\\mathsf T}", "{\\mathsf{T}}",
                                              "{\\top}",      "{\\intercal}",
                                              "\\mathsf{T}",  "\\mathsf T",
                                              "\\top",        "\\intercal" };
    dm_tex *node = factor(r);

    while (eat(r, "^")) {
        const char *sign = ONE_OF(r, transposed);
        if (sign != NULL && eat(r, sign))
            node =
                named(make(r, DM_TEX_FUNCTION, node, NULL, NULL), "transpose");
        else
            node = make(r, DM_TEX_POWER, node, group(r), NULL);
    }
    return node;
}

static dm_tex *signed_power(dm_tex_reader *r)
{
    if (eat(r, "-"))
        return make(r, DM_TEX_NEGATE, signed_power(r), NULL, NULL);
    if (eat(r, "+"))
        return signed_power(r);
    return power(r);
}

/* 1 if what follows can only be another factor of the product. */
static int goes_on(dm_tex_reader *r)
{
    static const char *const others[] = {
        "\\cdot",      "\\times",    "\\mid",    "\\}",     "\\le",
        "\\ge",        "\\leq",      "\\geq",    "\\to",    "\\propto",
        "\\overset",   "\\underset", "\\sim",    "\\end",   "\\tag",
        "\\text",      "\\approx",   "\\dots",   "\\ldots", "\\cdots",
        "\\Big|",      "\\big|",     "\\in",     "\\qquad", "\\Bigm|",
        "\\bigm|",     "\\middle|",  "\\rangle", "\\rVert", "\\\\",
        "\\end{cases}"
    };
    int c = peek(r);

    if (ends_integrand(r))
        return 0;
    if (c == '\\')
        return ONE_OF(r, others) == NULL && !(r->norms && at(r, "\\|"));
    return isalnum(c) || c == '(' || c == '[' || c == '{' || c == '.' ||
           (c == '|' && !r->bars && !at(r, "||"));
}

static dm_tex *term(dm_tex_reader *r)
{
    dm_tex *node = signed_power(r);

    for (;;) {
        if (at(r, "\\cdot") || at(r, "\\times")) {
            int dot = eat(r, "\\cdot") || (want(r, "\\times"), 0);
            node = make(r, DM_TEX_MULTIPLY, node, signed_power(r), NULL);
            node->number = dot; /* of two vectors, the inner product */
        } else if (eat(r, "/"))
            node = make(r, DM_TEX_DIVIDE, node, signed_power(r), NULL);
        else if (goes_on(r))
            node = make(r, DM_TEX_MULTIPLY, node, power(r), NULL);
        else
            return node;
    }
}

static dm_tex *expression(dm_tex_reader *r)
{
    if (++r->depth > DM_TEX_DEPTH)
        fail(r, "brackets too deep");
    dm_tex *node = term(r);
    while (at(r, "+") || at(r, "-")) {
        dm_tex_kind kind = eat(r, "+") ? DM_TEX_ADD : DM_TEX_SUBTRACT;
        if (kind == DM_TEX_SUBTRACT)
            want(r, "-");
        node = make(r, kind, node, term(r), NULL);
    }
    r->depth--;
    return node;
}

/* --- the reader --------------------------------------------------------------- */

dm_tex_reader *dm_tex_new(int (*is_function)(void *context, const char *name),
                          void *context)
{
    dm_tex_reader *r = calloc(1, sizeof *r);

    if (r != NULL) {
        r->is_function = is_function;
        r->context = context;
    }
    return r;
}

const dm_tex *dm_tex_read(dm_tex_reader *r, const char *text, size_t length,
                          const char **why, size_t *place)
{
    r->begin = r->p = text;
    r->end = text + length;
    r->integral[0] = '\0';
    r->bars = r->norms = r->table = r->depth = 0;
    *why = NULL;
    if (setjmp(r->stop) != 0) {
        *why = r->why;
        *place = (size_t)(r->p - r->begin);
        return NULL;
    }
    dm_tex *node = expression(r);
    if (given(r)) {
        node = make(r, DM_TEX_GIVEN, node, NULL, NULL);
        conditions(r, node);
    }
    skip(r);
    if (r->p != r->end)
        fail(r, "expected the end");
    return node;
}

const dm_tex *dm_tex_density(dm_tex_reader *r, const dm_tex *law,
                             const dm_tex *x)
{
    if (setjmp(r->stop) != 0)
        return NULL;
    return make(r, DM_TEX_NORMAL, (dm_tex *)x, law->child[0], law->child[1]);
}

int dm_tex_same(const dm_tex *a, const dm_tex *b)
{
    if (a->kind != b->kind || a->n != b->n || strcmp(a->name, b->name) != 0 ||
        strcmp(a->index, b->index) != 0 || a->number != b->number)
        return 0;
    for (size_t i = 0; i < a->n; i++)
        if (!dm_tex_same(a->child[i], b->child[i]))
            return 0;
    return 1;
}

/* --- writing ------------------------------------------------------------------ */

typedef struct {
    char *text;
    size_t size, used;
} writer;

static void put(writer *w, const char *piece)
{
    int n = snprintf(w->text + w->used, w->size - w->used, "%s", piece);
    w->used +=
        (size_t)n < w->size - w->used ? (size_t)n : w->size - w->used - 1;
}

static void write_tree(writer *w, const dm_tex *tree);

/* In brackets if it is a sum, or a product where `tight`. */
static void write_part(writer *w, const dm_tex *tree, int tight)
{
    int sum = tree->kind == DM_TEX_ADD || tree->kind == DM_TEX_SUBTRACT ||
              tree->kind == DM_TEX_NEGATE;
    int product = tree->kind == DM_TEX_MULTIPLY || tree->kind == DM_TEX_DIVIDE;

    if (!sum && !(tight && (product || tree->kind == DM_TEX_POWER))) {
        write_tree(w, tree);
        return;
    }
    put(w, "(");
    write_tree(w, tree);
    put(w, ")");
}

static void write_between(writer *w, const dm_tex *tree, const char *open,
                          const char *middle, const char *close)
{
    put(w, open);
    write_tree(w, tree->child[0]);
    put(w, middle);
    write_tree(w, tree->child[1]);
    put(w, close);
}

static void write_symbol(writer *w, const dm_tex *tree)
{
    put(w, tree->name);
    if (tree->index[0] != '\0') {
        put(w, strlen(tree->index) > 1 ? "_{" : "_");
        put(w, tree->index);
        put(w, strlen(tree->index) > 1 ? "}" : "");
    }
}

static void write_list(writer *w, const dm_tex *tree, const char *first)
{
    put(w, "(");
    for (size_t i = 0; i < tree->n; i++) {
        put(w, i == 0 ? "" : i == 1 ? first : ", ");
        write_tree(w, tree->child[i]);
    }
    put(w, ")");
}

/* A big operator: \int, \sum, \prod. */
static void write_operator(writer *w, const dm_tex *tree, const char *sign)
{
    int integral = tree->kind == DM_TEX_INTEGRAL;

    put(w, sign);
    put(w, "_{");
    if (!integral) {
        put(w, tree->name);
        put(w, "=");
    }
    write_between(w, tree, "", "}^{", "} ");
    write_part(w, tree->child[2], 0);
    if (integral) {
        put(w, "\\,d");
        write_symbol(w, tree);
    }
}

static void write_derivative(writer *w, const dm_tex *tree, const char *sign)
{
    char times[16] = "";

    if (tree->number > 1.0)
        snprintf(times, sizeof times, "^%g", tree->number);
    put(w, "\\frac{");
    put(w, sign);
    put(w, times);
    put(w, "}{");
    put(w, sign);
    write_symbol(w, tree);
    put(w, times);
    put(w, "}");
    write_part(w, tree->child[0], 0);
}

/* f'(x), or \frac{\partial f}{\partial x}(x, y). */
static void write_slope(writer *w, const dm_tex *tree)
{
    const dm_tex *call = tree->child[0];
    char times[16] = "";

    if (tree->number > 1.0)
        snprintf(times, sizeof times, "^%g", tree->number);
    if (tree->name[0] != '\0') {
        put(w, "\\frac{\\partial");
        put(w, times);
        put(w, times[0] == '\0' ? " " : "");
    }
    write_symbol(w, call);
    for (double i = 0.0; tree->name[0] == '\0' && i < tree->number; i++)
        put(w, "'");
    if (tree->name[0] != '\0') {
        put(w, "}{\\partial ");
        write_symbol(w, tree);
        put(w, times);
        put(w, "}");
    }
    if (call->n > 0)
        write_list(w, call, ", ");
}

/* A value at two places, a law, a mean: "[A; B, C]" of its parts. */
static void write_rare(writer *w, const dm_tex *tree)
{
    static const struct {
        dm_tex_kind kind;
        const char *open, *first, *close;
    } as[] = {
        { DM_TEX_MEAN, "\\mathbb E[", " \\mid ", "]" },
        { DM_TEX_AVERAGE, "\\mathbb E[", "; \\sim ", "]" },
        { DM_TEX_KL, "D_{\\mathrm{KL}}(", " \\,\\|\\, ", ")" },
        { DM_TEX_GIVEN, "", " \\mid ", "" },
        { DM_TEX_BETWEEN, "[", "]; ", "" },
        { DM_TEX_CASES, "\\{", " \\text{ if } ", "\\}" },
    };
    size_t k = 0;

    if (tree->kind == DM_TEX_RELATION) {
        write_between(w, tree, "", tree->name, "");
        return;
    }
    if (tree->kind == DM_TEX_SLOPE) {
        write_slope(w, tree);
        return;
    }
    while (k + 1 < sizeof as / sizeof *as && as[k].kind != tree->kind)
        k++;
    put(w, as[k].open);
    for (size_t i = 0; i < tree->n; i++) {
        put(w, i == 0 ? "" : i == 1 ? as[k].first : ", ");
        write_tree(w, tree->child[i]);
    }
    put(w, as[k].close);
}

static void write_function(writer *w, const dm_tex *tree)
{
    static const char *const around[][3] = { { "sqrt", "\\sqrt{", "}" },
                                             { "abs", "|", "|" },
                                             { "norm", "\\|", "\\|" } };

    for (size_t i = 0; i < sizeof around / sizeof *around; i++)
        if (strcmp(tree->name, around[i][0]) == 0) {
            put(w, around[i][1]);
            write_tree(w, tree->child[0]);
            put(w, around[i][2]);
            return;
        }
    if (strcmp(tree->name, "transpose") == 0) {
        write_part(w, tree->child[0], 1);
        put(w, "^{\\mathsf T}");
        return;
    }
    put(w, strcmp(tree->name, "tr") == 0 ? "\\operatorname{tr}" : "\\");
    put(w, strcmp(tree->name, "tr") == 0 ? "" : tree->name);
    write_list(w, tree, ", ");
}

static void write_tree(writer *w, const dm_tex *tree)
{
    char digits[40];

    switch (tree->kind) {
    case DM_TEX_NUMBER:
        snprintf(digits, sizeof digits, "%.10g", tree->number);
        put(w, tree->number == INFINITY ? "\\infty"
               : tree->number == M_PI   ? "\\pi "
                                        : digits);
        return;
    case DM_TEX_SYMBOL:
        write_symbol(w, tree);
        return;
    case DM_TEX_ADD:
        write_between(w, tree, "", "+", "");
        return;
    case DM_TEX_SUBTRACT:
        write_tree(w, tree->child[0]);
        put(w, "-");
        write_part(w, tree->child[1], 0);
        return;
    case DM_TEX_MULTIPLY:
        write_part(w, tree->child[0], 0);
        put(w, " ");
        write_part(w, tree->child[1], 0);
        return;
    case DM_TEX_DIVIDE:
        write_between(w, tree, "\\frac{", "}{", "}");
        return;
    case DM_TEX_POWER:
        write_part(w, tree->child[0], 1);
        put(w, "^{");
        write_tree(w, tree->child[1]);
        put(w, "}");
        return;
    case DM_TEX_NEGATE:
        put(w, "-");
        write_part(w, tree->child[0], 0);
        return;
    case DM_TEX_FUNCTION:
        write_function(w, tree);
        return;
    case DM_TEX_CALL:
        write_symbol(w, tree);
        write_list(w, tree, tree->number == 1.0 ? " \\mid " : ", ");
        return;
    case DM_TEX_NORMAL:
        put(w, "\\mathcal N");
        write_list(w, tree, tree->n == 3 ? "; " : ", ");
        return;
    case DM_TEX_INTEGRAL:
        write_operator(w, tree, "\\int");
        return;
    case DM_TEX_SUM:
        write_operator(w, tree, "\\sum");
        return;
    case DM_TEX_PRODUCT:
        write_operator(w, tree, "\\prod");
        return;
    case DM_TEX_DERIVATIVE:
    case DM_TEX_PARTIAL:
        write_derivative(w, tree,
                         tree->kind == DM_TEX_PARTIAL ? "\\partial " : "d");
        return;
    case DM_TEX_GRADIENT:
    case DM_TEX_FLUX:
        put(w, "\\nabla_{");
        write_symbol(w, tree);
        put(w, tree->kind == DM_TEX_FLUX ? "}\\cdot " : "}");
        write_part(w, tree->child[0], 0);
        return;
    default:
        write_rare(w, tree);
        return;
    }
}

void dm_tex_write(const dm_tex *tree, char *text, size_t size)
{
    writer w = { text, size, 0 };

    text[0] = '\0';
    write_tree(&w, tree);
}

void dm_tex_free(dm_tex_reader *r)
{
    if (r == NULL)
        return;
    while (r->blocks != NULL) {
        block *next = r->blocks->next;
        free(r->blocks);
        r->blocks = next;
    }
    free(r);
}
