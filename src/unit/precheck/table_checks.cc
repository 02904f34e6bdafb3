#include "unit/precheck/table_checks.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/schema/charsets.h"

namespace dm::precheck {
namespace {

using Names = std::set<std::string>;

constexpr std::string_view kAddKey = "add a PRIMARY KEY or a UNIQUE key of NOT NULL columns upstream";
constexpr std::string_view kDropForeignKey = "see that applications do not rely on cascaded changes downstream";
constexpr std::string_view kSameKeys = "give both tables the same primary and unique keys";
constexpr std::string_view kSameColumns = "give both tables the same columns";
constexpr std::string_view kSameCollation = "give both tables the same charset and collation";

/// Findings of many tables, and the advice that they share.
class Findings {
  public:
    explicit Findings(CheckItem& item) : item_(item) {}

    void warn(std::string problem, std::string_view advice, std::string statement = {}) {
        item_.add(CheckState::Warn, std::move(problem), std::move(statement));
        if (std::ranges::find(advices_, advice) == advices_.end()) advices_.push_back(advice);
    }
    void finish() { item_.instruction = fmt::format("{}", fmt::join(advices_, "; ")); }

  private:
    CheckItem& item_;
    std::vector<std::string_view> advices_;
};

std::string key_text(const Names& key) { return fmt::format("({})", fmt::join(key, ", ")); }

std::vector<std::string> missing_keys(const TableFacts& from, const TableFacts& in) {
    std::vector<std::string> missing;
    for (const auto& key : from.unique_keys)
        if (!in.unique_keys.contains(key)) missing.push_back(key_text(key));
    return missing;
}

std::map<std::string, const ColumnFacts*> columns_by_name(const TableFacts& table) {
    std::map<std::string, const ColumnFacts*> columns;
    for (const auto& column : table.columns) columns.emplace(column.name, &column);
    return columns;
}

void look_at_source(Findings& findings, const model::TableName& name, const TableFacts& table) {
    if (!table.has_row_key) {
        findings.warn(
            fmt::format("table {} has neither a primary key nor a unique key of NOT NULL columns: its rows "
                        "cannot be told apart, changes are slow and repeating one may double a row",
                        name.quoted()),
            kAddKey,
            fmt::format("ALTER TABLE {} ADD PRIMARY KEY (...), with the columns that identify a row", name.quoted()));
    }
    if (table.has_foreign_key) {
        findings.warn(fmt::format("table {} has foreign keys: they are not checked while rows are written, and changes "
                                  "that the source cascades are not in its binary log",
                                  name.quoted()),
                      kDropForeignKey);
    }
}

void compare_collations(Findings& findings, const TablePair& pair, const TableFacts& source, const TableFacts& target) {
    const std::string charset = schema::charset_of_collation(source.collation);
    const std::string target_charset = schema::charset_of_collation(target.collation);
    if (charset != target_charset) {
        // Everything fits into utf8mb4.
        if (target_charset == "utf8mb4") return;
        findings.warn(fmt::format("table {} has charset {}, its target {} has {}: characters may not fit",
                                  pair.source.quoted(), charset, pair.target.quoted(), target_charset),
                      kSameCollation,
                      fmt::format("ALTER TABLE {} CONVERT TO CHARACTER SET {} COLLATE {};", pair.target.quoted(),
                                  charset, source.collation));
    } else if (source.collation != target.collation) {
        findings.warn(fmt::format("table {} has collation {}, its target {} has {}: values that differ on one side may "
                                  "be equal on the other",
                                  pair.source.quoted(), source.collation, pair.target.quoted(), target.collation),
                      kSameCollation);
    }
}

void compare_keys(Findings& findings, const TablePair& pair, const TableFacts& source, const TableFacts& target) {
    if (const auto missing = missing_keys(source, target); !missing.empty()) {
        findings.warn(fmt::format("table {} has unique keys on {} that its target {} has not: duplicates are possible "
                                  "there",
                                  pair.source.quoted(), fmt::join(missing, ", "), pair.target.quoted()),
                      kSameKeys,
                      fmt::format("ALTER TABLE {} ADD UNIQUE KEY {};", pair.target.quoted(), missing.front()));
    }
    if (const auto extra = missing_keys(target, source); !extra.empty()) {
        findings.warn(fmt::format("target {} has unique keys on {} that table {} has not: rows may collide there",
                                  pair.target.quoted(), fmt::join(extra, ", "), pair.source.quoted()),
                      kSameKeys);
    }
}

void compare_columns(Findings& findings, const TablePair& pair, const TableFacts& source, const TableFacts& target) {
    const auto sources = columns_by_name(source);
    const auto targets = columns_by_name(target);
    std::vector<std::string> missing;
    std::vector<std::string> unfilled;
    for (const auto& [name, column] : sources)
        if (!targets.contains(name)) missing.push_back(model::quote_identifier(name));
    for (const auto& [name, column] : targets)
        if (!sources.contains(name) && !column->is_nullable && !column->is_filled)
            unfilled.push_back(model::quote_identifier(name));
    if (!missing.empty()) {
        findings.warn(fmt::format("table {} has columns that its target {} has not: {}; writing its rows fails",
                                  pair.source.quoted(), pair.target.quoted(), fmt::join(missing, ", ")),
                      kSameColumns);
    }
    if (!unfilled.empty()) {
        findings.warn(
            fmt::format("target {} has columns that table {} has not, NOT NULL and without a default: {}; "
                        "writing its rows fails",
                        pair.target.quoted(), pair.source.quoted(), fmt::join(unfilled, ", ")),
            kSameColumns,
            fmt::format("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT ...", pair.target.quoted(), unfilled.front()));
    }
}

/// Tables still to be created whose collations the target does not know, by collation.
class UnknownCollations {
  public:
    explicit UnknownCollations(const Names& known) : known_(known) {}

    void look_at(const model::TableName& name, const TableFacts& table) {
        if (known_.empty()) return;
        Names unknown;
        if (!table.collation.empty() && !known_.contains(table.collation)) unknown.insert(table.collation);
        for (const auto& column : table.columns)
            if (!column.collation.empty() && !known_.contains(column.collation)) unknown.insert(column.collation);
        for (const auto& collation : unknown) tables_[collation].push_back(name);
    }
    void report(Findings& findings) const {
        for (const auto& [collation, tables] : tables_) {
            findings.warn(fmt::format("the target does not know collation {}, which {} table{} use{}, first {}: they "
                                      "are created with the nearest one it knows, so comparisons may differ",
                                      collation, tables.size(), tables.size() == 1 ? "" : "s",
                                      tables.size() == 1 ? "s" : "", tables.front().quoted()),
                          "create the tables in the target beforehand with the collation they shall have");
        }
    }

  private:
    const Names& known_;
    std::map<std::string, std::vector<model::TableName>> tables_;
};

}  // namespace

CheckItem check_table_structures(const std::vector<TablePair>& pairs, const Structures& structures) {
    CheckItem item{.name = "table structure compatibility check", .about = "check compatibility of table structure"};
    Findings findings(item);
    if (pairs.empty()) {
        findings.warn("no table of the source passes the block-allow list, or the account sees none of them",
                      "check `block-allow-list`, and SELECT privileges on the tables");
    }
    UnknownCollations collations(structures.target_collations);
    for (const auto& pair : pairs) {
        const auto source = structures.source.find(pair.source);
        if (source == structures.source.end()) continue;
        look_at_source(findings, pair.source, source->second);
        const auto target = structures.target.find(pair.target);
        if (target == structures.target.end()) {
            collations.look_at(pair.source, source->second);
            continue;
        }
        compare_collations(findings, pair, source->second, target->second);
        compare_keys(findings, pair, source->second, target->second);
        compare_columns(findings, pair, source->second, target->second);
    }
    collations.report(findings);
    findings.finish();
    return item;
}

CheckItem check_online_ddl(const std::vector<model::TableName>& shadow_tables) {
    CheckItem item{.name = "online ddl checker", .about = "check if in online ddl phase"};
    for (const auto& table : shadow_tables) {
        item.add(CheckState::Fail,
                 fmt::format("a pt/ghost online-ddl is under way: its table {} exists, and the task would begin in the "
                             "middle of it",
                             table.quoted()),
                 fmt::format("wait until the schema change is over, or, if it was abandoned: DROP TABLE {};",
                             table.quoted()));
    }
    return item;
}

}  // namespace dm::precheck
