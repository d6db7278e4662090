/* Chapter 5 -- The probability flow.
 *
 * Writes the law of the noised data as the law of points that are carried
 * along, Eqs. (5.1) to (5.7), and checks what follows: the map of quantiles,
 * Eqs. (5.8) and (5.9), the variable in which DDIM is Euler's method, Eqs.
 * (5.11) to (5.15), the family of reverse equations, Eqs. (5.16) to (5.19), the
 * exact likelihood, Eqs. (5.20) to (5.23), and the code of a data point,
 * Eq. (5.24).  Prints the check tables; writes data/ch05_*.dat.
 */
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>

#include "check.h"

#include "ch05/ch05.h"

/* A flow that this run cannot follow is said in one line. */
static void stop(const char *reason, const char *file, int line, int code)
{
    (void)file, (void)line, (void)code;
    fprintf(stderr, "chapter 5 cannot follow these data: %s\n", reason);
    exit(2);
}

/* Data that are narrower than TOLERANCE resolves, or so wide that doubles do
 * not resolve it, are not taken. */
static void check_width(const dm_mixture *data)
{
    for (size_t i = 0; i < data->K; i++) {
        dm_sym2 C = data->component[i].cov;
        double least =
            data->dim == 1 ? C.xx : dm_sym2_determinant(C) / (C.xx + C.yy);
        double most = C.xx + C.yy + gsl_pow_2(data->component[i].mean[0]) +
                      gsl_pow_2(data->component[i].mean[1]);
        if (!(most <= 2e6))
            GSL_ERROR_VOID("expected means and standard deviations of about a "
                           "thousand at most, beside noise of variance 1",
                           GSL_EDOM);
        if (!(least >= 1e-9))
            GSL_ERROR_VOID("expected variances of 1e-9 at least, since the "
                           "flow is known to 1e-10",
                           GSL_EDOM);
    }
}

int main(int argc, char *argv[])
{
    dm_options o;
    int status = dm_options_read(&o, "ch05_probability_flow",
                                 "The probability flow", argc, argv);
    if (status != -1)
        return status;
    gsl_set_error_handler(stop);
    check_width(o.data1);
    check_width(o.data2);
    ends e = ends_of(o.data1);

    section_mass(&o);
    section_half(&o);
    section_line(&o);
    section_plane(&o);
    section_variable(&o);
    section_clocks(&o, &e);
    section_limits(&o);
    section_family(&o);
    section_joint(&o, &e);
    section_likelihood(&o);
    section_code(&o);
    section_exercises();
    section_figures(&o);

    free_ends(&e);
    dm_options_free(&o);
    return dm_check_end();
}
