/* Properties of src/mixture_file.c. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "errors.h"
#include "mixture_bytes.h"
#include "mixture_file.h"
#include "scratch.h"

static void start(void)
{
    scratch_make();
    errors_record();
}

/* The reader never calls GSL's error handler. */
static void stop(void)
{
    cr_expect(zero(int, errors_last()));
    scratch_remove();
}

TestSuite(mixture_file, .init = start, .fini = stop);

static char message[500];

static dm_mixture *read_bytes(const char *bytes, size_t size)
{
    FILE *out = fopen(scratch_path("m.txt"), "wb");

    cr_assert(out != NULL && fwrite(bytes, 1, size, out) == size);
    fclose(out);
    *message = '\0';
    return dm_mixture_read(scratch_path("m.txt"), message, sizeof message);
}

static dm_mixture *read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

/* One line that names the file, the place in it and what was expected. */
static void expect_message(const dm_mixture *m, const char *place,
                           const char *expected)
{
    char start_of_it[SCRATCH_PATH + 200];

    snprintf(start_of_it, sizeof start_of_it, "%s:%s", scratch_path("m.txt"),
             place);
    cr_expect(m == NULL, "read, but %s: %s", place, expected);
    cr_expect(mixture_bytes_is_line(message), "not one line: %s", message);
    cr_expect(strncmp(message, start_of_it, strlen(start_of_it)) == 0 &&
                  strstr(message, expected) != NULL,
              "want %s ... %s, got %s", start_of_it, expected, message);
}

static void expect_bad(const char *text, const char *place,
                       const char *expected)
{
    expect_message(read_text(text), place, expected);
}

/* --- what is read --------------------------------------------------------- */

Test(mixture_file, a_mixture_in_one_dimension_is_read)
{
    dm_mixture *m = read_text("# weight mean variance\n0.35 -2 0.16\n"
                              "0.65 1.5 0.36\n");

    cr_assert(ne(ptr, m, NULL), "%s", message);
    cr_expect(eq(sz, m->dim, 1));
    cr_expect(eq(sz, m->K, 2));
    cr_expect(eq(dbl, m->component[1].weight, 0.65));
    cr_expect(eq(dbl, m->component[0].mean[0], -2.0));
    cr_expect(eq(dbl, m->component[1].cov.xx, 0.36));
    cr_expect(eq(str, message, ""));
    dm_mixture_free(m);
}

Test(mixture_file, a_mixture_in_two_dimensions_is_read)
{
    dm_mixture *m = read_text("0.4 -1 0.5 0.30 0.12 0.10\n"
                              "0.6 1.2 -0.8 0.05 -0.02 0.40\n");

    cr_assert(ne(ptr, m, NULL), "%s", message);
    cr_expect(eq(sz, m->dim, 2));
    cr_expect(eq(sz, m->K, 2));
    cr_expect(eq(dbl, m->component[1].weight, 0.6));
    cr_expect(eq(dbl, m->component[1].mean[0], 1.2));
    cr_expect(eq(dbl, m->component[1].mean[1], -0.8));
    cr_expect(eq(dbl, m->component[1].cov.xx, 0.05));
    cr_expect(eq(dbl, m->component[1].cov.xy, -0.02));
    cr_expect(eq(dbl, m->component[1].cov.yy, 0.40));
    dm_mixture_free(m);
}

Test(mixture_file, the_same_mixture_may_be_written_in_many_ways)
{
    static const char *const way[] = {
        "0.25 -2 0.16\r\n0.75 1.5 0.36\r\n",
        "0.25\t-2\t0.16\n0.75\t1.5 \t 0.36\n",
        "\357\273\2770.25 -2 0.16\n0.75 1.5 0.36\n",
        "\xEF\xBB\xBF# mark\r\n\r\n0.25 -2 0.16 # first\r\n0.75 1.5 0.36",
        "0.25 -2 0.16\n0.75 1.5 0.36",
        "\n\n  \t\n0.25 -2 0.16\n\n# \xC3\xA9\n0.75 1.5 0.36#end\n\n",
        "+0.25 -2 +0.16\n+7.5e-1 +15E-1 0.036e+1\n",
        "    0.25 -2. 00.16   \n .75 1.50 36e-2\n"
    };

    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        dm_mixture *m = read_text(way[i]);
        cr_assert(ne(ptr, m, NULL), "way %zu: %s", i, message);
        cr_expect(eq(sz, m->K, 2));
        cr_expect(eq(dbl, m->component[0].mean[0], -2.0));
        cr_expect(eq(dbl, m->component[0].cov.xx, 0.16));
        cr_expect(eq(dbl, m->component[1].weight, 0.75));
        cr_expect(eq(dbl, m->component[1].mean[0], 1.5));
        cr_expect(eq(dbl, m->component[1].cov.xx, 0.36));
        dm_mixture_free(m);
    }
}

/* K lines of weight 1/K. */
static char *many(size_t K)
{
    char *text = calloc(K + 1, 40);
    size_t used = 0;

    cr_assert(ne(ptr, text, NULL));
    for (size_t k = 0; k < K; k++)
        used += (size_t)sprintf(text + used, "%.17g %zu 0.37\n",
                                1.0 / (double)K, k);
    return text;
}

Test(mixture_file, components_may_be_1_to_1000)
{
    static const size_t sizes[] = { 1, 2, 37, 1000 };

    for (size_t i = 0; i < 4; i++) {
        char *text = many(sizes[i]);
        dm_mixture *m = read_text(text);
        cr_assert(ne(ptr, m, NULL), "%s", message);
        cr_expect(eq(sz, m->K, sizes[i]));
        cr_expect(eq(dbl, m->component[sizes[i] - 1].mean[0],
                     (double)sizes[i] - 1.0));
        dm_mixture_free(m);
        free(text);
    }
    char *text = many(1001);
    expect_bad(text, "1001: ", "expected at most 1000 components");
    free(text);
}

Test(mixture_file, weights_within_1e_9_are_divided_by_their_sum)
{
    dm_mixture *m = read_text("0.5 0 1\n0.5000000009 1 1\n");

    cr_assert(ne(ptr, m, NULL), "%s", message);
    cr_expect(
        epsilon_eq(dbl, m->component[0].weight, 0.5 / 1.0000000009, 1e-16));
    dm_mixture_free(m);
}

Test(mixture_file, the_largest_and_smallest_numbers_can_be_worked_with)
{
    static const char *const text[] = {
        "0.5 1e60 1e-60\n0.5 -1e60 1e60\n",
        "0.5 1e60 1e60 1e-60 .99999999999999989e-60 1e-60\n"
        "0.5 -1e60 0 1e-60 .99999999999999989e-60 1e-60\n"
    };

    for (size_t i = 0; i < 2; i++) {
        dm_mixture *m = read_text(text[i]);
        cr_assert(ne(ptr, m, NULL), "%s", message);
        const char *broken = mixture_bytes_use(m);
        cr_expect(broken == NULL, "%s", broken);
        dm_mixture_free(m);
    }
}

Test(mixture_file, a_stream_stays_open_and_goes_by_its_name)
{
    char text[] = "1 one 1\n";
    FILE *in = fmemopen(text, strlen(text), "r");

    cr_expect(eq(ptr,
                 dm_mixture_read_stream(in, "a name", message, sizeof message),
                 NULL));
    cr_expect(strncmp(message, "a name:1: field 2 (mean): ", 26) == 0);
    cr_expect(zero(int, fclose(in)));
}

Test(mixture_file, a_message_is_cut_to_its_room)
{
    char little[] = "0123456789";

    cr_expect(eq(ptr, dm_mixture_read("no-such-file", little, 8), NULL));
    cr_expect(eq(str, little, "no-such"));
    cr_expect(eq(chr, little[8], '8'));
}

/* --- what is not ---------------------------------------------------------- */

Test(mixture_file, what_is_no_file_is_refused_by_name)
{
    *message = '\0';
    cr_expect(eq(ptr, dm_mixture_read("no/such/file", message, sizeof message),
                 NULL));
    cr_expect(eq(str, message,
                 "no/such/file: cannot open: No such file or directory"));
    *message = '\0';
    cr_expect(
        eq(ptr, dm_mixture_read(scratch_dir, message, sizeof message), NULL));
    cr_expect(mixture_bytes_is_line(message));
    cr_expect(strstr(message, scratch_dir) == message);
    cr_expect(strstr(message, "Is a directory") != NULL);
}

Test(mixture_file, a_file_without_a_component_is_refused)
{
    static const char *const text[] = { "", "\n", "# only this\n", "\n\r\n \t",
                                        "\xEF\xBB\xBF" };

    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        expect_bad(text[i], "", "expected at least one component");
}

Test(mixture_file, what_is_no_text_is_refused)
{
    expect_message(read_bytes("1 0\0 1\n", 7),
                   "1: ", "expected text, got the byte 0x00");
    expect_bad("0.5 0 1\n\x7F\n", "2: ", "expected text, got the byte 0x7f");
    expect_bad("1 0 1\xA0\n", "1: ", "expected text, got the byte 0xa0");
    expect_bad("\xFF\xFE"
               "1",
               "1: ", "expected text, got the byte 0xff");
    expect_bad("\xEF\xBB"
               "1 0 1",
               "1: ", "expected text, got the byte 0xef");
    expect_bad("1 \xE2\x88\x92"
               "2 1\n",
               "1: ", "got the byte 0xe2");
}

/* 10 MB of noise: random bytes, printable noise, one endless line, one
 * endless comment. */
Test(mixture_file, noise_is_refused)
{
    enum { SIZE = 10000000 };
    char *noise = malloc(SIZE);
    uint32_t s = 2463534242u;

    cr_assert(ne(ptr, noise, NULL));
    for (int kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < SIZE; i++) {
            s ^= s << 13;
            s ^= s >> 17;
            s ^= s << 5;
            noise[i] = kind == 0   ? (char)s
                       : kind == 1 ? (char)('$' + s % 90)
                       : kind == 2 ? '1'
                                   : '#';
        }
        expect_message(read_bytes(noise, SIZE), "", "expected");
    }
    free(noise);
}

Test(mixture_file, a_line_of_501_characters_is_refused)
{
    char text[1000];

    sprintf(text, "1 0 %0496d # and a comment\n", 1);
    text[500] = '#'; /* at its 501st */
    dm_mixture *m = read_text(text);
    cr_expect(ne(ptr, m, NULL), "%s", message);
    dm_mixture_free(m);
    sprintf(text, "1 0 %0497d\n", 1);
    expect_bad(text, "1: ", "expected a line of at most 500 characters");
}

Test(mixture_file, a_wrong_number_of_fields_is_refused)
{
    static const struct {
        const char *text, *got;
    } bad[] = { { "1\n", "got 1" },
                { "1 0\n", "got 2" },
                { "1 0 1 1\n", "got 4" },
                { "1 0 1 1 1\n", "got 5" },
                { "1 0 0 1 0 1 1\n", "got 7 or more" },
                { "1 0 0 1 0 1 1 1 1 1 1\n", "got 7 or more" } };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_bad(bad[i].text, "1: ",
                   "expected 3 fields (weight mean variance"
                   ") or 6");
        expect_bad(bad[i].text, "1: ", bad[i].got);
    }
    expect_bad("0.5 0 1\n0.5 0 0 1 0 1\n",
               "2: ", "expected 3 fields as in the lines before, got 6");
    expect_bad("0.5 0 0 1 0 1\n#\n0.5 0 1\n",
               "3: ", "expected 6 fields as in the lines before, got 3");
}

Test(mixture_file, what_is_no_decimal_number_is_refused)
{
    static const char *const bad[] = { "1.0x", "0x1p3",    "0x1",  "nan",
                                       "NAN",  "inf",      "-inf", "1,5",
                                       "1e",   "e5",       "-",    "+-1",
                                       "--1",  "1.2.3",    "1e5e", ".",
                                       "one",  "infinity", "1d5",  "nan(1)" };
    char text[100], got[60];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(got, sizeof got, "expected a decimal number, got \"%s\"",
                 bad[i]);
        snprintf(text, sizeof text, "\n1 %s 1\n", bad[i]);
        expect_bad(text, "2: field 2 (mean): ", got);
        snprintf(text, sizeof text, "1 0 0 1 0 %s\n", bad[i]);
        expect_bad(text, "1: field 6 (var_y): ", got);
    }
}

Test(mixture_file, a_number_that_no_double_holds_is_refused)
{
    static const char *const bad[] = { "1e999", "-1e999", "1e-400", "-1e-400" };
    char text[100];

    for (size_t i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "1 %s 1\n", bad[i]);
        expect_bad(text, "1: field 2 (mean): ",
                   "expected a number that a double can hold, got \"");
    }
}

Test(mixture_file, bad_weights_are_refused)
{
    expect_bad("1.5 0 1\n-0.5 0 1\n",
               "2: field 1 (weight): ", "expected a number > 0, got -0.5");
    expect_bad("1 0 1\n0 0 1\n",
               "2: field 1 (weight): ", "expected a number > 0, got 0");
    expect_bad("0 0 1\n0 0 1\n", "1: field 1 (weight): ", "got 0");
    expect_bad("-0.0 0 1\n", "1: field 1 (weight): ", "expected a number > 0");
    expect_bad("0.5 0 1\n0.500001 0 1\n\n#\n", "2: field 1 (weight): ",
               "expected weights that sum to 1 within 1e-9 up to here, got "
               "1.000001");
    expect_bad("0.5 0 1\n0.49999999 0 1\n",
               "2: field 1 (weight): ", "got 0.99999999");
    expect_bad("1e-320 0 1\n", "1: field 1 (weight): ", "expected");
}

Test(mixture_file, bad_means_and_variances_are_refused)
{
    expect_bad("1 1.1e60 1\n", "1: field 2 (mean): ", "at most 1e60 in size");
    expect_bad("1 0 -1.1e60 1 0 1\n", "1: field 3 (mean_y): ", "at most 1e60");
    expect_bad("1 0 0\n", "1: field 3 (variance): ", "a number > 0");
    expect_bad("1 0 -0.1\n", "1: field 3 (variance): ", "got -0.1");
    expect_bad("1 0 0.9e-60\n", "1: field 3 (variance): ", "from 1e-60");
    expect_bad("1 0 1.1e60\n", "1: field 3 (variance): ", "to 1e60");
    expect_bad("1 0 0 -1 0 1\n", "1: field 4 (var_x): ", "a number > 0");
    expect_bad("1 0 0 1 0 0\n", "1: field 6 (var_y): ", "a number > 0");
}

Test(mixture_file, a_covariance_that_is_not_positive_definite_is_refused)
{
    static const char *const bad[] = { "1 0 0 1 1 1\n", "1 0 0 1 -1 1\n",
                                       "1 0 0 4 2.0001 1\n",
                                       "1 0 0 1 1e200 1\n" };

    for (size_t i = 0; i < 4; i++)
        expect_bad(bad[i], "1: field 5 (cov_xy): ",
                   "expected a positive definite covariance");
}

/* --- the fuzzer's inputs -------------------------------------------------- */

/* Reads a file of the corpus; returns its size. */
static size_t read_input(const char *name, uint8_t bytes[], size_t size)
{
    char path[400];

    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", name);
    FILE *in = fopen(path, "rb");
    cr_assert(in != NULL, "%s", path);
    size_t n = fread(bytes, 1, size, in);
    fclose(in);
    return n;
}

Test(mixture_file, the_inputs_of_the_fuzzer_keep_every_promise)
{
    static uint8_t bytes[100000];
    DIR *dir = opendir("tests/fuzz/corpus");
    size_t read = 0, valid = 0;

    cr_assert(dir != NULL);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        int is_valid = 0;
        if (e->d_name[0] == '.')
            continue;
        size_t n = read_input(e->d_name, bytes, sizeof bytes);
        const char *broken = mixture_bytes_check(bytes, n, &is_valid);
        cr_expect(broken == NULL, "%s: %s", e->d_name, broken);
        cr_expect(is_valid || strncmp(e->d_name, "seed-", 5) != 0,
                  "%s is refused", e->d_name);
        read++;
        valid += (size_t)is_valid;
    }
    closedir(dir);
    cr_expect(read >= 20 && valid >= 5 && read - valid >= 10);
}
