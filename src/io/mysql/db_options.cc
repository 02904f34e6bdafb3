#include "io/mysql/db_options.h"

#include <limits>
#include <string>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/error.h"

namespace dm::mysql {
namespace {

std::string from_base64(const std::string& text) {
    std::string bytes(text.size() / 4 * 3 + 3, '\0');
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    ensure(length >= 0, ErrorCode::TlsInvalid, "a `ssl-*-base64` value is not base64");
    bytes.resize(static_cast<std::size_t>(length));
    while (!bytes.empty() && bytes.back() == '\0') bytes.pop_back();
    return bytes;
}

/// PEM text of one item: the bytes, else the decoded base64; empty if only the path is given.
std::string pem(const std::string& bytes, const std::string& base64) {
    if (!bytes.empty() || base64.empty()) return bytes;
    return from_base64(base64);
}

/// The library knows IPv6 addresses without the brackets that URLs have.
std::string without_brackets(const std::string& host) {
    const bool has_brackets = host.starts_with('[') && host.ends_with(']');
    return has_brackets ? host.substr(1, host.size() - 2) : host;
}

TlsOptions tls_options(const config::SecurityConfig& security) {
    TlsOptions tls;
    tls.ca_pem = pem(security.ssl_ca_bytes, security.ssl_ca_base64);
    tls.cert_pem = pem(security.ssl_cert_bytes, security.ssl_cert_base64);
    tls.key_pem = pem(security.ssl_key_bytes, security.ssl_key_base64);
    if (tls.ca_pem.empty()) tls.ca_path = security.ssl_ca;
    if (tls.cert_pem.empty()) tls.cert_path = security.ssl_cert;
    if (tls.key_pem.empty()) tls.key_path = security.ssl_key;
    tls.allowed_names = security.cert_allowed_cn;
    ensure(tls.allowed_names.empty() || !tls.ca_path.empty() || !tls.ca_pem.empty(), ErrorCode::TlsInvalid,
           "`cert-allowed-cn` needs `ssl-ca`: without the authority's certificate anybody can give himself a name");
    return tls;
}

}  // namespace

ConnectOptions connect_options(const config::DbConfig& database, ErrorScope scope) {
    // Any other number would be cut to 16 bits, and 0 be taken for the library's own default: a server nobody named.
    if (database.port < 1 || database.port > std::numeric_limits<std::uint16_t>::max()) {
        throw Error(ErrorCode::DbDriver,
                    fmt::format("cannot connect to the database at {}: a port is a number from 1 to 65535",
                                config::host_and_port(database.host, database.port)))
            .with_scope(scope);
    }
    ConnectOptions options;
    options.host = without_brackets(database.host);
    options.port = static_cast<std::uint16_t>(database.port);
    options.user = database.user;
    options.password = database.password;
    if (database.security) options.tls = tls_options(*database.security);
    options.scope = scope;
    return options;
}

}  // namespace dm::mysql
