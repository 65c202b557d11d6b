// Request lines: methods, targets, versions, spaces, what stands before them.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

using std::string_literals::operator""s;

constexpr char kLine[] = "RFC 9112 section 3";
constexpr char kMethod[] = "RFC 9110 section 9.1";
constexpr char kTarget[] = "RFC 9112 section 3.2";
constexpr char kVersion[] = "RFC 9112 section 2.3";

std::string WithLine(absl::string_view line) {
  return absl::StrCat(line, "\r\nHost: a\r\n\r\n");
}
RequestCase Kept(std::string name, const char* source, absl::string_view line) {
  return {std::move(name), source, WithLine(line), Accepted(WithLine(line))};
}
RequestCase Bad(std::string name, const char* source, absl::string_view line,
                int status = 400) {
  return {std::move(name), source, WithLine(line), Refused(status)};
}
RequestCase Target(absl::string_view name, absl::string_view target) {
  return Kept(absl::StrCat("Target", name), kTarget,
              absl::StrCat("GET ", target, " HTTP/1.1"));
}
RequestCase BadTarget(absl::string_view name, absl::string_view target) {
  return Bad(absl::StrCat("BadTarget", name), kTarget,
             absl::StrCat("GET ", target, " HTTP/1.1"));
}

}  // namespace

std::vector<RequestCase> RequestLineCases() {
  return {
      // Methods.
      Kept("Get", kMethod, "GET / HTTP/1.1"),
      Kept("Head", kMethod, "HEAD / HTTP/1.1"),
      Kept("Options", kMethod, "OPTIONS / HTTP/1.1"),
      Kept("OptionsOfTheServer", "RFC 9112 section 3.2.4",
           "OPTIONS * HTTP/1.1"),
      Kept("Delete", kMethod, "DELETE / HTTP/1.1"),
      Kept("Patch", "RFC 5789", "PATCH / HTTP/1.1"),
      Kept("PropFind", "RFC 4918", "PROPFIND / HTTP/1.1"),
      Kept("UnknownMethod", kMethod, "BREW / HTTP/1.1"),
      Kept("LowerCaseIsAnotherMethod", kMethod, "get / HTTP/1.1"),
      Kept("MethodOfAllTokenCharacters", kMethod,
           "!#$%&'*+-.^_`|~9z / HTTP/1.1"),
      Kept("LongMethod", kMethod,
           absl::StrCat(std::string(1000, 'M'), " / HTTP/1.1")),
      Kept("MethodThatIsAVersion", kMethod, "HTTP1.1 / HTTP/1.1"),
      Bad("MethodWithSlash", kMethod, "HTTP/1.1 / HTTP/1.1"),
      Bad("MethodWithControl", kMethod, "G\x01T / HTTP/1.1"),
      Bad("MethodWithNul", kMethod, "G\0T / HTTP/1.1"s),
      Bad("MethodWithHighByte", kMethod, "G\xc9T / HTTP/1.1"),
      Bad("MethodWithColon", kMethod, "GET: / HTTP/1.1"),
      Bad("MethodWithBrackets", kMethod, "(GET) / HTTP/1.1"),
      Bad("MethodQuoted", kMethod, "\"GET\" / HTTP/1.1"),
      {"Trace", "RFC 9110 section 9.3.8: off by default",
       WithLine("TRACE / HTTP/1.1"), Answered(405)},
      {"Connect", "RFC 9110 section 9.3.6: no forward proxy",
       "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", Answered(405)},
      {"ConnectAndARequest", "no tunnel was made",
       absl::StrCat("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
       Answered(405)},
      Bad("ConnectWithPath", "RFC 9112 section 3.2.3", "CONNECT / HTTP/1.1"),
      Bad("ConnectWithoutPort", "RFC 9112 section 3.2.3", "CONNECT a HTTP/1.1"),
      Bad("ConnectWithUrl", "RFC 9112 section 3.2.3",
          "CONNECT http://a/ HTTP/1.1"),

      // Targets.
      Target("Root", "/"),
      Target("PathAndQuery", "/a/b?c=d&e"),
      Target("EmptyQuery", "/?"),
      Target("QueryOfMarks", "/???"),
      Target("DoubleSlash", "//a//b"),
      Target("DotSegmentsAreKept", "/a/../b/./c"),
      Target("Escapes", "/%41%00%0d%0a"),
      Target("BrokenEscapes", "/%zz%"),
      Target("OddButVisible", "/{}|^`<>\"\\[]"),
      Target("QueryLikeAUrl", "/?u=http://b/"),
      Target("SemicolonPath", "/a;b=c"),
      Target("ColonPath", "/a:b"),
      Target("AtPath", "/@b"),
      BadTarget("NoSlash", "index.html"),
      BadTarget("AsteriskOfGet", "*"),
      BadTarget("AuthorityOfGet", "a:80"),
      BadTarget("Fragment", "/#top"),
      BadTarget("HighByte", "/\xe9"),
      BadTarget("Utf8", "/\xc3\xa9"),
      BadTarget("Delete", "/\x7f"),
      BadTarget("Nul", "/\0"s),
      BadTarget("Tab", "/a\tb"),
      BadTarget("Space", "/a b"),
      BadTarget("VerticalTab", "/a\vb"),
      BadTarget("FormFeed", "/a\fb"),
      BadTarget("BareCarriageReturn", "/a\rb"),
      BadTarget("BareLineFeed", "/a\nb"),
      BadTarget("OnlyAQuery", "?a"),
      BadTarget("Backslash", "\\a"),
      BadTarget("OtherScheme", "ftp://a/"),
      BadTarget("FileScheme", "file:///etc/passwd"),
      BadTarget("SchemeWithoutSlashes", "http:a"),
      BadTarget("SchemeAlone", "http://"),
      BadTarget("UserInfo", "http://user@a/"),
      BadTarget("UserAndPassword", "http://user:password@a/"),
      BadTarget("UrlWithBadPort", "http://a:99999/"),
      BadTarget("UrlWithFragment", "http://a/#top"),

      // The version.
      {"Version10", kVersion, "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
       AcceptedAndClosed(Get())},
      {"HigherMinorVersion", kVersion, "GET / HTTP/1.9\r\nHost: a\r\n\r\n",
       NormalisedOrRefused(Get())},
      Bad("Version2", kVersion, "GET / HTTP/2.0", 505),
      Bad("Version3", kVersion, "GET / HTTP/3.0", 505),
      Bad("Version0", kVersion, "GET / HTTP/0.9", 505),
      Bad("Version9", kVersion, "GET / HTTP/9.9", 505),
      Bad("Preface2", "RFC 9113 section 3.4", "PRI * HTTP/2.0", 505),
      Bad("VersionWithoutMinor", kVersion, "GET / HTTP/1"),
      Bad("VersionWithComma", kVersion, "GET / HTTP/1,1"),
      Bad("VersionWithLongMinor", kVersion, "GET / HTTP/1.10"),
      Bad("VersionWithLongMajor", kVersion, "GET / HTTP/11.1"),
      Bad("VersionWithLeadingZero", kVersion, "GET / HTTP/01.1"),
      Bad("VersionWithSign", kVersion, "GET / HTTP/+1.1"),
      Bad("VersionInHex", kVersion, "GET / HTTP/1.a"),
      Bad("VersionOfLetters", kVersion, "GET / HTTP/x.y"),
      Bad("VersionWithSpace", kVersion, "GET / HTTP/ 1.1"),
      Bad("VersionWithInnerSpace", kVersion, "GET / HTTP/1. 1"),
      Bad("LowerCaseVersion", kVersion, "GET / http/1.1"),
      Bad("MixedCaseVersion", kVersion, "GET / HtTP/1.1"),
      Bad("OtherProtocol", kVersion, "GET / ICAP/1.0"),
      Bad("SecureProtocol", kVersion, "GET / HTTPS/1.1"),
      Bad("ProtocolWithoutSlash", kVersion, "GET / HTTP1.1"),
      Bad("ProtocolWithBackslash", kVersion, "GET / HTTP\\1.1"),
      Bad("ProtocolAlone", kVersion, "GET / HTTP"),
      Bad("ProtocolWithEmptyVersion", kVersion, "GET / HTTP/"),
      Bad("JunkBehindVersion", kVersion, "GET / HTTP/1.1x"),
      Bad("NulBehindVersion", kVersion, "GET / HTTP/1.1\0"s),
      Bad("FullWidthVersion", kVersion, "GET / HTTP/\xef\xbc\x91.1"),
      {"SimpleRequest", "HTTP/0.9: no version at all", "GET /\r\n",
       Unfinished()},
      {"SimpleRequestWithFields", "HTTP/0.9", WithLine("GET /"), Refused(400)},

      // Spaces and words.
      Bad("TwoSpacesBehindMethod", kLine, "GET  / HTTP/1.1"),
      Bad("TwoSpacesBehindTarget", kLine, "GET /  HTTP/1.1"),
      Bad("SpaceBehindVersion", kLine, "GET / HTTP/1.1 "),
      Bad("SpaceBeforeMethod", kLine, " GET / HTTP/1.1"),
      Bad("TabBeforeMethod", kLine, "\tGET / HTTP/1.1"),
      Bad("TabBehindMethod", kLine, "GET\t/ HTTP/1.1"),
      Bad("TabBehindTarget", kLine, "GET /\tHTTP/1.1"),
      Bad("TabBehindVersion", kLine, "GET / HTTP/1.1\t"),
      Bad("VerticalTabForSpace", kLine, "GET\v/\vHTTP/1.1"),
      Bad("FormFeedForSpace", kLine, "GET\f/\fHTTP/1.1"),
      Bad("NoBreakSpaceForSpace", kLine, "GET\xa0/\xa0HTTP/1.1"),
      Bad("OneWord", kLine, "GET"),
      Bad("FourWords", kLine, "GET / HTTP/1.1 HTTP/1.1"),
      Bad("TwoVersions", kLine, "GET / HTTP/1.0 HTTP/1.1"),
      Bad("NoTarget", kLine, "GET HTTP/1.1"),
      Bad("NoTargetTwoSpaces", kLine, "GET  HTTP/1.1"),
      Bad("NoMethod", kLine, "/ HTTP/1.1"),
      Bad("EmptyMethod", kLine, " / HTTP/1.1"),
      Bad("OnlySpaces", kLine, "   "),
      Bad("AStatusLine", kLine, "HTTP/1.1 200 OK"),
      Bad("BareLineFeedBehindLine", "RFC 9112 section 2.2",
          "GET / HTTP/1.1\nA: b"),
      Bad("BareCarriageReturnBehindLine", "RFC 9112 section 2.2",
          "GET / HTTP/1.1\rA: b"),
      Bad("TwoCarriageReturnsBehindLine", "RFC 9112 section 2.2",
          "GET / HTTP/1.1\r"),

      // In front.
      {"EmptyLineBefore", "RFC 9112 section 2.2", "\r\n" + Get(),
       Accepted(Get())},
      {"TwoEmptyLinesBefore", "RFC 9112 section 2.2", "\r\n\r\n" + Get(),
       NormalisedOrRefused(Get())},
      {"ManyEmptyLinesBefore", "RFC 9112 section 2.2: bounded",
       [] {
         std::string bytes;
         for (int i = 0; i < 100; ++i) bytes += "\r\n";
         return bytes + Get();
       }(),
       Refused(400)},
      {"BareLineFeedBefore", "RFC 9112 section 2.2", "\n" + Get(),
       Refused(400)},
      {"BareCarriageReturnBefore", "RFC 9112 section 2.2", "\r" + Get(),
       Refused(400)},
      {"NulBefore", kLine, "\0"s + Get(), Refused(400)},
      {"ByteOrderMarkBefore", kLine, "\xef\xbb\xbf" + Get(), Refused(400)},
      {"TlsHello", "TLS on a plain port",
       "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, Refused(400)},
      {"ProxyProtocolOne", "PROXY protocol where none is expected",
       "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + Get(), Refused(400)},
      {"ProxyProtocolTwo", "PROXY protocol where none is expected",
       "\r\n\r\n\0\r\nQUIT\n"s + Get(), Refused(400)},
      {"Nothing", "a client that only looks", "", Unfinished()},
      {"EndsInMethod", "RFC 9112 section 8", "GE", Unfinished()},
      {"EndsInVersion", "RFC 9112 section 8", "GET / HTTP/1.", Unfinished()},
      {"EndsBehindLine", "RFC 9112 section 8", "GET / HTTP/1.1\r\n",
       Unfinished()},
  };
}

}  // namespace rproxy::test
