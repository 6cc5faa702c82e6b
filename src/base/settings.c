/* base/settings.c - reading a filled table of settings. Filling it from a recipe is method/recipe's job. */
#include "base/settings.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

const lac_setting *lac_settings_get(const lac_settings *s, const char *key) {
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->at[i].spec->key, key) == 0) return &s->at[i];
    bool is_declared = false;
    assert(is_declared);
    (void)is_declared;
    return NULL;
}

static double number_of(const lac_settings *s, const char *key) {
    const lac_setting *setting = lac_settings_get(s, key);
    return setting->number[0];
}

int64_t lac_settings_int(const lac_settings *s, const char *key) {
    return (int64_t)number_of(s, key);
}

double lac_settings_real(const lac_settings *s, const char *key) {
    return number_of(s, key);
}

bool lac_settings_bool(const lac_settings *s, const char *key) {
    return number_of(s, key) != 0;
}

bool lac_setting_changes(const lac_setting *setting) {
    return setting->spec->type == LAC_SETTING_COURSE && setting->count == LAC_COURSE_NUMBERS;
}

double lac_setting_at(const lac_setting *setting, double share) {
    double from = setting->number[0], to = setting->number[1];
    if (!lac_setting_changes(setting) || share <= 0) return from;
    share /= setting->number[3];
    if (share >= 1) return to;
    if ((lac_course_shape)setting->number[2] == LAC_COURSE_LINEAR) return from + (to - from) * share;
    return to + (from - to) * 0.5 * (1 + cos(acos(-1.0) * share)); /* half a cosine (arXiv 1608.03983) */
}

const char *lac_settings_text(const lac_settings *s, const char *key) {
    return lac_settings_get(s, key)->text;
}
