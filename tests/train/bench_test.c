/* tests/train/bench_test.c - the benchmark trains what pretrain trains, and its arithmetic; a budget's arithmetic. */
#include <math.h>

#include "train/budget.h"
#include "train/profile.h"
#include "train/tiny.h"

static void test_bench_runs_the_real_step(void **state) {
    (void)state;
    lac_recipe *recipe;
    lac_method *method;
    lac_trainer *trainer;
    lac_pool *pool;
    const lac_backend *backend;
    lac_bench_result r;
    const char *sets[] = {"train.micro_batch=4", "picture.mean=measured"};
    tiny_assert(lac_recipe_open(tiny_path("tiny.yaml"), sets, 2, &recipe, &err), LAC_OK, "");
    tiny_assert(lac_method_new(recipe, LAC_F32, &method, &err), LAC_OK, "");
    tiny_assert(lac_backend_cpu(NULL, &backend, &err), LAC_OK, "");
    tiny_assert(lac_pool_new(1, &pool, &err), LAC_OK, "");
    tiny_assert(lac_trainer_new(method, backend, pool, &trainer, &err), LAC_OK, "");
    tiny_assert(lac_bench(trainer, method, backend, pool, 0.2, true, &r, &err), LAC_OK, "");
    assert_true(r.steps >= 2 && r.step_s > 0 && r.spread >= 0 && r.peak_rss_mb > 1);
    assert_true(r.loss_last < r.loss_first);
    double flops = lac_program_describe(lac_trainer_program(trainer)).gemm_flops;
    assert_true(flops > 0 && r.flops_per_step == 4 * flops);
    assert_true(fabs(r.gflops - r.images_per_s / 16 * r.flops_per_step / 1e9) < 1e-6 * r.gflops);
    assert_true(r.peak_gflops > r.gflops && fabs(r.peak_share - r.gflops / r.peak_gflops) < 1e-12);
    double seconds = 0; /* the profile covers the timed steps and no more than their time */
    for (int i = 0; i < lac_program_describe(lac_trainer_program(trainer)).n_nodes; i++) {
        lac_node_profile node = lac_program_node(lac_trainer_program(trainer), i);
        if (node.calls) assert_int_equal(node.calls, 4 * r.steps);
        seconds += node.seconds;
    }
    assert_true(seconds > 0 && seconds < 16 * (double)r.steps / r.images_per_s);
    lac_profile profile;
    double share = 0, products = 0;
    tiny_assert(lac_profile_new(trainer, backend, pool, &r, &profile, &err), LAC_OK, "");
    for (int i = 0; i < profile.n; i++) {
        const lac_profile_row *row = &profile.row[i];
        share += row->share;
        products += row->gflops * row->seconds;
        assert_true(i == 0 || row->seconds <= profile.row[i - 1].seconds);
    }
    assert_true(fabs(share - profile.accounted) < 1e-9 && share > 0.9 && share <= 1.001);
    assert_true(fabs(products * 1e9 - r.flops_per_step) < 1e-6 * r.flops_per_step);
    assert_true(profile.memory_gbytes > 0.1);
    lac_profile_free(&profile);
    lac_trainer_free(trainer);
    lac_pool_free(pool);
    lac_method_free(method);
    lac_recipe_free(recipe);
}

static void test_budget_counts_logs_and_checkpoints(void **state) {
    (void)state;
    lac_budget_costs costs = {.step_s = 0.1, .log_s = 0, .checkpoint_s = 0};
    assert_int_equal(lac_budget_steps(&costs, 10.05, 500, 1000), 100);
    costs.checkpoint_s = 1;
    assert_int_equal(lac_budget_steps(&costs, 11.05, 500, 1 << 30), 100); /* the last checkpoint */
    assert_int_equal(lac_budget_steps(&costs, 21.05, 500, 10), 100);      /* and one every ten steps */
    costs = (lac_budget_costs){.step_s = 0.1, .log_s = 0.1};
    assert_int_equal(lac_budget_steps(&costs, 20.05, 500, 1000), 100);   /* a line every step */
    assert_int_equal(lac_budget_steps(&costs, 150.05, 500, 1000), 1000); /* 500 lines in all */
    assert_int_equal(lac_budget_steps(&costs, -3, 500, 1000), 1);        /* never none */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bench_runs_the_real_step),
        cmocka_unit_test(test_budget_counts_logs_and_checkpoints),
    };
    return cmocka_run_group_tests(tests, tiny_make, tiny_remove);
}
