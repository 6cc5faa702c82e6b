/* train/log.c - writing and rewinding log.jsonl (log.h). Not here: what is measured (trainer.c, collapse.c). */
#include "train/log.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { LINE_BYTES = 4096, MOST_BYTES = 1 << 30 };

typedef struct line {
    size_t n;
    char text[LINE_BYTES];
} line;

static void add(line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(line *l, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int n = vsnprintf(l->text + l->n, LINE_BYTES - l->n, format, list);
    va_end(list);
    l->n += n > 0 && (size_t)n < LINE_BYTES - l->n ? (size_t)n : 0;
}

static void add_number(line *l, const char *key, double value, int digits) {
    if (isfinite(value))
        add(l, ", \"%s\": %.*g", key, digits, value);
    else
        add(l, ", \"%s\": null", key);
}

lac_status lac_log_add(const char *path, const lac_log_entry *e, lac_error *err) {
    line l = {0};
    add(&l, "{\"step\": %" PRId64, e->step);
    add_number(&l, "epoch", e->epoch, 9);
    add_number(&l, "loss", e->loss, 9);
    add_number(&l, "lr", e->lr, 9);
    add_number(&l, "grad_norm", e->grad_norm, 9);
    add_number(&l, "images_per_s", e->images_per_s, 6);
    add_number(&l, "wait_s", e->wait_s, 6);
    add_number(&l, "feature_std", e->features.feature_std, 9);
    add_number(&l, "effective_rank", e->features.effective_rank, 9);
    add_number(&l, "mean_cosine", e->features.mean_cosine, 9);
    add_number(&l, "seconds", e->seconds, 6);
    if (e->n_terms > 1) {
        add(&l, ", \"terms\": {");
        for (int i = 0; i < e->n_terms; i++)
            add(&l, "%s\"%s\": %.9g", i ? ", " : "", e->term_name[i], e->term[i]);
        add(&l, "}");
    }
    if (e->n_figures > 0) {
        add(&l, ", \"figures\": {");
        for (int i = 0; i < e->n_figures; i++)
            add(&l, "%s\"%s\": %.9g", i ? ", " : "", e->figure_name[i], e->figure[i]);
        add(&l, "}");
    }
    add(&l, "}\n");
    return lac_file_append(path, l.text, err);
}

/* The number after "key": in a line that lac_log_add wrote. */
static bool number_of(const char *text, const char *key, double *value) {
    const char *at = strstr(text, key);
    if (!at) return false;
    char *end = NULL;
    *value = strtod(at + strlen(key), &end);
    return end != at + strlen(key);
}

lac_status lac_log_rewind(const char *path, int64_t step, lac_alarm *alarm, int64_t width, lac_error *err) {
    if (!lac_file_exists(path)) return LAC_OK;
    char *data;
    size_t bytes;
    LAC_TRY(lac_file_read(path, MOST_BYTES, &data, &bytes, err));
    size_t kept = 0;
    while (kept < bytes) {
        char *start = data + kept, *end = memchr(start, '\n', bytes - kept);
        if (!end) break;
        *end = 0;
        double at, feature_std, rank = NAN;
        if (strncmp(start, "{\"step\": ", 9) != 0 || !number_of(start, "\"step\": ", &at) || at > (double)step) break;
        number_of(start, "\"effective_rank\": ", &rank);
        if (number_of(start, "\"feature_std\": ", &feature_std)) lac_alarm_see(alarm, feature_std, rank, width);
        kept = (size_t)(end - data) + 1;
    }
    lac_free(data);
    return kept < bytes ? lac_file_truncate(path, kept, err) : LAC_OK;
}
