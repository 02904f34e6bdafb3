# Messages and services of proto/*.proto as one library of its own, so that generated code is compiled once, without
# our warnings, and included as system headers: <dmmaster.pb.h>, <dmmaster.grpc.pb.h>, <etcd/rpc.grpc.pb.h>.
find_program(DM_PROTOC protoc REQUIRED)
find_program(DM_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)

# Makes library dm_<name> from proto files given relative to proto/; rooms link it as dm_lib_<name>.
function(dm_proto_library name)
  set(out ${CMAKE_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${out}/etcd)
  set(generated "")
  foreach(proto IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(outputs ${out}/${stem}.pb.cc ${out}/${stem}.pb.h ${out}/${stem}.grpc.pb.cc
                ${out}/${stem}.grpc.pb.h)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND ${DM_PROTOC} -I${CMAKE_SOURCE_DIR}/proto --cpp_out=${out} --grpc_out=${out}
              --plugin=protoc-gen-grpc=${DM_GRPC_PLUGIN} ${CMAKE_SOURCE_DIR}/proto/${proto}
      DEPENDS ${CMAKE_SOURCE_DIR}/proto/${proto}
      VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  add_library(dm_${name} STATIC ${generated})
  target_include_directories(dm_${name} SYSTEM PUBLIC ${out})
  target_compile_options(dm_${name} PRIVATE -w)
  target_link_libraries(dm_${name} PUBLIC dm_lib_grpc)
  dm_lib(${name} dm_${name})
endfunction()

dm_proto_library(proto dmworker.proto dmmaster.proto)
list(APPEND libraries proto)
