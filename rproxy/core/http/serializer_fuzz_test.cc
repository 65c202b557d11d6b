// Input: the bytes of one connection, read as requests and as responses.
// Property: what was parsed, written out again and parsed again is the same
// messages. That is what keeps a backend from seeing other requests than the
// proxy saw.

#include "rproxy/core/http/serializer.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/fuzz_split.h"
#include "rproxy/core/http/message_recorder.h"

namespace {

using rproxy::BodyFraming;
using rproxy::HeaderMap;

void SerializeBody(const BodyFraming& framing, absl::string_view body,
                   const HeaderMap& trailers, std::string& out) {
  if (framing.kind != BodyFraming::Kind::kChunked) {
    out.append(body);
    return;
  }
  if (!body.empty()) {
    rproxy::SerializeChunkStart(body.size(), out);
    out.append(body);
    out.append(rproxy::kChunkEnd);
  }
  rproxy::SerializeLastChunk(trailers, out);
}

bool IsInterim(const rproxy::RequestHead&) { return false; }
bool IsInterim(const rproxy::ResponseHead& head) {
  return head.status < 200 && head.status != 101;
}

template <typename Parser>
void CheckRoundTrip(absl::string_view input) {
  rproxy::test::RecordOptions options;
  options.end = true;
  rproxy::test::TextRandom random(input);
  if (random.Next() % 4 == 0) options.request_method = "HEAD";
  const auto first = rproxy::test::RecordWhole<Parser>(input, options);
  std::string written;
  std::string expected;
  for (const auto& message : first.messages) {
    const bool interim = IsInterim(message.head);
    if (!message.ended && !interim) break;
    rproxy::SerializeHead(message.head, written);
    if (!interim) {
      SerializeBody(message.framing, message.body,
                    message.trailers.value_or(HeaderMap()), written);
    }
    expected += Describe(message);
  }
  const auto second = rproxy::test::RecordWhole<Parser>(written, options);
  std::string found;
  for (const auto& message : second.messages) found += Describe(message);
  CHECK_EQ(found, expected);
  CHECK_EQ(second.consumed, written.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  CheckRoundTrip<rproxy::RequestParser>(input);
  CheckRoundTrip<rproxy::ResponseParser>(input);
  return 0;
}
