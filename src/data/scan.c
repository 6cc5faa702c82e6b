/* data/scan.c - decodes pictures spread evenly over a source, on all usable threads. */
#include "data/scan.h"

#include "base/memory.h"
#include "base/threads.h"

enum { BLOCK = 16 /* pictures a task */ };

typedef struct scan {
    const lac_source *source;
    int64_t n;
    int min_side;
    lac_scan_visit visit;
    void *context;
    lac_picture *pictures; /* one a worker */
    lac_error *errors;
} scan;

int64_t lac_scan_count(const lac_source *source, int64_t limit) {
    const int64_t count = lac_source_count(source);
    return limit > 0 && limit < count ? limit : count;
}

int64_t lac_scan_index(const lac_source *source, int64_t n, int64_t place) {
    return place * lac_source_count(source) / n; /* both below 2^32 */
}

static void task(void *context, size_t number, int worker) {
    scan *s = context;
    lac_picture *p = &s->pictures[worker];
    lac_error *err = &s->errors[worker];
    for (int64_t i = (int64_t)number * BLOCK; i < (int64_t)(number + 1) * BLOCK && i < s->n; i++) {
        const int64_t index = lac_scan_index(s->source, s->n, i);
        const bool is_broken = lac_source_read(s->source, index, s->min_side, p, err) != LAC_OK;
        s->visit(s->context, i, index, p, is_broken ? err : NULL);
    }
}

lac_status lac_scan(const lac_source *source, int64_t n, int min_side, lac_scan_visit visit, void *context,
                    lac_error *err) {
    lac_pool *pool = NULL;
    if (n > BLOCK) LAC_TRY(lac_pool_new(0, &pool, err));
    const size_t workers = (size_t)lac_pool_size(pool);
    scan s = {source, n, min_side, visit, context, NULL, NULL};
    s.pictures = lac_array(workers, sizeof *s.pictures);
    s.errors = lac_array(workers, sizeof *s.errors);
    lac_status status = s.pictures && s.errors ? LAC_OK : lac_no_memory(err, "looking at pictures");
    if (status == LAC_OK) lac_parallel(pool, (size_t)((n + BLOCK - 1) / BLOCK), task, &s);
    for (size_t i = 0; s.pictures && i < workers; i++)
        lac_picture_free(&s.pictures[i]);
    lac_free(s.pictures);
    lac_free(s.errors);
    lac_pool_free(pool);
    return status;
}
