/* Chapter 4 -- SDE discretisation.
 *
 * The Wiener process, Eqs. (4.1) to (4.4); from the chain to an equation, and
 * its laws, Eqs. (4.5) to (4.12); what Euler's steps cost, Eqs. (4.13) to
 * (4.21); back in time, Eqs. (4.22) to (4.25); DDPM's step beside Euler's, Eqs.
 * (4.26) to (4.30); the error budget, Eqs. (4.31) to (4.33).
 * Prints the check tables; writes data/ch04_*.dat.
 */
#include "check.h"

#include "ch04/ch04.h"

int main(int argc, char *argv[])
{
    static tally sum;
    dm_options o;
    int status = dm_options_read_sde(&o, 0.01, 0.01, "ch04_sde",
                                     "SDE discretisation", argc, argv);
    if (status != -1)
        return status;
    run_paths(&o, &sum);

    section_wiener(&sum.w);
    section_chain();
    section_fokker_planck(&o);
    section_orders(&sum);
    section_reverse(&o);
    section_laws(&o);
    section_ddpm(&o);
    section_budget(&o);
    section_exercises(&sum.w);
    section_figures(&o, &sum);

    dm_options_free(&o);
    return dm_check_end();
}
