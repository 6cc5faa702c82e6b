/* cli/atlas_print.c - what the verbs of `lacuna atlas` share: asking, the three forms of an answer, the lines below it.
 */
#include <stdio.h>
#include <string.h>

#include "atlas/atlas.h"
#include "base/memory.h"
#include "cli/args.h"
#include "cli/atlas.h"
#include "cli/fit.h"

lac_status lac_atlas_form_of(const lac_args *args, lac_atlas_form *form, lac_error *err) {
    bool json = lac_args_json(args), csv = lac_args_has(args, "csv");
    if (json && csv) return lac_usage(err, "--json and --csv: expected one of them, found both");
    *form = json ? LAC_ATLAS_JSON : csv ? LAC_ATLAS_AS_CSV : LAC_ATLAS_TABLE;
    return LAC_OK;
}

lac_status lac_atlas_put_text(lac_text *text, lac_error *err) {
    lac_status status = text->failed ? lac_no_memory(err, "the answer") : LAC_OK;
    if (status == LAC_OK) fwrite(text->data, 1, text->bytes, stdout);
    lac_text_free(text);
    return status;
}

static void count_unchecked(const lac_answer *answer, size_t *n, size_t *n_figures) {
    int checked = lac_answer_find(answer, "checked");
    *n = *n_figures = 0;
    for (size_t r = 0; r < answer->n_rows && checked >= 0; r++) {
        *n += strcmp(answer->rows[r][checked].text, "unchecked") == 0;
        (*n_figures)++;
    }
}

void lac_atlas_put_table(const lac_args *args, const lac_answer *answer) {
    if (answer->n_rows == 0) {
        lac_note(args, "no rows");
        return;
    }
    int left_out = lac_fit_table(answer);
    size_t n, n_figures;
    count_unchecked(answer, &n, &n_figures);
    if (n) printf("\n%zu of %zu unchecked: from memory, no source was seen\n", n, n_figures);
    if (left_out)
        lac_note(args, "%d column%s left out, as the terminal is narrow; --json and --csv have all", left_out,
                 left_out == 1 ? "" : "s");
}

void lac_atlas_put_sources(const lac_answer *answer) {
    int number = lac_answer_find(answer, "ref"), source = lac_answer_find(answer, "source");
    if (number < 0 || source < 0 || answer->n_rows == 0) return;
    printf("\nSources\n");
    for (size_t seen = 1; seen <= answer->n_rows; seen++) {
        char label[32];
        snprintf(label, sizeof label, "[%zu]", seen);
        for (size_t r = 0; r < answer->n_rows; r++) {
            if (strcmp(answer->rows[r][number].text, label) != 0) continue;
            printf("  %s ", label); /* not cut: an address is of use whole */
            lac_value address = {LAC_VALUE_TEXT, answer->rows[r][source].text};
            lac_fit_whole(&address);
            break;
        }
    }
}

lac_status lac_atlas_answer(const lac_args *args, lac_atlas_ask ask, lac_atlas_show show, lac_error *err) {
    lac_atlas_form form = LAC_ATLAS_TABLE;
    sqlite3 *db;
    LAC_TRY(lac_atlas_form_of(args, &form, err));
    LAC_TRY(lac_atlas_open(&db, err));
    lac_answer *answer = NULL;
    lac_status status = ask(args, db, &answer, err);
    lac_text text = {0};
    if (status == LAC_OK && form == LAC_ATLAS_JSON) {
        lac_answer_json(answer, 0, false, &text);
        lac_text_put(&text, "\n", 1);
        status = lac_atlas_put_text(&text, err);
    } else if (status == LAC_OK && form == LAC_ATLAS_AS_CSV) {
        lac_answer_csv(answer, &text);
        status = lac_atlas_put_text(&text, err);
    } else if (status == LAC_OK) {
        (show ? show : lac_atlas_put_table)(args, answer);
    }
    lac_answer_free(answer);
    sqlite3_close(db);
    return status;
}

lac_status lac_atlas_words(const lac_args *args, int from, char **words, lac_error *err) {
    lac_text text = {0};
    lac_text_put(&text, "", 0);
    for (int i = from; i < lac_args_words(args); i++)
        lac_text_add(&text, "%s%s", i > from ? " " : "", lac_args_word(args, i));
    *words = text.failed ? NULL : lac_copy_text(text.data);
    lac_text_free(&text);
    return *words ? LAC_OK : lac_no_memory(err, "words");
}
