#define _POSIX_C_SOURCE 200809L

#include "table.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct dm_table {
    FILE *file;
    char *path; /* where it goes                 */
    char *made; /* where it is written meanwhile */
    dm_table *next;
};

static dm_table *run;  /* the tables that are not in place yet */
static int run_failed; /* something could not be written */

/* Says so for the first file that cannot be written: the rest follow from it. */
static void complain(const char *path)
{
    if (!run_failed)
        fprintf(stderr, "%s: cannot write: %s\n", path, strerror(errno));
    run_failed = 1;
}

static void release(dm_table *t)
{
    free(t->path);
    free(t->made);
    free(t);
}

/* Removes what is not in place. */
static void discard(void)
{
    while (run != NULL) {
        dm_table *t = run;
        run = t->next;
        if (t->file != NULL)
            fclose(t->file);
        remove(t->made);
        release(t);
    }
}

/* Makes the directory and those above it, as mkdir -p does. */
static int make_directory(const char *dir)
{
    char *path = strdup(dir);
    int status = path == NULL ? -1 : 0;

    for (char *end = path; status == 0 && end != NULL;) {
        end = strchr(end + 1, '/');
        if (end != NULL)
            *end = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            status = -1;
        if (end != NULL)
            *end = '/';
    }
    free(path);
    return status;
}

/* The same when the program is stopped by a signal, which then takes effect. */
static void discard_and_die(int number)
{
    for (dm_table *t = run; t != NULL; t = t->next)
        unlink(t->made);
    signal(number, SIG_DFL);
    raise(number);
}

/* To be called once, before the first file. */
static void expect_the_end(void)
{
    static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGABRT };

    atexit(discard);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        signal(ends[i], discard_and_die);
}

dm_table *dm_table_open(const char *dir, const char *name)
{
    static int registered;
    dm_table *t = calloc(1, sizeof *t);
    size_t size = strlen(dir) + strlen(name) + 40;

    if (!registered)
        expect_the_end();
    registered = 1;
    if (t != NULL) {
        t->path = malloc(size);
        t->made = malloc(size);
    }
    if (t == NULL || t->path == NULL || t->made == NULL) {
        complain(name);
        exit(2);
    }
    snprintf(t->path, size, "%s/%s", dir, name);
    snprintf(t->made, size, "%s/%s.%ld.new", dir, name, (long)getpid());
    struct stat there;
    if (stat(t->path, &there) == 0 && S_ISDIR(there.st_mode))
        errno = EISDIR;
    else if (make_directory(dir) == 0)
        t->file = fopen(t->made, "w");
    if (t->file == NULL) {
        complain(t->path);
        release(t);
        return NULL;
    }
    t->next = run;
    run = t;
    return t;
}

void dm_table_printf(dm_table *t, const char *format, ...)
{
    va_list args;

    if (t == NULL)
        return;
    va_start(args, format);
    vfprintf(t->file, format, args);
    va_end(args);
}

void dm_table_row(dm_table *t, size_t n, const double value[])
{
    for (size_t i = 0; i < n; i++)
        dm_table_printf(t, i + 1 < n ? "%.6g " : "%.6g\n", value[i]);
}

void dm_table_close(dm_table *t)
{
    if (t == NULL)
        return;
    int bad = ferror(t->file);
    if (fclose(t->file) != 0 || bad)
        complain(t->path);
    t->file = NULL;
}

int dm_table_commit(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        complain("standard output");
    for (dm_table *t = run; t != NULL; t = t->next)
        if (t->file != NULL)
            dm_table_close(t);
    while (!run_failed && run != NULL) {
        dm_table *t = run;
        if (rename(t->made, t->path) != 0) {
            complain(t->path);
            break;
        }
        run = t->next;
        release(t);
    }
    discard();
    int status = run_failed ? -1 : 0;
    run_failed = 0;
    return status;
}
