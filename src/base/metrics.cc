#include "base/metrics.h"

#include <algorithm>
#include <functional>
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

std::vector<double> linear_buckets(double start, double width, int count) {
    std::vector<double> limits;
    for (int i = 0; i < count; ++i) limits.push_back(start + width * i);
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

    /// Series that groups hold: by how many, and how they are removed.
    struct Held {
        int count = 0;
        std::function<void()> remove;
    };

    /// Each group counts once, however often it asks for a series.
    template <typename Series>
    void hold(prometheus::Family<Series>& family, Series* series, std::vector<void*>& of_group) {
        if (std::ranges::find(of_group, series) != of_group.end()) return;
        of_group.push_back(series);
        Held& found = held[series];
        if (found.count++ == 0) found.remove = [&family, series] { family.Remove(series); };
    }

    void release(const std::vector<void*>& series) {
        const std::lock_guard lock(mutex);
        for (void* one : series) {
            const auto found = held.find(one);
            if (--found->second.count > 0) continue;
            found->second.remove();
            held.erase(found);
        }
    }

    std::mutex mutex;  // guards held, and that nobody takes a series while it is removed
    std::map<void*, Held> held;
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

Group::Group(Registry& registry, Labels common) : registry_(registry), common_(std::move(common)) {}

Group::~Group() { registry_.impl_->release(held_); }

Labels Group::with_common(const Labels& labels) const {
    Labels all = labels;
    all.insert(common_.begin(), common_.end());
    return all;
}

Counter Group::counter(const std::string& name, const std::string& help, const Labels& labels) {
    auto& impl = *registry_.impl_;
    const std::scoped_lock lock(mutex_, impl.mutex);
    auto& family = impl.family(prometheus::BuildCounter(), name, help);
    auto* series = &family.Add(with_common(labels));
    impl.hold(family, series, held_);
    Counter handle;
    handle.series_ = series;
    return handle;
}

Gauge Group::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    auto& impl = *registry_.impl_;
    const std::scoped_lock lock(mutex_, impl.mutex);
    auto& family = impl.family(prometheus::BuildGauge(), name, help);
    auto* series = &family.Add(with_common(labels));
    impl.hold(family, series, held_);
    Gauge handle;
    handle.series_ = series;
    return handle;
}

Histogram Group::histogram(const std::string& name, const std::string& help, const Labels& labels,
                           const std::vector<double>& buckets) {
    auto& impl = *registry_.impl_;
    const std::scoped_lock lock(mutex_, impl.mutex);
    auto& family = impl.family(prometheus::BuildHistogram(), name, help);
    auto* series = &family.Add(with_common(labels), buckets);
    impl.hold(family, series, held_);
    Histogram handle;
    handle.series_ = series;
    return handle;
}

std::string Registry::expose() const { return prometheus::TextSerializer().Serialize(impl_->registry.Collect()); }

}  // namespace dm::metrics
