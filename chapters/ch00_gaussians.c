/* Chapter 0 -- Gaussians and the toy data.
 *
 * Checks the Gaussian toolbox, Eqs. (0.1) to (0.12), against quadrature and
 * linear algebra, and the closed forms of the mixtures, Eqs. (0.13) to (0.23),
 * against integrals of their definitions.
 * Prints the check tables; writes data/ch00_*.dat.
 */
#include "check.h"
#include "rng.h"

#include "ch00/ch00.h"

/* The data of the rows in two dimensions: the reader's, or a pair of tilted
 * bumps.  (The ring's bumps are round: it could not show a lost correlation.) */
static dm_mixture *data_in_two(const dm_options *o)
{
    const double weight[] = { 0.4, 0.6 }, mean[] = { -1.0, 0.5, 1.2, -0.8 };
    const double cov[] = { 0.30, 0.12, 0.10, 0.05, -0.02, 0.40 };

    if (o->own_data2)
        return dm_mixture_diffuse(o->data2, (dm_level){ 1.0, 0.0 });
    return dm_mixture_new(2, 2, weight, mean, cov);
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read(&o, "ch00_gaussians",
                                 "Gaussians and the toy data", argc, argv);
    if (status != -1)
        return status;
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);
    gsl_rng_set(r, o.seed);
    dm_mixture *data1 = o.data1, *data2 = data_in_two(&o);
    dm_mixture *noisy1 = dm_mixture_diffuse(data1, LEVEL);
    dm_mixture *noisy2 = dm_mixture_diffuse(data2, LEVEL);

    section_one();
    section_sums(&o, r);
    section_products();
    section_distances();
    section_data(data1);
    section_noise(data1, noisy1);
    section_score(noisy1, noisy2);
    section_posterior(data1, noisy1, data2, noisy2);
    section_drawing(&o, data2, r);
    section_exercises();
    section_figures(&o, noisy1, r);

    dm_mixture_free(noisy1);
    dm_mixture_free(noisy2);
    dm_mixture_free(data2);
    gsl_rng_free(r);
    dm_options_free(&o);
    return dm_check_end();
}
