#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/binlog/event.h"

/// Writes binlog files for tests: MySQL's events without checksums and GTIDs, rows of INT columns.
namespace dm::sync::testing {

using IntRow = std::vector<std::optional<std::int32_t>>;

class BinlogScript {
  public:
    BinlogScript() {
        bytes_ = "\xfe\x62\x69\x6e";
        std::string body;
        number(body, 4, 2);
        std::string version = "8.0.36";
        version.resize(50, '\0');
        body += version;
        number(body, 0, 4);
        body += '\x13';
        body.append(41, '\x08');
        body[body.size() - 41 + 18] = '\x08';  // table map: 8 bytes before its body
        for (const std::size_t type : {30U, 31U, 32U}) body[57 + type - 1] = '\x0a';
        body += '\0';  // no checksums
        body.append(4, '\0');
        event(binlog::EventType::FormatDescription, body);
    }

    /// `collation`: number of the client's, if the event is to tell.
    void statement(std::string_view text, std::optional<std::uint16_t> collation = std::nullopt) {
        std::string status;
        if (collation) {
            status += '\4';
            for (int i = 0; i < 3; ++i) number(status, *collation, 2);
        }
        std::string body;
        number(body, 1, 4);
        number(body, 0, 4);
        body += '\1';
        number(body, 0, 2);
        number(body, status.size(), 2);
        body += status;
        body += 's';
        body += '\0';
        body += text;
        event(binlog::EventType::Query, body);
    }
    void begin() { statement("BEGIN"); }
    /// Of the transaction that follows, by the server 3e11fa47-71ca-11e1-9e33-c80aa9429562.
    void gtid(std::uint64_t transaction) {
        std::string body = "\1" + uuid();
        number(body, transaction, 8);
        event(binlog::EventType::Gtid, body);
    }
    void commit() {
        std::string body;
        number(body, ++transactions_, 8);
        event(binlog::EventType::Xid, body);
    }
    /// "XA START" or another statement about the transaction called `id`, one letter.
    void xa(std::string_view verb, char id) {
        statement(std::string("XA ") + std::string(verb) + " X'" + hex(id) + "',X'',1");
    }
    void xa_prepare(char id, bool is_one_phase = false) {
        xa("END", id);
        std::string body(1, is_one_phase ? '\1' : '\0');
        number(body, 1, 4);
        number(body, 1, 4);
        number(body, 0, 4);
        body += id;
        event(binlog::EventType::XaPrepare, body);
    }
    void insert(const IntRow& row) { rows(binlog::EventType::WriteRowsV2, row.size(), image(row)); }
    void remove(const IntRow& row) { rows(binlog::EventType::DeleteRowsV2, row.size(), image(row)); }
    void update(const IntRow& before, const IntRow& after) {
        rows(binlog::EventType::UpdateRowsV2, before.size(), image(before) + image(after), 2);
    }

    /// As MariaDB 11.8 logs them where the columns at the end are generated: there are `columns`, the images have
    /// fewer.
    void update_part(std::size_t columns, const IntRow& before, const IntRow& after) {
        rows(binlog::EventType::UpdateRowsV2, columns, image(before) + image(after), 2, before.size());
    }
    void remove_part(std::size_t columns, const IntRow& row) {
        rows(binlog::EventType::DeleteRowsV2, columns, image(row), 1, row.size());
    }

    /// What a server with GTIDs begins a file with: 1 to `last` of 3e11fa47-71ca-11e1-9e33-c80aa9429562.
    void previous_gtids(std::uint64_t last) {
        std::string body;
        number(body, 1, 8);
        body += uuid();
        number(body, 1, 8);
        number(body, 1, 8);
        number(body, last + 1, 8);
        event(binlog::EventType::PreviousGtids, body);
    }

    /// Several rows by one statement.
    void insert_all(const std::vector<IntRow>& rows_of_event) {
        std::string images;
        for (const IntRow& row : rows_of_event) images += image(row);
        rows(binlog::EventType::WriteRowsV2, rows_of_event.front().size(), images);
    }
    /// Before and after images in turn.
    void update_all(const std::vector<IntRow>& images_of_event) {
        std::string images;
        for (const IntRow& row : images_of_event) images += image(row);
        rows(binlog::EventType::UpdateRowsV2, images_of_event.front().size(), images, 2);
    }

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] std::uint64_t offset() const { return bytes_.size(); }

  private:
    static std::string uuid() { return "\x3e\x11\xfa\x47\x71\xca\x11\xe1\x9e\x33\xc8\x0a\xa9\x42\x95\x62"; }
    static std::string hex(char c) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        return {kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    }
    static void number(std::string& out, std::uint64_t value, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
    }
    static std::string image(const IntRow& row) {
        std::string nulls((row.size() + 7) / 8, '\0');
        std::string values;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (row[i]) {
                number(values, static_cast<std::uint32_t>(*row[i]), 4);
            } else {
                nulls[i / 8] = static_cast<char>(nulls[i / 8] | (1 << (i % 8)));
            }
        }
        return nulls + values;
    }
    void event(binlog::EventType type, std::string_view body) {
        std::string out;
        number(out, 1'700'000'000 + transactions_, 4);
        out += static_cast<char>(type);
        number(out, 1, 4);
        number(out, 19 + body.size(), 4);
        number(out, bytes_.size() + 19 + body.size(), 4);
        number(out, 0, 2);
        bytes_ += out;
        bytes_ += body;
    }
    /// The images have the first `present` columns.
    void rows(binlog::EventType type, std::size_t columns, const std::string& images, int bitmaps = 1,
              std::size_t present = 64) {
        std::string map;
        number(map, 17, 6);
        number(map, 1, 2);
        map += std::string_view("\1s\0\1t\0", 6);
        map += static_cast<char>(columns);
        map.append(columns, '\3');
        map += '\0';
        map += '\x7';
        event(binlog::EventType::TableMap, map);
        std::string body;
        number(body, 17, 6);
        number(body, 1, 2);
        number(body, 2, 2);
        body += static_cast<char>(columns);
        const std::uint64_t bits = present >= 64 ? ~0ULL : (1ULL << present) - 1;
        for (int i = 0; i < bitmaps; ++i) number(body, bits, (columns + 7) / 8);
        body += images;
        event(type, body);
    }

    std::string bytes_;
    std::uint64_t transactions_ = 0;
};

}  // namespace dm::sync::testing
