#include "rproxy/core/event/loop_group.h"

#include <pthread.h>

#include <cstddef>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {
namespace {

using ::testing::ElementsAre;

TEST(LoopGroupTest, RunsOnceOnEachLoopInOrder) {
  auto group = *LoopGroup::Create(3, "worker");
  ASSERT_EQ(group->size(), 3u);
  std::vector<size_t> order;
  std::set<std::thread::id> threads;
  group->RunOnEach([&](size_t i) {
    EXPECT_TRUE(group->loop(i).InLoopThread());
    order.push_back(i);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
  EXPECT_EQ(threads.size(), 3u);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(LoopGroupTest, ThreadsAreNamedByTheirIndex) {
  auto group = *LoopGroup::Create(2, "worker-");
  std::vector<std::string> names;
  group->RunOnEach([&](size_t) {
    char name[32] = "";
    pthread_getname_np(pthread_self(), name, sizeof(name));
    names.push_back(name);
  });
  EXPECT_THAT(names, ElementsAre("worker-0", "worker-1"));
}

TEST(LoopGroupTest, LoopsMayPostToEachOther) {
  auto group = *LoopGroup::Create(2, "worker");
  bool ran = false;
  group->RunOnEach([&](size_t i) {
    if (i == 0) group->loop(1).Post([&] { ran = true; });
  });
  bool seen = false;
  group->RunOnEach([&](size_t i) {
    if (i == 1) seen = ran;
  });
  EXPECT_TRUE(seen);
}

TEST(LoopGroupDeathTest, EmptyGroupDies) {
  EXPECT_DEATH((void)LoopGroup::Create(0, "worker"), "size >= 1");
}

}  // namespace
}  // namespace rproxy
