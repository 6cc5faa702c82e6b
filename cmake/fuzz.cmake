# Fuzzers of readers: tests/LAYER/NAME_fuzz.c has LLVMFuzzerTestOneInput. `make check` runs each for a second with its own
# driver. For a long run with libFuzzer:
#   clang -g -O1 -std=c17 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Isrc -Itests tests/atlas/bibtex_fuzz.c \
#     src/atlas/bibtex*.c src/base/*.c -lutf8proc -lxxhash -lm -lpthread -o fuzz && ./fuzz -max_total_time=600 corpus/
function(lac_fuzz_test layer name)
  add_executable(${layer}_${name}_fuzz ${PROJECT_SOURCE_DIR}/tests/${layer}/${name}_fuzz.c)
  target_link_libraries(${layer}_${name}_fuzz PRIVATE lac_warnings lac_${layer})
  target_include_directories(${layer}_${name}_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${layer}_${name}_fuzz PRIVATE LACUNA_STANDALONE)
  add_test(NAME ${layer}/${name}_fuzz COMMAND ${layer}_${name}_fuzz 1 ${ARGN})
endfunction()

file(GLOB seeds CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/atlas/bibtex/*.bib)
lac_fuzz_test(atlas bibtex ${seeds})
