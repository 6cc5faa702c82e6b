/* train/bench.c - timing the training step on pictures in memory (bench.h). */
#include "train/bench.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"

enum { LEAST_STEPS = 2, RISE_STEPS = 10 };
static const double probe_s = 0.3;

/* One batch of smooth coloured waves, so that there is something to learn; only the epoch moves, and with it the masks.
 */
typedef struct album {
    lac_batch batch;
    float *pictures;
    int64_t *sample, *epoch, *serial;
    int *label;
} album;

static void paint(const lac_method_sizes *size, int64_t sample, float *out) {
    int64_t h = size->picture[0], w = size->n_axes > 1 ? size->picture[1] : 1,
            depth = size->n_axes > 2 ? size->picture[2] : 1;
    lac_random r = lac_random_at(0, LAC_RANDOM_TEST, 0, (uint64_t)sample, 0);
    for (int64_t c = 0; c < size->channels; c++) {
        double fy = 12 * lac_random_uniform(&r), fx = 12 * lac_random_uniform(&r), phase = 6.3 * lac_random_uniform(&r);
        for (int64_t i = 0; i < h * w * depth; i++) {
            double y = (double)(i / (w * depth)) / (double)h, x = (double)(i / depth % w) / (double)w;
            *out++ = (float)(1.2 * sin(fy * y + fx * x + phase) + 0.3 * (lac_random_uniform(&r) - 0.5));
        }
    }
}

static void close_album(album *a) {
    lac_free(a->pictures);
    lac_free(a->sample);
    lac_free(a->epoch);
    lac_free(a->serial);
    lac_free(a->label);
}

static lac_status open_album(const lac_trainer *trainer, const lac_method *method, album *a, lac_error *err) {
    lac_method_sizes size = lac_method_describe(method);
    size_t n = (size_t)lac_trainer_batch(trainer), values = (size_t)size.channels;
    for (int axis = 0; axis < size.n_axes; axis++)
        values *= (size_t)size.picture[axis];
    a->pictures = lac_array(n, values * sizeof(float));
    a->sample = lac_array(n, sizeof *a->sample);
    a->epoch = lac_array(n, sizeof *a->epoch);
    a->serial = lac_array(n, sizeof *a->serial);
    a->label = lac_array(n, sizeof *a->label);
    if (!a->pictures || !a->sample || !a->epoch || !a->serial || !a->label) {
        close_album(a);
        return lac_no_memory(err, "the benchmark's pictures");
    }
    for (size_t i = 0; i < n; i++) {
        paint(&size, (int64_t)i, a->pictures + i * values);
        a->sample[i] = a->serial[i] = (int64_t)i;
        a->label[i] = -1;
        a->epoch[i] = -1;
    }
    a->batch = (lac_batch){.n = (int64_t)n,
                           .pictures = a->pictures,
                           .sample = a->sample,
                           .epoch = a->epoch,
                           .serial = a->serial,
                           .label = a->label};
    return LAC_OK;
}

static lac_status next_page(void *context, const lac_batch **batch, lac_error *err) {
    (void)err;
    album *a = context;
    for (int64_t i = 0; i < a->batch.n; i++) {
        a->epoch[i]++;
        a->serial[i] += a->batch.n;
    }
    *batch = &a->batch;
    return LAC_OK;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarize(double *times, int64_t n, int64_t pictures, lac_bench_result *r) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += times[i];
    qsort(times, (size_t)n, sizeof *times, by_size);
    r->steps = n;
    r->step_s = n % 2 ? times[n / 2] : (times[n / 2 - 1] + times[n / 2]) / 2;
    r->images_per_s = (double)(pictures * n) / sum;
    r->spread = (times[(9 * (n - 1) + 5) / 10] - times[(n - 1 + 5) / 10]) / r->step_s;
    r->gflops = r->flops_per_step * (double)n / sum / 1e9;
}

static lac_status run_steps(lac_trainer *trainer, album *a, double seconds, bool profile, double *times,
                            lac_bench_result *r, lac_error *err) {
    lac_step_result step;
    lac_trainer_times spent = {0};
    double began = 0, peak = lac_trainer_peak_lr(trainer);
    int64_t n = 0;
    for (int64_t i = 0; n < LAC_BENCH_MOST_STEPS; i++) {
        if (i == LAC_BENCH_WARM_STEPS) {
            began = lac_clock_s();
            spent = lac_trainer_spent(trainer);
            if (profile) lac_program_profile(lac_trainer_program(trainer), true);
        }
        double before = lac_clock_s();
        if (n >= LEAST_STEPS && before - began >= seconds) break;
        double lr = lac_schedule_lr(peak, peak, RISE_STEPS, INT64_MAX, i);
        LAC_TRY(lac_trainer_step(trainer, next_page, a, i, lr, NULL, &step, err));
        if (!step.is_finite) return lac_fail(err, "step %" PRId64 ": loss is not finite", i + 1);
        if (i == 0) r->loss_first = step.loss;
        r->loss_last = step.loss;
        if (i >= LAC_BENCH_WARM_STEPS) times[n++] = lac_clock_s() - before;
    }
    if (profile) lac_program_profile(lac_trainer_program(trainer), false);
    r->inputs_s = lac_trainer_spent(trainer).inputs_s - spent.inputs_s;
    r->update_s = lac_trainer_spent(trainer).update_s - spent.update_s;
    summarize(times, n, lac_trainer_global_batch(trainer), r);
    return LAC_OK;
}

lac_status lac_bench(lac_trainer *trainer, const lac_method *method, const lac_backend *backend, lac_pool *pool,
                     double seconds, bool profile, lac_bench_result *result, lac_error *err) {
    album a = {0};
    *result = (lac_bench_result){0};
    double *times = lac_array(LAC_BENCH_MOST_STEPS, sizeof *times);
    if (!times) return lac_no_memory(err, "step times");
    lac_status status = open_album(trainer, method, &a, err);
    if (status == LAC_OK) {
        lac_trainer_initialize(trainer);
        double runs = (double)(lac_trainer_global_batch(trainer) / lac_trainer_micro_batch(trainer));
        result->flops_per_step = lac_program_describe(lac_trainer_program(trainer)).gemm_flops * runs;
        double before = backend->peak_flops(pool, probe_s);
        status = run_steps(trainer, &a, seconds, profile, times, result, err);
        double after = backend->peak_flops(pool, probe_s);
        result->peak_gflops = fmax(before, after) / 1e9;
        result->peak_share = result->peak_gflops > 0 ? result->gflops / result->peak_gflops : 0;
        result->peak_rss_mb = (double)lac_peak_rss() / 1e6;
        close_album(&a);
    }
    lac_free(times);
    return status;
}
