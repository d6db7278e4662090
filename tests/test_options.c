/* Properties of src/options.c.  The default mixtures are looked for from the
 * root of the repository, where `make test` runs. */
#define _XOPEN_SOURCE 700

#include <getopt.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "check.h"
#include "options.h"
#include "scratch.h"
#include "table.h"

TestSuite(options, .init = scratch_make, .fini = scratch_remove);

/* A directory or file below, good until the end of the test. */
static char *below(const char *name)
{
    static char path[8][SCRATCH_PATH + 200];
    static size_t next;
    char *here = path[next++ % 8];

    snprintf(here, sizeof path[0], "%s", scratch_path(name));
    return here;
}

/* Fills argv: [20] with the program's name, an `--out` and the options in a list
 * that ends with NULL; returns how many there are. */
static int command_line(char *const option[], char *argv[])
{
    int argc = 3;

    argv[0] = "ch99";
    argv[1] = "--out";
    argv[2] = below("out");
    for (; *option != NULL; option++)
        argv[argc++] = *option;
#ifdef __GLIBC__
    optind = 0; /* start again, as after main */
#else
    optind = 1;
#endif
    return argc;
}

static int read_options(dm_options *o, char *const option[])
{
    char *argv[20];
    int argc = command_line(option, argv);

    return dm_options_read(o, "ch99", "A title", argc, argv);
}

/* The same for a chapter about samplers, whose own are eta 0.5, 10 steps. */
static int read_sampler(dm_options *o, char *const option[])
{
    char *argv[20];
    int argc = command_line(option, argv);

    return dm_options_read_sampler(o, 0.5, 10, "ch99", "A title", argc, argv);
}

/* The same for a chapter about SDEs, whose own are t_min 0.01, dt 0.01. */
static int read_sde(dm_options *o, char *const option[])
{
    char *argv[20];
    int argc = command_line(option, argv);

    return dm_options_read_sde(o, 0.01, 0.01, "ch99", "A title", argc, argv);
}

#define OPTIONS(...) ((char *[]){ __VA_ARGS__, NULL })

/* --- what is taken -------------------------------------------------------- */

Test(options, defaults_are_those_of_the_book)
{
    dm_options o;

    cr_assert(eq(int, read_options(&o, (char *[]){ NULL }), -1));
    cr_expect(eq(sz, o.steps, 1000));
    cr_expect(eq(sz, o.schedule->T, 1000));
    cr_expect(eq(dbl, o.schedule->beta[1], 1e-4)); /* linear */
    cr_expect(eq(str, (char *)o.name, "linear"));
    cr_expect(eq(sz, o.particles, 20000));
    cr_expect(eq(u64, o.seed, 1));
    cr_expect(eq(int, o.threads, 1));
    cr_expect(eq(int, o.default_run, 1));
    cr_expect(eq(sz, o.data1->dim, 1));
    cr_expect(eq(sz, o.data1->K, 2));
    cr_expect(eq(sz, o.data2->dim, 2));
    cr_expect(eq(sz, o.data2->K, 8));
    dm_options_free(&o);
}

Test(options, numbers_and_names_are_taken)
{
    dm_options o;

    cr_assert(eq(int,
                 read_options(&o, OPTIONS("--steps", "250", "--schedule=cosine",
                                          "--particles", "10000000", "--seed",
                                          "18446744073709551615", "--threads",
                                          "256")),
                 -1));
    cr_expect(eq(sz, o.schedule->T, 250));
    cr_expect(eq(dbl, o.schedule->beta[250], 0.999)); /* cosine */
    cr_expect(eq(sz, o.particles, 10000000));
    cr_expect(eq(u64, o.seed, UINT64_MAX));
    cr_expect(eq(int, o.threads, 256));
    cr_expect(eq(int, o.default_run, 0));
    dm_options_free(&o);
}

Test(options, the_smallest_numbers_are_taken)
{
    dm_options o;

    cr_assert(eq(int,
                 read_options(&o, OPTIONS("--steps", "2", "--particles", "1",
                                          "--seed", "0", "--threads", "1")),
                 -1));
    cr_expect(eq(sz, o.steps, 2));
    cr_expect(eq(sz, o.particles, 1));
    cr_expect(eq(u64, o.seed, 0));
    dm_options_free(&o);
}

Test(options, every_option_that_changes_a_result_ends_the_default_run)
{
    char *const option[][2] = { { "--steps", "1000" },
                                { "--particles", "20000" },
                                { "--seed", "1" },
                                { "--schedule", "linear" },
                                { "--mixture",
                                  "tests/reference/mixture-toy.1d.txt" } };
    dm_options o;

    for (size_t i = 0; i < sizeof option / sizeof *option; i++) {
        cr_assert(
            eq(int, read_options(&o, OPTIONS(option[i][0], option[i][1])), -1));
        cr_expect(eq(int, o.default_run, 0));
        dm_options_free(&o);
    }
    cr_assert(eq(int, read_options(&o, OPTIONS("--threads", "2")), -1));
    cr_expect(eq(int, o.default_run, 1));
    dm_options_free(&o);
}

Test(options, a_mixture_in_one_dimension_replaces_the_1d_data)
{
    dm_options o;
    char *single = "tests/reference/mixture-single.1d.txt";

    cr_assert(eq(int, read_options(&o, OPTIONS("--mixture", single)), -1));
    cr_expect(eq(sz, o.data1->K, 1));
    cr_expect(eq(sz, o.data2->K, 8));
    dm_options_free(&o);
}

Test(options, a_mixture_in_two_dimensions_gives_both_data)
{
    dm_options o;
    char *pair = "tests/reference/mixture-tilted-pair.2d.txt";
    char *single = "tests/reference/mixture-single.1d.txt";

    cr_assert(eq(int, read_options(&o, OPTIONS("--mixture", pair)), -1));
    cr_expect(eq(sz, o.data2->K, 2));
    cr_expect(eq(sz, o.data1->dim, 1));
    cr_expect(eq(dbl, o.data1->component[1].mean[0], 1.2));
    cr_expect(eq(dbl, o.data1->component[1].cov.xx, 0.05));
    dm_options_free(&o);
    cr_assert(eq(int,
                 read_options(&o, OPTIONS("--mixture", pair, "--mixture",
                                          single, "--mixture", pair)),
                 -1));
    cr_expect(eq(sz, o.data1->K, 2));
    dm_options_free(&o);
}

Test(options, the_record_and_the_data_go_to_their_directories)
{
    dm_options o;

    cr_assert(eq(int, read_options(&o, (char *[]){ NULL }), -1));
    cr_expect(eq(str, (char *)o.out, below("out")));
    dm_table_printf(dm_options_data(&o, "points"), "data\n");
    dm_check_exact(1.0, 1.0, 1.0, 1.0, "0.0", "holds");
    cr_expect(zero(sz, scratch_count("out") - 2)); /* out and data */
    cr_expect(zero(int, dm_check_end()));
    cr_expect(eq(str, (char *)scratch_read("out/data/points"), "data\n"));
    cr_expect(scratch_read("out/out/ch99.tsv") != NULL);
    dm_options_free(&o);
}

/* --- samplers ------------------------------------------------------------- */

static void expect_tau(const dm_options *o, size_t S, const size_t tau[])
{
    cr_assert(eq(sz, o->S, S));
    for (size_t i = 0; i <= S; i++)
        cr_expect(eq(sz, o->tau[i], tau[i]));
}

Test(options, a_sampler_is_that_of_the_chapter_unless_told)
{
    dm_options o;

    cr_assert(eq(int, read_sampler(&o, (char *[]){ NULL }), -1));
    cr_expect(eq(dbl, o.eta, 0.5));
    cr_assert(eq(sz, o.S, 10));
    cr_expect(eq(sz, o.tau[0], 0));
    cr_expect(eq(sz, o.tau[3], 300));
    cr_expect(eq(sz, o.tau[10], 1000));
    cr_expect(eq(int, o.default_run, 1));
    dm_options_free(&o);
    cr_assert(eq(int, read_sampler(&o, OPTIONS("--steps", "3")), -1));
    expect_tau(&o, 3, (size_t[]){ 0, 1, 2, 3 }); /* no more than T */
    dm_options_free(&o);
    cr_assert(eq(int, read_options(&o, (char *[]){ NULL }), -1));
    cr_expect(o.tau == NULL && o.S == 0);
    dm_options_free(&o);
}

Test(options, eta_and_tau_are_taken)
{
    dm_options o;

    cr_assert(eq(int,
                 read_sampler(&o, OPTIONS("--tau", "7,8,9", "--steps", "500",
                                          "--eta", "1.01")),
                 -1));
    expect_tau(&o, 3, (size_t[]){ 0, 7, 8, 9 });
    cr_expect(eq(dbl, o.eta, 1.01));
    cr_expect(eq(int, o.default_run, 0));
    dm_options_free(&o);
    cr_assert(
        eq(int, read_sampler(&o, OPTIONS("--tau=uniform:3", "--eta=.25")), -1));
    expect_tau(&o, 3, (size_t[]){ 0, 333, 667, 1000 });
    cr_expect(eq(dbl, o.eta, 0.25));
    dm_options_free(&o);
    cr_assert(eq(int, read_sampler(&o, OPTIONS("--tau", "quadratic:2")), -1));
    expect_tau(&o, 2, (size_t[]){ 0, 250, 1000 });
    dm_options_free(&o);
    cr_assert(
        eq(int, read_sampler(&o, OPTIONS("--tau", "1000", "--eta", "99")), -1));
    cr_expect(eq(dbl, o.eta, 99.0)); /* one step: no noise, no bound */
    dm_options_free(&o);
}

static void expect_sampler_refused(char *const option[], const char *named,
                                   const char *expected)
{
    dm_options o;

    cr_expect(eq(int, read_sampler(&o, option), 2), "%s %s", option[0],
              option[1]);
    cr_expect(scratch_message(named, expected), "%s %s: want \"%s\", \"%s\"",
              option[0], option[1], named, expected);
    cr_expect(zero(sz, scratch_count("out")));
}

Test(options, an_eta_that_is_no_number_is_refused)
{
    static char *const bad[] = { "-0.1",   "nan",   "inf",   "",
                                 "0x1p-1", "1e999", "0.5x",  " 1",
                                 "half",   "-nan",  "1e-400" };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char quoted[40];
        snprintf(quoted, sizeof quoted, "got \"%s\"", bad[i]);
        expect_sampler_refused(OPTIONS("--eta", bad[i]),
                               "--eta: expected a number of 0 or more", quoted);
    }
}

/* At T = 2 the linear schedule has c_1 = 1e-4 and beta_2 = 0.02, so that the
 * bound is sqrt(1 + 0.98e-4/0.02) = 1.00244700. */
Test(options, an_eta_above_the_bound_is_refused_with_bound_and_step)
{
    dm_options o;

    expect_sampler_refused(OPTIONS("--eta", "1.1", "--steps", "2"),
                           "--eta: expected at most 1.002447, got 1.1",
                           "in the step from t = 2 to s = 1");
    expect_sampler_refused(OPTIONS("--eta", "1.2", "--tau", "100,400,1000"),
                           "--eta: expected at most 1.0",
                           "in the step from t = 1000 to s = 400");
    cr_assert(eq(int,
                 read_sampler(&o, OPTIONS("--eta", "1.002447", "--steps", "2")),
                 -1));
    dm_options_free(&o);
}

Test(options, times_that_do_not_rise_to_T_are_refused)
{
    static const struct {
        char *tau;
        const char *expected;
    } all[] = { { "", "expected a whole number from 1 to 1000, got \"\"" },
                { "0,10", "expected a whole number from 1 to 1000" },
                { "9,9", "expected a whole number from 10 to 1000, got \"9\"" },
                { "9,3", "expected a whole number from 10 to 1000, got \"3\"" },
                { "9,1001", "from 10 to 1000, got \"1001\"" },
                { "1000,1000", "expected no time behind T = 1000, got 1000" },
                { "9,", "from 10 to 1000, got \"\"" },
                { "9,,30", "from 10 to 1000, got \"\"" },
                { "9 30", "from 1 to 1000, got \"9 30\"" },
                { "-9", "from 1 to 1000, got \"-9\"" },
                { "nan", "from 1 to 1000, got \"nan\"" },
                { "18446744073709551617", "from 1 to 1000" },
                { "uniform:1001", "from 1 to 1000, got \"1001\"" },
                { "uniform:0", "from 1 to 1000, got \"0\"" },
                { "quadratic:1001", "from 1 to 1000, got \"1001\"" },
                { "quadratic:", "from 1 to 1000, got \"\"" },
                { "cubic:3", "got \"cubic:3\"" } };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        expect_sampler_refused(OPTIONS("--tau", all[i].tau), "--tau",
                               all[i].expected);
}

Test(options, times_without_signal_are_refused)
{
    expect_sampler_refused(OPTIONS("--steps", "1000000"), "--tau",
                           "got 1000000, where abar underflows");
}

/* --- what is not ---------------------------------------------------------- */

static void expect_refused(char *const option[], const char *named,
                           const char *expected)
{
    dm_options o;

    cr_expect(eq(int, read_options(&o, option), 2), "%s %s", option[0],
              option[1]);
    cr_expect(scratch_message(named, expected), "%s %s: want \"%s\", \"%s\"",
              option[0], option[1], named, expected);
    cr_expect(zero(sz, scratch_count("out")));
}

Test(options, a_bad_number_is_refused_with_its_range)
{
    static char *const number[] = {
        "-1", "1e99", "abc", "",    " 5",  "5x",
        "+5", "0x5",  "5.",  "nan", "inf", "18446744073709551616"
    };
    static const struct {
        char *option;
        const char *range;
    } all[] = { { "--steps", "from 2 to 1000000" },
                { "--particles", "from 1 to 10000000" },
                { "--seed", "from 0 to 18446744073709551615" },
                { "--threads", "from 1 to 256" } };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (size_t j = 0; j < sizeof number / sizeof *number; j++) {
            char quoted[40];
            snprintf(quoted, sizeof quoted, "got \"%s\"", number[j]);
            expect_refused(OPTIONS(all[i].option, number[j]), all[i].option,
                           all[i].range);
            expect_refused(OPTIONS(all[i].option, number[j]),
                           "expected a whole number", quoted);
        }
}

Test(options, a_number_out_of_range_is_refused)
{
    static char *const bad[][2] = {
        { "--steps", "0" },           { "--steps", "1" },
        { "--steps", "1000001" },     { "--steps", "2147483648" },
        { "--particles", "0" },       { "--particles", "10000001" },
        { "--threads", "0" },         { "--threads", "257" },
        { "--threads", "4294967297" }
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(OPTIONS(bad[i][0], bad[i][1]), bad[i][0], "expected");
}

Test(options, an_unknown_schedule_is_refused_with_the_known_ones)
{
    static char *const bad[] = { "quadratic", "", "Linear", "cosine " };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(OPTIONS("--schedule", bad[i]), "--schedule",
                       "expected linear, sqrt-linear or cosine");
}

Test(options, a_bad_mixture_is_refused_with_its_place)
{
    expect_refused(OPTIONS("--mixture", "no-such-file"), "no-such-file",
                   "No such file");
    expect_refused(OPTIONS("--mixture", ""), "--mixture", "expected a file");
    scratch_write("bad.txt", "# comment\n0.5 0 1\n0.5 one 1\n");
    expect_refused(OPTIONS("--mixture", below("bad.txt")), "bad.txt:3: field 2",
                   "expected a decimal number, got \"one\"");
    scratch_write("far.txt", "1 1.1e9 1\n");
    expect_refused(OPTIONS("--mixture", below("far.txt")), "far.txt",
                   "expected means within 1e9 standard deviations");
    scratch_write("wide.txt", "1 0 1.1e9\n");
    expect_refused(OPTIONS("--mixture", below("wide.txt")), "wide.txt",
                   "expected variances of at most 1e9");
}

Test(options, an_unknown_option_or_argument_is_refused)
{
    expect_refused(OPTIONS("--eta", "0.5"), "--eta", "");
    expect_refused(OPTIONS("--steps"), "--steps", "");
    expect_refused(OPTIONS("--s", "5"), "--s", "");
    expect_refused(OPTIONS("-s", "5"), "s", "");
    expect_refused(OPTIONS("250", "--seed", "1"), "expected an option",
                   "got \"250\"");
}

Test(options, an_output_directory_below_a_file_is_refused)
{
    scratch_write("file", "not a directory");
    expect_refused(OPTIONS("--out", below("file")), "file/out/ch99.tsv",
                   "Not a directory");
    cr_expect(eq(str, (char *)scratch_read("file"), "not a directory"));
}

Test(options, the_end_and_the_step_of_an_sde_are_taken)
{
    dm_options o;

    cr_assert(eq(int, read_sde(&o, (char *[]){ NULL }), -1));
    cr_expect(eq(dbl, o.t_min, 0.01));
    cr_expect(eq(sz, o.n, 99));
    cr_expect(eq(int, o.default_run, 1));
    dm_options_free(&o);
    cr_assert(
        eq(int, read_sde(&o, OPTIONS("--t-min", "1e-3", "--dt", ".1")), -1));
    cr_expect(eq(dbl, o.t_min, 1e-3));
    cr_expect(eq(dbl, o.dt, 0.1));
    cr_expect(eq(sz, o.n, 10));
    cr_expect(eq(int, o.default_run, 0));
    dm_options_free(&o);
    cr_assert(eq(int, read_sde(&o, OPTIONS("--t-min=.5", "--dt=.5")), -1));
    cr_expect(eq(sz, o.n, 1));
    dm_options_free(&o);
}

Test(options, an_end_or_a_step_of_an_sde_beyond_the_horizon_is_refused)
{
    static const struct {
        char *option, *text;
        const char *named, *expected;
    } bad[] = { { "--t-min", "0", "--t-min: expected a time above 0", "got 0" },
                { "--t-min", "1", "--t-min: expected a time", "got 1" },
                { "--t-min", "-0.1", "--t-min: expected", "got \"-0.1\"" },
                { "--t-min", "nan", "--t-min: expected", "got \"nan\"" },
                { "--t-min", "", "--t-min: expected", "got \"\"" },
                { "--t-min", "0.995", "--dt: expected", "1 - t-min = 0.005" },
                { "--dt", "0", "--dt: expected a step of at most", "got 0" },
                { "--dt", "0.991", "horizon 1 - t-min = 0.99", "got 0.991" },
                { "--dt", "9e-5", "at least 1/10000 of it", "got 9e-05" },
                { "--dt", "x", "--dt: expected a step above 0", "got \"x\"" } };
    dm_options o;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect(
            eq(int, read_sde(&o, OPTIONS(bad[i].option, bad[i].text)), 2));
        cr_expect(scratch_message(bad[i].named, bad[i].expected),
                  "%s %s: want \"%s\", \"%s\"", bad[i].option, bad[i].text,
                  bad[i].named, bad[i].expected);
        cr_expect(zero(sz, scratch_count("out")));
    }
    cr_expect(eq(int, read_options(&o, OPTIONS("--dt", "0.1")), 2));
}

Test(options, help_names_every_option_and_goes_no_further)
{
    static const char *const part[] = { "usage: build/ch99 [option]...",
                                        "A title.",
                                        "--mixture FILE",
                                        "--schedule NAME",
                                        "--steps T",
                                        "--particles N",
                                        "--seed K",
                                        "--threads P",
                                        "--out DIR",
                                        "--help",
                                        "Exit status" };
    dm_options o;

    cr_expect(zero(int, read_options(&o, OPTIONS("--help", "--steps", "0"))));
    const char *text = scratch_read("stdout");
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        cr_expect(strstr(text, part[i]) != NULL, "--help lacks %s", part[i]);
    cr_expect(strstr(text, "--eta") == NULL);
    cr_expect(zero(int, read_sampler(&o, OPTIONS("--help"))));
    text = scratch_read("stdout");
    cr_expect(strstr(text, "--eta E") != NULL);
    cr_expect(strstr(text, "--tau TIMES") != NULL);
    cr_expect(strstr(text, "--dt") == NULL);
    cr_expect(zero(int, read_sde(&o, OPTIONS("--help"))));
    text = scratch_read("stdout");
    cr_expect(strstr(text, "--t-min T") != NULL);
    cr_expect(strstr(text, "--dt H") != NULL);
    cr_expect(zero(sz, strlen(scratch_read("stderr"))));
    cr_expect(zero(sz, scratch_count("out")));
}
