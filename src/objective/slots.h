/* objective/slots.h - the objectives there are. A new one: its file, a line here, and a line in the table of
 * objective.c. */
#ifndef LAC_OBJECTIVE_SLOTS_H
#define LAC_OBJECTIVE_SLOTS_H

#include "objective/objective.h"

/* The settings that every objective has, to start its table with. */
#define LAC_OBJECTIVE_SPECS                                                                                            \
    {"on", LAC_SETTING_TEXT, "hidden", 0, 0, 0, 0, "hidden|visible|all", NULL, "which patches are judged"},            \
        {"weight", LAC_SETTING_COURSE, "1", 0, 1e6, 0, 0, NULL, NULL, "factor of this term in the loss"}, {            \
        "of", LAC_SETTING_TEXT, "decoder", 0, 0, 0, 0, "decoder|projector|quantizer", NULL,                            \
            "compares the decoder's output with the target, projections with the teacher's, or what a quantizer is "   \
            "given with the codes it chose"                                                                            \
    }

extern const lac_objective_slot lac_objective_l2, lac_objective_l1, lac_objective_smooth_l1, lac_objective_cosine,
    lac_objective_cross_entropy, lac_objective_infonce, lac_objective_infonce_batch, lac_objective_spectral,
    lac_objective_uniform, lac_objective_dino, lac_objective_ibot;

#endif
