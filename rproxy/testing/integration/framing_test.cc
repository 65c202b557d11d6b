// Every form of message arrives whole on the other side, in one canonical form,
// and no form that could be taken in two ways arrives at all.

#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/integration/proxy_fixture.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

class FramingTest : public ::testing::Test {
 protected:
  // The backend answers its next request with exactly `bytes`.
  void NextAnswer(absl::string_view bytes) {
    backend_.ScriptNextRequest(
        [text = std::string(bytes)](BackendConnection& connection) {
          if (connection.ReadBody()) connection.Send(text);
        });
  }
  // Likewise, and closes.
  void NextAnswerAndClose(absl::string_view bytes) {
    backend_.ScriptNextRequest(
        [text = std::string(bytes)](BackendConnection& connection) {
          if (!connection.ReadBody()) return;
          connection.Send(text);
          connection.Close();
        });
  }
  // The connections still serve.
  void ExpectUsable(RawClient& client) {
    const RawResponse response = client.Exchange(MakeRequest("GET", "/again"));
    EXPECT_TRUE(response.complete()) << response.end;
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "GET /again\n");
  }

  FakeBackend backend_;
  ProxyFixture proxy_{{&backend_}};
  RawClient client_{proxy_.endpoint()};
};

TEST_F(FramingTest, RequestArrivesByteForByte) {
  const std::string request =
      "POST /path?query=1&b=%20 HTTP/1.1\r\n"
      "Host: example.test:8080\r\n"
      "uSeR-aGeNt: Odd  Spacing\r\n"
      "Accept: a\r\n"
      "Accept: b\r\n"
      "Content-Length: 5\r\n"
      "X-Empty:\r\n"
      "\r\n"
      "hello";
  EXPECT_EQ(client_.Exchange(request).status, 200);
  const std::string received = backend_.connection(0).received;
  const WireHead head =
      ParseHead(received.substr(0, FindHeadSize(received).value_or(0)));
  EXPECT_EQ(head.start_line, "POST /path?query=1&b=%20 HTTP/1.1");
  EXPECT_EQ(head.fields,
            ParseHead(request.substr(0, request.size() - 5)).fields);
  EXPECT_TRUE(received.ends_with("\r\n\r\nhello"));
}

TEST_F(FramingTest, GetGainsNoFramingFields) {
  EXPECT_EQ(client_.Exchange(MakeRequest("GET", "/")).status, 200);
  EXPECT_EQ(backend_.connection(0).received,
            "GET / HTTP/1.1\r\nHost: example.test\r\n\r\n");
}

TEST_F(FramingTest, ChunkedRequestArrivesWithItsTrailers) {
  client_.Send(absl::StrCat(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      MakeChunked("hello world", 3, "Sum: 7\r\n")));
  EXPECT_EQ(client_.ReadResponse().status, 200);
  const ReceivedRequest request = backend_.requests()[0];
  EXPECT_EQ(request.framing, WireFraming::kChunked);
  EXPECT_EQ(request.head.All("transfer-encoding"),
            std::vector<std::string>{"chunked"});
  EXPECT_FALSE(request.head.Has("content-length"));
  EXPECT_EQ(request.body, "hello world");
  EXPECT_EQ(request.trailers, (std::vector<WireField>{{"Sum", "7"}}));
}

TEST_F(FramingTest, ChunkExtensionsAreNotPassedOn) {
  client_.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;name=value;other=\"quoted\"\r\nhello\r\n0;last\r\n\r\n");
  EXPECT_EQ(client_.ReadResponse().status, 200);
  EXPECT_EQ(backend_.requests()[0].body, "hello");
  EXPECT_EQ(backend_.connection(0).received.find(';'), std::string::npos);
}

TEST_F(FramingTest, TransferCodingNamesIgnoreCase) {
  client_.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(client_.ReadResponse().status, 200);
  EXPECT_EQ(backend_.requests()[0].body, "hello");
  ExpectUsable(client_);
}

TEST_F(FramingTest, EmptyBodiesKeepTheirFraming) {
  EXPECT_EQ(client_
                .Exchange("POST /1 HTTP/1.1\r\nHost: a\r\n"
                          "Content-Length: 0\r\n\r\n")
                .status,
            200);
  EXPECT_EQ(client_
                .Exchange("POST /2 HTTP/1.1\r\nHost: a\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                .status,
            200);
  const std::vector<ReceivedRequest> requests = backend_.requests();
  EXPECT_EQ(requests[0].head.Only("content-length"), "0");
  EXPECT_EQ(requests[1].framing, WireFraming::kChunked);
  EXPECT_EQ(requests[1].body, "");
}

TEST_F(FramingTest, RequestByteByByte) {
  client_.SendInPieces(
      absl::StrCat(
          "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
          MakeChunked("hello world", 4, "T: 1\r\n"),
          MakeRequest("PUT", "/2", "", "body")),
      1);
  EXPECT_EQ(client_.ReadResponse().body, "POST /1\n");
  EXPECT_EQ(client_.ReadResponse().body, "PUT /2\n");
  EXPECT_EQ(backend_.requests()[0].body, "hello world");
  EXPECT_EQ(backend_.requests()[1].body, "body");
}

TEST_F(FramingTest, ResponseByteByByte) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.SendInPieces(
        absl::StrCat("HTTP/1.1 201 Made\r\nX: y\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n",
                     MakeChunked("hello world", 4, "T: 1\r\n")),
        1);
  });
  const RawResponse response = client_.Exchange(MakeRequest("GET", "/"));
  EXPECT_EQ(response.head.start_line, "HTTP/1.1 201 Made");
  EXPECT_EQ(response.head.Only("x"), "y");
  EXPECT_EQ(response.body, "hello world");
  EXPECT_EQ(response.trailers, (std::vector<WireField>{{"T", "1"}}));
  ExpectUsable(client_);
}

TEST_F(FramingTest, ResponseFieldsArriveInOrder) {
  NextAnswer(
      "HTTP/1.1 299 Custom Reason\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
      "Date: then\r\nServer: backend\r\nContent-Length: 2\r\n\r\nok");
  const RawResponse response = client_.Exchange(MakeRequest("GET", "/"));
  EXPECT_EQ(response.head.start_line, "HTTP/1.1 299 Custom Reason");
  EXPECT_EQ(response.head.All("set-cookie"),
            (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(response.head.Only("date"), "then");
  EXPECT_EQ(response.head.Only("server"), "backend");
  EXPECT_EQ(response.head.Only("content-length"), "2");
}

TEST_F(FramingTest, HeadResponseHasNoBody) {
  NextAnswer("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  const RawResponse sized = client_.Exchange(MakeRequest("HEAD", "/1"), "HEAD");
  EXPECT_TRUE(sized.complete());
  EXPECT_EQ(sized.head.Only("content-length"), "1234");
  NextAnswer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(client_.Exchange(MakeRequest("HEAD", "/2"), "HEAD").complete());
  NextAnswer("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(client_.Exchange(MakeRequest("HEAD", "/3"), "HEAD").complete());
  ExpectUsable(client_);
  EXPECT_EQ(backend_.accepted(), 1u);
}

TEST_F(FramingTest, StatusesWithoutBodyGainNone) {
  NextAnswer("HTTP/1.1 204 No Content\r\n\r\n");
  const RawResponse no_content = client_.Exchange(MakeRequest("GET", "/1"));
  EXPECT_EQ(no_content.status, 204);
  EXPECT_FALSE(no_content.head.Has("content-length"));
  EXPECT_FALSE(no_content.head.Has("transfer-encoding"));
  NextAnswer("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n");
  const RawResponse plain = client_.Exchange(MakeRequest("GET", "/2"));
  EXPECT_EQ(plain.status, 304);
  EXPECT_FALSE(plain.head.Has("content-length"));
  NextAnswer("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n");
  const RawResponse sized = client_.Exchange(MakeRequest("GET", "/3"));
  EXPECT_EQ(sized.status, 304);
  EXPECT_EQ(sized.head.Only("content-length"), "99");
  ExpectUsable(client_);
  EXPECT_EQ(backend_.accepted(), 1u);
}

TEST_F(FramingTest, CloseDelimitedResponseKeepsTheClientsConnection) {
  NextAnswerAndClose("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  const RawResponse response = client_.Exchange(MakeRequest("GET", "/"));
  EXPECT_EQ(response.body, "until the end");
  EXPECT_EQ(response.framing, WireFraming::kChunked);
  ExpectUsable(client_);
  EXPECT_EQ(backend_.accepted(), 2u);
}

TEST_F(FramingTest, Http10ClientGetsNoChunks) {
  NextAnswer(
      absl::StrCat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                   MakeChunked("hello world", 4, "T: 1\r\n")));
  const RawResponse response =
      client_.Exchange("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(response.framing, WireFraming::kUntilClose);
  EXPECT_EQ(response.body, "hello world");
  EXPECT_TRUE(client_.ReadsEndOnly());
  EXPECT_EQ(client_.end(), SocketResult::kEndOfStream);
  // The backend is spoken to in 1.1, whatever the client speaks.
  EXPECT_EQ(backend_.requests()[0].head.start_line, "GET / HTTP/1.1");
  RawClient next(proxy_.endpoint());
  ExpectUsable(next);
  EXPECT_EQ(backend_.accepted(), 1u);
}

TEST_F(FramingTest, Http10ClientMayKeepItsConnection) {
  const RawResponse response = client_.Exchange(
      "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response.framing, WireFraming::kLength);
  EXPECT_EQ(response.head.Only("connection"), "keep-alive");
  ExpectUsable(client_);
}

TEST_F(FramingTest, Http10ClientNeedsNoHost) {
  const RawResponse response = client_.Exchange("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(client_.ReadsEndOnly());
}

TEST_F(FramingTest, Http10BackendIsUnderstood) {
  NextAnswerAndClose("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  const RawResponse sized = client_.Exchange(MakeRequest("GET", "/"));
  EXPECT_EQ(sized.head.StartLinePart(0), "HTTP/1.1");
  EXPECT_EQ(sized.body, "hello");
  NextAnswerAndClose("HTTP/1.0 200 OK\r\n\r\nhello");
  const RawResponse unsized = client_.Exchange(MakeRequest("GET", "/"));
  EXPECT_EQ(unsized.body, "hello");
  NextAnswer(
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n"
      "hello");
  EXPECT_EQ(client_.Exchange(MakeRequest("GET", "/")).body, "hello");
  ExpectUsable(client_);
  EXPECT_EQ(backend_.accepted(), 3u);
}

TEST_F(FramingTest, InterimResponsesArriveWithTheirFields) {
  NextAnswer(absl::StrCat("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n",
                          "HTTP/1.1 102 Processing\r\n\r\n",
                          MakeResponse(200, "done")));
  client_.Send(MakeRequest("GET", "/"));
  const RawResponse hints = client_.ReadResponse();
  EXPECT_EQ(hints.head.start_line, "HTTP/1.1 103 Early Hints");
  EXPECT_EQ(hints.head.Only("link"), "</a.css>");
  EXPECT_EQ(client_.ReadResponse().status, 102);
  EXPECT_EQ(client_.ReadResponse().body, "done");
  ExpectUsable(client_);
}

TEST_F(FramingTest, Http10ClientGetsNoInterimResponses) {
  NextAnswer(absl::StrCat("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
                          MakeResponse(200, "done")));
  client_.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  const RawResponse response = client_.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "done");
  EXPECT_TRUE(client_.ReadsEndOnly());
}

TEST_F(FramingTest, ContinueGoesRound) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    EXPECT_EQ(connection.request().head.Only("expect"), "100-continue");
    EXPECT_EQ(connection.request().body_size, 0u);
    connection.Send("HTTP/1.1 100 Continue\r\n\r\n");
    if (connection.ReadBody()) connection.Send(MakeResponse(200, "done"));
  });
  client_.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(client_.ReadResponse().status, 100);
  client_.Send("hello");
  EXPECT_EQ(client_.ReadResponse().body, "done");
  EXPECT_EQ(backend_.requests()[0].body, "hello");
  ExpectUsable(client_);
}

TEST_F(FramingTest, RefusedExpectationEndsTheClientsConnection) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(403, "no"));
    connection.ReadToEnd();
  });
  client_.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      "Content-Length: 5\r\n\r\n");
  const RawResponse response = client_.ReadResponse();
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "no");
  // What a client sends now may be the body or a request: nobody can tell.
  EXPECT_EQ(response.head.Only("connection"), "close");
  EXPECT_TRUE(client_.ReadsEndOnly());
  RawClient next(proxy_.endpoint());
  ExpectUsable(next);
}

TEST_F(FramingTest, AbsoluteFormIsForwardedInOriginForm) {
  EXPECT_EQ(client_
                .Exchange("GET http://other.test/p?q HTTP/1.1\r\n"
                          "Host: other.test\r\n\r\n")
                .status,
            200);
  EXPECT_EQ(backend_.requests()[0].head.start_line, "GET /p?q HTTP/1.1");
  EXPECT_EQ(backend_.requests()[0].head.All("host"),
            std::vector<std::string>{"other.test"});
}

TEST_F(FramingTest, UnknownMethodsPass) {
  EXPECT_EQ(client_.Exchange(MakeRequest("BREW", "/pot")).body, "BREW /pot\n");
  EXPECT_EQ(client_.Exchange(MakeRequest("PROPFIND", "/", "", "xml")).status,
            200);
  EXPECT_EQ(backend_.requests()[1].body, "xml");
}

TEST_F(FramingTest, ConnectIsRefused) {
  EXPECT_EQ(client_
                .Exchange("CONNECT example.test:443 HTTP/1.1\r\n"
                          "Host: example.test:443\r\n\r\n",
                          "CONNECT")
                .status,
            405);
  EXPECT_EQ(backend_.requests().size(), 0u);
}

// --- All framings with all framings -----------------------------------------

enum class RequestForm { kNone, kLength, kChunked };
enum class ResponseForm { kEmpty, kLength, kChunked, kUntilClose, kHttp10 };

using FormCase = std::tuple<RequestForm, ResponseForm, size_t>;

class EveryFormTest : public ::testing::TestWithParam<FormCase> {};

std::string RequestOfForm(RequestForm form, absl::string_view body) {
  switch (form) {
    case RequestForm::kNone:
      return MakeRequest("GET", "/");
    case RequestForm::kLength:
      return MakeRequest("POST", "/", "", body);
    case RequestForm::kChunked:
      return absl::StrCat(
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
          MakeChunked(body, 1 + body.size() / 3));
  }
  return "";
}

std::string ResponseOfForm(ResponseForm form, absl::string_view body) {
  switch (form) {
    case ResponseForm::kEmpty:
      return "HTTP/1.1 204 No Content\r\n\r\n";
    case ResponseForm::kLength:
      return MakeResponse(200, body);
    case ResponseForm::kChunked:
      return absl::StrCat(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
          MakeChunked(body, 1 + body.size() / 3));
    case ResponseForm::kUntilClose:
      return absl::StrCat("HTTP/1.1 200 OK\r\n\r\n", body);
    case ResponseForm::kHttp10:
      return absl::StrCat("HTTP/1.0 200 OK\r\n\r\n", body);
  }
  return "";
}

TEST_P(EveryFormTest, BodiesArriveAndConnectionsServeAgain) {
  const auto [request_form, response_form, size] = GetParam();
  const std::string sent = MakePattern(size, 1);
  const std::string answered = MakePattern(size, 2);
  const bool closes = response_form == ResponseForm::kUntilClose ||
                      response_form == ResponseForm::kHttp10;
  FakeBackend backend;
  const ResponseForm form = response_form;
  backend.ScriptEveryRequest([&, form](BackendConnection& connection) {
    if (!connection.ReadBody()) return;
    connection.Send(ResponseOfForm(form, answered));
    if (closes) connection.Close();
  });
  ProxyOptions options;
  options.server.output_high_bytes = 16 * 1024;
  options.connection.output_high_bytes = 16 * 1024;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 3; ++i) {
    const RawResponse response =
        client.Exchange(RequestOfForm(request_form, sent));
    ASSERT_TRUE(response.complete()) << response.end;
    const bool empty = form == ResponseForm::kEmpty;
    EXPECT_EQ(response.status, empty ? 204 : 200);
    EXPECT_TRUE(response.body == (empty ? "" : answered));
  }
  const std::vector<ReceivedRequest> requests = backend.requests();
  ASSERT_EQ(requests.size(), 3u);
  for (const ReceivedRequest& request : requests) {
    EXPECT_TRUE(request.complete);
    EXPECT_TRUE(request.body ==
                (request_form == RequestForm::kNone ? "" : sent));
  }
  EXPECT_TRUE(proxy.WaitForIdle(1));
  EXPECT_TRUE(backend.WaitForConnections(closes ? 4 : 1));
}

INSTANTIATE_TEST_SUITE_P(
    AllForms, EveryFormTest,
    ::testing::Combine(
        ::testing::Values(RequestForm::kNone, RequestForm::kLength,
                          RequestForm::kChunked),
        ::testing::Values(ResponseForm::kEmpty, ResponseForm::kLength,
                          ResponseForm::kChunked, ResponseForm::kUntilClose,
                          ResponseForm::kHttp10),
        // Within a read, and many watermarks.
        ::testing::Values(size_t{1}, size_t{300'000})));

// --- What must not arrive ----------------------------------------------------

struct RefusedRequest {
  const char* name;
  const char* bytes;
  int status = 400;
};

void PrintTo(const RefusedRequest& request, std::ostream* out) {
  *out << request.name;
}

class RefusedRequestTest : public ::testing::TestWithParam<RefusedRequest> {};

TEST_P(RefusedRequestTest, IsAnsweredAndEndsTheConnection) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(GetParam().bytes);
  const RawResponse response = client.ReadResponse();
  EXPECT_TRUE(response.complete()) << response.end;
  EXPECT_EQ(response.status, GetParam().status);
  EXPECT_EQ(response.head.Only("connection"), "close");
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_EQ(backend.received_bytes(), 0u);
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

#define HEAD "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
INSTANTIATE_TEST_SUITE_P(
    Cases, RefusedRequestTest,
    ::testing::Values(
        RefusedRequest{"BothFramings",
                       POST "Content-Length: 5\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        RefusedRequest{"TwoLengths",
                       POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
        RefusedRequest{"TwoEqualLengths",
                       POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"},
        RefusedRequest{"LengthList", POST "Content-Length: 1, 1\r\n\r\na"},
        RefusedRequest{"SignedLength", POST "Content-Length: +1\r\n\r\na"},
        RefusedRequest{"NegativeLength", POST "Content-Length: -1\r\n\r\n"},
        RefusedRequest{"HexLength", POST "Content-Length: 0x1\r\n\r\na"},
        RefusedRequest{"SpacedLength", POST "Content-Length: 1 1\r\n\r\na"},
        RefusedRequest{"EmptyLength", POST "Content-Length:\r\n\r\n"},
        RefusedRequest{"HugeLength",
                       POST "Content-Length: 18446744073709551617\r\n\r\na"},
        RefusedRequest{"UnknownCoding", POST "Transfer-Encoding: gzip\r\n\r\n",
                       501},
        RefusedRequest{"ChunkedNotLast",
                       POST "Transfer-Encoding: chunked, chunked\r\n\r\n"},
        RefusedRequest{"TwoCodings",
                       POST "Transfer-Encoding: chunked\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        RefusedRequest{"CodingOnHttp10",
                       "POST / HTTP/1.0\r\nHost: a\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        RefusedRequest{"VerticalTabCoding", POST "Transfer-Encoding: \x0b"
                                                 "chunked\r\n\r\n0\r\n\r\n"},
        RefusedRequest{"BareLineFeed", "GET / HTTP/1.1\nHost: a\n\n"},
        RefusedRequest{"BareLineFeedInFields", HEAD "A: b\nC: d\r\n\r\n"},
        RefusedRequest{"BareCarriageReturn", HEAD "A: b\rC: d\r\n\r\n"},
        RefusedRequest{"SpaceBeforeColon", HEAD "A : b\r\n\r\n"},
        RefusedRequest{"LengthWithSpaceBeforeColon",
                       POST "Content-Length : 5\r\n\r\nhello"},
        RefusedRequest{"ObsoleteFold", HEAD "A: b\r\n c\r\n\r\n"},
        RefusedRequest{"ObsoleteTabFold", HEAD "A: b\r\n\tc\r\n\r\n"},
        RefusedRequest{"SpaceBeforeTheFirstField",
                       "GET / HTTP/1.1\r\n A: b\r\nHost: a\r\n\r\n"},
        RefusedRequest{"NoColon", HEAD "A\r\n\r\n"},
        RefusedRequest{"EmptyName", HEAD ": b\r\n\r\n"},
        RefusedRequest{"OddName", HEAD "A(b): c\r\n\r\n"},
        RefusedRequest{"ControlCharacter", HEAD "A: \x01\r\n\r\n"},
        RefusedRequest{"NoHost", "GET / HTTP/1.1\r\n\r\n"},
        RefusedRequest{"TwoHosts", HEAD "Host: b\r\n\r\n"},
        RefusedRequest{"TwoEqualHosts", HEAD "Host: a\r\n\r\n"},
        RefusedRequest{"OddHost", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        RefusedRequest{"HostList", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
        RefusedRequest{"NoTarget", "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
        RefusedRequest{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
        RefusedRequest{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        RefusedRequest{"FragmentInTarget",
                       "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"},
        RefusedRequest{"RelativeTarget", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
        RefusedRequest{"Http09", "GET /\r\n\r\n"},
        RefusedRequest{"NoHttp", "HELLO\r\n\r\n"},
        RefusedRequest{"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        RefusedRequest{"Http9", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505},
        RefusedRequest{"LowerCaseHttp", "GET / http/1.1\r\nHost: a\r\n\r\n"}),
    [](const ::testing::TestParamInfo<RefusedRequest>& info) {
      return std::string(info.param.name);
    });

// A bad chunk comes when the head may have been forwarded already. The backend
// must never see a complete request, and its connection must not serve again.
class BadChunkTest : public ::testing::TestWithParam<RefusedRequest> {};

TEST_P(BadChunkTest, NeverCompletesTheRequest) {
  FakeBackend backend;
  // Whether the head was forwarded before the bad chunk came is open.
  backend.ScriptEveryRequest([](BackendConnection& connection) {
    if (connection.request().method == "POST") {
      EXPECT_FALSE(connection.ReadBody());
    } else {
      connection.Send(MakeResponse(200, "fresh"));
    }
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(POST "Transfer-Encoding: chunked\r\n\r\n"
                                "5\r\nhello\r\n",
                           GetParam().bytes));
  const RawResponse response = client.ReadResponse();
  EXPECT_TRUE(response.complete()) << response.end;
  EXPECT_EQ(response.status, 400);
  EXPECT_TRUE(client.ReadsEndOnly());

  RawClient next(proxy.endpoint());
  EXPECT_EQ(next.Exchange(MakeRequest("GET", "/next")).body, "fresh");
  for (const ReceivedRequest& request : backend.requests()) {
    EXPECT_FALSE(request.malformed);
    if (request.method == "POST") {
      EXPECT_FALSE(request.complete);
      EXPECT_EQ(request.connection, 0u);
    } else {
      EXPECT_EQ(request.target, "/next");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadChunkTest,
    ::testing::Values(
        RefusedRequest{"NotHex", "xyz\r\n"}, RefusedRequest{"Empty", "\r\n"},
        RefusedRequest{"Negative", "-5\r\nhello\r\n0\r\n\r\n"},
        RefusedRequest{"Prefixed", "0x5\r\nhello\r\n0\r\n\r\n"},
        RefusedRequest{"LeadingSpace", " 5\r\nhello\r\n0\r\n\r\n"},
        RefusedRequest{"Overflow", "10000000000000005\r\nhello\r\n0\r\n\r\n"},
        RefusedRequest{"BareLineFeed", "5\nhello\r\n0\r\n\r\n"},
        RefusedRequest{"JunkAfterData", "5\r\nhelloX\r\n0\r\n\r\n"},
        RefusedRequest{"NothingAfterData", "5\r\nhello0\r\n\r\n"},
        RefusedRequest{"BareLineFeedAfterData", "5\r\nhello\n0\r\n\r\n"},
        RefusedRequest{"BadTrailer", "0\r\nno colon\r\n\r\n"},
        RefusedRequest{"SpaceBeforeTrailerColon", "0\r\nA : b\r\n\r\n"}),
    [](const ::testing::TestParamInfo<RefusedRequest>& info) {
      return std::string(info.param.name);
    });

TEST_F(FramingTest, NulIsRefused) {
  using std::string_literals::operator""s;
  client_.Send(HEAD "A: b\0c\r\n\r\n"s);
  EXPECT_EQ(client_.ReadResponse().status, 400);
  RawClient target(proxy_.endpoint());
  target.Send("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s);
  EXPECT_EQ(target.ReadResponse().status, 400);
  EXPECT_EQ(backend_.received_bytes(), 0u);
}

TEST_F(FramingTest, OverlongHeadsAreRefused) {
  client_.Send(absl::StrCat("GET /", std::string(100'000, 'a'),
                            " HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client_.ReadResponse().status, 414);
  EXPECT_TRUE(client_.ReadsEndOnly());
  RawClient fields(proxy_.endpoint());
  fields.Send(absl::StrCat(HEAD "A: ", std::string(100'000, 'a'), "\r\n\r\n"));
  EXPECT_EQ(fields.ReadResponse().status, 431);
  RawClient many(proxy_.endpoint());
  std::string flood = HEAD;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&flood, "A: b\r\n");
  many.Send(absl::StrCat(flood, "\r\n"));
  EXPECT_EQ(many.ReadResponse().status, 431);
  EXPECT_EQ(backend_.received_bytes(), 0u);
}
#undef HEAD
#undef POST

}  // namespace
}  // namespace rproxy::test
