#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/names.h"
#include "core/rules/online_ddl_names.h"

namespace dm::rules {

/// Patterns of a block-allow list, as configured. `~` at the start makes a regular expression; otherwise `*`, `?` and
/// `[a-z]` are wildcards. An empty table pattern list speaks of whole schemas.
struct BlockAllowRules {
    struct TablePattern {
        std::string schema;
        std::string table;
        bool operator==(const TablePattern&) const = default;
    };
    std::vector<std::string> do_dbs;
    std::vector<TablePattern> do_tables;
    std::vector<std::string> ignore_dbs;
    std::vector<TablePattern> ignore_tables;
    bool operator==(const BlockAllowRules&) const = default;
};

/// Decides which tables a task replicates. Immutable after construction, so free to share between threads.
/// System schemas are never accepted. With `online`, a table of an online schema change that the lists do not ask for
/// by name is accepted exactly if its real table is: what such a tool does to a replicated table is replicated.
class TableFilter {
  public:
    /// Throws Error{ConfigBlockAllowInvalid} naming the pattern that cannot be read.
    TableFilter(const BlockAllowRules& rules, bool is_case_sensitive,
                std::shared_ptr<const OnlineDdlNames> online = nullptr);
    ~TableFilter();
    TableFilter(TableFilter&&) noexcept;
    TableFilter& operator=(TableFilter&&) noexcept;

    [[nodiscard]] bool accepts(const model::TableName& name) const;
    /// Whether statements on the schema itself (CREATE/ALTER/DROP DATABASE) are replicated.
    [[nodiscard]] bool accepts_schema(const std::string& schema) const;
    /// The table that a table of an online schema change stands for; any other's own name.
    [[nodiscard]] model::TableName real_name(const model::TableName& name) const;

  private:
    struct Compiled;
    std::unique_ptr<const Compiled> compiled_;
};

/// mysql, sys, information_schema, performance_schema, ... in any case.
[[nodiscard]] bool is_system_schema(std::string_view schema);

}  // namespace dm::rules
