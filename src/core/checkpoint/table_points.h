#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/model/location.h"
#include "core/model/names.h"
#include "core/schema/table_definition.h"

namespace dm::checkpoint {

/// A recorded place of one table: its structure there. Rows of the table at or before it are applied.
struct TablePoint {
    model::Location location;
    std::shared_ptr<const schema::TableDefinition> definition;  ///< null: not known
};

/// What one write of the checkpoint has to contain. A value type.
struct CheckpointImage {
    model::Location global;
    std::optional<model::Location> safe_mode_exit;  ///< rows up to here may have been applied already
    std::string server;                             ///< to whose binlog the global position belongs; empty: not known
    std::map<model::TableName, TablePoint> changed;
    std::set<model::TableName> removed;
};

/// What a checkpoint held when the run started.
struct CheckpointContent {
    std::optional<model::Location> global;
    std::optional<model::Location> safe_mode_exit;
    std::string server;  ///< to whose binlog the global position belongs; empty: not known
    std::map<model::TableName, TablePoint> tables;
};

/// Collects structures and points of tables between two writes. A value type, no threads.
class TablePoints {
  public:
    /// The table has this structure from `location` on.
    void set(const model::TableName& table, TablePoint point) {
        removed_.erase(table);
        changed_[table] = std::move(point);
    }
    /// The table is gone.
    void remove(const model::TableName& table) {
        changed_.erase(table);
        removed_.insert(table);
    }
    [[nodiscard]] bool is_empty() const noexcept { return changed_.empty() && removed_.empty(); }

    /// Moves what has changed since the last call into the image. Give it back with `restore` if the write fails.
    void take(CheckpointImage& image) {
        image.changed = std::exchange(changed_, {});
        image.removed = std::exchange(removed_, {});
    }
    void restore(CheckpointImage&& image) {
        for (auto& [table, point] : image.changed) {
            if (!removed_.contains(table)) changed_.try_emplace(table, std::move(point));
        }
        for (const auto& table : image.removed) {
            if (!changed_.contains(table)) removed_.insert(table);
        }
    }

  private:
    std::map<model::TableName, TablePoint> changed_;
    std::set<model::TableName> removed_;
};

}  // namespace dm::checkpoint
