/* cli/atlas.h - the verbs of `lacuna atlas`, one lac_command each, and how they print what src/atlas answers. */
#ifndef LAC_CLI_ATLAS_H
#define LAC_CLI_ATLAS_H

#include "cli/cli.h"

#endif
