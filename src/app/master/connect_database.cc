#include "app/master/connect_database.h"

#include "io/mysql/db_options.h"
#include "io/mysql/mysql_session.h"

namespace dm::master {

ConnectDatabase mysql_connector() {
    return [](const config::DbConfig& database, ErrorScope scope) -> std::unique_ptr<sql::SqlSession> {
        mysql::ConnectOptions options = mysql::connect_options(database, scope);
        for (const auto& [name, value] : database.session) {
            // Workers exchange values in UTC whatever is set here, and a server may lack the zone's name.
            if (name != "time_zone") options.session_variables.emplace_back(name, value);
        }
        options.read_timeout = std::chrono::seconds(30);
        return std::make_unique<mysql::MySqlSession>(options);
    };
}

}  // namespace dm::master
