#include "rproxy/core/server/connection_limiter.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

SocketAddress Client(const std::string& host) {
  return *SocketAddress::Parse(host, 1);
}

TEST(ConnectionLimiterTest, TotalIsBounded) {
  ConnectionLimiter limiter(2, SIZE_MAX);
  ConnectionLimiter::Permit one = limiter.Acquire(Client("192.0.2.1"));
  ConnectionLimiter::Permit two = limiter.Acquire(Client("unix:/x"));
  EXPECT_TRUE(one.valid());
  EXPECT_TRUE(two.valid());
  EXPECT_FALSE(limiter.Acquire(Client("192.0.2.2")).valid());
  one = ConnectionLimiter::Permit();
  EXPECT_EQ(limiter.connections(), 1u);
  EXPECT_TRUE(limiter.Acquire(Client("192.0.2.2")).valid());
}

TEST(ConnectionLimiterTest, EachClientIsBounded) {
  ConnectionLimiter limiter(SIZE_MAX, 1);
  const ConnectionLimiter::Permit one = limiter.Acquire(Client("192.0.2.1"));
  EXPECT_FALSE(limiter.Acquire(Client("192.0.2.1")).valid());
  EXPECT_FALSE(limiter.Acquire(Client("::ffff:192.0.2.1")).valid());
  EXPECT_TRUE(limiter.Acquire(Client("192.0.2.2")).valid());
}

TEST(ConnectionLimiterTest, Ipv6ClientsCountByTheirNetwork) {
  ConnectionLimiter limiter(SIZE_MAX, 1);
  const auto one = limiter.Acquire(Client("2001:db8:0:1::1"));
  EXPECT_FALSE(limiter.Acquire(Client("2001:db8:0:1:ffff::2")).valid());
  EXPECT_TRUE(limiter.Acquire(Client("2001:db8:0:2::1")).valid());
  const auto local = limiter.Acquire(Client("::1"));
  EXPECT_TRUE(local.valid());
  EXPECT_FALSE(limiter.Acquire(Client("::1")).valid());
}

TEST(ConnectionLimiterTest, UnixClientsAreNotToldApart) {
  ConnectionLimiter limiter(SIZE_MAX, 1);
  const auto one = limiter.Acquire(Client("unix:/x"));
  EXPECT_TRUE(limiter.Acquire(Client("unix:/x")).valid());
}

TEST(ConnectionLimiterTest, MovedPermitCountsOnce) {
  ConnectionLimiter limiter(SIZE_MAX, 1);
  ConnectionLimiter::Permit one = limiter.Acquire(Client("192.0.2.1"));
  ConnectionLimiter::Permit two = std::move(one);
  EXPECT_EQ(limiter.connections(), 1u);
  two = ConnectionLimiter::Permit();
  EXPECT_EQ(limiter.connections(), 0u);
  EXPECT_TRUE(limiter.Acquire(Client("192.0.2.1")).valid());
}

TEST(ConnectionLimiterTest, ThreadsNeverExceedTheLimits) {
  ConnectionLimiter limiter(3, 2);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&limiter, i] {
      for (int j = 0; j < 2000; ++j) {
        const auto permit =
            limiter.Acquire(Client(i % 2 == 0 ? "192.0.2.1" : "192.0.2.2"));
        EXPECT_LE(limiter.connections(), 3u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(limiter.connections(), 0u);
}

}  // namespace
}  // namespace rproxy
