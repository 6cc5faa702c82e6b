/* method/recipe.h - a recipe: mask x model x target x objective, and their numbers.
 *
 * YAML in, checked against the tables that the slots declare (base/settings.h): an unknown key, a wrong type or a value
 * out of range is refused with file, line, the nearest known key and what is allowed. Everything that is left out has
 * the declared default, and the resolved recipe - every key written out - is what a run saves and is identified by.
 *
 *   name: mae-tiny-32
 *   picture: {size: [32, 32], channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}   (or mean:
 * measured) augment: {crop: random, scale: [0.2, 1], ratio: [0.75, 1.3333333333333333], filter: bicubic, flip: 0.5}
 *   mask: {name: random, ratio: 0.75}
 *   model: {encoder: {name: vit, patch: 4, width: 192, depth: 12, heads: 3, ...}, decoder: {name: mae, width: 96, ...}}
 *   target: {name: pixels, norm: true}
 *   objective: [{name: l2, on: hidden, weight: 1}]
 *   optim: {name: adamw, lr: 1.5e-4, per: 256, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.05, clip: 0, warmup:
 * 0.05, ema: 0, ...} train: {batch: 256, micro_batch: 0, accumulate: 1, epochs: 800, seed: 0} checkpoint: {every: 1000,
 * keep: 2}
 */
#ifndef LAC_METHOD_RECIPE_H
#define LAC_METHOD_RECIPE_H

#include "base/error.h"
#include "base/settings.h"
#include "base/text.h"
#include "io/yaml.h"

typedef struct lac_recipe lac_recipe;

/* `name_or_path`: a file, or the name of a shipped recipe (compiled into the library). `sets`: "dotted.key=value"
 * overrides. */
lac_status lac_recipe_open(const char *name_or_path, const char *const *sets, int n_sets, lac_recipe **recipe,
                           lac_error *err);
/* A recipe from YAML text; `label` stands for the file in errors and gives the name if the text has none. */
lac_status lac_recipe_read_text(const char *label, const char *text, lac_recipe **recipe, lac_error *err);
void lac_recipe_free(lac_recipe *recipe);
/* Set one key after opening ("picture.mean", "[0.1, 0.2, 0.3]"), checked the same way. */
lac_status lac_recipe_set(lac_recipe *recipe, const char *key, const char *value, lac_error *err);
/* The resolved recipe as YAML text: canonical, so equal recipes give equal bytes. */
lac_status lac_recipe_write(const lac_recipe *recipe, lac_text *out, lac_error *err);
/* The same with what each key means and allows as comments: a recipe to start one's own from. */
lac_status lac_recipe_write_documented(const lac_recipe *recipe, lac_text *out, lac_error *err);
const char *lac_recipe_name(const lac_recipe *recipe);
/* Names of the keys whose values differ ("optim.lr: 0.001 against 0.002; ..."); empty text if equal. */
void lac_recipe_difference(const lac_recipe *a, const lac_recipe *b, lac_text *out);

/* Typed access by dotted key. A key that the tables do not declare is a bug (assert), not an input error. A list that
 * is a word (picture.mean: measured) has count 0, and lac_recipe_text gives the word, NULL when it is numbers. */
int64_t lac_recipe_int(const lac_recipe *r, const char *key);
double lac_recipe_real(const lac_recipe *r, const char *key);
bool lac_recipe_bool(const lac_recipe *r, const char *key);
const char *lac_recipe_text(const lac_recipe *r, const char *key);
int lac_recipe_list(const lac_recipe *r, const char *key, double *out, int room); /* count */
const lac_settings *lac_recipe_section(const lac_recipe *r,
                                       const char *key); /* "mask", "model.encoder", "objective.0", ... */
int lac_recipe_objectives(const lac_recipe *r);

/* What the file of a shipped recipe says above its first key, "# " taken off, lines ended; nothing for others. */
void lac_recipe_shipped_note(const char *name, lac_text *out);
int lac_recipe_shipped_count(void);
const char *lac_recipe_shipped_name(int index);

#endif
