#include "core/binlog/decimal.h"

#include <cstdint>

#include "base/error.h"

namespace dm::binlog {
namespace {

constexpr unsigned kGroupDigits = 9;
constexpr std::array<std::uint8_t, kGroupDigits + 1> kGroupBytes{0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
constexpr std::array<std::uint32_t, kGroupDigits + 1> kPowers{
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

/// Reads one group of digits after another and writes them as text.
class GroupReader {
  public:
    GroupReader(std::string_view bytes, char* out) : at_(bytes.data()), out_(out) {
        const auto first = static_cast<unsigned char>(bytes.front());
        is_negative_ = (first & 0x80U) == 0;
        mask_ = is_negative_ ? 0xffU : 0;
        sign_bit_ = 0x80U;
    }

    [[nodiscard]] bool is_negative() const { return is_negative_; }
    [[nodiscard]] char* out() const { return out_; }

    void copy(unsigned digits) {
        std::uint32_t value = 0;
        for (unsigned i = 0; i < kGroupBytes[digits]; ++i) {
            value = value << 8U | ((static_cast<unsigned char>(*at_++) ^ mask_ ^ sign_bit_) & 0xffU);
            sign_bit_ = 0;
        }
        ensure(value < kPowers[digits], ErrorCode::BinlogMalformed, "DECIMAL with more digits than its type has");
        for (unsigned i = digits; i-- > 0;) {
            out_[i] = static_cast<char>('0' + value % 10);
            value /= 10;
        }
        out_ += digits;
    }

    void put(char c) { *out_++ = c; }

  private:
    const char* at_;
    char* out_;
    unsigned mask_ = 0;
    unsigned sign_bit_ = 0;  // of the first byte, where it is flipped
    bool is_negative_ = false;
};

}  // namespace

std::size_t decimal_bytes(unsigned precision, unsigned scale) noexcept {
    const unsigned whole = precision - scale;
    return whole / kGroupDigits * 4 + kGroupBytes[whole % kGroupDigits] + scale / kGroupDigits * 4 +
           kGroupBytes[scale % kGroupDigits];
}

std::string_view decimal_text(std::string_view bytes, unsigned precision, unsigned scale, DecimalText& room) {
    constexpr std::size_t kLead = 2;  // for the sign and a zero before the point
    const unsigned whole = precision - scale;
    char* const begin = room.data() + kLead;
    GroupReader reader(bytes, begin);
    reader.copy(whole % kGroupDigits);
    for (unsigned i = 0; i < whole / kGroupDigits; ++i) reader.copy(kGroupDigits);
    char* const point = reader.out();
    if (scale > 0) {
        reader.put('.');
        for (unsigned i = 0; i < scale / kGroupDigits; ++i) reader.copy(kGroupDigits);
        reader.copy(scale % kGroupDigits);
    }
    char* first = begin;
    while (first != point && *first == '0') ++first;
    if (first == point) *--first = '0';
    if (reader.is_negative()) *--first = '-';
    return {first, static_cast<std::size_t>(reader.out() - first)};
}

}  // namespace dm::binlog
