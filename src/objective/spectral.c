/* objective/spectral.c - distance of the spectra of predicted and true picture at the frequencies that a mask removed
 * (MFM, arXiv 2206.07706, section 3.3).
 *
 * (|F p - F t|^2 + 1e-12)^(gamma / 2) of whole pictures, averaged over channels, weighed by the mask's `removed`. The
 * target is the pixels of each patch. `on` changes nothing: every patch belongs to the picture. */
#include "objective/slots.h"

static const lac_setting_spec specs[] = {
    LAC_OBJECTIVE_SPECS,
    {"gamma", LAC_SETTING_REAL, "1", LAC_ABOVE_ZERO, 16, 0, 0, NULL, NULL, "power of the distance"},
};

static lac_id spectrum_of(lac_graph *graph, const lac_grid *grid, lac_id patches) {
    return lac_dft(graph,
                   lac_unpatchify(graph, patches, grid->n_axes, grid->patch, true, grid->channels, grid->picture));
}

static lac_id build_removed(const lac_settings *settings, lac_graph *graph, const lac_grid *grid, lac_id prediction,
                            lac_id target, lac_id removed, lac_id norm) {
    if (lac_dim(graph, prediction, -1) != grid->patch_values)
        return lac_graph_refuse(graph, "objective 'spectral': expected a target of %lld pixels a patch, found %lld",
                                (long long)grid->patch_values, (long long)lac_dim(graph, prediction, -1));
    lac_id distance = lac_modulus(graph, spectrum_of(graph, grid, prediction), spectrum_of(graph, grid, target),
                                  removed, norm, lac_settings_real(settings, "gamma"));
    /* norm is 1 / patches: F frequencies in place of N */
    return lac_scale(graph, distance, (double)grid->n / (double)(grid->picture[0] * grid->picture[1]));
}

const lac_objective_slot lac_objective_spectral = {
    .slot = {"spectral", "distance of spectra at the frequencies that the mask removed", "2206.07706", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .build_removed = build_removed,
};
