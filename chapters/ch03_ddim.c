/* Chapter 3 -- The DDIM sigma family.
 *
 * Postulates a law of the step back with free noise, Eqs. (3.1) to (3.8), and
 * checks what follows from it: the marginals, Eq. (3.10), the way forward,
 * Eqs. (3.11) and (3.12), the joint laws, Eqs. (3.13) and (3.14).  Then makes a
 * sampler of it, a table, Eqs. (3.15) to (3.22), and computes the exact law of
 * what comes out, Eqs. (3.23) to (3.25).
 * Prints the check tables; writes data/ch03_*.dat.
 */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>

#include "check.h"
#include "rng.h"

#include "ch03/ch03.h"

/* What this chapter cannot run, told before anything is printed: returns -1, or
 * the exit status after a message. */
static int refuse(const dm_options *o)
{
    gsl_error_handler_t *old = gsl_set_error_handler_off();
    dm_cloud *cloud = dm_cloud_new(2, NUMBERS / 2 * o->particles);

    gsl_set_error_handler(old);
    dm_cloud_free(cloud);
    if (cloud == NULL)
        return refuse_particles(o);
    if (o->schedule->abar[o->steps] >= DBL_MIN)
        return -1;
    fprintf(stderr,
            "--steps: expected a T with some signal left, for the samplers "
            "over all times, got %zu, where abar underflows\n",
            o->steps);
    return 2;
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read_sampler(&o, 0.5, 10, "ch03_ddim",
                                         "The DDIM sigma family", argc, argv);
    if (status != -1)
        return status;
    if ((status = refuse(&o)) != -1) {
        dm_options_free(&o);
        return status;
    }
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    gsl_rng_set(rng, o.seed);
    double *x0 = numbers(&o, 1);
    draw_data(o.data1, rng, 3, 0, o.particles, &x0);
    walk w = walk_down(&o, o.data1, rng);
    dm_sampler *table = table_of(&o, o.eta);
    dm_law *target = law_of(NULL, o.data1);

    section_postulate();
    section_family(&o);
    section_marginals(&o, rng, &w);
    section_forward(&o, x0);
    section_joint(&o, &w);
    section_sampler(&o, table);
    section_estimate(&o);
    section_ddpm(&o);
    section_skipping(&o, table);
    section_laws(&o, target);
    section_gaussian(&o);
    section_output(&o, target);
    section_exercises();
    section_figures(&o, x0);

    dm_law_free(target);
    dm_sampler_free(table);
    free_walk(&w);
    free(x0);
    gsl_rng_free(rng);
    dm_options_free(&o);
    return dm_check_end();
}
