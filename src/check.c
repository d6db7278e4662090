#include "check.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

enum {
    LIMIT_SE = 5,
    LABEL = 80,
    DIGITS = 5
}; /* 5 se: one false alarm in 1.7 million */

static dm_table *record;
static int strict = 1, rows, refused, blind, failed;

/* A row, as it is printed and recorded. */
typedef struct {
    const char *eq, *kind;
    char label[LABEL];
    double computed, expected;
    double limit;   /* largest |computed - expected| that passes */
    double se;      /* one standard error, or 0                  */
    int ok, digits; /* to print: no more than the limit leaves  */
    char deviation[24], limit_text[24];
} row;

static row last; /* the row above, for dm_check_refutes */

int dm_check_begin(const char *dir, const char *name, int default_run)
{
    strict = default_run;
    record = dm_table_open(dir, name);
    if (record == NULL)
        return -1;
    dm_table_printf(record, "equation\tclaim\tkind\tcomputed\texpected"
                            "\tdeviation\tlimit\tresolution\tverdict\n");
    return 0;
}

void dm_check_table(const char *name)
{
    printf("-- %s --\n", name);
    printf("%-6s %-37s %11s %11s %10s %6s\n", "eq", "quantity", "computed",
           "expected", "deviation", "limit");
}

static void print_row(const char *eq, const char *label, int digits,
                      double computed, double expected, const char *deviation,
                      const char *limit, const char *verdict)
{
    printf("%-6s %-37s %11.*g %11.*g %10s %6s  %s\n", eq, label, digits,
           computed, digits, expected, deviation, limit, verdict);
}

/* resolution < 0 stands for none. */
static void record_row(const row *r, const char *kind, double expected,
                       double limit, double resolution, const char *verdict)
{
    char shown[32] = "-";

    if (record == NULL)
        return;
    if (resolution >= 0.0)
        snprintf(shown, sizeof shown, "%.3g", resolution);
    dm_table_printf(record, "%s\t%s\t%s\t%.17g\t%.17g\t%.17g\t%.17g\t%s\t%s\n",
                    r->eq, r->label, kind, r->computed, expected,
                    fabs(r->computed - expected), limit, shown, verdict);
}

/* Prints, records and counts a finished row. */
static int finish(const row *r, double scale)
{
    const char *verdict = r->ok ? "ok" : "FAIL";
    double size = r->expected != 0.0 ? fabs(r->expected) : scale;
    char tag[16];

    snprintf(tag, sizeof tag, "(%s)", r->eq);
    print_row(tag, r->label, r->digits, r->computed, r->expected, r->deviation,
              r->limit_text, verdict);
    record_row(r, r->kind, r->expected, r->limit, r->limit / size, verdict);
    last = *r;
    rows++;
    failed += !r->ok;
    return r->ok;
}

/* Fills in a row whose test is |computed - expected| <= limit. */
static row make(const char *eq, const char *kind, double computed,
                double expected, double limit, const char *what, va_list args)
{
    row r = { .eq = eq,
              .kind = kind,
              .computed = computed,
              .expected = expected,
              .limit = limit,
              .digits = DIGITS,
              .ok = fabs(computed - expected) <= limit }; /* not for NaN */

    vsnprintf(r.label, sizeof r.label, what, args);
    snprintf(r.deviation, sizeof r.deviation, "%.1e",
             fabs(computed - expected));
    snprintf(r.limit_text, sizeof r.limit_text, "%.0e", limit);
    return r;
}

int dm_check_exact(double computed, double expected, double multiple,
                   double scale, const char *eq, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    row r = make(eq, "exact", computed, expected,
                 multiple * DBL_EPSILON * fabs(scale), what, args);
    va_end(args);
    /* Round-off differs between machines, so a passing row does not print
     * its error: the page must come out the same everywhere. */
    if (r.ok)
        strcpy(r.deviation, "round-off");
    return finish(&r, fabs(scale));
}

int dm_check_numeric(double computed, double expected, double error,
                     double scale, const char *eq, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    row r = make(eq, "numeric", computed, expected, error, what, args);
    va_end(args);
    if (r.ok)
        strcpy(r.deviation, "truncation");
    while (r.digits > 2 && fabs(expected) < error * pow(10.0, r.digits))
        r.digits--;
    return finish(&r, fabs(scale));
}

int dm_check_mc(double computed, double expected, double se, double scale,
                const char *eq, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    row r =
        make(eq, "monte-carlo", computed, expected, LIMIT_SE * se, what, args);
    va_end(args);
    r.se = se;
    snprintf(r.deviation, sizeof r.deviation, "%.1f se",
             fabs(computed - expected) / se);
    snprintf(r.limit_text, sizeof r.limit_text, "%d se", LIMIT_SE);
    return finish(&r, fabs(scale));
}

int dm_check_law(double computed, double expected, double low, double high,
                 double scale, const char *eq, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    row r = make(eq, "monte-carlo", computed, expected,
                 fmax(high - expected, expected - low), what, args);
    va_end(args);
    r.ok = low <= computed && computed <= high;
    return finish(&r, fabs(scale));
}

int dm_check_order(double slope, double order, double error, const char *eq,
                   const char *what, ...)
{
    va_list args;
    va_start(args, what);
    row r = make(eq, "order", slope, order, error, what, args);
    va_end(args);
    return finish(&r, 1.0);
}

int dm_check_refutes(double wrong, const char *what, ...)
{
    double gap = fabs(last.computed - wrong);
    int ok = gap >= 2.0 * last.limit && gap > 0.0; /* not for NaN */
    const char *verdict = ok ? "refuted" : strict ? "FAIL" : "blind";
    row r = last;
    va_list args;

    va_start(args, what);
    vsnprintf(r.label, sizeof r.label, what, args);
    va_end(args);
    if (last.se > 0.0)
        snprintf(r.deviation, sizeof r.deviation, "%.0f se", gap / last.se);
    else
        snprintf(r.deviation, sizeof r.deviation, "%.1e", gap);
    print_row("  not", r.label, last.digits, last.computed, wrong, r.deviation,
              "", verdict);
    record_row(&r, "refutes", wrong, 2.0 * last.limit, -1.0, verdict);
    refused += ok;
    blind += !ok && !strict;
    failed += !ok && strict;
    return ok;
}

int dm_check_end(void)
{
    dm_table_close(record);
    record = NULL;
    printf("-- summary --\n%d checks, %d mistakes refused, %d blind, "
           "%d failed\n",
           rows, refused, blind, failed);
    if (dm_table_commit() != 0)
        return 2;
    return rows > 0 && failed == 0 ? 0 : 1;
}
