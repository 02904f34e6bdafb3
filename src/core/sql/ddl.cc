#include "core/sql/ddl.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "core/sql/literal.h"
#include "core/sql/outline.h"
#include "core/sql/sql_mode.h"

namespace dm::sql {

namespace {

using Kind = StatementKind;
using Role = TableMention::Role;

/// A stretch of the source and what replaces it.
struct Edit {
    Span span;
    std::string text;
};

[[nodiscard]] bool is_within(Span inner, Span outer) noexcept {
    return inner.begin >= outer.begin && inner.end <= outer.end;
}

/// Two quoted names side by side would be read as one with a back quote in it.
void append_apart(std::string& out, std::string_view text) {
    if (out.ends_with('`') && text.starts_with('`')) out += ' ';
    out += text;
}

/// `span` of the text with the edits that lie in it. The edits are in order and do not overlap. An insertion between
/// two spans belongs to the first.
std::string render(std::string_view text, Span span, const std::vector<Edit>& edits) {
    std::string out;
    std::size_t done = span.begin;
    for (const auto& edit : edits) {
        if (!is_within(edit.span, span) || edit.span.begin < done) continue;
        if (edit.span.end == span.begin && span.begin > 0) continue;
        append_apart(out, text.substr(done, edit.span.begin - done));
        append_apart(out, edit.text);
        done = edit.span.end;
    }
    append_apart(out, text.substr(done, span.end - done));
    return out;
}

std::string quoted_target(const model::TableName& name, bool is_schema_only) {
    return is_schema_only ? model::quote_identifier(name.schema) : name.quoted();
}

/// Turns one statement into its parts for the downstream.
class Rewriter {
  public:
    Rewriter(TokenStream& tokens, Outline outline, const RouteFunction& route, const AcceptFunction& accept,
             const SplitOptions& options)
        : tokens_(tokens), outline_(std::move(outline)), options_(options), route_(route), accept_(accept) {
        if (options_.splits_rename && !options_.splits_alter) later_rename_ = find_rename_beside_others();
        for (const auto& mention : outline_.info.tables) {
            model::TableName target = route_(mention.name);
            if (mention.is_schema_only) target.table.clear();
            targets_.push_back(std::move(target));
        }
        add_name_edits();
        add_syntax_edits();
        add_way_edits();
        add_quoting_edits();
        std::stable_sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) {
            return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.end < b.span.end;
        });
    }

    std::vector<RewrittenDdl> run() {
        const Kind kind = outline_.info.kind;
        if (kind == Kind::DropTable || kind == Kind::RenameTable) {
            split_list();
        } else if (kind == Kind::AlterTable && options_.splits_alter) {
            split_alter();
        } else if (later_rename_ != nullptr) {
            split_rename();
        } else if (is_accepted(whole())) {
            if (outline_.or_replace.size() > 0) emit_drop();
            emit(render(tokens_.text(), whole(), edits_), whole());
        }
        return std::move(result_);
    }

  private:
    [[nodiscard]] Span whole() const noexcept { return {0, tokens_.text().size()}; }
    [[nodiscard]] const std::vector<TableMention>& mentions() const noexcept { return outline_.info.tables; }

    void add_name_edits() {
        for (std::size_t i = 0; i < mentions().size(); ++i) {
            const auto& mention = mentions()[i];
            std::string name = quoted_target(targets_[i], mention.is_schema_only);
            if (outline_.lacks_schema_name && i == 0) name.insert(0, " ");
            edits_.push_back({mention.span, std::move(name)});
        }
    }

    void add_syntax_edits() {
        const Kind kind = outline_.info.kind;
        const bool is_create =
            kind == Kind::CreateTable || kind == Kind::CreateTableLike || kind == Kind::CreateDatabase;
        const bool is_drop = kind == Kind::DropTable || kind == Kind::DropDatabase;
        if ((is_create || is_drop) && !outline_.info.has_if_exists) {
            const std::size_t at = outline_.after_object;
            edits_.push_back({{at, at}, is_create ? " IF NOT EXISTS" : " IF EXISTS"});
        }
        // CREATE OR REPLACE INDEX stays: only MariaDB writes it, and dropping the index first may fail.
        if (is_create && outline_.or_replace.size() > 0) {
            Span span = outline_.or_replace;
            while (span.end < tokens_.text().size() && tokens_.text()[span.end] == ' ') ++span.end;
            edits_.push_back({span, ""});
        }
        if (outline_.start_transaction.size() > 0) edits_.push_back({outline_.start_transaction, ""});
        for (const Span comment : tokens_.skipped_comments()) edits_.push_back({comment, " "});
    }

    /// With the blanks before it.
    void cut(Span span) {
        while (span.begin > 0 && tokens_.text()[span.begin - 1] == ' ') --span.begin;
        edits_.push_back({span, ""});
    }

    /// Takes out how the target should do it, each with the comma behind it or, at the end, with that of the last
    /// action that stays. What lies between, such as the mark of a comment, stays.
    void add_way_edits() {
        for (const Span way : outline_.ways) cut(way);
        const OutlinePart* kept = nullptr;
        for (const auto& part : outline_.parts) {
            if (!part.is_way && &part != later_rename_) {
                kept = &part;
                continue;
            }
            cut(&part == later_rename_ ? rename_span(part) : part.span);
            if (part.comma.size() > 0) {
                cut(part.comma);
            } else if (kept != nullptr) {
                cut(kept->comma);
            }
        }
    }

    void add_quoting_edits() {
        const std::uint64_t mode = tokens_.options().sql_mode;
        if ((mode & (kModeAnsiQuotes | kModeNoBackslashEscapes)) == 0) return;
        for (const Token& token : tokens_.tokens()) {
            const std::string_view raw = tokens_.text(token);
            const bool is_in_mention =
                std::any_of(mentions().begin(), mentions().end(),
                            [&](const TableMention& mention) { return is_within(token.span, mention.span); });
            if (is_in_mention) continue;
            if (token.kind == TokenKind::QuotedName && raw.front() == '"') {
                edits_.push_back({token.span, model::quote_identifier(name_of(tokens_.text(), token))});
            } else if (token.kind == TokenKind::String && (mode & kModeNoBackslashEscapes) != 0) {
                std::string literal(raw.front() == 'n' || raw.front() == 'N' ? "N" : "");
                append_quoted(literal, string_value(tokens_.text(), token, mode));
                edits_.push_back({token.span, std::move(literal)});
            }
        }
    }

    /// Whether all tables named in `span` are replicated.
    [[nodiscard]] bool is_accepted(Span span) const {
        return std::all_of(mentions().begin(), mentions().end(), [&](const TableMention& mention) {
            return !is_within(mention.span, span) || mention.role == Role::ForeignParent || accept_(mention.name);
        });
    }

    RewrittenDdl& emit(std::string text, Span names_in) {
        RewrittenDdl ddl;
        ddl.text = std::move(text);
        ddl.kind = outline_.info.kind;
        ddl.exchanged_partition = outline_.exchanged_partition;
        ddl.has_own_condition = !outline_.info.has_if_exists;
        for (std::size_t i = 0; i < mentions().size(); ++i) {
            if (!is_within(mentions()[i].span, names_in) || mentions()[i].role == Role::ForeignParent) continue;
            ddl.sources.push_back(mentions()[i].name);
            ddl.targets.push_back(targets_[i]);
        }
        result_.push_back(std::move(ddl));
        return result_.back();
    }

    /// What CREATE OR REPLACE does first.
    void emit_drop() {
        const bool is_schema = mentions().front().is_schema_only;
        const bool is_table = outline_.info.kind == Kind::CreateTable || outline_.info.kind == Kind::CreateTableLike;
        if (!is_schema && !is_table) return;
        RewrittenDdl& ddl = emit(fmt::format("DROP {} IF EXISTS {}", is_schema ? "DATABASE" : "TABLE",
                                             quoted_target(targets_.front(), is_schema)),
                                 mentions().front().span);
        ddl.kind = is_schema ? Kind::DropDatabase : Kind::DropTable;
    }

    void split_list() {
        const Span before{0, outline_.parts.front().span.begin};
        const Span after{outline_.parts.back().span.end, tokens_.text().size()};
        for (const auto& part : outline_.parts) {
            if (!is_accepted(part.span)) continue;
            emit(render(tokens_.text(), before, edits_) + render(tokens_.text(), part.span, edits_) +
                     render(tokens_.text(), after, edits_),
                 part.span);
        }
    }

    /// The name behind RENAME TO; null if the action is another.
    [[nodiscard]] const TableMention* new_name_in(const OutlinePart& part) const {
        const auto found = std::ranges::find_if(mentions(), [&](const TableMention& mention) {
            return mention.role == Role::RenameTo && is_within(mention.span, part.span);
        });
        return found == mentions().end() ? nullptr : &*found;
    }

    /// RENAME TO with its new name; PARTITION BY may stand behind it without a comma.
    [[nodiscard]] Span rename_span(const OutlinePart& part) const {
        return {part.span.begin, new_name_in(part)->span.end};
    }

    /// Null if there is none, or nothing else.
    [[nodiscard]] const OutlinePart* find_rename_beside_others() const {
        if (outline_.info.kind != Kind::AlterTable) return nullptr;
        const auto rename =
            std::ranges::find_if(outline_.parts, [&](const auto& part) { return new_name_in(part) != nullptr; });
        if (rename == outline_.parts.end()) return nullptr;
        const auto is_other = [&](const OutlinePart& part) { return !part.is_hint && &part != &*rename; };
        const bool is_beside = std::ranges::any_of(outline_.parts, is_other);
        return is_beside || rename_span(*rename).end < rename->span.end ? &*rename : nullptr;
    }

    void split_rename() {
        if (!is_accepted(whole())) return;
        RewrittenDdl rename = emit(render(tokens_.text(), whole(), edits_), whole());
        rename.kind = Kind::RenameTable;
        rename.text =
            fmt::format("RENAME TABLE {} TO {}", rename.targets.front().quoted(), rename.targets.back().quoted());
        result_.back().sources.resize(1);
        result_.back().targets.resize(1);
        result_.push_back(std::move(rename));
    }

    void split_alter() {
        if (!is_accepted(whole())) return;
        if (outline_.parts.size() <= 1 && (outline_.parts.empty() || outline_.parts.front().columns.empty())) {
            emit(render(tokens_.text(), whole(), edits_), whole());
            return;
        }
        for (const auto& part : outline_.parts) {
            if (part.is_hint) continue;
            for (const Span column : part.columns) {
                emit_action(part, "ADD COLUMN " + render(tokens_.text(), column, edits_));
            }
            if (part.columns.empty()) emit_action(part, render(tokens_.text(), part.span, edits_));
            follow_rename(part);
        }
    }

    void emit_action(const OutlinePart& part, const std::string& action) {
        const Span before{0, outline_.parts.front().span.begin};
        RewrittenDdl& ddl = emit(render(tokens_.text(), before, edits_) + action, part.span);
        ddl.sources.insert(ddl.sources.begin(), source_);
        ddl.targets.insert(ddl.targets.begin(), target_);
    }

    /// The actions after RENAME TO speak of the table by its new name.
    void follow_rename(const OutlinePart& part) {
        for (std::size_t i = 1; i < mentions().size(); ++i) {
            if (mentions()[i].role != Role::RenameTo || !is_within(mentions()[i].span, part.span)) continue;
            source_ = mentions()[i].name;
            target_ = targets_[i];
            for (auto& edit : edits_) {
                if (edit.span.begin == mentions().front().span.begin) edit.text = target_.quoted();
            }
        }
    }

    TokenStream& tokens_;
    Outline outline_;
    const SplitOptions& options_;
    const OutlinePart* later_rename_ = nullptr;  ///< becomes a statement of its own
    const RouteFunction& route_;
    const AcceptFunction& accept_;
    std::vector<model::TableName> targets_;  ///< of each mention
    std::vector<Edit> edits_;
    std::vector<RewrittenDdl> result_;
    model::TableName source_ = mentions().front().name;  ///< the altered table's name at the current action
    model::TableName target_ = route_(source_);
};

}  // namespace

StatementInfo classify(std::string_view statement, const ParseContext& context) {
    const LexOptions options = lex_options(context);
    StatementInfo info;
    info.kind = kind_of(statement, options);
    if (!has_outline(info.kind)) return info;
    TokenStream tokens(statement, options);
    return outline_of(tokens, info.kind, context).info;
}

std::vector<RewrittenDdl> split_and_route(std::string_view statement, const ParseContext& context,
                                          const RouteFunction& route, const AcceptFunction& accept,
                                          const SplitOptions& options) {
    const LexOptions lexing = lex_options(context);
    const Kind kind = kind_of(statement, lexing);
    if (!has_outline(kind)) {
        throw Error(ErrorCode::SyncDdlUnsupported, fmt::format("{} is not a DDL of tables, indexes or databases: {}",
                                                               kind_name(kind), statement.substr(0, 256)));
    }
    TokenStream tokens(statement, lexing);
    Outline outline = outline_of(tokens, kind, context);
    if (outline.info.is_temporary) return {};
    Rewriter rewriter(tokens, outline, route, accept, options);
    if (outline.info.kind == Kind::CreateTableSelect) {
        if (!accept(outline.info.tables.front().name)) return {};
        throw Error(
            ErrorCode::SyncDdlUnsupported,
            fmt::format("CREATE TABLE ... SELECT on {} was logged as a statement: its rows are not in the binlog",
                        outline.info.tables.front().name.quoted()));
    }
    return rewriter.run();
}

std::string_view kind_name(StatementKind kind) noexcept {
    static constexpr std::array<std::string_view, 34> kNames = {"CREATE DATABASE",
                                                                "ALTER DATABASE",
                                                                "DROP DATABASE",
                                                                "CREATE TABLE",
                                                                "CREATE TABLE ... LIKE",
                                                                "CREATE TABLE ... SELECT",
                                                                "ALTER TABLE",
                                                                "DROP TABLE",
                                                                "RENAME TABLE",
                                                                "TRUNCATE TABLE",
                                                                "CREATE INDEX",
                                                                "DROP INDEX",
                                                                "CREATE VIEW",
                                                                "ALTER VIEW",
                                                                "DROP VIEW",
                                                                "CREATE TRIGGER",
                                                                "DROP TRIGGER",
                                                                "routine statement",
                                                                "event statement",
                                                                "account statement",
                                                                "maintenance statement",
                                                                "sequence statement",
                                                                "storage statement",
                                                                "other DDL",
                                                                "BEGIN",
                                                                "COMMIT",
                                                                "ROLLBACK",
                                                                "SAVEPOINT",
                                                                "XA",
                                                                "SET",
                                                                "USE",
                                                                "statement that changes rows",
                                                                "empty statement",
                                                                "unknown statement"};
    const auto index = static_cast<std::size_t>(kind);
    return index < kNames.size() ? kNames[index] : kNames[static_cast<std::size_t>(Kind::Unknown)];
}

}  // namespace dm::sql
