# The page of the atlas: src/atlas/page/ and the modules of d3 that zooming needs, joined into one HTML file in two pieces
# (before and after the data) and taken into lac_atlas as bytes. d3 is Debian's node-d3-zoom and what it depends on.
set(LACUNA_D3 /usr/share/nodejs CACHE PATH "Folder that holds d3-zoom/dist/d3-zoom.min.js and the modules beside it")
set(LACUNA_D3_FILES "")
foreach(module dispatch selection timer ease color interpolate transition drag zoom) # each after what it uses
  set(file ${LACUNA_D3}/d3-${module}/dist/d3-${module}.min.js)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "The page of the atlas needs ${file}: install node-d3-zoom, or set LACUNA_D3 to a folder with d3's "
                        "modules of version 5")
  endif()
  list(APPEND LACUNA_D3_FILES ${file})
endforeach()

set(LACUNA_PAGE ${PROJECT_SOURCE_DIR}/src/atlas/page)
set(LACUNA_PAGE_SCRIPTS "")
foreach(name dom data state taxonomy papers dendrogram timeline results tables overview main) # one scope, in this order
  list(APPEND LACUNA_PAGE_SCRIPTS ${LACUNA_PAGE}/${name}.js)
endforeach()

set(LACUNA_PAGE_BEFORE ${PROJECT_BINARY_DIR}/generated/atlas_page_before.html)
set(LACUNA_PAGE_AFTER ${PROJECT_BINARY_DIR}/generated/atlas_page_after.html)
add_custom_command(
  OUTPUT ${LACUNA_PAGE_BEFORE} ${LACUNA_PAGE_AFTER}
  COMMAND ${CMAKE_COMMAND} "-DD3=${LACUNA_D3_FILES}" "-DSCRIPTS=${LACUNA_PAGE_SCRIPTS}" -DPAGE=${LACUNA_PAGE}
          -DBEFORE=${LACUNA_PAGE_BEFORE} -DAFTER=${LACUNA_PAGE_AFTER} -P ${PROJECT_SOURCE_DIR}/cmake/atlas_page_join.cmake
  DEPENDS ${LACUNA_D3_FILES} ${LACUNA_PAGE_SCRIPTS} ${LACUNA_PAGE}/page.html ${LACUNA_PAGE}/page.css
          ${LACUNA_PAGE}/d3-licence.txt ${PROJECT_SOURCE_DIR}/cmake/atlas_page_join.cmake
  COMMENT "Joining the page of the atlas" VERBATIM)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/generated)
configure_file(${PROJECT_SOURCE_DIR}/cmake/atlas_page_image.c.in ${PROJECT_BINARY_DIR}/generated/atlas_page_image.c @ONLY)
# ccache sees .incbin and leaves this file to the compiler.
set_source_files_properties(${PROJECT_BINARY_DIR}/generated/atlas_page_image.c PROPERTIES
  OBJECT_DEPENDS "${LACUNA_PAGE_BEFORE};${LACUNA_PAGE_AFTER}")
target_sources(lac_atlas PRIVATE ${PROJECT_BINARY_DIR}/generated/atlas_page_image.c)
