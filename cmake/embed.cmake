# Bytes of a file as a function of the program: `std::string_view NAMESPACE::FUNCTION()`.
#
#   guidepost_embed(TARGET FILE NAMESPACE FUNCTION)      as an included module
#   cmake -DINPUT=... -DOUTPUT=... -DNAMESPACE=... -DFUNCTION=... -P embed.cmake      as a script, which that runs
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  file(WRITE "${OUTPUT}" "// Made of ${INPUT}.
#include <string_view>

namespace ${NAMESPACE} {
namespace {
constexpr unsigned char kBytes[] = {
${bytes}
};
}  // namespace

std::string_view ${FUNCTION}();
std::string_view ${FUNCTION}() { return {reinterpret_cast<const char*>(kBytes), sizeof kBytes}; }
}  // namespace ${NAMESPACE}
")
  return()
endif()

set(GUIDEPOST_EMBED "${CMAKE_CURRENT_LIST_FILE}")
function(guidepost_embed target file namespace function)
  set(output "${CMAKE_BINARY_DIR}/generated/${function}.cpp")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DINPUT=${file}" "-DOUTPUT=${output}" "-DNAMESPACE=${namespace}" "-DFUNCTION=${function}"
            -P "${GUIDEPOST_EMBED}"
    DEPENDS "${file}" "${GUIDEPOST_EMBED}"
    COMMENT "Embedding ${file}")
  target_sources(${target} PRIVATE "${output}")
endfunction()
