/* atlas/page_measured.c - a file of results measured with Lacuna, checked and handed to the page. */
#include <jansson.h>
#include <string.h>

#include "atlas/page_private.h"
#include "base/file.h"
#include "base/memory.h"

enum { MOST_BYTES = 1 << 20 };

static const struct {
    const char *name;
    bool is_needed, is_number;
} keys[] = {
    {"paper", true, false}, {"benchmark", true, false}, {"backbone", false, false}, {"metric", true, false},
    {"value", true, true},  {"run", false, false},      {"note", false, false},
};
enum { N_KEYS = sizeof keys / sizeof *keys };

static lac_status put_row(lac_text *out, const char *path, size_t number, const json_t *row, lac_error *err) {
    if (!json_is_object(row)) return lac_usage(err, "%s: row %zu: expected an object", path, number);
    lac_text_put(out, "{", 1);
    bool is_first = true;
    for (int k = 0; k < N_KEYS; k++) {
        const json_t *value = json_object_get(row, keys[k].name);
        if (!value && !keys[k].is_needed) continue;
        if (keys[k].is_number ? !json_is_number(value) : !json_is_string(value))
            return lac_usage(err, "%s: row %zu: %s: expected a %s, found %s", path, number, keys[k].name,
                             keys[k].is_number ? "number" : "text", value ? "something else" : "nothing");
        lac_text_add(out, "%s\"%s\":", is_first ? "" : ",", keys[k].name);
        is_first = false;
        if (keys[k].is_number)
            lac_page_put_number(out, json_number_value(value));
        else
            lac_page_put_text(out, json_string_value(value));
    }
    lac_text_put(out, "}", 1);
    return LAC_OK;
}

lac_status lac_page_put_measured(lac_text *out, const char *path, lac_error *err) {
    char *data;
    size_t bytes;
    LAC_TRY(lac_file_read(path, MOST_BYTES, &data, &bytes, err));
    json_error_t where;
    json_t *root = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, &where);
    lac_free(data);
    if (!root) return lac_usage(err, "%s:%d:%d: expected JSON: %s", path, where.line, where.column, where.text);
    const json_t *rows = json_object_get(root, "rows");
    lac_status status = json_is_array(rows) ? LAC_OK : lac_usage(err, "%s: rows: expected a list of results", path);
    lac_text_add(out, "\"measured\":{\"rows\":[");
    for (size_t i = 0; i < json_array_size(rows) && status == LAC_OK; i++) {
        if (i) lac_text_put(out, ",", 1);
        status = put_row(out, path, i + 1, json_array_get(rows, i), err);
    }
    lac_text_add(out, "]}");
    json_decref(root);
    return status;
}
