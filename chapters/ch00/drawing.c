/* Section 0.10: drawing. */
#include "ch00.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "distance.h"
#include "rng.h"

enum { POINTS = 6 }; /* drawn per particle */

// snippet: rosenblatt
/* KS distances from uniform, over n points x: [n * dim], of the Rosenblatt
 * transform by m: of u[0]; in 2-D also of u[1], and of u[0] + u[1] mod 1, which
 * is uniform if the two are independent. */
static void uniformity(const dm_mixture *m, size_t n, const double x[],
                       double ks[3])
{
    double *u = malloc(3 * n * sizeof *u), both[2];

    for (size_t i = 0; i < n; i++) {
        dm_mixture_rosenblatt(m, &x[m->dim * i], both);
        u[i] = both[0];
        if (m->dim == 2) {
            u[n + i] = both[1];
            u[2 * n + i] = fmod(both[0] + both[1], 1.0);
        }
    }
    for (size_t j = 0; j < (m->dim == 2 ? 3 : 1); j++)
        ks[j] = dm_distance_ks(n, &u[n * j]);
    free(u);
}
// end: rosenblatt

double *draw(const dm_mixture *m, size_t n, gsl_rng *r)
{
    double *x = malloc(n * m->dim * sizeof *x);

    for (size_t i = 0; i < n; i++) {
        dm_rng_at(r, DM_STREAM_DATA, (uint32_t)m->dim, (uint32_t)i);
        dm_mixture_sample(m, r, &x[m->dim * i]);
    }
    return x;
}

/* The mixture with each variance replaced by its root: a sampler's mistake. */
static dm_mixture *sigma_for_variance(const dm_mixture *m)
{
    dm_mixture *wrong = dm_mixture_diffuse(m, (dm_level){ 1.0, 0.0 });

    for (size_t k = 0; k < m->K; k++) {
        wrong->component[k].cov.xx = sqrt(m->component[k].cov.xx);
        wrong->component[k].cov.yy = sqrt(m->component[k].cov.yy);
    }
    return wrong;
}

/* The mixture with every correlation forgotten: another. */
static dm_mixture *uncorrelated(const dm_mixture *m)
{
    dm_mixture *wrong = dm_mixture_diffuse(m, (dm_level){ 1.0, 0.0 });

    for (size_t k = 0; k < m->K; k++)
        wrong->component[k].cov.xy = 0.0;
    return wrong;
}

/* The KS distances of n draws of `from`, judged by the law of m.  With apart
 * set, each x is given the y of the next draw. */
static void judge(const dm_mixture *m, const dm_mixture *from, size_t n,
                  int apart, gsl_rng *r, double ks[3])
{
    double *x = draw(from, n, r);

    for (size_t i = 0; apart && i + 1 < n; i++)
        x[2 * i + 1] = x[2 * i + 3];
    uniformity(m, n, x, ks);
    free(x);
}

static void check_draws(const dm_options *o, const dm_mixture *data2,
                        gsl_rng *r)
{
    size_t n = POINTS * o->particles, few = o->particles;
    double limit = dm_distance_ks_limit(n, 2.0 * DM_CHECK_TAIL);
    dm_mixture *wide1 = sigma_for_variance(o->data1);
    dm_mixture *wide2 = sigma_for_variance(data2);
    dm_mixture *round2 = uncorrelated(data2);
    double ks[3], wide[3], apart[3], round[3];

    judge(o->data1, o->data1, n, 0, r, ks);
    judge(o->data1, wide1, few, 0, r, wide);
    dm_check_law(ks[0], 0.0, 0.0, limit, 1.0, "0.23", "1-D: KS of F(x)");
    dm_check_refutes(wide[0], "drawn with sigma for sigma^2");

    judge(data2, data2, n, 0, r, ks);
    judge(data2, wide2, few, 0, r, wide);
    judge(data2, round2, few, 0, r, round);
    judge(data2, data2, few, 1, r, apart);
    dm_check_law(ks[0], 0.0, 0.0, limit, 1.0, "0.23", "2-D: KS of F(x)");
    dm_check_refutes(wide[0], "drawn with sigma for sigma^2");
    dm_check_law(ks[1], 0.0, 0.0, limit, 1.0, "0.23",
                 "2-D: KS of F(y given x)");
    dm_check_refutes(apart[1], "x and y drawn apart");
    dm_check_refutes(round[1], "correlation forgotten");
    dm_check_law(ks[2], 0.0, 0.0, limit, 1.0, "0.23",
                 "2-D: KS of their sum, mod 1");
    dm_check_refutes(apart[2], "x and y drawn apart");
    dm_mixture_free(wide1);
    dm_mixture_free(wide2);
    dm_mixture_free(round2);
}

void section_drawing(const dm_options *o, const dm_mixture *data2, gsl_rng *r)
{
    dm_check_table("draws");
    check_draws(o, data2, r);
}
