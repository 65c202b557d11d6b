// How long responses are: lengths, chunks, and both.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/response_case.h"

namespace rproxy::test {
namespace {

using std::string_literals::operator""s;

constexpr char kLength[] = "RFC 9112 section 6.3 rule 5";
constexpr char kCoding[] = "RFC 9112 section 6.3 rules 3 and 4";
constexpr char kChunk[] = "RFC 9112 section 7.1";

const char kLast[] = "0\r\n\r\n";

ResponseCase BadFraming(std::string name, const char* source,
                        absl::string_view fields) {
  return {std::move(name), source, Ok(fields, "hello"), BadGateway()};
}
ResponseCase BadChunks(std::string name, absl::string_view body) {
  return {std::move(name), kChunk, OkChunked(body),
          Truncated(OkChunked("5\r\nhello\r\n"))};
}
ResponseCase GoodChunks(std::string name, absl::string_view body,
                        absl::string_view forwarded) {
  return {std::move(name), kChunk, OkChunked(body),
          Delivered(OkChunked(forwarded))};
}

}  // namespace

std::vector<ResponseCase> ResponseFramingCases() {
  return {
      {"Length", kLength, Hello(), Delivered(Hello())},
      {"LengthZero", kLength, Ok("Content-Length: 0\r\n"),
       Delivered(Ok("Content-Length: 0\r\n"))},
      {"LengthWithLeadingZeros",
       kLength,
       Ok("Content-Length: 005\r\n", "hello"),
       {.client = Hello(), .reused = true, .may_refuse = true}},
      BadFraming("LengthPlus", kLength, "Content-Length: +5\r\n"),
      BadFraming("LengthMinus", kLength, "Content-Length: -5\r\n"),
      BadFraming("LengthHex", kLength, "Content-Length: 0x5\r\n"),
      BadFraming("LengthEmpty", kLength, "Content-Length:\r\n"),
      BadFraming("LengthWord", kLength, "Content-Length: five\r\n"),
      BadFraming("LengthJunk", kLength, "Content-Length: 5 x\r\n"),
      BadFraming("LengthFraction", kLength, "Content-Length: 5.0\r\n"),
      BadFraming("LengthOverflow", kLength,
                 "Content-Length: 18446744073709551621\r\n"),
      BadFraming("LengthTwoToThe63", kLength,
                 "Content-Length: 9223372036854775808\r\n"),
      BadFraming("LengthListOfEqual", kLength, "Content-Length: 5, 5\r\n"),
      BadFraming("LengthListOfDifferent", kLength, "Content-Length: 5, 6\r\n"),
      BadFraming("LengthRepeatedEqual", kLength,
                 "Content-Length: 5\r\nContent-Length: 5\r\n"),
      BadFraming("LengthRepeatedDifferent", kLength,
                 "Content-Length: 5\r\nContent-Length: 0\r\n"),
      BadFraming("LengthSpaceBeforeColon", kLength, "Content-Length : 5\r\n"),
      BadFraming("LengthFolded", kLength, "Content-Length:\r\n 5\r\n"),
      BadFraming("LengthNul", kLength, "Content-Length: 5\0\r\n"s),
      BadFraming("BothLengthFirst", kCoding,
                 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      BadFraming("BothLengthLast", kCoding,
                 "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
      BadFraming("BothWithIdentity", kCoding,
                 "Transfer-Encoding: identity\r\nContent-Length: 5\r\n"),
      BadFraming("CodingUnknown", kCoding, "Transfer-Encoding: gzip\r\n"),
      BadFraming("CodingIdentity", kCoding, "Transfer-Encoding: identity\r\n"),
      BadFraming("CodingGzipThenChunked", kCoding,
                 "Transfer-Encoding: gzip, chunked\r\n"),
      BadFraming("CodingChunkedThenGzip", kCoding,
                 "Transfer-Encoding: chunked, gzip\r\n"),
      BadFraming(
          "CodingChunkedTwice", kCoding,
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      BadFraming("CodingEmpty", kCoding, "Transfer-Encoding:\r\n"),
      BadFraming("CodingPrefixed", kCoding, "Transfer-Encoding: xchunked\r\n"),
      BadFraming("CodingParameter", kCoding,
                 "Transfer-Encoding: chunked;q=1\r\n"),
      BadFraming("CodingVerticalTab", kCoding,
                 "Transfer-Encoding: \vchunked\r\n"),
      BadFraming("CodingSpaceBeforeColon", kCoding,
                 "Transfer-Encoding : chunked\r\n"),
      {"CodingOnHttp10", "RFC 9112 section 6.1",
       "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
       "0\r\n\r\n",
       BadGateway()},
      {"CodingUnderscore", "a field of no meaning: the body ends by close",
       Ok("Transfer_Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
       DeliveredOnce(Ok("Transfer_Encoding: chunked\r\n"
                        "Transfer-Encoding: chunked\r\n",
                        "f\r\n5\r\nhello\r\n0\r\n\r\n\r\n0\r\n\r\n")),
       BackendEnding::kClose},
      {"NeitherUntilClose", "RFC 9112 section 6.3 rule 8", Ok("", "hello"),
       DeliveredOnce(OkChunked("5\r\nhello\r\n0\r\n\r\n")),
       BackendEnding::kClose},
      {"NeitherAndNothing", "RFC 9112 section 6.3 rule 8", Ok(""),
       DeliveredOnce(OkChunked(kLast)), BackendEnding::kClose},
      {"NeitherThenReset", "RFC 9112 section 8", Ok("", "hello"),
       Truncated(OkChunked("5\r\nhello\r\n")), BackendEnding::kReset},
      {"NeitherLooksLikeAResponse", "a body until close is never a response",
       absl::StrCat(Ok("", "hello"), kPoison),
       DeliveredOnce(
           OkChunked(absl::StrCat(absl::Hex(5 + kPoison.size()), "\r\nhello",
                                  kPoison, "\r\n", kLast))),
       BackendEnding::kClose},
      {"OldClientUntilClose", "HTTP/1.0 knows no chunks",
       OkChunked("5\r\nhello\r\n0\r\n\r\n"),
       Delivered(Ok("Connection: close\r\n", "hello")), BackendEnding::kStay,
       "GET", "1.0"},
  };
}

std::vector<ResponseCase> ResponseChunkCases() {
  return {
      GoodChunks("OneChunk", "5\r\nhello\r\n0\r\n\r\n",
                 "5\r\nhello\r\n0\r\n\r\n"),
      GoodChunks("NoChunk", kLast, kLast),
      GoodChunks("LeadingZeros", "0005\r\nhello\r\n000\r\n\r\n",
                 "5\r\nhello\r\n0\r\n\r\n"),
      GoodChunks("UpperCaseHex", "A\r\n0123456789\r\n0\r\n\r\n",
                 "a\r\n0123456789\r\n0\r\n\r\n"),
      GoodChunks("Extensions", "5;a=b;c\r\nhello\r\n0;d=\"e\"\r\n\r\n",
                 "5\r\nhello\r\n0\r\n\r\n"),
      GoodChunks("Trailers", "5\r\nhello\r\n0\r\nSum: 7\r\n\r\n",
                 "5\r\nhello\r\n0\r\nSum: 7\r\n\r\n"),
      GoodChunks("TrailerThatFrames",
                 "5\r\nhello\r\n0\r\nContent-Length: 9\r\nA: b\r\n\r\n",
                 "5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
      GoodChunks("TrailerSetCookie",
                 "5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\n\r\n",
                 "5\r\nhello\r\n0\r\n\r\n"),
      GoodChunks("ResponseInChunk",
                 absl::StrCat(absl::Hex(kPoison.size()), "\r\n", kPoison,
                              "\r\n", kLast),
                 absl::StrCat(absl::Hex(kPoison.size()), "\r\n", kPoison,
                              "\r\n", kLast)),
      BadChunks("SizeWord", "5\r\nhello\r\nxyz\r\n"),
      BadChunks("SizeEmpty", "5\r\nhello\r\n\r\n"),
      BadChunks("SizePlus", "5\r\nhello\r\n+5\r\nhello\r\n0\r\n\r\n"),
      BadChunks("SizeMinus", "5\r\nhello\r\n-5\r\nhello\r\n0\r\n\r\n"),
      BadChunks("SizeHexPrefix", "5\r\nhello\r\n0x0\r\n\r\n"),
      BadChunks("SizeSpaceBefore", "5\r\nhello\r\n 0\r\n\r\n"),
      BadChunks("SizeSpaceBehind", "5\r\nhello\r\n0 \r\n\r\n"),
      BadChunks("SizeOverflow", "5\r\nhello\r\n10000000000000000\r\n"),
      BadChunks("SizeTwoToThe63", "5\r\nhello\r\n8000000000000000\r\n"),
      BadChunks("SizeNul", "5\r\nhello\r\n0\0\r\n\r\n"s),
      BadChunks("JunkBehindData", "5\r\nhelloX\r\n0\r\n\r\n"),
      BadChunks("NothingBehindData", "5\r\nhello0\r\n\r\n"),
      BadChunks("TwoBytesBehindData", "5\r\nhelloXX0\r\n\r\n"),
      BadChunks("BareLineFeedBehindData", "5\r\nhello\n0\r\n\r\n"),
      BadChunks("BareLineFeedBehindSize", "5\r\nhello\r\n0\n\r\n"),
      BadChunks("BareLineFeedAtTheEnd", "5\r\nhello\r\n0\r\n\n"),
      BadChunks("BareCarriageReturnBehindSize", "5\r\nhello\r\n0\rX\r\n"),
      BadChunks("BareLineFeedInExtension", "5\r\nhello\r\n0;a\nb\r\n\r\n"),
      BadChunks("ExtensionOverLimit",
                "5\r\nhello\r\n0;" + std::string(10'000, 'a') + "\r\n\r\n"),
      BadChunks("TrailerWithoutColon", "5\r\nhello\r\n0\r\nA\r\n\r\n"),
      BadChunks("TrailerFolded", "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"),
      BadChunks("TrailerIsAResponse",
                absl::StrCat("5\r\nhello\r\n0\r\n", kPoison)),
      BadChunks("TrailerHuge", "5\r\nhello\r\n0\r\nA: " +
                                   std::string(40'000, 'b') + "\r\n\r\n"),
      {"FirstSizeBad", kChunk, OkChunked("xyz\r\n"), Truncated(OkChunked(""))},
      {"EndsInData", "RFC 9112 section 8", OkChunked("9\r\nhello"),
       Truncated(OkChunked("5\r\nhello\r\n")), BackendEnding::kClose},
      {"EndsInSize", "RFC 9112 section 8", OkChunked("5\r\nhello\r\n5"),
       Truncated(OkChunked("5\r\nhello\r\n")), BackendEnding::kClose},
      {"EndsBehindChunk", "RFC 9112 section 8", OkChunked("5\r\nhello\r\n"),
       Truncated(OkChunked("5\r\nhello\r\n")), BackendEnding::kClose},
      {"EndsBeforeFinalEmptyLine", "RFC 9112 section 8",
       OkChunked("5\r\nhello\r\n0\r\n"), Truncated(OkChunked("5\r\nhello\r\n")),
       BackendEnding::kClose},
      {"ResetBehindChunk", "RFC 9112 section 8", OkChunked("5\r\nhello\r\n"),
       Truncated(OkChunked("5\r\nhello\r\n")), BackendEnding::kReset},
      {"OldClientSeesTruncation",
       "HTTP/1.0: an end in good order would make it whole",
       OkChunked("5\r\nhello\r\nxyz\r\n"),
       Truncated(Ok("Connection: close\r\n", "hello")), BackendEnding::kStay,
       "GET", "1.0"},
  };
}

}  // namespace rproxy::test
