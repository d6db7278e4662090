/* page.h -- the symbols of a page, and the values that they have in a draw.
 *
 * The inside of dm_page, for expression.c and chance.c.  Functions here end
 * the evaluation by dm_page_fail when something is wrong.
 */
#ifndef DM_PAGE_H
#define DM_PAGE_H

#include <limits.h>
#include <setjmp.h>

#include <gsl/gsl_integration.h>
#include <gsl/gsl_rng.h>

#include "expression.h"
#include "printf_like.h"

enum {
    DM_PAGE_SYMBOLS = 400,
    DM_PAGE_VALUES = 4000,
    DM_PAGE_DEPTH = 200,
    DM_PAGE_NODES = 45,
    DM_PAGE_NESTED = 6,      /* integrals in integrals */
    DM_PAGE_WORK = 40000000, /* nodes evaluated for one value */
    DM_PAGE_NAMES = 3000,
    DM_PAGE_LEVELS = 2000, /* of a formula and what it is made of */
    DM_PAGE_FULL = 2 * DM_TEX_NAME + 8
};

/* What a symbol is called in a draw: \beta_3 for \beta_t at t = 3. */
typedef struct {
    int name;    /* interned */
    long member; /* its index if that is a number, else LONG_MIN */
} dm_key;

typedef struct {
    dm_sort sort;
    char name[DM_TEX_NAME], index[DM_TEX_NAME];
    dm_key key;      /* of a symbol that is no sequence */
    int sequence;    /* 1 if the index contains an integer */
    dm_key variable; /* then that integer               */
    const dm_tex *low, *high, *tree;
    const dm_tex *call; /* the left side, if it is a function's */
    unsigned seen;      /* by dm_page_mentions */
} dm_declared;

/* The value that a symbol was given in this draw, or is bound to for a while,
 * as the variable of an integral is. */
typedef struct {
    dm_key key;
    dm_value value;
    const dm_declared *declared; /* of a drawn one */
    int used;                    /* 1 since it was last read             */
    int hidden;                  /* 1 while a bound value does not count */
    int point;                   /* 1 if it does not pass through the    */
                                 /* definitions of other symbols         */
    int index;                   /* 1 if a bound value is that of an     */
                                 /* index, which recalled values know    */
    uint64_t indices, veiled;    /* of what is bound up to here: the     */
                                 /* indices, and the other names         */
    double low, high; /* where it was drawn from; equal if it is fixed */
} dm_instance;

/* A value that was found before, and what it depends on: `indices` as above,
 * the names of the symbols that were read, and the time of the last look. */
typedef struct {
    const dm_tex *tree;
    unsigned epoch;
    uint64_t indices, reads, clock;
    double x, error;
} dm_memory;

/* Of a tree: whether it has kinks; whether it is made of sums, products,
 * quotients and roots only. */
typedef struct {
    int kink, algebraic;
} dm_shape;

enum { DM_PAGE_MEMORY = 1 << 13, DM_PAGE_BITS = 64 };

/* What the evaluation of a formula has read so far: symbols, as bits; and the
 * lowest place of a bound value that is no index. */
typedef struct {
    uint64_t reads;
    size_t lowest;
} dm_watch;

/* The Gaussian densities that were evaluated: x - mean, and the variance. */
enum { DM_PAGE_BUMPS = 24, DM_PAGE_CUTS = 36 };
typedef struct {
    size_t n;
    double deviation[DM_PAGE_BUMPS], variance[DM_PAGE_BUMPS];
} dm_bumps;

struct dm_page {
    gsl_rng *rng;
    unsigned meanings; /* symbols are looked up anew in each: declarations */
    unsigned epoch;    /* values are: draws, and changes of one            */
    size_t symbols, names, drawn_n, bound_n, draws;
    size_t first; /* draw of a relation, in two dimensions */
    dm_declared symbol[DM_PAGE_SYMBOLS];
    char (*full_name)[DM_PAGE_FULL]; /* [names]  interned */
    size_t name_room;
    dm_instance drawn[DM_PAGE_VALUES], bound[DM_PAGE_VALUES];
    dm_cells cells; /* of what is being evaluated */
    dm_cells kept;  /* of the values drawn */
    dm_memory memory[DM_PAGE_MEMORY];
    uint64_t clock, changed[DM_PAGE_BITS]; /* when values drawn last changed */
    unsigned recent[DM_PAGE_BITS]; /* what the last changes were, in turn */
    dm_watch watch;
    dm_tex point;   /* the symbol that a density is a function of, if it is
                       called by its name alone */
    int collecting; /* 1: every symbol has to be read again */
    gsl_integration_workspace *workspace[DM_PAGE_NESTED];
    gsl_integration_cquad_workspace *corners[DM_PAGE_NESTED];
    gsl_integration_fixed_workspace *hermite[DM_PAGE_NODES];
    int depth, nested, level;
    unsigned mark;
    const dm_tex *checked; /* a density that was found to be one */
    size_t checked_draw;   /* in this draw */
    dm_bumps *bumps;       /* where they are noted, NULL: nowhere */
    size_t shield;         /* points bound below it do not count here */
    long work;             /* nodes evaluated for this value */
    double total;          /* before it                      */
    jmp_buf stop;
    char why[240];
};

/* Ends the evaluation with a reason. */
_Noreturn void dm_page_fail(dm_page *p, const char *format, ...)
    DM_PRINTF(2, 3);

/* What a symbol is declared as, or NULL, and its key in this draw. */
dm_declared *dm_page_resolve(dm_page *p, const dm_tex *symbol, dm_key *key);

/* The symbol as it is written: x_0. */
void dm_page_key_name(const dm_page *p, dm_key key, char name[DM_PAGE_FULL]);

/* Stores the key of the name and index that a node has, whose tree of the
 * index is its child at `place`: of the variable of an integral, say. */
dm_key dm_page_variable(dm_page *p, const dm_tex *node, size_t place);

/* 1 if both are the same key. */
int dm_page_same_key(dm_key a, dm_key b);

/* The value that was drawn under the key, NULL if none was. */
dm_instance *dm_page_drawn(dm_page *p, dm_key key);

/* Binds the key to a value, until it is taken back by setting p->bound_n. */
void dm_page_bind(dm_page *p, dm_key key, dm_value value);

/* The same for a whole number that an index stands for. */
void dm_page_bind_index(dm_page *p, dm_key key, long value);

/* 1 if the tree's value was found before and nothing that it depends on has
 * changed since: then *v is it. */
int dm_page_recall(dm_page *p, const dm_tex *tree, dm_value *v);

/* Begins to watch what an evaluation reads; returns what was watched until
 * then.  Ends it and, if v depends on no bound value but indices, keeps it. */
dm_watch dm_page_watch(dm_page *p);
void dm_page_remember(dm_page *p, const dm_tex *tree, dm_watch outer,
                      dm_value v);

/* Sets entry k of the value that was drawn as number i. */
void dm_page_set(dm_page *p, size_t i, int k, double x);

/* 1 if the key is that of a symbol that is defined or random. */
int dm_page_is_random(const dm_page *p, dm_key key);

/* Binds the variable of an integral or a law, which is a point: where it
 * is a symbol that is defined or random, others keep the values they have. */
void dm_page_bind_point(dm_page *p, dm_key key, dm_value value);

/* Returns the symbol's value: bound, drawn, defined, or drawn now. */
dm_value dm_page_symbol(dm_page *p, const dm_tex *symbol);

/* Draws the symbol, if that has not been done, and returns where its value is;
 * NULL if it is none that is drawn. */
dm_instance *dm_page_source(dm_page *p, const dm_tex *symbol);

/* Returns the number that the tree is; a vector is an error. */
dm_value dm_page_number(dm_page *p, const dm_tex *tree);

/* 1 if `is` says so of the tree, of a part of it or of a definition in it. */
int dm_page_mentions(dm_page *p, const dm_tex *tree,
                     int (*is)(const dm_tex *tree));

/* Returns what the tree, with the definitions in it, is made of. */
dm_shape dm_page_shape(dm_page *p, const dm_tex *tree);

/* Returns the whole number that the tree is. */
long dm_page_whole(dm_page *p, const dm_tex *tree);

/* The definition that a call means, by its name, index and signature; what its
 * t is then, if its signature has one, is bound.  NULL if there is none. */
const dm_declared *dm_page_function(dm_page *p, const dm_tex *call);

/* Returns the value of a tree. */
dm_value dm_page_evaluate(dm_page *p, const dm_tex *tree);

/* Returns the logarithm of a tree, with its digits where the tree under- or
 * overflows. */
dm_value dm_page_log(dm_page *p, const dm_tex *tree);

/* The logarithm of a Gaussian density. */
dm_value dm_page_log_normal(dm_page *p, dm_value x, dm_value mean,
                            dm_value variance);

/* Integrates f over the line or between two limits, with its error; kink: f
 * may have corners. */
dm_value dm_page_integral(dm_page *p, dm_value (*f)(double x, void *params),
                          void *params, int kink, double low, double high);

#endif
