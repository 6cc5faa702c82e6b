/* data/source_subset.c - some of a source's pictures as a source of their own, for whoever trains on a part. */
#include "base/memory.h"
#include "base/text.h"
#include "data/source_private.h"

lac_status lac_source_subset(const lac_source *source, const uint8_t *is_wanted, lac_source **subset, lac_error *err) {
    *subset = NULL;
    int64_t n = 0;
    for (int64_t i = 0; i < source->count; i++)
        n += is_wanted[i] != 0;
    if (n == 0) return lac_usage(err, "%s: no picture of it is left", source->spec);
    lac_source *s = lac_zalloc(sizeof *s);
    if (!s) return lac_no_memory(err, "a part of a source");
    *s = (lac_source){.spec = lac_copy_text(source->spec),
                      .count = n,
                      .parent = source->parent ? source->parent : source,
                      .chosen = lac_array((size_t)n, sizeof *s->chosen)};
    if (!s->spec || !s->chosen) {
        lac_source_free(s);
        return lac_no_memory(err, "a part of a source");
    }
    for (int64_t i = 0, k = 0; i < source->count; i++)
        if (is_wanted[i]) s->chosen[k++] = source->parent ? source->chosen[i] : i;
    s->fingerprint = lac_hash(s->chosen, (size_t)n * sizeof *s->chosen, s->parent->fingerprint);
    *subset = s;
    return LAC_OK;
}
