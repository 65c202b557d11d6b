// A pattern in which `*` stands for any bytes, also none. Nothing else is
// special, and the whole text has to match.
//
// Matching takes time linear in pattern and text, whatever they are, and does
// not allocate. Bytes are compared as they are: who wants letter case ignored
// folds both sides.
//
// Threading: immutable; any thread.

#ifndef RPROXY_CORE_ROUTING_GLOB_H_
#define RPROXY_CORE_ROUTING_GLOB_H_

#include <string>
#include <string_view>
#include <vector>

namespace rproxy {

class Glob {
 public:
  explicit Glob(std::string_view pattern);

  bool Matches(std::string_view text) const;

  // Whether `pattern` has a `*`, so that it matches more than itself.
  static bool HasWildcard(std::string_view pattern) {
    return pattern.find('*') != std::string_view::npos;
  }

 private:
  bool has_wildcard_;
  std::string first_;  // Before the first `*`; all of it without one.
  // Between two `*`, in order; none is empty.
  std::vector<std::string> middle_;
  std::string last_;  // Behind the last `*`.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_ROUTING_GLOB_H_
