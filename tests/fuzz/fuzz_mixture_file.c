/* fuzz_mixture_file.c -- feeds the reader of mixtures whatever libFuzzer makes.
 *
 *     make build/libdm.a
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined \
 *         -fno-sanitize-recover=all -std=c17 -Isrc -Itests \
 *         -o build/fuzz_mixture_file tests/fuzz/fuzz_mixture_file.c \
 *         src/mixture_file.c src/mixture.c src/gaussian.c -lgsl -lgslcblas -lm
 *     mkdir -p build/corpus
 *     build/fuzz_mixture_file -max_len=2000 -max_total_time=240 build/corpus \
 *         tests/fuzz/corpus
 *
 * New inputs go to build/corpus.  An input that breaks a promise stops the
 * fuzzer, which writes it to crash-*: fix the reader, keep the input, and
 * reduce what is kept by
 *
 *     build/fuzz_mixture_file -merge=1 -max_len=120 tests/fuzz/corpus \
 *         build/corpus
 *
 * test_mixture_file.c replays tests/fuzz/corpus with the same promises.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>

#include "mixture_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* GSL's handler stays on: the reader must never call it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int valid;
    const char *broken = mixture_bytes_check(data, size, &valid);

    if (broken != NULL) {
        fprintf(stderr, "%s\n", broken);
        abort();
    }
    return 0;
}
