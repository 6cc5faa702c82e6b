/* base/arena.c - a list of chunks; each request is cut from the newest, or gets a chunk of its own if it is large. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { ALIGN = 16, HEAD = 64, CHUNK = 16 * 1024 };

typedef struct chunk {
    struct chunk *next;
    size_t used, room; /* bytes after the head */
} chunk;

struct lac_arena {
    chunk *first; /* the one that requests are cut from */
};

lac_arena *lac_arena_new(void) {
    return lac_zalloc(sizeof(lac_arena));
}

void lac_arena_free(lac_arena *arena) {
    if (!arena) return;
    for (chunk *c = arena->first, *next; c; c = next) {
        next = c->next;
        lac_free(c);
    }
    lac_free(arena);
}

void *lac_arena_alloc(lac_arena *arena, size_t bytes) {
    if (bytes > PTRDIFF_MAX - CHUNK) return NULL;
    bytes = bytes ? (bytes + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    chunk *c = arena->first;
    if (!c || c->room - c->used < bytes) {
        int is_large = bytes > CHUNK / 4;
        chunk *fresh = lac_alloc(HEAD + (is_large ? bytes : CHUNK));
        if (!fresh) return NULL;
        *fresh = (chunk){.room = is_large ? bytes : CHUNK};
        if (is_large && c) { /* behind the newest, which still has room */
            fresh->next = c->next;
            c->next = fresh;
        } else {
            fresh->next = c;
            arena->first = fresh;
        }
        c = fresh;
    }
    char *block = (char *)c + HEAD + c->used;
    c->used += bytes;
    return memset(block, 0, bytes);
}

char *lac_arena_text(lac_arena *arena, const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = lac_arena_alloc(arena, bytes);
    if (copy) memcpy(copy, text, bytes);
    return copy;
}

char *lac_arena_format(lac_arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char *text = NULL;
    int n = vsnprintf(NULL, 0, format, args);
    if (n >= 0) text = lac_arena_alloc(arena, (size_t)n + 1);
    if (text) vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
