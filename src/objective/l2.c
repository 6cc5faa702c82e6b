/* objective/l2.c - mean squared error of a patch's values, averaged over the patches that count (MAE, arXiv
 * 2111.06377). */
#include "objective/slots.h"

static const lac_setting_spec specs[] = {LAC_OBJECTIVE_SPECS};

static lac_id build(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm) {
    (void)settings;
    return lac_l2(graph, prediction, target, weight, norm);
}

const lac_objective_slot lac_objective_l2 = {
    .slot = {"l2", "squared error, averaged over values and patches", "2111.06377", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .moves_target = true,
    .build = build,
};
