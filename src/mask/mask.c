/* mask/mask.c - the table of masks, and turning hidden flags into the indices that an index-form method runs on. */
#include "mask/mask.h"

#include <assert.h>
#include <string.h>

#include "mask/slots.h"

static const lac_mask_slot *const slots[] = {
    &lac_mask_random,     &lac_mask_block_units, &lac_mask_blockwise,       &lac_mask_blockwise_exact,
    &lac_mask_ibot_block, &lac_mask_attention,   &lac_mask_attention_exact, &lac_mask_frequency,
    &lac_mask_multiblock, &lac_mask_none};

int lac_mask_count(void) {
    return (int)(sizeof slots / sizeof *slots);
}

const lac_mask_slot *lac_mask_at(int index) {
    return slots[index];
}

const lac_mask_slot *lac_mask_find(const char *name) {
    for (int i = 0; i < lac_mask_count(); i++)
        if (strcmp(slots[i]->slot.name, name) == 0) return slots[i];
    return NULL;
}

/* Bits that order as the floats do; -0 equals 0. */
static uint32_t ordered_bits(float x) {
    x += 0.0f;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static void sift_down(uint64_t *heap, int64_t root, int64_t n) {
    uint64_t value = heap[root];
    for (;;) {
        int64_t child = 2 * root + 1;
        if (child >= n) break;
        if (child + 1 < n && heap[child + 1] > heap[child]) child++;
        if (heap[child] <= value) break;
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = value;
}

/* A heapsort of (noise, index) packed in one number: no two are equal, so it is stable, and it takes no memory. */
void lac_mask_argsort(const float *noise, int64_t n, uint64_t *scratch, int32_t *order) {
    for (int64_t i = 0; i < n; i++)
        scratch[i] = (uint64_t)ordered_bits(noise[i]) << 32 | (uint64_t)i;
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sift_down(scratch, i, n);
    for (int64_t end = n - 1; end > 0; end--) {
        uint64_t largest = scratch[0];
        scratch[0] = scratch[end];
        scratch[end] = largest;
        sift_down(scratch, 0, end);
    }
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)(scratch[i] & 0xFFFFFFFFu);
}

void lac_mask_indices(const unsigned char *is_hidden, int64_t n, int32_t *keep, int32_t *restore) {
    int32_t n_visible = 0, n_hidden = 0;
    for (int64_t i = 0; i < n; i++)
        if (!is_hidden[i]) {
            keep[n_visible] = (int32_t)i;
            restore[i] = n_visible++;
        }
    for (int64_t i = 0; i < n; i++)
        if (is_hidden[i]) restore[i] = n_visible + n_hidden++;
}
