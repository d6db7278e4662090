/* latex.h -- reads the mathematics of a page: LaTeX to trees.
 *
 * Knows how formulas are written and nothing of what they mean: symbols are
 * names here.  The grammar is in notes/proofreading.md.  A tree belongs to its
 * reader and lives until dm_tex_free.
 */
#ifndef DM_LATEX_H
#define DM_LATEX_H

#include <stddef.h>

typedef enum {
    DM_TEX_NUMBER,     /* number                                         */
    DM_TEX_SYMBOL,     /* name; child 0: its index, if it has one        */
    DM_TEX_ADD,        /* child 0 + child 1                              */
    DM_TEX_SUBTRACT,   /* child 0 - child 1                              */
    DM_TEX_MULTIPLY,   /* child 0 times child 1; number 1: inner product */
    DM_TEX_DIVIDE,     /* child 0 over child 1                           */
    DM_TEX_POWER,      /* child 0 to the child 1                         */
    DM_TEX_NEGATE,     /* minus child 0                                  */
    DM_TEX_FUNCTION,   /* name, say "exp", of child 0; "min" has two     */
    DM_TEX_CALL,       /* name, a function of the page, of its children; */
                       /* number: how many of them stand before a \mid  */
    DM_TEX_SLOPE,      /* derivative, number times, of the function that */
                       /* child 0 calls, in its argument called name     */
    DM_TEX_NORMAL,     /* density of child 0; mean 1, variance 2; or, of */
                       /* two children, the law of that mean, variance   */
    DM_TEX_INTEGRAL,   /* over name from child 0 to child 1 of child 2;  */
                       /* child 3: the index of the name, if it has one  */
    DM_TEX_SUM,        /* over name from child 0 to child 1 of child 2   */
    DM_TEX_PRODUCT,    /* over name from child 0 to child 1 of child 2   */
    DM_TEX_DERIVATIVE, /* of child 0 in name, number times; child 1: its */
                       /* index, if it has one                           */
    DM_TEX_PARTIAL,    /* the same, defined symbols held where they are  */
    DM_TEX_GRADIENT,   /* of child 0 in the vector name; child 1 as above*/
    DM_TEX_FLUX,       /* divergence of the field child 0, same children */
    DM_TEX_BETWEEN,    /* child 0 at name = child 2 less at name = child */
                       /* 1; child 3: the index of the name              */
    DM_TEX_CASES,      /* child 0 if child 1, a relation, else child 2   */
    DM_TEX_RELATION,   /* name, say "<" or "=", between child 0 and 1    */
    DM_TEX_MEAN,       /* of child 0, given the others: symbols, or      */
                       /* relations "=" that give a symbol a value       */
    DM_TEX_AVERAGE,    /* mean of child 0 over name, which has the law   */
                       /* child 1; child 2: the index of the name        */
    DM_TEX_KL,         /* divergence of the law child 1 from child 0     */
    DM_TEX_GIVEN       /* child 0, given the others, as DM_TEX_MEAN      */
} dm_tex_kind;

enum { DM_TEX_NAME = 64, DM_TEX_CHILDREN = 6, DM_TEX_DEPTH = 1000 };

typedef struct dm_tex {
    dm_tex_kind kind;
    double number;
    char name[DM_TEX_NAME];  /* accents, base, subscript if not an index */
    char index[DM_TEX_NAME]; /* of a symbol, as written: "t-1"           */
    size_t n;                /* children */
    struct dm_tex *child[DM_TEX_CHILDREN];
    struct { /* the evaluator's notes, no part of the formula */
        unsigned meanings, varies, shaped;
        int declared, fit, name, kink, algebraic;
        long member;
    } memo;
} dm_tex;

typedef struct dm_tex_reader dm_tex_reader;

/* Returns a reader.  is_function says whether a name is a function of the
 * page, so that f(x) is its value and not a product; it gets `context`.  NULL
 * when there is no memory.  Release it with dm_tex_free. */
dm_tex_reader *dm_tex_new(int (*is_function)(void *context, const char *name),
                          void *context);

/* Reads one expression from text: [length].  Returns its tree; or NULL, with
 * a reason in *why and the place in *at (an offset into text), if it is not
 * one expression and nothing else, or is nested deeper than DM_TEX_DEPTH.
 * Both belong to the reader.  "A \mid B" outside all brackets is one too. */
const dm_tex *dm_tex_read(dm_tex_reader *r, const char *text, size_t length,
                          const char **why, size_t *at);

/* Returns the density at x of a law \mathcal N(mean, variance); NULL if there
 * is no memory.  Belongs to the reader. */
const dm_tex *dm_tex_density(dm_tex_reader *r, const dm_tex *law,
                             const dm_tex *x);

/* Returns 1 if the trees are the same, node by node, else 0. */
int dm_tex_same(const dm_tex *a, const dm_tex *b);

/* Writes the tree as LaTeX to text: [size], cut off where it is full. */
void dm_tex_write(const dm_tex *tree, char *text, size_t size);

/* Releases the reader and all its trees.  NULL does nothing. */
void dm_tex_free(dm_tex_reader *r);

#endif
