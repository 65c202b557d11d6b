// Input: a chunked body. Properties: pieces of any size give the same body,
// trailers, error and end; no more than the input is consumed; memory has the
// policy's bound; each step either consumes, ends or fails.

#include "rproxy/core/http/chunked_decoder.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/fuzz_split.h"
#include "rproxy/core/http/http_policy.h"

namespace {

template <typename PieceSize>
std::string Decode(absl::string_view input, const rproxy::HttpPolicy& policy,
                   PieceSize piece_size) {
  rproxy::ChunkedDecoder decoder(policy);
  rproxy::ParseError error = rproxy::ParseError::kNone;
  std::string body;
  size_t consumed = 0;
  while (consumed < input.size() && !decoder.done() &&
         error == rproxy::ParseError::kNone) {
    const absl::string_view piece = input.substr(consumed, piece_size());
    const rproxy::ChunkedDecoder::Step step = decoder.Decode(piece);
    CHECK_LE(step.consumed, piece.size());
    CHECK(step.consumed > 0 || step.error != rproxy::ParseError::kNone);
    CHECK_LE(decoder.memory(), policy.header_bytes_max);
    consumed += step.consumed;
    error = step.error;
    body.append(step.data);
  }
  std::string text = absl::StrCat(body, "|", consumed, "|", decoder.done(), "|",
                                  rproxy::ToString(error), "|");
  decoder.trailers().ForEach([&](const rproxy::HeaderMap::Field& field) {
    absl::StrAppend(&text, field.name, "=", field.value, ";");
  });
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  rproxy::test::TextRandom random(input);
  rproxy::HttpPolicy policy;
  if (random.NextBool()) {
    policy.header_bytes_max = 40;
    policy.header_count_max = 2;
    policy.chunk_line_bytes_max = 10;
  }
  const std::string whole = Decode(input, policy, [&] { return size; });
  CHECK_EQ(Decode(input, policy, [] { return 1; }), whole);
  CHECK_EQ(Decode(input, policy, [&] { return random.NextPieceSize(); }),
           whole);
  return 0;
}
