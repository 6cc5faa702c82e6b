/* graph/course.h - a number of a recipe in a graph, also one that changes from step to step. */
#ifndef LAC_GRAPH_COURSE_H
#define LAC_GRAPH_COURSE_H

#include "base/settings.h"
#include "graph/graph.h"

/* x / the setting `key`. If that follows a schedule, by an input "inverse/PATH.KEY" [1] that whoever runs the graph
 * fills with 1 / its value (method/step_course.c does); `path` is where the settings stand in a recipe. */
lac_id lac_divide(lac_graph *g, const lac_settings *settings, const char *key, const char *path, lac_id x);

#endif
