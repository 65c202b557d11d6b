#include "rproxy/core/proxy/log_format.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

class LogFormatTest : public ::testing::Test {
 protected:
  LogFormatTest() {
    request_.method = "GET";
    request_.target = "/a/b?x=1&y=2";
    request_.headers.Add("Host", "example.com");
    request_.headers.Add("User-Agent", "curl 8");
    request_.headers.Add("Referer", "http://r/");
    response_.status = 200;
    response_.headers.Add("Content-Type", "text/html");
    notes_.rule = "static";
    notes_.backend = &backend_;
    notes_.backend_local_port = 40000;
    notes_.attempts = 2;
    notes_.reused = true;
  }

  ExchangeSummary Summary() const {
    return {.request = &request_,
            .response = &response_,
            .client = client_,
            .id = {1, 2},
            .notes = notes_,
            .bytes_in = 3,
            .bytes_out = 4,
            .ended = absl::FromUnixSeconds(1'700'000'000),
            .duration = absl::Microseconds(1'002'003)};
  }

  std::string Line(absl::string_view text, const ExchangeSummary& summary) {
    const absl::StatusOr<LogFormat> format = LogFormat::Parse(text);
    EXPECT_TRUE(format.ok()) << format.status();
    std::string line;
    if (format.ok()) format->Append(summary, timestamps_, line);
    return line;
  }
  std::string Line(absl::string_view text) { return Line(text, Summary()); }

  const SocketAddress client_ = *SocketAddress::Parse("2001:db8::1", 4711);
  const SocketAddress backend_ = *SocketAddress::Parse("192.0.2.9", 81);
  RequestHead request_;
  ResponseHead response_;
  ExchangeNotes notes_;
  LogTimestamps timestamps_;
};

TEST_F(LogFormatTest, EveryTokenOfThePredecessorHasItsValue) {
  EXPECT_EQ(Line("{SRC} {US_SPORT} {DS_SPORT} {PROXY}"),
            "2001:db8::1 4711 40000 192.0.2.9:81");
  EXPECT_EQ(Line("{METH} {URI} {PROTO} {STATUS}"), "GET /a/b HTTP/1.1 200");
  EXPECT_EQ(Line("\"{REF}\" \"{UA}\" {HOST} {RULE}"),
            "\"http://r/\" \"curl 8\" example.com static");
  EXPECT_EQ(Line("{US_HDR}:'host' {DS_HDR}:'Content-Type'!"),
            "example.com text/html!");
  EXPECT_EQ(Line("{TS}"), absl::FormatTime("%d/%b/%Y:%H:%M:%S %z",
                                           absl::FromUnixSeconds(1'700'000'000),
                                           absl::LocalTimeZone()));
}

TEST_F(LogFormatTest, EveryNewTokenHasItsValue) {
  EXPECT_EQ(Line("{QUERY} {TARGET} {BYTES_IN} {BYTES_OUT} {DURATION}"),
            "x=1&y=2 /a/b?x=1&y=2 3 4 1.002003");
  EXPECT_EQ(Line("{CAUSE} {ATTEMPTS} {REUSED}"), "- 2 1");
  EXPECT_EQ(Line("{REQUEST_ID}"), "00000000000000010000000000000002");
  notes_.SetCause(Cause::kBackendClosed);
  notes_.SetCause(Cause::kClientGone);  // Only follows from it.
  EXPECT_EQ(Line("{CAUSE}"), "backend_closed");
}

TEST_F(LogFormatTest, TokensHaveNoCase) { EXPECT_EQ(Line("{meth}"), "GET"); }

TEST_F(LogFormatTest, WhatIsMissingIsADash) {
  const ExchangeNotes notes;
  const SocketAddress nobody;
  const ExchangeSummary empty = {.client = nobody, .notes = notes};
  EXPECT_EQ(Line("{US_SPORT} {DS_SPORT} {PROXY} {METH} {URI} {QUERY} {TARGET} "
                 "{PROTO} {STATUS} {REF} {UA} {HOST} {RULE} {US_HDR}:'a' "
                 "{DS_HDR}:'b' {CAUSE} \"{REQUEST}\"",
                 empty),
            "- - - - - - - - - - - - - - - - \"-\"");
  EXPECT_EQ(
      Line("{BYTES_IN} {BYTES_OUT} {DURATION} {ATTEMPTS} {REUSED}", empty),
      "0 0 0.000000 0 0");
}

TEST_F(LogFormatTest, AbsoluteFormLogsItsPath) {
  request_.target = "http://example.com/p?q";
  EXPECT_EQ(Line("{URI} {QUERY}"), "/p q");
  request_.target = "http://example.com";
  EXPECT_EQ(Line("{URI} {QUERY}"), "http://example.com -");
  request_.target = "*";
  EXPECT_EQ(Line("{URI}"), "*");
}

TEST_F(LogFormatTest, NamedFormatsAreThoseThatToolsKnow) {
  const std::string time = Line("{TS}");
  const std::string common = absl::StrCat(
      "2001:db8::1 - - [", time, "] \"GET /a/b?x=1&y=2 HTTP/1.1\" 200 4");
  EXPECT_EQ(Line("common"), common);
  EXPECT_EQ(Line("combined"),
            absl::StrCat(common, " \"http://r/\" \"curl 8\""));
}

TEST_F(LogFormatTest, JsonIsOneObject) {
  const std::string line = Line("json");
  EXPECT_TRUE(absl::StartsWith(line, "{\"time\":\"20"));
  EXPECT_TRUE(absl::EndsWith(
      line,
      "\"request_id\":\"00000000000000010000000000000002\","
      "\"client\":\"2001:db8::1\",\"client_port\":4711,\"method\":\"GET\","
      "\"host\":\"example.com\",\"path\":\"/a/b\",\"query\":\"x=1&y=2\","
      "\"protocol\":\"HTTP/1.1\",\"referer\":\"http://r/\","
      "\"user_agent\":\"curl 8\",\"status\":200,\"bytes_in\":3,"
      "\"bytes_out\":4,\"duration\":1.002003,\"rule\":\"static\","
      "\"backend\":\"192.0.2.9:81\",\"attempts\":2,\"reused\":true,"
      "\"cause\":null}"))
      << line;
}

// Predecessor's defect: bytes of clients were logged as they came.
TEST_F(LogFormatTest, NothingThatWasSentForgesALineOrAField) {
  request_.headers.Set("User-Agent", "x\" 200 \r\n1.2.3.4 \\");
  EXPECT_EQ(Line("\"{UA}\" {STATUS}"),
            "\"x\\x22 200 \\x0d\\x0a1.2.3.4 \\x5c\" 200");
  EXPECT_EQ(Line("{UA} {STATUS}"),
            "x\\x22\\x20200\\x20\\x0d\\x0a1.2.3.4\\x20\\x5c 200");
  request_.headers.Set("User-Agent", "a|b,c");
  EXPECT_EQ(Line("{UA}|{STATUS}"), "a\\x7cb,c|200");
  request_.headers.Set("User-Agent", "\",\"cause\":\"x");
  EXPECT_TRUE(absl::StrContains(Line("json"),
                                "\"user_agent\":\"\\\",\\\"cause\\\":\\\"x\""));
}

TEST_F(LogFormatTest, LongValuesAreCut) {
  request_.headers.Set("User-Agent", std::string(100'000, 'a'));
  EXPECT_EQ(Line("{UA}").size(), LogFormat::kValueBytesMax + 3);
  EXPECT_TRUE(absl::EndsWith(Line("{UA}"), "a..."));
}

TEST(LogFormatParseTest, MistakesAreNamedWithTheirPlace) {
  const auto message = [](absl::string_view text) {
    return std::string(LogFormat::Parse(text).status().message());
  };
  EXPECT_EQ(message("{SRC} {NOPE}"), "unknown token \"{NOPE}\" at byte 7");
  EXPECT_EQ(message("{SRC"), "a \"{\" without a \"}\" at byte 1");
  EXPECT_EQ(message("{US_HDR}"), "no :'Name' behind {US_HDR} at byte 9");
  EXPECT_EQ(message("{DS_HDR}:'a"), "an unterminated quote at byte 10");
  EXPECT_EQ(message("{DS_HDR}:'a b'"),
            "\"a b\" is not the name of a header at byte 11");
  EXPECT_EQ(message("a\nb"), "a control character at byte 2");
  EXPECT_EQ(message(""), "nothing to log at byte 1");
}

TEST(LogTimestampsTest, TextChangesWithTheSecond) {
  LogTimestamps timestamps;
  const absl::Time time = absl::FromUnixSeconds(1'700'000'000);
  const std::string first(timestamps.Clf(time));
  EXPECT_EQ(timestamps.Clf(time + absl::Milliseconds(999)), first);
  EXPECT_NE(timestamps.Clf(time + absl::Seconds(1)), first);
  EXPECT_EQ(timestamps.Iso(time).size(), 25u);
}

}  // namespace
}  // namespace rproxy
