/* Training on labels: what can be learned is learned, in the same bits for any number of threads; a frozen encoder
 * stays as it is; few labels, subsets and broken losses are what they say. */
#include "train/tiny.h"

#include <math.h>

#include "base/text.h"
#include "eval/table.h"
#include "eval/tune.h"

enum { PICTURES = 120, SIDE = 8, CLASSES = 3 };

static const char recipe_text[] = "picture: {size: 8, channels: 1, mean: 0.4, std: 0.3}\n"
                                  "augment: {crop: squash, flip: 0}\n"
                                  "mask: {name: random, ratio: 0.5}\n"
                                  "model:\n"
                                  "  encoder: {name: vit, patch: 2, width: 16, depth: 2, heads: 2}\n"
                                  "  decoder: {name: mae, width: 8, depth: 1, heads: 1}\n"
                                  "target: {name: pixels, norm: false}\n"
                                  "objective: [{name: l2}]\n"
                                  "optim: {lr: 1e-2, per: 0}\n"
                                  "train: {batch: 16, epochs: 2}\n";

static char data[1100];
static lac_recipe *recipe;
static const lac_backend *backend;

/* A bright bar across, down or along the diagonal, at a place and of a brightness that say nothing. */
static void paint(int i, unsigned char *out) {
    lac_random r = lac_random_at(9, LAC_RANDOM_TEST, 0, (uint64_t)i, 0);
    int at = (int)lac_random_below(&r, SIDE), bright = 150 + (int)lac_random_below(&r, 100);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            bool is_on = i % CLASSES == 0 ? y == at : i % CLASSES == 1 ? x == at : (x + y) % SIDE == at;
            out[y * SIDE + x] = (unsigned char)(is_on ? bright : (int)lac_random_below(&r, 60));
        }
}

static int make(void **state) {
    if (tiny_make(state)) return -1;
    FILE *pictures = fopen(tiny_path("bars"), "wb"), *labels = fopen(tiny_path("names"), "wb");
    const unsigned char head[16] = {0, 0, 8, 3, 0, 0, 0, PICTURES, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    const unsigned char label_head[8] = {0, 0, 8, 1, 0, 0, 0, PICTURES};
    if (!pictures || !labels) return -1;
    fwrite(head, 1, sizeof head, pictures);
    fwrite(label_head, 1, sizeof label_head, labels);
    for (int i = 0; i < PICTURES; i++) {
        unsigned char one[SIDE * SIDE];
        paint(i, one);
        fwrite(one, 1, sizeof one, pictures);
        fputc(i % CLASSES, labels);
    }
    fclose(pictures);
    fclose(labels);
    snprintf(data, sizeof data, "idx:%s,%s", tiny_path("bars"), tiny_path("names"));
    if (lac_backend_cpu(NULL, &backend, &err) != LAC_OK) return -1;
    return lac_recipe_read_text("bars", recipe_text, &recipe, &err) == LAC_OK ? 0 : -1;
}

static int clean(void **state) {
    lac_recipe_free(recipe);
    return tiny_remove(state);
}

typedef struct outcome {
    double accuracy, loss;
    uint64_t encoder, head; /* hashes of weights */
} outcome;

static outcome train(lac_classifier c, const lac_tune_options *o, int threads) {
    outcome out = {0};
    lac_source *source;
    lac_method *method;
    lac_pool *pool;
    int64_t n;
    tiny_assert(lac_source_open(data, &source, &err), LAC_OK, "");
    tiny_assert(lac_method_new(recipe, LAC_F32, &method, &err), LAC_OK, "");
    tiny_assert(lac_pool_new(threads, &pool, &err), LAC_OK, "");
    tiny_assert(lac_classifier_declare(method, &c, &err), LAC_OK, "");
    lac_store *store = lac_method_store(method);
    lac_store_initialize(store, 5);
    tiny_assert(lac_tune_fit(method, &c, backend, pool, source, o, &out.loss, &err), LAC_OK, "");
    tiny_assert(lac_tune_test(method, &c, backend, pool, source, threads, &out.accuracy, &n, &err), LAC_OK, "");
    assert_int_equal(n, PICTURES);
    for (int i = 0; i < lac_store_count(store); i++) {
        const lac_entry *e = lac_store_at(store, i);
        bool is_head = strncmp(e->name, "head.", 5) == 0 || strncmp(e->name, "attend.", 7) == 0;
        uint64_t *hash = is_head ? &out.head : &out.encoder;
        *hash = lac_hash(e->value, (size_t)e->n * sizeof(float), *hash);
    }
    lac_pool_free(pool);
    lac_method_free(method);
    lac_source_free(source);
    return out;
}

static const lac_tune_options options = {
    .epochs = 30, .batch = 24, .lr = 0.03, .warmup = -1, .weight_decay = .01, .layer_decay = .8, .n_loaders = 1};

static void test_bars_are_told_apart(void **state) {
    (void)state;
    lac_classifier c = {.readout = LAC_READOUT_MEAN, .classes = CLASSES};
    outcome all = train(c, &options, 1);
    if (!(all.accuracy > 95)) fail_msg("fine-tuned: %.1f %%, loss %.3f", all.accuracy, all.loss);
    c.readout = LAC_READOUT_CLASS;
    all = train(c, &options, 1);
    if (!(all.accuracy > 90)) fail_msg("by the class token: %.1f %%", all.accuracy);
    lac_classifier probe = {.readout = LAC_READOUT_ATTENTIVE, .classes = CLASSES, .is_frozen = true};
    outcome frozen = train(probe, &options, 1);
    if (!(frozen.accuracy > 60)) fail_msg("attentive probe: %.1f %%, loss %.3f", frozen.accuracy, frozen.loss);
}

static void test_threads_and_loaders_change_no_bit(void **state) {
    (void)state;
    lac_tune_options o = options;
    o.epochs = 3;
    o.mix = (lac_mix_options){.mixup = .8, .cutmix = 1, .smoothing = .1, .erasing = .5};
    for (int kind = 0; kind < 2; kind++) {
        lac_classifier c = {
            .readout = kind ? LAC_READOUT_ATTENTIVE : LAC_READOUT_MEAN, .classes = CLASSES, .is_frozen = kind == 1};
        o.n_loaders = 1;
        outcome one = train(c, &o, 1);
        o.n_loaders = 3;
        outcome four = train(c, &o, 4);
        assert_true(one.loss == four.loss && one.encoder == four.encoder && one.head == four.head);
        o.seed++;
        outcome other = train(c, &o, 1);
        assert_true(other.head != one.head); /* the comparison can fail */
    }
}

static void test_a_frozen_encoder_stays_and_mixing_says_more_with_loss(void **state) {
    (void)state;
    lac_tune_options o = options;
    o.epochs = 2;
    lac_classifier c = {.readout = LAC_READOUT_ATTENTIVE, .classes = CLASSES, .is_frozen = true};
    outcome a = train(c, &o, 1);
    o.epochs = 4;
    outcome b = train(c, &o, 1);
    assert_true(a.encoder == b.encoder && a.head != b.head);
    c = (lac_classifier){.readout = LAC_READOUT_MEAN, .classes = CLASSES};
    o.epochs = 30;
    outcome plain = train(c, &o, 1);
    o.mix.smoothing = .3; /* its best loss is the entropy of the smoothed labels: .57 */
    outcome smooth = train(c, &o, 1);
    assert_true(plain.loss < .3 && smooth.loss > .5);
}

static void test_a_rate_that_is_too_high_is_a_failure(void **state) {
    (void)state;
    lac_tune_options o = options;
    o.lr = 1e30;
    lac_source *source;
    lac_method *method;
    double loss;
    lac_classifier c = {.readout = LAC_READOUT_MEAN, .classes = CLASSES};
    tiny_assert(lac_source_open(data, &source, &err), LAC_OK, "");
    tiny_assert(lac_method_new(recipe, LAC_F32, &method, &err), LAC_OK, "");
    tiny_assert(lac_classifier_declare(method, &c, &err), LAC_OK, "");
    lac_store_initialize(lac_method_store(method), 5);
    tiny_assert(lac_tune_fit(method, &c, backend, NULL, source, &o, &loss, &err), LAC_FAILURE, "is not finite");
    lac_method_free(method);
    lac_source_free(source);
}

static void test_a_part_of_a_source_keeps_names_and_labels(void **state) {
    (void)state;
    lac_source *source, *part, *smaller;
    uint8_t is_wanted[PICTURES] = {0}, every_other[10] = {0};
    char a[600], b[600];
    lac_picture x = {0}, y = {0};
    tiny_assert(lac_source_open(data, &source, &err), LAC_OK, "");
    tiny_assert(lac_source_subset(source, is_wanted, &part, &err), LAC_USAGE, "no picture of it is left");
    for (int i = 0; i < 10; i++) {
        is_wanted[7 * i + 3] = 1;
        every_other[i] = i % 2 == 0;
    }
    tiny_assert(lac_source_subset(source, is_wanted, &part, &err), LAC_OK, "");
    tiny_assert(lac_source_subset(part, every_other, &smaller, &err), LAC_OK, "");
    assert_int_equal(lac_source_count(part), 10);
    assert_int_equal(lac_source_count(smaller), 5);
    assert_int_equal(lac_source_classes(smaller), CLASSES);
    assert_string_equal(lac_source_class_name(smaller, 2), lac_source_class_name(source, 2));
    assert_true(lac_source_fingerprint(part) != lac_source_fingerprint(source));
    for (int k = 0; k < 5; k++) {
        const int at = 14 * k + 3;
        assert_int_equal(lac_source_label(smaller, k), at % CLASSES);
        assert_string_equal(lac_source_name(smaller, k, a, sizeof a), lac_source_name(source, at, b, sizeof b));
        tiny_assert(lac_source_read(smaller, k, 0, &x, &err), LAC_OK, "");
        tiny_assert(lac_source_read(source, at, 0, &y, &err), LAC_OK, "");
        assert_memory_equal(x.pixels, y.pixels, SIDE * SIDE);
    }
    lac_picture_free(&x);
    lac_picture_free(&y);
    lac_source_free(smaller);
    lac_source_free(part);
    lac_source_free(source);
}

/* From a run to a table: rows, seeds, and the same numbers twice. */
static void test_a_table_of_fine_tuning(void **state) {
    (void)state;
    lac_pretrain_result result;
    lac_pretrain_options p = tiny_options("run", 10, &result);
    p.data = data;
    tiny_assert(lac_pretrain(&p, &err), LAC_OK, "");
    for (int kind = 0; kind < 2; kind++) {
        lac_eval_report first = {0};
        for (int time = 0; time < 2; time++) {
            lac_model *model;
            lac_eval_report report = {0};
            lac_eval_options o = {.data = data,
                                  .n_jobs = 1,
                                  .job = {{kind ? LAC_EVAL_ATTENTIVE : LAC_EVAL_FINETUNE, 8}},
                                  .n_seeds = 2,
                                  .n_loaders = 1,
                                  .tune = options,
                                  .drop_path = .1};
            o.tune.epochs = 4;
            tiny_assert(lac_model_open(tiny_path("run"), LAC_F32, &model, &err), LAC_OK, "");
            tiny_assert(lac_evaluate(model, backend, NULL, &o, &report, &err), LAC_OK, "");
            lac_model_free(model);
            assert_int_equal(report.n_tables, 1);
            assert_int_equal(report.n_train, 8 * CLASSES);
            assert_int_equal(report.n_test, PICTURES / 5);
            assert_int_equal(report.table[0].n_rows, 2);
            assert_int_equal(report.table[0].n_seeds, 2);
            assert_string_equal(report.table[0].row[0].name, kind ? "trained" : "fine-tuned");
            assert_string_equal(report.table[0].row[1].name, kind ? "untrained" : "from scratch");
            for (int row = 0; row < 2 && time == 1; row++) {
                assert_true(report.table[0].row[row].accuracy == first.table[0].row[row].accuracy);
                assert_true(report.table[0].row[row].deviation == first.table[0].row[row].deviation);
            }
            if (time == 0)
                first = report;
            else
                lac_eval_report_free(&report);
        }
        lac_eval_report_free(&first);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars_are_told_apart),
        cmocka_unit_test(test_threads_and_loaders_change_no_bit),
        cmocka_unit_test(test_a_frozen_encoder_stays_and_mixing_says_more_with_loss),
        cmocka_unit_test(test_a_rate_that_is_too_high_is_a_failure),
        cmocka_unit_test(test_a_part_of_a_source_keeps_names_and_labels),
        cmocka_unit_test(test_a_table_of_fine_tuning),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
