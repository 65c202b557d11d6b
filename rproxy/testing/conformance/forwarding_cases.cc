// What is taken out on the way, and what nobody can have taken out.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

constexpr char kHop[] = "RFC 9110 section 7.6.1";
constexpr char kProtected[] = "RFC 9110 section 7.6.1, for abuse";
constexpr char kUpgrade[] = "RFC 9110 section 7.8";

// GETs with `fields`, of which `left` are forwarded.
RequestCase Left(std::string name, const char* source, absl::string_view fields,
                 absl::string_view left) {
  return {std::move(name), source, Get(fields), Accepted(Get(left))};
}

}  // namespace

std::vector<RequestCase> ForwardingCases() {
  return {
      Left("KeepAlive", kHop, "Connection: keep-alive\r\n", ""),
      {"Close", kHop, Get("Connection: close\r\n"), AcceptedAndClosed(Get())},
      {"CloseInMixedCase", kHop, Get("Connection: ClOsE\r\n"),
       AcceptedAndClosed(Get())},
      {"CloseInAList", kHop, Get("Connection: A, close ,B\r\nA: b\r\nC: d\r\n"),
       AcceptedAndClosed(Get("C: d\r\n"))},
      {"CloseInASecondField", kHop,
       Get("Connection: keep-alive\r\nConnection: close\r\n"),
       AcceptedAndClosed(Get())},
      Left("KeepAliveField", kHop, "Keep-Alive: timeout=5\r\n", ""),
      Left("ProxyConnection", kHop, "Proxy-Connection: keep-alive\r\n", ""),
      Left("TeOther", "RFC 9110 section 10.1.4", "TE: gzip\r\n", ""),
      Left("TeTrailers", "RFC 9110 section 10.1.4",
           "TE: trailers\r\nConnection: TE\r\n",
           "TE: trailers\r\nConnection: TE\r\n"),
      Left("TrailerField", "it describes our framing", "Trailer: Sum\r\n", ""),
      Left("NamedByConnection", kHop, "Connection: A\r\nA: b\r\nB: c\r\n",
           "B: c\r\n"),
      Left("NamedByConnectionIgnoringCase", kHop,
           "Connection: aBC\r\nAbc: b\r\n", ""),
      Left("NamedByConnectionTwice", kHop, "Connection: A\r\nA: b\r\nA: c\r\n",
           ""),
      Left("NamedByTwoConnections", kHop,
           "Connection: A\r\nConnection: B\r\nA: b\r\nB: c\r\n", ""),
      Left("NamedWithTabsAndEmptyElements", kHop,
           "Connection: ,\t A\t,, B\r\nA: b\r\nB: c\r\n", ""),
      Left("NamedButMissing", kHop, "Connection: Nothing\r\n", ""),
      Left("ConnectionEmpty", kHop, "Connection:\r\n", ""),
      Left("ConnectionNamesItself", kHop, "Connection: Connection\r\n", ""),
      Left("ConnectionIsNoToken", kHop, "Connection: \"A\"\r\nA: b\r\n",
           "A: b\r\n"),
      Left("NamesHost", kProtected, "Connection: Host\r\n", ""),
      {"NamesContentLength", kProtected,
       Post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello"),
       Accepted(Post("Content-Length: 5\r\n", "hello"))},
      Left("NamesAuthorization", kProtected,
           "Connection: Authorization\r\nAuthorization: x\r\n",
           "Authorization: x\r\n"),
      Left("NamesCookie", kProtected, "Connection: Cookie\r\nCookie: a=b\r\n",
           "Cookie: a=b\r\n"),
      Left("NamesForwardedFor", kProtected,
           "Connection: X-Forwarded-For\r\nX-Forwarded-For: 192.0.2.9\r\n",
           "X-Forwarded-For: 192.0.2.9\r\n"),
      Left("EndToEndFieldsStay", kHop,
           "Cache-Control: no-store\r\nPragma: x\r\nVia: 1.0 x\r\n"
           "Max-Forwards: 3\r\nProxy-Authorization: y\r\n",
           "Cache-Control: no-store\r\nPragma: x\r\nVia: 1.0 x\r\n"
           "Max-Forwards: 3\r\nProxy-Authorization: y\r\n"),

      // Upgrades.
      Left("WebSocket", kUpgrade,
           "Connection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\n",
           "Sec-WebSocket-Version: 13\r\nConnection: upgrade\r\n"
           "Upgrade: websocket\r\n"),
      Left("WebSocketNotInConnection", kUpgrade, "Upgrade: websocket\r\n", ""),
      Left("ConnectionUpgradeAlone", kUpgrade, "Connection: Upgrade\r\n", ""),
      Left("H2c", "h2c smuggling",
           "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
           "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
           ""),
      Left("H2cWithoutSettingsInConnection", "h2c smuggling",
           "Connection: Upgrade\r\nUpgrade: h2c\r\n", ""),
      Left("H2cBesideWebSocket", "h2c smuggling",
           "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n", ""),
      Left("H2cInASecondField", "h2c smuggling",
           "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n", ""),
      Left("TlsUpgrade", "RFC 2817",
           "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n", ""),
      Left("UnknownUpgrade", kUpgrade,
           "Connection: Upgrade\r\nUpgrade: x/1\r\n", ""),
      {"UpgradeWithBody", "a body is finished before anything else",
       Post("Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Content-Length: 5\r\n",
            "hello"),
       Accepted(Post("Content-Length: 5\r\n", "hello"))},
      {"UpgradeOnHttp10", kUpgrade,
       "GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\n"
       "Upgrade: websocket\r\n\r\n",
       AcceptedAndClosed(Get())},
      {"UpgradeThatIsRefusedHasNoTunnel",
       "upgrade smuggling: what follows is a request, not tunnel bytes",
       absl::StrCat(Get("Connection: Upgrade\r\nUpgrade: websocket\r\n"),
                    Get("", "/2")),
       Accepted(
           absl::StrCat(Get("Connection: upgrade\r\nUpgrade: websocket\r\n"),
                        Get("", "/2")))},
      {"UpgradeWithBadVersionHasNoTunnel",
       "upgrade smuggling by Sec-WebSocket-Version",
       absl::StrCat(Get("Connection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 777\r\n"),
                    "\x81\x05hello"),
       AcceptedThen(Get("Sec-WebSocket-Version: 777\r\nConnection: upgrade\r\n"
                        "Upgrade: websocket\r\n"),
                    Refused(400))},

      // Expectations.
      {"ExpectContinueWithBody", "RFC 9110 section 10.1.1",
       Post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
       Accepted(
           Post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"))},
      {"ExpectContinueMixedCase", "RFC 9110 section 10.1.1",
       Post("Expect: 100-Continue\r\nContent-Length: 5\r\n", "hello"),
       Accepted(
           Post("Expect: 100-Continue\r\nContent-Length: 5\r\n", "hello"))},
      {"ExpectContinueOnGet", "0.CL by Expect", Get("Expect: 100-continue\r\n"),
       NormalisedOrRefused(Get("Expect: 100-continue\r\n"))},
      {"ExpectContinueOnGetWithBody", "0.CL by Expect",
       absl::StrCat(Get("Expect: 100-continue\r\nContent-Length: 35\r\n"),
                    kSmuggled),
       Accepted(absl::StrCat(
           Get("Expect: 100-continue\r\nContent-Length: 35\r\n"), kSmuggled))},
      {"ExpectContinueWithEmptyBody", "CL.0 by Expect",
       absl::StrCat(Post("Expect: 100-continue\r\nContent-Length: 0\r\n", ""),
                    Get()),
       Accepted(absl::StrCat(
           Post("Expect: 100-continue\r\nContent-Length: 0\r\n", ""), Get()))},
      {"ExpectContinueChunked", "RFC 9110 section 10.1.1",
       Post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n"),
       Accepted(Post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n",
                     "5\r\nhello\r\n0\r\n\r\n"))},
      {"ExpectOther", "RFC 9110 section 10.1.1",
       Post("Expect: y 100-continue\r\nContent-Length: 5\r\n", "hello"),
       Refused(417)},
      {"ExpectSuffixed", "Expect-based desync",
       Post("Expect: 100-continue, x\r\nContent-Length: 5\r\n", "hello"),
       Refused(417)},
      {"ExpectEmpty", "Expect-based desync",
       Post("Expect:\r\nContent-Length: 5\r\n", "hello"), Refused(417)},
      {"ExpectTwice", "Expect-based desync",
       Post("Expect: 100-continue\r\nExpect: 100-continue\r\n"
            "Content-Length: 5\r\n",
            "hello"),
       Refused(417)},
      {"ExpectFolded", "Expect-based desync",
       Post("Expect:\r\n 100-continue\r\nContent-Length: 5\r\n", "hello"),
       Refused(400)},
      {"ExpectSpaceBeforeColon", "Expect-based desync",
       Post("Expect : 100-continue\r\nContent-Length: 5\r\n", "hello"),
       Refused(400)},
      {"ExpectOnHttp10IsIgnored", "RFC 9110 section 10.1.1",
       "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n"
       "Content-Length: 5\r\n\r\nhello",
       AcceptedAndClosed(Post("Content-Length: 5\r\n", "hello"))},
  };
}

}  // namespace rproxy::test
