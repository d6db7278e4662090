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
 */
#ifndef DM_EXPRESSION_H
#define DM_EXPRESSION_H

#include <stddef.h>
#include <stdint.h>

#include "latex.h"

typedef struct {
    double x;
    double error; /* |x - true value| is at most this */
} dm_value;

typedef struct dm_page dm_page;

/* Returns a page without symbols, whose draws start from the seed.  NULL if
 * there is no memory.  Release it with dm_page_free. */
dm_page *dm_page_new(uint64_t seed);

/* Declare the symbol (a tree of kind DM_TEX_SYMBOL): free between two
 * formulas; an integer between two formulas; a standard normal, independent of
 * all others.  With `sequence` there is one for each value of the integer in
 * its index.  A symbol that was declared before gets the new meaning. */
void dm_page_free_symbol(dm_page *p, const dm_tex *symbol, int sequence,
                         const dm_tex *low, const dm_tex *high);
void dm_page_integer(dm_page *p, const dm_tex *symbol, const dm_tex *low,
                     const dm_tex *high);
void dm_page_normal(dm_page *p, const dm_tex *symbol, int sequence);

/* Takes back what was said of the symbol by this name and index. */
void dm_page_forget(dm_page *p, const dm_tex *symbol);

/* Defines the symbol, or the function (a tree of kind DM_TEX_CALL whose
 * children are symbols), by the tree.  Returns 1; or 0 if the left side is
 * neither. */
int dm_page_define(dm_page *p, const dm_tex *left, const dm_tex *tree);

/* 1 if the name, or the name and index, is a function of the page. */
int dm_page_is_function(void *page, const char *name);

/* Starts a new draw: every free symbol forgets its value. */
void dm_page_draw(dm_page *p);

/* Stores the tree's value under the present draw in *value and returns 1; or
 * returns 0 with a reason in dm_page_why.  A formula outside its domain is no
 * such error: its value is NaN. */
int dm_page_value(dm_page *p, const dm_tex *tree, dm_value *value);

/* The same for the mean and the variance of a tree that is affine in the
 * normals; a tree that is not is an error. */
int dm_page_law(dm_page *p, const dm_tex *tree, dm_value *mean,
                dm_value *variance);

/* Gives the symbol another value for the rest of the draw: moves it by share
 * of the way to a fresh one.  Returns 0 if it has none. */
int dm_page_move(dm_page *p, const dm_tex *symbol, double by);

/* 1 if the trees are the same once each symbol that is defined by this name
 * and index is replaced by its definition: then comparing them tests nothing. */
int dm_page_same(const dm_page *p, const dm_tex *a, const dm_tex *b);

/* 1 if the tree, or a definition that it uses, contains an integral. */
int dm_page_is_slow(const dm_page *p, const dm_tex *tree);

/* Replaces the values of the present draw by short decimals that their domains
 * allow, for a counterexample that can be checked by hand. */
void dm_page_shorten(dm_page *p);

/* Why the last call returned 0. */
const char *dm_page_why(const dm_page *p);

/* Writes the values of the present draw, "t = 3, x_0 = 1.7", to text. */
void dm_page_values(const dm_page *p, char *text, size_t size);

/* Releases p, but no tree.  NULL does nothing. */
void dm_page_free(dm_page *p);

#endif
