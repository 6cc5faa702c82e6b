/* cli/args.c - command lines: one table of options a command, strict in both directions.
 *
 * --name VALUE and --name=VALUE are the same; "--" ends the options; options and words may mix. Not here: help texts
 * (help.c), what a value means (the command). */
#include "cli/args.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { MOST_OPTIONS = 64, MOST_THREADS = 1024, MOST_LOADERS = 256 };

struct lac_args {
    const lac_command *command;
    int n_words, n_given;
    const char **words;
    struct given {
        const lac_option *option;
        const char *value; /* "" for a flag */
    } * given;
};

const lac_option lac_common_options[] = {
    {"threads", "N", "compute threads; default: the processors this process may use"},
    {"seed", "N", "seed of every random choice; default 0"},
    {"json", NULL, "print the result as JSON on stdout"},
    {"quiet", NULL, "no progress on stderr, only errors"},
    {"help", NULL, "print this text"},
    {0},
};

static const lac_option *find_in(const lac_option *options, const char *name, size_t length) {
    for (; options && options->name; options++)
        if (strlen(options->name) == length && memcmp(options->name, name, length) == 0) return options;
    return NULL;
}

static const lac_option *find(const lac_command *command, const char *name, size_t length) {
    const lac_option *found = find_in(command->options, name, length);
    return found ? found : find_in(lac_common_options, name, length);
}

static lac_status unknown_option(const lac_command *command, const char *name, int length, lac_error *err) {
    const char *names[MOST_OPTIONS];
    size_t n = 0;
    for (const lac_option *o = command->options; o && o->name && n < MOST_OPTIONS; o++)
        names[n++] = o->name;
    for (const lac_option *o = lac_common_options; o->name && n < MOST_OPTIONS; o++)
        names[n++] = o->name;
    char word[64];
    size_t kept = (size_t)length < sizeof word - 1 ? (size_t)length : sizeof word - 1;
    memcpy(word, name, kept);
    word[kept] = 0;
    int nearest = lac_nearest_word(word, names, n);
    if (nearest >= 0)
        return lac_usage(err, "unknown option --%s; did you mean --%s? (lacuna %s --help lists them)", word,
                         names[nearest], command->name);
    return lac_usage(err, "unknown option --%s (lacuna %s --help lists them)", word, command->name);
}

static lac_status parse_option(lac_args *args, int argc, char **argv, int *at, lac_error *err) {
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const lac_option *option = find(args->command, name, length);
    if (!option) return unknown_option(args->command, name, (int)length, err);
    struct given *given = &args->given[args->n_given];
    given->option = option;
    given->value = "";
    if (!option->argument) {
        if (equals) return lac_usage(err, "--%s: takes no value, found '%s'", option->name, equals + 1);
    } else if (equals) {
        given->value = equals + 1;
    } else {
        if (*at + 1 >= argc) return lac_usage(err, "--%s: expected %s, found nothing", option->name, option->argument);
        given->value = argv[++*at];
        if (strncmp(given->value, "--", 2) == 0)
            return lac_usage(err, "--%s: expected %s, found the option %s", option->name, option->argument,
                             given->value);
    }
    args->n_given++;
    return LAC_OK;
}

static lac_status check_words(const lac_args *args, lac_error *err) {
    const lac_command *command = args->command;
    if (args->n_words < command->min_words)
        return lac_usage(err, "too few arguments; usage: lacuna %s %s", command->name, command->usage);
    if (command->max_words >= 0 && args->n_words > command->max_words)
        return lac_usage(err, "unexpected argument '%s'; usage: lacuna %s %s", args->words[command->max_words],
                         command->name, command->usage);
    return LAC_OK;
}

lac_status lac_args_parse(const lac_command *command, int argc, char **argv, lac_args **out, lac_error *err) {
    *out = NULL;
    lac_args *args = lac_zalloc(sizeof *args);
    if (!args) return lac_no_memory(err, "arguments");
    args->command = command;
    args->words = lac_array((size_t)argc + 1, sizeof *args->words);
    args->given = lac_array((size_t)argc + 1, sizeof *args->given);
    lac_status status = args->words && args->given ? LAC_OK : lac_no_memory(err, "arguments");
    bool is_help = false, options_ended = false;
    for (int i = 0; i < argc && !options_ended; i++) {
        if (strcmp(argv[i], "--") == 0) options_ended = true;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) is_help = true;
    }
    if (status == LAC_OK && is_help) {
        args->given[args->n_given++] = (struct given){find_in(lac_common_options, "help", 4), ""};
        *out = args;
        return LAC_OK;
    }
    options_ended = false;
    for (int i = 0; i < argc && status == LAC_OK; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0)
            options_ended = true;
        else if (!options_ended && strncmp(argv[i], "--", 2) == 0)
            status = parse_option(args, argc, argv, &i, err);
        else if (!options_ended && argv[i][0] == '-' && argv[i][1] != 0)
            status = lac_usage(err, "unknown option %s; options are written --name (lacuna %s --help lists them)",
                               argv[i], command->name);
        else
            args->words[args->n_words++] = argv[i];
    }
    if (status == LAC_OK) status = check_words(args, err);
    if (status != LAC_OK) {
        lac_args_free(args);
        return status;
    }
    *out = args;
    return LAC_OK;
}

void lac_args_free(lac_args *args) {
    if (!args) return;
    lac_free(args->words);
    lac_free(args->given);
    lac_free(args);
}

int lac_args_words(const lac_args *args) {
    return args->n_words;
}

const char *lac_args_word(const lac_args *args, int index) {
    assert(index >= 0 && index < args->n_words);
    return args->words[index];
}

const char *lac_args_nth(const lac_args *args, const char *name, int n) {
    assert(find(args->command, name, strlen(name)));
    for (int i = 0; i < args->n_given; i++)
        if (strcmp(args->given[i].option->name, name) == 0 && n-- == 0) return args->given[i].value;
    return NULL;
}

int lac_args_count(const lac_args *args, const char *name) {
    assert(find(args->command, name, strlen(name)));
    int n = 0;
    for (int i = 0; i < args->n_given; i++)
        n += strcmp(args->given[i].option->name, name) == 0;
    return n;
}

const char *lac_args_text(const lac_args *args, const char *name) {
    int n = lac_args_count(args, name);
    return n ? lac_args_nth(args, name, n - 1) : NULL;
}

bool lac_args_has(const lac_args *args, const char *name) {
    return lac_args_count(args, name) > 0;
}

lac_status lac_args_int(const lac_args *args, const char *name, int64_t standard, int64_t low, int64_t *value,
                        lac_error *err) {
    const char *text = lac_args_text(args, name);
    *value = standard;
    if (!text) return LAC_OK;
    if (!lac_parse_int(text, value) || *value < low)
        return lac_usage(err, "--%s: expected a whole number of at least %" PRId64 ", found '%s'", name, low, text);
    return LAC_OK;
}

lac_status lac_args_real(const lac_args *args, const char *name, double standard, double low, double *value,
                         lac_error *err) {
    const char *text = lac_args_text(args, name);
    *value = standard;
    if (!text) return LAC_OK;
    if (!lac_parse_real(text, value) || *value < low)
        return lac_usage(err, "--%s: expected a number of at least %g, found '%s'", name, low, text);
    return LAC_OK;
}

lac_status lac_args_seconds(const lac_args *args, const char *name, double standard, double *value, lac_error *err) {
    const char *text = lac_args_text(args, name);
    *value = standard;
    if (!text) return LAC_OK;
    if (!lac_parse_seconds(text, value) || *value <= 0)
        return lac_usage(err, "--%s: expected a time such as 90s, 10m or 1h30m, found '%s'", name, text);
    return LAC_OK;
}

bool lac_args_json(const lac_args *args) {
    return lac_args_has(args, "json");
}

bool lac_args_quiet(const lac_args *args) {
    return lac_args_has(args, "quiet");
}

static lac_status read_workers(const lac_args *args, const char *name, int standard, int most, int *workers,
                               lac_error *err) {
    int64_t n;
    *workers = standard;
    LAC_TRY(lac_args_int(args, name, standard, 1, &n, err));
    if (n > most) return lac_usage(err, "--%s: expected at most %d, found %" PRId64, name, most, n);
    *workers = (int)n;
    return LAC_OK;
}

static lac_status read_threads(const lac_args *args, int *threads, lac_error *err) {
    return read_workers(args, "threads", 0, MOST_THREADS, threads, err);
}

lac_status lac_args_loaders(const lac_args *args, int standard, int *loaders, lac_error *err) {
    return read_workers(args, "loaders", standard, MOST_LOADERS, loaders, err);
}

lac_status lac_args_workers(const lac_args *args, int *threads, int *loaders, lac_error *err) {
    LAC_TRY(read_threads(args, threads, err));
    return lac_args_loaders(args, 0, loaders, err);
}

lac_status lac_args_machine(const lac_args *args, lac_pool **pool, const lac_backend **backend, lac_error *err) {
    int threads;
    *pool = NULL;
    LAC_TRY(read_threads(args, &threads, err));
    LAC_TRY(lac_backend_cpu(NULL, backend, err));
    return lac_pool_new(threads, pool, err);
}
