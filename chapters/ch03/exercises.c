/* The exercises of chapter 3. */
#include "ch03.h"

#include <math.h>

#include "check.h"

/* Correlation over two jumps, and over both at once, of this eta. */
static void check_two_jumps(double eta)
{
    jump j = jump_of(0.8, 0.5), k = jump_of(0.5, 0.1), both = jump_of(0.8, 0.1);
    dm_gaussian x_t = { 0.0, k.c_t }, z = { 0.0, 1.0 };
    back upper = at_eta(k, eta), lower = at_eta(j, eta);
    /* Var of x_r + x_t: from it the covariance. */
    double m = lower.m * upper.m;
    dm_gaussian sum = dm_gaussian_sum(m + 1.0, x_t, lower.m * upper.sigma, z);
    sum = dm_gaussian_sum(1.0, sum, lower.sigma, z);
    double rho = 0.5 * (sum.variance - j.c_s - k.c_t) / sqrt(j.c_s * k.c_t);
    double one = sqrt(ahead(both, eta) / both.c_s);
    double two = sqrt(ahead(j, eta) / j.c_s) * sqrt(ahead(k, eta) / k.c_s);

    dm_check_exact(rho, two, 32.0, 1.0, "3.13", "Ex. 1: two jumps, eta = %.1f",
                   eta);
    if (eta < 1.0)
        dm_check_refutes(one, "one jump at that eta");
    else
        dm_check_refutes(sqrt(ahead(both, 0.5) / both.c_s), "eta = 0.5");
    dm_check_refutes(two * two, "squared");
}

/* The coefficient of x_3 in E[x_1 given x_2, x_3], when one eps makes all three
 * and the data have variance v. */
static double of_x3(const double abar[3], double v)
{
    double cov[3][3];

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            cov[i][k] = sqrt(abar[i] * abar[k]) * v +
                        sqrt((1.0 - abar[i]) * (1.0 - abar[k]));
    double det = cov[1][1] * cov[2][2] - cov[1][2] * cov[1][2];
    return (cov[0][2] * cov[1][1] - cov[0][1] * cov[1][2]) / det;
}

/* One step from the last time to 0: what comes out for data N(0.4, v). */
static void check_one_step(const dm_schedule *s, double v)
{
    const double one = 1.0, m = 0.4;
    const size_t tau[] = { 0, s->T };
    double mean = 0.0, abar = s->abar[s->T], V = abar * v + s->c[s->T];
    dm_mixture *data = dm_mixture_new(1, 1, &one, &m, &v);
    dm_sampler *table = dm_sampler_ddim(s, 1, tau, 1.0);
    dm_sym2 cov = { 1.0, 0.0, 0.0 };

    dm_law_gaussian(table, data, &mean, &cov);
    dm_check_exact(cov.xx, abar * v * v / (V * V), 32.0, 1.0, "3.25",
                   "Ex. 4: Var x_0 after one step");
    dm_check_refutes(v, "that of the data");
    dm_check_refutes(abar * v * v / V, "as if x_T had the variance V_T");
    dm_check_exact(mean, m - sqrt(abar) * v * sqrt(abar) * m / V, 32.0, 1.0,
                   "3.25", "Ex. 4: E x_0 after one step");
    dm_check_refutes(m, "that of the data");
    dm_check_refutes(0.0, "that of the start");
    dm_sampler_free(table);
    dm_mixture_free(data);
}

static void check_exercises(void)
{
    const double abar[] = { 0.9, 0.7, 0.4 }, beta[] = { NAN, 0.2, 0.375, 0.8 };
    const size_t all[] = { 0, 1, 2, 3 };
    double angle[3], v = 1.7;

    check_two_jumps(0.5);
    check_two_jumps(1.0);
    for (int i = 0; i < 3; i++)
        angle[i] = acos(sqrt(abar[i]));
    dm_check_exact(of_x3(abar, v),
                   -sin(angle[1] - angle[0]) / sin(angle[2] - angle[1]), 64.0,
                   1.0, "3.14", "Ex. 2: x_3 in E[x_1 given x_2, x_3]");
    dm_check_refutes(0.0, "Markov, as the walk is");
    dm_schedule *s = dm_schedule_from_beta(3, beta);
    dm_check_exact(dm_sampler_eta_max(s, 3, all, NULL), sqrt(1.125), 32.0, 1.0,
                   "3.7", "Ex. 3: largest eta, abar .8, .5, .1");
    dm_check_refutes(sqrt(4.0 / 3.0), "the bound of the first step");
    dm_check_refutes(1.0, "eta at most 1");
    check_one_step(s, v);
    dm_schedule_free(s);
}

void section_exercises(void)
{
    dm_check_table("exercises");
    check_exercises();
}
