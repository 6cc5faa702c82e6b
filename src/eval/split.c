/* eval/split.c - stratified choices by counters.
 *
 * Each use groups the rows by class, shuffles each class by its own counters and takes a prefix, so the choice in one
 * class does not depend on how many pictures another has, and N labels are a subset of N + 1 labels. */
#include "eval/split.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

typedef struct groups {
    int64_t *start; /* classes + 1 */
    uint32_t *row;  /* by class, shuffled */
} groups;

static void groups_free(groups *g) {
    lac_free(g->start);
    lac_free(g->row);
}

static lac_status groups_new(const int *label, int64_t n, int classes, uint64_t seed, uint64_t use, groups *g,
                             lac_error *err) {
    *g = (groups){0};
    if (classes < 1) return lac_usage(err, "a split needs labels, and there are none");
    if (n > UINT32_MAX) return lac_usage(err, "a split of %" PRId64 " pictures: at most %" PRIu32, n, UINT32_MAX);
    g->start = lac_array((size_t)classes + 1, sizeof *g->start);
    g->row = lac_array((size_t)n, sizeof *g->row);
    int64_t *at = lac_array((size_t)classes, sizeof *at);
    if (!g->start || !g->row || !at) {
        groups_free(g);
        *g = (groups){0};
        lac_free(at);
        return lac_no_memory(err, "a split");
    }
    for (int64_t i = 0; i < n; i++)
        if (label[i] >= 0 && label[i] < classes) g->start[label[i] + 1]++;
    for (int c = 0; c < classes; c++) {
        g->start[c + 1] += g->start[c];
        at[c] = g->start[c];
    }
    for (int64_t i = 0; i < n; i++)
        if (label[i] >= 0 && label[i] < classes) g->row[at[label[i]]++] = (uint32_t)i;
    for (int c = 0; c < classes; c++) {
        lac_random r = lac_random_at(seed, LAC_RANDOM_EVAL, use, (uint64_t)c, 0);
        lac_random_shuffle(&r, g->row + g->start[c], (size_t)(g->start[c + 1] - g->start[c]));
    }
    lac_free(at);
    return LAC_OK;
}

lac_status lac_split_share(const int *label, int64_t n, int classes, double share, uint64_t seed, uint8_t *is_chosen,
                           lac_error *err) {
    groups g;
    LAC_TRY(groups_new(label, n, classes, seed, LAC_EVAL_DRAW_SPLIT, &g, err));
    memset(is_chosen, 0, (size_t)n);
    for (int c = 0; c < classes; c++) {
        int64_t size = g.start[c + 1] - g.start[c];
        int64_t take = (int64_t)floor(share * (double)size + 0.5);
        if (take < 1) take = 1;
        if (take > size - 1) take = size - 1;
        for (int64_t i = 0; i < take; i++)
            is_chosen[g.row[g.start[c] + i]] = 1;
    }
    groups_free(&g);
    return LAC_OK;
}

lac_status lac_split_limit(const int *label, int64_t n, int classes, int64_t limit, uint64_t seed, uint8_t *is_chosen,
                           lac_error *err) {
    groups g;
    LAC_TRY(groups_new(label, n, classes, seed, LAC_EVAL_DRAW_LIMIT, &g, err));
    int64_t *take = lac_array((size_t)classes, sizeof *take);
    if (!take) {
        groups_free(&g);
        return lac_no_memory(err, "a split");
    }
    int64_t total = g.start[classes], given = 0;
    if (limit > total) limit = total;
    for (int c = 0; c < classes && total > 0; c++) {
        int64_t size = g.start[c + 1] - g.start[c];
        take[c] = (int64_t)((double)limit * (double)size / (double)total);
        given += take[c];
    }
    for (; given < limit; given++) { /* one more to the class that is furthest below its share */
        int best = -1;
        double most = -INFINITY;
        for (int c = 0; c < classes; c++) {
            int64_t size = g.start[c + 1] - g.start[c];
            double lacking = (double)limit * (double)size / (double)total - (double)take[c];
            if (take[c] < size && lacking > most) {
                most = lacking;
                best = c;
            }
        }
        take[best]++; /* there is one: given < limit <= total */
    }
    memset(is_chosen, 0, (size_t)n);
    for (int c = 0; c < classes; c++)
        for (int64_t i = 0; i < take[c]; i++)
            is_chosen[g.row[g.start[c] + i]] = 1;
    lac_free(take);
    groups_free(&g);
    return LAC_OK;
}

lac_status lac_split_per_class(const int *label, int64_t n, int classes, int64_t per_class, uint64_t seed,
                               int64_t *rows, int64_t *n_rows, lac_error *err) {
    groups g;
    LAC_TRY(groups_new(label, n, classes, seed, LAC_EVAL_DRAW_LABELS, &g, err));
    uint8_t *is_chosen = lac_zalloc((size_t)n);
    if (!is_chosen) {
        groups_free(&g);
        return lac_no_memory(err, "a split");
    }
    lac_status status = LAC_OK;
    for (int c = 0; c < classes && status == LAC_OK; c++) {
        int64_t size = g.start[c + 1] - g.start[c];
        if (size > 0 && size < per_class)
            status = lac_usage(err, "%" PRId64 " labels a class: class %d has only %" PRId64 " pictures to train on",
                               per_class, c, size);
        for (int64_t i = 0; i < per_class && i < size; i++)
            is_chosen[g.row[g.start[c] + i]] = 1;
    }
    *n_rows = 0;
    for (int64_t i = 0; i < n && status == LAC_OK; i++)
        if (is_chosen[i]) rows[(*n_rows)++] = i;
    lac_free(is_chosen);
    groups_free(&g);
    return status;
}
