/* method/views.c - the ways to look at a picture: once, twice, or at several crops of two sizes (multi-crop: SwAV,
 * arXiv 2006.09882; DINO, arXiv 2104.14294). Not here: cutting them out (data/augment.c) and comparing them (step.c).
 */
#include "method/views.h"

#include <string.h>

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

#define COLOUR_SPECS                                                                                                   \
    {"brightness", LAC_SETTING_REAL, "0.4", 0, 1, 0, 0, NULL, NULL, "factor in [1 - x, 1 + x]"},                       \
        {"contrast", LAC_SETTING_REAL, "0.4", 0, 1, 0, 0, NULL, NULL, "factor in [1 - x, 1 + x]"},                     \
        {"saturation", LAC_SETTING_REAL, "0.2", 0, 1, 0, 0, NULL, NULL, "factor in [1 - x, 1 + x]"}, {                 \
        "grey", LAC_SETTING_REAL, "0.2", 0, 1, 0, 0, NULL, NULL, "probability of no colour at all"                     \
    }

static const lac_setting_spec pair_specs[] = {
    {"geometry", LAC_SETTING_TEXT, "shared", 0, 0, 0, 0, "shared|own|shifted", NULL,
     "one crop and flip for both views, as patch-by-patch comparison needs, each its own, or each a window of one "
     "crop"},
    {"shift", LAC_SETTING_INT, "31", 1, 4096, 0, 0, NULL, NULL,
     "shifted: pixels that the crop is larger than a window, so windows differ by at most so many"},
    {"jitter", LAC_SETTING_TEXT, "student", 0, 0, 0, 0, "student|both|none", NULL, "which view's colours are changed"},
    COLOUR_SPECS,
};
static const lac_setting_spec crops_specs[] = {
    {"large", LAC_SETTING_INT, "2", 1, 4, 0, 0, NULL, NULL,
     "crops of the picture's size that teacher and student see, the student with their masks"},
    {"small", LAC_SETTING_INT, "8", 0, 12, 0, 0, NULL, NULL, "smaller crops, which the student alone sees, whole"},
    {"size", LAC_SETTING_INTS, "96", 1, 16384, 1, 2, NULL, NULL,
     "height and width of the smaller ones in pixels; one number: square"},
    {"scale", LAC_SETTING_REALS, "[0.05, 0.25]", LAC_ABOVE_ZERO, 1, 2, 2, NULL, NULL,
     "area of a smaller crop, as a share (of the others: augment.scale)"},
    {"jitter", LAC_SETTING_TEXT, "all", 0, 0, 0, 0, "all|none", NULL, "which views' colours are changed"},
    COLOUR_SPECS,
};

static bool has_text(const lac_settings *s, const char *key, const char *text) {
    return strcmp(lac_settings_text(s, key), text) == 0;
}

static lac_jitter jitter(const lac_settings *s) {
    return (lac_jitter){.brightness = lac_settings_real(s, "brightness"),
                        .contrast = lac_settings_real(s, "contrast"),
                        .saturation = lac_settings_real(s, "saturation"),
                        .grey = lac_settings_real(s, "grey")};
}

static bool pair_is_placed(const lac_settings *s) {
    return has_text(s, "geometry", "shared");
}

static void pair_augment(const lac_settings *s, lac_augment *a) {
    a->n_views = 2;
    a->is_shared = !has_text(s, "geometry", "own");
    if (has_text(s, "geometry", "shifted")) a->shift = (int)lac_settings_int(s, "shift");
    a->jittered = has_text(s, "jitter", "student") ? 1u : has_text(s, "jitter", "both") ? 3u : 0u;
    a->jitter = jitter(s);
}

static int crops_large(const lac_settings *s) {
    return (int)lac_settings_int(s, "large");
}

static int crops_small(const lac_settings *s) {
    return (int)lac_settings_int(s, "small");
}

static void crops_augment(const lac_settings *s, lac_augment *a) {
    const lac_setting *size = lac_settings_get(s, "size"), *scale = lac_settings_get(s, "scale");
    a->n_small = crops_small(s);
    a->n_views = crops_large(s) + a->n_small;
    a->small_height = (int)size->number[0];
    a->small_width = (int)size->number[size->count > 1 ? 1 : 0];
    a->small_scale[0] = scale->number[0];
    a->small_scale[1] = scale->number[1];
    a->jittered = has_text(s, "jitter", "all") ? (1u << a->n_views) - 1 : 0u;
    a->jitter = jitter(s);
}

static const lac_views_slot one = {.slot = {"one", "student and teacher see the same pixels", "", NULL, 0}};
static const lac_views_slot pair = {
    .slot = {"pair", "the student's view and the teacher's", "", pair_specs, COUNT(pair_specs)},
    .has_second = true,
    .is_placed = pair_is_placed,
    .augment = pair_augment};
static const lac_views_slot crops = {
    .slot = {"crops", "crops of two sizes; what is said of the picture is compared between each and all others",
             "2006.09882", crops_specs, COUNT(crops_specs)},
    .is_across = true,
    .large = crops_large,
    .small = crops_small,
    .small_size = "size",
    .augment = crops_augment};
static const lac_views_slot *const slots[] = {&one, &pair, &crops};

int lac_views_count(void) {
    return COUNT(slots);
}

const lac_views_slot *lac_views_at(int index) {
    return slots[index];
}

const lac_views_slot *lac_views_find(const char *name) {
    for (int i = 0; i < lac_views_count(); i++)
        if (strcmp(slots[i]->slot.name, name) == 0) return slots[i];
    return NULL;
}
