/* cloud.h -- a cloud of particles, and the engine that runs a table over it.
 *
 * The engine is what the book's samples come from, so it is written for the
 * machine: coordinates in arrays of their own, blocks of particles that stay in
 * cache through the steps, noise made where it is used, blocks spread over
 * threads.  The results are the same bytes for any number of threads and any
 * block size.  Functions that return an int return GSL_SUCCESS, or call the GSL
 * error handler and return its code.
 */
#ifndef DM_CLOUD_H
#define DM_CLOUD_H

#include <stddef.h>
#include <stdint.h>

#include "mixture.h"
#include "rng.h"
#include "sampler.h"

typedef struct {
    size_t dim; /* 1 or 2                                        */
    size_t n;   /* number of particles                           */
    double *x;  /* [n]  data unit; padded, on a 64-byte boundary */
    double *y;  /* [n]  data unit, likewise; NULL if dim is 1    */
} dm_cloud;

/* Returns n particles at the origin, in 8 bytes a particle and dimension.
 * Needs dim 1 or 2 and 1 <= n <= 2^32 (the generator counts particles in 32
 * bits); GSL_EDOM and NULL.  More than the memory that the machine has to give
 * is refused before any is asked for; GSL_ENOMEM and NULL, with the size
 * needed.  The caller owns the result; release it with dm_cloud_free. */
dm_cloud *dm_cloud_new(size_t dim, size_t n);

/* Releases a cloud.  NULL is allowed and does nothing. */
void dm_cloud_free(dm_cloud *cloud);

/* Places the particles at independent draws of N(0, variance I), from stream
 * DM_STREAM_START: particle p at sqrt(variance) times the normals that
 * dm_rng_normals has for it at step 0.  Needs finite variance >= 0; GSL_EDOM. */
int dm_cloud_start(dm_cloud *cloud, double variance, uint64_t seed);

/* What is to be kept of a run: where chosen particles are at chosen times. */
typedef struct {
    size_t paths, times;
    const size_t *path; /* [paths]  particles, increasing; NULL: the first    */
    const size_t *time; /* [times]  steps taken by then, increasing, 0 for the
                         * start; NULL: 0, 1, ...                             */
    double *x, *y; /* [times * paths]  x[i * paths + j] for time i and path j;
                    * y is not used in one dimension                          */
} dm_record;

typedef struct {
    uint64_t seed;
    dm_stream stream; /* of the noise                                      */
    int threads;      /* 1 or more; 1 where the compiler has no OpenMP     */
    size_t block;     /* particles in a block; 0 for what fits the cache   */
    size_t records;
    const dm_record *record; /* [records]                                  */
} dm_run;

/* Moves the cloud, from wherever it is, through all steps of the sampler with
 * the eps* of `data`, the law of x_0:
 *
 *     x = A x + B eps*(x, level) + C z
 *
 * where z are the normals that dm_rng_normals has for the particle at step
 * number i, counted from 0 in the table, in the stream.  Agrees with
 * dm_mixture_eps to round-off.  Takes 1 MB a thread beside the cloud and the
 * records.  data may be NULL if no step has B != 0.
 *
 * GSL_EDOM unless threads >= 1 and the coefficients are finite and, where
 * B != 0, the levels too, with scale != 0 and variance >= 0; GSL_EINVAL unless
 * data are of the cloud's dimension, and particles and times of the records
 * increasing and within n and the number of steps; GSL_ENOMEM.  Then the cloud
 * and the records are as they were. */
int dm_cloud_run(dm_cloud *cloud, const dm_sampler *sampler,
                 const dm_mixture *data, const dm_run *run);

#endif
