/* mixture_file.h -- reading a mixture from a text file.
 *
 * One component a line, `weight mean variance` or
 * `weight mean_x mean_y var_x cov_xy var_y`; `#` starts a comment anywhere.
 * Spaces, tabs, CRLF, blank lines, a byte order mark and a missing last
 * newline are allowed.  Numbers are decimal.
 */
#ifndef DM_MIXTURE_FILE_H
#define DM_MIXTURE_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "mixture.h"

/* Reads the mixture in the file `path`.  Needs 1 to DM_COMPONENTS_MAX lines of
 * one kind; positive weights that sum to 1 within 1e-9; means of at most 1e60
 * and variances from 1e-60 to 1e60 in size, so that no square overflows;
 * positive definite covariances.  Returns the mixture, which the caller owns;
 * or NULL, with one line in message: [size] that names file, line and field
 * and what was expected.  Never calls the GSL error handler: a bad file is its
 * author's mistake, not the program's. */
dm_mixture *dm_mixture_read(const char *path, char *message, size_t size);

/* The same, from an open stream, which stays open; `name` stands for it in
 * messages. */
dm_mixture *dm_mixture_read_stream(FILE *in, const char *name, char *message,
                                   size_t size);

#endif
