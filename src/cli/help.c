/* cli/help.c - help and versions, made from the commands' own tables. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <jpeglib.h>
#include <spng.h>
#include <tiffio.h>
#include <webp/decode.h>
#include <xxhash.h>
#include <yaml.h>
#include <zlib.h>

#include "cli/args.h"

static const char statuses[] = "Exit status: 0 done; 1 failure (a file, memory, the disk, a broken picture);\n"
                               "2 usage (a wrong option, recipe key or combination). Errors are one line on stderr.\n";

void lac_help_program(const lac_command *const *commands, int n) {
    printf("lacuna - masked image modeling in C\n\n"
           "Usage: lacuna COMMAND ... [--threads N] [--seed N] [--json] [--quiet] [--help]\n\nCommands:\n");
    for (int i = 0; i < n; i++)
        printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
    printf("\n  lacuna COMMAND --help   options and examples of a command\n"
           "  lacuna --version        this version, its libraries and the kernels chosen on this processor\n\n"
           "First steps:\n"
           "  lacuna data fashion-mnist --stats\n"
           "  lacuna pretrain demo --data fashion-mnist --out runs/first --budget 8m\n"
           "  lacuna eval all runs/first --data fashion-mnist --labels 10\n"
           "  lacuna reconstruct runs/first fashion-mnist:test --out reconstructions.png\n\n"
           "Environment: LACUNA_ISA=portable|avx2|avx512 forces an instruction set; NO_COLOR turns colours off.\n%s",
           statuses);
}

enum { LEFT = 26, WIDTH = 100, LONGEST = 120 };

/* Words of the first `length` bytes from column `at`, going on at column `left` where a line would pass WIDTH. */
static void print_words(const char *text, size_t length, int at, int left) {
    const char *end = text + length;
    bool is_first = true;
    while (text < end) {
        int n = 0;
        while (text + n < end && text[n] != ' ')
            n++;
        if (!is_first && at + 1 + n > WIDTH) {
            printf("\n%*s", left, "");
            at = left;
            is_first = true;
        }
        at += printf("%s%.*s", is_first ? "" : " ", n, text);
        is_first = false;
        text += n;
        while (text < end && *text == ' ')
            text++;
    }
    putchar('\n');
}

/* "  --name ARGUMENT      help", the help in a column of its own. */
static void print_option(const lac_option *option) {
    int at = printf("  --%s%s%s", option->name, option->argument ? " " : "", option->argument ? option->argument : "");
    if (at >= LEFT) {
        putchar('\n');
        at = 0;
    }
    printf("%*s", LEFT - at, "");
    print_words(option->help, strlen(option->help), LEFT, LEFT);
}

static bool declares(const lac_command *command, const char *name) {
    for (const lac_option *o = command->options; o && o->name; o++)
        if (strcmp(o->name, name) == 0) return true;
    return false;
}

/* Lines as they are, but too long ones wrapped. */
static void print_lines(const char *text, const char *indent) {
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (*indent == 0 && length > LONGEST)
            print_words(text, length, 0, 0);
        else
            printf("%s%.*s\n", length ? indent : "", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

void lac_help_command(const lac_command *command) {
    printf("lacuna %s - %s\n\nUsage: lacuna %s %s\n", command->name, command->summary, command->name, command->usage);
    if (command->details && *command->details) {
        putchar('\n');
        print_lines(command->details, "");
    }
    if (command->verbs) printf("\nVerbs:\n");
    for (const lac_command *const *verb = command->verbs; verb && *verb; verb++) {
        printf("  %-12s ", (*verb)->name + strlen(command->name) + 1);
        print_words((*verb)->summary, strlen((*verb)->summary), 15, 15);
    }
    printf("\nOptions:\n");
    for (const lac_option *o = command->options; o && o->name; o++)
        print_option(o);
    for (const lac_option *o = lac_common_options; o->name; o++)
        if (!declares(command, o->name)) print_option(o);
    if (command->examples && *command->examples) {
        printf("\nExamples:\n");
        print_lines(command->examples, "  ");
    }
    printf("\n%s", statuses);
}

#ifdef __clang__
static const char compiler[] = "clang " __clang_version__;
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

#define QUOTE_TOKEN(x) #x
#define QUOTE(x) QUOTE_TOKEN(x)

lac_status lac_help_version(bool json, lac_error *err) {
    const lac_backend *backend;
    LAC_TRY(lac_backend_cpu(NULL, &backend, err));
    char tiff[32] = "", webp[32], xxhash[32];
    sscanf(TIFFGetVersion(), "LIBTIFF, Version %31[^\n]", tiff);
    unsigned w = (unsigned)WebPGetDecoderVersion(), x = XXH_versionNumber();
    snprintf(webp, sizeof webp, "%u.%u.%u", w >> 16 & 255, w >> 8 & 255, w & 255);
    snprintf(xxhash, sizeof xxhash, "%u.%u.%u", x / 10000, x / 100 % 100, x % 100);
    const char *const libraries[][2] = {
        {"libjpeg-turbo", QUOTE(LIBJPEG_TURBO_VERSION)},
        {"libspng", spng_version_string()},
        {"libwebp", webp},
        {"libtiff", tiff},
        {"libyaml", yaml_get_version_string()},
        {"jansson", jansson_version_str()},
        {"zlib", zlibVersion()},
        {"xxhash", xxhash},
    };
    enum { N_LIBRARIES = sizeof libraries / sizeof *libraries };
    if (json) {
        printf("{\"lacuna\": \"%s\", \"compiler\": \"%s\", \"backend\": \"%s\", \"kernels\": \"%s\", \"threads\": %d, "
               "\"libraries\": {",
               LACUNA_VERSION, compiler, backend->name, backend->isa, lac_usable_threads());
        for (int i = 0; i < N_LIBRARIES; i++)
            printf("%s\"%s\": \"%s\"", i ? ", " : "", libraries[i][0], libraries[i][1]);
        printf("}}\n");
        return LAC_OK;
    }
    printf("lacuna %s\ncompiler       %s\nkernels        %s %s, %d threads\n", LACUNA_VERSION, compiler, backend->name,
           backend->isa, lac_usable_threads());
    for (int i = 0; i < N_LIBRARIES; i++)
        printf("%-14s %s\n", libraries[i][0], libraries[i][1]);
    return LAC_OK;
}
