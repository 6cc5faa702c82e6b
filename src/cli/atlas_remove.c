/* cli/atlas_remove.c - `lacuna atlas remove PAPER`: one of one's own papers away again. */
#include <stdio.h>

#include "atlas/layer.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/atlas.h"
#include "cli/fit.h"

static lac_status put_json(const char *id, const char *title, lac_error *err) {
    lac_text text = {0};
    lac_text_add(&text, "{\n  \"removed\": ");
    lac_json_put_text(&text, id);
    lac_text_add(&text, ",\n  \"title\": ");
    lac_json_put_text(&text, title);
    lac_text_add(&text, "\n}\n");
    return lac_atlas_put_text(&text, err);
}

static lac_status run(const lac_args *args, lac_error *err) {
    char *id, *title;
    LAC_TRY(lac_atlas_remove(lac_args_word(args, 0), &id, &title, err));
    lac_status status = LAC_OK;
    if (lac_args_json(args)) {
        status = put_json(id, title, err);
    } else {
        const lac_value parts[] = {
            {LAC_VALUE_TEXT, "removed "}, {LAC_VALUE_TEXT, id}, {LAC_VALUE_TEXT, ": "}, {LAC_VALUE_TEXT, title}};
        lac_fit_line(0, parts, 4, false);
    }
    lac_free(id);
    lac_free(title);
    return status;
}

const lac_command lac_atlas_command_remove = {
    .name = "atlas remove",
    .usage = "PAPER",
    .summary = "remove one of your own papers",
    .details = "PAPER is the id or the short name of a paper that lacuna atlas add has put into your layer. Shipped "
               "papers stay.",
    .examples = "lacuna atlas sql \"SELECT paper FROM layers\"\nlacuna atlas remove smith2025",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
