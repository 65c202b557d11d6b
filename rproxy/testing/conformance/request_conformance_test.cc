// Runs the request tables through a whole proxy, each row in a proxy of its
// own: with all bytes at once, in small pieces, and with the end of the
// client's side right behind them, because what a message is must not depend on
// how it arrives.

#include <cstdint>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/testing/conformance/canonical.h"
#include "rproxy/testing/conformance/request_case.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/integration/proxy_fixture.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {

void PrintTo(const RequestCase& row, std::ostream* out) {
  *out << row.name << " (" << row.source << ")";
}

namespace {

enum class Arrival : uint8_t { kAtOnce, kInPieces, kWithEnd };

constexpr absl::string_view kVictim =
    "GET /victim HTTP/1.1\r\nHost: victim\r\n\r\n";

// Names every request that it answers, so that no answer can be mistaken.
std::string Answer(const ReceivedRequest& request) {
  const std::string body =
      absl::StrCat(request.method, " ", request.target, " at ",
                   request.head.Only("host"), " ", request.body.size(), "\n");
  std::string response = MakeResponse(200, body, "Date: then\r\nServer: b\r\n");
  if (request.method == "HEAD") response.resize(response.size() - body.size());
  return response;
}

class RequestConformanceTest
    : public ::testing::TestWithParam<std::tuple<RequestCase, Arrival>> {
 protected:
  RequestConformanceTest() : proxy_({&backend_}, MakeOptions()) {
    backend_.RespondWith(Answer);
  }

  static ProxyOptions MakeOptions() {
    ProxyOptions options;
    options.server.body_bytes_max = 1024 * 1024;
    options.backend.retry_min = absl::Milliseconds(1);
    return options;
  }

  const RequestCase& row() const { return std::get<0>(GetParam()); }
  Arrival arrival() const { return std::get<1>(GetParam()); }

  void Send(RawClient& client) {
    if (arrival() == Arrival::kInPieces) {
      client.SendInPieces(row().bytes, 1 + row().bytes.size() / 512);
    } else {
      client.Send(row().bytes);
    }
    if (arrival() == Arrival::kWithEnd) client.HalfClose();
  }

  // `responses` answer `expected`, byte for byte.
  static void ExpectAnswers(const std::vector<RawResponse>& responses,
                            const std::vector<ReceivedRequest>& expected,
                            bool close) {
    ASSERT_EQ(responses.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const RawResponse& response = responses[i];
      ASSERT_TRUE(response.complete()) << response.end << ": " << response.raw;
      EXPECT_EQ(WithoutConnectionField(response.raw), Answer(expected[i]));
      const bool last = i + 1 == expected.size();
      EXPECT_EQ(response.head.Only("connection") == "close", close && last);
    }
  }

  // An answer that the proxy makes itself.
  static void ExpectOwnAnswer(const RawResponse& response, int status,
                              bool close) {
    EXPECT_TRUE(response.complete()) << response.end << ": " << response.raw;
    EXPECT_EQ(response.status, status) << response.raw;
    EXPECT_TRUE(response.head.well_formed);
    EXPECT_EQ(response.framing, WireFraming::kLength);
    EXPECT_FALSE(response.body.empty());
    if (close) {
      EXPECT_EQ(response.head.Only("connection"), "close");
    }
  }

  void ExpectVictimServed() {
    RawClient victim(proxy_.endpoint());
    const RawResponse response = victim.Exchange(kVictim);
    EXPECT_TRUE(response.complete()) << response.end;
    EXPECT_EQ(response.body, "GET /victim at victim 0\n");
    victim.HalfClose();
    EXPECT_EQ(victim.ReadToEnd(), "");
  }

  FakeBackend backend_;
  ProxyFixture proxy_;
};

TEST_P(RequestConformanceTest, IsTreatedByTheRules) {
  RequestVerdict verdict = row().verdict;
  RawClient client(proxy_.endpoint());
  Send(client);
  std::vector<ReceivedRequest> expected = SplitRequests(verdict.backend);

  std::vector<RawResponse> responses;
  for (const ReceivedRequest& request : expected) {
    responses.push_back(client.ReadResponse(request.method));
    if (!responses.back().complete() || responses.back().status != 200) break;
  }

  if (verdict.may_refuse && responses[0].status != 200) {
    expected.clear();
    verdict.backend = "";
    ExpectOwnAnswer(responses[0], 400, true);
    EXPECT_TRUE(client.ReadsEndOnly());
  } else {
    ExpectAnswers(responses, expected,
                  verdict.ending == RequestEnding::kClosed);
    switch (verdict.ending) {
      case RequestEnding::kOpen:
        client.HalfClose();
        EXPECT_EQ(client.ReadToEnd(), "");
        break;
      case RequestEnding::kClosed:
        EXPECT_TRUE(client.ReadsEndOnly());
        break;
      case RequestEnding::kAnswered:
        ExpectOwnAnswer(client.ReadResponse(), verdict.status, false);
        client.HalfClose();
        EXPECT_EQ(client.ReadToEnd(), "");
        break;
      case RequestEnding::kRefused:
      case RequestEnding::kRefusedLater:
        ExpectOwnAnswer(client.ReadResponse(), verdict.status, true);
        EXPECT_TRUE(client.ReadsEndOnly());
        break;
      case RequestEnding::kUnfinished: {
        client.HalfClose();
        const std::string rest = client.ReadToEnd();
        EXPECT_TRUE(rest.empty() || absl::StartsWith(rest, "HTTP/1.1 4"))
            << rest;
        break;
      }
    }
  }
  ExpectVictimServed();

  // The victim's request is behind everything else that the backend may see.
  std::string complete;
  std::string unfinished;
  for (const ReceivedRequest& request : backend_.requests()) {
    EXPECT_FALSE(request.malformed) << request.head.raw;
    if (request.complete) {
      complete += Canonical(request);
    } else {
      unfinished += request.head.raw;
    }
  }
  std::string wanted;
  for (const ReceivedRequest& request : expected) wanted += Canonical(request);
  EXPECT_EQ(complete, absl::StrCat(wanted, kVictim));
  const bool may_be_unfinished =
      verdict.ending == RequestEnding::kRefusedLater ||
      verdict.ending == RequestEnding::kUnfinished;
  if (may_be_unfinished) return;
  EXPECT_EQ(unfinished, "");
  EXPECT_EQ(backend_.accepted(), 1u);
  if (arrival() == Arrival::kAtOnce && verdict.backend.size() < 4096) {
    EXPECT_EQ(backend_.connection(0).received,
              absl::StrCat(verdict.backend, kVictim));
  }
}

std::string NameOf(
    const ::testing::TestParamInfo<std::tuple<RequestCase, Arrival>>& info) {
  std::string name = std::get<0>(info.param).name;
  switch (std::get<1>(info.param)) {
    case Arrival::kAtOnce:
      return name + "AtOnce";
    case Arrival::kInPieces:
      return name + "InPieces";
    case Arrival::kWithEnd:
      return name + "WithEnd";
  }
  return name;
}

auto EachWay(std::vector<RequestCase> rows) {
  return ::testing::Combine(
      ::testing::ValuesIn(std::move(rows)),
      ::testing::Values(Arrival::kAtOnce, Arrival::kInPieces,
                        Arrival::kWithEnd));
}

INSTANTIATE_TEST_SUITE_P(ContentLength, RequestConformanceTest,
                         EachWay(ContentLengthCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(TransferEncoding, RequestConformanceTest,
                         EachWay(TransferEncodingCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Chunk, RequestConformanceTest, EachWay(ChunkCases()),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Field, RequestConformanceTest, EachWay(FieldCases()),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(RequestLine, RequestConformanceTest,
                         EachWay(RequestLineCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Host, RequestConformanceTest, EachWay(HostCases()),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Forwarding, RequestConformanceTest,
                         EachWay(ForwardingCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Connection, RequestConformanceTest,
                         EachWay(ConnectionCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Limit, RequestConformanceTest, EachWay(LimitCases()),
                         NameOf);

}  // namespace
}  // namespace rproxy::test
