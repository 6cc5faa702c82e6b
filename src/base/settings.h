/* base/settings.h - named, typed numbers that a slot declares and a recipe fills.
 *
 * One table of lac_setting_spec is a slot's whole interface to recipes: checking, defaults, help and cards come from
 * it. */
#ifndef LAC_BASE_SETTINGS_H
#define LAC_BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum lac_setting_type {
    LAC_SETTING_INT,
    LAC_SETTING_REAL,
    LAC_SETTING_COURSE, /* a REAL that may change during a run: a number, or {from, to, shape, over} over its steps */
    LAC_SETTING_BOOL,
    LAC_SETTING_TEXT, /* one of `choices` if given */
    LAC_SETTING_PATH, /* of a file, or the word that is the default; where a file lies is no part of a recipe's identity
                       */
    LAC_SETTING_INTS, /* list of min_count..max_count; a single value stands for a list of one */
    LAC_SETTING_REALS
} lac_setting_type;

typedef struct lac_setting_spec {
    const char *key;
    lac_setting_type type;
    const char *standard; /* the default as YAML text; NULL: must be given */
    double low, high;     /* inclusive range of numbers; low > high: any */
    int min_count, max_count;
    const char *choices;  /* "random|centre|squash" */
    const char *words;    /* for REALS: a word allowed instead of the list, e.g. "measured" */
    const char *sentence; /* one line of help */
} lac_setting_spec;

typedef enum lac_course_shape { LAC_COURSE_LINEAR, LAC_COURSE_COSINE } lac_course_shape;
enum { LAC_COURSE_NUMBERS = 4 };

typedef struct lac_setting {
    const lac_setting_spec *spec;
    int count;
    double number[8]; /* ints and bools too; exact up to 2^53. A COURSE that changes: count 4, from, to, shape,
                       * over (the share of the run in which it moves) */
    const char *text; /* TEXT, PATH, or the word of a REALS */
} lac_setting;

typedef struct lac_settings { /* one filled table */
    const char *slot;         /* the `name:` chosen, or the section's own name */
    int n;
    lac_setting *at; /* in the order of the specs */
} lac_settings;

/* A key that the table does not declare is a bug of ours: asserts. */
const lac_setting *lac_settings_get(const lac_settings *s, const char *key);
int64_t lac_settings_int(const lac_settings *s, const char *key);
double lac_settings_real(const lac_settings *s, const char *key);
bool lac_settings_bool(const lac_settings *s, const char *key);
/* A COURSE's value at `share` of the run's steps, 0 at its first step; any other number: itself. */
double lac_setting_at(const lac_setting *setting, double share);
bool lac_setting_changes(const lac_setting *setting);
const char *lac_settings_text(const lac_settings *s, const char *key);

#endif
