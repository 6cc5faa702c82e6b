/* eval/features.c - wanted pictures are packed into the encoder's fixed batch; a last, short batch is filled up with
 * whatever the input holds, and those rows are left out. */
#include "eval/features.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"

enum {
    STANDARD_BATCH = 64,
    TOKENS_AT_ONCE = 2048, /* of a run of the encoder: enough for its products, and few enough to stay in the cache */
    MAX_RAW_VALUES = 12288,
    KEPT_MAX = 192 << 20 /* bytes of packed weights */
};

struct lac_extractor {
    lac_extractor_options o;
    lac_pool *pool;
    lac_method_sizes sizes;
    int64_t batch, values, picture_values, n_all, n_done;
    lac_loader *loader;
    lac_program *program; /* NULL if raw */
    const lac_batch *in;  /* what the loader gave last, and how much of it is used */
    int64_t in_used;
    bool is_over;
    float *pictures; /* batch x C x H x W; the program's input when there is one */
    bool owns_pictures;
    const float *tokens; /* batch x T x D */
    int64_t n_tokens, width;
    float *pooled; /* batch x values */
    int64_t *sample;
    int *label;
};

static const char *const pooling_names[] = {"mean", "cls", "patch"};

const char *lac_pooling_name(lac_pooling pooling) {
    return pooling_names[pooling];
}

bool lac_pooling_parse(const char *text, lac_pooling *pooling) {
    for (int i = 0; i < 3; i++)
        if (strcmp(text, pooling_names[i]) == 0) {
            *pooling = (lac_pooling)i;
            return true;
        }
    return false;
}

static lac_status open_program(lac_extractor *e, lac_method *method, const lac_backend *backend, lac_error *err) {
    const lac_method_sizes *s = &e->sizes;
    if (e->o.layer < 0 || e->o.layer > s->depth)
        return lac_usage(err, "layer %d: expected 1 to %" PRId64 ", or 0 for the last after its norm", e->o.layer,
                         s->depth);
    if (e->o.pooling == LAC_POOLING_CLS && s->n_prefix < 1)
        return lac_usage(err, "this encoder has no class token: pool its patches by mean instead");
    LAC_TRY(lac_encoder_program(method, backend, e->pool, e->batch, e->o.layer, &e->program, err));
    lac_view input, output;
    LAC_TRY(lac_program_input(e->program, "view/0", &input, err));
    LAC_TRY(lac_program_output(e->program, "features", &output, err));
    if (lac_view_size(&input) != e->batch * e->picture_values || output.rank != 3)
        return lac_fail(err, "the encoder's input or output has another shape than expected");
    e->pictures = input.data;
    memset(e->pictures, 0, (size_t)(e->batch * e->picture_values) * sizeof(float));
    LAC_TRY(lac_program_keep(e->program, KEPT_MAX, err));
    e->tokens = output.data;
    e->n_tokens = output.dim[1];
    e->width = output.dim[2];
    e->values = e->width * (e->o.pooling == LAC_POOLING_PATCH ? e->n_tokens - s->n_prefix : 1);
    e->pooled = lac_array((size_t)(e->batch * e->values), sizeof(float));
    return e->pooled ? LAC_OK : lac_no_memory(err, "features");
}

static lac_status open_all(lac_extractor *e, lac_method *method, const lac_backend *backend, const lac_source *source,
                           lac_error *err) {
    lac_augment augment = lac_method_augment(method);
    augment = e->o.is_cropped ? lac_augment_one_view(&augment) : lac_augment_for_eval(&augment);
    e->picture_values = (int64_t)augment.channels * augment.height * augment.width;
    if (e->o.is_raw) {
        e->pictures = lac_array((size_t)(e->batch * e->picture_values), sizeof(float));
        e->owns_pictures = true;
    } else {
        LAC_TRY(open_program(e, method, backend, err));
    }
    e->sample = lac_array((size_t)e->batch, sizeof *e->sample);
    e->label = lac_array((size_t)e->batch, sizeof *e->label);
    if (!e->pictures || !e->sample || !e->label) return lac_no_memory(err, "features");
    e->n_all = lac_source_count(source);
    if (e->o.is_wanted) {
        int64_t n = 0;
        for (int64_t i = 0; i < e->n_all; i++)
            n += e->o.is_wanted[i] != 0;
        e->n_all = n;
    }
    lac_loader_options o = {.batch = e->batch, .seed = e->o.seed, .is_ordered = true, .context = e->o.context};
    o.n_threads = e->o.n_loaders > 0 ? e->o.n_loaders : 1;
    o.on_broken = e->o.on_broken;
    return lac_loader_new(source, &augment, &o, &e->loader, err);
}

lac_status lac_extractor_new(lac_method *method, const lac_backend *backend, lac_pool *pool, const lac_source *source,
                             const lac_extractor_options *options, lac_extractor **extractor, lac_error *err) {
    *extractor = NULL;
    lac_extractor *e = lac_zalloc(sizeof *e);
    if (!e) return lac_no_memory(err, "features");
    e->o = *options;
    e->pool = pool;
    e->sizes = lac_method_describe(method);
    e->batch = options->batch > 0 ? options->batch : STANDARD_BATCH;
    if (e->batch > lac_source_count(source)) e->batch = lac_source_count(source) > 0 ? lac_source_count(source) : 1;
    if (!e->o.is_raw) {
        int64_t tokens = e->sizes.n_prefix + e->sizes.n_patches, most = (TOKENS_AT_ONCE + tokens / 2) / tokens;
        if (e->batch > most) e->batch = most > 0 ? most : 1;
    }
    lac_status status = open_all(e, method, backend, source, err);
    if (status != LAC_OK) {
        lac_extractor_free(e);
        return status;
    }
    *extractor = e;
    return LAC_OK;
}

void lac_extractor_free(lac_extractor *e) {
    if (!e) return;
    lac_loader_free(e->loader);
    lac_program_free(e->program);
    if (e->owns_pictures) lac_free(e->pictures);
    lac_free(e->pooled);
    lac_free(e->sample);
    lac_free(e->label);
    lac_free(e);
}

int64_t lac_extractor_values(const lac_extractor *e) {
    return e->values;
}

int64_t lac_extractor_picture_values(const lac_extractor *e) {
    return e->picture_values;
}

/* tokens: T x D of one picture, the patch tokens last -> out: values */
static void pool_picture(void *context, size_t task, int worker) {
    (void)worker;
    lac_extractor *e = context;
    const int64_t first = e->sizes.n_prefix, d = e->width;
    const float *tokens = e->tokens + (int64_t)task * e->n_tokens * d;
    float *out = e->pooled + (int64_t)task * e->values;
    if (e->o.pooling == LAC_POOLING_CLS) {
        memcpy(out, tokens, (size_t)d * sizeof *out);
    } else if (e->o.pooling == LAC_POOLING_PATCH) {
        memcpy(out, tokens + first * d, (size_t)e->values * sizeof *out);
    } else {
        for (int64_t c = 0; c < d; c++)
            out[c] = 0;
        for (int64_t t = first; t < e->n_tokens; t++)
            for (int64_t c = 0; c < d; c++)
                out[c] += tokens[t * d + c];
        const float share = 1 / (float)(e->n_tokens - first);
        for (int64_t c = 0; c < d; c++)
            out[c] *= share;
    }
}

lac_status lac_extractor_next(lac_extractor *e, lac_feature_rows *rows, lac_error *err) {
    *rows = (lac_feature_rows){.pictures = e->pictures, .sample = e->sample, .label = e->label};
    int64_t n = 0;
    while (n < e->batch && !e->is_over && e->n_done + n < e->n_all) {
        if (!e->in || e->in_used == e->in->n) {
            e->in_used = 0;
            LAC_TRY(lac_loader_next(e->loader, &e->in, err));
            e->is_over = !e->in;
            continue;
        }
        int64_t from = e->in_used++;
        if (e->o.is_wanted && !e->o.is_wanted[e->in->sample[from]]) continue;
        memcpy(e->pictures + n * e->picture_values, e->in->pictures + from * e->picture_values,
               (size_t)e->picture_values * sizeof(float));
        e->sample[n] = e->in->sample[from];
        e->label[n++] = e->in->label[from];
    }
    rows->n = n;
    if (n == 0) return LAC_OK;
    if (e->program) {
        if (e->n_done == 0)
            lac_program_run(e->program);
        else
            lac_program_run_again(e->program);
        lac_parallel(e->pool, (size_t)n, pool_picture, e);
        rows->features = e->pooled;
    }
    e->n_done += n;
    if (e->o.on_progress) e->o.on_progress(e->o.context, e->n_done, e->n_all);
    return LAC_OK;
}

lac_raw lac_raw_describe(const lac_method *method) {
    lac_method_sizes s = lac_method_describe(method);
    lac_raw r = {.factor = 1, .channels = s.channels, .height = s.picture[0]};
    int64_t width = s.n_axes > 1 ? s.picture[1] : 1;
    r.width = s.n_axes > 2 ? width * s.picture[2] : width;
    while (s.n_axes == 2 && s.channels * (s.picture[0] / r.factor) * (width / r.factor) > MAX_RAW_VALUES)
        r.factor++;
    r.height /= r.factor;
    r.width /= r.factor;
    r.values = r.channels * r.height * r.width;
    return r;
}

void lac_raw_row(const lac_raw *r, const lac_method *method, const float *picture, float *out) {
    if (r->factor == 1) {
        memcpy(out, picture, (size_t)r->values * sizeof *out);
        return;
    }
    lac_method_sizes s = lac_method_describe(method);
    const int64_t f = r->factor, height = s.picture[0], width = s.picture[1];
    for (int64_t c = 0; c < r->channels; c++)
        for (int64_t y = 0; y < r->height; y++)
            for (int64_t x = 0; x < r->width; x++) {
                float sum = 0;
                for (int64_t i = 0; i < f; i++)
                    for (int64_t j = 0; j < f; j++)
                        sum += picture[(c * height + y * f + i) * width + x * f + j];
                *out++ = sum / (float)(f * f);
            }
}

static lac_status reserve(lac_features *f, int64_t room, int64_t d, lac_error *err) {
    *f = (lac_features){.d = d};
    f->x = lac_array((size_t)room, (size_t)d * sizeof(float));
    f->label = lac_array((size_t)room, sizeof *f->label);
    f->sample = lac_array((size_t)room, sizeof *f->sample);
    return f->x && f->label && f->sample ? LAC_OK : lac_no_memory(err, "a matrix of features");
}

static void keep(lac_features *f, const lac_feature_rows *rows) {
    memcpy(f->label + f->n, rows->label, (size_t)rows->n * sizeof *f->label);
    memcpy(f->sample + f->n, rows->sample, (size_t)rows->n * sizeof *f->sample);
    f->n += rows->n;
}

lac_status lac_features_collect(lac_extractor *e, const lac_method *method, int64_t room, lac_features *features,
                                lac_features *raw, lac_error *err) {
    lac_raw r = lac_raw_describe(method);
    lac_feature_rows rows = {0};
    int64_t n = 0;
    lac_status status = features ? reserve(features, room, e->values, err) : LAC_OK;
    if (status == LAC_OK && raw) status = reserve(raw, room, r.values, err);
    while (status == LAC_OK) {
        status = lac_extractor_next(e, &rows, err);
        if (status != LAC_OK || rows.n == 0) break;
        if (n + rows.n > room) {
            status = lac_fail(err, "more pictures came than were announced");
            break;
        }
        if (raw) {
            for (int64_t i = 0; i < rows.n; i++)
                lac_raw_row(&r, method, rows.pictures + i * e->picture_values, raw->x + (n + i) * r.values);
            keep(raw, &rows);
        }
        if (features) {
            memcpy(features->x + n * e->values, rows.features, (size_t)(rows.n * e->values) * sizeof(float));
            keep(features, &rows);
        }
        n += rows.n;
    }
    if (status == LAC_OK && n == 0) status = lac_fail(err, "no picture could be read");
    if (status != LAC_OK) {
        if (features) lac_features_free(features);
        if (raw) lac_features_free(raw);
    }
    return status;
}

void lac_features_free(lac_features *f) {
    lac_free(f->x);
    lac_free(f->label);
    lac_free(f->sample);
    *f = (lac_features){0};
}
