#include "core/sql/definition_parser.h"

namespace dm::sql {

namespace {

std::string parse_value(TokenStream& tokens, std::string_view what) {
    tokens.accept_symbol('=');
    return parse_name_or_string(tokens, what);
}

bool parse_charset_option(TokenStream& tokens, TableOptions& options) {
    const std::size_t begin = tokens.position();
    tokens.accept("DEFAULT");
    if (tokens.accept({"CHARACTER", "SET"}) || tokens.accept({"CHAR", "SET"}) || tokens.accept("CHARSET")) {
        options.charset = to_lower(parse_value(tokens, "a charset"));
        return true;
    }
    if (tokens.accept("COLLATE")) {
        options.collation = to_lower(parse_value(tokens, "a collation"));
        return true;
    }
    tokens.rewind(begin);
    return false;
}

/// PARTITION BY and everything behind it, up to the end of the statement or a query.
void parse_partitioning(TokenStream& tokens, TableOptions& options) {
    options.is_partitioned = true;
    while (!tokens.is_at_end() && !tokens.is_symbol(',') &&
           !tokens.is_any_word({"SELECT", "AS", "IGNORE", "REPLACE", "START"})) {
        tokens.take_item();
    }
}

bool parse_known_option(TokenStream& tokens, TableOptions& options) {
    if (tokens.accept("ENGINE") || (tokens.is_word("TYPE") && tokens.is_symbol('=', 1) && tokens.accept("TYPE"))) {
        options.engine = parse_value(tokens, "an engine");
    } else if (tokens.accept("COMMENT")) {
        options.comment = parse_value(tokens, "a comment");
    } else if (tokens.accept({"PARTITION", "BY"})) {
        parse_partitioning(tokens, options);
    } else if (tokens.accept({"REMOVE", "PARTITIONING"})) {
        options.is_partitioned = false;
    } else if (tokens.accept({"WITH", "SYSTEM", "VERSIONING"})) {
        options.adds_system_versioning = true;
    } else if (tokens.accept({"DATA", "DIRECTORY"}) || tokens.accept({"INDEX", "DIRECTORY"}) ||
               tokens.accept({"READ", "ONLY"})) {
        tokens.accept_symbol('=');
        tokens.take();
    } else if (tokens.accept({"STORAGE"}) || tokens.accept({"DEFAULT", "ENCRYPTION"}) || tokens.accept("ENCRYPTION") ||
               tokens.accept({"PLACEMENT", "POLICY"})) {
        tokens.accept_symbol('=');
        tokens.take();
    } else if (tokens.accept({"UPGRADE", "DATA", "DIRECTORY", "NAME"}) || tokens.accept({"START", "TRANSACTION"})) {
        return true;
    } else {
        return false;
    }
    return true;
}

/// `name = value` or, for the options the server defines, `name value`.
bool parse_other_option(TokenStream& tokens) {
    static constexpr auto kBareOptions = {"AUTO_INCREMENT",
                                          "AVG_ROW_LENGTH",
                                          "CHECKSUM",
                                          "TABLE_CHECKSUM",
                                          "COMPRESSION",
                                          "CONNECTION",
                                          "DELAY_KEY_WRITE",
                                          "INSERT_METHOD",
                                          "KEY_BLOCK_SIZE",
                                          "MAX_ROWS",
                                          "MIN_ROWS",
                                          "PACK_KEYS",
                                          "PASSWORD",
                                          "ROW_FORMAT",
                                          "STATS_AUTO_RECALC",
                                          "STATS_PERSISTENT",
                                          "STATS_SAMPLE_PAGES",
                                          "TABLESPACE",
                                          "UNION",
                                          "SEQUENCE",
                                          "TRANSACTIONAL",
                                          "PAGE_CHECKSUM",
                                          "AUTOEXTEND_SIZE",
                                          "ENGINE_ATTRIBUTE",
                                          "SECONDARY_ENGINE_ATTRIBUTE",
                                          "SECONDARY_ENGINE",
                                          "SECONDARY_LOAD",
                                          "NODEGROUP",
                                          "SHARD_ROW_ID_BITS",
                                          "PRE_SPLIT_REGIONS",
                                          "AUTO_ID_CACHE",
                                          "AUTO_RANDOM_BASE",
                                          "TTL",
                                          "TTL_ENABLE"};
    bool is_option = tokens.is_name() && tokens.is_symbol('=', 1);
    for (const auto* name : kBareOptions) is_option = is_option || tokens.is_word(name);
    if (!is_option) return false;
    tokens.take();
    tokens.accept_symbol('=');
    if (tokens.is_symbol('-')) tokens.take();
    tokens.take_item();
    // Arithmetic as in TTL = `created` + INTERVAL 1 DAY.
    while (tokens.accept_symbol('+') || tokens.accept("INTERVAL")) {
        if (tokens.is_word("INTERVAL")) continue;
        tokens.take();
        tokens.take();
    }
    return true;
}

}  // namespace

bool parse_table_options(TokenStream& tokens, TableOptions& options) {
    bool has_any = false;
    for (;;) {
        const std::size_t before_comma = tokens.position();
        if (has_any) tokens.accept_symbol(',');
        if (parse_charset_option(tokens, options) || parse_known_option(tokens, options) ||
            parse_other_option(tokens)) {
            has_any = true;
            continue;
        }
        tokens.rewind(before_comma);
        return has_any;
    }
}

}  // namespace dm::sql
