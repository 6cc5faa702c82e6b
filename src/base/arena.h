/* base/arena.h - a bump allocator for things that die together (recipes, graphs, parsed files). */
#ifndef LAC_BASE_ARENA_H
#define LAC_BASE_ARENA_H

#include <stddef.h>

typedef struct lac_arena lac_arena;

lac_arena *lac_arena_new(void);                           /* NULL on failure */
void lac_arena_free(lac_arena *arena);                    /* NULL is fine */
void *lac_arena_alloc(lac_arena *arena, size_t bytes);    /* zeroed, 16-byte aligned; NULL on failure */
char *lac_arena_text(lac_arena *arena, const char *text); /* copy */
char *lac_arena_format(lac_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
