/* tests/atlas/bibtex_fuzz.c - any bytes given to the BibTeX reader: it ends, stays in its buffer, and keeps its
 * promises.
 *
 * LLVMFuzzerTestOneInput is libFuzzer's entry. With -DLACUNA_STANDALONE there is a driver too, for compilers without
 * libFuzzer and for `make check`: bibtex_fuzz SECONDS FILE...     damages the files (mutate.h; splices; words of the
 * grammar) for that long An input that breaks a promise is printed and written to bibtex_fuzz_failure.bib in the
 * current folder. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "atlas/bibtex.h"
#include "base/file.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const uint8_t *input;
static size_t input_bytes;
static uint64_t n_accepted;

static void broken(const char *promise, const char *text) {
    fprintf(stderr, "broken promise: %s: %s\n", promise, text);
    FILE *file = fopen("bibtex_fuzz_failure.bib", "wb");
    if (file) {
        fwrite(input, 1, input_bytes, file);
        fclose(file);
    }
    abort();
}

/* Valid UTF-8 without control characters, for a terminal. */
static void check_text(const char *what, const char *text) {
    const uint8_t *at = (const uint8_t *)text;
    while (*at) {
        int32_t code;
        const utf8proc_ssize_t n = utf8proc_iterate(at, -1, &code);
        if (n <= 0) broken("valid UTF-8", what);
        if (code < 0x20 || (code >= 0x7F && code < 0xA0)) broken("no control character", what);
        at += n;
    }
}

static void check_value(const char *what, const char *text) {
    check_text(what, text);
    const size_t n = strlen(text);
    if (n && (text[0] == ' ' || text[n - 1] == ' ')) broken("no space at the ends", text);
}

static int64_t count_lines(void) {
    int64_t n = 1;
    for (size_t i = 0; i < input_bytes; i++)
        n += input[i] == '\n' || input[i] == '\r';
    return n;
}

static void check_entry(const lac_bib_entry *e, int64_t lines, int64_t after) {
    if (!*e->key) broken("a key", e->type);
    if (!*e->type) broken("a type", e->key);
    if (e->line < after || e->line > lines) broken("a line of the file", e->key);
    check_text("key", e->key);
    check_text("type", e->type);
    const char *const values[] = {e->title, e->abstract, e->authors, e->venue, e->doi, e->url, e->arxiv};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        check_value("value", values[i]);
    if (*e->url && strncasecmp(e->url, "http", 4) != 0) broken("a web address", e->url);
    if (*e->doi && strncmp(e->doi, "10.", 3) != 0) broken("a doi", e->doi);
    if (e->year < 0 || e->year > 2999) broken("a year", e->key);
    if (e->n_fields > LAC_BIB_MOST_FIELDS) broken("at most so many fields", e->key);
    for (size_t i = 0; i < e->n_fields; i++) {
        check_text("name", e->fields[i].name);
        check_value(e->fields[i].name, e->fields[i].text);
        if (!*e->fields[i].name) broken("a field's name", e->key);
        if (lac_bib_get(e, e->fields[i].name) != e->fields[i].text) broken("each field once", e->fields[i].name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    input = data;
    input_bytes = bytes;
    lac_bib *bib = NULL;
    lac_error err = {0};
    const lac_status status = lac_bib_parse("x.bib", (const char *)data, bytes, &bib, &err);
    if ((status == LAC_OK) != (bib != NULL)) broken("a result or an error", err.text);
    if (status != LAC_OK) {
        if (status != LAC_FAILURE || err.status != status) broken("a failure", err.text);
        if (strncmp(err.text, "x.bib:", 6) != 0) broken("the file's name", err.text);
        if (strlen(err.text) < LAC_ERROR_TEXT - 1) check_text("error", err.text);
        return 0;
    }
    n_accepted++;
    const int64_t lines = count_lines();
    for (size_t i = 0; i < bib->n; i++)
        check_entry(&bib->entries[i], lines, i ? bib->entries[i - 1].line : 1);
    lac_bib_free(bib);
    return 0;
}

#ifdef LACUNA_STANDALONE
#include "mutate.h"

enum { MOST_BYTES = 4096, MOST_SEEDS = 64 };

static const char *const words[] = {"@article{",    "@string{", "@comment{",   "@preamble{", " # ",
                                    "= {",          "},\n",     "\\'",         "{\\\"o}",    "\\c{c}",
                                    "$x$",          "\\(",      "\\)",         "\r\n",       "--",
                                    "``",           "''",       "~",           "\\url{",     "\\i",
                                    "\xEF\xBB\xBF", "eprint",   "doi = {10.",  "jan",        "arXiv:2111.06377",
                                    "\xC3\xA9",     "\"",       "\\href{a}{b}"};

static struct seed {
    uint8_t *data;
    size_t bytes;
} seeds[MOST_SEEDS];
static size_t n_seeds;

/* Input number n: a seed, perhaps with a stretch of another, with words of the grammar and damage. */
static size_t make(uint64_t n, uint8_t *data) {
    lac_random r = lac_random_at(n, LAC_RANDOM_TEST, 1, 0, 0);
    const struct seed *first = &seeds[lac_random_below(&r, n_seeds)], *other = &seeds[lac_random_below(&r, n_seeds)];
    size_t bytes = first->bytes;
    memcpy(data, first->data, bytes);
    if (lac_random_below(&r, 4) == 0 && other->bytes && bytes) {
        const size_t from = (size_t)lac_random_below(&r, other->bytes), at = (size_t)lac_random_below(&r, bytes);
        size_t part = (size_t)lac_random_below(&r, other->bytes - from) + 1;
        if (part > MOST_BYTES - at) part = MOST_BYTES - at;
        memcpy(data + at, other->data + from, part);
        if (at + part > bytes) bytes = at + part;
    }
    for (uint64_t k = lac_random_below(&r, 4); k > 0; k--) {
        const char *word = words[lac_random_below(&r, sizeof words / sizeof *words)];
        const size_t length = strlen(word), at = (size_t)lac_random_below(&r, bytes + 1);
        if (bytes + length > MOST_BYTES) break;
        memmove(data + at + length, data + at, bytes - at);
        memcpy(data + at, word, length);
        bytes += length;
    }
    if (lac_random_below(&r, 4) != 0) mutate(data, &bytes, MOST_BYTES, n);
    return bytes;
}

int main(int argc, char **argv) {
    double seconds = 0;
    if (argc < 3 || (seconds = atof(argv[1])) <= 0) {
        fprintf(stderr, "usage: bibtex_fuzz SECONDS FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc && n_seeds < MOST_SEEDS; i++) {
        lac_error err;
        char *text;
        size_t bytes;
        if (lac_file_read(argv[i], MOST_BYTES, &text, &bytes, &err) != LAC_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        seeds[n_seeds++] = (struct seed){(uint8_t *)text, bytes};
        LLVMFuzzerTestOneInput((uint8_t *)text, bytes);
    }
    const double begin = lac_clock_s();
    uint64_t n = 0;
    uint8_t room[MOST_BYTES];
    while (n % 64 != 0 || lac_clock_s() - begin < seconds) {
        const size_t bytes = make(n++, room);
        uint8_t *exact = malloc(bytes ? bytes : 1); /* so that a sanitizer sees a read past its end */
        if (!exact) return 1;
        memcpy(exact, room, bytes);
        LLVMFuzzerTestOneInput(exact, bytes);
        free(exact);
    }
    printf("%" PRIu64 " inputs in %.1f s, %" PRIu64 " accepted\n", n, lac_clock_s() - begin, n_accepted);
    for (size_t i = 0; i < n_seeds; i++)
        lac_free(seeds[i].data);
    if (n_accepted * 100 < n) fprintf(stderr, "fewer than 1%% accepted: the damage is too heavy to test anything\n");
    return n_accepted * 100 < n;
}
#endif
