/* objective/centred.c - cross entropy with what a teacher says in K logits, centred and sharpened so that neither one
 * answer nor all of them win (DINO, arXiv 2104.14294, section 3.1; iBOT, arXiv 2111.07832, section 3).
 *
 * target = softmax((teacher - centre) / teacher_temperature); loss = - sum target log softmax(student / temperature);
 * after the step, centre = momentum x centre + (1 - momentum) x mean of the teacher's logits over its batch.
 *
 * `dino` is of whole pictures: each view of the student against each other view of the teacher. `ibot` is of the hidden
 * patches, in the same view, averaged in each picture before pictures are. Each has a centre of its own. */
#include <stdio.h>

#include "graph/course.h"
#include "objective/slots.h"

static const lac_setting_spec specs[] = {
    LAC_OBJECTIVE_SPECS,
    {"temperature", LAC_SETTING_REAL, "0.1", LAC_ABOVE_ZERO, 1e6, 0, 0, NULL, NULL, "divides the student's logits"},
    {"teacher_temperature", LAC_SETTING_COURSE, "0.04", LAC_ABOVE_ZERO, 1e6, 0, 0, NULL, NULL,
     "divides the teacher's: below the student's, so that its answers are sharper"},
    {"momentum", LAC_SETTING_REAL, "0.9", 0, LAC_BELOW_ONE, 0, 0, NULL, NULL,
     "of the centre, which follows the mean of the teacher's logits"},
};

static void name_centre(const char *name, char out[96]) {
    snprintf(out, 96, "%.64s.centre", name);
}

static lac_status declare(const lac_settings *settings, const char *name, int64_t width, lac_store *store,
                          lac_error *err) {
    (void)settings;
    char centre[96];
    name_centre(name, centre);
    return lac_store_add(store, centre, 1, &width, LAC_PARAM_BUFFER, LAC_INIT_ZERO, 0, NULL, err);
}

/* rows: B x R x K */
static lac_id aim(const lac_settings *settings, const lac_aim *about, lac_graph *g, lac_id rows) {
    char name[96];
    name_centre(about->name, name);
    lac_id centre = lac_parameter(g, lac_store_find(lac_graph_store(g), name));
    lac_id logits = lac_add_broadcast(g, rows, lac_scale(g, centre, -1));
    logits = lac_divide(g, settings, "teacher_temperature", about->path, logits);
    if (about->is_training) {
        int64_t n = lac_dim(g, rows, 0) * lac_dim(g, rows, 1), one = 1;
        lac_output(g, about->mean, lac_mean_tokens(g, lac_reshape(g, rows, 3, (int64_t[]){1, n, lac_dim(g, rows, 2)})));
        lac_output(g, about->figure,
                   lac_kl_uniform(g, logits, lac_fill(g, 1, &n, 1), lac_fill(g, 1, &one, 1 / (double)n)));
    }
    return lac_softmax(g, logits, 1);
}

static lac_id build(const lac_settings *settings, lac_graph *graph, lac_id prediction, lac_id target, lac_id weight,
                    lac_id norm) {
    return lac_cross_entropy(graph, prediction, target, LAC_NONE, weight, norm,
                             lac_settings_real(settings, "temperature"));
}

/* Stores of float64 are for finite differences, which take no steps. */
static void learn(const lac_settings *settings, const char *name, lac_store *store, const float *mean) {
    char centre[96];
    name_centre(name, centre);
    const lac_entry *entry = lac_store_at(store, lac_store_find(store, centre));
    double momentum = lac_settings_real(settings, "momentum");
    float *c = entry->value;
    for (int64_t k = 0; k < entry->n; k++)
        c[k] = (float)(momentum * (double)c[k] + (1 - momentum) * (double)mean[k]);
}

const lac_objective_slot lac_objective_dino = {
    .slot = {"dino", "the student's answer for a picture is the teacher's for other views of it", "2104.14294", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .is_of_pictures = true,
    .declare = declare,
    .aim = aim,
    .learn = learn,
    .build = build,
};

const lac_objective_slot lac_objective_ibot = {
    .slot = {"ibot", "the student's answer for a hidden patch is that of the teacher, who sees it", "2111.07832", specs,
             sizeof specs / sizeof *specs},
    .is_per_sample = true,
    .is_by_picture = true,
    .declare = declare,
    .aim = aim,
    .learn = learn,
    .build = build,
};
