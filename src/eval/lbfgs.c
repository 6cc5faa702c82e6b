/* eval/lbfgs.c - the two-loop recursion and a line search for the strong Wolfe conditions (Nocedal and Wright,
 * Numerical Optimization, algorithms 7.4, 3.5 and 3.6).
 *
 * Functions whose values come from float32 products are rough at 1e-7: close to the minimum the decrease of a good step
 * is smaller than that. So a rise within `noise` counts as none, and the slopes decide (Hager and Zhang 2005, the
 * approximate Wolfe conditions). */
#include "eval/lbfgs.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

static const double decrease = 1e-4, curvature = 0.9; /* c1, c2 of Nocedal and Wright for quasi-Newton */

typedef struct search {
    int64_t n;
    lac_objective_at function;
    void *context;
    double noise;
    const double *x, *direction; /* from where, and along what */
    double *trial, *gradient;    /* of the last evaluation */
    int evaluations;
} search;

typedef struct point {
    double t, value, slope;
} point;

static double dot(int64_t n, const double *a, const double *b) {
    double s0 = 0, s1 = 0;
    int64_t i = 0;
    for (; i + 2 <= n; i += 2) {
        s0 += a[i] * b[i];
        s1 += a[i + 1] * b[i + 1];
    }
    if (i < n) s0 += a[i] * b[i];
    return s0 + s1;
}

static double largest(int64_t n, const double *x) {
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(x[i]) <= most)) most = fabs(x[i]); /* written so that a NaN is kept */
    return most;
}

static lac_status evaluate(search *s, double t, point *p, lac_error *err) {
    for (int64_t i = 0; i < s->n; i++)
        s->trial[i] = s->x[i] + t * s->direction[i];
    p->t = t;
    s->evaluations++;
    LAC_TRY(s->function(s->context, s->trial, &p->value, s->gradient, err));
    p->slope = dot(s->n, s->gradient, s->direction);
    return LAC_OK;
}

/* Minimum of the cubic through two points and slopes, kept away from both ends. */
static double between(const point *a, const point *b) {
    double low = fmin(a->t, b->t), wide = fabs(b->t - a->t), t = 0.5 * (a->t + b->t);
    if (isfinite(b->value) && isfinite(b->slope)) {
        double d1 = a->slope + b->slope - 3 * (a->value - b->value) / (a->t - b->t);
        double under = d1 * d1 - a->slope * b->slope;
        if (under >= 0) {
            double d2 = (b->t > a->t ? 1 : -1) * sqrt(under);
            double cubic = b->t - (b->t - a->t) * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
            if (isfinite(cubic)) t = cubic;
        }
    }
    return fmin(fmax(t, low + 0.1 * wide), low + 0.9 * wide);
}

/* Find a step from `start` (t = 0) that satisfies the strong Wolfe conditions; *is_found false if there is none. On
 * success trial and gradient belong to the point found. */
static lac_status line_search(search *s, point start, double first, point *found, bool *is_found, lac_error *err) {
    point low = start, high = {0};
    bool has_high = false;
    double t = first, rough = s->noise * fabs(start.value);
    *is_found = true;
    for (int trial = 0; trial < 40; trial++) {
        point p;
        LAC_TRY(evaluate(s, t, &p, err));
        *found = p;
        bool is_flat = p.value <= start.value + rough; /* and the slopes of a well-behaved step: accept */
        if (is_flat && p.slope >= curvature * start.slope && p.slope <= -0.8 * start.slope) return LAC_OK;
        if (!isfinite(p.value) || p.value > start.value + decrease * t * start.slope + rough ||
            (low.t > 0 && p.value >= low.value + rough)) {
            high = p;
            has_high = true;
        } else if (fabs(p.slope) <= -curvature * start.slope) {
            return LAC_OK;
        } else {
            if (has_high ? p.slope * (high.t - low.t) >= 0 : p.slope >= 0) {
                high = low;
                has_high = true;
            }
            low = p;
        }
        if (has_high && fabs(high.t - low.t) <= 1e-12 * fmax(low.t, high.t)) break;
        t = has_high ? between(&low, &high) : 4 * t;
    }
    if (low.t > 0 && low.value < start.value) return evaluate(s, low.t, found, err); /* downhill, if not by Wolfe */
    *is_found = false;
    return LAC_OK;
}

typedef struct history {
    int memory, n_pairs, next;
    double *s, *y, *rho, *alpha; /* memory x n, memory x n, memory, memory */
} history;

/* direction = -(inverse Hessian) gradient by the two-loop recursion; work[n]. */
static void two_loops(const history *h, const lac_lbfgs_options *o, void *context, int64_t n, const double *gradient,
                      double *direction, double *work) {
    memcpy(work, gradient, (size_t)n * sizeof *work);
    for (int k = 0; k < h->n_pairs; k++) { /* newest first */
        int i = (h->next - 1 - k + 2 * h->memory) % h->memory;
        h->alpha[i] = h->rho[i] * dot(n, h->s + i * n, work);
        for (int64_t j = 0; j < n; j++)
            work[j] -= h->alpha[i] * h->y[i * n + j];
    }
    double scale = 1;
    if (h->n_pairs > 0) {
        int i = (h->next - 1 + h->memory) % h->memory;
        const double *y = h->y + i * n;
        if (o->precondition) {
            o->precondition(context, y, direction);
            scale = 1 / (h->rho[i] * dot(n, y, direction));
        } else {
            scale = 1 / (h->rho[i] * dot(n, y, y));
        }
    }
    if (o->precondition)
        o->precondition(context, work, direction);
    else
        memcpy(direction, work, (size_t)n * sizeof *work);
    for (int64_t j = 0; j < n; j++)
        direction[j] *= scale;
    for (int k = h->n_pairs - 1; k >= 0; k--) {
        int i = (h->next - 1 - k + 2 * h->memory) % h->memory;
        double beta = h->rho[i] * dot(n, h->y + i * n, direction);
        for (int64_t j = 0; j < n; j++)
            direction[j] += (h->alpha[i] - beta) * h->s[i * n + j];
    }
    for (int64_t j = 0; j < n; j++)
        direction[j] = -direction[j];
}

lac_status lac_lbfgs(const lac_lbfgs_options *options, int64_t n, double *x, lac_objective_at function, void *context,
                     lac_lbfgs_report *report, lac_error *err) {
    lac_lbfgs_options o = *options;
    if (o.memory <= 0) o.memory = 10;
    if (o.max_iterations <= 0) o.max_iterations = 1000;
    if (!(o.gradient_tolerance > 0)) o.gradient_tolerance = 1e-5;
    size_t bytes = (size_t)n * sizeof(double), pairs = (size_t)o.memory * (size_t)n;
    double *gradient = lac_alloc(bytes), *direction = lac_alloc(bytes), *work = lac_alloc(bytes);
    history h = {.memory = o.memory};
    h.s = lac_array(pairs, sizeof(double));
    h.y = lac_array(pairs, sizeof(double));
    h.rho = lac_array((size_t)o.memory, sizeof(double));
    h.alpha = lac_array((size_t)o.memory, sizeof(double));
    search s = {.n = n, .function = function, .context = context, .noise = o.noise, .x = x, .direction = direction};
    s.trial = lac_alloc(bytes);
    s.gradient = lac_alloc(bytes);
    lac_status status = LAC_OK;
    *report = (lac_lbfgs_report){0};
    if (!gradient || !direction || !work || !h.s || !h.y || !h.rho || !h.alpha || !s.trial || !s.gradient) {
        status = lac_no_memory(err, "L-BFGS");
        goto done;
    }
    double value;
    s.evaluations = 1;
    status = function(context, x, &value, gradient, err);
    while (status == LAC_OK) {
        report->value = value;
        report->gradient = largest(n, gradient);
        report->evaluations = s.evaluations;
        report->is_converged = report->gradient <= o.gradient_tolerance;
        if (report->is_converged || report->iterations >= o.max_iterations || !isfinite(value)) break;
        two_loops(&h, &o, context, n, gradient, direction, work);
        point start = {0, value, dot(n, gradient, direction)}, found = {0};
        bool is_found = false;
        if (start.slope < 0) {
            double first = h.n_pairs > 0 || o.precondition ? 1 : fmin(1, 1 / sqrt(dot(n, gradient, gradient)));
            status = line_search(&s, start, first, &found, &is_found, err);
            if (status != LAC_OK) break;
        }
        if (!is_found) {
            if (h.n_pairs == 0) break; /* even the plain direction leads nowhere: rounding is all that is left */
            h.n_pairs = 0;
            continue;
        }
        double *step = h.s + h.next * n, *change = h.y + h.next * n;
        for (int64_t i = 0; i < n; i++) {
            step[i] = s.trial[i] - x[i];
            change[i] = s.gradient[i] - gradient[i];
        }
        double sy = dot(n, step, change);
        if (sy > 1e-12 * dot(n, change, change)) {
            h.rho[h.next] = 1 / sy;
            h.next = (h.next + 1) % h.memory;
            if (h.n_pairs < h.memory) h.n_pairs++;
        }
        memcpy(x, s.trial, bytes);
        memcpy(gradient, s.gradient, bytes);
        value = found.value;
        report->iterations++;
    }
done:
    lac_free(gradient);
    lac_free(direction);
    lac_free(work);
    lac_free(h.s);
    lac_free(h.y);
    lac_free(h.rho);
    lac_free(h.alpha);
    lac_free(s.trial);
    lac_free(s.gradient);
    return status;
}
