#pragma once

#include "core/meta/members.h"
#include "io/etcd/etcd_child.h"

namespace dm::etcd {

/// Settings of a first start, as the operator gave them.
struct JoinRequest {
    std::string join;             ///< client addresses of an existing group; empty: a new group
    std::string advertise_addr;   ///< our own, to refuse joining ourselves
    std::string initial_cluster;  ///< for a new group; empty: this member only
};

/// Fills initial_cluster of `options`, and initial_cluster_state if it joins; else that stays as the operator has it,
/// who may have added the member by hand. With data below data_dir nothing else matters; without data and with `join`,
/// uses the list saved in `<data_dir>/join`, else adds us through `members` and saves it. Throws Error{MasterJoin} for
/// joining oneself, an unfinished join of another member, or a name that is taken.
void prepare_cluster(EtcdChildOptions& options, const JoinRequest& request, meta::MemberList* members);

}  // namespace dm::etcd
