/* tests/eval/pipeline_test.c - from a run and pictures to tables, arrays and figures. The pictures are handwritten
 * digits (tests/reference/eval.py), the run is a few steps of training on them. */
#include <jansson.h>
#include <math.h>

#include "eval/embed.h"
#include "eval/knn.h"
#include "eval/reconstruct.h"
#include "eval/split.h"
#include "eval/table.h"
#include "io/png.h"
#include "train/tiny.h"

#include "eval/digits.h"

enum { N_SMALL = 200, SCALE = 20 /* a digit of 8 x 8 is drawn 20 times as large */, CELL = 8 * SCALE + 6 };

static char data_spec[600], other_spec[600], plain_spec[600];
static lac_model *model;

static void write_idx(const char *path, const char *labels, int first, int n) {
    FILE *file = fopen(tiny_path(path), "wb");
    const unsigned char head[16] = {0, 0, 8, 3, 0, 0, (unsigned char)(n >> 8), (unsigned char)n, 0, 0,
                                    0, 8, 0, 0, 0, 8};
    fwrite(head, 1, sizeof head, file);
    for (int i = first * D; i < (first + n) * D; i++)
        fputc((int)digits[i] * 15, file);
    fclose(file);
    file = fopen(tiny_path(labels), "wb");
    const unsigned char mark[8] = {0, 0, 8, 1, 0, 0, (unsigned char)(n >> 8), (unsigned char)n};
    fwrite(mark, 1, sizeof mark, file);
    for (int i = first; i < first + n; i++)
        fputc(digit_label[i], file);
    fclose(file);
}

/* Folders a and b with a picture for each even and odd digit, and a file in b that is no picture. */
static void write_folder(void) {
    static const char *const folder[] = {"photos/a", "photos/b"};
    for (int i = 0; i < 2; i++)
        tiny_assert(lac_folder_make(tiny_path(folder[i]), &err), LAC_OK, "");
    for (int i = 0; i < 10; i++) {
        uint8_t pixels[D];
        char name[64];
        for (int p = 0; p < D; p++)
            pixels[p] = (uint8_t)(digits[i * D + p] * 15);
        snprintf(name, sizeof name, "%s/%d.png", folder[digit_label[i] % 2], i);
        tiny_assert(lac_png_write(tiny_path(name), 8, 8, 1, pixels, &err), LAC_OK, "");
    }
    tiny_assert(lac_file_write(tiny_path("photos/b/0broken.png"), "no picture", 10, &err), LAC_OK, "");
}

static int make(void **state) {
    if (load_digits(state) || tiny_make(state)) return -1;
    write_idx("digits", "digits-labels", 0, N_SMALL);
    write_idx("others", "others-labels", N_SMALL, 100);
    write_folder();
    snprintf(data_spec, sizeof data_spec, "idx:%s,%s", tiny_path("digits"), tiny_path("digits-labels"));
    snprintf(other_spec, sizeof other_spec, "idx:%s,%s", tiny_path("others"), tiny_path("others-labels"));
    snprintf(plain_spec, sizeof plain_spec, "idx:%s", tiny_path("digits"));
    lac_pretrain_result result;
    lac_pretrain_options o = tiny_options("run", 30, &result);
    o.data = data_spec;
    tiny_assert(lac_pretrain(&o, &err), LAC_OK, "");
    return 0;
}

static int open_model(void **state) {
    (void)state;
    tiny_assert(lac_model_open(tiny_path("run"), LAC_F32, &model, &err), LAC_OK, "");
    return 0;
}

static int close_model(void **state) {
    (void)state;
    lac_memory_fail_at(0);
    lac_model_free(model);
    model = NULL;
    return 0;
}

static lac_source *open_source(const char *spec) {
    lac_source *source;
    tiny_assert(lac_source_open(spec, &source, &err), LAC_OK, "");
    return source;
}

static lac_status collect(const lac_source *source, lac_extractor_options o, lac_features *x, lac_features *raw) {
    lac_extractor *e;
    LAC_TRY(lac_extractor_new(model->method, backend, pool, source, &o, &e, &err));
    lac_status status =
        lac_features_collect(e, model->method, lac_source_count(source), o.is_raw ? NULL : x, raw, &err);
    lac_extractor_free(e);
    return status;
}

static void assert_close(const float *a, const float *b, int64_t n, double tolerance) {
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= tolerance)) fail_msg("[%d] %g and %g", (int)i, a[i], b[i]);
}

/* ---- features ---- */

static void test_features_do_not_depend_on_batch_loaders_or_company(void **state) {
    (void)state;
    lac_source *source = open_source(data_spec);
    lac_features a, b, raw;
    uint8_t wanted[N_SMALL];
    for (int i = 0; i < N_SMALL; i++)
        wanted[i] = i % 3 == 1;
    tiny_assert(collect(source, (lac_extractor_options){0}, &a, &raw), LAC_OK, "");
    tiny_assert(collect(source, (lac_extractor_options){.batch = 7, .n_loaders = 3, .is_wanted = wanted}, &b, NULL),
                LAC_OK, "");
    assert_int_equal(a.n, N_SMALL);
    assert_int_equal(a.d, 16);
    assert_int_equal(b.n, (N_SMALL + 1) / 3);
    for (int64_t i = 0; i < b.n; i++) {
        assert_int_equal(b.sample[i], 3 * i + 1);
        assert_int_equal(b.label[i], digit_label[3 * i + 1]);
        assert_close(b.x + i * 16, a.x + (3 * i + 1) * 16, 16, 1e-5);
    }
    for (int i = 0; i < D; i++) /* the evaluation view of an 8 x 8 picture is the picture: mean .4, deviation .3 */
        assert_true(fabsf(raw.x[5 * D + i] - (digits[5 * D + i] * 15 / 255 - 0.4f) / 0.3f) < 1e-5f);
    lac_features_free(&a);
    lac_features_free(&b);
    lac_features_free(&raw);
    lac_source_free(source);
}

/* A larger batch than stays in the cache is run in smaller ones, of the same features; pictures alone are not. */
static void test_a_large_batch_is_run_in_smaller_ones(void **state) {
    (void)state;
    lac_source *source = open_source(data_spec);
    lac_features a, b;
    tiny_assert(collect(source, (lac_extractor_options){.batch = 7}, &a, NULL), LAC_OK, "");
    tiny_assert(collect(source, (lac_extractor_options){.batch = N_SMALL}, &b, NULL), LAC_OK, "");
    assert_int_equal(b.n, N_SMALL);
    assert_close(b.x, a.x, N_SMALL * a.d, 1e-5);
    for (int is_raw = 0; is_raw < 2; is_raw++) {
        lac_extractor_options o = {.batch = N_SMALL, .is_raw = is_raw};
        lac_extractor *e;
        lac_feature_rows rows;
        tiny_assert(lac_extractor_new(model->method, backend, pool, source, &o, &e, &err), LAC_OK, "");
        tiny_assert(lac_extractor_next(e, &rows, &err), LAC_OK, "");
        lac_method_sizes sizes = lac_method_describe(model->method);
        int64_t most = 2048 / (sizes.n_prefix + sizes.n_patches);
        assert_true(most + 1 < N_SMALL);
        assert_true(is_raw ? rows.n == N_SMALL : rows.n == most || rows.n == most + 1);
        lac_extractor_free(e);
    }
    lac_features_free(&a);
    lac_features_free(&b);
    lac_source_free(source);
}

static void test_mean_pooling_is_the_mean_of_the_patches(void **state) {
    (void)state;
    lac_source *source = open_source(data_spec);
    lac_features patch, mean, cls, inner;
    tiny_assert(collect(source, (lac_extractor_options){.pooling = LAC_POOLING_PATCH}, &patch, NULL), LAC_OK, "");
    tiny_assert(collect(source, (lac_extractor_options){.pooling = LAC_POOLING_MEAN}, &mean, NULL), LAC_OK, "");
    tiny_assert(collect(source, (lac_extractor_options){.pooling = LAC_POOLING_CLS}, &cls, NULL), LAC_OK, "");
    tiny_assert(collect(source, (lac_extractor_options){.layer = 1}, &inner, NULL), LAC_OK, "");
    assert_int_equal(patch.d, 16 * 16); /* N x D */
    for (int i = 0; i < N_SMALL; i++)
        for (int c = 0; c < 16; c++) {
            double sum = 0;
            for (int n = 0; n < 16; n++)
                sum += patch.x[(i * 16 + n) * 16 + c];
            assert_true(fabs(sum / 16 - mean.x[i * 16 + c]) < 1e-5);
        }
    assert_memory_not_equal(mean.x, cls.x, 16 * sizeof(float));
    assert_memory_not_equal(mean.x, inner.x, 16 * sizeof(float));
    tiny_assert(collect(source, (lac_extractor_options){.layer = 3}, NULL, NULL), LAC_USAGE,
                "layer 3: expected 1 to 2");
    lac_features_free(&patch);
    lac_features_free(&mean);
    lac_features_free(&cls);
    lac_features_free(&inner);
    lac_source_free(source);
}

/* ---- tables ---- */

static lac_eval_options three_tables(void) {
    return (lac_eval_options){.data = data_spec,
                              .n_jobs = 3,
                              .job = {{LAC_EVAL_KNN, 0}, {LAC_EVAL_LBFGS, 0}, {LAC_EVAL_LBFGS, 3}},
                              .n_seeds = 4,
                              .k = 5};
}

/* The k-NN accuracy of features split as the table says, by hand. */
static double knn_by_hand(const lac_features *x) {
    uint8_t is_test[N_SMALL];
    int64_t train[N_SMALL], n_train = 0;
    lac_features test = {.n = 0, .d = x->d, .x = lac_array((size_t)(N_SMALL * x->d), sizeof(float))};
    int label[N_SMALL], found[N_SMALL], n_right = 0;
    tiny_assert(lac_split_share(x->label, N_SMALL, CLASSES, 0.2, 0, is_test, &err), LAC_OK, "");
    for (int i = 0; i < N_SMALL; i++) {
        if (!is_test[i]) {
            train[n_train++] = i;
            continue;
        }
        memcpy(test.x + test.n * x->d, x->x + i * x->d, (size_t)x->d * sizeof(float));
        label[test.n++] = x->label[i];
    }
    lac_knn_options o = {.k = 5};
    tiny_assert(
        lac_knn_predict(backend, pool, &o, x->d, x->x, x->label, train, n_train, CLASSES, test.x, test.n, found, &err),
        LAC_OK, "");
    for (int64_t i = 0; i < test.n; i++)
        n_right += found[i] == label[i];
    double accuracy = 100.0 * n_right / (double)test.n;
    lac_free(test.x);
    return accuracy;
}

static void test_tables_hold_trained_untrained_and_raw(void **state) {
    (void)state;
    lac_source *source = open_source(data_spec);
    lac_features x[3];
    tiny_assert(collect(source, (lac_extractor_options){0}, &x[0], &x[2]), LAC_OK, "");
    lac_eval_options o = three_tables();
    lac_eval_report r;
    tiny_assert(lac_evaluate(model, backend, pool, &o, &r, &err), LAC_OK, "");
    tiny_assert(collect(source, (lac_extractor_options){0}, &x[1], NULL), LAC_OK, ""); /* lac_evaluate untrained it */
    assert_true(r.is_split);
    assert_int_equal(r.n_train + r.n_test, N_SMALL);
    assert_int_equal(r.n_tables, 3);
    for (int i = 0; i < 3; i++) {
        const lac_eval_row *row = &r.table[0].row[i];
        print_message("%s: k-NN %.2f, linear %.2f, 3 labels %.2f +- %.2f\n", row->name, row->accuracy,
                      r.table[1].row[i].accuracy, r.table[2].row[i].accuracy, r.table[2].row[i].deviation);
        assert_true(fabs(row->accuracy - knn_by_hand(&x[i])) < 1e-9);
        assert_true(r.table[1].row[i].is_converged && r.table[2].row[i].is_converged);
        assert_true(r.table[2].row[i].deviation > 0);
        assert_true(r.table[1].row[i].accuracy > r.table[2].row[i].accuracy); /* more labels are better */
        lac_features_free(&x[i]);
    }
    assert_true(r.table[1].row[2].accuracy > 80); /* raw digits are easy */
    assert_int_equal(r.table[2].n_seeds, 4);
    lac_text text = {0};
    tiny_assert(lac_eval_json(&r, &text, &err), LAC_OK, "");
    json_t *json = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    json_t *few = json_array_get(json_object_get(json, "tables"), 2);
    assert_int_equal(json_integer_value(json_object_get(few, "labels")), 3);
    json_t *row = json_array_get(json_object_get(few, "rows"), 1);
    assert_string_equal(json_string_value(json_object_get(row, "features")), "untrained");
    assert_true(fabs(json_real_value(json_object_get(row, "accuracy")) - r.table[2].row[1].accuracy) < 0.006);
    assert_true(fabs(json_real_value(json_object_get(row, "deviation")) - r.table[2].row[1].deviation) < 0.006);
    json_decref(json);
    lac_text_free(&text);
    lac_eval_report_free(&r);
    lac_source_free(source);
}

static void test_a_given_test_set_and_a_limit_are_used(void **state) {
    (void)state;
    lac_eval_options o = three_tables();
    o.test = other_spec;
    o.train_limit = 60;
    lac_eval_report r;
    tiny_assert(lac_evaluate(model, backend, pool, &o, &r, &err), LAC_OK, "");
    assert_false(r.is_split);
    assert_int_equal(r.n_train, 60);
    assert_int_equal(r.n_test, 100);
    assert_string_equal(r.test, other_spec);
    lac_eval_report_free(&r);
}

static void test_bn_sgd_sees_crops_of_its_own_in_every_row(void **state) {
    (void)state;
    lac_eval_options o = {.data = data_spec, .n_jobs = 1, .job = {{LAC_EVAL_BN_SGD, 0}}, .epochs = 30, .crops = 3};
    lac_eval_report r[2];
    for (int i = 0; i < 2; i++) {
        close_model(NULL);
        open_model(NULL);
        tiny_assert(lac_evaluate(model, backend, pool, &o, &r[i], &err), LAC_OK, "");
    }
    for (int i = 0; i < 3; i++) {
        print_message("%s: %.2f\n", r[0].table[0].row[i].name, r[0].table[0].row[i].accuracy);
        assert_true(r[0].table[0].row[i].accuracy == r[1].table[0].row[i].accuracy);
    }
    assert_true(r[0].table[0].row[2].accuracy > 50);
    lac_eval_report_free(&r[0]);
    lac_eval_report_free(&r[1]);
}

static void test_sources_that_cannot_be_measured_are_refused(void **state) {
    (void)state;
    lac_eval_options o = three_tables();
    lac_eval_report r;
    o.data = plain_spec;
    tiny_assert(lac_evaluate(model, backend, pool, &o, &r, &err), LAC_USAGE, "no labels");
    o = three_tables();
    char photos[512];
    snprintf(photos, sizeof photos, "%s", tiny_path("photos"));
    o.test = photos;
    tiny_assert(lac_evaluate(model, backend, pool, &o, &r, &err), LAC_USAGE, "has 10 classes");
    o = three_tables();
    o.job[2].labels = 50;
    tiny_assert(lac_evaluate(model, backend, pool, &o, &r, &err), LAC_USAGE, "50 labels a class");
    o = three_tables();
    o.pooling = LAC_POOLING_PATCH;
    tiny_assert(lac_evaluate(model, backend, pool, &o, &r, &err), LAC_USAGE, "mean or cls");
}

/* ---- embed ---- */

static void test_embed_leaves_broken_pictures_out_of_all_three_files(void **state) {
    (void)state;
    lac_source *source = open_source(tiny_path("photos"));
    lac_embed_result r;
    lac_features x;
    lac_npy rows, labels;
    tiny_assert(lac_embed(model->method, backend, pool, source, &(lac_extractor_options){.batch = 4},
                          tiny_path("f.npy"), &r, &err),
                LAC_OK, "");
    tiny_assert(collect(source, (lac_extractor_options){0}, &x, NULL), LAC_OK, "");
    tiny_assert(lac_npy_read(tiny_path("f.npy"), &rows, &err), LAC_OK, "");
    tiny_assert(lac_npy_read(tiny_path("f.labels.npy"), &labels, &err), LAC_OK, "");
    assert_int_equal(r.n_rows, 10);
    assert_int_equal(r.n_broken, 1);
    assert_int_equal(rows.rank, 2);
    assert_int_equal(rows.dim[0], 10);
    assert_int_equal(rows.dim[1], 16);
    assert_close(rows.data, x.x, 160, 1e-5);
    assert_int_equal(labels.dim[0], 10);
    size_t bytes;
    char *names = tiny_read("f.names.txt", &bytes), *at = names;
    for (int i = 0; i < 10; i++) {
        char *end = strchr(at, '\n'), room[512];
        assert_non_null(end);
        *end = 0;
        assert_string_equal(at, lac_source_name(source, x.sample[i], room, sizeof room));
        assert_int_equal(((int32_t *)labels.data)[i], strstr(at, "photos/b/") != NULL);
        at = end + 1;
    }
    assert_int_equal(*at, 0);
    tiny_assert(lac_embed(model->method, backend, pool, source, &(lac_extractor_options){.pooling = LAC_POOLING_PATCH},
                          tiny_path("f.npy"), &r, &err),
                LAC_OK, "");
    lac_free(rows.data);
    tiny_assert(lac_npy_read(tiny_path("f.npy"), &rows, &err), LAC_OK, "");
    assert_int_equal(rows.rank, 3);
    assert_int_equal(rows.dim[1], 16);
    lac_free(rows.data);
    lac_free(labels.data);
    lac_free(names);
    lac_features_free(&x);
    lac_source_free(source);
}

static void test_embed_takes_one_picture_and_refuses_bad_names(void **state) {
    (void)state;
    lac_source *source = open_source(tiny_path("photos/b/1.png"));
    lac_embed_result r;
    lac_extractor_options o = {0};
    tiny_assert(lac_embed(model->method, backend, pool, source, &o, tiny_path("one.npy"), &r, &err), LAC_OK, "");
    assert_int_equal(r.n_rows, 1);
    assert_false(r.has_labels);
    assert_false(lac_file_exists(tiny_path("one.labels.npy")));
    tiny_assert(lac_embed(model->method, backend, pool, source, &o, tiny_path("one.bin"), &r, &err), LAC_USAGE, ".npy");
    tiny_assert(lac_embed(model->method, backend, pool, source, &o, tiny_path("no/where/one.npy"), &r, &err),
                LAC_FAILURE, "no/where");
    lac_source_free(source);
    source = open_source(tiny_path("photos/b/0broken.png"));
    tiny_assert(lac_embed(model->method, backend, pool, source, &o, tiny_path("none.npy"), &r, &err), LAC_FAILURE,
                "broken");
    assert_false(lac_file_exists(tiny_path("none.npy")) || lac_file_exists(tiny_path("none.names.txt")));
    lac_source_free(source);
}

/* ---- reconstruct ---- */

/* Draw the first two digits; *figure is the PNG, decoded. Returns the caption. */
static const char *draw(lac_method *method, lac_denorm denorm, lac_picture *figure) {
    lac_source *source = open_source(data_spec);
    lac_reconstruct_options o = {.denorm = denorm, .seed = 3};
    lac_reconstruction *r;
    static const char *caption;
    double loss;
    tiny_assert(lac_reconstruction_new(method, backend, pool, &o, &r, &err), LAC_OK, "");
    for (int i = 0; i < 2; i++) {
        tiny_assert(lac_reconstruction_add(r, source, i, &loss, &err), LAC_OK, "");
        assert_true(loss > 0);
    }
    tiny_assert(lac_reconstruction_add(r, source, N_SMALL, &loss, &err), LAC_USAGE, "200 pictures");
    tiny_assert(lac_reconstruction_write(r, tiny_path("grid.png"), &err), LAC_OK, "");
    caption = lac_reconstruction_caption(r);
    lac_reconstruction_free(r);
    lac_source_free(source);
    source = open_source(tiny_path("grid.png"));
    tiny_assert(lac_source_read(source, 0, 0, figure, &err), LAC_OK, "");
    lac_source_free(source);
    return caption;
}

/* The grey level of pixel (x, y) of a digit, in a column and row of the figure. */
static int level(const lac_picture *figure, int column, int row, int x, int y) {
    int at_x = 6 + column * CELL + x * SCALE + SCALE / 2, at_y = 18 + row * CELL + y * SCALE + SCALE / 2;
    assert_true(at_x < figure->width && at_y < figure->height);
    return figure->pixels[(at_y * figure->width + at_x) * figure->channels];
}

/* Hidden pixels of the figure, after checking what each column shows. */
static int check_columns(const lac_picture *figure) {
    int n_hidden = 0;
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < D; i++) {
            int x = i % 8, y = i / 8, original = level(figure, 0, row, x, y), masked = level(figure, 1, row, x, y);
            assert_int_equal(original, (int)digits[row * D + i] * 15);
            bool is_hidden = masked != original; /* no digit has a pixel of 128 */
            if (is_hidden) assert_int_equal(masked, 128);
            assert_int_equal(level(figure, 3, row, x, y), is_hidden ? level(figure, 2, row, x, y) : original);
            n_hidden += is_hidden;
        }
    return n_hidden;
}

static void test_figure_shows_original_masked_prediction_and_paste(void **state) {
    (void)state;
    lac_picture figure = {0};
    assert_non_null(strstr(draw(model->method, LAC_DENORM_OWN, &figure), "targets are pixels"));
    assert_int_equal(check_columns(&figure), 2 * 12 * 4); /* .75 of 16 patches of 4 pixels */
    lac_method *half;
    tiny_assert(lac_method_with_ratio(model->method, model->recipe, "0.5", &half, &err), LAC_OK, "");
    draw(half, LAC_DENORM_OWN, &figure);
    assert_int_equal(check_columns(&figure), 2 * 8 * 4);
    lac_method_free(half);
    lac_picture_free(&figure);
}

/* With all weights zero a prediction of normalised patches is 0: drawn, the mean that it was given. */
static void test_normalised_targets_are_drawn_with_the_statistics_that_the_figure_names(void **state) {
    (void)state;
    const char *sets[] = {"target.norm=true"};
    lac_recipe *recipe;
    lac_method *method;
    lac_picture own = {0}, visible = {0};
    tiny_assert(lac_recipe_open(tiny_path("tiny.yaml"), sets, 1, &recipe, &err), LAC_OK, "");
    tiny_assert(lac_method_new(recipe, LAC_F32, &method, &err), LAC_OK, "");
    assert_non_null(strstr(draw(method, LAC_DENORM_OWN, &own), "its own mean and deviation"));
    assert_non_null(strstr(draw(method, LAC_DENORM_VISIBLE, &visible), "nearest visible patches"));
    check_columns(&own);
    check_columns(&visible);
    for (int row = 0; row < 2; row++)
        for (int n = 0; n < 16; n++) {
            int x = n % 4 * 2, y = n / 4 * 2;
            double mean = 0, around = 0;
            for (int i = 0; i < 4; i++)
                mean += level(&own, 0, row, x + i % 2, y + i / 2) / 4.0;
            assert_true(fabs(level(&own, 2, row, x, y) - mean) <= 0.51);
            if (level(&own, 1, row, x, y) != 128) {
                assert_true(fabs(level(&visible, 2, row, x, y) - mean) <= 0.51);
                continue;
            }
            /* 4 visible patches, fewer than 8: the average of them all */
            for (int i = 0; i < D; i++)
                if (level(&own, 1, row, i % 8, i / 8) != 128) around += level(&own, 0, row, i % 8, i / 8) / 16.0;
            assert_true(fabs(level(&visible, 2, row, x, y) - around) <= 0.51);
        }
    lac_picture_free(&own);
    lac_picture_free(&visible);
    lac_method_free(method);
    lac_recipe_free(recipe);
}

/* ---- memory ---- */

static lac_text result; /* of the last work that ended well, where it has one */

/* Every allocation of `work` fails once: always an error with a text. A loader reads ahead, so what fails may be
 * something that nobody asks for; then the result is the one of a run in which nothing fails. */
static void starve(lac_status (*work)(void), void (*check)(lac_status status)) {
    lac_text whole = {0};
    tiny_assert(work(), LAC_OK, "");
    if (result.bytes) lac_text_put(&whole, result.data, result.bytes);
    uint64_t used = 1;
    for (uint64_t n = 1; n <= used; n++) {
        close_model(NULL);
        open_model(NULL);
        memset(&err, 0, sizeof err);
        lac_text_free(&result);
        uint64_t before = lac_memory_count();
        lac_memory_fail_at(n);
        lac_status status = work();
        used = lac_memory_count() - before;
        lac_memory_fail_at(0);
        if (check) check(status);
        if (status == LAC_OK) {
            assert_int_equal(result.bytes, whole.bytes);
            if (whole.bytes) assert_memory_equal(result.data, whole.data, whole.bytes);
            continue;
        }
        assert_int_equal(status, LAC_FAILURE);
        assert_true(err.text[0]);
        used = n + 1;
    }
    print_message("%d allocations\n", (int)used);
    assert_true(used > 50);
    lac_text_free(&whole);
    lac_text_free(&result);
}

static lac_status evaluate_all(void) {
    lac_eval_options o = three_tables();
    o.n_jobs = 3;
    o.job[1].protocol = LAC_EVAL_BN_SGD;
    o.epochs = 2;
    o.crops = 1;
    o.n_seeds = 1;
    o.train_limit = 60;
    o.test = other_spec;
    lac_eval_report r;
    LAC_TRY(lac_evaluate(model, backend, pool, &o, &r, &err));
    lac_text_free(&result);
    lac_status status = lac_eval_json(&r, &result, &err);
    lac_eval_report_free(&r);
    return status;
}

static lac_status embed_photos(void) {
    lac_source *source;
    lac_embed_result r;
    lac_file_remove(tiny_path("starved.npy"), NULL);
    LAC_TRY(lac_source_open(tiny_path("photos"), &source, &err));
    lac_status status = lac_embed(model->method, backend, pool, source, &(lac_extractor_options){0},
                                  tiny_path("starved.npy"), &r, &err);
    lac_source_free(source);
    if (status == LAC_OK) assert_int_equal(r.n_rows, 10);
    return status;
}

static void check_embedded(lac_status status) {
    if (status != LAC_OK && !lac_file_exists(tiny_path("starved.npy"))) return; /* whole or not at all */
    lac_npy rows;
    lac_error why;
    if (lac_npy_read(tiny_path("starved.npy"), &rows, &why) != LAC_OK) fail_msg("%s", why.text);
    assert_int_equal(rows.dim[0], 10);
    lac_free(rows.data);
}

static lac_status draw_one(void) {
    lac_source *source;
    lac_reconstruction *r = NULL;
    lac_method *half = NULL;
    double loss;
    LAC_TRY(lac_source_open(data_spec, &source, &err));
    lac_status status = lac_method_with_ratio(model->method, model->recipe, "0.5", &half, &err);
    if (status == LAC_OK) status = lac_reconstruction_new(half, backend, pool, &(lac_reconstruct_options){0}, &r, &err);
    if (status == LAC_OK) status = lac_reconstruction_add(r, source, 0, &loss, &err);
    if (status == LAC_OK) status = lac_reconstruction_write(r, tiny_path("starved.png"), &err);
    lac_reconstruction_free(r);
    lac_method_free(half);
    lac_source_free(source);
    return status;
}

static void test_memory_that_runs_out_is_an_error(void **state) {
    (void)state;
    starve(evaluate_all, NULL);
    starve(embed_photos, check_embedded);
    starve(draw_one, NULL);
}

static int unmake(void **state) {
    return free_machine(state) | tiny_remove(state);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_model, close_model)
    const struct CMUnitTest tests[] = {
        CASE(test_features_do_not_depend_on_batch_loaders_or_company),
        CASE(test_a_large_batch_is_run_in_smaller_ones),
        CASE(test_mean_pooling_is_the_mean_of_the_patches),
        CASE(test_tables_hold_trained_untrained_and_raw),
        CASE(test_a_given_test_set_and_a_limit_are_used),
        CASE(test_bn_sgd_sees_crops_of_its_own_in_every_row),
        CASE(test_sources_that_cannot_be_measured_are_refused),
        CASE(test_embed_leaves_broken_pictures_out_of_all_three_files),
        CASE(test_embed_takes_one_picture_and_refuses_bad_names),
        CASE(test_figure_shows_original_masked_prediction_and_paste),
        CASE(test_normalised_targets_are_drawn_with_the_statistics_that_the_figure_names),
        CASE(test_memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
