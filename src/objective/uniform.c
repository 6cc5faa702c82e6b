/* objective/uniform.c - how far the softmax of a prediction is from uniform: log K minus its entropy, averaged over
 * patches. Keeps a discrete VAE's codes in use (the KL term of DALL-E, arXiv 2102.12092, section 2.1). */
#include "objective/slots.h"

static const lac_setting_spec specs[] = {LAC_OBJECTIVE_SPECS};

static lac_id build(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm) {
    (void)settings, (void)target;
    return lac_kl_uniform(graph, prediction, weight, norm);
}

const lac_objective_slot lac_objective_uniform = {
    .slot = {"uniform", "distance of predicted distributions from uniform, averaged over patches", "2102.12092", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .ignores_target = true,
    .build = build,
};
