/* atlas/match.c - words squeezed to lower-case letters and digits, and compared. */
#include "atlas/match.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"

enum { MOST_SQUEEZED = 256, MOST_KNOWN = 512 };

static bool is_letter(char c) { /* bytes of UTF-8 letters count as letters */
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static const struct {
    const char *word, *letter;
} sizes[] = {{"tiny", "t"}, {"small", "s"}, {"base", "b"}, {"large", "l"}, {"huge", "h"}, {"giant", "g"}};

/* Words of `text` one after the other without what is between; starts[i] is where word i begins, starts[n] the end.
 * Returns n; 0 where there is no word or no room. */
static size_t squeeze(const char *text, bool short_sizes, char out[MOST_SQUEEZED], size_t starts[MOST_SQUEEZED + 1]) {
    size_t n = 0, used = 0;
    while (*text) {
        if (!is_letter(*text)) {
            text++;
            continue;
        }
        size_t begin = used;
        for (; is_letter(*text); text++) {
            if (used + 2 >= MOST_SQUEEZED) return 0;
            out[used++] = (char)tolower((unsigned char)*text);
        }
        for (size_t i = 0; short_sizes && i < sizeof sizes / sizeof *sizes; i++)
            if (strlen(sizes[i].word) == used - begin && memcmp(out + begin, sizes[i].word, used - begin) == 0) {
                out[begin] = *sizes[i].letter;
                used = begin + 1;
            }
        starts[n++] = begin;
    }
    starts[n] = used;
    out[used] = 0;
    return n;
}

bool lac_match_same(const char *a, const char *b) {
    char squeezed[2][MOST_SQUEEZED];
    size_t starts[MOST_SQUEEZED + 1];
    if (!squeeze(a, false, squeezed[0], starts) || !squeeze(b, false, squeezed[1], starts)) return strcmp(a, b) == 0;
    return strcmp(squeezed[0], squeezed[1]) == 0;
}

bool lac_match_within(const char *asked, const char *value) {
    char a[MOST_SQUEEZED], v[MOST_SQUEEZED];
    size_t starts[MOST_SQUEEZED + 1];
    if (!squeeze(asked, true, a, starts)) return false;
    size_t length = strlen(a), n = squeeze(value, true, v, starts);
    for (size_t i = 0; i < n; i++) {
        if (strncmp(v + starts[i], a, length) != 0) continue;
        for (size_t j = i + 1; j <= n; j++)
            if (starts[j] - starts[i] == length) return true;
    }
    return false;
}

/* Known words, squeezed whole and word by word: "atention" is near the first of "attention-guided". */
typedef struct dictionary {
    size_t n;
    const char *words[MOST_KNOWN];
    int owner[MOST_KNOWN]; /* row of the known word */
} dictionary;

static bool add_part(dictionary *d, lac_arena *arena, const char *text, size_t length, int owner) {
    if (d->n == MOST_KNOWN || length < 3) return true;
    d->owner[d->n] = owner;
    d->words[d->n] = lac_arena_format(arena, "%.*s", (int)length, text);
    return d->words[d->n++] != NULL;
}

static bool make_dictionary(dictionary *d, lac_arena *arena, const lac_answer *known, bool by_part) {
    char v[MOST_SQUEEZED];
    size_t starts[MOST_SQUEEZED + 1];
    d->n = 0;
    for (size_t r = 0; r < known->n_rows; r++) {
        size_t n = squeeze(known->rows[r][0].text, false, v, starts);
        if (!by_part && n && !add_part(d, arena, v, starts[n], (int)r)) return false;
        for (size_t i = 0; by_part && i < n; i++)
            if (!add_part(d, arena, v + starts[i], starts[i + 1] - starts[i], (int)r)) return false;
    }
    return true;
}

/* Row of the nearest known word: by edit distance, else one that holds what was asked, else one of whose parts is near.
 */
static int nearest(lac_arena *arena, const lac_answer *known, const char *asked) {
    static const int none = -1;
    dictionary *d = lac_arena_alloc(arena, sizeof *d);
    char a[MOST_SQUEEZED];
    size_t starts[MOST_SQUEEZED + 1];
    if (!d || !squeeze(asked, false, a, starts) || !make_dictionary(d, arena, known, false)) return none;
    int found = lac_nearest_word(a, d->words, d->n);
    for (size_t i = 0; i < d->n && found < 0 && strlen(a) > 2; i++)
        if (strstr(d->words[i], a)) found = (int)i;
    if (found >= 0) return d->owner[found];
    if (!make_dictionary(d, arena, known, true)) return none;
    found = lac_nearest_word(a, d->words, d->n);
    return found >= 0 ? d->owner[found] : none;
}

lac_status lac_match_refuse(const lac_answer *known, const char *what, const char *asked, lac_error *err) {
    lac_arena *arena = lac_arena_new();
    if (!arena) return lac_no_memory(err, "words");
    int near = nearest(arena, known, asked);
    lac_arena_free(arena);
    if (near >= 0) return lac_usage(err, "%s: unknown '%.100s'; nearest: '%s'", what, asked, known->rows[near][0].text);
    lac_text list = {0};
    lac_text_put(&list, "", 0);
    size_t n = 0;
    for (; n < known->n_rows && list.bytes < 600; n++)
        lac_text_add(&list, "%s%s", n ? ", " : "", known->rows[n][0].text);
    if (n < known->n_rows) lac_text_add(&list, ", and %zu more", known->n_rows - n);
    lac_status status = list.failed ? lac_no_memory(err, "words")
                                    : lac_usage(err, "%s: unknown '%.100s'; known: %s", what, asked, list.data);
    lac_text_free(&list);
    return status;
}

lac_status lac_match_known(const lac_answer *known, const char *what, const char *asked, size_t *row, lac_error *err) {
    for (size_t i = 0; i < known->n_rows; i++)
        if (lac_match_same(known->rows[i][0].text, asked)) {
            *row = i;
            return LAC_OK;
        }
    return lac_match_refuse(known, what, asked, err);
}
