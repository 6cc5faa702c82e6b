/* objective/infonce.c - each prediction must find its own target among others, by cosine (InfoNCE, arXiv 1807.03748;
 * over the positions of a picture as in ConMIM, arXiv 2205.09616).
 *
 * `infonce` has the other positions of the same picture for negatives; `infonce-batch` the positions of all pictures of
 * the batch, so a batch cannot be split. With one position a picture that is the image-level loss of CMAE (arXiv
 * 2207.13532). */
#include "objective/slots.h"

static const lac_setting_spec specs[] = {
    LAC_OBJECTIVE_SPECS,
    {"temperature", LAC_SETTING_REAL, "0.1", LAC_ABOVE_ZERO, 1e6, 0, 0, NULL, NULL, "divides the cosines"},
};

static lac_id build(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm) {
    prediction = lac_unit_rows(graph, prediction, 1e-12);
    target = lac_unit_rows(graph, target, 1e-12);
    return lac_infonce(graph, prediction, target, weight, norm, lac_settings_real(settings, "temperature"));
}

static lac_id build_batch(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target,
                          lac_id weight, lac_id norm) {
    int64_t one[3] = {1, lac_dim(graph, prediction, 0) * lac_dim(graph, prediction, 1), lac_dim(graph, prediction, 2)};
    prediction = lac_reshape(graph, prediction, 3, one);
    target = lac_reshape(graph, target, 3, one);
    return build(settings, graph, prediction, target, lac_reshape(graph, weight, 2, one), norm);
}

const lac_objective_slot lac_objective_infonce = {
    .slot = {"infonce", "each patch finds its own target among those of its picture", "2205.09616", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .moves_target = true,
    .build = build,
};

const lac_objective_slot lac_objective_infonce_batch = {
    .slot = {"infonce-batch", "each patch finds its own target among those of the batch", "1807.03748", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = false,
    .moves_target = true,
    .build = build_batch,
};
