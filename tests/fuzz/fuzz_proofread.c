/* fuzz_proofread.c -- feeds the proofreader whatever pages libFuzzer makes.
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined \
 *         -fno-sanitize-recover=all -std=c17 -Isrc \
 *         -o build/fuzz_proofread tests/fuzz/fuzz_proofread.c src/latex.c \
 *         src/value.c src/page.c src/expression.c src/chance.c src/repair.c \
 *         src/relation.c src/rng.c -lgsl -lgslcblas -lm
 *     mkdir -p build/pages_corpus
 *     build/fuzz_proofread -detect_leaks=0 -max_len=1500 -timeout=90 \
 *         -max_total_time=600 build/pages_corpus tests/fuzz/pages
 *
 * The promise: any bytes end in verdicts or in one message, without a crash or
 * more than some seconds for a relation.  What ends the program in a bad page
 * ends only that page here, with the line that it had read not given back.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdlib.h>

#define main proofread_main
#define exit(status) longjmp(out_of_page, status)
static jmp_buf out_of_page;
#include "../../src/book/proofread.c"
#undef exit
#undef main

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static proof f;
    FILE *in = size == 0 ? NULL : fmemopen((void *)data, size, "r");

    if (in == NULL)
        return 0;
    gsl_set_error_handler_off();
    f = (proof){ .file = "page", .draws = 2, .mutant = -1, .quiet = 1 };
    f.page = dm_page_new(1);
    f.reader = dm_tex_new(is_function, &f);
    if (freopen("/dev/null", "w", stdout) != NULL &&
        setjmp(out_of_page) == 0)
        page(&f, in);
    fclose(in);
    free(f.left);
    dm_page_free(f.page);
    dm_tex_free(f.reader);
    return 0;
}
