#pragma once

#include <vector>

#include "core/dml/key_fineness.h"
#include "core/model/names.h"
#include "core/sql/sql_session.h"

namespace dm::copy {

/// A table's unique keys as the server tells them; none if there is no such table.
[[nodiscard]] std::vector<dml::ComparedKey> read_unique_keys(sql::SqlSession& session, const model::TableName& table);

}  // namespace dm::copy
