#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dm::config {

/// The key that protects passwords: AES-256 in CFB mode with 128-bit feedback. Immutable, free to share between
/// threads. Encrypted text is base64 of 16 bytes of initial vector, '@', and the cipher text.
class SecretKey {
  public:
    /// From 64 hexadecimal digits, white space around them allowed. Throws Error{ConfigSecretKey}.
    static SecretKey from_hex(std::string_view text);

    /// Encrypts with a random initial vector.
    [[nodiscard]] std::string encrypt(std::string_view plain) const;
    /// Throws Error{CiphertextBase64, CiphertextShort, CiphertextSeparator} if the text is not of that form. A wrong
    /// key is not noticed: it yields other bytes.
    [[nodiscard]] std::string decrypt(std::string_view text) const;
    /// What a password of a file means: the decrypted text or, if it does not have the form of an encrypted one, the
    /// text as it is. Throws Error{ConfigPassword} if it has that form and no text comes out: another key made it.
    [[nodiscard]] std::string decrypt_or_plain(std::string_view text) const;

    [[nodiscard]] const std::array<std::uint8_t, 32>& bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::string to_hex() const;

  private:
    explicit SecretKey(const std::array<std::uint8_t, 32>& bytes) : bytes_(bytes) {}
    std::array<std::uint8_t, 32> bytes_{};
};

/// Whether the text could be the output of SecretKey::encrypt, with whatever key.
[[nodiscard]] bool has_encrypted_form(std::string_view text);

/// What stands for a password wherever it could be seen.
inline constexpr std::string_view kHiddenPassword = "******";

}  // namespace dm::config
