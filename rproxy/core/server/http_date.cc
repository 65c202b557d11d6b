#include "rproxy/core/server/http_date.h"

#include "absl/strings/str_format.h"

namespace rproxy {

std::string FormatHttpDate(absl::Time time) {
  // English names whatever the locale, so not strftime.
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed",
                                          "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr",
                                            "May", "Jun", "Jul", "Aug",
                                            "Sep", "Oct", "Nov", "Dec"};
  const std::tm tm = absl::ToTM(time, absl::UTCTimeZone());
  return absl::StrFormat("%s, %02d %s %04d %02d:%02d:%02d GMT",
                         kDays[tm.tm_wday], tm.tm_mday, kMonths[tm.tm_mon],
                         tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

absl::string_view HttpDate::Now() {
  const absl::Time now = clock_.WallNow();
  const int64_t second = absl::ToUnixSeconds(now);
  if (second != second_) {
    second_ = second;
    text_ = FormatHttpDate(now);
  }
  return text_;
}

}  // namespace rproxy
