// Host, and the authority of absolute targets: whoever routes by one must not
// be told another.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

using std::string_literals::operator""s;

constexpr char kHost[] = "RFC 9112 section 3.2";
constexpr char kForm[] = "RFC 9110 section 7.2";
constexpr char kAbsolute[] = "RFC 9112 section 3.2.2";

std::string WithHost(absl::string_view host) {
  return absl::StrCat("GET / HTTP/1.1\r\nHost: ", host, "\r\n\r\n");
}
RequestCase Kept(std::string name, absl::string_view host) {
  return {std::move(name), kForm, WithHost(host), Accepted(WithHost(host))};
}
RequestCase Bad(std::string name, absl::string_view host) {
  return {std::move(name), kForm, WithHost(host), Refused(400)};
}
std::string Absolute(absl::string_view target, absl::string_view host) {
  return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: ", host, "\r\n\r\n");
}

}  // namespace

std::vector<RequestCase> HostCases() {
  return {
      Kept("Name", "example.test"),
      Kept("NameAndPort", "example.test:8080"),
      Kept("EmptyPort", "example.test:"),
      Kept("PortMax", "a:65535"),
      Kept("UpperCaseIsKept", "Example.TEST"),
      Kept("TrailingDot", "example.test."),
      Kept("Underscore", "a_b.test"),
      Kept("Address", "192.0.2.1"),
      Kept("AddressAndPort", "192.0.2.1:80"),
      Kept("Ipv6", "[2001:db8::1]"),
      Kept("Ipv6AndPort", "[::1]:8080"),
      Kept("Escaped", "a%2eb"),
      Kept("SubDelimiters", "a!$&'()*+;=b"),
      {"FieldIsNotFirst", kHost, "GET / HTTP/1.1\r\nA: b\r\nHost: a\r\n\r\n",
       Accepted("GET / HTTP/1.1\r\nA: b\r\nHost: a\r\n\r\n")},
      {"LowerCaseField", kHost, "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
       Accepted("GET / HTTP/1.1\r\nhost: a\r\n\r\n")},

      {"Missing", kHost, "GET / HTTP/1.1\r\n\r\n", Refused(400)},
      {"MissingWithFields", kHost, "GET / HTTP/1.1\r\nA: b\r\n\r\n",
       Refused(400)},
      {"RepeatedEqual", kHost, Get("Host: a\r\n"), Refused(400)},
      {"RepeatedDifferent", kHost, Get("Host: b\r\n"), Refused(400)},
      {"RepeatedInOtherCase", kHost, Get("HOST: b\r\n"), Refused(400)},
      {"RepeatedEmpty", kHost, Get("Host:\r\n"), Refused(400)},
      {"RepeatedWithSpaceBeforeColon", kHost, Get("Host : b\r\n"),
       Refused(400)},
      {"RepeatedFolded", kHost, Get(" Host: b\r\n"), Refused(400)},
      {"RepeatedOnHttp10", kHost,
       "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", Refused(400)},
      Bad("Empty", ""),
      Bad("OnlyAPort", ":80"),
      Bad("List", "a, b"),
      Bad("ListWithoutSpace", "a,b"),
      Bad("TwoWords", "a b"),
      Bad("WithPath", "a/b"),
      Bad("WithQuery", "a?b"),
      Bad("WithFragment", "a#b"),
      Bad("WithScheme", "http://a"),
      Bad("WithUser", "user@a"),
      Bad("WithBackslash", "a\\b"),
      Bad("Quoted", "\"a\""),
      Bad("WithAngleBrackets", "<a>"),
      Bad("WithBraces", "{a}"),
      Bad("HighByte", "\xe9"),
      Bad("Utf8",
          "b\xc3\xbc"
          "cher.test"),
      Bad("Nul", "a\0b"s),
      Bad("InnerTab", "a\tb"),
      Bad("Delete", "a\x7f"),
      Bad("BrokenEscape", "a%2"),
      Bad("BadEscape", "a%zz"),
      Bad("PortTooLarge", "a:65536"),
      Bad("PortOverflow", "a:4294967376"),
      Bad("PortNotANumber", "a:b"),
      Bad("PortSigned", "a:+80"),
      Bad("PortNegative", "a:-1"),
      Bad("PortHex", "a:0x50"),
      Bad("TwoPorts", "a:80:81"),
      Bad("BareIpv6", "2001:db8::1"),
      Bad("Ipv6NotClosed", "[::1"),
      Bad("Ipv6NotOpened", "::1]"),
      Bad("Ipv6Empty", "[]"),
      Bad("Ipv6Word", "[a]"),
      Bad("Ipv6Zone", "[fe80::1%25eth0]"),
      Bad("Ipv6Junk", "[::1]a"),
      Bad("IpvFuture", "[v1.a]"),
      Bad("NameInBrackets", "[example.test]"),

      // Absolute form.
      {"AbsoluteAgrees", kAbsolute, Absolute("http://a/p?q", "a"),
       Accepted("GET /p?q HTTP/1.1\r\nHost: a\r\n\r\n")},
      {"AbsoluteDisagrees", "the authority wins, and Host says so",
       Absolute("http://b/", "a"), NormalisedOrRefused(WithHost("b"))},
      {"AbsoluteDisagreesInPort", kAbsolute, Absolute("http://a:81/", "a:80"),
       NormalisedOrRefused(WithHost("a:81"))},
      {"AbsoluteWithoutPath", kAbsolute, Absolute("http://a", "a"),
       Accepted(WithHost("a"))},
      {"AbsoluteWithQueryOnly", kAbsolute, Absolute("http://a?q", "a"),
       Accepted("GET /?q HTTP/1.1\r\nHost: a\r\n\r\n")},
      {"AbsoluteWithEmptyQuery", kAbsolute, Absolute("http://a/?", "a"),
       Accepted("GET /? HTTP/1.1\r\nHost: a\r\n\r\n")},
      {"AbsoluteUpperCaseScheme", "RFC 3986 section 3.1",
       Absolute("HTTP://a/", "a"), Accepted(WithHost("a"))},
      {"AbsoluteHttps", kAbsolute, Absolute("https://a/", "a"),
       NormalisedOrRefused(WithHost("a"))},
      {"AbsoluteIpv6", kAbsolute, Absolute("http://[::1]:80/", "[::1]:80"),
       Accepted(WithHost("[::1]:80"))},
      {"AbsoluteMissingHost", kHost, "GET http://a/ HTTP/1.1\r\n\r\n",
       Refused(400)},
      {"AbsoluteWithBadHost", kHost, Absolute("http://a/", "b c"),
       Refused(400)},
      {"AbsoluteWithTwoHosts", kHost,
       "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Refused(400)},
      {"AbsoluteEmptyAuthority", kAbsolute, Absolute("http:///p", "a"),
       Refused(400)},
      {"AbsoluteOnHttp10WithoutHost", kAbsolute,
       "GET http://a/ HTTP/1.0\r\n\r\n", AcceptedAndClosed(WithHost("a"))},
      {"AbsoluteOptions", "RFC 9112 section 3.2.4",
       "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
       Accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")},
      {"AbsoluteOptionsWithPath", "RFC 9112 section 3.2.4",
       "OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
       Accepted("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n")},
      {"MissingOnHttp10", "RFC 9112 section 3.2: what we send is HTTP/1.1",
       "GET / HTTP/1.0\r\n\r\n",
       AcceptedAndClosed("GET / HTTP/1.1\r\nHost: \r\n\r\n")},
  };
}

}  // namespace rproxy::test
