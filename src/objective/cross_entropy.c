/* objective/cross_entropy.c - cross entropy of predicted logits against target probabilities, averaged over patches
 * (BEiT, arXiv 2106.08254; with a teacher's distribution iBOT, arXiv 2111.07832).
 *
 * A target of tokens is one class per patch. */
#include "objective/slots.h"

static const lac_setting_spec specs[] = {
    LAC_OBJECTIVE_SPECS,
    {"temperature", LAC_SETTING_REAL, "1", LAC_ABOVE_ZERO, 1e6, 0, 0, NULL, NULL, "divides the logits"},
};

static lac_id build(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm) {
    bool is_code = lac_is_index(graph, target);
    return lac_cross_entropy(graph, prediction, is_code ? LAC_NONE : target, is_code ? target : LAC_NONE, weight, norm,
                             lac_settings_real(settings, "temperature"));
}

const lac_objective_slot lac_objective_cross_entropy = {
    .slot = {"cross-entropy", "cross entropy of logits against probabilities, averaged over patches", "2106.08254",
             specs, sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .takes_codes = true,
    .build = build,
};
