/* Properties of src/rng.c. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sort.h>

#include "check.h"
#include "distance.h"
#include "errors.h"
#include "rng.h"

#if defined(__has_include)
#if __has_include(<Random123/philox.h>)
#include <Random123/philox.h>
#define HAVE_RANDOM123
#endif
#endif

TestSuite(rng, .init = errors_record);

enum { N = 200000 };

static double z1[N], z2[N];

/* --- Philox --------------------------------------------------------------- */

/* Known answers of Random123, and one more. */
Test(rng, philox_gives_the_published_numbers)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        { { 0 }, { 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
        { { 1, 2, 3, 4 },
          { 5, 6 },
          { 0xc0c839bc, 0x889c87c5, 0x61986739, 0x2d4623d0 } },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        dm_rng_philox(known[i].counter, known[i].key, out);
        cr_expect(zero(int, memcmp(out, known[i].out, sizeof out)));
    }
}

#ifdef HAVE_RANDOM123
Test(rng, philox_is_that_of_random123)
{
    size_t differ = 0;
    uint64_t s = UINT64_C(0x9E3779B97F4A7C15); /* xorshift, for variety */

    for (size_t i = 0; i < 100000; i++) {
        uint32_t w[6], out[4];
        for (size_t j = 0; j < 6; j++) {
            s ^= s << 13;
            s ^= s >> 7;
            s ^= s << 17;
            w[j] = (uint32_t)(s >> 16);
        }
        philox4x32_ctr_t counter = { { w[0], w[1], w[2], w[3] } };
        philox4x32_key_t key = { { w[4], w[5] } };
        philox4x32_ctr_t expected = philox4x32_R(10, counter, key);
        dm_rng_philox(w, &w[4], out);
        differ += memcmp(out, expected.v, sizeof out) != 0;
    }
    cr_expect(zero(sz, differ));
}
#endif

/* --- normals -------------------------------------------------------------- */

/* E z^k, and the standard error of its mean over n: E z^2k - (E z^k)^2. */
static double moment(int k)
{
    double product = 1.0;

    for (int i = k - 1; i > 1; i -= 2)
        product *= i;
    return k % 2 == 0 ? product : 0.0;
}

static void expect_normal_moments(const double z[])
{
    for (int k = 1; k <= 6; k++) {
        double sum = 0.0, expected = moment(k);
        double se = sqrt((moment(2 * k) - expected * expected) / N);
        for (size_t i = 0; i < N; i++)
            sum += gsl_pow_int(z[i], k);
        cr_expect(epsilon_eq(dbl, sum / N, expected, 5.0 * se));
    }
}

/* Kolmogorov's p-value is above DM_CHECK_TAIL.  Destroys z. */
static void expect_normal_law(double z[])
{
    for (size_t i = 0; i < N; i++)
        z[i] = gsl_cdf_ugaussian_P(z[i]);
    cr_expect(dm_distance_ks(N, z) < dm_distance_ks_limit(N, DM_CHECK_TAIL));
}

Test(rng, normals_have_normal_moments_up_to_the_sixth)
{
    dm_rng_normals(1, DM_STREAM_DATA, 0, 0, N, z1, z2);
    expect_normal_moments(z1);
    expect_normal_moments(z2);
    dm_rng_normals(UINT64_C(0xFEDCBA9876543210), DM_STREAM_FORWARD, 37,
                   0x80000000u, N, z1, z2);
    expect_normal_moments(z1);
    expect_normal_moments(z2);
}

Test(rng, normals_follow_the_normal_law)
{
    dm_rng_normals(1, DM_STREAM_DATA, 0, 0, N, z1, z2);
    expect_normal_law(z1);
    expect_normal_law(z2);
}

/* The largest of 2 N draws has a law of its own, Phi(z)^(2 N); a generator of
 * 32 bits stops at 6.6, one that is cut short sooner. */
Test(rng, normals_reach_into_the_tail)
{
    double largest = 0.0;

    dm_rng_normals(5, DM_STREAM_JUMP, 3, 0, N, z1, z2);
    for (size_t i = 0; i < N; i++)
        largest = fmax(largest, fmax(fabs(z1[i]), fabs(z2[i])));
    double p = 2.0 * gsl_cdf_ugaussian_Q(largest) * 2.0 * N;
    cr_expect(p > DM_CHECK_TAIL);       /* not too large */
    cr_expect(exp(-p) > DM_CHECK_TAIL); /* nor too small */
}

/* The mean of x y over n independent pairs has standard error 1/sqrt(n), and
 * that of (x^2 - 1)(y^2 - 1) has 2/sqrt(n). */
static void expect_unrelated(size_t n, const double x[], const double y[])
{
    double xy = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++) {
        xy += x[i] * y[i];
        squares += (x[i] * x[i] - 1.0) * (y[i] * y[i] - 1.0);
    }
    cr_expect(epsilon_eq(dbl, xy / (double)n, 0.0, 5.0 / sqrt((double)n)));
    cr_expect(
        epsilon_eq(dbl, squares / (double)n, 0.0, 10.0 / sqrt((double)n)));
}

/* x_i x_{i+lag} are uncorrelated too, so the standard error is the same. */
Test(rng, normals_of_neighbours_are_unrelated)
{
    static const size_t lag[] = { 1, 2, 3, 4, 8, 37, 1000 };

    dm_rng_normals(1, DM_STREAM_DATA, 0, 0, N, z1, z2);
    expect_unrelated(N, z1, z2);
    for (size_t i = 0; i < sizeof lag / sizeof *lag; i++) {
        expect_unrelated(N - lag[i], z1, z1 + lag[i]);
        expect_unrelated(N - lag[i], z1, z2 + lag[i]);
    }
}

Test(rng, normals_of_other_steps_streams_and_seeds_are_unrelated)
{
    dm_rng_normals(1, DM_STREAM_DATA, 7, 0, N, z1, NULL);
    dm_rng_normals(1, DM_STREAM_DATA, 8, 0, N, z2, NULL);
    expect_unrelated(N, z1, z2);
    for (int stream = DM_STREAM_FORWARD; stream <= DM_STREAM_EXTRA; stream++) {
        dm_rng_normals(1, (dm_stream)stream, 7, 0, N, z2, NULL);
        expect_unrelated(N, z1, z2);
    }
    static const uint64_t seed[] = { 0, 2, 3, UINT64_C(1) << 32 };
    for (size_t i = 0; i < sizeof seed / sizeof *seed; i++) {
        dm_rng_normals(seed[i], DM_STREAM_DATA, 7, 0, N, z2, NULL);
        expect_unrelated(N, z1, z2);
    }
}

/* Over the steps of one particle, and over the seeds of one number. */
Test(rng, normals_of_one_particle_over_steps_and_seeds_are_normal)
{
    for (uint32_t t = 0; t < N; t++) {
        dm_rng_normals(1, DM_STREAM_FORWARD, t, 17, 1, &z1[t], NULL);
        dm_rng_normals(t, DM_STREAM_DATA, 0, 17, 1, &z2[t], NULL);
    }
    expect_unrelated(N - 1, z1, z1 + 1);
    expect_unrelated(N - 1, z2, z2 + 1);
    expect_normal_moments(z1);
    expect_normal_moments(z2);
    expect_normal_law(z1);
    expect_normal_law(z2);
}

Test(rng, normals_do_not_depend_on_the_size_of_the_block)
{
    static const size_t size[] = { 1, 2, 37, 1000 };
    enum { M = 5000 };
    static double p1[M], p2[M];

    dm_rng_normals(3, DM_STREAM_JUMP, 5, 11, M, z1, z2);
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        for (size_t at = 0; at < M; at += size[i]) {
            size_t n = GSL_MIN(size[i], M - at);
            dm_rng_normals(3, DM_STREAM_JUMP, 5, 11 + (uint32_t)at, n, &p1[at],
                           i % 2 == 0 ? &p2[at] : NULL);
        }
        cr_expect(zero(int, memcmp(p1, z1, sizeof p1)));
        cr_expect(zero(int, memcmp(p2, z2, sizeof p2)));
    }
}

/* Box and Muller, by the words of Philox: the counter is (particle, step,
 * stream, 0).  u and v have 52 bits and lie in the middle of their cells. */
Test(rng, normals_are_box_and_muller_of_the_counter)
{
    const uint32_t counter[] = { 19, 7, DM_STREAM_JUMP, 0 };
    const uint32_t key[] = { 0x89ABCDEF, 0x01234567 };
    uint32_t w[4];
    double a, b;

    dm_rng_philox(counter, key, w);
    double u = ldexp((double)w[1], -32) + ldexp((double)(w[0] >> 12), -52);
    double v = ldexp((double)w[3], -32) + ldexp((double)(w[2] >> 12), -52);
    dm_rng_normals(UINT64_C(0x0123456789ABCDEF), DM_STREAM_JUMP, 7, 19, 1, &a,
                   &b);
    cr_expect(epsilon_eq(dbl, hypot(a, b), sqrt(-2.0 * log(u)), 1e-15));
    cr_expect(epsilon_eq(dbl, cos(2.0 * M_PI * v), a / hypot(a, b), 1e-15));
    cr_expect(epsilon_eq(dbl, sin(2.0 * M_PI * v), b / hypot(a, b), 1e-15));
}

/* --- the generator of GSL ------------------------------------------------- */

static gsl_rng *generator(unsigned long seed)
{
    gsl_rng *r = gsl_rng_alloc(dm_rng_type);

    cr_assert(ne(ptr, r, NULL));
    gsl_rng_set(r, seed);
    return r;
}

Test(rng, type_has_a_name_and_32_bits)
{
    gsl_rng *r = generator(1);

    cr_expect(eq(str, (char *)gsl_rng_name(r), "philox4x32-10"));
    cr_expect(eq(u64, gsl_rng_max(r), 0xFFFFFFFF));
    cr_expect(zero(u64, gsl_rng_min(r)));
    gsl_rng_free(r);
}

Test(rng, type_gives_the_words_of_philox_in_order)
{
    gsl_rng *r = generator(0x89ABCDEF01234567);
    const uint32_t key[] = { 0x01234567, 0x89ABCDEF };

    for (uint32_t draw = 0; draw < 37; draw++) {
        const uint32_t counter[] = { 0, 0, DM_STREAM_GSL, draw };
        uint32_t w[4];
        dm_rng_philox(counter, key, w);
        for (size_t i = 0; i < 4; i++)
            cr_expect(eq(u64, gsl_rng_get(r), w[i]));
    }
    gsl_rng_free(r);
}

/* A normal uniform has 53 bits: among 10^6 of them a pair is alike with
 * probability 10^12/2/2^53 = 6e-5; with 32 bits some 116 pairs would be. */
Test(rng, uniform_is_in_0_to_1_and_has_no_duplicates)
{
    enum { MANY = 1000000 };
    gsl_rng *r = generator(1);
    double *u = malloc(MANY * sizeof *u), sum = 0.0;
    size_t alike = 0;

    cr_assert(ne(ptr, u, NULL));
    for (size_t i = 0; i < MANY; i++) {
        u[i] = gsl_rng_uniform(r);
        sum += u[i];
    }
    gsl_sort(u, 1, MANY);
    for (size_t i = 1; i < MANY; i++)
        alike += u[i] == u[i - 1];
    cr_expect(zero(sz, alike));
    cr_expect(u[0] >= 0.0 && u[MANY - 1] < 1.0);
    cr_expect(epsilon_eq(dbl, sum / MANY, 0.5, 5.0 / sqrt(12.0 * MANY)));
    cr_expect(dm_distance_ks(MANY, u) <
              dm_distance_ks_limit(MANY, DM_CHECK_TAIL));
    free(u);
    gsl_rng_free(r);
}

/* The mean of the bit is 1/2, its standard error 1/(2 sqrt n). */
Test(rng, every_bit_of_a_word_is_set_half_the_time)
{
    gsl_rng *r = generator(1);
    size_t set[32] = { 0 };

    for (size_t i = 0; i < N; i++) {
        unsigned long w = gsl_rng_get(r);
        for (size_t bit = 0; bit < 32; bit++)
            set[bit] += w >> bit & 1;
    }
    for (size_t bit = 0; bit < 32; bit++)
        cr_expect(epsilon_eq(dbl, (double)set[bit] / N, 0.5, 2.5 / sqrt(N)));
    gsl_rng_free(r);
}

Test(rng, a_copy_goes_on_alike)
{
    gsl_rng *r = generator(17), *copy = generator(18);

    for (size_t i = 0; i < 5; i++)
        gsl_rng_get(r);
    gsl_rng *clone = gsl_rng_clone(r);
    gsl_rng_memcpy(copy, r);
    for (size_t i = 0; i < 37; i++) {
        unsigned long w = gsl_rng_get(r);
        cr_expect(eq(u64, gsl_rng_get(clone), w));
        cr_expect(eq(u64, gsl_rng_get(copy), w));
    }
    gsl_rng_free(clone);
    gsl_rng_free(copy);
    gsl_rng_free(r);
}

Test(rng, set_starts_again)
{
    gsl_rng *r = generator(17);
    unsigned long first = gsl_rng_get(r);

    dm_rng_at(r, DM_STREAM_EXTRA, 4, 9);
    gsl_rng_get(r);
    gsl_rng_set(r, 17);
    cr_expect(eq(u64, gsl_rng_get(r), first));
    gsl_rng_set(r, 18);
    cr_expect(ne(u64, gsl_rng_get(r), first));
    gsl_rng_free(r);
}

Test(rng, at_moves_to_a_counter_and_keeps_the_seed)
{
    const uint32_t counter[] = { 9, 4, DM_STREAM_EXTRA, 0 }, key[] = { 17, 0 };
    gsl_rng *r = generator(17);
    uint32_t w[4];

    dm_rng_philox(counter, key, w);
    for (size_t turn = 0; turn < 2; turn++) {
        cr_expect(zero(int, dm_rng_at(r, DM_STREAM_EXTRA, 4, 9)));
        for (size_t i = 0; i < 4; i++)
            cr_expect(eq(u64, gsl_rng_get(r), w[i]));
        gsl_rng_get(r);
    }
    gsl_rng_free(r);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* 64-bit numbers of 25 000 places: of different places, they differ. */
Test(rng, streams_steps_and_particles_never_share_a_number)
{
    enum { STREAMS = DM_STREAM_EXTRA + 1, STEPS = 50, PARTICLES = 100 };
    static uint64_t number[STREAMS * STEPS * PARTICLES];
    gsl_rng *r = generator(1);
    size_t n = 0, alike = 0;

    for (int stream = 0; stream < STREAMS; stream++)
        for (uint32_t step = 0; step < STEPS; step++)
            for (uint32_t particle = 0; particle < PARTICLES; particle++) {
                dm_rng_at(r, (dm_stream)stream, step, particle);
                uint64_t high = gsl_rng_get(r);
                number[n++] = high << 32 | gsl_rng_get(r);
            }
    qsort(number, n, sizeof *number, by_value);
    for (size_t i = 1; i < n; i++)
        alike += number[i] == number[i - 1];
    cr_expect(eq(sz, n, STREAMS * STEPS * PARTICLES));
    cr_expect(zero(sz, alike));
    gsl_rng_free(r);
}

Test(rng, at_refuses_another_generator)
{
    gsl_rng *r = gsl_rng_alloc(gsl_rng_mt19937);

    cr_expect(eq(int, dm_rng_at(r, DM_STREAM_DATA, 1, 2), GSL_EINVAL));
    cr_expect(eq(int, errors_last(), GSL_EINVAL));
    gsl_rng_free(r);
}

Test(rng_loud, another_generator_aborts_by_default, .init = cr_redirect_stderr,
     .signal = SIGABRT)
{
    dm_rng_at(gsl_rng_alloc(gsl_rng_mt19937), DM_STREAM_DATA, 1, 2);
}
