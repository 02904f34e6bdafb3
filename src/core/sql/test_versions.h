#pragma once

#include "core/model/flavor.h"

/// Servers that tests of this room speak of.
namespace dm::sql::testing {

inline constexpr model::ServerVersion kMariaDb1011{
    .flavor = model::Flavor::MariaDb, .major = 10, .minor = 11, .patch = 6};
inline constexpr model::ServerVersion kMariaDb105{
    .flavor = model::Flavor::MariaDb, .major = 10, .minor = 5, .patch = 1};
inline constexpr model::ServerVersion kMySql97{.flavor = model::Flavor::MySql, .major = 9, .minor = 7, .patch = 0};
inline constexpr model::ServerVersion kMySql57{.flavor = model::Flavor::MySql, .major = 5, .minor = 7, .patch = 40};
inline constexpr model::ServerVersion kTidb{.flavor = model::Flavor::MySql,
                                            .major = 8,
                                            .minor = 0,
                                            .patch = 11,
                                            .is_tidb = true,
                                            .tidb_major = 7,
                                            .tidb_minor = 5};

}  // namespace dm::sql::testing
