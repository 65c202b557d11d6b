// Limits, at them and one beyond: policy defaults, and a body of 1 MiB at most.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

constexpr size_t kLineMax = 8 * 1024;
constexpr size_t kHeadMax = 32 * 1024;
constexpr size_t kFieldsMax = 128;
constexpr size_t kBodyMax = 1024 * 1024;

std::string LineOf(size_t bytes) {
  const std::string rest = "GET / HTTP/1.1";
  return Get("", absl::StrCat("/", std::string(bytes - rest.size(), 'a')));
}
std::string HeadOf(size_t bytes) {
  return Get(absl::StrCat(
      "A: ", std::string(bytes - Get("A: \r\n").size(), 'b'), "\r\n"));
}
std::string Fields(size_t count) {
  std::string fields;
  for (size_t i = 0; i < count; ++i) absl::StrAppend(&fields, "A: b\r\n");
  return Get(fields);
}
std::string Sized(size_t bytes) {
  return Post(absl::StrCat("Content-Length: ", bytes, "\r\n"), "");
}
std::string Chunks(size_t bytes) {
  return Chunked(absl::StrCat(absl::Hex(bytes), "\r\n", std::string(bytes, 'c'),
                              "\r\n0\r\n\r\n"));
}

}  // namespace

std::vector<RequestCase> LimitCases() {
  return {
      {"LineAtLimit", "414", LineOf(kLineMax), Accepted(LineOf(kLineMax))},
      {"LineOverLimit", "414", LineOf(kLineMax + 1), Refused(414)},
      {"LineWithoutEnd", "414", std::string(100'000, 'a'), Refused(414)},
      {"TargetHuge", "414", LineOf(1'000'000), Refused(414)},
      {"MethodHuge", "414",
       absl::StrCat(std::string(100'000, 'M'),
                    " / HTTP/1.1\r\nHost: a\r\n\r\n"),
       Refused(414)},
      {"HeadAtLimit", "431", HeadOf(kHeadMax), Accepted(HeadOf(kHeadMax))},
      {"HeadOverLimit", "431", HeadOf(kHeadMax + 1), Refused(431)},
      {"HeadHuge", "431", HeadOf(1'000'000), Refused(431)},
      {"HeadWithoutEnd", "431",
       "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(100'000, 'b'),
       Refused(431)},
      {"NameHuge", "431",
       Get(absl::StrCat(std::string(100'000, 'N'), ": b\r\n")), Refused(431)},
      {"FieldsAtLimit", "431", Fields(kFieldsMax - 1),
       Accepted(Fields(kFieldsMax - 1))},
      {"FieldsOverLimit", "431", Fields(kFieldsMax), Refused(431)},
      {"FieldFlood", "431", Fields(5'000), Refused(431)},
      {"BodyAtLimit", "413", Sized(kBodyMax) + std::string(kBodyMax, 'c'),
       Accepted(Sized(kBodyMax) + std::string(kBodyMax, 'c'))},
      {"BodyOverLimit", "413: before a byte of it", Sized(kBodyMax + 1),
       Refused(413)},
      {"BodyOverLimitSent", "413",
       Sized(kBodyMax + 1) + std::string(kBodyMax + 1, 'c'), Refused(413)},
      {"BodyLengthMax", "413", Sized(9223372036854775807), Refused(413)},
      {"ChunksAtLimit", "413", Chunks(kBodyMax), Accepted(Chunks(kBodyMax))},
      {"ChunksOverLimit", "413: in mid-stream", Chunks(kBodyMax + 1),
       RefusedLater(413)},
      {"ManySmallChunks", "413: framing is not body",
       [] {
         std::string body;
         for (int i = 0; i < 20'000; ++i) body += "1\r\nx\r\n";
         return Chunked(body + "0\r\n\r\n");
       }(),
       Accepted(
           Chunked(absl::StrCat(absl::Hex(20'000), "\r\n",
                                std::string(20'000, 'x'), "\r\n0\r\n\r\n")))},
  };
}

}  // namespace rproxy::test
