/* train/run.h - a run is a folder: recipe.yaml, run.json, log.jsonl, checkpoints/step-00000200.safetensors. */
#ifndef LAC_TRAIN_RUN_H
#define LAC_TRAIN_RUN_H

#include "base/error.h"
#include "graph/store.h"
#include "method/method.h"

/* A model to measure or use: from a RUN folder (its last good checkpoint; the weight average if it keeps one), from one
 * checkpoint file, or from a Hugging Face ViTMAE folder (config.json + model.safetensors). */
typedef struct lac_model {
    lac_recipe *recipe;
    lac_method *method;
    int64_t step;        /* of the checkpoint; 0 for an imported model */
    uint64_t seed;       /* of the run; 0 for an imported model */
    char *path;          /* what was read */
    char *note;          /* NULL; else why it is not the newest checkpoint, for a person to read */
    bool is_huggingface; /* names and layout of parameters are Hugging Face's (io of names: method/hf.h) */
} lac_model;
lac_status lac_model_open(const char *path, lac_dtype real, lac_model **model, lac_error *err);
void lac_model_free(lac_model *model);
/* The same network before training: weights drawn again from the run's seed. The control of every evaluation. */
void lac_model_untrain(lac_model *model);

#endif
