#include <cstddef>
#include <cstdint>

#include "core/config/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    dm::config::fuzz_task({reinterpret_cast<const char*>(data), size});
    return 0;
}
