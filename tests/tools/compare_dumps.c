/* tests/tools/compare_dumps.c - is what `lacuna step` dumped what another implementation gave?
 *
 *   compare_dumps EXPECTED.safetensors GOT.safetensors
 *
 * Every tensor of EXPECTED must be in GOT with its shape. Allowed are max|a - b| <= tolerance x max(max|b|, floor):
 * loss, predictions and mask 1e-4; a gradient 1e-3 with floor 1e-3 x RMS of all gradients; weights after the steps
 * 1e-3. A key bias has no gradient (softmax does not see it), so a third of a qkv bias holds rounding: the floor is for
 * that, and weights after AdamW, which rescales rounding to full steps, are not compared there. Says how close it was.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/safetensors.h"

static float *values_of(const lac_safetensors *file, const lac_safetensor *t, int64_t *n) {
    *n = 1;
    for (int i = 0; i < t->rank; i++)
        *n *= t->dim[i];
    float *values = malloc((size_t)(*n + 1) * sizeof *values);
    int32_t *whole = malloc((size_t)(*n + 1) * sizeof *whole);
    bool is_whole = strcmp(t->dtype, "I32") == 0;
    lac_error err = {0};
    lac_status status = !values || !whole ? LAC_FAILURE
                        : is_whole        ? lac_safetensor_i32(file, t, whole, *n, &err)
                                          : lac_safetensor_f32(file, t, values, *n, &err);
    if (status != LAC_OK) {
        fprintf(stderr, "%s: %s\n", t->name, err.text);
        exit(2);
    }
    for (int64_t i = 0; i < *n && is_whole; i++)
        values[i] = (float)whole[i];
    free(whole);
    return values;
}

static bool starts(const char *name, const char *prefix) {
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool has_key_bias(const char *name) {
    return strstr(name, "qkv.bias") != NULL;
}

static double gradient_rms(const lac_safetensors *file) {
    double sum = 0, count = 0;
    for (int i = 0; i < lac_safetensors_count(file); i++) {
        const lac_safetensor *t = lac_safetensors_at(file, i);
        if (!starts(t->name, "grad/")) continue;
        int64_t n;
        float *v = values_of(file, t, &n);
        for (int64_t k = 0; k < n; k++)
            sum += (double)v[k] * (double)v[k];
        count += (double)n;
        free(v);
    }
    return count > 0 ? sqrt(sum / count) : 0;
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: compare_dumps EXPECTED GOT\n"), 2;
    lac_safetensors *expected, *got;
    lac_error err = {0};
    if (lac_safetensors_open(argv[1], &expected, &err) != LAC_OK || lac_safetensors_open(argv[2], &got, &err) != LAC_OK)
        return fprintf(stderr, "%s\n", err.text), 2;
    double rms = gradient_rms(expected), closest[2] = {0, 0};
    int n_wrong = 0, n = lac_safetensors_count(expected);
    for (int i = 0; i < n; i++) {
        const lac_safetensor *e = lac_safetensors_at(expected, i), *g = lac_safetensors_find(got, e->name);
        int64_t size = 0, other = 0;
        float *b = values_of(expected, e, &size), *a = g ? values_of(got, g, &other) : NULL;
        if (!a || size != other || g->rank != e->rank) {
            fprintf(stderr, "%s: %s\n", e->name, a ? "another shape" : "missing");
            n_wrong++;
        } else {
            bool is_gradient = starts(e->name, "grad/"), is_after = strstr(e->name, "after/") != NULL;
            double tolerance = is_gradient || is_after ? 1e-3 : 1e-4, worst = 0,
                   scale = is_gradient ? 1e-3 * rms : 1e-6;
            for (int64_t k = 0; k < size; k++) {
                bool is_key = has_key_bias(e->name) && k >= size / 3 && k < 2 * size / 3;
                if (is_after && is_key) continue;
                double difference = fabs((double)a[k] - (double)b[k]);
                if (!(difference <= worst)) worst = difference;
                scale = fmax(scale, fabs((double)b[k]));
            }
            if (!(worst <= tolerance * scale)) {
                fprintf(stderr, "%s: differs by %g of %g, allowed %g\n", e->name, worst, scale, tolerance * scale);
                n_wrong++;
            }
            closest[is_gradient] = fmax(closest[is_gradient], worst / scale);
        }
        free(a);
        free(b);
    }
    printf("%d tensors: largest relative difference %.2g, of gradients %.2g; %d wrong\n", n, closest[0], closest[1],
           n_wrong);
    lac_safetensors_close(expected);
    lac_safetensors_close(got);
    return n_wrong > 0 || n == 0;
}
