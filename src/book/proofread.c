/* proofread.c -- evaluates every relation in a page's mathematics.
 *
 *   build/proofread [--seed K] [--draws N] [--quiet] [--verbose] [--mutate]
 *                   FILE...
 *
 * Reads display equations (```math fences and $$ blocks) and hidden
 * declarations (<!-- symbols ... -->), and prints a line for each relation:
 * file:line: VERDICT relation.  notes/proofreading.md has the grammar.
 * Exit status: 0 all hold, 1 a relation failed or could not be read, 2 usage
 * or a file that cannot be read.
 */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>

#include "expression.h"
#include "latex.h"
#include "relation.h"
#include "repair.h"

enum { ROW = 16384, SIDES = 12 };

typedef enum { OK, SAME, FAILED, UNREAD, WORDS, DEFINED, VERDICTS } verdict;
static const char *const verdict_name[] = { "ok",     "same",  "FAIL",
                                            "unread", "words", "defined" };

typedef struct {
    const char *file;
    int line; /* where the row begins */
    int draws, verbose, quiet;
    int mutate;       /* 1 to try every slip of the pen on every relation */
    long mutant;      /* the definition that has a slip, -1: none         */
    size_t slip;      /* which                                            */
    char change[600]; /* what it does; empty if there is none             */
    long definitions; /* so far                                           */
    size_t changes, harmless, survivors; /* slips tried; of no effect */
    int bound; /* 1 in an inequality or a = b + O(h^n)     */
    dm_page *page;
    dm_tex_reader *reader;
    char pending[2 * DM_TEX_NAME +
                 2];         /* a function that the left side of := names */
    char *left;              /* the last side of the row above */
    const char *declaration; /* the one that is being read */
    int column;              /* where it begins in its line */
    size_t count[VERDICTS];
} proof;

/* --- text ---------------------------------------------------------------------- */

/* Cuts blanks, alignment marks and closing punctuation off both ends. */
static void trim(const char **begin, const char **end)
{
    while (*begin < *end && strchr(" \t\r\n&", **begin) != NULL)
        (*begin)++;
    while (*end > *begin && strchr(" \t\r\n&.,;", (*end)[-1]) != NULL)
        (*end)--;
}

static void say(proof *f, verdict v, const char *left, const char *relation,
                const char *right, const char *note)
{
    f->count[v]++;
    if ((v != FAILED && v != UNREAD && f->quiet) || f->mutant >= 0)
        return;
    printf("%s:%d: %s %s %s %s%s%s\n", f->file, f->line, verdict_name[v], left,
           relation, right, *note != '\0' ? "   -- " : "", note);
}

static int is_function(void *context, const char *name)
{
    const proof *f = context;
    return strcmp(f->pending, name) == 0 || dm_page_is_function(f->page, name);
}

/* Reads one side; NULL after a verdict. */
static const dm_tex *side(proof *f, const char *text, char why[200])
{
    const char *reason;
    size_t at = 0;
    const dm_tex *tree =
        dm_tex_read(f->reader, text, strlen(text), &reason, &at);

    if (tree == NULL)
        snprintf(why, 200, "%s", reason);
    return tree;
}

/* --- relations -------------------------------------------------------------------- */

/* A slip after which a relation still holds: one that changes no value, or
 * leaves a bound a bound, is none. */
static void list_survivor(void *context, const char *change, int moved)
{
    proof *f = context;

    f->harmless += !moved || f->bound;
    f->survivors += moved && !f->bound;
    if (moved && !f->bound)
        printf("%s:%d: survives: %s\n", f->file, f->line, change);
}

/* Says whether the relation holds. */
static void judge(proof *f, const char *left, const char *right, dm_relation *r)
{
    static const verdict meant[] = { OK, SAME, FAILED, UNREAD };
    char note[DM_NOTE];

    if (f->mutant >= 0 && (f->mutant >= f->definitions ||
                           f->count[FAILED] + f->count[UNREAD] > 0))
        return; /* the slip is still to come, or has been found */
    if (f->mutate) {
        f->bound = r->order > 0.0 || strchr("<>\\", r->sign[0]) != NULL;
        f->bound = f->bound && strcmp(r->sign, "\\sim") != 0 &&
                   strcmp(r->sign, "\\propto") != 0;
        f->changes += dm_relation_mutate(r, list_survivor, f);
        return;
    }
    r->brief = f->mutant >= 0;
    dm_verdict v = dm_relation_hold(r, note);
    say(f, meant[v], left, r->order > 0.0 ? "= up to the order" : r->sign,
        right, v == DM_HOLDS && !f->verbose ? "" : note);
}

/* Where "+ O(" stands in a side, or NULL. */
static char *order_at(char *text)
{
    for (char *p = text; (p = strstr(p, "O(")) != NULL; p++) {
        char *before = p;
        while (before > text && before[-1] == ' ')
            before--;
        if (before > text && before[-1] == '+')
            return before - 1;
    }
    return NULL;
}

/* Cuts "+ O(h^n)" off the end of a side.  Returns 1 if it was there; then h
 * and the order are stored.  -1: something stands behind it, or it cannot be
 * read. */
static int cut_order(proof *f, char *text, const dm_tex **h, double *order)
{
    char *plus = order_at(text);
    const char *reason;
    size_t at;

    if (plus == NULL)
        return 0;
    char *open = strstr(plus, "O(") + 2, *close = strrchr(open, ')');
    if (close == NULL || close[1 + strspn(close + 1, " ")] != '\0')
        return -1;
    const dm_tex *inside =
        dm_tex_read(f->reader, open, (size_t)(close - open), &reason, &at);
    if (inside == NULL)
        return -1;
    *order = 1.0;
    *h = inside;
    if (inside->kind == DM_TEX_POWER &&
        inside->child[1]->kind == DM_TEX_NUMBER) {
        *h = inside->child[0];
        *order = inside->child[1]->number;
    }
    *plus = '\0';
    return (*h)->kind == DM_TEX_SYMBOL ? 1 : -1;
}

static void check_order(proof *f, char *left, char *right)
{
    char why[200] = "";
    double order = 0.0, on_left = 0.0;
    const dm_tex *h = NULL, *other = NULL;
    int first = cut_order(f, left, &other, &on_left);
    int second = cut_order(f, right, &h, &order);

    if (first < 0 || second < 0 || first + second == 0) {
        say(f, UNREAD, left, "=", right, "cannot read the order");
        return;
    }
    dm_relation r = { .page = f->page,
                      .draws = f->draws,
                      .sign = "=",
                      .in = h == NULL ? other : h,
                      .order = h == NULL ? on_left : order };
    r.left = side(f, left, why);
    if (r.left != NULL)
        r.right = side(f, right, why);
    if (r.right == NULL)
        say(f, UNREAD, left, "=", right, why);
    else
        judge(f, left, right, &r);
}

/* Where a call stands beside a law, as in q(x \mid y) = \mathcal N(m, v), the
 * law's density at the first argument is meant. */
static const dm_tex *as_density(proof *f, const dm_tex *call, const dm_tex *law)
{
    if (call->kind == DM_TEX_CALL && law->kind == DM_TEX_NORMAL && law->n == 2)
        return dm_tex_density(f->reader, law, call->child[0]);
    return law;
}

static void check(proof *f, const char *left, const char *sign,
                  const char *right, const char *in)
{
    char why[200] = "";
    dm_relation r = { .page = f->page, .draws = f->draws, .sign = sign };

    if (strcmp(sign, "\\propto") == 0 && *in == '\0') {
        say(f, UNREAD, left, sign, right,
            "write \\underset{x}{\\propto}, to say in which symbol");
        return;
    }
    r.left = side(f, left, why);
    if (r.left != NULL)
        r.right = side(f, right, why);
    if (r.right != NULL && strcmp(sign, "=") == 0)
        r.right = as_density(f, r.left, r.right);
    if (r.right != NULL && *in != '\0')
        r.in = side(f, in, why);
    if (r.right == NULL || (*in != '\0' && r.in == NULL))
        say(f, UNREAD, left, sign, right, why);
    else
        judge(f, left, right, &r);
}

/* The definition with its slip; NULL if there are no more, or if it changes no
 * value, which needs no finding. */
static const dm_tex *slipped(proof *f, const dm_tex *tree)
{
    const dm_tex *changed =
        dm_repair_change(tree, f->slip, f->change, sizeof f->change);

    if (changed == NULL ||
        dm_relation_moves(f->page, f->draws, 0, tree, changed))
        return changed;
    f->harmless++;
    return NULL;
}

static void define(proof *f, const char *left, const char *right)
{
    char why[200] = "";
    const char *bracket = strchr(left, '('), *scaled = strstr(left, "\\left");

    /* f(x) := ... makes a function of f before its own left side is read. */
    f->pending[0] = '\0';
    if (scaled != NULL && scaled < bracket)
        bracket = scaled;
    if (bracket != NULL) {
        const char *reason;
        size_t at;
        const dm_tex *name =
            dm_tex_read(f->reader, left, (size_t)(bracket - left), &reason,
                        &at);
        if (name != NULL && name->kind == DM_TEX_SYMBOL)
            snprintf(f->pending, sizeof f->pending, "%s%s%s", name->name,
                     name->index[0] == '\0' ? "" : "_", name->index);
    }
    const dm_tex *a = side(f, left, why), *b = NULL;
    f->pending[0] = '\0';
    if (a != NULL)
        b = side(f, right, why);
    if (b != NULL)
        b = as_density(f, a, b);
    if (b != NULL && a->kind != DM_TEX_NORMAL && f->definitions++ == f->mutant)
        b = slipped(f, b);
    if (f->mutant >= f->definitions - 1 && b == NULL && a != NULL)
        f->count[UNREAD]++; /* there is no such slip */
    else if (b == NULL)
        say(f, UNREAD, left, ":=", right, why);
    else if (a->kind == DM_TEX_NORMAL) /* the book's own: held to its formula */
        check(f, left, "=", right, "");
    else if (!dm_page_define(f->page, a, b))
        say(f, UNREAD, left, ":=", right, dm_page_why(f->page));
    else
        say(f, DEFINED, left, ":=", right, "");
}

/* --- rows -------------------------------------------------------------------------- */

static const struct {
    const char *written, *meant;
} relations[] = {
    { "\\overset{d}{=}", "d=" },
    { ":=", ":=" },
    { "\\propto", "\\propto" },
    { "\\leqslant", "\\le" },
    { "\\geqslant", "\\ge" },
    { "\\lt", "<" },
    { "\\gt", ">" },
    { "\\leq", "\\le" },
    { "\\geq", "\\ge" },
    { "\\le", "\\le" },
    { "\\ge", "\\ge" },
    { "=", "=" },
    { "<", "<" },
    { ">", ">" },
    { "\\sim", "\\sim" },
};

/* The relation that stands at p, its length in *n; NULL if none does. */
static const char *relation_at(const char *p, size_t *n)
{
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
        *n = strlen(relations[i].written);
        if (strncmp(p, relations[i].written, *n) == 0 &&
            !(p[0] == '\\' && p[*n - 1] != '}' &&
              isalpha((unsigned char)p[*n])))
            return relations[i].meant;
    }
    return NULL;
}

static char *copy(const char *begin, const char *end)
{
    trim(&begin, &end);
    char *text = malloc((size_t)(end - begin) + 1);
    if (text == NULL)
        exit(2);
    memcpy(text, begin, (size_t)(end - begin));
    text[end - begin] = '\0';
    return text;
}

/* 1 if the text is no formula that could be a side: it has a relation that is
 * not known, or brackets that do not match. */
static int not_one_side(const char *text)
{
    static const char *const unknown[] = { "\\approx",     "\\ne",
                                           "\\neq",        "\\stackrel",
                                           "\\equiv",      "\\overset",
                                           "\\simeq",      "\\gg",
                                           "\\ll",         "\\ggg",
                                           "\\lll",        "\\triangleq",
                                           "\\coloneqq",   "\\cong",
                                           "\\doteq",      "\\to",
                                           "\\rightarrow", "\\Rightarrow",
                                           "\\iff",        "\\implies",
                                           "\\preceq",     "\\succeq",
                                           "\\asymp",      "\\lesssim",
                                           "\\gtrsim",     "\\longrightarrow" };
    int depth = 0;

    for (const char *p = text; *p != '\0'; p++)
        depth += (*p == '{' || *p == '(') - (*p == '}' || *p == ')');
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        const char *at = strstr(text, unknown[i]);
        if (at != NULL && !isalpha((unsigned char)at[strlen(unknown[i])]))
            return 1;
    }
    return depth != 0;
}

/* What an environment of cases adds to the depth of brackets where it begins
 * and ends. */
static int in_cases(const char *p)
{
    return (strncmp(p, "\\begin{cases}", 13) == 0) -
           (strncmp(p, "\\end{cases}", 11) == 0);
}

/* The place behind a \text{...} with which the statement begins. */
static const char *behind_remark(const char *begin, const char *end)
{
    const char *p = begin;

    while (p < end && strchr(" \t\r\n&", *p) != NULL)
        p++;
    if (strncmp(p, "\\text{", 6) != 0)
        return begin;
    for (int depth = 0; p < end; p++) {
        depth += (*p == '{') - (*p == '}');
        if (*p == '}' && depth == 0)
            return p + 1;
    }
    return begin;
}

/* 1 if a relation stands in the text outside of braces. */
static int has_relation(const char *p, const char *end)
{
    size_t length;

    for (int depth = 1; p < end; p++) {
        depth += (*p == '{') - (*p == '}');
        if (depth <= 0 && relation_at(p, &length) != NULL)
            return 1;
    }
    return 0;
}

/* One statement: sides with relations between them.  The last side is kept,
 * for a row below that begins with a relation. */
static void statement(proof *f, const char *begin, const char *end, int words)
{
    char *sides[SIDES] = { NULL }, *in[SIDES] = { NULL };
    const char *between[SIDES] = { NULL }, *from = begin;
    size_t n = 0, length;
    int depth = 0;

    begin = behind_remark(begin, end);
    for (const char *p = begin; p < end; p++) { /* a remark ends it */
        depth += in_cases(p) + (*p == '{') - (*p == '}');
        if (depth == 0 && strncmp(p, "\\text{", 6) == 0) {
            if (!words && has_relation(p + 6, end))
                say(f, UNREAD, "", "", "", "a relation behind \\text");
            end = p;
        }
    }
    depth = 0;
    for (const char *p = begin; p < end; p++) {
        const char *meant = NULL, *start = p;
        char *symbol = NULL;
        if (depth == 0 && strncmp(p, "\\underset{", 10) == 0) {
            const char *stop = strstr(p, "}{\\propto}");
            if (stop != NULL && stop < end) {
                symbol = copy(p + 10, stop);
                meant = "\\propto";
                length = (size_t)(stop - p) + strlen("}{\\propto}");
            }
        }
        if (depth == 0 && meant == NULL)
            meant = relation_at(p, &length);
        depth += (*p == '{' || *p == '(' || *p == '[') -
                 (*p == '}' || *p == ')' || *p == ']') + in_cases(p);
        if (meant == NULL || n + 1 == SIDES) {
            free(symbol);
            continue;
        }
        sides[n] = copy(from, start);
        between[n] = meant;
        in[n++] = symbol;
        p += length - 1;
        from = p + 1;
        depth = 0;
    }
    sides[n] = copy(from, end);
    if (n == 0 && !words && not_one_side(sides[0]))
        say(f, UNREAD, sides[0], "", "", "no relation that is known");
    if (n > 0 && *sides[0] == '\0' && f->left != NULL) {
        free(sides[0]);
        sides[0] = strdup(f->left);
    }
    for (size_t i = 0; i < n; i++) {
        if (words)
            say(f, WORDS, sides[i], between[i], sides[i + 1], "");
        else if (strcmp(between[i], ":=") == 0)
            define(f, sides[i], sides[i + 1]);
        else if (strcmp(between[i], "=") == 0 &&
                 (order_at(sides[i]) != NULL ||
                  order_at(sides[i + 1]) != NULL)) {
            char *a = strdup(sides[i]), *b = strdup(sides[i + 1]);
            check_order(f, a, b);
            free(a);
            free(b);
        } else
            check(f, sides[i], between[i], sides[i + 1],
                  in[i] == NULL ? "" : in[i]);
    }
    if (*sides[n] != '\0') {
        free(f->left);
        f->left = strdup(sides[n]);
    }
    for (size_t i = 0; i <= n; i++) {
        free(sides[i]);
        free(in[i]);
    }
}

/* 1 if the comment marks its row as not evaluated, and says why. */
static int is_mark(const char *comment)
{
    const char *reason = comment + strlen("% by words:");

    if (strncmp(comment, "% by words:", 11) != 0)
        return 0;
    while (*reason == ' ')
        reason++;
    return *reason != '\0' && *reason != '\n';
}

/* Blanks out what is no mathematics: environments, tags, comments. */
static int clean(char *row)
{
    static const char *const with_argument[] = { "\\begin{aligned", "\\tag{",
                                                 "\\end{aligned" };
    int words = 0;

    for (char *p = row; *p != '\0'; p++) {
        if (*p == '%' && (p == row || p[-1] != '\\')) {
            words = words || is_mark(p);
            while (*p != '\0' && *p != '\n')
                *p++ = ' ';
        }
        for (size_t i = 0; i < 3; i++)
            if (strncmp(p, with_argument[i], strlen(with_argument[i])) == 0) {
                while (*p != '\0' && *p != '}')
                    *p++ = ' ';
                if (*p == '}')
                    *p = ' ';
            }
        if (*p == '\0')
            break;
    }
    char *reason = strstr(row, "&&"); /* from here on, the step's reason */
    if (reason != NULL)
        *reason = '\0';
    return words;
}

static void do_row(proof *f, char *row)
{
    int words = clean(row);
    char *p = row, *quad;

    while ((quad = strstr(p, "quad")) != NULL) {
        size_t before = quad > p + 1 && quad[-1] == 'q' ? 2 : 1;
        if (quad < p + before || quad[-(long)before] != '\\') {
            p = quad + 4;
            continue;
        }
        statement(f, p, quad - before, words);
        p = quad + 4;
    }
    statement(f, p, p + strlen(p), words);
}

/* The rows of one display, which begins at `line`.  Rows end at \\\\. */
static void display(proof *f, char *text, int line)
{
    char *row = text;
    int cases = 0;

    free(f->left);
    f->left = NULL;
    for (char *p = text;; p++) {
        cases += in_cases(p);
        int end = *p == '\0';
        int cut = p[0] == '\\' && p[1] == '\\' && cases == 0;
        if (*p == '%' && (p == text || p[-1] != '\\'))
            while (p[1] != '\0' && p[1] != '\n')
                p++;
        if (!end && !cut)
            continue;
        *p = '\0';
        char *first = row;
        while (isspace((unsigned char)*first))
            first++;
        if (strncmp(first, "\\begin{aligned}", 15) == 0)
            first += 15;
        while (isspace((unsigned char)*first))
            first++;
        f->line = line;
        for (char *c = text; c < first; c++)
            f->line += *c == '\n';
        do_row(f, row);
        if (end)
            return;
        *p = ' ';
        p[1] = ' ';
        if (p[2] == '[') /* \\[4pt] */
            for (char *c = p + 2; *c != '\0' && *c != '\n'; c++) {
                int last = *c == ']';
                *c = ' ';
                if (last)
                    break;
            }
        for (char *c = row; c < p; c++) /* do_row has put an end there */
            *c = *c == '\0' ? ' ' : *c;
        row = p + 2;
    }
}

/* --- declarations -------------------------------------------------------------------- */

/* Stops at a declaration that cannot be read, at this place of its line. */
static void bad_declaration(const proof *f, const char *place, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d:%d: declaration \"%s\": %s\n", f->file, f->line,
            f->column + (int)(place - f->declaration), f->declaration, why);
    exit(2);
}

static const dm_tex *part(proof *f, const char *begin, const char *end)
{
    const char *why;
    size_t at = 0;

    while (begin < end && *begin == ' ')
        begin++;
    while (end > begin && end[-1] == ' ')
        end--;
    const dm_tex *tree =
        dm_tex_read(f->reader, begin, (size_t)(end - begin), &why, &at);
    if (tree == NULL)
        bad_declaration(f, begin + at, why);
    return tree;
}

static const dm_tex *symbol_part(proof *f, const char *begin, const char *end)
{
    const dm_tex *symbol = part(f, begin, end);

    if (symbol->kind != DM_TEX_SYMBOL)
        bad_declaration(f, begin, "expected a symbol");
    return symbol;
}

static void declare(proof *f, const char *place, dm_sort sort,
                    const dm_tex *symbol, int sequence, const dm_tex *low,
                    const dm_tex *high)
{
    if (!dm_page_declare(f->page, sort, symbol, sequence, low, high))
        bad_declaration(f, place, dm_page_why(f->page));
}

/* The two ends of "(low, high)" at p. */
static void interval(proof *f, const char *p, const dm_tex **low,
                     const dm_tex **high)
{
    const char *end = p + strlen(p), *comma = NULL;
    int depth = 0;

    while (*p == ' ')
        p++;
    while (end > p && end[-1] == ' ')
        end--;
    if (*p != '(' && *p != '[')
        bad_declaration(f, p, "expected an interval (low, high)");
    for (const char *c = p + 1; c < end; c++) {
        depth += (*c == '{' || *c == '(') - (*c == '}' || *c == ')');
        if (*c == ',' && depth == 0 && comma == NULL)
            comma = c;
    }
    if (comma == NULL || (end[-1] != ')' && end[-1] != ']'))
        bad_declaration(f, p, "expected an interval (low, high)");
    *low = part(f, p + 1, comma);
    *high = part(f, comma + 1, end - 1);
}

/* Declarations of the form "SYMBOL WORDS REST".  Returns 0 if it has no words
 * of this kind. */
static int worded(proof *f, const char *text)
{
    static const struct {
        const char *words;
        dm_sort sort;
        int sequence;
        char rest; /* what follows: an interval, a dimension, nothing */
    } forms[] = {
        { " integer in ", DM_INTEGER, 0, 'i' },
        { " positive matrix in ", DM_POSITIVE, 0, 'd' },
        { " matrix in ", DM_MATRIX, 0, 'd' },
        { " vector in ", DM_VECTOR, 0, 'd' },
        { " identity in ", DM_IDENTITY, 0, 'd' },
        { " weights in ", DM_WEIGHTS, 1, 'i' },
        { " sequence in ", DM_FREE, 1, 'i' },
        { " sequence ~ N", DM_NORMAL, 1, ' ' },
        { " ~ N in ", DM_NORMAL, 0, 'd' },
        { " in ", DM_FREE, 0, 'i' },
        { " dimension", DM_DIMENSION, 0, ' ' },
        { " density", DM_DENSITY, 0, ' ' },
    };
    const dm_tex *low = NULL, *high = NULL;
    size_t k = 0;

    while (k < sizeof forms / sizeof *forms &&
           strstr(text, forms[k].words) == NULL)
        k++;
    if (k == sizeof forms / sizeof *forms)
        return 0;
    const char *at = strstr(text, forms[k].words);
    const char *rest = at + strlen(forms[k].words);
    if (forms[k].rest == 'i')
        interval(f, rest, &low, &high);
    else if (forms[k].rest == 'd')
        low = part(f, rest, rest + strlen(rest));
    else if (rest[strspn(rest, " ")] != '\0')
        bad_declaration(f, rest, "expected the end");
    declare(f, text, forms[k].sort, symbol_part(f, text, at), forms[k].sequence,
            low, high);
    return 1;
}

/* forget x; x ~ N; x ~ p; a = expression. */
static void declaration(proof *f, const char *text)
{
    const char *law = strstr(text, " ~ "), *alias = strstr(text, " = ");
    const char *end = text + strlen(text);

    f->declaration = text;
    if (strncmp(text, "forget ", 7) == 0) {
        dm_page_forget(f->page, symbol_part(f, text + 7, end));
    } else if (worded(f, text)) {
        return;
    } else if (law != NULL) {
        const dm_tex *density = part(f, law + 3, end);
        int normal = strcmp(law + 3, "N") == 0;
        declare(f, text, normal ? DM_NORMAL : DM_RANDOM,
                symbol_part(f, text, law), 0, normal ? NULL : density, NULL);
    } else if (alias != NULL) {
        char *left = copy(text, alias), *right = copy(alias + 3, end);
        size_t before = f->count[DEFINED];
        int quiet = f->quiet;
        f->quiet = 1;
        define(f, left, right);
        f->quiet = quiet;
        if (f->count[DEFINED] == before)
            bad_declaration(f, text, "expected a symbol and a formula");
        f->count[DEFINED] = before; /* the page's own are counted */
        free(left);
        free(right);
    } else {
        bad_declaration(f, text,
                        "expected in, integer in, vector in, ~ N, = or forget");
    }
}

/* --- pages ----------------------------------------------------------------------------- */

/* What a line of the page stands in. */
typedef enum { PROSE, SYMBOLS, FENCE, DOLLARS, CODE } place;

static int starts(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

/* What is read of a page, line by line. */
typedef struct {
    place where;
    char text[ROW]; /* of the display */
    int first;      /* its line, or that of the fence */
} reading;

static void add_line(proof *f, reading *r, const char *line)
{
    if (strlen(r->text) + strlen(line) + 2 > sizeof r->text) {
        fprintf(stderr, "%s:%d: a display of more than %d characters\n",
                f->file, f->line, ROW);
        exit(2);
    }
    strcat(strcat(r->text, line), "\n");
}

/* A line that begins with $$: a display, or where one begins. */
static void dollars(proof *f, reading *r, char *line)
{
    size_t n = strlen(line);

    r->first = f->line;
    r->text[0] = '\0';
    if (n >= 4 && strcmp(line + n - 2, "$$") == 0) {
        line[n - 2] = '\0';
        add_line(f, r, line + 2);
        display(f, r->text, r->first);
    } else {
        r->where = DOLLARS;
        add_line(f, r, line + 2);
    }
}

/* A line outside displays and declarations. */
static void prose(proof *f, reading *r, char *line)
{
    if (starts(line, "$$")) {
        dollars(f, r, line);
        return;
    }
    r->where = starts(line, "<!-- symbols") ? SYMBOLS
               : starts(line, "```math")    ? FENCE
               : starts(line, "```")        ? CODE
                                            : PROSE;
    r->text[0] = '\0';
    r->first = f->line + 1;
}

/* A line of a display. */
static void formula(proof *f, reading *r, char *line)
{
    size_t n = strlen(line);
    int end = r->where == FENCE ? starts(line, "```")
                                : n >= 2 && strcmp(line + n - 2, "$$") == 0;

    if (end && r->where == DOLLARS)
        line[n - 2] = '\0';
    if (!end || r->where == DOLLARS)
        add_line(f, r, line);
    if (!end)
        return;
    display(f, r->text, r->first);
    r->where = PROSE;
}

static void symbols(proof *f, reading *r, const char *line)
{
    if (starts(line, "-->")) {
        r->where = PROSE;
        return;
    }
    char *declared = copy(line, line + strlen(line));
    if (*declared != '\0')
        declaration(f, declared);
    free(declared);
}

/* Proofreads the page in the open file. */
static void page(proof *f, FILE *in)
{
    reading r = { .where = PROSE };
    char *line = NULL;
    size_t room = 0;
    int number = 0;

    while (getline(&line, &room, in) >= 0) {
        f->line = ++number;
        char *text = line + strspn(line, " ");
        size_t n = strlen(text);
        while (n > 0 && strchr("\r\n ", text[n - 1]) != NULL)
            text[--n] = '\0';
        f->column = (int)(text - line) + 1;
        if (r.where == PROSE)
            prose(f, &r, text);
        else if (r.where == SYMBOLS)
            symbols(f, &r, text);
        else if (r.where == CODE)
            r.where = starts(text, "```") ? PROSE : CODE;
        else
            formula(f, &r, text);
        f->line = number;
    }
    free(line);
    if (r.where == PROSE || r.where == CODE)
        return;
    fprintf(stderr, "%s:%d: what begins here does not end\n", f->file,
            r.where == DOLLARS ? r.first : r.first - 1);
    exit(2);
}

static int usage(const char *what)
{
    fprintf(stderr,
            "proofread: %s\nusage: build/proofread [--seed K] [--draws N] "
            "[--quiet] [--verbose] [--mutate] FILE...\n",
            what);
    return 2;
}

/* Proofreads the file, and adds its counts.  Returns 0, 1 or 2 as main does.
 * `how` has the options. */
static int do_file(proof *how, const char *name, uint64_t seed)
{
    proof f = *how;
    FILE *in = fopen(name, "r");

    if (in == NULL) {
        fprintf(stderr, "%s: cannot open: %s\n", name, strerror(errno));
        return 2;
    }
    f.file = name;
    f.page = dm_page_new(seed);
    f.reader = dm_tex_new(is_function, &f);
    if (f.page == NULL || f.reader == NULL) {
        fprintf(stderr, "%s: no memory\n", name);
        exit(2);
    }
    memset(f.count, 0, sizeof f.count);
    f.definitions = 0;
    f.change[0] = '\0';
    page(&f, in);
    fclose(in);
    free(f.left);
    dm_page_free(f.page);
    dm_tex_free(f.reader);
    for (int v = 0; v < VERDICTS; v++)
        how->count[v] += f.count[v];
    how->definitions = f.definitions;
    how->changes = f.changes;
    how->harmless = f.harmless;
    how->survivors = f.survivors;
    memcpy(how->change, f.change, sizeof how->change);
    return f.count[FAILED] + f.count[UNREAD] > 0;
}

static void report_slips(const proof *how, const char *name, const char *where)
{
    printf("%s: %zu slips in %s: %zu without effect, %zu survive\n", name,
           how->changes, where, how->harmless, how->survivors);
}

/* Tries every slip of the pen on every relation of the file, then on every
 * definition: a later line should fail. */
static void mutate_file(const proof *options, const char *name, uint64_t seed)
{
    proof how = *options;

    how.quiet = 1;
    do_file(&how, name, seed);
    report_slips(&how, name, "relations");
    long definitions = how.definitions;
    how.mutate = 0;
    how.changes = how.harmless = how.survivors = 0;
    for (how.mutant = 0; how.mutant < definitions; how.mutant++)
        for (how.slip = 0;; how.slip++) {
            size_t harmless = how.harmless;
            int found = do_file(&how, name, seed);
            if (how.change[0] == '\0')
                break;
            how.changes++;
            if (found || how.harmless > harmless)
                continue;
            how.survivors++;
            printf("%s: definition %ld: survives: %s\n", name, how.mutant + 1,
                   how.change);
        }
    report_slips(&how, name, "definitions");
}

int main(int argc, char *argv[])
{
    static const struct option known[] = {
        { "seed", 1, NULL, 's' },   { "draws", 1, NULL, 'd' },
        { "quiet", 0, NULL, 'q' },  { "verbose", 0, NULL, 'v' },
        { "mutate", 0, NULL, 'm' }, { "help", 0, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    proof how = { .draws = 25, .mutant = -1 };
    uint64_t seed = 1;
    int found, status = 0;

    gsl_set_error_handler_off(); /* a hard integral is a verdict, no abort */
    while ((found = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (found == 's')
            seed = strtoull(optarg, NULL, 10);
        else if (found == 'd')
            how.draws = atoi(optarg);
        else if (found == 'v')
            how.verbose = 1;
        else if (found == 'q')
            how.quiet = 1;
        else if (found == 'm')
            how.mutate = 1;
        else
            return found == 'h' ? usage("proofreads markdown files") * 0
                                : usage("unknown option");
    }
    if (optind == argc || how.draws < 1)
        return usage("expected FILE, and draws of at least 1");
    for (int i = optind; i < argc; i++) {
        if (how.mutate) {
            mutate_file(&how, argv[i], seed);
            continue;
        }
        int one = do_file(&how, argv[i], seed);
        status = one > status ? one : status;
    }
    if (how.mutate)
        return 0;
    printf("proofread: %zu ok, %zu FAIL, %zu by words, %zu unread, %zu same, "
           "%zu definitions\n",
           how.count[OK], how.count[FAILED], how.count[WORDS],
           how.count[UNREAD], how.count[SAME], how.count[DEFINED]);
    return status;
}
