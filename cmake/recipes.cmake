# Compiles recipes/*.yaml into lac_method as byte arrays: shipped recipes need no file at run time.
file(GLOB LACUNA_RECIPES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/recipes/*.yaml)
set(LACUNA_RECIPES_C ${PROJECT_BINARY_DIR}/generated/shipped_recipes.c)
add_custom_command(
  OUTPUT ${LACUNA_RECIPES_C}
  COMMAND ${CMAKE_COMMAND} "-DRECIPES=${LACUNA_RECIPES}" -DOUTPUT=${LACUNA_RECIPES_C}
          -P ${PROJECT_SOURCE_DIR}/cmake/embed_recipes.cmake
  DEPENDS ${LACUNA_RECIPES} ${PROJECT_SOURCE_DIR}/cmake/embed_recipes.cmake
  COMMENT "Embedding recipes" VERBATIM)
target_sources(lac_method PRIVATE ${LACUNA_RECIPES_C})
