/* sde.h -- the forward process in continuous time (chapter 4).
 *
 * Three processes on the times from 0 to 1, each a linear equation
 *
 *     dx = f(t) x dt + g(t) dw
 *
 * (Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole 2021, Eqs. 29 to 33).
 * VP and sub-VP have the rate beta(t) = 0.1 + 19.9 t, VE has
 * sigma(t) = 0.01 * 5000^t.  Times have no unit.
 *
 * Where t is not in [0, 1] (GSL_EDOM) or sde is none of the enum (GSL_EINVAL),
 * the functions call the GSL error handler and return NaN.
 */
#ifndef DM_SDE_H
#define DM_SDE_H

#include "gaussian.h"

typedef enum { DM_SDE_VP, DM_SDE_SUB_VP, DM_SDE_VE } dm_sde;

/* Returns the level of q(x_t given x_0). */
dm_level dm_sde_level(dm_sde sde, double t);

/* Returns f(t), per unit of time: -beta(t)/2, and 0 for VE. */
double dm_sde_drift(dm_sde sde, double t);

/* Returns g(t)^2, the variance that the noise adds per unit of time, in data
 * units squared. */
double dm_sde_noise_rate(dm_sde sde, double t);

#endif
