/* analyze/collect.c - one run over the pictures: every layer's representation, and attention on a part of them; then
 * the two crops of each picture. What is measured lies beside (attention.c, layers.c, pairs.c). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/memory.h"
#include "eval/features.h"

enum { STANDARD_PICTURES = 2048, STANDARD_ATTENTION = 256, MOST_BATCH = 32, KEPT_BYTES = 64 << 20 };

typedef struct collector {
    const lac_analyze_options *o;
    const lac_backend *backend;
    lac_pool *pool;
    lac_method *method;
    lac_method_sizes sizes;
    lac_analysis *a;
    int64_t batch, room;
    lac_program *program;
    float *pictures;         /* the program's input */
    const float **layer;     /* n_layers: B x T x D */
    const float **qkv;       /* L: B x T x 3 x h x c, or NULL */
    const float **bias;      /* L: h x T x T, or NULL */
    double *place;           /* N x 2 */
    double *similarity;      /* n_layers x room */
    lac_attention_sum *sums; /* batch x L x h, of one run of the program */
    double *work;            /* pool size x work_size */
    int64_t work_size;       /* T or D, whichever is more */
    int64_t n_seen;          /* pictures of this batch that attention is measured on */
    int64_t seen[MOST_BATCH];
} collector;

static lac_status find(const collector *c, const char *what, int64_t layer, const float **data) {
    char name[32];
    lac_view view;
    snprintf(name, sizeof name, "%s/%" PRId64, what, layer);
    lac_status status = lac_program_output(c->program, name, &view, NULL);
    *data = status == LAC_OK ? view.data : NULL;
    return status;
}

static lac_status open_program(collector *c, lac_error *err) {
    lac_analysis *a = c->a;
    const int64_t depth = a->depth;
    LAC_TRY(lac_encoder_look_program(c->method, c->backend, c->pool, c->batch, &c->program, err));
    lac_view view;
    LAC_TRY(lac_program_input(c->program, "view/0", &view, err));
    c->pictures = view.data;
    memset(c->pictures, 0, (size_t)lac_view_size(&view) * sizeof(float));
    LAC_TRY(lac_program_output(c->program, "features", &view, err));
    c->layer[depth] = view.data;
    for (int64_t l = 0; l < depth; l++) {
        if (find(c, "layer", l + 1, &c->layer[l]) != LAC_OK)
            return lac_usage(err, "this encoder does not show its layers, so there is nothing to analyze");
        find(c, "bias", l + 1, &c->bias[l]);
        if (find(c, "qkv", l + 1, &c->qkv[l]) != LAC_OK) a->heads = 0;
    }
    return LAC_OK;
}

static void fill_places(collector *c) {
    const lac_method_sizes *s = &c->sizes;
    double sum = 0;
    for (int64_t i = 0; i < s->n_patches; i++) {
        int64_t columns = s->grid[s->n_axes - 1];
        c->place[2 * i] = (double)(i / columns * s->patch[0]);
        c->place[2 * i + 1] = (double)(i % columns * s->patch[s->n_axes - 1]);
    }
    for (int64_t i = 0; i < s->n_patches; i++)
        for (int64_t j = 0; j < s->n_patches; j++)
            sum += hypot(c->place[2 * i] - c->place[2 * j], c->place[2 * i + 1] - c->place[2 * j + 1]);
    c->a->uniform_distance = sum / (double)(s->n_patches * s->n_patches);
}

/* Room for what is kept of all pictures, and for one batch. */
static lac_status make_room(collector *c, lac_error *err) {
    lac_analysis *a = c->a;
    const size_t depth = (size_t)a->depth, layers = (size_t)a->n_layers, heads = (size_t)a->heads;
    const size_t n = (size_t)c->room, d = (size_t)a->width;
    a->layer = lac_array(layers, sizeof *a->layer);
    a->distance = lac_array(depth * heads, sizeof(double));
    a->entropy = lac_array(depth * heads, sizeof(double));
    a->features = lac_array(layers * n, d * sizeof(float));
    a->sample = lac_array(n, sizeof *a->sample);
    c->layer = lac_array(layers, sizeof *c->layer);
    c->qkv = lac_array(depth, sizeof *c->qkv);
    c->bias = lac_array(depth, sizeof *c->bias);
    c->place = lac_array((size_t)c->sizes.n_patches, 2 * sizeof *c->place);
    c->similarity = lac_array(layers * n, sizeof *c->similarity);
    c->sums = lac_array((size_t)c->batch * depth * heads, sizeof *c->sums);
    c->work = lac_array((size_t)lac_pool_size(c->pool) * (size_t)c->work_size, sizeof *c->work);
    bool has_room = a->layer && a->distance && a->entropy && a->features && a->sample && c->layer && c->qkv &&
                    c->bias && c->place && c->similarity && c->sums && c->work;
    for (size_t l = 0; has_room && l < layers; l++)
        has_room = (a->layer[l].spectrum = lac_array(d, sizeof(double))) != NULL;
    return has_room ? LAC_OK : lac_no_memory(err, "an analysis");
}

/* Task: picture b of the batch, layer l. */
static void keep_layer(void *context, size_t task, int worker) {
    const collector *c = context;
    lac_analysis *a = c->a;
    const int64_t l = (int64_t)task % a->n_layers, b = (int64_t)task / a->n_layers, d = a->width;
    const int64_t n = c->sizes.n_patches, row = a->n + b;
    const float *patches = c->layer[l] + (b * a->n_tokens + a->n_prefix) * d;
    float *out = a->features + (l * c->room + row) * d;
    for (int64_t j = 0; j < d; j++) {
        double sum = 0;
        for (int64_t t = 0; t < n; t++)
            sum += (double)patches[t * d + j];
        out[j] = (float)(sum / (double)n);
    }
    c->similarity[l * c->room + row] = lac_token_similarity(n, d, patches, c->work + worker * c->work_size);
}

/* Task: the i-th picture that is looked at, layer, head. */
static void look(void *context, size_t task, int worker) {
    const collector *c = context;
    const lac_analysis *a = c->a;
    const int64_t heads = a->heads, head = (int64_t)task % heads, l = (int64_t)task / heads % a->depth;
    const int64_t b = c->seen[(int64_t)task / heads / a->depth], t = a->n_tokens, width = a->width / heads;
    const float *q = c->qkv[l] + b * t * 3 * a->width + head * width;
    const float *bias = c->bias[l] ? c->bias[l] + head * t * t : NULL;
    c->sums[task] = lac_attention_measure(q, q + a->width, 3 * a->width, t, a->n_prefix, width, bias, c->place,
                                          c->work + worker * c->work_size);
}

static void add_attention(collector *c) {
    lac_analysis *a = c->a;
    const int64_t per = a->depth * a->heads;
    if (c->n_seen == 0 || per == 0) return;
    lac_parallel(c->pool, (size_t)(c->n_seen * per), look, c);
    for (int64_t i = 0; i < c->n_seen; i++)
        for (int64_t k = 0; k < per; k++) {
            a->distance[k] += c->sums[i * per + k].distance;
            a->entropy[k] += c->sums[i * per + k].entropy;
        }
    a->n_attention += c->n_seen;
}

static lac_status run_over(collector *c, lac_extractor *extractor, int64_t every, lac_error *err) {
    lac_analysis *a = c->a;
    const size_t picture = (size_t)lac_extractor_picture_values(extractor);
    for (;;) {
        lac_feature_rows rows;
        LAC_TRY(lac_extractor_next(extractor, &rows, err));
        if (rows.n == 0) break;
        memcpy(c->pictures, rows.pictures, (size_t)rows.n * picture * sizeof(float));
        lac_program_run(c->program);
        lac_parallel(c->pool, (size_t)(rows.n * a->n_layers), keep_layer, c);
        c->n_seen = 0;
        for (int64_t b = 0; b < rows.n; b++) {
            a->sample[a->n + b] = rows.sample[b];
            if ((a->n + b) % every == 0) c->seen[c->n_seen++] = b;
        }
        add_attention(c);
        a->n += rows.n;
        if (c->o->on_progress) c->o->on_progress(c->o->context, "encoding", a->n, c->room);
    }
    return a->n >= 2 ? LAC_OK : lac_fail(err, "an analysis needs at least two pictures that can be read");
}

/* Means over pictures and queries, and rank and spectrum of every layer. */
static lac_status finish(collector *c, lac_error *err) {
    lac_analysis *a = c->a;
    const int64_t d = a->width;
    for (int64_t k = 0; k < a->depth * a->heads; k++) {
        double queries = (double)(a->n_attention * c->sizes.n_patches);
        a->distance[k] /= queries;
        a->entropy[k] /= queries;
    }
    for (int64_t l = 0; l < a->n_layers; l++) {
        float *x = a->features + l * a->n * d; /* closed up where pictures were broken */
        memmove(x, a->features + l * c->room * d, (size_t)(a->n * d) * sizeof *x);
        double sum = 0;
        for (int64_t i = 0; i < a->n; i++)
            sum += c->similarity[l * c->room + i];
        a->layer[l].token_similarity = sum / (double)a->n;
        LAC_TRY(lac_rank_measure(c->pool, a->n, d, x, &a->layer[l], err));
        if (c->o->on_progress) c->o->on_progress(c->o->context, "spectra", l + 1, a->n_layers);
    }
    return LAC_OK;
}

static lac_status look_through(collector *c, const lac_source *source, const uint8_t *is_wanted, lac_error *err) {
    LAC_TRY(make_room(c, err));
    LAC_TRY(open_program(c, err));
    fill_places(c);
    const int64_t n_attention = c->o->n_attention > 0 ? c->o->n_attention : STANDARD_ATTENTION;
    const int64_t every = (c->room + n_attention - 1) / n_attention;
    lac_extractor_options o = {.batch = c->batch,
                               .n_loaders = c->o->n_loaders,
                               .is_wanted = is_wanted,
                               .is_raw = true,
                               .on_broken = c->o->on_broken,
                               .context = c->o->context};
    lac_extractor *extractor;
    LAC_TRY(lac_extractor_new(c->method, c->backend, c->pool, source, &o, &extractor, err));
    lac_status status = run_over(c, extractor, every, err);
    lac_extractor_free(extractor);
    return status == LAC_OK ? finish(c, err) : status;
}

/* The last layer's representations of one crop of every picture. */
static lac_status crop(collector *c, const lac_source *source, const uint8_t *is_wanted, uint64_t seed,
                       lac_features *features, lac_error *err) {
    lac_extractor_options o = {.pooling = LAC_POOLING_MEAN,
                               .batch = c->batch,
                               .n_loaders = c->o->n_loaders,
                               .is_wanted = is_wanted,
                               .is_cropped = true,
                               .seed = seed,
                               .context = c->o->context};
    lac_extractor *extractor;
    LAC_TRY(lac_extractor_new(c->method, c->backend, c->pool, source, &o, &extractor, err));
    lac_status status = lac_features_collect(extractor, c->method, c->room, features, NULL, err);
    lac_extractor_free(extractor);
    return status;
}

static lac_status align(collector *c, const lac_source *source, const uint8_t *is_wanted, lac_error *err) {
    lac_features x = {0}, y = {0};
    lac_status status = crop(c, source, is_wanted, c->o->seed, &x, err);
    if (status == LAC_OK) status = crop(c, source, is_wanted, c->o->seed + 1, &y, err);
    if (status == LAC_OK && x.n != y.n) status = lac_fail(err, "the pictures changed while they were read");
    if (c->o->on_progress) c->o->on_progress(c->o->context, "alignment", x.n, x.n);
    if (status == LAC_OK)
        status = lac_alignment_measure(c->pool, x.n, x.d, x.x, y.x, &c->a->alignment, &c->a->uniformity, err);
    lac_features_free(&x);
    lac_features_free(&y);
    return status;
}

static void describe(collector *c, const lac_model *model) {
    lac_analysis *a = c->a;
    const lac_method_sizes *s = &c->sizes;
    a->step = model->step;
    a->width = s->width;
    a->depth = s->depth;
    a->n_layers = s->depth + 1;
    a->heads = lac_method_heads(c->method);
    a->n_prefix = s->n_prefix;
    a->n_tokens = s->n_prefix + s->n_patches;
    c->work_size = a->n_tokens > a->width ? a->n_tokens : a->width;
    /* tokens and qkv of every block are kept */
    int64_t bytes = a->depth * a->n_tokens * a->width * 16;
    c->batch = KEPT_BYTES / (bytes > 0 ? bytes : 1);
    c->batch = c->batch < 1 ? 1 : c->batch > MOST_BATCH ? MOST_BATCH : c->batch;
    if (c->batch > c->room) c->batch = c->room;
}

lac_status lac_analyze(lac_model *model, const lac_backend *backend, lac_pool *pool, const lac_source *source,
                       const lac_analyze_options *options, lac_analysis *analysis, lac_error *err) {
    const int64_t count = lac_source_count(source);
    collector c = {.o = options, .backend = backend, .pool = pool, .method = model->method, .a = analysis};
    c.sizes = lac_method_describe(model->method);
    c.room = options->n_pictures > 0 ? options->n_pictures : STANDARD_PICTURES;
    if (c.room > count) c.room = count;
    if (c.room < 2) return lac_usage(err, "%s: an analysis needs at least two pictures", lac_source_spec(source));
    if (c.sizes.n_axes > 2) return lac_usage(err, "an analysis is of pictures, and this recipe is for something else");
    describe(&c, model);
    analysis->path = lac_copy_text(model->path);
    uint8_t *is_wanted = lac_array((size_t)count, 1);
    lac_status status = analysis->path && is_wanted ? LAC_OK : lac_no_memory(err, "an analysis");
    for (int64_t i = 0; i < c.room && status == LAC_OK; i++)
        is_wanted[(int64_t)((double)i * (double)count / (double)c.room)] = 1;
    if (status == LAC_OK) status = look_through(&c, source, is_wanted, err);
    if (status == LAC_OK) status = align(&c, source, is_wanted, err);
    lac_free(is_wanted);
    lac_program_free(c.program);
    lac_free(c.layer);
    lac_free(c.qkv);
    lac_free(c.bias);
    lac_free(c.place);
    lac_free(c.similarity);
    lac_free(c.sums);
    lac_free(c.work);
    return status;
}

void lac_analysis_free(lac_analysis *a) {
    for (int64_t l = 0; a->layer && l < a->n_layers; l++)
        lac_free(a->layer[l].spectrum);
    lac_free(a->layer);
    lac_free(a->distance);
    lac_free(a->entropy);
    lac_free(a->features);
    lac_free(a->sample);
    lac_free(a->name);
    lac_free(a->path);
    *a = (lac_analysis){0};
}
