#include "unit/copy/copy_board.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace dm::copy {
namespace {

/// So many tables may be open per reader: enough to keep all busy while the last rows of others are written.
constexpr std::size_t kTablesPerReader = 4;
/// Small tables that are started or finished together.
constexpr std::size_t kTablesAtOnce = 32;
constexpr std::uint64_t kSmallTableBytes = 1UL << 20U;

}  // namespace

void CopyBoard::add(std::shared_ptr<TableJob> job) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
    changed_.notify_all();
}

std::optional<Work> CopyBoard::next(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    std::optional<Work> work;
    changed_.wait(lock, stop, [&] {
        work = choose_locked();
        return work || is_finished_locked();
    });
    return stop.stop_requested() ? std::nullopt : work;
}

std::optional<Work> CopyBoard::choose_locked() {
    if (auto work = finish_locked(false)) return work;
    if (ready_.size() < static_cast<std::size_t>(readers_)) {
        for (auto& active : active_) {
            if (!active->is_started || active->is_split || active->is_busy) continue;
            active->is_busy = true;
            return SplitTable{active->job, active->after, active->next_number};
        }
    }
    if (!ready_.empty()) {
        std::shared_ptr<Chunk> chunk = std::move(ready_.front());
        ready_.pop_front();
        return ReadChunk{std::move(chunk)};
    }
    if (auto work = start_locked()) return work;
    return finish_locked(true);
}

/// Tables that lack indexes first, each alone because that takes long; others when many have come together, or there is
/// nothing else to do and no small table under way that would soon be one more of them.
std::optional<Work> CopyBoard::finish_locked(bool is_only_choice) {
    std::vector<Active*> settled;
    bool will_grow = false;
    for (auto& active : active_) {
        const bool has_all_rows = active->is_started && active->is_split && active->open_chunks == 0;
        if (!has_all_rows && active->job->bytes_total < kSmallTableBytes) will_grow = true;
        if (!has_all_rows || active->is_busy) continue;
        if (!active->job->record.late_indexes.empty()) {
            active->is_busy = true;
            return FinishTables{{active->job}};
        }
        if (settled.size() < kTablesAtOnce) settled.push_back(active.get());
    }
    const bool is_worth_it = settled.size() == kTablesAtOnce || (is_only_choice && !will_grow);
    if (settled.empty() || !is_worth_it) return std::nullopt;
    FinishTables work;
    for (Active* active : settled) {
        active->is_busy = true;
        work.jobs.push_back(active->job);
    }
    return work;
}

std::optional<Work> CopyBoard::start_locked() {
    const auto readers = static_cast<std::size_t>(readers_);
    // Those being started are as many as there are readers.
    const auto unsettled = std::ranges::count_if(active_, [](const auto& active) {
        return active->is_started && (!active->is_split || active->open_chunks != 0);
    });
    if (waiting_.empty() || static_cast<std::size_t>(unsettled) >= kTablesPerReader * readers) return std::nullopt;
    const std::size_t wanted = std::clamp<std::size_t>(waiting_.size() / (2 * readers), 1, kTablesAtOnce);
    StartTables work;
    do {
        auto active = std::make_unique<Active>();
        active->job = std::move(waiting_.front());
        active->is_busy = true;
        waiting_.pop_front();
        work.jobs.push_back(active->job);
        active_.push_back(std::move(active));
    } while (work.jobs.size() < wanted && work.jobs.back()->bytes_total < kSmallTableBytes);
    return work;
}

CopyBoard::Active& CopyBoard::find_locked(const TableJob* job) {
    const auto found = std::ranges::find_if(active_, [&](const auto& active) { return active->job.get() == job; });
    assert(found != active_.end());
    return **found;
}

void CopyBoard::erase_locked(const TableJob* job) {
    std::erase_if(active_, [&](const auto& active) { return active->job.get() == job; });
}

void CopyBoard::table_started(const std::shared_ptr<TableJob>& job, StartedTable started) {
    const std::lock_guard lock(mutex_);
    Active& active = find_locked(job.get());
    active.is_started = true;
    active.is_busy = false;
    active.is_split = started.is_split;
    active.after = std::move(started.after);
    active.next_number = started.next_number;
    active.open_chunks = static_cast<int>(started.chunks.size());
    for (auto& chunk : started.chunks) ready_.push_back(std::move(chunk));
    changed_.notify_all();
}

void CopyBoard::table_split(const std::shared_ptr<TableJob>& job, std::vector<std::shared_ptr<Chunk>> chunks,
                            bool is_last) {
    const std::lock_guard lock(mutex_);
    Active& active = find_locked(job.get());
    active.is_busy = false;
    active.is_split = is_last;
    if (!chunks.empty()) active.after = chunks.back()->record.range.upper;
    active.next_number += static_cast<std::int64_t>(chunks.size());
    active.open_chunks += static_cast<int>(chunks.size());
    for (auto& chunk : chunks) ready_.push_back(std::move(chunk));
    changed_.notify_all();
}

void CopyBoard::chunk_done(const Chunk& chunk) {
    const std::lock_guard lock(mutex_);
    --find_locked(chunk.job.get()).open_chunks;
    ++chunks_.done;
    changed_.notify_all();
}

void CopyBoard::chunk_again(std::shared_ptr<Chunk> chunk) {
    const std::lock_guard lock(mutex_);
    ready_.push_front(std::move(chunk));
    ++chunks_.failed;
    changed_.notify_all();
}

void CopyBoard::table_done(const std::shared_ptr<TableJob>& job) {
    const std::lock_guard lock(mutex_);
    erase_locked(job.get());
    ++done_;
    changed_.notify_all();
}

void CopyBoard::table_again(const std::shared_ptr<TableJob>& job) {
    const std::lock_guard lock(mutex_);
    erase_locked(job.get());
    waiting_.push_front(job);
    changed_.notify_all();
}

bool CopyBoard::is_finished() const {
    const std::lock_guard lock(mutex_);
    return is_finished_locked();
}

bool CopyBoard::wait_finished(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    return changed_.wait(lock, stop, [&] { return is_finished_locked(); });
}

std::vector<ActiveTable> CopyBoard::active() const {
    const std::lock_guard lock(mutex_);
    std::vector<ActiveTable> tables;
    for (const auto& active : active_) {
        const bool has_all_rows = active->is_split && active->open_chunks == 0;
        tables.push_back({active->job, !active->is_started ? target::CopyPhase::Starting
                                       : has_all_rows      ? target::CopyPhase::Finishing
                                                           : target::CopyPhase::Copying});
    }
    return tables;
}

target::ChunkCounts CopyBoard::chunk_counts() const {
    const std::lock_guard lock(mutex_);
    target::ChunkCounts counts = chunks_;
    counts.pending = ready_.size();
    for (const auto& active : active_) counts.running += static_cast<std::uint64_t>(active->open_chunks);
    counts.running -= std::min<std::uint64_t>(counts.running, counts.pending);
    return counts;
}

std::size_t CopyBoard::done_count() const {
    const std::lock_guard lock(mutex_);
    return done_;
}

}  // namespace dm::copy
