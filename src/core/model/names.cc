#include "core/model/names.h"

namespace dm::model {

std::string TableName::quoted() const { return quote_identifier(schema) + "." + quote_identifier(table); }

std::string quote_identifier(std::string_view name) {
    std::string quoted = "`";
    for (const char c : name) {
        if (c == '`') quoted += '`';
        quoted += c;
    }
    quoted += '`';
    return quoted;
}

}  // namespace dm::model
