#include "rproxy/core/server/request_id.h"

#include <unistd.h>

#include "rproxy/core/base/logging.h"

namespace rproxy {
namespace {

void AppendHex(uint64_t number, std::string& text) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) {
    text.push_back(kDigits[(number >> shift) & 15]);
  }
}

uint64_t Random() {
  uint64_t number = 0;
  CHECK_EQ(0, getentropy(&number, sizeof(number)));
  return number;
}

}  // namespace

void RequestId::AppendTo(std::string& text) const {
  AppendHex(server, text);
  AppendHex(count, text);
}

std::string RequestId::ToString() const {
  std::string text;
  AppendTo(text);
  return text;
}

RequestIds::RequestIds() : server_(Random()) {}

}  // namespace rproxy
