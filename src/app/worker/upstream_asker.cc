#include "app/worker/upstream_asker.h"

#include <utility>

#include "base/log.h"
#include "unit/sync/upstream_view.h"

namespace dm::worker {
namespace {

constexpr auto kOnlyOnDemand = std::chrono::hours(24);

/// Whatever comes of a question, its connection is not kept.
struct Dropping {
    explicit Dropping(sync::SessionLink& dropped) : link(dropped) {}
    ~Dropping() { link.drop(); }
    Dropping(const Dropping&) = delete;
    Dropping& operator=(const Dropping&) = delete;

    sync::SessionLink& link;
};

}  // namespace

UpstreamAsker::UpstreamAsker(sql::SqlConnector connect)
    : session_(links_, std::move(connect)),
      watch_({.every = kOnlyOnDemand}),
      step_(
          "upstream-asker",
          [this](std::stop_token stop) {
              watch_.run(std::move(stop), [this] {
                  const Dropping after_the_answer(session_);
                  return sync::fetch_upstream_location(session_.get());
              });
          },
          [](const Error& error) {
              log::error("source cannot be asked any more", {{"error", error.what()}});
          }) {}

UpstreamAsker::~UpstreamAsker() {
    step_.request_stop();
    links_.cancel_all();
}

}  // namespace dm::worker
