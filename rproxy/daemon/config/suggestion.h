// "Did you mean": the known name nearest to a misspelled one.
//
// Threading: functions of their arguments, safe on any thread.

#ifndef RPROXY_DAEMON_CONFIG_SUGGESTION_H_
#define RPROXY_DAEMON_CONFIG_SUGGESTION_H_

#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace rproxy::config {

// The candidate with the fewest insertions, deletions, replacements and
// swapped neighbours from `word`, without case; the first among equals. Empty
// when more than a third of the word is different.
std::string_view Nearest(std::string_view word,
                         absl::Span<const std::string_view> candidates);

// `; did you mean "x"?`, or nothing when nothing is near.
std::string DidYouMean(std::string_view word,
                       absl::Span<const std::string_view> candidates);

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_SUGGESTION_H_
