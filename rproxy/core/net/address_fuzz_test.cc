// Any text. Property: what is parsed prints as something that parses to the
// same address.

#include "rproxy/core/net/address.h"

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {
namespace {

void ParseAndPrint(absl::string_view text) {
  constexpr uint16_t kPort = 8080;
  const absl::StatusOr<SocketAddress> address =
      SocketAddress::Parse(text, kPort);
  if (!address.ok()) return;
  const bool is_unix = address->family() == AF_UNIX;
  CHECK_EQ(address->port(), is_unix ? 0 : kPort);
  const absl::StatusOr<SocketAddress> again = SocketAddress::Parse(
      absl::StrCat(is_unix ? "unix:" : "", address->HostToString()), kPort);
  CHECK(again.ok()) << again.status();
  CHECK(*again == *address);
  CHECK(again->ToString() == address->ToString());
}

}  // namespace
}  // namespace rproxy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rproxy::ParseAndPrint({reinterpret_cast<const char*>(data), size});
  return 0;
}
