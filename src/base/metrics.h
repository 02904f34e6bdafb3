#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

/// Counters of the program in Prometheus' terms. Rooms keep their names, labels and buckets in a metrics class of their
/// own and call that by intent.
namespace dm::metrics {

using Labels = std::map<std::string, std::string>;

/// Handles are cheap to copy, thread-safe, and valid as long as the registry and their series.
class Counter {
  public:
    void add(double amount = 1.0) const;

  private:
    friend class Registry;
    friend class Group;
    void* series_ = nullptr;
};

class Gauge {
  public:
    void set(double value) const;
    void add(double amount) const;

  private:
    friend class Registry;
    friend class Group;
    void* series_ = nullptr;
};

class Histogram {
  public:
    void observe(double value) const;

  private:
    friend class Registry;
    friend class Group;
    void* series_ = nullptr;
};

/// `count` bucket limits: start, start*factor, ...
[[nodiscard]] std::vector<double> exponential_buckets(double start, double factor, int count);
/// `count` bucket limits: start, start+width, ...
[[nodiscard]] std::vector<double> linear_buckets(double start, double width, int count);

/// All series of one process. Owned by main, outlives every room that uses it. Thread-safe.
/// Asking again for the same name and labels gives the same series; the same name with another type throws Error.
class Registry {
  public:
    Registry();
    ~Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram histogram(const std::string& name, const std::string& help, const Labels& labels,
                        const std::vector<double>& buckets);
    /// Removes a series; its handles must not be used any more.
    void remove(Gauge gauge, const std::string& name);
    /// The text exposition format, version 0.0.4.
    [[nodiscard]] std::string expose() const;

  private:
    friend class Group;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Series that come and go together, for example those of one task, with labels in common. They disappear with the
/// last group that holds them: a successor that is made before its predecessor ends keeps counting where that was.
/// Thread-safe; handles are valid as long as the group. The registry outlives it.
class Group {
  public:
    Group(Registry& registry, Labels common);
    ~Group();
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

    Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram histogram(const std::string& name, const std::string& help, const Labels& labels,
                        const std::vector<double>& buckets);

  private:
    [[nodiscard]] Labels with_common(const Labels& labels) const;

    Registry& registry_;
    const Labels common_;
    std::mutex mutex_;
    std::vector<void*> held_;
};

}  // namespace dm::metrics
