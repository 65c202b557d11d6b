#include "rproxy/testing/conformance/canonical.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

std::string WithBody(const WireHead& head, WireFraming framing,
                     const std::string& body,
                     const std::vector<WireField>& trailers) {
  if (framing != WireFraming::kChunked) return absl::StrCat(head.raw, body);
  std::string fields;
  for (const WireField& field : trailers) {
    absl::StrAppend(&fields, field.name, ": ", field.value, "\r\n");
  }
  return absl::StrCat(head.raw, MakeChunked(body, body.size(), fields));
}

// Lines of the first head that `unwanted` says yes to are left out.
template <typename Unwanted>
std::string WithoutLines(absl::string_view message, Unwanted unwanted) {
  std::string kept;
  while (!message.empty()) {
    const size_t size = message.find("\r\n");
    if (size == absl::string_view::npos || size == 0) break;
    const absl::string_view line = message.substr(0, size + 2);
    if (!unwanted(line)) absl::StrAppend(&kept, line);
    message.remove_prefix(line.size());
  }
  return absl::StrCat(kept, message);
}

}  // namespace

std::vector<ReceivedRequest> SplitRequests(absl::string_view bytes) {
  std::vector<ReceivedRequest> requests;
  while (!bytes.empty()) {
    const std::optional<size_t> head_size = FindHeadSize(bytes);
    if (!head_size.has_value()) {
      ADD_FAILURE() << "no request: " << bytes;
      break;
    }
    ReceivedRequest request;
    request.head = ParseHead(bytes.substr(0, *head_size));
    request.method = request.head.StartLinePart(0);
    request.target = request.head.StartLinePart(1);
    bytes.remove_prefix(*head_size);
    WireBodyReader body = WireBodyReader::ForRequest(request.head);
    bytes.remove_prefix(body.Feed(bytes, request.body));
    if (!body.done()) {
      ADD_FAILURE() << "no whole body: " << request.head.raw;
      break;
    }
    request.framing = body.framing();
    request.trailers = body.trailers();
    requests.push_back(std::move(request));
  }
  return requests;
}

std::string Canonical(const ReceivedRequest& request) {
  return WithBody(request.head, request.framing, request.body,
                  request.trailers);
}

std::string Canonical(const RawResponse& response) {
  return WithBody(response.head, response.framing, response.body,
                  response.trailers);
}

std::string WithoutOwnFields(absl::string_view response) {
  return WithoutLines(response, [](absl::string_view line) {
    return absl::StartsWith(line, "Date:") || line == "Server: rproxy\r\n";
  });
}

std::string WithoutConnectionField(absl::string_view response) {
  return WithoutLines(response, [](absl::string_view line) {
    return absl::StartsWith(line, "Connection:");
  });
}

}  // namespace rproxy::test
