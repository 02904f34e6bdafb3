#include "core/binlog/memory_event_source.h"

#include <algorithm>

#include <fmt/format.h>
#include <zlib.h>

#include "base/error.h"

namespace dm::binlog {
namespace {

constexpr std::string_view kMagic = "\xfe\x62\x69\x6e";
constexpr std::string_view kEncryptedMagic = "\xfd\x62\x69\x6e";
constexpr std::size_t kHeaderBytes = 19;

void append_little(std::string& out, std::uint64_t number, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out += static_cast<char>(number >> (8 * i) & 0xffU);
}

/// A rotate event as a server makes it at the start of a stream.
std::string make_fake_rotate(std::string_view file, std::uint64_t offset, bool has_checksum) {
    constexpr std::uint64_t kArtificial = 0x20;
    const std::size_t size = kHeaderBytes + 8 + file.size() + (has_checksum ? 4 : 0);
    std::string event;
    append_little(event, 0, 4);
    event += static_cast<char>(EventType::Rotate);
    append_little(event, 1, 4);
    append_little(event, size, 4);
    append_little(event, 0, 4);
    append_little(event, kArtificial, 2);
    append_little(event, offset, 8);
    event += file;
    if (has_checksum) append_little(event, crc32_z(0, reinterpret_cast<const Bytef*>(event.data()), event.size()), 4);
    return event;
}

}  // namespace

BinlogFileReader::BinlogFileReader(ByteView file) : file_(file) {
    const std::string_view text = as_text(file);
    ensure(!text.starts_with(kEncryptedMagic), ErrorCode::BinlogUnsupported,
           "binlog file is encrypted; read it through the server");
    ensure(text.starts_with(kMagic), ErrorCode::BinlogMalformed, "not a binlog file: its first four bytes are others");
}

std::optional<ByteView> BinlogFileReader::next() {
    if (offset_ >= file_.size()) return std::nullopt;
    const EventHeader header = decode_header(file_.subspan(offset_));
    ensure(header.event_size <= file_.size() - offset_, ErrorCode::BinlogMalformed,
           [&] { return fmt::format("event at {} is cut off by the end of the file", offset_); });
    const ByteView event = file_.subspan(offset_, header.event_size);
    offset_ += header.event_size;
    return event;
}

void MemoryEventSource::start(const StartPoint& from) {
    made_.clear();
    made_next_ = 0;
    is_skipping_ = false;
    decoder_.emplace();
    done_ = from.gtid_set;
    std::size_t index = 0;
    if (!from.position.file.empty() && !done_) {
        while (index < files_.size() && files_[index].name != from.position.file) ++index;
    }
    ensure(index < files_.size(), ErrorCode::SyncBinlogPurged,
           fmt::format("there is no binlog file '{}'", from.position.file));
    const std::uint64_t offset =
        done_ || from.position.file.empty() ? 4 : std::max<std::uint64_t>(from.position.offset, 4);
    made_.push_back(make_fake_rotate(files_[index].name, offset, false));
    open_file(index, offset);
}

void MemoryEventSource::open_file(std::size_t index, std::size_t offset) {
    file_index_ = index;
    reader_.emplace(as_bytes(files_[index].bytes));
    if (offset <= reader_->offset()) return;
    if (const auto format = reader_->next()) made_.emplace_back(as_text(*format));
    reader_->seek(std::max(offset, reader_->offset()));
}

std::optional<ByteView> MemoryEventSource::next(std::stop_token stop) {
    ensure(reader_.has_value(), ErrorCode::SyncReadBinlog, "stream was not started");
    if (fail_after_ && (*fail_after_)-- == 0) {
        fail_after_.reset();
        throw Error(ErrorCode::SyncReadBinlog, "connection lost, as the test wants it");
    }
    while (!stop.stop_requested() && !is_cancelled_) {
        const std::optional<ByteView> event = next_raw();
        if (!event || !is_filtered(*event)) return event;
    }
    return std::nullopt;
}

std::optional<ByteView> MemoryEventSource::next_raw() {
    if (made_next_ < made_.size()) return as_bytes(made_[made_next_++]);
    const std::optional<ByteView> event = reader_->next();
    if (event || file_index_ + 1 >= files_.size()) return event;
    made_.clear();
    made_next_ = 0;
    made_.push_back(
        make_fake_rotate(files_[file_index_ + 1].name, 4, decoder_->checksum() == ChecksumAlgorithm::Crc32));
    open_file(file_index_ + 1, 4);
    return as_bytes(made_[made_next_++]);
}

bool MemoryEventSource::is_filtered(ByteView event) {
    if (!done_) {
        if (decode_header(event).type == EventType::FormatDescription) (void)decoder_->decode(event);
        return false;
    }
    switch (decode_header(event).type) {
        case EventType::FormatDescription:
        case EventType::Rotate:
        case EventType::PreviousGtids:
        case EventType::MariaDbGtidList:
            (void)decoder_->decode(event);
            is_skipping_ = false;
            return false;
        case EventType::Gtid:
        case EventType::GtidTagged:
        case EventType::MariaDbGtid: {
            const Event decoded = decoder_->decode(event);
            const auto* mysql = decoded.get_if<GtidEvent>();
            is_skipping_ = mysql != nullptr ? done_->contains(model::Gtid{mysql->gtid})
                                            : done_->contains(model::Gtid{decoded.get_if<MariaDbGtidEvent>()->gtid});
            return is_skipping_;
        }
        default:
            return is_skipping_;
    }
}

}  // namespace dm::binlog
