#define _XOPEN_SOURCE 700
#include "cloud.h"

#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "vector_math.h"

/* Particles that take a step together: what belongs to them and all components
 * stays in the first cache.  Whole groups are moved, so arrays are padded. */
enum { GROUP = 32, PADDED = 64 };

/* --- clouds --------------------------------------------------------------- */

static size_t padded(size_t n)
{
    return (n + PADDED - 1) / PADDED * PADDED;
}

/* The bytes that the machine can still give to this program, or what is known
 * of that: the least of the limits that can be read here. */
static double memory_left(void)
{
    double left = INFINITY, kilobytes;
    struct rlimit limit;
    char line[100];

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        left = (double)limit.rlim_cur;
#ifdef _SC_PHYS_PAGES
    double pages = (double)sysconf(_SC_PHYS_PAGES);
    if (pages > 0.0)
        left = fmin(left, pages * (double)sysconf(_SC_PAGESIZE));
#endif
    FILE *in = fopen("/proc/meminfo", "r"); /* Linux */
    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (sscanf(line, "MemAvailable: %lf kB", &kilobytes) == 1)
            left = fmin(left, 1024.0 * kilobytes);
    if (in != NULL)
        fclose(in);
    return left;
}

dm_cloud *dm_cloud_new(size_t dim, size_t n)
{
    static _Thread_local char why[120];

    if (!(dim == 1 || dim == 2) || n < 1)
        GSL_ERROR_NULL("need 1 or 2 dimensions, 1 particle or more", GSL_EDOM);
    double needed = 8.0 * (double)dim * (double)n, left = memory_left();
    if (!(needed <= left)) {
        snprintf(why, sizeof why,
                 "%zu particles need %.4g MB, and %.4g MB are left", n,
                 needed * 1e-6, left * 1e-6);
        GSL_ERROR_NULL(why, GSL_ENOMEM);
    }
    if (n > UINT64_C(1) << 32)
        GSL_ERROR_NULL("need 2^32 particles at most", GSL_EDOM);
    dm_cloud *cloud = malloc(sizeof *cloud);
    size_t bytes = dim * padded(n) * sizeof(double);
    double *x = aligned_alloc(DM_ALIGNMENT, bytes);
    if (cloud == NULL || x == NULL) {
        free(cloud);
        free(x);
        GSL_ERROR_NULL("no memory for cloud", GSL_ENOMEM);
    }
    memset(x, 0, bytes);
    cloud->dim = dim;
    cloud->n = n;
    cloud->x = x;
    cloud->y = dim == 2 ? x + padded(n) : NULL;
    return cloud;
}

void dm_cloud_free(dm_cloud *cloud)
{
    if (cloud == NULL)
        return;
    free(cloud->x);
    free(cloud);
}

int dm_cloud_start(dm_cloud *cloud, double variance, uint64_t seed)
{
    if (!(variance >= 0.0 && isfinite(variance)))
        GSL_ERROR("need a finite variance >= 0", GSL_EDOM);
    dm_rng_normals(seed, DM_STREAM_START, 0, 0, cloud->n, cloud->x, cloud->y);
    for (size_t i = 0; i < cloud->n; i++)
        cloud->x[i] *= sqrt(variance);
    for (size_t i = 0; cloud->dim == 2 && i < cloud->n; i++)
        cloud->y[i] *= sqrt(variance);
    return GSL_SUCCESS;
}

/* --- one step of one group ------------------------------------------------ */

/* A component at the level of a step. */
typedef struct {
    double mean[2];
    dm_sym2 half;    /* of the precision */
    double log_peak; /* of weight times density, up to a constant of all */
} bump;

/* What a thread works in. */
typedef struct {
    double *gx, *gy, *w; /* [K * GROUP]  of component k from k * GROUP on */
    double *z[2];        /* [block]  the noise of a step                  */
} workspace;

/* What a thread writes is a page or more away from what others write: the
 * processor fetches lines ahead, and would take them from each other. */
enum { PAGE = 4096 }; /* bytes */

static size_t bytes_apart(size_t n)
{
    return (n * sizeof(double) + 3 * PAGE) / PAGE * PAGE;
}

static double *apart(size_t n)
{
    return aligned_alloc(PAGE, bytes_apart(n));
}

/* The loops over particles come out as vector code, each particle in a lane of
 * its own; gcc sees to that where the loop over components has no test before
 * its first pass, hence do. */

/* Stores, for the K components, g = P (x - mean)/2 with the precision P, that
 * is minus half of the component's score, and the logarithms of the weights;
 * and the largest of these.  x, largest: [GROUP]; gx, w: [K * GROUP]. */
DM_FAST static void weigh_1d(size_t K, const bump b[], const double x[restrict],
                             double gx[restrict], double w[restrict],
                             double largest[restrict])
{
    DM_LANES
    for (size_t i = 0; i < GROUP; i++) {
        double top = -INFINITY;
        size_t k = 0;
        do {
            double dx = x[i] - b[k].mean[0];
            double g = b[k].half.xx * dx;
            double l = b[k].log_peak - g * dx;
            gx[k * GROUP + i] = g;
            w[k * GROUP + i] = l;
            top = l > top ? l : top;
        } while (++k < K);
        largest[i] = top;
    }
}

/* The same in two dimensions. */
DM_FAST static void weigh_2d(size_t K, const bump b[], const double x[restrict],
                             const double y[restrict], double gx[restrict],
                             double gy[restrict], double w[restrict],
                             double largest[restrict])
{
    DM_LANES
    for (size_t i = 0; i < GROUP; i++) {
        double top = -INFINITY;
        size_t k = 0;
        do {
            double dx = x[i] - b[k].mean[0], dy = y[i] - b[k].mean[1];
            double g = b[k].half.xx * dx + b[k].half.xy * dy;
            double h = b[k].half.xy * dx + b[k].half.yy * dy;
            double l = b[k].log_peak - (g * dx + h * dy);
            gx[k * GROUP + i] = g;
            gy[k * GROUP + i] = h;
            w[k * GROUP + i] = l;
            top = l > top ? l : top;
        } while (++k < K);
        largest[i] = top;
    }
}

/* Replaces w by exp(w - largest).  What is below e^-600 of the largest is too
 * small to count, and kept at that: where exp underflows it is slow. */
DM_FAST static void exponentials(size_t K, const double largest[restrict],
                                 double w[restrict])
{
    for (size_t k = 0; k < K; k++, w += GROUP) {
        DM_LANES
        for (size_t i = 0; i < GROUP; i++) {
            double below = w[i] - largest[i];
            w[i] = exp(below > -600.0 ? below : -600.0);
        }
    }
}

/* The step: x = A x + B eps* + C z, where B eps*, Eqs. (0.17) and (0.22), is
 * `pull` times the mean of g under the weights w. */
DM_FAST static void move_1d(size_t K, const dm_step *step, double pull,
                            const double gx[restrict], const double w[restrict],
                            const double z[restrict], double x[restrict])
{
    const double A = step->A, C = step->C;

    DM_LANES
    for (size_t i = 0; i < GROUP; i++) {
        double sum = 0.0, sx = 0.0;
        size_t k = 0;
        do {
            sum += w[k * GROUP + i];
            sx += w[k * GROUP + i] * gx[k * GROUP + i];
        } while (++k < K);
        x[i] = A * x[i] + pull / sum * sx + C * z[i];
    }
}

/* The same in two dimensions. */
DM_FAST static void move_2d(size_t K, const dm_step *step, double pull,
                            const double gx[restrict],
                            const double gy[restrict], const double w[restrict],
                            const double z1[restrict],
                            const double z2[restrict], double x[restrict],
                            double y[restrict])
{
    const double A = step->A, C = step->C;

    DM_LANES
    for (size_t i = 0; i < GROUP; i++) {
        double sum = 0.0, sx = 0.0, sy = 0.0;
        size_t k = 0;
        do {
            sum += w[k * GROUP + i];
            sx += w[k * GROUP + i] * gx[k * GROUP + i];
            sy += w[k * GROUP + i] * gy[k * GROUP + i];
        } while (++k < K);
        double scale = pull / sum;
        x[i] = A * x[i] + scale * sx + C * z1[i];
        y[i] = A * y[i] + scale * sy + C * z2[i];
    }
}

/* The step where B = 0. */
static void drift(const dm_step *step, const double z[], double x[])
{
    for (size_t i = 0; i < GROUP; i++)
        x[i] = step->A * x[i] + step->C * z[i];
}

/* One step of the group at x, and at y unless that is NULL, with the K
 * components b at the level of x_t and the noise from z[..][at] on. */
static void take_step(const dm_step *step, double pull, size_t K,
                      const bump b[], const workspace *ws, size_t at,
                      double x[], double y[])
{
    alignas(DM_ALIGNMENT) double largest[GROUP];
    const double *z1 = &ws->z[0][at], *z2 = &ws->z[1][at];

    if (step->B == 0.0) {
        drift(step, z1, x);
        if (y != NULL)
            drift(step, z2, y);
    } else if (y == NULL) {
        weigh_1d(K, b, x, ws->gx, ws->w, largest);
        exponentials(K, largest, ws->w);
        move_1d(K, step, pull, ws->gx, ws->w, z1, x);
    } else {
        weigh_2d(K, b, x, y, ws->gx, ws->gy, ws->w, largest);
        exponentials(K, largest, ws->w);
        move_2d(K, step, pull, ws->gx, ws->gy, ws->w, z1, z2, x, y);
    }
}

/* --- records -------------------------------------------------------------- */

/* The number of entries of an increasing list that are below `bound`; NULL is
 * the list 0, 1, ... */
static size_t count_below(const size_t list[], size_t n, size_t bound)
{
    if (list == NULL)
        return GSL_MIN(n, bound);
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (list[middle] < bound)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

static size_t entry(const size_t list[], size_t i)
{
    return list == NULL ? i : list[i];
}

/* Keeps what r asks for of the n particles from `first`, at x and y, after
 * `taken` steps. */
static void keep(const dm_record *r, size_t taken, size_t first, size_t n,
                 const double x[], const double y[])
{
    size_t i = count_below(r->time, r->times, taken);

    if (i == r->times || entry(r->time, i) != taken)
        return;
    size_t j = count_below(r->path, r->paths, first);
    for (; j < r->paths && entry(r->path, j) < first + n; j++) {
        r->x[i * r->paths + j] = x[entry(r->path, j) - first];
        if (y != NULL)
            r->y[i * r->paths + j] = y[entry(r->path, j) - first];
    }
}

static int is_increasing(const size_t list[], size_t n, size_t end)
{
    for (size_t i = 0; list != NULL && i < n; i++)
        if (list[i] >= end || (i > 0 && list[i] <= list[i - 1]))
            return 0;
    return list != NULL || n <= end;
}

/* --- the engine ----------------------------------------------------------- */

enum {
    MEMORY = 1000000, /* bytes that a thread may take                    */
    BLOCK = 256,      /* particles, unless the caller says otherwise     */
    BLOCK_MOST = 4096 /* particles                                       */
};

typedef struct {
    const dm_cloud *cloud;
    const dm_sampler *sampler;
    const dm_mixture *data;
    const dm_run *run;
    size_t K, block;
    size_t chunk; /* steps whose components are at hand at a time */
    bump *table;  /* [chunk * K]                                  */
    int threads;
    workspace *ws; /* [threads]                                    */
} engine;

/* The component at a level, Eq. (0.16). */
static bump at_level(const dm_component *c, size_t dim, dm_level level)
{
    double a = level.scale, a2 = a * a, v = level.variance;
    dm_sym2 S = { a2 * c->cov.xx + v, a2 * c->cov.xy, a2 * c->cov.yy + v };
    double det = dim == 1 ? S.xx : dm_sym2_determinant(S);
    bump b = { .mean = { a * c->mean[0], a * c->mean[1] },
               .half = { 0.5 / S.xx, 0.0, 0.0 },
               .log_peak = log(c->weight) - 0.5 * log(det) };

    if (dim == 2)
        b.half =
            (dm_sym2){ 0.5 * S.yy / det, -0.5 * S.xy / det, 0.5 * S.xx / det };
    return b;
}

/* Brings the components to the levels of `count` steps from number `from`. */
static void fill_table(const engine *e, size_t from, size_t count)
{
#ifdef _OPENMP
#pragma omp parallel for num_threads(e->threads) schedule(static)
#endif
    for (size_t i = 0; i < count; i++) {
        const dm_step *step = &e->sampler->step[from + i];
        for (size_t k = 0; step->B != 0.0 && k < e->K; k++)
            e->table[i * e->K + k] =
                at_level(&e->data->component[k], e->cloud->dim, step->from);
    }
}

/* Takes block number b through `count` steps from number `from`. */
static void run_block(const engine *e, const workspace *ws, size_t b,
                      size_t from, size_t count)
{
    const dm_run *run = e->run;
    size_t first = b * e->block;
    size_t n = GSL_MIN(e->block, padded(e->cloud->n) - first);
    double *x = e->cloud->x + first;
    double *y = e->cloud->y == NULL ? NULL : e->cloud->y + first;

    for (size_t r = 0; from == 0 && r < run->records; r++)
        keep(&run->record[r], 0, first, n, x, y);
    for (size_t i = 0; i < count; i++) {
        const dm_step *step = &e->sampler->step[from + i];
        if (step->C != 0.0)
            dm_rng_normals(run->seed, run->stream, (uint32_t)(from + i),
                           (uint32_t)first, n, ws->z[0],
                           y == NULL ? NULL : ws->z[1]);
        /* eps* is sqrt(variance) times the mean of P (x - mean). */
        double pull = 2.0 * step->B * sqrt(step->from.variance);
        for (size_t g = 0; g < n; g += GROUP)
            take_step(step, pull, e->K, &e->table[i * e->K], ws, g, x + g,
                      y == NULL ? NULL : y + g);
        for (size_t r = 0; r < run->records; r++)
            keep(&run->record[r], from + i + 1, first, n, x, y);
    }
}

static void run_chunk(const engine *e, size_t from, size_t count)
{
    size_t blocks = (padded(e->cloud->n) + e->block - 1) / e->block;

#ifdef _OPENMP
#pragma omp parallel for num_threads(e->threads) schedule(dynamic)
#endif
    for (size_t b = 0; b < blocks; b++) {
#ifdef _OPENMP
        const workspace *ws = &e->ws[omp_get_thread_num()];
#else
        const workspace *ws = e->ws;
#endif
        run_block(e, ws, b, from, count);
    }
}

static void release(engine *e)
{
    for (int i = 0; e->ws != NULL && i < e->threads; i++) {
        free(e->ws[i].gx);
        free(e->ws[i].z[0]);
    }
    free(e->ws);
    free(e->table);
}

/* Allocates all that a run needs. */
static int prepare(engine *e)
{
    size_t group = 3 * e->K * GROUP, noise = 2 * e->block;
    size_t row = e->K * sizeof *e->table;
    size_t left = MEMORY - bytes_apart(group) - bytes_apart(noise);

    e->chunk = GSL_MIN(GSL_MAX(left / row, 1), e->sampler->n);
    e->table = malloc(e->chunk * row);
    e->ws = calloc((size_t)e->threads, sizeof *e->ws);
    int have = e->table != NULL && e->ws != NULL;
    for (int i = 0; have && i < e->threads; i++) {
        workspace *ws = &e->ws[i];
        ws->gx = apart(group);
        ws->z[0] = apart(noise);
        have = ws->gx != NULL && ws->z[0] != NULL;
        if (!have)
            break;
        memset(ws->z[0], 0, noise * sizeof(double));
        ws->z[1] = ws->z[0] + e->block;
        ws->gy = ws->gx + e->K * GROUP;
        ws->w = ws->gy + e->K * GROUP;
    }
    if (have)
        return GSL_SUCCESS;
    release(e);
    GSL_ERROR("no memory for the engine", GSL_ENOMEM);
}

static int is_step(const dm_step *s)
{
    dm_level level = s->from;

    if (!(isfinite(s->A) && isfinite(s->B) && isfinite(s->C)))
        return 0;
    return s->B == 0.0 || (isfinite(level.scale) && level.scale != 0.0 &&
                           level.variance >= 0.0 && isfinite(level.variance));
}

static int check_run(const dm_cloud *cloud, const dm_sampler *sampler,
                     const dm_mixture *data, const dm_run *run)
{
    static _Thread_local char why[120];
    int asks = 0; /* for eps* */

    if (run->threads < 1)
        GSL_ERROR("need a thread", GSL_EDOM);
    for (size_t i = 0; i < sampler->n; i++) {
        asks = asks || sampler->step[i].B != 0.0;
        if (is_step(&sampler->step[i]))
            continue;
        snprintf(why, sizeof why,
                 "step %zu: need finite A, B and C, and a level of finite "
                 "scale != 0 and variance >= 0",
                 i);
        GSL_ERROR(why, GSL_EDOM);
    }
    if (asks && (data == NULL || data->dim != cloud->dim))
        GSL_ERROR("need data of the cloud's dimension", GSL_EINVAL);
    for (size_t r = 0; r < run->records; r++) {
        const dm_record *record = &run->record[r];
        if (!is_increasing(record->path, record->paths, cloud->n) ||
            !is_increasing(record->time, record->times, sampler->n + 1))
            GSL_ERROR("need records of particles and times that are there, "
                      "in increasing order",
                      GSL_EINVAL);
    }
    return GSL_SUCCESS;
}

int dm_cloud_run(dm_cloud *cloud, const dm_sampler *sampler,
                 const dm_mixture *data, const dm_run *run)
{
    engine e = { .cloud = cloud, .sampler = sampler, .data = data, .run = run };
    int status = check_run(cloud, sampler, data, run);

    if (status != GSL_SUCCESS)
        return status;
    e.K = data == NULL ? 1 : data->K;
    e.block = run->block == 0 ? BLOCK : GSL_MIN(run->block, BLOCK_MOST);
    e.block = padded(e.block);
#ifdef _OPENMP
    e.threads = run->threads;
#else
    e.threads = 1;
#endif
    status = prepare(&e);
    if (status != GSL_SUCCESS)
        return status;
    for (size_t from = 0; from < sampler->n; from += e.chunk) {
        size_t count = GSL_MIN(e.chunk, sampler->n - from);
        fill_table(&e, from, count);
        run_chunk(&e, from, count);
    }
    release(&e);
    return GSL_SUCCESS;
}
