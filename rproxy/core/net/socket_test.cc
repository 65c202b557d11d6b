#include "rproxy/core/net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/test_sockets.h"

namespace rproxy {
namespace {

SocketAddress Loopback(uint16_t port = 0) {
  return *SocketAddress::Parse("127.0.0.1", port);
}

SocketAddress UnixAddress(const std::string& path) {
  return *SocketAddress::Parse("unix:" + path, 0);
}

int Option(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(getsockopt(fd, level, option, &value, &size), 0);
  return value;
}

// Connects to `address` and waits for the result.
absl::Status Connect(const SocketAddress& address) {
  bool in_progress;
  const absl::StatusOr<UniqueFd> fd = BeginConnect(address, in_progress);
  if (!fd.ok()) return fd.status();
  if (in_progress) {
    pollfd writable = {.fd = fd->get(), .events = POLLOUT, .revents = 0};
    EXPECT_EQ(poll(&writable, 1, 10000), 1);
  }
  return ConnectResult(fd->get(), address);
}

TEST(ListenTest, SocketsDoNotBlockAndAreNotInherited) {
  const UniqueFd fd = *Listen(Loopback(), {});
  EXPECT_TRUE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC);
}

TEST(ListenTest, LocalAddressNamesTheChosenPort) {
  const UniqueFd fd = *Listen(Loopback(), {});
  EXPECT_EQ(LocalAddress(fd.get()).HostToString(), "127.0.0.1");
  EXPECT_NE(LocalAddress(fd.get()).port(), 0);
}

TEST(ListenTest, SocketsWithReusePortShareTheAddress) {
  const UniqueFd first = *Listen(Loopback(), {});
  EXPECT_TRUE(Listen(LocalAddress(first.get()), {}).ok());
}

TEST(ListenTest, ErrorNamesAddressAndReason) {
  const UniqueFd first = *Listen(Loopback(), {.reuse_port = false});
  const SocketAddress address = LocalAddress(first.get());
  const absl::Status status = Listen(address, {}).status();
  EXPECT_EQ(status.message(),
            absl::StrCat("cannot listen on ", address.ToString(),
                         ": address already in use"));
}

TEST(ListenTest, AcceptedSocketsInheritNoDelay) {
  for (const bool on : {true, false}) {
    const UniqueFd fd = *Listen(Loopback(), {.no_delay = on});
    ASSERT_TRUE(Connect(LocalAddress(fd.get())).ok());
    const UniqueFd accepted(accept(fd.get(), nullptr, nullptr));
    EXPECT_EQ(Option(accepted.get(), IPPROTO_TCP, TCP_NODELAY), on ? 1 : 0);
  }
}

TEST(ListenTest, Ipv6IsNotIpv4) {
  const absl::StatusOr<UniqueFd> fd =
      Listen(*SocketAddress::Parse("::1", 0), {});
  if (!fd.ok()) GTEST_SKIP() << "no IPv6 here: " << fd.status();
  EXPECT_EQ(Option(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
  EXPECT_TRUE(Connect(LocalAddress(fd->get())).ok());
}

TEST(ListenTest, NoAddressIsRefused) {
  EXPECT_FALSE(Listen(SocketAddress(), {}).ok());
}

TEST(ListenTest, OutOfDescriptorsIsResourceExhausted) {
  const NoDescriptorsLeft none;
  EXPECT_EQ(Listen(Loopback(), {}).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ListenUnixTest, AnswersAtItsPath) {
  const TestDirectory directory;
  const SocketAddress address = UnixAddress(directory.Path("socket"));
  const UniqueFd fd = *Listen(address, {});
  EXPECT_EQ(LocalAddress(fd.get()), address);
  EXPECT_TRUE(Connect(address).ok());
}

TEST(ListenUnixTest, StaleFileIsReplaced) {
  const TestDirectory directory;
  const SocketAddress address = UnixAddress(directory.Path("socket"));
  ASSERT_TRUE(Listen(address, {}).ok());  // Closed at once; the file stays.
  ASSERT_FALSE(Connect(address).ok());
  const absl::StatusOr<UniqueFd> fd = Listen(address, {});
  ASSERT_TRUE(fd.ok()) << fd.status();
  EXPECT_TRUE(Connect(address).ok());
}

TEST(ListenUnixTest, LiveSocketIsNotReplaced) {
  const TestDirectory directory;
  const SocketAddress address = UnixAddress(directory.Path("socket"));
  const UniqueFd live = *Listen(address, {});
  const absl::Status status = Listen(address, {}).status();
  EXPECT_EQ(status.message(),
            absl::StrCat("cannot listen on ", address.ToString(),
                         ": address already in use"));
  EXPECT_TRUE(Connect(address).ok());
}

TEST(ListenUnixTest, LiveSocketWithAFullQueueIsNotReplaced) {
  const TestDirectory directory;
  const SocketAddress address = UnixAddress(directory.Path("socket"));
  const UniqueFd live = *Listen(address, {.backlog = 0});
  const UniqueFd waiting(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(connect(waiting.get(), address.get(), address.size()), 0);
  EXPECT_FALSE(Listen(address, {}).ok());
}

TEST(ListenUnixTest, OtherFilesAreNotReplaced) {
  const TestDirectory directory;
  const std::string path = directory.Path("precious");
  UniqueFd(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  EXPECT_FALSE(Listen(UnixAddress(path), {}).ok());
  struct stat file;
  ASSERT_EQ(lstat(path.c_str(), &file), 0);
  EXPECT_TRUE(S_ISREG(file.st_mode));
}

TEST(ListenUnixTest, LinksAreNotReplaced) {
  const TestDirectory directory;
  const std::string path = directory.Path("link");
  ASSERT_EQ(symlink(directory.Path("nothing").c_str(), path.c_str()), 0);
  EXPECT_FALSE(Listen(UnixAddress(path), {}).ok());
  struct stat file;
  ASSERT_EQ(lstat(path.c_str(), &file), 0);
  EXPECT_TRUE(S_ISLNK(file.st_mode));
}

TEST(ListenUnixTest, MissingDirectoryIsNamed) {
  const TestDirectory directory;
  const SocketAddress address = UnixAddress(directory.Path("no/socket"));
  EXPECT_EQ(Listen(address, {}).status().message(),
            absl::StrCat("cannot listen on ", address.ToString(),
                         ": no such file or directory"));
}

TEST(ConnectTest, RefusalNamesTheAddress) {
  // Bound, so that nobody else listens there.
  const UniqueFd bound(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(bind(bound.get(), Loopback().get(), Loopback().size()), 0);
  const SocketAddress address = LocalAddress(bound.get());
  const absl::Status status = Connect(address);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            absl::StrCat("cannot connect to ", address.ToString(),
                         ": connection refused"));
}

TEST(ConnectTest, SocketsDoNotBlockAndAreNotInherited) {
  const UniqueFd listener = *Listen(Loopback(), {});
  bool in_progress;
  const UniqueFd fd = *BeginConnect(LocalAddress(listener.get()), in_progress);
  EXPECT_TRUE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC);
}

// With nobody listening, TCP may connect a socket to itself: when the port
// that it picks for the near end is the one it wants to reach.
TEST(ConnectTest, ConnectionToItselfIsRefused) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(bind(fd.get(), Loopback().get(), Loopback().size()), 0);
  const SocketAddress self = LocalAddress(fd.get());
  ASSERT_EQ(connect(fd.get(), self.get(), self.size()), 0);
  EXPECT_EQ(ConnectResult(fd.get(), self).code(),
            absl::StatusCode::kUnavailable);
}

TEST(ConnectTest, FullUnixQueueFailsAtOnce) {
  const TestDirectory directory;
  const SocketAddress address = UnixAddress(directory.Path("socket"));
  const UniqueFd listener = *Listen(address, {.backlog = 0});
  const UniqueFd waiting(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(connect(waiting.get(), address.get(), address.size()), 0);
  EXPECT_EQ(Connect(address).code(), absl::StatusCode::kUnavailable);
}

TEST(SocketTest, NoDelayCanBeSetAndCleared) {
  const auto [near, far] = TcpPair();
  SetNoDelay(near.get(), true);
  EXPECT_EQ(Option(near.get(), IPPROTO_TCP, TCP_NODELAY), 1);
  SetNoDelay(near.get(), false);
  EXPECT_EQ(Option(near.get(), IPPROTO_TCP, TCP_NODELAY), 0);
}

TEST(SocketTest, LocalAddressOfWhatIsNoSocketIsNone) {
  EXPECT_EQ(LocalAddress(-1), SocketAddress());
}

TEST(SocketErrorTest, SaysWhatWasTriedAndWhy) {
  const absl::Status status = SocketError(ECONNRESET, "reading");
  EXPECT_EQ(status.message(), "reading: connection reset by peer");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

TEST(SocketErrorTest, ScarcityIsResourceExhausted) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    EXPECT_EQ(SocketError(error, "x").code(),
              absl::StatusCode::kResourceExhausted)
        << error;
  }
}

}  // namespace
}  // namespace rproxy
