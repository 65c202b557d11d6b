// What must hold of a parser for any input, for fuzz tests.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_HTTP_PARSER_PROPERTY_H_
#define RPROXY_CORE_HTTP_PARSER_PROPERTY_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/fuzz_split.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/message_recorder.h"

namespace rproxy::test {

// Limits that short inputs reach.
inline constexpr HttpPolicy kTightPolicy = {
    .start_line_bytes_max = 40,
    .header_bytes_max = 160,
    .header_count_max = 4,
    .chunk_line_bytes_max = 12,
    .empty_lines_max = 1,
    .interim_responses_max = 2,
};

inline RecordOptions OptionsFor(TextRandom& random) {
  RecordOptions options;
  if (random.Next() % 4 == 0) options.policy = kTightPolicy;
  options.policy.allow_repeated_equal_content_length = random.NextBool();
  switch (random.Next() % 4) {
    case 0:
      options.request_method = "HEAD";
      break;
    case 1:
      options.request_method = "CONNECT";
      break;
    default:
      break;
  }
  options.end = random.NextBool();
  return options;
}

// The way in which `input` arrives, and pauses, change nothing; no more than
// the input is consumed; memory has the policy's bound; nothing is told after
// a failure (MessageRecorder looks after that, and after order).
template <typename Parser>
void CheckParserProperties(absl::string_view input) {
  TextRandom random(input);
  RecordOptions options = OptionsFor(random);
  const auto whole = RecordWhole<Parser>(input, options);
  CHECK_EQ(whole.broken_rule, "");
  CHECK_LE(whole.consumed, input.size());
  const std::string expected = Describe(whole);
  const auto check = [&](const auto& recording) {
    CHECK_EQ(recording.broken_rule, "");
    CHECK_LE(recording.memory_max, options.policy.header_bytes_max);
    CHECK_EQ(Describe(recording), expected);
  };
  options.pause = random.NextBool();
  check(MessageRecorder<Parser>(options).Run(
      input, [&](size_t) { return random.NextPieceSize(); }));
  options.pause = !options.pause;
  check(RecordInPieces<Parser>(input, 1, options));
}

}  // namespace rproxy::test

#endif  // RPROXY_CORE_HTTP_PARSER_PROPERTY_H_
