/* cluster/write.c - trees as Newick and JSON. */
#include "base/memory.h"
#include "cluster/draw.h"
#include "cluster/escape.h"

/* A walk that enters each inner node three times: before, between and after its children. */
lac_status lac_tree_newick(const lac_tree_view *view, lac_text *out, lac_error *err) {
    size_t n = view->n;
    int64_t *stack = lac_array(n, sizeof *stack);
    uint8_t *entered = lac_array(n, sizeof *entered);
    if (!stack || !entered) {
        lac_free(stack);
        lac_free(entered);
        return lac_no_memory(err, "a Newick tree");
    }
    size_t depth = 0;
    int64_t node = (int64_t)(2 * n - 2);
    for (;;) {
        if (node >= (int64_t)n) { /* down along first children */
            lac_text_put(out, "(", 1);
            stack[depth++] = node;
            node = view->merges[node - (int64_t)n].a;
            continue;
        }
        lac_put_newick(out, view->names[node]);
        double height = 0; /* of the subtree just written */
        while (depth > 0) {
            const lac_merge *up = &view->merges[stack[depth - 1] - (int64_t)n];
            lac_text_add(out, ":%.12g", up->height - height);
            if (!entered[up - view->merges]) {
                entered[up - view->merges] = 1;
                lac_text_put(out, ",", 1);
                node = up->b;
                break;
            }
            lac_text_put(out, ")", 1);
            height = up->height;
            depth--;
        }
        if (depth == 0) break;
    }
    lac_text_put(out, ";\n", 2);
    lac_free(stack);
    lac_free(entered);
    return out->failed ? lac_no_memory(err, "a Newick tree") : LAC_OK;
}

void lac_put_merges(lac_text *out, const lac_merge *merges, size_t n) {
    lac_text_put(out, "[", 1);
    for (size_t k = 0; k + 1 < n; k++) {
        lac_text_add(out, "%s[%lld, %lld, ", k ? ",\n    " : "\n    ", (long long)merges[k].a, (long long)merges[k].b);
        lac_put_json_real(out, merges[k].height);
        lac_text_add(out, ", %lld]", (long long)merges[k].size);
    }
    lac_text_put(out, "]", 1);
}

lac_status lac_tree_json(const lac_tree_view *view, lac_text *out, lac_error *err) {
    int64_t *leaves = lac_array(view->n, sizeof *leaves);
    if (!leaves) return lac_no_memory(err, "a tree as JSON");
    lac_status status = lac_tree_leaves(view->merges, view->n, leaves, NULL, err);
    if (status == LAC_OK) {
        lac_text_add(out, "{\n  \"n\": %zu,\n  \"names\": [", view->n);
        for (size_t i = 0; i < view->n; i++) {
            if (i) lac_text_put(out, ", ", 2);
            lac_put_json(out, view->names[i]);
        }
        lac_text_add(out, "],\n  \"merges\": ");
        lac_put_merges(out, view->merges, view->n);
        lac_text_add(out, ",\n  \"leaves\": [");
        for (size_t i = 0; i < view->n; i++)
            lac_text_add(out, "%s%lld", i ? ", " : "", (long long)leaves[i]);
        if (view->labels) lac_text_add(out, "],\n  \"labels\": [");
        for (size_t i = 0; view->labels && i < view->n; i++)
            lac_text_add(out, "%s%d", i ? ", " : "", (int)view->labels[i]);
        lac_text_add(out, "]\n}\n");
        if (out->failed) status = lac_no_memory(err, "a tree as JSON");
    }
    lac_free(leaves);
    return status;
}
