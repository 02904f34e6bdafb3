#pragma once

#include "core/config/fields.h"
#include "core/config/flags.h"

namespace dm::config {

/// The original leaves out lists that nobody has set.
[[nodiscard]] inline Node without_empty_lists(Node map) {
    std::erase_if(map.fields, [](const NodeField& field) {
        return field.second.kind == Node::Kind::List && field.second.items.empty();
    });
    return map;
}

/// Fills `config` from the file that the flags name, then from the flags. Problems noted by either are raised as they
/// are.
template <typename T>
void read_daemon_settings(T& config, const FlagValues& flags, const FileReader& read_file, const DaemonCodes& codes,
                          Warnings* warnings) {
    if (!flags.config_file.empty()) {
        ReadContext file;
        file.origin = {.file_name = flags.config_file, .syntax = codes.toml};
        file.unknown_key = codes.unknown_key;
        file.ignores_key_case = true;
        file.warnings = warnings;
        std::string text;
        try {
            text = read_file(flags.config_file);
        } catch (const Error& error) {
            throw Error(codes.toml, "cannot read the configuration file " + flags.config_file).with_cause(error);
        }
        read_document(file, parse_toml(text, file.origin), config);
        file.raise_any();
        config.config_file = flags.config_file;
    }
    const auto names = config.security.cert_allowed_cn;
    ReadContext line;
    line.origin = {.file_name = "command line", .syntax = codes.flags};
    line.unknown_key = codes.flags;
    line.warnings = warnings;
    config.security.cert_allowed_cn.clear();
    read_document(line, flags.settings, config);
    line.raise_any();
    config.security.cert_allowed_cn.insert(config.security.cert_allowed_cn.begin(), names.begin(), names.end());
}

}  // namespace dm::config
