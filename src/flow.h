/* flow.h -- the probability flow (chapter 5): without noise, from one level of
 * noise to another, so that the law of x_t is kept at every level.
 *
 * Any two levels are joined, in either direction.  What is integrated is
 * Eq. (5.14): the point over sqrt(scale^2 + variance), against the angle whose
 * tangent is sqrt(variance)/scale.  In this variable the velocity stays finite
 * at the data (angle 0) and at pure noise (angle pi/2), and the way from one to
 * the other is finite, which is true neither of the time of the VP equation nor
 * of the noise of the VE equation.
 */
#ifndef DM_FLOW_H
#define DM_FLOW_H

#include "gaussian.h"
#include "mixture.h"

/* Moves x: [dim], a point at the level `from`, along the flow of the data's law
 * to the level `to`, Eq. (5.4), and stores ln|det dx_to/dx_from| in *stretch
 * unless that is NULL, so that log q_to is log q_from less the stretch,
 * Eq. (5.21).  Each coordinate over sqrt(scale^2 + variance) of its level, and
 * the stretch, have an error of about tolerance at most: it is integrated at
 * least twice, each time with a hundredth of the local error of the time
 * before, until two runs agree so well; the better one is returned.
 *
 * GSL_EDOM: a scale below 0, a variance below 0, both 0, a tolerance not above
 * 0, or any of these or of x not finite.  GSL_ETOL: the tolerance is not
 * reached; the message says what is.  GSL_EMAXITER and GSL_FAILURE: the
 * integration stopped on the way; the message says at which abar, that is
 * scale^2/(scale^2 + variance).  GSL_ENOMEM.  Then x and *stretch are as they
 * were. */
int dm_flow_move(const dm_mixture *data, dm_level from, dm_level to,
                 double tolerance, double x[], double *stretch);

/* Stores the velocity of that integration in v: [dim], dy/d(angle) at the point
 * y: [dim], Eq. (5.14), and its divergence in *divergence unless that is NULL.
 * Any finite angle and y are taken; a density that underflows everywhere gives
 * NaN. */
void dm_flow_velocity(const dm_mixture *data, double angle, const double y[],
                      double v[], double *divergence);

#endif
