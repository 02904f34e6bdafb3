#include "unit/precheck/source_look.h"

#include <algorithm>

#include "core/config/dump_arguments.h"
#include "core/rules/online_ddl_names.h"
#include "core/sql/lexer.h"
#include "unit/precheck/server_checks.h"

namespace dm::precheck {
namespace {

template <typename Rules, typename Source>
Rules compile(const Source& source, bool is_case_sensitive, ErrorCode code) {
    try {
        return Rules(source, is_case_sensitive);
    } catch (const Error& error) {
        throw Error(code, "fail to initialize checker: " + error.message()).with_cause(error);
    }
}

bool copies_now(config::TaskMode mode) {
    return mode == config::TaskMode::Full || mode == config::TaskMode::All || mode == config::TaskMode::Dump;
}

/// Whether the text is a name and not a pattern.
bool is_name(std::string_view text) { return !text.starts_with('~') && text.find_first_of("*?[") == text.npos; }

bool has_place(const std::optional<config::MetaConfig>& meta, bool by_gtid) {
    return meta && (!meta->binlog_name.empty() || (by_gtid && !meta->binlog_gtid.empty()));
}

}  // namespace

SourceLook::SourceLook(const config::SubTaskConfig& subtask)
    : subtask_(subtask),
      filter_(compile<rules::TableFilter>(subtask.block_allow, subtask.case_sensitive, ErrorCode::CheckBlockAllow)),
      router_(compile<rules::TableRouter>(subtask.route_rules, subtask.case_sensitive, ErrorCode::CheckRoutes)) {}

void SourceLook::open(const Environment& environment) {
    session_ = environment.connect(subtask_.from, ErrorScope::Upstream);
    const rules::OnlineDdlNames online(subtask_.shadow_table_rules, subtask_.trash_table_rules);
    tables_ = list_tables(*session_, [&](const model::TableName& name) {
        const auto known = subtask_.online_ddl ? online.recognise(name.table) : rules::OnlineDdlName{};
        if (known.role == rules::OnlineDdlRole::Real) return filter_.accepts(name);
        if (known.role == rules::OnlineDdlRole::Shadow && filter_.accepts({name.schema, known.real_table}))
            shadow_tables_.push_back(name);
        return false;
    });
    try {
        for (const auto& table : tables_) pairs_.push_back({.source = table, .target = router_.route(table)});
    } catch (const Error& error) {
        throw Error(ErrorCode::CheckRoutes, "fail to initialize checker: " + error.message()).with_cause(error);
    }
}

template <typename Check>
void SourceLook::add(CheckItem blank, const Check& check) {
    items_.push_back(guarded(std::move(blank), check));
}

void SourceLook::look(const Environment& environment, const RunAll& run_all, const IsWanted& is_wanted) {
    facts_ = read_server_facts(*session_);
    if (is_wanted("version")) items_.push_back(check_version(facts_));
    if (config::replicates_changes(subtask_.mode)) look_at_binlog(is_wanted);
    if (is_wanted("table_schema") || is_wanted("dump_privilege")) load_structures(environment, run_all);
    look_at_account(is_wanted);
    if (copies_now(subtask_.mode)) look_at_copy(is_wanted);
    if (!copies_now(subtask_.mode) && !subtask_.use_relay && is_wanted("meta_position") &&
        has_place(subtask_.meta, subtask_.sync.enable_gtid)) {
        add({.name = "meta position check", .about = "check whether meta position is valid for db"}, [&] {
            environment.probe_position(subtask_);
            return CheckItem{.name = "meta position check", .about = "check whether meta position is valid for db"};
        });
        if (items_.back().state == CheckState::Fail)
            items_.back().instruction =
                "check that the position of `meta` is valid and not purged (SHOW BINARY LOGS), and that the account "
                "has "
                "REPLICATION SLAVE";
    }
}

void SourceLook::look_at_binlog(const IsWanted& is_wanted) {
    if (is_wanted("server_id")) items_.push_back(check_server_id(facts_));
    if (is_wanted("binlog_enable")) items_.push_back(check_binlog_enabled(facts_));
    if (is_wanted("binlog_format")) items_.push_back(check_binlog_format(facts_));
    if (is_wanted("binlog_row_image")) items_.push_back(check_binlog_row_image(facts_));
    if (is_wanted("binlog_db")) {
        std::set<std::string> schemas;
        for (const auto& table : tables_) schemas.insert(table.schema);
        add(check_binlog_filters({}, {}, true), [&] { return look_at_filters(schemas); });
    }
    if (subtask_.online_ddl && is_wanted("online_ddl")) items_.push_back(check_online_ddl(shadow_tables_));
}

CheckItem SourceLook::look_at_filters(const std::set<std::string>& schemas) {
    constexpr int kPrivilegeMissing = 1227;
    try {
        return check_binlog_filters(read_binlog_filters(*session_), schemas, subtask_.case_sensitive);
    } catch (const Error& error) {
        if (sql::server_error_of(error) != kPrivilegeMissing) throw;
        auto item = check_binlog_is_visible(check_binlog_filters({}, {}, true), read_grants(*session_));
        if (item.findings.empty()) throw;
        return item;
    }
}

void SourceLook::look_at_account(const IsWanted& is_wanted) {
    const bool wants_replication = config::replicates_changes(subtask_.mode) && is_wanted("replication_privilege");
    const bool wants_copy = copies_now(subtask_.mode) && is_wanted("dump_privilege");
    if (!wants_replication && !wants_copy) return;
    std::optional<AccountGrants> grants;
    const auto known = [&]() -> const AccountGrants& {
        if (!grants) grants = read_grants(*session_);
        return *grants;
    };
    if (wants_replication)
        add(check_replication_privileges({}).without_findings(), [&] { return check_replication_privileges(known()); });
    if (!wants_copy) return;
    std::vector<model::TableName> keyless;
    for (const auto& [name, table] : structures_.source)
        if (!table.has_row_key && facts_.version.flavor == model::Flavor::MySql) keyless.push_back(name);
    add(check_copy_privileges({}, {}).without_findings(), [&] {
        CopyNeeds needs{.tables = tables_, .locked_tables = keyless, .needs_lock = needs_lock()};
        needs.is_snapshot = subtask_.mode == config::TaskMode::Full &&
                            (facts_.variable("log_bin") == "OFF" || cannot_read_binlog(known()));
        if (needs.is_snapshot) needs.locked_tables = {};
        add_named(needs);
        return check_copy_privileges(known(), needs);
    });
}

/// What the block-allow list names, in the spelling of what was found.
void SourceLook::add_named(CopyNeeds& needs) const {
    const auto is_same = [&](const std::string& a, const std::string& b) {
        return subtask_.case_sensitive ? a == b : sql::equal_ignoring_case(a, b);
    };
    for (const auto& name : subtask_.block_allow.do_dbs) {
        if (!is_name(name) || !subtask_.block_allow.do_tables.empty()) continue;
        const auto seen = std::ranges::find_if(tables_, [&](const auto& table) { return is_same(table.schema, name); });
        needs.named_schemas.push_back(seen == tables_.end() ? name : seen->schema);
    }
    for (const auto& [schema, table] : subtask_.block_allow.do_tables) {
        if (!is_name(schema) || !is_name(table) || !filter_.accepts({schema, table})) continue;
        const bool is_seen = std::ranges::any_of(tables_, [&, s = schema, t = table](const auto& each) {
            return is_same(each.schema, s) && is_same(each.table, t);
        });
        if (!is_seen) needs.unseen_tables.push_back({schema, table});
    }
}

/// As the copy decides it: MySQL's position has to be read while nothing commits, unless GTIDs tell it.
bool SourceLook::needs_lock() const {
    if (facts_.version.flavor == model::Flavor::MariaDb) return false;
    return !subtask_.sync.enable_gtid || !facts_.version.is_at_least(5, 7) || facts_.variable("gtid_mode") != "ON";
}

void SourceLook::look_at_copy(const IsWanted& is_wanted) {
    if (!is_wanted("conn_number")) return;
    add(check_reader_connections({}, 0), [&] {
        config::DumpConfig dump = subtask_.dump;
        config::apply_extra_args(dump);
        constexpr std::uint64_t kBesides = 2;
        return check_reader_connections(facts_, static_cast<std::uint64_t>(std::max(dump.threads, 1)) + kBesides);
    });
}

void SourceLook::load_structures(const Environment& environment, const RunAll& run_all) {
    try {
        structures_.source = load_table_facts([&] { return environment.connect(subtask_.from, ErrorScope::Upstream); },
                                              run_all, tables_);
    } catch (const Error&) {
        structures_failure_ = std::current_exception();
    }
}

void SourceLook::compare(TableMap target, std::set<std::string> target_collations) {
    structures_.target = std::move(target);
    structures_.target_collations = std::move(target_collations);
    add(check_table_structures({}, {}).without_findings(), [&] {
        if (structures_failure_) std::rethrow_exception(structures_failure_);
        CheckItem item = check_table_structures(pairs_, structures_);
        if (copies_now(subtask_.mode)) return item;  // what is hidden is said beside the privileges of the copy
        CopyNeeds needs{.tables = tables_};
        add_named(needs);
        check_hidden_tables(item, read_grants(*session_), needs);
        return item;
    });
}

bool SourceLook::has_foreign_keys() const {
    return std::ranges::any_of(structures_.source, [](const auto& entry) { return entry.second.has_foreign_key; });
}

std::vector<CheckItem> SourceLook::take_items() {
    for (auto& item : items_) item.where = address_of(subtask_.from);
    return std::move(items_);
}

}  // namespace dm::precheck
