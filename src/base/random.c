/* base/random.c - Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) and what is
 * drawn from it. Every function here is part of mapping version 1: how many draws it takes may not change. */
#include "base/random.h"

#include <math.h>

#define TWO_PI 6.283185307179586476925286766559

void lac_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* Weyl constants of the paper: golden ratio and sqrt(3) - 1 */
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

lac_random lac_random_at(uint64_t seed, lac_purpose purpose, uint64_t epoch, uint64_t sample, uint32_t view) {
    return (lac_random){
        .key = {(uint32_t)seed ^ (uint32_t)purpose * 0x9E3779B9u, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)sample, (uint32_t)epoch, (view & 0xFFu) | (uint32_t)(sample >> 32) << 8},
    };
}

uint32_t lac_random_u32(lac_random *r) {
    if (r->draw % 4 == 0) {
        r->counter[0] = r->draw / 4;
        lac_philox(r->counter, r->key, r->block);
    }
    return r->block[r->draw++ % 4];
}

double lac_random_uniform(lac_random *r) {
    uint64_t high = lac_random_u32(r) >> 5; /* 27 bits, then 26 */
    uint64_t low = lac_random_u32(r) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

float lac_random_uniform_f32(lac_random *r) {
    return (float)(lac_random_u32(r) >> 8) * 0x1p-24f;
}

double lac_random_normal(lac_random *r) {
    double u = 1.0 - lac_random_uniform(r); /* (0, 1]: the logarithm is finite */
    double v = lac_random_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(TWO_PI * v);
}

/* Up to 2^32, one draw at a time by Lemire's multiplication (arXiv 1805.10941); above, two draws by rejection. */
uint64_t lac_random_below(lac_random *r, uint64_t n) {
    if (n <= (uint64_t)1 << 32) {
        uint64_t product = lac_random_u32(r) * n;
        if ((uint32_t)product < n) {
            uint32_t threshold = (uint32_t)(((uint64_t)1 << 32) % n);
            while ((uint32_t)product < threshold)
                product = lac_random_u32(r) * n;
        }
        return product >> 32;
    }
    uint64_t threshold = (0 - n) % n; /* 2^64 mod n */
    for (;;) {
        uint64_t high = lac_random_u32(r);
        uint64_t x = high << 32 | lac_random_u32(r);
        if (x >= threshold) return x % n;
    }
}

void lac_random_shuffle(lac_random *r, uint32_t *items, size_t n) {
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)lac_random_below(r, i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
