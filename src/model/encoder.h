/* model/encoder.h - what an encoder slot offers: a picture's (visible) patches in, tokens out.
 *
 * declare adds the parameters to a store and fills the fixed ones; build writes the graph, any number of times. */
#ifndef LAC_MODEL_ENCODER_H
#define LAC_MODEL_ENCODER_H

#include <stdbool.h>

#include "base/slot.h"
#include "data/grid.h"
#include "graph/graph.h"

typedef struct lac_encoder_shape {
    int64_t width, depth, n_prefix; /* D, L, tokens before the patches (class token: 1) */
    int64_t mlp_width, heads;
    int64_t n_tokens; /* of a decoder, of all sequences of a picture; 0: prefix + N */
} lac_encoder_shape;

/* The inside of an encoder, for those who look into it (src/analyze): filled by build, by block. */
enum { LAC_MOST_BLOCKS = 120 };
typedef struct lac_encoder_look {
    lac_id tokens[LAC_MOST_BLOCKS]; /* B x T x D, after the block */
    lac_id qkv[LAC_MOST_BLOCKS];    /* B x T x 3 x h x c, as attention reads it; LAC_NONE: the block has none */
    lac_id bias[LAC_MOST_BLOCKS];   /* h x T x T, added to the scaled products before softmax; LAC_NONE: none */
} lac_encoder_look;

typedef struct lac_encoder_input {
    lac_id picture; /* B x C x S... */
    lac_id keep;    /* i32 [B x V]: the patches to encode; LAC_NONE: all of them */
    lac_id mask;    /* real [B x N]: where it is 1 the mask token stands for the patch's projection; LAC_NONE: nowhere.
                     * At most one of keep and mask. */
    lac_id places;  /* i32 [B x V], with keep: as keep, but below 0 where a patch is padding, which no other token
                     * attends to; LAC_NONE: there is no padding */
    int layer;      /* tokens after this block (1..L); 0: after the last one and the final norm */
    int n_taps;     /* tapped: the tokens after the last n_taps blocks, first to last, before the final norm */
    lac_id *taps;   /* n_taps ids to fill, each B x T x D; NULL: none */
    bool is_drop_path_on;
    const lac_grid *declared; /* the grid that parameters were declared for, where the picture's is another; NULL: it is
                               * the picture's */
    lac_encoder_look *look;   /* NULL: nobody looks */
} lac_encoder_input;

typedef struct lac_encoder_slot {
    lac_slot slot;
    bool takes_index;  /* can encode the visible patches alone (`keep`) */
    bool takes_weight; /* can stand a mask token in for the hidden ones (`mask`) */
    void (*patch)(const lac_settings *settings, int n_axes, int64_t *patch);
    /* LAC_USAGE for numbers that do not fit each other */
    lac_status (*shape)(const lac_settings *settings, const lac_grid *grid, lac_encoder_shape *shape, lac_error *err);
    lac_status (*declare)(const lac_settings *settings, const lac_grid *grid, lac_store *store, lac_error *err);
    /* takes_weight: adds what `mask` needs (the token) to the store, after declare; NULL: nothing. */
    lac_status (*declare_mask)(const lac_settings *settings, const lac_grid *grid, lac_store *store, lac_error *err);
    /* After declare: what pictures of another grid need beside, no parameters. NULL: it encodes no others. LAC_USAGE
     * for settings with which it cannot. */
    lac_status (*declare_other)(const lac_settings *settings, const lac_grid *grid, const lac_grid *other,
                                lac_store *store, lac_error *err);
    lac_id (*build)(const lac_settings *settings, const lac_grid *grid, lac_graph *graph,
                    const lac_encoder_input *input); /* B x T x D, prefix first */
} lac_encoder_slot;

int lac_encoder_count(void);
const lac_encoder_slot *lac_encoder_at(int index);
const lac_encoder_slot *lac_encoder_find(const char *name); /* NULL if absent */

#endif
