/* cli/fit.h - answers of the atlas on a terminal: cleaned, cut to its width, wide characters counted as wide. */
#ifndef LAC_CLI_FIT_H
#define LAC_CLI_FIT_H

#include "atlas/answer.h"

/* Columns of standard output: COLUMNS, else the terminal's; 0 where it is no terminal, and nothing is cut then. */
int lac_fit_width(void);
/* A table of what is for people, header first. Cells that do not fit are cut and end in an ellipsis; where even that
 * does not fit, the last columns are left out. Returns how many were. */
int lac_fit_table(const lac_answer *answer);
/* One line, cut. The parts are cleaned; `bold` and marked text are shown so where there are colours. */
void lac_fit_line(int indent, const lac_value *parts, int n_parts, bool bold_first);
/* Text over several lines, broken between words, at the terminal's width or 100, whichever is less. */
void lac_fit_wrap(int indent, const char *text);
/* The same with `lead` ("12. "), which is ours and no wider than the indent, at the end of the first indent. */
void lac_fit_hang(int indent, const char *lead, const char *text);
/* One line, cleaned and not cut. */
void lac_fit_whole(const lac_value *value);
void lac_fit_heading(const char *text);

#endif
