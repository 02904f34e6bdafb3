#include "unit/sync/look_ahead.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "unit/sync/binlog_script.h"

namespace dm::sync {
namespace {

using testing::BinlogScript;
using Ranges = std::vector<UndoneChanges::Range>;

constexpr std::size_t kNoLimit = 1UL << 20U;

std::vector<std::string> events_of(const BinlogScript& script) {
    constexpr std::size_t kMagic = 4;
    std::vector<std::string> events;
    for (std::string_view rest = std::string_view(script.bytes()).substr(kMagic); !rest.empty();) {
        const std::size_t size = binlog::decode_header(as_bytes(rest)).event_size;
        events.emplace_back(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    return events;
}

/// What came out: each event with what its transaction undoes.
struct Seen {
    std::string event;
    std::optional<Ranges> undone;
};

class LookAheadTest : public ::testing::Test {
  protected:
    void add(const std::vector<std::string>& events) {
        auto chunk = std::make_shared<EventChunk>();
        for (const std::string& event : events) {
            chunk->bytes += event;
            chunk->ends.push_back(chunk->bytes.size());
        }
        ahead_.add(std::move(chunk));
        while (const auto piece = ahead_.next()) {
            EXPECT_LT(piece->begin, piece->end);
            for (std::size_t i = piece->begin; i < piece->end; ++i) {
                seen_.push_back({.event = std::string(as_text(piece->chunk->event(i))),
                                 .undone = piece->undone ? std::optional(*piece->undone) : std::nullopt});
            }
        }
    }
    void add(const BinlogScript& script, std::size_t events_per_chunk = 1) {
        const auto events = events_of(script);
        for (std::size_t begin = 0; begin < events.size(); begin += events_per_chunk) {
            const std::size_t end = std::min(begin + events_per_chunk, events.size());
            add({events.begin() + static_cast<std::ptrdiff_t>(begin),
                 events.begin() + static_cast<std::ptrdiff_t>(end)});
        }
    }

    LookAhead ahead_{kNoLimit};
    std::vector<Seen> seen_;
};

/// One transaction that undoes nothing, one that goes back to a savepoint and is rolled back, one that does neither.
struct Undoing {
    Undoing() {
        script.begin();
        script.insert({1, 1});
        script.commit();
        begin = events_of(script).size();
        script.begin();
        script.insert({2, 2});
        script.statement("SAVEPOINT `a`");
        script.insert({3, 3});
        script.remove({1, 1});
        script.statement("ROLLBACK TO `a`");
        script.insert({4, 4});
        script.statement("ROLLBACK");
        end = events_of(script).size();
        script.begin();
        script.insert({5, 5});
        script.commit();
    }
    BinlogScript script;
    std::size_t begin = 0;  // of the second, in events
    std::size_t end = 0;
};

TEST_F(LookAheadTest, what_a_transaction_undoes_is_known_with_its_first_event) {
    const Undoing undoing;
    const auto events = events_of(undoing.script);
    const Ranges expected = {{1, 3}, {0, 1}, {3, 4}};
    for (std::size_t per_chunk = 1; per_chunk <= events.size(); ++per_chunk) {
        ahead_.begin_again();
        seen_.clear();
        add(undoing.script, per_chunk);
        ASSERT_EQ(seen_.size(), events.size()) << per_chunk << " events in a chunk";
        for (std::size_t i = 0; i < events.size(); ++i) {
            ASSERT_EQ(seen_[i].event, events[i]);
            const bool is_undoing = undoing.begin <= i && i < undoing.end;
            ASSERT_EQ(seen_[i].undone, is_undoing ? std::optional(expected) : std::nullopt)
                << "event " << i << " with " << per_chunk << " in a chunk";
        }
    }
}

TEST_F(LookAheadTest, a_transaction_waits_for_its_end) {
    BinlogScript script;
    script.begin();
    script.insert({1, 1});
    script.insert({2, 2});
    add(script);
    EXPECT_EQ(seen_.size(), 1U);  // the format description
    // The stream broke: it all comes again.
    ahead_.begin_again();
    seen_.clear();
    script.commit();
    add(script);
    EXPECT_EQ(seen_.size(), events_of(script).size());
}

TEST_F(LookAheadTest, statements_alone_do_not_wait) {
    BinlogScript script;
    script.statement("CREATE TABLE x (a INT)");
    add(script);
    EXPECT_EQ(seen_.size(), 2U);
}

TEST_F(LookAheadTest, a_large_transaction_passes_without_its_end) {
    const Undoing undoing;
    ahead_ = LookAhead(100);
    std::vector<std::string> events = events_of(undoing.script);
    events.resize(undoing.end - 1);
    for (const std::string& event : events) add({event});
    EXPECT_EQ(seen_.size(), events.size());
    EXPECT_TRUE(std::ranges::none_of(seen_, [](const Seen& seen) { return seen.undone.has_value(); }));
    // The next one waits again.
    events = events_of(undoing.script);
    for (std::size_t i = undoing.end - 1; i <= undoing.end; ++i) add({events[i]});
    EXPECT_EQ(seen_.size(), undoing.end);
}

TEST_F(LookAheadTest, transactions_with_gtids_of_mysql_pass_at_once) {
    BinlogScript script;
    script.gtid(7);
    script.begin();
    script.insert({1, 1});
    add(script);
    EXPECT_EQ(seen_.size(), events_of(script).size());
}

TEST_F(LookAheadTest, an_event_that_cannot_be_read_is_for_others_to_refuse) {
    BinlogScript script;
    script.begin();
    script.insert({1, 1});
    add(script);
    ASSERT_EQ(seen_.size(), 1U);
    const std::string broken(30, '\x02');
    add({broken});
    ASSERT_EQ(seen_.size(), events_of(script).size() + 1);
    EXPECT_EQ(seen_.back().event, broken);
}

}  // namespace
}  // namespace dm::sync
