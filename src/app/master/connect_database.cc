#include "app/master/connect_database.h"

#include "core/config/secret.h"
#include "io/mysql/db_options.h"
#include "io/mysql/mysql_session.h"

namespace dm::master {
namespace {

constexpr int kAccessDenied = 1045;

}  // namespace

ConnectDatabase mysql_connector() {
    return [](const config::DbConfig& database, ErrorScope scope) -> std::unique_ptr<sql::SqlSession> {
        mysql::ConnectOptions options = mysql::connect_options(database, scope);
        for (const auto& [name, value] : database.session) {
            // Workers exchange values in UTC whatever is set here, and a server may lack the zone's name.
            if (name != "time_zone") options.session_variables.emplace_back(name, value);
        }
        options.read_timeout = std::chrono::seconds(30);
        try {
            return std::make_unique<mysql::MySqlSession>(options);
        } catch (const Error& error) {
            if (sql::server_error_of(error) != kAccessDenied || !config::has_encrypted_form(database.password)) throw;
            throw error.with_workaround(
                "The password has the form of an encrypted one and was used as it is, because this dm-master has no "
                "`secret-key-path`: start it with the key that the password was encrypted with.");
        }
    };
}

}  // namespace dm::master
