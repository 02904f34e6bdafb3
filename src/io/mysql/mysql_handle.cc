#include "io/mysql/mysql_handle.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/config/db_config.h"
#include "io/mysql/peer_name.h"
#include "io/mysql/server_errors.h"
#include "io/mysql/socket_life.h"

namespace dm::mysql {
namespace {

constexpr std::string_view kUnreachableAdvice =
    "Check that the database is up, that `host` and `port` are right and that the network lets DM reach it.";

void initialise_library() {
    static std::once_flag once;
    std::call_once(once, [] { mysql_server_init(0, nullptr, nullptr); });
}

/// PEM text as something libmariadb can open by name: an anonymous file that lives as long as this object.
class PemFile {
  public:
    PemFile(const std::string& path, const std::string& pem) : name_(path) {
        if (!path.empty() || pem.empty()) return;
        descriptor_ = memfd_create("dm-pem", MFD_CLOEXEC);
        ensure(descriptor_ >= 0, ErrorCode::TlsInvalid, "cannot create an anonymous file for a TLS certificate");
        std::size_t written = 0;
        while (written < pem.size()) {
            const auto count = ::write(descriptor_, pem.data() + written, pem.size() - written);
            ensure(count > 0, ErrorCode::TlsInvalid, "cannot write a TLS certificate to an anonymous file");
            written += static_cast<std::size_t>(count);
        }
        name_ = fmt::format("/proc/self/fd/{}", descriptor_);
    }
    ~PemFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    PemFile(const PemFile&) = delete;
    PemFile& operator=(const PemFile&) = delete;

    [[nodiscard]] const char* name() const noexcept { return name_.empty() ? nullptr : name_.c_str(); }

  private:
    std::string name_;
    int descriptor_ = -1;
};

void set_timeout(MYSQL& handle, mysql_option option, std::chrono::seconds timeout) {
    if (timeout.count() <= 0) return;
    const auto seconds = static_cast<unsigned>(timeout.count());
    mysql_options(&handle, option, &seconds);
}

void set_options(MYSQL& handle, const ConnectOptions& options) {
    const my_bool off = 0;
    const unsigned no_local_files = 0;
    mysql_options(&handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(&handle, MYSQL_OPT_RECONNECT, &off);
    mysql_options(&handle, MYSQL_OPT_LOCAL_INFILE, &no_local_files);
    set_timeout(handle, MYSQL_OPT_CONNECT_TIMEOUT, options.connect_timeout);
    set_timeout(handle, MYSQL_OPT_READ_TIMEOUT, options.read_timeout);
    set_timeout(handle, MYSQL_OPT_WRITE_TIMEOUT, options.write_timeout);
    if (options.is_compressed) mysql_options(&handle, MYSQL_OPT_COMPRESS, nullptr);
}

void set_tls(MYSQL& handle, const ConnectOptions& options, const PemFile& authority, const PemFile& cert,
             const PemFile& key) {
    if (!options.tls.is_enabled()) return;
    const my_bool enforce = 1;
    const auto verify = static_cast<my_bool>(authority.name() != nullptr);
    mysql_ssl_set(&handle, key.name(), cert.name(), authority.name(), nullptr, nullptr);
    mysql_options(&handle, MYSQL_OPT_SSL_ENFORCE, &enforce);
    mysql_options(&handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

/// Throws unless the server's certificate has one of the names that are allowed.
void check_peer_name(MYSQL& handle, const ConnectOptions& options) {
    const auto& allowed = options.tls.allowed_names;
    if (allowed.empty()) return;
    const std::string name = peer_common_name(handle);
    if (std::ranges::find(allowed, name) != allowed.end()) return;
    throw Error(ErrorCode::TlsInvalid,
                fmt::format("cannot connect to the database at {}: the common name in its certificate is '{}'; "
                            "`cert-allowed-cn` takes {}",
                            config::host_and_port(options.host, options.port), name, fmt::join(allowed, ", ")))
        .with_scope(options.scope)
        .with_workaround("Add the name to `cert-allowed-cn`, or give the server another certificate.");
}

bool is_number(std::string_view text) {
    if (!text.empty() && text.front() == '-') text.remove_prefix(1);
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Session variables are names of our own or the user's: only words are let through, values are escaped.
std::string set_statement(const ConnectOptions& options) {
    std::string statement = "SET ";
    for (const auto& [name, value] : options.session_variables) {
        const bool is_word = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '_' || c == '.';
        });
        ensure(is_word, ErrorCode::DbDriver, fmt::format("`{}` is not the name of a session variable", name));
        if (statement.size() > 4) statement += ", ";
        statement += fmt::format("SESSION {} = ", name);
        if (is_number(value)) {
            statement += value;
            continue;
        }
        statement += '\'';
        for (const char c : value) {
            if (c == '\'' || c == '\\') statement += c;
            statement += c;
        }
        statement += '\'';
    }
    return statement;
}

/// The server or the network is to blame, not the login.
bool is_unreachable(unsigned number) {
    constexpr unsigned kPluginCannotLoad = 2059;
    const bool is_client_side = number >= 2000 && number < 3000;
    return is_client_side ? number != kPluginCannotLoad : retry_class_of(number) == RetryClass::Resume;
}

Error with_server_text(const Error& error, MYSQL& handle, ErrorScope scope) {
    const unsigned number = mysql_errno(&handle);
    const Error told =
        error.with_cause(fmt::format("Error {} ({}): {}", number, mysql_sqlstate(&handle), mysql_error(&handle)))
            .with_retry(retry_class_of(number, mysql_error(&handle)))
            .with_scope(scope);
    const std::string_view advice = advice_for(number);
    return advice.empty() ? told : told.with_workaround(advice);
}

}  // namespace

MysqlHandle open_handle(const ConnectOptions& options) {
    initialise_library();
    MysqlHandle handle(mysql_init(nullptr));
    ensure(handle != nullptr, ErrorCode::DbDriver, "cannot allocate a database connection");
    const PemFile authority(options.tls.ca_path, options.tls.ca_pem);
    const PemFile cert(options.tls.cert_path, options.tls.cert_pem);
    const PemFile key(options.tls.key_path, options.tls.key_pem);
    set_options(*handle, options);
    set_tls(*handle, options, authority, cert, key);
    const std::string where = fmt::format("cannot connect to the database at {} as user `{}`",
                                          config::host_and_port(options.host, options.port), options.user);
    // A host of "localhost" would make the library look for a unix socket, whatever the port.
    const unsigned protocol = MYSQL_PROTOCOL_TCP;
    mysql_options(handle.get(), MYSQL_OPT_PROTOCOL, &protocol);
    if (mysql_real_connect(handle.get(), options.host.c_str(), options.user.c_str(), options.password.c_str(), nullptr,
                           options.port, nullptr, CLIENT_FOUND_ROWS) == nullptr) {
        const bool unreachable = is_unreachable(mysql_errno(handle.get()));
        const Error told = unreachable ? Error(ErrorCode::DbBadConnection, where).with_workaround(kUnreachableAdvice)
                                       : Error(ErrorCode::DbDriver, where);
        const Error error = with_server_text(told, *handle, options.scope);
        throw unreachable ? error.with_retry(RetryClass::Resume) : error;
    }
    expect_life(static_cast<int>(mysql_get_socket(handle.get())));
    check_peer_name(*handle, options);
    if (!options.session_variables.empty()) {
        const std::string statement = set_statement(options);
        if (mysql_real_query(handle.get(), statement.data(), statement.size()) != 0) {
            throw handle_error(*handle, ErrorCode::DbDriver, fmt::format("{}: {} failed", where, statement),
                               options.scope);
        }
    }
    return handle;
}

Error handle_error(MYSQL& handle, ErrorCode code, std::string_view message, ErrorScope scope) {
    const bool is_lost = is_connection_error(mysql_errno(&handle));
    return with_server_text(Error(is_lost ? ErrorCode::DbInvalidConnection : code, std::string(message)), handle,
                            scope);
}

SocketSwitch::SocketSwitch(MYSQL& handle)
    : descriptor_(::fcntl(static_cast<int>(mysql_get_socket(&handle)), F_DUPFD_CLOEXEC, 0)) {}

SocketSwitch::~SocketSwitch() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void SocketSwitch::shut_down() noexcept {
    if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
}

}  // namespace dm::mysql
