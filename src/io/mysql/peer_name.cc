#include "io/mysql/peer_name.h"

#include <memory>
#include <string_view>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/error.h"

// What libmariadb keeps of a connection stands in headers that do not include what they need.
// NOLINTNEXTLINE(readability-identifier-naming)
using uchar = unsigned char;
#define HAVE_TLS 1  // NOLINT(cppcoreguidelines-macro-usage): the header hides the TLS part without it
#include <ma_pvio.h>

namespace dm::mysql {
namespace {

/// libmariadb has no function for the certificate; its connection holds an OpenSSL handle only in builds with OpenSSL.
bool is_built_with_openssl() {
    const char* library = nullptr;
    mariadb_get_infov(nullptr, MARIADB_TLS_LIBRARY, &library);
    return library != nullptr && std::string_view(library).starts_with("OpenSSL");
}

std::string common_name(const X509& certificate) {
    const X509_NAME* subject = X509_get_subject_name(&certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return {};
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size < 0) return {};
    std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return name;
}

}  // namespace

std::string peer_common_name(MYSQL& handle) {
    ensure(is_built_with_openssl(), ErrorCode::TlsInvalid,
           "`cert-allowed-cn` cannot be checked: the MariaDB client library of this machine does not use OpenSSL");
    const MARIADB_PVIO* line = handle.net.pvio;
    if (line == nullptr || line->ctls == nullptr || line->ctls->ssl == nullptr) return {};
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(static_cast<const SSL*>(line->ctls->ssl)), X509_free);
    return certificate ? common_name(*certificate) : std::string();
}

}  // namespace dm::mysql
