/* repair.h -- the single change that would make a wrong equation true.
 *
 * Tries the slips of the pen that derivations suffer from, one at a time and at
 * every place of both sides: a root or a square added or lost, a sign, a factor
 * 2 or 1/2, 1 - a for a and the other way round, the index t for t - 1, a bar
 * lost or added, two arguments exchanged.
 */
#ifndef DM_REPAIR_H
#define DM_REPAIR_H

#include <stddef.h>

#include "latex.h"

/* Looks for a change after which holds(context, a, b) is 1.  Returns 1 and
 * writes "NEW for OLD", in LaTeX, to text: [size]; or returns 0. */
int dm_repair(const dm_tex *a, const dm_tex *b,
              int (*holds)(void *context, const dm_tex *a, const dm_tex *b),
              void *context, char *text, size_t size);

/* Returns the tree after the n-th change that can be made to it, counted from
 * 0, and writes "NEW for OLD" to text: [size]; or NULL if there are fewer.  The
 * result lives until the next call of either function. */
const dm_tex *dm_repair_change(const dm_tex *tree, size_t n, char *text,
                               size_t size);

#endif
