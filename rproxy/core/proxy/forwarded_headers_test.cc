#include "rproxy/core/proxy/forwarded_headers.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "rproxy/core/http/http_types.h"
#include "rproxy/core/http/message.h"

namespace rproxy {
namespace {

struct NameValue {
  absl::string_view name;
  absl::string_view value;
};

HeaderMap Map(const std::vector<NameValue>& fields) {
  HeaderMap headers;
  for (const NameValue& field : fields) headers.Add(field.name, field.value);
  return headers;
}

// "Name: value" lines, in order.
std::string Text(const HeaderMap& headers) {
  std::string text;
  headers.ForEach([&](const HeaderMap::Field& field) {
    absl::StrAppend(&text, field.name, ": ", field.value, "\n");
  });
  return text;
}

std::string Cleaned(const std::vector<NameValue>& fields) {
  HeaderMap headers = Map(fields);
  RemoveHopByHopFields(headers);
  return Text(headers);
}

RequestHead Request(absl::string_view method, absl::string_view target,
                    const std::vector<NameValue>& fields = {}) {
  RequestHead head;
  head.method = std::string(method);
  head.target = std::string(target);
  head.headers = Map(fields);
  return head;
}

constexpr BodyFraming kNoBody;
constexpr BodyFraming kFiveBytes = {BodyFraming::Kind::kContentLength, 5};
constexpr BodyFraming kChunked = {BodyFraming::Kind::kChunked, 0};
constexpr BodyFraming kUntilClose = {BodyFraming::Kind::kUntilClose, 0};
constexpr BodyFraming kTunnel = {BodyFraming::Kind::kTunnel, 0};

// --- Hop by hop ----------------------------------------------------------

TEST(RemoveHopByHopFieldsTest, EndToEndFieldsStayInOrder) {
  EXPECT_EQ(Cleaned({{"Host", "a"}, {"X-B", "2"}, {"X-A", "1"}, {"X-B", "3"}}),
            "Host: a\nX-B: 2\nX-A: 1\nX-B: 3\n");
}

TEST(RemoveHopByHopFieldsTest, EveryFieldOfOneConnectionGoes) {
  EXPECT_EQ(Cleaned({{"Connection", "keep-alive"},
                     {"Keep-Alive", "timeout=5"},
                     {"Proxy-Connection", "keep-alive"},
                     {"TE", "trailers"},
                     {"Trailer", "X-Sum"},
                     {"Transfer-Encoding", "chunked"},
                     {"Upgrade", "websocket"},
                     {"Accept", "*/*"}}),
            "Accept: */*\n");
}

TEST(RemoveHopByHopFieldsTest, NamesAreComparedWithoutCase) {
  EXPECT_EQ(Cleaned({{"CONNECTION", "X-mine"},
                     {"keep-alive", "5"},
                     {"x-MINE", "1"},
                     {"x-mine", "2"},
                     {"X-Mine-Too", "3"}}),
            "X-Mine-Too: 3\n");
}

TEST(RemoveHopByHopFieldsTest, FieldsNamedByAnyConnectionFieldGo) {
  EXPECT_EQ(Cleaned({{"X-A", "1"},
                     {"Connection", " close ,X-A\t,, X-B"},
                     {"Connection", "X-C"},
                     {"X-B", "2"},
                     {"X-C", "3"},
                     {"X-D", "4"}}),
            "X-D: 4\n");
}

TEST(RemoveHopByHopFieldsTest, EmptyConnectionNamesNothing) {
  EXPECT_EQ(Cleaned({{"Connection", ""}, {"X-A", "1"}}), "X-A: 1\n");
  EXPECT_EQ(Cleaned({{"Connection", " , ,"}, {"X-A", "1"}}), "X-A: 1\n");
}

// Otherwise a client could take out of its request what the backend relies on.
TEST(RemoveHopByHopFieldsTest, NamingAProtectedFieldDoesNotRemoveIt) {
  for (const absl::string_view name :
       {"Host", "Content-Length", "Content-Type", "X-Forwarded-For",
        "Authorization", "Cookie", "Set-Cookie", "X-SSL-Subject"}) {
    EXPECT_EQ(Cleaned({{"Connection", absl::StrCat("close, ", name)},
                       {name, "kept"},
                       {"X-A", "1"}}),
              absl::StrCat(name, ": kept\nX-A: 1\n"));
    EXPECT_EQ(
        Cleaned({{"Connection", absl::AsciiStrToUpper(name)}, {name, "kept"}}),
        absl::StrCat(name, ": kept\n"));
  }
}

// --- Requests ------------------------------------------------------------

TEST(PrepareRequestTest, OldVersionBecomesNew) {
  RequestHead head = Request("GET", "/", {{"Host", "a"}});
  head.version = HttpVersion::kHttp10;
  PrepareRequest(kNoBody, RequestEdits(), head);
  EXPECT_EQ(head.version, HttpVersion::kHttp11);
}

// RFC 9112 section 3.2: HTTP/1.1 without Host is refused.
TEST(PrepareRequestTest, OldClientGetsAnEmptyHost) {
  RequestHead head = Request("GET", "/", {{"X-A", "1"}});
  head.version = HttpVersion::kHttp10;
  PrepareRequest(kNoBody, RequestEdits(), head);
  EXPECT_EQ(Text(head.headers), "X-A: 1\nHost: \n");
}

// RFC 9110 section 10.1.1.
TEST(PrepareRequestTest, OldClientExpectsNothing) {
  RequestHead head = Request(
      "POST", "/",
      {{"Host", "a"}, {"Expect", "100-continue"}, {"Content-Length", "5"}});
  RequestHead old = head;
  old.version = HttpVersion::kHttp10;
  PrepareRequest(kFiveBytes, RequestEdits(), head);
  EXPECT_EQ(head.headers.Find(FieldId::kExpect), "100-continue");
  PrepareRequest(kFiveBytes, RequestEdits(), old);
  EXPECT_EQ(Text(old.headers), "Host: a\nContent-Length: 5\n");
}

TEST(PrepareRequestTest, LengthLosesItsLeadingZeros) {
  RequestHead head = Request("POST", "/", {{"Content-Length", "005"}});
  PrepareRequest(kFiveBytes, RequestEdits(), head);
  EXPECT_EQ(Text(head.headers), "Content-Length: 5\n");
}

TEST(PrepareRequestTest, OriginFormPassesByteForByte) {
  for (const absl::string_view target :
       {"/", "/a%2Fb/../c?d=e%20f&g", "//double", "/?", "/a?b?c"}) {
    RequestHead head = Request("GET", target, {{"Host", "a.example:8080"}});
    PrepareRequest(kNoBody, RequestEdits(), head);
    EXPECT_EQ(head.target, target);
    EXPECT_EQ(Text(head.headers), "Host: a.example:8080\n");
  }
}

// RFC 9112 section 3.2.2.
TEST(PrepareRequestTest, AbsoluteFormBecomesOriginFormAndHost) {
  struct Case {
    absl::string_view given, target, host;
  };
  for (const Case& c : std::vector<Case>{
           {"http://b.example/x/y?z=1", "/x/y?z=1", "b.example"},
           {"http://b.example:81/x", "/x", "b.example:81"},
           {"HTTPS://b.example/x?", "/x?", "b.example"},
           {"http://b.example", "/", "b.example"},
           {"http://b.example?q", "/?q", "b.example"},
           {"http://[::1]:8080/x", "/x", "[::1]:8080"},
       }) {
    RequestHead head =
        Request("GET", c.given, {{"X-A", "1"}, {"Host", "other.example"}});
    PrepareRequest(kNoBody, RequestEdits(), head);
    EXPECT_EQ(head.target, c.target) << c.given;
    EXPECT_EQ(head.headers.Find(FieldId::kHost), c.host) << c.given;
    EXPECT_EQ(head.headers.Count(FieldId::kHost), 1u) << c.given;
  }
}

// RFC 9112 section 3.2.4.
TEST(PrepareRequestTest, OptionsForTheWholeServerStaysSo) {
  RequestHead head = Request("OPTIONS", "*", {{"Host", "a"}});
  PrepareRequest(kNoBody, RequestEdits(), head);
  EXPECT_EQ(head.target, "*");
  EXPECT_EQ(Text(head.headers), "Host: a\n");

  head = Request("OPTIONS", "http://b.example:8001", {{"Host", "a"}});
  PrepareRequest(kNoBody, RequestEdits(), head);
  EXPECT_EQ(head.target, "*");
  EXPECT_EQ(head.headers.Find(FieldId::kHost), "b.example:8001");
}

TEST(PrepareRequestTest, OptionsForAPathIsNoOptionsForTheServer) {
  for (const auto& [given, target] :
       std::vector<std::pair<absl::string_view, absl::string_view>>{
           {"http://b.example/", "/"},
           {"http://b.example?q", "/?q"},
           {"/x", "/x"}}) {
    RequestHead head = Request("OPTIONS", given, {{"Host", "a"}});
    PrepareRequest(kNoBody, RequestEdits(), head);
    EXPECT_EQ(head.target, target);
  }
}

TEST(PrepareRequestTest, LengthIsKeptOnce) {
  RequestHead head =
      Request("POST", "/", {{"Host", "a"}, {"Content-Length", "5"}});
  PrepareRequest(kFiveBytes, RequestEdits(), head);
  EXPECT_EQ(Text(head.headers), "Host: a\nContent-Length: 5\n");
}

TEST(PrepareRequestTest, ChunkedIsSaidAnew) {
  RequestHead head = Request("POST", "/",
                             {{"Transfer-Encoding", "Chunked"},
                              {"Host", "a"},
                              {"Trailer", "X-Sum"},
                              {"TE", "gzip"}});
  PrepareRequest(kChunked, RequestEdits(), head);
  EXPECT_EQ(Text(head.headers), "Host: a\nTransfer-Encoding: chunked\n");
}

TEST(PrepareRequestTest, ConnectionCannotUnframeTheBody) {
  RequestHead head = Request("POST", "/",
                             {{"Host", "a"},
                              {"Content-Length", "5"},
                              {"Connection", "Content-Length, Host"}});
  PrepareRequest(kFiveBytes, RequestEdits(), head);
  EXPECT_EQ(Text(head.headers), "Host: a\nContent-Length: 5\n");

  head = Request("POST", "/",
                 {{"Host", "a"},
                  {"Transfer-Encoding", "chunked"},
                  {"Connection", "Transfer-Encoding"}});
  PrepareRequest(kChunked, RequestEdits(), head);
  EXPECT_EQ(Text(head.headers), "Host: a\nTransfer-Encoding: chunked\n");
}

// RFC 9110 section 10.1.4.
TEST(PrepareRequestTest, OnlyTrailersAreLeftOfTe) {
  RequestHead head =
      Request("GET", "/", {{"TE", "gzip;q=0.5, Trailers"}, {"Host", "a"}});
  PrepareRequest(kNoBody, RequestEdits(), head);
  EXPECT_EQ(Text(head.headers), "Host: a\nTE: trailers\nConnection: TE\n");
}

// RFC 9110 section 7.6.3.
TEST(PrepareRequestTest, ViaSaysWhatWasReceived) {
  RequestHead head = Request("GET", "/", {{"Via", "1.1 other"}});
  PrepareRequest(kNoBody, {.via = "us"}, head);
  EXPECT_EQ(Text(head.headers), "Via: 1.1 other\nVia: 1.1 us\n");
  head = Request("GET", "/", {{"Host", "a"}});
  head.version = HttpVersion::kHttp10;
  PrepareRequest(kNoBody, {.via = "us"}, head);
  EXPECT_EQ(Text(head.headers), "Host: a\nVia: 1.0 us\n");
}

TEST(PrepareRequestTest, ForwardedForNamesTheClient) {
  RequestHead head = Request("GET", "/", {{"Host", "a"}});
  PrepareRequest(kNoBody, {.x_forwarded_for = true, .client_host = "192.0.2.1"},
                 head);
  EXPECT_EQ(Text(head.headers), "Host: a\nX-Forwarded-For: 192.0.2.1\n");
}

TEST(PrepareRequestTest, ForwardedForAppendsToWhatOthersSaid) {
  RequestHead head = Request("GET", "/",
                             {{"x-forwarded-for", "10.0.0.1, 10.0.0.2"},
                              {"Host", "a"},
                              {"X-Forwarded-For", ""},
                              {"X-FORWARDED-FOR", "10.0.0.3"}});
  PrepareRequest(kNoBody,
                 {.x_forwarded_for = true, .client_host = "2001:db8::1"}, head);
  EXPECT_EQ(head.headers.Find(FieldId::kXForwardedFor),
            "10.0.0.1, 10.0.0.2, 10.0.0.3, 2001:db8::1");
  EXPECT_EQ(head.headers.Count(FieldId::kXForwardedFor), 1u);
}

TEST(PrepareRequestTest, ForwardedForIsLeftAloneUnlessWanted) {
  RequestHead head = Request("GET", "/", {{"X-Forwarded-For", "10.0.0.1"}});
  PrepareRequest(kNoBody,
                 {.x_forwarded_for = false, .client_host = "192.0.2.1"}, head);
  EXPECT_EQ(Text(head.headers), "X-Forwarded-For: 10.0.0.1\n");
}

// --- Responses -----------------------------------------------------------

std::string Prepared(const BodyFraming& framing,
                     const std::vector<NameValue>& fields,
                     const std::vector<std::string>& strip = {},
                     const std::string& via = "") {
  ResponseHead head;
  head.status = 200;
  head.headers = Map(fields);
  PrepareResponse(framing, strip, via, head);
  return Text(head.headers);
}

TEST(PrepareResponseTest, FramingFieldsAreLeftToTheSession) {
  EXPECT_EQ(Prepared(kFiveBytes, {{"Content-Length", "5"}, {"ETag", "x"}}),
            "ETag: x\n");
  EXPECT_EQ(Prepared(kChunked, {{"Transfer-Encoding", "chunked"},
                                {"Trailer", "X-Sum"},
                                {"ETag", "x"}}),
            "ETag: x\n");
  EXPECT_EQ(Prepared(kUntilClose, {{"Connection", "close"}, {"ETag", "x"}}),
            "ETag: x\n");
  EXPECT_EQ(Prepared(kTunnel, {{"Connection", "upgrade"},
                               {"Upgrade", "websocket"},
                               {"Sec-WebSocket-Accept", "x"}}),
            "Sec-WebSocket-Accept: x\n");
}

// RFC 9110 section 8.6: the length that GET would have had.
TEST(PrepareResponseTest, AnswerWithoutABodyKeepsTheLengthThatItTells) {
  EXPECT_EQ(Prepared(kNoBody, {{"Content-Length", "1234"}}),
            "Content-Length: 1234\n");
}

TEST(PrepareResponseTest, NoContentHasNoLength) {
  ResponseHead head;
  head.status = 204;
  head.headers = Map({{"Content-Length", "0"}, {"ETag", "x"}});
  PrepareResponse(kNoBody, {}, "", head);
  EXPECT_EQ(Text(head.headers), "ETag: x\n");
}

TEST(PrepareResponseTest, EveryCopyOfAStrippedFieldGoes) {
  EXPECT_EQ(Prepared(kNoBody,
                     {{"server", "x"},
                      {"X-Powered-By", "1"},
                      {"ETag", "x"},
                      {"x-powered-by", "2"}},
                     {"Server", "X-POWERED-BY", "Absent"}),
            "ETag: x\n");
}

TEST(PrepareResponseTest, ViaIsAppended) {
  EXPECT_EQ(Prepared(kNoBody, {{"Via", "1.1 other"}}, {}, "us"),
            "Via: 1.1 other\nVia: 1.1 us\n");
}

TEST(PrepareResponseTest, RepeatedFieldsStayApart) {
  EXPECT_EQ(
      Prepared(kNoBody,
               {{"Set-Cookie", "a=1"}, {"Vary", "x"}, {"Set-Cookie", "b=2"}}),
      "Set-Cookie: a=1\nVary: x\nSet-Cookie: b=2\n");
}

}  // namespace
}  // namespace rproxy
