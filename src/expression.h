/* expression.h -- the value of a formula, with a bound on its error.
 *
 * Symbols are declared with a domain or defined by a formula.  A *draw* gives
 * each free symbol a random admissible value.  Every value carries a bound on
 * the round-off, quadrature and difference errors that went into it, so that
 * two sides of an equation are compared by what they can be trusted to, and
 * cancellation is no failure.
 *
 * A sequence is a symbol that has a value for each value of an integer in its
 * index: \beta_{t-1} is the neighbour of \beta_t.  A definition whose left side
 * has a declared integer in its index makes one.  A member may also be declared
 * on its own, as x_0 beside x_t, and then has that meaning.
 *
 * A function of two or more symbols may be defined several times: q(x_t \mid
 * x_{t-1}) and q(x_t \mid x_0) are told apart by the names between the
 * brackets, up to a common shift of the index.
 */
#ifndef DM_EXPRESSION_H
#define DM_EXPRESSION_H

#include <stddef.h>
#include <stdint.h>

#include "latex.h"
#include "value.h"

typedef struct dm_page dm_page;

typedef enum {
    DM_FREE,      /* between low and high                       */
    DM_INTEGER,   /* between low and high                       */
    DM_WEIGHTS,   /* positive, the members low to high sum to 1 */
    DM_DIMENSION, /* 1, 2 or 5                                  */
    DM_VECTOR,    /* of the dimension low                       */
    DM_MATRIX,    /* square, of the dimension low               */
    DM_POSITIVE,  /* symmetric and positive definite            */
    DM_IDENTITY,  /* the unit matrix                            */
    DM_NORMAL,    /* standard normal; a vector if low is given  */
    DM_RANDOM,    /* a random number whose density is low       */
    DM_DENSITY,   /* q(A | B) follows from definitions          */
    DM_DEFINED    /* by tree; a function if call is given       */
} dm_sort;

/* Returns a page without symbols, whose draws start from the seed.  NULL if
 * there is no memory.  Release it with dm_page_free. */
dm_page *dm_page_new(uint64_t seed);

/* Declares the symbol (a tree of kind DM_TEX_SYMBOL) as what `sort` says, with
 * its bounds, dimension or density (else NULL).  With `sequence` there is one
 * for each value of the integer in its index.  A symbol that was declared
 * before gets the new meaning.  Returns 1; or 0 if there are too many. */
int dm_page_declare(dm_page *p, dm_sort sort, const dm_tex *symbol,
                    int sequence, const dm_tex *low, const dm_tex *high);

/* Takes back what was said of the symbol by this name and index. */
void dm_page_forget(dm_page *p, const dm_tex *symbol);

/* Defines the symbol, or the function (a tree of kind DM_TEX_CALL whose
 * children are symbols), by the tree.  Returns 1; or 0 if the left side is
 * neither, with the reason in dm_page_why. */
int dm_page_define(dm_page *p, const dm_tex *left, const dm_tex *tree);

/* 1 if the name, or the name and index, is a function of the page. */
int dm_page_is_function(void *page, const char *name);

/* Says that the next draw is the first of a relation: dimensions go through 2,
 * 1 and 5 again, and a counterexample is first looked for in two. */
void dm_page_begin(dm_page *p);

/* Starts a new draw: every free symbol forgets its value. */
void dm_page_draw(dm_page *p);

/* Stores the tree's value under the present draw in *value and returns 1; or
 * returns 0 with a reason in dm_page_why.  A formula outside its domain is no
 * such error: its value is NaN.  Entries of *value live until the next draw. */
int dm_page_value(dm_page *p, const dm_tex *tree, dm_value *value);

/* The same for the mean and the variance, of a vector the covariance, of a
 * tree that is affine in the normals; given other symbols, if the tree is of
 * kind DM_TEX_GIVEN.  A tree that is not affine is an error. */
int dm_page_law(dm_page *p, const dm_tex *tree, dm_value *mean,
                dm_value *variance);

/* Gives the symbol another value for the rest of the draw.  Returns 0 if it
 * has none. */
int dm_page_move(dm_page *p, const dm_tex *symbol, double by);

/* 1 if the trees are the same once each symbol that is defined by this name
 * and index is replaced by its definition: then comparing them tests nothing. */
int dm_page_same(const dm_page *p, const dm_tex *a, const dm_tex *b);

/* 1 if the tree, or a definition that it uses, contains an integral or a
 * mean. */
int dm_page_is_slow(dm_page *p, const dm_tex *tree);

/* Replaces the values of the present draw by short decimals that their domains
 * allow, for a counterexample that can be checked by hand. */
void dm_page_shorten(dm_page *p);

/* Why the last call returned 0. */
const char *dm_page_why(const dm_page *p);

/* The values of the present draw: how many; the i-th as "x_0 = 1.7", whose
 * length is returned; 1 if it is a number that can be moved; the i-th moved
 * within its domain, its old value returned, and put back. */
size_t dm_page_count(const dm_page *p);
int dm_page_write(const dm_page *p, size_t i, char *text, size_t size);
int dm_page_nudges(const dm_page *p, size_t i);
dm_value dm_page_nudge(dm_page *p, size_t i);
void dm_page_place(dm_page *p, size_t i, double share);
void dm_page_restore(dm_page *p, size_t i, dm_value value);

/* How many nodes have been evaluated since the page began. */
double dm_page_work(const dm_page *p);

/* Releases p, but no tree.  NULL does nothing. */
void dm_page_free(dm_page *p);

#endif
