#include "rproxy/core/http/request_target.h"

#include <string>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

using Form = RequestTarget::Form;

TEST(RequestTargetTest, OriginFormHasPathAndQuery) {
  const auto target = ParseRequestTarget("GET", "/a/b?c=d?e");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->form, Form::kOrigin);
  EXPECT_EQ(target->path, "/a/b");
  EXPECT_TRUE(target->has_query);
  EXPECT_EQ(target->query, "c=d?e");
  EXPECT_EQ(target->authority, "");
}

TEST(RequestTargetTest, EmptyQueryIsNotAbsence) {
  EXPECT_TRUE(ParseRequestTarget("GET", "/a?")->has_query);
  EXPECT_FALSE(ParseRequestTarget("GET", "/a")->has_query);
}

TEST(RequestTargetTest, OriginFormMayLookLikeAnAuthority) {
  const auto target = ParseRequestTarget("GET", "//evil.example/x");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->form, Form::kOrigin);
  EXPECT_EQ(target->path, "//evil.example/x");
}

TEST(RequestTargetTest, AbsoluteFormIsTakenApart) {
  const auto target =
      ParseRequestTarget("POST", "HTTPS://Example.com:8443/p?q");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->form, Form::kAbsolute);
  EXPECT_EQ(target->scheme, "HTTPS");
  EXPECT_EQ(target->authority, "Example.com:8443");
  EXPECT_EQ(target->path, "/p");
  EXPECT_EQ(target->query, "q");
}

TEST(RequestTargetTest, AbsoluteFormNeedsNoPath) {
  const auto bare = ParseRequestTarget("GET", "http://a");
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->path, "");
  const auto query = ParseRequestTarget("GET", "http://a?q");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->authority, "a");
  EXPECT_EQ(query->path, "");
  EXPECT_EQ(query->query, "q");
}

TEST(RequestTargetTest, ConnectTakesAnAuthorityWithPortOnly) {
  const auto target = ParseRequestTarget("CONNECT", "[::1]:443");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->form, Form::kAuthority);
  EXPECT_EQ(target->authority, "[::1]:443");
  for (const char* text :
       {"a", "a:", "/", "/a:1", "http://a:1", "*", "u@a:1", ":1", "a:1/"}) {
    EXPECT_FALSE(ParseRequestTarget("CONNECT", text).has_value()) << text;
  }
}

TEST(RequestTargetTest, AsteriskIsForOptionsOnly) {
  EXPECT_EQ(ParseRequestTarget("OPTIONS", "*")->form, Form::kAsterisk);
  EXPECT_FALSE(ParseRequestTarget("GET", "*").has_value());
  EXPECT_FALSE(ParseRequestTarget("options", "*").has_value());
  EXPECT_FALSE(ParseRequestTarget("OPTIONS", "*a").has_value());
}

TEST(RequestTargetTest, RefusesWhatFitsNoForm) {
  for (const char* text :
       {"", "a", "a/b", "?a", "a:80", "ftp://a/", "http:/a", "http:a",
        "http://", "http:///x", "http://?q", "http://u@a/", "http://u:p@a/",
        "http://a:b/", "http://a:99999/", "http://[::1/", "://a/",
        "javascript:x", "http//a"}) {
    EXPECT_FALSE(ParseRequestTarget("GET", text).has_value()) << text;
  }
}

TEST(RequestTargetTest, RefusesBytesThatNoUriHas) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const std::string text = std::string("/a") + c + "b";
    const bool expected = i > 0x20 && i < 0x7f && c != '#';
    EXPECT_EQ(ParseRequestTarget("GET", text).has_value(), expected) << i;
  }
}

TEST(AuthorityTest, TakesHostAndPortApart) {
  const auto with_port = ParseAuthority("example.com:8080");
  ASSERT_TRUE(with_port.has_value());
  EXPECT_EQ(with_port->host, "example.com");
  EXPECT_EQ(with_port->port, "8080");
  const auto ipv6 = ParseAuthority("[2001:db8::1]:1");
  ASSERT_TRUE(ipv6.has_value());
  EXPECT_EQ(ipv6->host, "[2001:db8::1]");
  EXPECT_EQ(ipv6->port, "1");
}

TEST(AuthorityTest, AcceptsEveryFormOfHost) {
  for (const char* text :
       {"a", "a:", "a:0", "a:65535", "127.0.0.1", "127.0.0.1:80", "[::]",
        "[::]:", "[::ffff:1.2.3.4]:80", "a_b-c.d~e", "xn--bcher-kva.example",
        "a%20b", "example.com."}) {
    EXPECT_TRUE(ParseAuthority(text).has_value()) << text;
  }
}

TEST(AuthorityTest, RefusesEverythingElse) {
  for (const char* text :
       {"",      ":",       ":80",    "a:65536", "a:000080",  "a:+1",
        "a:1 ",  "a b",     "a,b",    "a/b",     "a?b",       "a#b",
        "u@a",   "a:b:c",   "::1",    "[]",      "[",         "]",
        "[::1",  "::1]",    "[::1]x", "[::1]80", "[1.2.3.4]", "[::1%25e]",
        "[::g]", "[v1.a]",  "a%",     "a%2",     "a%2g",      "a\\b",
        "a\tb",  "<a>",     "a\"b",   "{a}",     "a|b",       "\xc3\xa4",
        "a:1:2", "[::1]:x", "[[::1]]"}) {
    EXPECT_FALSE(ParseAuthority(text).has_value()) << text;
  }
  EXPECT_FALSE(ParseAuthority(absl::string_view("a\0b", 3)).has_value());
  EXPECT_FALSE(ParseAuthority("[" + std::string(100, ':') + "]").has_value());
}

}  // namespace
}  // namespace rproxy
