// Messages in one spelling, so that tables can say what must arrive and not in
// how many pieces.
//
// Threading: plain functions.

#ifndef RPROXY_TESTING_CONFORMANCE_CANONICAL_H_
#define RPROXY_TESTING_CONFORMANCE_CANONICAL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/raw_client.h"

namespace rproxy::test {

// Takes whole requests apart. Anything else is a test failure.
std::vector<ReceivedRequest> SplitRequests(absl::string_view bytes);

// The head as it is and the body, in one chunk if it is chunked.
std::string Canonical(const ReceivedRequest& request);
std::string Canonical(const RawResponse& response);

// `response` without the fields that depend on the clock or on who made it:
// Date, and Server if it is ours.
std::string WithoutOwnFields(absl::string_view response);
std::string WithoutConnectionField(absl::string_view response);

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_CONFORMANCE_CANONICAL_H_
