#include "unit/precheck/prechecks.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/sql/lexer.h"
#include "unit/precheck/privilege_checks.h"
#include "unit/precheck/server_checks.h"
#include "unit/precheck/source_look.h"

namespace dm::precheck {
namespace {

/// Beyond this many sources there is enough to do at the same time without dividing each.
constexpr std::size_t kDivided = 4;

void one_by_one(std::size_t count, const std::function<void(std::size_t)>& work) {
    for (std::size_t i = 0; i < count; ++i) work(i);
}

std::string place_of(const config::DbConfig& database, std::string_view who) {
    return fmt::format("{} at {}", who, config::host_and_port(database.host, database.port));
}

/// Errors of work done at the same time, kept by who did it.
class Failures {
  public:
    explicit Failures(std::size_t count) : errors_(count) {}

    template <typename Work>
    void attempt(std::size_t i, const Work& work) {
        try {
            work();
        } catch (...) {
            errors_[i] = current_error();
        }
    }
    [[nodiscard]] const std::optional<Error>& at(std::size_t i) const { return errors_[i]; }

  private:
    std::vector<std::optional<Error>> errors_;
};

/// The target of the task under the eyes of the checks.
class TargetLook {
  public:
    TargetLook(const config::DbConfig& database, const Environment& environment)
        : database_(database), environment_(environment) {}

    void open() {
        session_ = environment_.connect(database_, ErrorScope::Downstream);
        facts_ = read_server_facts(*session_);
        collations_ = load_collations(*session_);
    }
    /// Names as the server spells them.
    [[nodiscard]] model::TableName spelled(const model::TableName& name) const {
        if (facts_.variable("lower_case_table_names") != "1") return name;
        return {sql::to_lower(name.schema), sql::to_lower(name.table)};
    }
    [[nodiscard]] bool takes_cases_for_one() const {
        const auto variable = facts_.variable("lower_case_table_names");
        return variable == "1" || variable == "2";
    }
    [[nodiscard]] TableMap structures(const std::vector<TablePair>& pairs, const RunAll& run_all) const {
        std::map<model::TableName, model::TableName> wanted;
        std::vector<model::TableName> names;
        for (const auto& pair : pairs)
            if (wanted.emplace(pair.target, spelled(pair.target)).second) names.push_back(spelled(pair.target));
        const TableMap found =
            load_table_facts([&] { return environment_.connect(database_, ErrorScope::Downstream); }, run_all, names);
        TableMap facts;
        for (const auto& [name, spelling] : wanted)
            if (const auto table = found.find(spelling); table != found.end()) facts.emplace(name, table->second);
        return facts;
    }
    [[nodiscard]] std::vector<CheckItem> look(const std::vector<config::SubTaskConfig>& subtasks,
                                              const IsWanted& is_wanted, bool makes_foreign_keys) {
        std::vector<CheckItem> items;
        if (is_wanted("target_privilege")) {
            items.push_back(guarded(check_target_privileges({}, false).without_findings(), [&] {
                return check_target_privileges(read_grants(*session_), makes_foreign_keys);
            }));
        }
        const bool has_load =
            config::copies_data(subtasks.front().mode) && subtasks.front().mode != config::TaskMode::Dump;
        if (has_load && is_wanted("conn_number")) {
            std::uint64_t needed = 0;
            for (const auto& subtask : subtasks) needed += static_cast<std::uint64_t>(subtask.load.pool_size) + 1;
            items.push_back(check_writer_connections(facts_, needed));
        }
        for (auto& item : items) item.where = address_of(database_);
        return items;
    }
    [[nodiscard]] const std::set<std::string>& collations() const noexcept { return collations_; }

  private:
    const config::DbConfig& database_;
    const Environment& environment_;
    std::unique_ptr<sql::SqlSession> session_;
    ServerFacts facts_;
    std::set<std::string> collations_;
};

/// Connects to everything at once; throws with all that cannot be reached.
void open_all(std::vector<SourceLook>& sources, TargetLook& target, const config::DbConfig& target_config,
              const Environment& environment) {
    Failures failures(sources.size() + 1);
    environment.run_all(sources.size() + 1, [&](std::size_t i) {
        failures.attempt(i, [&] { i < sources.size() ? sources[i].open(environment) : target.open(); });
    });
    std::vector<std::string> unreachable;
    for (std::size_t i = 0; i <= sources.size(); ++i) {
        const auto& error = failures.at(i);
        if (!error) continue;
        if (error->code() == ErrorCode::CheckRoutes) throw *error;
        const std::string place =
            i < sources.size() ? place_of(sources[i].subtask().from, "source " + sources[i].subtask().source_id.str())
                               : place_of(target_config, "the target");
        unreachable.push_back(fmt::format("{}: {}", place, error->what()));
    }
    if (unreachable.empty()) return;
    throw Error(ErrorCode::CheckOpenDb,
                fmt::format("fail to initialize checker: cannot open {}", fmt::join(unreachable, "; ")))
        .with_scope(failures.at(sources.size()) && unreachable.size() == 1 ? ErrorScope::Downstream
                                                                           : ErrorScope::Upstream);
}

/// What a task of rules that ignore case may not have in any target, other tasks in one that takes such names for one.
void refuse_targets_by_case(const std::vector<SourceLook>& sources, bool are_one) {
    std::map<model::TableName, model::TableName> seen;
    for (const auto& source : sources) {
        if (source.subtask().case_sensitive && !are_one) continue;
        for (const auto& pair : source.pairs()) {
            const model::TableName folded{sql::to_lower(pair.target.schema), sql::to_lower(pair.target.table)};
            const auto [known, is_new] = seen.emplace(folded, pair.target);
            ensure(is_new || known->second == pair.target, ErrorCode::CheckTargetsByCase,
                   fmt::format("fail to initialize checker: targets {} and {} differ in case only",
                               known->second.quoted(), pair.target.quoted()));
        }
    }
}

CheckItem lost_source(const config::SubTaskConfig& subtask, const Error& error) {
    CheckItem item{.name = "source db check", .about = "check whether the source answers"};
    item.add(CheckState::Fail, error.what());
    item.where = address_of(subtask.from);
    return item;
}

}  // namespace

std::vector<CheckItem> run_prechecks(const std::vector<config::SubTaskConfig>& subtasks, const Environment& environment,
                                     const IsWanted& is_wanted) {
    std::vector<SourceLook> sources;
    sources.reserve(subtasks.size());
    for (const auto& subtask : subtasks) sources.emplace_back(subtask);
    TargetLook target(subtasks.front().to, environment);
    open_all(sources, target, subtasks.front().to, environment);
    refuse_targets_by_case(sources, target.takes_cases_for_one());

    const RunAll divided = sources.size() > kDivided ? RunAll(one_by_one) : environment.run_all;
    std::vector<std::vector<CheckItem>> found(sources.size() + 1);
    environment.run_all(sources.size(), [&](std::size_t i) {
        Failures failure(1);
        failure.attempt(0, [&] {
            sources[i].look(environment, divided, is_wanted);
            if (is_wanted("table_schema"))
                sources[i].compare(target.structures(sources[i].pairs(), divided), target.collations());
        });
        found[i] = sources[i].take_items();
        if (failure.at(0)) found[i].push_back(lost_source(subtasks[i], *failure.at(0)));
    });
    // The last one, since it depends on the tables: foreign keys take a privilege more.
    found.back() = target.look(subtasks, is_wanted, std::ranges::any_of(sources, &SourceLook::has_foreign_keys));
    std::vector<CheckItem> items;
    for (auto& part : found) std::ranges::move(part, std::back_inserter(items));
    return items;
}

}  // namespace dm::precheck
