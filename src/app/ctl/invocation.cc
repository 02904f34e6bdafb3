#include "app/ctl/invocation.h"

#include <charconv>

namespace dm::ctl {

bool FlagValues::is_on(const std::string& name) const { return text(name) == "true"; }

std::string FlagValues::text(const std::string& name, std::string_view otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() || found->second.empty() ? std::string(otherwise) : found->second.back();
}

std::int64_t FlagValues::number(const std::string& name, std::int64_t otherwise) const {
    const std::string value = text(name);
    std::int64_t number = otherwise;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
}

std::vector<std::string> FlagValues::list(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace dm::ctl
