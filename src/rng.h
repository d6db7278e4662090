/* rng.h -- random numbers that are a function of where they are used.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): a 128-bit counter is
 * scrambled under a 64-bit key.  The key is the seed; the counter is
 * (particle, step, stream, draw), 32 bits each.  So a number does not depend
 * on which thread asks for it, in what order or in how large a block.
 */
#ifndef DM_RNG_H
#define DM_RNG_H

#include <stddef.h>
#include <stdint.h>

#include <gsl/gsl_rng.h>

/* What the numbers are for.  Two streams never share a number. */
typedef enum {
    DM_STREAM_GSL = 0, /* a generator used as any other of GSL's     */
    DM_STREAM_DATA,    /* draws of x_0                               */
    DM_STREAM_FORWARD, /* noise of the forward chain                 */
    DM_STREAM_JUMP,    /* noise of one jump from x_0 to x_t          */
    DM_STREAM_EXTRA,   /* examples that need a second, unrelated set */
    DM_STREAM_START,   /* starts of samplers                         */
    DM_STREAM_SAMPLER  /* noise of samplers                          */
} dm_stream;

/* The four words that Philox4x32-10 makes of a counter and a key. */
void dm_rng_philox(const uint32_t counter[4], const uint32_t key[2],
                   uint32_t out[4]);

/* The generator as a GSL type: gsl_rng_alloc(dm_rng_type).  gsl_rng_set takes
 * the seed and moves to particle 0, step 0, stream DM_STREAM_GSL.  Integers
 * have 32 bits, doubles 53, in [0, 1).  The draw counter runs over into the
 * particle after 2^34 words. */
extern const gsl_rng_type *dm_rng_type;

/* Moves r, which must be of dm_rng_type, to the first number of a particle at
 * a step in a stream, keeping its seed.  GSL_EINVAL for another type. */
int dm_rng_at(gsl_rng *r, dm_stream stream, uint32_t step, uint32_t particle);

/* Stores independent standard normals, by the method of Box and Muller: z1[i]
 * and z2[i] belong to particle first + i.  z1, z2: [n]; z2 may be NULL. */
void dm_rng_normals(uint64_t seed, dm_stream stream, uint32_t step,
                    uint32_t first, size_t n, double z1[], double z2[]);

#endif
