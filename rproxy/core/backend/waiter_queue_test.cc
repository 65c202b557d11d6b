#include "rproxy/core/backend/waiter_queue.h"

#include <cstdint>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

using WaiterId = WaiterQueue::WaiterId;

class WaiterQueueTest : public ::testing::Test {
 protected:
  WaiterQueueTest() : queue_(4) {
    queue_.AddSet();
    queue_.AddSet();
  }

  WaiterId Push(uint32_t set) {
    return queue_.Push(set, absl::InfiniteFuture(), nullptr);
  }

  WaiterQueue queue_;
};

TEST_F(WaiterQueueTest, KeepsOneOrderForAllAndOneForEachSet) {
  const WaiterId a = Push(1);
  const WaiterId b = Push(0);
  const WaiterId c = Push(0);
  EXPECT_EQ(queue_.Oldest(), a);
  EXPECT_EQ(queue_.Oldest(0), b);
  EXPECT_EQ(queue_.Oldest(1), a);
  EXPECT_LT(queue_.arrival(b), queue_.arrival(c));
  queue_.Remove(b);
  EXPECT_EQ(queue_.Oldest(0), c);
  queue_.Remove(a);
  EXPECT_EQ(queue_.Oldest(), c);
  EXPECT_EQ(queue_.Oldest(1), WaiterQueue::kNone);
  queue_.Remove(c);
  EXPECT_EQ(queue_.Oldest(), WaiterQueue::kNone);
  EXPECT_EQ(queue_.waiting(), 0u);
}

TEST_F(WaiterQueueTest, WhoeverIsPutBackHasTheOldPlace) {
  const WaiterId a = Push(0);
  const WaiterId b = Push(0);
  const WaiterId c = Push(0);
  queue_.Leave(a, 7);
  queue_.Leave(b, 8);
  EXPECT_EQ(queue_.connection(b), 8u);
  queue_.PutBack(b);
  EXPECT_EQ(queue_.Oldest(), b);
  queue_.PutBack(a);
  EXPECT_EQ(queue_.Oldest(0), a);
  queue_.Remove(a);
  queue_.Remove(b);
  EXPECT_EQ(queue_.Oldest(), c);
  EXPECT_EQ(queue_.Oldest(0), c);
}

TEST_F(WaiterQueueTest, PlacesOfThoseWhoMayComeBackStayTaken) {
  const WaiterId a = Push(0);
  const WaiterId b = Push(0);
  Push(0);
  Push(0);
  EXPECT_TRUE(queue_.full());
  queue_.Leave(a, 7);
  EXPECT_TRUE(queue_.full());
  EXPECT_EQ(queue_.waiting(), 3u);
  queue_.Leave(b, WaiterQueue::kNoConnection);
  EXPECT_FALSE(queue_.full());
  Push(0);
  EXPECT_TRUE(queue_.full());
  queue_.Remove(a);
  EXPECT_FALSE(queue_.full());
}

TEST_F(WaiterQueueTest, IdsAreNotUsedAgain) {
  std::set<WaiterId> seen;
  for (int i = 0; i < 1000; ++i) {
    const WaiterId id = Push(0);
    EXPECT_NE(id, WaiterQueue::kNone);
    EXPECT_TRUE(seen.insert(id).second);
    EXPECT_TRUE(queue_.IsWaiting(id));
    queue_.Remove(id);
    EXPECT_FALSE(queue_.IsWaiting(id));
    EXPECT_FALSE(queue_.IsLeaving(id));
  }
}

TEST_F(WaiterQueueTest, DeadlinesNeverDecrease) {
  const absl::Time noon = absl::UnixEpoch() + absl::Hours(12);
  queue_.Push(0, noon, nullptr);
  const WaiterId b = queue_.Push(0, noon - absl::Seconds(1), nullptr);
  EXPECT_EQ(queue_.deadline(b), noon);
}

}  // namespace
}  // namespace rproxy
