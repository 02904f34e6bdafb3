#include "core/binlog/event_dump.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <zlib.h>

#include "core/binlog/event_decoder.h"
#include "core/binlog/memory_event_source.h"
#include "core/binlog/payload_reader.h"
#include "core/binlog/row_decoder.h"
#include "core/binlog/stream_position.h"

namespace dm::binlog {
namespace {

using model::Value;
using model::ValueKind;

constexpr std::size_t kStatementChars = 120;

void append_hex(std::string_view bytes, std::string& out) {
    for (const char c : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
}

/// Text with quotes, control characters and back slashes escaped.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') {
            (out += '\\') += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out += '\'';
}

template <typename Number>
void append_field(std::string& out, std::string_view name, const std::optional<Number>& value) {
    if (value) fmt::format_to(std::back_inserter(out), " {}={}", name, *value);
}

void append_flag(std::string& out, std::string_view name, bool value) {
    if (value) (out += ' ') += name;
}

/// One overload per body; the visitor fails to compile if one is missing.
struct BodyPrinter {
    std::string& out;

    template <typename... Parts>
    void print(fmt::format_string<Parts...> format, Parts&&... parts) const {
        fmt::format_to(std::back_inserter(out), format, std::forward<Parts>(parts)...);
    }

    void operator()(const FormatDescription& e) const {
        print(" version={} checksum={} lengths=", e.server_version,
              e.checksum == ChecksumAlgorithm::Crc32 ? "crc32" : "none");
        for (const auto length : e.post_header_lengths) print("{:02x}", length);
    }
    void operator()(const Rotate& e) const {
        print(" next={} position={}", e.next_file, e.position);
        append_flag(out, "fake", e.is_fake);
    }
    void operator()(const Query& e) const {
        print(" schema={} error={}", quoted(e.default_schema), e.error_code);
        append_field(out, "flags", e.execution_flags);
        append_field(out, "sql_mode", e.sql_mode);
        if (!e.time_zone.empty()) print(" time_zone={}", e.time_zone);
        append_field(out, "client", e.client_collation);
        append_field(out, "connection", e.connection_collation);
        append_field(out, "server", e.server_collation);
        append_field(out, "database", e.database_collation);
        append_field(out, "utf8mb4", e.utf8mb4_collation);
        for (const auto& [of_charset, collation] : e.charset_collations)
            print(" collations={}:{}", of_charset, collation);
        append_field(out, "step", e.auto_increment_step);
        append_field(out, "offset", e.auto_increment_offset);
        append_field(out, "explicit_timestamp", e.is_explicit_timestamp_default);
        append_field(out, "ddl_xid", e.ddl_xid);
        print(" us={} {}", e.microseconds, quoted(e.statement.substr(0, kStatementChars)));
    }
    void operator()(const Xid& e) const { print(" xid={}", e.number); }
    void operator()(const XaPrepare& e) const { print(" one_phase={} xid={}", e.is_one_phase, quoted(e.xid)); }
    void operator()(const GtidEvent& e) const {
        if (e.is_anonymous) print(" anonymous");
        print(
            " gtid={} committed={} sequence={} immediate_us={} original_us={} length={} immediate_version={} "
            "original_version={}",
            model::gtid_text(e.gtid), e.last_committed, e.sequence_number, e.immediate_commit_us, e.original_commit_us,
            e.transaction_length, e.immediate_server_version, e.original_server_version);
    }
    void operator()(const MariaDbGtidEvent& e) const {
        print(" gtid={} flags={:#x} extra={:#x} commit_id={}", model::gtid_text(e.gtid), e.flags, e.extra_flags,
              e.commit_id);
        append_flag(out, "standalone", e.is_standalone);
        append_flag(out, "transactional", e.is_transactional);
        append_flag(out, "ddl", e.is_ddl);
        append_flag(out, "xa_prepare", e.is_xa_prepare);
        append_flag(out, "xa_complete", e.is_xa_complete);
        append_flag(out, "start_alter", e.is_start_alter);
        append_flag(out, "commit_alter", e.is_commit_alter);
        append_flag(out, "rollback_alter", e.is_rollback_alter);
        if (e.start_alter_sequence != 0) print(" start_alter_sequence={}", e.start_alter_sequence);
    }
    void operator()(const PreviousGtids& e) const { print(" set={}", e.set.to_string()); }
    void operator()(const MariaDbGtidList& e) const { print(" flags={} set={}", e.flags, e.set.to_string()); }
    void operator()(const TableMapEvent& e) const {
        print(" id={} table={} flags={}", e.table_id, e.table->name.quoted(), e.table->flags);
        for (const TableMapColumn& column : e.table->columns) operator()(column);
        for (std::size_t i = 0; i < e.table->primary_key.size(); ++i) {
            print("{}{}/{}", i == 0 ? "\n    key " : ", ", e.table->primary_key[i], e.table->primary_key_prefix[i]);
        }
    }
    void operator()(const TableMapColumn& column) const {
        print("\n    {} {}({})", column.name.empty() ? "?" : column.name, wire_type_name(column.type), column.metadata);
        append_flag(out, "null", column.is_nullable);
        append_flag(out, "unsigned", column.is_unsigned);
        append_flag(out, "invisible", !column.is_visible);
        if (column.collation != 0) print(" collation={}", column.collation);
        if (column.geometry_type != 0) print(" geometry={}", column.geometry_type);
        if (column.vector_dimensions != 0) print(" dimensions={}", column.vector_dimensions);
        for (const std::string& element : column.elements) print(" {}", quoted(element));
    }
    void operator()(const RowsEvent& e) const {
        print(" id={} flags={} columns={} bytes={}", e.table_id, e.flags, e.column_count, e.rows.size());
        append_flag(out, "statement_end", e.is_statement_end);
        append_flag(out, "partial_json", e.is_partial_json);
        for (const std::size_t column : e.missing_columns()) print(" missing={}", column);
    }
    void operator()(const Heartbeat& e) const { print(" file={} position={}", e.file, e.position); }
    void operator()(const TransactionPayload& e) const {
        print(" compression={} bytes={} uncompressed={}", static_cast<int>(e.compression), e.payload.size(),
              e.uncompressed_size);
    }
    void operator()(const RowsQuery& e) const { print(" {}", quoted(e.statement.substr(0, kStatementChars))); }
    void operator()(const Intvar& e) const { print(" kind={} value={}", e.kind, e.value); }
    void operator()(const Rand& e) const { print(" seeds={},{}", e.seed1, e.seed2); }
    void operator()(const UserVar& e) const {
        print(" @{} kind={} collation={} null={} value=x'", e.name, e.kind, e.collation, e.is_null);
        append_hex(e.value, out);
        out += '\'';
    }
    void operator()(const Stop&) const {}
    void operator()(const Incident& e) const { print(" number={} {}", e.number, quoted(e.message)); }
    void operator()(const BinlogCheckpoint& e) const { print(" file={}", e.file); }
    void operator()(const StartEncryption& e) const { print(" scheme={} key={}", e.scheme, e.key_version); }
    void operator()(const Unknown& e) const {
        print(" type={} bytes={}", static_cast<unsigned>(e.type), e.body.size());
        append_flag(out, "ignorable", e.is_ignorable);
    }
};

/// Writes the dump of one file, event by event.
class FileDumper {
  public:
    FileDumper(const std::string& name, const HintSource& hints)
        : hints_(hints), position_(model::Location{{name, 4}, {}}) {}

    void add(ByteView bytes) {
        const Event event = decoder_.decode(bytes);
        const bool ended = position_.advance(event);
        fmt::format_to(std::back_inserter(out_), "{} {}\n", position_.start().position.offset, dump_event(event));
        append_rows(event);
        if (const auto* payload = event.get_if<TransactionPayload>()) return append_payload(*payload);
        if (ended) append_end();
    }

    std::string take() { return std::move(out_); }

  private:
    void append_payload(const TransactionPayload& payload) {
        PayloadReader reader(payload, decoder_);
        while (const std::optional<Event> inner = reader.next()) {
            const bool ended = position_.advance_inner(*inner);
            fmt::format_to(std::back_inserter(out_), "  > {}\n", dump_event(*inner));
            append_rows(*inner);
            if (ended) append_end();
        }
    }

    void append_end() { fmt::format_to(std::back_inserter(out_), "  = {}\n", position_.transaction_end().to_string()); }

    void append_rows(const Event& event) {
        if (const auto* map = event.get_if<TableMapEvent>()) {
            layouts_.insert_or_assign(map->table_id, RowLayout(*map->table, hints_(*map->table)));
        }
        const auto* rows = event.get_if<RowsEvent>();
        if (rows == nullptr || rows->column_count == 0) return;
        const auto layout = layouts_.find(rows->table_id);
        if (layout == layouts_.end()) return;
        const DecodedRows decoded = decode_rows(*rows, layout->second);
        const std::size_t count = std::max(decoded.before.size(), decoded.after.size());
        for (std::size_t i = 0; i < count; ++i) {
            if (i < decoded.before.size()) append_row('-', decoded.before.row(i));
            if (i < decoded.after.size()) append_row('+', decoded.after.row(i));
        }
    }

    void append_row(char sign, model::Row row) {
        fmt::format_to(std::back_inserter(out_), "  {} ", sign);
        for (std::size_t i = 0; i < row.size(); ++i) (out_ += i > 0 ? ", " : "") += dump_value(row[i]);
        out_ += '\n';
    }

    const HintSource& hints_;
    EventDecoder decoder_;
    StreamPosition position_;
    std::map<std::uint64_t, RowLayout> layouts_;
    std::string out_;
};

template <typename Number>
std::string shortest(Number number) {
    std::array<char, 40> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
    return {room.data(), end};
}

/// Size and checksum stand for a long text.
std::string long_value(std::string_view text) {
    return fmt::format("#{}:{:08x}", text.size(), crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

}  // namespace

std::string dump_event(const Event& event) {
    std::string out(event_type_name(event.header.type));
    std::visit(BodyPrinter{out}, event.body);
    return out;
}

std::string dump_value(const Value& value) {
    switch (value.kind()) {
        case ValueKind::Null:
            return "NULL";
        case ValueKind::Int:
            return fmt::format("{}", value.as_int());
        case ValueKind::UInt:
            return fmt::format("{}u", value.as_uint());
        case ValueKind::Default:
            return "DEFAULT";
        case ValueKind::Float:
            return "float " + shortest(static_cast<float>(value.as_double()));
        case ValueKind::Double:
            return "double " + shortest(value.as_double());
        case ValueKind::Number:
            return std::string(value.text());
        default:
            break;
    }
    constexpr std::size_t kLongest = 200;
    if (value.text().size() > kLongest) return long_value(value.text());
    switch (value.kind()) {
        case ValueKind::Text:
            return quoted(value.text());
        case ValueKind::Json:
            return "json " + quoted(value.text());
        default:
            break;
    }
    std::string out = "x'";
    append_hex(value.text(), out);
    return out += '\'';
}

std::string dump_file(ByteView file, const std::string& name, const HintSource& hints) {
    BinlogFileReader reader(file);
    FileDumper dumper(name, hints);
    while (const std::optional<ByteView> event = reader.next()) dumper.add(*event);
    return dumper.take();
}

}  // namespace dm::binlog
