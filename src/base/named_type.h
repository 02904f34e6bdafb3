#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace dm {

/// A string (or number) that cannot be swapped for another by mistake: `using SourceId = NamedType<std::string, struct
/// SourceIdTag>`. A plain value; as thread-safe as T.
template <typename T, typename Tag>
class NamedType {
  public:
    NamedType() = default;
    explicit NamedType(T value) : value_(std::move(value)) {}

    [[nodiscard]] const T& str() const noexcept { return value_; }
    [[nodiscard]] const T& value() const noexcept { return value_; }
    [[nodiscard]] bool is_empty() const noexcept { return value_ == T{}; }
    auto operator<=>(const NamedType&) const = default;

  private:
    T value_{};
};

}  // namespace dm

template <typename T, typename Tag>
struct std::hash<dm::NamedType<T, Tag>> {
    std::size_t operator()(const dm::NamedType<T, Tag>& name) const noexcept { return std::hash<T>{}(name.value()); }
};
