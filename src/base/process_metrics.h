#pragma once

#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"

namespace dm::metrics {

/// What the system says of this process, under the usual `process_` names, and its share of a processor. Thread-safe.
/// Registry and clock outlive it.
class ProcessMetrics {
  public:
    /// `cpu_usage`: name of the gauge for the share of one processor, in per cent.
    ProcessMetrics(Registry& registry, Clock& clock, const std::string& cpu_usage);

    /// Reads everything anew; call before the series are shown. What the system does not tell stays as it was.
    void refresh();

  private:
    void measure_processor();

    Clock& clock_;
    const Counter cpu_seconds_;
    const Gauge cpu_usage_;
    const Gauge open_files_;
    const Gauge max_files_;
    const Gauge virtual_bytes_;
    const Gauge max_virtual_bytes_;
    const Gauge resident_bytes_;
    const Gauge threads_;

    std::mutex mutex_;  // guards what follows
    double counted_seconds_ = 0;
    double measured_seconds_ = 0;  // at measured_at_
    Clock::TimePoint measured_at_;
};

}  // namespace dm::metrics
