/* The paths of sections 4.1 and 4.4. */
#include "ch04.h"

#include <math.h>

#include "rng.h"

void draw_block(const dm_options *o, size_t first, block *b)
{
    const double root_h = sqrt(1.0 / FINE);

    for (uint32_t i = 0; i < FINE; i++) {
        dm_rng_normals(o->seed, DM_STREAM_EXTRA, i, (uint32_t)first, BLOCK,
                       b->dw[i], b->other[i]);
        for (size_t p = 0; p < BLOCK; p++)
            b->dw[i][p] *= root_h; /* Eq. (4.1) */
    }
}

// snippet: coarse
/* Increment j of n of path p: the sum of its fine increments. */
double increment(const block *b, size_t n, size_t j, size_t p)
{
    double sum = 0.0;

    for (size_t i = j * FINE / n; i < (j + 1) * FINE / n; i++)
        sum += b->dw[i][p];
    return sum;
}
// end: coarse
