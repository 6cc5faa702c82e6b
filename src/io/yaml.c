/* io/yaml.c - YAML text into a tree, from libyaml's events.
 *
 * A subset on purpose: one document, block and flow lists and maps, scalars. Anchors, aliases and tags are refused: a
 * recipe needs none, and with them a short text could stand for a huge tree. Depth and size are bounded; nothing here
 * recurses. A malformed text is the user's request gone wrong, hence LAC_USAGE; a file that cannot be read LAC_FAILURE.
 */
#include "io/yaml.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/memory.h"

enum { DEPTH = 32, SIZE = 1 << 20 };

typedef struct child {
    struct child *next;
    lac_yaml *item;
    const char *key;
    int key_line;
} child;

typedef struct frame { /* a list or map that is not closed yet */
    lac_yaml *node;
    child *first, **last;
    const char *key; /* of a map: waiting for its value */
    int key_line;
} frame;

typedef struct builder {
    const char *name;
    lac_arena *arena;
    lac_error *err;
    lac_yaml *root;
    int depth;
    frame stack[DEPTH];
} builder;

static int line_of(yaml_mark_t mark) {
    return mark.line < INT_MAX ? (int)mark.line + 1 : INT_MAX;
}

static lac_status no_memory(builder *b) {
    return lac_no_memory(b->err, b->name);
}

static lac_status refuse(builder *b, const yaml_event_t *event, const char *what) {
    return lac_usage(b->err, "%s:%d: %s", b->name, line_of(event->start_mark), what);
}

static bool is_key_next(const builder *b) {
    return b->depth > 0 && b->stack[b->depth - 1].node->kind == LAC_YAML_MAP && !b->stack[b->depth - 1].key;
}

/* Give a finished or freshly opened node to what it stands in. */
static lac_status attach(builder *b, lac_yaml *node) {
    if (b->depth == 0) {
        b->root = node;
        return LAC_OK;
    }
    frame *f = &b->stack[b->depth - 1];
    child *c = lac_arena_alloc(b->arena, sizeof *c);
    if (!c) return no_memory(b);
    *c = (child){.item = node, .key = f->key, .key_line = f->key_line};
    *f->last = c;
    f->last = &c->next;
    f->key = NULL;
    f->node->n++;
    return LAC_OK;
}

static lac_status scalar(builder *b, const yaml_event_t *event) {
    if (event->data.scalar.anchor) return refuse(b, event, "anchors are not supported");
    if (event->data.scalar.tag) return refuse(b, event, "tags are not supported");
    const char *value = (const char *)event->data.scalar.value;
    if (strlen(value) != event->data.scalar.length) return refuse(b, event, "a NUL character in a value");
    const char *text = lac_arena_text(b->arena, value);
    if (!text) return no_memory(b);
    if (is_key_next(b)) {
        if (!*text) return refuse(b, event, "expected a key, found nothing");
        b->stack[b->depth - 1].key = text;
        b->stack[b->depth - 1].key_line = line_of(event->start_mark);
        return LAC_OK;
    }
    lac_yaml *node = lac_arena_alloc(b->arena, sizeof *node);
    if (!node) return no_memory(b);
    *node = (lac_yaml){.kind = LAC_YAML_SCALAR, .line = line_of(event->start_mark), .text = text};
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return attach(b, node);
}

static lac_status open_node(builder *b, const yaml_event_t *event, lac_yaml_kind kind) {
    bool is_map = kind == LAC_YAML_MAP;
    if (is_map ? event->data.mapping_start.anchor != NULL : event->data.sequence_start.anchor != NULL)
        return refuse(b, event, "anchors are not supported");
    if (is_map ? event->data.mapping_start.tag != NULL : event->data.sequence_start.tag != NULL)
        return refuse(b, event, "tags are not supported");
    if (is_key_next(b)) return refuse(b, event, "expected a key, found a list or map");
    if (b->depth == DEPTH) return refuse(b, event, "nested deeper than 32 levels");
    lac_yaml *node = lac_arena_alloc(b->arena, sizeof *node);
    if (!node) return no_memory(b);
    *node = (lac_yaml){.kind = kind, .line = line_of(event->start_mark)};
    LAC_TRY(attach(b, node));
    frame *f = &b->stack[b->depth++];
    *f = (frame){.node = node};
    f->last = &f->first;
    return LAC_OK;
}

static int by_key(const void *a, const void *b) {
    const child *x = *(child *const *)a, *y = *(child *const *)b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->key_line < y->key_line ? -1 : x->key_line > y->key_line;
}

/* The duplicate that comes first in the text. */
static lac_status check_duplicates(builder *b, const frame *f) {
    size_t n = (size_t)f->node->n, i = 0;
    if (n < 2) return LAC_OK;
    const child **sorted = lac_array(n, sizeof *sorted);
    if (!sorted) return no_memory(b);
    for (const child *c = f->first; c; c = c->next)
        sorted[i++] = c;
    qsort(sorted, n, sizeof *sorted, by_key);
    const child *twice = NULL, *before = NULL;
    for (i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0 && (!twice || sorted[i]->key_line < twice->key_line)) {
            twice = sorted[i];
            before = sorted[i - 1];
        }
    lac_free(sorted);
    if (!twice) return LAC_OK;
    return lac_usage(b->err, "%s:%d: the key \"%.100s\" is there twice, first on line %d", b->name, twice->key_line,
                     twice->key, before->key_line);
}

static lac_status close_node(builder *b) {
    frame *f = &b->stack[--b->depth];
    lac_yaml *node = f->node;
    size_t n = (size_t)node->n, i = 0;
    node->items = lac_arena_alloc(b->arena, n * sizeof *node->items);
    if (!node->items) return no_memory(b);
    for (const child *c = f->first; c; c = c->next)
        node->items[i++] = c->item;
    if (node->kind != LAC_YAML_MAP) return LAC_OK;
    LAC_TRY(check_duplicates(b, f));
    node->keys = lac_arena_alloc(b->arena, n * sizeof *node->keys);
    node->key_lines = lac_arena_alloc(b->arena, n * sizeof *node->key_lines);
    if (!node->keys || !node->key_lines) return no_memory(b);
    i = 0;
    for (const child *c = f->first; c; c = c->next) {
        node->keys[i] = c->key;
        node->key_lines[i++] = c->key_line;
    }
    return LAC_OK;
}

static lac_status take_event(builder *b, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return b->root ? refuse(b, event, "expected one document, found another") : LAC_OK;
    case YAML_ALIAS_EVENT:
        return refuse(b, event, "aliases are not supported");
    case YAML_SCALAR_EVENT:
        return scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(b, event, LAC_YAML_LIST);
    case YAML_MAPPING_START_EVENT:
        return open_node(b, event, LAC_YAML_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_node(b);
    default:
        return LAC_OK;
    }
}

/* libyaml's own complaint. A reader error has an offset in the text, the others a line. */
static lac_status parser_error(builder *b, const yaml_parser_t *parser, const char *data, size_t bytes) {
    if (parser->error == YAML_MEMORY_ERROR) return no_memory(b);
    int line = line_of(parser->problem_mark);
    if (parser->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < bytes && i < parser->problem_offset; i++)
            line += data[i] == '\n';
    }
    const char *problem = parser->problem ? parser->problem : "not YAML";
    if (!parser->context) return lac_usage(b->err, "%s:%d: %s", b->name, line, problem);
    return lac_usage(b->err, "%s:%d: %s (%s)", b->name, line, problem, parser->context);
}

lac_status lac_yaml_parse(lac_arena *arena, const char *name, const char *data, size_t bytes, lac_yaml **root,
                          lac_error *err) {
    *root = NULL;
    if (bytes > SIZE) return lac_usage(err, "%s: %zu bytes, expected at most %d", name, bytes, (int)SIZE);
    builder b = {.name = name, .arena = arena, .err = err};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return no_memory(&b);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)data, bytes);
    lac_status status = LAC_OK;
    for (bool is_over = false; status == LAC_OK && !is_over;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = parser_error(&b, &parser, data, bytes);
            break;
        }
        is_over = event.type == YAML_STREAM_END_EVENT;
        status = take_event(&b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (status != LAC_OK) return status;
    bool is_empty = !b.root || (b.root->kind == LAC_YAML_SCALAR && !b.root->is_quoted && !*b.root->text);
    if (is_empty) return lac_usage(err, "%s:1: the document is empty", name);
    *root = b.root;
    return LAC_OK;
}

lac_status lac_yaml_read(lac_arena *arena, const char *path, lac_yaml **root, lac_error *err) {
    char *data;
    size_t bytes;
    *root = NULL;
    LAC_TRY(lac_file_read(path, SIZE, &data, &bytes, err));
    lac_status status = lac_yaml_parse(arena, path, data, bytes, root, err);
    lac_free(data);
    return status;
}

lac_yaml *lac_yaml_get(const lac_yaml *map, const char *key) {
    if (!map || map->kind != LAC_YAML_MAP) return NULL;
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->keys[i], key) == 0) return map->items[i];
    return NULL;
}
