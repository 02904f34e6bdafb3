#include "app/ctl/tls_files.h"

#include "base/error.h"
#include "base/log.h"

namespace dm::ctl {
namespace {

bool load(const std::string& path, const std::string& base64, std::string& bytes, const config::FileReader& read_file) {
    if (path.empty() || !base64.empty() || !bytes.empty()) return false;
    try {
        bytes = read_file(path);
        return !bytes.empty();
    } catch (const Error& error) {
        log::warn("certificate file cannot be read here; its path is sent to the master",
                  {{"path", path}, {"error", error.what()}});
        return false;
    }
}

}  // namespace

bool load_certificates(std::optional<config::SecurityConfig>& security, const config::FileReader& read_file) {
    if (!security) return false;
    const bool ca = load(security->ssl_ca, security->ssl_ca_base64, security->ssl_ca_bytes, read_file);
    const bool cert = load(security->ssl_cert, security->ssl_cert_base64, security->ssl_cert_bytes, read_file);
    const bool key = load(security->ssl_key, security->ssl_key_base64, security->ssl_key_bytes, read_file);
    return ca || cert || key;
}

}  // namespace dm::ctl
