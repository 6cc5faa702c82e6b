/* graph/course.c - dividing by a number that may follow a schedule: one input of one element, however often the number
 * is asked for. */
#include "graph/course.h"

#include <stdio.h>
#include <string.h>

#include "graph/node.h"

static lac_id find_input(const lac_graph *g, const char *name) {
    for (int i = 0; i < g->n_inputs; i++)
        if (strcmp(g->inputs[i].name, name) == 0) return g->inputs[i].id;
    return LAC_NONE;
}

lac_id lac_divide(lac_graph *g, const lac_settings *settings, const char *key, const char *path, lac_id x) {
    const lac_setting *setting = lac_settings_get(settings, key);
    if (!lac_tensor_at(g, x)) return lac_graph_refuse(g, "divide: an argument is missing");
    if (!lac_setting_changes(setting)) return lac_scale(g, x, 1 / setting->number[0]);
    char name[120];
    snprintf(name, sizeof name, "inverse/%s.%s", path, key);
    lac_id inverse = find_input(g, name);
    if (inverse == LAC_NONE) inverse = lac_input(g, name, lac_graph_real(g), 1, (int64_t[]){1});
    lac_shape shape = g->tensors[x].shape;
    int64_t one[2] = {1, lac_shape_size(&shape)}; /* one sample with one factor */
    return lac_reshape(g, lac_scale_samples(g, lac_reshape(g, x, 2, one), inverse), shape.rank, shape.dim);
}
