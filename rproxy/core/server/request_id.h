// What tells one exchange from every other, over workers and restarts: a number
// that each server draws at random when it starts, and a count.
//
// Threading: plain values; each RequestIds belongs to one loop.

#ifndef RPROXY_CORE_SERVER_REQUEST_ID_H_
#define RPROXY_CORE_SERVER_REQUEST_ID_H_

#include <cstdint>
#include <string>

namespace rproxy {

struct RequestId {
  uint64_t server = 0;
  uint64_t count = 0;

  // 32 lower-case hexadecimal digits.
  void AppendTo(std::string& text) const;
  std::string ToString() const;

  bool operator==(const RequestId&) const = default;
};

class RequestIds {
 public:
  RequestIds();

  RequestId Next() { return {server_, ++count_}; }

 private:
  const uint64_t server_;
  uint64_t count_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_REQUEST_ID_H_
