#include "base/error.h"

#include <fmt/format.h>

namespace dm {

struct Error::Text {
    std::string message;
    std::string cause;
    std::string workaround;
    std::string raised_at;
    std::string full;
};

namespace {

std::string_view file_of(const std::source_location& where) {
    const std::string_view path = where.file_name();
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

Error::Error(ErrorCode code, std::string message, std::source_location where)
    : code_(code),
      class_(catalogue_entry(code).error_class),
      scope_(catalogue_entry(code).scope),
      retry_(catalogue_entry(code).retry) {
    rebuild({.message = std::move(message),
             .cause = {},
             .workaround = std::string(catalogue_entry(code).workaround),
             .raised_at = fmt::format("{}:{}", file_of(where), where.line()),
             .full = {}});
}

void Error::rebuild(Text text) {
    text.full = fmt::format("[code={}:class={}:scope={}:level={}]", static_cast<int>(code_), class_name(class_),
                            scope_name(scope_), level_name(entry().level));
    if (!text.message.empty()) text.full += ", Message: " + text.message;
    if (!text.cause.empty()) text.full += ", RawCause: " + text.cause;
    if (!text.workaround.empty()) text.full += ", Workaround: " + text.workaround;
    text_ = std::make_shared<const Text>(std::move(text));
}

const std::string& Error::message() const noexcept { return text_->message; }
const std::string& Error::raw_cause() const noexcept { return text_->cause; }
std::string_view Error::workaround() const noexcept { return text_->workaround; }
const std::string& Error::raised_at() const noexcept { return text_->raised_at; }
const char* Error::what() const noexcept { return text_->full.c_str(); }

Error Error::with_cause(std::string_view cause) const {
    Error copy = *this;
    Text text = *text_;
    text.cause = cause;
    copy.rebuild(std::move(text));
    return copy;
}

Error Error::with_cause(const Error& cause) const {
    return with_cause(cause.raw_cause().empty() ? cause.message() : cause.raw_cause());
}

Error Error::with_context(std::string_view context) const {
    Error copy = *this;
    Text text = *text_;
    text.message = fmt::format("{}: {}", context, text.message);
    copy.rebuild(std::move(text));
    return copy;
}

Error Error::with_class(ErrorClass error_class) const {
    Error copy = *this;
    copy.class_ = error_class;
    copy.rebuild(*text_);
    return copy;
}

Error Error::with_scope(ErrorScope scope) const {
    Error copy = *this;
    copy.scope_ = scope;
    copy.rebuild(*text_);
    return copy;
}

Error Error::with_retry(RetryClass retry) const {
    Error copy = *this;
    copy.retry_ = retry;
    return copy;
}

Error Error::with_workaround(std::string_view advice) const {
    Error copy = *this;
    Text text = *text_;
    text.workaround = advice;
    copy.rebuild(std::move(text));
    return copy;
}

Error current_error(ErrorCode fallback) noexcept {
    try {
        throw;
    } catch (const Error& error) {
        return error;
    } catch (const std::exception& other) {
        return Error(fallback, other.what());
    } catch (...) {
        return Error(fallback, "unknown exception");
    }
}

}  // namespace dm
