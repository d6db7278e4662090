/* table.h -- files of numbers, and a run that writes all of them or none.
 *
 * A table is written beside its place.  dm_table_commit moves every table of
 * the run to its place, so that a full disk, a program that stops or a second
 * make never leaves half a file, nor a new one beside an old.
 */
#ifndef DM_TABLE_H
#define DM_TABLE_H

#include <stddef.h>

#include "printf_like.h"

typedef struct dm_table dm_table;

/* Opens DIR/NAME for writing, making DIR if it is not there.  Returns NULL,
 * after one line on stderr that names the file and the reason, if it cannot;
 * the commit will then fail.  The table belongs to this module: end it with
 * dm_table_close. */
dm_table *dm_table_open(const char *dir, const char *name);

/* Appends text, as printf does.  t may be NULL. */
void dm_table_printf(dm_table *t, const char *format, ...) DM_PRINTF(2, 3);

/* Appends a line of n numbers, six significant digits each.  t may be NULL. */
void dm_table_row(dm_table *t, size_t n, const double value[]);

/* Ends the file.  A write that failed makes the commit fail.  t may be NULL. */
void dm_table_close(dm_table *t);

/* Ends standard output and puts the run's files in place.  Returns 0; or -1,
 * after one line on stderr, when anything could not be written: then no file
 * has changed.  Files that are not committed when the program exits vanish. */
int dm_table_commit(void);

#endif
