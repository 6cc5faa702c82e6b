# The shared library (public symbols only), the program, the header, and how others find them.
#
# The library is made of the layers' objects, all of them, so nothing depends on the order of static archives. What is
# exported is what include/lacuna.h marks LAC_API: everything else is hidden at compilation, and again by the version
# script, which also hides what static pieces of the compiler's own libraries would leak.
include(CMakePackageConfigHelpers)

set(objects "")
set(layers ${LACUNA_LAYERS})
list(REMOVE_ITEM layers lac_atlas) # nothing of include/lacuna.h reads the literature: SQLite and the tables stay out
foreach(layer ${layers})
  list(APPEND objects $<TARGET_OBJECTS:${layer}>)
endforeach()
add_library(lacuna_shared SHARED ${objects})
set_target_properties(lacuna_shared PROPERTIES
  OUTPUT_NAME lacuna VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME lacuna
  LINKER_LANGUAGE C LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/lacuna.map)
target_link_options(lacuna_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/lacuna.map)
target_link_libraries(lacuna_shared PRIVATE Threads::Threads PkgConfig::XXHASH PkgConfig::SPNG PkgConfig::YAML
  PkgConfig::JANSSON PkgConfig::JPEG PkgConfig::WEBP PkgConfig::TIFF PkgConfig::ZLIB m)
target_include_directories(lacuna_shared INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
add_library(Lacuna::lacuna ALIAS lacuna_shared)

configure_file(cmake/lacuna.pc.in lacuna.pc @ONLY)
configure_package_config_file(cmake/LacunaConfig.cmake.in LacunaConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Lacuna)
write_basic_package_version_file(LacunaConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS lacuna_shared EXPORT LacunaTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/lacuna.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT LacunaTargets NAMESPACE Lacuna:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Lacuna)
install(FILES ${PROJECT_BINARY_DIR}/LacunaConfig.cmake ${PROJECT_BINARY_DIR}/LacunaConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Lacuna)
install(FILES ${PROJECT_BINARY_DIR}/lacuna.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY recipes/ DESTINATION ${CMAKE_INSTALL_DATADIR}/lacuna/recipes FILES_MATCHING PATTERN "*.yaml")
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
