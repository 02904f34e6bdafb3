#pragma once

#include <optional>

#include "base/error.h"

namespace dm::target {

/// The server's (or client library's) error number in the error's cause, "Error NNNN (SQLSTATE): text"; nothing if the
/// error did not come from a database session.
[[nodiscard]] std::optional<int> sql_error_number(const Error& error);

/// Whether the error says that the session is dead, so that it is unknown whether its last statement took effect.
[[nodiscard]] bool is_connection_lost(const Error& error);

/// Numbers the copy and the DDL execution branch on.
namespace server_error {
inline constexpr int kDuplicateKey = 1062;
inline constexpr int kNoSuchTable = 1146;
inline constexpr int kUnknownDatabase = 1049;
inline constexpr int kPacketTooLarge = 1153;
inline constexpr int kOnlyAlone = 1785;         ///< MySQL with GTIDs: a table without transactions, in a transaction
inline constexpr int kNoSuchConstraint = 3940;  ///< MySQL
inline constexpr int kExchangeDiffers = 1731;   ///< EXCHANGE PARTITION of tables that are not alike
}  // namespace server_error

}  // namespace dm::target
