/* objective/smooth_l1.c - squared error near 0 and absolute error beyond `beta`, averaged over values and patches
 * (data2vec, arXiv 2202.03555, section 3.3; I-JEPA's code with beta 1). */
#include "objective/slots.h"

static const lac_setting_spec specs[] = {
    LAC_OBJECTIVE_SPECS,
    {"beta", LAC_SETTING_REAL, "1", LAC_ABOVE_ZERO, 1e6, 0, 0, NULL, NULL, "where the square goes over into the line"},
};

static lac_id build(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm) {
    return lac_smooth_l1(graph, prediction, target, weight, norm, lac_settings_real(settings, "beta"));
}

const lac_objective_slot lac_objective_smooth_l1 = {
    .slot = {"smooth-l1", "squared error near 0, absolute error beyond beta", "2202.03555", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .moves_target = true,
    .build = build,
};
