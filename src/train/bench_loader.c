/* train/bench_loader.c - how many pictures a second the loader hands over when nobody trains (bench.h). */
#include <inttypes.h>
#include <time.h>

#include "base/file.h"
#include "train/bench.h"

enum { WARM_BATCHES = 2 };

static double processor_s(void) {
    struct timespec t;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0 ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec : 0;
}

static lac_status time_batches(lac_loader *loader, double seconds, lac_loader_speed *speed, lac_error *err) {
    double began = 0, processor = 0, now;
    for (int64_t i = 0;; i++) {
        if (i == WARM_BATCHES) {
            began = lac_clock_s();
            processor = processor_s();
        }
        const lac_batch *batch;
        LAC_TRY(lac_loader_next(loader, &batch, err));
        if (i < WARM_BATCHES) continue;
        speed->pictures += batch->n;
        now = lac_clock_s();
        if (now - began >= seconds) break;
    }
    speed->seconds = now - began;
    speed->images_per_s = (double)speed->pictures / speed->seconds;
    speed->processor_s = (processor_s() - processor) / (double)speed->pictures;
    speed->broken = lac_loader_broken(loader);
    return LAC_OK;
}

lac_status lac_bench_loader(const lac_method *method, const lac_source *source, int n_threads, double seconds,
                            lac_loader_speed *speed, lac_error *err) {
    const lac_recipe *recipe = lac_method_recipe(method);
    *speed = (lac_loader_speed){.n_threads = n_threads};
    lac_augment augment = lac_method_augment(method);
    lac_loader_options options = {.batch = lac_recipe_int(recipe, "train.batch"),
                                  .seed = (uint64_t)lac_recipe_int(recipe, "train.seed"),
                                  .n_threads = n_threads};
    lac_loader *loader;
    LAC_TRY(lac_loader_new(source, &augment, &options, &loader, err));
    lac_status status = time_batches(loader, seconds, speed, err);
    lac_loader_free(loader);
    return status;
}
