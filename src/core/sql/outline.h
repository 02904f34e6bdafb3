#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/sql/ddl.h"
#include "core/sql/token_stream.h"

namespace dm::sql {

/// A part of a statement that can stand alone: one name of DROP TABLE, one pair of RENAME TABLE, one action of ALTER
/// TABLE.
struct OutlinePart {
    Span span;
    std::vector<Span> columns;  ///< the definitions of ADD COLUMN (a, b); the part's text is then the words before them
    bool is_hint = false;       ///< ALGORITHM, LOCK, WITH VALIDATION: says how, changes nothing
    bool is_way = false;        ///< ALGORITHM, LOCK
    Span comma;                 ///< behind it; empty behind the last
};

/// Where things stand in a statement of a known kind, without looking into definitions.
struct Outline {
    StatementInfo info;
    std::vector<OutlinePart> parts;   ///< of ALTER TABLE, DROP TABLE and RENAME TABLE
    std::size_t after_object = 0;     ///< end of the word TABLE, DATABASE or INDEX: IF [NOT] EXISTS goes there
    Span or_replace;                  ///< the words OR REPLACE
    std::vector<Span> ways;           ///< ONLINE and OFFLINE; ALGORITHM and LOCK of CREATE INDEX and DROP INDEX
    Span start_transaction;           ///< the words START TRANSACTION that MySQL 8 logs with CREATE TABLE ... SELECT
    std::string exchanged_partition;  ///< the partition of EXCHANGE PARTITION
    bool lacks_schema_name = false;   ///< ALTER DATABASE without a name; the mention's span is empty
};

/// Kind of a statement by its first words; reads no further than these.
[[nodiscard]] StatementKind kind_of(std::string_view statement, const LexOptions& options);

/// Whether `kind` names tables or schemas that the outline finds: CREATE/ALTER/DROP DATABASE and all table and index
/// kinds.
[[nodiscard]] bool has_outline(StatementKind kind) noexcept;

/// Finds names and parts of a statement whose kind has an outline. Throws Error{ParseSql}.
[[nodiscard]] Outline outline_of(TokenStream& tokens, StatementKind kind, const ParseContext& context);

}  // namespace dm::sql
