/* eval/report.c - what an evaluation found, as a title for people and as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "eval/table.h"

static const char *const protocol_names[] = {"knn", "lbfgs", "bn-sgd", "finetune", "attentive"};

void lac_eval_title(const lac_eval_report *r, int table, char room[128]) {
    const lac_eval_table *t = &r->table[table];
    char what[48], labels[64] = "all labels";
    if (t->job.protocol == LAC_EVAL_KNN)
        snprintf(what, sizeof what, "k-NN, k = %" PRId64, r->options.k > 0 ? r->options.k : 20);
    else
        snprintf(what, sizeof what, "linear probe%s", t->job.protocol == LAC_EVAL_BN_SGD ? ", bn-sgd" : "");
    const bool is_tuned = t->job.protocol >= LAC_EVAL_FINETUNE;
    if (is_tuned) {
        snprintf(what, sizeof what, t->job.protocol == LAC_EVAL_FINETUNE ? "fine-tuning" : "attentive probe");
        snprintf(labels, sizeof labels, "all labels, %d seed%s", t->n_seeds, t->n_seeds == 1 ? "" : "s");
    }
    if (t->job.labels > 0)
        snprintf(labels, sizeof labels, "%" PRId64 " label%s a class, %d draw%s", t->job.labels,
                 t->job.labels == 1 ? "" : "s", t->n_seeds, t->n_seeds == 1 ? "" : "s");
    snprintf(room, 128, "%s, %s", what, labels);
}

static void put_text(lac_text *out, const char *text) {
    lac_text_add(out, "\"");
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c == '"' || *c == '\\')
            lac_text_add(out, "\\%c", *c);
        else if (*c < 0x20)
            lac_text_add(out, "\\u%04x", *c);
        else
            lac_text_put(out, (const char *)c, 1);
    lac_text_add(out, "\"");
}

static void put_row(lac_text *out, const lac_eval_table *t, const lac_eval_row *row) {
    lac_text_add(out, "{\"features\": ");
    put_text(out, row->name);
    lac_text_add(out, ", \"values\": %" PRId64 ", \"accuracy\": %.2f", row->d, row->accuracy);
    if (t->n_seeds > 1) lac_text_add(out, ", \"deviation\": %.2f", row->deviation);
    if (t->job.protocol == LAC_EVAL_LBFGS)
        lac_text_add(out, ", \"converged\": %s, \"iterations\": %d, \"gradient\": %.3g",
                     row->is_converged ? "true" : "false", row->iterations, row->gradient);
    lac_text_add(out, "}");
}

static void put_tuning(lac_text *out, const lac_eval_options *o, bool is_whole) {
    const lac_tune_options *t = &o->tune;
    lac_text_add(out, ", \"epochs\": %" PRId64 ", \"batch\": %" PRId64 ", \"lr\": %.9g, \"weight_decay\": %.9g",
                 t->epochs, t->batch, t->lr, t->weight_decay);
    if (is_whole) lac_text_add(out, ", \"layer_decay\": %.9g, \"drop_path\": %.9g", t->layer_decay, o->drop_path);
    lac_text_add(out, ", \"mixup\": %.9g, \"cutmix\": %.9g, \"smoothing\": %.9g, \"erasing\": %.9g", t->mix.mixup,
                 t->mix.cutmix, t->mix.smoothing, t->mix.erasing);
}

static void put_table(lac_text *out, const lac_eval_report *r, const lac_eval_table *t) {
    const lac_eval_options *o = &r->options;
    lac_text_add(out, "{\"protocol\": \"%s\", \"model\": ", protocol_names[t->job.protocol]);
    put_text(out, r->model);
    lac_text_add(out, ", \"step\": %" PRId64 ", \"pool\": \"%s\", \"layer\": %d", r->step, lac_pooling_name(o->pooling),
                 o->layer);
    if (t->job.protocol == LAC_EVAL_KNN)
        lac_text_add(out, ", \"k\": %" PRId64 ", \"temperature\": 0.07", o->k > 0 ? o->k : 20);
    if (t->job.protocol == LAC_EVAL_BN_SGD)
        lac_text_add(out, ", \"optimizer\": \"%s\", \"epochs\": %" PRId64 ", \"crops\": %" PRId64,
                     o->is_lars ? "lars" : "sgd", o->epochs > 0 ? o->epochs : 90, o->crops);
    if (t->job.protocol >= LAC_EVAL_FINETUNE) put_tuning(out, o, t->job.protocol == LAC_EVAL_FINETUNE);
    lac_text_add(out, ", \"labels\": ");
    lac_text_add(out, t->job.labels > 0 ? "%" PRId64 : "null", t->job.labels);
    lac_text_add(out, ", \"seeds\": %d, \"seed\": %" PRIu64 ", \"classes\": %d, \"train\": {\"source\": ", t->n_seeds,
                 o->seed, r->classes);
    put_text(out, r->train);
    lac_text_add(out, ", \"count\": %" PRId64 "}, \"test\": {\"source\": ", r->n_train);
    put_text(out, r->test);
    lac_text_add(out, ", \"count\": %" PRId64 ", \"split\": \"%s\"}, \"rows\": [", r->n_test,
                 r->is_split ? "a stratified fifth of train"
                 : o->test   ? "given"
                             : "the source's own");
    for (int i = 0; i < t->n_rows; i++) {
        if (i) lac_text_add(out, ", ");
        put_row(out, t, &t->row[i]);
    }
    lac_text_add(out, "]}");
}

lac_status lac_eval_json(const lac_eval_report *r, lac_text *out, lac_error *err) {
    if (r->n_tables != 1) lac_text_add(out, "{\"tables\": [");
    for (int i = 0; i < r->n_tables; i++) {
        if (i) lac_text_add(out, ",\n");
        put_table(out, r, &r->table[i]);
    }
    lac_text_add(out, r->n_tables != 1 ? "]}\n" : "\n");
    return out->failed ? lac_no_memory(err, "a report") : LAC_OK;
}
