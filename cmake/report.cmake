# Style and script of `lacuna report`, compiled into lac_report: a report needs no file but itself.
foreach(part css js)
  set(LACUNA_REPORT_IN ${PROJECT_SOURCE_DIR}/src/report/page/report.${part})
  set(LACUNA_REPORT_OUT ${PROJECT_BINARY_DIR}/generated/report_${part}.c)
  add_custom_command(
    OUTPUT ${LACUNA_REPORT_OUT}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${LACUNA_REPORT_IN} -DNAME=lac_report_${part} -DOUTPUT=${LACUNA_REPORT_OUT}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake
    DEPENDS ${LACUNA_REPORT_IN} ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake
    COMMENT "Embedding report.${part}" VERBATIM)
  target_sources(lac_report PRIVATE ${LACUNA_REPORT_OUT})
endforeach()
