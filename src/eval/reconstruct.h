/* eval/reconstruct.h - what a network makes of what it cannot see: original | masked | prediction | prediction pasted
 * into what was visible, one row a picture, as a PNG.
 *
 * Works for every target that is the picture's pixels, as they are or normalised patch by patch; which of the two it is
 * is read off the step's own target, and anything else is refused. */
#ifndef LAC_EVAL_RECONSTRUCT_H
#define LAC_EVAL_RECONSTRUCT_H

#include "data/source.h"
#include "method/method.h"

/* What turns predictions of normalised patches back into pixels. */
typedef enum lac_denorm {
    LAC_DENORM_OWN,    /* each patch's own mean and deviation, which no predictor knows */
    LAC_DENORM_VISIBLE /* hidden patches: the averages of their up to 8 nearest visible patches'; visible: their own */
} lac_denorm;

typedef struct lac_reconstruct_options {
    lac_denorm denorm;
    uint64_t seed; /* of the masks */
} lac_reconstruct_options;

typedef struct lac_reconstruction lac_reconstruction;
lac_status lac_reconstruction_new(lac_method *method, const lac_backend *backend, lac_pool *pool,
                                  const lac_reconstruct_options *options, lac_reconstruction **r, lac_error *err);
void lac_reconstruction_free(lac_reconstruction *r);
/* Add a row: picture `index` of a source, in its evaluation view. *loss: the method's own loss on it. */
lac_status lac_reconstruction_add(lac_reconstruction *r, const lac_source *source, int64_t index, double *loss,
                                  lac_error *err);
/* "targets are pixels", or how normalised ones were turned back; known after the first row. */
const char *lac_reconstruction_caption(const lac_reconstruction *r);
/* What a row shows: column 0 to 3 is original, masked, prediction, pasted; height x width x channels bytes, valid until
 * the next row is added. */
const uint8_t *lac_reconstruction_cell(const lac_reconstruction *r, int64_t row, int column, int *width, int *height,
                                       int *channels);
lac_status lac_reconstruction_write(const lac_reconstruction *r, const char *path, lac_error *err);

/* The same method with a key of its recipe changed that changes no weight's shape, and the weights copied. `recipe` is
 * the one that `method` was made of; `method` may only be freed afterwards. LAC_USAGE if there is no such key. */
lac_status lac_method_with(lac_method *method, lac_recipe *recipe, const char *key, const char *value,
                           lac_method **other, lac_error *err);
/* That for mask.ratio. */
lac_status lac_method_with_ratio(lac_method *method, lac_recipe *recipe, const char *ratio, lac_method **other,
                                 lac_error *err);

#endif
