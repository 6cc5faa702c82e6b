/* api/network.c - the public face of a trained encoder: train/run.h opens it, eval/features.h runs it. */
#include "api/api.h"
#include "base/memory.h"
#include "eval/features.h"
#include "train/run.h"

struct lac_network {
    lac_model *model;
    lac_pool *pool;
    const lac_backend *backend;
};

static lac_status open_network(const char *path, int threads, lac_network *n, lac_error *err) {
    LAC_TRY(lac_backend_cpu(NULL, &n->backend, err));
    LAC_TRY(lac_pool_new(threads, &n->pool, err));
    return lac_model_open(path, LAC_F32, &n->model, err);
}

int lac_network_open(const char *path, int threads, lac_network **network, lac_message *message) {
    lac_error err = {0};
    *network = NULL;
    if (!path || threads < 0 || threads > 1024)
        return lac_api_result(lac_usage(&err, "lac_network_open: expected a path and 0 to 1024 threads"), &err,
                              message);
    lac_network *n = lac_zalloc(sizeof *n);
    lac_status status = n ? open_network(path, threads, n, &err) : lac_no_memory(&err, "a network");
    if (status != LAC_OK) {
        lac_network_close(n);
        n = NULL;
    }
    *network = n;
    return lac_api_result(status, &err, message);
}

void lac_network_close(lac_network *network) {
    if (!network) return;
    if (network->model) lac_model_free(network->model);
    if (network->pool) lac_pool_free(network->pool);
    lac_free(network);
}

lac_network_sizes lac_network_describe(const lac_network *network) {
    const lac_method_sizes s = lac_method_describe(network->model->method);
    return (lac_network_sizes){.width = s.width,
                               .depth = s.depth,
                               .channels = s.channels,
                               .rows = s.picture[0],
                               .columns = s.picture[1],
                               .patch_rows = s.patch[0],
                               .patch_columns = s.patch[1],
                               .step = network->model->step};
}

/* All pictures of a source as one matrix. Takes the source. */
static lac_status embed(lac_network *network, lac_source *source, lac_feature_kind kind, lac_matrix *features,
                        lac_error *err) {
    lac_extractor_options options = {.pooling = kind == LAC_FEATURE_CLASS ? LAC_POOLING_CLS : LAC_POOLING_MEAN,
                                     .n_loaders = lac_pool_size(network->pool)};
    lac_extractor *extractor = NULL;
    lac_features rows = {0};
    lac_method *method = network->model->method;
    lac_status status = lac_extractor_new(method, network->backend, network->pool, source, &options, &extractor, err);
    if (status == LAC_OK) status = lac_features_collect(extractor, method, lac_source_count(source), &rows, NULL, err);
    if (status == LAC_OK) {
        *features = (lac_matrix){rows.n, rows.d, rows.x};
        rows.x = NULL; /* the caller's now */
        lac_features_free(&rows);
    }
    lac_extractor_free(extractor);
    lac_source_free(source);
    return status;
}

static lac_status check(const lac_network *network, const void *pictures, lac_feature_kind kind, lac_matrix *features,
                        lac_error *err) {
    if (!network || !pictures || !features)
        return lac_usage(err, "lac_network_embed: network, pictures and features must be given");
    *features = (lac_matrix){0};
    if (kind != LAC_FEATURE_MEAN && kind != LAC_FEATURE_CLASS)
        return lac_usage(err, "lac_network_embed: unknown kind of features %d", (int)kind);
    return LAC_OK;
}

int lac_network_embed(lac_network *network, const char *source, lac_feature_kind kind, lac_matrix *features,
                      lac_message *message) {
    lac_error err = {0};
    lac_source *opened = NULL;
    lac_status status = check(network, source, kind, features, &err);
    if (status == LAC_OK) status = lac_source_open(source, &opened, &err);
    if (status == LAC_OK) status = embed(network, opened, kind, features, &err);
    return lac_api_result(status, &err, message);
}

int lac_network_embed_pixels(lac_network *network, const uint8_t *pixels, int64_t n, int height, int width,
                             int channels, lac_feature_kind kind, lac_matrix *features, lac_message *message) {
    lac_error err = {0};
    lac_source *opened = NULL;
    lac_status status = check(network, pixels, kind, features, &err);
    if (status == LAC_OK) status = lac_source_from_pixels(pixels, n, height, width, channels, &opened, &err);
    if (status == LAC_OK) status = embed(network, opened, kind, features, &err);
    return lac_api_result(status, &err, message);
}

void lac_matrix_free(lac_matrix *matrix) {
    if (!matrix) return;
    lac_free(matrix->values);
    *matrix = (lac_matrix){0};
}
