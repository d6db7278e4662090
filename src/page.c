#include "page.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_math.h>

#include "rng.h"

void dm_page_fail(dm_page *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->why, sizeof p->why, format, args);
    va_end(args);
    longjmp(p->stop, 1);
}

static void cells_fail(void *page, const char *why)
{
    dm_page_fail(page, "%s", why);
}

/* --- names and keys ------------------------------------------------------------- */

/* x_0 or x_{t-1}: a name with its index. */
static void write_name(char full[DM_PAGE_FULL], const char *name,
                       const char *index)
{
    size_t n = strlen(index);

    snprintf(full, DM_PAGE_FULL, "%s%s%s%s", name,
             n == 0   ? ""
             : n == 1 ? "_"
                      : "_{",
             index, n > 1 ? "}" : "");
}

static int intern(dm_page *p, const char *name)
{
    for (size_t i = 0; i < p->names; i++)
        if (strcmp(p->full_name[i], name) == 0)
            return (int)i;
    if (p->names == DM_PAGE_NAMES)
        dm_page_fail(p, "more than %d names", DM_PAGE_NAMES);
    if (p->names == p->name_room) {
        size_t room = 2 * p->name_room + 64;
        char(*more)[DM_PAGE_FULL] = realloc(p->full_name, room * sizeof *more);
        if (more == NULL)
            dm_page_fail(p, "no memory");
        p->full_name = more;
        p->name_room = room;
    }
    snprintf(p->full_name[p->names], DM_PAGE_FULL, "%s", name);
    return (int)p->names++;
}

/* The key of a name and index as they are written: an index that is a number
 * makes a member, so that x_0 is the x_t of t = 0. */
static dm_key written_key(dm_page *p, const char *name, const char *index)
{
    char full[DM_PAGE_FULL], *rest;
    long member = strtol(index, &rest, 10);

    if (isdigit((unsigned char)index[0]) && *rest == '\0')
        return (dm_key){ intern(p, name), member };
    write_name(full, name, index);
    return (dm_key){ intern(p, full), LONG_MIN };
}

void dm_page_key_name(const dm_page *p, dm_key key, char name[DM_PAGE_FULL])
{
    char member[32] = "";

    if (key.member != LONG_MIN)
        snprintf(member, sizeof member, "%ld", key.member);
    write_name(name, p->full_name[key.name], member);
}

int dm_page_same_key(dm_key a, dm_key b)
{
    return a.name == b.name && a.member == b.member;
}

/* --- declarations --------------------------------------------------------------- */

/* 1 if the tree is a declared integer. */
static int is_integer(const dm_page *p, const dm_tex *tree)
{
    for (size_t i = 0; tree->kind == DM_TEX_SYMBOL && i < p->symbols; i++)
        if (p->symbol[i].sort == DM_INTEGER &&
            strcmp(p->symbol[i].name, tree->name) == 0)
            return 1;
    return 0;
}

/* 1 if both are functions called in the same form, or neither is one. */
static int same_call(const dm_tex *a, const dm_tex *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->n != b->n || a->number != b->number)
        return 0;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->child[i]->name, b->child[i]->name) != 0 ||
            strcmp(a->child[i]->index, b->child[i]->index) != 0)
            return 0;
    return 1;
}

/* The place of a declaration: that of an earlier one that it replaces. */
static dm_declared *place(dm_page *p, const dm_tex *symbol, const dm_tex *call)
{
    for (size_t i = 0; i < p->symbols; i++) {
        dm_declared *d = &p->symbol[i];
        if (strcmp(d->name, symbol->name) == 0 &&
            strcmp(d->index, symbol->index) == 0 &&
            (d->call == NULL || call == NULL || same_call(d->call, call)))
            return d;
    }
    return p->symbols == DM_PAGE_SYMBOLS ? NULL : &p->symbol[p->symbols++];
}

static dm_declared *declare(dm_page *p, dm_sort sort, int sequence,
                            const dm_tex *symbol)
{
    const dm_tex *call = symbol->kind == DM_TEX_CALL ? symbol : NULL;
    dm_declared *d = place(p, symbol, call);

    p->epoch++;
    p->meanings++;
    if (d == NULL)
        return NULL;
    *d = (dm_declared){ .sort = sort, .call = call };
    memcpy(d->name, symbol->name, sizeof d->name);
    memcpy(d->index, symbol->index, sizeof d->index);
    d->key = written_key(p, d->name, d->index);
    /* x_{t-1} is no sequence: its t is not the index. */
    if (sequence && call == NULL && symbol->n == 1 &&
        is_integer(p, symbol->child[0])) {
        d->sequence = 1;
        d->variable =
            written_key(p, symbol->child[0]->name, symbol->child[0]->index);
    }
    return d;
}

/* 1 if d is one of the weights of a sequence, or they contain a symbol that is
 * declared on its own: weights are drawn together. */
static int has_two_laws(const dm_page *p, const dm_declared *d)
{
    for (size_t i = 0; i < p->symbols; i++) {
        const dm_declared *other = &p->symbol[i];
        const dm_declared *all = d->sort == DM_WEIGHTS ? d : other;
        const dm_declared *one = d->sort == DM_WEIGHTS ? other : d;
        if (all->sort == DM_WEIGHTS && !one->sequence &&
            one->key.member != LONG_MIN && one->call == NULL &&
            strcmp(p->full_name[one->key.name], all->name) == 0)
            return 1;
    }
    return 0;
}

int dm_page_declare(dm_page *p, dm_sort sort, const dm_tex *symbol,
                    int sequence, const dm_tex *low, const dm_tex *high)
{
    if (setjmp(p->stop) != 0)
        return 0;
    dm_declared *d = declare(p, sort, sequence, symbol);
    if (d == NULL)
        dm_page_fail(p, "more than %d symbols", DM_PAGE_SYMBOLS);
    d->low = low;
    d->high = high;
    if (sequence && !d->sequence)
        dm_page_fail(p, "the index of a sequence is an integer that is "
                        "declared above it");
    if (has_two_laws(p, d))
        dm_page_fail(p,
                     "a weight and a symbol of its own cannot have one name");
    return 1;
}

void dm_page_forget(dm_page *p, const dm_tex *symbol)
{
    p->epoch++;
    p->meanings++;
    for (size_t i = p->symbols; i-- > 0;)
        if (strcmp(p->symbol[i].name, symbol->name) == 0 &&
            strcmp(p->symbol[i].index, symbol->index) == 0)
            p->symbol[i] = p->symbol[--p->symbols];
}

int dm_page_define(dm_page *p, const dm_tex *left, const dm_tex *tree)
{
    snprintf(p->why, sizeof p->why, "the left side is not a symbol");
    if (left->kind != DM_TEX_SYMBOL && left->kind != DM_TEX_CALL)
        return 0;
    for (size_t i = 0; left->kind == DM_TEX_CALL && i < left->n; i++)
        if (left->child[i]->kind != DM_TEX_SYMBOL)
            return 0;
    if (setjmp(p->stop) != 0)
        return 0;
    dm_declared *d = declare(p, DM_DEFINED, 1, left);
    if (d == NULL)
        dm_page_fail(p, "more than %d symbols", DM_PAGE_SYMBOLS);
    d->tree = tree;
    return 1;
}

int dm_page_is_function(void *page, const char *name)
{
    const dm_page *p = page;

    for (size_t i = 0; i < p->symbols; i++) {
        const dm_declared *d = &p->symbol[i];
        char full[DM_PAGE_FULL];
        snprintf(full, sizeof full, "%s%s%s", d->name,
                 d->index[0] == '\0' ? "" : "_", d->index);
        if ((d->call != NULL || d->sort == DM_DENSITY) &&
            (strcmp(full, name) == 0 || strcmp(d->name, name) == 0))
            return 1;
    }
    return 0;
}

/* Finds what is declared as this name and index, or as a sequence of this
 * name.  Later declarations come before earlier ones. */
static dm_declared *find(dm_page *p, const char *name, const char *index)
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

/* The symbol that is declared on its own as this member of a sequence. */
static dm_declared *find_member(dm_page *p, dm_key key)
{
    for (size_t i = p->symbols; i-- > 0;)
        if (!p->symbol[i].sequence && dm_page_same_key(p->symbol[i].key, key))
            return &p->symbol[i];
    return NULL;
}

dm_declared *dm_page_resolve(dm_page *p, const dm_tex *symbol, dm_key *key)
{
    dm_tex *node = (dm_tex *)symbol; /* for its memo */
    dm_declared *d;

    if (node->memo.meanings != p->meanings) {
        d = find(p, symbol->name, symbol->index);
        *key = d != NULL && d->sequence
                   ? (dm_key){ intern(p, symbol->name), LONG_MIN }
                   : written_key(p, symbol->name, symbol->index);
        node->memo.declared = d == NULL ? -1 : (int)(d - p->symbol);
        node->memo.name = key->name;
        node->memo.member = key->member;
        node->memo.meanings = p->meanings;
    }
    d = node->memo.declared < 0 ? NULL : &p->symbol[node->memo.declared];
    *key = (dm_key){ node->memo.name, node->memo.member };
    if (d == NULL || !d->sequence)
        return d;
    if (symbol->n == 0)
        dm_page_fail(p, "%s_%s is not a member of %s_%s", d->name,
                     symbol->index, d->name, d->index);
    key->member = dm_page_whole(p, symbol->child[0]);
    dm_declared *own = find_member(p, *key); /* x_0 beside x_t */
    return own == NULL ? d : own;
}

dm_key dm_page_variable(dm_page *p, const dm_tex *node, size_t where)
{
    dm_tex symbol = { .kind = DM_TEX_SYMBOL };
    dm_key key;

    memcpy(symbol.name, node->name, sizeof symbol.name);
    memcpy(symbol.index, node->index, sizeof symbol.index);
    if (node->n > where)
        symbol.child[symbol.n++] = node->child[where];
    symbol.memo = node->memo;
    dm_page_resolve(p, &symbol, &key);
    ((dm_tex *)node)->memo = symbol.memo;
    return key;
}

/* --- functions ------------------------------------------------------------------ */

/* An index as t + c, or as the number c without a t. */
static int index_parts(const dm_tex *symbol, const char **variable,
                       double *offset)
{
    const dm_tex *i = symbol->n > 0 ? symbol->child[0] : NULL;
    double sign = 0.0;

    *variable = "";
    *offset = 0.0;
    if (i == NULL)
        return symbol->index[0] == '\0';
    if (i->kind == DM_TEX_ADD || i->kind == DM_TEX_SUBTRACT) {
        if (i->child[1]->kind != DM_TEX_NUMBER)
            return 0;
        sign = i->kind == DM_TEX_ADD ? 1.0 : -1.0;
        *offset = sign * i->child[1]->number;
        i = i->child[0];
    }
    if (i->kind == DM_TEX_SYMBOL)
        *variable = i->name;
    else if (i->kind == DM_TEX_NUMBER && sign == 0.0)
        *offset = i->number;
    else
        return 0;
    return 1;
}

/* 1 if every argument is the symbol that the signature has there. */
static int same_arguments(const dm_tex *signature, const dm_tex *call)
{
    for (size_t i = 0; i < call->n; i++)
        if (call->child[i]->kind != DM_TEX_SYMBOL ||
            strcmp(signature->child[i]->name, call->child[i]->name) != 0 ||
            strcmp(signature->child[i]->index, call->child[i]->index) != 0)
            return 0;
    return 1;
}

/* How well a call fits the signature of a definition: 0 not at all, 1 by
 * position, 2 and more by the symbols' names, up to a common shift of the
 * index, which is stored as t = variable + shift. */
static int fit(const dm_page *p, const dm_tex *signature, const dm_tex *call,
               const dm_tex **at, double *shift)
{
    const char *theirs, *t = NULL, *other;
    double c, k;
    int by_name = 1, clash = 0;

    *at = NULL;
    if (same_arguments(signature, call))
        return 100;
    for (size_t i = 0; i < call->n; i++) {
        const dm_tex *a = signature->child[i], *b = call->child[i];
        int alike = b->kind == DM_TEX_SYMBOL && strcmp(a->name, b->name) == 0;
        if (alike && strcmp(a->index, b->index) == 0) {
            by_name++;
            if (index_parts(a, &theirs, &c) && *theirs != '\0') {
                clash = clash || (t != NULL &&
                                  (strcmp(t, theirs) != 0 || *shift != 0.0));
                t = theirs;
                *shift = 0.0;
                *at = b;
            }
            continue;
        }
        if (!alike || a->n == 0) {
            by_name = -100;
            clash = clash || (alike && a->index[0] != '\0');
            continue;
        }
        if (!index_parts(a, &theirs, &c) || !index_parts(b, &other, &k) ||
            *theirs == '\0' || b->n == 0 ||
            !is_integer(p, a->child[0]->kind == DM_TEX_SYMBOL
                               ? a->child[0]
                               : a->child[0]->child[0])) {
            clash = 1;
            continue;
        }
        clash =
            clash || (t != NULL && (strcmp(t, other) != 0 || *shift != k - c));
        t = other;
        *shift = k - c;
        *at = b;
    }
    return clash ? 0 : by_name > 0 ? 1 + by_name : 1;
}

/* The value of the t of a signature under a call. */
static void bind_index(dm_page *p, const dm_tex *signature, const dm_tex *call)
{
    for (size_t i = 0; i < call->n; i++) {
        const dm_tex *a = signature->child[i], *b = call->child[i];
        const char *variable;
        double offset;
        if (!index_parts(a, &variable, &offset) || *variable == '\0' ||
            b->n == 0)
            continue;
        const dm_tex *t = a->child[0]->kind == DM_TEX_SYMBOL
                              ? a->child[0]
                              : a->child[0]->child[0];
        if (!is_integer(p, t))
            continue;
        dm_key key;
        dm_page_resolve(p, t, &key);
        long value = dm_page_whole(p, b->child[0]) - lround(offset);
        dm_page_bind_index(p, key, value);
        return;
    }
}

/* The definition that fits the call best, as its place in page->symbol, or -1,
 * and how well it does. */
static int best_definition(dm_page *p, const dm_tex *call, int *best_fit)
{
    const dm_tex *at;
    double shift = 0.0;
    int best = -1, several = 0;

    *best_fit = 0;
    for (size_t i = 0; i < p->symbols; i++) {
        const dm_declared *d = &p->symbol[i];
        if (d->call == NULL || strcmp(d->name, call->name) != 0 ||
            strcmp(d->index, call->index) != 0 || d->call->n != call->n ||
            d->call->number != call->number)
            continue;
        int fits = fit(p, d->call, call, &at, &shift);
        several =
            fits > *best_fit ? 0 : several || (fits > 0 && fits == *best_fit);
        if (fits > *best_fit) {
            *best_fit = fits;
            best = (int)i;
        }
    }
    if (several && *best_fit == 1)
        dm_page_fail(p, "%s of these arguments could be one of several",
                     call->name);
    return best;
}

const dm_declared *dm_page_function(dm_page *p, const dm_tex *call)
{
    dm_tex *node = (dm_tex *)call; /* for its memo */

    if (node->memo.meanings != p->meanings) {
        node->memo.declared = best_definition(p, call, &node->memo.fit);
        node->memo.meanings = p->meanings;
    }
    if (node->memo.declared < 0)
        return NULL;
    const dm_declared *best = &p->symbol[node->memo.declared];
    if (1 < node->memo.fit && node->memo.fit < 100)
        bind_index(p, best->call, call);
    return best;
}

/* --- values --------------------------------------------------------------------- */

dm_instance *dm_page_drawn(dm_page *p, dm_key key)
{
    p->work += (long)(p->drawn_n / 32);
    for (size_t i = p->drawn_n; i-- > 0;)
        if (dm_page_same_key(p->drawn[i].key, key))
            return &p->drawn[i];
    return NULL;
}

/* One of DM_PAGE_BITS bits; two keys may share it. */
static unsigned bit_of(dm_key key)
{
    return (unsigned)(31 * key.name + (int)(key.member & 0xffff)) %
           DM_PAGE_BITS;
}

static dm_instance *bind(dm_page *p, dm_key key, dm_value value)
{
    if (p->bound_n == DM_PAGE_VALUES)
        dm_page_fail(p, "too many values");
    dm_instance *new = &p->bound[p->bound_n];
    *new = (dm_instance){ .key = key, .value = value };
    if (p->bound_n++ > 0) {
        new->indices = new[-1].indices;
        new->veiled = new[-1].veiled;
    }
    return new;
}

void dm_page_bind(dm_page *p, dm_key key, dm_value value)
{
    bind(p, key, value)->veiled |= (uint64_t)1 << bit_of(key);
}

void dm_page_bind_index(dm_page *p, dm_key key, long value)
{
    dm_instance *new = bind(p, key, dm_value_exact((double)value));

    new->index = 1;
    new->indices ^=
        (uint64_t)key.name << 32 ^ (uint64_t)key.member ^ (uint64_t)value << 8;
    new->indices =
        (new->indices + 1) * 0x9e3779b97f4a7c15U; /* mixes the bits */
    new->indices ^= new->indices >> 29;
}

/* --- values that are found again --------------------------------------------------- */

static dm_memory *memory_of(dm_page *p, const dm_tex *tree, uint64_t indices)
{
    uint64_t hash =
        ((uint64_t)(uintptr_t)tree >> 4 ^ indices) * 0x9e3779b97f4a7c15U;
    return &p->memory[hash >> 32 & (DM_PAGE_MEMORY - 1)];
}

/* 1 if none of what was read has been given another value since: few changes
 * are looked through, of many the last of each symbol's bit. */
static int unchanged(const dm_page *p, dm_memory *m)
{
    uint64_t changed = 0;

    if (p->clock - m->clock < DM_PAGE_BITS)
        for (uint64_t t = m->clock; t < p->clock; t++)
            changed |= (uint64_t)1 << p->recent[t % DM_PAGE_BITS];
    else
        for (unsigned i = 0; i < DM_PAGE_BITS; i++)
            changed |= (uint64_t)(p->changed[i] > m->clock) << i;
    if (m->reads & changed)
        return 0;
    m->clock = p->clock; /* as good as found now */
    return 1;
}

int dm_page_recall(dm_page *p, const dm_tex *tree, dm_value *v)
{
    const dm_instance *top = p->bound_n == 0 ? NULL : &p->bound[p->bound_n - 1];
    uint64_t indices = top == NULL ? 0 : top->indices;

    if (tree->memo.varies == p->epoch || p->collecting || p->bumps != NULL)
        return 0;
    dm_memory *m = memory_of(p, tree, indices);
    if (m->tree != tree || m->epoch != p->epoch || m->indices != indices ||
        (top != NULL && (top->veiled & m->reads)) || !unchanged(p, m))
        return 0;
    p->watch.reads |= m->reads;
    *v = (dm_value){ .x = m->x, .error = m->error };
    return 1;
}

dm_watch dm_page_watch(dm_page *p)
{
    dm_watch outer = p->watch;

    p->watch = (dm_watch){ 0, SIZE_MAX };
    return outer;
}

void dm_page_remember(dm_page *p, const dm_tex *tree, dm_watch outer,
                      dm_value v)
{
    dm_tex *node = (dm_tex *)tree; /* for its memo */
    uint64_t indices = p->bound_n == 0 ? 0 : p->bound[p->bound_n - 1].indices;

    if (p->watch.lowest < p->bound_n || v.rows != 0)
        node->memo.varies = p->epoch;
    else
        *memory_of(p, tree, indices) =
            (dm_memory){ tree,     p->epoch, indices, p->watch.reads,
                         p->clock, v.x,      v.error };
    p->watch.reads |= outer.reads;
    p->watch.lowest = GSL_MIN(p->watch.lowest, outer.lowest);
}

void dm_page_set(dm_page *p, size_t i, int k, double x)
{
    dm_value_put(&p->drawn[i].value, k, dm_value_exact(x));
    unsigned bit = bit_of(p->drawn[i].key);
    p->recent[p->clock % DM_PAGE_BITS] = bit;
    p->changed[bit] = ++p->clock;
}

/* --- bound values ------------------------------------------------------------------ */

int dm_page_is_random(const dm_page *p, dm_key key)
{
    for (size_t i = 0; i < p->symbols; i++) {
        const dm_declared *d = &p->symbol[i];
        int theirs = d->sequence
                         ? key.member != LONG_MIN &&
                               strcmp(d->name, p->full_name[key.name]) == 0
                         : dm_page_same_key(d->key, key);
        if (theirs && d->call == NULL &&
            (d->sort == DM_DEFINED || d->sort == DM_RANDOM ||
             d->sort == DM_NORMAL))
            return 1;
    }
    return 0;
}

void dm_page_bind_point(dm_page *p, dm_key key, dm_value value)
{
    dm_page_bind(p, key, value);
    p->bound[p->bound_n - 1].point = dm_page_is_random(p, key);
}

long dm_page_whole(dm_page *p, const dm_tex *tree)
{
    double x = dm_page_number(p, tree).x;

    if (!(fabs(x - nearbyint(x)) < 1e-9 && fabs(x) < 1e6))
        dm_page_fail(p, "an index is not a whole number: %g", x);
    return lround(x);
}

static int dimension(dm_page *p, const dm_declared *d)
{
    long n = dm_page_whole(p, d->low);

    if (n < 1 || n > 5)
        dm_page_fail(p, "%s has the dimension %ld, not 1 to 5", d->name, n);
    return (int)n;
}

/* Numbers between low and high in every entry. */
static dm_value scattered(dm_page *p, int rows, int cols, double low,
                          double high)
{
    dm_value v = dm_value_array(&p->kept, rows, cols);

    for (int i = 0; i < dm_value_count(v); i++)
        dm_value_put(&v, i,
                     dm_value_exact(low +
                                    (high - low) * gsl_rng_uniform(p->rng)));
    return v;
}

/* B B^T/n + 0.3 I, with its round-off forgotten: it is what it is. */
static dm_value positive(dm_page *p, int n)
{
    dm_value b = scattered(p, n, n, -1.5, 1.5);
    dm_value v = dm_value_array(&p->kept, n, n);

    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = i == j ? 0.3 : 0.0;
            for (int k = 0; k < n; k++)
                sum += dm_value_at(b, i * n + k).x *
                       dm_value_at(b, j * n + k).x / n;
            dm_value_put(&v, i * n + j, dm_value_exact(sum));
            dm_value_put(&v, j * n + i, dm_value_exact(sum));
        }
    return v;
}

static dm_value unit_matrix(dm_page *p, int n)
{
    dm_value v = dm_value_array(&p->kept, n, n);

    for (int i = 0; i < n; i++)
        dm_value_put(&v, i * n + i, dm_value_exact(1.0));
    return v;
}

/* A number of an interval whose ends are formulas. */
static dm_instance in_interval(dm_page *p, const dm_declared *d)
{
    double low = dm_page_number(p, d->low).x;
    double high = dm_page_number(p, d->high).x;
    if (d->sort == DM_INTEGER) { /* 1e-9: the bounds are rounded */
        low = ceil(low - 1e-9);
        high = floor(high + 1e-9);
    }
    if (!(low <= high))
        dm_page_fail(p, "%s%s%s is declared between %g and %g", d->name,
                     d->index[0] == '\0' ? "" : "_", d->index, low, high);
    double u = gsl_rng_uniform_pos(p->rng);
    if (d->sort == DM_INTEGER)
        return (dm_instance){ .value = dm_value_exact(fmin(
                                  high, floor(low + (high - low + 1.0) * u))) };
    return (dm_instance){ .value = dm_value_exact(low + (high - low) * u),
                          .low = low,
                          .high = high };
}

static dm_instance *keep(dm_page *p, dm_key key, const dm_declared *d,
                         dm_instance made)
{
    if (p->drawn_n == DM_PAGE_VALUES)
        dm_page_fail(p, "too many values");
    made.key = key;
    made.declared = d;
    p->drawn[p->drawn_n] = made;
    return &p->drawn[p->drawn_n++];
}

/* Draws all members of a sequence of weights.  Returns the one with the key. */
static dm_instance *weights(dm_page *p, const dm_declared *d, dm_key key)
{
    long low = dm_page_whole(p, d->low), high = dm_page_whole(p, d->high);
    double sum = 0.0;
    size_t first = p->drawn_n;

    if (!(low <= key.member && key.member <= high))
        dm_page_fail(p, "%s_%ld is a weight outside %ld to %ld", d->name,
                     key.member, low, high);
    for (long i = low; i <= high; i++) {
        dm_value u = dm_value_exact(0.2 + gsl_rng_uniform(p->rng));
        keep(p, (dm_key){ key.name, i }, d, (dm_instance){ .value = u });
        sum += u.x;
    }
    for (size_t i = first; i < p->drawn_n; i++)
        p->drawn[i].value = dm_value_rounded(p->drawn[i].value.x / sum, 0.0);
    return dm_page_drawn(p, key);
}

static dm_instance fresh(dm_page *p, const dm_declared *d)
{
    static const double dimensions[] = { 2.0, 1.0, 5.0 };
    dm_instance made = { .low = -2.0, .high = 2.0 };

    switch (d->sort) {
    case DM_NORMAL:
        made.value =
            scattered(p, d->low == NULL ? 1 : dimension(p, d), 1, -2.0, 2.0);
        return made;
    case DM_RANDOM:
        made.value = scattered(p, 1, 1, -2.0, 2.0);
        return made;
    case DM_VECTOR:
        made.value = scattered(p, dimension(p, d), 1, -2.0, 2.0);
        return made;
    case DM_MATRIX:
        made.value = scattered(p, dimension(p, d), dimension(p, d), -2.0, 2.0);
        return made;
    case DM_POSITIVE:
        made.value = positive(p, dimension(p, d));
        made.low = made.high = 0.0;
        return made;
    case DM_IDENTITY:
        made.value = unit_matrix(p, dimension(p, d));
        made.low = made.high = 0.0;
        return made;
    case DM_DIMENSION:
        return (dm_instance){ .value = dm_value_exact(
                                  dimensions[(p->draws - p->first) % 3]) };
    default:
        return in_interval(p, d);
    }
}

/* A definition, with the index of its sequence bound. */
static dm_value defined(dm_page *p, const dm_declared *d, dm_key key)
{
    size_t before = p->bound_n, shield = p->shield;

    if (d->call != NULL)
        dm_page_fail(p, "%s is a function", d->name);
    if (++p->depth > DM_PAGE_DEPTH)
        dm_page_fail(p, "a definition goes round in a circle");
    if (d->sequence)
        dm_page_bind_index(p, d->variable, key.member);
    p->shield = before;
    dm_value v = dm_page_evaluate(p, d->tree);
    p->shield = shield;
    p->bound_n = before;
    p->depth--;
    return v;
}

/* The value of a symbol that is drawn, now if it has not been. */
static dm_instance *draw_symbol(dm_page *p, const dm_declared *d, dm_key key)
{
    dm_instance *known = dm_page_drawn(p, key);
    size_t before = p->bound_n;

    if (known != NULL)
        return known;
    if (++p->depth > DM_PAGE_DEPTH)
        dm_page_fail(p, "a declaration goes round in a circle");
    if (d->sequence) /* its bounds may contain the index */
        dm_page_bind_index(p, d->variable, key.member);
    known = d->sort == DM_WEIGHTS ? weights(p, d, key)
                                  : keep(p, key, d, fresh(p, d));
    p->bound_n = before;
    p->depth--;
    return known;
}

dm_value dm_page_symbol(dm_page *p, const dm_tex *symbol)
{
    dm_key key;
    const dm_declared *d = dm_page_resolve(p, symbol, &key);
    char name[DM_PAGE_FULL];

    p->watch.reads |= (uint64_t)1 << bit_of(key);
    for (size_t i = p->bound_n; i-- > 0;)
        if (dm_page_same_key(p->bound[i].key, key) && !p->bound[i].hidden &&
            !(i < p->shield && p->bound[i].point)) {
            if (!p->bound[i].index)
                p->watch.lowest = GSL_MIN(p->watch.lowest, i);
            return p->bound[i].value;
        }
    if (d != NULL && d->sort == DM_DEFINED)
        return defined(p, d, key);
    if (d == NULL || d->sort == DM_DENSITY)
        dm_page_key_name(p, key, name);
    if (d == NULL)
        dm_page_fail(p, "%s is neither declared nor defined", name);
    if (d->sort == DM_DENSITY)
        dm_page_fail(p, "%s is a density: write %s(x)", name, name);
    dm_instance *known = draw_symbol(p, d, key);
    known->used = 1;
    return known->value;
}

dm_instance *dm_page_source(dm_page *p, const dm_tex *symbol)
{
    dm_key key;
    const dm_declared *d = dm_page_resolve(p, symbol, &key);

    if (d == NULL || d->sort == DM_DEFINED || d->sort == DM_DENSITY)
        return NULL;
    return draw_symbol(p, d, key);
}

dm_value dm_page_number(dm_page *p, const dm_tex *tree)
{
    dm_value v = dm_page_evaluate(p, tree);

    if (v.rows != 0)
        dm_page_fail(p, "expected a number, not a vector");
    return v;
}

static int mentions(dm_page *p, const dm_tex *tree,
                    int (*is)(const dm_tex *tree))
{
    if (is(tree))
        return 1;
    for (size_t i = 0; i < tree->n; i++)
        if (mentions(p, tree->child[i], is))
            return 1;
    if (tree->kind != DM_TEX_SYMBOL && tree->kind != DM_TEX_CALL)
        return 0;
    for (size_t i = 0; i < p->symbols; i++) {
        dm_declared *d = &p->symbol[i];
        if (d->sort != DM_DEFINED || d->seen == p->mark ||
            strcmp(d->name, tree->name) != 0 ||
            !(d->sequence || strcmp(d->index, tree->index) == 0))
            continue;
        d->seen = p->mark; /* each definition once */
        if (mentions(p, d->tree, is))
            return 1;
    }
    return 0;
}

int dm_page_mentions(dm_page *p, const dm_tex *tree,
                     int (*is)(const dm_tex *tree))
{
    p->mark++;
    return mentions(p, tree, is);
}

/* 1 if the tree is not smooth. */
static int has_kink(const dm_tex *tree)
{
    return tree->kind == DM_TEX_CASES ||
           (tree->kind == DM_TEX_FUNCTION &&
            (strcmp(tree->name, "abs") == 0 || strcmp(tree->name, "min") == 0 ||
             strcmp(tree->name, "max") == 0));
}

/* 1 if the tree may change within a small distance; sums, products, quotients
 * and roots do not, but where they are large. */
static int is_sudden(const dm_tex *tree)
{
    return tree->kind == DM_TEX_NORMAL || tree->kind == DM_TEX_CASES ||
           tree->kind == DM_TEX_KL || tree->kind == DM_TEX_GIVEN ||
           (tree->kind == DM_TEX_FUNCTION && strcmp(tree->name, "sqrt") != 0);
}

dm_shape dm_page_shape(dm_page *p, const dm_tex *tree)
{
    dm_tex *node = (dm_tex *)tree; /* for its memo */

    if (node->memo.shaped != p->meanings) {
        node->memo.shaped = p->meanings;
        node->memo.kink = dm_page_mentions(p, tree, has_kink);
        node->memo.algebraic = !dm_page_mentions(p, tree, is_sudden);
    }
    return (dm_shape){ node->memo.kink, node->memo.algebraic };
}

/* --- pages ---------------------------------------------------------------------- */

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
    p->epoch = p->meanings = 1;
    p->point = (dm_tex){ .kind = DM_TEX_SYMBOL, .name = "point of a law" };
    p->cells.fail = p->kept.fail = cells_fail;
    p->cells.context = p->kept.context = p;
    return p;
}

void dm_page_begin(dm_page *p)
{
    p->first = p->draws + 1;
}

void dm_page_draw(dm_page *p)
{
    p->epoch++;
    p->draws++;
    p->drawn_n = p->bound_n = 0;
    p->cells.used = p->kept.used = 0;
}

void dm_page_shorten(dm_page *p)
{
    p->epoch++;
    for (size_t i = 0; i < p->drawn_n; i++) {
        dm_instance *v = &p->drawn[i];
        for (int k = 0; v->low < v->high && k < dm_value_count(v->value); k++) {
            double x = dm_value_at(v->value, k).x;
            for (double places = 1.0; places < 1e4; places *= 10.0) {
                double shorter = round(places * x) / places;
                if (!(v->low < shorter && shorter < v->high) || shorter == 0.0)
                    continue;
                dm_value_put(&v->value, k, dm_value_exact(shorter));
                break;
            }
        }
    }
}

const char *dm_page_why(const dm_page *p)
{
    return p->why;
}

size_t dm_page_count(const dm_page *p)
{
    return p->drawn_n;
}

int dm_page_write(const dm_page *p, size_t i, char *text, size_t size)
{
    char name[DM_PAGE_FULL];
    const dm_value v = p->drawn[i].value;

    dm_page_key_name(p, p->drawn[i].key, name);
    int used = snprintf(text, size, "%s = %s", name, v.rows > 0 ? "(" : "");
    for (int k = 0; k < dm_value_count(v) && (size_t)used < size; k++)
        used += snprintf(text + used, size - (size_t)used, "%s%.6g",
                         k == 0            ? ""
                         : k % v.cols == 0 ? (v.cols > 1 ? "; " : ", ")
                                           : ", ",
                         dm_value_at(v, k).x);
    if (v.rows > 0 && (size_t)used < size)
        used += snprintf(text + used, size - (size_t)used, ")");
    return used;
}

int dm_page_nudges(const dm_page *p, size_t i)
{
    return p->drawn[i].value.rows == 0 && p->drawn[i].low < p->drawn[i].high;
}

dm_value dm_page_nudge(dm_page *p, size_t i)
{
    dm_instance *v = &p->drawn[i];
    dm_value before = v->value;

    p->epoch++;
    if (dm_page_nudges(p, i)) {
        double way = v->value.x < 0.5 * (v->low + v->high) ? 0.3 : -0.3;
        v->value = dm_value_exact(v->value.x + way * (v->high - v->low));
    }
    return before;
}

void dm_page_place(dm_page *p, size_t i, double share)
{
    dm_instance *v = &p->drawn[i];

    p->epoch++;
    if (dm_page_nudges(p, i))
        v->value = dm_value_exact(v->low + share * (v->high - v->low));
}

void dm_page_restore(dm_page *p, size_t i, dm_value value)
{
    p->epoch++;
    p->drawn[i].value = value;
}

void dm_page_free(dm_page *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < DM_PAGE_NESTED; i++) {
        gsl_integration_workspace_free(p->workspace[i]);
        if (p->corners[i] != NULL) /* as below */
            gsl_integration_cquad_workspace_free(p->corners[i]);
    }
    for (size_t i = 0; i < DM_PAGE_NODES; i++)
        if (p->hermite[i] != NULL) /* GSL reads NULL here */
            gsl_integration_fixed_free(p->hermite[i]);
    free(p->full_name);
    gsl_rng_free(p->rng);
    free(p);
}
