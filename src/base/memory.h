/* base/memory.h - the one allocator. Every block is 64-byte aligned; every call can fail and is checked.
 *
 * A test makes the n-th allocation fail with lac_memory_fail_at. Not here: arenas (arena.h). */
#ifndef LAC_BASE_MEMORY_H
#define LAC_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *lac_alloc(size_t bytes);               /* NULL on failure; bytes == 0 gives a valid block */
void *lac_zalloc(size_t bytes);              /* zeroed */
void *lac_array(size_t count, size_t item);  /* zeroed; NULL on overflow */
void *lac_resize(void *block, size_t bytes); /* contents kept up to the smaller size; on failure block stays valid */
void lac_free(void *block);                  /* NULL is fine */
char *lac_copy_text(const char *text);       /* lac_alloc'ed copy */
char *lac_format(const char *format, ...) __attribute__((format(printf, 1, 2))); /* lac_alloc'ed; NULL on failure */

/* Fault injection: the n-th allocation from now on (1-based), and only that one, fails. 0 turns it off. */
void lac_memory_fail_at(uint64_t n);
/* Calls of lac_alloc and kin since the program started. */
uint64_t lac_memory_count(void);

#endif
