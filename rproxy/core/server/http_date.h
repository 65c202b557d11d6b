// The Date field's value, formatted once a second. RFC 9110 section 5.6.7.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_SERVER_HTTP_DATE_H_
#define RPROXY_CORE_SERVER_HTTP_DATE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rproxy/core/base/clock.h"

namespace rproxy {

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string FormatHttpDate(absl::Time time);

class HttpDate {
 public:
  // `clock` outlives this.
  explicit HttpDate(const Clock& clock) : clock_(clock) {}

  // Valid until the next call.
  absl::string_view Now();

 private:
  const Clock& clock_;
  int64_t second_ = INT64_MIN;
  std::string text_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_HTTP_DATE_H_
