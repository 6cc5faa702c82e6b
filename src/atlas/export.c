/* atlas/export.c - the tables written out whole. */
#include "atlas/export.h"

#include <string.h>

#include "atlas/ask.h"
#include "atlas/clean.h"
#include "base/file.h"
#include "base/memory.h"

lac_status lac_export_csv(sqlite3 *db, const char *table, lac_text *out, lac_error *err) {
    lac_answer *answer;
    LAC_TRY(lac_ask_rows(db, table, &answer, err));
    lac_answer_csv(answer, out);
    lac_answer_free(answer);
    return out->failed ? lac_no_memory(err, "CSV") : LAC_OK;
}

lac_status lac_export_csv_folder(sqlite3 *db, const char *folder, lac_error *err) {
    LAC_TRY(lac_folder_make(folder, err));
    for (const char *const *table = lac_ask_tables; *table; table++) {
        lac_text text = {0};
        char *path = lac_format("%s/%s.csv", folder, *table);
        lac_status status = path ? lac_export_csv(db, *table, &text, err) : lac_no_memory(err, "a path");
        if (status == LAC_OK) status = lac_file_write(path, text.data, text.bytes, err);
        lac_text_free(&text);
        lac_free(path);
        LAC_TRY(status);
    }
    return LAC_OK;
}

lac_status lac_export_json(sqlite3 *db, const char *table, lac_text *out, lac_error *err) {
    lac_answer *answer;
    if (!table) lac_text_put(out, "{", 1);
    for (const char *const *name = lac_ask_tables; *name; name++) {
        LAC_TRY(lac_ask_rows(db, table ? table : *name, &answer, err));
        if (!table) lac_text_add(out, "%s\n  \"%s\": ", name == lac_ask_tables ? "" : ",", *name);
        lac_answer_json(answer, table ? 0 : 2, false, out);
        lac_answer_free(answer);
        if (table) break;
    }
    lac_text_add(out, table ? "\n" : "\n}\n");
    return out->failed ? lac_no_memory(err, "JSON") : LAC_OK;
}

/* ---- BibTeX ---- */

static void put_latex(lac_text *out, const char *text) {
    static const struct {
        char sign;
        const char *latex;
    } escapes[] = {{'\\', "\\textbackslash{}"},
                   {'~', "\\textasciitilde{}"},
                   {'^', "\\textasciicircum{}"},
                   {'{', "\\{"},
                   {'}', "\\}"},
                   {'&', "\\&"},
                   {'%', "\\%"},
                   {'$', "\\$"},
                   {'#', "\\#"},
                   {'_', "\\_"}};
    for (char one[5]; *text;) {
        lac_clean_next(&text, one);
        const char *put = one;
        for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
            if (*one == escapes[i].sign) put = escapes[i].latex;
        lac_text_put(out, put, strlen(put));
        if (strchr("-`'", *one) && *one == *text) lac_text_put(out, "{}", 2); /* else "--" would be one dash */
    }
}

/* An address as it is; signs that would end the field, or begin a command, as in addresses. */
static void put_address(lac_text *out, const char *text) {
    static const char hex[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        const char coded[] = {'%', hex[c >> 4], hex[c & 15]};
        bool is_kept = c > ' ' && c < 0x7F && !strchr("{}\\\"", c);
        lac_text_put(out, is_kept ? text : coded, is_kept ? 1 : 3);
    }
}

static void put_field(lac_text *out, const char *name, const char *text, void (*put)(lac_text *, const char *)) {
    if (!*text) return;
    lac_text_add(out, ",\n  %s = {", name);
    put(out, text);
    lac_text_put(out, "}", 1);
}

static void put_title(lac_text *out, const char *text) { /* braced again: capitals stay */
    lac_text_put(out, "{", 1);
    put_latex(out, text);
    lac_text_put(out, "}", 1);
}

static bool is_journal(const char *venue) {
    static const char *const names[] = {"TPAMI", "TMI", "TIP", "JMLR", "TMLR", "IJCV", "Nature", "MedIA"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], venue) == 0) return true;
    return false;
}

static void put_entry(lac_text *out, const lac_answer *papers, size_t r) {
    const char *venue = lac_answer_text(papers, r, "venue"), *arxiv = lac_answer_text(papers, r, "arxiv");
    bool is_preprint = !*venue || strcmp(venue, "arXiv") == 0;
    lac_text_add(out, "@%s{", is_preprint ? "misc" : is_journal(venue) ? "article" : "inproceedings");
    for (const char *at = lac_answer_text(papers, r, "id"); *at; at++) /* a key ends at signs of BibTeX */
        lac_text_put(out, (unsigned char)*at <= ' ' || strchr("{},\"#%~\\='()", *at) ? "-" : at, 1);
    put_field(out, "title", lac_answer_text(papers, r, "title"), put_title);
    put_field(out, "year", lac_answer_text(papers, r, "year"), put_latex);
    if (!is_preprint) put_field(out, is_journal(venue) ? "journal" : "booktitle", venue, put_latex);
    put_field(out, "url", lac_answer_text(papers, r, "url"), put_address);
    put_field(out, "eprint", arxiv, put_address);
    if (*arxiv) put_field(out, "archiveprefix", "arXiv", put_latex);
    put_field(out, "keywords", lac_answer_text(papers, r, "keywords"), put_latex);
    put_field(out, "abstract", lac_answer_text(papers, r, "summary"), put_latex);
    lac_text_add(out, "\n}\n\n");
}

lac_status lac_export_bibtex(sqlite3 *db, lac_text *out, lac_error *err) {
    lac_answer *papers;
    LAC_TRY(
        lac_answer_ask(db,
                       "SELECT id, title, year, venue, url, arxiv, summary, (SELECT group_concat(word, ', ') FROM"
                       " facets WHERE paper = papers.short AND facet <> 'dim') AS keywords FROM papers ORDER BY rowid",
                       NULL, 0, &papers, err));
    for (size_t r = 0; r < papers->n_rows; r++)
        put_entry(out, papers, r);
    lac_answer_free(papers);
    return out->failed ? lac_no_memory(err, "BibTeX") : LAC_OK;
}

lac_status lac_export_sqlite(sqlite3 *db, const char *path, lac_error *err) {
    sqlite3_int64 bytes;
    unsigned char *image = sqlite3_serialize(db, "main", &bytes, 0);
    if (!image) return lac_no_memory(err, "the atlas");
    lac_status status = lac_file_write(path, image, (size_t)bytes, err);
    sqlite3_free(image);
    return status;
}
