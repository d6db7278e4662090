/* Section 0.3: products and conditioning. */
#include "ch00.h"

#include <math.h>

#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>

#include "check.h"

static const double NOISE = 0.49, SEEN = 1.1; /* a Y + b + noise was SEEN */

static double product(double x, void *p)
{
    what *w = p;
    return dm_gaussian_pdf(w->g, x) * dm_gaussian_pdf(w->h, x);
}

static void check_product(void)
{
    const double x1 = 0.9, x2 = -1.1, x3 = 2.3;
    what w = { .g = X, .h = Y };
    double log_z;
    dm_gaussian both = dm_gaussian_product(X, Y, &log_z);
    dm_gaussian added = { both.mean, X.variance + Y.variance };
    dm_gaussian middle = { 0.5 * (X.mean + Y.mean), both.variance };

    /* The log of the product, less that of the law it should be, at two
     * points: the same if the law is right. */
    double l1 = dm_gaussian_log_pdf(X, x1) + dm_gaussian_log_pdf(Y, x1);
    double l2 = dm_gaussian_log_pdf(X, x2) + dm_gaussian_log_pdf(Y, x2);
    double l3 = dm_gaussian_log_pdf(X, x3) + dm_gaussian_log_pdf(Y, x3);
    dm_check_exact(
        l1 - l2, dm_gaussian_log_pdf(both, x1) - dm_gaussian_log_pdf(both, x2),
        8.0, fabs(l1) + fabs(l2), "0.5", "log product at %.1f less at %.1f", x1,
        x2);
    dm_check_refutes(dm_gaussian_log_pdf(added, x1) -
                         dm_gaussian_log_pdf(added, x2),
                     "variances added");
    dm_check_refutes(dm_gaussian_log_pdf(middle, x1) -
                         dm_gaussian_log_pdf(middle, x2),
                     "the mean halfway between");
    dm_check_exact(
        l1 - l3, dm_gaussian_log_pdf(both, x1) - dm_gaussian_log_pdf(both, x3),
        8.0, fabs(l1) + fabs(l3), "0.5", "log product at %.1f less at %.1f", x1,
        x3);
    dm_check_refutes(dm_gaussian_log_pdf(added, x1) -
                         dm_gaussian_log_pdf(added, x3),
                     "variances added");
    dm_check_numeric(integral(X, product, w), exp(log_z), TOLERANCE, 1.0, "0.6",
                     "integral of the product");
    dm_check_refutes(1.0, "a product taken for a density");
    dm_check_refutes(dm_gaussian_pdf((dm_gaussian){ Y.mean, both.variance },
                                     X.mean),
                     "v1 v2/(v1 + v2) for v1 + v2");
}

/* Density of Y = x and of a Y + b + noise = SEEN, times (x - w->x)^power. */
static double joint(double x, void *p)
{
    what *w = p;
    dm_gaussian seen = { A * x + B, NOISE };
    return gsl_pow_int(x - w->x, w->power) * dm_gaussian_pdf(w->g, x) *
           dm_gaussian_pdf(seen, SEEN);
}

static void check_channel(void)
{
    what w = { .g = Y };
    double v = Y.variance, total = A * A * v + NOISE, m = A * Y.mean + B;
    double p0 = integral(Y, joint, w);

    dm_check_numeric(p0, dm_gaussian_pdf((dm_gaussian){ m, total }, SEEN),
                     TOLERANCE, 1.0, "0.7", "density of y at %.1f", SEEN);
    dm_check_refutes(dm_gaussian_pdf((dm_gaussian){ m, A * v + NOISE }, SEEN),
                     "variance a v + r");
    dm_check_refutes(dm_gaussian_pdf((dm_gaussian){ m, NOISE }, SEEN),
                     "variance r only");

    dm_gaussian posterior = dm_gaussian_condition(Y, A, B, NOISE, SEEN);
    w.power = 1;
    double mean = integral(Y, joint, w) / p0;
    dm_check_numeric(mean, posterior.mean, TOLERANCE / p0, 1.0, "0.8",
                     "E[x given y = %.1f]", SEEN);
    dm_check_refutes((SEEN - B) / A, "the noise ignored, (y - b)/a");
    dm_check_refutes(Y.mean + v / total * (SEEN - m), "gain without a");
    w.power = 2;
    w.x = mean;
    dm_check_numeric(integral(Y, joint, w) / p0, posterior.variance,
                     TOLERANCE / p0, 1.0, "0.8", "Var[x given y = %.1f]", SEEN);
    dm_check_refutes(v, "the prior variance kept");
    dm_check_refutes(v * NOISE / (v + NOISE), "a left out of the total");
}

/* out = op(a) op(b), for 2 x 2 matrices. */
static void multiply(CBLAS_TRANSPOSE_t op_a, const gsl_matrix *a,
                     CBLAS_TRANSPOSE_t op_b, const gsl_matrix *b,
                     gsl_matrix *out)
{
    gsl_blas_dgemm(op_a, op_b, 1.0, a, b, 0.0, out);
}

static void invert(gsl_matrix *positive_definite)
{
    gsl_linalg_cholesky_decomp1(positive_definite);
    gsl_linalg_cholesky_invert(positive_definite);
}

/* The covariance of y, read off the inverse of the precision of (x, y), which
 * is [P + A^T Q A, -A^T Q; -Q A, Q] with P = C^-1 and Q = R^-1: all 2 x 2,
 * but for big, 4 x 4. */
static void invert_joint(const gsl_matrix *a, gsl_matrix *P, gsl_matrix *Q,
                         gsl_matrix *big)
{
    double qa[4], aqa[4];
    gsl_matrix_view QA = gsl_matrix_view_array(qa, 2, 2);
    gsl_matrix_view AQA = gsl_matrix_view_array(aqa, 2, 2);

    invert(P);
    invert(Q);
    multiply(CblasNoTrans, Q, CblasNoTrans, a, &QA.matrix);
    multiply(CblasTrans, a, CblasNoTrans, &QA.matrix, &AQA.matrix);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            gsl_matrix_set(big, i, j, gsl_matrix_get(P, i, j) + aqa[2 * i + j]);
            gsl_matrix_set(big, i + 2, j + 2, gsl_matrix_get(Q, i, j));
            gsl_matrix_set(big, i + 2, j, -qa[2 * i + j]);
            gsl_matrix_set(big, j, i + 2, -qa[2 * i + j]);
        }
    invert(big);
}

static void check_matrix_channel(void)
{
    double a[] = { 0.9, 0.4, -0.2, 0.7 }, r[] = { 0.2, -0.05, -0.05, 0.1 };
    double c[] = { 1.2, 0.3, 0.3, 0.5 }, product[4], aca[4], swapped[4];
    gsl_matrix_view At = gsl_matrix_view_array(a, 2, 2);
    gsl_matrix_view R = gsl_matrix_view_array(r, 2, 2);
    gsl_matrix_view C = gsl_matrix_view_array(c, 2, 2);
    gsl_matrix_view Product = gsl_matrix_view_array(product, 2, 2);
    gsl_matrix_view Aca = gsl_matrix_view_array(aca, 2, 2);
    gsl_matrix_view Swapped = gsl_matrix_view_array(swapped, 2, 2);
    gsl_matrix *big = gsl_matrix_alloc(4, 4);
    const char *name[] = { "xx", "xy", "yx", "yy" };

    multiply(CblasNoTrans, &C.matrix, CblasTrans, &At.matrix, &Product.matrix);
    multiply(CblasNoTrans, &At.matrix, CblasNoTrans, &Product.matrix,
             &Aca.matrix);
    multiply(CblasNoTrans, &C.matrix, CblasNoTrans, &At.matrix,
             &Product.matrix);
    multiply(CblasTrans, &At.matrix, CblasNoTrans, &Product.matrix,
             &Swapped.matrix);
    double noise[] = { r[0], r[1], r[2], r[3] }; /* invert_joint changes r */
    invert_joint(&At.matrix, &C.matrix, &R.matrix, big);
    for (size_t i = 0; i < 4; i++) {
        if (i == 2)
            continue; /* yx is xy */
        dm_check_exact(gsl_matrix_get(big, 2 + i / 2, 2 + i % 2),
                       noise[i] + aca[i], 64.0, 1.0, "0.9",
                       "covariance of y, %s", name[i]);
        dm_check_refutes(noise[i] + swapped[i], "A^T C A for A C A^T");
        dm_check_refutes(aca[i], "the noise left out");
    }
    gsl_matrix_free(big);
}

void section_products(void)
{
    dm_check_table("products");
    check_product();
    dm_check_table("channel");
    check_channel();
    check_matrix_channel();
}
