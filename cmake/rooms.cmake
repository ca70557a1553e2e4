# A room is a folder of src/ (and of include/guidepost/) with everything in it as one library. It may
# use the rooms named after USES, and what those may not be a room does not get to see: the test
# tests/house/edges_test.py compares every include with these lines.
function(guidepost_room name)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" target "${name}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${name}/*.cpp")
  if(NOT sources)  # a room that has only public headers so far
    set(sources "${CMAKE_SOURCE_DIR}/cmake/empty.cpp")
  endif()
  add_library(guidepost_${target} STATIC ${sources})
  add_library(guidepost::${target} ALIAS guidepost_${target})
  target_include_directories(guidepost_${target} PUBLIC "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(guidepost_${target} PRIVATE guidepost_options)
  foreach(room IN LISTS ARG_USES)
    string(REPLACE "/" "_" used "${room}")
    target_link_libraries(guidepost_${target} PUBLIC guidepost_${used})
  endforeach()
  target_link_libraries(guidepost_${target} PUBLIC ${ARG_LIBRARIES})
endfunction()
