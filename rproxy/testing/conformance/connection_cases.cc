// Several requests on one connection, what may follow a bad one, HTTP/1.0.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

constexpr char kPipeline[] = "RFC 9112 section 9.3.2";
constexpr char kOld[] = "RFC 9112 section 9.3, HTTP/1.0";

std::string Old(absl::string_view fields, absl::string_view body = "") {
  return absl::StrCat("GET / HTTP/1.0\r\nHost: a\r\n", fields, "\r\n", body);
}

}  // namespace

std::vector<RequestCase> ConnectionCases() {
  std::string fifty;
  for (int i = 0; i < 50; ++i) fifty += Get("", absl::StrCat("/", i));
  return {
      {"TwoAtOnce", kPipeline, Get("", "/1") + Get("", "/2"),
       Accepted(Get("", "/1") + Get("", "/2"))},
      {"FiftyAtOnce", kPipeline, fifty, Accepted(fifty)},
      {"BodiesAndNoBodies", kPipeline,
       absl::StrCat(Post("Content-Length: 5\r\n", "hello"), Get(),
                    Chunked("5\r\nhello\r\n0\r\n\r\n"), Get("", "/2")),
       Accepted(absl::StrCat(Post("Content-Length: 5\r\n", "hello"), Get(),
                             Chunked("5\r\nhello\r\n0\r\n\r\n"),
                             Get("", "/2")))},
      {"HeadThenGet", kPipeline, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Get(),
       Accepted("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Get())},
      {"EmptyLineBetween", "RFC 9112 section 2.2", Get() + "\r\n" + Get(),
       Accepted(Get() + Get())},
      {"EmptyLineAtTheEnd", "RFC 9112 section 2.2", Get() + "\r\n",
       Accepted(Get())},
      {"GoodThenBad", "nothing behind a bad request is looked at",
       Get() + "BAD\r\n\r\n" + Get("", "/2"),
       AcceptedThen(Get(), Refused(400))},
      {"BadThenGood", "nothing behind a bad request is looked at",
       "BAD\r\n\r\n" + Get(), Refused(400)},
      {"BadHostThenGood", "nothing behind a bad request is looked at",
       "GET / HTTP/1.1\r\n\r\n" + Get(), Refused(400)},
      {"BadFramingThenGood", "nothing behind a bad request is looked at",
       Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n") +
           Get(),
       Refused(400)},
      {"BadChunkThenGood", "nothing behind a bad body is looked at",
       Chunked("x\r\n") + Get(), RefusedLater(400)},
      {"UnknownCodingThenGood", "nothing behind a bad request is looked at",
       Post("Transfer-Encoding: gzip\r\n", "") + Get(), Refused(501)},
      {"BadExpectationThenGood", "the body may or may not follow",
       Post("Expect: x\r\nContent-Length: 38\r\n", "") + Get(), Refused(417)},
      {"CloseThenMore", "RFC 9112 section 9.6",
       Get("Connection: close\r\n") + Get("", "/2"), AcceptedAndClosed(Get())},
      {"CloseThenJunk", "RFC 9112 section 9.6",
       Get("Connection: close\r\n") + "junk", AcceptedAndClosed(Get())},
      {"SecondUnfinished", kPipeline, Get() + "GET /2 HT",
       AcceptedThen(Get(), Unfinished())},
      {"SecondUnfinishedInBody", kPipeline,
       Get() + Post("Content-Length: 5\r\n", "hel"),
       AcceptedThen(Get(), Unfinished())},
      {"SecondUnfinishedInChunk", kPipeline, Get() + Chunked("5\r\nhel"),
       AcceptedThen(Get(), Unfinished())},
      {"SecondIsTls", "bytes of another protocol",
       Get() + "\x16\x03\x01\r\n\r\n", AcceptedThen(Get(), Refused(400))},
      {"SecondIsAResponse", "bytes of another protocol",
       Get() + "HTTP/1.1 200 OK\r\n\r\n", AcceptedThen(Get(), Refused(400))},
      {"BodyLooksLikeAChunkedOne", "the length counts, not what is inside",
       Post("Content-Length: 15\r\n", "5\r\nhello\r\n0\r\n\r\n") + Get(),
       Accepted(Post("Content-Length: 15\r\n", "5\r\nhello\r\n0\r\n\r\n") +
                Get())},

      // HTTP/1.0.
      {"Old", kOld, Old(""), AcceptedAndClosed(Get())},
      {"OldThenMore", kOld, Old("") + Get(), AcceptedAndClosed(Get())},
      {"OldKeepAlive", kOld, Old("Connection: keep-alive\r\n") + Get("", "/2"),
       Accepted(Get() + Get("", "/2"))},
      {"OldKeepAliveAndClose", kOld, Old("Connection: keep-alive, close\r\n"),
       AcceptedAndClosed(Get())},
      {"OldWithBody", kOld,
       "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
       AcceptedAndClosed(Post("Content-Length: 5\r\n", "hello"))},
      {"OldWithoutLength", "RFC 9112 section 6.3: requests never end by close",
       "POST / HTTP/1.0\r\nHost: a\r\n\r\nhello",
       AcceptedAndClosed(Post("", ""))},
      {"OldHead", kOld, "HEAD / HTTP/1.0\r\nHost: a\r\n\r\n",
       AcceptedAndClosed("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")},
  };
}

}  // namespace rproxy::test
