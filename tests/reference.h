/* reference.h -- reads a table of tests/reference, row by row:
 *
 *     reference table = reference_open("schedule.tsv");
 *     while (reference_next(&table))
 *         reference_holds(&table, "beta", ...);
 *
 * A file, column or number that is missing fails the test, and so does a table
 * that has no row.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mixture.h"
#include "mixture_file.h"

#define REFERENCE_DIR "tests/reference/"

enum { REFERENCE_LINE = 1000 };

typedef struct {
    const char *name; /* of the table's file                  */
    FILE *file;       /* NULL once the last row has been read */
    size_t rows;      /* read so far                          */
    char header[REFERENCE_LINE], row[REFERENCE_LINE];
    char text[REFERENCE_LINE]; /* the field asked for last */
} reference;

static inline reference reference_open(const char *name)
{
    reference r = { .name = name };
    char path[REFERENCE_LINE];

    snprintf(path, sizeof path, REFERENCE_DIR "%s", name);
    r.file = fopen(path, "r");
    cr_assert(r.file != NULL, "%s is not there: run from the root", path);
    cr_assert(fgets(r.header, sizeof r.header, r.file) != NULL, "%s is empty",
              path);
    return r;
}

/* Moves to the next row.  Returns 0, and closes the table, after the last. */
static inline int reference_next(reference *r)
{
    if (fgets(r->row, sizeof r->row, r->file) != NULL) {
        r->rows++;
        return 1;
    }
    fclose(r->file);
    r->file = NULL;
    cr_assert(r->rows > 0, "%s has no row", r->name);
    return 0;
}

/* Where field `at` (from 0) of a line starts, or NULL. */
static inline const char *reference_field(const char *line, size_t at)
{
    for (; line != NULL && at > 0; at--) {
        line = strchr(line, '\t');
        line = line == NULL ? NULL : line + 1;
    }
    return line;
}

static inline int reference_column(const reference *r, const char *column)
{
    size_t n = strlen(column);

    for (size_t at = 0;; at++) {
        const char *field = reference_field(r->header, at);
        if (field == NULL)
            return -1;
        if (strncmp(field, column, n) == 0 && strcspn(field, "\t\n") == n)
            return (int)at;
    }
}

/* The text under `column` in the current row, until the next is asked for. */
static inline const char *reference_text(reference *r, const char *column)
{
    int at = reference_column(r, column);

    cr_assert(at >= 0, "%s has no column %s", r->name, column);
    const char *field = reference_field(r->row, (size_t)at);
    cr_assert(field != NULL, "%s: row %zu has no %s", r->name, r->rows, column);
    snprintf(r->text, sizeof r->text, "%.*s", (int)strcspn(field, "\t\r\n"),
             field);
    return r->text;
}

static inline double reference_number(reference *r, const char *column)
{
    const char *text = reference_text(r, column);
    char *end;
    double value = strtod(text, &end);

    cr_assert(end != text && *end == '\0', "%s: row %zu: %s is no number: %s",
              r->name, r->rows, column, text);
    return value;
}

static inline size_t reference_count(reference *r, const char *column)
{
    double value = reference_number(r, column);

    cr_assert(value >= 0.0 && value == floor(value),
              "%s: row %zu: %s is no count", r->name, r->rows, column);
    return (size_t)value;
}

/* The mixture that the row names, which the caller owns. */
static inline dm_mixture *reference_mixture(reference *r, size_t dim)
{
    char path[REFERENCE_LINE + 50], message[REFERENCE_LINE] = "";

    snprintf(path, sizeof path, REFERENCE_DIR "mixture-%s.%zud.txt",
             reference_text(r, "mixture"), dim);
    dm_mixture *m = dm_mixture_read(path, message, sizeof message);
    cr_assert(m != NULL, "%s", message);
    return m;
}

/* The level sqrt(abar), 1 - abar for the decimal abar under `column`, which
 * has at most five places: 1 - abar is the double nearest to its decimal, not
 * 1 less a double, which for 0.9999 is off by 1e-12 of it. */
static inline dm_level reference_level(reference *r, const char *column)
{
    double abar = reference_number(r, column), whole = round(abar * 1e5);

    cr_assert(whole / 1e5 == abar, "%s: row %zu: more than five places",
              r->name, r->rows);
    return (dm_level){ sqrt(abar), (1e5 - whole) / 1e5 };
}

/* Expects the number under `column` to within a relative error of 1e-12, an
 * absolute one of 1e-12 where it is 0, or within `room`, whichever is more.
 * A test that gives room derives it. */
static inline void reference_holds_within(reference *r, const char *column,
                                          double computed, double room)
{
    double expected = reference_number(r, column);
    double limit = expected == 0.0 ? 1e-12 : 1e-12 * fabs(expected);

    cr_expect(fabs(computed - expected) <= fmax(limit, room),
              "%s: row %zu: %s: expected %.17g, got %.17g, off by %.2g, limit "
              "%.2g",
              r->name, r->rows, column, expected, computed,
              fabs(computed - expected), fmax(limit, room));
}

static inline void reference_holds(reference *r, const char *column,
                                   double computed)
{
    reference_holds_within(r, column, computed, 0.0);
}

#endif
