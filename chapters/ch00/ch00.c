/* What the sections of chapter 0 share. */
#include "ch00.h"

#include <math.h>

double integral(dm_gaussian g, double (*f)(double, void *), what w)
{
    double result = NAN;

    dm_gaussian_integrate(1, &g, f, &w, TOLERANCE, &result);
    return result;
}
