# The literature: atlas/*.tsv checked and compiled into one SQLite file while building, taken into lac_atlas as bytes. A
# fault in a table stops the build.
set(LACUNA_ATLAS_TOOL_SOURCES "")
foreach(name schema clean tables check compile guard)
  list(APPEND LACUNA_ATLAS_TOOL_SOURCES ${PROJECT_SOURCE_DIR}/src/atlas/${name}.c)
endforeach()
# Its own copies of these objects: lac_atlas holds what this program makes.
add_executable(atlas_compile ${PROJECT_SOURCE_DIR}/cmake/atlas_compile.c ${LACUNA_ATLAS_TOOL_SOURCES})
target_link_libraries(atlas_compile PRIVATE lac_warnings lac_base PkgConfig::SQLITE PkgConfig::UTF8PROC)

file(GLOB LACUNA_ATLAS_TABLES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/atlas/*.tsv)
set(LACUNA_ATLAS_DB ${PROJECT_BINARY_DIR}/generated/atlas.sqlite)
add_custom_command(
  OUTPUT ${LACUNA_ATLAS_DB}
  COMMAND atlas_compile ${PROJECT_SOURCE_DIR}/atlas ${PROJECT_SOURCE_DIR}/recipes ${LACUNA_ATLAS_DB}
  DEPENDS atlas_compile ${LACUNA_ATLAS_TABLES} ${LACUNA_RECIPES}
  COMMENT "Checking and compiling the atlas" VERBATIM)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/generated)
configure_file(${PROJECT_SOURCE_DIR}/cmake/atlas_image.c.in ${PROJECT_BINARY_DIR}/generated/atlas_image.c @ONLY)
# ccache sees .incbin and leaves this file to the compiler.
set_source_files_properties(${PROJECT_BINARY_DIR}/generated/atlas_image.c PROPERTIES OBJECT_DEPENDS ${LACUNA_ATLAS_DB})
target_sources(lac_atlas PRIVATE ${PROJECT_BINARY_DIR}/generated/atlas_image.c)

if(CMOCKA_FOUND)
  enable_testing()
  add_test(NAME atlas/tables COMMAND atlas_compile ${PROJECT_SOURCE_DIR}/atlas)
  add_test(NAME atlas/build COMMAND sh ${PROJECT_SOURCE_DIR}/tests/atlas/build.sh $<TARGET_FILE:atlas_compile>
    ${PROJECT_SOURCE_DIR})
endif()

include(cmake/atlas_page.cmake OPTIONAL) # what `lacuna atlas page` carries
