#include "core/config/unit_config.h"

#include <fmt/format.h>

#include "base/error.h"
#include "core/config/go_text.h"

namespace dm::config {

std::uint64_t DumpConfig::chunk_bytes() const {
    const bool is_bare = chunk_filesize.find_first_not_of("0123456789. ") == std::string::npos;
    const auto bytes = parse_byte_size(is_bare ? chunk_filesize + "m" : chunk_filesize);
    ensure(bytes.has_value(), ErrorCode::ConfigChunkFilesize,
           fmt::format("`chunk-filesize` is '{}'; it takes MiB or a size with its unit such as 256k", chunk_filesize));
    return *bytes;
}

}  // namespace dm::config
