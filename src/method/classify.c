/* method/classify.c - the graphs of classify.h.
 *
 *     mean       logits = head(norm(mean over patches of the last block's tokens))
 *     class      logits = head(norm(tokens)[0])
 *     attentive  y = attention of a learned query over the patch tokens x, its own key left out;
 *                logits = head(norm(proj(y)))                      as torch.nn.MultiheadAttention(query, x, x) */
#include "method/classify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "method/method_private.h"
#include "model/block.h"

/* added to the score of what is not to be attended to: exp of it is 0 */
static const double nothing = -1e30;

lac_status lac_classifier_declare(lac_method *m, const lac_classifier *c, lac_error *err) {
    const int64_t d = m->encoder_shape.width, query[3] = {1, 1, d}, head[2] = {c->classes, d}, bias[1] = {c->classes};
    if (c->classes < 2) return lac_usage(err, "a classifier needs at least two classes, found %d", c->classes);
    if (c->readout == LAC_READOUT_CLASS && m->encoder_shape.n_prefix < 1)
        return lac_usage(err, "this encoder has no class token: pool its patches by mean instead");
    if (c->readout == LAC_READOUT_MEAN) LAC_TRY(lac_declare_norm(m->store, "fc_norm", d, err));
    if (c->readout == LAC_READOUT_ATTENTIVE) {
        LAC_TRY(lac_store_add(m->store, "attend.query", 3, query, LAC_PARAM_NO_DECAY, LAC_INIT_TRUNC_NORMAL, .02, NULL,
                              err));
        LAC_TRY(lac_declare_linear(m->store, "attend.qkv", 3 * d, 1, &d, true, err));
        LAC_TRY(lac_declare_linear(m->store, "attend.proj", d, 1, &d, true, err));
        LAC_TRY(lac_declare_norm(m->store, "attend.norm", d, err));
    }
    /* 2e-5: MAE's fine-tuning code; its probes .01 */
    double deviation = c->is_frozen ? .01 : 2e-5;
    LAC_TRY(lac_store_add(m->store, "head.weight", 2, head, 0, LAC_INIT_TRUNC_NORMAL, deviation, NULL, err));
    return lac_store_add(m->store, "head.bias", 1, bias, LAC_PARAM_NO_DECAY, LAC_INIT_ZERO, 0, NULL, err);
}

/* x: B x (prefix + N) x D -> B x 1 x D */
static lac_id attend(const lac_method *m, lac_graph *g, lac_id x) {
    const int64_t n = m->grid.n, heads = m->encoder_shape.heads;
    if (m->encoder_shape.n_prefix) x = lac_slice_tokens(g, x, m->encoder_shape.n_prefix, n);
    lac_id all = lac_concat_tokens(g, lac_weight(g, "attend.query"), x);
    lac_id mask = lac_input(g, "attend/mask", lac_graph_real(g), 3, (int64_t[]){heads, n + 1, n + 1});
    lac_id y = lac_attention_biased(g, lac_build_linear(g, "attend.qkv", all, true), (int)heads, mask, LAC_NONE, 0);
    y = lac_build_linear(g, "attend.proj", lac_slice_tokens(g, y, 0, 1), true);
    return lac_build_norm(g, "attend.norm", y, 1e-6);
}

static lac_id read_out(const lac_method *m, const lac_classifier *c, lac_graph *g, lac_id view, bool is_drop_path_on) {
    const int64_t n_prefix = m->encoder_shape.n_prefix, d = m->encoder_shape.width;
    lac_encoder_input input = {
        .picture = view, .keep = LAC_NONE, .mask = LAC_NONE, .places = LAC_NONE, .is_drop_path_on = is_drop_path_on};
    if (c->readout == LAC_READOUT_MEAN) input.layer = (int)m->encoder_shape.depth;
    lac_id x = m->encoder->build(m->encoder_settings, &m->grid, g, &input);
    if (c->is_frozen) x = lac_stop_gradient(g, x);
    if (c->readout == LAC_READOUT_ATTENTIVE) return attend(m, g, x);
    if (c->readout == LAC_READOUT_CLASS) return lac_slice_tokens(g, x, 0, 1);
    if (n_prefix) x = lac_slice_tokens(g, x, n_prefix, m->grid.n);
    x = lac_reshape(g, lac_mean_tokens(g, x), 3, (int64_t[]){lac_dim(g, x, 0), 1, d});
    return lac_build_norm(g, "fc_norm", x, 1e-6);
}

static lac_status build(const lac_method *m, const lac_classifier *c, lac_graph *g, int64_t batch, unsigned flags,
                        lac_error *err) {
    const lac_dtype real = lac_graph_real(g);
    int64_t dim[LAC_MAX_RANK];
    int rank = lac_method_picture_dims(&m->grid, batch, dim);
    lac_id view = lac_input(g, "view/0", real, rank, dim);
    lac_id x = read_out(m, c, g, view, (flags & LAC_STEP_DROP_PATH) != 0);
    lac_id logits = lac_build_linear(g, "head", x, true);
    lac_output(g, "logits", logits);
    if (flags & LAC_STEP_TRAIN) {
        lac_id target = lac_input(g, "target", real, 3, (int64_t[]){batch, 1, c->classes});
        lac_id weight = lac_input(g, "weight", real, 2, (int64_t[]){batch, 1});
        lac_id norm = lac_input(g, "norm", real, 1, (int64_t[]){1});
        lac_id loss = lac_cross_entropy(g, logits, target, LAC_NONE, weight, norm, 1);
        lac_output(g, "loss", loss);
        lac_graph_backward(g, loss);
    }
    return lac_graph_check(g, err);
}

/* Key 0, the query itself, is attended to by nobody. */
static lac_status fill_mask(lac_program *program, lac_error *err) {
    lac_view mask;
    LAC_TRY(lac_program_input(program, "attend/mask", &mask, err));
    for (int64_t i = 0; i < lac_view_size(&mask); i++) {
        double value = i % mask.dim[2] == 0 ? nothing : 0;
        if (mask.dtype == LAC_F64)
            ((double *)mask.data)[i] = value;
        else
            ((float *)mask.data)[i] = (float)value;
    }
    return LAC_OK;
}

lac_status lac_classifier_program(lac_method *m, const lac_classifier *c, const lac_backend *backend, lac_pool *pool,
                                  int64_t batch, unsigned flags, lac_program **program, lac_error *err) {
    *program = NULL;
    if (batch < 1) return lac_usage(err, "batch: expected at least 1, found %" PRId64, batch);
    if (flags & LAC_STEP_TRAIN) LAC_TRY(lac_store_need_gradients(m->store, err));
    lac_graph *g = NULL;
    lac_status status = lac_graph_new(lac_store_real(m->store), m->store, &g, err);
    if (status == LAC_OK) status = build(m, c, g, batch, flags, err);
    if (status == LAC_OK) status = lac_program_new(g, backend, pool, 0, program, err);
    lac_graph_free(g);
    if (status == LAC_OK && c->readout == LAC_READOUT_ATTENTIVE) status = fill_mask(*program, err);
    if (status != LAC_OK) {
        lac_program_free(*program);
        *program = NULL;
    }
    return status;
}

/* ---- layers ---- */

static bool is_head(const char *name) {
    return strncmp(name, "head.", 5) == 0 || strncmp(name, "fc_norm.", 8) == 0 || strncmp(name, "attend.", 7) == 0;
}

/* "blocks.3.attn.qkv.weight" -> 3; -1: not in a block */
static int block_of(const char *name) {
    return strncmp(name, "blocks.", 7) == 0 ? atoi(name + 7) : -1;
}

/* What the encoder declares, in its order: before the blocks, in them, after them. */
static void number_layers(const lac_method *m, const lac_store *encoder, int *layer) {
    bool is_past = false;
    for (int i = 0; i < lac_store_count(encoder); i++) {
        const char *name = lac_store_at(encoder, i)->name;
        int at = lac_store_find(m->store, name), block = block_of(name);
        is_past = is_past || block >= 0;
        if (at >= 0) layer[at] = block >= 0 ? block + 1 : is_past ? (int)m->encoder_shape.depth + 1 : 0;
    }
}

lac_status lac_classifier_layers(const lac_method *m, const lac_classifier *c, int *layer, lac_error *err) {
    for (int i = 0; i < lac_store_count(m->store); i++)
        layer[i] = is_head(lac_store_at(m->store, i)->name) ? (int)m->encoder_shape.depth + 1 : -1;
    if (c->is_frozen) return LAC_OK;
    lac_store *encoder = NULL;
    LAC_TRY(lac_store_new(lac_store_real(m->store), &encoder, err));
    lac_status status = m->encoder->declare(m->encoder_settings, &m->grid, encoder, err);
    if (status == LAC_OK) number_layers(m, encoder, layer);
    lac_store_free(encoder);
    return status;
}
