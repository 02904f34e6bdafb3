# What `version.cc` says of the build. Read when the build is configured.
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse HEAD OUTPUT_VARIABLE DM_HASH OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse --abbrev-ref HEAD OUTPUT_VARIABLE DM_BRANCH OUTPUT_STRIP_TRAILING_WHITESPACE
                ERROR_QUIET)
string(TIMESTAMP DM_TIME "%Y-%m-%d %H:%M:%S" UTC)
foreach(fact "HASH;GIT_HASH" "BRANCH;GIT_BRANCH" "TIME;BUILD_TIME")
  list(GET fact 0 from)
  list(GET fact 1 to)
  if(DM_${from})
    set_property(SOURCE ${folder}/version.cc APPEND PROPERTY COMPILE_DEFINITIONS "DM_${to}=\"${DM_${from}}\"")
  endif()
endforeach()
