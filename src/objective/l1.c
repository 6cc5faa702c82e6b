/* objective/l1.c - mean absolute error of a patch's values, averaged over the patches that count (SimMIM, arXiv
 * 2111.09886). */
#include "objective/slots.h"

static const lac_setting_spec specs[] = {LAC_OBJECTIVE_SPECS};

static lac_id build(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm) {
    (void)settings;
    return lac_l1(graph, prediction, target, weight, norm);
}

const lac_objective_slot lac_objective_l1 = {
    .slot = {"l1", "absolute error, averaged over values and patches", "2111.09886", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .moves_target = true,
    .build = build,
};
