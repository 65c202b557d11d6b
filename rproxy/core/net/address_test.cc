#include "rproxy/core/net/address.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

std::string Parsed(absl::string_view text, uint16_t port = 80) {
  const absl::StatusOr<SocketAddress> address =
      SocketAddress::Parse(text, port);
  return address.ok() ? address->ToString() : "error";
}

TEST(SocketAddressTest, ParsesLiterals) {
  EXPECT_EQ(Parsed("192.0.2.1"), "192.0.2.1:80");
  EXPECT_EQ(Parsed("2001:db8::1"), "[2001:db8::1]:80");
  EXPECT_EQ(Parsed("[2001:db8::1]"), "[2001:db8::1]:80");
  EXPECT_EQ(Parsed("::", 65535), "[::]:65535");
  EXPECT_EQ(Parsed("::ffff:192.0.2.1"), "[::ffff:192.0.2.1]:80");
  EXPECT_EQ(Parsed("0.0.0.0", 0), "0.0.0.0:0");
}

TEST(SocketAddressTest, PrefixesChooseTheFamily) {
  EXPECT_EQ(Parsed("ipv4:192.0.2.1"), "192.0.2.1:80");
  EXPECT_EQ(Parsed("ipv6:2001:db8::1"), "[2001:db8::1]:80");
  EXPECT_EQ(Parsed("ipv6:[2001:db8::1]"), "[2001:db8::1]:80");
  EXPECT_EQ(Parsed("ipv4:::1"), "error");
  EXPECT_EQ(Parsed("ipv6:192.0.2.1"), "error");
}

TEST(SocketAddressTest, UnixPathsIgnoreThePort) {
  EXPECT_EQ(Parsed("unix:/run/app.sock", 80), "unix:/run/app.sock");
  EXPECT_EQ(SocketAddress::Parse("unix:/run/app.sock", 80)->port(), 0);
  EXPECT_EQ(SocketAddress::Parse("unix:a", 80)->HostToString(), "a");
}

TEST(SocketAddressTest, RefusesWhatIsNoAddress) {
  for (absl::string_view text : {"",
                                 "localhost",
                                 "192.0.2",
                                 "192.0.2.256",
                                 "192.0.2.1:80",
                                 "[192.0.2.1]",
                                 "[::1",
                                 "::1]",
                                 "[]",
                                 "[::1]:80",
                                 "ipv4:",
                                 "ipv6:",
                                 "ipv4:[192.0.2.1]",
                                 "ipv6:ipv6:::1",
                                 "IPV4:192.0.2.1",
                                 " ::1",
                                 "::1 ",
                                 "fe80::1%lo",
                                 "010.0.0.1",
                                 "0x7f.1"}) {
    EXPECT_EQ(Parsed(text), "error") << text;
  }
}

TEST(SocketAddressTest, ZeroBytesEndNothing) {
  EXPECT_EQ(Parsed(absl::string_view("192.0.2.1\0x", 11)), "error");
  EXPECT_EQ(Parsed(absl::string_view("::1\0", 4)), "error");
  EXPECT_EQ(Parsed(absl::string_view("unix:/a\0b", 9)), "error");
}

TEST(SocketAddressTest, UnixPathsHaveAnExactLimit) {
  const size_t bytes_max = sizeof(sockaddr_un{}.sun_path) - 1;
  const std::string path(bytes_max, 'p');
  EXPECT_EQ(Parsed("unix:" + path), "unix:" + path);
  EXPECT_EQ(Parsed("unix:" + path + "p"), "error");
  EXPECT_EQ(Parsed("unix:"), "error");
}

TEST(SocketAddressTest, ErrorsNameTheText) {
  const absl::Status status = SocketAddress::Parse("local\nhost", 80).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "\"local\\nhost\" is not an IPv4 or IPv6 address or unix:path");
}

TEST(SocketAddressTest, NoAddressIsADash) {
  const SocketAddress none;
  EXPECT_EQ(none.ToString(), "-");
  EXPECT_EQ(none.HostToString(), "-");
  EXPECT_EQ(none.family(), AF_UNSPEC);
  EXPECT_EQ(none.port(), 0);
  EXPECT_EQ(none, SocketAddress());
}

TEST(SocketAddressTest, ComparesHostPortAndFamily) {
  const auto parse = [](absl::string_view text, uint16_t port) {
    return *SocketAddress::Parse(text, port);
  };
  EXPECT_EQ(parse("::1", 80), parse("[0:0::1]", 80));
  EXPECT_NE(parse("::1", 80), parse("::1", 81));
  EXPECT_NE(parse("::1", 80), parse("::2", 80));
  EXPECT_EQ(parse("127.0.0.1", 80), parse("ipv4:127.0.0.1", 80));
  EXPECT_NE(parse("127.0.0.1", 80), parse("127.0.0.2", 80));
  EXPECT_NE(parse("127.0.0.1", 80), parse("127.0.0.1", 81));
  EXPECT_NE(parse("127.0.0.1", 80), parse("::ffff:127.0.0.1", 80));
  EXPECT_EQ(parse("unix:/a", 1), parse("unix:/a", 2));
  EXPECT_NE(parse("unix:/a", 1), parse("unix:/ab", 1));
  EXPECT_NE(parse("unix:/a", 1), SocketAddress());
}

SocketAddress FromUnix(absl::string_view path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return SocketAddress::FromSockaddr(
      reinterpret_cast<const sockaddr*>(&address),
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size()));
}

TEST(SocketAddressTest, UnixNamesFromTheKernel) {
  EXPECT_EQ(FromUnix("").ToString(), "unix:");
  EXPECT_EQ(FromUnix("/a").ToString(), "unix:/a");
  EXPECT_EQ(FromUnix(absl::string_view("/a\0", 3)), FromUnix("/a"));
  EXPECT_EQ(FromUnix(absl::string_view("\0name\0", 6)).ToString(),
            "unix:@name\\x00");
  // The kernel may fill the path to its last byte, without a zero.
  const std::string full(sizeof(sockaddr_un{}.sun_path), 'p');
  EXPECT_EQ(FromUnix(full).HostToString(), full);
}

TEST(SocketAddressTest, ForeignOrShortAddressesAreNone) {
  sockaddr_storage storage = {};
  storage.ss_family = AF_NETLINK;
  const auto* address = reinterpret_cast<const sockaddr*>(&storage);
  EXPECT_EQ(SocketAddress::FromSockaddr(address, sizeof(storage)),
            SocketAddress());
  storage.ss_family = AF_INET6;
  EXPECT_EQ(SocketAddress::FromSockaddr(address, sizeof(sockaddr_in)),
            SocketAddress());
  EXPECT_EQ(SocketAddress::FromSockaddr(address, 0), SocketAddress());
  EXPECT_EQ(SocketAddress::FromSockaddr(address, sizeof(sockaddr_in6)).size(),
            sizeof(sockaddr_in6));
}

}  // namespace
}  // namespace rproxy
