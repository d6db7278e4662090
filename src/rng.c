#include "rng.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

/* Vector versions of log, cos and sin, where glibc and the compiler have them:
 * then every number is made by them, since groups are always whole. */
#if defined _OPENMP && defined __x86_64__ && defined __GLIBC__ &&              \
    !defined __clang__
#pragma omp declare simd notinbranch
extern double log(double);
#pragma omp declare simd notinbranch
extern double cos(double);
#pragma omp declare simd notinbranch
extern double sin(double);
#define FAST __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define FAST
#endif

enum { GROUP = 64 }; /* particles whose normals are made together */

// snippet: philox
static inline void philox(const uint32_t counter[4], const uint32_t key[2],
                          uint32_t out[4])
{
    uint32_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        uint64_t p = UINT64_C(0xD2511F53) * x0, q = UINT64_C(0xCD9E8D57) * x2;
        x0 = (uint32_t)(q >> 32) ^ x1 ^ k0;
        x2 = (uint32_t)(p >> 32) ^ x3 ^ k1;
        x1 = (uint32_t)q;
        x3 = (uint32_t)p;
        k0 += 0x9E3779B9; /* the golden ratio */
        k1 += 0xBB67AE85; /* sqrt(3) - 1 */
    }
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
}
// end: philox

void dm_rng_philox(const uint32_t counter[4], const uint32_t key[2],
                   uint32_t out[4])
{
    philox(counter, key, out);
}

/* The middle of one of 2^52 equal parts of (0, 1): never 0, never 1. */
static inline double unit_interval(uint64_t word)
{
    return ((double)(word >> 12) + 0.5) * 0x1p-52;
}

/* Counter words, in order. */
enum { PARTICLE, STEP, STREAM, DRAW };

typedef struct {
    uint32_t key[2];
    uint32_t counter[4]; /* of the next four words */
    uint32_t word[4];
    unsigned used; /* of word: 4 means that new ones are due */
} state;

static void set(void *vstate, unsigned long seed)
{
    state *s = vstate;
    *s = (state){ .key = { (uint32_t)seed, (uint32_t)((uint64_t)seed >> 32) },
                  .used = 4 };
}

static uint32_t next_word(state *s)
{
    if (s->used == 4) {
        dm_rng_philox(s->counter, s->key, s->word);
        s->used = 0;
        if (++s->counter[DRAW] == 0)
            s->counter[PARTICLE]++;
    }
    return s->word[s->used++];
}

static unsigned long get(void *vstate)
{
    return next_word(vstate);
}

static double get_double(void *vstate)
{
    uint64_t low = next_word(vstate), high = next_word(vstate);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

static const gsl_rng_type philox_type = { "philox4x32-10", 0xFFFFFFFF, 0,
                                          sizeof(state),   set,        get,
                                          get_double };

const gsl_rng_type *dm_rng_type = &philox_type;

int dm_rng_at(gsl_rng *r, dm_stream stream, uint32_t step, uint32_t particle)
{
    if (r->type != dm_rng_type)
        GSL_ERROR("need a generator of dm_rng_type", GSL_EINVAL);
    state *s = r->state;
    s->counter[PARTICLE] = particle;
    s->counter[STEP] = step;
    s->counter[STREAM] = (uint32_t)stream;
    s->counter[DRAW] = 0;
    s->used = 4;
    return GSL_SUCCESS;
}

/* Uniform numbers in (0, 1) from two words each, for one group of particles.
 * u, v: [GROUP]. */
FAST static void uniforms(const uint32_t key[2], const uint32_t counter[4],
                          double u[], double v[])
{
#pragma omp simd
    for (uint32_t i = 0; i < GROUP; i++) {
        uint32_t c[4] = { counter[0] + i, counter[1], counter[2], counter[3] };
        uint32_t w[4];
        philox(c, key, w);
        uint64_t a = (uint64_t)w[1] << 32 | w[0];
        uint64_t b = (uint64_t)w[3] << 32 | w[2];
        u[i] = unit_interval(a);
        v[i] = unit_interval(b);
    }
}

// snippet: box-muller
/* Box and Muller (1958): two normals of two uniform numbers, in place. */
FAST static void box_muller(double u[], double v[])
{
    double radius[GROUP], angle[GROUP];

#pragma omp simd
    for (int i = 0; i < GROUP; i++) {
        radius[i] = sqrt(-2.0 * log(u[i]));
        angle[i] = 2.0 * M_PI * v[i];
    }
#pragma omp simd
    for (int i = 0; i < GROUP; i++)
        u[i] = radius[i] * cos(angle[i]);
#pragma omp simd
    for (int i = 0; i < GROUP; i++)
        v[i] = radius[i] * sin(angle[i]);
}
// end: box-muller

void dm_rng_normals(uint64_t seed, dm_stream stream, uint32_t step,
                    uint32_t first, size_t n, double z1[], double z2[])
{
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    double u[GROUP], v[GROUP];

    for (size_t i = 0; i < n; i += GROUP) {
        uint32_t counter[4] = { first + (uint32_t)i, step, (uint32_t)stream };
        size_t here = n - i < GROUP ? n - i : GROUP;
        uniforms(key, counter, u, v);
        box_muller(u, v);
        memcpy(&z1[i], u, here * sizeof *u);
        if (z2 != NULL)
            memcpy(&z2[i], v, here * sizeof *v);
    }
}
