/* api/api.h - how the functions of include/lacuna.h hand over errors. */
#ifndef LAC_API_API_H
#define LAC_API_API_H

#include "base/error.h"
#include "lacuna.h"

/* Copy err's line (only of a failure) into message, which may be NULL; return the status as the public number. */
int lac_api_result(lac_status status, const lac_error *err, lac_message *message);

#endif
