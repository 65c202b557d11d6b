// Input: the bytes of one connection. Properties: see parser_property.h.

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/parser.h"
#include "rproxy/core/http/parser_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rproxy::test::CheckParserProperties<rproxy::RequestParser>(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
