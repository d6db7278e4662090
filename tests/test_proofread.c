/* Properties of src/book/proofread.c, the program build/proofread. */
#define _XOPEN_SOURCE 700

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "scratch.h"

TestSuite(proofread, .init = scratch_make, .fini = scratch_remove,
          .timeout = 120.0);

static char output[SCRATCH_TEXT]; /* what it printed, messages too */

/* Runs build/proofread with these arguments; its exit status, or -1 if it did
 * not exit. */
static int run(const char *arguments)
{
    char command[2 * SCRATCH_PATH];

    snprintf(command, sizeof command, "./build/proofread %s 2>&1", arguments);
    FILE *in = popen(command, "r");
    cr_assert(in != NULL);
    size_t n = fread(output, 1, sizeof output - 1, in);
    output[n] = '\0';
    int status = pclose(in);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Proofreads the text as page.md with more options; its exit status. */
static int proofread(const char *options, const char *text)
{
    char arguments[SCRATCH_PATH + 200];

    scratch_write("page.md", text);
    snprintf(arguments, sizeof arguments, "%s %s", options,
             scratch_path("page.md"));
    return run(arguments);
}

/* Whether it printed a line that begins so, say "12: FAIL x". */
static int said(const char *line)
{
    char expected[2 * SCRATCH_PATH];

    snprintf(expected, sizeof expected, "%s:%s", scratch_path("page.md"), line);
    for (const char *at = output; at != NULL;) {
        if (strncmp(at, expected, strlen(expected)) == 0)
            return 1;
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    return 0;
}

/* The number of relations that it counts as this, say "ok"; -1 if none is. */
static int count(const char *verdict)
{
    const char *at = strstr(output, "proofread: ");

    for (at = at == NULL ? NULL : at + 11; at != NULL;) {
        char *name;
        long n = strtol(at, &name, 10);
        size_t length = strlen(verdict);
        if (strncmp(name + 1, verdict, length) == 0 &&
            (name[1 + length] == ',' || name[1 + length] == '\n' ||
             name[1 + length] == ';'))
            return (int)n;
        at = strstr(at, ", ");
        at = at == NULL ? NULL : at + 2;
    }
    return -1;
}

/* What each page below begins with: 12 lines, so that mathematics begins in
 * line 14, behind the fence. */
#define SYMBOLS                                                                \
    "<!-- symbols\n"                                                           \
    "x in (0.5, 3)\n"                                                          \
    "y in (-2, 2)\n"                                                           \
    "\\mu in (-2, 2)\n"                                                        \
    "v in (0.3, 3)\n"                                                          \
    "t integer in [2, 6]\n"                                                    \
    "\\beta_t sequence in (0.05, 0.5)\n"                                       \
    "\\bar\\alpha in (0.1, 0.9)\n"                                             \
    "\\varepsilon ~ N\n"                                                       \
    "z = 2x\n"                                                                 \
    "-->\n"                                                                    \
    "\n"

#define PAGE(mathematics) SYMBOLS "```math\n" mathematics "\n```\n"

/* The page fails in one relation and in none else, in this line. */
static void fails(const char *text, const char *line)
{
    int status = proofread("", text);

    cr_expect(eq(int, status, 1), "%s%s", text, output);
    cr_expect(said(line), "%s is not in\n%s", line, output);
    cr_expect(eq(int, count("FAIL"), 1), "%s", output);
    cr_expect(eq(int, count("unread"), 0), "%s", output);
}

/* The page holds, with that many relations. */
static void holds(const char *text, int relations)
{
    int status = proofread("", text);

    cr_expect(zero(int, status), "%s%s", text, output);
    cr_expect(eq(int, count("ok"), relations), "%s%s", text, output);
}

/* The page is read but for one relation, in this line, for this reason. */
static void is_unread(const char *text, const char *line, const char *reason)
{
    int status = proofread("", text);

    cr_expect(eq(int, status, 1), "%s%s", text, output);
    cr_expect(said(line), "%s is not in\n%s", line, output);
    cr_expect(strstr(output, reason) != NULL, "%s is not in\n%s", reason,
              output);
    cr_expect(eq(int, count("unread"), 1), "%s", output);
}

/* --- verdicts --------------------------------------------------------------- */

static const char true_page[] = SYMBOLS
    "# A page\n"
    "\n"
    "```math\n"
    "\\begin{aligned}\n"
    "(x+y)^2 &= x^2 + 2xy + y^2 && \\text{because it is} \\\\\n"
    "&= (x-y)^2 + 4xy. \\tag{1.1}\n"
    "\\end{aligned}\n"
    "```\n"
    "\n"
    "and\n"
    "\n"
    "```math\n"
    "x_t := \\sqrt{\\bar\\alpha}\\,x + \\sqrt{1-\\bar\\alpha}\\,"
    "\\varepsilon,\n"
    "\\qquad x_t \\sim \\mathcal N\\!\\left(\\sqrt{\\bar\\alpha}\\,x,\\;"
    " 1-\\bar\\alpha\\right)\n"
    "```\n"
    "\n"
    "```math\n"
    "z = z % by words: for its own sake\n"
    "```\n"
    "\n"
    "```math\n"
    "z = 2x\n"
    "```\n"
    "\n"
    "```math\n"
    "\\int \\mathcal N(y; \\mu, v)\\,dy = 1\n"
    "```\n";

Test(proofread, a_true_page_holds_and_is_counted)
{
    cr_expect(zero(int, proofread("", true_page)), "%s", output);
    cr_expect(eq(int, count("ok"), 4), "%s", output);
    cr_expect(zero(int, count("FAIL")), "%s", output);
    cr_expect(eq(int, count("by words"), 1), "%s", output);
    cr_expect(zero(int, count("unread")), "%s", output);
    cr_expect(eq(int, count("same"), 1), "%s", output);
    cr_expect(eq(int, count("definitions"), 1), "%s", output);
}

Test(proofread, a_true_page_holds_under_every_seed)
{
    for (int seed = 1; seed <= 10; seed++) {
        char options[40];
        snprintf(options, sizeof options, "--seed %d", seed);
        cr_expect(zero(int, proofread(options, true_page)), "%s: %s", options,
                  output);
        cr_expect(eq(int, count("ok"), 4), "%s: %s", options, output);
    }
}

Test(proofread, a_wrong_page_fails_under_every_seed)
{
    for (int seed = 1; seed <= 10; seed++) {
        char options[40];
        snprintf(options, sizeof options, "--seed %d --draws 5", seed);
        cr_expect(eq(int, proofread(options, PAGE("(x+y)^2 = x^2 + y^2")), 1));
        cr_expect(said("14: FAIL (x+y)^2 = x^2 + y^2"), "%s", output);
    }
}

Test(proofread, there_is_a_line_for_each_relation_and_quiet_shows_problems)
{
    proofread("", true_page);
    cr_expect(said("17: ok (x+y)^2 = x^2 + 2xy + y^2"), "%s", output);
    cr_expect(said("18: ok x^2 + 2xy + y^2 = (x-y)^2 + 4xy"), "%s", output);
    cr_expect(said("25: defined x_t := "), "%s", output);
    cr_expect(said("25: ok x_t \\sim "), "%s", output);
    cr_expect(said("30: words z = z"), "%s", output);
    cr_expect(said("34: same z = 2x"), "%s", output);
    cr_expect(strstr(output, " -- ") == NULL, "%s", output);
    proofread("--quiet", true_page);
    cr_expect(strncmp(output, "proofread: 4 ok", 15) == 0, "%s", output);
    proofread("--quiet", PAGE("2x = x + x \\\\ x = x + 1 \\\\ x = \\foo"));
    cr_expect(zero(int, said("14: ok")), "%s", output);
    cr_expect(said("14: FAIL x = x + 1"), "%s", output);
    cr_expect(said("14: unread x = \\foo"), "%s", output);
}

Test(proofread, verbose_adds_the_values_of_both_sides)
{
    proofread("--verbose", PAGE("1 + 2 = 3"));
    cr_expect(said("14: ok 1 + 2 = 3   -- 3 and 3"), "%s", output);
}

/* The mistakes that derivations of this book could make. */
Test(proofread, each_wrong_line_fails_where_it_stands)
{
    fails(
        PAGE("\\sqrt{\\bar\\alpha}\\,x + \\sqrt{1-\\bar\\alpha}\\,\\varepsilon "
             "\\sim \\mathcal N(\\sqrt{1-\\bar\\alpha}\\,x, "
             "1-\\bar\\alpha)"),
        "14: FAIL ");
    fails(
        PAGE("\\sqrt{\\bar\\alpha}\\,x + \\sqrt{1-\\bar\\alpha}\\,\\varepsilon "
             "\\sim \\mathcal N(\\sqrt{\\bar\\alpha}\\,x, "
             "\\sqrt{1-\\bar\\alpha})"),
        "14: FAIL ");
    fails(PAGE("\\mathcal N(y; \\mu, v) := \\frac{1}{\\sqrt{2\\pi v^2}}"
               "\\exp\\!\\left(-\\frac{(y-\\mu)^2}{2v}\\right)"),
          "14: FAIL \\mathcal N(y; \\mu, v)");
    fails(PAGE("\\mathcal N(y; \\mu, v) = \\frac{1}{\\sqrt{2\\pi\\sqrt v}}"
               "e^{-\\frac{(y-\\mu)^2}{2v}}"),
          "14: FAIL \\mathcal N(y; \\mu, v)");
    fails(PAGE("\\ln\\mathcal N(y; \\mu, v) = -\\frac{y-\\mu}{2v} - "
               "\\frac12\\ln 2\\pi v"),
          "14: FAIL ");
    fails(PAGE("\\ln\\mathcal N(y; \\mu, v) = -\\frac{(y-\\mu)^2}{2v} + "
               "\\frac12\\ln 2\\pi v"),
          "14: FAIL ");
    fails(PAGE("\\prod_{s=1}^{t}(1-\\beta_s) = (1-\\beta_{t-1})"
               "\\prod_{s=1}^{t-1}(1-\\beta_s)"),
          "14: FAIL ");
    fails(PAGE("x^2 = x"), "14: FAIL x^2 = x");
    fails(PAGE("y^3 = |y|^3"), "14: FAIL ");
}

Test(proofread, a_failure_shows_both_values_and_where)
{
    proofread("", PAGE("x + 1 = x + 2"));
    cr_expect(strstr(output, " and ") != NULL, "%s", output);
    cr_expect(strstr(output, " at x = ") != NULL, "%s", output);
}

Test(proofread, an_unread_relation_says_why)
{
    is_unread(PAGE("x = \\foo"), "14: unread x = \\foo", "cannot read");
    is_unread(PAGE("x = (y"), "14: unread x = (y", "expected )");
    is_unread(PAGE("x + = y"), "14: unread x + = y", "cannot read");
    is_unread(PAGE("\\int_0^1 x = y"), "14: unread ", "without its dx");
    is_unread(PAGE("x \\sim y"), "14: unread x \\sim y", "\\mathcal N");
    is_unread(PAGE("\\varepsilon^2 \\sim \\mathcal N(0, 1)"), "14: unread ",
              "not affine");
    is_unread(PAGE("x + y := 3"), "14: unread x + y := 3", "not a symbol");
}

Test(proofread, an_undeclared_symbol_is_named)
{
    is_unread(PAGE("x = \\hat\\gamma_t + x"), "14: unread ",
              "\\hat\\gamma_t is neither declared nor defined");
    is_unread("```math\nx = 1 + 1\n```\n", "2: unread x = 1 + 1",
              "x is neither");
}

Test(proofread, the_same_trees_are_same_and_not_ok)
{
    cr_expect(zero(
        int, proofread("", PAGE("x = x \\\\ z = 2x \\\\ 2\\cdot x = 2x"))));
    cr_expect(eq(int, count("same"), 3), "%s", output);
    cr_expect(zero(int, count("ok")), "%s", output);
    cr_expect(said("14: same x = x"), "%s", output);
}

Test(proofread, a_definition_is_no_check)
{
    holds(PAGE("a := x + 1"), 0);
    cr_expect(eq(int, count("definitions"), 1), "%s", output);
    holds(PAGE("a := x + 1, \\qquad f(u) := u^2, \\qquad f(a) = x^2 + 2x + 1"),
          1);
    cr_expect(eq(int, count("definitions"), 2), "%s", output);
    fails(PAGE("a := x + 1 \\\\\na = x"), "15: FAIL a = x");
}

Test(proofread, what_holds_by_words_is_not_evaluated)
{
    cr_expect(zero(int, proofread("", PAGE("D(q\\|p) = 3 % by words: so"))));
    cr_expect(eq(int, count("by words"), 1), "%s", output);
    cr_expect(zero(int, count("ok")), "%s", output);
    fails(PAGE("\\begin{aligned} x &= y % by words: this one only\n"
               "\\\\ x &= x + 1 \\end{aligned}"),
          "15: FAIL x = x + 1");
}

Test(proofread, another_remark_behind_a_percent_sign_means_nothing)
{
    fails(PAGE("x = x + 1 % as everybody knows"), "14: FAIL x = x + 1");
    holds(PAGE("2x = x + x % = 3x"), 1);
}

/* --- relations --------------------------------------------------------------- */

Test(proofread, rows_continue_the_row_above_and_name_their_own_line)
{
    holds(PAGE("\\begin{aligned}\n2x &= x + x \\\\\n &= 3x - x \\\\\n"
               "&= 4x - 2x\n\\end{aligned}"),
          3);
    fails(PAGE("\\begin{aligned}\n2x &= x + x \\\\\n &= 3x - x \\\\\n"
               "&= 4x - x\n\\end{aligned}"),
          "17: FAIL 3x - x = 4x - x");
    fails(PAGE("2x = x + x = 3x = 3x+0"), "14: FAIL x + x = 3x");
    fails(PAGE("2x\n\\\\\n\n&= x"), "17: FAIL 2x = x");
}

Test(proofread, parts_with_qquad_between_are_statements_of_their_own)
{
    holds(PAGE("2x = x + x, \\qquad 2y = y + y"), 2);
    fails(PAGE("2x = x + x, \\qquad 2y = y, \\qquad x+x = 2x"),
          "14: FAIL 2y = y");
}

Test(proofread, tags_reasons_and_texts_are_not_mathematics)
{
    holds(PAGE("2x = x + x. \\tag{3.14}"), 1);
    holds(PAGE("2x = x + x && \\text{by } x = 7"), 1);
    holds(PAGE("2x = x + x \\text{ for all } x"), 1);
    fails(PAGE("2x = x \\tag{3.14}"), "14: FAIL 2x = x");
    fails(PAGE("2x = x && x = x"), "14: FAIL 2x = x");
}

Test(proofread, inequalities_are_held_to_their_direction)
{
    holds(
        PAGE("x \\le x + 1 \\\\ x + 1 \\ge x \\\\ x < x + 1 \\\\ x + 1 > x \\\\"
             "x \\leq x + 1 \\\\ x + 1 \\geq x \\\\ 2x \\le x + x \\\\"
             "1 - \\bar\\alpha < 1"),
        8);
    fails(PAGE("x + 1 \\le x"), "14: FAIL x + 1 \\le x");
    fails(PAGE("x \\geq x + 1"), "14: FAIL x \\ge x + 1");
    fails(PAGE("x > x + 1"), "14: FAIL x > x + 1");
    fails(PAGE("0 < y"), "14: FAIL 0 < y");
}

Test(proofread, a_proportion_is_up_to_what_does_not_contain_the_symbol)
{
    holds(PAGE("\\mathcal N(y; \\mu, v) \\underset{y}{\\propto} "
               "e^{-\\frac{(y-\\mu)^2}{2v}}"),
          1);
    fails(PAGE("\\mathcal N(y; \\mu, v) \\underset{v}{\\propto} "
               "e^{-\\frac{(y-\\mu)^2}{2v}}"),
          "14: FAIL ");
    fails(PAGE("x^2 \\underset{x}{\\propto} x"), "14: FAIL x^2 \\propto x");
}

Test(proofread, laws_are_held_by_mean_and_variance)
{
    holds(PAGE("\\mu + \\sqrt v\\,\\varepsilon \\sim \\mathcal N(\\mu, v)"), 1);
    holds(PAGE("x - \\varepsilon \\overset{d}{=} x + \\varepsilon"), 1);
    fails(PAGE("\\mu + v\\varepsilon \\sim \\mathcal N(\\mu, v)"), "14: FAIL ");
    fails(PAGE("x - 2\\varepsilon \\overset{d}{=} x + \\varepsilon"),
          "14: FAIL ");
}

Test(proofread, a_formula_outside_its_domain_fails)
{
    fails(PAGE("\\ln(-x) = \\ln(-x) + 0"), "14: FAIL ");
    cr_expect(strstr(output, "domain") != NULL, "%s", output);
}

/* --- pages ---------------------------------------------------------------------- */

Test(proofread, dollars_are_displays_too)
{
    fails(SYMBOLS "$$\nx = x + 1\n$$\n", "14: FAIL x = x + 1");
    holds(SYMBOLS "$$\nx + x = 2x\n$$\n\n$$\ny + y = 2y\n$$\n", 2);
}

Test(proofread, code_and_prose_are_not_mathematics)
{
    holds(SYMBOLS "```\nx = x + 1\n$$\nx = 3\n$$\n```\n```c\nx = 1;\n```\n"
                  "so x = 3 and\n",
          0);
    fails(SYMBOLS "```\nx = 3\n```\n\n```math\nx = 4\n```\n", "18: FAIL x = 4");
}

Test(proofread, lines_may_end_with_cr_lf)
{
    fails("<!-- symbols\r\nx in (0, 1)\r\n-->\r\n\r\n```math\r\n"
          "2x = x + x \\\\\r\n&= x\r\n```\r\n",
          "7: FAIL x + x = x");
    cr_expect(eq(int, count("ok"), 1), "%s", output);
}

Test(proofread, a_declaration_holds_from_its_line_on)
{
    is_unread("```math\nx < 5\n```\n<!-- symbols\nx in (0, 1)\n-->\n"
              "```math\nx < 4\n```\n",
              "2: unread x < 5", "x is neither");
    cr_expect(eq(int, count("ok"), 1), "%s", output);
    is_unread(SYMBOLS "<!-- symbols\nforget y\n-->\n```math\ny < 5\n```\n",
              "17: unread y < 5", "y is neither");
    holds(SYMBOLS "<!-- symbols\nx in (7, x_0)\nx_0 = 8\n-->\n"
                  "```math\n7 < x < 8\n```\n",
          2);
}

Test(proofread, every_form_of_a_declaration_is_understood)
{
    holds("<!-- symbols\nT integer in [3, 5]\nt integer in [1, T-1]\n"
          "x_t sequence in (\\max(1, t), t + 1)\nu in [-1, 1]\n"
          "z_t sequence ~ N\ng(a) = a^2\n-->\n"
          "```math\nx_t \\ge t \\\\ t < T \\\\ |u| \\le 1 \\\\\n"
          "z_1 + z_2 \\sim \\mathcal N(0, 2) \\\\ g(3) = 9\n```\n",
          5);
}

Test(proofread, a_bad_declaration_ends_it_with_its_line_and_column)
{
    static const struct {
        const char *text;
        int column;
    } bad[] = {
        { "x in 3", 6 },           { "x in (0, 1", 6 },
        { "x in (0)", 6 },         { "2x in (0, 1)", 1 },
        { "x is nice", 1 },        { "x in (0, \\foo)", 10 },
        { "\\foo ~ N", 1 },        { "forget \\foo", 8 },
        { "x_ in (0, 1)", 3 },     { "x in {0, 1}", 6 },
        { "x vector in 2+", 15 },  { "x sequence ~ Nat", 15 },
        { "z_j sequence ~ N", 1 }, /* j is no integer yet */
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200], where[80];
        snprintf(text, sizeof text, "<!-- symbols\nw in (0, 1)\n  %s\n-->\n",
                 bad[i].text);
        snprintf(where, sizeof where,
                 "3:%d: declaration \"%s\": ", bad[i].column + 2, bad[i].text);
        cr_expect(eq(int, proofread("", text), 2), "%s: %s", bad[i].text,
                  output);
        cr_expect(said(where), "%s: %s", bad[i].text, output);
    }
}

Test(proofread, a_weight_cannot_have_a_law_of_its_own)
{
    cr_expect(eq(int,
                 proofread("", "<!-- symbols\nk integer in [1, 2]\n"
                               "w_k weights in [1, 2]\nw_1 ~ N\n-->\n"),
                 2));
    cr_expect(said("4:1: declaration \"w_1 ~ N\": "), "%s", output);
    cr_expect(eq(int,
                 proofread("", "<!-- symbols\nk integer in [1, 2]\n"
                               "w_1 ~ N\nw_k weights in [1, 2]\n-->\n"),
                 2));
    cr_expect(said("4:1: declaration \"w_k weights in [1, 2]\": "), "%s",
              output);
}

Test(proofread, several_pages_are_counted_together_and_know_nothing_of_another)
{
    char arguments[3 * SCRATCH_PATH];
    int n;

    scratch_write("a.md", PAGE("2x = x + x"));
    scratch_write("page.md", "```math\n2x = x + x\n```\n");
    n = snprintf(arguments, sizeof arguments, "%s ", scratch_path("a.md"));
    snprintf(arguments + n, sizeof arguments - (size_t)n, "%s",
             scratch_path("page.md"));
    cr_expect(eq(int, run(arguments), 1));
    cr_expect(eq(int, count("ok"), 1), "%s", output);
    cr_expect(eq(int, count("unread"), 1), "%s", output);
    cr_expect(said("2: unread 2x = x + x"), "%s", output);
}

Test(proofread, a_missing_file_or_a_wrong_option_is_status_2)
{
    cr_expect(eq(int, run(scratch_path("nowhere.md")), 2));
    cr_expect(strstr(output, "nowhere.md: cannot open") != NULL, "%s", output);
    cr_expect(eq(int, run(""), 2));
    cr_expect(strstr(output, "usage:") != NULL, "%s", output);
    cr_expect(eq(int, proofread("--nonsense", true_page), 2));
    cr_expect(eq(int, proofread("--draws 0", true_page), 2));
    cr_expect(eq(int, proofread("--draws", ""), 2));
    cr_expect(zero(int, run("--help")));
    cr_expect(strstr(output, "usage:") != NULL, "%s", output);
}

Test(proofread, an_empty_page_holds)
{
    holds("", 0);
}

/* --- what must not pass in silence ------------------------------------------- */

Test(proofread, what_is_known_to_no_digit_is_not_ok)
{
    cr_expect(eq(int, proofread("", PAGE("\\frac{1}{x-x} = 7")), 1));
    cr_expect(eq(int, proofread("", PAGE("\\ln(x-x) = 7")), 1));
    cr_expect(eq(int, proofread("", PAGE("\\ln(x-x) \\le -7")), 1));
}

Test(proofread, nothing_is_less_than_itself)
{
    fails(PAGE("x < x"), "14: FAIL x < x");
    fails(PAGE("x + 0 > x"), "14: FAIL x + 0 > x");
}

Test(proofread, a_proportion_needs_its_symbol)
{
    is_unread(PAGE("x^2 \\propto x"), "14: unread x^2 \\propto x", "");
}

Test(proofread, a_statement_without_a_relation_it_knows_is_unread)
{
    static const char *const unknown[] = {
        PAGE("x \\approx 3"),         PAGE("x \\ne x"),
        PAGE("x \\stackrel{a}{=} 3"), PAGE("x \\overset{a}{=} 3"),
        PAGE("\\sqrt{x = 3"),         PAGE("(x = 3")
    };

    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        cr_expect(eq(int, proofread("", unknown[i]), 1), "%s", unknown[i]);
        cr_expect(said("14: unread "), "%s%s", unknown[i], output);
    }
}

Test(proofread, a_quad_separates_statements_or_is_unread)
{
    proofread("", PAGE("2x = x + x \\quad y = y + 0"));
    cr_expect(eq(int, count("ok"), 2), "%s", output);
}

Test(proofread, a_display_that_does_not_end_is_an_error)
{
    cr_expect(eq(int, proofread("", "```math\n1 = 2\n"), 2), "%s", output);
    cr_expect(eq(int, proofread("", "$$\n1 = 2\n"), 2), "%s", output);
    cr_expect(eq(int, proofread("", "<!-- symbols\nx in (0, 1)\n"), 2), "%s",
              output);
}

Test(proofread, a_display_that_is_indented_or_in_one_line_is_read)
{
    fails("$$ 1 = 2 $$\n", "1: FAIL 1 = 2");
    fails("  ```math\n  1 = 2\n  ```\n", "2: FAIL 1 = 2");
    fails("$$ \n1 = 2\n$$\n", "2: FAIL 1 = 2");
}

Test(proofread, a_declaration_of_what_is_no_symbol_is_bad)
{
    cr_expect(eq(int, proofread("", "<!-- symbols\na+b ~ N\n-->\n"), 2));
    cr_expect(eq(int, proofread("", "<!-- symbols\na + = 3\n-->\n"), 2));
    cr_expect(eq(int, proofread("", "<!-- symbols\na+b = 3\n-->\n"), 2));
}

Test(proofread, a_function_is_defined_however_its_brackets_are_written)
{
    holds(PAGE("f\\left(u\\right) := u^2, \\qquad f(3) = 9"), 1);
    holds(PAGE("\\mathcal F(u) := u^2, \\qquad \\mathcal F(3) = 9"), 1);
}

Test(proofread, the_first_row_of_an_environment_names_its_own_line)
{
    fails(PAGE("\\begin{aligned}\n2x &= x\n\\end{aligned}"), "15: FAIL 2x = x");
}

/* --- the manual ------------------------------------------------------------- */

/* The part of a text between two marks, in a new string. */
static char *between(const char *text, const char *from, const char *to)
{
    const char *begin = strstr(text, from);
    cr_assert(begin != NULL, "%s", from);
    begin += strlen(from);
    const char *end = strstr(begin, to);
    cr_assert(end != NULL, "%s", to);
    return strndup(begin, (size_t)(end - begin));
}

Test(proofread, the_example_of_the_manual_says_what_the_manual_says)
{
    static char manual[SCRATCH_TEXT];
    FILE *in = fopen("notes/proofreading.md", "r");

    cr_assert(in != NULL);
    manual[fread(manual, 1, sizeof manual - 1, in)] = '\0';
    fclose(in);
    char *page = between(manual, "````markdown\n", "````");
    char *printed = between(manual, "mine.md:9:", "```");
    cr_expect(eq(int, proofread("", page), 1));
    char *second = strstr(printed, "mine.md:10:");
    cr_assert(second != NULL);
    second[-1] = '\0';
    cr_expect(strstr(output, printed) != NULL, "%s", printed);
    second[strcspn(second, "\n")] = '\0';
    cr_expect(strstr(output, second + strlen("mine.md:")) != NULL, "%s",
              second);
    free(page);
    free(printed);
}
