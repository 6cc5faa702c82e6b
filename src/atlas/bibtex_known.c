/* atlas/bibtex_known.c - what an entry says about its paper, whichever of several fields says it.
 *
 * An arXiv identifier is looked for where exports of reference managers and of arXiv itself put it. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "atlas/bibtex_private.h"

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static const char *get(const lac_bib_entry *e, const char *name) {
    const char *text = lac_bib_get(e, name);
    return text ? text : "";
}

static const char *first_of(const lac_bib_entry *e, const char *const *names) {
    for (; *names; names++)
        if (*get(e, *names)) return get(e, *names);
    return "";
}

/* Length of an arXiv identifier at `text`, its version left out; 0 if none is there. */
static size_t arxiv_length(const char *text) {
    size_t n = strspn(text, "0123456789");
    if (n == 4 && text[4] == '.') { /* since April 2007: 2111.06377 */
        const size_t number = strspn(text + 5, "0123456789");
        return number == 4 || number == 5 ? 5 + number : 0;
    }
    n = 0;
    while (is_lower(text[n]) || text[n] == '-') /* before: cs/0112017, math.GT/0309136 */
        n++;
    if (n < 2) return 0;
    if (text[n] == '.' && text[n + 1] >= 'A' && text[n + 1] <= 'Z' && text[n + 2] >= 'A' && text[n + 2] <= 'Z') n += 3;
    if (text[n] != '/' || strspn(text + n + 1, "0123456789") != 7) return 0;
    return n + 8;
}

/* The identifier behind the first `prefix` of `text` that has one. */
static const char *behind(const char *text, const char *prefix, size_t *length) {
    const size_t n = strlen(prefix);
    for (; *text; text++) {
        if (strncasecmp(text, prefix, n) != 0) continue;
        const char *at = text + n + strspn(text + n, " ");
        *length = arxiv_length(at);
        if (*length) return at;
    }
    return NULL;
}

static const char *find_arxiv(const lac_bib_entry *e, size_t *length) {
    static const char *const own[] = {"eprint", "arxiv", "arxivid", NULL};
    static const char *const loose[] = {"doi",          "journal", "journaltitle", "note", "number",
                                        "howpublished", "volume",  "pages",        NULL};
    static const char *const places[] = {"arxiv.org/abs/", "arxiv.org/pdf/", "arxiv.org/html/", "10.48550/arxiv.",
                                         NULL};
    const char *prefix = get(e, "archiveprefix");
    if (!*prefix) prefix = get(e, "eprinttype");
    for (const char *const *name = own; *name; name++) {
        if (strcmp(*name, "eprint") == 0 && *prefix && strcasecmp(prefix, "arxiv") != 0) continue;
        const char *text = get(e, *name);
        if (strncasecmp(text, "arxiv:", 6) == 0) text += 6;
        *length = arxiv_length(text);
        if (*length) return text;
    }
    for (size_t i = 0; i < e->n_fields; i++) {
        const char *name = e->fields[i].name, *found = NULL;
        if (strcmp(name, "abstract") == 0) continue; /* it may speak of other papers */
        for (const char *const *place = places; *place && !found; place++)
            found = behind(e->fields[i].text, *place, length);
        if (found) return found;
    }
    for (const char *const *name = loose; *name; name++) {
        const char *found = behind(get(e, *name), "arxiv:", length);
        if (found) return found;
    }
    return NULL;
}

/* Past "https://doi.org/" or "doi:". */
static const char *doi_of(const char *text) {
    for (const char *p = text; *p; p++)
        if (strncasecmp(p, "doi.org/", 8) == 0) text = p + 8;
    if (strncasecmp(text, "doi:", 4) == 0) text += 4;
    text += strspn(text, " ");
    return strncmp(text, "10.", 3) == 0 && strchr(text, '/') && !strchr(text, ' ') ? text : "";
}

/* Only web addresses: what else could be a link ("javascript:...") is none of a paper's. */
static const char *url_of(const char *text) {
    const bool is_web = strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "http://", 7) == 0;
    return is_web && !strpbrk(text, " \"<>") ? text : "";
}

static int64_t year_of(const char *text) {
    for (const char *p = text; *p;) {
        const size_t n = strspn(p, "0123456789");
        if (n == 4 && (*p == '1' || *p == '2'))
            return (p[0] - '0') * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
        p += n ? n : 1;
    }
    return 0;
}

lac_status lac_bib_find_known(lac_arena *arena, lac_bib_entry *e, lac_error *err) {
    static const char *const venues[] = {"journal", "journaltitle", "booktitle", "eventtitle", NULL};
    static const char *const addresses[] = {"url", "link", "howpublished", NULL};
    e->title = get(e, "title");
    e->abstract = get(e, "abstract");
    e->authors = get(e, "author");
    e->venue = first_of(e, venues);
    if (strncasecmp(e->venue, "arxiv", 5) == 0 || strcasecmp(e->venue, "corr") == 0) e->venue = "";
    e->doi = doi_of(get(e, "doi"));
    e->url = "";
    for (const char *const *name = addresses; *name && !*e->url; name++)
        e->url = url_of(get(e, *name));
    if (!*e->doi) e->doi = doi_of(e->url);
    e->year = year_of(get(e, "year"));
    if (e->year == 0) e->year = year_of(get(e, "date"));
    e->arxiv = "";
    size_t length = 0;
    const char *found = find_arxiv(e, &length);
    if (found) {
        char *id = lac_arena_alloc(arena, length + 1);
        if (!id) return lac_no_memory(err, "a BibTeX entry");
        memcpy(id, found, length);
        e->arxiv = id;
    }
    return LAC_OK;
}
