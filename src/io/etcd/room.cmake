# The part of etcd's API that we call, as a library of its own (see core/api/room.cmake).
dm_proto_library(etcd_proto etcd/kv.proto etcd/rpc.proto)
list(APPEND libraries etcd_proto)
