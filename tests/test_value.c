/* Properties of src/value.c. */
#define _DEFAULT_SOURCE /* M_PI */

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <gsl/gsl_rng.h>

#include "rng.h"
#include "value.h"

static dm_cells cells;
static gsl_rng *rng;
static jmp_buf refusal;
static char reason[200];

static void refuse(void *context, const char *why)
{
    (void)context;
    snprintf(reason, sizeof reason, "%s", why);
    longjmp(refusal, 1);
}

static void open_cells(void)
{
    cells.used = 0;
    cells.fail = refuse;
    rng = gsl_rng_alloc(dm_rng_type);
    cr_assert(rng != NULL);
    gsl_rng_set(rng, 11);
}

static void close_cells(void)
{
    gsl_rng_free(rng);
}

TestSuite(value, .init = open_cells, .fini = close_cells);

/* What stands in the expression must fail for a reason with this in it. */
#define REFUSED(expression, with)                                              \
    do {                                                                       \
        reason[0] = '\0';                                                      \
        if (setjmp(refusal) == 0) {                                            \
            (void)(expression);                                                \
            cr_expect(0, "%s is not refused", #expression);                    \
        }                                                                      \
        cr_expect(strstr(reason, with) != NULL, "%s: \"%s\"", #expression,     \
                  reason);                                                     \
    } while (0)

/* --- arrays in a few words ---------------------------------------------------- */

enum { MOST = 25 };

static dm_value exact(double x)
{
    return dm_value_exact(x);
}

/* A matrix of these numbers, row by row. */
static dm_value array(int rows, int cols, const double x[])
{
    dm_value v = dm_value_array(&cells, rows, cols);

    for (int i = 0; i < rows * cols; i++)
        dm_value_put(&v, i, exact(x[i]));
    return v;
}

/* The numbers of v are these, without an allowance. */
static void is(dm_value v, int rows, int cols, const double x[])
{
    cr_assert(eq(int, v.rows, rows));
    cr_assert(eq(int, v.cols, cols));
    for (int i = 0; i < dm_value_count(v); i++)
        cr_expect(eq(dbl, dm_value_at(v, i).x, x[i]), "number %d", i);
}

static double between(double low, double high)
{
    return low + (high - low) * gsl_rng_uniform(rng);
}

/* Between 1e-4 and 1e4 and of either sign. */
static double of_any_size(void)
{
    double x = pow(10.0, between(-4.0, 4.0));
    return gsl_rng_uniform(rng) < 0.5 ? x : -x;
}

/* --- numbers and their bounds --------------------------------------------------- */

Test(value, an_exact_number_has_no_error)
{
    dm_value v = exact(0.1);

    cr_expect(eq(dbl, v.x, 0.1));
    cr_expect(eq(dbl, v.error, 0.0));
    cr_expect(eq(int, dm_value_count(v), 1));
    cr_expect(eq(int, v.rows, 0));
}

Test(value, a_rounded_number_has_half_a_unit_in_its_last_place)
{
    cr_expect(eq(dbl, dm_value_rounded(-4.0, 0.0).error, 2.0 * DBL_EPSILON));
    cr_expect(
        eq(dbl, dm_value_rounded(4.0, 1.0).error, 1.0 + 2.0 * DBL_EPSILON));
}

Test(value, an_error_that_is_no_number_is_infinite)
{
    cr_expect(isinf(dm_value_rounded(1.0, NAN).error));
}

/* A number that is off by its error, upwards or downwards, with what it stands
 * for in `truth`: exactly so, whose 80 bits have rounded the error. */
static dm_value off(double x, double error, long double *truth)
{
    double up = between(0.0, 1.0) < 0.5 ? 1.0 : -1.0;

    *truth = (long double)x + (long double)up * (long double)error;
    double distance = (double)fabsl(*truth - (long double)x);
    return (dm_value){ .x = x,
                       .error =
                           error == 0.0 ? 0.0 : nextafter(distance, INFINITY) };
}

/* The bound holds for the truth.  1e-15: it is computed in double precision
 * itself, by some ten roundings. */
static void bounds(dm_value v, long double truth, const char *what)
{
    long double distance = fabsl((long double)v.x - truth);

    cr_expect(distance <= (long double)v.error * (1.0L + 1e-15L),
              "%s: %.17g is off by %Lg, not %g", what, v.x, distance, v.error);
}

static dm_value sum_of(dm_value a, dm_value b)
{
    return dm_value_add(&cells, a, b);
}

static dm_value difference_of(dm_value a, dm_value b)
{
    return dm_value_subtract(&cells, a, b);
}

static dm_value product_of(dm_value a, dm_value b)
{
    return dm_value_multiply(&cells, a, b, 0);
}

static dm_value quotient_of(dm_value a, dm_value b)
{
    return dm_value_divide(&cells, a, b);
}

static dm_value power_of(dm_value a, dm_value b)
{
    return dm_value_power(&cells, a, b);
}

static dm_value apply(const char *name, dm_value a)
{
    return dm_value_function(&cells, name, a);
}

/* Errors of all sizes up to `most` of the number. */
static double some_error(double x, double most)
{
    return gsl_rng_uniform(rng) < 0.2
               ? 0.0
               : fabs(x) * most * pow(10.0, between(-15.0, 0.0));
}

Test(value, the_four_operations_bound_their_errors)
{
    for (int i = 0; i < 20000; i++) {
        double x = of_any_size(), y = of_any_size();
        long double s, t;
        dm_value a = off(x, some_error(x, 2.0), &s);
        dm_value b = off(y, some_error(y, 2.0), &t);
        bounds(sum_of(a, b), s + t, "+");
        bounds(difference_of(a, b), s - t, "-");
        bounds(product_of(a, b), s * t, "times");
        bounds(quotient_of(a, b), s / t, "over");
        bounds(dm_value_negate(&cells, a), -s, "negative");
    }
}

Test(value, a_sum_that_cancels_keeps_the_error_of_its_terms)
{
    dm_value large = sum_of(exact(1e16), exact(1.0));
    dm_value rest = difference_of(large, exact(1e16));

    bounds(rest, 1.0L, "(1e16 + 1) - 1e16");
    cr_expect(le(dbl, rest.error, 2.0));
}

/* The library's functions are held to 80 bits; 0.9: inside the domain. */
Test(value, functions_bound_their_errors)
{
    static const struct {
        const char *name;
        long double (*truth)(long double x);
        double low, high;
    } known[] = {
        { "exp", expl, -20.0, 20.0 },   { "sin", sinl, -20.0, 20.0 },
        { "cos", cosl, -20.0, 20.0 },   { "tan", tanl, -1.5, 1.5 },
        { "tanh", tanhl, -5.0, 5.0 },   { "sinh", sinhl, -20.0, 20.0 },
        { "cosh", coshl, -20.0, 20.0 }, { "ln", logl, 1e-6, 20.0 },
        { "sqrt", sqrtl, 1e-6, 20.0 },  { "abs", fabsl, -20.0, 20.0 },
    };

    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        for (int i = 0; i < 4000; i++) {
            double x = between(known[k].low, known[k].high);
            long double s;
            dm_value a = off(x, some_error(x, 0.9), &s);
            dm_value v = apply(known[k].name, a);
            bounds(v, known[k].truth(s), known[k].name);
            if (a.error == 0.0)
                cr_expect(v.error <= 2.0 * DBL_EPSILON * fabs(v.x) +
                                         2.0 * DBL_TRUE_MIN,
                          "%s of %g has the bound %g", known[k].name, x,
                          v.error);
        }
}

Test(value, exp_and_ln_have_functions_of_their_own)
{
    dm_value a = { .x = 1.5, .error = 1e-3 };

    cr_expect(eq(dbl, dm_value_exp(a).x, apply("exp", a).x));
    cr_expect(eq(dbl, dm_value_exp(a).error, apply("exp", a).error));
    cr_expect(eq(dbl, dm_value_log(a).x, apply("ln", a).x));
    cr_expect(eq(dbl, dm_value_log(a).error, apply("ln", a).error));
}

Test(value, a_power_bounds_its_error)
{
    for (int i = 0; i < 20000; i++) {
        double x = pow(10.0, between(-2.0, 2.0)), y = between(-4.0, 4.0);
        long double s, t;
        dm_value a = off(x, some_error(x, 0.9), &s);
        dm_value b = off(y, some_error(y, 0.5), &t);
        bounds(power_of(a, b), powl(s, t), "power");
        double n = floor(between(-4.0, 5.0));
        a.x = -a.x;
        bounds(power_of(a, exact(n)), powl(-s, n), "power of a negative");
    }
}

/* Its base may be 0, or of the other sign. */
Test(value, a_power_of_what_may_be_zero_bounds_its_error)
{
    for (double n = 1.0; n < 6.0; n++)
        for (int i = 0; i < 1000; i++) {
            double x = between(-1e-3, 1e-3);
            long double s;
            dm_value a = off(x, 1e-3, &s);
            bounds(power_of(a, exact(n)), powl(s, n), "power");
        }
    dm_value a = { .x = 1e-4, .error = 1e-3 };
    cr_expect(isinf(power_of(a, exact(-1.0)).error));
    cr_expect(isinf(power_of(a, exact(-0.5)).error));
}

Test(value, a_power_zero_is_one)
{
    dm_value a = { .x = 3.0, .error = 1.0 };
    dm_value v = power_of(a, exact(0.0));

    cr_expect(eq(dbl, v.x, 1.0));
    cr_expect(eq(dbl, v.error, 0.0));
}

Test(value, where_a_denominator_may_be_zero_the_bound_is_infinite)
{
    dm_value a = { .x = 1e-3, .error = 1e-3 };

    cr_expect(isinf(quotient_of(exact(1.0), a).error));
    cr_expect(isinf(apply("ln", a).error));
    cr_expect(isinf(apply("tan", (dm_value){ 1.5, 0.2, 0, 0, NULL }).error));
}

Test(value, a_root_of_what_may_be_zero_is_bounded_by_the_root_of_its_error)
{
    for (int i = 0; i < 1000; i++) {
        long double s;
        dm_value a = off(between(0.0, 1e-6), 1e-6, &s);
        bounds(apply("sqrt", a), sqrtl(fmaxl(s, 0.0L)), "root");
    }
    dm_value below = apply("sqrt", (dm_value){ -1e-6, 1e-6, 0, 0, NULL });
    cr_expect(eq(dbl, below.x, 0.0));
    bounds(below, 0.0L, "root of what may be 0");
    cr_expect(isnan(apply("sqrt", (dm_value){ -1e-3, 1e-6, 0, 0, NULL }).x));
}

Test(value, underflow_is_within_its_bound)
{
    bounds(product_of(exact(1e-200), exact(1e-200)), 1e-400L, "product");
    bounds(quotient_of(exact(1e-200), exact(1e200)), 1e-400L, "quotient");
    bounds(apply("exp", exact(-800.0)), expl(-800.0L), "exp");
    cr_expect(eq(dbl, product_of(exact(0.0), exact(3.0)).error, 0.0));
}

Test(value, outside_its_domain_a_number_is_nan)
{
    cr_expect(isnan(apply("ln", exact(-1.0)).x));
    cr_expect(isnan(power_of(exact(-1.0), exact(0.5)).x));
    cr_expect(isnan(quotient_of(exact(0.0), exact(0.0)).x));
}

Test(value, of_two_numbers_one_is_the_extreme)
{
    dm_value a = { .x = 2.0, .error = 0.25 }, b = { .x = 3.0, .error = 0.5 };

    cr_expect(eq(dbl, dm_value_extreme(&cells, 1, a, b).x, 2.0));
    cr_expect(eq(dbl, dm_value_extreme(&cells, 0, a, b).x, 3.0));
    for (int i = 0; i < 4000; i++) {
        long double s, t;
        a = off(between(0.0, 1.0), 0.25, &s);
        b = off(between(0.0, 1.0), 0.5, &t);
        bounds(dm_value_extreme(&cells, 1, a, b), fminl(s, t), "min");
        bounds(dm_value_extreme(&cells, 0, a, b), fmaxl(s, t), "max");
    }
}

/* --- arrays ----------------------------------------------------------------------- */

Test(value, an_array_is_zero_and_of_one_entry_a_number)
{
    cells.cell[0] = exact(7.0); /* of an earlier use */
    dm_value v = dm_value_array(&cells, 2, 3), w = dm_value_array(&cells, 1, 1);

    is(v, 2, 3, (double[]){ 0, 0, 0, 0, 0, 0 });
    cr_expect(eq(int, w.rows, 0));
    cr_expect(eq(dbl, w.x, 0.0));
    cr_expect(eq(sz, cells.used, (size_t)6));
}

Test(value, a_copy_is_another_array)
{
    dm_value v = array(2, 1, (double[]){ 1, 2 });
    dm_value w = dm_value_copy(&cells, v);

    dm_value_put(&v, 0, exact(9.0));
    is(w, 2, 1, (double[]){ 1, 2 });
    dm_value number = dm_value_copy(&cells, exact(3.0));
    cr_expect(eq(dbl, number.x, 3.0));
}

Test(value, only_equal_shapes_are_alike)
{
    dm_value a = array(2, 3, (double[6]){ 0 }),
             b = array(3, 2, (double[6]){ 0 });

    cr_expect(dm_value_alike(a, a));
    cr_expect(not(dm_value_alike(a, b)));
    cr_expect(not(dm_value_alike(a, exact(0.0))));
    cr_expect(dm_value_alike(exact(1.0), exact(2.0)));
}

Test(value, the_worst_error_is_the_largest)
{
    dm_value v = array(2, 1, (double[]){ 1, 2 });

    dm_value_put(&v, 0, (dm_value){ .x = 1.0, .error = 0.5 });
    cr_expect(eq(dbl, dm_value_worst(v), 0.5));
    cr_expect(eq(dbl, dm_value_worst(exact(2.0)), 0.0));
}

Test(value, arrays_add_and_scale_entry_by_entry)
{
    dm_value v = array(2, 2, (double[]){ 1, 2, 3, 4 });
    dm_value w = array(2, 2, (double[]){ 5, 7, 11, 13 });

    is(sum_of(v, w), 2, 2, (double[]){ 6, 9, 14, 17 });
    is(difference_of(v, w), 2, 2, (double[]){ -4, -5, -8, -9 });
    is(dm_value_negate(&cells, v), 2, 2, (double[]){ -1, -2, -3, -4 });
    is(product_of(exact(2.0), v), 2, 2, (double[]){ 2, 4, 6, 8 });
    is(product_of(v, exact(2.0)), 2, 2, (double[]){ 2, 4, 6, 8 });
    is(quotient_of(v, exact(2.0)), 2, 2, (double[]){ 0.5, 1, 1.5, 2 });
}

Test(value, the_number_zero_may_be_added_to_anything)
{
    dm_value v = array(2, 1, (double[]){ 1, 2 });

    is(sum_of(v, exact(0.0)), 2, 1, (double[]){ 1, 2 });
    is(sum_of(exact(0.0), v), 2, 1, (double[]){ 1, 2 });
    is(difference_of(exact(0.0), v), 2, 1, (double[]){ -1, -2 });
    REFUSED(sum_of(v, exact(1.0)), "a sum of a 2x1 and a 1x1 matrix");
    REFUSED(sum_of(v, dm_value_rounded(0.0, 1e-9)), "a sum of");
}

Test(value, a_product_of_matrices_is_rows_times_columns)
{
    dm_value a = array(2, 3, (double[]){ 1, 2, 3, 4, 5, 6 });
    dm_value b = array(3, 2, (double[]){ 7, 8, 9, 10, 11, 12 });
    dm_value x = array(3, 1, (double[]){ 1, -1, 2 });

    is(product_of(a, b), 2, 2, (double[]){ 58, 64, 139, 154 });
    is(product_of(a, x), 2, 1, (double[]){ 5, 11 });
    dm_value row = dm_value_transpose(&cells, x);
    is(row, 1, 3, (double[]){ 1, -1, 2 });
    cr_expect(eq(dbl, product_of(row, x).x, 6.0));
    cr_expect(eq(int, product_of(row, x).rows, 0));
    is(product_of(x, row), 3, 3, (double[]){ 1, -1, 2, -1, 1, -2, 2, -2, 4 });
}

Test(value, two_vectors_have_an_inner_product_only)
{
    dm_value x = array(3, 1, (double[]){ 1, -1, 2 });
    dm_value y = array(3, 1, (double[]){ 3, 5, 7 });

    cr_expect(eq(dbl, dm_value_multiply(&cells, x, y, 1).x, 12.0));
    REFUSED(dm_value_multiply(&cells, x, y, 0),
            "a product of a 3x1 and a 3x1 matrix");
    dm_value z = array(2, 1, (double[]){ 1, 1 });
    REFUSED(dm_value_multiply(&cells, x, z, 1),
            "an inner product of a 3x1 and a 2x1 matrix");
}

Test(value, a_transpose_turns_rows_to_columns)
{
    dm_value a = array(2, 3, (double[]){ 1, 2, 3, 4, 5, 6 });

    is(dm_value_transpose(&cells, a), 3, 2, (double[]){ 1, 4, 2, 5, 3, 6 });
    is(apply("transpose", a), 3, 2, (double[]){ 1, 4, 2, 5, 3, 6 });
    cr_expect(eq(dbl, dm_value_transpose(&cells, exact(3.0)).x, 3.0));
}

Test(value, a_trace_and_a_norm_are_sums)
{
    dm_value a = array(2, 2, (double[]){ 1, 2, 3, 4 });
    dm_value x = array(2, 1, (double[]){ 3, -4 });

    cr_expect(eq(dbl, apply("tr", a).x, 5.0));
    cr_expect(eq(dbl, apply("norm", x).x, 5.0));
    cr_expect(eq(dbl, apply("norm", exact(-3.0)).x, 3.0));
    cr_expect(eq(dbl, apply("tr", exact(-3.0)).x, -3.0));
    cr_expect(eq(dbl, apply("det", exact(-3.0)).x, -3.0));
    cr_expect(eq(dbl, apply("transpose", exact(-3.0)).x, -3.0));
}

Test(value, a_power_of_a_matrix_is_a_repeated_product)
{
    dm_value a = array(2, 2, (double[]){ 1, 1, 1, 0 });

    is(power_of(a, exact(1.0)), 2, 2, (double[]){ 1, 1, 1, 0 });
    is(power_of(a, exact(9.0)), 2, 2, (double[]){ 55, 34, 34, 21 });
    is(power_of(a, exact(-1.0)), 2, 2, (double[]){ 0, 1, 1, -1 });
    is(power_of(a, exact(-3.0)), 2, 2, (double[]){ -1, 2, 2, -3 });
}

Test(value, what_makes_no_sense_is_refused)
{
    dm_value a = array(2, 3, (double[6]){ 0 });
    dm_value s = array(2, 2, (double[]){ 1, 2, 3, 4 });

    REFUSED(sum_of(a, s), "a sum of a 2x3 and a 2x2 matrix");
    REFUSED(product_of(a, s), "a product of a 2x3 and a 2x2 matrix");
    REFUSED(quotient_of(exact(1.0), s), "a division by a vector or matrix");
    REFUSED(quotient_of(s, s), "a division by a vector or matrix");
    REFUSED(power_of(a, exact(2.0)), "no power");
    REFUSED(power_of(s, exact(0.5)), "no power");
    REFUSED(power_of(s, exact(0.0)), "no power");
    REFUSED(power_of(s, exact(10.0)), "no power");
    REFUSED(power_of(s, exact(NAN)), "no power");
    REFUSED(power_of(exact(2.0), s), "no power");
    REFUSED(dm_value_determinant(&cells, a), "a determinant of no square");
    REFUSED(dm_value_inverse(&cells, a), "an inverse of no square");
    REFUSED(apply("tr", a), "a trace of no square");
    REFUSED(apply("norm", s), "norm of a vector or matrix");
    REFUSED(apply("exp", s), "exp of a vector or matrix");
    REFUSED(apply("arcsin", exact(1.0)), "unknown function arcsin");
    REFUSED(dm_value_extreme(&cells, 1, s, exact(1.0)), "a minimum");
    REFUSED(dm_value_extreme(&cells, 0, exact(1.0), s), "a maximum");
}

Test(value, cells_are_given_back_by_setting_their_number)
{
    size_t before = cells.used;

    for (int i = 0; i < 100000; i++) {
        dm_value_array(&cells, 5, 5);
        cells.used = before;
    }
    for (int i = 0; i < DM_VALUE_CELLS / 25; i++)
        dm_value_array(&cells, 5, 5);
    REFUSED(dm_value_array(&cells, 5, 5), "too many vectors");
    cells.used = 0;
    cr_expect(eq(int, dm_value_array(&cells, 5, 5).rows, 5));
}

/* --- determinants, inverses ---------------------------------------------------------- */

/* Whole numbers, so that determinants are known exactly. */
static void whole(int n, double x[MOST])
{
    for (int i = 0; i < n * n; i++)
        x[i] = floor(between(-9.0, 10.0));
}

/* By the first row: exact in 64 bits for n <= 5 and entries of 9 at most, whose
 * determinants are below 5! 9^5. */
static double determinant(int n, const double x[])
{
    double minor[MOST], sum = 0.0;

    if (n == 1)
        return x[0];
    for (int k = 0; k < n; k++) {
        for (int i = 1; i < n; i++)
            for (int j = 0; j < n - 1; j++)
                minor[(i - 1) * (n - 1) + j] = x[i * n + j + (j >= k)];
        sum += (k % 2 == 0 ? 1.0 : -1.0) * x[k] * determinant(n - 1, minor);
    }
    return sum;
}

Test(value, a_determinant_is_that_of_whole_numbers)
{
    for (int n = 2; n <= 5; n++)
        for (int i = 0; i < 500; i++) {
            double x[MOST];
            whole(n, x);
            double det = determinant(n, x);
            if (det == 0.0)
                continue;
            cells.used = 0;
            dm_value v = dm_value_determinant(&cells, array(n, n, x));
            bounds(v, (long double)det, "determinant");
            cr_expect(eq(int, v.rows, 0));
        }
}

Test(value, a_determinant_changes_its_sign_with_two_rows)
{
    double one[] = { 0, 1, 1, 0 }, cycle[] = { 0, 1, 0, 0, 0, 1, 1, 0, 0 };

    cr_expect(eq(dbl, dm_value_determinant(&cells, array(2, 2, one)).x, -1.0));
    cr_expect(eq(dbl, dm_value_determinant(&cells, array(3, 3, cycle)).x, 1.0));
}

/* Cofactors over the determinant: a quotient of two whole numbers.  Some
 * bounds are too large to be worth anything, but few. */
Test(value, an_inverse_is_that_of_whole_numbers)
{
    for (int n = 2; n <= 5; n++) {
        int sharp = 0, all = 0;
        for (int i = 0; i < 300; i++) {
            double x[MOST], minor[MOST];
            whole(n, x);
            double det = determinant(n, x);
            if (det == 0.0)
                continue;
            cells.used = 0;
            dm_value v = dm_value_inverse(&cells, array(n, n, x));
            for (int r = 0; r < n; r++)
                for (int c = 0; c < n; c++) {
                    int m = 0;
                    for (int k = 0; k < n * n; k++)
                        if (k / n != c && k % n != r)
                            minor[m++] = x[k];
                    double sign = (r + c) % 2 == 0 ? 1.0 : -1.0;
                    bounds(dm_value_at(v, r * n + c),
                           (long double)(sign * determinant(n - 1, minor)) /
                               (long double)det,
                           "inverse");
                }
            all++;
            sharp += dm_value_worst(v) < 1e-10;
        }
        cr_expect(sharp >= all * 95 / 100, "%d of %d, %d x %d", sharp, all, n,
                  n);
    }
}

/* Entries that are off by their errors: the true matrix has a determinant
 * within the bound, and so has every entry of its inverse. */
Test(value, errors_go_through_a_determinant_and_an_inverse)
{
    for (int i = 0; i < 2000; i++) {
        long double t[4];
        dm_value a = dm_value_array(&cells, 2, 2);
        for (int k = 0; k < 4; k++)
            dm_value_put(&a, k, off(between(-2.0, 2.0), 1e-3, &t[k]));
        long double det = t[0] * t[3] - t[1] * t[2];
        dm_value v = dm_value_inverse(&cells, a);
        bounds(dm_value_determinant(&cells, a), det, "determinant");
        bounds(dm_value_at(v, 0), t[3] / det, "inverse");
        bounds(dm_value_at(v, 1), -t[1] / det, "inverse");
        bounds(dm_value_at(v, 2), -t[2] / det, "inverse");
        bounds(dm_value_at(v, 3), t[0] / det, "inverse");
        cells.used = 0;
    }
}

Test(value, errors_go_through_products_and_norms)
{
    for (int i = 0; i < 2000; i++) {
        long double s[3], t[3], inner = 0.0L, square = 0.0L;
        dm_value x = dm_value_array(&cells, 3, 1);
        dm_value y = dm_value_array(&cells, 3, 1);
        for (int k = 0; k < 3; k++) {
            dm_value_put(&x, k, off(between(-2.0, 2.0), 1e-3, &s[k]));
            dm_value_put(&y, k, off(between(-2.0, 2.0), 1e-3, &t[k]));
            inner += s[k] * t[k];
            square += s[k] * s[k];
        }
        dm_value outer = product_of(x, dm_value_transpose(&cells, y));
        bounds(dm_value_multiply(&cells, x, y, 1), inner, "inner product");
        bounds(apply("norm", x), sqrtl(square), "norm");
        bounds(dm_value_at(outer, 5), s[1] * t[2], "outer product");
        bounds(dm_value_at(product_of(outer, x), 0),
               s[0] * (t[0] * s[0] + t[1] * s[1] + t[2] * s[2]), "product");
        bounds(apply("tr", outer), inner, "trace");
        cells.used = 0;
    }
}

/* Entries 1/(i + j + 1): the inverse has whole entries up to 179200, and the
 * bound knows that digits are lost. */
Test(value, the_inverse_of_hilberts_matrix_is_within_its_bound)
{
    static const double known[] = { 25,    -300,   1050,    -1400,   630,
                                    -300,  4800,   -18900,  26880,   -12600,
                                    1050,  -18900, 79380,   -117600, 56700,
                                    -1400, 26880,  -117600, 179200,  -88200,
                                    630,   -12600, 56700,   -88200,  44100 };
    dm_value a = dm_value_array(&cells, 5, 5);

    for (int i = 0; i < MOST; i++)
        dm_value_put(&a, i, dm_value_rounded(1.0 / (i / 5 + i % 5 + 1), 0.0));
    dm_value v = dm_value_inverse(&cells, a);
    for (int i = 0; i < MOST; i++)
        bounds(dm_value_at(v, i), (long double)known[i], "inverse");
    cr_expect(lt(dbl, dm_value_worst(v), 1.0));
}

Test(value, a_singular_matrix_has_the_determinant_zero_and_no_inverse)
{
    dm_value a = array(2, 2, (double[]){ 1, 2, 2, 4 });
    dm_value v = dm_value_inverse(&cells, a);

    bounds(dm_value_determinant(&cells, a), 0.0L, "determinant");
    for (int i = 0; i < 4; i++)
        cr_expect(isinf(dm_value_at(v, i).error) || isnan(dm_value_at(v, i).x));
}
