/* base/random.h - counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011).
 *
 * A number is a pure function of (seed, purpose) as key and (epoch, sample, view, draw) as counter, so nothing depends
 * on thread count or on where a run was resumed. The mapping is version 1; it is saved in a run and may not change
 * under that number.
 *
 *   key[0] = low 32 bits of seed XOR purpose * 0x9E3779B9,  key[1] = high 32 bits of seed
 *   ctr[0] = draw / 4, ctr[1] = sample low 32, ctr[2] = epoch low 32, ctr[3] = view (8 bits) | sample high << 8
 *
 * Draw d is word d % 4 of that block. */
#ifndef LAC_BASE_RANDOM_H
#define LAC_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { LAC_RANDOM_VERSION = 1 };

typedef enum lac_purpose {
    LAC_RANDOM_INIT = 1,  /* sample = hash of the tensor's name */
    LAC_RANDOM_ORDER = 2, /* the shuffle of an epoch */
    LAC_RANDOM_CROP = 3,
    LAC_RANDOM_FLIP = 4,
    LAC_RANDOM_MASK = 5,
    LAC_RANDOM_DROP_PATH = 6, /* epoch = step, sample = element of the step + view << 40, view = layer */
    LAC_RANDOM_EVAL = 7,      /* splits and label choices */
    LAC_RANDOM_TEST = 8,
    LAC_RANDOM_COLOUR = 9,
    LAC_RANDOM_GUMBEL = 10, /* soft choices of codes */
    LAC_RANDOM_CODES = 11,  /* where unused codes are put; epoch = step */
    LAC_RANDOM_SHIFT = 12   /* of windows in a crop */
} lac_purpose;

typedef struct lac_random {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    uint32_t draw; /* draws taken so far */
} lac_random;

lac_random lac_random_at(uint64_t seed, lac_purpose purpose, uint64_t epoch, uint64_t sample, uint32_t view);
uint32_t lac_random_u32(lac_random *r);
double lac_random_uniform(lac_random *r);                          /* [0, 1), 53 bits, two draws */
float lac_random_uniform_f32(lac_random *r);                       /* [0, 1), 24 bits, one draw */
double lac_random_normal(lac_random *r);                           /* Box-Muller, cosine half only: four draws */
uint64_t lac_random_below(lac_random *r, uint64_t n);              /* [0, n), unbiased by rejection; n >= 1 */
void lac_random_shuffle(lac_random *r, uint32_t *items, size_t n); /* Fisher-Yates */
void lac_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
