# Tests of what is built from everything: the program, the layering, the public library, the examples. Shell scripts,
# each given the paths it needs; one that cannot run here says SKIPPED and exits 77.
function(lac_script_test name)
  add_test(NAME ${name} COMMAND sh ${ARGN})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900
    ENVIRONMENT "LC_ALL=C;LACUNA_SANITIZED=${LACUNA_SANITIZED}")
endfunction()

lac_script_test(layers/check ${PROJECT_SOURCE_DIR}/tests/layers/check.sh ${PROJECT_SOURCE_DIR})
lac_script_test(layers/check_can_fail ${PROJECT_SOURCE_DIR}/tests/layers/check_test.sh ${PROJECT_SOURCE_DIR})

# tests/cli/NAME.sh; lib.sh and step_lib.sh are what they share, valgrind.sh is for .ci/run
file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/cli/*.sh)
foreach(script ${scripts})
  get_filename_component(name ${script} NAME_WE)
  if(NOT name MATCHES "^(lib|step_lib|valgrind)$")
    lac_script_test(cli/${name} ${script} $<TARGET_FILE:lacuna>)
  endif()
endforeach()

add_executable(compare_dumps ${PROJECT_SOURCE_DIR}/tests/tools/compare_dumps.c) # beside the program, for tests/cli
target_link_libraries(compare_dumps PRIVATE lac_warnings lac_io)

add_executable(example_pretrain_and_embed ${PROJECT_SOURCE_DIR}/examples/pretrain_and_embed.c)
target_link_libraries(example_pretrain_and_embed PRIVATE Lacuna::lacuna)
lac_script_test(examples/pretrain_and_embed ${PROJECT_SOURCE_DIR}/tests/api/example.sh
  $<TARGET_FILE:example_pretrain_and_embed> ${PROJECT_SOURCE_DIR}/tests/cli)
lac_script_test(api/exports ${PROJECT_SOURCE_DIR}/tests/api/exports.sh $<TARGET_FILE:lacuna_shared>
  ${PROJECT_SOURCE_DIR}/include/lacuna.h)
lac_script_test(api/install ${PROJECT_SOURCE_DIR}/tests/api/install.sh ${PROJECT_BINARY_DIR}
  ${PROJECT_SOURCE_DIR}/examples/pretrain_and_embed.c ${CMAKE_C_COMPILER} "${CMAKE_C_FLAGS}")

include(cmake/tutorial.cmake)
include(cmake/fuzz.cmake)
