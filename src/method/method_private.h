/* method/method_private.h - what method.c and step.c share. */
#ifndef LAC_METHOD_METHOD_PRIVATE_H
#define LAC_METHOD_METHOD_PRIVATE_H

#include "base/arena.h"
#include "mask/mask.h"
#include "method/method.h"
#include "method/sections.h"
#include "method/teacher.h"
#include "method/views.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/head.h"
#include "model/quantizer.h"
#include "objective/objective.h"
#include "target/target.h"

/* What a term compares: the decoder's output with the target, the student's projections with the teacher's, what a
 * quantizer was given with the codes it chose. */
typedef enum lac_of { LAC_OF_DECODER, LAC_OF_PROJECTOR, LAC_OF_QUANTIZER, LAC_N_OF } lac_of;

typedef struct lac_term {
    const lac_objective_slot *slot;
    const lac_settings *settings;
    lac_on on;
    lac_of of;
    bool has_course;           /* its weight changes */
    char name[64];             /* "l2"; "l2.1" for item 1 when item 0 is an l2 too */
    char path[24];             /* "objective.1" */
    char mean[80], figure[80]; /* outputs and figure of a term that aims (lac_aim) */
} lac_term;

/* A number that changes during the run: `live` is what slots read, in the method's own copy of their settings. */
typedef struct lac_course {
    const lac_setting *given;
    lac_setting *live;
    const char *name; /* "teacher.decay" */
} lac_course;
enum { LAC_MOST_COURSES = 32 };

#define LAC_TEACHER_SCOPE "teacher/"
#define LAC_TOKENIZER_SCOPE "tokenizer/"
#define LAC_FEATURE_SCOPE "feature_" /* of parameters of the feature decoder */

/* The frozen network that a target's codes come from (tokenizer.c); encoder NULL: there is none. */
typedef struct lac_tokenizer {
    const lac_encoder_slot *encoder;
    const lac_quantizer_slot *quantizer;
    const lac_settings *encoder_settings, *quantizer_settings;
    lac_grid grid;
    lac_encoder_shape shape;
} lac_tokenizer;

struct lac_method {
    const lac_recipe *recipe;
    lac_arena *arena;
    int n_courses;
    lac_course courses[LAC_MOST_COURSES];
    lac_store *store;
    lac_grid grid;
    const lac_mask_slot *mask;
    const lac_encoder_slot *encoder;
    const lac_decoder_slot *decoder, *feature_decoder;
    const lac_target_slot *target;
    const lac_head_slot *projector, *predictor;
    const lac_quantizer_slot *quantizer;
    lac_tokenizer tokenizer;
    const lac_teacher_slot *teacher;
    const lac_settings *mask_settings, *encoder_settings, *decoder_settings, *target_settings;
    const lac_settings *projector_settings, *predictor_settings, *teacher_settings, *views_settings;
    const lac_settings *quantizer_settings, *feature_settings;
    lac_encoder_shape encoder_shape, decoder_shape, feature_shape;
    lac_pool_kind pool; /* of projections; LAC_POOL_NONE: one per patch */
    const lac_views_slot *views;
    int n_large, n_small; /* views that the student sees whole, and smaller ones */
    lac_grid small_grid;
    int held; /* store entry that does not learn in the first held_share of the run; -1: none */
    double held_share;
    bool teacher_learns;  /* gradient flows into the teacher's side, too */
    int n_teacher_layers; /* of the teacher's last blocks, that the target wants */
    int n_copies;         /* teacher entries: copies[i] in the store follows copied[i] */
    int *copies, *copied;
    lac_decoder_context decoder_context, feature_context;
    lac_target_context target_context; /* without ids */
    bool is_index;                     /* the encoder sees visible patches alone; else all, some replaced by a token */
    bool has_fixed_count;              /* every picture hides N - n_shown patches, at every step */
    int64_t n_shown;                   /* patches that an index-form mask leaves visible */
    int64_t n_visible;                 /* patches that the encoder sees: n_shown, or N */
    bool has_lists;                    /* the decoder predicts lists of patches, and is_index */
    bool has_padding;                  /* in lists: they are not equally long in every picture */
    lac_mask_bounds bounds;            /* the longest lists */
    int n_terms;
    lac_term terms[LAC_MAX_OBJECTIVES];
};

/* tokenizer.c: in the order of lac_method_new, then for the step graph: i32 [B x N]. Nothing where the target needs no
 * tokenizer. */
lac_status lac_method_find_tokenizer(lac_method *m, lac_error *err);
lac_status lac_method_fit_tokenizer(lac_method *m, lac_error *err);
lac_status lac_method_declare_tokenizer(lac_method *m, lac_error *err);
lac_id lac_method_build_tokenizer(const lac_method *m, lac_graph *g, lac_id picture);
/* check.c: LAC_USAGE for terms that have nothing to compare, or compare what does not fit. */
lac_status lac_method_check(const lac_method *m, lac_error *err);
bool lac_method_projects_patches(const lac_method *m); /* their tokens, each */
/* lists.c: in place of choose_form where the decoder takes lists; then, once visible patches are counted. */
lac_status lac_method_choose_lists(lac_method *m, bool needs_all, lac_error *err);
void lac_method_fit_lists(lac_method *m);

/* look.c: the encoder on whole pictures, input "view/0", with its inside to `look`. */
lac_id lac_method_look(const lac_method *m, lac_graph *g, int64_t batch, lac_encoder_look *look);

/* rank and dims of a batch of pictures of a grid: B x C x S... */
int lac_method_picture_dims(const lac_grid *grid, int64_t batch, int64_t dim[LAC_MAX_RANK]);

#endif
