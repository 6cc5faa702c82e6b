/* method/method.h - from a recipe to something that trains: the store of its weights, and step graphs on it.
 *
 * A step is for a fixed micro-batch size. Callers fill pictures and draw masks, run, and read loss and outputs by name;
 * they branch on no mask, model, target or objective. */
#ifndef LAC_METHOD_METHOD_H
#define LAC_METHOD_METHOD_H

#include "backend/backend.h"
#include "data/augment.h"
#include "graph/program.h"
#include "graph/store.h"
#include "method/recipe.h"

typedef struct lac_method lac_method;

/* Weights are added to the store and fixed ones (positions) filled; the rest are zero until lac_store_initialize or a
 * checkpoint is read. Checks that the slots fit each other: picture divisible by patch, a visible patch left, ...
 * The recipe is borrowed and must outlive the method. */
lac_status lac_method_new(const lac_recipe *recipe, lac_dtype real, lac_method **method, lac_error *err);
void lac_method_free(lac_method *method);
/* Set the numbers that follow schedules to their values at `share` of the run's steps (0 at the first). As made: 0. */
void lac_method_at(lac_method *method, double share);
lac_store *lac_method_store(const lac_method *method);
const lac_recipe *lac_method_recipe(const lac_method *method);
/* Patches in a picture, patches that the encoder sees, values in a patch, encoder width and depth, prefix tokens (class
 * token: 1). */
typedef struct lac_method_sizes {
    bool is_index; /* the encoder sees visible patches alone */
    int64_t n_patches, n_visible, patch_values, width, depth, n_prefix;
    int64_t n_blocks, n_in_block; /* lists of patches that a decoder predicts, and the longest; 0: it predicts all */
    int n_large, n_small;         /* views with masks, one after another B' = G B rows of every tensor; smaller ones */
    int64_t small[3];             /* sides of those */
    int n_axes;
    int64_t picture[3], patch[3], grid[3], channels; /* by axis: row, column for pictures */
} lac_method_sizes;
lac_method_sizes lac_method_describe(const lac_method *method);
bool lac_method_is_per_sample(const lac_method *method); /* may a batch be split into micro-batches? */
/* Pictures that a step takes of each sample: inputs "view/0" (the student's), "view/1" (the teacher's); of crops first
 * the n_large, then the n_small ones. */
int lac_method_views(const lac_method *method);
/* After an optimizer step: the teacher's weights follow the student's. Nothing without such a teacher. */
void lac_method_step_teacher(lac_method *method, const lac_backend *backend, lac_pool *pool);
/* Is this entry of the store kept as it is at `share` of the run's steps? */
bool lac_method_holds(const lac_method *method, int entry, double share);
/* Terms of the objective, and the NAME in the output "term/NAME" of each. */
int lac_method_terms(const lac_method *method);
const char *lac_method_term(const lac_method *method, int index);
lac_augment lac_method_augment(const lac_method *method); /* of training; mean and std must be numbers by now */

/* Of a new run: read values that come from files that the recipe names (a tokenizer's weights), after lac_method_new.
 * They are in checkpoints, which need no such file. LAC_USAGE for a file of other pictures, LAC_FAILURE for one that
 * cannot be read. */
lac_status lac_method_fill(lac_method *method, lac_error *err);
/* Codes of the quantizer, K; 0: there is none. */
int64_t lac_method_codes(const lac_method *method);
bool lac_method_draws_codes(const lac_method *method); /* softly, in training: the input "gumbel/0" */

typedef struct lac_step lac_step;
enum {
    LAC_STEP_TRAIN = 1, /* with backward; gradients are added to the store's */
    LAC_STEP_DROP_PATH = 2,
    LAC_STEP_RECOMPUTE =
        4 /* backward computes cheap results again rather than finding them kept: lac_graph_recompute */
};
/* Outputs by name on lac_step_program: "loss" [1]; "term/NAME" [1] each; "prediction" [B x N x P]; "target" [B x N x
 * P], both of a decoder of lists [B x M K x P]; "features" [B x T x D] the encoder's last tokens (prefix first, padding
 * 0); with a projector "projection" and "teacher_projection" [B x N x e], pooled: [B x 1 x e]; with a quantizer "codes"
 * i32 [B x N]. A "target" of codes is i32 [B x N]. What a method has not is not there. Inputs: "view/0"
 * [B x C x H x W], "view/1" of a pair, and where codes are drawn softly in training "gumbel/0" [B x N x K]. */
lac_status lac_step_new(lac_method *method, const lac_backend *backend, lac_pool *pool, int64_t micro_batch,
                        unsigned flags, lac_step **step, lac_error *err);
void lac_step_free(lac_step *step);
lac_program *lac_step_program(const lac_step *step);
int64_t lac_step_batch(const lac_step *step);
int64_t lac_step_rows(const lac_step *step); /* B' = G B: pictures that are masked, view after view */
/* Weight form: tell the step all n pictures of the batch whose micro-batches come next, so that a part is judged as a
 * share of the whole, whatever each picture hides. Of no consequence for other masks. */
void lac_step_plan(lac_step *step, uint64_t seed, const int64_t *epoch, const int64_t *sample, int64_t n);
/* Draw this micro-batch's masks from counters (seed, epoch, sample); global_batch normalises the loss so that the
 * micro-batches of one step add up to the whole batch's loss and gradient. */
lac_status lac_step_draw(lac_step *step, uint64_t seed, const int64_t *epoch, const int64_t *sample,
                         int64_t global_batch, lac_error *err);
/* Masks from outside (where G views have masks B stands for B' = G B, view after view): exactly one of noise [B x N]
 * (ranked ascending, the first V visible, in that order), keep [B x V] (the rest is hidden in ascending order) - both
 * of an index-form mask only - or neither with weight alone (nothing where the mask hides nothing); weight [B x N]
 * replaces the loss weights (1 = hidden) when not NULL. total_weight normalises (<= 0: this micro-batch's own sum, at
 * least 1). */
lac_status lac_step_set_mask(lac_step *step, const float *noise, const int32_t *keep, const float *weight,
                             double total_weight, lac_error *err);
/* The same where the decoder predicts lists (lac_method_sizes.n_blocks): keep [B x n_keep] visible patches, blocks
 * [B x M x n_in_block], each list ending in any number of -1. Weights are 1. */
lac_status lac_step_set_lists(lac_step *step, int64_t n_keep, const int32_t *keep, int64_t n_in_block,
                              const int32_t *blocks, lac_error *err);
/* Values of a step's batch that buffers follow: clear before a step's micro-batches, gather after each run, learn after
 * the optimizer. Nothing where no buffer learns. `number` is the step's, which keys random choices. */
void lac_step_clear(lac_step *step);
void lac_step_gather(lac_step *step);
void lac_step_learn(lac_step *step, uint64_t seed, int64_t number);
/* Figures of the batch that was gathered, for the log: count, and their names and values. */
enum { LAC_MOST_FIGURES = 8 };
int lac_step_figures(const lac_step *step, const char *names[LAC_MOST_FIGURES], double values[LAC_MOST_FIGURES]);
/* rows x N: what the mask went by; NULL: it goes by no attention. */
const float *lac_step_attention(const lac_step *step);
const float *lac_step_mask(const lac_step *step); /* B' x N, 1 = hidden: as last drawn or set */

/* The encoder alone on whole pictures (no mask, no backward): outputs "features" [B x T x D] of block `layer`
 * (1..depth; 0: the last, after the final norm). Input "view/0". */
lac_status lac_encoder_program(lac_method *method, const lac_backend *backend, lac_pool *pool, int64_t batch, int layer,
                               lac_program **program, lac_error *err);

/* The same with its inside: also outputs "layer/K" [B x T x D] after block K (1..depth) and, where a block has them,
 * "qkv/K" [B x T x 3D] and "bias/K" [h x T x T] (model/encoder.h). */
lac_status lac_encoder_look_program(lac_method *method, const lac_backend *backend, lac_pool *pool, int64_t batch,
                                    lac_program **program, lac_error *err);
int lac_method_heads(const lac_method *method); /* of the encoder's attention */

/* Micro-batch for a batch: the recipe's, else by the documented rule from shapes alone (never from the machine). */
int64_t lac_method_micro_batch(const lac_method *method, int64_t batch);
/* Should training steps be built with LAC_STEP_RECOMPUTE? */
bool lac_method_recomputes(const lac_method *method);

#endif
