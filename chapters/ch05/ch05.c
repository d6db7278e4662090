/* What the sections of chapter 5 share. */
#include "ch05.h"

#include <math.h>

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
