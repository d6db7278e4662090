/* scratch.h -- a directory of its own for a test, where its standard output
 * and its messages go too, so that they can be read back. */
#ifndef SCRATCH_H
#define SCRATCH_H

#ifndef _XOPEN_SOURCE
#error "define _XOPEN_SOURCE 700 before the first include"
#endif

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <criterion/criterion.h>

enum { SCRATCH_PATH = 500, SCRATCH_TEXT = 100000 };

static char scratch_dir[SCRATCH_PATH];

/* DIR/NAME, good until the next call. */
static inline const char *scratch_path(const char *name)
{
    static char path[SCRATCH_PATH + 100];

    snprintf(path, sizeof path, "%s/%s", scratch_dir, name);
    return path;
}

/* Makes the directory; the .init of a test suite. */
static inline void scratch_make(void)
{
    strcpy(scratch_dir, "build/scratch-XXXXXX");
    cr_assert(mkdtemp(scratch_dir) != NULL, "cannot make %s", scratch_dir);
    cr_assert(freopen(scratch_path("stdout"), "w", stdout) != NULL);
    cr_assert(freopen(scratch_path("stderr"), "w", stderr) != NULL);
}

static inline int scratch_remove_one(const char *path, const struct stat *s,
                                     int type, struct FTW *where)
{
    (void)s, (void)type, (void)where;
    return remove(path);
}

/* Removes the directory and what is in it; the .fini of a test suite. */
static inline void scratch_remove(void)
{
    nftw(scratch_dir, scratch_remove_one, 10, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file. */
static inline void scratch_write(const char *name, const char *text)
{
    FILE *out = fopen(scratch_path(name), "w");

    cr_assert(out != NULL, "cannot write %s", name);
    fputs(text, out);
    fclose(out);
}

/* What is in a file, good until the next call; NULL if it is not there. */
static inline const char *scratch_read(const char *name)
{
    static char text[SCRATCH_TEXT];

    fflush(stdout);
    fflush(stderr);
    FILE *in = fopen(scratch_path(name), "r");
    if (in == NULL)
        return NULL;
    size_t n = fread(text, 1, sizeof text - 1, in);
    text[n] = '\0';
    fclose(in);
    return text;
}

/* Whether exactly one line has gone to stderr, with both parts in it; forgets
 * it then. */
static inline int scratch_message(const char *part, const char *other)
{
    const char *text = scratch_read("stderr");
    const char *end = text == NULL ? NULL : strchr(text, '\n');
    int ok = end != NULL && end[1] == '\0' && strstr(text, part) != NULL &&
             strstr(text, other) != NULL;

    if (freopen(scratch_path("stderr"), "w", stderr) == NULL)
        return 0;
    return ok;
}

/* The number of names in a directory below; 0 if there is none. */
static inline size_t scratch_count(const char *name)
{
    DIR *dir = opendir(scratch_path(name));
    size_t n = 0;

    if (dir == NULL)
        return 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return n;
}

#endif
