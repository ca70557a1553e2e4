# Flags of everything that is ours: one interface target, so that sanitizers and hardening reach all.
set(GUIDEPOST_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
option(GUIDEPOST_FUZZ "Build the fuzz targets" OFF)

add_library(guidepost_options INTERFACE)
target_compile_features(guidepost_options INTERFACE cxx_std_20)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# RelWithDebInfo of CMake has -DNDEBUG, which would take our dependencies' own checks away, and full
# debug information, which doubles the link: line tables are enough for a stack trace.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -gline-tables-only")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -gline-tables-only -fno-omit-frame-pointer")

target_compile_options(guidepost_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough
  -Wextra-semi -Wunused -Woverloaded-virtual -Werror)
target_compile_definitions(guidepost_options INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(guidepost_options INTERFACE -fuse-ld=lld-19 -pie -Wl,-z,relro,-z,now)

if(GUIDEPOST_SANITIZE)
  set(GUIDEPOST_SANITIZE_FLAGS "-fsanitize=${GUIDEPOST_SANITIZE}" -fno-sanitize-recover=all
    "-fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/cmake/sanitize-ignore.txt")
  target_compile_options(guidepost_options INTERFACE ${GUIDEPOST_SANITIZE_FLAGS})
  target_link_options(guidepost_options INTERFACE "-fsanitize=${GUIDEPOST_SANITIZE}")
else()
  target_compile_options(guidepost_options INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_definitions(guidepost_options INTERFACE _FORTIFY_SOURCE=2)
  endif()
endif()
if(GUIDEPOST_FUZZ)
  target_compile_options(guidepost_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
