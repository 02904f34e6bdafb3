#pragma once

#include <string>
#include <string_view>

#include "core/model/value.h"

namespace dm::sql {

/// Appends `value` as a literal that every supported server reads the same under any sql_mode but NO_BACKSLASH_ESCAPES,
/// which our sessions switch off: NULL, digits, shortest round-trip floats, 'escaped text', x'hex' bytes.
/// An infinite or NaN float throws Error{DbUnexpected}: SQL has no literal for it.
void append_literal(std::string& out, const model::Value& value);

/// Appends 'text' with quote, backslash, zero, newline, return and Ctrl-Z escaped.
void append_quoted(std::string& out, std::string_view text);

/// Appends x'...' ('' for no bytes).
void append_hex(std::string& out, std::string_view bytes);

/// Appends '[1,2.5]' for a vector's bytes, its elements as 4-byte little-endian floats, each in the shortest form that
/// reads back the same. TiDB takes vectors as text only. What is no list of finite floats throws Error{DbUnexpected}.
void append_vector_text(std::string& out, std::string_view bytes);

/// Appends `name` in back quotes.
void append_identifier(std::string& out, std::string_view name);

}  // namespace dm::sql
