/* The exercises of chapter 1. */
#include "ch01.h"

#include <math.h>

#include "check.h"
#include "schedule.h"

static void check_exercises(const dm_schedule *s)
{
    size_t half = 0;

    while (half < s->T && s->abar[half] > 0.5)
        half++;
    dm_check_exact(dm_schedule_log_snr(s, half),
                   log(s->abar[half]) - log1p(-s->abar[half]), 64.0, 1.0,
                   "1.13", "Ex. 1: log SNR at t = %zu", half);
    dm_check_refutes(0.5 * log(s->abar[half] / s->c[half]),
                     "a ratio of amplitudes");
    dm_level short_jump = dm_schedule_jump(s, 0, 1);
    dm_check_exact(short_jump.variance, s->beta[1], 4.0, s->beta[1], "1.14",
                   "Ex. 2: the jump 0 to 1 is step 1");
    dm_check_refutes(s->beta[2], "the schedule off by one");
}

void section_exercises(const dm_options *o)
{
    dm_check_table("exercises");
    check_exercises(o->schedule);
}
