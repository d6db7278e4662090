/* vector_math.h -- exp, log, cos and sin of several numbers at a time.
 *
 * With gcc and OpenMP on x86-64 Linux, loops marked DM_LANES call the vector
 * versions that glibc has of these four (libmvec, an error of about 1 unit in
 * the last place), and a function marked DM_FAST is compiled three times: for
 * any such machine, for AVX2 and for AVX-512; the loader takes the best.
 * Elsewhere the same source is plain C.
 *
 * A scalar tail would take another libm and round differently.  So such loops
 * run over whole groups: a fixed multiple of 8 numbers, on 64-byte boundaries.
 */
#ifndef DM_VECTOR_MATH_H
#define DM_VECTOR_MATH_H

#include <math.h>

#if defined _OPENMP && defined __x86_64__ && defined __GLIBC__ &&              \
    !defined __clang__
#pragma omp declare simd notinbranch
extern double exp(double);
#pragma omp declare simd notinbranch
extern double log(double);
#pragma omp declare simd notinbranch
extern double cos(double);
#pragma omp declare simd notinbranch
extern double sin(double);
#define DM_FAST                                                                \
    __attribute__((                                                            \
        target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define DM_FAST
#endif

#if defined _OPENMP && !defined __clang__
#define DM_LANES _Pragma("omp simd")
#else
#define DM_LANES
#endif

enum { DM_ALIGNMENT = 64 }; /* bytes */

#endif
