/* cli/card.c - a method on one screen: what it hides, what it is made of, what it compares, from which papers, and what
 * its recipe says about itself. Everything comes from the slots' own sentences. */
#include <stdio.h>
#include <string.h>

#include "cli/card.h"
#include "method/sections.h"

static const lac_slot *slot_of(const lac_section_kind *kind, const lac_recipe *r, const char *path) {
    return lac_section_find_slot(kind, lac_recipe_section(r, path)->slot);
}

static void put_line(lac_text *out, const char *what, const lac_slot *slot, const lac_settings *settings) {
    lac_text_add(out, "  %-10s %s: %s", what, slot->name, slot->sentence);
    if (*slot->paper) lac_text_add(out, " (arXiv %s)", slot->paper);
    lac_text_add(out, "\n");
    if (settings->n == 0) return;
    lac_text_add(out, "  %-10s ", "");
    for (int i = 0; i < settings->n; i++) {
        lac_text_add(out, "%s%s ", i ? ", " : "", settings->at[i].spec->key);
        lac_setting_write(&settings->at[i], out);
    }
    lac_text_add(out, "\n");
}

lac_status lac_card_write(const lac_recipe *r, lac_text *out, lac_error *err) {
    static const struct {
        const char *path, *what;
    } lines[] = {{"mask", "hides"},
                 {"views", "views"},
                 {"model.encoder", "encoder"},
                 {"model.quantizer", "quantizer"},
                 {"model.decoder", "decoder"},
                 {"model.feature_decoder", "features"},
                 {"model.projector", "projector"},
                 {"model.predictor", "predictor"},
                 {"teacher", "teacher"},
                 {"target", "target"},
                 {"tokenizer.encoder", "tokenizer"},
                 {"tokenizer.quantizer", ""},
                 {"objective", "objective"}};
    lac_text_add(out, "%s\n", lac_recipe_name(r));
    lac_text note = {0};
    lac_recipe_shipped_note(lac_recipe_name(r), &note);
    if (note.bytes) lac_text_add(out, "%s", note.data);
    bool is_lost = note.failed;
    lac_text_free(&note);
    lac_text_add(out, "\n");
    for (size_t l = 0; l < sizeof lines / sizeof *lines; l++)
        for (int k = 0; k < LAC_N_SECTION_KINDS; k++) {
            const lac_section_kind *kind = &lac_section_kinds[k];
            if (strcmp(kind->path, lines[l].path) != 0) continue;
            if (!kind->is_list) {
                const lac_slot *slot = slot_of(kind, r, kind->path);
                bool is_absent = kind->is_optional && slot == kind->slot(0);
                if (!is_absent) put_line(out, lines[l].what, slot, lac_recipe_section(r, kind->path));
                continue;
            }
            for (int i = 0; i < lac_recipe_objectives(r); i++) {
                char path[64];
                snprintf(path, sizeof path, "%s.%d", kind->path, i);
                put_line(out, i ? "" : lines[l].what, slot_of(kind, r, path), lac_recipe_section(r, path));
            }
        }
    return out->failed || is_lost ? lac_no_memory(err, "a card") : LAC_OK;
}
