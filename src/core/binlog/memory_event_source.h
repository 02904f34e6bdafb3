#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_cursor.h"
#include "core/binlog/event_decoder.h"
#include "core/binlog/event_source.h"

namespace dm::binlog {

/// Walks the events of a binlog file's bytes (magic first), which must outlive it. One thread.
class BinlogFileReader {
  public:
    /// Throws Error{BinlogMalformed} if the magic is missing, Error{BinlogUnsupported} if the file is encrypted.
    explicit BinlogFileReader(ByteView file);

    /// The next event whole; nothing at the end. Throws Error{BinlogMalformed} if the last event is cut off.
    [[nodiscard]] std::optional<ByteView> next();
    /// Offset of the event that `next` yields.
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    void seek(std::size_t offset) noexcept { offset_ = offset; }

  private:
    ByteView file_;
    std::size_t offset_ = 4;
};

/// Binlog files in memory, served as a server would: a fake rotate, the file's format description, then the events from
/// the start point, file after file. Events of transactions in the start point's GTID set are left out. At the end
/// `next` yields nothing. For tests of what reads an EventSource.
class MemoryEventSource final : public EventSource {
  public:
    struct File {
        std::string name;
        std::string bytes;
    };
    explicit MemoryEventSource(std::vector<File> files) : files_(std::move(files)) {}

    void start(const StartPoint& from) override;
    [[nodiscard]] std::optional<ByteView> next(std::stop_token stop) override;
    [[nodiscard]] bool has_more() const override { return true; }
    [[nodiscard]] std::string_view kind() const override { return "local"; }
    void cancel() noexcept override { is_cancelled_ = true; }

    /// Makes `next` throw Error{SyncReadBinlog} once, after this many more events.
    void fail_after(std::size_t events) { fail_after_ = events; }

  private:
    [[nodiscard]] std::optional<ByteView> next_raw();
    void open_file(std::size_t index, std::size_t offset);
    bool is_filtered(ByteView event);

    std::vector<File> files_;
    std::optional<model::GtidSet> done_;
    std::optional<BinlogFileReader> reader_;
    std::optional<EventDecoder> decoder_;
    std::size_t file_index_ = 0;
    std::vector<std::string> made_;  // events made here, yielded before those of the file
    std::size_t made_next_ = 0;
    bool is_skipping_ = false;  // inside a transaction of done_
    std::optional<std::size_t> fail_after_;
    std::atomic<bool> is_cancelled_ = false;
};

}  // namespace dm::binlog
