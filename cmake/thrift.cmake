# A Thrift definition of proto/ as a library of generated code, included as <NAME_wire/...>. It is not
# ours to warn about, but it is ours to sanitize.
find_program(GUIDEPOST_THRIFT thrift REQUIRED)

function(guidepost_thrift_library name)
  set(definition "${CMAKE_SOURCE_DIR}/proto/${name}.thrift")
  set(folder "${CMAKE_BINARY_DIR}/generated/${name}_wire")
  file(MAKE_DIRECTORY "${folder}")
  set(sources "${folder}/Gateway.cpp" "${folder}/${name}_types.cpp")
  add_custom_command(
    OUTPUT ${sources} "${folder}/Gateway.h" "${folder}/${name}_types.h"
    COMMAND "${GUIDEPOST_THRIFT}" --gen cpp:moveable_types,no_skeleton -out "${folder}" "${definition}"
    DEPENDS "${definition}"
    COMMENT "Generating ${name}_wire from proto/${name}.thrift")
  add_library(gp_${name}_wire STATIC ${sources})
  add_library(gp::${name}_wire ALIAS gp_${name}_wire)
  target_include_directories(gp_${name}_wire SYSTEM PUBLIC "${CMAKE_BINARY_DIR}/generated")
  target_compile_features(gp_${name}_wire PUBLIC cxx_std_20)
  target_compile_options(gp_${name}_wire PRIVATE -w)
  if(GUIDEPOST_SANITIZE)
    target_compile_options(gp_${name}_wire PRIVATE ${GUIDEPOST_SANITIZE_FLAGS})
  endif()
  target_link_libraries(gp_${name}_wire PUBLIC gp::thrift)
endfunction()
