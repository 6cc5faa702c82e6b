/* base/error.h - how Lacuna reports failure.
 *
 * Fallible functions return lac_status and put one line of text (file, field, expected, found) into the caller's
 * lac_error where the fact is known. Library code never prints, exits or aborts on input. */
#ifndef LAC_BASE_ERROR_H
#define LAC_BASE_ERROR_H

typedef enum lac_status {
    LAC_OK = 0,
    LAC_FAILURE = 1, /* the world said no: a file, memory, a broken picture */
    LAC_USAGE = 2    /* the caller asked for something that cannot be: a bad key, flag or combination */
} lac_status;

enum { LAC_ERROR_TEXT = 1024 };

typedef struct lac_error {
    lac_status status;
    char text[LAC_ERROR_TEXT];
} lac_error;

/* Fill `err` (may be NULL) with a formatted line; return LAC_FAILURE / LAC_USAGE. Text that does not fit is cut. */
lac_status lac_fail(lac_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
lac_status lac_usage(lac_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "out of memory for WHAT"; always LAC_FAILURE */
lac_status lac_no_memory(lac_error *err, const char *what);

/* Put "format: " in front of the text already in `err`; returns err's status. */
lac_status lac_context(lac_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define LAC_TRY(expr)                                                                                                  \
    do {                                                                                                               \
        lac_status lac_try_status = (expr);                                                                            \
        if (lac_try_status != LAC_OK) return lac_try_status;                                                           \
    } while (0)

#endif
