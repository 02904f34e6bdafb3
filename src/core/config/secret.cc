#include "core/config/secret.h"

#include <memory>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/error.h"
#include "core/config/document.h"

namespace dm::config {
namespace {

constexpr std::size_t kVectorBytes = 16;
constexpr char kSeparator = '@';

struct CipherDeleter {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string run_cipher(const std::array<std::uint8_t, 32>& key, std::string_view vector, std::string_view input,
                       bool is_encryption) {
    const ErrorCode failure = is_encryption ? ErrorCode::EncryptFailed : ErrorCode::DecryptFailed;
    const std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter> context(EVP_CIPHER_CTX_new());
    ensure(context != nullptr, failure, "no memory for the cipher");
    ensure(EVP_CipherInit_ex(context.get(), EVP_aes_256_cfb128(), nullptr, key.data(), bytes_of(vector),
                             is_encryption ? 1 : 0) == 1,
           failure, "the cipher AES-256-CFB is not available");
    std::string output(input.size(), '\0');
    int written = 0;
    ensure(EVP_CipherUpdate(context.get(), bytes_of(output), &written, bytes_of(input),
                            static_cast<int>(input.size())) == 1,
           failure, "the cipher failed");
    output.resize(static_cast<std::size_t>(written));
    return output;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string base64_decoded(std::string_view text) {
    ensure(!text.empty() && text.size() % 4 == 0, ErrorCode::CiphertextBase64, "the encrypted text is not base64");
    std::string out(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(bytes_of(out), bytes_of(text), static_cast<int>(text.size()));
    ensure(size >= 0, ErrorCode::CiphertextBase64, "the encrypted text is not base64");
    std::size_t padding = 0;
    while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

/// Initial vector, separator and cipher text.
std::string unsealed(std::string_view text) {
    std::string sealed = base64_decoded(text);
    ensure(sealed.size() > kVectorBytes, ErrorCode::CiphertextShort,
           fmt::format("the encrypted text has {} bytes, too few", sealed.size()));
    ensure(sealed[kVectorBytes] == kSeparator, ErrorCode::CiphertextSeparator,
           "the encrypted text lacks its separator");
    return sealed;
}

}  // namespace

SecretKey SecretKey::from_hex(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n\v\f";
    const auto begin = text.find_first_not_of(kBlank);
    text = begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
    std::array<std::uint8_t, 32> bytes{};
    ensure(text.size() == 2 * bytes.size(), ErrorCode::ConfigSecretKey,
           fmt::format("the secret key has {} characters instead of {}", text.size(), 2 * bytes.size()));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = hex_digit(text[2 * i]);
        const int low = hex_digit(text[2 * i + 1]);
        ensure(high >= 0 && low >= 0, ErrorCode::ConfigSecretKey,
               "the secret key holds other characters than hexadecimal digits");
        bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return SecretKey(bytes);
}

std::string SecretKey::to_hex() const {
    std::string out;
    for (const std::uint8_t byte : bytes_) out += fmt::format("{:02x}", byte);
    return out;
}

std::string SecretKey::encrypt(std::string_view plain) const {
    std::string sealed(kVectorBytes, '\0');
    ensure(RAND_bytes(bytes_of(sealed), kVectorBytes) == 1, ErrorCode::EncryptFailed, "no random bytes");
    const std::string cipher = run_cipher(bytes_, std::string(sealed), plain, true);
    sealed += kSeparator;
    sealed += cipher;
    std::string out((sealed.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(bytes_of(out), bytes_of(std::string_view(sealed)), static_cast<int>(sealed.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::string SecretKey::decrypt(std::string_view text) const {
    const std::string sealed = unsealed(text);
    const std::string_view view(sealed);
    return run_cipher(bytes_, view.substr(0, kVectorBytes), view.substr(kVectorBytes + 1), false);
}

std::string SecretKey::decrypt_or_plain(std::string_view text) const {
    if (!has_encrypted_form(text)) return std::string(text);
    std::string plain = decrypt(text);
    try {
        check_text(plain, {.file_name = "password", .syntax = ErrorCode::DecryptFailed});
    } catch (const Error&) {
        throw Error(ErrorCode::ConfigPassword,
                    "the password has the form of an encrypted one, and the key of `secret-key-path` does not decrypt "
                    "it: it was encrypted with another key");
    }
    return plain;
}

bool has_encrypted_form(std::string_view text) {
    try {
        return !unsealed(text).empty();
    } catch (const Error&) {
        return false;
    }
}

}  // namespace dm::config
