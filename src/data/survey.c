/* data/survey.c - decodes a source's pictures and counts what is there: sizes, channels, broken ones.
 *
 * Not here: means (statistics.c), the contact sheet (sheet.c). */
#include "data/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/scan.h"

typedef struct finding {
    int width, height, channels; /* channels 0: broken */
    char *why;                   /* NULL when broken: no memory */
} finding;

static void visit(void *context, int64_t place, int64_t index, lac_picture *p, const lac_error *broken) {
    finding *f = &((finding *)context)[place];
    (void)index;
    if (broken)
        f->why = lac_copy_text(broken->text);
    else
        *f = (finding){p->full_width, p->full_height, p->channels, NULL};
}

static int by_value(const void *a, const void *b) {
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int median(int *values, size_t n) {
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

static lac_status measure(const finding *f, int64_t n, lac_survey *s, lac_error *err) {
    const int64_t n_read = s->n_grey + s->n_rgb;
    if (n_read == 0) return LAC_OK;
    int *widths = lac_array((size_t)n_read, sizeof *widths), *heights = lac_array((size_t)n_read, sizeof *heights);
    int64_t k = 0;
    for (int64_t i = 0; widths && heights && i < n; i++) {
        if (!f[i].channels) continue;
        widths[k] = f[i].width;
        heights[k++] = f[i].height;
    }
    const bool is_fine = widths && heights;
    if (is_fine) {
        s->median_width = median(widths, (size_t)n_read); /* sorts */
        s->median_height = median(heights, (size_t)n_read);
        s->min_width = widths[0];
        s->min_height = heights[0];
        s->max_width = widths[n_read - 1];
        s->max_height = heights[n_read - 1];
        for (int64_t i = 0; i < n; i++)
            if (f[i].channels && f[i].width == s->median_width && f[i].height == s->median_height) s->n_of_size++;
    }
    lac_free(widths);
    lac_free(heights);
    return is_fine ? LAC_OK : lac_no_memory(err, "looking at pictures");
}

/* Moves the texts of broken pictures from the findings to the survey. */
static lac_status count(finding *f, int64_t n, lac_survey *s, lac_error *err) {
    for (int64_t i = 0; i < n; i++) {
        s->n_grey += f[i].channels == 1;
        s->n_rgb += f[i].channels == 3;
        s->n_broken += f[i].channels == 0;
    }
    if (s->n_broken) {
        s->broken = lac_array((size_t)s->n_broken, sizeof *s->broken);
        if (!s->broken) return lac_no_memory(err, "looking at pictures");
    }
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++) {
        if (f[i].channels) continue;
        if (!f[i].why) return lac_no_memory(err, "looking at pictures");
        s->broken[k++] = f[i].why;
        f[i].why = NULL;
    }
    return measure(f, n, s, err);
}

lac_status lac_survey_take(const lac_source *source, int64_t limit, lac_survey *survey, lac_error *err) {
    const int64_t n = lac_scan_count(source, limit);
    *survey = (lac_survey){.n_looked = n};
    finding *f = lac_array((size_t)n, sizeof *f);
    if (!f) return lac_no_memory(err, "looking at pictures");
    /* min_side 1: the entropy-coded data are read in full, so damage shows, but transforms are small */
    lac_status status = lac_scan(source, n, 1, visit, f, err);
    if (status == LAC_OK) status = count(f, n, survey, err);
    for (int64_t i = 0; i < n; i++)
        lac_free(f[i].why);
    lac_free(f);
    if (status != LAC_OK) lac_survey_free(survey);
    return status;
}

void lac_survey_free(lac_survey *survey) {
    for (int64_t i = 0; survey->broken && i < survey->n_broken; i++)
        lac_free(survey->broken[i]);
    lac_free(survey->broken);
    *survey = (lac_survey){0};
}

void lac_survey_classes(const lac_source *source, int64_t *n) {
    for (int c = 0; c < lac_source_classes(source); c++)
        n[c] = 0;
    for (int64_t i = 0; i < lac_source_count(source); i++) {
        const int label = lac_source_label(source, i);
        if (label >= 0) n[label]++;
    }
}
