/* The pages in tests/proofread, through src/book/proofread.c: what is right
 * there holds, and what is wrong fails. */
#define _XOPEN_SOURCE 700

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(pages, .timeout = 600.0);

enum { LINE = 8192, DISPLAYS = 400 };

/* A ```math fence of a page and the verdicts on its relations.  Behind
 * <!-- wrong --> it must fail; behind <!-- wrong: NEW for OLD --> the program
 * must also say that it would hold with this change. */
typedef struct {
    int first, last; /* its lines, of the fences too */
    int wrong;
    char change[200];                 /* "NEW for OLD", or empty */
    int ok, defined, failed, no_good; /* verdicts; same, unread, words */
    int named;                        /* 1 if the change was proposed */
} display;

typedef struct {
    const char *file;
    size_t n;
    display at[DISPLAYS];
} page;

typedef struct {
    int hold, fail, changes;
} tally;

/* Notes what a comment that begins with "<!-- wrong" demands of the display
 * behind it. */
static void read_demand(const char *line, display *d)
{
    const char *end = strstr(line, " -->");

    d->wrong = 1;
    if (strncmp(line, "<!-- wrong: ", 12) != 0 || end == NULL)
        return;
    snprintf(d->change, sizeof d->change, "%.*s", (int)(end - line - 12),
             line + 12);
}

/* Finds the displays of the page. */
static void read_page(page *p)
{
    FILE *in = fopen(p->file, "r");
    char line[LINE];
    display next = { 0 };
    int inside = 0;

    cr_assert(in != NULL, "cannot open %s", p->file);
    for (int n = 1; fgets(line, sizeof line, in) != NULL; n++) {
        if (strncmp(line, "<!-- wrong", 10) == 0) {
            read_demand(line, &next);
        } else if (!inside && strncmp(line, "```math", 7) == 0) {
            inside = 1;
            next.first = n;
        } else if (inside && strncmp(line, "```", 3) == 0) {
            inside = 0;
            next.last = n;
            cr_assert(lt(sz, p->n, DISPLAYS), "%s", p->file);
            p->at[p->n++] = next;
            next = (display){ 0 };
        }
    }
    cr_expect(zero(int, next.wrong + inside), "%s ends too early", p->file);
    fclose(in);
}

/* Adds a line of output, "file:12: FAIL ...", to the display it is about. */
static void read_verdict(page *p, const char *line)
{
    size_t length = strlen(p->file);
    char verdict[20], change[260];
    int n;

    if (strncmp(line, p->file, length) != 0 ||
        sscanf(line + length, ":%d: %19s", &n, verdict) != 2)
        return;
    for (size_t i = 0; i < p->n; i++) {
        display *d = &p->at[i];
        if (n <= d->first || n >= d->last)
            continue;
        d->ok += strcmp(verdict, "ok") == 0;
        d->defined += strcmp(verdict, "defined") == 0;
        d->failed += strcmp(verdict, "FAIL") == 0;
        d->no_good += strstr(" same unread words ", verdict) != NULL;
        snprintf(change, sizeof change, "; would hold with %s\n", d->change);
        d->named = d->named || strstr(line, change) != NULL;
        return;
    }
    cr_expect(0, "a verdict on no display: %s", line);
}

/* Proofreads the page and collects the verdicts. */
static void proofread(page *p)
{
    char command[600], line[LINE];
    int wrong = 0;

    for (size_t i = 0; i < p->n; i++)
        wrong += p->at[i].wrong;
    snprintf(command, sizeof command, "./build/proofread --verbose %s 2>&1",
             p->file);
    FILE *in = popen(command, "r");
    cr_assert(in != NULL);
    while (fgets(line, sizeof line, in) != NULL)
        read_verdict(p, line);
    int status = pclose(in);
    status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    cr_expect(eq(int, status, wrong > 0), "%s ends with: %s", p->file, line);
}

/* Holds a display to what its page says of it. */
static void judge(const page *p, const display *d, tally *sum)
{
    int read = d->ok + d->defined + d->failed;

    cr_expect(gt(int, read, 0), "%s:%d: not read at all", p->file, d->first);
    cr_expect(zero(int, d->no_good), "%s:%d: same, unread or by words", p->file,
              d->first);
    cr_expect(eq(int, d->failed, d->wrong), "%s:%d: %s", p->file, d->first,
              d->wrong ? "wrong, and does not fail" : "right, and fails");
    if (d->wrong)
        cr_expect(zero(int, d->ok), "%s:%d: wrong, and holds in part", p->file,
                  d->first);
    if (d->change[0] != '\0')
        cr_expect(d->named, "%s:%d: \"would hold with %s\" is not proposed",
                  p->file, d->first, d->change);
    sum->hold += !d->wrong && d->ok > 0 && d->failed == 0;
    sum->fail += d->wrong && d->failed == 1;
    sum->changes += d->change[0] != '\0' && d->named;
}

/* Judges every page of that name; wild cards are understood. */
static tally judge_pages(const char *pattern)
{
    static page p;
    glob_t found;
    tally sum = { 0 };

    cr_assert(zero(int, glob(pattern, 0, NULL, &found)), "no %s", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        p = (page){ .file = found.gl_pathv[i] };
        read_page(&p);
        proofread(&p);
        for (size_t k = 0; k < p.n; k++)
            judge(&p, &p.at[k], &sum);
    }
    globfree(&found);
    return sum;
}

Test(pages, the_errata_fail_and_their_corrections_hold)
{
    tally sum = judge_pages("tests/proofread/errata*.md");

    cr_expect(ge(int, sum.hold, 30));
    cr_expect(ge(int, sum.fail, 30));
    cr_expect(ge(int, sum.changes, 10), "changes proposed");
}

Test(pages, true_identities_hold_and_with_one_slip_fail)
{
    tally sum = judge_pages("tests/proofread/identities*.md");

    cr_expect(ge(int, sum.hold, 120));
    cr_expect(ge(int, sum.fail, 120));
}
