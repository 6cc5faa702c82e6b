/* method/setting.h - one declared setting: reading it from YAML, writing it back, saying what is allowed. */
#ifndef LAC_METHOD_SETTING_H
#define LAC_METHOD_SETTING_H

#include "base/arena.h"
#include "base/error.h"
#include "base/settings.h"
#include "base/text.h"
#include "io/yaml.h"

/* Fill *out from a node, or from the declared default when node is NULL. On LAC_USAGE the error text is
 * "expected ..., found ..." and the caller puts place and key in front. */
lac_status lac_setting_read(lac_arena *arena, const lac_setting_spec *spec, const lac_yaml *node, lac_setting *out,
                            lac_error *err);
void lac_setting_write(const lac_setting *setting, lac_text *out); /* canonical: shortest that reads back equal */
bool lac_setting_equal(const lac_setting *a, const lac_setting *b);
void lac_setting_allowed(const lac_setting_spec *spec, lac_text *out); /* "a number in [0, 1)" */
void lac_number_write(double value, lac_text *out);

#endif
