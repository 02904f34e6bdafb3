#include "app/ctl/go_json.h"

#include "core/api/json_printer.h"

namespace dm::ctl {
namespace {

constexpr std::size_t kIndent = 4;

}  // namespace

void GoJson::open_object(std::string_view key) { open(key, '{', '}'); }
void GoJson::open_list(std::string_view key) { open(key, '[', ']'); }

void GoJson::open(std::string_view key, char begin, char end) {
    begin_value(key);
    text_ += begin;
    levels_.push_back({.end = end});
}

void GoJson::close() {
    const Level level = levels_.back();
    levels_.pop_back();
    if (!level.is_empty) text_ += "\n" + std::string(levels_.size() * kIndent, ' ');
    text_ += level.end;
}

void GoJson::begin_value(std::string_view key) {
    if (!levels_.empty()) {
        text_ += levels_.back().is_empty ? "\n" : ",\n";
        levels_.back().is_empty = false;
        text_ += std::string(levels_.size() * kIndent, ' ');
    }
    if (!key.empty()) text_ += api::quote_json(key) + ": ";
}

void GoJson::add(std::string_view key, std::string_view text) {
    begin_value(key);
    text_ += api::quote_json(text);
}

void GoJson::add(std::string_view key, bool value) {
    begin_value(key);
    text_ += value ? "true" : "false";
}

void GoJson::add_item(std::string_view text) { add({}, text); }

void GoJson::add_null(std::string_view key) {
    begin_value(key);
    text_ += "null";
}

}  // namespace dm::ctl
