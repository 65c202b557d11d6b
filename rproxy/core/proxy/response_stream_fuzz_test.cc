// Input: how the client asks (one of GHPOU: GET, HEAD, POST, GET in HTTP/1.0,
// an upgrade), how the backend ends (one of sc: stays, closes), then all that
// it sends. Property: the client sees exactly one final response, the backend's
// or a 502, and never a second head; a response that is not whole is seen to be
// so; another client's request gets its own answer.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
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
// The independent parser takes no longer ones, and no input is that long.
constexpr size_t kLengthDigitsMax = 15;

constexpr absl::string_view kPieces[] = {
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 304 Not Modified\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n",
    "HTTP/1.1 502 Bad Gateway\r\n",
    "HTTP/2 200\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length : 5\r\n",
    "Content-Length: 18446744073709551621\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: upgrade\r\n",
    "Connection: Content-Length\r\n",
    "Upgrade: websocket\r\n",
    "Trailer: a\r\n",
    "no colon\r\n",
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
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
};

struct Scene {
  absl::string_view method;
  std::string request;
  bool old_client = false;
  bool upgrade = false;
  char ending = 's';
};

std::optional<Scene> ReadScene(absl::string_view flags) {
  Scene scene;
  scene.method = "GET";
  absl::string_view version = "1.1";
  absl::string_view fields;
  switch (flags[0]) {
    case 'G':
      break;
    case 'H':
      scene.method = "HEAD";
      break;
    case 'P':
      scene.method = "POST";
      fields = "Content-Length: 0\r\n";
      break;
    case 'O':
      scene.old_client = true;
      version = "1.0";
      break;
    case 'U':
      scene.upgrade = true;
      fields = "Connection: upgrade\r\nUpgrade: websocket\r\n";
      break;
    default:
      return std::nullopt;
  }
  scene.ending = flags[1];
  if (scene.ending != 's' && scene.ending != 'c') return std::nullopt;
  scene.request = absl::StrCat(scene.method, " /first HTTP/", version,
                               "\r\nHost: a\r\n", fields, "\r\n");
  return scene;
}

// What the backend said. It shares the parser with the proxy: it tells what the
// proxy understands, not what is right.
class Understanding final : public ResponseParser::Visitor {
 public:
  Understanding(const Scene& scene, absl::string_view input) {
    parser_.ExpectResponseTo(scene.method);
    input.remove_prefix(parser_.Parse(input));
    rest_ = std::string(input);
    if (scene.ending == 'c') parser_.ParseEnd();
    if (status_ == 101 && !scene.upgrade) {
      failed_ = true;
      status_ = 0;
    }
  }

  bool failed() const {
    return failed_ || parser_.state() == ParserState::kFailed;
  }
  bool complete() const { return complete_ && !failed_; }
  int status() const { return status_; }  // Of the final response; 0: none.
  const std::string& body() const { return body_; }
  const std::string& rest() const { return rest_; }  // Behind the response.

 private:
  void OnHead(ResponseHead head, const BodyFraming&) override {
    if (head.status / 100 != 1 || head.status == 101) status_ = head.status;
  }
  void OnBody(absl::string_view bytes) override { body_.append(bytes); }
  void OnTrailers(const HeaderMap&) override {}
  void OnMessageEnd() override { complete_ = true; }

  const HttpPolicy policy_;
  ResponseParser parser_{policy_, *this};
  bool failed_ = false;
  bool complete_ = false;
  int status_ = 0;
  std::string body_;
  std::string rest_;
};

// What the client can make of what it received.
struct Sight {
  size_t interim = 0;
  int status = 0;  // Of the final response; 0: none.
  WireFraming framing = WireFraming::kNone;
  bool complete = false;  // As far as framing other than until-close says.
  std::string body;
  std::string rest;
};

Sight Look(const Scene& scene, absl::string_view bytes) {
  Sight sight;
  while (sight.status == 0) {
    const std::optional<size_t> head_size = FindHeadSize(bytes);
    if (!head_size.has_value()) {
      CHECK(bytes.empty()) << "a head was cut off: " << bytes;
      return sight;
    }
    const WireHead head = ParseHead(bytes.substr(0, *head_size));
    CHECK(head.well_formed) << head.raw;
    CHECK(absl::StartsWith(head.start_line, "HTTP/1.1 ")) << head.raw;
    int status;
    CHECK(absl::SimpleAtoi(head.StartLinePart(1), &status)) << head.raw;
    bytes.remove_prefix(*head_size);
    if (status / 100 == 1 && status != 101) {
      CHECK(!scene.old_client) << head.raw;
      CHECK(!head.Has("content-length") && !head.Has("transfer-encoding"))
          << head.raw;
      ++sight.interim;
      continue;
    }
    sight.status = status;
    if (status == 204) CHECK(!head.Has("content-length")) << head.raw;
    if (head.Only("content-length").size() > kLengthDigitsMax) {
      sight.framing = WireFraming::kLength;
      sight.body = std::string(bytes);
      return sight;
    }
    WireBodyReader reader =
        WireBodyReader::ForResponse(head, status, scene.method);
    sight.framing = reader.framing();
    bytes.remove_prefix(reader.Feed(bytes, sight.body));
    CHECK(!reader.malformed()) << head.raw << sight.body;
    sight.complete = reader.done();
    sight.rest = std::string(bytes);
  }
  return sight;
}

void CheckSight(const Scene& scene, const Understanding& said,
                const Sight& seen, bool was_reset, bool ended) {
  CHECK(!(scene.old_client && seen.interim > 0));
  const bool bad_gateway = seen.status == 502 && seen.complete;
  if (said.status() == 101) {
    CHECK_EQ(seen.status, 101);
    CHECK_EQ(seen.rest, said.rest());
    return;
  }
  CHECK_EQ(seen.rest, "");
  if (said.status() == 0) {
    // No final head was understood.
    if (seen.status == 0) {
      CHECK(scene.ending == 's' && !said.failed());
    } else {
      CHECK(bad_gateway) << seen.status;
    }
    return;
  }
  if (seen.status == 0) {
    // The reset that shows an old client what is missing took the head along.
    CHECK(scene.old_client && was_reset && !said.complete());
    return;
  }
  CHECK_EQ(seen.status, said.status());
  CHECK(absl::StartsWith(said.body(), seen.body));
  const bool whole = seen.framing == WireFraming::kUntilClose
                         ? ended && !was_reset
                         : seen.complete;
  if (whole) {
    CHECK(said.complete()) << "a response became whole on its way";
    CHECK_EQ(seen.body, said.body());
  } else {
    CHECK(!said.complete()) << "a whole response was lost";
  }
}

// Finds `target` in what the backend has received and not served yet.
StreamFuzzProxy::Backend* TakeRequest(StreamFuzzProxy& proxy,
                                      absl::string_view target) {
  for (const auto& backend : proxy.backends()) {
    const absl::string_view bytes =
        absl::string_view(backend->received).substr(backend->served);
    if (bytes.empty()) continue;
    const std::optional<size_t> head_size = FindHeadSize(bytes);
    CHECK(head_size.has_value()) << bytes;
    const WireHead head = ParseHead(bytes.substr(0, *head_size));
    CHECK_EQ(head.StartLinePart(1), target);
    CHECK_EQ(*head_size, bytes.size());
    backend->served = backend->received.size();
    return backend.get();
  }
  return nullptr;
}

void CheckVictim(StreamFuzzProxy& proxy) {
  StreamFuzzProxy::Client victim(proxy);
  victim.Send("GET /victim HTTP/1.1\r\nHost: v\r\n\r\n");
  proxy.Run();
  StreamFuzzProxy::Backend* backend = TakeRequest(proxy, "/victim");
  CHECK(backend != nullptr) << victim.received();
  CHECK_EQ(victim.received(), "");
  backend->Send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nvictim");
  proxy.Run();
  CHECK(absl::StartsWith(victim.received(), "HTTP/1.1 200 OK\r\n") &&
        absl::EndsWith(victim.received(), "\r\n\r\nvictim"))
      << victim.received();
}

void Check(absl::string_view input) {
  if (input.size() < 2) return;
  const std::optional<Scene> scene = ReadScene(input);
  if (!scene.has_value()) return;
  input.remove_prefix(2);

  StreamFuzzProxy proxy;
  TextRandom random(input);
  {
    StreamFuzzProxy::Client client(proxy);
    client.Send(scene->request);
    proxy.Run();
    StreamFuzzProxy::Backend* backend = TakeRequest(proxy, "/first");
    CHECK(backend != nullptr);
    for (absl::string_view rest = input; !rest.empty();) {
      const size_t size = std::max(random.NextPieceSize(), input.size() / 6);
      const absl::string_view piece = rest.substr(0, size);
      backend->Send(piece);
      rest.remove_prefix(piece.size());
      if (random.NextBool()) proxy.Run();
    }
    if (scene->ending == 'c') {
      // Nothing at all may be taken for bad luck, and tried again.
      StreamFuzzProxy::Backend* closing = backend;
      while (closing != nullptr) {
        closing->Close();
        proxy.Run();
        closing = TakeRequest(proxy, "/first");
      }
    }
    proxy.Run();
    const Understanding said(*scene, input);
    const Sight seen = Look(*scene, client.received());
    CheckSight(*scene, said, seen, client.was_reset(), client.ended());
    if (said.status() == 101) {
      // A tunnel lasts until both sides have ended it.
      client.EndSending();
      proxy.Run();
      CHECK(scene->ending == 'c' || backend->ended);
      backend->Close();
    } else if (scene->ending == 's') {
      CHECK(backend->ended || !said.complete() || said.rest().empty())
          << "a connection was kept that answers unasked";
      CHECK(backend->ended || !said.failed())
          << "a connection was kept that makes no sense";
    }
  }
  proxy.Run();
  CheckVictim(proxy);
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
