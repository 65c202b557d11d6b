// Status lines and fields of backends.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/response_case.h"

namespace rproxy::test {
namespace {

using std::string_literals::operator""s;

constexpr char kLine[] = "RFC 9112 section 4";
constexpr char kField[] = "RFC 9112 section 5";
constexpr char kHop[] = "RFC 9110 section 7.6.1";

std::string WithLine(absl::string_view line) {
  return absl::StrCat(line, "\r\nContent-Length: 5\r\n\r\nhello");
}
ResponseCase BadLine(std::string name, absl::string_view line) {
  return {std::move(name), kLine, WithLine(line), BadGateway()};
}
ResponseCase GoodLine(std::string name, absl::string_view line) {
  return {std::move(name), kLine, WithLine(line), Delivered(WithLine(line))};
}
std::string WithField(absl::string_view field) {
  return Ok(absl::StrCat(field, "Content-Length: 5\r\n"), "hello");
}
ResponseCase BadField(std::string name, absl::string_view field) {
  return {std::move(name), kField, WithField(field), BadGateway()};
}
ResponseCase Kept(std::string name, absl::string_view field) {
  return {std::move(name), kField, WithField(field),
          Delivered(WithField(field))};
}
ResponseCase Left(std::string name, absl::string_view field,
                  absl::string_view left) {
  return {std::move(name), kHop, WithField(field), Delivered(WithField(left))};
}

}  // namespace

std::vector<ResponseCase> StatusLineCases() {
  return {
      GoodLine("Plain", "HTTP/1.1 200 OK"),
      GoodLine("OtherReason", "HTTP/1.1 200 As you wish"),
      GoodLine("UnregisteredStatus", "HTTP/1.1 299 Custom"),
      GoodLine("ClientError", "HTTP/1.1 404 Not Found"),
      GoodLine("ServerError", "HTTP/1.1 500 Oh"),
      GoodLine("LastStatus", "HTTP/1.1 599 Last"),
      GoodLine("EmptyReason", "HTTP/1.1 200 "),
      GoodLine("ReasonWithDigits", "HTTP/1.1 200 200 300"),
      GoodLine("ReasonOfObsoleteText", "HTTP/1.1 200 \xe9"),
      GoodLine("ReasonLikeAVersion", "HTTP/1.1 200 HTTP/1.1 404"),
      {"NoReasonAndNoSpace",
       kLine,
       WithLine("HTTP/1.1 200"),
       {.client = WithLine("HTTP/1.1 200 "),
        .reused = true,
        .may_refuse = true}},
      {"OldVersion", kLine, WithLine("HTTP/1.0 200 OK"),
       DeliveredOnce(WithLine("HTTP/1.1 200 OK"))},
      {"HigherMinorVersion",
       kLine,
       WithLine("HTTP/1.7 200 OK"),
       {.client = WithLine("HTTP/1.1 200 OK"),
        .reused = true,
        .may_refuse = true}},
      BadLine("Version2", "HTTP/2.0 200 OK"),
      BadLine("Version2Short", "HTTP/2 200 OK"),
      BadLine("Version0", "HTTP/0.9 200 OK"),
      BadLine("VersionLong", "HTTP/1.10 200 OK"),
      BadLine("VersionWithoutMinor", "HTTP/1 200 OK"),
      BadLine("VersionComma", "HTTP/1,1 200 OK"),
      BadLine("LowerCase", "http/1.1 200 OK"),
      BadLine("OtherProtocol", "ICY 200 OK"),
      BadLine("NoVersion", "200 OK"),
      BadLine("SpaceBefore", " HTTP/1.1 200 OK"),
      BadLine("TwoSpacesBeforeStatus", "HTTP/1.1  200 OK"),
      BadLine("TabBeforeStatus", "HTTP/1.1\t200 OK"),
      BadLine("TabBehindStatus", "HTTP/1.1 200\tOK"),
      BadLine("NoStatus", "HTTP/1.1"),
      BadLine("NoStatusButSpace", "HTTP/1.1 "),
      BadLine("TwoDigits", "HTTP/1.1 20 OK"),
      BadLine("FourDigits", "HTTP/1.1 2000 OK"),
      BadLine("LeadingZero", "HTTP/1.1 0200 OK"),
      BadLine("StatusZero", "HTTP/1.1 000 OK"),
      BadLine("StatusTooLow", "HTTP/1.1 099 OK"),
      BadLine("StatusTooHigh", "HTTP/1.1 600 OK"),
      BadLine("StatusOverflow", "HTTP/1.1 4294967496 OK"),
      BadLine("StatusNegative", "HTTP/1.1 -20 OK"),
      BadLine("StatusPlus", "HTTP/1.1 +20 OK"),
      BadLine("StatusHex", "HTTP/1.1 0xc OK"),
      BadLine("StatusWord", "HTTP/1.1 abc OK"),
      BadLine("StatusFraction", "HTTP/1.1 2.0 OK"),
      BadLine("StatusWithJunk", "HTTP/1.1 200OK"),
      BadLine("ReasonWithNul", "HTTP/1.1 200 O\0K"s),
      BadLine("ReasonWithControl", "HTTP/1.1 200 O\x01K"),
      BadLine("ReasonWithEscape", "HTTP/1.1 200 \x1b[2J"),
      BadLine("ReasonWithBareCarriageReturn", "HTTP/1.1 200 O\rK"),
      BadLine("ReasonWithBareLineFeed", "HTTP/1.1 200 O\nK: x"),
      BadLine("EmptyLineBefore", "\r\nHTTP/1.1 200 OK"),
      BadLine("BareLineFeedBefore", "\nHTTP/1.1 200 OK"),
      BadLine("ARequest", "GET / HTTP/1.1"),
      BadLine("Html", "<html></html>"),
      BadLine("LineHuge", "HTTP/1.1 200 " + std::string(100'000, 'r')),
      {"BareLineFeedEnd", kLine,
       "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello", BadGateway()},
      {"OnlyBareLineFeeds", kLine,
       "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", BadGateway()},
      {"BinaryJunk", kLine, "\x00\x01\x02\xff\xfe\r\n\r\n"s, BadGateway()},
      {"TlsAlert", kLine, "\x15\x03\x01\x00\x02\x02\x46"s, BadGateway(),
       BackendEnding::kClose},
      {"Nothing", "the connection is reused, but not the request's", "",
       BadGateway(), BackendEnding::kClose, "POST"},
      {"EndsInLine", "RFC 9112 section 8", "HTTP/1.1 20", BadGateway(),
       BackendEnding::kClose},
      {"EndsInField", "RFC 9112 section 8", "HTTP/1.1 200 OK\r\nContent-Le",
       BadGateway(), BackendEnding::kClose},
      {"EndsBeforeEmptyLine", "RFC 9112 section 8",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", BadGateway(),
       BackendEnding::kClose},
      {"ResetInHead", "RFC 9112 section 8", "HTTP/1.1 200 OK\r\nA: b",
       BadGateway(), BackendEnding::kReset},
  };
}

std::vector<ResponseCase> ResponseFieldCases() {
  std::string many;
  for (int i = 0; i < 127; ++i) many += "A: b\r\n";
  std::string flood = many + many + many;
  return {
      Kept("RepeatsInOrder", "Set-Cookie: a=1\r\nA: x\r\nSet-Cookie: b=2\r\n"),
      Kept("EmptyValue", "A: \r\n"),
      Kept("ObsoleteText", "A: \xe9\r\n"),
      Kept("InnerWhiteSpace", "A: b  \t c\r\n"),
      Kept("CaseIsKept", "x-MiXeD: Y\r\n"),
      {"WhiteSpaceAroundIsTrimmed", kField, WithField("A:\t b \t\r\n"),
       Delivered(WithField("A: b\r\n"))},
      Kept("FieldsAtLimit", many),
      BadField("FieldsOverLimit", many + "A: b\r\n"),
      BadField("FieldFlood", flood),
      BadField("FieldHuge", "A: " + std::string(100'000, 'b') + "\r\n"),
      {"FloodWithoutEnd", "bounded heads",
       "HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'b'), BadGateway()},
      BadField("NoColon", "A\r\n"),
      BadField("NoColonButValue", "A b\r\n"),
      BadField("EmptyName", ": b\r\n"),
      BadField("SpaceInName", "A B: c\r\n"),
      BadField("SpaceBeforeColon", "A : b\r\n"),
      BadField("TabBeforeColon", "A\t: b\r\n"),
      BadField("HighByteInName", "A\xe9: b\r\n"),
      BadField("NulInName", "A\0: b\r\n"s),
      BadField("NulInValue", "A: b\0c\r\n"s),
      BadField("ControlInValue", "A: b\x01\r\n"),
      BadField("DeleteInValue", "A: b\x7f\r\n"),
      BadField("BareCarriageReturn", "A: b\rC: d\r\n"),
      BadField("BareLineFeed", "A: b\nC: d\r\n"),
      BadField("Folded", "A: b\r\n c\r\n"),
      BadField("FoldedWithTab", "A: b\r\n\tc\r\n"),
      BadField("FirstLineFolded", " A: b\r\n"),

      Left("ConnectionKeepAlive", "Connection: keep-alive\r\n", ""),
      Left("KeepAlive", "Keep-Alive: timeout=5\r\n", ""),
      Left("ProxyConnection", "Proxy-Connection: keep-alive\r\n", ""),
      Left("Upgrade", "Upgrade: h2c\r\n", ""),
      Left("UpgradeInConnection", "Connection: Upgrade\r\nUpgrade: h2c\r\n",
           ""),
      Left("TrailerField", "Trailer: Sum\r\n", ""),
      Left("NamedByConnection", "Connection: A\r\nA: b\r\nB: c\r\n",
           "B: c\r\n"),
      Left("ConnectionNamesSetCookie",
           "Connection: Set-Cookie\r\nSet-Cookie: a=b\r\n",
           "Set-Cookie: a=b\r\n"),
      Left("ConnectionNamesContentLength", "Connection: Content-Length\r\n",
           ""),
      {"ConnectionClose", "RFC 9112 section 9.6",
       WithField("Connection: close\r\n"), DeliveredOnce(Hello())},
      {"ConnectionCloseInAList", "RFC 9112 section 9.6",
       WithField("Connection: x, Close\r\n"), DeliveredOnce(Hello())},
      {"OldKeepAlive", "RFC 9112 section 9.3",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n"
       "hello",
       Delivered(Hello())},
  };
}

}  // namespace rproxy::test
