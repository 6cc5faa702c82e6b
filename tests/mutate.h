/* tests/mutate.h - deterministic damage to a valid file, for fuzz-like tests of readers. */
#ifndef LAC_TESTS_MUTATE_H
#define LAC_TESTS_MUTATE_H

#include <stdint.h>
#include <string.h>

#include "base/random.h"

/* Damage number `n` of data[*bytes]; room is the buffer's size. Flips, cuts, repeats, inserts, and values that hurt in
 * the first 16 bytes, where lengths live. */
static inline void mutate(uint8_t *data, size_t *bytes, size_t room, uint64_t n) {
    static const uint8_t hurtful[] = {0, 1, 0x7F, 0x80, 0xFF, '{', '}', '[', ']', '"', '\\', ',', ':', '-', '9', '\n'};
    lac_random r = lac_random_at(n, LAC_RANDOM_TEST, 0, 0, 0);
    for (uint64_t i = 1 + lac_random_below(&r, 4); i > 0 && *bytes > 0; i--) {
        size_t at = (size_t)lac_random_below(&r, *bytes);
        uint8_t value = hurtful[lac_random_below(&r, sizeof hurtful)];
        switch (lac_random_below(&r, 7)) {
        case 0:
            data[at] ^= (uint8_t)(1u << lac_random_below(&r, 8));
            break;
        case 1:
            data[at] = value;
            break;
        case 2:
            data[lac_random_below(&r, *bytes < 16 ? *bytes : 16)] = value;
            break;
        case 3:
            *bytes = at;
            break;
        case 4: /* remove a byte */
            memmove(data + at, data + at + 1, *bytes - at - 1);
            --*bytes;
            break;
        case 5: /* insert one */
            if (*bytes == room) break;
            memmove(data + at + 1, data + at, *bytes - at);
            data[at] = value;
            ++*bytes;
            break;
        default: { /* repeat a stretch */
            size_t n_more = (size_t)lac_random_below(&r, 32) + 1;
            if (n_more > *bytes - at) n_more = *bytes - at;
            if (n_more > room - *bytes) break;
            memmove(data + at + n_more, data + at, *bytes - at);
            *bytes += n_more;
        }
        }
    }
}

#endif
