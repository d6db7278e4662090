/* Section 5.4: the plane. */
#include "ch05.h"

#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_math.h>

#include "check.h"
#include "distance.h"
#include "flow.h"
#include "rng.h"

/* Points carried from noise, by the flow and by two mistakes, and the numbers
 * that their Rosenblatt transform makes of them, which must be uniform. */
enum { MAPS = 3, STOPS = 2 };

typedef struct {
    size_t n;
    dm_level at[STOPS + 1];     /* noise, half way, data */
    dm_mixture *law[STOPS + 1]; /* there                 */
    double *u[STOPS][MAPS][2];  /* [n]                   */
} sheet;

static const double STOP[STOPS + 1] = { 1.0, 0.1, 0.0 };

static sheet new_sheet(const dm_options *o)
{
    sheet s = { .n = GSL_MAX(1, o->particles / 10) };
    double *room = malloc(2 * STOPS * MAPS * s.n * sizeof *room);

    if (room == NULL) {
        fprintf(stderr, "--particles: no memory for %zu\n", o->particles);
        exit(2);
    }
    for (size_t i = 0; i < 2 * STOPS * MAPS; i++)
        s.u[i / (2 * MAPS)][i / 2 % MAPS][i % 2] = &room[s.n * i];
    for (size_t i = 0; i <= STOPS; i++) {
        s.at[i] = dm_sde_level(DM_SDE_VP, STOP[i]);
        s.law[i] = dm_mixture_diffuse(o->data2, s.at[i]);
    }
    return s;
}

static void free_sheet(sheet *s)
{
    free(s->u[0][0][0]);
    for (size_t i = 0; i <= STOPS; i++)
        dm_mixture_free(s->law[i]);
}

/* Carries particle i; x[0] is the true one. */
static void carry(const dm_options *o, const dm_mixture *g, sheet *s, size_t i)
{
    gsl_rng *rng = gsl_rng_alloc(dm_rng_type);
    double x[MAPS][2], u[2];

    gsl_rng_set(rng, o->seed);
    dm_rng_at(rng, DM_STREAM_START, 0, (uint32_t)i);
    dm_mixture_sample(s->law[0], rng, x[0]);
    gsl_rng_free(rng);
    for (size_t j = 0; j < 2; j++)
        x[1][j] = x[2][j] = x[0][j];
    for (size_t k = 0; k < STOPS; k++) {
        dm_level from = s->at[k], to = s->at[k + 1];
        dm_flow_move(o->data2, from, to, 1e-5, x[0], NULL);
        dm_flow_move(g, from, to, 1e-5, x[1], NULL);
        for (size_t j = 0; j < 2; j++)
            x[2][j] *= to.scale / from.scale;
        for (size_t m = 0; m < MAPS; m++) {
            dm_mixture_rosenblatt(s->law[k + 1], x[m], u);
            s->u[k][m][0][i] = u[0];
            s->u[k][m][1][i] = u[1];
        }
    }
}

static void check_plane(const dm_options *o)
{
    sheet s = new_sheet(o);
    double limit = dm_distance_ks_limit(s.n, 2.0 * DM_CHECK_TAIL);
    dm_mixture *g = gaussian_like(o->data2);

#ifdef _OPENMP
#pragma omp parallel for num_threads(o->threads) schedule(static)
#endif
    for (size_t i = 0; i < s.n; i++)
        carry(o, g, &s, i);
    for (size_t k = 0; k < STOPS; k++)
        for (size_t j = 0; j < 2; j++) {
            dm_check_law(dm_distance_ks(s.n, s.u[k][0][j]), 0.0, 0.0, limit,
                         1.0, "5.10", "KS of %s, t = %g",
                         j == 0 ? "F(x)" : "F(y given x)", STOP[k + 1]);
            if (k == STOPS - 1)
                dm_check_refutes(dm_distance_ks(s.n, s.u[k][1][j]),
                                 "the map of a Gaussian");
            dm_check_refutes(dm_distance_ks(s.n, s.u[k][2][j]),
                             "scaled back, not carried");
        }
    dm_mixture_free(g);
    free_sheet(&s);
}

void section_plane(const dm_options *o)
{
    dm_check_table("plane");
    check_plane(o);
}
