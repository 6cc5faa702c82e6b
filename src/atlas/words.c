/* atlas/words.c - Python's str.lower() and \w\w+ over libutf8proc.
 *
 * Lower case is the simple mapping, but for the two exceptions of Unicode's SpecialCasing that bind every language:
 * U+0130 becomes i and a combining dot, and a capital sigma at the end of a word is the final one. "The end of a word"
 * asks for Cased and Case_Ignorable (Unicode, section 3.13), made here from the general category and the ranges below.
 */
#include "atlas/words.h"

#include <utf8proc.h>

#include "cluster/escape.h"

enum {
    DOTTED_I = 0x130,
    COMBINING_DOT = 0x307,
    SIGMA = 0x3A3,
    SMALL_SIGMA = 0x3C3,
    FINAL_SIGMA = 0x3C2,
    UNFIT = 0xFFFD
};

typedef struct range {
    int32_t first, last;
} range;

/* Other_Lowercase and Other_Uppercase of DerivedCoreProperties, where not also Case_Ignorable */
static const range other_cased[] = {{0xAA, 0xAA},       {0xBA, 0xBA},       {0x2160, 0x217F},  {0x24B6, 0x24E9},
                                    {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
/* Word_Break = MidLetter, MidNumLet, Single_Quote */
static const range within_words[] = {{0x27, 0x27},     {0x2E, 0x2E},     {0x3A, 0x3A},     {0xB7, 0xB7},
                                     {0x387, 0x387},   {0x55F, 0x55F},   {0x5F4, 0x5F4},   {0x2018, 0x2019},
                                     {0x2024, 0x2024}, {0x2027, 0x2027}, {0xFE13, 0xFE13}, {0xFE52, 0xFE52},
                                     {0xFE55, 0xFE55}, {0xFF07, 0xFF07}, {0xFF0E, 0xFF0E}, {0xFF1A, 0xFF1A}};

static bool is_in(int32_t c, const range *ranges, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last) return true;
    return false;
}

static bool is_cased(int32_t c) {
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT ||
           is_in(c, other_cased, sizeof other_cased / sizeof *other_cased);
}

static bool is_case_ignorable(int32_t c) {
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        return is_in(c, within_words, sizeof within_words / sizeof *within_words);
    }
}

bool lac_is_word_character(int32_t c) {
    if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

static void put_character(lac_text *out, int32_t c) {
    uint8_t room[4];
    utf8proc_ssize_t n = utf8proc_encode_char(c, room);
    lac_text_put(out, (const char *)room, (size_t)n);
}

/* Does a cased character follow, past what is ignorable? */
static bool goes_on(const char *rest) {
    while (*rest) {
        int32_t c = lac_utf8_next(&rest);
        if (c < 0) return false;
        if (!is_case_ignorable(c)) return is_cased(c);
    }
    return false;
}

void lac_lower(const char *text, lac_text *out) {
    bool after_cased = false; /* what precedes, past what is ignorable, is cased */
    while (*text) {
        int32_t c = lac_utf8_next(&text);
        if (c < 0) c = UNFIT;
        if (c < 0x80) {
            bool is_capital = c >= 'A' && c <= 'Z';
            char lower = (char)(is_capital ? c + ('a' - 'A') : c);
            lac_text_put(out, &lower, 1);
        } else if (c == SIGMA) {
            put_character(out, after_cased && !goes_on(text) ? FINAL_SIGMA : SMALL_SIGMA);
        } else if (c == DOTTED_I) {
            put_character(out, 'i');
            put_character(out, COMBINING_DOT);
        } else {
            put_character(out, utf8proc_tolower(c));
        }
        if (!is_case_ignorable(c)) after_cased = is_cased(c);
    }
    lac_text_put(out, "", 0); /* terminated even if nothing came */
}

bool lac_word_next(const char **at, size_t shortest, lac_word *word) {
    const char *next = *at;
    while (*next) {
        const char *start = next;
        size_t n = 0;
        while (*next) {
            const char *before = next;
            int32_t c = lac_utf8_next(&next);
            if (c < 0 || !lac_is_word_character(c)) {
                word->bytes = (size_t)(before - start);
                break;
            }
            word->bytes = (size_t)(next - start);
            n++;
        }
        if (n == 0 || n < shortest) continue;
        word->at = start;
        *at = next;
        return true;
    }
    *at = next;
    return false;
}
