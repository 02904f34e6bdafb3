#include "io/etcd/etcd_kv_store.h"

#include <algorithm>
#include <cassert>
#include <map>

#include <etcd/rpc.grpc.pb.h>
#include <fmt/format.h>
#include <grpcpp/channel.h>

#include "base/error.h"
#include "base/log.h"
#include "core/meta/kv_rules.h"
#include "io/etcd/etcd_connection.h"
#include "io/rpc/channel.h"

namespace dm::etcd {

namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::WatchResponse;
using meta::KeyValue;
using meta::Revision;
using meta::WatchEnd;
using meta::WatchEvent;
using std::chrono::milliseconds;

/// etcd has no empty key; one zero byte comes before all others.
std::string first_key(std::string_view key) { return key.empty() ? std::string(1, '\0') : std::string(key); }

template <typename Request>
void set_range(Request& request, std::string_view key, bool is_prefix) {
    request.set_key(first_key(key));
    if (is_prefix) request.set_range_end(meta::prefix_end(key));
}

KeyValue translate(const mvccpb::KeyValue& item) {
    return {.key = item.key(),
            .value = item.value(),
            .created = item.create_revision(),
            .modified = item.mod_revision(),
            .lease = item.lease()};
}

meta::GetResult translate(const etcdserverpb::RangeResponse& response, Revision revision) {
    meta::GetResult result;
    result.revision = revision;
    for (const auto& item : response.kvs()) result.items.push_back(translate(item));
    return result;
}

WatchEvent translate(const mvccpb::Event& event) {
    WatchEvent out;
    out.kind = event.type() == mvccpb::Event::DELETE ? WatchEvent::Kind::Delete : WatchEvent::Kind::Put;
    out.item = translate(event.kv());
    if (out.kind == WatchEvent::Kind::Delete) {
        out.item.value = event.prev_kv().value();
        out.item.created = event.prev_kv().create_revision();
        out.item.lease = event.prev_kv().lease();
    }
    return out;
}

etcdserverpb::RequestOp translate(const meta::WriteOp& write) {
    etcdserverpb::RequestOp out;
    if (const auto* put = std::get_if<meta::PutOp>(&write)) {
        auto& request = *out.mutable_request_put();
        request.set_key(put->key);
        request.set_value(put->value);
        request.set_lease(put->lease);
    } else {
        const auto& erase = std::get<meta::DeleteOp>(write);
        set_range(*out.mutable_request_delete_range(), erase.key, erase.is_prefix);
    }
    return out;
}

/// One watch stream from its creation to its end. Cancels the call when it goes.
class WatchStream {
  public:
    WatchStream(const std::shared_ptr<grpc::Channel>& channel, const std::stop_token& stop)
        : stub_(etcdserverpb::Watch::NewStub(channel)), on_stop_(stop, [this] { context_.TryCancel(); }) {
        // A member cut off from the others must not keep us waiting for news.
        context_.AddMetadata("hasleader", "true");
        stream_ = stub_->Watch(&context_);
    }
    ~WatchStream() { finish(); }
    WatchStream(const WatchStream&) = delete;
    WatchStream& operator=(const WatchStream&) = delete;

    [[nodiscard]] bool begin(std::string_view prefix, Revision from) {
        etcdserverpb::WatchRequest request;
        auto& create = *request.mutable_create_request();
        set_range(create, prefix, true);
        create.set_start_revision(from);
        create.set_prev_kv(true);
        create.set_progress_notify(true);
        return stream_->Write(request);
    }
    [[nodiscard]] bool read(WatchResponse& response) { return stream_->Read(&response); }
    /// Why it ended.
    grpc::Status finish() {
        if (!is_finished_) {
            is_finished_ = true;
            context_.TryCancel();
            status_ = stream_->Finish();
        }
        return status_;
    }

  private:
    grpc::ClientContext context_;
    std::unique_ptr<etcdserverpb::Watch::Stub> stub_;
    std::unique_ptr<grpc::ClientReaderWriter<etcdserverpb::WatchRequest, WatchResponse>> stream_;
    std::stop_callback<std::function<void()>> on_stop_;
    bool is_finished_ = false;
    grpc::Status status_;
};

}  // namespace

class EtcdKvStore::Impl {
  public:
    explicit Impl(EtcdOptions options) : connection_(std::move(options)) {}

    std::vector<meta::GetResult> get_many(const std::vector<ReadOp>& reads);
    meta::TxnResult txn(const std::vector<meta::Compare>& conditions, const std::vector<meta::WriteOp>& writes);
    meta::LeaseId grant(std::chrono::seconds ttl);
    bool keep_alive(meta::LeaseId lease);
    void revoke(meta::LeaseId lease);
    WatchEnd watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink);
    void compact(Revision revision);
    void set_endpoints(std::vector<std::string> endpoints) { connection_.set_endpoints(std::move(endpoints)); }

  private:
    /// How far a watch has come.
    struct Progress {
        Revision next = 0;
        std::chrono::steady_clock::time_point last_news;
        std::string trouble;
    };
    std::optional<WatchEnd> follow(WatchStream& stream, std::string_view prefix, Progress& progress,
                                   const std::stop_token& stop, const WatchSink& sink);
    [[nodiscard]] milliseconds timeout() const { return connection_.options().request_timeout; }
    [[nodiscard]] milliseconds keep_alive_timeout(meta::LeaseId lease);

    EtcdConnection connection_;
    std::mutex mutex_;
    std::map<meta::LeaseId, std::chrono::seconds> leases_;  ///< their TTLs
};

std::vector<meta::GetResult> EtcdKvStore::Impl::get_many(const std::vector<ReadOp>& reads) {
    etcdserverpb::TxnRequest request;
    for (const auto& read : reads) set_range(*request.add_success()->mutable_request_range(), read.key, read.is_prefix);
    etcdserverpb::TxnResponse response;
    connection_.perform(ErrorCode::HaTxn, "read", Repeat::Always, timeout(), [&](const auto& channel, auto& context) {
        return etcdserverpb::KV::NewStub(channel)->Txn(&context, request, &response);
    });
    std::vector<meta::GetResult> results;
    for (const auto& one : response.responses())
        results.push_back(translate(one.response_range(), response.header().revision()));
    return results;
}

meta::TxnResult EtcdKvStore::Impl::txn(const std::vector<meta::Compare>& conditions,
                                       const std::vector<meta::WriteOp>& writes) {
    meta::check_writes(writes);
    etcdserverpb::TxnRequest request;
    for (const auto& condition : conditions) {
        auto& compare = *request.add_compare();
        compare.set_key(condition.key);
        compare.set_target(etcdserverpb::Compare::MOD);
        compare.set_result(etcdserverpb::Compare::EQUAL);
        compare.set_mod_revision(condition.modified);
    }
    for (const auto& write : writes) *request.add_success() = translate(write);
    etcdserverpb::TxnResponse response;
    connection_.perform(ErrorCode::HaTxn, "write", Repeat::IfNotExecuted, timeout(),
                        [&](const auto& channel, auto& context) {
                            return etcdserverpb::KV::NewStub(channel)->Txn(&context, request, &response);
                        });
    return {.succeeded = response.succeeded(), .revision = response.header().revision()};
}

meta::LeaseId EtcdKvStore::Impl::grant(std::chrono::seconds ttl) {
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(ttl.count());
    etcdserverpb::LeaseGrantResponse response;
    // A lease that nobody uses ends by itself, so a second one does no harm.
    connection_.perform(ErrorCode::HaLease, "make a lease", Repeat::Always, timeout(),
                        [&](const auto& channel, auto& context) {
                            return etcdserverpb::Lease::NewStub(channel)->LeaseGrant(&context, request, &response);
                        });
    const std::lock_guard lock(mutex_);
    leases_[response.id()] = ttl;
    return response.id();
}

milliseconds EtcdKvStore::Impl::keep_alive_timeout(meta::LeaseId lease) {
    const std::lock_guard lock(mutex_);
    const auto at = leases_.find(lease);
    if (at == leases_.end()) return timeout();
    // The holder must learn of a failure while the lease still lives.
    return std::min(timeout(), std::max(milliseconds(500), milliseconds(at->second) / 3));
}

bool EtcdKvStore::Impl::keep_alive(meta::LeaseId lease) {
    etcdserverpb::LeaseKeepAliveRequest request;
    request.set_id(lease);
    etcdserverpb::LeaseKeepAliveResponse response;
    connection_.perform(ErrorCode::HaLease, "extend a lease", Repeat::Always, keep_alive_timeout(lease),
                        [&](const auto& channel, auto& context) {
                            const auto stub = etcdserverpb::Lease::NewStub(channel);
                            const auto stream = stub->LeaseKeepAlive(&context);
                            const bool is_answered = stream->Write(request) && stream->Read(&response);
                            stream->WritesDone();
                            const grpc::Status status = stream->Finish();
                            return is_answered ? grpc::Status::OK : status;
                        });
    return response.ttl() > 0;
}

void EtcdKvStore::Impl::revoke(meta::LeaseId lease) {
    {
        const std::lock_guard lock(mutex_);
        leases_.erase(lease);
    }
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(lease);
    etcdserverpb::LeaseRevokeResponse response;
    connection_.perform(
        ErrorCode::HaLease, "revoke a lease", Repeat::Always, timeout(), [&](const auto& channel, auto& context) {
            auto status = etcdserverpb::Lease::NewStub(channel)->LeaseRevoke(&context, request, &response);
            return status.error_code() == grpc::StatusCode::NOT_FOUND ? grpc::Status::OK : status;
        });
}

void EtcdKvStore::Impl::compact(Revision revision) {
    etcdserverpb::CompactionRequest request;
    request.set_revision(revision);
    etcdserverpb::CompactionResponse response;
    connection_.perform(ErrorCode::HaTxn, "compact history", Repeat::IfNotExecuted, timeout(),
                        [&](const auto& channel, auto& context) {
                            return etcdserverpb::KV::NewStub(channel)->Compact(&context, request, &response);
                        });
}

/// Reads the stream until it ends; nothing means that it broke and another one is needed.
std::optional<WatchEnd> EtcdKvStore::Impl::follow(WatchStream& stream, std::string_view prefix, Progress& progress,
                                                  const std::stop_token& stop, const WatchSink& sink) {
    WatchResponse response;
    bool is_open = stream.begin(prefix, progress.next);
    while (is_open && stream.read(response)) {
        if (stop.stop_requested()) return WatchEnd::Stopped;
        if (response.compact_revision() > 0) return WatchEnd::Compacted;
        if (response.canceled()) {
            progress.trouble = response.cancel_reason();
            is_open = false;
        } else if (!response.events().empty()) {
            std::vector<WatchEvent> events;
            for (const auto& event : response.events()) events.push_back(translate(event));
            const Revision last = events.back().item.modified;
            sink(events, last);
            progress.next = last + 1;
            progress.last_news = std::chrono::steady_clock::now();
        } else if (!response.created()) {  // all quiet up to this revision
            progress.next = std::max(progress.next, response.header().revision() + 1);
            progress.last_news = std::chrono::steady_clock::now();
        } else {
            progress.last_news = std::chrono::steady_clock::now();
        }
    }
    const grpc::Status status = stream.finish();
    if (stop.stop_requested()) return WatchEnd::Stopped;
    if (is_open) progress.trouble = rpc::status_text(status);
    return std::nullopt;
}

WatchEnd EtcdKvStore::Impl::watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink) {
    assert(from > 0);
    const auto patience = connection_.options().watch_patience;
    Progress progress{.next = from, .last_news = std::chrono::steady_clock::now(), .trouble = {}};
    while (!stop.stop_requested()) {
        std::shared_ptr<grpc::Channel> channel;
        try {
            channel = connection_.connect(ErrorCode::HaWatch, patience, stop);
        } catch (const Error&) {
            if (stop.stop_requested()) break;
            throw;
        }
        std::optional<WatchEnd> end;
        {
            WatchStream stream(channel, stop);
            end = follow(stream, prefix, progress, stop, sink);
        }
        if (end) return *end;
        connection_.drop(channel);
        log::warn("a watch of the cluster's store broke and starts again",
                  {{"prefix", prefix}, {"from", progress.next}, {"cause", progress.trouble}});
        if (std::chrono::steady_clock::now() - progress.last_news > patience)
            throw Error(ErrorCode::HaWatch, fmt::format("the cluster's store refuses to watch {}", prefix))
                .with_cause(progress.trouble);
        EtcdConnection::pause(stop);
    }
    return WatchEnd::Stopped;
}

EtcdKvStore::EtcdKvStore(EtcdOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
EtcdKvStore::~EtcdKvStore() = default;

meta::GetResult EtcdKvStore::get(std::string_view key, bool is_prefix) {
    return std::move(impl_->get_many({{std::string(key), is_prefix}}).front());
}
std::vector<meta::GetResult> EtcdKvStore::get_many(const std::vector<ReadOp>& reads) { return impl_->get_many(reads); }
meta::TxnResult EtcdKvStore::txn(const std::vector<meta::Compare>& conditions,
                                 const std::vector<meta::WriteOp>& writes) {
    return impl_->txn(conditions, writes);
}
meta::LeaseId EtcdKvStore::grant_lease(std::chrono::seconds ttl) { return impl_->grant(ttl); }
bool EtcdKvStore::keep_alive(meta::LeaseId lease) { return impl_->keep_alive(lease); }
void EtcdKvStore::revoke_lease(meta::LeaseId lease) { impl_->revoke(lease); }
WatchEnd EtcdKvStore::watch(std::string_view prefix, Revision from, std::stop_token stop, const WatchSink& sink) {
    return impl_->watch(prefix, from, std::move(stop), sink);
}
void EtcdKvStore::set_endpoints(std::vector<std::string> endpoints) { impl_->set_endpoints(std::move(endpoints)); }
void EtcdKvStore::compact(Revision revision) { impl_->compact(revision); }

}  // namespace dm::etcd
