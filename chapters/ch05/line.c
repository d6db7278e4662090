/* Section 5.3: the line. */
#include "ch05.h"

#include <math.h>

#include "check.h"
#include "flow.h"

double flow_to(const dm_mixture *data, dm_level from, dm_level to, double x,
               double *stretch)
{
    dm_flow_move(data, from, to, TOLERANCE, &x, stretch);
    return x;
}

static double at_time(const dm_mixture *data, double t, double kappa, double x)
{
    equation e = { data, DM_SDE_VP, kappa };
    solve(drift, &e, 1, 1.0, t, &x);
    return x;
}

/* What an error of that size in x is in the distribution function of q. */
static double in_probability(const dm_mixture *q, double x, double error)
{
    return error * (exp(dm_mixture_log_density(q, &x)) + error);
}

static void check_quantiles(const dm_mixture *data)
{
    dm_level end = { 1.0, 0.0 }, start = dm_sde_level(DM_SDE_VP, 1.0);
    dm_mixture *q = dm_mixture_diffuse(data, start);
    double mean, V_s, V_t;
    dm_sym2 C;

    dm_mixture_moments(data, &mean, &C);
    length(C.xx, end, start, &V_s, &V_t);
    for (double share = 0.1; share < 0.9; share += 0.35) {
        double p = share_near(data, share);
        double x = dm_mixture_quantile(q, p), guess;
        double expected = dm_mixture_quantile(data, p);
        dm_check_numeric(at_time(data, 0.0, 0.5, x), expected, ALLOWED,
                         sqrt(V_s), "5.4", "x_0 of the point x_1 = %.3f", x);
        dm_check_refutes(at_time(data, 0.0, 1.0, x), "the score not halved");
        dm_check_refutes(at_time(data, 0.0, 0.0, x), "no score");
        dm_mixture_denoise(data, start, &x, &guess, NULL);
        dm_check_refutes(guess, "the mean of x_0 given x_1");
        dm_check_refutes(mean + sqrt(V_s / V_t) * (x - start.scale * mean),
                         "the map of a Gaussian");
    }
    dm_mixture_free(q);
}

/* The flow from a level to another, as a function. */
typedef struct {
    const dm_mixture *data;
    dm_level from, to;
} map;

static double map_at(double x, void *params)
{
    const map *m = params;
    return flow_to(m->data, m->from, m->to, x, NULL);
}

/* The slope of a map at x: steps are halved until that changes little, for a
 * place of the quotient may lie beyond a gap between two bumps. */
static double settled_slope(map *m, double x, double *error)
{
    double h = 0.02, slope = slope_of(map_at, m, x, h, error), change;

    do {
        double before = slope;
        h *= 0.5;
        slope = slope_of(map_at, m, x, h, error);
        change = fabs(slope - before);
    } while (change > 1e-5 * slope && h > 1e-4);
    *error = fmax(*error, change) + TOLERANCE / h;
    return slope;
}

static void check_order_of_points(const dm_mixture *data)
{
    dm_level middle = dm_sde_level(DM_SDE_VP, T_MIDDLE), end = { 1.0, 0.0 };
    dm_mixture *q = dm_mixture_diffuse(data, middle);
    map back = { data, middle, end };

    for (double share = 0.1; share < 0.9; share += 0.7) {
        double p = share_near(data, share);
        double x = dm_mixture_quantile(q, p), x_0 = map_at(x, &back);
        dm_check_numeric(dm_mixture_cdf(data, x_0), p,
                         in_probability(data, x_0, ALLOWED), 1.0, "5.8",
                         "F_0 at the image of %.3f", x);
        dm_check_refutes(1.0 - p, "the order turned");
        dm_check_refutes(dm_mixture_cdf(data, x / middle.scale),
                         "scaled back, not carried");
        double error, slope = settled_slope(&back, x, &error);
        double ratio = exp(dm_mixture_log_density(q, &x) -
                           dm_mixture_log_density(data, &x_0));
        dm_check_numeric(slope, ratio, error, 1.0, "5.9",
                         "dx_0/dx_t there, as a quotient");
        dm_check_refutes(1.0 / ratio, "upside down");
        dm_check_refutes(1.0, "distances are kept");
    }
    dm_mixture_free(q);
}

void section_line(const dm_options *o)
{
    dm_check_table("line");
    check_quantiles(o->data1);
    check_order_of_points(o->data1);
}
