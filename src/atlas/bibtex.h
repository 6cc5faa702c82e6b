/* atlas/bibtex.h - reads BibTeX files as text for people and for search.
 *
 * Strict: what BibTeX itself would warn about (a field or key given twice, a macro that nobody defined) is an error
 * that names file and line. Read are entries in braces or parentheses, nested braces, quoted strings, #, @string,
 * @preamble,
 * @comment (a balanced group), the twelve months, a byte-order mark, CR LF; text between entries is ignored, as BibTeX
 * does, and as there "%" begins no comment. Not resolved: crossref. Not guessed: encodings; anything but UTF-8 is
 * refused.
 *
 * Values are turned from LaTeX into UTF-8: accents and letters (\'e, {\"o}, \c{c}, \ss), quotes and dashes, \& and its
 * kin, "~" as a space; braces and font commands go, white space is one space. Mathematics and unknown commands stay as
 * they are written. Fields that hold addresses (url, doi, eprint, file) only lose braces and backslashes before signs.
 *
 * btparse (Debian's libbtparse2) does not serve here: it has been unmaintained for years, keeps its state in globals,
 * prints its errors and exits on some of them. */
#ifndef LAC_ATLAS_BIBTEX_H
#define LAC_ATLAS_BIBTEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LAC_BIB_MOST_BYTES = 10 << 20,  /* of a file */
    LAC_BIB_MOST_ENTRIES = 1 << 16, /* of a file; papers, @string and the like */
    LAC_BIB_MOST_FIELDS = 256,      /* of an entry */
    LAC_BIB_MOST_FIELD = 256 << 10, /* bytes of a value, macros put in */
    LAC_BIB_MOST_TEXT = 64 << 20,   /* bytes of all values, macros put in */
    LAC_BIB_MOST_NAME = 256,        /* bytes of a citation key, a type, a field's name, a macro's name */
    LAC_BIB_MOST_DEPTH = 64         /* braces in braces */
};

typedef struct lac_bib_field {
    const char *name; /* lower case */
    const char *text;
    int64_t line;
} lac_bib_field;

/* Texts are valid UTF-8 without control characters, white space collapsed; "" where the entry does not say. */
typedef struct lac_bib_entry {
    const char *key;  /* as written */
    const char *type; /* lower case: "article" */
    int64_t line;     /* of the "@" */
    const char *title, *abstract;
    const char *authors; /* "A. One and B. Two" */
    const char *venue;   /* journal, booktitle or the like; "" for an arXiv preprint's "journal" */
    const char *doi;     /* "10.1000/xyz": no address, no "doi:" */
    const char *url;
    const char *arxiv; /* "2111.06377" or "cs/0112017", without version; found in eprint, url, doi, journal or note */
    int64_t year;      /* of year or date; 0: unknown */
    const lac_bib_field *fields; /* all of them, in the file's order */
    size_t n_fields;
} lac_bib_entry;

typedef struct lac_bib {
    const lac_bib_entry *entries; /* in the file's order */
    size_t n;
} lac_bib;

/* `text` needs no NUL and is not kept; `name` is what errors call the file: "my.bib:12: expected ..., found ...". All
 * errors are LAC_FAILURE. */
lac_status lac_bib_parse(const char *name, const char *text, size_t bytes, lac_bib **bib, lac_error *err);
lac_status lac_bib_read(const char *path, lac_bib **bib, lac_error *err);
void lac_bib_free(lac_bib *bib); /* NULL is fine */

/* Text of a field ("keywords", lower case), NULL if the entry lacks it. */
const char *lac_bib_get(const lac_bib_entry *entry, const char *field);

#endif
