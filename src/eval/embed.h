/* eval/embed.h - features of a whole source into a .npy file, in constant memory.
 *
 * Beside OUT.npy (f32, rows x D; rows x N x D per patch) lie OUT.names.txt, a line for each row, and, if the source is
 * labelled, OUT.labels.npy (i32). Each file appears whole or not at all, OUT.npy last. */
#ifndef LAC_EVAL_EMBED_H
#define LAC_EVAL_EMBED_H

#include "eval/features.h"

typedef struct lac_embed_result {
    int64_t n_rows, n_tokens, width; /* n_tokens: 1 unless per patch */
    int64_t n_broken;                /* pictures left out */
    bool has_labels;
} lac_embed_result;

/* `out` ends in ".npy". In `options`, is_wanted, is_cropped and is_raw are left alone. Until all is read, rows wait in
 * a nameless file in out's folder, since a .npy begins with their number; so the disk holds them twice at the end. */
lac_status lac_embed(lac_method *method, const lac_backend *backend, lac_pool *pool, const lac_source *source,
                     const lac_extractor_options *options, const char *out, lac_embed_result *result, lac_error *err);

#endif
