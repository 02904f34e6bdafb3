#include <algorithm>

#include "app/ctl/command_spec.h"
#include "app/ctl/commands.h"

namespace dm::ctl {
namespace {

constexpr std::size_t kMany = 1'000'000;

const FlagSpec kOutput{.name = "output",
                       .kind = FlagKind::Text,
                       .otherwise = "json",
                       .help = "json, or table for people",
                       .choices = {"json", "table"}};
const FlagSpec kBatchSize{.name = "batch-size",
                          .kind = FlagKind::Number,
                          .otherwise = "5",
                          .help = "subtasks operated at once if no task is named"};
const FlagSpec kStartTime{.name = "start-time", .kind = FlagKind::Text, .help = "where to start: 2021-10-21T00:01:00"};
const FlagSpec kPath{
    .name = "path", .letter = 'p', .kind = FlagKind::Text, .help = "file or folder to write to or read from"};

constexpr std::string_view kRelay = "relay logs are not part of this version; the worker reads the upstream directly";
constexpr std::string_view kShardLocks = "merging of shards, and with it shard DDL locks, is not part of this version";
constexpr std::string_view kBinlogOps = "skipping, replacing and injecting binlog events is not part of this version";
constexpr std::string_view kSchemaOps = "looking at and changing tracked table structures is not part of this version";
constexpr std::string_view kValidation = "continuous validation is not part of this version";
constexpr std::string_view kUpdate =
    "updating in place is not part of this version: stop, then create or start with the new file";

CommandSpec missing(std::string_view name, std::string_view summary, std::string_view why, bool is_hidden = false) {
    return {.name = name, .summary = summary, .max_arguments = kMany, .missing_feature = why, .is_hidden = is_hidden};
}

CommandSpec group(std::string_view name, std::string_view summary, std::vector<CommandSpec> children) {
    return {.name = name,
            .summary = summary,
            .max_arguments = kMany,
            .children = std::move(children),
            .needs_master = false};
}

std::vector<CommandSpec> task_commands() {
    return {
        {.name = "start-task",
         .form = "[-s source ...] [--remove-meta] <config-file>",
         .summary = "Starts a task as defined in the configuration file",
         .example = "dmctl --master-addr 127.0.0.1:8261 start-task task.yaml",
         .min_arguments = 1,
         .max_arguments = 1,
         .flags = {{.name = "remove-meta",
                    .help = "start from nothing: drop what an earlier task of this name has left"},
                   kStartTime},
         .run = run_start_task},
        {.name = "stop-task",
         .form = "[-s source ...] [task-name | task-file]",
         .summary = "Stops a task and forgets it; what was migrated stays",
         .example = "dmctl --master-addr 127.0.0.1:8261 stop-task my-task",
         .max_arguments = 1,
         .flags = {kBatchSize},
         .run = run_stop_task},
        {.name = "pause-task",
         .form = "[-s source ...] [task-name | task-file]",
         .summary = "Pauses a running task",
         .example = "dmctl --master-addr 127.0.0.1:8261 pause-task my-task",
         .max_arguments = 1,
         .flags = {kBatchSize},
         .run = run_pause_task},
        {.name = "resume-task",
         .form = "[-s source ...] [task-name | task-file]",
         .summary = "Resumes a paused task",
         .example = "dmctl --master-addr 127.0.0.1:8261 resume-task my-task",
         .max_arguments = 1,
         .flags = {kBatchSize},
         .run = run_resume_task},
        {.name = "check-task",
         .form = "<config-file> [--error count] [--warn count]",
         .summary = "Checks a task file and its servers without starting",
         .example = "dmctl --master-addr 127.0.0.1:8261 check-task task.yaml",
         .min_arguments = 1,
         .max_arguments = 1,
         .flags =
             {{.name = "error", .letter = 'e', .kind = FlagKind::Number, .otherwise = "10", .help = "errors to show"},
              {.name = "warn", .letter = 'w', .kind = FlagKind::Number, .otherwise = "10", .help = "warnings to show"},
              kStartTime},
         .run = run_check_task},
        {.name = "query-status",
         .form = "[-s source ...] [task-name | task-file] [--more]",
         .summary = "Shows what tasks are doing",
         .example = "dmctl --master-addr 127.0.0.1:8261 query-status my-task",
         .max_arguments = 1,
         .flags = {{.name = "more", .help = "everything about every task"},
                   kOutput,
                   {.name = "watch", .help = "on a terminal, draw progress, rates and lag every second"}},
         .run = run_query_status},
    };
}

std::vector<CommandSpec> source_and_member_commands() {
    return {
        {.name = "operate-source",
         .form = "<operate-type> [config-file ...] [-w worker] [--print-sample-config]",
         .summary = "create, stop or show upstream sources",
         .example = "dmctl --master-addr 127.0.0.1:8261 operate-source create source.yaml",
         .max_arguments = kMany,
         .flags =
             {{.name = "print-sample-config", .letter = 'p', .help = "print a source file to start from"},
              {.name = "worker", .letter = 'w', .kind = FlagKind::Text, .help = "bind the new source to this worker"}},
         .run = run_operate_source},
        {.name = "transfer-source",
         .form = "<source-id> <worker-id>",
         .summary = "Moves a source to a free worker",
         .example = "dmctl --master-addr 127.0.0.1:8261 transfer-source mysql-replica-01 worker-2",
         .min_arguments = 2,
         .max_arguments = 2,
         .run = run_transfer_source},
        {.name = "list-member",
         .form = "[--leader] [--master] [--worker] [--name master-name/worker-name ...]",
         .summary = "Lists masters and workers",
         .example = "dmctl --master-addr 127.0.0.1:8261 list-member --worker",
         .flags = {{.name = "leader", .letter = 'l', .help = "show the leader"},
                   {.name = "master", .letter = 'm', .help = "show the masters"},
                   {.name = "worker", .letter = 'w', .help = "show the workers"},
                   {.name = "name", .letter = 'n', .kind = FlagKind::List, .help = "only members of these names"},
                   kOutput},
         .run = run_list_member},
        {.name = "offline-member",
         .form = "<--master/--worker> <--name master-name/worker-name>",
         .summary = "Takes a stopped member out of the cluster",
         .example = "dmctl --master-addr 127.0.0.1:8261 offline-member --worker --name worker-1",
         .flags = {{.name = "master", .letter = 'm', .help = "the member is a master"},
                   {.name = "worker", .letter = 'w', .help = "the member is a worker"},
                   {.name = "name", .letter = 'n', .kind = FlagKind::Text, .help = "the member's name"}},
         .run = run_offline_member},
        {.name = "operate-leader",
         .form = "<operate-type>",
         .summary = "evict the contacted master from leadership, or cancel-evict",
         .example = "dmctl --master-addr 127.0.0.1:8261 operate-leader evict",
         .min_arguments = 1,
         .max_arguments = 1,
         .run = run_operate_leader},
    };
}

CommandSpec config_show(std::string_view name, std::string_view summary, std::string_view example,
                        int (*run)(Invocation&)) {
    return {.name = name,
            .form = "<name>",
            .summary = summary,
            .example = example,
            .min_arguments = 1,
            .max_arguments = 1,
            .flags = {kPath},
            .run = run,
            .on_wrong_count = Wrong::Help};
}

std::vector<CommandSpec> config_commands() {
    const FlagSpec folder{.name = "dir",
                          .letter = 'd',
                          .kind = FlagKind::Text,
                          .otherwise = "configs",
                          .help = "folder",
                          .is_hidden = true};
    auto task = config_show("task", "Shows a task's configuration",
                            "dmctl --master-addr 127.0.0.1:8261 config task my-task", run_config_task);
    auto source = config_show("source", "Shows a source's configuration",
                              "dmctl --master-addr 127.0.0.1:8261 config source mysql-replica-01", run_config_source);
    task.children = {missing("update", "Changes a task's configuration", kUpdate, true)};
    source.children = {missing("update", "Changes a source's configuration", kUpdate, true)};
    return {
        group("config", "Shows, exports and imports configurations",
              {task,
               source,
               config_show("master", "Shows a master's configuration",
                           "dmctl --master-addr 127.0.0.1:8261 config master dm-master-1", run_config_master),
               config_show("worker", "Shows a worker's configuration",
                           "dmctl --master-addr 127.0.0.1:8261 config worker worker-1", run_config_worker),
               config_show("task-template", "Shows a task template",
                           "dmctl --master-addr 127.0.0.1:8261 config task-template my-task", run_config_template),
               {.name = "export",
                .form = "[--path folder]",
                .summary = "Writes every source and task into files",
                .example = "dmctl --master-addr 127.0.0.1:8261 config export --path configs",
                .flags = {kPath, folder},
                .run = run_config_export,
                .on_wrong_count = Wrong::Help},
               {.name = "import",
                .form = "[--path folder]",
                .summary = "Creates the sources and starts the tasks of an export",
                .example = "dmctl --master-addr 127.0.0.1:8261 config import --path configs",
                .flags = {kPath, folder},
                .run = run_config_import,
                .on_wrong_count = Wrong::Help}}),
        {.name = "get-config",
         .form = "<task | master | worker | source> <name> [--file filename]",
         .summary = "Shows a configuration",
         .example = "dmctl --master-addr 127.0.0.1:8261 get-config task my-task",
         .min_arguments = 2,
         .max_arguments = 2,
         .flags = {{.name = "file", .letter = 'f', .kind = FlagKind::Text, .help = "file to write to"}},
         .run = run_get_config,
         .is_hidden = true},
        {.name = "get-task-config",
         .form = "<task-name | task-file> [--file filename]",
         .summary = "Shows a task's configuration",
         .example = "dmctl --master-addr 127.0.0.1:8261 get-task-config my-task",
         .min_arguments = 1,
         .max_arguments = 1,
         .flags = {{.name = "file", .letter = 'f', .kind = FlagKind::Text, .help = "file to write to"}},
         .run = run_get_task_config,
         .is_hidden = true},
        {.name = "encrypt",
         .form = "<plain-text>",
         .summary = "Encrypts a password for use in configuration files",
         .example = "dmctl --master-addr 127.0.0.1:8261 encrypt my-password",
         .min_arguments = 1,
         .max_arguments = 1,
         .run = run_encrypt,
         .on_wrong_count = Wrong::Help},
    };
}

std::vector<CommandSpec> missing_commands() {
    auto locks = missing("shard-ddl-lock", "Shows or unlocks shard DDL locks", kShardLocks);
    locks.children = {missing("unlock", "Unlocks a shard DDL lock", kShardLocks)};
    return {
        missing("start-relay", "Starts the relay log of a source", kRelay),
        missing("stop-relay", "Stops the relay log of a source", kRelay),
        missing("pause-relay", "Pauses the relay log of sources", kRelay),
        missing("resume-relay", "Resumes the relay log of sources", kRelay),
        missing("purge-relay", "Removes relay log files", kRelay),
        locks,
        missing("show-ddl-locks", "Shows shard DDL locks", kShardLocks, true),
        missing("unlock-ddl-lock", "Unlocks a shard DDL lock", kShardLocks, true),
        group("binlog", "Deals with a binlog event that cannot be applied",
              {missing("skip", "Drops the event", kBinlogOps), missing("replace", "Uses other statements", kBinlogOps),
               missing("inject", "Runs statements before the event", kBinlogOps),
               missing("revert", "Takes back an operation", kBinlogOps),
               missing("list", "Lists operations", kBinlogOps)}),
        missing("handle-error", "Deals with a binlog event that cannot be applied", kBinlogOps, true),
        group("binlog-schema", "Shows and changes the table structures that a task tracks",
              {missing("list", "Shows a structure", kSchemaOps), missing("update", "Sets a structure", kSchemaOps),
               missing("delete", "Forgets a structure", kSchemaOps)}),
        missing("operate-schema", "Shows and changes tracked table structures", kSchemaOps, true),
        group("validation", "Compares both sides continuously",
              {missing("start", "Starts validation", kValidation), missing("stop", "Stops validation", kValidation),
               missing("update", "Sets the cut-over point", kValidation),
               missing("status", "Shows the progress", kValidation),
               missing("show-error", "Shows rows that differ", kValidation),
               missing("ignore-error", "Ignores a difference", kValidation),
               missing("resolve-error", "Marks a difference as resolved", kValidation),
               missing("clear-error", "Forgets differences", kValidation)}),
    };
}

CommandSpec make_tree() {
    std::vector<CommandSpec> all;
    for (auto part : {task_commands(), source_and_member_commands(), config_commands(), missing_commands()}) {
        std::ranges::move(part, std::back_inserter(all));
    }
    std::ranges::sort(all, {}, &CommandSpec::name);
    CommandSpec root = group("dmctl", "dmctl, the command line of Data Migration", std::move(all));
    root.flags = {
        {.name = "master-addr", .kind = FlagKind::Text, .help = "host:port of dm-masters; else $DM_MASTER_ADDR"},
        {.name = "config", .kind = FlagKind::Text, .help = "TOML file with these options"},
        {.name = "rpc-timeout", .kind = FlagKind::Text, .otherwise = "10m", .help = "limit of one call"},
        {.name = "ssl-ca", .kind = FlagKind::Text, .help = "CA certificates"},
        {.name = "ssl-cert", .kind = FlagKind::Text, .help = "certificate"},
        {.name = "ssl-key", .kind = FlagKind::Text, .help = "key of the certificate"},
        {.name = "version", .letter = 'V', .help = "print the version"}};
    return root;
}

}  // namespace

const CommandSpec* CommandSpec::find_child(std::string_view child) const {
    const auto found = std::ranges::find(children, child, &CommandSpec::name);
    return found == children.end() ? nullptr : &*found;
}

const CommandSpec& command_tree() {
    static const CommandSpec tree = make_tree();
    return tree;
}

const std::vector<FlagSpec>& common_flags() {
    static const std::vector<FlagSpec> flags = {{.name = "help", .letter = 'h', .help = "help for the command"},
                                                {.name = "source",
                                                 .letter = 's',
                                                 .kind = FlagKind::List,
                                                 .help = "source ids, separated by commas or repeated"}};
    return flags;
}

}  // namespace dm::ctl
