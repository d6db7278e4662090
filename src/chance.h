/* chance.h -- means, laws and densities of the random symbols of a page.
 *
 * Chance enters a page by its sources: the standard normals, and the symbols
 * that were declared with a density.  All else that is random is defined by
 * them.  What depends on normals in an affine way has its laws and conditional
 * laws in closed form, by linear algebra; what else is asked is integrated.
 * Errors end the evaluation by dm_page_fail.
 */
#ifndef DM_CHANCE_H
#define DM_CHANCE_H

#include "page.h"

/* Returns the mean of a DM_TEX_MEAN: over all sources in it, or given the
 * symbols behind its bar, each at its value in the draw or at the one that is
 * written. */
dm_value dm_chance_mean(dm_page *p, const dm_tex *tree);

/* Returns the mean of a DM_TEX_AVERAGE, of child 0 over a symbol whose law is
 * written below the sign. */
dm_value dm_chance_average(dm_page *p, const dm_tex *tree);

/* Returns the Kullback-Leibler divergence of a DM_TEX_KL, in nat. */
dm_value dm_chance_divergence(dm_page *p, const dm_tex *tree);

/* Returns ln q(A | B) of a call q(A \mid B) of a symbol that is declared a
 * density: the one that follows from the definitions of A and B, at the values
 * that they have in the draw. */
dm_value dm_chance_log_density(dm_page *p, const dm_tex *call);

/* Stores mean and variance (of a vector, covariance) of a tree that is affine
 * in the normals; of a DM_TEX_GIVEN, given what stands behind its bar. */
void dm_chance_law(dm_page *p, const dm_tex *tree, dm_value *mean,
                   dm_value *variance);

#endif
