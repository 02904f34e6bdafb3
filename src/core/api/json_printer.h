#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Message;
}

namespace dm::api {

struct JsonStyle {
    int indent = 4;                ///< spaces per level
    bool are_proto_names = false;  ///< names as in the proto file instead of lowerCamelCase
};

/// The text of a message as the published clients print it: every field in the order of declaration, defaults too;
/// 64-bit integers quoted, enums by name, an unset message null, an unset oneof absent, an empty list on two lines,
/// no newline at the end. Fields numbered 101 and up are our additions and left out where they are not set.
/// Works by reflection, for any message. Pure.
/// Source: spec of dmctl's output, the jsonpb text form.
[[nodiscard]] std::string to_json(const google::protobuf::Message& message, const JsonStyle& style = {});

/// A quoted JSON string with that form's escapes.
[[nodiscard]] std::string quote_json(std::string_view text);

}  // namespace dm::api
