# Every library from outside, as one target each. Versions and checksums: cmake/deps/deps.lock.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)

# name: the part after gp::; the rest are library names.
function(guidepost_system_library name)
  add_library(gp_${name} INTERFACE)
  add_library(gp::${name} ALIAS gp_${name})
  foreach(library IN LISTS ARGN)
    find_library(GP_LIB_${library} NAMES ${library} REQUIRED)
    target_link_libraries(gp_${name} INTERFACE ${GP_LIB_${library}})
  endforeach()
endfunction()

guidepost_system_library(xxhash xxhash)
guidepost_system_library(lz4 lz4)
guidepost_system_library(zstd zstd)
guidepost_system_library(simdjson simdjson)
guidepost_system_library(rocksdb rocksdb)
guidepost_system_library(thrift thrift)
guidepost_system_library(maxminddb maxminddb)
guidepost_system_library(re2 re2)
guidepost_system_library(prometheus prometheus-cpp-core)
guidepost_system_library(mimalloc mimalloc)
guidepost_system_library(date_tz date-tz)
target_compile_definitions(gp_date_tz INTERFACE USE_OS_TZDB=1)  # as Debian built it: the system's zones
guidepost_system_library(tomlplusplus tomlplusplus)

# What no Debian release packages as we need it is installed by cmake/deps/install into this folder.
if(DEFINED ENV{GUIDEPOST_CACHE})
  set(_cache "$ENV{GUIDEPOST_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(_cache "$ENV{XDG_CACHE_HOME}/guidepost")
else()
  set(_cache "$ENV{HOME}/.cache/guidepost")
endif()
set(GUIDEPOST_CACHE "${_cache}" CACHE PATH "Where cmake/deps/install puts what it builds and fetches")

function(guidepost_require path)
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "missing ${path}\nrun `./dev deps` first (it installs what cmake/deps/deps.lock names)")
  endif()
endfunction()

set(_rdkafka "${GUIDEPOST_CACHE}/librdkafka-2.8.0-2")
guidepost_require("${_rdkafka}/lib/librdkafka.a")
add_library(gp_rdkafka INTERFACE)
add_library(gp::rdkafka ALIAS gp_rdkafka)
target_include_directories(gp_rdkafka SYSTEM INTERFACE "${_rdkafka}/include")
find_library(GP_LIB_sasl2 NAMES sasl2 REQUIRED)
find_library(GP_LIB_curl NAMES curl REQUIRED)
target_link_libraries(gp_rdkafka INTERFACE
  "${_rdkafka}/lib/librdkafka.a" ${GP_LIB_sasl2} OpenSSL::SSL OpenSSL::Crypto ${GP_LIB_curl} ZLIB::ZLIB gp::lz4 gp::zstd
  Threads::Threads ${CMAKE_DL_LIBS} m)

set(_datasketches "${GUIDEPOST_CACHE}/datasketches-4.1.0/include")
guidepost_require("${_datasketches}/hll.hpp")
add_library(gp_datasketches INTERFACE)
add_library(gp::datasketches ALIAS gp_datasketches)
target_include_directories(gp_datasketches SYSTEM INTERFACE "${_datasketches}")

# The file of patterns that becomes a part of the program.
set(GUIDEPOST_AGENT_PATTERNS "${GUIDEPOST_CACHE}/uap-core-0.18.0/regexes.yaml")
guidepost_require("${GUIDEPOST_AGENT_PATTERNS}")
