/* base/processors.c - how many processors this process may use: the affinity mask, capped by the cpu quota of its
 * control group (version 2 cpu.max, version 1 cpu.cfs_quota_us) or of any of that group's parents. */
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/threads.h"

static int affinity(void) {
    cpu_set_t sets[8]; /* 8192 processors: the kernel refuses a mask smaller than its own */
    if (sched_getaffinity(0, sizeof sets, sets) == 0) return CPU_COUNT_S(sizeof sets, sets);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* First line of a small file; false if it cannot be read. */
static bool first_line(const char *path, char *line, int room) {
    FILE *file = fopen(path, "re");
    if (!file) return false;
    bool is_read = fgets(line, room, file) != NULL;
    fclose(file);
    return is_read;
}

/* Processors that a quota allows, rounded up; 0: no limit. */
static int quota_v2(const char *folder) {
    char path[4200], line[128];
    double quota, period;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!first_line(path, line, sizeof line) || sscanf(line, "%lf %lf", &quota, &period) != 2) return 0;
    return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

static int quota_v1(const char *folder) {
    char path[4200], line[128];
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!first_line(path, line, sizeof line)) return 0;
    double quota = atof(line);
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!first_line(path, line, sizeof line)) return 0;
    double period = atof(line);
    return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

/* The least quota of `group` and its parents under `mount`; inside a container the group may be mounted as the root. */
static int least_quota(const char *mount, const char *group, int (*quota)(const char *folder)) {
    char folder[4096];
    size_t root = strlen(mount);
    int least = 0;
    if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder) return 0;
    for (;;) {
        int n = quota(folder);
        if (n > 0 && (least == 0 || n < least)) least = n;
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < root) return least;
        *slash = 0;
    }
}

static int quota(void) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return 0;
    char line[4096];
    int least = 0;
    while (fgets(line, sizeof line, file)) { /* ID:CONTROLLERS:/GROUP */
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *controllers++ = 0;
        *group++ = 0;
        int n = 0;
        if (!*controllers) {
            n = least_quota("/sys/fs/cgroup", group, quota_v2);
        } else {
            char padded[4096];
            snprintf(padded, sizeof padded, ",%s,", controllers);
            if (strstr(padded, ",cpu,")) n = least_quota("/sys/fs/cgroup/cpu", group, quota_v1);
        }
        if (n > 0 && (least == 0 || n < least)) least = n;
    }
    fclose(file);
    return least;
}

int lac_usable_threads(void) {
    int n = affinity(), limit = quota();
    if (limit > 0 && limit < n) n = limit;
    return n > 1 ? n : 1;
}
