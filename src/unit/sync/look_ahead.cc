#include "unit/sync/look_ahead.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "base/error.h"
#include "core/sql/lexer.h"

namespace dm::sync {
namespace {

using binlog::EventType;

/// Events inside transactions that say nothing about where these begin or end, nor what they undo: most events.
bool is_content(EventType type) {
    using enum EventType;
    switch (type) {
        case TableMap:
        case WriteRowsV0:
        case UpdateRowsV0:
        case DeleteRowsV0:
        case WriteRowsV1:
        case UpdateRowsV1:
        case DeleteRowsV1:
        case WriteRowsV2:
        case UpdateRowsV2:
        case DeleteRowsV2:
        case PartialUpdateRows:
        case WriteRowsCompressedV1:
        case UpdateRowsCompressedV1:
        case DeleteRowsCompressedV1:
        case WriteRowsCompressed:
        case UpdateRowsCompressed:
        case DeleteRowsCompressed:
        case RowsQuery:
        case Annotate:
            return true;
        default:
            return false;
    }
}

bool is_rollback(std::string_view statement) {
    constexpr std::string_view kWord = "ROLLBACK";
    return sql::equal_ignoring_case(statement.substr(0, kWord.size()), kWord);
}

std::size_t bytes_of(const LookAhead::Piece& piece) {
    return piece.chunk->ends[piece.end - 1] - (piece.begin == 0 ? 0 : piece.chunk->ends[piece.begin - 1]);
}

/// Collects what a transaction undoes, event by event.
class UndoneFinder {
  public:
    explicit UndoneFinder(binlog::EventDecoder& decoder) : decoder_(decoder) {}

    void take(ByteView bytes) {
        const binlog::Event event = decoder_.decode(bytes);
        if (const auto* map = event.get_if<binlog::TableMapEvent>()) announced_.insert(map->table_id);
        if (const auto* rows = event.get_if<binlog::RowsEvent>(); rows && announced_.contains(rows->table_id))
            (void)changes_.count();
        const auto* query = event.get_if<binlog::Query>();
        const auto more = query != nullptr ? changes_.undone_by(query->statement) : std::nullopt;
        if (more) undone_.insert(undone_.end(), more->begin(), more->end());
    }
    std::vector<UndoneChanges::Range> undone() && { return std::move(undone_); }

  private:
    binlog::EventDecoder& decoder_;
    std::set<std::uint64_t> announced_;
    UndoneChanges changes_;
    std::vector<UndoneChanges::Range> undone_;
};

}  // namespace

std::optional<LookAhead::Piece> LookAhead::next() {
    if (ready_.empty()) return std::nullopt;
    Piece piece = std::move(ready_.front());
    ready_.pop_front();
    return piece;
}

void LookAhead::begin_again() { *this = LookAhead(max_bytes_); }

void LookAhead::look(ByteView bytes) {
    if (is_content(binlog::decode_header(bytes).type)) return;
    const binlog::Event event = decoder_.decode(bytes);
    (void)position_.advance(event);
    if (const auto* gtid = event.get_if<binlog::GtidEvent>()) has_gtid_ = !gtid->is_anonymous;
    if (event.get_if<binlog::FormatDescription>() != nullptr) has_gtid_ = false;
    const auto* query = event.get_if<binlog::Query>();
    undoes_ = undoes_ || (query != nullptr && is_rollback(query->statement));
}

void LookAhead::let_go(Piece piece) {
    if (piece.begin < piece.end) ready_.push_back(std::move(piece));
}

void LookAhead::let_go_held() {
    for (Piece& piece : held_) ready_.push_back(std::move(piece));
    held_.clear();
    held_bytes_ = 0;
}

/// The one that is kept back ends before the event `end` of the chunk that is passing, and began in it at `began` if
/// nothing of it is held.
void LookAhead::end_transaction(Piece& passing, std::size_t began, std::size_t end) {
    if (std::exchange(undoes_, false)) {
        Piece rest{.chunk = passing.chunk, .begin = began, .end = end, .undone = {}};
        let_go({.chunk = passing.chunk, .begin = passing.begin, .end = began, .undone = {}});
        passing.begin = end;
        held_.push_back(std::move(rest));
        UndoneFinder finder(decoder_);
        for (const Piece& piece : held_) {
            for (std::size_t i = piece.begin; i < piece.end; ++i) finder.take(piece.chunk->event(i));
        }
        const auto undone = std::make_shared<const std::vector<UndoneChanges::Range>>(std::move(finder).undone());
        for (Piece& piece : held_) piece.undone = undone;
    }
    let_go_held();
}

void LookAhead::add(std::shared_ptr<const EventChunk> chunk) {
    const std::size_t count = chunk->ends.size();
    Piece passing{.chunk = std::move(chunk), .begin = 0, .end = count, .undone = {}};
    std::size_t began = 0;
    for (std::size_t number = 0; number < count; ++number) {
        const bool was_open = is_open_;
        try {
            look(passing.chunk->event(number));
            is_let_go_ = is_let_go_ && position_.is_in_transaction();
        } catch (const Error&) {
            // Whoever handles the event meets what is wrong with it, and says so.
            is_let_go_ = true;
            undoes_ = false;
        }
        is_open_ = position_.is_in_transaction() && !has_gtid_ && !is_let_go_;
        if (is_open_ && !was_open) {
            began = number;
            undoes_ = false;
        }
        if (was_open && !is_open_) end_transaction(passing, began, number + 1);
    }
    if (!is_open_) return let_go(std::move(passing));
    let_go({.chunk = passing.chunk, .begin = passing.begin, .end = began, .undone = {}});
    passing.begin = std::max(passing.begin, began);
    held_bytes_ += bytes_of(passing);
    held_.push_back(std::move(passing));
    if (held_bytes_ <= max_bytes_) return;
    let_go_held();
    is_open_ = false;
    is_let_go_ = true;
}

}  // namespace dm::sync
