#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <zlib.h>

#include "core/binlog/event.h"

namespace dm::binlog {

/// Hand-made events for tests.
inline void append_number(std::string& out, std::uint64_t number, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out += static_cast<char>(number >> (8 * i) & 0xffU);
}

struct EventParts {
    EventType type = EventType::Unknown;
    std::uint32_t log_pos = 0;
    std::uint16_t flags = 0;
    std::uint32_t timestamp = 1;
    bool has_checksum = true;
};

inline std::string make_event(const EventParts& parts, std::string_view body) {
    std::string event;
    append_number(event, parts.timestamp, 4);
    event += static_cast<char>(parts.type);
    append_number(event, 9, 4);
    append_number(event, 19 + body.size() + (parts.has_checksum ? 4 : 0), 4);
    append_number(event, parts.log_pos, 4);
    append_number(event, parts.flags, 2);
    event += body;
    if (parts.has_checksum)
        append_number(event, crc32_z(0, reinterpret_cast<const Bytef*>(event.data()), event.size()), 4);
    return event;
}

/// A format description; `algorithm` 1 is CRC32. It has a checksum field in any case.
inline std::string make_format(std::string_view version, std::uint8_t algorithm, std::uint16_t flags = 0) {
    std::string body;
    append_number(body, 4, 2);
    body += version;
    body.append(50 - version.size(), '\0');
    append_number(body, 0, 4);
    body += '\x13';
    body.append(42, '\0');
    body += static_cast<char>(algorithm);
    std::string event = make_event({.type = EventType::FormatDescription, .flags = 0}, body);
    event[17] = static_cast<char>(flags);  // after the checksum was made: it leaves the flag "in use" out
    return event;
}

inline std::string query_body(std::string_view statement, std::string_view status = {}) {
    std::string body;
    append_number(body, 1, 4);
    append_number(body, 0, 4);
    body += '\2';
    append_number(body, 0, 2);
    append_number(body, status.size(), 2);
    body += status;
    body += std::string_view("db\0", 3);
    body += statement;
    return body;
}

}  // namespace dm::binlog
