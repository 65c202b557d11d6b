// Interim responses, responses that have no body, and what comes behind a
// response.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/response_case.h"

namespace rproxy::test {
namespace {

constexpr char kInterim[] = "RFC 9110 section 15.2";
constexpr char kNoContent[] = "RFC 9110 section 15.3.5";
constexpr char kNotModified[] = "RFC 9110 section 15.4.5";
constexpr char kHead[] = "RFC 9110 section 9.3.2";
constexpr char kPooled[] = "response desync on a pooled connection";

const char kHints[] = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
const char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";

std::string NoContent(absl::string_view fields = "") {
  return absl::StrCat("HTTP/1.1 204 No Content\r\n", fields, "\r\n");
}
std::string NotModified(absl::string_view fields = "") {
  return absl::StrCat("HTTP/1.1 304 Not Modified\r\n", fields, "\r\n");
}
ResponseCase ToHead(std::string name, std::string bytes,
                    ResponseVerdict verdict,
                    BackendEnding ending = BackendEnding::kStay) {
  return {std::move(name),    kHead,  std::move(bytes),
          std::move(verdict), ending, "HEAD"};
}

}  // namespace

std::vector<ResponseCase> InterimCases() {
  std::string sixteen;
  for (int i = 0; i < 16; ++i) sixteen += kHints;
  return {
      {"Hints", kInterim, kHints + Hello(), Delivered(kHints + Hello())},
      {"ContinueUnasked", kInterim, kContinue + Hello(),
       Delivered(kContinue + Hello())},
      {"Processing", kInterim, "HTTP/1.1 102 Processing\r\n\r\n" + Hello(),
       Delivered("HTTP/1.1 102 Processing\r\n\r\n" + Hello())},
      {"OldVersion",
       "RFC 9112 section 2.3: the client gets ours",
       "HTTP/1.0 103 Early Hints\r\n\r\n" + Hello(),
       {.client = "HTTP/1.1 103 Early Hints\r\n\r\n" + Hello(),
        .reused = true,
        .may_refuse = true}},
      {"Unregistered", kInterim, "HTTP/1.1 199 What\r\n\r\n" + Hello(),
       Delivered("HTTP/1.1 199 What\r\n\r\n" + Hello())},
      {"Several", kInterim, absl::StrCat(kHints, kContinue, kHints, Hello()),
       Delivered(absl::StrCat(kHints, kContinue, kHints, Hello()))},
      {"AtLimit", "1xx storms", sixteen + Hello(),
       Delivered(sixteen + Hello())},
      {"Storm", "1xx storms", absl::StrCat(sixteen, kHints, Hello()),
       BadGateway(sixteen)},
      {"WithContentLength",
       "RFC 9110 section 8.6: must not be there",
       "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n" + Hello(),
       {.client = "HTTP/1.1 103 Early Hints\r\n\r\n" + Hello(),
        .reused = true,
        .may_refuse = true}},
      {"WithTransferEncoding",
       "RFC 9112 section 6.1: must not be there",
       "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n" +
           Hello(),
       {.client = "HTTP/1.1 103 Early Hints\r\n\r\n" + Hello(),
        .reused = true,
        .may_refuse = true}},
      {"WithBody", "RFC 9110 section 15.2: none has one",
       absl::StrCat("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n"
                    "hello",
                    Hello()),
       BadGateway("HTTP/1.1 103 Early Hints\r\n\r\n")},
      {"WithConnection", "RFC 9110 section 7.6.1",
       "HTTP/1.1 103 Early Hints\r\nConnection: A\r\nA: b\r\nC: d\r\n\r\n" +
           Hello(),
       Delivered("HTTP/1.1 103 Early Hints\r\nC: d\r\n\r\n" + Hello())},
      {"Malformed", kInterim,
       "HTTP/1.1 103 Early Hints\r\nA b\r\n\r\n" + Hello(), BadGateway()},
      {"ThenMalformed", kInterim, absl::StrCat(kHints, "junk\r\n\r\n"),
       BadGateway(kHints)},
      {"ThenNothing", kInterim, kHints, BadGateway(kHints),
       BackendEnding::kClose},
      {"ThenHalfAHead", kInterim, absl::StrCat(kHints, "HTTP/1.1 200 OK\r\n"),
       BadGateway(kHints), BackendEnding::kClose},
      {"ThenReset", kInterim, kHints, BadGateway(kHints),
       BackendEnding::kReset},
      {"ToOldClient", "RFC 9110 section 15.2: never to HTTP/1.0",
       kHints + Hello(),
       Delivered(Ok("Content-Length: 5\r\nConnection: close\r\n", "hello")),
       BackendEnding::kStay, "GET", "1.0"},
      {"SwitchingUnasked", "RFC 9110 section 15.2.2",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
       "Upgrade: websocket\r\n\r\n",
       BadGateway()},
      {"SwitchingUnaskedThenResponse", "upgrade smuggling",
       absl::StrCat("HTTP/1.1 101 Switching Protocols\r\n\r\n", kPoison),
       BadGateway()},
      {"BehindAFinalOne", kPooled, Hello() + kHints, DeliveredOnce(Hello())},
  };
}

std::vector<ResponseCase> BodilessCases() {
  return {
      {"NoContent", kNoContent, NoContent(), Delivered(NoContent())},
      {"NoContentWithLength",
       "RFC 9110 section 8.6: must not be there",
       NoContent("Content-Length: 5\r\n"),
       {.client = NoContent(), .reused = true, .may_refuse = true}},
      {"NoContentWithLengthZero",
       "RFC 9110 section 8.6: must not be there",
       NoContent("Content-Length: 0\r\n"),
       {.client = NoContent(), .reused = true, .may_refuse = true}},
      {"NoContentWithCoding",
       "RFC 9112 section 6.1: must not be there",
       NoContent("Transfer-Encoding: chunked\r\n"),
       {.client = NoContent(), .reused = true, .may_refuse = true}},
      {"NoContentWithBody", kPooled,
       NoContent("Content-Length: 5\r\n") + "hello",
       DeliveredOrRefused(NoContent())},
      {"NoContentWithChunks", kPooled,
       NoContent("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
       DeliveredOrRefused(NoContent())},
      {"NoContentWithPoison", kPooled, absl::StrCat(NoContent(), kPoison),
       DeliveredOnce(NoContent())},
      {"NotModified", kNotModified, NotModified("ETag: \"x\"\r\n"),
       Delivered(NotModified("ETag: \"x\"\r\n"))},
      {"NotModifiedWithLength", kNotModified,
       NotModified("Content-Length: 1234\r\n"),
       Delivered(NotModified("Content-Length: 1234\r\n"))},
      {"NotModifiedWithCoding", kNotModified,
       NotModified("Transfer-Encoding: chunked\r\n"), Delivered(NotModified())},
      {"NotModifiedWithBody", kPooled,
       NotModified("Content-Length: 5\r\n") + "hello",
       DeliveredOrRefused(NotModified("Content-Length: 5\r\n"))},
      {"NotModifiedWithBadLength", kNotModified,
       NotModified("Content-Length: x\r\n"), BadGateway()},
      {"NotModifiedWithPoison", kPooled, absl::StrCat(NotModified(), kPoison),
       DeliveredOnce(NotModified())},
      {"ResetContent", "RFC 9110 section 15.3.6",
       "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
       Delivered("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n")},
      ToHead("HeadWithLength", Ok("Content-Length: 1234\r\n"),
             Delivered(Ok("Content-Length: 1234\r\n"))),
      ToHead("HeadWithCoding", Ok("Transfer-Encoding: chunked\r\n"),
             Delivered(Ok(""))),
      ToHead("HeadWithNeither", Ok("A: b\r\n"), Delivered(Ok("A: b\r\n"))),
      ToHead("HeadWithBody", Hello(),
             DeliveredOrRefused(Ok("Content-Length: 5\r\n"))),
      ToHead("HeadWithChunks", OkChunked("5\r\nhello\r\n0\r\n\r\n"),
             DeliveredOrRefused(Ok(""))),
      ToHead("HeadWithPoison",
             absl::StrCat(Ok("Content-Length: 51\r\n"), kPoison),
             DeliveredOrRefused(Ok("Content-Length: 51\r\n"))),
      ToHead("HeadWithBadLength", Ok("Content-Length: 5, 5\r\n"), BadGateway()),
      ToHead("HeadWithBothFramings",
             Ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
             BadGateway()),
      ToHead("HeadUntilClose", Ok("Connection: close\r\n"),
             DeliveredOnce(Ok("")), BackendEnding::kClose),
      ToHead("HeadNotFound",
             "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n",
             Delivered("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n")),
  };
}

std::vector<ResponseCase> ResponseEndCases() {
  return {
      {"BodyOneShortThenClose", "RFC 9112 section 8",
       Ok("Content-Length: 6\r\n", "hello"),
       Truncated(Ok("Content-Length: 6\r\n", "hello")), BackendEnding::kClose},
      {"BodyOneShortThenReset", "RFC 9112 section 8",
       Ok("Content-Length: 6\r\n", "hello"),
       Truncated(Ok("Content-Length: 6\r\n", "hello")), BackendEnding::kReset},
      {"NoBodyThenClose", "RFC 9112 section 8", Ok("Content-Length: 5\r\n"),
       Truncated(Ok("Content-Length: 5\r\n")), BackendEnding::kClose},
      {"WholeThenClose", kPooled, Hello(), DeliveredOnce(Hello()),
       BackendEnding::kClose},
      {"OneByteBehind", kPooled, Hello() + "!", DeliveredOnce(Hello())},
      {"NewlineBehind", kPooled, Hello() + "\r\n", DeliveredOnce(Hello())},
      {"ResponseBehind", kPooled, absl::StrCat(Hello(), kPoison),
       DeliveredOnce(Hello())},
      {"ResponseBehindChunks", kPooled,
       absl::StrCat(OkChunked("5\r\nhello\r\n0\r\n\r\n"), kPoison),
       DeliveredOnce(OkChunked("5\r\nhello\r\n0\r\n\r\n"))},
      {"ResponseBehindEmptyBody", kPooled,
       absl::StrCat(Ok("Content-Length: 0\r\n"), kPoison),
       DeliveredOnce(Ok("Content-Length: 0\r\n"))},
      {"NewlineBehindChunks", kPooled, OkChunked("5\r\nhello\r\n0\r\n\r\n\r\n"),
       DeliveredOnce(OkChunked("5\r\nhello\r\n0\r\n\r\n"))},
      {"TwoHeads", kPooled, Ok("Content-Length: 0\r\n") + Hello(),
       DeliveredOnce(Ok("Content-Length: 0\r\n"))},
      {"LateByte", kPooled, Hello(), DeliveredOnce(Hello()),
       BackendEnding::kStay, "GET", "1.1", "!"},
      {"LateResponse", kPooled, Hello(), DeliveredOnce(Hello()),
       BackendEnding::kStay, "GET", "1.1", std::string(kPoison)},
      {"LateBodyOfHead", kPooled, Ok("Content-Length: 5\r\n"),
       DeliveredOnce(Ok("Content-Length: 5\r\n")), BackendEnding::kStay, "HEAD",
       "1.1", "hello"},
      {"LateBodyOfNoContent", kPooled, NoContent(), DeliveredOnce(NoContent()),
       BackendEnding::kStay, "GET", "1.1", "0\r\n\r\n"},
      {"LateBodyOfNotModified", kPooled, NotModified(),
       DeliveredOnce(NotModified()), BackendEnding::kStay, "GET", "1.1",
       std::string(kPoison)},
      {"LateTimeout", "backends that give up on idle connections say so",
       Hello(), DeliveredOnce(Hello()), BackendEnding::kStay, "GET", "1.1",
       "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
       "Connection: close\r\n\r\n"},
  };
}

}  // namespace rproxy::test
