/* Properties of src/latex.c. */
#define _DEFAULT_SOURCE /* M_PI */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "latex.h"

static dm_tex_reader *reader;

static int is_function(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "f") == 0 || strcmp(name, "q_t") == 0;
}

static void open_reader(void)
{
    reader = dm_tex_new(is_function, NULL);
    cr_assert(reader != NULL);
}

static void close_reader(void)
{
    dm_tex_free(reader);
}

TestSuite(latex, .init = open_reader, .fini = close_reader);

enum { TEXT = 4000 };

static const char *why; /* of the last error */
static size_t place;

static const dm_tex *tree_of(const char *text)
{
    return dm_tex_read(reader, text, strlen(text), &why, &place);
}

static void print(char *out, const char *text)
{
    size_t used = strlen(out);

    snprintf(out + used, TEXT - used, "%s", text);
}

/* What a node is called in prefix form. */
static const char *operator_of(const dm_tex *t)
{
    static const char *const operators[] = {
        [DM_TEX_ADD] = "+",           [DM_TEX_SUBTRACT] = "-",
        [DM_TEX_MULTIPLY] = "*",      [DM_TEX_DIVIDE] = "/",
        [DM_TEX_POWER] = "^",         [DM_TEX_NEGATE] = "-",
        [DM_TEX_FUNCTION] = "",       [DM_TEX_CALL] = "call ",
        [DM_TEX_SLOPE] = "slope ",    [DM_TEX_NORMAL] = "N",
        [DM_TEX_INTEGRAL] = "int ",   [DM_TEX_SUM] = "sum ",
        [DM_TEX_PRODUCT] = "prod ",   [DM_TEX_DERIVATIVE] = "d/d",
        [DM_TEX_PARTIAL] = "del/del", [DM_TEX_GRADIENT] = "grad ",
        [DM_TEX_FLUX] = "div ",       [DM_TEX_BETWEEN] = "between ",
        [DM_TEX_CASES] = "cases",     [DM_TEX_RELATION] = "",
        [DM_TEX_MEAN] = "E",          [DM_TEX_AVERAGE] = "E over ",
        [DM_TEX_KL] = "KL",           [DM_TEX_GIVEN] = "given",
    };

    if (t->kind == DM_TEX_MULTIPLY && t->number == 1.0)
        return ".";
    if (t->kind == DM_TEX_NORMAL && t->n == 2)
        return "law";
    return operators[t->kind];
}

/* Prefix form: an operator, what its name and index are, and its children; a
 * symbol is its name_index, a derivative of order 2 has its 2 behind the name,
 * and a \mid in a call is a bar. */
static void print_tree(char *out, const dm_tex *t)
{
    char number[40];

    if (t->kind == DM_TEX_NUMBER) {
        snprintf(number, sizeof number, "%g", t->number);
        print(out, t->number == M_PI ? "pi" : number);
        return;
    }
    if (t->kind != DM_TEX_SYMBOL) {
        print(out, "(");
        print(out, operator_of(t));
    }
    print(out, t->name);
    print(out, t->index[0] == '\0' ? "" : "_");
    print(out, t->index);
    if (t->kind == DM_TEX_SYMBOL)
        return;
    snprintf(number, sizeof number, " ^%g", t->number);
    print(out, t->kind != DM_TEX_CALL && t->number > 1.0 ? number : "");
    for (size_t i = 0; i < t->n; i++) {
        int bar = t->kind == DM_TEX_CALL && i > 0 && t->number == (double)i;
        print(out, bar ? " | " : " ");
        print_tree(out, t->child[i]);
    }
    print(out, ")");
}

static const char *read_as(const char *text)
{
    static char out[TEXT];
    const dm_tex *t = tree_of(text);

    out[0] = '\0';
    if (t == NULL)
        print(out, why);
    else
        print_tree(out, t);
    return out;
}

/* Pairs of a formula and its tree. */
static void all_read(size_t n, const char *const pair[][2])
{
    for (size_t i = 0; i < n; i++)
        cr_expect(eq(str, (char *)read_as(pair[i][0]), (char *)pair[i][1]),
                  "%s", pair[i][0]);
}

#define ALL_READ(...)                                                          \
    do {                                                                       \
        static const char *const pairs[][2] = { __VA_ARGS__ };                 \
        all_read(sizeof pairs / sizeof *pairs, pairs);                         \
    } while (0)

/* The index of a symbol as a tree, "" if it is only a name. */
static const char *index_as(const char *text)
{
    static char out[TEXT];
    const dm_tex *t = tree_of(text);

    out[0] = '\0';
    cr_assert(t != NULL && t->kind == DM_TEX_SYMBOL, "%s", text);
    if (t->n > 0)
        print_tree(out, t->child[0]);
    return out;
}

/* Whether the text is refused with a reason that begins so, there. */
static int refused(const char *text, const char *reason, size_t at)
{
    if (tree_of(text) == NULL && strncmp(why, reason, strlen(reason)) == 0 &&
        place == at)
        return 1;
    fprintf(stderr, "%s: %s at %zu\n", text, why == NULL ? "read" : why, place);
    return 0;
}

/* --- sums, products, powers ------------------------------------------------ */

Test(latex, factors_side_by_side_are_a_product)
{
    ALL_READ({ "2ab/c", "(/ (* (* 2 a) b) c)" }, { "a/bc", "(* (/ a b) c)" },
             { "a\\cdot b\\times c", "(* (. a b) c)" },
             { "2(a+b)c", "(* (* 2 (+ a b)) c)" }, { "(a)(b)", "(* a b)" },
             { "a\\cdot-b", "(. a (- b))" }, { "\\frac12 3", "(* (/ 1 2) 3)" },
             { "a/-b", "(/ a (- b))" });
}

Test(latex, a_minus_binds_looser_than_a_product_and_a_power)
{
    ALL_READ({ "-x^2", "(- (^ x 2))" }, { "a-b-c", "(- (- a b) c)" },
             { "a-b+c", "(+ (- a b) c)" }, { "-ab", "(* (- a) b)" },
             { "a+bc^2", "(+ a (* b (^ c 2)))" }, { "--x", "(- (- x))" },
             { "+x", "x" }, { "(-x)^2", "(^ (- x) 2)" });
}

Test(latex, a_power_takes_a_digit_a_symbol_or_a_group)
{
    ALL_READ({ "x^2y", "(* (^ x 2) y)" }, { "x^{n+1}", "(^ x (+ n 1))" },
             { "2^n", "(^ 2 n)" }, { "x_t^2", "(^ x_t 2)" },
             { "x^\\alpha", "(^ x \\alpha)" }, { "(a+b)^2", "(^ (+ a b) 2)" },
             { "x ^ 2", "(^ x 2)" }, { "x^{-1}", "(^ x (- 1))" },
             { "x^10", "(* (^ x 1) 0)" });
}

Test(latex, numbers_have_at_most_one_point)
{
    ALL_READ({ "0.008", "0.008" }, { ".5x", "(* 0.5 x)" }, { "12", "12" },
             { "\\pi", "pi" }, { "\\infty", "inf" });
    cr_expect(refused("1.2.3", "expected a number", 5));
    cr_expect(refused("x.y", "expected a number", 2));
    cr_expect(refused("10\\,000", "a number with a gap", 4));
}

Test(latex, a_fraction_needs_no_braces_around_one_thing)
{
    ALL_READ({ "\\frac12", "(/ 1 2)" }, { "\\frac1{v_1}", "(/ 1 v_1)" },
             { "\\frac{a}b", "(/ a b)" }, { "\\tfrac12x", "(* (/ 1 2) x)" },
             { "\\dfrac{a+b}{c}", "(/ (+ a b) c)" },
             { "\\frac{\\frac12}{3}", "(/ (/ 1 2) 3)" },
             { "\\frac\\alpha\\beta", "(/ \\alpha \\beta)" });
}

Test(latex, a_root_is_a_square_root)
{
    ALL_READ({ "\\sqrt2", "(sqrt 2)" }, { "\\sqrt v\\,x", "(* (sqrt v) x)" },
             { "\\sqrt{1-\\bar\\alpha_t}", "(sqrt (- 1 \\bar\\alpha_t))" },
             { "\\sqrt{2\\pi v}", "(sqrt (* (* 2 pi) v))" });
    cr_expect(refused("\\sqrt[3]{x}", "expected a square root", 5));
}

/* --- functions --------------------------------------------------------------- */

Test(latex, a_function_without_brackets_takes_the_product_that_follows)
{
    ALL_READ({ "\\sin u\\cos w", "(* (sin u) (cos w))" },
             { "\\ln 2\\pi", "(ln (* 2 pi))" },
             { "\\ln 2\\pi v+1", "(+ (ln (* (* 2 pi) v)) 1)" },
             { "\\ln\\frac{a}{b}", "(ln (/ a b))" },
             { "\\ln x^2", "(ln (^ x 2))" },
             { "\\sin 2x^2", "(sin (* 2 (^ x 2)))" },
             { "\\ln\\sigma_t^2", "(ln (^ \\sigma_t 2))" },
             { "2\\ln\\sqrt v", "(* 2 (ln (sqrt v)))" },
             { "\\ln\\mathcal N(x; 0, 1)", "(ln (N x 0 1))" },
             { "\\log x", "(ln x)" });
}

Test(latex, a_function_with_brackets_takes_what_is_in_them)
{
    ALL_READ(
        { "\\exp(a)b", "(* (exp a) b)" },
        { "\\exp\\left(-\\frac{x}{2}\\right)^2", "(^ (exp (- (/ x 2))) 2)" },
        { "\\exp\\{a\\}b", "(* (exp a) b)" },
        { "\\tanh[a]b", "(* (tanh a) b)" },
        { "\\ln|x|y", "(* (ln (abs x)) y)" }, { "\\ln(a)(b)", "(* (ln a) b)" });
}

Test(latex, the_power_of_a_function_is_of_its_value)
{
    ALL_READ({ "\\cos^2\\theta_{t-1}", "(^ (cos \\theta_t-1) 2)" },
             { "\\sin^2 u\\cos^2 w", "(* (^ (sin u) 2) (^ (cos w) 2))" },
             { "\\cos^2(u+w)", "(^ (cos (+ u w)) 2)" });
}

Test(latex, e_to_a_power_is_the_exponential)
{
    ALL_READ({ "e^{-x}y", "(* (exp (- x)) y)" }, { "e^2", "(exp 2)" },
             { "2e^{x}", "(* 2 (exp x))" }, { "e", "e" });
}

Test(latex, bars_are_the_absolute_value)
{
    ALL_READ({ "|x|", "(abs x)" }, { "2|x|y", "(* (* 2 (abs x)) y)" },
             { "|a-b|^2", "(^ (abs (- a b)) 2)" },
             { "||x|-1|", "(abs (- (abs x) 1))" },
             { "\\left|x\\right|", "(abs x)" });
}

Test(latex, min_and_max_have_two_arguments)
{
    ALL_READ({ "\\min(a, b)", "(min a b)" },
             { "\\max\\!\\left(1-x,\\; 0.999\\right)", "(max (- 1 x) 0.999)" });
    cr_expect(refused("\\min(a)", "expected ,", 6));
    cr_expect(refused("\\min x", "expected (", 5));
}

Test(latex, a_function_of_the_page_is_called_and_a_symbol_multiplied)
{
    ALL_READ({ "f(x)", "(call f x)" }, { "g(x)", "(* g x)" },
             { "f(x)^2", "(^ (call f x) 2)" },
             { "f\\left(x\\right)", "(call f x)" },
             { "\\frac{f(t)}{f(t-1)}", "(/ (call f t) (call f (- t 1)))" },
             { "f(x, y; z)", "(call f x y z)" },
             { "f(x \\mid y)", "(call f x | y)" }, { "q_t(x)", "(call q_t x)" },
             { "q_s(x)", "(* q_s x)" }, { "f", "f" });
    cr_expect(refused("f(a,b,c,d,e,g,h)", "too many arguments", 14));
    cr_expect(refused("f()", "cannot read", 2));
}

/* --- names ---------------------------------------------------------------------- */

Test(latex, accents_primes_stars_and_fonts_but_roman_are_of_the_name)
{
    ALL_READ({ "\\bar\\alpha_t", "\\bar\\alpha_t" },
             { "\\bar{\\alpha}_{t}", "\\bar\\alpha_t" },
             { "\\tilde{\\mathbf x}", "\\tilde\\mathbf x" },
             { "\\mathbf{x}", "\\mathbf x" }, { "\\mathcal L", "\\mathcal L" },
             { "\\boldsymbol\\mu", "\\boldsymbol\\mu" }, { "x'", "x'" },
             { "x''", "x''" }, { "x^*", "x*" }, { "x^{\\star}_t", "x*_t" },
             { "x_t'", "x'_t" }, { "\\mathrm{logSNR}_t", "logSNR_t" },
             { "\\hat x", "\\hat x" }, { "\\bar x y", "(* \\bar x y)" });
}

Test(latex, an_index_is_a_tree_if_it_is_a_formula)
{
    cr_expect(eq(str, (char *)index_as("\\beta_{t-1}"), "(- t 1)"));
    cr_expect(eq(str, (char *)index_as("\\beta_{t - 1}"), "(- t 1)"));
    cr_expect(eq(str, (char *)index_as("x_0"), "0"));
    cr_expect(eq(str, (char *)index_as("x_{2t}"), "(* 2 t)"));
    cr_expect(eq(str, (char *)index_as("x_{s_1}"), "s_1"));
    cr_expect(eq(str, (char *)index_as("\\epsilon_\\theta"), "\\theta"));
    cr_expect(eq(str, (char *)index_as("x_{a,b}"), ""));
    cr_expect(eq(str, (char *)index_as("x"), ""));
    ALL_READ({ "x_{t+1}", "x_t+1" }, { "x_{a,b}", "x_a,b" },
             { "x_{t}y", "(* x_t y)" }, { "x_12", "(* x_1 2)" });
}

Test(latex, a_name_that_does_not_fit_is_refused_and_not_cut)
{
    char text[300] = "";

    strcpy(text, "x_{");
    memset(text + 3, 'a', 66);
    strcpy(text + 69, "}");
    cr_expect(tree_of(text) == NULL && strstr(why, "too long") != NULL);
    strcpy(text, "x");
    for (int i = 0; i < 70; i++)
        strcat(text, "'");
    cr_expect(tree_of(text) == NULL && strstr(why, "too long") != NULL);
}

Test(latex, spacing_and_the_size_of_brackets_mean_nothing)
{
    ALL_READ({ "\\left(a\\,b\\right)", "(* a b)" },
             { "\\bigl[ a \\;+\\! b\\bigr]", "(+ a b)" },
             { "a~b & c", "(* (* a b) c)" },
             { "\\displaystyle\\Big(a\\Big)", "a" },
             { "\\{a+b\\}c", "(* (+ a b) c)" }, { "{a}{b}", "(* a b)" },
             { "\\boxed{a+b}", "(+ a b)" });
    cr_expect(refused("\\leftx", "cannot read", 0));
}

/* --- integrals, sums, derivatives, means ------------------------------------------ */

Test(latex, an_integral_ends_at_its_own_differential)
{
    ALL_READ(
        { "\\int_0^1 x\\,dx", "(int x 0 1 x)" },
        { "\\int x\\,\\mathrm{d}x", "(int x (- inf) inf x)" },
        { "\\int_{-\\infty}^{\\infty}a+b\\,dx", "(int x (- inf) inf (+ a b))" },
        { "\\int_0^1 dx", "(int x 0 1 1)" },
        { "\\int_0^1 2dx", "(int x 0 1 2)" },
        { "\\int_0^1 x\\,dx\\,y", "(* (int x 0 1 x) y)" },
        { "\\int_a^b\\ln x\\,dx", "(int x a b (ln x))" },
        { "\\int_0^1 x_{t-1}\\,dx_{t-1}", "(int x_t-1 0 1 x_t-1 (- t 1))" });
}

Test(latex, nested_integrals_have_a_variable_each)
{
    ALL_READ({ "\\int_0^1\\int_0^x y\\,dy\\,dx", "(int x 0 1 (int y 0 x y))" },
             { "\\int_0^1 x\\left(\\int_0^2 y\\,dy\\right)dx",
               "(int x 0 1 (* x (int y 0 2 y)))" },
             { "\\int_0^1\\int_0^1\\int_0^1 xyz\\,dx\\,dy\\,dz",
               "(int z 0 1 (int y 0 1 (int x 0 1 (* (* x y) z))))" },
             { "\\int_0^1\\frac{\\int_0^2 y\\,dy}{x}\\,dx",
               "(int x 0 1 (/ (int y 0 2 y) x))" });
}

Test(latex, a_sum_of_integrals_is_a_sum)
{
    ALL_READ({ "\\int_0^1 x\\,dx+\\int_0^1 y\\,dy",
               "(+ (int x 0 1 x) (int y 0 1 y))" },
             { "\\int_0^1 x\\,dx\\int_0^1 x\\,dx",
               "(* (int x 0 1 x) (int x 0 1 x))" },
             { "\\int_0^1 x\\,dx-a", "(- (int x 0 1 x) a)" });
}

Test(latex, the_body_of_a_sum_or_product_ends_at_plus_and_minus)
{
    ALL_READ({ "\\sum_{k=1}^K w_k a+b", "(+ (sum k 1 K (* w_k a)) b)" },
             { "\\prod_{s=1}^{t}(1-\\beta_s)-1",
               "(- (prod s 1 t (- 1 \\beta_s)) 1)" },
             { "\\sum_{i=0}^{n-1}\\sum_{j=1}^{i} ij",
               "(sum i 0 (- n 1) (sum j 1 i (* i j)))" },
             { "\\sum\\limits_{k=1}^2 -k", "(sum k 1 2 (- k))" },
             { "2\\prod_{k=1}^2 k", "(* 2 (prod k 1 2 k))" });
    cr_expect(refused("\\sum_k k", "expected {", 5));
    cr_expect(refused("\\sum_{k} k", "expected =", 7));
    cr_expect(refused("\\sum_{k=1} k", "expected ^", 11));
    cr_expect(refused("\\sum_{t_1=1}^2 t_1", "expected an index", 9));
}

Test(latex, a_derivative_is_of_the_term_that_follows)
{
    ALL_READ({ "\\frac{d}{dx}x^2y+1", "(+ (d/dx (* (^ x 2) y)) 1)" },
             { "\\frac{\\partial}{\\partial \\mu}\\ln x",
               "(del/del\\mu (ln x))" },
             { "\\frac{\\mathrm{d}}{\\mathrm{d}t}(a+b)", "(d/dt (+ a b))" },
             { "\\frac{d}{dx_t}x_t", "(d/dx_t x_t t)" },
             { "\\frac{d}{2}", "(/ d 2)" }, { "\\frac{da}{dx}", "(d/dx a)" },
             { "\\frac{da}{2x}", "(/ (* d a) (* 2 x))" });
}

Test(latex, a_normal_is_a_density_of_three_and_a_law_of_two)
{
    ALL_READ({ "\\mathcal N(x;\\, \\mu, v)", "(N x \\mu v)" },
             { "\\mathcal{N}\\!\\left(a+b, c\\right)", "(law (+ a b) c)" },
             { "2\\mathcal N(x; 0, 1)y", "(* (* 2 (N x 0 1)) y)" });
    cr_expect(refused("\\mathcal N(x)", "expected ;", 12));
    cr_expect(refused("\\mathcal N(x; m)", "expected ,", 15));
    cr_expect(refused("\\mathcal N x", "expected (", 11));
}

Test(latex, a_mean_is_of_brackets_or_of_one_factor)
{
    ALL_READ({ "\\mathbb E\\,x_t^2y", "(* (E (^ x_t 2)) y)" },
             { "\\mathbb{E}[x+y]z", "(* (E (+ x y)) z)" },
             { "\\mathbb E\\left[x\\right]^2", "(^ (E x) 2)" },
             { "(\\mathbb E x)^2", "(^ (E x) 2)" },
             { "\\mathrm{Var}[x]+1",
               "(+ (- (E (* x (transpose x))) (* (E x) (E (transpose x)))) "
               "1)" });
    cr_expect(refused("\\mathbb E_q x", "expected {", 10));
}

/* --- what is no formula ------------------------------------------------------------- */

Test(latex, what_is_left_open_is_refused_at_the_end)
{
    cr_expect(refused("(a", "expected )", 2));
    cr_expect(refused("[a)", "expected ]", 2));
    cr_expect(refused("\\frac{a}{b", "expected }", 10));
    cr_expect(refused("|a", "expected |", 2));
    cr_expect(refused("x_{t", "a subscript without an end", 4));
    cr_expect(refused("\\{a", "expected \\}", 3));
    cr_expect(refused("\\mathbf{x", "cannot read", 0));
}

Test(latex, what_is_missing_is_refused_where_it_is)
{
    cr_expect(refused("", "cannot read", 0));
    cr_expect(refused("  ", "cannot read", 2));
    cr_expect(refused("a+", "cannot read", 2));
    cr_expect(refused("a/", "cannot read", 2));
    cr_expect(refused("x^", "cannot read", 2));
    cr_expect(refused("x_", "expected a subscript", 2));
    cr_expect(refused("\\frac{a}", "cannot read", 8));
    cr_expect(refused("\\int x", "an integral without its dx", 5));
    cr_expect(refused("\\int_0 x\\,dx", "expected ^", 7));
    cr_expect(refused("\\int\\frac{dx}{x}", "an integral without its dx", 4));
}

Test(latex, what_it_does_not_know_is_refused_there)
{
    cr_expect(refused("a+\\foo b", "cannot read", 2));
    cr_expect(refused("\\sinx", "cannot read", 0));
    cr_expect(refused("\\nabla x", "write \\nabla_x", 7));
    cr_expect(refused("\\log_2 x", "cannot read", 4));
    cr_expect(refused("x = 1", "expected the end", 2));
    cr_expect(refused("a\\le b", "expected the end", 1));
    cr_expect(refused("a)", "expected the end", 1));
    cr_expect(refused("a,", "expected the end", 1));
    cr_expect(
        refused("(x^2)_0^1", "only a bracket [ ] can stand between limits", 5));
}

Test(latex, the_reason_quotes_the_text_there)
{
    cr_expect(tree_of("a + \\foo b") == NULL);
    cr_expect(eq(str, (char *)why, "cannot read at \"\\foo b\""));
}

Test(latex, only_the_length_that_is_given_is_read)
{
    const dm_tex *t = dm_tex_read(reader, "a+bc", 3, &why, &place);

    cr_assert(t != NULL);
    cr_expect(eq(sz, t->n, 2));
    cr_expect(eq(str, t->child[1]->name, "b"));
}

Test(latex, a_reader_reads_on_after_an_error)
{
    cr_expect(tree_of("\\int |(a") == NULL);
    cr_expect(eq(str, (char *)read_as("ad+|b|"), "(+ (* a d) (abs b))"));
}

Test(latex, five_levels_of_nesting_are_read)
{
    ALL_READ({ "\\frac{\\sqrt{\\frac{(\\frac{1}{a_{t-1}})^2}{2}}}{e^{x^2}}",
               "(/ (sqrt (/ (^ (/ 1 a_t-1) 2) 2)) (exp (^ x 2)))" },
             { "(((((a)))))", "a" }, { "x_{a_{b_{c_d}}}", "x_a_{b_{c_d}}" });
}

/* 5000 terms make 9999 nodes, each the left child of the next sum. */
Test(latex, ten_thousand_characters_are_read)
{
    char text[10001];
    size_t terms = 1;

    for (size_t i = 0; i < 10000; i++)
        text[i] = i % 2 == 0 ? 'a' : '+';
    text[9999] = '\0';
    const dm_tex *t = tree_of(text);
    cr_assert(t != NULL);
    for (; t->kind == DM_TEX_ADD; t = t->child[0])
        terms++;
    cr_expect(eq(sz, terms, 5000));
}

/* An expression in DM_TEX_DEPTH - 1 brackets is one of that depth. */
Test(latex, brackets_are_read_to_the_depth_that_is_promised)
{
    enum { DEEPEST = DM_TEX_DEPTH - 1 };
    char text[2 * DEEPEST + 4];

    memset(text, '(', DEEPEST);
    text[DEEPEST] = 'a';
    memset(text + DEEPEST + 1, ')', DEEPEST);
    text[2 * DEEPEST + 1] = '\0';
    cr_expect(eq(str, (char *)read_as(text), "a"));
    text[2 * DEEPEST] = '\0';
    cr_expect(refused(text, "expected )", 2 * DEEPEST));
    memset(text, '(', DM_TEX_DEPTH);
    text[DM_TEX_DEPTH] = 'a';
    memset(text + DM_TEX_DEPTH + 1, ')', DM_TEX_DEPTH);
    text[2 * DM_TEX_DEPTH + 1] = '\0';
    cr_expect(refused(text, "brackets too deep", DM_TEX_DEPTH));
    cr_expect(eq(str, (char *)read_as("(a)"), "a"));
}

/* --- the same trees ------------------------------------------------------------------- */

static int same(const char *a, const char *b)
{
    const dm_tex *x = tree_of(a), *y = tree_of(b);

    cr_assert(x != NULL && y != NULL, "%s, %s", a, b);
    return dm_tex_same(x, y) && dm_tex_same(y, x);
}

Test(latex, the_same_formula_in_other_clothes_is_the_same_tree)
{
    cr_expect(same("\\frac{1}{2}x", "\\tfrac12\\, x"));
    cr_expect(same("x_{t}", "x_t"));
    cr_expect(same("\\left(a+b\\right)c", "(a + b)\\times c"));
    cr_expect(same("x_{t - 1}", "x_{t-1}"));
    cr_expect(
        same("\\int x\\,dx", "\\int_{-\\infty}^\\infty x\\,\\mathrm{d}x"));
}

Test(latex, another_formula_is_another_tree)
{
    static const char *const other[][2] = {
        { "a", "b" },
        { "a+b", "b+a" },
        { "a+b", "a-b" },
        { "x_t", "x_s" },
        { "x_t", "x_{t-1}" },
        { "2", "3" },
        { "f(x)", "f(y)" },
        { "f(x)", "f(x, y)" },
        { "\\sin x", "\\cos x" },
        { "ab", "a\\cdot b" }, /* of vectors, only one is a number */
        { "x'", "x" },
        { "\\bar x", "x" },
        { "\\frac{d}{dx}x", "\\frac{d}{dy}x" },
        { "\\int_0^1 a\\,dx", "\\int_0^1 a\\,dy" },
        { "\\mathcal N(a, b)", "\\mathcal N(a; b, c)" },
    };

    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        cr_expect(zero(int, same(other[i][0], other[i][1])), "%s, %s",
                  other[i][0], other[i][1]);
}

Test(latex, freeing_nothing_does_nothing)
{
    dm_tex_free(NULL);
}
