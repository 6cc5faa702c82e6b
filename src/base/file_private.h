/* base/file_private.h - what the file functions of this folder share. Not for other folders. */
#ifndef LAC_BASE_FILE_PRIVATE_H
#define LAC_BASE_FILE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* "PATH: cannot ACTION: no space left on device", from errno */
lac_status lac_file_error(lac_error *err, const char *path, const char *action);
bool lac_write_all(int fd, const void *data, size_t bytes); /* errno tells on false */

#endif
