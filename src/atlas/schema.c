/* atlas/schema.c - the tables, their columns and their words, as atlas/README.md describes them. */
#include "atlas/schema.h"

#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NEEDED LAC_COLUMN_NEEDED
#define UNIQUE LAC_COLUMN_UNIQUE
#define LIST LAC_COLUMN_LIST
#define DASH LAC_COLUMN_DASH
#define STATUS LAC_COLUMN_STATUS

#define FAMILIES WORDS("reconstruction", "contrastive", "hybrid", "other")
#define CHECKED WORDS("read", "memory")
#define METHODS "papers.short methods-outside.short"

#define TEXT(name, flags)                                                                                              \
    { name, LAC_CELL_TEXT, flags, NULL, NULL }
#define PLAIN(name, type, flags)                                                                                       \
    { name, LAC_CELL_##type, flags, NULL, NULL }
#define ONE_OF(name, flags, words)                                                                                     \
    { name, LAC_CELL_WORD, flags, words, NULL }
#define REFERS(name, flags, to)                                                                                        \
    { name, LAC_CELL_TEXT, flags, NULL, to }

/* clang-format off */
const lac_table_schema lac_schema[LAC_N_TABLES] = {
    {"papers", "papers", 18, {
        PLAIN("id", NAME, NEEDED | UNIQUE),
        TEXT("short", NEEDED | UNIQUE),
        TEXT("title", NEEDED | UNIQUE),
        PLAIN("year", YEAR, NEEDED),
        TEXT("venue", NEEDED),
        PLAIN("url", URL, NEEDED),
        PLAIN("arxiv", ARXIV, UNIQUE),
        PLAIN("code", URL, 0),
        REFERS("category", NEEDED, "taxonomy.name@category"),
        ONE_OF("family", NEEDED, FAMILIES),
        ONE_OF("modality", NEEDED | LIST | DASH,
            WORDS("image", "video", "multimodal", "medical-image", "medical-volume", "text", "point-cloud", "audio",
                  "multi-view", "depth", "industrial", "trajectory", "face", "remote-sensing", "document", "graph",
                  "skeleton")),
        ONE_OF("masking", NEEDED | LIST | DASH,
            WORDS("random", "block", "tube", "attention-guided", "semantic", "learned", "loss-guided", "adversarial",
                  "text-guided", "motion-guided", "gradient-guided", "geometry-guided", "curriculum", "frequency",
                  "noise-colour", "pixel-noise", "mixing", "cross-modal", "dropping-tokens", "causal", "other")),
        ONE_OF("target", NEEDED | LIST | DASH,
            WORDS("pixels", "normalised-pixels", "discrete-tokens", "ema-features", "teacher-features", "own-features",
                  "hog", "frequency", "coordinates", "occupancy", "depth-map", "audio-spectrogram", "text", "labels",
                  "noise", "rank", "other")),
        ONE_OF("objective", NEEDED | LIST | DASH,
            WORDS("l1", "l2", "smooth-l1", "huber", "cosine", "kl", "cross-entropy", "infonce", "contrastive-other",
                  "alignment", "uniformity", "chamfer", "adversarial", "diffusion", "ranking", "other")),
        ONE_OF("architecture", NEEDED | LIST | DASH,
            WORDS("vit", "swin", "hierarchical-vit", "cnn", "hybrid-conv-vit", "unet", "mlp", "moe", "gan",
                  "multi-encoder", "language-model", "pointnet-transformer", "diffusion-transformer", "other")),
        ONE_OF("tasks", NEEDED | LIST | DASH,
            WORDS("classification", "segmentation", "detection", "action-recognition", "generation", "few-shot",
                  "retrieval", "medical-diagnosis", "representation-analysis", "robustness", "domain-adaptation", "pose",
                  "tracking", "anomaly-detection", "depth-estimation", "inpainting", "vqa", "forecasting",
                  "restoration", "test-time-training", "captioning", "compression", "deepfake-detection", "other")),
        TEXT("summary", NEEDED),
        ONE_OF("basis", NEEDED | STATUS, WORDS("read", "memory", "title only"))}},
    {"taxonomy", "taxonomy", 8, {
        PLAIN("node", NAME, NEEDED | UNIQUE),
        REFERS("parent", 0, "taxonomy.node"),
        TEXT("name", NEEDED),
        ONE_OF("level", NEEDED, WORDS("dimension", "category", "group", "type")),
        PLAIN("count", WHOLE, 0),
        PLAIN("survey_section", SECTION, NEEDED),
        REFERS("dims", NEEDED | LIST, "taxonomy.node@dimension"),
        TEXT("description", NEEDED)}},
    {"forms", "forms", 5, {
        PLAIN("number", WHOLE, NEEDED),
        ONE_OF("form", NEEDED, WORDS("reconstruction", "contrastive", "hybrid")),
        TEXT("survey_steps", NEEDED),
        TEXT("step", NEEDED),
        TEXT("symbols", NEEDED)}},
    {"datasets", "datasets", 14, {
        PLAIN("id", NAME, NEEDED | UNIQUE),
        TEXT("name", NEEDED | UNIQUE),
        PLAIN("year", YEAR, NEEDED),
        TEXT("modality", NEEDED),
        PLAIN("train", WHOLE, 0),
        PLAIN("test", WHOLE, 0),
        PLAIN("classes", WHOLE, 0),
        ONE_OF("role", NEEDED | LIST, WORDS("pre-training", "downstream")),
        TEXT("tasks", NEEDED | LIST),
        PLAIN("url", URL, 0),
        ONE_OF("in_survey", NEEDED | DASH, WORDS("described", "table")),
        TEXT("source", 0),
        TEXT("note", 0),
        ONE_OF("status", NEEDED | STATUS, CHECKED)}},
    {"results", "results", 13, {
        PLAIN("id", NAME, NEEDED | UNIQUE),
        REFERS("paper", NEEDED, METHODS),
        ONE_OF("benchmark", NEEDED,
            WORDS("imagenet1k-finetune", "imagenet1k-linear", "imagenet1k-knn", "imagenet1k-attentive",
                  "imagenet1k-1pct", "imagenet1k-5shot", "coco-box", "coco-mask", "ade20k-miou", "kinetics400",
                  "kinetics600", "kinetics700", "ssv2", "ucf101", "hmdb51", "ava", "kinetics400-attentive",
                  "ssv2-attentive", "ava-attentive", "modelnet40", "scanobjectnn-pb", "scanobjectnn-bg",
                  "scanobjectnn-only", "shapenetpart", "scannet-ap25", "scannet-ap50", "imagenet256-fid",
                  "imagenet256-is", "imagenet512-fid", "got10k", "lasot", "trackingnet")),
        TEXT("backbone", NEEDED),
        PLAIN("resolution", WHOLE, 0),
        TEXT("pretrain_data", NEEDED),
        PLAIN("epochs", WHOLE, 0),
        ONE_OF("metric", NEEDED,
            WORDS("top-1", "AP", "mIoU", "accuracy", "mAP", "FID", "IS", "AP25", "AP50", "AUC", "AO")),
        PLAIN("value", NUMBER, NEEDED),
        ONE_OF("kind", NEEDED, WORDS("paper", "rerun")),
        PLAIN("source", URL, 0),
        ONE_OF("status", NEEDED | STATUS, CHECKED),
        TEXT("note", 0)}},
    {"methods-outside", "methods_outside", 6, {
        TEXT("short", NEEDED | UNIQUE),
        PLAIN("year", YEAR, NEEDED),
        PLAIN("arxiv", ARXIV, UNIQUE),
        ONE_OF("family", NEEDED, FAMILIES),
        TEXT("idea", NEEDED),
        ONE_OF("status", NEEDED | STATUS, CHECKED)}},
    {"gaps", "gaps", 5, {
        PLAIN("id", NAME, NEEDED | UNIQUE),
        TEXT("title", NEEDED | UNIQUE),
        TEXT("description", NEEDED),
        REFERS("dims", NEEDED | LIST, "taxonomy.node@dimension"),
        PLAIN("survey_section", SECTION, NEEDED)}},
    {"timeline", "timeline", 5, {
        PLAIN("year", YEAR, NEEDED),
        PLAIN("date", DATE, NEEDED),
        TEXT("event", NEEDED),
        REFERS("paper", NEEDED | DASH, METHODS),
        TEXT("why", NEEDED)}},
    {"clusters", "clusters", 4, {
        PLAIN("id", NAME, NEEDED | UNIQUE),
        TEXT("name", NEEDED | UNIQUE),
        ONE_OF("kind", NEEDED, WORDS("input", "task", "concept", "taxonomy")),
        TEXT("note", NEEDED)}},
};
/* clang-format on */

int lac_schema_table(const char *name) {
    for (int t = 0; t < LAC_N_TABLES; t++)
        if (strcmp(lac_schema[t].file, name) == 0 || strcmp(lac_schema[t].sql, name) == 0) return t;
    return -1;
}

int lac_schema_column(const lac_table_schema *table, const char *name) {
    for (int c = 0; c < table->n_columns; c++)
        if (strcmp(table->columns[c].name, name) == 0) return c;
    return -1;
}

bool lac_schema_has_word(const lac_column *column, const char *word, size_t length) {
    for (const char *const *w = column->words; w && *w; w++)
        if (strlen(*w) == length && memcmp(*w, word, length) == 0) return true;
    return false;
}

int lac_schema_words(const lac_column *column) {
    int n = 0;
    while (column->words && column->words[n])
        n++;
    return n;
}
