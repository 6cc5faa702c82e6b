/* tests/scratch.h - a folder of its own for a test program, removed at exit. Include after cmocka.h. */
#ifndef LAC_TESTS_SCRATCH_H
#define LAC_TESTS_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_folder[512];
static pid_t scratch_owner;

static inline void scratch_remove_tree(const char *path) {
    DIR *folder = opendir(path);
    if (folder) {
        for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
            char inner[1024];
            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
            if (snprintf(inner, sizeof inner, "%s/%s", path, e->d_name) >= (int)sizeof inner) continue;
            struct stat info;
            if (lstat(inner, &info) == 0 && S_ISDIR(info.st_mode))
                scratch_remove_tree(inner);
            else
                unlink(inner);
        }
        closedir(folder);
    }
    rmdir(path);
}

static inline void scratch_remove(void) {
    if (scratch_folder[0] && getpid() == scratch_owner) scratch_remove_tree(scratch_folder);
}

/* "FOLDER/name"; the last eight results are valid. */
static inline const char *scratch(const char *name) {
    static char paths[8][1024];
    static int next;
    if (!scratch_folder[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(scratch_folder, sizeof scratch_folder, "%s/lacuna-test-XXXXXX", base && *base ? base : "/tmp");
        if (!mkdtemp(scratch_folder)) abort();
        scratch_owner = getpid();
        atexit(scratch_remove);
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

/* Number of entries in the scratch folder: shows temporaries left behind. */
static inline int scratch_count(void) {
    int n = 0;
    DIR *folder = opendir(scratch(""));
    while (folder && readdir(folder))
        n++;
    if (folder) closedir(folder);
    return n - 2;
}

#endif
