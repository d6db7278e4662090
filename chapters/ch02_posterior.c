/* Chapter 2 -- The posterior.
 *
 * One step back: with the start known, Eqs. (2.1) to (2.7), by Bayes' rule on
 * a grid; with the start unknown, Eqs. (2.8) to (2.13), by integrals of the
 * definitions; and how far from Gaussian it is, Eqs. (2.14) to (2.18).
 * Prints the check tables; writes data/ch02_*.dat.
 */
#include "check.h"
#include "rng.h"

#include "ch02/ch02.h"

int main(int argc, char *argv[])
{
    dm_options o;
    int status =
        dm_options_read(&o, "ch02_posterior", "The posterior", argc, argv);
    if (status != -1)
        return status;
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    gsl_rng_set(rng, o.seed);

    section_bayes();
    section_square(&o, rng);
    section_forms(&o);
    section_reverse(&o);
    section_tweedie(&o);
    section_variances(&o);
    section_gaussian(&o);
    section_modes(&o);
    section_exercises();
    section_figures(&o);

    gsl_rng_free(rng);
    dm_options_free(&o);
    return dm_check_end();
}
