#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>

#include <dmmaster.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "app/ctl/argument_parser.h"
#include "app/ctl/dmctl.h"
#include "base/error.h"

/// Command lines with a master's answers and, to the byte, what dmctl sends and prints: tests/cases/api/ctl/*.test. The
/// format is told in tests/cases/api/ctl/README.md; DM_WRITE_CASES=1 writes what is printed now into the files.
namespace dm::ctl {
namespace {

namespace fs = std::filesystem;
namespace json = google::protobuf::util;

std::unique_ptr<google::protobuf::Message> message_of(const google::protobuf::Descriptor* type) {
    return std::unique_ptr<google::protobuf::Message>(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

const google::protobuf::MethodDescriptor* find_method(const std::string& name) {
    const auto* service = pb::StartTaskRequest::descriptor()->file()->FindServiceByName("Master");
    return service == nullptr ? nullptr : service->FindMethodByName(name);
}

struct Answer {
    std::string json;
    std::optional<grpc::Status> failure;
};

/// Answers every method with what a case says and writes down the requests.
class ScriptedMaster final : public grpc::CallbackGenericService {
  public:
    std::map<std::string, Answer> answers;

    std::string take_requests() {
        const std::lock_guard lock(mutex_);
        return std::exchange(requests_, {});
    }

    grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
        return new Call(*this, context->method().substr(context->method().rfind('/') + 1));
    }

  private:
    /// One call; grpc's interface wants it to delete itself.
    class Call final : public grpc::ServerGenericBidiReactor {
      public:
        Call(ScriptedMaster& master, std::string method) : master_(master), method_(std::move(method)) {
            StartRead(&request_);
        }
        void OnReadDone(bool) override {
            const auto status = master_.serve(method_, request_, response_);
            if (!status.ok()) {
                Finish(status);
            } else {
                StartWriteAndFinish(&response_, {}, status);
            }
        }
        void OnDone() override { delete this; }

      private:
        ScriptedMaster& master_;
        const std::string method_;
        grpc::ByteBuffer request_;
        grpc::ByteBuffer response_;
    };

    grpc::Status serve(const std::string& name, const grpc::ByteBuffer& from, grpc::ByteBuffer& to) {
        const auto* method = find_method(name);
        const auto request = message_of(method->input_type());
        std::vector<grpc::Slice> slices;
        static_cast<void>(from.Dump(&slices));
        std::string bytes;
        for (const auto& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
        request->ParseFromString(bytes);
        std::string shown;
        static_cast<void>(json::MessageToJsonString(*request, &shown));
        const std::lock_guard lock(mutex_);
        requests_ += "> " + name + " " + shown + "\n";
        const auto found = answers.find(name);
        if (found == answers.end()) return {grpc::StatusCode::UNIMPLEMENTED, "the case has no answer for " + name};
        if (found->second.failure) return *found->second.failure;
        const auto response = message_of(method->output_type());
        const auto parsed = json::JsonStringToMessage(found->second.json, response.get());
        if (!parsed.ok()) return {grpc::StatusCode::INTERNAL, "the case's answer is wrong: " + parsed.ToString()};
        const grpc::Slice slice(response->SerializeAsString());
        to = grpc::ByteBuffer(&slice, 1);
        return grpc::Status::OK;
    }

    std::mutex mutex_;
    std::string requests_;
};

/// One command line of a case file. `input` is what stands before "---".
struct Case {
    std::string input;
    std::string expected;
};

std::vector<Case> read_cases(const fs::path& path) {
    std::ifstream file(path);
    std::vector<Case> cases;
    bool is_input = true;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("== ") || cases.empty()) {
            cases.emplace_back();
            is_input = true;
        }
        if (line == "---") {
            is_input = false;
            continue;
        }
        (is_input ? cases.back().input : cases.back().expected) += line + "\n";
    }
    return cases;
}

class Runner {
  public:
    Runner() {
        grpc::ServerBuilder builder;
        builder.RegisterCallbackGenericService(&master_);
        server_ = builder.BuildAndStart();
    }
    ~Runner() { server_->Shutdown(); }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    std::string run(const std::string& input) {
        master_.answers.clear();
        files_.clear();
        std::vector<std::string> words;
        std::istringstream lines(input);
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("== ")) words = split_line(line.substr(3));
            read_line(line);
        }
        std::ostringstream out;
        std::ostringstream err;
        MasterClient client(
            {"in-process"}, std::chrono::seconds(5),
            [this](const std::string&, std::chrono::milliseconds) { return server_->InProcessChannel({}); });
        Dmctl dmctl({.out = out, .err = err}, client, [this](const std::string& path) {
            const auto found = files_.find(path);
            ensure(found != files_.end(), ErrorCode::ConfigFileUnreadable, "file '" + path + "' cannot be read");
            return found->second;
        });
        const int code = dmctl.run(words);
        std::string text = master_.take_requests() + "exit " + std::to_string(code) + "\n";
        if (!out.str().empty()) text += "stdout\n" + out.str();
        if (!err.str().empty()) text += "stderr\n" + err.str();
        return text;
    }

  private:
    void read_line(const std::string& line) {
        std::istringstream words(line);
        std::string kind;
        std::string name;
        words >> kind >> name;
        std::string rest;
        words.get();  // one blank; more belong to the text
        std::getline(words, rest);
        if (kind == "answer") master_.answers[name] = {.json = rest, .failure = {}};
        if (kind == "refuse") master_.answers[name].failure = grpc::Status(grpc::StatusCode::UNKNOWN, rest);
        if (kind == "lost") master_.answers[name].failure = grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, rest);
        if (kind == "file") files_[name] += rest + "\n";
    }

    ScriptedMaster master_;
    std::unique_ptr<grpc::Server> server_;
    std::map<std::string, std::string> files_;
};

TEST(DmctlGoldenTest, EveryCasePrintsWhatIsExpected) {
    Runner runner;
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(DM_SOURCE_DIR) / "tests/cases/api/ctl")) {
        if (entry.path().extension() != ".test") continue;
        std::string whole;
        for (const Case& one : read_cases(entry.path())) {
            whole += one.input;
            if (!one.input.starts_with("== ")) continue;
            ++count;
            const std::string actual = runner.run(one.input);
            whole += "---\n" + actual + "\n";
            EXPECT_EQ(actual + "\n", one.expected) << entry.path().filename() << "\n" << one.input;
        }
        if (std::getenv("DM_WRITE_CASES") != nullptr) std::ofstream(entry.path(), std::ios::trunc) << whole;
    }
    EXPECT_GE(count, 60U);
}

}  // namespace
}  // namespace dm::ctl
