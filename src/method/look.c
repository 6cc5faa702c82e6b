/* method/look.c - the encoder's program with every block's tokens and queries, keys and values as outputs, for those
 * who look into a trained network. Not here: what is made of them (src/analyze). */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "method/method_private.h"

static void put(lac_graph *g, const char *what, int64_t layer, lac_id x) {
    char name[32];
    if (x == LAC_NONE) return;
    snprintf(name, sizeof name, "%s/%" PRId64, what, layer);
    lac_output(g, name, x);
}

lac_id lac_method_look(const lac_method *m, lac_graph *g, int64_t batch, lac_encoder_look *look) {
    int64_t dim[LAC_MAX_RANK];
    int rank = lac_method_picture_dims(&m->grid, batch, dim);
    lac_encoder_input input = {.picture = lac_input(g, "view/0", lac_graph_real(g), rank, dim),
                               .keep = LAC_NONE,
                               .mask = LAC_NONE,
                               .places = LAC_NONE,
                               .look = look};
    for (int i = 0; i < LAC_MOST_BLOCKS; i++)
        look->tokens[i] = look->qkv[i] = look->bias[i] = LAC_NONE;
    return m->encoder->build(m->encoder_settings, &m->grid, g, &input);
}

static void build(const lac_method *m, lac_graph *g, int64_t batch, lac_encoder_look *look) {
    lac_output(g, "features", lac_method_look(m, g, batch, look));
    for (int64_t i = 0; i < m->encoder_shape.depth && i < LAC_MOST_BLOCKS; i++) {
        put(g, "layer", i + 1, look->tokens[i]);
        put(g, "qkv", i + 1, look->qkv[i]);
        put(g, "bias", i + 1, look->bias[i]);
    }
}

lac_status lac_encoder_look_program(lac_method *m, const lac_backend *backend, lac_pool *pool, int64_t batch,
                                    lac_program **program, lac_error *err) {
    *program = NULL;
    if (batch < 1) return lac_usage(err, "batch: expected at least 1, found %" PRId64, batch);
    lac_encoder_look *look = lac_alloc(sizeof *look);
    if (!look) return lac_no_memory(err, "the inside of an encoder");
    lac_graph *g = NULL;
    lac_status status = lac_graph_new(lac_store_real(m->store), m->store, &g, err);
    if (status == LAC_OK) {
        build(m, g, batch, look);
        status = lac_graph_check(g, err);
    }
    if (status == LAC_OK) status = lac_program_new(g, backend, pool, 0, program, err);
    lac_graph_free(g);
    lac_free(look);
    return status;
}

int lac_method_heads(const lac_method *m) {
    return (int)m->encoder_shape.heads;
}
