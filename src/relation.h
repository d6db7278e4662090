/* relation.h -- whether a relation between two formulas holds.
 *
 * Both sides are evaluated at random admissible values of their symbols and
 * compared within what their error bounds allow.  notes/proofreading.md says
 * what each relation means.
 */
#ifndef DM_RELATION_H
#define DM_RELATION_H

#include "expression.h"

enum { DM_NOTE = 4000 };

typedef enum {
    DM_HOLDS,
    DM_SAME,  /* one formula once definitions are put in: nothing to test */
    DM_FAILS, /* at some draw                                            */
    DM_UNREAD /* no value, or none that could tell a wrong relation      */
} dm_verdict;

typedef struct {
    dm_page *page;
    int draws; /* a fifth of them where there are integrals */
    const dm_tex *left, *right;
    const char *sign; /* "=", "d=", "\\sim", "\\propto", "\\le", "<", ...   */
    const dm_tex *in; /* the symbol of \propto or of O(h^n), else NULL      */
    double order;     /* the n of O(h^n), else 0                            */
    int brief;        /* 1: a failure needs no counterexample or change     */
} dm_relation;

/* Returns the verdict on the relation and writes a note to note: [DM_NOTE]:
 * the values of both sides at the last draw; of one that fails, also those of
 * the symbols, and the single change that would make it hold at every draw;
 * the reason of one that could not be read. */
dm_verdict dm_relation_hold(const dm_relation *r, char note[DM_NOTE]);

/* Applies every change of repair.h to the sides, one at a time, and calls
 * survived(context, change, moved) for each after which the relation still
 * holds; moved is 1 if the change moves the value of its side at some draw.
 * Returns how many changes there are. */
size_t dm_relation_mutate(const dm_relation *r,
                          void (*survived)(void *context, const char *change,
                                           int moved),
                          void *context);

/* 1 if the two formulas differ by more than a millionth at some of so many
 * draws, or one of them has no value there; in_law: if their laws do. */
int dm_relation_moves(dm_page *p, int draws, int in_law, const dm_tex *a,
                      const dm_tex *b);

#endif
