#define _DEFAULT_SOURCE /* M_PI */

#include "value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- numbers ------------------------------------------------------------------ */

static const double unit = 0.5 * DBL_EPSILON;

dm_value dm_value_exact(double x)
{
    return (dm_value){ .x = x };
}

dm_value dm_value_rounded(double x, double error)
{
    if (isnan(error))
        error = INFINITY;
    return (dm_value){ .x = x,
                       .error = isinf(x) ? error : error + unit * fabs(x) };
}

/* What a function of the C library returns: right to 2 ulp. */
static dm_value from_library(double x, double error)
{
    return dm_value_rounded(x, isinf(x) ? error : error + 3.0 * unit * fabs(x));
}

static dm_value add(dm_value a, dm_value b)
{
    return dm_value_rounded(a.x + b.x, a.error + b.error);
}

static dm_value negate(dm_value a)
{
    return (dm_value){ .x = -a.x, .error = a.error };
}

static dm_value multiply(dm_value a, dm_value b)
{
    double error =
        fabs(a.x) * b.error + fabs(b.x) * a.error + a.error * b.error;

    if (a.x == 0.0 || b.x == 0.0)
        return dm_value_rounded(a.x * b.x, error);
    return dm_value_rounded(a.x * b.x, error + DBL_TRUE_MIN); /* underflow */
}

static dm_value divide(dm_value a, dm_value b)
{
    double x = a.x / b.x, low = fabs(b.x) - b.error;

    return dm_value_rounded(x, low > 0.0 ? (a.error + fabs(x) * b.error) / low +
                                               (a.x == 0.0 ? 0.0 : DBL_TRUE_MIN)
                                         : INFINITY);
}

static dm_value root(dm_value a)
{
    if (a.x < 0.0 && a.x >= -a.error) /* 0, but for round-off */
        return (dm_value){ .error = sqrt(a.error) };
    double x = sqrt(a.x);
    double low = a.x - a.error;
    return dm_value_rounded(x, low > 0.0 ? a.error / (2.0 * sqrt(low))
                                         : sqrt(a.error));
}

dm_value dm_value_exp(dm_value a)
{
    double x = exp(a.x), error = x * expm1(a.error);

    if (a.x == -INFINITY && a.error == 0.0)
        return dm_value_exact(0.0);
    if (!isfinite(error)) /* far below: 0 times infinity */
        error = exp(a.x + a.error);
    return from_library(x, error + DBL_TRUE_MIN);
}

dm_value dm_value_log(dm_value a)
{
    double low = a.x - a.error;
    if (a.x == 0.0 && a.error == 0.0)
        return dm_value_exact(-INFINITY);
    return from_library(log(a.x), low > 0.0 ? a.error / low : INFINITY);
}

static dm_value power(dm_value a, dm_value b)
{
    double x = pow(a.x, b.x);

    if (b.error == 0.0 && b.x == 2.0)
        return multiply(a, a);
    if (b.error == 0.0 && b.x == 0.0)
        return dm_value_exact(1.0);
    double low = fabs(a.x) - a.error, high = fabs(a.x) + a.error;
    if (low <= 0.0) /* it may be 0: both powers are below the largest */
        return dm_value_rounded(x, b.x - b.error > 0.0
                                       ? 2.0 * fmax(pow(high, b.x + b.error),
                                                    pow(high, b.x - b.error))
                                       : INFINITY);
    double relative =
        (fabs(b.x) + b.error) * a.error / low + fabs(log(fabs(a.x))) * b.error;
    return from_library(x, fabs(x) * expm1(relative));
}

static dm_value tangent(dm_value a)
{
    double x = tan(a.x), step = a.error < 0.5 ? tan(a.error) : INFINITY;
    double left = 1.0 - fabs(x) * step; /* 0 or less: a pole may be near */

    return from_library(x, left > 0.0 ? (1.0 + x * x) * step / left : INFINITY);
}

/* --- arrays ------------------------------------------------------------------- */

static int is_array(dm_value v)
{
    return v.rows != 0;
}

/* What is wrong with the shapes of a and b. */
static void mismatch(dm_cells *cells, const char *what, dm_value a, dm_value b)
{
    char why[160];

    snprintf(why, sizeof why, "%s of a %dx%d and a %dx%d matrix", what,
             a.rows + !a.rows, a.cols + !a.cols, b.rows + !b.rows,
             b.cols + !b.cols);
    cells->fail(cells->context, why);
}

dm_value dm_value_array(dm_cells *cells, int rows, int cols)
{
    size_t n = (size_t)rows * (size_t)cols;

    if (n == 1)
        return dm_value_exact(0.0);
    if (cells->used + n > DM_VALUE_CELLS)
        cells->fail(cells->context, "too many vectors at once");
    dm_value v = { .rows = rows,
                   .cols = cols,
                   .entry = &cells->cell[cells->used] };
    memset(v.entry, 0, n * sizeof *v.entry);
    cells->used += n;
    return v;
}

int dm_value_count(dm_value v)
{
    return is_array(v) ? v.rows * v.cols : 1;
}

dm_value dm_value_at(dm_value v, int i)
{
    return is_array(v) ? v.entry[i] : v;
}

void dm_value_put(dm_value *v, int i, dm_value number)
{
    if (is_array(*v))
        v->entry[i] = number;
    else
        *v = number;
}

int dm_value_alike(dm_value a, dm_value b)
{
    return a.rows == b.rows && a.cols == b.cols;
}

dm_value dm_value_copy(dm_cells *cells, dm_value v)
{
    if (!is_array(v))
        return v;
    dm_value copy = dm_value_array(cells, v.rows, v.cols);
    memcpy(copy.entry, v.entry, (size_t)dm_value_count(v) * sizeof *v.entry);
    return copy;
}

double dm_value_worst(dm_value v)
{
    double worst = 0.0;

    for (int i = 0; i < dm_value_count(v); i++)
        worst = fmax(worst, dm_value_at(v, i).error);
    return worst;
}

static int is_zero(dm_value v)
{
    return !is_array(v) && v.x == 0.0 && v.error == 0.0;
}

/* --- operations --------------------------------------------------------------- */

dm_value dm_value_add(dm_cells *cells, dm_value a, dm_value b)
{
    if (!is_array(a) && !is_array(b))
        return add(a, b);
    if (is_zero(a))
        return b;
    if (is_zero(b))
        return a;
    if (!dm_value_alike(a, b))
        mismatch(cells, "a sum", a, b);
    dm_value sum = dm_value_array(cells, a.rows, a.cols);
    for (int i = 0; i < dm_value_count(a); i++)
        sum.entry[i] = add(a.entry[i], b.entry[i]);
    return sum;
}

dm_value dm_value_negate(dm_cells *cells, dm_value a)
{
    if (!is_array(a))
        return negate(a);
    dm_value v = dm_value_array(cells, a.rows, a.cols);
    for (int i = 0; i < dm_value_count(a); i++)
        v.entry[i] = negate(a.entry[i]);
    return v;
}

dm_value dm_value_subtract(dm_cells *cells, dm_value a, dm_value b)
{
    return dm_value_add(cells, a, dm_value_negate(cells, b));
}

/* A number times an array. */
static dm_value scaled(dm_cells *cells, dm_value a, dm_value b)
{
    dm_value v = dm_value_array(cells, b.rows, b.cols);

    for (int i = 0; i < dm_value_count(b); i++)
        v.entry[i] = multiply(a, b.entry[i]);
    return v;
}

static dm_value inner_product(dm_cells *cells, dm_value a, dm_value b)
{
    dm_value sum = dm_value_exact(0.0);

    if (!dm_value_alike(a, b))
        mismatch(cells, "an inner product", a, b);
    for (int i = 0; i < dm_value_count(a); i++)
        sum = add(sum, multiply(a.entry[i], b.entry[i]));
    return sum;
}

dm_value dm_value_multiply(dm_cells *cells, dm_value a, dm_value b, int inner)
{
    if (!is_array(a) && !is_array(b))
        return multiply(a, b);
    if (!is_array(a))
        return scaled(cells, a, b);
    if (!is_array(b))
        return scaled(cells, b, a);
    if (inner && a.cols == 1 && b.cols == 1)
        return inner_product(cells, a, b);
    if (a.cols != b.rows)
        mismatch(cells, "a product", a, b);
    dm_value v = dm_value_array(cells, a.rows, b.cols);
    for (int i = 0; i < a.rows; i++)
        for (int j = 0; j < b.cols; j++) {
            dm_value sum = dm_value_exact(0.0);
            for (int k = 0; k < a.cols; k++)
                sum = add(sum, multiply(a.entry[i * a.cols + k],
                                        b.entry[k * b.cols + j]));
            dm_value_put(&v, i * b.cols + j, sum);
        }
    return v;
}

dm_value dm_value_divide(dm_cells *cells, dm_value a, dm_value b)
{
    if (is_array(b))
        cells->fail(cells->context, "a division by a vector or matrix");
    if (!is_array(a))
        return divide(a, b);
    dm_value v = dm_value_array(cells, a.rows, a.cols);
    for (int i = 0; i < dm_value_count(a); i++)
        v.entry[i] = divide(a.entry[i], b);
    return v;
}

dm_value dm_value_power(dm_cells *cells, dm_value a, dm_value b)
{
    if (!is_array(a) && !is_array(b))
        return power(a, b);
    double n = fabs(b.x);
    if (is_array(b) || a.rows != a.cols || n != nearbyint(n) || n < 1.0 ||
        n > 9.0)
        cells->fail(cells->context, "no power of a vector or matrix");
    dm_value base = b.x < 0.0 ? dm_value_inverse(cells, a) : a, v = base;
    for (double i = 1.0; i < n; i++)
        v = dm_value_multiply(cells, v, base, 0);
    return v;
}

dm_value dm_value_transpose(dm_cells *cells, dm_value a)
{
    if (!is_array(a))
        return a;
    dm_value v = dm_value_array(cells, a.cols, a.rows);
    for (int i = 0; i < a.rows; i++)
        for (int j = 0; j < a.cols; j++)
            v.entry[j * a.rows + i] = a.entry[i * a.cols + j];
    return v;
}

/* The determinant of the rows from `row` on and of the columns that are left: by
 * minors, without a division, so that a singular matrix is no trouble. */
static dm_value minors(dm_value a, int row, unsigned left)
{
    dm_value sum = dm_value_exact(row == a.rows ? 1.0 : 0.0);
    int sign = 1;

    for (int j = 0; j < a.cols; j++) {
        if (!(left & 1u << j))
            continue;
        dm_value one = multiply(a.entry[row * a.cols + j],
                                minors(a, row + 1, left & ~(1u << j)));
        sum = add(sum, sign > 0 ? one : negate(one));
        sign = -sign;
    }
    return sum;
}

dm_value dm_value_determinant(dm_cells *cells, dm_value a)
{
    if (!is_array(a))
        return a;
    if (a.rows != a.cols)
        cells->fail(cells->context, "a determinant of no square matrix");
    if (a.rows > 8)
        cells->fail(cells->context, "a determinant of more than 8 rows");
    return minors(a, 0, (1u << a.cols) - 1u);
}

/* One step of Gauss and Jordan on the rows of m and of its inverse to be. */
static void eliminate(dm_value *m, dm_value *inverse, int n, int j)
{
    dm_value *both[] = { m, inverse };
    int pivot = j;

    for (int i = j + 1; i < n; i++)
        if (fabs(m[i * n + j].x) > fabs(m[pivot * n + j].x))
            pivot = i;
    dm_value head = m[pivot * n + j];
    for (int which = 0; which < 2; which++)
        for (int k = 0; k < n; k++) {
            dm_value swap = both[which][pivot * n + k];
            both[which][pivot * n + k] = both[which][j * n + k];
            both[which][j * n + k] = divide(swap, head);
        }
    for (int i = 0; i < n; i++) {
        dm_value factor = negate(m[i * n + j]);
        for (int which = 0; i != j && which < 2; which++)
            for (int k = 0; k < n; k++)
                both[which][i * n + k] =
                    add(both[which][i * n + k],
                        multiply(factor, both[which][j * n + k]));
    }
}

dm_value dm_value_inverse(dm_cells *cells, dm_value a)
{
    if (!is_array(a))
        return divide(dm_value_exact(1.0), a);
    if (a.rows != a.cols)
        cells->fail(cells->context, "an inverse of no square matrix");
    dm_value m = dm_value_copy(cells, a);
    dm_value inverse = dm_value_array(cells, a.rows, a.cols);
    for (int i = 0; i < a.rows; i++)
        inverse.entry[i * a.cols + i] = dm_value_exact(1.0);
    for (int j = 0; j < a.rows; j++)
        eliminate(m.entry, inverse.entry, a.rows, j);
    return inverse;
}

static dm_value trace(dm_cells *cells, dm_value a)
{
    dm_value sum = dm_value_exact(0.0);

    if (a.rows != a.cols)
        cells->fail(cells->context, "a trace of no square matrix");
    for (int i = 0; i < a.rows; i++)
        sum = add(sum, a.entry[i * a.cols + i]);
    return sum;
}

/* --- functions ---------------------------------------------------------------- */

static dm_value of_array(dm_cells *cells, const char *name, dm_value a)
{
    char why[120];

    if (strcmp(name, "transpose") == 0)
        return dm_value_transpose(cells, a);
    if (strcmp(name, "det") == 0)
        return dm_value_determinant(cells, a);
    if (strcmp(name, "tr") == 0)
        return trace(cells, a);
    if (strcmp(name, "norm") == 0 && a.cols == 1)
        return root(inner_product(cells, a, a));
    snprintf(why, sizeof why, "%.40s of a vector or matrix", name);
    cells->fail(cells->context, why);
    return a;
}

dm_value dm_value_function(dm_cells *cells, const char *name, dm_value a)
{
    char why[120];

    if (is_array(a))
        return of_array(cells, name, a);
    if (strcmp(name, "exp") == 0)
        return dm_value_exp(a);
    if (strcmp(name, "ln") == 0)
        return dm_value_log(a);
    if (strcmp(name, "sqrt") == 0)
        return root(a);
    if (strcmp(name, "abs") == 0 || strcmp(name, "norm") == 0)
        return (dm_value){ .x = fabs(a.x), .error = a.error };
    if (strcmp(name, "sin") == 0)
        return from_library(sin(a.x), a.error);
    if (strcmp(name, "cos") == 0)
        return from_library(cos(a.x), a.error);
    if (strcmp(name, "tan") == 0)
        return tangent(a);
    if (strcmp(name, "tanh") == 0)
        return from_library(tanh(a.x), a.error);
    if (strcmp(name, "sinh") == 0)
        return from_library(sinh(a.x), cosh(fabs(a.x) + a.error) * a.error);
    if (strcmp(name, "cosh") == 0)
        return from_library(cosh(a.x), cosh(fabs(a.x) + a.error) * a.error);
    if (strcmp(name, "transpose") == 0 || strcmp(name, "det") == 0 ||
        strcmp(name, "tr") == 0)
        return a;
    snprintf(why, sizeof why, "unknown function %.40s", name);
    cells->fail(cells->context, why);
    return a;
}

dm_value dm_value_extreme(dm_cells *cells, int smaller, dm_value a, dm_value b)
{
    if (is_array(a) || is_array(b))
        mismatch(cells, smaller ? "a minimum" : "a maximum", a, b);
    /* The error may decide which of two near numbers is the smaller one. */
    return (dm_value){ .x = smaller ? fmin(a.x, b.x) : fmax(a.x, b.x),
                       .error = fmax(a.error, b.error) };
}
