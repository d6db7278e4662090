/* proofread.c -- evaluates every relation in a page's mathematics.
 *
 *   build/proofread [--seed K] [--draws N] [--quiet] [--verbose] FILE...
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
#include "repair.h"

enum { ROW = 16384, SIDES = 12, NOTE = 1200 };

typedef enum { OK, SAME, FAILED, UNREAD, WORDS, DEFINED, VERDICTS } verdict;
static const char *const verdict_name[] = { "ok",     "same",  "FAIL",
                                            "unread", "words", "defined" };

typedef struct {
    const char *file;
    int line; /* where the row begins */
    int draws, verbose, quiet;
    int telling;       /* 1 once a draw could tell a wrong relation */
    double work_limit; /* for suggestions */
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
    if (v != FAILED && v != UNREAD && f->quiet)
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

/* How two values compare. */
typedef struct {
    int agree;       /* within what both can be trusted to           */
    int finite;      /* both, and their errors                       */
    int telling;     /* no error is so large that all would agree    */
    double low, top; /* of x - y, with room for the errors: bounds   */
} comparison;

static comparison compare(dm_value x, dm_value y)
{
    comparison c = { 1, 1, 1, 0.0, 0.0 };
    int zero = (x.rows == 0 && x.x == 0.0) || (y.rows == 0 && y.x == 0.0);
    int n = dm_value_count(x) > dm_value_count(y) ? dm_value_count(x)
                                                  : dm_value_count(y);

    if (!dm_value_alike(x, y) && !zero)
        return (comparison){ 0, 1, 1, -1.0, 1.0 };
    for (int i = 0; i < n; i++) {
        dm_value a = dm_value_at(x, x.rows == 0 ? 0 : i);
        dm_value b = dm_value_at(y, y.rows == 0 ? 0 : i);
        double room = 8.0 * (a.error + b.error) + 1e-300;
        c.agree = c.agree && fabs(a.x - b.x) <= room;
        c.finite = c.finite && isfinite(a.x) && isfinite(b.x) && isfinite(room);
        c.telling =
            c.telling && room <= 1e-3 * fmax(fabs(a.x), fabs(b.x)) + 1e-6;
        c.low = a.x - b.x - room;
        c.top = a.x - b.x + room;
    }
    return c;
}

/* Writes a value: 1.7, or (1.7, 2). */
static void write_value(dm_value v, char *text, size_t size)
{
    int used = snprintf(text, size, "%s", v.rows > 0 ? "(" : "");

    for (int i = 0; i < dm_value_count(v) && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, "%s%.9g",
                         i == 0 ? "" : ", ", dm_value_at(v, i).x);
    if (v.rows > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, ")");
}

static void write_two(char note[NOTE], const char *what, dm_value x, dm_value y)
{
    char a[NOTE / 4], b[NOTE / 4];
    size_t used = strlen(note);

    write_value(x, a, sizeof a);
    write_value(y, b, sizeof b);
    snprintf(note + used, NOTE - used, "%s%s and %s", what, a, b);
}

/* Two laws, of which the second may be written as \mathcal N(mean, variance). */
static verdict hold_laws(proof *f, const dm_tex *a, const dm_tex *b,
                         int written, char note[NOTE])
{
    dm_value x, y, u, v;

    if (written && (b->kind != DM_TEX_NORMAL || b->n != 2)) {
        strcpy(note, "expected \\mathcal N(mean, variance) on the right");
        return UNREAD;
    }
    if (!dm_page_law(f->page, a, &x, &u) ||
        !(written ? dm_page_value(f->page, b->child[0], &y) &&
                        dm_page_value(f->page, b->child[1], &v)
                  : dm_page_law(f->page, b, &y, &v))) {
        snprintf(note, NOTE, "%s", dm_page_why(f->page));
        return UNREAD;
    }
    note[0] = '\0';
    write_two(note, "means ", x, y);
    write_two(note, ", variances ", u, v);
    comparison mean = compare(x, y), spread = compare(u, v);
    if (!mean.finite || !spread.finite) {
        strcpy(note, "outside its domain");
        return FAILED;
    }
    f->telling = f->telling || (mean.telling && spread.telling);
    return mean.agree && spread.agree ? OK : FAILED;
}

/* a/b before and after x has moved, without dividing: a v = b u. */
static verdict hold_ratio(proof *f, const dm_tex *a, const dm_tex *b,
                          const dm_tex *in, char note[NOTE])
{
    dm_value x, y, u, v;

    if (!dm_page_value(f->page, a, &x) || !dm_page_value(f->page, b, &y) ||
        !dm_page_move(f->page, in, 0.37) || !dm_page_value(f->page, a, &u) ||
        !dm_page_value(f->page, b, &v)) {
        snprintf(note, NOTE, "%s", dm_page_why(f->page));
        return UNREAD;
    }
    double error = fabs(x.x) * v.error + fabs(v.x) * x.error +
                   fabs(y.x) * u.error + fabs(u.x) * y.error;
    double left = x.x * v.x, right = y.x * u.x;
    snprintf(note, NOTE, "ratio %.9g, then %.9g", x.x / y.x, u.x / v.x);
    f->telling =
        f->telling || 16.0 * error <= 1e-3 * fmax(fabs(left), fabs(right));
    return fabs(left - right) <= 16.0 * error ? OK : FAILED;
}

/* Holds the sides of a relation against each other under one draw.  Returns
 * OK, FAILED or UNREAD, with a note. */
static verdict hold_once(proof *f, const dm_tex *a, const char *relation,
                         const dm_tex *b, const dm_tex *in, char note[NOTE])
{
    dm_value x, y;

    note[0] = '\0';
    if (strcmp(relation, "\\sim") == 0 || strcmp(relation, "d=") == 0)
        return hold_laws(f, a, b, relation[0] == '\\', note);
    if (strcmp(relation, "\\propto") == 0)
        return hold_ratio(f, a, b, in, note);
    if (!dm_page_value(f->page, a, &x) || !dm_page_value(f->page, b, &y)) {
        snprintf(note, NOTE, "%s", dm_page_why(f->page));
        return UNREAD;
    }
    comparison c = compare(x, y);
    write_two(note, "", x, y);
    if (!c.finite) {
        strcpy(note, "outside its domain");
        return FAILED;
    }
    f->telling = f->telling || c.telling;
    if (strcmp(relation, "=") == 0)
        return c.agree ? OK : FAILED;
    if (x.rows > 0 || y.rows > 0) {
        strcpy(note, "an inequality between vectors");
        return UNREAD;
    }
    if (strcmp(relation, "<") == 0)
        return x.x < y.x ? OK : FAILED;
    if (strcmp(relation, ">") == 0)
        return x.x > y.x ? OK : FAILED;
    return (strcmp(relation, "\\le") == 0 ? c.low <= 0.0 : c.top >= 0.0)
               ? OK
               : FAILED;
}

/* Integrals cost a thousand times as much: a fifth of the draws. */
static int draws_for(const proof *f, const dm_tex *a, const dm_tex *b)
{
    int slow = dm_page_is_slow(f->page, a) || dm_page_is_slow(f->page, b);
    return slow ? (f->draws + 4) / 5 : f->draws;
}

/* What dm_repair asks: would the relation hold at every draw? */
typedef struct {
    proof *f;
    const char *relation;
    const dm_tex *in;
} question;

static int would_hold(void *context, const dm_tex *a, const dm_tex *b)
{
    question *q = context;
    char note[NOTE];
    int draws = draws_for(q->f, a, b);

    if (dm_page_work(q->f->page) > q->f->work_limit)
        return 0;
    for (int i = 0; i < draws; i++) {
        dm_page_draw(q->f->page);
        if (hold_once(q->f, a, q->relation, b, q->in, note) != OK)
            return 0;
    }
    return !dm_page_same(q->f->page, a, b);
}

/* a = b + O(h^order): the difference at h, h/2 and h/4, under one draw. */
static verdict falls(proof *f, const dm_tex *a, const dm_tex *b,
                     const dm_tex *h, double order, char note[NOTE])
{
    double difference[3], error[3];

    for (int i = 0; i < 3; i++) {
        dm_value x, y, step;
        if (!dm_page_value(f->page, a, &x) || !dm_page_value(f->page, b, &y) ||
            !dm_page_value(f->page, h, &step) ||
            !dm_page_move(f->page, h, -0.5 * step.x)) {
            snprintf(note, NOTE, "%s", dm_page_why(f->page));
            return UNREAD;
        }
        difference[i] = fabs(x.x - y.x);
        error[i] = 8.0 * (x.error + y.error);
    }
    double power = log2(difference[1] / difference[2]);
    double before = log2(difference[0] / difference[1]);
    snprintf(note, NOTE, "the difference falls like the power %.3f", power);
    /* The last slope, less its change over the last halving. */
    if (difference[2] <= error[2] ||
        power - fabs(power - before) - 0.05 >= order - 0.5)
        return OK;
    return FAILED;
}

/* Cuts "+ O(h^n)" off the end of a side.  Returns 1 if it was there; then h
 * and the order are stored. */
static int cut_order(proof *f, char *text, const dm_tex **h, double *order)
{
    char *big = strstr(text, "+ O("), *close = strrchr(text, ')');
    const char *reason;
    size_t at;

    if (big == NULL || close == NULL || close < big)
        return 0;
    const dm_tex *inside = dm_tex_read(f->reader, big + 4,
                                       (size_t)(close - big - 4), &reason, &at);
    if (inside == NULL)
        return 0;
    *order = 1.0;
    *h = inside;
    if (inside->kind == DM_TEX_POWER &&
        inside->child[1]->kind == DM_TEX_NUMBER) {
        *h = inside->child[0];
        *order = inside->child[1]->number;
    }
    *big = '\0';
    return (*h)->kind == DM_TEX_SYMBOL;
}

static void check_order(proof *f, char *left, char *right)
{
    char why[200] = "", note[NOTE] = "";
    double order = 0.0, unused;
    const dm_tex *h = NULL, *other = NULL;
    int both = cut_order(f, left, &other, &unused);
    const dm_tex *a, *b = NULL;

    if (!cut_order(f, right, &h, &order) && !both) {
        say(f, UNREAD, left, "=", right, "cannot read the order");
        return;
    }
    if (h == NULL) {
        h = other;
        order = unused;
    }
    a = side(f, left, why);
    if (a != NULL)
        b = side(f, right, why);
    if (b == NULL) {
        say(f, UNREAD, left, "=", right, why);
        return;
    }
    verdict v = OK;
    for (int i = 0; i < f->draws && v == OK; i++) {
        dm_page_draw(f->page);
        v = falls(f, a, b, h, order, note);
    }
    say(f, v, left, "= up to the order", right, v == OK ? "" : note);
}

/* Writes the values of the draw that the sides depend on: " at t = 3, ...".  A
 * value that may move without changing the note is none. */
static void write_values(question *q, const dm_tex *a, const dm_tex *b,
                         char text[NOTE])
{
    dm_page *page = q->f->page;
    char here[NOTE], there[NOTE];
    size_t used = 0;

    text[0] = '\0';
    hold_once(q->f, a, q->relation, b, q->in, here);
    for (size_t i = 0; i < dm_page_count(page); i++) {
        dm_value before = dm_page_nudge(page, i);
        verdict v = hold_once(q->f, a, q->relation, b, q->in, there);
        int moves = dm_page_nudges(page, i);
        dm_page_restore(page, i, before);
        if ((moves && v != UNREAD && strcmp(here, there) == 0) ||
            used + 40 > NOTE)
            continue;
        used += (size_t)snprintf(text + used, NOTE - used, "%s",
                                 used == 0 ? " at " : ", ");
        int n = dm_page_write(page, i, text + used, NOTE - used);
        used = n < (int)(NOTE - used) ? used + (size_t)n : NOTE - 1;
    }
}

/* A relation that failed under this draw: says where, in short decimals if it
 * fails there too, and what would mend it. */
static void refuse(question *q, const char *left, const dm_tex *a,
                   const char *right, const dm_tex *b, char note[NOTE])
{
    proof *f = q->f;
    char values[NOTE], other[NOTE], change[600], full[3 * NOTE];

    write_values(q, a, b, values);
    dm_page_shorten(f->page);
    if (hold_once(f, a, q->relation, b, q->in, other) == FAILED) {
        strcpy(note, other);
        write_values(q, a, b, values);
    }
    f->work_limit = dm_page_work(f->page) + 1e7;
    int mended = dm_repair(a, b, would_hold, q, change, sizeof change);
    snprintf(full, sizeof full, "%s%s%s%s", note, values,
             mended ? "; would hold with " : "", mended ? change : "");
    say(f, FAILED, left, q->relation, right, full);
}

static void check(proof *f, const char *left, const char *relation,
                  const char *right, const char *in)
{
    char why[200] = "", note[NOTE] = "";
    const dm_tex *a = side(f, left, why), *b = NULL, *variable = NULL;

    if (a != NULL)
        b = side(f, right, why);
    if (b != NULL && *in != '\0')
        variable = side(f, in, why);
    else if (b != NULL && strcmp(relation, "\\propto") == 0) {
        say(f, UNREAD, left, relation, right,
            "write \\underset{x}{\\propto}, to say in which symbol");
        return;
    }
    if (a == NULL || b == NULL || (*in != '\0' && variable == NULL)) {
        say(f, UNREAD, left, relation, right, why);
        return;
    }
    int strict = strcmp(relation, "<") == 0 || strcmp(relation, ">") == 0;
    if (!strict && dm_page_same(f->page, a, b)) {
        say(f, SAME, left, relation, right, "");
        return;
    }
    question q = { f, relation, variable };
    int draws = draws_for(f, a, b);
    f->telling = 0;
    for (int i = 0; i < draws; i++) {
        dm_page_draw(f->page);
        verdict v = hold_once(f, a, relation, b, variable, note);
        if (v == FAILED)
            refuse(&q, left, a, right, b, note);
        else if (v == UNREAD)
            say(f, UNREAD, left, relation, right, note);
        if (v != OK)
            return;
    }
    if (!f->telling)
        say(f, UNREAD, left, relation, right,
            "its errors are too large to tell a wrong relation");
    else
        say(f, OK, left, relation, right, f->verbose ? note : "");
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
    if (b == NULL)
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
    static const char *const unknown[] = { "\\approx",   "\\ne",    "\\neq",
                                           "\\stackrel", "\\equiv", "\\overset",
                                           "\\simeq",    "\\gg",    "\\ll" };
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

/* One statement: sides with relations between them.  The last side is kept,
 * for a row below that begins with a relation. */
static void statement(proof *f, const char *begin, const char *end, int words)
{
    char *sides[SIDES] = { NULL }, *in[SIDES] = { NULL };
    const char *between[SIDES] = { NULL }, *from = begin;
    size_t n = 0, length;
    int depth = 0;

    for (const char *p = begin; p < end; p++) { /* a remark ends it */
        depth += in_cases(p) + (*p == '{') - (*p == '}');
        if (depth == 0 && strncmp(p, "\\text{", 6) == 0)
            end = p;
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
        if (meant == NULL || n + 1 == SIDES)
            continue;
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
                 (strstr(sides[i], "+ O(") != NULL ||
                  strstr(sides[i + 1], "+ O(") != NULL)) {
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

/* Proofreads the page in the open file. */
static void page(proof *f, FILE *in)
{
    char line[4096], text[ROW] = "";
    place where = PROSE;
    int number = 0, first = 0;

    while (fgets(line, sizeof line, in) != NULL) {
        number++;
        f->line = number;
        size_t n = strlen(line), indent = strspn(line, " ");
        memmove(line, line + indent, n - indent + 1);
        n -= indent;
        while (n > 0 && strchr("\r\n ", line[n - 1]) != NULL)
            line[--n] = '\0';
        int fence = starts(line, "```"), dollars = strcmp(line, "$$") == 0;
        if (where == PROSE && n > 4 && starts(line, "$$") &&
            strcmp(line + n - 2, "$$") == 0) { /* all in one line */
            line[n - 2] = '\0';
            display(f, line + 2, number);
            continue;
        }
        if (where == PROSE) {
            where = starts(line, "<!-- symbols") ? SYMBOLS
                    : starts(line, "```math")    ? FENCE
                    : fence                      ? CODE
                    : dollars                    ? DOLLARS
                                                 : PROSE;
            text[0] = '\0';
            first = number + 1;
        } else if (where == SYMBOLS) {
            char *declared = copy(line, line + n);
            f->column = (int)indent + 1;
            if (starts(line, "-->"))
                where = PROSE;
            else if (*declared != '\0')
                declaration(f, declared);
            free(declared);
        } else if ((where != DOLLARS && fence) ||
                   (where == DOLLARS && dollars)) {
            if (where != CODE)
                display(f, text, first);
            where = PROSE;
        } else if (where != CODE) {
            if (strlen(text) + n + 2 > sizeof text) {
                fprintf(stderr, "%s:%d: a display of more than %d characters\n",
                        f->file, number, ROW);
                exit(2);
            }
            strcat(strcat(text, line), "\n");
        }
    }
    if (where != PROSE && where != CODE) {
        fprintf(stderr, "%s:%d: what begins here does not end\n", f->file,
                first - 1);
        exit(2);
    }
}

static int usage(const char *what)
{
    fprintf(stderr,
            "proofread: %s\nusage: build/proofread [--seed K] [--draws N] "
            "[--quiet] [--verbose] FILE...\n",
            what);
    return 2;
}

/* Proofreads one file.  Returns 0, 1 or 2 as main does, and adds its counts. */
static int do_file(const char *name, uint64_t seed, int draws, int verbose,
                   int quiet, size_t total[VERDICTS])
{
    proof f = {
        .file = name, .draws = draws, .verbose = verbose, .quiet = quiet
    };
    FILE *in = fopen(name, "r");

    if (in == NULL) {
        fprintf(stderr, "%s: cannot open: %s\n", name, strerror(errno));
        return 2;
    }
    f.page = dm_page_new(seed);
    f.reader = dm_tex_new(is_function, &f);
    if (f.page != NULL && f.reader != NULL)
        page(&f, in);
    else
        fprintf(stderr, "%s: no memory\n", name);
    fclose(in);
    free(f.left);
    dm_page_free(f.page);
    dm_tex_free(f.reader);
    for (int v = 0; v < VERDICTS; v++)
        total[v] += f.count[v];
    return f.count[FAILED] + f.count[UNREAD] > 0;
}

int main(int argc, char *argv[])
{
    static const struct option known[] = {
        { "seed", 1, NULL, 's' },  { "draws", 1, NULL, 'd' },
        { "quiet", 0, NULL, 'q' }, { "verbose", 0, NULL, 'v' },
        { "help", 0, NULL, 'h' },  { NULL, 0, NULL, 0 }
    };
    size_t total[VERDICTS] = { 0 };
    uint64_t seed = 1;
    int found, draws = 25, verbose = 0, quiet = 0, status = 0;

    gsl_set_error_handler_off(); /* a hard integral is a verdict, no abort */
    while ((found = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (found == 's')
            seed = strtoull(optarg, NULL, 10);
        else if (found == 'd')
            draws = atoi(optarg);
        else if (found == 'v')
            verbose = 1;
        else if (found == 'q')
            quiet = 1;
        else
            return found == 'h' ? usage("proofreads markdown files") * 0
                                : usage("unknown option");
    }
    if (optind == argc || draws < 1)
        return usage("expected FILE, and draws of at least 1");
    for (int i = optind; i < argc; i++) {
        int one = do_file(argv[i], seed, draws, verbose, quiet, total);
        status = one > status ? one : status;
    }
    printf("proofread: %zu ok, %zu FAIL, %zu by words, %zu unread, %zu same, "
           "%zu definitions\n",
           total[OK], total[FAILED], total[WORDS], total[UNREAD], total[SAME],
           total[DEFINED]);
    return status;
}
