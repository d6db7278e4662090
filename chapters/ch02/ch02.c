/* What the sections of chapter 2 share. */
#include "ch02.h"

#include <math.h>

step step_between(double abar_s, double abar_t)
{
    return (step){ .abar_s = abar_s,
                   .c_s = 1.0 - abar_s,
                   .abar_t = abar_t,
                   .c_t = 1.0 - abar_t,
                   .beta = 1.0 - abar_t / abar_s };
}

step step_of(const dm_schedule *sch, size_t s, size_t t)
{
    return (step){ .abar_s = sch->abar[s],
                   .c_s = sch->c[s],
                   .abar_t = sch->abar[t],
                   .c_t = sch->c[t],
                   .beta = dm_schedule_jump(sch, s, t).variance };
}

step first_step(void)
{
    return step_between(0.9, 0.7);
}

step second_step(void)
{
    return step_between(0.7, 0.56);
}

step large_step(void)
{
    return step_between(0.9, 0.05);
}

dm_gaussian before(step p, double x)
{
    return (dm_gaussian){ sqrt(p.abar_s) * x, p.c_s };
}

dm_gaussian after(step p, double x)
{
    return (dm_gaussian){ sqrt(p.abar_t) * x, p.c_t };
}

dm_gaussian kernel(step p, double x)
{
    return (dm_gaussian){ sqrt(1.0 - p.beta) * x, p.beta };
}

// snippet: posterior
/* The law of x_s given x_t and x_0, Eq. (2.5). */
dm_gaussian posterior(step p, double xt, double x0)
{
    double of_xt = sqrt(1.0 - p.beta) * p.c_s / p.c_t; /* Eq. (2.4) */
    double of_x0 = sqrt(p.abar_s) * p.beta / p.c_t;

    return (dm_gaussian){ of_xt * xt + of_x0 * x0,
                          p.c_s / p.c_t * p.beta }; /* Eq. (2.3) */
}
// end: posterior
