/* Section 2.8: one bump or two. */
#include "ch02.h"

#include <math.h>
#include <stdio.h>

#include <gsl/gsl_math.h>

#include "check.h"

/* How many maxima a law in one dimension has: all lie between the bumps'
 * means.  0 if its bumps are too narrow for its width to tell. */
static size_t count_modes(const dm_mixture *law)
{
    double low = INFINITY, high = -INFINITY, narrowest = INFINITY, s = 1.0;
    size_t modes = 0;

    for (size_t k = 0; k < law->K; k++) {
        const dm_component *c = &law->component[k];
        low = fmin(low, c->mean[0]);
        high = fmax(high, c->mean[0]);
        narrowest = fmin(narrowest, sqrt(c->cov.xx));
    }
    double h = 0.1 * narrowest, points = (high - low) / h;
    if (!(points < 1e5))
        return 0;
    for (double i = -1.0; i <= points + 2.0; i += 1.0) {
        double x = low + i * h, last = s;
        dm_mixture_score(law, &x, &s);
        modes += last > 0.0 && s <= 0.0;
    }
    return modes;
}

static void check_curvature(const dm_mixture *data)
{
    scene v = scene_at(data, second_step(), 0.3, 1.0);
    double b = v.p.beta, y;
    dm_sym2 curvature, before_it, after_it;

    point_in(v.back, 0.4, -0.6, &y);
    dm_mixture_hessian(v.back, &y, &curvature);
    dm_mixture_hessian(v.q_s, &y, &before_it);
    dm_mixture_hessian(v.q_t, &y, &after_it);
    dm_check_exact(curvature.xx, before_it.xx - (1.0 - b) / b, 64.0,
                   roundings(&v) * (fabs(before_it.xx) + 1.0 / b), "2.17",
                   "curvature of ln q(x_(t-1) given x_t)");
    dm_check_refutes(before_it.xx - 1.0 / b, "1/beta for (1 - beta)/beta");
    dm_check_refutes(after_it.xx - (1.0 - b) / b, "H_t for H_(t-1)");
    dm_check_refutes(-v.p.c_t / (b * v.p.c_s), "-1/beta-tilde, as for one x_0");
    free_scene(&v);
}

/* Where H_s, the second derivative of log q_s, is largest on (-3, 3): to 1e-3,
 * then where the third derivative is 0. */
static double steepest_valley(const dm_mixture *q_s)
{
    double largest = -INFINITY, y = 0.0, size;

    for (int i = -3000; i <= 3000; i++) {
        double x = 1e-3 * i;
        dm_sym2 h;
        dm_mixture_hessian(q_s, &x, &h);
        y = h.xx > largest ? x : y;
        largest = fmax(largest, h.xx);
    }
    double low = y - 1e-3, high = y + 1e-3;
    for (int i = 0; i < 60; i++) {
        y = 0.5 * (low + high);
        *(third_derivative(q_s, y, &size) > 0.0 ? &low : &high) = y;
    }
    return y;
}

/* The most maxima that the step back has, over 199 quantiles of x_t. */
static size_t most_modes(const dm_mixture *data, step p)
{
    dm_mixture *q_t = law_after(data, p);
    size_t most = 0;

    for (int i = 1; i < 200; i++) {
        double x = dm_mixture_quantile(q_t, i / 200.0);
        dm_mixture *back = reverse(data, p, &x);
        most = GSL_MAX(most, count_modes(back));
        dm_mixture_free(back);
    }
    dm_mixture_free(q_t);
    return most;
}

// snippet: valley
/* The smallest beta for which the step back to q_s has a valley at y: its
 * density at y - h and at y + h is larger.  s is the score of q_s at y. */
static double first_valley(const dm_mixture *data, double abar_s, double y,
                           double s, double h)
{
    double low = 0.0, high = 1.0, left = y - h, right = y + h;

    for (int i = 0; i < 50; i++) {
        double b = 0.5 * (low + high);
        double x = ((1.0 - b) * y - b * s) / sqrt(1.0 - b); /* y is flat */
        step p = step_between(abar_s, abar_s * (1.0 - b));
        dm_mixture *back = reverse(data, p, &x);
        double middle = dm_mixture_log_density(back, &y);
        int valley = dm_mixture_log_density(back, &left) > middle &&
                     dm_mixture_log_density(back, &right) > middle;
        *(valley ? &high : &low) = b;
        dm_mixture_free(back);
    }
    return high;
}
// end: valley

static void check_modes(void)
{
    const double abar_s = 0.9;
    dm_mixture *m = own_bumps();
    dm_mixture *q_s =
        dm_mixture_diffuse(m, (dm_level){ sqrt(abar_s), 1.0 - abar_s });
    double y = steepest_valley(q_s), s;
    dm_sym2 h;

    dm_mixture_score(q_s, &y, &s);
    dm_mixture_hessian(q_s, &y, &h);
    double fine = first_valley(m, abar_s, y, s, 0.002);
    double coarse = first_valley(m, abar_s, y, s, 0.004);
    dm_check_numeric(fine, 1.0 / (1.0 + h.xx), fabs(fine - coarse), 1.0, "2.18",
                     "smallest beta with a valley");
    dm_check_refutes(1.0 / h.xx, "1/beta for (1 - beta)/beta");
    dm_check_refutes(1.0, "one maximum at any beta");
    step p = step_between(abar_s, abar_s * (1.0 - 0.9 / (1.0 + h.xx)));
    dm_check_exact((double)most_modes(m, p), 1.0, 0.0, 1.0, "2.18",
                   "most maxima at 0.9 of that beta");
    dm_check_refutes((double)most_modes(m, large_step()),
                     "as many as from 0.05 to 0.9");
    dm_mixture_free(q_s);
    dm_mixture_free(m);
}

dm_mixture *step_back(const dm_mixture *data, double beta, double *x)
{
    const double abar_t = 0.2;
    step p = step_between(fmin(abar_t / (1.0 - beta), 1.0), abar_t);
    dm_mixture *q_t = law_after(data, p);

    x[0] = dm_mixture_quantile(q_t, 0.4);
    dm_mixture_free(q_t);
    return reverse(data, p, x);
}

/* Prints how far from a Gaussian longer and longer steps are. */
static void print_steps(const dm_mixture *data)
{
    static const double beta[] = { 0.01, 0.02, 0.05, 0.1, 0.2,
                                   0.4,  0.5,  0.6,  0.7, 0.8 };
    dm_mixture *q_t = dm_mixture_diffuse(data, (dm_level){ sqrt(0.2), 0.8 });

    printf("-- steps --\n%5s %7s %12s %20s %7s\n", "beta", "abar_s", "KL",
           "beta^3 s''^2/12", "maxima");
    for (size_t i = 0; i < sizeof beta / sizeof *beta; i++) {
        double x, size, error;
        dm_mixture *back = step_back(data, beta[i], &x);
        double third = third_derivative(q_t, x, &size);
        printf("%5.2f %7.3f %12.2g %20.2g %7zu\n", beta[i],
               0.2 / (1.0 - beta[i]), kl_to(back, best_gaussian(back), &error),
               gsl_pow_3(beta[i]) * third * third / 12.0, count_modes(back));
        dm_mixture_free(back);
    }
    dm_mixture_free(q_t);
}

void section_modes(const dm_options *o)
{
    dm_check_table("modes");
    check_curvature(o->data1);
    check_modes();
    print_steps(o->data1);
}
