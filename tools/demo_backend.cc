// A backend to try rproxy with, and an example of //rproxy/core/server:
//
//   /bytes/N    N bytes; every 16 of them tell their own position
//   /slow/MS    an answer after MS milliseconds
//   /chunked    five lines, one each 100 ms, of a body of unknown length
//   /echo       the body of the request
//   others      what arrived: method, target, header fields, size of the body

#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "gflags/gflags.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/signal_watcher.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/server/handler.h"
#include "rproxy/core/server/http_server.h"

DEFINE_string(address, "127.0.0.1", "address to listen on");
DEFINE_int32(port, 0, "port to listen on; 0: a free one, which is printed");

namespace rproxy {
namespace {

constexpr absl::string_view kText = "text/plain; charset=utf-8";
constexpr uint64_t kSlowMillisecondsMax = 10 * 60 * 1000;
constexpr int kChunkedLines = 5;

ResponseHead Ok(absl::string_view content_type) {
  ResponseHead head;
  head.status = 200;
  head.reason = std::string(ReasonPhrase(200));
  head.headers.Add("Content-Type", content_type);
  return head;
}

// Tells what arrived, once all of it has.
class Describe final : public Responder {
 public:
  explicit Describe(Exchange& exchange) : exchange_(exchange) {}

  void OnBody(Slice bytes) override { body_bytes_ += bytes.size(); }

  void OnRequestEnd(const HeaderMap&) override {
    const RequestHead& request = exchange_.request();
    std::string text = absl::StrCat(request.method, " ", request.target, " ",
                                    ToString(request.version), "\n");
    request.headers.ForEach([&](const HeaderMap::Field& field) {
      absl::StrAppend(&text, field.name, ": ", field.value, "\n");
    });
    absl::StrAppend(&text, "\nbody: ", body_bytes_, " bytes\n");
    exchange_.Reply(200, kText, text, HeaderMap());
  }

 private:
  Exchange& exchange_;
  uint64_t body_bytes_ = 0;
};

// Sends the body of the request back as it arrives.
class Echo final : public Responder {
 public:
  explicit Echo(Exchange& exchange) : exchange_(exchange) {}

  void Start() {
    const HeaderMap& fields = exchange_.request().headers;
    exchange_.SendHead(Ok(fields.Find(FieldId::kContentType)
                              .value_or("application/octet-stream")),
                       exchange_.request_framing());
  }

  void OnBody(Slice bytes) override {
    exchange_.SendBody(std::move(bytes));
    if (!exchange_.output_full()) return;
    exchange_.Flush();
    if (exchange_.output_full()) exchange_.PauseRequestBody();
  }

  void OnRequestEnd(const HeaderMap& trailers) override {
    exchange_.Finish(trailers);
  }

  void OnBatchEnd() override { exchange_.Flush(); }
  void OnOutputDrained() override { exchange_.ResumeRequestBody(); }

 private:
  Exchange& exchange_;
};

// What a responder is that does not look at the body of its request.
class Answer : public Responder {
 public:
  void OnBody(Slice) final {}
  void OnRequestEnd(const HeaderMap&) final {}
};

// Sends a body of a given size, no faster than the client takes it.
class Bytes final : public Answer {
 public:
  Bytes(Exchange& exchange, uint64_t size) : exchange_(exchange), size_(size) {}

  void Start() {
    exchange_.SendHead(Ok(kText), {BodyFraming::Kind::kContentLength, size_});
    // The answer to HEAD has no body, and so nothing that would wait.
    if (exchange_.request().method == "HEAD") sent_ = size_;
    Send();
  }

  void OnOutputDrained() override { Send(); }

 private:
  // As `printf '%015x\n'` of 0, 16, 32 and so on.
  static constexpr size_t kLineBytes = 16;

  void Send() {
    while (sent_ < size_) {
      Slice slice = exchange_.loop().slices().Take();
      Fill(slice);
      if (slice.size() > size_ - sent_) {
        slice.RemoveSuffix(slice.size() - (size_ - sent_));
      }
      sent_ += slice.size();
      exchange_.SendBody(std::move(slice));
      if (!exchange_.output_full()) continue;
      exchange_.Flush();
      // What Flush left is told of by OnOutputDrained.
      if (exchange_.output_full()) return;
    }
    exchange_.Finish(HeaderMap());
  }

  void Fill(Slice& slice) const {
    static_assert(SlicePool::kBlockBytes % kLineBytes == 0);
    char* line = slice.mutable_data();
    for (uint64_t i = 0; i < slice.size(); i += kLineBytes) {
      uint64_t position = sent_ + i;
      line[kLineBytes - 1] = '\n';
      for (size_t digit = kLineBytes - 1; digit-- > 0; position /= 16) {
        line[digit] = "0123456789abcdef"[position % 16];
      }
      line += kLineBytes;
    }
  }

  Exchange& exchange_;
  const uint64_t size_;
  uint64_t sent_ = 0;
};

// Answers after a while.
class Slow final : public Answer {
 public:
  Slow(Exchange& exchange, absl::Duration wait)
      : exchange_(exchange), wait_(wait), timer_(exchange.loop(), [this] {
          exchange_.Reply(
              200, kText,
              absl::StrCat("after ", absl::FormatDuration(wait_), "\n"),
              HeaderMap());
        }) {
    timer_.Schedule(wait);
  }

 private:
  Exchange& exchange_;
  const absl::Duration wait_;
  Timer timer_;
};

// Sends lines one after the other, and says only at the end how many.
class Chunked final : public Answer {
 public:
  explicit Chunked(Exchange& exchange)
      : exchange_(exchange), timer_(exchange.loop(), [this] { SendLine(); }) {}

  void Start() {
    exchange_.SendHead(Ok(kText), {BodyFraming::Kind::kChunked});
    SendLine();
  }

 private:
  void SendLine() {
    ++lines_;
    exchange_.SendBody(Slice::Copy(
        absl::StrCat("line ", lines_, " of ", kChunkedLines, "\n")));
    if (lines_ < kChunkedLines) {
      exchange_.Flush();
      timer_.Schedule(absl::Milliseconds(100));
      return;
    }
    HeaderMap trailers;
    trailers.Add("X-Lines", absl::StrCat(lines_));
    exchange_.Finish(trailers);
  }

  Exchange& exchange_;
  Timer timer_;
  int lines_ = 0;
};

template <typename R>
std::unique_ptr<Responder> Started(std::unique_ptr<R> responder) {
  responder->Start();
  return responder;
}

// The number behind `prefix`, if `path` is nothing but these two.
std::optional<uint64_t> NumberAfter(absl::string_view prefix,
                                    absl::string_view path) {
  uint64_t number = 0;
  if (!absl::ConsumePrefix(&path, prefix) ||
      !std::all_of(path.begin(), path.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(path, &number)) {
    return std::nullopt;
  }
  return number;
}

class DemoHandler final : public Handler {
 public:
  std::unique_ptr<Responder> Handle(Exchange& exchange) override {
    const RequestHead& request = exchange.request();
    if (request.headers.ListContains(FieldId::kExpect, "100-continue")) {
      ResponseHead go_on;
      go_on.status = 100;
      go_on.reason = std::string(ReasonPhrase(100));
      exchange.SendInterim(go_on);
      exchange.Flush();
    }

    const absl::string_view target = request.target;
    const absl::string_view path = target.substr(0, target.find('?'));
    if (const auto size = NumberAfter("/bytes/", path)) {
      return Started(std::make_unique<Bytes>(exchange, *size));
    }
    if (const auto milliseconds = NumberAfter("/slow/", path)) {
      return std::make_unique<Slow>(
          exchange,
          absl::Milliseconds(std::min(*milliseconds, kSlowMillisecondsMax)));
    }
    if (path == "/chunked") {
      return Started(std::make_unique<Chunked>(exchange));
    }
    if (path == "/echo") return Started(std::make_unique<Echo>(exchange));
    return std::make_unique<Describe>(exchange);
  }
};

// Serves until SIGINT or SIGTERM.
absl::Status Serve() {
  if (FLAGS_port < 0 || FLAGS_port > UINT16_MAX) {
    return absl::InvalidArgumentError("--port must be from 0 to 65535");
  }
  const absl::StatusOr<SocketAddress> address =
      SocketAddress::Parse(FLAGS_address, static_cast<uint16_t>(FLAGS_port));
  if (!address.ok()) return address.status();
  const absl::StatusOr<std::unique_ptr<EventLoop>> loop = EventLoop::Create();
  if (!loop.ok()) return loop.status();
  absl::StatusOr<UniqueFd> socket = Listen(*address, {.reuse_port = false});
  if (!socket.ok()) return socket.status();

  DemoHandler handler;
  HttpServer server(**loop, handler, {.server_name = "demo-backend"});
  absl::Status status = server.Listen(*std::move(socket));
  if (!status.ok()) return status;
  const SignalWatcher interrupt(**loop, SIGINT, [&] { (*loop)->Stop(); });
  const SignalWatcher terminate(**loop, SIGTERM, [&] { (*loop)->Stop(); });
  // Scripts wait for this line.
  std::cout << "demo_backend: serving http://"
            << server.listeners().front()->address().ToString() << std::endl;
  (*loop)->Run();
  return status;
}

}  // namespace
}  // namespace rproxy

int main(int argc, char** argv) {
  gflags::SetUsageMessage("a backend to try rproxy with");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  if (argc > 1) {
    std::cerr << "demo_backend: unexpected argument " << argv[1] << "\n";
    return 1;
  }
  // Writing to a client that has gone is an error, not the end of us.
  ::signal(SIGPIPE, SIG_IGN);
  const absl::Status status = rproxy::Serve();
  if (!status.ok()) {
    std::cerr << "demo_backend: " << status.message() << "\n";
    return 1;
  }
  return 0;
}
