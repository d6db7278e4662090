/* Chapter 1 -- The forward marginal.
 *
 * Walks the data to noise one step at a time, Eq. (1.1), and checks what the
 * walk becomes: two steps, Eq. (1.4), t steps, Eq. (1.6), any jump, Eq. (1.14),
 * and the limit N(0, 1) with its exact distance, Eqs. (1.16) to (1.19).
 * Prints the check tables; writes data/ch01_*.dat.
 */
#include "check.h"
#include "rng.h"

#include "ch01/ch01.h"

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read(&o, "ch01_forward_marginal",
                                 "The forward marginal", argc, argv);
    if (status != -1)
        return status;
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    gsl_rng_set(rng, o.seed);
    walk w = walk_all(&o, rng);

    section_chain(&o, &w);
    section_two_steps(&o);
    section_jump(&o, &w);
    section_schedules(&o);
    section_data(&o, rng);
    section_limit(&o);
    section_exercises(&o);
    section_figures(&o, &w, rng);

    free_walk(&w);
    gsl_rng_free(rng);
    dm_options_free(&o);
    return dm_check_end();
}
