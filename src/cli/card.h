/* cli/card.h - a method on one screen. */
#ifndef LAC_CLI_CARD_H
#define LAC_CLI_CARD_H

#include "method/recipe.h"
#include "method/setting.h"

lac_status lac_card_write(const lac_recipe *recipe, lac_text *out, lac_error *err);

#endif
