#include "rproxy/core/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace rproxy {
namespace {

constexpr socklen_t kUnixPathOffset = offsetof(sockaddr_un, sun_path);

absl::Status Malformed(absl::string_view text, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(text), "\" is not ", wanted));
}

SocketAddress FromIpv4(const in_addr& host, uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr = host;
  return SocketAddress::FromSockaddr(
      reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

SocketAddress FromIpv6(const in6_addr& host, uint16_t port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = host;
  return SocketAddress::FromSockaddr(
      reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

absl::StatusOr<SocketAddress> ParseUnix(absl::string_view path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  // One byte is for the terminating zero, so that the path is a C string.
  const size_t bytes_max = sizeof(address.sun_path) - 1;
  if (path.empty()) return Malformed(path, "the path of a Unix socket");
  if (path.size() > bytes_max) {
    return Malformed(
        path, absl::StrCat("the path of a Unix socket: it has ", path.size(),
                           " bytes, at most ", bytes_max, " are possible"));
  }
  if (absl::StrContains(path, '\0')) {
    return Malformed(path, "the path of a Unix socket: it contains a zero");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return SocketAddress::FromSockaddr(
      reinterpret_cast<const sockaddr*>(&address),
      static_cast<socklen_t>(kUnixPathOffset + path.size() + 1));
}

// The path, which is empty for a socket without a name. A name in the abstract
// space begins with a zero and may contain others.
absl::string_view UnixPath(const sockaddr* address, socklen_t size) {
  const char* path = reinterpret_cast<const sockaddr_un*>(address)->sun_path;
  const size_t bytes = size - kUnixPathOffset;
  if (bytes == 0 || path[0] == '\0') return {path, bytes};
  return {path, strnlen(path, bytes)};
}

}  // namespace

absl::StatusOr<SocketAddress> SocketAddress::Parse(absl::string_view text,
                                                   uint16_t port) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) return ParseUnix(rest);

  const bool want_ipv4 = absl::ConsumePrefix(&rest, "ipv4:");
  const bool want_ipv6 = !want_ipv4 && absl::ConsumePrefix(&rest, "ipv6:");
  // Brackets belong to IPv6 only: they keep its colons from the port's.
  const bool bracketed = !want_ipv4 && rest.size() >= 2 &&
                         rest.front() == '[' && rest.back() == ']';
  if (bracketed) rest = rest.substr(1, rest.size() - 2);

  // inet_pton stops at a zero, and would take what is in front of it.
  if (!absl::StrContains(rest, '\0')) {
    const std::string host(rest);
    in_addr ipv4;
    if (!want_ipv6 && !bracketed &&
        inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
      return FromIpv4(ipv4, port);
    }
    in6_addr ipv6;
    if (!want_ipv4 && inet_pton(AF_INET6, host.c_str(), &ipv6) == 1) {
      return FromIpv6(ipv6, port);
    }
  }
  return Malformed(text, want_ipv4   ? "an IPv4 address"
                         : want_ipv6 ? "an IPv6 address"
                                     : "an IPv4 or IPv6 address or unix:path");
}

SocketAddress SocketAddress::FromSockaddr(const sockaddr* address,
                                          socklen_t size) {
  SocketAddress result;
  // Whatever is not one of ours, or too short for what it says it is, is no
  // address.
  if (size < sizeof(sa_family_t)) return result;
  socklen_t size_min = 0;
  socklen_t size_max = 0;
  switch (address->sa_family) {
    case AF_INET:
      size_min = size_max = sizeof(sockaddr_in);
      break;
    case AF_INET6:
      size_min = size_max = sizeof(sockaddr_in6);
      break;
    case AF_UNIX:
      size_min = kUnixPathOffset;
      size_max = sizeof(sockaddr_un);
      break;
    default:
      return result;
  }
  if (size < size_min) return result;
  result.size_ = std::min(size, size_max);
  std::memcpy(&result.storage_, address, result.size_);
  return result;
}

uint16_t SocketAddress::port() const {
  switch (family()) {
    case AF_INET:
      return ntohs(reinterpret_cast<const sockaddr_in*>(get())->sin_port);
    case AF_INET6:
      return ntohs(reinterpret_cast<const sockaddr_in6*>(get())->sin6_port);
    default:
      return 0;
  }
}

std::string SocketAddress::HostToString() const {
  char text[INET6_ADDRSTRLEN];
  switch (family()) {
    case AF_INET:
      return inet_ntop(AF_INET,
                       &reinterpret_cast<const sockaddr_in*>(get())->sin_addr,
                       text, sizeof(text));
    case AF_INET6:
      return inet_ntop(AF_INET6,
                       &reinterpret_cast<const sockaddr_in6*>(get())->sin6_addr,
                       text, sizeof(text));
    case AF_UNIX: {
      const absl::string_view path = UnixPath(get(), size_);
      if (path.empty() || path[0] != '\0') return std::string(path);
      return absl::StrCat("@", absl::CHexEscape(path.substr(1)));
    }
    default:
      return "-";
  }
}

std::string SocketAddress::ToString() const {
  switch (family()) {
    case AF_INET:
      return absl::StrCat(HostToString(), ":", port());
    case AF_INET6:
      return absl::StrCat("[", HostToString(), "]:", port());
    case AF_UNIX:
      return absl::StrCat("unix:", HostToString());
    default:
      return "-";
  }
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (family() != other.family()) return false;
  switch (family()) {
    case AF_INET: {
      const auto* a = reinterpret_cast<const sockaddr_in*>(get());
      const auto* b = reinterpret_cast<const sockaddr_in*>(other.get());
      return a->sin_port == b->sin_port &&
             a->sin_addr.s_addr == b->sin_addr.s_addr;
    }
    case AF_INET6: {
      const auto* a = reinterpret_cast<const sockaddr_in6*>(get());
      const auto* b = reinterpret_cast<const sockaddr_in6*>(other.get());
      return a->sin6_port == b->sin6_port &&
             a->sin6_scope_id == b->sin6_scope_id &&
             std::memcmp(&a->sin6_addr, &b->sin6_addr, sizeof(in6_addr)) == 0;
    }
    case AF_UNIX:
      return UnixPath(get(), size_) == UnixPath(other.get(), other.size_);
    default:
      return true;  // Two that are no address.
  }
}

}  // namespace rproxy
