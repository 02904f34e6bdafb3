#include "core/config/go_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace dm::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};

constexpr auto kUnits = std::to_array<Unit>({{"ns", 1},
                                             {"us", 1'000},
                                             {"\xC2\xB5s", 1'000},
                                             {"\xCE\xBCs", 1'000},
                                             {"ms", 1'000'000},
                                             {"s", 1'000'000'000},
                                             {"m", 60'000'000'000},
                                             {"h", 3'600'000'000'000}});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes digits off the front.
std::string_view take_digits(std::string_view& text) {
    const auto end = std::ranges::find_if_not(text, is_digit);
    const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
}

/// One "12.5h" off the front, in nanoseconds; nothing if there is none or it overflows.
std::optional<std::int64_t> take_component(std::string_view& text) {
    const std::string_view whole = take_digits(text);
    std::string_view fraction;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = take_digits(text);
    }
    if (whole.empty() && fraction.empty()) return std::nullopt;
    const auto letters = std::ranges::find_if(text, [](char c) { return is_digit(c) || c == '.'; });
    const std::string_view name = text.substr(0, static_cast<std::size_t>(letters - text.begin()));
    const auto unit = std::ranges::find(kUnits, name, &Unit::name);
    if (unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(name.size());

    std::int64_t amount = 0;
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), amount);
    if (!whole.empty() && error != std::errc{}) return std::nullopt;
    std::int64_t result = 0;
    if (__builtin_mul_overflow(amount, unit->nanoseconds, &result)) return std::nullopt;
    std::int64_t scale = unit->nanoseconds;
    for (const char digit : fraction.substr(0, 13)) {
        const std::int64_t part = scale / 10 * (digit - '0');
        scale /= 10;
        if (__builtin_add_overflow(result, part, &result)) return std::nullopt;
    }
    return result;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return std::chrono::nanoseconds{0};
    if (text.empty()) return std::nullopt;
    std::int64_t total = 0;
    while (!text.empty()) {
        const auto part = take_component(text);
        if (!part || __builtin_add_overflow(total, *part, &total)) return std::nullopt;
    }
    return std::chrono::nanoseconds{is_negative ? -total : total};
}

std::string duration_text(std::chrono::nanoseconds value) {
    const std::int64_t count = value.count();
    if (count == 0) return "0s";
    const std::string sign = count < 0 ? "-" : "";
    std::uint64_t rest = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
    const auto decimal = [](std::uint64_t whole, std::uint64_t fraction, int digits) {
        std::string text = fmt::format("{}.{:0{}}", whole, fraction, digits);
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.pop_back();
        return text;
    };
    if (rest < 1'000) return fmt::format("{}{}ns", sign, rest);
    if (rest < 1'000'000) return fmt::format("{}{}\xC2\xB5s", sign, decimal(rest / 1'000, rest % 1'000, 3));
    if (rest < 1'000'000'000) return fmt::format("{}{}ms", sign, decimal(rest / 1'000'000, rest % 1'000'000, 6));
    const std::uint64_t hours = rest / 3'600'000'000'000;
    rest %= 3'600'000'000'000;
    const std::uint64_t minutes = rest / 60'000'000'000;
    rest %= 60'000'000'000;
    std::string out = sign;
    if (hours > 0) out += fmt::format("{}h", hours);
    if (hours > 0 || minutes > 0) out += fmt::format("{}m", minutes);
    return out + decimal(rest / 1'000'000'000, rest % 1'000'000'000, 9) + 's';
}

std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
    const auto trim = [](std::string_view& part) {
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
    };
    trim(text);
    const auto end = std::ranges::find_if_not(text, [](char c) { return is_digit(c) || c == '.'; });
    const std::string number(text.substr(0, static_cast<std::size_t>(end - text.begin())));
    std::string_view suffix = text.substr(number.size());
    trim(suffix);
    std::string unit(suffix);
    for (char& c : unit) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
    unsigned shift = 0;
    if (!unit.empty()) {
        constexpr std::string_view kMultiples = "kmgtp";
        const auto multiple = kMultiples.find(unit[0]);
        if (multiple != std::string_view::npos) {
            shift = 10 * (static_cast<unsigned>(multiple) + 1);
            unit.erase(0, 1);
            if (unit == "ib") unit = "b";
        }
        if (!unit.empty() && unit != "b") return std::nullopt;
    }
    if (number.empty() || number == "." || std::ranges::count(number, '.') > 1) return std::nullopt;
    if (number.find('.') != std::string::npos) {
        double real = 0;
        const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), real);
        const double bytes = real * static_cast<double>(1ULL << shift);
        if (error != std::errc{} || stop != number.data() + number.size() || !(bytes < 9.0e18)) return std::nullopt;
        return static_cast<std::uint64_t>(bytes);
    }
    std::uint64_t whole = 0;
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), whole);
    if (error != std::errc{} || stop != number.data() + number.size()) return std::nullopt;
    if (shift > 0 && whole > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
    return whole << shift;
}

}  // namespace dm::config
