#include "unit/sync/repeated_changes.h"

#include <utility>

namespace dm::sync {

RepeatedChanges::Verdict RepeatedChanges::take(Change change) {
    Verdict verdict = Verdict::New;
    if (seen_++ == 0) {
        const auto before = std::exchange(first_, std::move(change));
        if (to_skip_ > 0 && before && before != first_) {
            to_skip_ = 0;
            const bool is_same = before->gtid && before->gtid == first_->gtid;
            (is_same ? is_moved_ : is_lost_) = true;
            verdict = is_same ? Verdict::Moved : Verdict::Lost;
        }
    }
    if (to_skip_ == 0) return verdict;
    --to_skip_;
    return Verdict::Repeated;
}

void RepeatedChanges::end_transaction() {
    // What ends without a change, a file's head or a statement, may come before the one that broke off.
    if (seen_ == 0) return;
    seen_ = 0;
    to_skip_ = 0;
    is_moved_ = false;
}

void RepeatedChanges::begin_again() {
    // What has been skipped since the last break comes again too.
    to_skip_ += std::exchange(seen_, 0);
}

}  // namespace dm::sync
