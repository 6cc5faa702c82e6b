/* lacuna.h - the public interface of Lacuna: pretrain a network on pictures, then use it to embed pictures.
 *
 *   lac_message message;
 *   lac_train_options options = LAC_TRAIN_OPTIONS;
 *   options.recipe = "demo", options.data = "photos", options.out = "run", options.steps = 1000;
 *   if (lac_train(&options, &message) != 0) puts(message.text);
 *
 *   lac_network *network;
 *   lac_matrix features;
 *   lac_network_open("run", 0, &network, &message);
 *   lac_network_embed(network, "photos", LAC_FEATURE_MEAN, &features, &message);
 *
 * Every function that can fail returns 0 when done, 1 on a failure of the world (a file, memory, a broken picture) and
 * 2 when what was asked cannot be (a wrong name, key or combination), and then puts one line of text into *message,
 * which may be NULL. Nothing prints, exits or installs signal handlers. A handle is used by one thread at a time;
 * different handles are independent. Structures that callers fill begin with their own size, so that they can grow.
 *
 * Link with -llacuna (pkg-config lacuna; CMake: find_package(Lacuna), Lacuna::lacuna). */
#ifndef LACUNA_H
#define LACUNA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LAC_API __attribute__((visibility("default")))

/* "0.1.0" */
LAC_API const char *lac_version(void);

/* Why something failed: one line, naming the file or field, what was expected and what was found. */
typedef struct lac_message {
    char text[1024];
} lac_message;

/* ---- pretraining ---- */

typedef struct lac_train_progress {
    int64_t step, total; /* steps done, steps in all */
    double loss, lr, images_per_s, left_s;
} lac_train_progress;

typedef struct lac_train_options {
    size_t bytes;            /* sizeof(lac_train_options): set by LAC_TRAIN_OPTIONS */
    const char *recipe;      /* a file, a shipped recipe's name, or NULL: chosen for the pictures and budget_s */
    const char *data;        /* a folder of pictures, "fashion-mnist", "idx:IMAGES[,LABELS]", "cifar10:DIR", ... */
    const char *out;         /* the run's folder: made if absent; the same call again resumes what is in it */
    const char *const *sets; /* "key=value" changes to the recipe, such as "optim.lr=1e-3" */
    size_t n_sets;
    int64_t steps;       /* optimizer steps; 0: by budget_s, else the recipe's epochs */
    double budget_s;     /* seconds: as many steps as fit, measured once at the beginning; 0: by steps or epochs */
    int threads;         /* 0: the processors that this process may use */
    int loaders;         /* threads that decode pictures; 0: chosen */
    const int64_t *seed; /* of every random choice; NULL: the recipe's */
    /* Called after every step on the calling thread; NULL: nothing. Anything but 0 ends the call early and saves. */
    int (*progress)(void *context, const lac_train_progress *progress);
    void *context;
    int64_t done; /* out: steps done when the call returns */
} lac_train_options;

#define LAC_TRAIN_OPTIONS                                                                                              \
    { sizeof(lac_train_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Begin, resume or (on a finished run) leave alone the run in options->out. Returns 0 also when `progress` ended it:
 * compare `done` with progress->total. */
LAC_API int lac_train(lac_train_options *options, lac_message *message);

/* ---- using a trained network ---- */

typedef struct lac_network lac_network; /* an encoder with its weights and its own threads */

typedef struct lac_network_sizes {
    int64_t width, depth;            /* values in a feature vector; blocks */
    int64_t channels, rows, columns; /* of the pictures that it sees, in pixels */
    int64_t patch_rows, patch_columns;
    int64_t step; /* optimizer steps it was trained for; 0 for an imported model */
} lac_network_sizes;

typedef enum lac_feature_kind {
    LAC_FEATURE_MEAN, /* mean of the patches' features */
    LAC_FEATURE_CLASS /* the class token's features */
} lac_feature_kind;

typedef struct lac_matrix { /* rows x columns, row-major */
    int64_t rows, columns;
    float *values;
} lac_matrix;

/* A run's folder (its newest good checkpoint), one checkpoint file, or a Hugging Face ViTMAE folder. threads 0: the
 * processors that this process may use. */
LAC_API int lac_network_open(const char *path, int threads, lac_network **network, lac_message *message);
LAC_API void lac_network_close(lac_network *network); /* NULL is fine */
LAC_API lac_network_sizes lac_network_describe(const lac_network *network);

/* One row for each readable picture of a source, in the source's order. Free with lac_matrix_free. */
LAC_API int lac_network_embed(lac_network *network, const char *source, lac_feature_kind kind, lac_matrix *features,
                              lac_message *message);

/* The same for pictures in memory: n x height x width x channels bytes, channels 1 (grey) or 3 (RGB), top row first.
 * They are resized and cropped to the network's size as the pictures of a source are. */
LAC_API int lac_network_embed_pixels(lac_network *network, const uint8_t *pixels, int64_t n, int height, int width,
                                     int channels, lac_feature_kind kind, lac_matrix *features, lac_message *message);
LAC_API void lac_matrix_free(lac_matrix *matrix); /* leaves it empty */

#ifdef __cplusplus
}
#endif

#endif
