/* method/setting.c - one declared setting: reading it from YAML, writing it back, saying what is allowed.
 *
 * Not here: which settings exist (the slots and sections.c) and where in a recipe they stand (recipe.c). */
#include "method/setting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slot.h"

void lac_number_write(double value, lac_text *out) {
    if (value == 0) { /* no "-0" */
        lac_text_add(out, "0");
        return;
    }
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    char *e = strchr(text, 'e');
    if (!e || fabs(value) < 1e15) { /* whole numbers in full: 100000, not 1e5 */
        if (value == floor(value) && fabs(value) < 1e15) {
            lac_text_add(out, "%.0f", value);
            return;
        }
    }
    if (e) { /* 1e-06 -> 1e-6 */
        char *digits = e + 1, *from;
        if (*digits == '+') memmove(digits, digits + 1, strlen(digits));
        if (*digits == '-') digits++;
        for (from = digits; from[0] == '0' && from[1]; from++) {
        }
        memmove(digits, from, strlen(from) + 1);
    }
    lac_text_add(out, "%s", text);
}

static void put_range(const lac_setting_spec *spec, lac_text *out) {
    if (spec->low > spec->high) return;
    bool is_low = isfinite(spec->low), is_high = isfinite(spec->high);
    bool is_open_low = spec->low == LAC_ABOVE_ZERO, is_open_high = spec->high == LAC_BELOW_ONE;
    if (is_low && is_high) {
        lac_text_add(out, " in %c", is_open_low ? '(' : '[');
        lac_number_write(is_open_low ? 0 : spec->low, out);
        lac_text_add(out, ", ");
        lac_number_write(is_open_high ? 1 : spec->high, out);
        lac_text_add(out, "%c", is_open_high ? ')' : ']');
    } else if (is_low) {
        lac_text_add(out, is_open_low ? " above " : " of at least ");
        lac_number_write(is_open_low ? 0 : spec->low, out);
    }
}

static bool is_whole(const lac_setting_spec *spec) {
    return spec->type == LAC_SETTING_INT || spec->type == LAC_SETTING_INTS;
}

static bool is_list(const lac_setting_spec *spec) {
    return spec->type == LAC_SETTING_INTS || spec->type == LAC_SETTING_REALS;
}

/* "a|b|c" -> "a, b, c" */
static void put_choices(const char *choices, lac_text *out) {
    for (const char *c = choices; *c; c++) {
        if (*c == '|')
            lac_text_add(out, ", ");
        else
            lac_text_put(out, c, 1);
    }
}

void lac_setting_allowed(const lac_setting_spec *spec, lac_text *out) {
    switch (spec->type) {
    case LAC_SETTING_BOOL:
        lac_text_add(out, "true or false");
        break;
    case LAC_SETTING_TEXT:
        if (spec->choices) {
            lac_text_add(out, strchr(spec->choices, '|') ? "one of " : "");
            put_choices(spec->choices, out);
        } else {
            lac_text_add(out, "a name of letters, digits, '.', '_' and '-'");
        }
        break;
    case LAC_SETTING_PATH:
        lac_text_add(out, "a file, or %s", spec->standard);
        break;
    case LAC_SETTING_INT:
    case LAC_SETTING_REAL:
    case LAC_SETTING_COURSE:
        lac_text_add(out, is_whole(spec) ? "a whole number" : "a number");
        put_range(spec, out);
        if (spec->type == LAC_SETTING_COURSE) lac_text_add(out, " or a schedule");
        break;
    case LAC_SETTING_INTS:
    case LAC_SETTING_REALS:
        if (spec->min_count == spec->max_count)
            lac_text_add(out, "a list of %d", spec->max_count);
        else
            lac_text_add(out, "a list of %d to %d", spec->min_count, spec->max_count);
        lac_text_add(out, is_whole(spec) ? " whole numbers" : " numbers");
        put_range(spec, out);
        if (spec->words) {
            lac_text_add(out, ", or ");
            put_choices(spec->words, out);
        }
        break;
    }
}

/* Is `word` one of "a|b|c"? */
static bool is_among(const char *choices, const char *word) {
    size_t n = strlen(word);
    for (const char *c = choices; c;) {
        const char *bar = strchr(c, '|');
        size_t length = bar ? (size_t)(bar - c) : strlen(c);
        if (length == n && memcmp(c, word, n) == 0) return true;
        c = bar ? bar + 1 : NULL;
    }
    return false;
}

static lac_status refuse(const lac_setting_spec *spec, const lac_yaml *node, const char *extra, lac_error *err) {
    lac_text allowed = {0};
    lac_setting_allowed(spec, &allowed);
    lac_status status;
    if (allowed.failed || !allowed.data)
        status = lac_no_memory(err, "an error text");
    else if (node->kind == LAC_YAML_SCALAR)
        status = lac_usage(err, "expected %s, found '%.80s'%s", allowed.data, node->text, extra);
    else if (node->kind == LAC_YAML_LIST)
        status = lac_usage(err, "expected %s, found a list of %d", allowed.data, node->n);
    else
        status = lac_usage(err, "expected %s, found a map", allowed.data);
    lac_text_free(&allowed);
    return status;
}

static bool read_number(const lac_setting_spec *spec, const lac_yaml *node, double *value) {
    if (node->kind != LAC_YAML_SCALAR || node->is_quoted) return false;
    if (is_whole(spec)) {
        int64_t whole;
        if (!lac_parse_int(node->text, &whole) || whole > (1LL << 53) || whole < -(1LL << 53)) return false;
        *value = (double)whole;
    } else if (!lac_parse_real(node->text, value)) {
        return false;
    }
    if (*value == 0) *value = 0; /* -0 and 0 are one value */
    return spec->low > spec->high || (*value >= spec->low && *value <= spec->high);
}

static bool is_name(const char *text) {
    for (const char *c = text; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *c)) return false;
    return *text != 0;
}

static bool is_path(const char *text) {
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F) return false;
    return *text != 0;
}

static lac_status read_text(lac_arena *arena, const lac_setting_spec *spec, const lac_yaml *node, lac_setting *out,
                            lac_error *err) {
    if (node->kind != LAC_YAML_SCALAR) return refuse(spec, node, "", err);
    bool is_right = spec->type == LAC_SETTING_PATH ? is_path(node->text)
                    : spec->choices                ? is_among(spec->choices, node->text)
                                                   : is_name(node->text);
    if (!is_right) return refuse(spec, node, "", err);
    out->text = lac_arena_text(arena, node->text);
    out->count = 1;
    return out->text ? LAC_OK : lac_no_memory(err, "a recipe");
}

static lac_status read_list(lac_arena *arena, const lac_setting_spec *spec, const lac_yaml *node, lac_setting *out,
                            lac_error *err) {
    if (node->kind == LAC_YAML_SCALAR && spec->words && is_among(spec->words, node->text)) {
        out->text = lac_arena_text(arena, node->text);
        return out->text ? LAC_OK : lac_no_memory(err, "a recipe");
    }
    int n = node->kind == LAC_YAML_SCALAR ? 1 : node->n;
    if (node->kind == LAC_YAML_MAP || n < spec->min_count || n > spec->max_count) return refuse(spec, node, "", err);
    for (int i = 0; i < n; i++) {
        const lac_yaml *item = node->kind == LAC_YAML_SCALAR ? node : node->items[i];
        if (!read_number(spec, item, &out->number[i]))
            return refuse(spec, item, node->kind == LAC_YAML_SCALAR ? "" : " in the list", err);
    }
    out->count = n;
    /* A list of equal numbers, where one may stand for it, is that one: equal recipes have equal bytes. */
    bool is_uniform = spec->min_count == 1;
    for (int i = 1; i < n; i++)
        is_uniform = is_uniform && out->number[i] == out->number[0];
    if (is_uniform) out->count = 1;
    return LAC_OK;
}

/* {from: a, to: b, shape: linear|cosine, over: share}: both ends within the setting's range. */
static lac_status read_course(const lac_setting_spec *spec, const lac_yaml *node, lac_setting *out, lac_error *err) {
    static const char *const keys[] = {"from", "to", "shape", "over"}, *const shapes[] = {"linear", "cosine"};
    static const lac_setting_spec over_spec = {
        .key = "over", .type = LAC_SETTING_REAL, .low = LAC_ABOVE_ZERO, .high = 1};
    out->count = LAC_COURSE_NUMBERS;
    for (int i = 0; i < node->n; i++) {
        bool is_known = false;
        for (int k = 0; k < 4; k++)
            is_known = is_known || strcmp(node->keys[i], keys[k]) == 0;
        if (!is_known)
            return lac_usage(err, "unknown key '%.80s' in a schedule; allowed: from, to, shape, over", node->keys[i]);
    }
    for (int k = 0; k < 2; k++) {
        const lac_yaml *end = lac_yaml_get(node, keys[k]);
        if (!end) return lac_usage(err, "a schedule needs '%s'", keys[k]);
        if (!read_number(spec, end, &out->number[k])) {
            refuse(spec, end, "", err);
            return lac_context(err, "schedule's '%s'", keys[k]);
        }
    }
    const lac_yaml *shape = lac_yaml_get(node, "shape");
    out->number[2] = LAC_COURSE_LINEAR;
    for (int k = 0; shape && k < 2; k++)
        if (shape->kind == LAC_YAML_SCALAR && strcmp(shape->text, shapes[k]) == 0) {
            out->number[2] = k;
            shape = NULL;
        }
    if (shape)
        return lac_usage(err, "schedule's 'shape': expected one of linear, cosine, found '%.80s'",
                         shape->kind == LAC_YAML_SCALAR ? shape->text : "a list or map");
    const lac_yaml *over = lac_yaml_get(node, "over");
    out->number[3] = 1;
    if (over && !read_number(&over_spec, over, &out->number[3])) {
        refuse(&over_spec, over, "", err);
        return lac_context(err, "schedule's 'over'");
    }
    if (out->number[0] == out->number[1]) out->count = 1; /* equal recipes have equal bytes */
    return LAC_OK;
}

lac_status lac_setting_read(lac_arena *arena, const lac_setting_spec *spec, const lac_yaml *node, lac_setting *out,
                            lac_error *err) {
    *out = (lac_setting){.spec = spec};
    if (!node) {
        if (!spec->standard) {
            lac_text allowed = {0};
            lac_setting_allowed(spec, &allowed);
            lac_status status = lac_usage(err, "missing; expected %s", allowed.data ? allowed.data : "a value");
            lac_text_free(&allowed);
            return status;
        }
        lac_yaml *standard;
        LAC_TRY(lac_yaml_parse(arena, spec->key, spec->standard, strlen(spec->standard), &standard, err));
        node = standard;
    }
    switch (spec->type) {
    case LAC_SETTING_COURSE:
        if (node->kind == LAC_YAML_MAP) return read_course(spec, node, out, err);
        /* fall through */
    case LAC_SETTING_INT:
    case LAC_SETTING_REAL:
        if (node->kind == LAC_YAML_MAP && lac_yaml_get(node, "from"))
            return lac_usage(err, "expected one number: this one is settled before the first step and follows no "
                                  "schedule");
        if (!read_number(spec, node, &out->number[0])) return refuse(spec, node, "", err);
        out->count = 1;
        return LAC_OK;
    case LAC_SETTING_BOOL:
        if (node->kind != LAC_YAML_SCALAR || node->is_quoted ||
            (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0))
            return refuse(spec, node, "", err);
        out->number[0] = strcmp(node->text, "true") == 0;
        out->count = 1;
        return LAC_OK;
    case LAC_SETTING_TEXT:
    case LAC_SETTING_PATH:
        return read_text(arena, spec, node, out, err);
    case LAC_SETTING_INTS:
    case LAC_SETTING_REALS:
        return read_list(arena, spec, node, out, err);
    }
    return lac_fail(err, "setting %s has no type", spec->key);
}

/* Plain where that is safe, else between single quotes. */
static void write_path(const char *path, lac_text *out) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
    if (*path != '-' && path[strspn(path, plain)] == 0) {
        lac_text_add(out, "%s", path);
        return;
    }
    lac_text_add(out, "'");
    for (const char *c = path; *c; c++)
        lac_text_put(out, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
    lac_text_add(out, "'");
}

void lac_setting_write(const lac_setting *setting, lac_text *out) {
    if (setting->spec->type == LAC_SETTING_PATH) {
        write_path(setting->text, out);
    } else if (setting->text) {
        lac_text_add(out, "%s", setting->text);
    } else if (setting->spec->type == LAC_SETTING_BOOL) {
        lac_text_add(out, setting->number[0] != 0 ? "true" : "false");
    } else if (lac_setting_changes(setting)) {
        lac_text_add(out, "{from: ");
        lac_number_write(setting->number[0], out);
        lac_text_add(out, ", to: ");
        lac_number_write(setting->number[1], out);
        lac_text_add(out, ", shape: %s", setting->number[2] == LAC_COURSE_COSINE ? "cosine" : "linear");
        if (setting->number[3] != 1) {
            lac_text_add(out, ", over: ");
            lac_number_write(setting->number[3], out);
        }
        lac_text_add(out, "}");
    } else if (is_list(setting->spec) && setting->count != 1) {
        lac_text_add(out, "[");
        for (int i = 0; i < setting->count; i++) {
            if (i) lac_text_add(out, ", ");
            lac_number_write(setting->number[i], out);
        }
        lac_text_add(out, "]");
    } else {
        lac_number_write(setting->number[0], out);
    }
}

bool lac_setting_equal(const lac_setting *a, const lac_setting *b) {
    if (a->spec->type == LAC_SETTING_PATH && b->spec->type == LAC_SETTING_PATH) return true;
    if (a->spec->type != b->spec->type || a->count != b->count || !a->text != !b->text) return false;
    if (a->text) return strcmp(a->text, b->text) == 0;
    for (int i = 0; i < a->count; i++)
        if (a->number[i] != b->number[i]) return false;
    return true;
}
