/* train/choose.h - a recipe from the pictures and the time there is: what `pretrain` does when nobody gives one.
 *
 * A ladder of masked autoencoders (arXiv 2111.06377), from 96 wide and 4 deep on 16 patches to a ViT-L on 196. The
 * rule: the largest that still sees WANTED_PATCHES (20) patches for each weight of its encoder within 85 % of the time,
 * at the speed that it is measured to have here; the first if even that does not. The demo of Lacuna sits at about that
 * ratio. docs/recipes.md has the whole rule. */
#ifndef LAC_TRAIN_CHOOSE_H
#define LAC_TRAIN_CHOOSE_H

#include <stdbool.h>

#include "backend/backend.h"
#include "base/text.h"
#include "data/source.h"

typedef struct lac_choose_facts {
    int side; /* the shorter side of a middling picture, in pixels */
    bool is_grey;
    int64_t n_pictures;
} lac_choose_facts;

/* Seconds a picture that training by this recipe takes, decoding and all. */
typedef lac_status (*lac_choose_speed)(void *context, const char *yaml, double *seconds, lac_error *err);

/* The rule alone. yaml: the recipe. why: lines for a person, each about one choice. */
lac_status lac_choose(const lac_choose_facts *facts, double budget_s, lac_choose_speed speed, void *context,
                      lac_text *yaml, lac_text *why, lac_error *err);

/* Looks at some pictures of the source, measures some steps of each size on the way up, and applies the rule.
 * LAC_FAILURE when no picture can be read, or when `stop` (may be NULL) says so. */
lac_status lac_choose_here(const lac_source *source, const lac_backend *backend, lac_pool *pool, int n_loaders,
                           double budget_s, bool (*stop)(void *), void *stop_context, lac_text *yaml, lac_text *why,
                           lac_error *err);

#endif
