/* model/head.c - the small networks of the contrastive family: a projector, which the teacher has too, and a predictor,
 * which only the student has (BYOL, arXiv 2006.07733; SimSiam, arXiv 2011.10566).
 *
 * Both are an MLP: `layers` linear layers, GELU between them, after a layer norm if asked for (the papers' batch norms
 * would tie a sample to its batch). A projector may end in prototypes (DINO, arXiv 2104.14294): the MLP's rows are made
 * 1 long, and what comes out are their cosines with K vectors. Not here: what is pooled and compared (method/step.c).
 */
#include "model/head.h"

#include <stdio.h>
#include <string.h>

#include "model/block.h"

#define MLP_SPECS                                                                                                      \
    {"layers", LAC_SETTING_INT, "2", 1, 8, 0, 0, NULL, NULL, "linear layers, GELU between them"},                      \
        {"hidden", LAC_SETTING_INT, "0", 0, 65536, 0, 0, NULL, NULL, "width between layers; 0: of what comes in"},     \
        {"out", LAC_SETTING_INT, "0", 0, 65536, 0, 0, NULL, NULL, "width of what comes out; 0: of what comes in"}, {   \
        "norm", LAC_SETTING_BOOL, "false", 0, 0, 0, 0, NULL, NULL, "a layer norm before each GELU"                     \
    }

#define POOL_SPEC                                                                                                      \
    {                                                                                                                  \
        "pool", LAC_SETTING_TEXT, "none", 0, 0, 0, 0, "none|mean|class|tokens", NULL,                                  \
            "project every patch's token, their mean, the class token, or class token and patches alike"               \
    }

static const lac_setting_spec projector_specs[] = {MLP_SPECS, POOL_SPEC};
static const lac_setting_spec prototypes_specs[] = {
    MLP_SPECS,
    POOL_SPEC,
    {"prototypes", LAC_SETTING_INT, "8192", 2, 1 << 20, 0, 0, NULL, NULL, "K vectors of length 1"},
    {"held", LAC_SETTING_REAL, "0", 0, 1, 0, 0, NULL, NULL,
     "share of the run, at its beginning, in which prototypes do not learn"},
};
static const lac_setting_spec predictor_specs[] = {MLP_SPECS};

static int64_t width(const lac_settings *s, int64_t in) {
    int64_t out = lac_settings_int(s, "out");
    return out ? out : in;
}

static int64_t same_width(const lac_settings *s, int64_t in) {
    (void)s;
    return in;
}

static lac_status declare(const lac_settings *s, const char *prefix, int64_t in, lac_store *store, lac_error *err) {
    int64_t layers = lac_settings_int(s, "layers"), hidden = lac_settings_int(s, "hidden"), from = in;
    if (!hidden) hidden = in;
    for (int i = 0; i < layers; i++) {
        char name[64];
        int64_t to = i == layers - 1 ? width(s, in) : hidden;
        snprintf(name, sizeof name, "%s.%d", prefix, i);
        LAC_TRY(lac_declare_linear(store, name, to, 1, &from, true, err));
        snprintf(name, sizeof name, "%s.norm%d", prefix, i);
        if (i < layers - 1 && lac_settings_bool(s, "norm")) LAC_TRY(lac_declare_norm(store, name, to, err));
        from = to;
    }
    return LAC_OK;
}

static lac_id build(const lac_settings *s, const char *prefix, lac_graph *g, lac_id x) {
    int64_t layers = lac_settings_int(s, "layers");
    for (int i = 0; i < layers; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%d", prefix, i);
        x = lac_build_linear(g, name, x, true);
        if (i == layers - 1) break;
        snprintf(name, sizeof name, "%s.norm%d", prefix, i);
        if (lac_settings_bool(s, "norm")) x = lac_build_norm(g, name, x, 1e-6);
        x = lac_gelu(g, x);
    }
    return x;
}

static int64_t prototypes_width(const lac_settings *s, int64_t in) {
    (void)in;
    return lac_settings_int(s, "prototypes");
}

/* Weights of any length: build makes them 1 long. */
static lac_status declare_prototypes(const lac_settings *s, const char *prefix, int64_t in, lac_store *store,
                                     lac_error *err) {
    char name[64];
    int64_t from = width(s, in);
    LAC_TRY(declare(s, prefix, in, store, err));
    snprintf(name, sizeof name, "%s.prototypes", prefix);
    return lac_declare_linear(store, name, lac_settings_int(s, "prototypes"), 1, &from, false, err);
}

static lac_id build_prototypes(const lac_settings *s, const char *prefix, lac_graph *g, lac_id x) {
    lac_id unit = lac_unit_rows(g, lac_weight(g, "%s.prototypes.weight", prefix), 1e-12);
    return lac_linear(g, lac_unit_rows(g, build(s, prefix, g, x), 1e-12), unit, LAC_NONE);
}

static const char *held_prototypes(const lac_settings *s, double *share) {
    *share = lac_settings_real(s, "held");
    return "prototypes.weight";
}

static const lac_head_slot no_projector = {.slot = {"none", "nothing is projected: no contrastive terms", "", NULL, 0},
                                           .width = same_width};
static const lac_head_slot no_predictor = {.slot = {"none", "projections are compared as they are", "", NULL, 0},
                                           .width = same_width};
static const lac_head_slot mlp_projector = {.slot = {"mlp", "an MLP on tokens of student and teacher", "2006.07733",
                                                     projector_specs, sizeof projector_specs / sizeof *projector_specs},
                                            .width = width,
                                            .declare = declare,
                                            .build = build};
static const lac_head_slot prototypes_projector = {
    .slot = {"prototypes", "an MLP on tokens of student and teacher, then cosines with K prototypes", "2104.14294",
             prototypes_specs, sizeof prototypes_specs / sizeof *prototypes_specs},
    .width = prototypes_width,
    .declare = declare_prototypes,
    .build = build_prototypes,
    .held = held_prototypes};
static const lac_head_slot mlp_predictor = {.slot = {"mlp", "an MLP on the student's projections", "2006.07733",
                                                     predictor_specs, sizeof predictor_specs / sizeof *predictor_specs},
                                            .width = width,
                                            .declare = declare,
                                            .build = build};

static const lac_head_slot *const projectors[] = {&no_projector, &mlp_projector, &prototypes_projector};
static const lac_head_slot *const predictors[] = {&no_predictor, &mlp_predictor};

static const lac_head_slot *find(const lac_head_slot *const *slots, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(slots[i]->slot.name, name) == 0) return slots[i];
    return NULL;
}

int lac_projector_count(void) {
    return (int)(sizeof projectors / sizeof *projectors);
}

const lac_head_slot *lac_projector_at(int index) {
    return projectors[index];
}

const lac_head_slot *lac_projector_find(const char *name) {
    return find(projectors, lac_projector_count(), name);
}

lac_pool_kind lac_projector_pool(const lac_settings *settings) {
    const char *pool = lac_settings_text(settings, "pool");
    return strcmp(pool, "mean") == 0     ? LAC_POOL_MEAN
           : strcmp(pool, "class") == 0  ? LAC_POOL_CLASS
           : strcmp(pool, "tokens") == 0 ? LAC_POOL_TOKENS
                                         : LAC_POOL_NONE;
}

int lac_predictor_count(void) {
    return (int)(sizeof predictors / sizeof *predictors);
}

const lac_head_slot *lac_predictor_at(int index) {
    return predictors[index];
}

const lac_head_slot *lac_predictor_find(const char *name) {
    return find(predictors, lac_predictor_count(), name);
}
