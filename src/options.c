#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE

#include "options.h"

#include <errno.h>
#include <float.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "mixture_file.h"
#include "sampler.h"
#include "table.h"

#define MIXTURE_1D "tests/reference/mixture-toy.1d.txt"
#define MIXTURE_2D "tests/reference/mixture-ring-of-8.2d.txt"

/* What a program can check in double precision: with a condition of 1e9 six
 * digits of a density are left; and noise has variance 1. */
#define CONDITION_MAX 1e9
#define VARIANCE_MAX  1e9

enum { MESSAGE = 512 };

/* Steps of an SDE: more take minutes. */
enum { SDE_STEPS_MAX = 10000 };

/* What every option is called, takes and means; also the text of --help.  The
 * last says which chapters take it. */
enum { FOR_ALL, FOR_SAMPLERS, FOR_SDES };
static const struct {
    const char *name, *argument, *meaning;
    int whose;
} table[] = {
    { "mixture", "FILE", "the data: a mixture in one or two dimensions",
      FOR_ALL },
    { "schedule", "NAME", "linear (default), sqrt-linear or cosine", FOR_ALL },
    { "steps", "T", "noising steps, 2 to 1000000 (1000)", FOR_ALL },
    { "particles", "N", "paths that are followed, 1 to 10000000 (20000)",
      FOR_ALL },
    { "seed", "K", "of the random numbers, 0 to 2^64 - 1 (1)", FOR_ALL },
    { "threads", "P", "1 to 256 (1); the numbers do not depend on it",
      FOR_ALL },
    { "out", "DIR", "where the files of the run go (build)", FOR_ALL },
    { "eta", "E", "noise of the steps back, 0 or more", FOR_SAMPLERS },
    { "tau", "TIMES", "such as 9,30,1000, or uniform:S, quadratic:S",
      FOR_SAMPLERS },
    { "t-min", "T", "where the way back ends, between 0 and 1", FOR_SDES },
    { "dt", "H", "its step, above 0 and at most 1 - t-min", FOR_SDES },
    { "help", NULL, "print this and exit", FOR_ALL },
};
enum { OPTIONS = sizeof table / sizeof *table, FIRST = 256 };

/* What a chapter asks for, and what was said of samplers: that is read last,
 * for it depends on the schedule. */
typedef struct {
    const char *stem, *title;
    int whose;                          /* what is taken beside FOR_ALL */
    const char *eta, *tau, *t_min, *dt; /* NULL if not given            */
} request;

static void print_help(const request *r)
{
    printf("usage: build/%s [option]...\n%s.\n\n", r->stem, r->title);
    for (size_t i = 0; i < OPTIONS; i++) {
        char left[32];
        if (table[i].whose != FOR_ALL && table[i].whose != r->whose)
            continue;
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
    if (path[0] == '\0') {
        fprintf(stderr, "--mixture: expected a file, got \"\"\n");
        return -1;
    }
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

/* Reads times such as 9,30,1000 into o->tau.  Returns 0, or -1 after a
 * message. */
static int read_times(dm_options *o, const char *text)
{
    size_t most = 1;

    for (const char *at = text; *at != '\0'; at++)
        most += *at == ',';
    o->tau = calloc(most + 1, sizeof *o->tau);
    for (o->S = 0; o->S < most; text++) {
        char number[64];
        uint64_t before = o->tau[o->S], t = 0;
        size_t length = strcspn(text, ",");
        snprintf(number, sizeof number, "%.*s", (int)length, text);
        if (before == o->steps) {
            fprintf(stderr, "--tau: expected no time behind T = %zu, got %s\n",
                    o->steps, number);
            return -1;
        }
        if (read_whole("tau", number, before + 1, o->steps, &t) != 0)
            return -1;
        o->tau[++o->S] = (size_t)t;
        text += length;
    }
    return 0;
}

/* Makes times by their rule: evenly spread, or, from its name, quadratic. */
static int make_times(dm_options *o, const char *text)
{
    const char *steps = text == NULL ? NULL : strchr(text, ':') + 1;
    uint64_t S = GSL_MIN(o->S, o->steps);
    int quadratic = text != NULL && text[0] == 'q';

    if (steps != NULL && read_whole(quadratic ? "tau quadratic" : "tau uniform",
                                    steps, 1, o->steps, &S) != 0)
        return -1;
    o->S = (size_t)S;
    o->tau = calloc(o->S + 1, sizeof *o->tau);
    if (quadratic)
        return dm_sampler_tau_quadratic(o->steps, o->S, o->tau);
    return dm_sampler_tau_uniform(o->steps, o->S, o->tau);
}

/* Reads a number of 0 or more, unless text is NULL.  Returns 0, or -1 after a
 * message. */
static int read_number(const char *option, const char *expected,
                       const char *text, double *value)
{
    char *end = NULL;

    if (text == NULL)
        return 0;
    errno = 0;
    double number = strtod(text, &end);
    if (text[0] == '\0' || strchr(".0123456789", text[0]) == NULL ||
        strpbrk(text, "xX") != NULL || *end != '\0' || errno != 0) {
        fprintf(stderr, "--%s: expected %s, got \"%.60s\"\n", option, expected,
                text);
        return -1;
    }
    *value = number;
    return 0;
}

/* Takes what was said of an SDE.  Returns 0, or -1 after a message. */
static int take_sde(dm_options *o, const request *r)
{
    const char *of_t_min = "a time above 0 and below 1";

    if (read_number("t-min", of_t_min, r->t_min, &o->t_min) != 0 ||
        read_number("dt", "a step above 0", r->dt, &o->dt) != 0)
        return -1;
    if (!(o->t_min > 0.0 && o->t_min < 1.0)) {
        fprintf(stderr, "--t-min: expected %s, got %g\n", of_t_min, o->t_min);
        return -1;
    }
    double horizon = 1.0 - o->t_min, steps = ceil(horizon / o->dt - 1e-9);
    if (!(o->dt > 0.0 && o->dt <= horizon * (1.0 + 1e-9) &&
          steps <= SDE_STEPS_MAX)) {
        fprintf(stderr,
                "--dt: expected a step of at most the horizon 1 - t-min = %g, "
                "and at least 1/%d of it, got %g\n",
                horizon, SDE_STEPS_MAX, o->dt);
        return -1;
    }
    o->n = (size_t)fmax(1.0, steps);
    return 0;
}

/* Reads a number into o->eta, unless text is NULL, and holds it against the
 * bound of the times. */
static int read_eta(dm_options *o, const char *text)
{
    size_t i = 1;

    if (read_number("eta", "a number of 0 or more", text, &o->eta) != 0)
        return -1;
    double bound = dm_sampler_eta_max(o->schedule, o->S, o->tau, &i);
    if (o->eta <= bound)
        return 0;
    fprintf(stderr,
            "--eta: expected at most %.6f, got %g: sigma^2 exceeds 1 - abar_s "
            "in the step from t = %zu to s = %zu\n",
            floor(1e6 * bound) * 1e-6, o->eta, o->tau[i], o->tau[i - 1]);
    return -1;
}

/* Takes what was said of the sampler.  Returns 0, or -1 after a message. */
static int take_sampler(dm_options *o, const request *r)
{
    const char *tau = r->tau;
    int by_rule = tau == NULL || strncmp(tau, "uniform:", 8) == 0 ||
                  strncmp(tau, "quadratic:", 10) == 0;

    if ((by_rule ? make_times(o, tau) : read_times(o, tau)) != 0)
        return -1;
    if (!(o->schedule->abar[o->tau[o->S]] >= DBL_MIN)) {
        fprintf(stderr,
                "--tau: expected a last time with some signal left, got %zu, "
                "where abar underflows\n",
                o->tau[o->S]);
        return -1;
    }
    return read_eta(o, r->eta);
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
static int take_all(dm_options *o, request *r, int argc, char *argv[])
{
    struct option known[OPTIONS + 1] = { { NULL, 0, NULL, 0 } };
    int found;

    for (size_t i = 0, n = 0; i < OPTIONS; i++) {
        if (table[i].whose != FOR_ALL && table[i].whose != r->whose)
            continue;
        known[n].name = table[i].name;
        known[n].has_arg = table[i].argument != NULL;
        known[n++].val =
            FIRST + (int)i; /* apart: abbreviations must be clear */
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
            print_help(r);
            return 0;
        }
        if (table[found - FIRST].whose != FOR_ALL) {
            *(strcmp(option, "eta") == 0     ? &r->eta
              : strcmp(option, "tau") == 0   ? &r->tau
              : strcmp(option, "t-min") == 0 ? &r->t_min
                                             : &r->dt) = optarg;
            o->default_run = 0;
        } else if (take(o, option, optarg) != 0) {
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "expected an option, got \"%.60s\"\n", argv[optind]);
        return 2;
    }
    return -1;
}

/* What the functions of the header do; `given` has what is the chapter's. */
static int read_options(dm_options *o, request *r, const dm_options *given,
                        int argc, char *argv[])
{
    char dir[4096], name[256];

    *o = (dm_options){ .name = "linear",
                       .steps = 1000,
                       .particles = 20000,
                       .seed = 1,
                       .threads = 1,
                       .out = "build",
                       .default_run = 1,
                       .eta = given->eta,
                       .S = given->S,
                       .t_min = given->t_min,
                       .dt = given->dt };
    int status = take_all(o, r, argc, argv);
    if (status == -1 && o->data1 == NULL)
        status = (o->data1 = load(MIXTURE_1D)) == NULL ? 2 : -1;
    if (status == -1 && o->data2 == NULL)
        status = (o->data2 = load(MIXTURE_2D)) == NULL ? 2 : -1;
    if (status == -1) {
        o->schedule = dm_schedule_named(o->name, o->steps);
        snprintf(dir, sizeof dir, "%s/out", o->out);
        snprintf(name, sizeof name, "%s.tsv", r->stem);
        if ((r->whose == FOR_SAMPLERS && take_sampler(o, r) != 0) ||
            (r->whose == FOR_SDES && take_sde(o, r) != 0) ||
            dm_check_begin(dir, name, o->default_run) != 0)
            status = 2;
    }
    if (status != -1)
        dm_options_free(o);
    return status;
}

int dm_options_read(dm_options *o, const char *stem, const char *title,
                    int argc, char *argv[])
{
    request r = { .stem = stem, .title = title };
    dm_options given = { .eta = 0.0 };
    return read_options(o, &r, &given, argc, argv);
}

int dm_options_read_sampler(dm_options *o, double eta, size_t S,
                            const char *stem, const char *title, int argc,
                            char *argv[])
{
    request r = { .stem = stem, .title = title, .whose = FOR_SAMPLERS };
    dm_options given = { .eta = eta, .S = S };
    return read_options(o, &r, &given, argc, argv);
}

int dm_options_read_sde(dm_options *o, double t_min, double dt,
                        const char *stem, const char *title, int argc,
                        char *argv[])
{
    request r = { .stem = stem, .title = title, .whose = FOR_SDES };
    dm_options given = { .t_min = t_min, .dt = dt };
    return read_options(o, &r, &given, argc, argv);
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
    free(o->tau);
}
