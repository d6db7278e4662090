/* Properties of src/table.c: a run writes all of its files or none. */
#define _XOPEN_SOURCE 700

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "scratch.h"
#include "table.h"

TestSuite(table, .init = scratch_make, .fini = scratch_remove);

/* Files that scratch_make itself has made. */
enum { OWN = 2 };

/* A directory below, good until the end of the test. */
static const char *below(const char *name)
{
    static char path[SCRATCH_PATH + 200];

    snprintf(path, sizeof path, "%s", scratch_path(name));
    return path;
}

static void write_old_and_open_new(dm_table *table[2])
{
    mkdir(scratch_path("run"), 0777);
    scratch_write("run/a.tsv", "old a\n");
    scratch_write("run/b.tsv", "old b\n");
    table[0] = dm_table_open(below("run"), "a.tsv");
    table[1] = dm_table_open(below("run"), "b.tsv");
    dm_table_printf(table[0], "new %c\n", 'a');
    dm_table_printf(table[1], "new %c\n", 'b');
}

static void expect_only(const char *a, const char *b)
{
    cr_expect(eq(str, (char *)scratch_read("run/a.tsv"), (char *)a));
    cr_expect(eq(str, (char *)scratch_read("run/b.tsv"), (char *)b));
    cr_expect(eq(sz, scratch_count("run"), 2));
}

/* --- success -------------------------------------------------------------- */

Test(table, commit_puts_every_file_in_place_and_not_before)
{
    dm_table *t[2];

    write_old_and_open_new(t);
    dm_table_close(t[0]); /* b is closed by the commit */
    cr_expect(eq(str, (char *)scratch_read("run/a.tsv"), "old a\n"));
    cr_expect(eq(str, (char *)scratch_read("run/b.tsv"), "old b\n"));
    cr_expect(zero(int, dm_table_commit()));
    expect_only("new a\n", "new b\n");
}

Test(table, open_makes_the_directories_above)
{
    dm_table *t = dm_table_open(below("one/two/three"), "deep");

    cr_assert(ne(ptr, t, NULL));
    cr_expect(zero(int, dm_table_commit()));
    cr_expect(eq(str, (char *)scratch_read("one/two/three/deep"), ""));
    cr_expect(eq(sz, scratch_count("one/two/three"), 1));
}

Test(table, no_files_are_a_success)
{
    cr_expect(zero(int, dm_table_commit()));
    cr_expect(eq(sz, scratch_count(""), OWN));
}

Test(table, a_second_run_may_follow)
{
    dm_table *t[2];

    write_old_and_open_new(t);
    cr_expect(zero(int, dm_table_commit()));
    dm_table_printf(dm_table_open(below("run"), "a.tsv"), "newer\n");
    cr_expect(zero(int, dm_table_commit()));
    expect_only("newer\n", "new b\n");
}

Test(table, rows_have_six_digits_and_one_line_each)
{
    static const double value[] = { 3.14159265, -1e-300, 1234567.0 };
    dm_table *t = dm_table_open(below("run"), "rows");

    cr_assert(ne(ptr, t, NULL));
    dm_table_printf(t, "# %s %d\n", "header", 7);
    dm_table_row(t, 3, value);
    dm_table_row(t, 1, value);
    dm_table_row(t, 0, value);
    dm_table_close(t);
    cr_expect(zero(int, dm_table_commit()));
    cr_expect(eq(str, (char *)scratch_read("run/rows"),
                 "# header 7\n3.14159 -1e-300 1.23457e+06\n3.14159\n"));
}

Test(table, a_table_that_is_not_there_is_passed_over)
{
    double one = 1.0;

    dm_table_printf(NULL, "%d", 7);
    dm_table_row(NULL, 1, &one);
    dm_table_close(NULL);
    cr_expect(zero(int, dm_table_commit()));
}

/* --- failure -------------------------------------------------------------- */

Test(table, a_directory_below_a_file_stops_the_whole_run)
{
    dm_table *t[2];

    write_old_and_open_new(t);
    scratch_write("file", "not a directory");
    cr_expect(eq(ptr, dm_table_open(below("file/sub"), "c.tsv"), NULL));
    cr_expect(scratch_message("file/sub/c.tsv", "Not a directory"));
    cr_expect(eq(int, dm_table_commit(), -1));
    expect_only("old a\n", "old b\n");
}

Test(table, a_file_that_is_a_directory_stops_the_whole_run)
{
    dm_table *t[2];

    mkdir(scratch_path("run"), 0777);
    mkdir(scratch_path("run/c.tsv"), 0777);
    dm_table_open(below("run"), "c.tsv");
    write_old_and_open_new(t);
    cr_expect(eq(int, dm_table_commit(), -1));
    cr_expect(eq(str, (char *)scratch_read("run/a.tsv"), "old a\n"));
    cr_expect(eq(str, (char *)scratch_read("run/b.tsv"), "old b\n"));
    cr_expect(eq(sz, scratch_count("run"), 3));
    cr_expect(strstr(scratch_read("stderr"), "run/c.tsv: ") != NULL);
}

/* A limit on the size of files is as good as a full disk. */
Test(table, a_full_disk_stops_the_whole_run)
{
    struct rlimit before;
    dm_table *t[2];

    write_old_and_open_new(t);
    for (int i = 0; i < 10000; i++)
        dm_table_printf(t[1], "%d\n", i);
    getrlimit(RLIMIT_FSIZE, &before);
    struct rlimit full = { 10, before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &full);
    for (int i = 0; i < 10000; i++)
        dm_table_printf(t[1], "%d\n", i);
    dm_table_close(t[1]);
    setrlimit(RLIMIT_FSIZE, &before);
    cr_expect(eq(int, dm_table_commit(), -1));
    expect_only("old a\n", "old b\n");
}

/* The line about it goes to a stderr that may grow. */
Test(table, a_write_that_fails_is_told_in_one_line)
{
    struct rlimit before;
    dm_table *t = dm_table_open(below("run"), "large");

    dm_table_printf(t, "%05000d\n", 7);
    getrlimit(RLIMIT_FSIZE, &before);
    struct rlimit full = { 1000, before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &full);
    cr_expect(eq(int, dm_table_commit(), -1));
    setrlimit(RLIMIT_FSIZE, &before);
    cr_expect(scratch_message("run/large", "File too large"));
    cr_expect(zero(sz, scratch_count("run")));
}

#ifdef __linux__
Test(table, a_full_standard_output_stops_the_whole_run)
{
    dm_table *t[2];

    write_old_and_open_new(t);
    cr_assert(freopen("/dev/full", "w", stdout) != NULL);
    printf("a table\n");
    cr_expect(eq(int, dm_table_commit(), -1));
    cr_assert(freopen(scratch_path("stdout"), "w", stdout) != NULL);
    cr_expect(scratch_message("standard output", "No space left"));
    expect_only("old a\n", "old b\n");
}
#endif

Test(table, a_failed_run_does_not_spoil_the_next)
{
    dm_table *t[2];

    scratch_write("file", "not a directory");
    dm_table_open(below("file"), "c.tsv");
    cr_expect(eq(int, dm_table_commit(), -1));
    write_old_and_open_new(t);
    cr_expect(zero(int, dm_table_commit()));
    expect_only("new a\n", "new b\n");
}

Test(table, a_program_that_stops_leaves_nothing)
{
    int status = -1;
    pid_t child = fork();

    cr_assert(child >= 0);
    if (child == 0) {
        dm_table *t[2];
        write_old_and_open_new(t);
        fflush(NULL);
        exit(7);
    }
    waitpid(child, &status, 0);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    cr_expect(eq(int, code, 7));
    expect_only("old a\n", "old b\n");
}
