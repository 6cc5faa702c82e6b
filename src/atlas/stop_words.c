/* atlas/stop_words.c - the English stop words of scikit-learn (ENGLISH_STOP_WORDS), and lists of a reader's own.
 *
 * The words are data of sklearn/feature_extraction/_stop_words.py, scikit-learn 1.9.1: copyright (c) the scikit-learn
 * developers, BSD 3-Clause; the file says that they come from the "Glasgow Information Retrieval Group". Its known
 * oddities ("system", "cry" and "fire" are among them) are kept, as vectors should equal its own. */
#include <string.h>

#include "atlas/tfidf.h"
#include "atlas/words.h"
#include "base/file.h"
#include "base/memory.h"

enum { LARGEST_FILE = 1 << 24 };

const char *const lac_english_stop_words[] = {
    "a",         "about",      "above",      "across",       "after",      "afterwards", "again",
    "against",   "all",        "almost",     "alone",        "along",      "already",    "also",
    "although",  "always",     "am",         "among",        "amongst",    "amoungst",   "amount",
    "an",        "and",        "another",    "any",          "anyhow",     "anyone",     "anything",
    "anyway",    "anywhere",   "are",        "around",       "as",         "at",         "back",
    "be",        "became",     "because",    "become",       "becomes",    "becoming",   "been",
    "before",    "beforehand", "behind",     "being",        "below",      "beside",     "besides",
    "between",   "beyond",     "bill",       "both",         "bottom",     "but",        "by",
    "call",      "can",        "cannot",     "cant",         "co",         "con",        "could",
    "couldnt",   "cry",        "de",         "describe",     "detail",     "do",         "done",
    "down",      "due",        "during",     "each",         "eg",         "eight",      "either",
    "eleven",    "else",       "elsewhere",  "empty",        "enough",     "etc",        "even",
    "ever",      "every",      "everyone",   "everything",   "everywhere", "except",     "few",
    "fifteen",   "fifty",      "fill",       "find",         "fire",       "first",      "five",
    "for",       "former",     "formerly",   "forty",        "found",      "four",       "from",
    "front",     "full",       "further",    "get",          "give",       "go",         "had",
    "has",       "hasnt",      "have",       "he",           "hence",      "her",        "here",
    "hereafter", "hereby",     "herein",     "hereupon",     "hers",       "herself",    "him",
    "himself",   "his",        "how",        "however",      "hundred",    "i",          "ie",
    "if",        "in",         "inc",        "indeed",       "interest",   "into",       "is",
    "it",        "its",        "itself",     "keep",         "last",       "latter",     "latterly",
    "least",     "less",       "ltd",        "made",         "many",       "may",        "me",
    "meanwhile", "might",      "mill",       "mine",         "more",       "moreover",   "most",
    "mostly",    "move",       "much",       "must",         "my",         "myself",     "name",
    "namely",    "neither",    "never",      "nevertheless", "next",       "nine",       "no",
    "nobody",    "none",       "noone",      "nor",          "not",        "nothing",    "now",
    "nowhere",   "of",         "off",        "often",        "on",         "once",       "one",
    "only",      "onto",       "or",         "other",        "others",     "otherwise",  "our",
    "ours",      "ourselves",  "out",        "over",         "own",        "part",       "per",
    "perhaps",   "please",     "put",        "rather",       "re",         "same",       "see",
    "seem",      "seemed",     "seeming",    "seems",        "serious",    "several",    "she",
    "should",    "show",       "side",       "since",        "sincere",    "six",        "sixty",
    "so",        "some",       "somehow",    "someone",      "something",  "sometime",   "sometimes",
    "somewhere", "still",      "such",       "system",       "take",       "ten",        "than",
    "that",      "the",        "their",      "them",         "themselves", "then",       "thence",
    "there",     "thereafter", "thereby",    "therefore",    "therein",    "thereupon",  "these",
    "they",      "thick",      "thin",       "third",        "this",       "those",      "though",
    "three",     "through",    "throughout", "thru",         "thus",       "to",         "together",
    "too",       "top",        "toward",     "towards",      "twelve",     "twenty",     "two",
    "un",        "under",      "until",      "up",           "upon",       "us",         "very",
    "via",       "was",        "we",         "well",         "were",       "what",       "whatever",
    "when",      "whence",     "whenever",   "where",        "whereafter", "whereas",    "whereby",
    "wherein",   "whereupon",  "wherever",   "whether",      "which",      "while",      "whither",
    "who",       "whoever",    "whole",      "whom",         "whose",      "why",        "will",
    "with",      "within",     "without",    "would",        "yet",        "you",        "your",
    "yours",     "yourself",   "yourselves",
};
const size_t lac_n_english_stop_words = sizeof lac_english_stop_words / sizeof *lac_english_stop_words;

void lac_stop_words_free(char **words, size_t n) {
    for (size_t i = 0; words && i < n; i++)
        lac_free(words[i]);
    lac_free(words);
}

/* The line without comment and outer blanks, in lower case; *word is NULL if nothing is left. */
static lac_status read_line(char *line, char **word, lac_error *err) {
    static const char blanks[] = " \t\r";
    *word = NULL;
    line[strcspn(line, "#")] = 0;
    line += strspn(line, blanks);
    size_t bytes = strlen(line);
    while (bytes > 0 && strchr(blanks, line[bytes - 1]))
        line[--bytes] = 0;
    if (bytes == 0) return LAC_OK;
    lac_text lower = {0};
    lac_lower(line, &lower);
    if (!lower.failed) *word = lac_copy_text(lower.data);
    lac_text_free(&lower);
    return *word ? LAC_OK : lac_no_memory(err, "stop words");
}

static lac_status read_lines(const char *path, char *data, size_t bytes, char **words, size_t *n, lac_error *err) {
    size_t line = 0;
    for (char *at = data; at < data + bytes;) {
        char *end = memchr(at, '\n', (size_t)(data + bytes - at));
        if (!end) end = data + bytes;
        *end = 0;
        line++;
        if (strlen(at) < (size_t)(end - at))
            return lac_fail(err, "%s:%zu: expected one word a line, found a NUL byte", path, line);
        char *word;
        LAC_TRY(read_line(at, &word, err));
        if (word) words[(*n)++] = word;
        at = end + 1;
    }
    return LAC_OK;
}

lac_status lac_stop_words_read(const char *path, char ***words, size_t *n, lac_error *err) {
    char *data;
    size_t bytes, n_lines = 1;
    *words = NULL;
    *n = 0;
    LAC_TRY(lac_file_read(path, LARGEST_FILE, &data, &bytes, err));
    for (size_t i = 0; i < bytes; i++)
        n_lines += data[i] == '\n';
    *words = lac_array(n_lines, sizeof **words);
    lac_status status = *words ? read_lines(path, data, bytes, *words, n, err) : lac_no_memory(err, "stop words");
    lac_free(data);
    if (status != LAC_OK) {
        lac_stop_words_free(*words, *n);
        *words = NULL;
        *n = 0;
    }
    return status;
}
