/* tests/method/reference.h - opening the cases that tests/reference/mae.py wrote, through the Hugging Face reader. */
#ifndef LAC_TESTS_METHOD_REFERENCE_H
#define LAC_TESTS_METHOD_REFERENCE_H

#include "io/safetensors.h"
#include "method/hf.h"

typedef struct reference {
    const char *name;
    lac_safetensors *file;
    char folder[64]; /* a temporary Hugging Face folder with the case's config and weights */
    lac_recipe *recipe;
    lac_method *method;
} reference;

extern const char *const reference_names[];
enum { N_REFERENCES = 5 };

void reference_open(const char *name, lac_dtype real, reference *r); /* fails the test on error */
void reference_close(reference *r);
float *reference_values(const reference *r, const char *prefix, const char *name, int64_t *n); /* free() */
/* Write config.json (NULL: as in the case) and the case's weights into r->folder, each name passed through `rename`
 * (NULL: as it is; returning NULL leaves the tensor out). */
void reference_write_folder(const reference *r, const char *config,
                            const char *(*rename)(const char *name, char *room));

#endif
