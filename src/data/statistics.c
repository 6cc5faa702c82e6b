/* data/statistics.c - mean and standard deviation of a source's channels, on [0, 1] values.
 *
 * Every picture counts the same whatever its size; sums within a picture are exact, and those over pictures are added
 * in source order, so the result does not depend on threads. Broken pictures are left out. */
#include <math.h>

#include "base/memory.h"
#include "data/loader.h"
#include "data/scan.h"

typedef struct sums {
    double mean[3], square[3]; /* of one picture */
    bool is_read;
} sums;

typedef struct statistics {
    int channels;
    sums *of; /* one a picture */
} statistics;

static void visit(void *context, int64_t place, int64_t index, lac_picture *p, const lac_error *broken) {
    statistics *s = context;
    sums *out = &s->of[place];
    (void)index;
    if (broken) return;
    if (s->channels == 1 && lac_picture_convert(p, 1, NULL) != LAC_OK) return;
    const size_t n = (size_t)p->width * (size_t)p->height, step = (size_t)p->channels;
    for (int c = 0; c < s->channels; c++) {
        const uint8_t *at = p->pixels + (step == 1 ? 0 : c);
        uint64_t sum = 0, square = 0;
        for (size_t i = 0; i < n; i++) {
            const uint32_t v = at[i * step];
            sum += v;
            square += v * v;
        }
        out->mean[c] = (double)sum / (255.0 * (double)n);
        out->square[c] = (double)square / (255.0 * 255.0 * (double)n);
    }
    out->is_read = true;
}

lac_status lac_source_statistics(const lac_source *source, int channels, int64_t limit, float mean[3], float std[3],
                                 lac_error *err) {
    const int64_t n = lac_scan_count(source, limit);
    if (channels != 1 && channels != 3) return lac_usage(err, "statistics of %d channels", channels);
    statistics s = {channels, lac_array((size_t)n, sizeof(sums))};
    if (!s.of) return lac_no_memory(err, "statistics");
    lac_status status = lac_scan(source, n, 0, visit, &s, err);
    double m[3] = {0, 0, 0}, q[3] = {0, 0, 0};
    int64_t n_read = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!s.of[i].is_read) continue;
        n_read++;
        for (int c = 0; c < channels; c++) {
            m[c] += s.of[i].mean[c];
            q[c] += s.of[i].square[c];
        }
    }
    lac_free(s.of);
    LAC_TRY(status);
    if (n_read == 0) return lac_fail(err, "%s: no readable picture", lac_source_spec(source));
    for (int c = 0; c < 3; c++) {
        const int from = channels == 1 ? 0 : c;
        const double average = m[from] / (double)n_read, variance = q[from] / (double)n_read - average * average;
        mean[c] = (float)average;
        std[c] = (float)sqrt(variance > 0 ? variance : 0);
    }
    return LAC_OK;
}
