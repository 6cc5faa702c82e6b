/* method/sections.c - the sections of a recipe: the four slots, read from their own tables, and the settings that
 * belong to no slot (pictures, augmentation, optimizer, batch, checkpoints). */
#include "method/sections.h"

#include <math.h>
#include <string.h>

#include "mask/mask.h"
#include "method/teacher.h"
#include "method/views.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/head.h"
#include "model/quantizer.h"
#include "objective/objective.h"
#include "target/target.h"

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

static const lac_setting_spec picture_specs[] = {
    {"size", LAC_SETTING_INTS, NULL, 1, 16384, 1, 2, NULL, NULL, "height and width in pixels; one number: square"},
    {"channels", LAC_SETTING_INT, "3", 1, 3, 0, 0, NULL, NULL, "1 (grey) or 3 (RGB)"},
    {"mean", LAC_SETTING_REALS, "imagenet", -1e6, 1e6, 1, 3, NULL, "measured|imagenet",
     "subtracted from values in [0, 1], by channel; measured: over the data before the first step"},
    {"std", LAC_SETTING_REALS, "imagenet", LAC_ABOVE_ZERO, 1e6, 1, 3, NULL, "measured|imagenet",
     "divides what is left, by channel"},
};
static const lac_setting_spec augment_specs[] = {
    {"crop", LAC_SETTING_TEXT, "random", 0, 0, 0, 0, "random|centre|squash", NULL,
     "random: a random area and aspect; centre: the middle; squash: the whole picture, whatever its aspect"},
    {"scale", LAC_SETTING_REALS, "[0.2, 1]", LAC_ABOVE_ZERO, 1, 2, 2, NULL, NULL, "area of a random crop, as a share"},
    {"ratio", LAC_SETTING_REALS, "[0.75, 1.3333333333333333]", LAC_ABOVE_ZERO, 1e3, 2, 2, NULL, NULL,
     "aspect (width / height) of a random crop"},
    {"filter", LAC_SETTING_TEXT, "bicubic", 0, 0, 0, 0, "bilinear|bicubic", NULL, "antialiased resampling filter"},
    {"flip", LAC_SETTING_REAL, "0.5", 0, 1, 0, 0, NULL, NULL, "probability of a horizontal flip"},
    {"crop_share", LAC_SETTING_REAL, "0.875", LAC_ABOVE_ZERO, 1, 0, 0, NULL, NULL,
     "centre crops: size / short side after resizing"},
};
static const lac_setting_spec optim_specs[] = {
    {"name", LAC_SETTING_TEXT, "adamw", 0, 0, 0, 0, "adamw", NULL, "decoupled AdamW (arXiv 1711.05101)"},
    {"lr", LAC_SETTING_REAL, NULL, 0, 1e3, 0, 0, NULL, NULL, "base learning rate, for `per` pictures a step"},
    {"per", LAC_SETTING_INT, "256", 0, 1 << 24, 0, 0, NULL, NULL,
     "peak rate = lr x batch x accumulate / per; 0: lr is the peak rate"},
    {"betas", LAC_SETTING_REALS, "[0.9, 0.95]", 0, LAC_BELOW_ONE, 2, 2, NULL, NULL, "decay of the two moments"},
    {"eps", LAC_SETTING_REAL, "1e-8", LAC_ABOVE_ZERO, 1, 0, 0, NULL, NULL, "added to the root of the second moment"},
    {"weight_decay", LAC_SETTING_COURSE, "0.05", 0, 1e3, 0, 0, NULL, NULL,
     "on tensors of two axes or more, except tokens and positions"},
    {"clip", LAC_SETTING_COURSE, "0", 0, INFINITY, 0, 0, NULL, NULL,
     "largest norm of the whole gradient; 0: no clipping"},
    {"warmup", LAC_SETTING_REAL, "0.05", 0, 1e9, 0, 0, NULL, NULL,
     "linear rise: below 1 a share of all steps, from 1 on a number of steps"},
    {"min_lr", LAC_SETTING_REAL, "0", 0, 1e3, 0, 0, NULL, NULL, "learning rate at the end of the cosine, absolute"},
    {"ema", LAC_SETTING_REAL, "0", 0, LAC_BELOW_ONE, 0, 0, NULL, NULL,
     "decay of an average of the weights; 0: none kept"},
};
static const lac_setting_spec train_specs[] = {
    {"batch", LAC_SETTING_INT, "256", 1, 1 << 20, 0, 0, NULL, NULL, "pictures whose gradients make one accumulation"},
    {"micro_batch", LAC_SETTING_INT, "0", 0, 1 << 20, 0, 0, NULL, NULL,
     "pictures computed at once; divides batch; 0: by a rule from shapes (docs/method.md)"},
    {"accumulate", LAC_SETTING_INT, "1", 1, 1 << 20, 0, 0, NULL, NULL, "batches per optimizer step"},
    {"epochs", LAC_SETTING_INT, "100", 1, 1 << 24, 0, 0, NULL, NULL, "passes over the data"},
    {"seed", LAC_SETTING_INT, "0", 0, 9007199254740992.0, 0, 0, NULL, NULL, "of every random draw"},
};
static const lac_setting_spec checkpoint_specs[] = {
    {"every", LAC_SETTING_INT, "1000", 1, 1 << 30, 0, 0, NULL, NULL, "steps between checkpoints"},
    {"keep", LAC_SETTING_INT, "2", 1, 1 << 20, 0, 0, NULL, NULL, "checkpoints kept; older ones are removed"},
};

static const lac_slot picture_section = {"picture", "what the network sees", "", picture_specs, COUNT(picture_specs)};
static const lac_slot augment_section = {"augment", "from a decoded picture to that", "", augment_specs,
                                         COUNT(augment_specs)};
static const lac_slot optim_section = {"optim", "how weights are updated", "", optim_specs, COUNT(optim_specs)};
static const lac_slot train_section = {"train", "how much, and in what portions", "", train_specs, COUNT(train_specs)};
static const lac_slot checkpoint_section = {"checkpoint", "what is kept of a run", "", checkpoint_specs,
                                            COUNT(checkpoint_specs)};

static const lac_slot *picture_slot(int i) {
    return i == 0 ? &picture_section : NULL;
}
static const lac_slot *augment_slot(int i) {
    return i == 0 ? &augment_section : NULL;
}
static const lac_slot *optim_slot(int i) {
    return i == 0 ? &optim_section : NULL;
}
static const lac_slot *train_slot(int i) {
    return i == 0 ? &train_section : NULL;
}
static const lac_slot *checkpoint_slot(int i) {
    return i == 0 ? &checkpoint_section : NULL;
}
static const lac_slot *mask_slot(int i) {
    return i < lac_mask_count() ? &lac_mask_at(i)->slot : NULL;
}
static const lac_slot *encoder_slot(int i) {
    return i < lac_encoder_count() ? &lac_encoder_at(i)->slot : NULL;
}
static const lac_slot *decoder_slot(int i) {
    return i < lac_decoder_count() ? &lac_decoder_at(i)->slot : NULL;
}
static const lac_slot *projector_slot(int i) {
    return i < lac_projector_count() ? &lac_projector_at(i)->slot : NULL;
}
static const lac_slot *predictor_slot(int i) {
    return i < lac_predictor_count() ? &lac_predictor_at(i)->slot : NULL;
}
static const lac_slot *feature_decoder_slot(int i) { /* the same decoders, `none` first */
    const lac_slot *none = &lac_decoder_find("none")->slot;
    for (int k = 0, n = 0; i > 0 && k < lac_decoder_count(); k++)
        if (&lac_decoder_at(k)->slot != none && ++n == i) return &lac_decoder_at(k)->slot;
    return i == 0 ? none : NULL;
}
static const lac_slot *quantizer_slot(int i) {
    return i < lac_quantizer_count() ? &lac_quantizer_at(i)->slot : NULL;
}
static const lac_slot no_tokenizer = {"none", "no tokenizer is used", "", NULL, 0};
static const lac_slot *tokenizer_encoder_slot(int i) {
    return i == 0 ? &no_tokenizer : encoder_slot(i - 1);
}
static const lac_slot *teacher_slot(int i) {
    return i < lac_teacher_count() ? &lac_teacher_at(i)->slot : NULL;
}
static const lac_slot *views_slot(int i) {
    return i < lac_views_count() ? &lac_views_at(i)->slot : NULL;
}
static const lac_slot *target_slot(int i) {
    return i < lac_target_count() ? &lac_target_at(i)->slot : NULL;
}
static const lac_slot *objective_slot(int i) {
    return i < lac_objective_count() ? &lac_objective_at(i)->slot : NULL;
}

const lac_section_kind lac_section_kinds[LAC_N_SECTION_KINDS] = {
    {"picture", "what the network sees", false, false, picture_slot, false},
    {"augment", "from a decoded picture to that", false, false, augment_slot, false},
    {"views", "how often a picture is looked at", true, false, views_slot, true},
    {"mask", "which patches are hidden", true, false, mask_slot, false},
    {"model.encoder", "the network that is kept", true, false, encoder_slot, false},
    {"model.feature_decoder", "from the student's tokens to those that are projected", true, false,
     feature_decoder_slot, true},
    {"model.projector", "from tokens to what is compared with the teacher's", true, false, projector_slot, true},
    {"model.predictor", "on the student's projections only", true, false, predictor_slot, true},
    {"model.quantizer", "from its tokens to one of some codes each", true, false, quantizer_slot, true},
    {"model.decoder", "from its tokens to predictions", true, false, decoder_slot, false},
    {"teacher", "whose features are targets", true, false, teacher_slot, true},
    {"target", "what is predicted", true, false, target_slot, false},
    {"tokenizer.encoder", "of the target's tokenizer, as its file says", true, false, tokenizer_encoder_slot, true},
    {"tokenizer.quantizer", "of the target's tokenizer, likewise", true, false, quantizer_slot, true},
    {"objective", "how a prediction is judged; a list of terms, added up", true, true, objective_slot, false},
    {"optim", "how weights are updated", false, false, optim_slot, false},
    {"train", "how much, and in what portions", false, false, train_slot, false},
    {"checkpoint", "what is kept of a run", false, false, checkpoint_slot, false},
};

const lac_slot *lac_section_find_slot(const lac_section_kind *kind, const char *name) {
    for (int i = 0; kind->slot(i); i++)
        if (strcmp(kind->slot(i)->name, name) == 0) return kind->slot(i);
    return NULL;
}
