/* cli/cmd_step.c - `lacuna step`: training steps on given pictures and masks, every number written out, so that anybody
 * can check Lacuna against another implementation.
 *
 * Constant learning rate, no clipping, no drop path, the whole batch at once, the same inputs each step. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cli/trial.h"
#include "train/optimizer.h"

typedef struct plan {
    int64_t steps;
    double lr;
    lac_optimizer_options optimizer;
} plan;

/* Defaults: one step with the recipe's numbers, at the peak rate for this batch. */
static lac_status read_plan(const lac_args *args, const lac_recipe *r, int64_t batch, plan *p, lac_error *err) {
    double per = lac_recipe_real(r, "optim.per"), lr = lac_recipe_real(r, "optim.lr"), betas[2];
    LAC_TRY(lac_args_int(args, "steps", 1, 1, &p->steps, err));
    LAC_TRY(lac_args_real(args, "lr", per > 0 ? lr * (double)batch / per : lr, 0, &p->lr, err));
    lac_recipe_list(r, "optim.betas", betas, 2);
    p->optimizer =
        (lac_optimizer_options){.beta1 = betas[0], .beta2 = betas[1], .eps = lac_recipe_real(r, "optim.eps")};
    return lac_args_real(args, "weight-decay", lac_recipe_real(r, "optim.weight_decay"), 0, &p->optimizer.weight_decay,
                         err);
}

typedef struct machine {
    lac_pool *pool;
    const lac_backend *backend;
} machine;

static lac_status read_scalar(const lac_step *step, const char *name, float *value, lac_error *err) {
    lac_view view;
    LAC_TRY(lac_program_output(lac_step_program(step), name, &view, err));
    *value = *(const float *)view.data;
    return LAC_OK;
}

/* values: (1 + terms) x steps */
static lac_status read_losses(const lac_trial *s, const lac_step *step, const plan *p, int64_t t, float *values,
                              lac_error *err) {
    LAC_TRY(read_scalar(step, "loss", &values[t], err));
    for (int i = 0; i < lac_method_terms(s->method); i++) {
        char name[96];
        snprintf(name, sizeof name, "term/%s", lac_method_term(s->method, i));
        LAC_TRY(read_scalar(step, name, &values[(i + 1) * p->steps + t], err));
    }
    return LAC_OK;
}

static lac_status run_steps(const lac_trial *s, const machine *m, lac_step *step, lac_optimizer *optimizer,
                            const plan *p, const lac_trial_inputs *in, lac_trial_dump *d, float *values,
                            lac_error *err) {
    lac_store *store = lac_method_store(s->method);
    LAC_TRY(lac_trial_dump_declare(d, step, p->steps, err));
    for (int v = 0; v < LAC_MOST_VIEWS && in->views[v]; v++) {
        char name[24];
        snprintf(name, sizeof name, "view/%d", v);
        LAC_TRY(lac_program_bind(lac_step_program(step), name, in->views[v], err));
    }
    if (in->gumbel) LAC_TRY(lac_program_bind(lac_step_program(step), "gumbel/0", in->gumbel, err));
    for (int64_t t = 0; t < p->steps; t++) {
        double share = (double)t / (double)p->steps;
        lac_method_at(s->method, share);
        for (int i = 0; i < lac_store_count(store); i++)
            lac_optimizer_hold(optimizer, i, lac_method_holds(s->method, i, share));
        LAC_TRY(in->blocks ? lac_step_set_lists(step, in->n_keep, in->keep, in->n_in_block, in->blocks, err)
                           : lac_step_set_mask(step, in->noise, in->keep, in->weight, 0, err));
        lac_store_zero_gradients(store);
        lac_step_clear(step);
        lac_program_run(lac_step_program(step));
        lac_step_gather(step);
        LAC_TRY(read_losses(s, step, p, t, values, err));
        if (t == 0) LAC_TRY(lac_trial_dump_first(d, step, err));
        lac_optimizer_step(optimizer, m->backend, m->pool, p->lr, NULL);
        lac_method_step_teacher(s->method, m->backend, m->pool);
        lac_step_learn(step, s->seed, t);
    }
    return lac_trial_dump_last(d, values, p->steps, err);
}

static lac_status run_and_dump(const lac_args *args, const lac_trial *s, const machine *m, const plan *p,
                               const lac_trial_inputs *in, float *values, lac_error *err) {
    const char *path = lac_args_text(args, "dump");
    lac_trial_dump d = {.s = s};
    lac_step *step = NULL;
    lac_optimizer *optimizer = NULL;
    lac_status status = lac_safetensors_create(path, &d.writer, err);
    if (status == LAC_OK) status = lac_step_new(s->method, m->backend, m->pool, in->batch, LAC_STEP_TRAIN, &step, err);
    if (status == LAC_OK) status = lac_optimizer_new(lac_method_store(s->method), &p->optimizer, &optimizer, err);
    if (status == LAC_OK) status = run_steps(s, m, step, optimizer, p, in, &d, values, err);
    if (status == LAC_OK)
        status = lac_safetensors_commit(d.writer, err);
    else if (d.writer)
        lac_safetensors_abort(d.writer);
    lac_optimizer_free(optimizer);
    lac_step_free(step);
    return status;
}

static lac_status print_losses(const lac_args *args, const plan *p, const float *values, lac_error *err) {
    const char *path = lac_args_text(args, "dump");
    if (!lac_args_json(args)) {
        for (int64_t t = 0; t < p->steps && !lac_args_quiet(args); t++)
            printf("step %lld: loss %.9g\n", (long long)t + 1, (double)values[t]);
        return LAC_OK;
    }
    json_t *losses = json_array();
    for (int64_t t = 0; t < p->steps; t++)
        json_array_append_new(losses, json_real((double)values[t]));
    json_t *json = json_pack("{sssfso}", "dump", path, "lr", p->lr, "loss", losses);
    char *text = json ? json_dumps(json, JSON_REAL_PRECISION(9)) : NULL;
    json_decref(json);
    if (!text) return lac_no_memory(err, "JSON");
    puts(text);
    free(text);
    return LAC_OK;
}

static lac_status run_on(const lac_args *args, const lac_trial *s, lac_trial_inputs *in, lac_error *err) {
    LAC_TRY(lac_trial_inputs_load(args, s, in, err));
    plan p;
    LAC_TRY(read_plan(args, lac_method_recipe(s->method), in->batch, &p, err));
    machine m;
    LAC_TRY(lac_args_machine(args, &m.pool, &m.backend, err));
    float *values = lac_array((size_t)p.steps * (size_t)(1 + lac_method_terms(s->method)), sizeof *values);
    lac_status status = values ? run_and_dump(args, s, &m, &p, in, values, err) : lac_no_memory(err, "losses");
    if (status == LAC_OK) status = print_losses(args, &p, values, err);
    lac_free(values);
    lac_pool_free(m.pool);
    return status;
}

static lac_status run(const lac_args *args, lac_error *err) {
    if (!lac_args_text(args, "dump")) return lac_usage(err, "--dump FILE is needed");
    lac_trial s = {0};
    lac_trial_inputs in = {0};
    lac_status status = lac_trial_open(args, &s, err);
    if (status == LAC_OK) status = run_on(args, &s, &in, err);
    lac_trial_inputs_free(&in);
    lac_trial_close(&s);
    return status;
}

static const lac_option options[] = {
    {"inputs", "FILE",
     "safetensors: view/K (B x C x H x W), noise or keep/0 (and blocks/0) or mask/0, gumbel/0, perhaps param/NAME, "
     "teacher/NAME, "
     "buffer/NAME"},
    {"dump", "FILE",
     "safetensors to write: loss, term/NAME, prediction, mask, grad/NAME, after/NAME, teacher_after/NAME, "
     "buffer_after/NAME"},
    {"pixels", "FILE", "instead of --inputs: view/0 as .npy"},
    {"noise", "FILE", "with --pixels: noise as .npy (B x N)"},
    {"steps", "K", "AdamW steps on the same inputs (1)"},
    {"lr", "X", "constant learning rate (the recipe's peak for this batch)"},
    {"weight-decay", "Y", "on tensors of two axes or more except tokens and positions (the recipe's)"},
    {"set", "KEY=VALUE", "override one key of a RECIPE; may be given again"},
    {0},
};

const lac_command lac_command_step = {
    .name = "step",
    .usage = "RUN|MODEL|RECIPE --inputs FILE --dump FILE",
    .summary = "run exact training steps on given inputs and write every number: parity with other implementations",
    .details =
        "MODEL is a checkpoint file or a folder with Hugging Face ViTMAE's config.json and model.safetensors; names in "
        "the dump are those of the model's own file. A RECIPE starts from the weights that --seed draws. Learning "
        "rate constant, no clipping, drop path off, the same inputs each step, the whole batch at once. noise is "
        "ranked per picture, the smallest stay visible; keep/0 (i32, B x V) lists visible patches, and where lists of "
        "patches are "
        "predicted blocks/0 (i32, B x M x K) those; -1 ends a list that is shorter; mask/0 (B x N) "
        "gives loss weights, and alone it hides what has a weight. view/1 is the teacher's; of crops, view/K are "
        "all, first the masked ones, and a mask has B rows for each of those in turn; teacher/NAME are the teacher's "
        "weights, "
        "else it starts as the model; buffer/NAME are what methods keep beside weights (a codebook and its averages); "
        "gumbel/0 (B x N x K) is the noise of soft choices of codes; schedules run over the K steps. The dump holds "
        "loss and term/NAME [K] (before "
        "each update), prediction, target, projection, teacher_projection, codes (those that the method has), mask "
        "(B x N, 1 = hidden) and grad/NAME of the first step, after/NAME, teacher_after/NAME and buffer_after/NAME.",
    .examples = "lacuna step vit-mae-base --inputs in.safetensors --dump out.safetensors --steps 5 --lr 1e-3\n"
                "lacuna step mae-tiny-32 --pixels x.npy --noise n.npy --dump out.safetensors --seed 1",
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
