/* tests/base/random_test.c - Philox against the published vectors, and the mapping of version 1, which runs rely on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/random.h"

/* Random123's kat_vectors for philox4x32 with 10 rounds. */
static void test_philox_gives_the_published_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        uint32_t out[4];
        lac_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void test_the_mapping_of_version_1_is_kept(void **state) {
    (void)state;
    assert_int_equal(LAC_RANDOM_VERSION, 1);
    uint64_t seed = 0x123456789ABCDEFull, sample = 0x500000007ull;
    lac_random r = lac_random_at(seed, LAC_RANDOM_MASK, 3, sample, 2);
    uint32_t key[2] = {0x89ABCDEFu ^ 5u * 0x9E3779B9u, 0x01234567u};
    for (uint32_t block = 0; block < 3; block++) {
        uint32_t counter[4] = {block, 7, 3, 2 | 5 << 8}, out[4];
        lac_philox(counter, key, out);
        for (int word = 0; word < 4; word++)
            assert_int_equal(lac_random_u32(&r), out[word]);
    }
    assert_int_equal(r.draw, 12);
}

static void test_draws_take_the_documented_number_of_words(void **state) {
    (void)state;
    lac_random r = lac_random_at(1, LAC_RANDOM_TEST, 0, 0, 0);
    lac_random_uniform_f32(&r);
    assert_int_equal(r.draw, 1);
    lac_random_uniform(&r);
    assert_int_equal(r.draw, 3);
    lac_random_normal(&r);
    assert_int_equal(r.draw, 7);
}

static void test_streams_differ_in_every_coordinate(void **state) {
    (void)state;
    lac_random r[] = {
        lac_random_at(1, LAC_RANDOM_TEST, 1, 1, 1),
        lac_random_at(2, LAC_RANDOM_TEST, 1, 1, 1),
        lac_random_at(1, LAC_RANDOM_MASK, 1, 1, 1),
        lac_random_at(1, LAC_RANDOM_TEST, 2, 1, 1),
        lac_random_at(1, LAC_RANDOM_TEST, 1, 2, 1),
        lac_random_at(1, LAC_RANDOM_TEST, 1, 1, 2),
        lac_random_at((uint64_t)1 << 32 | 1, LAC_RANDOM_TEST, 1, 1, 1),
        lac_random_at(1, LAC_RANDOM_TEST, 1, (uint64_t)1 << 32 | 1, 1),
    };
    uint32_t first[8];
    for (int i = 0; i < 8; i++) {
        first[i] = lac_random_u32(&r[i]);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(first[i], first[j]);
    }
}

static void test_uniform_and_normal_have_their_moments(void **state) {
    (void)state;
    enum { N = 100000 };
    double sum = 0, sum2 = 0, normal = 0, normal2 = 0, normal4 = 0, low = 1, high = 0;
    lac_random r = lac_random_at(42, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < N; i++) {
        double u = i % 2 ? lac_random_uniform(&r) : (double)lac_random_uniform_f32(&r);
        sum += u, sum2 += u * u;
        low = u < low ? u : low, high = u > high ? u : high;
        double z = lac_random_normal(&r);
        normal += z, normal2 += z * z, normal4 += z * z * z * z;
    }
    assert_true(low >= 0 && high < 1 && low < 1e-3 && high > 0.999);
    /* about five standard errors each */
    assert_true(fabs(sum / N - 0.5) < 0.005);
    assert_true(fabs(sum2 / N - 1.0 / 3) < 0.005);
    assert_true(fabs(normal / N) < 0.016);
    assert_true(fabs(normal2 / N - 1) < 0.023);
    assert_true(fabs(normal4 / N - 3) < 0.16);
}

static void test_below_is_in_range_and_even(void **state) {
    (void)state;
    static const uint64_t bounds[] = {1,         2, 3, 7, 1000, 0xFFFFFFFF, (uint64_t)1 << 32, ((uint64_t)1 << 32) + 1,
                                      UINT64_MAX};
    lac_random r = lac_random_at(7, LAC_RANDOM_TEST, 0, 0, 0);
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++)
        for (int i = 0; i < 1000; i++)
            assert_true(lac_random_below(&r, bounds[b]) < bounds[b]);
    int count[7] = {0};
    for (int i = 0; i < 70000; i++)
        count[lac_random_below(&r, 7)]++;
    double chi2 = 0;
    for (int i = 0; i < 7; i++)
        chi2 += (count[i] - 10000.0) * (count[i] - 10000.0) / 10000;
    assert_true(chi2 < 22.5); /* 6 degrees of freedom, p = 0.001 */
    uint64_t n_high = 0;      /* 3 * 2^62: without rejection the lower third would be twice as likely */
    for (int i = 0; i < 30000; i++)
        n_high += lac_random_below(&r, (uint64_t)3 << 62) >= (uint64_t)1 << 62;
    assert_true(n_high > 19500 && n_high < 20500);
}

static void test_shuffle_reaches_every_order_evenly(void **state) {
    (void)state;
    int count[27] = {0}, n_orders = 0;
    lac_random r = lac_random_at(9, LAC_RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 6000; i++) {
        uint32_t items[3] = {0, 1, 2};
        lac_random_shuffle(&r, items, 3);
        assert_int_equal(items[0] + items[1] + items[2], 3);
        count[items[0] * 9 + items[1] * 3 + items[2]]++;
    }
    for (int i = 0; i < 27; i++) {
        n_orders += count[i] > 0;
        assert_true(count[i] == 0 || (count[i] > 850 && count[i] < 1150));
    }
    assert_int_equal(n_orders, 6);
    lac_random_shuffle(&r, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_gives_the_published_answers),
        cmocka_unit_test(test_the_mapping_of_version_1_is_kept),
        cmocka_unit_test(test_draws_take_the_documented_number_of_words),
        cmocka_unit_test(test_streams_differ_in_every_coordinate),
        cmocka_unit_test(test_uniform_and_normal_have_their_moments),
        cmocka_unit_test(test_below_is_in_range_and_even),
        cmocka_unit_test(test_shuffle_reaches_every_order_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
