/* cli/atlas_page.c - `lacuna atlas page`: the atlas as one HTML file. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atlas/atlas.h"
#include "atlas/clean.h"
#include "atlas/page.h"
#include "base/memory.h"
#include "cli/atlas.h"

static lac_status print(const lac_args *args, const char *path, size_t bytes, lac_error *err) {
    if (lac_args_json(args)) {
        json_t *root = json_pack("{s:s%, s:I}", "path", path, strlen(path), "bytes", (json_int_t)bytes);
        if (!root) return lac_fail(err, "%s: the name of the folder is not UTF-8, which --json needs", path);
        char *text = json_dumps(root, JSON_INDENT(2));
        json_decref(root);
        if (!text) return lac_no_memory(err, "JSON");
        puts(text);
        free(text);
        return LAC_OK;
    }
    lac_text shown = {0};
    lac_clean_put(&shown, path);
    if (!shown.failed && shown.data) printf("%s  %.0f KiB\n", shown.data, (double)bytes / 1024);
    bool failed = shown.failed;
    lac_text_free(&shown);
    return failed ? lac_no_memory(err, "a path") : LAC_OK;
}

static lac_status run(const lac_args *args, lac_error *err) {
    const char *folder = lac_args_text(args, "out");
    if (!folder || !*folder) return lac_usage(err, "--out DIR is needed: the folder for index.html");
    lac_pool *pool;
    const lac_backend *backend;
    LAC_TRY(lac_args_machine(args, &pool, &backend, err));
    sqlite3 *db = NULL;
    char *path = NULL;
    size_t bytes = 0;
    lac_status status = lac_atlas_open(&db, err);
    if (status == LAC_OK)
        status = lac_page_write(db, lac_args_text(args, "measured"), pool, folder, &path, &bytes, err);
    if (status == LAC_OK) status = print(args, path, bytes, err);
    sqlite3_close(db);
    lac_free(path);
    lac_pool_free(pool);
    return status;
}

static const lac_option options[] = {
    {"out", "DIR", "the folder for index.html; made if there is none"},
    {"measured", "FILE.json", "results of your own to lay beside the published ones: {\"rows\": [{...}]}"},
    {0},
};

const lac_command lac_atlas_command_page = {
    .name = "atlas page",
    .usage = "--out DIR [--measured FILE.json]",
    .summary = "write the atlas as one HTML page that needs no server and no network",
    .details =
        "Writes DIR/index.html and prints where it is and its size. The page holds everything: taxonomy, dendrogram,\n"
        "papers with search and filters, timeline, results with their sources, data sets, generic forms and gaps.\n"
        "Papers that you added (lacuna atlas add) are in it, marked. An index.html of another origin is left alone.\n"
        "A row of --measured has the texts paper, benchmark and metric as in the tables, the number value, and may\n"
        "have backbone, run and note.",
    .examples = "lacuna atlas page --out atlas-page\n"
                "lacuna atlas page --out public/atlas --measured measured.json --json",
    .options = options,
    .min_words = 0,
    .max_words = 0,
    .run = run,
};
