# Benchmarks of bench/: built when asked for (`ninja bench_gemm`), no part of the product, no test.

# Matrix products of the recipes' shapes as shares of the peak.
add_executable(bench_gemm EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/gemm.c)
target_link_libraries(bench_gemm PRIVATE lac_warnings lac_backend)

# The same beside OpenBLAS, BLIS (both opened at run time) and oneDNN 2 (where its development files are).
find_path(DNNL_INCLUDE oneapi/dnnl/dnnl_version.h)
find_library(DNNL_LIBRARY dnnl)
mark_as_advanced(DNNL_INCLUDE DNNL_LIBRARY)
set(onednn blas_no_onednn.c)
if(DNNL_INCLUDE AND DNNL_LIBRARY)
  file(STRINGS ${DNNL_INCLUDE}/oneapi/dnnl/dnnl_version.h dnnl_2 REGEX "DNNL_VERSION_MAJOR 2$")
  if(dnnl_2)
    set(onednn blas_onednn.c)
  endif()
endif()
add_executable(bench_gemm_peers EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/gemm_peers.c
  ${PROJECT_SOURCE_DIR}/bench/blas.c ${PROJECT_SOURCE_DIR}/bench/${onednn})
target_link_libraries(bench_gemm_peers PRIVATE lac_warnings lac_backend ${CMAKE_DL_LIBS})
if(onednn STREQUAL blas_onednn.c)
  target_include_directories(bench_gemm_peers PRIVATE ${DNNL_INCLUDE})
  target_link_libraries(bench_gemm_peers PRIVATE ${DNNL_LIBRARY})
endif()

# JPEGs for loader and embedding benchmarks: ./bench_pictures FOLDER COUNT
add_executable(bench_pictures EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/pictures.c)
target_link_libraries(bench_pictures PRIVATE lac_warnings PkgConfig::JPEG m)
