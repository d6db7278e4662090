#include "relation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "repair.h"

/* Characters of a note; halvings of h; nodes evaluated for a relation. */
enum { SHORT = 1200, HALVINGS = 8, WORK = 100000000 };

/* --- values ----------------------------------------------------------------------- */

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
    int zero = (x.rows == 0 && x.x == 0.0 && x.error == 0.0) ||
               (y.rows == 0 && y.x == 0.0 && y.error == 0.0);
    int n = dm_value_count(x) > dm_value_count(y) ? dm_value_count(x)
                                                  : dm_value_count(y);

    if (!dm_value_alike(x, y) && !zero)
        return (comparison){ 0, 1, 1, -1.0, 1.0 };
    double widest = 0.0, size = 0.0;
    for (int i = 0; i < n; i++) {
        dm_value a = dm_value_at(x, x.rows == 0 ? 0 : i);
        dm_value b = dm_value_at(y, y.rows == 0 ? 0 : i);
        double room = 8.0 * (a.error + b.error) + 1e-300;
        c.agree = c.agree && fabs(a.x - b.x) <= room;
        c.finite = c.finite && isfinite(a.x) && isfinite(b.x);
        c.low = a.x - b.x - room;
        c.top = a.x - b.x + room;
        widest = fmax(widest, room);
        size = fmax(size, fmax(fabs(a.x), fabs(b.x)));
    }
    c.telling = widest < 1e-3 * size || (zero && widest < 1e-6);
    return c;
}

/* A matrix with the number v times the unit matrix. */
static comparison compare_to_unit(dm_value u, dm_value v)
{
    comparison c = compare(dm_value_at(u, 0), v);

    for (int i = 1; i < dm_value_count(u); i++) {
        int diagonal = i % (u.cols + 1) == 0;
        comparison one =
            compare(dm_value_at(u, i), diagonal ? v : dm_value_exact(0.0));
        c.agree = c.agree && one.agree;
        c.finite = c.finite && one.finite;
        c.telling = c.telling && (one.telling || !diagonal);
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

static void write_two(char note[SHORT], const char *what, dm_value x,
                      dm_value y)
{
    char a[SHORT / 4], b[SHORT / 4];
    size_t used = strlen(note);

    write_value(x, a, sizeof a);
    write_value(y, b, sizeof b);
    snprintf(note + used, SHORT - used, "%s%s and %s", what, a, b);
}

/* --- signs ------------------------------------------------------------------------ */

static int is_of_laws(const dm_relation *r)
{
    return strcmp(r->sign, "\\sim") == 0 || strcmp(r->sign, "d=") == 0;
}

static int is_strict(const dm_relation *r)
{
    return strcmp(r->sign, "<") == 0 || strcmp(r->sign, ">") == 0;
}

static int is_inequality(const dm_relation *r)
{
    return is_strict(r) || strcmp(r->sign, "\\le") == 0 ||
           strcmp(r->sign, "\\ge") == 0;
}

/* --- one draw --------------------------------------------------------------------- */

static dm_verdict unread(const dm_relation *r, char note[SHORT])
{
    snprintf(note, SHORT, "%s", dm_page_why(r->page));
    return DM_UNREAD;
}

/* Two laws, of which the second may be written as \mathcal N(mean, variance). */
static dm_verdict hold_laws(const dm_relation *r, int written, int *telling,
                            char note[SHORT])
{
    const dm_tex *b = r->right;
    dm_value x, y, u, v;

    if (written && (b->kind != DM_TEX_NORMAL || b->n != 2)) {
        strcpy(note, "expected \\mathcal N(mean, variance) on the right");
        return DM_UNREAD;
    }
    if (!dm_page_law(r->page, r->left, &x, &u) ||
        !(written ? dm_page_value(r->page, b->child[0], &y) &&
                        dm_page_value(r->page, b->child[1], &v)
                  : dm_page_law(r->page, b, &y, &v)))
        return unread(r, note);
    write_two(note, "means ", x, y);
    write_two(note, ", variances ", u, v);
    comparison mean = compare(x, y);
    comparison spread =
        written && v.rows == 0 ? compare_to_unit(u, v) : compare(u, v);
    if (!mean.finite || !spread.finite) {
        strcpy(note, "outside its domain");
        return DM_FAILS;
    }
    /* A mean of 0 that was found by cancelling is as good as one. */
    *telling += spread.telling &&
                (mean.telling || (spread.finite && mean.top - mean.low < 1e-6));
    return mean.agree && spread.agree ? DM_HOLDS : DM_FAILS;
}

/* a/b at x and at another place, without dividing: a v = b u. */
static dm_verdict compare_ratios(const dm_relation *r, dm_value x, dm_value y,
                                 int *telling, char note[SHORT])
{
    dm_value u, v;

    if (!dm_page_value(r->page, r->left, &u) ||
        !dm_page_value(r->page, r->right, &v))
        return unread(r, note);
    double error = 16.0 * (fabs(x.x) * v.error + fabs(v.x) * x.error +
                           fabs(y.x) * u.error + fabs(u.x) * y.error);
    double left = x.x * v.x, right = y.x * u.x;
    snprintf(note, SHORT, "ratio %.9g, then %.9g", x.x / y.x, u.x / v.x);
    if (isnan(left - right)) {
        strcpy(note, "outside its domain");
        return DM_FAILS;
    }
    *telling += error < 1e-3 * fmax(fabs(left), fabs(right));
    return fabs(left - right) <= error ? DM_HOLDS : DM_FAILS;
}

/* The same where x is a member of a sequence, say, or has no domain. */
static dm_verdict move_by_step(const dm_relation *r, dm_value x, dm_value y,
                               int *telling, char note[SHORT])
{
    dm_verdict verdict = DM_HOLDS;

    if (x.rows != 0 || y.rows != 0) {
        strcpy(note, "a ratio of vectors");
        return DM_UNREAD;
    }
    for (int k = 0; k < 2 && verdict == DM_HOLDS; k++) {
        if (!dm_page_move(r->page, r->in, k == 0 ? 0.3711 : -0.5237))
            return unread(r, note);
        verdict = compare_ratios(r, x, y, telling, note);
    }
    return verdict;
}

/* The ratio of the sides at the place of the draw and at two more. */
static dm_verdict hold_ratio(const dm_relation *r, int *telling,
                             char note[SHORT])
{
    static const double shares[] = { 0.236068, 0.804716 };
    dm_value x, y, in;
    char name[200], one[200];
    dm_verdict verdict = DM_HOLDS;

    if (!dm_page_value(r->page, r->left, &x) ||
        !dm_page_value(r->page, r->right, &y) ||
        !dm_page_value(r->page, r->in, &in))
        return unread(r, note);
    dm_tex_write(r->in, name, sizeof name);
    for (size_t i = 0; i < dm_page_count(r->page); i++) {
        dm_page_write(r->page, i, one, sizeof one);
        if (strncmp(one, name, strlen(name)) != 0 ||
            strncmp(one + strlen(name), " = ", 3) != 0 ||
            !dm_page_nudges(r->page, i))
            continue;
        for (int k = 0; k < 2 && verdict == DM_HOLDS; k++) {
            dm_page_place(r->page, i, shares[k]);
            verdict = compare_ratios(r, x, y, telling, note);
            dm_page_restore(r->page, i, in);
        }
        return verdict;
    }
    return move_by_step(r, x, y, telling, note);
}

/* a = b + O(h^n): how the difference falls as h is halved, as long as it stands
 * out of the errors. */
static dm_verdict hold_order(const dm_relation *r, int *telling,
                             char note[SHORT])
{
    double difference[HALVINGS];
    int n = 0, exact = 0;

    for (; n < HALVINGS; n++) {
        dm_value x, y, h;
        if (!dm_page_value(r->page, r->left, &x) ||
            !dm_page_value(r->page, r->right, &y) ||
            !dm_page_value(r->page, r->in, &h) ||
            !dm_page_move(r->page, r->in, -0.5 * h.x))
            return unread(r, note);
        difference[n] = fabs(x.x - y.x);
        double room = 512.0 * (x.error + y.error);
        exact = room <= 1e-2 * fmax(fabs(x.x), fabs(y.x)) + 1e-9;
        if (x.rows != 0 || y.rows != 0 || h.rows != 0) {
            strcpy(note, "an order of vectors");
            return DM_UNREAD;
        }
        if (!(difference[n] > room))
            break;
    }
    if (n < 3) { /* as good as equal */
        snprintf(note, SHORT, "the difference is within the errors");
        *telling += exact;
        return DM_HOLDS;
    }
    double power = log2(difference[n - 2] / difference[n - 1]);
    double before = log2(difference[n - 3] / difference[n - 2]);
    snprintf(note, SHORT, "the difference falls like the power %.3f", power);
    *telling += 1;
    /* What is left of the way to the limit halves too: about the last change. */
    double limit = power + (power - before), doubt = 0.5 * fabs(power - before);
    return limit - doubt - 0.05 >= r->order - 0.5 ? DM_HOLDS : DM_FAILS;
}

static dm_verdict hold_inequality(const dm_relation *r, dm_value x, dm_value y,
                                  comparison c, char note[SHORT])
{
    int holds;

    if (x.rows > 0 || y.rows > 0) {
        strcpy(note, "an inequality between vectors");
        return DM_UNREAD;
    }
    if (is_strict(r) && c.low <= 0.0 && c.top >= 0.0) {
        strcpy(note, "the sides are too near to tell which is larger");
        return x.x == y.x ? DM_FAILS : DM_UNREAD;
    }
    if (strcmp(r->sign, "<") == 0)
        holds = x.x < y.x;
    else if (strcmp(r->sign, ">") == 0)
        holds = x.x > y.x;
    else if (strcmp(r->sign, "\\le") == 0)
        holds = c.low <= 0.0;
    else
        holds = c.top >= 0.0;
    return holds ? DM_HOLDS : DM_FAILS;
}

/* Under one draw: DM_HOLDS, DM_FAILS or DM_UNREAD, with a note.  Adds 1 to
 * *telling if the draw could tell a wrong relation. */
static dm_verdict hold_once(const dm_relation *r, int *telling,
                            char note[SHORT])
{
    dm_value x, y;

    note[0] = '\0';
    if (is_of_laws(r))
        return hold_laws(r, r->sign[0] == '\\', telling, note);
    if (strcmp(r->sign, "\\propto") == 0)
        return hold_ratio(r, telling, note);
    if (r->order > 0.0)
        return hold_order(r, telling, note);
    if (!dm_page_value(r->page, r->left, &x) ||
        !dm_page_value(r->page, r->right, &y))
        return unread(r, note);
    comparison c = compare(x, y);
    write_two(note, "", x, y);
    if (!c.finite) {
        strcpy(note, "outside its domain");
        return DM_FAILS;
    }
    int is_equal = strcmp(r->sign, "=") == 0;
    *telling += c.telling || !is_equal;
    if (is_equal)
        return c.agree ? DM_HOLDS : DM_FAILS;
    return hold_inequality(r, x, y, c, note);
}

/* --- all draws -------------------------------------------------------------------- */

/* Integrals cost a thousand times as much: a fifth of the draws. */
static int draws_of(const dm_relation *r)
{
    int slow =
        dm_page_is_slow(r->page, r->left) || dm_page_is_slow(r->page, r->right);
    return slow ? (r->draws + 4) / 5 : r->draws;
}

/* 1 if the relation holds at every draw; stops at a limit of work. */
static int holds_throughout(const dm_relation *r, double work_limit)
{
    char note[SHORT];
    int telling = 0, draws = draws_of(r);

    for (int i = 0; i < draws; i++) {
        if (dm_page_work(r->page) > work_limit)
            return 0;
        dm_page_draw(r->page);
        if (hold_once(r, &telling, note) != DM_HOLDS)
            return 0;
        if (dm_page_count(r->page) == 0) /* the next draws would be the same */
            return telling > 0;
    }
    return 2 * telling >= draws;
}

/* What dm_repair asks. */
typedef struct {
    const dm_relation *r;
    double work_limit;
} question;

/* A change that leaves the value of its side is no help: the next draws would
 * only be luckier ones. */
static int would_hold(void *context, const dm_tex *a, const dm_tex *b)
{
    question *q = context;
    dm_relation changed = *q->r;
    int right = dm_tex_same(a, q->r->left);

    changed.left = a;
    changed.right = b;
    return holds_throughout(&changed, q->work_limit) &&
           !dm_page_same(q->r->page, a, b) &&
           dm_relation_moves(q->r->page, draws_of(q->r), is_of_laws(q->r),
                             right ? q->r->right : q->r->left, right ? b : a);
}

/* Writes the values of the draw that the sides depend on: " at t = 3, ...".  A
 * value that may move without changing the note is none. */
static void write_values(const dm_relation *r, char text[SHORT])
{
    char here[SHORT], there[SHORT];
    size_t used = 0;
    int telling = 0;

    text[0] = '\0';
    hold_once(r, &telling, here);
    for (size_t i = 0; i < dm_page_count(r->page); i++) {
        dm_value before = dm_page_nudge(r->page, i);
        dm_verdict v = hold_once(r, &telling, there);
        int moves = dm_page_nudges(r->page, i);
        dm_page_restore(r->page, i, before);
        if ((moves && v != DM_UNREAD && strcmp(here, there) == 0) ||
            used + 40 > SHORT)
            continue;
        used += (size_t)snprintf(text + used, SHORT - used, "%s",
                                 used == 0 ? " at " : ", ");
        int n = dm_page_write(r->page, i, text + used, SHORT - used);
        used = n < (int)(SHORT - used) ? used + (size_t)n : SHORT - 1;
    }
}

/* A relation that failed under this draw: says where, in short decimals if it
 * fails there too, and what would mend it. */
static void explain(const dm_relation *r, const char *first, char note[DM_NOTE])
{
    char values[SHORT], other[SHORT], change[600];
    int telling = 0;
    question q = { r, 0.0 };

    if (r->brief || r->order > 0.0) { /* a rate is no matter of one draw */
        snprintf(note, DM_NOTE, "%s", first);
        return;
    }
    write_values(r, values);
    dm_page_shorten(r->page);
    if (hold_once(r, &telling, other) == DM_FAILS) {
        first = other;
        write_values(r, values);
    }
    q.work_limit = dm_page_work(r->page) + 1e7;
    int mended = !is_inequality(r) && dm_repair(r->left, r->right, would_hold,
                                                &q, change, sizeof change);
    snprintf(note, DM_NOTE, "%s%s%s%s", first, values,
             mended ? "; would hold with " : "", mended ? change : "");
}

dm_verdict dm_relation_hold(const dm_relation *r, char note[DM_NOTE])
{
    char brief[SHORT] = "";
    int telling = 0;

    note[0] = '\0';
    if (!is_strict(r) && r->order == 0.0 &&
        dm_page_same(r->page, r->left, r->right))
        return DM_SAME;
    int draws = draws_of(r);
    double work_limit = dm_page_work(r->page) + WORK;
    dm_page_begin(r->page);
    for (int i = 0; i < draws; i++) {
        dm_page_draw(r->page);
        dm_verdict v = hold_once(r, &telling, brief);
        if (v == DM_HOLDS && dm_page_work(r->page) > work_limit) {
            strcpy(brief, "it takes too long to evaluate");
            v = DM_UNREAD;
        }
        if (v == DM_FAILS)
            explain(r, brief, note);
        else
            snprintf(note, DM_NOTE, "%s", brief);
        if (v != DM_HOLDS)
            return v;
        if (dm_page_count(r->page) == 0) /* the next draws would be the same */
            draws = 1;
    }
    if (2 * telling >= draws)
        return DM_HOLDS;
    strcpy(note, "its errors are too large to tell a wrong relation");
    return DM_UNREAD;
}

/* --- mutants ---------------------------------------------------------------------- */

/* 1 if two values differ by more than a millionth. */
static int differ(dm_value x, dm_value y)
{
    if (!dm_value_alike(x, y))
        return 1;
    for (int k = 0; k < dm_value_count(x); k++) {
        double u = dm_value_at(x, k).x, v = dm_value_at(y, k).x;
        if (!(fabs(u - v) <= 1e-6 * fmax(fabs(u), fabs(v))))
            return 1;
    }
    return 0;
}

/* Stores mean and variance of a side in law, of any other side its value. */
static int look(dm_page *p, const dm_tex *side, int in_law, dm_value *mean,
                dm_value *variance)
{
    *variance = dm_value_exact(0.0);
    if (side->kind == DM_TEX_NORMAL && side->n == 2)
        return dm_page_value(p, side->child[0], mean) &&
               dm_page_value(p, side->child[1], variance);
    return in_law ? dm_page_law(p, side, mean, variance)
                  : dm_page_value(p, side, mean);
}

int dm_relation_moves(dm_page *p, int draws, int in_law, const dm_tex *a,
                      const dm_tex *b)
{
    for (int i = 0; i < draws; i++) {
        dm_value x, y, u, v;
        dm_page_draw(p);
        if (!look(p, a, in_law, &x, &u) || !look(p, b, in_law, &y, &v) ||
            differ(x, y) || differ(u, v))
            return 1;
    }
    return 0;
}

size_t dm_relation_mutate(const dm_relation *r,
                          void (*survived)(void *context, const char *change,
                                           int moved),
                          void *context)
{
    int in_law = is_of_laws(r);
    char text[600];
    size_t changes = 0;

    for (int right = 0; right < 2; right++) {
        const dm_tex *side = right ? r->right : r->left, *changed;
        for (size_t n = 0;
             (changed = dm_repair_change(side, n, text, sizeof text)) != NULL;
             n++) {
            dm_relation mutant = *r;
            *(right ? &mutant.right : &mutant.left) = changed;
            changes++;
            if (holds_throughout(&mutant, INFINITY))
                survived(context, text,
                         dm_relation_moves(r->page, draws_of(r), in_law, side,
                                           changed));
        }
    }
    return changes;
}
