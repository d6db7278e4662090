/* The check tables must be unable to pass by accident. */
#define _XOPEN_SOURCE 700

#include <float.h>
#include <math.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <gsl/gsl_cdf.h>

#include "check.h"
#include "scratch.h"

TestSuite(check, .init = scratch_make, .fini = scratch_remove);

/* Opens the record DIR/checks.tsv. */
static void begin(int default_run)
{
    cr_assert(
        zero(int, dm_check_begin(scratch_dir, "checks.tsv", default_run)));
}

/* Field `at` (from 0) of a line of tab-separated text, as written. */
static const char *field(const char *line, size_t at)
{
    static char text[200];

    for (; at > 0; at--)
        line = strchr(line, '\t') + 1;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\t\n"), line);
    return text;
}

/* --- NaN, nothing --------------------------------------------------------- */

Test(check, nan_never_passes)
{
    const double bad[][3] = { { NAN, 1.3, 0.1 },
                              { 1.3, NAN, 0.1 },
                              { 1.3, 1.3, NAN },
                              { INFINITY, INFINITY, 0.1 } };

    begin(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double x = bad[i][0], y = bad[i][1], limit = bad[i][2];
        cr_expect(not(dm_check_exact(x, y, limit, 1.0, "0.0", "exact")));
        cr_expect(not(dm_check_numeric(x, y, limit, 1.0, "0.0", "numeric")));
        cr_expect(not(dm_check_mc(x, y, limit, 1.0, "0.0", "mc")));
        cr_expect(not(dm_check_order(x, y, limit, "0.0", "order")));
    }
    cr_expect(not(dm_check_exact(1.3, 1.3, 1.0, NAN, "0.0", "scale")));
    cr_expect(not(dm_check_law(NAN, 1.3, 1.0, 2.0, 1.0, "0.0", "law")));
    cr_expect(not(dm_check_law(1.3, 1.3, NAN, 2.0, 1.0, "0.0", "low")));
    cr_expect(not(dm_check_law(1.3, 1.3, 1.0, NAN, 1.0, "0.0", "high")));
    cr_expect(eq(int, dm_check_end(), 1));
}

Test(check, nothing_is_refused_where_the_row_is_nan)
{
    begin(1);
    dm_check_numeric(NAN, 1.3, 0.1, 1.0, "0.0", "no value");
    cr_expect(not(dm_check_refutes(7.7, "anything")));
    dm_check_numeric(1.3, 1.3, NAN, 1.0, "0.0", "no limit");
    cr_expect(not(dm_check_refutes(7.7, "anything")));
}

Test(check, no_checks_at_all_is_a_failure)
{
    begin(1);
    dm_check_table("empty");
    cr_expect(eq(int, dm_check_end(), 1));
}

Test(check, rows_that_all_hold_are_a_success)
{
    begin(1);
    cr_expect(dm_check_exact(1.3, 1.3, 1.0, 1.0, "0.0", "exact"));
    cr_expect(dm_check_refutes(1.4, "another"));
    cr_expect(zero(int, dm_check_end()));
}

Test(check, one_failure_is_a_failure)
{
    begin(1);
    dm_check_exact(1.3, 1.3, 1.0, 1.0, "0.0", "holds");
    cr_expect(not(dm_check_exact(1.3, 1.4, 1.0, 1.0, "0.0", "does not")));
    dm_check_exact(1.3, 1.3, 1.0, 1.0, "0.0", "holds");
    cr_expect(eq(int, dm_check_end(), 1));
}

/* --- limits --------------------------------------------------------------- */

Test(check, exact_is_within_a_multiple_of_epsilon_times_the_scale)
{
    double limit = 3.0 * DBL_EPSILON * 16.0;

    begin(1);
    cr_expect(dm_check_exact(1.5 + limit, 1.5, 3.0, 16.0, "0.0", "at"));
    cr_expect(dm_check_exact(1.5 - limit, 1.5, 3.0, -16.0, "0.0", "at"));
    cr_expect(not(
        dm_check_exact(1.5 + 1.1 * limit, 1.5, 3.0, 16.0, "0.0", "beyond")));
    cr_expect(dm_check_exact(0.0, 0.0, 0.0, 1.0, "0.0", "no room needed"));
}

Test(check, numeric_and_order_are_within_their_error)
{
    begin(1);
    cr_expect(dm_check_numeric(1.25, 1.5, 0.25, 1.0, "0.0", "at"));
    cr_expect(not(dm_check_numeric(1.25, 1.5, 0.24, 1.0, "0.0", "beyond")));
    cr_expect(dm_check_order(1.75, 2.0, 0.25, "0.0", "at"));
    cr_expect(not(dm_check_order(1.75, 2.0, 0.24, "0.0", "beyond")));
}

Test(check, monte_carlo_is_within_five_standard_errors)
{
    begin(1);
    cr_expect(dm_check_mc(2.25, 1.0, 0.25, 1.0, "0.0", "at"));
    cr_expect(not(dm_check_mc(2.26, 1.0, 0.25, 1.0, "0.0", "beyond")));
    cr_expect(not(dm_check_mc(2.26, 1.0, 0.0, 1.0, "0.0", "no error")));
}

Test(check, a_law_is_within_its_region)
{
    begin(1);
    cr_expect(dm_check_law(0.75, 1.0, 0.75, 1.5, 1.0, "0.0", "lowest"));
    cr_expect(dm_check_law(1.5, 1.0, 0.75, 1.5, 1.0, "0.0", "highest"));
    cr_expect(not(dm_check_law(0.74, 1.0, 0.75, 1.5, 1.0, "0.0", "below")));
    cr_expect(not(dm_check_law(1.51, 1.0, 0.75, 1.5, 1.0, "0.0", "above")));
}

Test(check, the_tail_is_what_five_standard_errors_leave)
{
    cr_expect(epsilon_eq(dbl, DM_CHECK_TAIL, gsl_cdf_ugaussian_Q(5.0),
                         1e-14 * DM_CHECK_TAIL));
}

/* --- refusals ------------------------------------------------------------- */

Test(check, a_refusal_needs_twice_the_limit)
{
    begin(1);
    dm_check_numeric(1.5, 1.25, 0.25, 1.0, "0.0", "limit 1/4");
    cr_expect(dm_check_refutes(2.0, "two limits above"));
    cr_expect(dm_check_refutes(1.0, "two limits below"));
    cr_expect(not(dm_check_refutes(1.99, "less")));
    cr_expect(not(dm_check_refutes(1.01, "less")));
    dm_check_mc(1.5, 1.25, 0.125, 1.0, "0.0", "limit 5/8");
    cr_expect(dm_check_refutes(2.75, "ten standard errors"));
    cr_expect(not(dm_check_refutes(2.74, "less")));
    dm_check_law(1.0, 1.0, 0.5, 1.75, 1.0, "0.0", "limit 3/4");
    cr_expect(dm_check_refutes(2.5, "twice the farther limit"));
    cr_expect(not(dm_check_refutes(2.49, "less")));
}

Test(check, a_refusal_of_the_same_number_never_holds)
{
    begin(1);
    dm_check_exact(0.0, 0.0, 0.0, 1.0, "0.0", "limit 0");
    cr_expect(not(dm_check_refutes(0.0, "the same")));
    cr_expect(eq(int, dm_check_end(), 1));
}

Test(check, a_refusal_that_fails_is_blind_outside_a_default_run)
{
    begin(0);
    dm_check_numeric(1.5, 1.25, 0.25, 1.0, "0.0", "limit 1/4");
    cr_expect(not(dm_check_refutes(1.6, "too near")));
    cr_expect(zero(int, dm_check_end()));
    cr_expect(strstr(scratch_read("checks.tsv"), "\tblind\n") != NULL);
    cr_expect(strstr(scratch_read("stdout"), "1 blind, 0 failed\n") != NULL);
}

Test(check, a_failure_outside_a_default_run_is_still_a_failure)
{
    begin(0);
    dm_check_numeric(1.5, 1.0, 0.25, 1.0, "0.0", "limit 1/4");
    cr_expect(eq(int, dm_check_end(), 1));
}

/* --- what is printed and recorded ----------------------------------------- */

Test(check, a_table_is_printed_in_columns)
{
    begin(1);
    dm_check_table("shape");
    dm_check_exact(2.5, 2.5, 4.0, 1.0, "1.3", "1 - abar_T, T = %d", 7);
    dm_check_mc(1.5, 1.25, 0.125, 1.0, "1.4a", "mean");
    dm_check_refutes(9.0, "mean of the %s", "square");
    dm_check_end();
    cr_expect(eq(
        str, (char *)scratch_read("stdout"),
        "-- shape --\n"
        "eq     quantity                                 computed    expected "
        " deviation  limit\n"
        "(1.3)  1 - abar_T, T = 7                             2.5         2.5 "
        " round-off  9e-16  ok\n"
        "(1.4a) mean                                          1.5        1.25 "
        "    2.0 se   5 se  ok\n"
        "  not  mean of the square                            1.5           9 "
        "     60 se         refuted\n"
        "-- summary --\n"
        "2 checks, 1 mistakes refused, 0 blind, 0 failed\n"));
}

Test(check, a_passing_row_does_not_print_its_round_off)
{
    begin(1);
    dm_check_exact(1.0 + DBL_EPSILON, 1.0, 4.0, 1.0, "1.3", "round-off");
    dm_check_numeric(1.0 + 1e-9, 1.0, 1e-8, 1.0, "1.3", "truncation");
    dm_check_exact(1.1, 1.0, 4.0, 1.0, "1.3", "failing");
    const char *text = scratch_read("stdout");
    cr_expect(strstr(text, " round-off  9e-16  ok\n") != NULL);
    cr_expect(strstr(text, " truncation  1e-08  ok\n") != NULL);
    cr_expect(strstr(text, "    1.0e-01  9e-16  FAIL\n") != NULL);
}

/* Line number `at` (from 0) of the record. */
static const char *line_of_record(size_t at)
{
    const char *line = scratch_read("checks.tsv");

    cr_assert(ne(ptr, (void *)line, NULL));
    for (; at > 0; at--) {
        line = strchr(line, '\n');
        cr_assert(ne(ptr, (void *)line, NULL));
        line++;
    }
    return line;
}

static void expect_fields(size_t at, const char *const expected[9])
{
    for (size_t i = 0; i < 9; i++)
        cr_expect(
            eq(str, (char *)field(line_of_record(at), i), (char *)expected[i]));
    cr_expect(
        eq(chr, line_of_record(at)[strcspn(line_of_record(at), "\n")], '\n'));
}

Test(check, the_record_has_a_header_and_one_row_a_check)
{
    static const char *const row[][9] = {
        { "equation", "claim", "kind", "computed", "expected", "deviation",
          "limit", "resolution", "verdict" },
        { "1.4", "mean of 7", "monte-carlo", "1.5", "1.25", "0.25", "0.625",
          "0.5", "ok" },
        { "1.4", "twice", "refutes", "1.5", "3", "1.5", "1.25", "-",
          "refuted" },
        { "2.1", "zero", "numeric", "0.5", "0", "0.5", "0.25", "0.125",
          "FAIL" },
        { "3.2", "slope", "order", "1.75", "2", "0.25", "0.5", "0.25", "ok" }
    };

    begin(1);
    dm_check_mc(1.5, 1.25, 0.125, 1.0, "1.4", "mean of %d", 7);
    dm_check_refutes(3.0, "twice");
    dm_check_numeric(0.5, 0.0, 0.25, 2.0, "2.1", "zero");
    dm_check_order(1.75, 2.0, 0.5, "3.2", "slope");
    cr_expect(scratch_read("checks.tsv") == NULL); /* not before the end */
    dm_check_end();
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        expect_fields(i, row[i]);
    cr_expect(eq(chr, *line_of_record(5), '\0'));
}

Test(check, the_record_keeps_full_precision)
{
    double third = 1.0 / 3.0, pi = 3.14159265358979323846;

    begin(1);
    dm_check_numeric(pi, third, 0.1, 1.0, "0.0", "inexact");
    dm_check_end();
    cr_expect(eq(dbl, atof(field(line_of_record(1), 3)), pi));
    cr_expect(eq(dbl, atof(field(line_of_record(1), 4)), third));
    cr_expect(eq(dbl, atof(field(line_of_record(1), 5)), pi - third));
}

Test(check, a_long_claim_is_cut_and_nothing_else_is)
{
    begin(1);
    dm_check_exact(1.0, 1.0, 1.0, 1.0, "0.0", "%0200d", 7);
    cr_expect(zero(int, dm_check_end()));
    cr_expect(eq(sz, strlen(field(line_of_record(1), 1)), 79));
    cr_expect(eq(str, (char *)field(line_of_record(1), 8), "ok"));
}

Test(check, a_record_that_cannot_be_written_is_exit_status_2)
{
    char below[SCRATCH_PATH + 200];

    scratch_write("file", "not a directory");
    snprintf(below, sizeof below, "%s", scratch_path("file"));
    cr_expect(eq(int, dm_check_begin(below, "checks.tsv", 1), -1));
    cr_expect(scratch_message("file/checks.tsv", "Not a directory"));
    dm_check_exact(1.0, 1.0, 1.0, 1.0, "0.0", "holds");
    cr_expect(eq(int, dm_check_end(), 2));
}
