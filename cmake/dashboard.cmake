# sluice_dashboard(TARGET): links what lies in web/dist (made by script/web) into TARGET as sluice::dashboard::linked_files(),
# compressed and plain. Looked at in every build and made anew only when a file differs; without web/dist it is an empty list.
function(sluice_dashboard TARGET)
  set(folder ${CMAKE_BINARY_DIR}/embedded/dashboard)
  add_custom_target(${TARGET}_dashboard
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DDIST=${PROJECT_SOURCE_DIR}/web/dist -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    BYPRODUCTS ${folder}/files.cc
    COMMENT "Looking at web/dist" VERBATIM)
  set_source_files_properties(${folder}/files.cc PROPERTIES GENERATED ON)
  target_sources(${TARGET} PRIVATE ${folder}/files.cc)
  add_dependencies(${TARGET} ${TARGET}_dashboard)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE)
  return()
endif()

# Run by the command above, at build time.
cmake_minimum_required(VERSION 3.25)
set(types
  "html|text/html" "js|text/javascript" "css|text/css" "txt|text/plain" "json|application/json" "svg|image/svg+xml"
  "png|image/png" "woff2|font/woff2")

set(paths "")
if(EXISTS ${DIST}/index.html)
  file(GLOB_RECURSE paths RELATIVE ${DIST} ${DIST}/*)
  list(FILTER paths EXCLUDE REGEX "(^|/)\\.|\\.map$")
  list(SORT paths)
endif()

file(SHA256 ${CMAKE_CURRENT_LIST_FILE} state)
foreach(path IN LISTS paths)
  file(SHA256 ${DIST}/${path} digest)
  string(APPEND state " ${path} ${digest}")
endforeach()
if(EXISTS ${FOLDER}/files.cc AND EXISTS ${FOLDER}/state)
  file(READ ${FOLDER}/state before)
  if(before STREQUAL state)
    return()
  endif()
endif()
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})

set(data "")
set(rows "")
set(count 0)
# The bytes as they are, by the assembler: the compiler never sees them.
macro(take name source)
  string(APPEND data
    "asm(\".section .rodata\\n.balign 16\\n${name}: .incbin \\\"${source}\\\"\\n.byte 0\\n.previous\");\n"
    "extern \"C\" const char ${name}[];\n")
endmacro()
foreach(path IN LISTS paths)
  string(REGEX REPLACE "^.*\\." "" ending ${path})
  set(type "")
  foreach(row IN LISTS types)
    if(row MATCHES "^${ending}\\|(.*)$")
      set(type "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  if(type STREQUAL "")
    message(FATAL_ERROR "web/dist/${path}: name the content type of .${ending} files in cmake/dashboard.cmake")
  endif()
  if(type MATCHES "^text/")
    string(APPEND type "; charset=utf-8")
  endif()
  set(plain ${FOLDER}/${count})
  file(COPY_FILE ${DIST}/${path} ${plain})
  execute_process(COMMAND gzip -9nc ${plain} OUTPUT_FILE ${plain}.gz COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${plain} digest)
  string(SUBSTRING ${digest} 0 20 digest)
  file(SIZE ${plain} size)
  file(SIZE ${plain}.gz packed)
  take(sluice_web_${count} ${plain})
  set(gzip "{}")
  # Below some hundred bytes the header that announces it costs more than it saves.
  math(EXPR worth "${packed} + 200")
  if(worth LESS size)
    take(sluice_web_${count}_gz ${plain}.gz)
    set(gzip "{sluice_web_${count}_gz, ${packed}}")
  endif()
  string(APPEND rows "    {\"/${path}\", \"${type}\", \"${digest}\", {sluice_web_${count}, ${size}}, ${gzip}},\n")
  math(EXPR count "${count} + 1")
endforeach()

if(count EQUAL 0)
  set(body "  return {};\n")
else()
  set(body "  static const std::array<File, ${count}> files{{\n${rows}  }};\n  return files;\n")
endif()
file(WRITE ${FOLDER}/files.cc
  "#include \"dashboard/files.h\"\n\n#include <array>\n\n${data}\n"
  "namespace sluice::dashboard {\nstd::span<const File> linked_files() {\n${body}}\n}  // namespace sluice::dashboard\n")
file(WRITE ${FOLDER}/state "${state}")
