#include "base/metrics.h"

#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/error.h"

namespace dm::metrics {

void Counter::add(double amount) const { static_cast<prometheus::Counter*>(series_)->Increment(amount); }
void Gauge::set(double value) const { static_cast<prometheus::Gauge*>(series_)->Set(value); }
void Gauge::add(double amount) const { static_cast<prometheus::Gauge*>(series_)->Increment(amount); }
void Histogram::observe(double value) const { static_cast<prometheus::Histogram*>(series_)->Observe(value); }

std::vector<double> exponential_buckets(double start, double factor, int count) {
    std::vector<double> limits;
    for (double limit = start; count > 0; --count, limit *= factor) limits.push_back(limit);
    return limits;
}

struct Registry::Impl {
    // Merge: asking for a known name gives the known family instead of an error.
    prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};

    template <typename Builder>
    auto& family(Builder builder, const std::string& name, const std::string& help) {
        try {
            return builder.Name(name).Help(help).Register(registry);
        } catch (const std::invalid_argument& failure) {
            throw Error(ErrorCode::NotSet, "metric '" + name + "' is invalid or has another type")
                .with_cause(failure.what());
        }
    }
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
    Counter handle;
    handle.series_ = &impl_->family(prometheus::BuildCounter(), name, help).Add(labels);
    return handle;
}

Gauge Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    Gauge handle;
    handle.series_ = &impl_->family(prometheus::BuildGauge(), name, help).Add(labels);
    return handle;
}

Histogram Registry::histogram(const std::string& name, const std::string& help, const Labels& labels,
                              const std::vector<double>& buckets) {
    Histogram handle;
    handle.series_ = &impl_->family(prometheus::BuildHistogram(), name, help).Add(labels, buckets);
    return handle;
}

void Registry::remove(Gauge gauge, const std::string& name) {
    impl_->family(prometheus::BuildGauge(), name, "").Remove(static_cast<prometheus::Gauge*>(gauge.series_));
}

std::string Registry::expose() const { return prometheus::TextSerializer().Serialize(impl_->registry.Collect()); }

}  // namespace dm::metrics
