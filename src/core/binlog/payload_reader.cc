#include "core/binlog/payload_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>

#include <fmt/format.h>
#include <zstd.h>

namespace dm::binlog {
namespace {

constexpr std::size_t kHeaderBytes = 19;
constexpr std::uint64_t kGrowStep = 1U << 20U;

}  // namespace

/// Uncompressed bytes on demand.
struct PayloadReader::Stream {
    explicit Stream(const TransactionPayload& payload)
        : is_plain(payload.compression == PayloadCompression::None), rest(payload.payload) {
        ensure(is_plain || payload.compression == PayloadCompression::Zstd, ErrorCode::BinlogUnsupported, [&] {
            return fmt::format("transaction payload with compression {}", static_cast<int>(payload.compression));
        });
        if (!is_plain) context.reset(ZSTD_createDCtx());
    }

    /// Fills as much of `out` as there is.
    std::size_t read(std::span<char> out) {
        if (is_plain) {
            const std::size_t count = std::min(out.size(), rest.size());
            std::memcpy(out.data(), rest.data(), count);
            rest = rest.subspan(count);
            return count;
        }
        ZSTD_outBuffer to{out.data(), out.size(), 0};
        ZSTD_inBuffer from{rest.data(), rest.size(), 0};
        std::size_t before = 0;
        do {
            before = to.pos + from.pos;
            const std::size_t result = ZSTD_decompressStream(context.get(), &to, &from);
            if (ZSTD_isError(result) != 0) {
                throw Error(ErrorCode::BinlogMalformed, "transaction payload cannot be decompressed")
                    .with_cause(ZSTD_getErrorName(result));
            }
        } while (to.pos < to.size && to.pos + from.pos > before);
        rest = rest.subspan(from.pos);
        return to.pos;
    }

    struct Free {
        void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
    };
    bool is_plain;
    ByteView rest;
    std::unique_ptr<ZSTD_DCtx, Free> context;
};

PayloadReader::PayloadReader(const TransactionPayload& payload, EventDecoder& decoder)
    : stream_(std::make_unique<Stream>(payload)), decoder_(decoder) {}

PayloadReader::~PayloadReader() = default;

std::optional<Event> PayloadReader::next() {
    std::array<char, kHeaderBytes> head{};
    const std::size_t got = stream_->read(head);
    if (got == 0) {
        ensure(stream_->rest.empty(), ErrorCode::BinlogMalformed, "transaction payload with bytes left over");
        return std::nullopt;
    }
    ensure(got == kHeaderBytes, ErrorCode::BinlogMalformed, "transaction payload ends inside a header");
    const EventHeader header = decode_header(as_bytes({head.data(), head.size()}));
    // Grown step by step, so that a wrong size cannot make us reserve what is not there.
    auto bytes = std::make_shared<std::string>(head.data(), head.size());
    while (bytes->size() < header.event_size) {
        const std::size_t filled = bytes->size();
        bytes->resize(filled + std::min<std::uint64_t>(header.event_size - filled, kGrowStep));
        const std::size_t wanted = bytes->size() - filled;
        ensure(stream_->read({bytes->data() + filled, wanted}) == wanted, ErrorCode::BinlogMalformed,
               "transaction payload ends inside an event");
    }
    current_ = bytes;
    return decoder_.decode_inner(as_bytes(*bytes), current_);
}

}  // namespace dm::binlog
