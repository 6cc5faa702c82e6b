/* base/settings.c - reading a filled table of settings. Filling it from a recipe is method/recipe's job. */
#include "base/settings.h"

#include <assert.h>
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

const char *lac_settings_text(const lac_settings *s, const char *key) {
    return lac_settings_get(s, key)->text;
}
