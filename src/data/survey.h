/* data/survey.h - what is in a source, for people: sizes, channels, broken files, and a sheet of small pictures. */
#ifndef LAC_DATA_SURVEY_H
#define LAC_DATA_SURVEY_H

#include "data/source.h"

typedef struct lac_survey {
    int64_t n_looked; /* pictures decoded, spread evenly over the source */
    int64_t n_grey, n_rgb, n_broken;
    int min_width, min_height, max_width, max_height; /* of the readable ones; 0 if there is none */
    int median_width, median_height;
    int64_t n_of_size; /* readable pictures of exactly the median size */
    char **broken;     /* n_broken texts "NAME: why", in source order */
} lac_survey;

/* limit 0: all pictures. */
lac_status lac_survey_take(const lac_source *source, int64_t limit, lac_survey *survey, lac_error *err);
void lac_survey_free(lac_survey *survey);
/* Pictures of each class: room for lac_source_classes numbers. */
void lac_survey_classes(const lac_source *source, int64_t *n);
/* Draw up to 64 pictures as a PNG: one row a class where there are labels, else spread evenly. A broken picture's place
 * is a red square. */
lac_status lac_sheet_draw(const lac_source *source, const char *path, lac_error *err);

#endif
