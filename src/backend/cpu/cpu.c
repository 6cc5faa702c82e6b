/* backend/cpu/cpu.c - choosing the CPU backend's instruction set, once, at run time. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/sets.h"

static bool has_portable(void) {
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

/* Best first. __builtin_cpu_supports also asks whether the system saves the registers. */
static const struct {
    const char *name;
    const lac_backend *backend; /* NULL: not built for this architecture */
    bool (*supported)(void);
} sets[] = {
#if defined(__x86_64__)
    {"avx512", &lac_cpu_avx512, has_avx512},
    {"avx2", &lac_cpu_avx2, has_avx2},
#else
    {"avx512", NULL, NULL},
    {"avx2", NULL, NULL},
#endif
    {"portable", &lac_cpu_portable, has_portable},
};

lac_status lac_backend_cpu(const char *isa, const lac_backend **backend, lac_error *err) {
    *backend = NULL;
    const char *who = "instruction set";
    if (!isa) {
        isa = getenv("LACUNA_ISA");
        who = "LACUNA_ISA";
    }
    bool is_given = isa && *isa;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (is_given && strcmp(isa, sets[i].name) != 0) continue;
        if (sets[i].backend && sets[i].supported()) {
            *backend = sets[i].backend;
            return LAC_OK;
        }
        if (is_given) return lac_usage(err, "%s: this processor has no %s", who, isa);
    }
    return lac_usage(err, "%s: expected portable, avx2 or avx512, found \"%s\"", who, isa);
}
