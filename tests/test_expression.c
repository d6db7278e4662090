/* Properties of src/expression.c. */
#define _DEFAULT_SOURCE /* M_PI */

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "formula_page.h"

TestSuite(expression, .init = open_page, .fini = close_page);

/* --- a page in a few words --------------------------------------------------- */

static void sequence_in(const char *symbol, const char *low, const char *high)
{
    dm_page_declare(page, DM_FREE, tree(symbol), 1, tree(low), tree(high));
}

static void integer_in(const char *symbol, const char *low, const char *high)
{
    dm_page_declare(page, DM_INTEGER, tree(symbol), 0, tree(low), tree(high));
}

/* Whether the formula has no value, for a reason with this in it. */
static int refused(const char *text, const char *reason)
{
    dm_value v;

    return dm_page_value(page, tree(text), &v) == 0 &&
           strstr(dm_page_why(page), reason) != NULL;
}

/* The formula has this value, to its own bound and the rounding of the
 * expected one; and the bound itself is at most `bound`. */
static void is_within(const char *text, double expected, double bound)
{
    dm_value v = value(text);

    cr_expect(fabs(v.x - expected) <=
                  v.error + 4.0 * DBL_EPSILON * fabs(expected),
              "%s is %.17g and not %.17g, by %g", text, v.x, expected, v.error);
    cr_expect(v.error <= bound, "%s is known to %g, not %g", text, v.error,
              bound);
}

/* The same with a bound of a few roundings. */
static void is(const char *text, double expected)
{
    is_within(text, expected, 100.0 * DBL_EPSILON * fabs(expected));
}

/* --- values -------------------------------------------------------------------- */

Test(expression, arithmetic_is_that_of_c)
{
    is("2", 2.0);
    is("0.008", 0.008);
    is("\\pi", M_PI);
    is("2+3.5", 5.5);
    is("2-3.5", -1.5);
    is("2\\cdot 3.5", 7.0);
    is("\\frac{2}{3.5}", 2.0 / 3.5);
    is("-3.5", -3.5);
    is("2.5^3", 15.625);
    is("2.5^{-3}", 1.0 / 15.625);
    is("2^{0.5}", M_SQRT2);
    is("(-3)^2", 9.0);
    is("(-2)^3", -8.0);
    is("0^2", 0.0);
    is("(1-1)^0", 1.0);
}

Test(expression, functions_are_those_of_c)
{
    is("\\exp(1.5)", exp(1.5));
    is("e^{-30}", exp(-30.0));
    is("\\ln 7", log(7.0));
    is("\\sqrt 7", sqrt(7.0));
    is("|2-5|", 3.0);
    is("\\sin(0.7)", sin(0.7));
    is("\\cos(0.7)", cos(0.7));
    is("\\tan(0.7)", tan(0.7));
    is("\\sinh(0.7)", sinh(0.7));
    is("\\cosh(0.7)", cosh(0.7));
    is("\\tanh(0.7)", tanh(0.7));
    is("\\min(2, 3)", 2.0);
    is("\\max(2, 3)", 3.0);
}

Test(expression, a_normal_is_its_density)
{
    is("\\mathcal N(1.2; 0.3, 1.83)",
       exp(-0.81 / 3.66) / sqrt(2.0 * M_PI * 1.83));
    cr_expect(refused("\\mathcal N(0, 1)", "a law where a number"));
}

Test(expression, sums_and_products_run_from_low_to_high)
{
    is("\\sum_{k=1}^{10} k^2", 385.0);
    is("\\prod_{k=2}^{5}\\frac{k}{2}", 7.5);
    is("\\sum_{k=3}^{3} k", 3.0);
    is("\\sum_{k=3}^{2} k", 0.0);
    is("\\prod_{k=3}^{2} k", 1.0);
    is("\\sum_{i=1}^{4}\\sum_{j=1}^{i} ij", 65.0);
    cr_expect(refused("\\sum_{k=0.5}^{2} k", "not a whole number"));
    cr_expect(refused("\\sum_{k=1}^{\\infty} k", "not a whole number"));
    cr_expect(refused("\\sum_{k=1}^{900000} k", "more than"));
}

Test(expression, integrals_are_finite_or_over_the_line)
{
    is_within("\\int_0^2 x^2\\,dx", 8.0 / 3.0, 1e-10);
    is_within("\\int_2^0 x\\,dx", -2.0, 1e-10);
    is_within("\\int e^{-x^2}\\,dx", sqrt(M_PI), 1e-7);
    is_within("\\int_0^{\\infty} e^{-2x}\\,dx", 0.5, 1e-7);
    is_within("\\int_{-\\infty}^{0} e^{2x}\\,dx", 0.5, 1e-7);
    is_within("\\int_0^1\\int_0^x y\\,dy\\,dx", 1.0 / 6.0, 1e-9);
    is_within("\\int_0^1\\frac{1}{\\sqrt x}\\,dx", 2.0, 1e-6);
    cr_expect(refused("\\int_0^1\\frac1x\\,dx", "does not converge"));
}

Test(expression, a_derivative_is_the_slope)
{
    number_in("x", "0.5", "2");
    double x = number("x");

    is_within("\\frac{d}{dx}x^3", 3.0 * x * x, 1e-5);
    is_within("\\frac{\\partial}{\\partial x}\\ln x", 1.0 / x, 1e-5);
    is_within("\\frac{d}{dx}\\frac{d}{dx}x^3", 6.0 * x, 1e-1);
    is_within("\\frac{d}{dx}7", 0.0, 1e-5);
    is("x", x);
}

Test(expression, the_derivative_of_an_integral_is_its_integrand)
{
    number_in("x", "0.5", "2");

    is_within("\\frac{d}{dx}\\int_0^x u^3\\,du", pow(number("x"), 3.0), 1e-4);
    is_within("\\frac{d}{dx}\\int_0^1 xu\\,du", 0.5, 1e-4);
}

Test(expression, outside_its_domain_a_formula_is_nan_and_no_error)
{
    cr_expect(isnan(number("\\ln(1-2)")));
    cr_expect(isnan(number("\\sqrt{1-2}")));
    cr_expect(isnan(number("(1-2)^{0.5}")));
    cr_expect(isnan(number("\\frac{1-1}{2-2}")));
    cr_expect(isnan(number("1+\\ln(-3)\\cdot 0")));
}

/* --- error bounds ---------------------------------------------------------------- */

static double draw_with(const char *symbol, const char *low, const char *high)
{
    number_in(symbol, low, high);
    dm_page_draw(page);
    return number(symbol);
}

Test(expression, the_bound_of_one_plus_x_minus_one_is_a_rounding_of_one)
{
    for (int i = 0; i < 20; i++) {
        double x = draw_with("x", "10^{-14}", "10^{-9}");
        is_within("(1+x)-1", x, 4.0 * DBL_EPSILON);
    }
}

/* sqrt(x^2 + 1) - x = 1/(sqrt(x^2 + 1) + x), which does not cancel. */
Test(expression, the_bound_of_a_difference_of_roots_is_a_rounding_of_a_root)
{
    for (int i = 0; i < 20; i++) {
        double x = draw_with("x", "10^5", "10^8");
        is_within("\\sqrt{x^2+1}-x", 1.0 / (hypot(x, 1.0) + x),
                  8.0 * DBL_EPSILON * x);
    }
}

/* 1 - cos x = 2 sin^2(x/2). */
Test(expression, the_bound_of_one_minus_a_cosine_is_a_rounding_of_one)
{
    for (int i = 0; i < 20; i++) {
        double x = draw_with("x", "10^{-9}", "10^{-3}");
        is_within("1-\\cos x", 2.0 * sin(0.5 * x) * sin(0.5 * x),
                  8.0 * DBL_EPSILON);
    }
}

/* 1 + x has lost digits of x that log1p keeps. */
Test(expression, an_error_goes_through_a_logarithm_a_quotient_and_a_power)
{
    for (int i = 0; i < 20; i++) {
        double x = draw_with("x", "10^{-12}", "10^{-8}");
        is_within("\\ln(1+x)", log1p(x), 8.0 * DBL_EPSILON);
        is_within("\\frac{(1+x)-1}{x}", 1.0, 8.0 * DBL_EPSILON / x);
        is_within("\\left(\\frac{(1+x)-1}{x}\\right)^3", 1.0,
                  40.0 * DBL_EPSILON / x);
        is_within("\\exp\\left(\\frac{(1+x)-1}{x}\\right)", M_E,
                  40.0 * DBL_EPSILON / x);
        is_within("\\tan\\left(\\frac{(1+x)-1}{x}\\right)", tan(1.0),
                  80.0 * DBL_EPSILON / x);
    }
}

/* exp(-2000) is 0 for C; ln(p/q) of two densities is not infinite there. */
Test(expression, a_logarithm_of_what_underflows_keeps_its_digits)
{
    is("\\ln e^{-2000}", -2000.0);
    is("\\ln(e^{-2000}\\cdot 3)", -2000.0 + log(3.0));
    is("\\ln\\frac{e^{-2000}}{e^{-1990}}", -10.0);
    is("\\ln\\mathcal N(100; 0, 1)", -5000.0 - 0.5 * log(2.0 * M_PI));
    is("\\ln\\frac{\\mathcal N(39; 0, 2)}{\\mathcal N(39; 0, 1)}",
       380.25 - 0.5 * M_LN2);
    is("\\ln\\frac{\\mathcal N(38.5; 0, 2)}{\\mathcal N(38.5; 0, 1)}",
       370.5625 - 0.5 * M_LN2); /* exp(-741) has lost digits */
    cr_expect(eq(dbl, number("\\ln 0"), -INFINITY));
    cr_expect(isnan(number("\\ln((-2)\\cdot 3)")));
}

Test(expression, what_underflows_is_within_its_bound)
{
    cr_expect(gt(dbl, value("e^{-800}").error, 0.0));
    cr_expect(gt(dbl, value("(10^{-200})^2").error, 0.0));
    cr_expect(isinf(value("\\frac{1}{e^{-800}}").error));
}

/* Hermite nodes lie far out, where densities underflow. */
Test(expression, the_mean_of_a_log_ratio_is_the_formula_of_the_book)
{
    normal("\\varepsilon");
    is_within("\\mathbb E\\ln\\frac{\\mathcal N(\\sqrt3\\varepsilon; 0, 3)}"
              "{\\mathcal N(\\sqrt3\\varepsilon; 3, 0.3)}",
              0.5 * (log(0.1) + 10.0 + 30.0 - 1.0), 1e-8);
}

/* Near a pole a bound of first order would be far too small. */
Test(expression, the_bound_near_a_pole_is_not_of_first_order)
{
    for (int i = 0; i < 20; i++) {
        double x = draw_with("x", "1", "2");
        dm_value tangent = value("\\tan(10^{8}x-10^{8}x+\\frac{\\pi}{2})");
        cr_expect(tangent.error >= fabs(tangent.x), "%g", x);
        dm_value quotient = value("\\frac{1}{(10^{8}+x)-10^{8}-x}");
        cr_expect(isinf(quotient.error) || isinf(quotient.x));
    }
}

Test(expression, a_root_of_zero_but_for_rounding_is_zero_within_its_bound)
{
    dm_value v = value("\\sqrt{0.1+0.2-0.3}"), w = value("\\sqrt{0.3-0.1-0.2}");

    cr_expect(fabs(v.x) <= v.error && v.error < 1e-7);
    cr_expect(fabs(w.x) <= w.error && w.error < 1e-7);
}

/* The bound is relative where a function is: sin x is x. */
Test(expression, a_small_sine_keeps_its_digits)
{
    double x = draw_with("x", "10^{-20}", "10^{-18}");

    is("\\sin x", x);
    is("\\tanh x", x);
}

Test(expression, whole_numbers_are_exact)
{
    cr_expect(eq(dbl, value("12").error, 0.0));
    cr_expect(eq(dbl, value("-7").error, 0.0));
    cr_expect(gt(dbl, value("0.1").error, 0.0));
    cr_expect(gt(dbl, value("\\pi").error, 0.0));
}

/* --- symbols ---------------------------------------------------------------------- */

Test(expression, a_symbol_keeps_its_value_until_the_next_draw)
{
    number_in("x", "0", "1");
    double x = number("x");

    is("x-x", 0.0);
    is("2x", 2.0 * x);
    dm_page_draw(page);
    cr_expect(ne(dbl, number("x"), x));
}

Test(expression, draws_stay_inside_their_bounds)
{
    int seen[6] = { 0 };

    number_in("x", "-0.25", "0.75");
    integer_in("t", "2", "5");
    integer_in("k", "0.5", "2.7"); /* 1 or 2 */
    for (int i = 0; i < 500; i++) {
        dm_page_draw(page);
        double x = number("x"), t = number("t"), k = number("k");
        cr_expect(x > -0.25 && x <= 0.75);
        cr_assert(t == floor(t) && t >= 2.0 && t <= 5.0);
        cr_expect(k == 1.0 || k == 2.0, "%g", k);
        seen[(int)t] = 1;
    }
    cr_expect(seen[2] && seen[3] && seen[4] && seen[5]);
}

Test(expression, bounds_may_use_symbols_and_definitions)
{
    number_in("a", "1", "2");
    define("b", "a+1");
    number_in("x", "a", "b");
    integer_in("T", "3", "8");
    integer_in("t", "1", "T-1");
    for (int i = 0; i < 200; i++) {
        dm_page_draw(page);
        double x = number("x"), t = number("t"); /* before a and T */
        cr_expect(x > number("a") && x <= number("b"));
        cr_expect(t >= 1.0 && t <= number("T") - 1.0);
    }
}

Test(expression, bounds_in_the_wrong_order_are_an_error)
{
    number_in("x", "2", "1");
    integer_in("t", "0.2", "0.8");
    number_in("y", "0", "\\ln(-1)");
    cr_expect(refused("x", "between 2 and 1"));
    cr_expect(refused("t", "between"));
    cr_expect(refused("y", "between"));
}

Test(expression, a_seed_decides_all_draws)
{
    double x[2];

    for (int i = 0; i < 2; i++) {
        dm_page *p = dm_page_new(11);
        dm_value v;
        dm_page_declare(p, DM_FREE, tree("x"), 0, tree("0"), tree("1"));
        cr_assert(dm_page_value(p, tree("x"), &v));
        x[i] = v.x;
        dm_page_free(p);
    }
    number_in("x", "0", "1"); /* of seed 7 */
    cr_expect(eq(dbl, x[0], x[1]));
    cr_expect(ne(dbl, x[0], number("x")));
}

Test(expression, a_symbol_that_nobody_declared_is_named)
{
    cr_expect(refused("1+\\bar\\alpha_t",
                      "\\bar\\alpha_t is neither declared nor defined"));
    number_in("x", "0", "1");
    cr_expect(refused("x+y", "y is neither"));
    cr_expect(refused("x_0", "x_0 is neither"));
    cr_expect(refused("x'", "x' is neither"));
}

Test(expression, what_is_forgotten_is_not_declared)
{
    number_in("x", "0", "1");
    number_in("y", "0", "1");
    dm_page_forget(page, tree("x"));
    dm_page_draw(page);
    cr_expect(refused("x", "x is neither"));
    number("y");
    dm_page_forget(page, tree("z")); /* was never there */
    number_in("x", "2", "3");
    cr_expect(gt(dbl, number("x"), 2.0));
}

Test(expression, the_last_declaration_counts)
{
    number_in("x", "0", "1");
    define("x", "5");
    dm_page_draw(page);
    is("x", 5.0);
    define("x", "6");
    is("x", 6.0);
    number_in("x", "2", "3");
    dm_page_draw(page);
    cr_expect(number("x") > 2.0 && number("x") <= 3.0);
}

Test(expression, going_round_in_a_circle_is_an_error)
{
    define("x", "x+1");
    define("a", "b");
    define("b", "a");
    number_in("u", "0", "w");
    number_in("w", "0", "u");
    number_in("r", "0", "r+1");
    define_function("f", "f(y)", "y");
    define("f(y)", "f(y+1)");
    cr_expect(refused("x", "circle"));
    cr_expect(refused("a", "circle"));
    cr_expect(refused("u", "circle"));
    cr_expect(refused("r", "circle"));
    cr_expect(refused("f(1)", "circle"));
    is("1+1", 2.0); /* and all goes on */
    dm_page_declare(page, DM_VECTOR, tree("z"), 0, tree("z"), NULL);
    cr_assert(refused("z", "circle"));
    number_in("y", "0", "y");
    cr_assert(refused("y", "circle"));
}

/* What a sum binds when something in it fails is not bound any more. */
Test(expression, an_error_leaves_nothing_bound)
{
    number_in("k", "0.25", "0.75");
    cr_expect(refused("\\sum_{k=1}^{3} (k+\\mu)", "\\mu is neither"));
    cr_expect(lt(dbl, number("k"), 1.0));
    cr_expect(refused("\\int_0^1 (v+\\mu)\\,dv", "\\mu is neither"));
    cr_expect(refused("v", "v is neither"));
}

/* --- sequences --------------------------------------------------------------------- */

Test(expression, an_index_names_the_neighbour)
{
    integer_in("t", "2", "6");
    sequence_in("\\beta_t", "0.1", "0.9");
    for (int i = 0; i < 20; i++) {
        char before[20];
        dm_page_draw(page);
        snprintf(before, sizeof before, "\\beta_%g", number("t") - 1.0);
        cr_expect(eq(dbl, number("\\beta_{t-1}"), number(before)));
        cr_expect(ne(dbl, number("\\beta_{t-1}"), number("\\beta_t")));
        is("\\sum_{s=1}^{2}\\beta_s", number("\\beta_1") + number("\\beta_2"));
    }
}

Test(expression, a_defined_sequence_is_defined_at_every_index)
{
    integer_in("t", "1", "4");
    sequence_in("\\beta_t", "0.1", "0.9");
    define("\\alpha_t", "1-\\beta_t");
    define("\\bar\\alpha_t", "\\prod_{s=1}^{t}\\alpha_s");
    for (int i = 0; i < 20; i++) {
        dm_page_draw(page);
        is("\\bar\\alpha_2",
           (1.0 - number("\\beta_1")) * (1.0 - number("\\beta_2")));
        is("\\bar\\alpha_0", 1.0);
        is("\\frac{\\bar\\alpha_t}{\\bar\\alpha_{t-1}}", number("\\alpha_t"));
    }
}

Test(expression, a_recursion_begins_at_what_is_declared_on_its_own)
{
    integer_in("t", "1", "4");
    number_in("x_0", "5", "6");
    define("x_t", "2x_{t-1}+t");
    dm_page_draw(page);
    is("x_2", 4.0 * number("x_0") + 4.0);
    cr_expect(refused("x_{-1}", "circle")); /* it has no beginning there */
}

Test(expression, a_recursion_may_begin_at_a_definition)
{
    integer_in("t", "1", "4");
    define("c_0", "0");
    define("c_t", "c_{t-1}+t");
    is("c_3", 6.0);
    is("c_0", 0.0);
}

Test(expression, bounds_of_a_sequence_may_use_its_index)
{
    integer_in("t", "1", "4");
    sequence_in("x_t", "10t", "10t+1");
    for (int i = 0; i < 20; i++) {
        dm_page_draw(page);
        double x = number("x_3");
        cr_expect(x > 30.0 && x <= 31.0 && number("x_t") > 10.0);
    }
}

Test(expression, an_index_that_is_no_whole_number_is_an_error)
{
    integer_in("t", "1", "4");
    sequence_in("x_t", "0", "1");
    number_in("u", "0.2", "0.8");
    cr_expect(refused("x_u", "not a whole number"));
    cr_expect(refused("x_{t/8}", "not a whole number"));
    cr_expect(refused("x_\\theta", "\\theta is neither"));
    cr_expect(refused("x_{a,b}", "not a member"));
}

Test(expression, the_name_of_a_sequence_without_an_index_is_another_symbol)
{
    integer_in("t", "1", "4");
    sequence_in("x_t", "0", "1");
    cr_expect(refused("x", "x is neither"));
    is_within("\\int_0^1 x\\,dx", 0.5, 1e-10);
    number_in("x", "5", "6");
    cr_expect(gt(dbl, number("x"), 5.0));
    cr_expect(lt(dbl, number("x_t"), 1.0));
}

/* \beta_{t-1} := ... with t bound to the index would be one off. */
Test(expression, a_definition_of_a_neighbour_is_of_that_symbol_alone)
{
    integer_in("t", "2", "4");
    define("x_{t-1}", "10t");
    is("x_{t-1}", 10.0 * number("t"));
    cr_expect(refused("x_t", "x_t is neither"));
}

/* --- functions ---------------------------------------------------------------------- */

Test(expression, a_function_binds_its_arguments)
{
    number_in("x", "10", "11");
    number_in("a", "10", "11");
    define_function("f", "f(x, y)", "ax-y");
    is("f(2, 3)", 2.0 * number("a") - 3.0);
    is("f(x, x)", number("a") * number("x") - number("x"));
    is("f(f(1, 2), 0)", number("a") * (number("a") - 2.0));
    is("x", number("x"));
    cr_expect(refused("y", "y is neither"));
    cr_expect(refused("f", "is a function"));
    cr_expect(refused("f(1)", "not a function of 1"));
}

Test(expression, a_bound_variable_hides_a_declared_one)
{
    number_in("x", "10", "11");
    integer_in("k", "5", "6");
    define("w", "3");
    is("\\sum_{k=1}^{3} k", 6.0);
    is("\\sum_{w=1}^{3} w", 6.0);
    is_within("\\int_0^1 x\\,dx", 0.5, 1e-10);
    is_within("x\\int_0^1 x\\,dx", 0.5 * number("x"), 1e-9);
    cr_expect(ge(dbl, number("k"), 5.0));
    is("w", 3.0);
}

Test(expression, an_argument_may_be_a_member_of_a_sequence)
{
    integer_in("t", "2", "4");
    sequence_in("x_t", "0", "1");
    define_function("f", "f(x_t)", "x_t^2");
    is("f(3)", 9.0);
    is("f(x_{t-1})", number("x_{t-1}") * number("x_{t-1}"));
}

Test(expression, an_integral_and_a_derivative_bind_a_member_of_a_sequence)
{
    integer_in("t", "2", "4");
    sequence_in("x_t", "0", "1");
    is_within("\\int_0^2 x_{t-1}x_t\\,dx_{t-1}", 2.0 * number("x_t"), 1e-9);
    is_within("\\frac{d}{dx_{t-1}}(x_{t-1}^2+x_t)", 2.0 * number("x_{t-1}"),
              1e-5);
}

Test(expression, only_symbols_and_functions_of_symbols_can_be_defined)
{
    number_in("a", "1", "2");
    cr_expect(zero(int, dm_page_define(page, tree("a+b"), tree("3"))));
    cr_expect(zero(int, dm_page_define(page, tree("2"), tree("3"))));
    pending = "g";
    const dm_tex *left = tree("g(2)");
    cr_expect(zero(int, dm_page_define(page, left, tree("3"))));
}

Test(expression, a_page_knows_its_functions)
{
    define_function("f", "f(x)", "x");
    define("g", "3");
    cr_expect(eq(int, dm_page_is_function(page, "f"), 1));
    cr_expect(zero(int, dm_page_is_function(page, "g")));
    cr_expect(zero(int, dm_page_is_function(page, "h")));
}

/* --- normals --------------------------------------------------------------------------- */

static int law(const char *text, dm_value *mean, dm_value *variance)
{
    return dm_page_law(page, tree(text), mean, variance);
}

Test(expression, an_affine_law_has_the_mean_and_variance_of_the_book)
{
    dm_value m, v;

    number_in("a", "0.5", "2");
    normal("\\varepsilon_1");
    normal("\\varepsilon_2");
    define("x", "a+2\\varepsilon_1");
    for (int i = 0; i < 20; i++) {
        dm_page_draw(page);
        double a = number("a");
        cr_assert(law("ax-3\\varepsilon_2", &m, &v));
        cr_expect(fabs(m.x - a * a) <= m.error && m.error < 1e-13);
        cr_expect(fabs(v.x - (4.0 * a * a + 9.0)) <= v.error &&
                  v.error < 1e-12);
        cr_assert(law("\\varepsilon_1-\\varepsilon_1+a", &m, &v));
        cr_expect(fabs(m.x - a) <= m.error && v.x <= v.error);
    }
}

Test(expression, a_law_of_a_sequence_of_normals_adds_their_variances)
{
    dm_value m, v;

    integer_in("t", "1", "4");
    dm_page_declare(page, DM_NORMAL, tree("z_t"), 1, NULL, NULL);
    cr_assert(law("\\sum_{s=1}^{3} sz_s", &m, &v));
    cr_expect(epsilon_eq(dbl, v.x, 14.0, v.error));
    cr_expect(epsilon_eq(dbl, m.x, 0.0, m.error));
}

Test(expression, what_is_not_affine_has_no_law)
{
    static const char *const bent[] = { "\\varepsilon_1^2",
                                        "|\\varepsilon_1|",
                                        "\\varepsilon_1^3",
                                        "\\exp(\\varepsilon_1)",
                                        "\\varepsilon_1\\varepsilon_2",
                                        "(1+\\varepsilon_1)\\varepsilon_2" };
    dm_value m, v;

    normal("\\varepsilon_1");
    normal("\\varepsilon_2");
    for (size_t i = 0; i < sizeof bent / sizeof *bent; i++) {
        dm_page_draw(page);
        cr_expect(law(bent[i], &m, &v) == 0 &&
                      strstr(dm_page_why(page), "not affine") != NULL,
                  "%s", bent[i]);
    }
}

Test(expression, a_mean_is_over_the_normals_and_nothing_else)
{
    number_in("u", "0.5", "2");
    number_in("x", "3", "4");
    normal("\\varepsilon");
    for (int i = 0; i < 10; i++) {
        dm_page_draw(page);
        double u = number("u"), x = number("x");
        is_within("\\mathbb E\\cos(u\\varepsilon)", exp(-0.5 * u * u), 1e-9);
        is_within("\\mathbb E\\,\\varepsilon^4", 3.0, 1e-8);
        is_within("\\mathbb E[x+\\varepsilon]", x, 1e-11);
        is_within("\\mathbb E[x]", x, 1e-12);
        is_within("\\mathrm{Var}[x+u\\varepsilon]", u * u, 1e-9);
        is_within("\\mathbb E e^{u\\varepsilon}", exp(0.5 * u * u), 1e-3);
        is("\\varepsilon-\\varepsilon", 0.0);
    }
}

/* (a+b+c+d)/2 is standard normal: its fourth moment is 3. */
Test(expression, a_mean_may_be_over_several_normals)
{
    normal("a");
    normal("b");
    normal("c");
    normal("d");
    is_within("\\mathbb E[a^2b^2]", 1.0, 1e-8);
    is_within("\\mathbb E[ab]", 0.0, 1e-8);
    is_within("\\mathbb E[(a+b)^4]", 12.0, 1e-6);
    is_within("\\mathrm{Var}[ab]", 1.0, 1e-6);
    is_within("\\mathbb E[a+b+c+d]", 0.0, 1e-8);
    is_within("\\mathbb E[(a+b+c+d)^4]", 48.0, 1e-6);
}

Test(expression, a_mean_is_over_sixteen_normals_and_not_over_more)
{
    integer_in("t", "1", "4");
    dm_page_declare(page, DM_NORMAL, tree("z_t"), 1, NULL, NULL);
    is_within("\\mathbb E\\left[\\left(\\sum_{s=1}^{16} z_s\\right)^2\\right]",
              16.0, 1e-6);
    cr_expect(refused("\\mathbb E\\left[\\sum_{s=1}^{17} z_s\\right]",
                      "more than 16 normals"));
}

/* What the inner mean has read, the outer one must not forget or add. */
Test(expression, a_mean_inside_a_mean_is_a_number)
{
    normal("a");
    normal("b");
    is_within("\\mathbb E[a^2\\,\\mathbb E[b^2]]", 1.0, 1e-8);
    is_within("\\mathbb E[\\mathbb E[b^2]\\,a^2]", 1.0, 1e-8);
    is_within("\\mathbb E[(a-\\mathbb E[a])^2]", 1.0, 1e-8);
    is_within("\\mathbb E[a^2+(b-\\mathbb E[b])^2]", 2.0, 1e-8);
}

/* --- what the proofreader asks ------------------------------------------------------------ */

Test(expression, a_symbol_can_move_and_what_is_defined_cannot)
{
    number_in("x", "1", "2");
    define("y", "2x");
    double x = number("x");

    cr_expect(eq(int, dm_page_move(page, tree("x"), 0.25), 1));
    cr_expect(ne(dbl, number("x"), x));
    is("y", 2.0 * number("x"));
    cr_expect(zero(int, dm_page_move(page, tree("y"), 0.25)));
    cr_expect(zero(int, dm_page_move(page, tree("z"), 0.25)));
    cr_expect(strstr(dm_page_why(page), "z is neither") != NULL);
}

static int same(const char *a, const char *b)
{
    return dm_page_same(page, tree(a), tree(b));
}

/* A definition is evaluated once and its value found again, unless something
 * that it reads has another value by then. */
Test(expression, what_is_found_again_is_what_would_be_evaluated)
{
    number_in("x", "0.2", "0.9");
    integer_in("t", "3", "3");
    sequence_in("y_t", "1", "2");
    normal("z");
    define("c", "x^2 + 1");
    define("d", "c - z");
    define("s_t", "y_t^2 + c");
    double x = number("x"), c = number("c"), z = number("z");

    cr_assert(eq(dbl, c, x * x + 1.0));
    cr_assert(epsilon_eq(dbl, number("\\frac{d}{dx} c"), 2.0 * x, 1e-9));
    cr_assert(epsilon_eq(dbl, number("c + \\int_0^1 c\\,dx + c"),
                         2.0 * c + 4.0 / 3.0, 1e-12)); /* bound, then not */
    cr_assert(eq(dbl, number("s_t"), pow(number("y_3"), 2.0) + c));
    cr_assert(epsilon_eq(dbl, number("\\sum_{t=1}^{3} s_t - s_1 - s_2"),
                         number("s_3"), 1e-14)); /* another index */
    cr_assert(eq(dbl, number("d"), c - z));
    cr_assert(epsilon_eq(dbl, number("\\mathbb E[d^2] + d"),
                         c * c + 1.0 + c - z,
                         1e-12)); /* another value drawn, and put back */
    cr_assert(eq(int, dm_page_move(page, tree("x"), 0.25), 1));
    cr_assert(eq(dbl, number("c"), pow(x + 0.25, 2.0) + 1.0));
    cr_assert(eq(dbl, number("d"), number("c") - z));
    dm_page_draw(page);
    cr_assert(ne(dbl, number("x"), x));
    cr_assert(eq(dbl, number("c"), pow(number("x"), 2.0) + 1.0));
    define("c", "x"); /* another definition */
    cr_assert(eq(dbl, number("d + z"), number("x")));
}

Test(expression, trees_are_the_same_up_to_definitions)
{
    integer_in("t", "1", "4");
    number_in("x", "0", "1");
    define("y", "x+1");
    define("z", "y");
    define("c_t", "1-\\beta_t");
    cr_expect(same("y", "x+1"));
    cr_expect(same("x+1", "z"));
    cr_expect(same("2z^2", "2(x+1)^2"));
    cr_expect(same("c_t", "1-\\beta_t"));
    cr_expect(zero(int, same("y", "1+x")));
    cr_expect(zero(int, same("c_s", "1-\\beta_s")));
    cr_expect(zero(int, same("y", "x")));
}

Test(expression, a_definition_does_not_reach_under_a_bound_variable)
{
    define("k", "3");
    cr_expect(zero(int, same("\\sum_{k=1}^{2} k", "\\sum_{k=1}^{2} 3")));
    cr_expect(same("\\sum_{k=1}^{2} k", "\\sum_{k=1}^{2} k"));
}

Test(expression, circular_definitions_are_the_same_as_nothing_else)
{
    define("a", "a+1");
    define("b", "c");
    define("c", "b");
    cr_expect(zero(int, same("a", "x")));
    cr_expect(zero(int, same("b", "x")));
    cr_expect(same("a", "a"));
}

Test(expression, a_formula_with_an_integral_in_its_definitions_is_slow)
{
    define("Z", "\\int e^{-x^2}\\,dx");
    define("W", "1+Z");
    cr_expect(eq(int, dm_page_is_slow(page, tree("2W")), 1));
    cr_expect(zero(int, dm_page_is_slow(page, tree("2w+V"))));
}

Test(expression, the_values_of_a_draw_are_listed_in_order)
{
    char text[200], expected[200], small[6];

    number_in("x", "0", "1");
    number_in("y", "0", "1");
    double y = number("y"), x = number("x");
    cr_expect(eq(sz, dm_page_count(page), 2));
    int n = dm_page_write(page, 0, text, sizeof text);
    snprintf(expected, sizeof expected, "y = %.6g", y);
    cr_expect(eq(str, text, expected));
    cr_expect(eq(int, n, (int)strlen(expected)));
    cr_expect(eq(int, dm_page_write(page, 0, small, sizeof small), n));
    cr_expect(eq(sz, strlen(small), sizeof small - 1));
    dm_page_write(page, 1, text, sizeof text);
    snprintf(expected, sizeof expected, "x = %.6g", x);
    cr_expect(eq(str, text, expected));
    dm_page_free(NULL);
}
