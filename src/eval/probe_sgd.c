/* eval/probe_sgd.c - mini-batch training of a linear layer behind batch normalisation. The order of an epoch and the
 * initial weights are drawn from counters; sums over a batch are in double and in order. */
#include "eval/probe_sgd.h"

#include <inttypes.h>
#include <math.h>

#include "base/memory.h"
#include "base/random.h"
#include "eval/split.h"
#include "train/optimizer.h"

static const double momentum = 0.9, trust = 0.001, norm_eps = 1e-6, statistics_momentum = 0.1;
enum { PREDICT_BLOCK = 4096 };

typedef struct work {
    int64_t b, d;
    int k;
    uint32_t *order; /* n */
    float *x;        /* b x D, normalised in place */
    float *logits;   /* b x k, turned into d_logits */
    float *d_w;      /* k x D */
    float *m_w, *m_b;
    double *sum, *square; /* D */
    double *d_b;          /* k */
} work;

static lac_status work_new(work *w, int64_t n, lac_error *err) {
    size_t b = (size_t)w->b, d = (size_t)w->d, k = (size_t)w->k;
    w->order = lac_array((size_t)n, sizeof *w->order);
    w->x = lac_array(b * d, sizeof(float));
    w->logits = lac_array(b * k, sizeof(float));
    w->d_w = lac_array(k * d, sizeof(float));
    w->m_w = lac_array(k * d, sizeof(float));
    w->m_b = lac_array(k, sizeof(float));
    w->sum = lac_array(d, sizeof(double));
    w->square = lac_array(d, sizeof(double));
    w->d_b = lac_array(k, sizeof(double));
    bool is_whole = w->order && w->x && w->logits && w->d_w && w->m_w && w->m_b && w->sum && w->square && w->d_b;
    return is_whole ? LAC_OK : lac_no_memory(err, "the linear probe");
}

static void work_free(work *w) {
    lac_free(w->order);
    lac_free(w->x);
    lac_free(w->logits);
    lac_free(w->d_w);
    lac_free(w->m_w);
    lac_free(w->m_b);
    lac_free(w->sum);
    lac_free(w->square);
    lac_free(w->d_b);
}

/* Normalise the batch by its own (biased) statistics and move the running ones. */
static void normalize_batch(work *w, lac_probe *p) {
    for (int64_t j = 0; j < w->d; j++)
        w->sum[j] = w->square[j] = 0;
    for (int64_t i = 0; i < w->b; i++)
        for (int64_t j = 0; j < w->d; j++)
            w->sum[j] += w->x[i * w->d + j];
    for (int64_t j = 0; j < w->d; j++)
        w->sum[j] /= (double)w->b;
    for (int64_t i = 0; i < w->b; i++)
        for (int64_t j = 0; j < w->d; j++) {
            double away = w->x[i * w->d + j] - w->sum[j];
            w->square[j] += away * away;
        }
    for (int64_t j = 0; j < w->d; j++) {
        double unbiased = w->b > 1 ? w->square[j] / (double)(w->b - 1) : 0;
        p->mean[j] += (float)(statistics_momentum * (w->sum[j] - p->mean[j]));
        p->variance[j] += (float)(statistics_momentum * (unbiased - p->variance[j]));
        w->square[j] = 1 / sqrt(w->square[j] / (double)w->b + norm_eps);
    }
    for (int64_t i = 0; i < w->b; i++)
        for (int64_t j = 0; j < w->d; j++)
            w->x[i * w->d + j] = (float)((w->x[i * w->d + j] - w->sum[j]) * w->square[j]);
}

/* Cross-entropy summed over the batch; logits become its derivative of the mean. */
static double cross_entropy(work *w, const lac_probe *p, const int *label, const int64_t *rows, int64_t first) {
    double total = 0;
    for (int c = 0; c < w->k; c++)
        w->d_b[c] = 0;
    for (int64_t i = 0; i < w->b; i++) {
        float *z = w->logits + i * w->k;
        int64_t row = w->order[first + i];
        int right = label[rows ? rows[row] : row];
        double most = -INFINITY, sum = 0;
        for (int c = 0; c < w->k; c++)
            most = fmax(most, (double)z[c] + p->bias[c]);
        for (int c = 0; c < w->k; c++)
            sum += exp((double)z[c] + p->bias[c] - most);
        double log_sum = most + log(sum);
        total += log_sum - ((double)z[right] + p->bias[right]);
        for (int c = 0; c < w->k; c++) {
            double d_z = (exp((double)z[c] + p->bias[c] - log_sum) - (c == right ? 1 : 0)) / (double)w->b;
            w->d_b[c] += d_z;
            z[c] = (float)d_z;
        }
    }
    return total;
}

static double length(const float *x, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sqrt(sum);
}

static void update(work *w, lac_probe *p, double lr, bool is_lars) {
    int64_t n = w->k * w->d;
    double scale = 1;
    if (is_lars) {
        double weights = length(p->weight, n), gradients = length(w->d_w, n);
        if (weights > 0 && gradients > 0) scale = trust * weights / gradients;
    }
    for (int64_t i = 0; i < n; i++) {
        w->m_w[i] = (float)(momentum * w->m_w[i] + scale * w->d_w[i]);
        p->weight[i] -= (float)(lr * w->m_w[i]);
    }
    for (int c = 0; c < w->k; c++) {
        w->m_b[c] = (float)(momentum * w->m_b[c] + w->d_b[c]);
        p->bias[c] -= (float)(lr * w->m_b[c]);
    }
}

static void initialize(lac_probe *p, uint64_t seed, double deviation) {
    lac_random r = lac_random_at(seed, LAC_RANDOM_EVAL, LAC_EVAL_DRAW_INIT, 0, 0);
    for (int64_t i = 0; i < p->classes * p->d; i++) {
        double z;
        do
            z = lac_random_normal(&r);
        while (fabs(z) > 2);
        p->weight[i] = (float)(deviation * z);
    }
    for (int64_t j = 0; j < p->d; j++)
        p->variance[j] = 1;
}

/* Small sets need steps more than they need large batches. */
static int64_t standard_batch(int64_t n) {
    int64_t eighth = n / 8 > 16 ? n / 8 : 16;
    return eighth < 256 ? eighth : 256;
}

lac_status lac_probe_fit(const lac_backend *backend, lac_pool *pool, const lac_probe_options *options, int64_t d,
                         lac_probe_view view, void *context, const int *label, const int64_t *rows, int64_t n,
                         int classes, lac_probe *p, lac_error *err) {
    *p = (lac_probe){.d = d, .classes = classes};
    if (n < 2 || classes < 2) return lac_usage(err, "a linear probe needs at least two classes to tell apart");
    if (n > UINT32_MAX) return lac_usage(err, "a linear probe on %" PRId64 " rows: at most %" PRIu32, n, UINT32_MAX);
    int64_t epochs = options->epochs > 0 ? options->epochs : 90;
    int64_t warmup = options->warmup >= 0 ? options->warmup : epochs / 9;
    work w = {.b = options->batch > 0 ? options->batch : standard_batch(n), .d = d, .k = classes};
    if (w.b > n) w.b = n;
    double lr = (options->lr > 0 ? options->lr : 0.1) * (double)w.b / 256;
    int64_t per_epoch = n / w.b, step = 0;
    lac_status status = work_new(&w, n, err);
    p->weight = lac_array((size_t)classes * (size_t)d, sizeof(float));
    p->bias = lac_array((size_t)classes, sizeof(float));
    p->mean = lac_array((size_t)d, sizeof(float));
    p->variance = lac_array((size_t)d, sizeof(float));
    if (status == LAC_OK && (!p->weight || !p->bias || !p->mean || !p->variance))
        status = lac_no_memory(err, "the linear probe");
    if (status == LAC_OK) initialize(p, options->seed, options->deviation >= 0 ? options->deviation : 0.01);
    for (int64_t epoch = 0; epoch < epochs && status == LAC_OK; epoch++) {
        const float *x = NULL;
        status = view(context, epoch, &x, err);
        for (int64_t i = 0; i < n; i++)
            w.order[i] = (uint32_t)i;
        lac_random r = lac_random_at(options->seed, LAC_RANDOM_EVAL, LAC_EVAL_DRAW_ORDER, (uint64_t)epoch, 0);
        lac_random_shuffle(&r, w.order, (size_t)n);
        double total = 0;
        for (int64_t b = 0; b < per_epoch && status == LAC_OK; b++, step++) {
            for (int64_t i = 0; i < w.b; i++) {
                int64_t row = w.order[b * w.b + i];
                const float *from = x + (rows ? rows[row] : row) * d;
                for (int64_t j = 0; j < d; j++)
                    w.x[i * d + j] = from[j];
            }
            normalize_batch(&w, p);
            status = lac_matmul_nt(backend, pool, w.b, w.k, d, w.x, p->weight, w.logits, err);
            if (status != LAC_OK) break;
            total += cross_entropy(&w, p, label, rows, b * w.b);
            status = lac_matmul_tn(backend, pool, w.k, d, w.b, w.logits, w.x, w.d_w, err);
            if (status != LAC_OK) break;
            update(&w, p, lac_schedule_lr(lr, 0, warmup * per_epoch, epochs * per_epoch, step), options->is_lars);
        }
        p->loss = total / (double)(per_epoch * w.b);
    }
    work_free(&w);
    if (status != LAC_OK) lac_probe_free(p);
    return status;
}

lac_status lac_probe_predict(const lac_backend *backend, lac_pool *pool, const lac_probe *p, const float *x, int64_t n,
                             int *predicted, lac_error *err) {
    int64_t most = n < PREDICT_BLOCK ? n : PREDICT_BLOCK;
    float *block = lac_array((size_t)(most * p->d), sizeof *block);
    float *logits = lac_array((size_t)(most * p->classes), sizeof *logits);
    lac_status status = block && logits ? LAC_OK : lac_no_memory(err, "the linear probe");
    for (int64_t first = 0; first < n && status == LAC_OK; first += PREDICT_BLOCK) {
        int64_t rows = n - first < PREDICT_BLOCK ? n - first : PREDICT_BLOCK;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < p->d; j++)
                block[i * p->d + j] =
                    (float)((x[(first + i) * p->d + j] - p->mean[j]) / sqrt((double)p->variance[j] + norm_eps));
        status = lac_matmul_nt(backend, pool, rows, p->classes, p->d, block, p->weight, logits, err);
        for (int64_t i = 0; i < rows && status == LAC_OK; i++) {
            const float *z = logits + i * p->classes;
            int best = 0;
            for (int c = 1; c < p->classes; c++)
                if (z[c] + p->bias[c] > z[best] + p->bias[best]) best = c;
            predicted[first + i] = best;
        }
    }
    lac_free(block);
    lac_free(logits);
    return status;
}

void lac_probe_free(lac_probe *p) {
    lac_free(p->weight);
    lac_free(p->bias);
    lac_free(p->mean);
    lac_free(p->variance);
    *p = (lac_probe){0};
}
