# sluice_embed(TARGET FILE FUNCTION): compiles the text of FILE into TARGET as `std::string_view FUNCTION()`, where
# FUNCTION is a qualified name such as sluice::api::openapi_document. Made anew whenever FILE changes.
function(sluice_embed TARGET FILE FUNCTION)
  get_filename_component(name ${FILE} NAME)
  set(source ${PROJECT_SOURCE_DIR}/${FILE})
  set(made ${CMAKE_BINARY_DIR}/embedded/${TARGET}_${name}.cc)
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DMADE=${made} -DFUNCTION=${FUNCTION}
            -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    DEPENDS ${source} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    COMMENT "Embedding ${FILE}" VERBATIM)
  target_sources(${TARGET} PRIVATE ${made})
endfunction()

# Run by the command above, at build time.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${SOURCE} text)
  string(REGEX REPLACE "::[^:]*$" "" space ${FUNCTION})
  string(REGEX REPLACE "^.*::" "" function ${FUNCTION})
  file(WRITE ${MADE} "#include <string_view>\nnamespace ${space} {\nstd::string_view ${function}();\n"
                     "std::string_view ${function}() {\n  return R\"embedded(${text})embedded\";\n}\n}  // namespace ${space}\n")
endif()
