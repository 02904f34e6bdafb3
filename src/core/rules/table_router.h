#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/names.h"
#include "core/rules/online_ddl_names.h"

namespace dm::rules {

/// `extract-*` of a route: fills a downstream column with the text of the capture groups of a regular expression.
struct ExtractRule {
    std::string regexp;
    std::string target_column;
    bool operator==(const ExtractRule&) const = default;
};

/// One route, as configured. An empty `target_table` keeps the table's name.
struct RouteRule {
    std::string schema_pattern;
    std::string table_pattern;
    std::string target_schema;
    std::string target_table;
    std::optional<ExtractRule> extract_table = std::nullopt;
    std::optional<ExtractRule> extract_schema = std::nullopt;
    std::optional<ExtractRule> extract_source = std::nullopt;
    bool operator==(const RouteRule&) const = default;
};

/// Maps upstream tables to downstream tables. Immutable after construction, free to share between threads.
class TableRouter {
  public:
    /// Throws Error{ConfigRoutesInvalid} naming the rule.
    TableRouter(const std::vector<RouteRule>& rules, bool is_case_sensitive,
                std::shared_ptr<const OnlineDdlNames> online = nullptr);
    ~TableRouter();
    TableRouter(TableRouter&&) noexcept;
    TableRouter& operator=(TableRouter&&) noexcept;

    /// The target of a table; with an empty table, of the schema. Without a matching rule, the name itself.
    /// Table rules win over schema rules. With `online`, a table of an online schema change that no rule names goes to
    /// the schema of its real table. Throws Error{ConfigRoutesInvalid} naming the table if several rules of the
    /// deciding kind match.
    [[nodiscard]] model::TableName route(const model::TableName& source) const;

  private:
    struct Compiled;
    std::unique_ptr<const Compiled> compiled_;
};

}  // namespace dm::rules
