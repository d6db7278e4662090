/* value.h -- numbers, vectors and matrices with a bound on the error of each.
 *
 * Every operation adds its own round-off to what its arguments bring, so that
 * what has cancelled is known to have.  A vector is a matrix of one column, a
 * matrix of one entry is a number.
 */
#ifndef DM_VALUE_H
#define DM_VALUE_H

#include <stddef.h>

enum { DM_VALUE_CELLS = 1 << 16 };

typedef struct dm_value {
    double x;               /* of a number                             */
    double error;           /* |x - true value| is at most this        */
    int rows, cols;         /* 0 for a number                          */
    struct dm_value *entry; /* [rows * cols]  numbers, row by row      */
} dm_value;

/* Where entries live: taken one after another, given back all at once by
 * setting `used` to what it was.  fail(context, why) is called for operations
 * that make no sense and when the cells are used up, and must not return. */
typedef struct {
    dm_value cell[DM_VALUE_CELLS];
    size_t used;
    void (*fail)(void *context, const char *why);
    void *context;
} dm_cells;

/* Return the number x: known exactly; with its own round-off and an error. */
dm_value dm_value_exact(double x);
dm_value dm_value_rounded(double x, double error);

/* Returns a matrix of zeros, or the number 0 if rows = cols = 1. */
dm_value dm_value_array(dm_cells *cells, int rows, int cols);

/* Returns a copy of v in cells taken now. */
dm_value dm_value_copy(dm_cells *cells, dm_value v);

/* How many numbers are in v; the i-th of them. */
int dm_value_count(dm_value v);
dm_value dm_value_at(dm_value v, int i);
void dm_value_put(dm_value *v, int i, dm_value number);

/* 1 if both have the same shape. */
int dm_value_alike(dm_value a, dm_value b);

/* The operations.  The number 0 may be added to anything.  A product of two
 * vectors is an error, unless inner is 1; a power of a matrix is a whole
 * number, negative ones of the inverse. */
dm_value dm_value_add(dm_cells *cells, dm_value a, dm_value b);
dm_value dm_value_negate(dm_cells *cells, dm_value a);
dm_value dm_value_subtract(dm_cells *cells, dm_value a, dm_value b);
dm_value dm_value_multiply(dm_cells *cells, dm_value a, dm_value b, int inner);
dm_value dm_value_divide(dm_cells *cells, dm_value a, dm_value b);
dm_value dm_value_power(dm_cells *cells, dm_value a, dm_value b);
dm_value dm_value_transpose(dm_cells *cells, dm_value a);
dm_value dm_value_inverse(dm_cells *cells, dm_value a);
dm_value dm_value_determinant(dm_cells *cells, dm_value a);

/* A function of one number, by its name in LaTeX without the backslash; "abs",
 * "sqrt"; "norm", "transpose", "det" and "tr" of vectors and matrices. */
dm_value dm_value_function(dm_cells *cells, const char *name, dm_value a);

/* The smaller of two numbers, or the larger. */
dm_value dm_value_extreme(dm_cells *cells, int smaller, dm_value a, dm_value b);

/* exp and ln of a number. */
dm_value dm_value_exp(dm_value a);
dm_value dm_value_log(dm_value a);

/* The largest error bound of the numbers in v. */
double dm_value_worst(dm_value v);

#endif
