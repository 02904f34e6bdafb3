#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/error.h"
#include "core/binlog/event_dump.h"
#include "core/binlog/payload_reader.h"
#include "core/binlog/row_decoder.h"
#include "core/binlog/stream_position.h"

namespace {

using namespace dm::binlog;

/// What reads a stream does to each event: decode, follow the position, open payloads, decode rows.
class Reader {
  public:
    void take(const Event& event, bool is_inner) {
        if (is_inner) {
            position_.advance_inner(event);
        } else {
            position_.advance(event);
        }
        (void)dump_event(event);
        if (const auto* map = event.get_if<TableMapEvent>()) {
            layouts_.insert_or_assign(map->table_id, RowLayout(*map->table, hints_from_metadata(*map->table)));
        }
        if (const auto* rows = event.get_if<RowsEvent>()) {
            (void)rows->missing_columns();
            const auto layout = layouts_.find(rows->table_id);
            if (layout != layouts_.end()) (void)decode_rows(*rows, layout->second);
        }
        const auto* payload = event.get_if<TransactionPayload>();
        if (payload == nullptr || is_inner) return;
        PayloadReader inner_events(*payload, decoder);
        while (const auto inner = inner_events.next()) take(*inner, true);
    }

    EventDecoder decoder{EventDecoder::Options{.verify_checksum = false}};

  private:
    StreamPosition position_{dm::model::Location{}};
    std::map<std::uint64_t, RowLayout> layouts_;
};

}  // namespace

/// The input is a sequence of events, each as long as its header says. Every one decodes or is refused with an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    dm::ByteView rest(reinterpret_cast<const std::byte*>(data), size);
    Reader reader;
    while (!rest.empty()) {
        std::size_t event_size = rest.size();
        try {
            event_size = std::min<std::size_t>(event_size, decode_header(rest).event_size);
            reader.take(reader.decoder.decode(rest.first(event_size)), false);
        } catch (const dm::Error&) {
            // Refusing is what it may do.
        }
        rest = rest.subspan(event_size);
    }
    return 0;
}
