/* options.h -- the command line of a chapter program.
 *
 * Every chapter takes the same options, from one table that also prints
 * --help.  A bad option or input file ends in one line on stderr that names
 * it and says what was expected, and exit status 2; nothing has been written
 * by then.
 */
#ifndef DM_OPTIONS_H
#define DM_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "mixture.h"
#include "schedule.h"

typedef struct {
    dm_mixture *data1;     /* the 1-D data                               */
    dm_mixture *data2;     /* the 2-D data                               */
    int own_data2;         /* 1 if the reader has given them             */
    dm_schedule *schedule; /* of `steps` steps                           */
    const char *name;      /* of the schedule                            */
    size_t steps;          /* T                                          */
    size_t particles;      /* N, per cloud                               */
    uint64_t seed;
    int threads;
    const char *out; /* where tables, data and figures go          */
    int default_run; /* 1 unless an option changes a result        */
    /* Of a sampler, in chapters that ask for it; otherwise 0 and NULL. */
    double eta;  /* its noise, within the bound of its times   */
    size_t S;    /* number of its steps                        */
    size_t *tau; /* [S + 1]  0 = tau[0] < ... < tau[S] <= T    */
    /* Of an SDE, in chapters that ask for it; otherwise 0. */
    double t_min; /* where the way back ends, above 0, below 1 */
    double dt;    /* its step, above 0, at most 1 - t_min      */
    size_t n;     /* number of steps, the least that are no longer than dt */
} dm_options;

/* Reads the command line of a chapter program into *o and opens the record of
 * its checks, OUT/out/STEM.tsv.  title is printed by --help.  Returns -1 to go
 * on; otherwise the exit status to return from main at once: 0 after --help,
 * 2 after a message.  Release *o with dm_options_free. */
int dm_options_read(dm_options *o, const char *stem, const char *title,
                    int argc, char *argv[]);

/* As dm_options_read, for a chapter about samplers, which takes --eta and --tau
 * too.  Without them o->eta is eta, and o->tau are min(S, T) times, spread
 * evenly. */
int dm_options_read_sampler(dm_options *o, double eta, size_t S,
                            const char *stem, const char *title, int argc,
                            char *argv[]);

/* As dm_options_read, for a chapter about SDEs, which takes --t-min and --dt
 * too.  Without them o->t_min and o->dt are those given. */
int dm_options_read_sde(dm_options *o, double t_min, double dt,
                        const char *stem, const char *title, int argc,
                        char *argv[]);

/* Opens the data file OUT/data/NAME of this run, see table.h. */
struct dm_table *dm_options_data(const dm_options *o, const char *name);

/* Releases what *o owns. */
void dm_options_free(dm_options *o);

#endif
