/* What the sections of chapter 3 share. */
#include "ch03.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>

#include "rng.h"

jump jump_between(const dm_schedule *sch, size_t s, size_t t)
{
    jump j = { s, t, sch->abar[s], sch->c[s], sch->abar[t], sch->c[t], 0, 0 };

    j.beta = dm_schedule_jump(sch, s, t).variance;
    j.beta_tilde = j.c_s / j.c_t * j.beta;
    return j;
}

jump jump_of(double abar_s, double abar_t)
{
    jump j = { 0, 0, abar_s, 1.0 - abar_s, abar_t, 1.0 - abar_t, 0, 0 };

    j.beta = (abar_s - abar_t) / abar_s;
    j.beta_tilde = j.c_s / j.c_t * j.beta;
    return j;
}

double rounds(size_t t)
{
    return 64.0 + 8.0 * (double)t;
}

int refuse_particles(const dm_options *o)
{
    fprintf(stderr, "--particles: %zu need %zu MB, more than are left\n",
            o->particles,
            o->particles * NUMBERS * sizeof(double) / 1000000 + 1);
    return 2;
}

double *numbers(const dm_options *o, size_t n)
{
    double *room = calloc(o->particles * n, sizeof *room);

    if (room == NULL)
        exit(refuse_particles(o));
    return room;
}

size_t *all_times(size_t T)
{
    size_t *tau = calloc(T + 1, sizeof *tau);

    dm_sampler_tau_uniform(T, T, tau);
    return tau;
}

void draw_data(const dm_mixture *data, gsl_rng *rng, uint32_t step,
               size_t first, size_t n, double *const x[])
{
    for (size_t k = 0; k < n; k++) {
        double x0[2];
        dm_rng_at(rng, DM_STREAM_DATA, step, (uint32_t)(first + k));
        dm_mixture_sample(data, rng, x0);
        for (size_t d = 0; d < data->dim; d++)
            x[d][k] = x0[d];
    }
}

double integral(double (*f)(double, void *), void *params, double low,
                double high, double epsabs, double *error)
{
    gsl_function function = { f, params };
    gsl_integration_cquad_workspace *w =
        gsl_integration_cquad_workspace_alloc(200);
    double result, estimate;

    gsl_integration_cquad(&function, low, high, epsabs, 0.0, w, &result,
                          &estimate, NULL);
    gsl_integration_cquad_workspace_free(w);
    *error += fmax(estimate, epsabs);
    return result;
}

/* Why the last law could not be computed. */
_Thread_local char reason_of_none[REASON];

void keep_reason(const char *reason, const char *file, int line, int code)
{
    (void)file, (void)line, (void)code;
    snprintf(reason_of_none, REASON, "%s", reason);
}

dm_law *law_of(const dm_sampler *table, const dm_mixture *data)
{
    gsl_error_handler_t *old = gsl_set_error_handler(keep_reason);
    dm_law *law = table == NULL ? dm_law_of_mixture(data)
                                : dm_law_of_sampler(table, data, NULL);

    gsl_set_error_handler(old);
    if (law == NULL)
        printf("no exact law: %s\n", reason_of_none);
    return law;
}
