/* Properties of src/chance.c, and of the signatures in src/page.c. */
#define _DEFAULT_SOURCE /* M_PI */

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "formula_page.h"

TestSuite(page_function, .init = open_page, .fini = close_page);
TestSuite(chance, .init = open_page, .fini = close_page, .timeout = 60.0);

/* --- a page in a few words ----------------------------------------------------- */

/* The formula has no value, for a reason with this in it. */
static void refused(const char *text, const char *reason)
{
    dm_value v;

    cr_expect(eq(int, dm_page_value(page, tree(text), &v), 0), "%s", text);
    cr_expect(strstr(dm_page_why(page), reason) != NULL, "%s: %s", text,
              dm_page_why(page));
}

/* Both formulas have one value, to what they are known to; and both are known
 * to a part in 1e6, so that this says something. */
static void equal(const char *left, const char *right)
{
    dm_value a = value(left), b = value(right);
    int n = dm_value_count(a);

    cr_assert(dm_value_alike(a, b), "%s and %s", left, right);
    for (int i = 0; i < n; i++) {
        dm_value x = dm_value_at(a, i), y = dm_value_at(b, i);
        double room = 4.0 * (x.error + y.error);
        cr_expect(fabs(x.x - y.x) <= room, "%s is %.17g, %s is %.17g, to %g",
                  left, x.x, right, y.x, room);
        cr_expect(room <= 1e-6 * (fabs(y.x) + 1e-3), "%s is known to %g", left,
                  room);
    }
}

/* The same at several draws. */
static void always_equal(const char *left, const char *right)
{
    for (int i = 0; i < 6; i++) {
        dm_page_draw(page);
        equal(left, right);
    }
}

/* The tree has this law. */
static void is_law(const char *text, const char *mean, const char *variance)
{
    dm_value m, v;

    dm_page_draw(page);
    cr_assert(eq(int, dm_page_law(page, tree(text), &m, &v), 1), "%s: %s", text,
              dm_page_why(page));
    dm_value want[] = { value(mean), value(variance) }, got[] = { m, v };
    for (int k = 0; k < 2; k++) {
        cr_assert(dm_value_alike(got[k], want[k]), "%s", text);
        for (int i = 0; i < dm_value_count(got[k]); i++) {
            double x = dm_value_at(got[k], i).x, y = dm_value_at(want[k], i).x;
            cr_expect(fabs(x - y) <= 1e-12 * (1.0 + fabs(y)), "%s: %g and %g",
                      text, x, y);
        }
    }
}

/* x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) epsilon_t, from an x_0 that is
 * declared elsewhere. */
static void chain(void)
{
    declare(DM_INTEGER, "t", 0, "2", "5");
    declare(DM_FREE, "\\beta_t", 1, "0.1", "0.5");
    declare(DM_NORMAL, "\\varepsilon_t", 1, NULL, NULL);
    define("x_t", "\\sqrt{1-\\beta_t}x_{t-1}+\\sqrt{\\beta_t}\\varepsilon_t");
    define("\\bar\\alpha_t", "\\prod_{s=1}^{t}(1-\\beta_s)");
    declare(DM_DENSITY, "q", 0, NULL, NULL);
}

/* Y = a X + c epsilon, with X from a mixture of two Gaussians whose closed
 * forms are spelled out: masses r_1, r_2 of Y = y. */
static void mixture_source(void)
{
    number_in("a", "0.5", "1.5");
    number_in("c", "0.4", "1");
    number_in("y", "-1", "1");
    define_function("p", "p(w)",
                    "0.3\\mathcal N(w; -1, 0.5)+0.7\\mathcal N(w; 1.5, 0.8)");
    declare(DM_RANDOM, "X", 0, "p", NULL);
    normal("\\varepsilon");
    declare(DM_DENSITY, "q", 0, NULL, NULL);
    define("Y", "aX+c\\varepsilon");
    define_function("n_1", "n_1(y)", "0.3\\mathcal N(y; -a, 0.5a^2+c^2)");
    define_function("n_2", "n_2(y)", "0.7\\mathcal N(y; 1.5a, 0.8a^2+c^2)");
    define_function("m_1", "m_1(y)", "-1+\\frac{0.5a}{0.5a^2+c^2}(y+a)");
    define_function("m_2", "m_2(y)", "1.5+\\frac{0.8a}{0.8a^2+c^2}(y-1.5a)");
    define("v_1", "\\frac{0.5c^2}{0.5a^2+c^2}");
    define("v_2", "\\frac{0.8c^2}{0.8a^2+c^2}");
}

/* --- functions by their signatures ------------------------------------------------- */

Test(page_function, arguments_are_bound_in_their_order)
{
    define_function("f", "f(x, y)", "x-2y");

    cr_expect(eq(dbl, number("f(7, 2)"), 3.0));
    cr_expect(eq(dbl, number("f(2, 7)"), -12.0));
    cr_expect(eq(dbl, number("f(f(7, 2), 1)"), 1.0));
}

Test(page_function, an_argument_has_its_value_from_outside)
{
    number_in("x", "1", "2");
    number_in("y", "1", "2");
    define_function("f", "f(x, y)", "x-2y");

    dm_page_draw(page);
    equal("f(y, x)", "y-2x");
    equal("f(x+y, x)", "y-x");
    equal("\\int_0^1 f(y, x)\\,dx", "y-1");
}

Test(page_function, names_tell_definitions_apart)
{
    chain();
    number_in("x_0", "-2", "2");
    define_function("p", "p(x_t \\mid x_{t-1})", "1000+10x_t+x_{t-1}+t");
    define_function("p", "p(x_t \\mid x_0)", "2000+10x_t+x_0+t");
    define_function("p", "p(x_{t-1} \\mid x_t, x_0)",
                    "3000+100x_{t-1}+10x_t+x_0+t");

    dm_page_draw(page);
    equal("p(x_t \\mid x_{t-1})", "1000+10x_t+x_{t-1}+t");
    equal("p(x_t \\mid x_0)", "2000+10x_t+x_0+t");
    equal("p(x_{t-1} \\mid x_t, x_0)", "3000+100x_{t-1}+10x_t+x_0+t");
}

Test(page_function, a_common_shift_of_the_index_is_the_same_function)
{
    chain();
    number_in("x_0", "-2", "2");
    define_function("p", "p(x_t \\mid x_{t-1})", "1000+10x_t+x_{t-1}+t");
    define_function("p", "p(x_t \\mid x_0)", "2000+10x_t+x_0+t");

    dm_page_draw(page);
    equal("p(x_{t-1} \\mid x_{t-2})", "1000+10x_{t-1}+x_{t-2}+t-1");
    equal("p(x_{t+1} \\mid x_t)", "1000+10x_{t+1}+x_t+t+1");
    equal("p(x_5 \\mid x_4)", "1005+10x_5+x_4");
    equal("p(x_{t-1} \\mid x_0)", "2000+10x_{t-1}+x_0+t-1");
    equal("p(x_5 \\mid x_0)", "2005+10x_5+x_0");
    equal("\\sum_{t=2}^{3} p(x_t \\mid x_0)", "4005+10(x_2+x_3)+2x_0");
}

Test(page_function, another_shift_is_another_function)
{
    chain();
    number_in("x_0", "-2", "2");
    define_function("p", "p(x_t \\mid x_{t-1})", "1");

    refused("p(x_{t-1} \\mid x_t)", "not a function of 2 arguments");
    refused("p(x_t \\mid x_{t-2})", "not a function of 2 arguments");
    refused("p(x_4 \\mid x_2)", "not a function of 2 arguments");
    refused("p(x_t \\mid x_0)", "not a function of 2 arguments");
}

Test(page_function, a_bar_is_no_comma)
{
    number_in("x", "1", "2");
    number_in("y", "1", "2");
    define_function("p", "p(x, y)", "10");
    define_function("p", "p(x \\mid y)", "20");

    cr_expect(eq(dbl, number("p(x, y)"), 10.0));
    cr_expect(eq(dbl, number("p(x \\mid y)"), 20.0));
}

Test(page_function, other_arguments_go_by_their_places)
{
    number_in("x", "1", "2");
    number_in("y", "1", "2");
    define_function("p", "p(x \\mid y)", "x-2y");

    cr_expect(eq(dbl, number("p(7 \\mid 2)"), 3.0));
    define_function("p", "p(y \\mid x)", "y+10x");
    equal("p(x \\mid y)", "x-2y");
    equal("p(y \\mid x)", "y+10x");
    refused("p(7 \\mid 2)", "could be one of several");
}

Test(page_function, a_definition_replaces_one_of_its_own_signature)
{
    number_in("x", "1", "2");
    number_in("y", "1", "2");
    define_function("p", "p(x \\mid y)", "1");
    define_function("p", "p(y \\mid x)", "2");
    define_function("p", "p(x \\mid y)", "3");

    cr_expect(eq(dbl, number("p(x \\mid y)"), 3.0));
    cr_expect(eq(dbl, number("p(y \\mid x)"), 2.0));
}

Test(page_function, what_is_forgotten_is_unknown)
{
    number_in("x", "1", "2");
    define_function("p", "p(x)", "1");
    const dm_tex *call = tree("p(x)");
    dm_value v;

    dm_page_forget(page, tree("p"));
    cr_expect(eq(int, dm_page_value(page, call, &v), 0));
    cr_expect(eq(int, dm_page_is_function(page, "p"), 0));
}

/* --- means over normals -------------------------------------------------------------- */

Test(chance, the_moments_of_a_normal_are_those_of_the_book)
{
    normal("\\varepsilon");
    number_in("a", "-1", "1");

    always_equal("\\mathbb E[\\varepsilon^2]", "1");
    always_equal("\\mathbb E[\\varepsilon^8]", "105");
    always_equal("\\mathbb E[(a+\\varepsilon)^4]", "a^4+6a^2+3");
    always_equal("\\mathbb E[e^{a\\varepsilon}]", "e^{a^2/2}");
    always_equal("\\mathbb E[\\cos(a+\\varepsilon)]", "e^{-1/2}\\cos a");
    always_equal("\\mathrm{Var}[\\sin\\varepsilon]", "\\frac{1-e^{-2}}{2}");
    always_equal("1+\\mathbb E|\\varepsilon|", "1+\\sqrt{\\frac{2}{\\pi}}");
}

Test(chance, means_over_several_normals_are_exact_for_polynomials)
{
    for (int n = 2; n <= 9; n++) {
        char text[200], square[40], fourth[40];
        open_page();
        declare(DM_INTEGER, "k", 0, "1", "9");
        declare(DM_NORMAL, "\\varepsilon_k", 1, NULL, NULL);
        snprintf(text, sizeof text,
                 "\\mathbb E[(\\sum_{k=1}^{%d}\\varepsilon_k^2)^2]", n);
        snprintf(fourth, sizeof fourth, "%d", n * (n + 2));
        equal(text, fourth);
        snprintf(text, sizeof text,
                 "\\mathbb E[(\\sum_{k=1}^{%d} k\\varepsilon_k)^2]", n);
        snprintf(square, sizeof square, "%d", n * (n + 1) * (2 * n + 1) / 6);
        equal(text, square);
        close_page();
    }
    open_page();
}

/* (|z|^2)^3 has the mean n (n + 2) (n + 4), which rules of degree 5 miss. */
Test(chance, a_polynomial_of_degree_six_is_exact_for_five_normals)
{
    declare(DM_NORMAL, "z", 0, "5", NULL);
    declare(DM_NORMAL, "w", 0, "3", NULL);

    equal("\\mathbb E[\\|z\\|^6]", "315");
    equal("\\mathbb E[\\|w\\|^6]", "105");
    equal("\\mathbb E[(\\sum_{k=1}^{2} w\\cdot w)^3]", "840");
}

/* No rule is exact for what is no polynomial of degree 5; none is trusted. */
Test(chance, beyond_five_normals_only_polynomials_of_degree_five_are_averaged)
{
    declare(DM_INTEGER, "k", 0, "1", "9");
    declare(DM_NORMAL, "\\varepsilon_k", 1, NULL, NULL);

    for (int n = 6; n <= 9; n++) {
        char text[200];
        snprintf(text, sizeof text,
                 "\\mathbb E[(\\sum_{k=1}^{%d}\\varepsilon_k^2)^3]", n);
        refused(text, "no polynomial");
        snprintf(text, sizeof text,
                 "\\mathbb E[(\\sum_{k=1}^{%d}\\varepsilon_k^2)^2]", n);
        dm_value v = value(text);
        cr_expect(fabs(v.x - n * (n + 2.0)) <= v.error, "%d: %g", n, v.x);
    }
}

Test(chance, what_is_averaged_keeps_its_value)
{
    normal("\\varepsilon");
    normal("\\eta");
    dm_page_draw(page);
    double before = number("\\varepsilon"), other = number("\\eta");

    value("\\mathbb E[\\varepsilon^2\\eta]");
    value("\\mathbb E[\\varepsilon \\mid \\varepsilon+\\eta=3]");
    value("\\mathbb E[\\varepsilon\\eta \\mid \\eta=3]");
    cr_expect(eq(dbl, number("\\varepsilon"), before));
    cr_expect(eq(dbl, number("\\eta"), other));
}

Test(chance, a_mean_of_vectors_is_a_vector)
{
    declare(DM_DIMENSION, "d", 0, NULL, NULL);
    declare(DM_NORMAL, "z", 0, "d", NULL);
    declare(DM_MATRIX, "A", 0, "d", NULL);
    declare(DM_VECTOR, "\\mu", 0, "d", NULL);
    declare(DM_IDENTITY, "I", 0, "d", NULL);

    always_equal("\\mathbb E[\\mu+Az]", "\\mu");
    always_equal("\\mathrm{Var}[\\mu+Az]", "AA^{\\mathsf T}");
    always_equal("\\mathrm{Cov}[Az, z]", "A");
    always_equal("\\mathbb E[zz^{\\mathsf T}]", "I");
    always_equal("\\mathbb E\\|Az\\|^2", "\\operatorname{tr}(A^{\\mathsf T}A)");
}

/* --- means given something ------------------------------------------------------------ */

Test(chance, two_normals_given_their_sum_have_the_law_of_the_book)
{
    normal("\\varepsilon");
    normal("\\eta");
    number_in("a", "0.5", "1.5");
    number_in("b", "0.5", "1.5");
    number_in("y", "-2", "2");
    define("Y", "a\\varepsilon+b\\eta");

    always_equal("\\mathbb E[\\varepsilon \\mid Y=y]", "\\frac{ay}{a^2+b^2}");
    always_equal("\\mathbb E[\\varepsilon \\mid Y]", "\\frac{aY}{a^2+b^2}");
    always_equal("\\mathrm{Var}[\\varepsilon \\mid Y=y]",
                 "\\frac{b^2}{a^2+b^2}");
    always_equal("\\mathrm{Cov}[\\varepsilon, \\eta \\mid Y=y]",
                 "-\\frac{ab}{a^2+b^2}");
    always_equal("\\mathbb E[e^{\\varepsilon} \\mid Y=y]",
                 "e^{\\frac{2ay+b^2}{2(a^2+b^2)}}");
    always_equal("\\mathbb E[Y \\mid Y=y]", "y");
    always_equal("\\mathbb E[Y \\mid \\varepsilon=y]", "ay");
    always_equal("\\mathbb E[\\varepsilon \\mid Y=y, \\eta=1]",
                 "\\frac{y-b}{a}");
}

/* The symbol behind the bar is random in the mean and a number outside it. */
Test(chance, what_is_given_may_be_bound)
{
    normal("\\varepsilon");
    normal("\\eta");
    define("Y", "\\varepsilon+\\eta");
    define_function("D", "D(Y)", "\\mathbb E[\\varepsilon \\mid Y]");

    always_equal("D(3)", "1.5");
    always_equal("D(Y)", "\\frac{Y}{2}");
    always_equal("\\int_0^2\\mathbb E[\\varepsilon \\mid Y]\\,dY", "1");
    always_equal("\\frac{d}{dY}\\mathbb E[\\varepsilon \\mid Y]", "\\frac12");
}

Test(chance, several_conditions_are_solved_together)
{
    normal("u");
    normal("v");
    normal("w");
    number_in("x", "-2", "2");
    number_in("y", "-2", "2");

    /* u + v = x and v + w = y: (u, v, w) = (x, 0, y) + s (1, -1, 1), whose
     * density is largest at s = -(x + y)/3. */
    always_equal("\\mathbb E[u \\mid u+v=x, v+w=y]", "\\frac{2x-y}{3}");
    always_equal("\\mathbb E[v \\mid u+v=x, v+w=y]", "\\frac{x+y}{3}");
    always_equal("\\mathrm{Var}[v \\mid u+v=x, v+w=y]", "\\frac13");
}

Test(chance, vectors_are_conditioned_by_linear_algebra)
{
    declare(DM_DIMENSION, "d", 0, NULL, NULL);
    declare(DM_NORMAL, "z", 0, "d", NULL);
    declare(DM_NORMAL, "w", 0, "d", NULL);
    declare(DM_MATRIX, "A", 0, "d", NULL);
    declare(DM_IDENTITY, "I", 0, "d", NULL);
    declare(DM_VECTOR, "y", 0, "d", NULL);
    define("Y", "Az+w");
    define("G", "A^{\\mathsf T}(AA^{\\mathsf T}+I)^{-1}");

    always_equal("\\mathbb E[z \\mid Y=y]", "Gy");
    always_equal("\\mathrm{Var}[z \\mid Y=y]", "I-GA");
    is_law("z \\mid Y", "GY", "I-GA");
}

Test(chance, a_mixture_seen_through_noise_has_the_posterior_of_the_book)
{
    mixture_source();

    always_equal("\\mathbb E[X]", "0.75");
    always_equal("\\mathrm{Var}[X]", "0.3\\cdot 0.5+0.7\\cdot 0.8+"
                                     "0.3\\cdot 0.7\\cdot 2.5^2");
    always_equal("\\mathbb E[X \\mid Y=y]",
                 "\\frac{n_1(y)m_1(y)+n_2(y)m_2(y)}{n_1(y)+n_2(y)}");
    always_equal("\\mathbb E[X^2 \\mid Y=y]",
                 "\\frac{n_1(y)(m_1(y)^2+v_1)+n_2(y)(m_2(y)^2+v_2)}"
                 "{n_1(y)+n_2(y)}");
    always_equal("\\mathbb E[\\varepsilon \\mid Y=y]",
                 "\\frac{y-a\\mathbb E[X \\mid Y=y]}{c}");
    always_equal("\\mathbb E[Y \\mid X=y]", "ay");
    always_equal("\\mathrm{Var}[Y \\mid X]", "c^2");
    always_equal("\\mathrm{Cov}[X, Y]", "a\\mathrm{Var}[X]");
}

/* Tweedie (1956): the posterior mean from the slope of the log density. */
Test(chance, the_posterior_mean_is_that_of_tweedies_formula)
{
    mixture_source();
    define_function("s", "s(y)", "\\frac{d}{dy}\\ln(n_1(y)+n_2(y))");

    always_equal("\\mathbb E[X \\mid Y=y]", "\\frac{y+c^2s(y)}{a}");
    always_equal("\\mathbb E[\\varepsilon \\mid Y=y]", "-cs(y)");
}

/* --- laws of iterated means ------------------------------------------------------------- */

Test(chance, the_mean_of_a_conditional_mean_is_the_mean)
{
    chain();
    number_in("x_0", "-2", "2");

    always_equal("\\mathbb E[\\mathbb E[x_{t-1} \\mid x_t]]",
                 "\\sqrt{\\bar\\alpha_{t-1}}x_0");
    always_equal("\\mathbb E[x_t\\mathbb E[x_{t-1} \\mid x_t]]",
                 "\\mathbb E[x_tx_{t-1}]");
    always_equal("\\mathbb E[\\mathrm{Var}[x_{t-1} \\mid x_t]]+"
                 "\\mathrm{Var}[\\mathbb E[x_{t-1} \\mid x_t]]",
                 "1-\\bar\\alpha_{t-1}");
    always_equal("\\mathbb E[\\mathbb E[x_1 \\mid x_2] \\mid x_3]",
                 "\\mathbb E[x_1 \\mid x_3]");
}

Test(chance, a_mean_is_a_number_in_a_mean)
{
    normal("\\varepsilon");

    equal("\\mathbb E[\\varepsilon^2\\mathbb E[\\varepsilon^2]]", "1");
    equal("\\mathrm{Var}[\\varepsilon+\\mathbb E[\\varepsilon^4]]", "1");
}

/* --- densities that follow --------------------------------------------------------------- */

Test(chance, a_chain_has_the_densities_of_the_book)
{
    chain();
    number_in("x_0", "-2", "2");

    always_equal("q(x_t \\mid x_{t-1})",
                 "\\mathcal N(x_t; \\sqrt{1-\\beta_t}x_{t-1}, \\beta_t)");
    always_equal("q(x_t \\mid x_0)",
                 "\\mathcal N(x_t; \\sqrt{\\bar\\alpha_t}x_0, "
                 "1-\\bar\\alpha_t)");
    always_equal("q(x_3 \\mid x_1)",
                 "\\mathcal N(x_3; \\sqrt{(1-\\beta_3)(1-\\beta_2)}x_1, "
                 "1-(1-\\beta_3)(1-\\beta_2))");
    always_equal("q(x_t, x_{t-1} \\mid x_0)",
                 "q(x_t \\mid x_{t-1})q(x_{t-1} \\mid x_0)");
}

Test(chance, a_chain_forgets_all_but_its_last_state)
{
    chain();
    number_in("x_0", "-2", "2");

    always_equal("q(x_t \\mid x_{t-1}, x_0)", "q(x_t \\mid x_{t-1})");
    always_equal("q(x_4 \\mid x_3, x_1)", "q(x_4 \\mid x_3)");
    always_equal("q(x_1 \\mid x_2, x_4)", "q(x_1 \\mid x_2)");
    always_equal("\\mathbb E[x_4 \\mid x_3, x_2]", "\\sqrt{1-\\beta_4}x_3");
}

Test(chance, bayes_holds)
{
    chain();
    number_in("x_0", "-2", "2");

    always_equal("q(x_{t-1} \\mid x_t, x_0)",
                 "\\frac{q(x_t \\mid x_{t-1})q(x_{t-1} \\mid x_0)}"
                 "{q(x_t \\mid x_0)}");
}

/* An integral over a symbol that is defined holds the others where they are. */
Test(chance, an_integral_over_a_state_is_one_over_a_number)
{
    chain();
    number_in("x_0", "-2", "2");

    always_equal("\\int q(x_{t-1} \\mid x_t, x_0)\\,dx_{t-1}", "1");
    always_equal("\\int q(x_t \\mid x_{t-1})q(x_{t-1} \\mid x_0)\\,dx_{t-1}",
                 "q(x_t \\mid x_0)");
    always_equal("\\int x_{t-1}q(x_{t-1} \\mid x_t, x_0)\\,dx_{t-1}",
                 "\\mathbb E[x_{t-1} \\mid x_t]");
    always_equal("\\mathbb E_{q(x_{t-1} \\mid x_t, x_0)}[x_{t-1}]",
                 "\\mathbb E[x_{t-1} \\mid x_t]");
}

Test(chance, a_mixture_seen_through_noise_has_the_densities_of_the_book)
{
    mixture_source();

    always_equal("q(X)", "p(X)");
    always_equal("q(\\varepsilon)", "\\mathcal N(\\varepsilon; 0, 1)");
    always_equal("q(Y \\mid X)", "\\mathcal N(Y; aX, c^2)");
    always_equal("q(Y)", "n_1(Y)+n_2(Y)");
    always_equal("q(X \\mid Y)", "\\frac{n_1(Y)\\mathcal N(X; m_1(Y), v_1)+"
                                 "n_2(Y)\\mathcal N(X; m_2(Y), v_2)}"
                                 "{n_1(Y)+n_2(Y)}");
    always_equal("q(X, Y)", "p(X)\\mathcal N(Y; aX, c^2)");
}

Test(chance, a_vector_has_a_density)
{
    declare(DM_DIMENSION, "d", 0, NULL, NULL);
    declare(DM_NORMAL, "z", 0, "d", NULL);
    declare(DM_VECTOR, "x_0", 0, "d", NULL);
    declare(DM_IDENTITY, "I", 0, "d", NULL);
    number_in("c", "0.5", "1.5");
    declare(DM_DENSITY, "q", 0, NULL, NULL);
    define("Y", "3x_0+cz");

    always_equal("q(Y \\mid x_0)", "\\mathcal N(Y; 3x_0, c^2I)");
    always_equal("\\nabla_Y\\ln q(Y \\mid x_0)", "-\\frac{z}{c}");
}

Test(chance, far_out_the_logarithm_of_a_density_keeps_its_digits)
{
    normal("\\varepsilon");
    normal("\\eta");
    number_in("x", "70", "80");
    declare(DM_DENSITY, "q", 0, NULL, NULL);
    define("Y", "x+\\varepsilon+\\eta");
    define_function("f", "f(Y)", "\\ln q(Y)");

    dm_page_draw(page);
    equal("f(0)", "-\\frac{x^2}{4}-\\frac12\\ln(4\\pi)");
}

/* --- laws --------------------------------------------------------------------------------- */

Test(chance, an_affine_tree_has_the_law_of_its_normals)
{
    normal("\\varepsilon");
    normal("\\eta");
    number_in("a", "0.5", "1.5");
    declare(DM_MATRIX, "A", 0, "3", NULL);
    declare(DM_VECTOR, "\\mu", 0, "3", NULL);
    declare(DM_NORMAL, "z", 0, "3", NULL);

    is_law("7+a\\varepsilon-2\\eta", "7", "a^2+4");
    is_law("a", "a", "0");
    is_law("\\mu+Az", "\\mu", "AA^{\\mathsf T}");
    is_law("\\varepsilon \\mid \\varepsilon+a\\eta",
           "\\frac{\\varepsilon+a\\eta}{1+a^2}", "\\frac{a^2}{1+a^2}");
    is_law("\\varepsilon+\\eta \\mid \\eta", "\\eta", "1");
}

Test(chance, what_is_not_affine_has_no_law_here)
{
    static const char *const others[] = { "\\varepsilon^2", "\\varepsilon\\eta",
                                          "|\\varepsilon|", "e^{\\varepsilon}",
                                          "\\varepsilon+\\eta^3-\\eta" };
    dm_value m, v;

    normal("\\varepsilon");
    normal("\\eta");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cr_expect(eq(int, dm_page_law(page, tree(others[i]), &m, &v), 0));
        cr_expect(strstr(dm_page_why(page), "not affine") != NULL, "%s: %s",
                  others[i], dm_page_why(page));
    }
    mixture_source();
    cr_expect(eq(int, dm_page_law(page, tree("Y"), &m, &v), 0));
    cr_expect(strstr(dm_page_why(page), "not normal") != NULL, "%s",
              dm_page_why(page));
}

/* --- means over a law that is written --------------------------------------------------------- */

Test(chance, a_mean_may_name_its_law)
{
    mixture_source();
    number_in("m", "-1", "1");
    number_in("v", "0.5", "2");

    always_equal("\\mathbb E_{w \\sim \\mathcal N(m, v)}[w^3]", "m^3+3mv");
    always_equal("\\mathrm{Var}_{w \\sim \\mathcal N(m, v)}[w^2]",
                 "4m^2v+2v^2");
    always_equal("\\mathbb E_{w \\sim p}[w]", "0.75");
    always_equal("\\mathrm{Var}_{w \\sim p}[w]", "\\mathrm{Var}[X]");
    always_equal("\\mathbb E_{w \\sim p}[mw]", "0.75m");
}

Test(chance, a_mean_may_be_over_a_law_of_vectors)
{
    declare(DM_DIMENSION, "d", 0, NULL, NULL);
    declare(DM_POSITIVE, "S", 0, "d", NULL);
    declare(DM_VECTOR, "\\mu", 0, "d", NULL);
    number_in("v", "0.5", "2");

    always_equal("\\mathbb E_{x \\sim \\mathcal N(\\mu, S)}[x]", "\\mu");
    always_equal("\\mathbb E_{x \\sim \\mathcal N(\\mu, S)}"
                 "[(x-\\mu)(x-\\mu)^{\\mathsf T}]",
                 "S");
    always_equal("\\mathbb E_{x \\sim \\mathcal N(\\mu, v)}\\|x\\|^2",
                 "\\|\\mu\\|^2+dv");
}

/* --- divergences ---------------------------------------------------------------------------------- */

Test(chance, the_divergence_of_two_gaussians_is_that_of_the_book)
{
    number_in("m", "-1", "1");
    number_in("v", "0.5", "2");
    number_in("n", "-1", "1");
    number_in("u", "0.5", "2");

    always_equal("1+D_{\\mathrm{KL}}(\\mathcal N(m, v) \\,\\|\\, "
                 "\\mathcal N(n, u))",
                 "1+\\frac12\\left(\\frac vu-1-\\ln\\frac vu+"
                 "\\frac{(m-n)^2}{u}\\right)");
}

Test(chance, the_divergence_of_two_gaussian_vectors_is_that_of_the_book)
{
    declare(DM_DIMENSION, "d", 0, NULL, NULL);
    declare(DM_POSITIVE, "S", 0, "d", NULL);
    declare(DM_POSITIVE, "R", 0, "d", NULL);
    declare(DM_VECTOR, "\\mu", 0, "d", NULL);
    declare(DM_VECTOR, "\\nu", 0, "d", NULL);

    always_equal("1+D_{\\mathrm{KL}}(\\mathcal N(\\mu, S) \\,\\|\\, "
                 "\\mathcal N(\\nu, R))",
                 "1+\\frac12\\left(\\operatorname{tr}(R^{-1}S)-d+"
                 "(\\mu-\\nu)^{\\mathsf T}R^{-1}(\\mu-\\nu)+"
                 "\\ln\\frac{\\det R}{\\det S}\\right)");
}

Test(chance, a_divergence_is_zero_from_itself_and_else_positive)
{
    mixture_source();
    define_function("r", "r(w)", "\\mathcal N(w; 0.75, 2)");

    dm_page_draw(page);
    dm_value none = value("D_{\\mathrm{KL}}(p \\,\\|\\, p)");
    cr_expect(fabs(none.x) <= none.error, "%g to %g", none.x, none.error);
    cr_expect(number("D_{\\mathrm{KL}}(p \\,\\|\\, r)") > 0.01);
    cr_expect(number("D_{\\mathrm{KL}}(r \\,\\|\\, p)") > 0.01);
}

Test(chance, the_divergence_of_a_mixture_is_its_integral)
{
    mixture_source();
    define_function("r", "r(w)", "\\mathcal N(w; 0.75, 2)");

    equal("1+D_{\\mathrm{KL}}(p \\,\\|\\, r)",
          "1+\\int p(w)\\ln\\frac{p(w)}{r(w)}\\,dw");
    equal("D_{\\mathrm{KL}}(p \\,\\|\\, \\mathcal N(0.75, 2))",
          "D_{\\mathrm{KL}}(p \\,\\|\\, r)");
    equal("1+D_{\\mathrm{KL}}(q(Y \\mid X) \\,\\|\\, \\mathcal N(0, 1))",
          "1+\\frac12(c^2-1-\\ln c^2+a^2X^2)");
}

/* --- what has no answer -------------------------------------------------------------------------------- */

Test(chance, a_density_is_one_of_symbols_that_have_a_law)
{
    chain();
    number_in("x_0", "-2", "2");

    refused("q", "is a density");
    refused("q(2x_t)", "of symbols only");
    refused("q(x_0)", "x has no law");
    refused("q(x_0 \\mid x_t)", "x has no law");
    refused("q(x_t \\mid 2x_0)", "of symbols only");
    refused("q(x_t \\mid w)", "neither declared nor defined");
}

Test(chance, a_condition_must_leave_a_density)
{
    mixture_source();
    number_in("m", "-1", "1");
    define("W", "2m");
    define("U", "\\varepsilon^2");
    declare(DM_NORMAL, "z", 0, "2", NULL);

    refused("q(W)", "leaves nothing to chance");
    refused("\\mathbb E[\\varepsilon \\mid U=1]", "not affine");
    refused("\\mathbb E[\\varepsilon \\mid z=1]", "another shape");
}

Test(chance, sources_and_conditions_are_few)
{
    declare(DM_INTEGER, "k", 0, "1", "20");
    declare(DM_NORMAL, "\\varepsilon_k", 1, NULL, NULL);
    define_function("p", "p(w)", "\\mathcal N(w; 0, 1)");
    declare(DM_RANDOM, "A", 0, "p", NULL);
    declare(DM_RANDOM, "B", 0, "p", NULL);
    declare(DM_RANDOM, "C", 0, "p", NULL);

    refused("\\mathbb E[\\sum_{k=1}^{17}\\varepsilon_k]",
            "more than 16 normals");
    refused("\\mathbb E[A+B+C]", "more than 2 symbols with densities");
    refused("\\mathbb E[A \\mid \\varepsilon_1, \\varepsilon_2, "
            "\\varepsilon_3, \\varepsilon_4, \\varepsilon_5]",
            "more than 4 conditions");
}

Test(chance, a_law_is_a_name_or_written_out)
{
    number_in("m", "-1", "1");
    declare(DM_VECTOR, "\\mu", 0, "3", NULL);
    declare(DM_POSITIVE, "S", 0, "2", NULL);

    refused("\\mathbb E_{w \\sim m}[w]", "not a function of 1 argument");
    refused("\\mathbb E_{w \\sim 2m}[w]", "expected a law");
    refused("\\mathbb E_{w \\sim \\mathcal N(m; 0, 1)}[w]", "expected a law");
    refused("\\mathbb E_{w \\sim \\mathcal N(\\mu, S)}[w]", "do not fit");
    refused("D_{\\mathrm{KL}}(2m \\,\\|\\, \\mathcal N(0, 1))",
            "expected a law");
}

Test(chance, the_shape_of_what_is_given_is_the_shape_of_its_value)
{
    declare(DM_NORMAL, "z", 0, "2", NULL);
    declare(DM_NORMAL, "w", 0, "2", NULL);
    declare(DM_VECTOR, "u", 0, "3", NULL);

    refused("\\mathbb E[z \\mid z=u]", "another shape");
    refused("\\mathbb E[z \\mid z+w=u]", "another shape");
}
