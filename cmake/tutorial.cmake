# docs/add-a-method.md as it is written: its files cut out of the page, the program and the page's test built with them, from the layers as
# they are. A page that no longer compiles breaks the build; tests/docs/add_a_method.sh runs its commands.
set(page ${PROJECT_SOURCE_DIR}/docs/add-a-method.md)
set(out ${PROJECT_BINARY_DIR}/tutorial)
set(tables src/mask/slots.h src/mask/mask.c)
list(TRANSFORM tables PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE tables_here)
set(mask_sources ${out}/src/mask/colour.c ${out}/src/mask/mask.c)
add_custom_command(
  OUTPUT ${mask_sources} ${out}/src/mask/slots.h ${out}/tests/mask/colour_test.c ${out}/recipes/colormae-tiny.yaml
  COMMAND sh ${PROJECT_SOURCE_DIR}/tests/docs/extract.sh ${page} ${PROJECT_SOURCE_DIR} ${out}
  DEPENDS ${page} ${tables_here} ${PROJECT_SOURCE_DIR}/tests/docs/extract.sh
  COMMENT "Cutting files out of docs/add-a-method.md" VERBATIM)
set(recipes_with ${LACUNA_RECIPES} ${out}/recipes/colormae-tiny.yaml)
add_custom_command(
  OUTPUT ${PROJECT_BINARY_DIR}/generated/tutorial_recipes.c
  COMMAND ${CMAKE_COMMAND} "-DRECIPES=${recipes_with}" -DOUTPUT=${PROJECT_BINARY_DIR}/generated/tutorial_recipes.c
          -P ${PROJECT_SOURCE_DIR}/cmake/embed_recipes.cmake
  DEPENDS ${recipes_with} ${PROJECT_SOURCE_DIR}/cmake/embed_recipes.cmake
  COMMENT "Embedding recipes, with the page's" VERBATIM)

# What the page adds stands before the layers' archives, whose members of the same names are then not asked for.
function(lac_tutorial target)
  target_include_directories(${target} BEFORE PRIVATE ${out}/src)
  target_link_libraries(${target} PRIVATE lac_warnings ${ARGN})
endfunction()
add_executable(lacuna_tutorial $<TARGET_OBJECTS:lacuna> ${mask_sources} ${PROJECT_BINARY_DIR}/generated/tutorial_recipes.c)
lac_tutorial(lacuna_tutorial lac_compare lac_analyze lac_report lac_eval lac_atlas)
add_executable(tutorial_colour_test ${out}/tests/mask/colour_test.c ${mask_sources})
lac_tutorial(tutorial_colour_test lac_mask PkgConfig::CMOCKA)
add_test(NAME docs/colour_test COMMAND tutorial_colour_test)
lac_script_test(docs/add_a_method ${PROJECT_SOURCE_DIR}/tests/docs/add_a_method.sh $<TARGET_FILE:lacuna_tutorial> ${page})
