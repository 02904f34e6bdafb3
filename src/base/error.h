#pragma once

#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "base/error_catalogue.h"

namespace dm {

/// The one exception type. A copyable value: catalogue code, message, innermost cause and the place it was raised.
/// Copies share immutable text, so copying does not throw. Safe to send between threads.
/// The message says what is wrong, where, and, if the catalogue has no fixed advice, what to do. It holds no passwords.
class Error : public std::exception {
  public:
    Error(ErrorCode code, std::string message, std::source_location where = std::source_location::current());

    [[nodiscard]] ErrorCode code() const noexcept { return code_; }
    [[nodiscard]] const ErrorEntry& entry() const noexcept { return catalogue_entry(code_); }
    [[nodiscard]] const std::string& message() const noexcept;
    /// Text of the innermost cause; empty if there is none.
    [[nodiscard]] const std::string& raw_cause() const noexcept;
    /// Part of the system that is told of; differs from the catalogue's where with_class has changed it.
    [[nodiscard]] ErrorClass error_class() const noexcept { return class_; }
    [[nodiscard]] ErrorScope scope() const noexcept { return scope_; }
    [[nodiscard]] RetryClass retry_class() const noexcept { return retry_; }
    [[nodiscard]] std::string_view workaround() const noexcept;
    /// "file.cc:12" of the place that raised it; for the log only.
    [[nodiscard]] const std::string& raised_at() const noexcept;

    /// The printed form: "[code=N:class=C:scope=S:level=L], Message: M, RawCause: R, Workaround: W" without empty
    /// parts.
    [[nodiscard]] const char* what() const noexcept override;

    /// Copies with one thing changed. A cause that has a cause of its own passes the innermost one on.
    [[nodiscard]] Error with_cause(std::string_view cause) const;
    [[nodiscard]] Error with_cause(const Error& cause) const;
    [[nodiscard]] Error with_context(std::string_view context) const;  ///< "context: " before the message
    [[nodiscard]] Error with_class(
        ErrorClass error_class) const;                       ///< who tells of it, where that is not the code's class
    [[nodiscard]] Error with_scope(ErrorScope scope) const;  ///< whose server it was, where the code leaves it open
    [[nodiscard]] Error with_retry(RetryClass retry) const;  ///< where the server's error number decides
    [[nodiscard]] Error with_workaround(std::string_view advice) const;

  private:
    struct Text;
    void rebuild(Text text);

    ErrorCode code_;
    ErrorClass class_;
    ErrorScope scope_;
    RetryClass retry_;
    std::shared_ptr<const Text> text_;
};

/// Throws Error{code, message} unless `condition` holds. For input, not for our own mistakes (`assert`).
inline void ensure(bool condition, ErrorCode code, std::string_view message,
                   std::source_location where = std::source_location::current()) {
    if (!condition) throw Error(code, std::string(message), where);
}

/// The same for hot paths: `message` is a function that makes the text, called only if it is needed.
template <typename Message>
    requires std::is_invocable_r_v<std::string, Message>
void ensure(bool condition, ErrorCode code, const Message& message,
            std::source_location where = std::source_location::current()) {
    if (!condition) [[unlikely]]
        throw Error(code, message(), where);
}

/// The Error inside the exception being handled; any other exception becomes `fallback` with its text as the message.
/// Call only inside a catch block.
[[nodiscard]] Error current_error(ErrorCode fallback = ErrorCode::NotSet) noexcept;

}  // namespace dm
