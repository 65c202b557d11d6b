// One row of the request tables: what a client sends, and what must come of it.
//
// A row never says how the proxy does it. It says which bytes the backend may
// see in all, and how the client learns of it; whatever else arrives on either
// side is a failure.
//
// Threading: plain values.

#ifndef RPROXY_TESTING_CONFORMANCE_REQUEST_CASE_H_
#define RPROXY_TESTING_CONFORMANCE_REQUEST_CASE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace rproxy::test {

// What follows the requests that were accepted.
enum class RequestEnding : uint8_t {
  kOpen,          // Nothing: the connection waits for the next request.
  kClosed,        // The last response says close, and the connection ends.
  kAnswered,      // A whole response with `status`, made by the proxy.
  kRefused,       // The same, and the connection ends.
  kRefusedLater,  // The same; the request may have reached the backend in part.
  kUnfinished,    // The client ends in mid-request; nobody may complete it.
};

struct RequestVerdict {
  // Requests that reach the backend, whole and byte for byte.
  std::string backend;
  RequestEnding ending = RequestEnding::kOpen;
  int status = 0;
  // Refusing all of it instead is as good.
  bool may_refuse = false;
};

struct RequestCase {
  std::string name;
  std::string source;  // RFC section, or what the trick is known as.
  std::string bytes;   // All that the client sends.
  RequestVerdict verdict;
};

// --- Verdicts

inline RequestVerdict Accepted(std::string backend) {
  return {.backend = std::move(backend)};
}
inline RequestVerdict AcceptedAndClosed(std::string backend) {
  return {.backend = std::move(backend), .ending = RequestEnding::kClosed};
}
// Must be made harmless in this way, or refused.
inline RequestVerdict NormalisedOrRefused(std::string backend) {
  return {.backend = std::move(backend), .may_refuse = true};
}
inline RequestVerdict Refused(int status) {
  return {.ending = RequestEnding::kRefused, .status = status};
}
// For what is wrong in a body, whose head was good.
inline RequestVerdict RefusedLater(int status) {
  return {.ending = RequestEnding::kRefusedLater, .status = status};
}
inline RequestVerdict Answered(int status) {
  return {.ending = RequestEnding::kAnswered, .status = status};
}
inline RequestVerdict Unfinished() {
  return {.ending = RequestEnding::kUnfinished};
}
// `verdict` is that of the bytes behind requests that are accepted.
inline RequestVerdict AcceptedThen(std::string backend,
                                   RequestVerdict verdict) {
  verdict.backend = std::move(backend);
  return verdict;
}

// --- Requests

inline std::string Get(absl::string_view fields = "",
                       absl::string_view target = "/") {
  return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: a\r\n", fields,
                      "\r\n");
}
inline std::string Post(absl::string_view fields, absl::string_view body) {
  return absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\n", fields, "\r\n", body);
}
inline std::string Chunked(absl::string_view body) {
  return Post("Transfer-Encoding: chunked\r\n", body);
}
// What an attacker wants somebody to take for a request.
inline constexpr absl::string_view kSmuggled =
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

// --- Tables, by topic

std::vector<RequestCase> ContentLengthCases();
std::vector<RequestCase> TransferEncodingCases();
std::vector<RequestCase> ChunkCases();
std::vector<RequestCase> FieldCases();
std::vector<RequestCase> RequestLineCases();
std::vector<RequestCase> HostCases();
std::vector<RequestCase> ForwardingCases();
std::vector<RequestCase> ConnectionCases();
std::vector<RequestCase> LimitCases();

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_CONFORMANCE_REQUEST_CASE_H_
