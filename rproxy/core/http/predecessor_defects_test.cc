// What the parsers of RProxy 2.0.17 and libevhtp got wrong, one test a defect.

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/core/http/message_recorder.h"
#include "rproxy/core/http/parser.h"
#include "rproxy/core/http/serializer.h"

namespace rproxy {
namespace {

using namespace std::string_literals;
using test::RecordOptions;

test::Recording<RequestHead> Request(const std::string& input) {
  return test::RecordWhole<RequestParser>(input);
}

test::Recording<ResponseHead> Response(const std::string& input,
                                       const RecordOptions& options = {}) {
  return test::RecordWhole<ResponseParser>(input, options);
}

std::string Post(absl::string_view fields, absl::string_view body) {
  return absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\n", fields, "\r\n", body);
}

TEST(PredecessorDefectsTest, ContentLengthBesideTransferEncodingWasForwarded) {
  EXPECT_EQ(Request(Post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
                         "0\r\n\r\nG"))
                .error,
            ParseError::kContentLengthAndTransferEncoding);
}

TEST(PredecessorDefectsTest, LastOfSeveralContentLengthsWon) {
  EXPECT_EQ(
      Request(Post("Content-Length: 3\r\nContent-Length: 0\r\n", "abc")).error,
      ParseError::kBadContentLength);
}

TEST(PredecessorDefectsTest, ChunkedWasRecognisedInOneSpellingOnly) {
  for (const char* spelling : {"chunked", "Chunked", "CHUNKED", "cHuNkEd"}) {
    const auto recording =
        Request(Post(absl::StrCat("Transfer-Encoding: ", spelling, "\r\n"),
                     "3\r\nabc\r\n0\r\n\r\n"));
    ASSERT_EQ(recording.messages.size(), 1U) << spelling;
    EXPECT_EQ(recording.messages[0].body, "abc");
  }
}

TEST(PredecessorDefectsTest, TransferCodingListWasIgnored) {
  EXPECT_EQ(
      Request(Post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")).error,
      ParseError::kUnknownTransferCoding);
}

TEST(PredecessorDefectsTest, ChunkSizeWrappedAround) {
  EXPECT_EQ(Request(Post("Transfer-Encoding: chunked\r\n",
                         "10000000000000002\r\nab\r\n0\r\n\r\n"))
                .error,
            ParseError::kBadChunk);
}

TEST(PredecessorDefectsTest, ChunkSizeWasPrintedWith32Bits) {
  std::string out;
  SerializeChunkStart((uint64_t{1} << 32) + 2, out);
  EXPECT_EQ(out, "100000002\r\n");
}

TEST(PredecessorDefectsTest, ChunkExtensionWasAnError) {
  const std::string coded = "3;a=b\r\nabc\r\n0;c\r\n\r\n";
  EXPECT_EQ(
      Request(Post("Transfer-Encoding: chunked\r\n", coded)).messages[0].body,
      "abc");
  EXPECT_EQ(
      Response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded)
          .messages[0]
          .body,
      "abc");
}

TEST(PredecessorDefectsTest, SpaceBeforeColonPoisonedTheNextRequest) {
  const auto recording = Request(Post("Content-Length : 5\r\n", "hello") +
                                 "GET /victim HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(recording.error, ParseError::kBadFieldName);
  EXPECT_TRUE(recording.messages.empty());
}

TEST(PredecessorDefectsTest, SecondTrailerLineWasTakenForARequest) {
  const auto recording = Request(
      Post("Transfer-Encoding: chunked\r\n", "0\r\nA: 1\r\nB: 2\r\n\r\n"));
  ASSERT_EQ(recording.messages.size(), 1U);
  ASSERT_TRUE(recording.messages[0].trailers.has_value());
  EXPECT_EQ(recording.messages[0].trailers->size(), 2U);
  EXPECT_EQ(recording.state, ParserState::kHead);
}

TEST(PredecessorDefectsTest, NulCutValuesShort) {
  EXPECT_EQ(Request("GET / HTTP/1.1\r\nHost: a\0.evil\r\n\r\n"s).error,
            ParseError::kBadFieldValue);
}

TEST(PredecessorDefectsTest, FoldedLineWasTakenForAField) {
  EXPECT_EQ(Request("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n"
                    " Content-Length: 5\r\n\r\n")
                .error,
            ParseError::kObsoleteFolding);
  EXPECT_EQ(Request("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n").error,
            ParseError::kObsoleteFolding);
}

TEST(PredecessorDefectsTest, BareLineFeedsWereHalfAccepted) {
  EXPECT_EQ(Request("GET / HTTP/1.1\nHost: a\n\n").error,
            ParseError::kBadLineEnd);
  EXPECT_EQ(Request("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n").error,
            ParseError::kBadLineEnd);
}

TEST(PredecessorDefectsTest, BackendLineWithoutColonKilledTheProcess) {
  EXPECT_EQ(Response("HTTP/1.1 200 OK\r\nno colon\r\n\r\n").error,
            ParseError::kBadFieldName);
  EXPECT_EQ(Response("HTTP/1.1 200 OK\r\nnocolon\r\n\r\n").error,
            ParseError::kBadFieldName);
}

TEST(PredecessorDefectsTest, RepeatedHostLeakedABackendConnection) {
  EXPECT_EQ(Request("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").error,
            ParseError::kBadHost);
}

TEST(PredecessorDefectsTest, MissingHostWasNeverAnswered) {
  EXPECT_EQ(Request("GET / HTTP/1.1\r\n\r\n").error, ParseError::kBadHost);
  EXPECT_EQ(StatusFor(ParseError::kBadHost), 400);
}

TEST(PredecessorDefectsTest, AnyVersionWasAccepted) {
  for (const char* version : {"HTTP/2.0", "HTTP/9.9"}) {
    const auto recording =
        Request(absl::StrCat("GET / ", version, "\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(StatusFor(recording.error), 505) << version;
  }
}

TEST(PredecessorDefectsTest, UnknownMethodBecameNull) {
  EXPECT_EQ(
      Request("FROB / HTTP/1.1\r\nHost: a\r\n\r\n").messages[0].head.method,
      "FROB");
}

TEST(PredecessorDefectsTest, QueryRejectedByItsStrictParserPasses) {
  for (const char* target : {"/?/foo", "/?a=%2z", "/%n%s", "/?a=b?c"}) {
    const auto recording =
        Request(absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_EQ(recording.messages.size(), 1U) << target;
    EXPECT_EQ(recording.messages[0].head.target, target);
  }
}

TEST(PredecessorDefectsTest, FragmentWasForwarded) {
  EXPECT_EQ(Request("GET /?a#frag HTTP/1.1\r\nHost: a\r\n\r\n").error,
            ParseError::kBadTarget);
}

TEST(PredecessorDefectsTest, OptionsAsteriskWasRefused) {
  EXPECT_EQ(Request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").messages.size(),
            1U);
}

TEST(PredecessorDefectsTest, LongHeadsWereAnsweredWithABareClose) {
  EXPECT_EQ(StatusFor(Request("GET /" + std::string(9000, 'a')).error), 414);
  EXPECT_EQ(StatusFor(Request("GET / HTTP/1.1\r\nHost: a\r\nX: " +
                              std::string(40000, 'a'))
                          .error),
            431);
}

TEST(PredecessorDefectsTest, TabBeforeAContentLengthWasRefused) {
  EXPECT_EQ(Request(Post("Content-Length:\t3\r\n", "abc")).messages[0].body,
            "abc");
}

TEST(PredecessorDefectsTest, ConnectionListWasNotRead) {
  const auto recording =
      Request("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n");
  const RequestHead& head = recording.messages[0].head;
  EXPECT_FALSE(WantsKeepAlive(head.version, head.headers));
}

TEST(PredecessorDefectsTest, SecondRequestInOnePacketWasNotAnswered) {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(Request(request + request).messages.size(), 2U);
}

TEST(PredecessorDefectsTest, HeadOfNotModifiedWithLengthWaitedForABody) {
  const auto recording =
      Response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(recording.messages[0].ended);
}

TEST(PredecessorDefectsTest, AnswerToHeadLeakedTheConnection) {
  const auto recording =
      Response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
               {.request_method = "HEAD"});
  EXPECT_TRUE(recording.messages[0].ended);
}

TEST(PredecessorDefectsTest, CloseDelimitedBodyWasLost) {
  const auto recording =
      Response("HTTP/1.1 200 OK\r\n\r\nhello", {.end = true});
  EXPECT_EQ(recording.messages[0].body, "hello");
  EXPECT_TRUE(recording.messages[0].ended);
}

TEST(PredecessorDefectsTest, FieldsOfInterimResponsesWereAParseError) {
  const auto recording = Response(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
      "HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 2U);
  EXPECT_EQ(recording.messages[0].head.headers.Find("link"), "</a>");
}

TEST(PredecessorDefectsTest, ReasonWasReplaced) {
  EXPECT_EQ(Response("HTTP/1.1 299 As It Was\r\n\r\n").messages[0].head.reason,
            "As It Was");
}

TEST(PredecessorDefectsTest, BadBackendHeadBecameSuccess) {
  const auto recording = Response("rubbish\r\n\r\n");
  EXPECT_EQ(recording.error, ParseError::kBadStartLine);
  EXPECT_TRUE(recording.messages.empty());
}

TEST(PredecessorDefectsTest, BadChunkInjectedASecondHead) {
  const auto recording = Response(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nHTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.error, ParseError::kBadChunk);
}

TEST(PredecessorDefectsTest, UnprintableChunkSizesWereAccepted) {
  for (const char* size : {"10 ", "-1", "+1", " 1", "1x"}) {
    EXPECT_EQ(Request(Post("Transfer-Encoding: chunked\r\n",
                           absl::StrCat(size, "\r\nabcdefghijklmnop\r\n")))
                  .error,
              ParseError::kBadChunk)
        << size;
  }
}

}  // namespace
}  // namespace rproxy
