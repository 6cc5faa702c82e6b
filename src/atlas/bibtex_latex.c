/* atlas/bibtex_latex.c - the LaTeX of a BibTeX value as UTF-8 text.
 *
 * One pass without recursion: an accent waits as a combining mark for the next character, is put behind it, and
 * Unicode's composition (NFC) makes one character of the two. Braces need no stack, since they only group. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <utf8proc.h>

#include "atlas/bibtex_private.h"

enum { MOST_MARKS = 4 /* Vietnamese needs two */ };

typedef struct decoder {
    const char *at, *end;
    lac_text *out;
    size_t begin;       /* of this value in `out` */
    bool space_waiting; /* white space was seen; written before the next character */
    bool is_open[3];    /* "$", "\\(", "\\[" was found not to be closed: looked for once, or time would be quadratic */
    int n_marks;
    struct mark {
        int32_t code;
        char sign; /* what stands there without a letter: "\~{}" is a tilde */
    } marks[MOST_MARKS];
} decoder;

static void put_code(decoder *d, int32_t code) {
    if (d->space_waiting && d->out->bytes > d->begin) lac_text_put(d->out, " ", 1);
    d->space_waiting = false;
    int32_t codes[1 + MOST_MARKS] = {code};
    utf8proc_ssize_t n = 1;
    while (d->n_marks > 0)
        codes[n++] = d->marks[--d->n_marks].code; /* the innermost accent is nearest to its letter */
    if (n > 1) n = utf8proc_normalize_utf32(codes, n, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        uint8_t bytes[4];
        const utf8proc_ssize_t length = utf8proc_encode_char(codes[i], bytes);
        lac_text_put(d->out, (const char *)bytes, (size_t)length);
    }
}

static void put_next(decoder *d) {
    int32_t code;
    const utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)d->at, d->end - d->at, &code);
    if (n <= 0) { /* not UTF-8: the caller checked */
        d->at++;
        return;
    }
    d->at += n;
    put_code(d, code);
}

static void put_text(decoder *d, const char *text) {
    decoder part = *d;
    part.at = text;
    part.end = text + strlen(text);
    while (part.at < part.end)
        put_next(&part);
    d->space_waiting = part.space_waiting;
    d->n_marks = part.n_marks;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void put_space(decoder *d) {
    if (d->n_marks == 0) d->space_waiting = true; /* LaTeX skips white space before an accent's letter */
}

static void skip_space(decoder *d) {
    while (d->at < d->end && is_space(*d->at))
        d->at++;
}

/* As written, but white space is one space. */
static void put_verbatim(decoder *d, const char *end) {
    d->n_marks = 0;
    while (d->at < end) {
        if (is_space(*d->at)) {
            put_space(d);
            d->at++;
        } else {
            put_next(d);
        }
    }
}

/* Accents that found no letter. */
static void drop_marks(decoder *d) {
    const char sign = d->n_marks ? d->marks[0].sign : 0;
    d->n_marks = 0;
    if (sign == '~' || sign == '^') put_code(d, sign);
}

static void push_mark(decoder *d, int32_t code, char sign) {
    if (d->n_marks < MOST_MARKS) d->marks[d->n_marks++] = (struct mark){code, sign};
}

/* The combining mark of \X, 0 if X is no accent. */
static int32_t accent(char sign) {
    static const char signs[] = "`'^~=u.\"rHvdckbt";
    static const int32_t codes[] = {0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308,
                                    0x30A, 0x30B, 0x30C, 0x323, 0x327, 0x328, 0x331, 0x361};
    const char *found = sign ? strchr(signs, sign) : NULL;
    return found ? codes[found - signs] : 0;
}

/* Control words and what they stand for; "" for those that only change the font or the layout. */
static const struct word {
    const char *name, *text;
} words[] = {
    {"AA", "Å"},
    {"AE", "Æ"},
    {"BibTeX", "BibTeX"},
    {"DH", "Ð"},
    {"DJ", "Đ"},
    {"L", "Ł"},
    {"LaTeX", "LaTeX"},
    {"NG", "Ŋ"},
    {"O", "Ø"},
    {"OE", "Œ"},
    {"P", "¶"},
    {"S", "§"},
    {"SS", "SS"},
    {"TH", "Þ"},
    {"TeX", "TeX"},
    {"aa", "å"},
    {"ae", "æ"},
    {"bf", ""},
    {"bfseries", ""},
    {"copyright", "©"},
    {"dag", "†"},
    {"ddag", "‡"},
    {"dh", "ð"},
    {"dj", "đ"},
    {"dots", "…"},
    {"em", ""},
    {"emph", ""},
    {"enspace", " "},
    {"euro", "€"},
    {"guillemotleft", "«"},
    {"guillemotright", "»"},
    {"guilsinglleft", "‹"},
    {"guilsinglright", "›"},
    {"it", ""},
    {"itshape", ""},
    {"l", "ł"},
    {"ldots", "…"},
    {"lowercase", ""},
    {"mbox", ""},
    {"mdseries", ""},
    {"ng", "ŋ"},
    {"noopsort", ""},
    {"normalfont", ""},
    {"o", "ø"},
    {"oe", "œ"},
    {"par", " "},
    {"pounds", "£"},
    {"protect", ""},
    {"quad", " "},
    {"relax", ""},
    {"rm", ""},
    {"sc", ""},
    {"scshape", ""},
    {"sf", ""},
    {"sl", ""},
    {"small", ""},
    {"space", " "},
    {"ss", "ß"},
    {"text", ""},
    {"textasciicircum", "^"},
    {"textasciigrave", "`"},
    {"textasciitilde", "~"},
    {"textasteriskcentered", "*"},
    {"textbackslash", "\\"},
    {"textbar", "|"},
    {"textbf", ""},
    {"textbullet", "•"},
    {"textcopyright", "©"},
    {"textdegree", "°"},
    {"textellipsis", "…"},
    {"textemdash", "—"},
    {"textendash", "–"},
    {"texteuro", "€"},
    {"textgreater", ">"},
    {"textit", ""},
    {"textless", "<"},
    {"textmd", ""},
    {"textmu", "µ"},
    {"textnormal", ""},
    {"textperiodcentered", "·"},
    {"textquotedbl", "\""},
    {"textquotedblleft", "“"},
    {"textquotedblright", "”"},
    {"textquoteleft", "‘"},
    {"textquoteright", "’"},
    {"textquotesingle", "'"},
    {"textregistered", "®"},
    {"textrm", ""},
    {"textsc", ""},
    {"textsf", ""},
    {"textsl", ""},
    {"textsubscript", ""},
    {"textsuperscript", ""},
    {"texttimes", "×"},
    {"texttrademark", "™"},
    {"texttt", ""},
    {"textunderscore", "_"},
    {"textup", ""},
    {"th", "þ"},
    {"tt", ""},
    {"ttfamily", ""},
    {"underline", ""},
    {"upshape", ""},
    {"uppercase", ""},
};

static const char *find_word(const char *name, size_t length) {
    size_t low = 0, high = sizeof words / sizeof *words;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        int order = strncmp(name, words[middle].name, length);
        if (order == 0 && words[middle].name[length]) order = -1;
        if (order == 0) return words[middle].text;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* End of the group that begins at d->at, past its brace; d->at if no group begins there. */
static const char *group_end(const decoder *d) {
    if (d->at == d->end || *d->at != '{') return d->at;
    int depth = 0;
    for (const char *p = d->at; p < d->end; p++) {
        if (*p == '{') depth++;
        if (*p == '}' && --depth == 0) return p + 1;
    }
    return d->end;
}

static bool is_word(const char *word, size_t length, const char *name) {
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

static void control_word(decoder *d) {
    const char *word = d->at;
    while (d->at < d->end && is_letter(*d->at))
        d->at++;
    const size_t length = (size_t)(d->at - word);
    if (length == 1 && accent(*word)) {
        push_mark(d, accent(*word), *word);
        return;
    }
    if (length == 1 && (*word == 'i' || *word == 'j')) { /* a dotless letter, unless an accent takes the dot's place */
        skip_space(d);
        put_code(d, d->n_marks ? *word : *word == 'i' ? 0x131 : 0x237);
        return;
    }
    if (is_word(word, length, "url") || is_word(word, length, "path") || is_word(word, length, "nolinkurl")) {
        skip_space(d);
        const char *end = group_end(d);
        if (end > d->at) {
            d->at++;
            put_verbatim(d, end[-1] == '}' ? end - 1 : end);
            d->at = end;
        }
        return;
    }
    if (is_word(word, length, "href")) { /* the address goes, the words stay */
        skip_space(d);
        d->at = group_end(d);
        return;
    }
    const char *text = find_word(word, length);
    if (!text) { /* with what is its argument, if that follows at once */
        const char *end = group_end(d);
        d->at = word - 1;
        put_verbatim(d, end);
        return;
    }
    skip_space(d); /* LaTeX takes it as the end of the word */
    if (*text == ' ')
        put_space(d);
    else
        put_text(d, text);
}

/* Mathematics that begins at `begin`; false, and nothing done, where it does not end. */
static bool mathematics(decoder *d, const char *begin) {
    static const char *const closing[3] = {"$", "\\)", "\\]"};
    const int kind = *begin == '$' ? 0 : begin[1] == '(' ? 1 : 2;
    const size_t n = strlen(closing[kind]); /* as long as what opens it */
    for (const char *p = begin + n; !d->is_open[kind] && (size_t)(d->end - p) >= n; p++) {
        if (memcmp(p, closing[kind], n) == 0) {
            d->at = begin;
            put_verbatim(d, p + n);
            return true;
        }
        if (*p == '\\' && p + 1 < d->end) p++;
    }
    d->is_open[kind] = true;
    return false;
}

static void control_sign(decoder *d) {
    const char c = *d->at;
    if (accent(c)) {
        d->at++;
        push_mark(d, accent(c), c);
        return;
    }
    if (is_space(c)) {
        d->at++;
        put_space(d);
        return;
    }
    switch (c) {
    case '\\':
    case ',':
    case ';':
    case ':':
    case '>':
        d->at++;
        put_space(d);
        return;
    case '-':
    case '/':
    case '!':
    case '@':
        d->at++;
        return;
    case '(':
    case '[':
        if (mathematics(d, d->at - 1)) return;
        break;
    case '&':
    case '%':
    case '$':
    case '#':
    case '_':
    case '{':
    case '}':
        put_next(d);
        return;
    default:
        break;
    }
    put_code(d, '\\');
    put_next(d);
}

/* How often `c` stands at d->at, counted up to 4. */
static size_t run_of(const decoder *d, char c) {
    size_t n = 0;
    while (n < 4 && d->at + n < d->end && d->at[n] == c)
        n++;
    return n;
}

/* "--" and "---"; longer runs are rules drawn by hand, and stay. */
static void dashes(decoder *d) {
    const size_t n = run_of(d, '-');
    if (n == 2 || n == 3) {
        put_code(d, n == 2 ? 0x2013 : 0x2014);
        d->at += n;
    } else {
        do
            put_next(d);
        while (n == 4 && d->at < d->end && *d->at == '-');
    }
}

static void step(decoder *d) {
    const char c = *d->at;
    if (is_space(c) || c == '~') {
        d->at++;
        put_space(d);
    } else if (c == '{') {
        d->at++;
    } else if (c == '}') {
        d->at++;
        drop_marks(d);
    } else if (c == '$') {
        d->n_marks = 0;
        if (!mathematics(d, d->at)) put_next(d);
    } else if (c == '-') {
        dashes(d);
    } else if ((c == '`' || c == '\'') && run_of(d, c) == 2) {
        d->at += 2;
        put_code(d, c == '`' ? 0x201C : 0x201D);
    } else if (c == '\\' && d->at + 1 < d->end) {
        d->at++;
        if (is_letter(*d->at))
            control_word(d);
        else
            control_sign(d);
    } else {
        put_next(d);
    }
}

void lac_bib_decode(const char *raw, size_t bytes, lac_text *out) {
    decoder d = {.at = raw, .end = raw + bytes, .out = out, .begin = out->bytes};
    while (d.at < d.end)
        step(&d);
    drop_marks(&d);
}

void lac_bib_decode_address(const char *raw, size_t bytes, lac_text *out) {
    decoder d = {.at = raw, .end = raw + bytes, .out = out, .begin = out->bytes};
    while (d.at < d.end) {
        const char c = *d.at;
        if (c == '\\' && d.at + 1 < d.end && is_letter(d.at[1])) {
            const char *word = ++d.at;
            while (d.at < d.end && is_letter(*d.at))
                d.at++;
            const size_t length = (size_t)(d.at - word);
            const char *text = is_word(word, length, "url") ? "" : find_word(word, length);
            if (text) {
                skip_space(&d);
                put_text(&d, text);
            } else {
                put_code(&d, '\\');
                d.at = word;
                put_verbatim(&d, word + length);
            }
        } else if (c == '\\' || c == '{' || c == '}') {
            d.at++;
            if (c == '\\' && d.at < d.end && !is_space(*d.at)) put_next(&d);
        } else if (is_space(c)) {
            d.at++;
            put_space(&d);
        } else {
            put_next(&d);
        }
    }
}
