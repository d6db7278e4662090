/* ch05.h -- what the sections of chapter 5 share. */
#ifndef CH05_H
#define CH05_H

#include "gaussian.h"
#include "law.h"
#include "mixture.h"
#include "options.h"
#include "sampler.h"
#include "schedule.h"
#include "sde.h"

/* --- all sections: ch05.c ------------------------------------------------ */

/* What the library's flow is asked for, and what is allowed to be lost. */
static const double TOLERANCE = 1e-10, ALLOWED = 1e-9;

/* Where the laws are looked at: neither nearly data nor nearly noise. */
static const double T_MIDDLE = 0.3;

/* The slope of f at x from eight places up to 4 h away: a difference formula of
 * order 4, with steps h and 2 h, and what both together make of order 6.  The
 * error is that of the former, which is larger. */
double slope_of(double (*f)(double x, void *params), void *params, double x,
                double h, double *error);

/* The share p, or one near it at which the data have density: where a quantile
 * of the data falls between two bumps no step is small enough for the flow. */
double share_near(const dm_mixture *data, double p);

/* --- 5.1 mass that is carried along: mass.c ------------------------------ */

/* The density of the noised data and its slopes, by x and by the two numbers
 * of the level; F_a and F_c are those of the distribution function. */
typedef struct {
    double q, x, xx, a, c, F_a, F_c;
} slopes;

/* A place (x, t) of a process, and what is needed there. */
typedef struct {
    const dm_mixture *data;
    dm_sde sde;
    double t, x, f, g2;
    slopes by;
    double q_t, F_t; /* slopes by time of the density, and of F */
    double error;    /* of q_t and F_t                          */
} place;

/* The place where the law at time t has probability p below.  The slopes of
 * the level are difference quotients, so that f and g have no part in them. */
place place_at(const dm_mixture *data, dm_sde sde, double t, double p);

/* The slope by x of the flux f x q - kappa g^2 q', as a difference quotient. */
double flux_slope(const place *at, double kappa, double *error);

void section_mass(const dm_options *o);

/* --- 5.2 why the score is halved: half.c --------------------------------- */

/* dx/dt = f x - kappa g^2 s, for GSL; kappa = 1/2 is Eq. (5.4). */
typedef struct {
    const dm_mixture *data;
    dm_sde sde;
    double kappa;
} equation;

/* The right side of an `equation`, which is what params points to. */
int drift(double t, const double x[], double dx[], void *params);

/* Solves an equation for the state x: [n] from time t to s, with a relative
 * error of 1e-13 in each step. */
void solve(int (*slope)(double, const double[], double[], void *), void *params,
           size_t n, double t, double s, double x[]);

/* One Gaussian with mean and variance of the data. */
dm_mixture *gaussian_like(const dm_mixture *data);

/* Eq. (5.7), and the variance at either end, of Gaussian data. */
double length(double v, dm_level s, dm_level t, double *V_s, double *V_t);

void section_half(const dm_options *o);

/* --- 5.3 the line: line.c ------------------------------------------------ */

/* Where the flow of the data's law takes the point x on the line; *stretch,
 * unless NULL, is ln of the slope there. */
double flow_to(const dm_mixture *data, dm_level from, dm_level to, double x,
               double *stretch);

void section_line(const dm_options *o);

/* --- 5.4 the plane: plane.c ---------------------------------------------- */

void section_plane(const dm_options *o);

/* --- 5.5 the right variable: variable.c ---------------------------------- */

/* The noise level of Eq. (5.11). */
double noise_of(dm_level level);

/* dy/dsigma of Eq. (5.12), for GSL; data is a dm_mixture. */
int by_noise(double sigma, const double y[], double dy[], void *data);

/* The last time of a schedule at which a sampler can start: some signal is
 * left to be scaled up. */
size_t last_time(const dm_schedule *sch);

/* DDIM over S times of a schedule, spread evenly; and in *euler, unless NULL,
 * Euler's method for Eq. (5.12) over the same times. */
dm_sampler *ddim(const dm_schedule *sch, size_t S, dm_sampler **euler);

/* Where a step takes the point x, in one dimension. */
double after(const dm_mixture *data, const dm_step *step, double x);

void section_variable(const dm_options *o);

/* --- 5.6 other clocks, other limits: clocks.c ---------------------------- */

/* Laws end here, a little before the data: Euler in t asks for a score at the
 * end of every step. */
static const double T_MIN = 1e-3;

/* What is divided into steps of Euler's method. */
typedef enum { IN_SIGMA, IN_ANGLE, IN_T, IN_BETA, CLOCKS } clock_of;

/* The laws where the clocks begin, at time 1, and end, at T_MIN. */
typedef struct {
    const dm_mixture *data;
    dm_mixture *start;
    dm_law *aim;
} ends;

/* Three numbers of steps, each twice the one before: what they tend to if the
 * error falls as 1/n, with the error of that, and the power of 1/n and how much
 * it changed. */
typedef struct {
    double limit, error, power, change;
} trend;

/* One step of Euler's method between two levels of VP. */
dm_step euler_step(clock_of clock, double t, double s);

/* n steps over times spread evenly. */
dm_sampler *by_clock(clock_of clock, size_t n);

/* The laws of VP at times 1 and T_MIN. */
ends ends_of(const dm_mixture *data);

/* Releases them. */
void free_ends(ends *e);

/* W1 between what a table, which is freed, makes of the start and the aim. */
double w1_of(dm_sampler *table, const ends *e, double *error);

/* The Gaussian whose samplers' orders are measured: neither a point, for which
 * DDIM has no error, nor N(0, 1), for which Euler in t has none. */
dm_mixture *example(void);

/* Mean and variance of what a table, which is freed, makes of a start with the
 * given ones, for Gaussian data. */
dm_gaussian through(dm_sampler *table, const dm_mixture *g, dm_gaussian x);

/* Mean and variance of Gaussian data at a level. */
dm_gaussian at_level(const dm_mixture *g, dm_level level);

/* What three values tend to. */
trend trend_of(const double at[3]);

/* The power in which three values approach a limit that is known. */
void power_of(const double at[3], double limit, trend *t);

void section_clocks(const dm_options *o, const ends *e);

/* --- 5.7 two limits: limits.c -------------------------------------------- */

void section_limits(const dm_options *o);

/* --- 5.8 a family of reverse equations: family.c ------------------------- */

/* The example's law at both ends of the reverse equations, and Eq. (5.7). */
typedef struct {
    dm_mixture *data;
    dm_gaussian start, end;
    double length;
} way_back;

/* Gaussian data: what Euler-Maruyama of Eq. (5.17) makes of a start in 1000
 * steps, twice and four times as many, and what that tends to: the mean if
 * of_mean, else the variance. */
trend reverse_limit(const dm_mixture *g, double lambda, dm_gaussian x,
                    int of_mean);

/* The way back of example(); the caller frees its data. */
way_back example_way(void);

void section_family(const dm_options *o);

/* --- 5.9 joint laws, wrong starts: joint.c ------------------------------- */

/* Below this log density a point adds nothing to an integral over the data,
 * and its flow may be too wild to follow. */
static const double NEGLIGIBLE = -100.0;

void section_joint(const dm_options *o, const ends *e);

/* --- 5.10 the exact likelihood: likelihood.c ----------------------------- */

/* -log p times p at x, for GSL; data is a dm_mixture. */
double own_surprise(double x, void *data);

void section_likelihood(const dm_options *o);

/* --- 5.11 there and back: code.c ----------------------------------------- */

void section_code(const dm_options *o);

/* --- exercises: exercises.c ---------------------------------------------- */

void section_exercises(void);

/* --- data of the figures: figures.c -------------------------------------- */

void section_figures(const dm_options *o);

#endif
