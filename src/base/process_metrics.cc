#include "base/process_metrics.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace dm::metrics {
namespace {

constexpr auto kUsageWindow = std::chrono::seconds(1);

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double limit_of(__rlimit_resource resource) {
    rlimit limit{};
    getrlimit(resource, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? static_cast<double>(std::numeric_limits<std::uint64_t>::max())
                                           : static_cast<double>(limit.rlim_cur);
}

/// The fields of /proc/self/stat behind the program's name, which may hold blanks, and behind the
/// state: the first is the parent.
std::vector<double> stat_fields() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    std::vector<double> fields;
    std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 3)));
    for (double value = 0; rest >> value;) fields.push_back(value);
    return fields;
}

/// Seconds since 1970 at which the machine started.
double boot_time() {
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;) {
        double value = 0;
        if (word == "btime" && file >> value) return value;
    }
    return 0;
}

double count_open_files() {
    std::error_code failure;
    const std::filesystem::directory_iterator files("/proc/self/fd", failure);
    return failure ? 0 : static_cast<double>(std::distance(begin(files), end(files)));
}

}  // namespace

ProcessMetrics::ProcessMetrics(Registry& registry, Clock& clock, const std::string& cpu_usage)
    : clock_(clock),
      cpu_seconds_(registry.counter("process_cpu_seconds_total", "processor time used, in seconds")),
      cpu_usage_(registry.gauge(cpu_usage, "share of one processor, in per cent")),
      open_files_(registry.gauge("process_open_fds", "open file descriptors")),
      max_files_(registry.gauge("process_max_fds", "file descriptors that may be open")),
      virtual_bytes_(registry.gauge("process_virtual_memory_bytes", "virtual memory")),
      max_virtual_bytes_(registry.gauge("process_virtual_memory_max_bytes", "virtual memory that may be used")),
      resident_bytes_(registry.gauge("process_resident_memory_bytes", "resident memory")),
      threads_(registry.gauge("process_threads", "threads")),
      measured_seconds_(processor_seconds()),
      measured_at_(clock.now()) {
    constexpr std::size_t kStart = 18;  // clock ticks after the machine's start
    if (const auto fields = stat_fields(); fields.size() > kStart) {
        registry.gauge("process_start_time_seconds", "when the process started, in seconds since 1970")
            .set(boot_time() + fields[kStart] / static_cast<double>(sysconf(_SC_CLK_TCK)));
    }
    refresh();
}

void ProcessMetrics::refresh() {
    constexpr std::size_t kThreads = 16;
    constexpr std::size_t kVirtual = 19;
    constexpr std::size_t kResident = 20;
    const std::lock_guard lock(mutex_);
    measure_processor();
    open_files_.set(count_open_files());
    max_files_.set(limit_of(RLIMIT_NOFILE));
    max_virtual_bytes_.set(limit_of(RLIMIT_AS));
    const auto fields = stat_fields();
    if (fields.size() <= kResident) return;
    threads_.set(fields[kThreads]);
    virtual_bytes_.set(fields[kVirtual]);
    resident_bytes_.set(fields[kResident] * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

void ProcessMetrics::measure_processor() {
    const double total = processor_seconds();
    cpu_seconds_.add(std::max(0.0, total - counted_seconds_));
    counted_seconds_ = total;
    const auto now = clock_.now();
    const auto elapsed = now - measured_at_;
    if (elapsed < kUsageWindow) return;
    cpu_usage_.set(100 * (total - measured_seconds_) / std::chrono::duration<double>(elapsed).count());
    measured_seconds_ = total;
    measured_at_ = now;
}

}  // namespace dm::metrics
