#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE

#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "mixture_file.h"
#include "table.h"

#define MIXTURE_1D "tests/reference/mixture-toy.1d.txt"
#define MIXTURE_2D "tests/reference/mixture-ring-of-8.2d.txt"

/* What a program can check in double precision: with a condition of 1e9 six
 * digits of a density are left; and noise has variance 1. */
#define CONDITION_MAX 1e9
#define VARIANCE_MIN  1e-9
#define VARIANCE_MAX  1e9

enum { MESSAGE = 512 };

/* What every option is called, takes and means; also the text of --help. */
static const struct {
    const char *name, *argument, *meaning;
} table[] = {
    { "mixture", "FILE", "the data: a mixture in one or two dimensions" },
    { "schedule", "NAME", "linear (default), sqrt-linear or cosine" },
    { "steps", "T", "noising steps, 2 to 1000000 (1000)" },
    { "particles", "N", "paths that are followed, 1 to 10000000 (20000)" },
    { "seed", "K", "of the random numbers, 0 to 2^64 - 1 (1)" },
    { "threads", "P", "1 to 256 (1); the numbers do not depend on it" },
    { "out", "DIR", "where the files of the run go (build)" },
    { "help", NULL, "print this and exit" },
};
enum { OPTIONS = sizeof table / sizeof *table, FIRST = 256 };

static void print_help(const char *stem, const char *title)
{
    printf("usage: build/%s [option]...\n%s.\n\n", stem, title);
    for (size_t i = 0; i < OPTIONS; i++) {
        char left[32];
        snprintf(left, sizeof left, "--%s %s", table[i].name,
                 table[i].argument == NULL ? "" : table[i].argument);
        printf("  %-18s %s\n", left, table[i].meaning);
    }
    printf("\nExit status: 0 all checks hold, 1 one failed, 2 bad option or "
           "input.\n");
}

/* Reads a whole number from low to high.  Returns 0, or -1 after a message. */
static int read_whole(const char *option, const char *text, uint64_t low,
                      uint64_t high, uint64_t *value)
{
    char *end = NULL;

    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
        n < low || n > high) {
        fprintf(stderr,
                "--%s: expected a whole number from %llu to %llu, got "
                "\"%.60s\"\n",
                option, (unsigned long long)low, (unsigned long long)high,
                text);
        return -1;
    }
    *value = n;
    return 0;
}

/* Returns the mixture in the file, or NULL after a message. */
static dm_mixture *load(const char *path)
{
    char message[MESSAGE];
    dm_mixture *m = dm_mixture_read(path, message, sizeof message);

    if (m == NULL) {
        fprintf(stderr, "%s\n", message);
        return NULL;
    }
    const char *reason = NULL;
    if (!(dm_mixture_condition(m) <= CONDITION_MAX))
        reason = "means within 1e9 standard deviations of 0, and correlations "
                 "not as near to 1";
    for (size_t k = 0; k < m->K; k++) {
        const dm_component *c = &m->component[k];
        if (!(fmax(c->cov.xx, c->cov.yy) <= VARIANCE_MAX))
            reason = "variances of at most 1e9, beside noise of variance 1";
    }
    if (reason != NULL) {
        fprintf(stderr, "%s: expected %s: doubles resolve no more\n", path,
                reason);
        dm_mixture_free(m);
        return NULL;
    }
    return m;
}

/* Takes the mixture in the file as the run's data.  A 2-D mixture also gives
 * the 1-D data, by its first coordinate. */
static int take_mixture(dm_options *o, const char *path)
{
    dm_mixture *m = load(path);

    if (m == NULL)
        return -1;
    dm_mixture_free(o->data1);
    o->data1 = m;
    if (m->dim == 2) {
        dm_mixture_free(o->data2);
        o->data2 = m;
        o->own_data2 = 1;
        o->data1 = dm_mixture_marginal(m, 0);
    }
    return 0;
}

/* Takes one option.  Returns 0, or -1 after a message. */
static int take(dm_options *o, const char *option, const char *text)
{
    uint64_t n = 0;

    if (strcmp(option, "out") == 0) {
        if (text[0] == '\0') {
            fprintf(stderr, "--out: expected a folder, got \"\"\n");
            return -1;
        }
        o->out = text;
        return 0;
    }
    if (strcmp(option, "threads") == 0) {
        if (read_whole(option, text, 1, 256, &n) != 0)
            return -1;
        o->threads = (int)n;
        return 0;
    }
    o->default_run = 0; /* the others change results */
    if (strcmp(option, "seed") == 0)
        return read_whole(option, text, 0, UINT64_MAX, &o->seed);
    if (strcmp(option, "steps") == 0) {
        if (read_whole(option, text, DM_STEPS_MIN, DM_STEPS_MAX, &n) != 0)
            return -1;
        o->steps = (size_t)n;
    } else if (strcmp(option, "particles") == 0) {
        if (read_whole(option, text, 1, 10000000, &n) != 0)
            return -1;
        o->particles = (size_t)n;
    } else if (strcmp(option, "schedule") == 0) {
        if (strcmp(text, "linear") != 0 && strcmp(text, "sqrt-linear") != 0 &&
            strcmp(text, "cosine") != 0) {
            fprintf(stderr,
                    "--schedule: expected linear, sqrt-linear or cosine, got "
                    "\"%.60s\"\n",
                    text);
            return -1;
        }
        o->name = text;
    } else {
        return take_mixture(o, text);
    }
    return 0;
}

/* Takes all options.  Returns -1 to go on, or the exit status. */
static int take_all(dm_options *o, const char *stem, const char *title,
                    int argc, char *argv[])
{
    struct option known[OPTIONS + 1] = { { NULL, 0, NULL, 0 } };
    int found;

    for (size_t i = 0; i < OPTIONS; i++) {
        known[i].name = table[i].name;
        known[i].has_arg = table[i].argument != NULL;
        known[i].val = FIRST + (int)i; /* apart: abbreviations must be clear */
    }
    while ((found = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (found == '?' || found == ':') {
            fprintf(stderr,
                    found == ':' ? "%s: expected a value behind it\n"
                                 : "%s: expected an option that --help lists\n",
                    argv[optind - 1]);
            return 2;
        }
        const char *option = table[found - FIRST].name;
        if (strcmp(option, "help") == 0) {
            print_help(stem, title);
            return 0;
        }
        if (take(o, option, optarg) != 0)
            return 2;
    }
    if (optind < argc) {
        fprintf(stderr, "expected an option, got \"%.60s\"\n", argv[optind]);
        return 2;
    }
    return -1;
}

int dm_options_read(dm_options *o, const char *stem, const char *title,
                    int argc, char *argv[])
{
    char dir[4096], name[256];

    *o = (dm_options){ .name = "linear",
                       .steps = 1000,
                       .particles = 20000,
                       .seed = 1,
                       .threads = 1,
                       .out = "build",
                       .default_run = 1 };
    int status = take_all(o, stem, title, argc, argv);
    if (status == -1 && o->data1 == NULL)
        status = (o->data1 = load(MIXTURE_1D)) == NULL ? 2 : -1;
    if (status == -1 && o->data2 == NULL)
        status = (o->data2 = load(MIXTURE_2D)) == NULL ? 2 : -1;
    if (status == -1) {
        o->schedule = dm_schedule_named(o->name, o->steps);
        snprintf(dir, sizeof dir, "%s/out", o->out);
        snprintf(name, sizeof name, "%s.tsv", stem);
        if (dm_check_begin(dir, name, o->default_run) != 0)
            status = 2;
    }
    if (status != -1)
        dm_options_free(o);
    return status;
}

struct dm_table *dm_options_data(const dm_options *o, const char *name)
{
    char dir[4096];

    snprintf(dir, sizeof dir, "%s/data", o->out);
    return dm_table_open(dir, name);
}

void dm_options_free(dm_options *o)
{
    dm_mixture_free(o->data1);
    dm_mixture_free(o->data2);
    dm_schedule_free(o->schedule);
}
