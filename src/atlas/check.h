/* atlas/check.h - are the tables what schema.h and atlas/README.md say? Every fault is named by file, line and column.
 */
#ifndef LAC_ATLAS_CHECK_H
#define LAC_ATLAS_CHECK_H

#include "atlas/tables.h"

/* Adds what is wrong to tables->faults, in the order of the tables: cells (type, vocabulary, emptiness), keys given
 * twice, references to rows that are not there, sources that a status asks for, a cycle in the taxonomy, counts of
 * papers. Where lines are no rows at all (faults from reading), nothing more is looked for, as all else would follow
 * from it. LAC_FAILURE for memory only: look at n_faults. */
lac_status lac_tables_check(lac_tables *tables, lac_error *err);

#endif
