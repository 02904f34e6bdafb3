#include "core/config/secret.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "core/config/source_config.h"

namespace dm::config {
namespace {

constexpr std::string_view kHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

template <typename F>
ErrorCode code_of(const F& attempt) {
    try {
        attempt();
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::NotSet;
}

TEST(SecretKey, ReadsHexadecimalDigits) {
    const SecretKey key = SecretKey::from_hex("  " + std::string(kHex) + "\n");
    EXPECT_EQ(key.bytes()[31], 0x1f);
    EXPECT_EQ(key.to_hex(), kHex);
    EXPECT_EQ(code_of([] { (void)SecretKey::from_hex("00"); }), ErrorCode::ConfigSecretKey);
    EXPECT_EQ(code_of([] { (void)SecretKey::from_hex(""); }), ErrorCode::ConfigSecretKey);
    EXPECT_EQ(code_of([] { (void)SecretKey::from_hex(std::string(64, 'x')); }), ErrorCode::ConfigSecretKey);
}

TEST(SecretKey, DecryptsWhatItEncrypted) {
    const SecretKey key = SecretKey::from_hex(kHex);
    for (const std::string_view plain :
         {"", "a", "pass@word", "sixteen bytes..!", "longer than one block of the cipher"}) {
        const std::string sealed = key.encrypt(plain);
        EXPECT_EQ(key.decrypt(sealed), plain);
        EXPECT_NE(key.encrypt(plain), sealed) << "each time another initial vector";
    }
}

// Made with `openssl enc -aes-256-cfb -K <key> -iv 00112233445566778899aabbccddeeff`.
TEST(SecretKey, ReadsWhatOthersEncrypted) {
    EXPECT_EQ(SecretKey::from_hex(kHex).decrypt("ABEiM0RVZneImaq7zN3u/0DtytakNgJo0o8="), "change-me");
}

TEST(SecretKey, RefusesOtherTexts) {
    const SecretKey key = SecretKey::from_hex(kHex);
    EXPECT_EQ(code_of([&] { (void)key.decrypt("not base64!"); }), ErrorCode::CiphertextBase64);
    EXPECT_EQ(code_of([&] { (void)key.decrypt(""); }), ErrorCode::CiphertextBase64);
    EXPECT_EQ(code_of([&] { (void)key.decrypt("AAAA"); }), ErrorCode::CiphertextShort);
    EXPECT_EQ(code_of([&] { (void)key.decrypt("AAAAAAAAAAAAAAAAAAAAAAAAAAAA"); }), ErrorCode::CiphertextSeparator);
    EXPECT_EQ(key.decrypt_or_plain("123456"), "123456");
    EXPECT_EQ(key.decrypt_or_plain("AAAA"), "AAAA");
}

TEST(SecretKey, SaysThatAnotherKeyWasUsed) {
    const SecretKey other = SecretKey::from_hex(std::string(64, '7'));
    // A text this long does not decrypt to UTF-8 by chance.
    const std::string sealed = SecretKey::from_hex(kHex).encrypt(std::string(64, 'p'));
    EXPECT_EQ(code_of([&] { (void)other.decrypt_or_plain(sealed); }), ErrorCode::ConfigPassword);
    try {
        (void)parse_source_yaml("source-id: a\nfrom:\n  password: '" + sealed + "'\n",
                                {.file_name = "s.yaml", .key = &other, .warnings = nullptr});
        FAIL();
    } catch (const Error& error) {
        EXPECT_TRUE(error.message().starts_with("s.yaml:3: `from.password`: ")) << error.message();
        EXPECT_EQ(error.message().find(sealed), std::string::npos);
    }
}

TEST(SecretKey, KnowsTheEncryptedForm) {
    EXPECT_TRUE(has_encrypted_form(SecretKey::from_hex(kHex).encrypt("")));
    for (const std::string_view plain : {"", "123456", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "not base64!"}) {
        EXPECT_FALSE(has_encrypted_form(plain)) << plain;
    }
}

TEST(SecretKey, OpensPasswordsOfFiles) {
    const SecretKey key = SecretKey::from_hex(kHex);
    const std::string sealed = key.encrypt("change-me");
    const std::string text = "source-id: a\nfrom: {password: '" + sealed + "'}\n";
    EXPECT_EQ(parse_source_yaml(text, {.file_name = "s", .key = &key, .warnings = nullptr}).from.password, "change-me");
    EXPECT_EQ(parse_source_yaml(text).from.password, sealed);
    EXPECT_EQ(
        parse_source_yaml("source-id: a\nfrom: {password: plain}", {.file_name = "s", .key = &key, .warnings = nullptr})
            .from.password,
        "plain");
}

}  // namespace
}  // namespace dm::config
