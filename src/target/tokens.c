/* target/tokens.c - the code that a tokenizer gives each patch (BEiT, arXiv 2106.08254, section 2.3).
 *
 * The tokenizer is one that `lacuna tokenizer` trained on pictures like these; it sees the student's whole picture. Its
 * network and file: method/tokenizer.h. `fingerprint` is what the file held when the recipe was opened, so a run knows
 * its tokenizer wherever the file lies. */
#include "target/slots.h"

static const lac_setting_spec specs[] = {
    {"tokenizer", LAC_SETTING_PATH, "none", 0, 0, 0, 0, NULL, NULL, "the file that `lacuna tokenizer` wrote"},
    {"fingerprint", LAC_SETTING_TEXT, "none", 0, 0, 0, 0, NULL, NULL, "of that file; filled in when it is read"},
};

static int64_t values(const lac_settings *settings, const lac_target_context *context) {
    (void)settings;
    return context->n_codes;
}

static lac_id build(const lac_settings *settings, lac_graph *graph, const lac_target_context *context) {
    (void)settings, (void)graph;
    return context->codes;
}

const lac_target_slot lac_target_tokens = {
    .slot = {"tokens", "the code that a tokenizer gives each patch", "2106.08254", specs, sizeof specs / sizeof *specs},
    .values = values,
    .build = build,
    .needs_tokenizer = true,
    .gives_codes = true,
};
