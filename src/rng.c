#include "rng.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

#include "vector_math.h"

enum { GROUP = 64 }; /* particles whose normals are made together */

/* Four words of 32 bits, in 64 so that a product needs no other type. */
typedef struct {
    uint64_t a, b, c, d;
} words;

// snippet: philox
static inline words philox(words x, uint64_t k0, uint64_t k1)
{
    const uint64_t low = 0xFFFFFFFF;

#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        uint64_t p = UINT64_C(0xD2511F53) * x.a, q = UINT64_C(0xCD9E8D57) * x.c;
        x.a = (q >> 32) ^ x.b ^ k0;
        x.c = (p >> 32) ^ x.d ^ k1;
        x.b = q & low;
        x.d = p & low;
        k0 = (k0 + 0x9E3779B9) & low; /* the golden ratio */
        k1 = (k1 + 0xBB67AE85) & low; /* sqrt(3) - 1 */
    }
    return x;
}
// end: philox

void dm_rng_philox(const uint32_t counter[4], const uint32_t key[2],
                   uint32_t out[4])
{
    words x = { counter[0], counter[1], counter[2], counter[3] };

    x = philox(x, key[0], key[1]);
    out[0] = (uint32_t)x.a;
    out[1] = (uint32_t)x.b;
    out[2] = (uint32_t)x.c;
    out[3] = (uint32_t)x.d;
}

/* The middle of one of 2^52 equal parts of (0, 1): never 0, never 1.  The bits
 * of a number from 1 to 2, less 1, and half a part more: both exact. */
static inline double unit_interval(uint64_t word)
{
    union {
        uint64_t bits;
        double value;
    } one = { word >> 12 | UINT64_C(0x3FF0000000000000) };
    return one.value - (1.0 - 0x1p-53);
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

/* Uniform numbers in (0, 1) from two words each, for one group of particles,
 * from the counter `first` on.  u, v: [GROUP]. */
DM_FAST static void uniforms(uint64_t seed, words first, double u[restrict],
                             double v[restrict])
{
    const uint64_t k0 = seed & 0xFFFFFFFF, k1 = seed >> 32;

    DM_LANES
    for (uint32_t i = 0; i < GROUP; i++) {
        uint64_t a = (first.a + i) & 0xFFFFFFFF;
        words x = philox((words){ a, first.b, first.c, first.d }, k0, k1);
        u[i] = unit_interval(x.b << 32 | x.a);
        v[i] = unit_interval(x.d << 32 | x.c);
    }
}

// snippet: box-muller
/* Box and Muller (1958): two normals of two uniform numbers, in place. */
DM_FAST static void box_muller(double u[], double v[])
{
    double radius[GROUP], angle[GROUP];

    DM_LANES
    for (int i = 0; i < GROUP; i++) {
        radius[i] = sqrt(-2.0 * log(u[i]));
        angle[i] = 2.0 * M_PI * v[i];
    }
    DM_LANES
    for (int i = 0; i < GROUP; i++)
        u[i] = radius[i] * cos(angle[i]);
    DM_LANES
    for (int i = 0; i < GROUP; i++)
        v[i] = radius[i] * sin(angle[i]);
}
// end: box-muller

void dm_rng_normals(uint64_t seed, dm_stream stream, uint32_t step,
                    uint32_t first, size_t n, double z1[], double z2[])
{
    double u[GROUP], v[GROUP];

    for (size_t i = 0; i < n; i += GROUP) {
        words counter = { first + i, step, (uint64_t)stream, 0 };
        size_t here = n - i < GROUP ? n - i : GROUP;
        uniforms(seed, counter, u, v);
        box_muller(u, v);
        memcpy(&z1[i], u, here * sizeof *u);
        if (z2 != NULL)
            memcpy(&z2[i], v, here * sizeof *v);
    }
}
