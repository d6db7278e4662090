/* What the sections of chapter 5 share. */
#include "ch05.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

double slope_of(double (*f)(double x, void *params), void *params, double x,
                double h, double *error)
{
    double at[2];

    for (int i = 0; i < 2; i++) {
        double step = (double)(1 + i) * h;
        double near = f(x + step, params) - f(x - step, params);
        double far = f(x + 2.0 * step, params) - f(x - 2.0 * step, params);
        at[i] = (8.0 * near - far) / (12.0 * step);
    }
    double better = (16.0 * at[0] - at[1]) / 15.0;
    *error = fabs(better - at[0]);
    return better;
}

/* Whether the data have, where a share p is below, at least a thirtieth of the
 * density of a Gaussian as wide. */
static int is_dense(const dm_mixture *data, double p)
{
    double normal = gsl_ran_ugaussian_pdf(gsl_cdf_ugaussian_Pinv(p));
    double x = dm_mixture_quantile(data, p), mean;
    dm_sym2 C;

    dm_mixture_moments(data, &mean, &C);
    return normal <= 30.0 * sqrt(C.xx) * exp(dm_mixture_log_density(data, &x));
}

double share_near(const dm_mixture *data, double p)
{
    for (int i = 0; i < 20; i++) {
        double near = p + 0.005 * (i % 2 == 0 ? 0.5 * i : -0.5 * (i + 1));
        if (is_dense(data, near))
            return near;
    }
    return p;
}
