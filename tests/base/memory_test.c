/* tests/base/memory_test.c - blocks are aligned, sized, kept; the n-th failure is exactly the n-th. Arenas too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"

static void test_blocks_are_64_byte_aligned(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 1000003};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = lac_alloc(sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        memset(block, 0xAB, sizes[i]);
        lac_free(block);
    }
    unsigned char *zeroed = lac_zalloc(1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(zeroed[i], 0);
    lac_free(zeroed);
    lac_free(NULL);
}

static void test_overflow_is_a_failure_not_a_small_block(void **state) {
    (void)state;
    assert_null(lac_array(SIZE_MAX / 2, 3));
    assert_null(lac_alloc(SIZE_MAX));
    assert_null(lac_alloc(SIZE_MAX - 64));
    assert_null(lac_zalloc(PTRDIFF_MAX));
    lac_arena *arena = lac_arena_new();
    assert_null(lac_arena_alloc(arena, SIZE_MAX));
    assert_null(lac_arena_alloc(arena, PTRDIFF_MAX));
    lac_arena_free(arena);
}

static void test_resize_keeps_contents(void **state) {
    (void)state;
    char *block = lac_resize(NULL, 10);
    memcpy(block, "123456789", 10);
    block = lac_resize(block, 100000);
    assert_string_equal(block, "123456789");
    assert_int_equal((uintptr_t)block % 64, 0);
    block = lac_resize(block, 5);
    assert_memory_equal(block, "12345", 5);
    lac_memory_fail_at(1);
    assert_null(lac_resize(block, 200));
    lac_memory_fail_at(0);
    assert_memory_equal(block, "12345", 5); /* still valid */
    lac_free(block);
}

static void test_only_the_nth_allocation_fails(void **state) {
    (void)state;
    lac_memory_fail_at(3);
    void *blocks[5];
    for (int i = 0; i < 5; i++)
        blocks[i] = lac_alloc(8);
    for (int i = 0; i < 5; i++)
        assert_int_equal(blocks[i] == NULL, i == 2);
    for (int i = 0; i < 5; i++)
        lac_free(blocks[i]);
    lac_memory_fail_at(1);
    lac_memory_fail_at(0);
    uint64_t before = lac_memory_count();
    void *block = lac_alloc(8);
    assert_non_null(block);
    assert_int_equal(lac_memory_count() - before, 1);
    lac_free(block);
}

static void test_format_and_copy(void **state) {
    (void)state;
    char *text = lac_format("%s-%d", "block", 12);
    char *copy = lac_copy_text(text);
    assert_string_equal(copy, "block-12");
    lac_free(text);
    lac_free(copy);
}

static void test_arena_blocks_do_not_overlap(void **state) {
    (void)state;
    enum { N = 2000 };
    static unsigned char *blocks[N];
    static size_t sizes[N];
    lac_arena *arena = lac_arena_new();
    for (size_t i = 0; i < N; i++) {
        sizes[i] = i % 100 == 7 ? 20000 + i : i % 67;
        blocks[i] = lac_arena_alloc(arena, sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(blocks[i][j], 0);
        memset(blocks[i], (int)(i % 251), sizes[i]);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(blocks[i][j], i % 251);
    assert_string_equal(lac_arena_text(arena, "text"), "text");
    assert_string_equal(lac_arena_format(arena, "%d%%", 5), "5%");
    lac_arena_free(arena);
    lac_arena_free(NULL);
}

static void test_arena_survives_a_failed_chunk(void **state) {
    (void)state;
    lac_memory_fail_at(1);
    assert_null(lac_arena_new());
    lac_arena *arena = lac_arena_new();
    lac_memory_fail_at(1);
    assert_null(lac_arena_alloc(arena, 10));
    assert_non_null(lac_arena_alloc(arena, 10));
    lac_memory_fail_at(1);
    assert_null(lac_arena_format(arena, "%30000s", ""));
    lac_memory_fail_at(0);
    assert_string_equal(lac_arena_text(arena, "fine"), "fine");
    lac_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_64_byte_aligned),
        cmocka_unit_test(test_overflow_is_a_failure_not_a_small_block),
        cmocka_unit_test(test_resize_keeps_contents),
        cmocka_unit_test(test_only_the_nth_allocation_fails),
        cmocka_unit_test(test_format_and_copy),
        cmocka_unit_test(test_arena_blocks_do_not_overlap),
        cmocka_unit_test(test_arena_survives_a_failed_chunk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
