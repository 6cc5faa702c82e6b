/* cluster/escape.h - text of strangers inside SVG, JSON and Newick: it can neither end its place nor break the file. */
#ifndef LAC_CLUSTER_ESCAPE_H
#define LAC_CLUSTER_ESCAPE_H

#include "base/text.h"

/* The code point at *at (not at its end), *at moved behind it; -1 for a byte that is no valid UTF-8, *at one on. */
int32_t lac_utf8_next(const char **at);

/* For text and attribute values of XML: & < > " ' as entities; control characters (C0, C1, DEL), what XML forbids and
 * invalid UTF-8 as U+FFFD. At most `longest` characters, the last an ellipsis where something was cut; 0: all. */
void lac_put_xml(lac_text *out, const char *text, size_t longest);
/* A JSON string with its quotes: control characters and < > & as \uXXXX (safe inside a script element, too), invalid
 * UTF-8 as U+FFFD. */
void lac_put_json(lac_text *out, const char *text);
/* A number that reads back as the same double; null for what is not finite. */
void lac_put_json_real(lac_text *out, double value);
/* A Newick label: quoted unless it is letters, digits, '-' and '.'; control characters and invalid UTF-8 as U+FFFD. */
void lac_put_newick(lac_text *out, const char *text);

#endif
