// Input: all that a client sends. Property: what an independent parser finds on
// the backend's side is exactly the sequence of requests that the proxy
// accepted, in their order, with their bodies, and never more; and the client
// is answered once for each of them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/fuzz_split.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/message.h"
#include "rproxy/core/http/parser.h"
#include "rproxy/core/proxy/stream_fuzz_mutator.h"
#include "rproxy/core/proxy/stream_fuzz_proxy.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

constexpr size_t kInputMax = 64 * 1024;

constexpr absl::string_view kPieces[] = {
    "GET / HTTP/1.1\r\n",
    "GET / HTTP/1.0\r\n",
    "HEAD / HTTP/1.1\r\n",
    "POST /p HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "CONNECT a:1 HTTP/1.1\r\n",
    "TRACE / HTTP/1.1\r\n",
    "GET http://b/ HTTP/1.1\r\n",
    "Host: a\r\n",
    "Host: b\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Content-Length : 5\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding:\x0b"
    "chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: Host, Content-Length\r\n",
    "Connection: upgrade\r\n",
    "Upgrade: websocket\r\n",
    "Upgrade: h2c\r\n",
    "Expect: 100-continue\r\n",
    "Expect: x\r\n",
    "TE: trailers\r\n",
    "Trailer: a\r\n",
    " folded\r\n",
    "\r\n",
    "\n",
    "\r",
    "5\r\nhello\r\n",
    "5;a=b\r\nhello\r\n",
    "5\nhello\n",
    "0\r\n\r\n",
    "0\r\nA: b\r\n\r\n",
    "0\r\nContent-Length: 5\r\n\r\n",
    "ffffffffffffffff\r\n",
    "hello",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
};

struct Message {
  std::string method;
  std::string target;
  std::string body;
};

// Takes the client's bytes apart as the proxy is expected to. It shares the
// parser with the proxy, so it says what was accepted, not what is right.
class Acceptance final : public RequestParser::Visitor {
 public:
  explicit Acceptance(absl::string_view input) {
    while (!stopped_) {
      input.remove_prefix(parser_.Parse(input));
      if (parser_.state() != ParserState::kDone) return;
      if (forwarded_) accepted_.push_back(std::move(message_));
      if (!keep_alive_) return;
      parser_.Next();
    }
  }

  const std::vector<Message>& accepted() const { return accepted_; }

 private:
  void OnHead(RequestHead head, const BodyFraming& framing) override {
    message_ = {head.method, head.target, ""};
    forwarded_ = head.method != "CONNECT" && head.method != "TRACE";
    keep_alive_ = WantsKeepAlive(head.version, head.headers);
    const bool expects = head.version == HttpVersion::kHttp11 &&
                         head.headers.Count(FieldId::kExpect) > 0;
    // Answered before the body that a 100 would have asked for.
    if (expects && !forwarded_) keep_alive_ = false;
    const bool bad_expectation =
        expects && (head.headers.Count(FieldId::kExpect) > 1 ||
                    !absl::EqualsIgnoreCase(
                        *head.headers.Find(FieldId::kExpect), "100-continue"));
    const bool too_long = framing.kind == BodyFraming::Kind::kContentLength &&
                          framing.length > StreamFuzzProxy::kBodyBytesMax;
    if (bad_expectation || too_long) Stop();
  }
  void OnBody(absl::string_view bytes) override {
    message_.body.append(bytes);
    if (message_.body.size() > StreamFuzzProxy::kBodyBytesMax) Stop();
  }
  void OnTrailers(const HeaderMap&) override {}
  void OnMessageEnd() override {}

  void Stop() {
    stopped_ = true;
    forwarded_ = false;
    keep_alive_ = false;
    parser_.Pause();
  }

  const HttpPolicy policy_;
  RequestParser parser_{policy_, *this};
  bool stopped_ = false;
  bool forwarded_ = false;
  bool keep_alive_ = true;
  Message message_;
  std::vector<Message> accepted_;
};

// Takes what the backend received apart, and answers.
class Recorder {
 public:
  // `early`: answers as soon as a head is there.
  Recorder(StreamFuzzProxy& proxy, bool early) : proxy_(proxy), early_(early) {}

  // Reads and answers until nothing more happens.
  void Serve() {
    do {
      proxy_.Run();
    } while (AnswerAll());
  }

  const std::vector<Message>& messages() const { return messages_; }
  size_t answered() const { return answered_; }

 private:
  bool AnswerAll() {
    bool any = false;
    for (const auto& backend : proxy_.backends()) {
      while (TakeRequest(*backend)) any = true;
    }
    return any;
  }

  bool TakeRequest(StreamFuzzProxy::Backend& backend) {
    absl::string_view bytes = backend.received;
    bytes.remove_prefix(backend.served);
    const std::optional<size_t> head_size = FindHeadSize(bytes);
    if (!head_size.has_value()) return false;
    const WireHead head = ParseHead(bytes.substr(0, *head_size));
    CHECK(head.well_formed) << head.raw;
    CHECK_EQ(head.Count("host"), 1u) << head.raw;
    CHECK_EQ(head.StartLinePart(2), "HTTP/1.1") << head.raw;
    Message message{head.StartLinePart(0), head.StartLinePart(1), ""};
    WireBodyReader body = WireBodyReader::ForRequest(head);
    CHECK(!body.malformed()) << head.raw;
    const size_t body_size = body.Feed(bytes.substr(*head_size), message.body);
    CHECK(!body.malformed()) << bytes;
    if (early_ && !backend.answered) {
      backend.answered = true;
      Answer(backend, message.method);
      if (!body.done()) return true;
    }
    if (!body.done()) return false;
    if (!backend.answered) Answer(backend, message.method);
    backend.answered = false;
    backend.served += *head_size + body_size;
    messages_.push_back(std::move(message));
    return true;
  }

  void Answer(StreamFuzzProxy::Backend& backend, absl::string_view method) {
    const std::string number = absl::StrCat(answered_++);
    backend.Send(
        absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", number.size(),
                     "\r\n\r\n", method == "HEAD" ? "" : number));
  }

  StreamFuzzProxy& proxy_;
  const bool early_;
  std::vector<Message> messages_;
  size_t answered_ = 0;
};

// The client reads answers 0, 1, ... in this order, and possibly some that the
// proxy made. Returns how many came from the backend.
size_t CheckResponses(absl::string_view bytes,
                      const std::vector<Message>& requests) {
  size_t answers = 0;
  while (!bytes.empty()) {
    const std::optional<size_t> head_size = FindHeadSize(bytes);
    CHECK(head_size.has_value()) << bytes;
    const WireHead head = ParseHead(bytes.substr(0, *head_size));
    CHECK(head.well_formed) << head.raw;
    bytes.remove_prefix(*head_size);
    const bool ok = head.StartLinePart(1) == "200";
    CHECK(ok || absl::StartsWith(head.StartLinePart(1), "4") ||
          absl::StartsWith(head.StartLinePart(1), "5"))
        << head.raw;
    const bool to_head =
        ok && answers < requests.size() && requests[answers].method == "HEAD";
    WireBodyReader reader = WireBodyReader::ForResponse(
        head, ok ? 200 : 400, to_head ? "HEAD" : "GET");
    std::string body;
    bytes.remove_prefix(reader.Feed(bytes, body));
    // A HEAD whose body is bad is refused without one.
    const bool head_refused = !ok && bytes.empty() && body.empty();
    CHECK(reader.done() || head_refused) << head.raw << body;
    if (!ok) continue;
    if (!to_head) CHECK_EQ(body, absl::StrCat(answers));
    ++answers;
  }
  return answers;
}

bool SameTarget(absl::string_view sent, absl::string_view received) {
  if (sent == received) return true;
  // The absolute form loses its authority, and gains a path if it has none.
  return absl::StartsWithIgnoreCase(sent, "http") &&
         (received == "*" || absl::EndsWith(sent, received) ||
          absl::EndsWith(sent, received.substr(1)));
}

bool IsForwardOf(const Message& received, const Message& sent) {
  return received.method == sent.method && received.body == sent.body &&
         SameTarget(sent.target, received.target);
}

void Check(absl::string_view input) {
  TextRandom random(input);
  const bool early = random.Next() % 4 == 0;
  StreamFuzzProxy proxy;
  StreamFuzzProxy::Client client(proxy);
  Recorder recorder(proxy, early);
  for (absl::string_view rest = input; !rest.empty();) {
    const size_t size = std::max(random.NextPieceSize(), input.size() / 6);
    const absl::string_view piece = rest.substr(0, size);
    if (!client.Send(piece)) break;
    rest.remove_prefix(piece.size());
    if (random.NextBool()) recorder.Serve();
  }
  client.EndSending();
  recorder.Serve();
  CHECK(client.ended());
  CHECK_EQ(proxy.sessions(), 0u);

  const std::vector<Message> accepted = Acceptance(input).accepted();
  const std::vector<Message>& received = recorder.messages();
  CHECK_LE(received.size(), accepted.size());
  size_t next = 0;
  for (const Message& message : received) {
    // An early answer may leave a request unfinished; then the next one comes
    // on another connection, or not at all.
    while (early && next < accepted.size() &&
           !IsForwardOf(message, accepted[next])) {
      ++next;
    }
    CHECK_LT(next, accepted.size()) << "nobody sent " << message.target;
    CHECK(IsForwardOf(message, accepted[next]))
        << accepted[next].method << " " << accepted[next].target << " became "
        << message.method << " " << message.target;
    ++next;
  }
  if (early) return;
  CHECK_EQ(received.size(), accepted.size());
  CHECK_EQ(CheckResponses(client.received(), accepted), received.size());
}

}  // namespace
}  // namespace rproxy::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > rproxy::test::kInputMax) return 0;
  rproxy::test::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned int seed) {
  return rproxy::test::MutateForFuzzer(data, size, max_size, seed,
                                       rproxy::test::kPieces);
}
