/* objective/cosine.c - 1 - cos of the angle between prediction and target, averaged over patches (MVP, arXiv
 * 2203.05175).
 *
 * Of rows of length 1 it is half the squared distance, which is how it is computed: exact also where both are alike. */
#include "objective/slots.h"

static const lac_setting_spec specs[] = {LAC_OBJECTIVE_SPECS};

static lac_id build(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm) {
    (void)settings;
    double q = (double)lac_dim(graph, prediction, -1); /* l2 is a mean over values */
    prediction = lac_unit_rows(graph, prediction, 1e-12);
    target = lac_unit_rows(graph, target, 1e-12);
    return lac_scale(graph, lac_l2(graph, prediction, target, weight, norm), q / 2);
}

const lac_objective_slot lac_objective_cosine = {
    .slot = {"cosine", "1 - cosine of prediction and target, averaged over patches", "2203.05175", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .moves_target = true,
    .build = build,
};
