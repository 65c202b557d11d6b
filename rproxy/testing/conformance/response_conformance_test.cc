// Runs the response tables through a whole proxy, each row in a proxy of its
// own, with the backend's bytes at once and in small pieces.

#include <cstdint>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/testing/conformance/canonical.h"
#include "rproxy/testing/conformance/response_case.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/integration/proxy_fixture.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {

void PrintTo(const ResponseCase& row, std::ostream* out) {
  *out << row.name << " (" << row.source << ")";
}

namespace {

enum class Arrival : uint8_t { kAtOnce, kInPieces };

class ResponseConformanceTest
    : public ::testing::TestWithParam<std::tuple<ResponseCase, Arrival>> {
 protected:
  ResponseConformanceTest() : proxy_({&backend_}, MakeOptions()) {
    backend_.ScriptNextRequest(
        [this](BackendConnection& connection) { Misbehave(connection); });
  }

  static ProxyOptions MakeOptions() {
    ProxyOptions options;
    options.backend.retry_min = absl::Milliseconds(1);
    return options;
  }

  const ResponseCase& row() const { return std::get<0>(GetParam()); }

  void Misbehave(BackendConnection& connection) {
    if (!connection.ReadBody()) return;
    if (std::get<1>(GetParam()) == Arrival::kAtOnce) {
      connection.Send(row().bytes);
    } else {
      connection.SendInPieces(row().bytes, 1 + row().bytes.size() / 512);
    }
    switch (row().ending) {
      case BackendEnding::kStay:
        break;
      case BackendEnding::kClose:
        connection.Close();
        return;
      case BackendEnding::kReset:
        connection.Reset();
        return;
    }
    if (row().verdict.reused) return;
    if (!row().late.empty()) {
      if (!connection.WaitFor(received_)) return;
      connection.Send(row().late);
    }
    // Whatever is wrong with it, the proxy does not keep it.
    connection.ReadToEnd();
    closed_.Open();
  }

  std::string Request() const {
    return absl::StrCat(row().method, " /first HTTP/", row().version,
                        "\r\nHost: a\r\n\r\n");
  }

  // Compares all that the client received with a whole response.
  void ExpectWhole(const std::vector<RawResponse>& responses) {
    std::string received;
    for (const RawResponse& response : responses) {
      ASSERT_TRUE(response.complete()) << response.end << ": " << response.raw;
      received += WithoutOwnFields(Canonical(response));
    }
    EXPECT_EQ(received, row().verdict.client);
  }

  void ExpectBadGateway(const std::vector<RawResponse>& responses,
                        absl::string_view interim) {
    std::string received;
    for (size_t i = 0; i + 1 < responses.size(); ++i) {
      received += responses[i].raw;
    }
    EXPECT_EQ(received, interim);
    const RawResponse& last = responses.back();
    EXPECT_TRUE(last.complete()) << last.end << ": " << last.raw;
    EXPECT_EQ(last.status, 502);
    EXPECT_EQ(last.framing, row().method == "HEAD" ? WireFraming::kNone
                                                   : WireFraming::kLength);
  }

  Gate received_;
  Gate closed_;
  FakeBackend backend_;
  ProxyFixture proxy_;
};

TEST_P(ResponseConformanceTest, IsTreatedByTheRules) {
  const ResponseVerdict& verdict = row().verdict;
  RawClient client(proxy_.endpoint());
  client.Send(Request());

  std::vector<RawResponse> responses;
  do {
    responses.push_back(client.ReadResponse(row().method));
  } while (responses.back().complete() && responses.back().status < 200);
  received_.Open();

  switch (verdict.kind) {
    case ResponseVerdict::Kind::kDelivered:
      if (verdict.may_refuse && responses.back().status == 502) {
        ExpectBadGateway(responses, "");
      } else {
        ExpectWhole(responses);
      }
      break;
    case ResponseVerdict::Kind::kBadGateway:
      ExpectBadGateway(responses, verdict.client);
      break;
    case ResponseVerdict::Kind::kTruncated: {
      const RawResponse& response = responses.back();
      if (row().ending == BackendEnding::kReset && response.status == 502) {
        // A reset drops what its sender has not sent yet, the head perhaps.
        ExpectBadGateway(responses, "");
        break;
      }
      EXPECT_FALSE(response.complete()) << response.raw;
      EXPECT_NE(response.end, ResponseEnd::kTimeout);
      EXPECT_NE(response.end, ResponseEnd::kMalformed);
      EXPECT_EQ(responses.size(), 1u);
      EXPECT_TRUE(
          absl::StartsWith(verdict.client, WithoutOwnFields(response.raw)) ||
          row().bytes.size() > 1000 ||
          std::get<1>(GetParam()) == Arrival::kInPieces)
          << response.raw;
      EXPECT_EQ(response.raw.find("HTTP/1", 1), std::string::npos);
      break;
    }
  }
  // No byte more, and no second head.
  client.HalfClose();
  EXPECT_EQ(client.ReadToEnd(), "");
  if (row().ending == BackendEnding::kStay && !verdict.reused) {
    EXPECT_TRUE(closed_.Wait());
  }

  RawClient victim(proxy_.endpoint());
  const RawResponse response = victim.Exchange(MakeRequest("GET", "/victim"));
  EXPECT_TRUE(response.complete()) << response.end;
  EXPECT_EQ(response.body, "GET /victim\n");
  victim.HalfClose();
  EXPECT_EQ(victim.ReadToEnd(), "");

  const std::vector<ReceivedRequest> requests = backend_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].target, "/first");
  EXPECT_EQ(requests[1].target, "/victim");
  const bool reused = requests[1].connection == requests[0].connection;
  if (verdict.may_refuse && responses.back().status == 502) {
    EXPECT_FALSE(reused);
  } else {
    EXPECT_EQ(reused, verdict.reused);
  }
}

std::string NameOf(
    const ::testing::TestParamInfo<std::tuple<ResponseCase, Arrival>>& info) {
  return absl::StrCat(
      std::get<0>(info.param).name,
      std::get<1>(info.param) == Arrival::kAtOnce ? "AtOnce" : "InPieces");
}

auto EachWay(const std::vector<ResponseCase>& rows) {
  return ::testing::Combine(
      ::testing::ValuesIn(rows),
      ::testing::Values(Arrival::kAtOnce, Arrival::kInPieces));
}

INSTANTIATE_TEST_SUITE_P(StatusLine, ResponseConformanceTest,
                         EachWay(StatusLineCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Field, ResponseConformanceTest,
                         EachWay(ResponseFieldCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Framing, ResponseConformanceTest,
                         EachWay(ResponseFramingCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Chunk, ResponseConformanceTest,
                         EachWay(ResponseChunkCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Interim, ResponseConformanceTest,
                         EachWay(InterimCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(Bodiless, ResponseConformanceTest,
                         EachWay(BodilessCases()), NameOf);
INSTANTIATE_TEST_SUITE_P(End, ResponseConformanceTest,
                         EachWay(ResponseEndCases()), NameOf);

}  // namespace
}  // namespace rproxy::test
