// One row of the response tables: what a backend sends, and what the client may
// see of it.
//
// Threading: plain values.

#ifndef RPROXY_TESTING_CONFORMANCE_RESPONSE_CASE_H_
#define RPROXY_TESTING_CONFORMANCE_RESPONSE_CASE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace rproxy::test {

// What the backend does when it has sent its bytes.
enum class BackendEnding : uint8_t { kStay, kClose, kReset };

struct ResponseVerdict {
  enum class Kind : uint8_t {
    kDelivered,   // The client receives exactly `client`.
    kBadGateway,  // Exactly `client` (interim responses), then a 502.
    kTruncated,   // A beginning of `client`, and sees that it is not whole.
  };

  Kind kind = Kind::kDelivered;
  // Every byte that the client may receive, but for Date and Server where the
  // proxy adds them.
  std::string client;
  // The backend's connection serves the next request.
  bool reused = false;
  // A 502 instead is as good.
  bool may_refuse = false;
};

struct ResponseCase {
  std::string name;
  std::string source;
  std::string bytes;  // All that the backend sends.
  ResponseVerdict verdict;
  BackendEnding ending = BackendEnding::kStay;
  std::string method = "GET";
  std::string version = "1.1";  // The client's.
  // Sent when the client has the whole response.
  std::string late = "";
};

// --- Verdicts

inline ResponseVerdict Delivered(std::string client) {
  return {.client = std::move(client), .reused = true};
}
inline ResponseVerdict DeliveredOnce(std::string client) {
  return {.client = std::move(client)};
}
inline ResponseVerdict DeliveredOrRefused(std::string client) {
  return {.client = std::move(client), .may_refuse = true};
}
inline ResponseVerdict BadGateway(std::string interim = "") {
  return {.kind = ResponseVerdict::Kind::kBadGateway,
          .client = std::move(interim)};
}
inline ResponseVerdict Truncated(std::string client) {
  return {.kind = ResponseVerdict::Kind::kTruncated,
          .client = std::move(client)};
}

// --- Responses

// "200 OK" with `fields`, the empty line and `body`.
inline std::string Ok(absl::string_view fields, absl::string_view body = "") {
  return absl::StrCat("HTTP/1.1 200 OK\r\n", fields, "\r\n", body);
}
inline std::string Hello() { return Ok("Content-Length: 5\r\n", "hello"); }
inline std::string OkChunked(absl::string_view body) {
  return Ok("Transfer-Encoding: chunked\r\n", body);
}
// A second response, for whoever can be made to believe it.
inline constexpr absl::string_view kPoison =
    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

std::vector<ResponseCase> StatusLineCases();
std::vector<ResponseCase> ResponseFieldCases();
std::vector<ResponseCase> ResponseFramingCases();
std::vector<ResponseCase> ResponseChunkCases();
std::vector<ResponseCase> InterimCases();
std::vector<ResponseCase> BodilessCases();
std::vector<ResponseCase> ResponseEndCases();

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_CONFORMANCE_RESPONSE_CASE_H_
