# Flags of the kernel sets: each file is compiled for its own instruction set, and only what cpu.c chooses at run time runs.
set(cpu ${PROJECT_SOURCE_DIR}/src/backend/cpu)
# Sanitizers check what is read and written, not how fast; unrolled tiles take minutes to instrument.
if(CMAKE_C_FLAGS MATCHES "fsanitize")
  set(optimise "-O1;-DLAC_KEEP_LOOPS")
else()
  set(optimise "-O3")
endif()
set_source_files_properties(${cpu}/kernels_portable.c ${cpu}/move.c ${cpu}/mask.c ${cpu}/patches.c ${cpu}/spectrum.c PROPERTIES COMPILE_OPTIONS "${optimise}")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  set_source_files_properties(${cpu}/kernels_avx2.c PROPERTIES COMPILE_OPTIONS "${optimise};-mavx2;-mfma;-mprfchw")
  set_source_files_properties(${cpu}/kernels_avx512.c PROPERTIES COMPILE_OPTIONS
    "${optimise};-mavx2;-mfma;-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mprfchw;-mprefer-vector-width=512")
endif()
