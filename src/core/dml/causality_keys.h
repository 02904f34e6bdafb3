#pragma once

#include <string>
#include <vector>

#include "core/dml/row_change.h"

namespace dm::dml {

/// Computes what changes must not overtake each other. Keeps a scratch buffer: one per thread.
class CausalityKeys {
  public:
    /// Appends the keys of a change to `out`, without doubles: of both images, one per unique key of the target without
    /// a NULL in it, and one of the whole row where no unique key identifies every row. Appends at least one.
    void append(const TablePlan& plan, model::Row before, model::Row after, std::vector<CausalityKey>& out);

  private:
    void append_image(const TablePlan& plan, model::Row row, std::size_t begin, std::vector<CausalityKey>& out);
    CausalityKey hash_key(const UniqueKey& key, model::Row row);

    std::string scratch_;
};

}  // namespace dm::dml
