/* eval/linear.c - logistic regression in blocks: products in float32, sums over rows in double, in a fixed order.
 *
 * On raw pixels the Hessian is so ill-conditioned that plain L-BFGS needs a thousand passes over the data. As
 * the objective's curvature is at most X'X/(2n) + 1/(Cn) for every class (Boehning 1992), its Cholesky factor is a good
 * first guess of the inverse Hessian; it changes the path, not the minimum. */
#include "eval/linear.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/lbfgs.h"

enum { BLOCK = 4096, CHUNK = 256, MAX_FACTOR = 2048 };

typedef struct problem {
    const lac_backend *backend;
    lac_pool *pool;
    int64_t n, d;
    int k, outputs;      /* classes; weight vectors: 1 for two classes, else k */
    const float *x;      /* n x D, standardised */
    const int *y;        /* n: 0..k-1 */
    double penalty;      /* 1 / (C n) */
    float *w32, *grad32; /* outputs x D */
    float *logits;       /* BLOCK x outputs; turned into d_logits */
    double *loss, *d_b;  /* per chunk of a block; per chunk x outputs */
    const double *bias;  /* of the current point */
    int64_t first, rows; /* of the current block */
    double *factor;      /* D x D lower Cholesky factor, NULL: none */
    double *work;        /* D x outputs */
} problem;

lac_status lac_standardize(int64_t d, const float *x, const int64_t *rows, int64_t n, float *mean, float *inverse,
                           lac_error *err) {
    double *sum = lac_array((size_t)d, sizeof *sum), *square = lac_array((size_t)d, sizeof *square);
    if (!sum || !square) {
        lac_free(sum);
        lac_free(square);
        return lac_no_memory(err, "feature statistics");
    }
    for (int64_t i = 0; i < n; i++) {
        const float *row = x + (rows ? rows[i] : i) * d;
        for (int64_t j = 0; j < d; j++)
            sum[j] += row[j];
    }
    for (int64_t j = 0; j < d; j++)
        sum[j] /= (double)n;
    for (int64_t i = 0; i < n; i++) {
        const float *row = x + (rows ? rows[i] : i) * d;
        for (int64_t j = 0; j < d; j++)
            square[j] += (row[j] - sum[j]) * (row[j] - sum[j]);
    }
    for (int64_t j = 0; j < d; j++) {
        double variance = square[j] / (double)n;
        /* scikit-learn's _is_constant_feature: what rounding alone would leave */
        double error = (double)n * DBL_EPSILON * variance + pow((double)n * sum[j] * DBL_EPSILON, 2);
        mean[j] = (float)sum[j];
        inverse[j] = variance <= error ? 1 : (float)(1 / sqrt(variance));
    }
    lac_free(sum);
    lac_free(square);
    return LAC_OK;
}

/* Log-loss and its derivative for one chunk of a block; with one output the logits are (0, z). */
static void softmax_chunk(void *context, size_t task, int worker) {
    (void)worker;
    problem *p = context;
    int64_t from = (int64_t)task * CHUNK, end = from + CHUNK < p->rows ? from + CHUNK : p->rows;
    double loss = 0, *d_b = p->d_b + (int64_t)task * p->outputs;
    for (int o = 0; o < p->outputs; o++)
        d_b[o] = 0;
    for (int64_t i = from; i < end; i++) {
        float *z = p->logits + i * p->outputs;
        int y = p->y[p->first + i];
        double most = p->outputs == 1 ? 0 : -INFINITY;
        for (int o = 0; o < p->outputs; o++)
            most = fmax(most, (double)z[o] + p->bias[o]);
        double sum = p->outputs == 1 ? exp(-most) : 0;
        for (int o = 0; o < p->outputs; o++)
            sum += exp((double)z[o] + p->bias[o] - most);
        double log_sum = most + log(sum);
        int right = p->outputs == 1 ? y - 1 : y; /* -1: the class without an output */
        loss += log_sum - (right >= 0 ? (double)z[right] + p->bias[right] : 0);
        for (int o = 0; o < p->outputs; o++) {
            double d_z = exp((double)z[o] + p->bias[o] - log_sum) - (o == right ? 1 : 0);
            d_b[o] += d_z;
            z[o] = (float)d_z;
        }
    }
    p->loss[task] = loss;
}

/* point: weights outputs x D, then the outputs' biases */
static lac_status objective(void *context, const double *point, double *value, double *gradient, lac_error *err) {
    problem *p = context;
    int64_t n_weights = p->outputs * p->d;
    double total = 0, squares = 0;
    p->bias = point + n_weights;
    for (int64_t i = 0; i < n_weights; i++)
        p->w32[i] = (float)point[i];
    memset(gradient, 0, (size_t)(n_weights + p->outputs) * sizeof *gradient);
    for (p->first = 0; p->first < p->n; p->first += BLOCK) {
        const float *x = p->x + p->first * p->d;
        p->rows = p->n - p->first < BLOCK ? p->n - p->first : BLOCK;
        LAC_TRY(lac_matmul_nt(p->backend, p->pool, p->rows, p->outputs, p->d, x, p->w32, p->logits, err));
        size_t n_chunks = (size_t)((p->rows + CHUNK - 1) / CHUNK);
        lac_parallel(p->pool, n_chunks, softmax_chunk, p);
        for (size_t c = 0; c < n_chunks; c++) {
            total += p->loss[c];
            for (int o = 0; o < p->outputs; o++)
                gradient[n_weights + o] += p->d_b[(int64_t)c * p->outputs + o];
        }
        LAC_TRY(lac_matmul_tn(p->backend, p->pool, p->outputs, p->d, p->rows, p->logits, x, p->grad32, err));
        for (int64_t i = 0; i < n_weights; i++)
            gradient[i] += p->grad32[i];
    }
    for (int64_t i = 0; i < n_weights; i++) {
        squares += point[i] * point[i];
        gradient[i] = gradient[i] / (double)p->n + p->penalty * point[i];
    }
    for (int o = 0; o < p->outputs; o++)
        gradient[n_weights + o] /= (double)p->n;
    *value = total / (double)p->n + 0.5 * p->penalty * squares;
    return LAC_OK;
}

/* The factor of .1 X'X/n + penalty (.1: a typical p (1 - p)). false, and none kept, if rounding made it indefinite. */
static bool factorize(problem *p, const float *gram) {
    int64_t d = p->d;
    double *l = p->factor;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j <= i; j++) {
            double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            const double *a = l + i * d, *b = l + j * d;
            int64_t t = 0;
            for (; t + 4 <= j; t += 4) {
                s0 += a[t] * b[t];
                s1 += a[t + 1] * b[t + 1];
                s2 += a[t + 2] * b[t + 2];
                s3 += a[t + 3] * b[t + 3];
            }
            for (; t < j; t++)
                s0 += a[t] * b[t];
            double rest = 0.1 * gram[i * d + j] / (double)p->n - ((s0 + s1) + (s2 + s3));
            if (i == j) {
                rest += p->penalty + 1e-7;
                if (!(rest > 0)) return false;
                l[i * d + i] = sqrt(rest);
            } else {
                l[i * d + j] = rest / l[j * d + j];
            }
        }
    return true;
}

/* out = (L L')^-1 in for each output, all outputs together (work: D x outputs); the bias by its own .1. */
static void precondition(void *context, const double *in, double *out) {
    problem *p = context;
    int64_t d = p->d, k = p->outputs;
    const double *l = p->factor;
    double *v = p->work;
    for (int64_t o = 0; o < k; o++)
        for (int64_t i = 0; i < d; i++)
            v[i * k + o] = in[o * d + i];
    for (int64_t i = 0; i < d; i++) {
        for (int64_t j = 0; j < i; j++)
            for (int64_t o = 0; o < k; o++)
                v[i * k + o] -= l[i * d + j] * v[j * k + o];
        for (int64_t o = 0; o < k; o++)
            v[i * k + o] /= l[i * d + i];
    }
    for (int64_t i = d - 1; i >= 0; i--) {
        for (int64_t o = 0; o < k; o++)
            v[i * k + o] /= l[i * d + i];
        for (int64_t j = 0; j < i; j++)
            for (int64_t o = 0; o < k; o++)
                v[j * k + o] -= l[i * d + j] * v[i * k + o];
    }
    for (int64_t o = 0; o < k; o++)
        for (int64_t i = 0; i < d; i++)
            out[o * d + i] = v[i * k + o];
    for (int64_t o = 0; o < k; o++)
        out[k * d + o] = in[k * d + o] * 10;
}

static lac_status prepare_factor(problem *p, lac_error *err) {
    if (p->d > MAX_FACTOR || p->n < 2 * p->d) return LAC_OK; /* too dear, or too little data to need it */
    float *gram = lac_array((size_t)(p->d * p->d), sizeof *gram);
    p->factor = lac_array((size_t)(p->d * p->d), sizeof *p->factor);
    p->work = lac_array((size_t)(p->d * p->outputs), sizeof *p->work);
    lac_status status = gram && p->factor && p->work ? LAC_OK : lac_no_memory(err, "the linear probe");
    if (status == LAC_OK) status = lac_matmul_tn(p->backend, p->pool, p->d, p->d, p->n, p->x, p->x, gram, err);
    if (status == LAC_OK && !factorize(p, gram)) {
        lac_free(p->factor);
        p->factor = NULL;
    }
    lac_free(gram);
    return status;
}

/* Number the classes that occur; y in those numbers. */
static lac_status find_classes(const int *label, const int64_t *rows, int64_t n, int classes, int *y,
                               lac_logistic *model, lac_error *err) {
    int *number = lac_array((size_t)classes, sizeof *number);
    if (!number) return lac_no_memory(err, "the linear probe");
    for (int64_t i = 0; i < n; i++)
        number[label[rows ? rows[i] : i]] = 1;
    for (int c = 0; c < classes; c++)
        if (number[c]) {
            number[c] = model->n_classes;
            model->class_of[model->n_classes++] = c;
        }
    for (int64_t i = 0; i < n; i++)
        y[i] = number[label[rows ? rows[i] : i]];
    lac_free(number);
    if (model->n_classes < 2) return lac_usage(err, "a linear probe needs at least two classes to tell apart");
    return LAC_OK;
}

static void standardize_row(const lac_logistic *m, const float *in, float *out) {
    for (int64_t j = 0; j < m->d; j++)
        out[j] = (in[j] - m->mean[j]) * m->inverse[j];
}

static lac_status fit(problem *p, const lac_logistic_options *options, lac_logistic *model, lac_error *err) {
    int64_t n_weights = p->outputs * p->d, n_point = n_weights + p->outputs;
    size_t outputs = (size_t)p->outputs, n_chunks = BLOCK / CHUNK;
    lac_status status = LAC_OK;
    double *point = lac_array((size_t)n_point, sizeof *point);
    p->w32 = lac_array((size_t)n_weights, sizeof(float));
    p->grad32 = lac_array((size_t)n_weights, sizeof(float));
    p->logits = lac_array(BLOCK * outputs, sizeof(float));
    p->loss = lac_array(n_chunks, sizeof(double));
    p->d_b = lac_array(n_chunks * outputs, sizeof(double));
    if (!point || !p->w32 || !p->grad32 || !p->logits || !p->loss || !p->d_b)
        status = lac_no_memory(err, "the linear probe");
    if (status == LAC_OK) status = prepare_factor(p, err);
    if (status == LAC_OK) {
        lac_lbfgs_options o = {.gradient_tolerance = options->gradient_tolerance,
                               .max_iterations = options->max_iterations,
                               .noise =
                                   1e-5, /* float32 logits cancel when features are nearly collinear; slopes decide */
                               .precondition = p->factor ? precondition : NULL};
        lac_lbfgs_report report;
        status = lac_lbfgs(&o, n_point, point, objective, p, &report, err);
        model->is_converged = report.is_converged;
        model->iterations = report.iterations;
        model->gradient = report.gradient;
        model->loss = report.value;
    }
    if (status == LAC_OK) {
        int64_t skip = p->outputs == 1 ? 1 : 0; /* the first of two classes keeps zeros */
        for (int64_t i = 0; i < n_weights; i++)
            model->weight[skip * p->d + i] = (float)point[i];
        for (int64_t o = 0; o < p->outputs; o++)
            model->bias[skip + o] = (float)point[n_weights + o];
    }
    lac_free(point);
    lac_free(p->w32);
    lac_free(p->grad32);
    lac_free(p->logits);
    lac_free(p->loss);
    lac_free(p->d_b);
    lac_free(p->factor);
    lac_free(p->work);
    return status;
}

lac_status lac_logistic_fit(const lac_backend *backend, lac_pool *pool, const lac_logistic_options *options, int64_t d,
                            const float *x, const int *label, const int64_t *rows, int64_t n, int classes,
                            lac_logistic *model, lac_error *err) {
    *model = (lac_logistic){.d = d};
    if (n < 1 || classes < 1) return lac_usage(err, "a linear probe needs labelled pictures");
    float *copy = lac_array((size_t)n * (size_t)d, sizeof *copy);
    int *y = lac_array((size_t)n, sizeof *y);
    model->class_of = lac_array((size_t)classes, sizeof *model->class_of);
    model->mean = lac_array((size_t)d, sizeof(float));
    model->inverse = lac_array((size_t)d, sizeof(float));
    model->weight = lac_array((size_t)classes * (size_t)d, sizeof(float));
    model->bias = lac_array((size_t)classes, sizeof(float));
    lac_status status = LAC_OK;
    if (!copy || !y || !model->class_of || !model->mean || !model->inverse || !model->weight || !model->bias)
        status = lac_no_memory(err, "the linear probe");
    if (status == LAC_OK) status = find_classes(label, rows, n, classes, y, model, err);
    if (status == LAC_OK) status = lac_standardize(d, x, rows, n, model->mean, model->inverse, err);
    if (status == LAC_OK) {
        for (int64_t i = 0; i < n; i++)
            standardize_row(model, x + (rows ? rows[i] : i) * d, copy + i * d);
        problem p = {.backend = backend, .pool = pool, .n = n, .d = d, .k = model->n_classes, .x = copy, .y = y};
        p.outputs = p.k == 2 ? 1 : p.k;
        p.penalty = 1 / ((options->c > 0 ? options->c : 1) * (double)n);
        status = fit(&p, options, model, err);
    }
    lac_free(copy);
    lac_free(y);
    if (status != LAC_OK) lac_logistic_free(model);
    return status;
}

lac_status lac_logistic_predict(const lac_backend *backend, lac_pool *pool, const lac_logistic *model, const float *x,
                                int64_t n, int *predicted, lac_error *err) {
    int64_t k = model->n_classes, most = n < BLOCK ? n : BLOCK;
    float *block = lac_array((size_t)(most * model->d), sizeof *block);
    float *logits = lac_array((size_t)(most * k), sizeof *logits);
    lac_status status = block && logits ? LAC_OK : lac_no_memory(err, "the linear probe");
    for (int64_t first = 0; first < n && status == LAC_OK; first += BLOCK) {
        int64_t rows = n - first < BLOCK ? n - first : BLOCK;
        for (int64_t i = 0; i < rows; i++)
            standardize_row(model, x + (first + i) * model->d, block + i * model->d);
        status = lac_matmul_nt(backend, pool, rows, k, model->d, block, model->weight, logits, err);
        for (int64_t i = 0; i < rows && status == LAC_OK; i++) {
            int64_t best = 0;
            for (int64_t c = 1; c < k; c++)
                if (logits[i * k + c] + model->bias[c] > logits[i * k + best] + model->bias[best]) best = c;
            predicted[first + i] = model->class_of[best];
        }
    }
    lac_free(block);
    lac_free(logits);
    return status;
}

void lac_logistic_free(lac_logistic *model) {
    lac_free(model->class_of);
    lac_free(model->mean);
    lac_free(model->inverse);
    lac_free(model->weight);
    lac_free(model->bias);
    *model = (lac_logistic){0};
}
