/* tests/train/pretrain_test.c - what a run is: its number of steps, its identity, what is refused, what its model is.
 */
#include <math.h>

#include "io/safetensors.h"
#include "train/run.h"
#include "train/tiny.h"

static lac_pretrain_result result;
static char notes[4096];

static void take_note(void *context, const char *text) {
    (void)context;
    strncat(notes, text, sizeof notes - strlen(notes) - 1);
}

static lac_status go_with(const char *run, int64_t steps, const char *set) {
    const char *sets[] = {set};
    lac_pretrain_options o = tiny_options(run, steps, &result);
    o.sets = sets;
    o.n_sets = set != NULL;
    o.note = take_note;
    notes[0] = 0;
    return lac_pretrain(&o, &err);
}

static int64_t total_in_card(const char *name) {
    size_t n;
    char *card = tiny_read(name, &n);
    const char *key = strstr(card, "\"total_steps\": ");
    int64_t total = key ? strtoll(key + 15, NULL, 10) : -1;
    lac_free(card);
    return total;
}

static void test_loss_falls(void **state) {
    (void)state;
    tiny_assert(go_with("short", 1, NULL), LAC_OK, "");
    double first = result.loss;
    tiny_assert(go_with("long", 150, NULL), LAC_OK, "");
    print_message("loss %.4f -> %.4f\n", first, result.loss);
    assert_true(result.loss < 0.6 * first);
}

static void test_finished_run_says_so_and_changes_nothing(void **state) {
    (void)state;
    tiny_assert(go_with("finished", 5, NULL), LAC_OK, "");
    size_t n, m;
    char *before = tiny_read("finished/log.jsonl", &n);
    tiny_assert(go_with("finished", 5, NULL), LAC_OK, "");
    assert_int_equal(result.end, LAC_PRETRAIN_WAS_DONE);
    assert_int_equal(result.total, 5);
    tiny_assert(go_with("finished", 0, NULL), LAC_OK, ""); /* no number: the run's own */
    assert_int_equal(result.end, LAC_PRETRAIN_WAS_DONE);
    char *after = tiny_read("finished/log.jsonl", &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    lac_free(before);
    lac_free(after);
}

static void test_more_steps_need_extend_and_fewer_are_refused(void **state) {
    (void)state;
    tiny_assert(go_with("extended", 5, NULL), LAC_OK, "");
    tiny_assert(go_with("extended", 8, NULL), LAC_USAGE, "--extend");
    tiny_assert(go_with("extended", 3, NULL), LAC_USAGE, "planned for 5 steps");
    assert_int_equal(total_in_card("extended/run.json"), 5);
    lac_pretrain_options o = tiny_options("extended", 8, &result);
    o.extend = true;
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
    assert_int_equal(result.resumed_at, 5);
    assert_int_equal(result.step, 8);
    assert_int_equal(total_in_card("extended/run.json"), 8);
}

static void test_changed_recipe_is_refused_by_key(void **state) {
    (void)state;
    tiny_assert(go_with("changed", 3, NULL), LAC_OK, "");
    tiny_assert(go_with("changed", 3, "optim.lr=5e-3"), LAC_USAGE, "optim.lr");
    tiny_assert(go_with("changed", 3, "model.encoder.width=32"), LAC_USAGE, "model.encoder.width");
    lac_pretrain_options o = tiny_options("changed", 3, &result);
    const int64_t seed = 1;
    o.seed = &seed;
    tiny_assert(lac_pretrain(&o, &err), LAC_USAGE, "train.seed");
    o.seed = NULL;
    o.batch = 8;
    tiny_assert(lac_pretrain(&o, &err), LAC_USAGE, "train.batch");
}

static void test_other_data_are_refused_and_moved_data_are_not(void **state) {
    (void)state;
    char moved[600];
    tiny_assert(go_with("data", 3, NULL), LAC_OK, "");
    lac_pretrain_options o = tiny_options("data", 3, &result);
    snprintf(moved, sizeof moved, "idx:%s", tiny_path("other"));
    o.data = moved;
    tiny_write_pictures(tiny_path("other"), TINY_PICTURES, 1);
    tiny_assert(lac_pretrain(&o, &err), LAC_USAGE, "other data");
    tiny_write_pictures(tiny_path("other"), TINY_PICTURES, 0);
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
    assert_int_equal(result.end, LAC_PRETRAIN_WAS_DONE);
}

static void test_second_writer_is_refused(void **state) {
    (void)state;
    lac_lock *lock;
    tiny_assert(go_with("locked", 3, NULL), LAC_OK, "");
    tiny_assert(lac_lock_take(tiny_path("locked/lock"), &lock, &err), LAC_OK, "");
    tiny_assert(go_with("locked", 3, NULL), LAC_FAILURE, "in use");
    lac_lock_release(lock);
    tiny_assert(go_with("locked", 3, NULL), LAC_OK, "");
}

static void test_foreign_places_are_refused(void **state) {
    (void)state;
    tiny_assert(lac_folder_make(tiny_path("foreign"), &err), LAC_OK, "");
    tiny_assert(lac_file_write(tiny_path("foreign/thesis.tex"), "x", 1, &err), LAC_OK, "");
    tiny_assert(go_with("foreign", 3, NULL), LAC_USAGE, "not a run");
    tiny_assert(go_with("tiny.yaml", 3, NULL), LAC_USAGE, "expected a folder");
    assert_false(lac_file_exists(tiny_path("foreign/lock")));
    lac_pretrain_options o = tiny_options("nothing", 3, &result);
    o.data = "idx:/nowhere/pictures";
    tiny_assert(lac_pretrain(&o, &err), LAC_FAILURE, "/nowhere/pictures");
    o = tiny_options("nothing", 3, &result);
    tiny_assert(go_with("nothing", 3, "optim.lrr=1"), LAC_USAGE, "lrr");
    tiny_assert(go_with("nothing", 3, "model.encoder.patch=3"), LAC_USAGE, "patch");
    assert_false(lac_folder_exists(tiny_path("nothing"))); /* refused before anything was made */
}

static void test_budget_becomes_a_number_once(void **state) {
    (void)state;
    lac_pretrain_options o = tiny_options("budget", 0, &result);
    o.budget_s = 1;
    o.note = take_note;
    notes[0] = 0;
    double began = lac_clock_s();
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
    double took = lac_clock_s() - began;
    int64_t total = total_in_card("budget/run.json");
    print_message("%lld steps in %.2f s\n", (long long)total, took);
    assert_true(total > 5 && result.step == total);
    assert_non_null(strstr(notes, "budget: "));
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, ""); /* again: the number stands */
    assert_int_equal(result.end, LAC_PRETRAIN_WAS_DONE);
    assert_int_equal(total_in_card("budget/run.json"), total);
    char final[2][96]; /* and it is the run that this many steps would have been */
    tiny_assert(go_with("counted", total, NULL), LAC_OK, "");
    snprintf(final[0], sizeof final[0], "budget/checkpoints/step-%08lld.safetensors", (long long)total);
    snprintf(final[1], sizeof final[1], "counted/checkpoints/step-%08lld.safetensors", (long long)total);
    tiny_assert_same(final[0], final[1]);
}

static void test_pause_saves_and_the_next_call_goes_on(void **state) {
    (void)state;
    lac_pretrain_options o = tiny_options("paused", 30, &result);
    o.stop_after_s = 1e-9;
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
    assert_int_equal(result.end, LAC_PRETRAIN_PAUSED);
    assert_int_equal(result.step, 1);
    o.stop_after_s = 0;
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
    assert_int_equal(result.resumed_at, 1);
    assert_int_equal(result.end, LAC_PRETRAIN_DONE);
}

static void test_epochs_count_pictures(void **state) {
    (void)state;
    lac_pretrain_options o = tiny_options("epochs", 0, &result);
    o.epochs = 2.5;
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
    assert_int_equal(result.step, 14); /* 2.5 * 90 / 16 */
    tiny_assert(go_with("recipe-epochs", 0, NULL), LAC_OK, "");
    assert_int_equal(result.step, 11); /* the recipe's 2 */
}

static void test_loss_that_is_not_finite_stops_and_names_the_last_checkpoint(void **state) {
    (void)state;
    const char *sets[] = {"optim.lr=1000", "optim.weight_decay=1000", "optim.warmup=0", "checkpoint.every=1"};
    lac_pretrain_options o = tiny_options("diverged", 60, &result);
    o.sets = sets;
    o.n_sets = 4;
    tiny_assert(lac_pretrain(&o, &err), LAC_FAILURE, "is not finite; last good checkpoint: ");
    assert_non_null(strstr(err.text, "diverged/checkpoints/step-0000000"));
    assert_true(lac_file_exists(strstr(err.text, "checkpoint: ") + 12));
    tiny_assert(go_with("overflow", 5, "picture.std=1e-30"), LAC_FAILURE,
                "step 1: loss is not finite; last good checkpoint: none yet");
}

static void test_measured_statistics_become_numbers(void **state) {
    (void)state;
    tiny_assert(go_with("measured", 3, "picture.mean=measured"), LAC_OK, "");
    size_t n;
    char *recipe = tiny_read("measured/recipe.yaml", &n);
    assert_null(strstr(recipe, "measured"));
    lac_free(recipe);
    tiny_assert(go_with("measured", 3, "picture.mean=measured"), LAC_OK, "");
    assert_int_equal(result.end, LAC_PRETRAIN_WAS_DONE);
    tiny_assert(go_with("measured", 3, NULL), LAC_USAGE, "picture.mean");
}

static void test_accumulation_and_micro_batches_do_not_change_the_loss(void **state) {
    (void)state;
    static const char *const sets[][2] = {{"train.batch=16", "train.micro_batch=16"},
                                          {"train.batch=16", "train.micro_batch=4"},
                                          {"train.batch=4", "train.accumulate=4"},
                                          {"train.batch=8", "train.accumulate=2"}};
    double loss[4];
    for (int i = 0; i < 4; i++) {
        char run[16];
        snprintf(run, sizeof run, "split-%d", i);
        lac_pretrain_options o = tiny_options(run, 6, &result);
        o.sets = sets[i];
        o.n_sets = 2;
        tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
        loss[i] = result.loss;
        assert_true(fabs(loss[i] - loss[0]) < 1e-4 * loss[0]); /* float32 sums in another order, six steps */
    }
}

static void test_model_of_a_run_is_its_average(void **state) {
    (void)state;
    lac_model *model;
    lac_safetensors *file;
    tiny_assert(go_with("model", 9, "optim.ema=0.9"), LAC_OK, "");
    tiny_assert(lac_model_open(tiny_path("model"), LAC_F32, &model, &err), LAC_OK, "");
    assert_int_equal(model->step, 9);
    tiny_assert(lac_safetensors_open(model->path, &file, &err), LAC_OK, "");
    const lac_store *store = lac_method_store(model->method);
    bool differs = false;
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *e = lac_store_at(store, i);
        char name[300];
        snprintf(name, sizeof name, "optim/average/%s", e->name);
        const lac_safetensor *average = lac_safetensors_find(file, name), *value = lac_safetensors_find(file, e->name);
        assert_non_null(value);
        if (!average) continue;
        assert_memory_equal(average->data, e->value, (size_t)e->n * sizeof(float));
        differs = differs || memcmp(value->data, e->value, (size_t)e->n * sizeof(float)) != 0;
    }
    assert_true(differs);
    lac_safetensors_close(file);
    lac_model_free(model);
}

static void test_models_open_by_file_and_untrained_is_step_zero(void **state) {
    (void)state;
    lac_model *model, *late;
    tiny_assert(go_with("models", 9, NULL), LAC_OK, "");
    tiny_assert(lac_model_open(tiny_path("models/checkpoints/step-00000007.safetensors"), LAC_F32, &model, &err),
                LAC_OK, "");
    tiny_assert(lac_model_open(tiny_path("models"), LAC_F64, &late, &err), LAC_OK, "");
    assert_int_equal(model->step, 7);
    assert_int_equal(late->step, 9);
    const lac_entry *e =
        lac_store_at(lac_method_store(model->method), lac_store_find(lac_method_store(model->method), "cls_token"));
    float trained[16];
    memcpy(trained, e->value, sizeof trained);
    lac_model_untrain(model);
    assert_memory_not_equal(trained, e->value, sizeof trained);
    lac_model_free(model);
    lac_model_free(late);
    tiny_assert(lac_model_open(tiny_path("no-such-run"), LAC_F32, &model, &err), LAC_FAILURE, "no such run");
    tiny_assert(lac_model_open(tiny_folder, LAC_F32, &model, &err), LAC_FAILURE, "neither a run");
    tiny_assert(lac_file_write(tiny_path("models/checkpoints/step-00000011.safetensors"), "x", 1, &err), LAC_OK, "");
    tiny_assert(lac_model_open(tiny_path("models"), LAC_F32, &model, &err), LAC_OK, "");
    assert_int_equal(model->step, 9);
    assert_non_null(model->note);
    lac_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_falls),
        cmocka_unit_test(test_finished_run_says_so_and_changes_nothing),
        cmocka_unit_test(test_more_steps_need_extend_and_fewer_are_refused),
        cmocka_unit_test(test_changed_recipe_is_refused_by_key),
        cmocka_unit_test(test_other_data_are_refused_and_moved_data_are_not),
        cmocka_unit_test(test_second_writer_is_refused),
        cmocka_unit_test(test_foreign_places_are_refused),
        cmocka_unit_test(test_budget_becomes_a_number_once),
        cmocka_unit_test(test_pause_saves_and_the_next_call_goes_on),
        cmocka_unit_test(test_epochs_count_pictures),
        cmocka_unit_test(test_loss_that_is_not_finite_stops_and_names_the_last_checkpoint),
        cmocka_unit_test(test_measured_statistics_become_numbers),
        cmocka_unit_test(test_accumulation_and_micro_batches_do_not_change_the_loss),
        cmocka_unit_test(test_model_of_a_run_is_its_average),
        cmocka_unit_test(test_models_open_by_file_and_untrained_is_step_zero),
    };
    return cmocka_run_group_tests(tests, tiny_make, tiny_remove);
}
