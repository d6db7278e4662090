/* check.h -- the check tables that every chapter prints.
 *
 * A row compares a computed number with the value the derivation predicts,
 * and names the equation it tests.  A refusal under it shows a plausible
 * mistake that the same measurement can tell from the truth.  A chapter that
 * prints a FAIL row exits with a non-zero status, so `make chapterN` stops
 * there.  Every row also goes to a tab-separated record, in full precision.
 *
 * Each function returns 1 if its row holds, else 0.  `eq` is the equation's
 * tag, "1.3"; `what` is a printf format for the quantity, at most 37 columns.
 */
#ifndef DM_CHECK_H
#define DM_CHECK_H

#include "printf_like.h"

/* Opens the record of a run, the file DIR/NAME.  In the default run a refusal
 * must hold; in any other (a reader's mixture, few particles) one that cannot
 * see its mistake is only "blind".  Returns 0, or -1 after saying why on
 * stderr. */
int dm_check_begin(const char *dir, const char *name, int default_run);

/* Starts a table.  `name` is the name the page's output region asks for. */
void dm_check_table(const char *name);

/* exact: |computed - expected| <= multiple * DBL_EPSILON * scale, where scale
 * is the size of the largest term that was rounded on the way.  Use it where
 * only round-off separates the sides. */
int dm_check_exact(double computed, double expected, double multiple,
                   double scale, const char *eq, const char *what, ...)
    DM_PRINTF(6, 7);

/* numeric: |computed - expected| <= error, where error is the truncation error
 * that was asked of (and promised by) a quadrature, a grid, a difference
 * formula.  scale is what the resolution is measured by where expected is 0. */
int dm_check_numeric(double computed, double expected, double error,
                     double scale, const char *eq, const char *what, ...)
    DM_PRINTF(6, 7);

/* monte-carlo: |computed - expected| <= 5 se, where se is the standard error
 * of the estimate, derived and not guessed.  scale as above. */
int dm_check_mc(double computed, double expected, double se, double scale,
                const char *eq, const char *what, ...) DM_PRINTF(6, 7);

/* monte-carlo, with an exact null law: low <= computed <= high, the two-sided
 * region of probability 1 - 5.7e-7 (DM_CHECK_TAIL in each tail). */
int dm_check_law(double computed, double expected, double low, double high,
                 double scale, const char *eq, const char *what, ...)
    DM_PRINTF(7, 8);

/* The probability beyond 5 standard errors of a normal, on one side. */
#define DM_CHECK_TAIL 2.866515718791939e-7

/* order: the last local slope of a log-log plot against `order`.  error is the
 * change of the local slope over the last halving. */
int dm_check_order(double slope, double order, double error, const char *eq,
                   const char *what, ...) DM_PRINTF(5, 6);

/* Refusal: the number of the row above, against the value a plausible wrong
 * formula gives.  Holds ("refuted") when the two differ by at least twice that
 * row's limit; otherwise the check is too weak to see this mistake: FAIL in
 * the default run, "blind" in others, as with NaN. */
int dm_check_refutes(double wrong, const char *what, ...) DM_PRINTF(2, 3);

/* Prints the tally, ends the record and puts all files of the run in place.
 * Returns the value for main to return: 0 if there were rows and all held, 1
 * if not, 2 if a file could not be written (which it says on stderr, leaving
 * everything as it was). */
int dm_check_end(void);

#endif
