#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dm::ctl {

/// Writes JSON as the original does where no message is printed: four spaces per level, empty lists as "[]", keys in
/// the order they are added. Used by one thread.
class GoJson {
  public:
    void open_object(std::string_view key = {});
    void open_list(std::string_view key = {});
    /// Ends the object or list opened last.
    void close();
    void add(std::string_view key, std::string_view text);
    void add(std::string_view key, bool value);
    /// A string of a list.
    void add_item(std::string_view text);
    void add_null(std::string_view key);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    struct Level {
        char end;
        bool is_empty = true;
    };
    void begin_value(std::string_view key);
    void open(std::string_view key, char begin, char end);

    std::string text_;
    std::vector<Level> levels_;
};

}  // namespace dm::ctl
