# Compiler flags in one place.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(DM_SANITIZE "" CACHE STRING "Sanitizers for every target, for example address,undefined")
option(DM_FUZZ "Make libFuzzer programs (needs clang)" OFF)
if(DM_FUZZ)
  add_custom_target(fuzzers)
  add_compile_options(-w -fsanitize=fuzzer-no-link)  # warnings are g++'s affair
endif()

add_library(dm_options INTERFACE)
target_compile_options(dm_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror
  -Wno-missing-field-initializers  # designated initialisers leave the rest to the defaults
  -Wno-maybe-uninitialized         # g++ 12 sees ghosts in optional and variant when it optimises,
  -Wno-restrict)                   # and in string concatenation
target_include_directories(dm_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(dm_options INTERFACE Threads::Threads)

set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(DM_SANITIZE)
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
  add_compile_options(-fsanitize=${DM_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DM_SANITIZE})
endif()

# A compiler cache and precompiled headers exclude each other: the cache wins where it is installed.
find_program(DM_CCACHE ccache)
if(DM_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DM_CCACHE})
endif()
find_package(Threads REQUIRED)
