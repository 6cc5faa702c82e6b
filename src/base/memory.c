/* base/memory.c - the one allocator, with its fault injection.
 *
 * A 64-byte prefix holds the block's room, so that lac_resize knows what to copy (realloc would lose the alignment). */
#include "base/memory.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 64 };

static atomic_uint_fast64_t n_calls;
static atomic_uint_fast64_t failing_call; /* number of the call that fails; 0: none */

static size_t *room_of(void *block) {
    return (size_t *)(void *)((char *)block - PREFIX);
}

void *lac_alloc(size_t bytes) {
    uint64_t call = atomic_fetch_add_explicit(&n_calls, 1, memory_order_relaxed) + 1;
    if (call == atomic_load_explicit(&failing_call, memory_order_relaxed)) return NULL;
    if (bytes > PTRDIFF_MAX - 2 * PREFIX) return NULL;
    size_t room = bytes ? (bytes + PREFIX - 1) / PREFIX * PREFIX : PREFIX;
    char *base = aligned_alloc(PREFIX, PREFIX + room);
    if (!base) return NULL;
    *(size_t *)(void *)base = bytes;
    return base + PREFIX;
}

void *lac_zalloc(size_t bytes) {
    void *block = lac_alloc(bytes);
    if (block) memset(block, 0, bytes);
    return block;
}

void *lac_array(size_t count, size_t item) {
    size_t bytes;
    if (__builtin_mul_overflow(count, item, &bytes)) return NULL;
    return lac_zalloc(bytes);
}

void *lac_resize(void *block, size_t bytes) {
    void *moved = lac_alloc(bytes);
    if (!moved || !block) return moved;
    size_t kept = *room_of(block);
    memcpy(moved, block, kept < bytes ? kept : bytes);
    lac_free(block);
    return moved;
}

void lac_free(void *block) {
    if (block) free((char *)block - PREFIX);
}

char *lac_copy_text(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = lac_alloc(bytes);
    if (copy) memcpy(copy, text, bytes);
    return copy;
}

char *lac_format(const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char *text = NULL;
    int n = vsnprintf(NULL, 0, format, args);
    if (n >= 0) text = lac_alloc((size_t)n + 1);
    if (text) vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void lac_memory_fail_at(uint64_t n) {
    atomic_store(&failing_call, n ? atomic_load(&n_calls) + n : 0);
}

uint64_t lac_memory_count(void) {
    return atomic_load(&n_calls);
}
