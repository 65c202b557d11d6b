#include "rproxy/core/base/unique_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

UniqueFd OpenSomething() { return UniqueFd(open("/dev/null", O_CLOEXEC)); }

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFdTest, HoldsNothingAtFirst) {
  UniqueFd fd;
  EXPECT_FALSE(fd.valid());
  EXPECT_LT(fd.get(), 0);
}

TEST(UniqueFdTest, NegativeMeansNone) {
  UniqueFd fd(-1);
  EXPECT_FALSE(fd.valid());
  fd.Reset();
}

TEST(UniqueFdTest, ClosesWhenItDies) {
  int number;
  {
    UniqueFd fd = OpenSomething();
    ASSERT_TRUE(fd.valid());
    number = fd.get();
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFdTest, ResetClosesOnce) {
  UniqueFd fd = OpenSomething();
  const int number = fd.get();
  fd.Reset();
  EXPECT_FALSE(fd.valid());
  EXPECT_FALSE(IsOpen(number));

  // Takes the number again; a second close would hit it.
  UniqueFd other = OpenSomething();
  fd.Reset();
  EXPECT_TRUE(IsOpen(other.get()));
}

TEST(UniqueFdTest, ReleaseGivesOwnershipAway) {
  UniqueFd fd = OpenSomething();
  UniqueFd owner(fd.Release());
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(IsOpen(owner.get()));
}

TEST(UniqueFdTest, MoveConstructionTransfers) {
  UniqueFd from = OpenSomething();
  const int number = from.get();
  UniqueFd to(std::move(from));
  EXPECT_FALSE(from.valid());
  EXPECT_EQ(to.get(), number);
  EXPECT_TRUE(IsOpen(number));
}

TEST(UniqueFdTest, MoveAssignmentClosesWhatWasHeld) {
  UniqueFd from = OpenSomething();
  UniqueFd to = OpenSomething();
  const int kept = from.get();
  const int closed = to.get();
  to = std::move(from);
  EXPECT_EQ(to.get(), kept);
  EXPECT_TRUE(IsOpen(kept));
  EXPECT_FALSE(IsOpen(closed));
}

TEST(UniqueFdTest, MoveToItselfKeepsTheDescriptor) {
  UniqueFd fd = OpenSomething();
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_TRUE(fd.valid());
  EXPECT_TRUE(IsOpen(fd.get()));
}

}  // namespace
}  // namespace rproxy
