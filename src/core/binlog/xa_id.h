#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/binlog/event.h"

namespace dm::binlog {

/// A statement about an XA transaction as servers log it. `id` names the transaction in one form, whatever event it
/// came from: `x'<global id>',x'<branch>',<format>`, hexadecimal in lower case.
struct XaStatement {
    enum class Kind : std::uint8_t { Start, End, Commit, Rollback };
    Kind kind = Kind::Start;
    std::string id;
};

/// Nothing if it is another statement. Keywords may be in any case.
[[nodiscard]] std::optional<XaStatement> parse_xa_statement(std::string_view statement);

/// The id that an XA PREPARE carries. Throws Error{BinlogMalformed} if it is cut off.
[[nodiscard]] std::string xa_id(const XaPrepare& event);

}  // namespace dm::binlog
