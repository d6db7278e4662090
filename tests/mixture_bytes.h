/* mixture_bytes.h -- what must hold whatever bytes are read as a mixture: for
 * the unit test, which replays tests/fuzz/corpus, and for the fuzzer. */
#ifndef MIXTURE_BYTES_H
#define MIXTURE_BYTES_H

#if !defined(_POSIX_C_SOURCE) && !defined(_XOPEN_SOURCE)
#error "define _POSIX_C_SOURCE 200809L before the first include"
#endif

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mixture.h"
#include "mixture_file.h"

/* Whether text is one line, not empty, without its newline. */
static inline int mixture_bytes_is_line(const char *text)
{
    return *text != '\0' && strchr(text, '\n') == NULL &&
           strchr(text, '\r') == NULL;
}

/* Returns NULL if m, read from a file, can be worked with; else what not. */
static inline const char *mixture_bytes_use(const dm_mixture *m)
{
    double total = 0.0;

    for (size_t k = 0; k < m->K; k++)
        total += m->component[k].weight;
    if (!(fabs(total - 1.0) <= 1e-12)) /* 1000 roundings and a division */
        return "the weights do not sum to 1";
    for (size_t k = 0; k < m->K; k += 1 + m->K / 10) {
        const double *mean = m->component[k].mean;
        double score[2] = { 0.0, 0.0 };
        dm_mixture_score(m, mean, score);
        if (!isfinite(dm_mixture_log_density(m, mean)))
            return "the log density at a mean is not finite";
        if (!isfinite(score[0]) || !isfinite(score[1]))
            return "the score at a mean is not finite";
    }
    return NULL;
}

/* Reads the bytes as a file.  Returns NULL if all holds that must; otherwise
 * what does not.  *valid tells whether a mixture was read. */
static inline const char *mixture_bytes_check(const uint8_t *data, size_t size,
                                              int *valid)
{
    char message[300] = "", none = '\0';
    FILE *in = size == 0 ? fmemopen(&none, 1, "rb")
                         : fmemopen((void *)(uintptr_t)data, size, "rb");

    *valid = 0;
    if (in == NULL)
        return "cannot open the bytes";
    if (size == 0)
        fgetc(in); /* the one byte that fmemopen insists on */
    dm_mixture *m =
        dm_mixture_read_stream(in, "bytes", message, sizeof message);
    fclose(in);
    *valid = m != NULL;
    if (m == NULL)
        return mixture_bytes_is_line(message) ? NULL
                                              : "the message is not one line";
    const char *broken =
        *message != '\0' ? "a message beside a result" : mixture_bytes_use(m);
    dm_mixture_free(m);
    return broken;
}

#endif
