#include "rproxy/core/buffer/slice.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

TEST(SliceTest, DefaultHoldsNothing) {
  Slice slice;
  EXPECT_TRUE(slice.empty());
  EXPECT_FALSE(slice.unique());
  EXPECT_EQ(slice.block_capacity(), 0u);
  EXPECT_EQ(slice.tail_room(), 0u);
  EXPECT_EQ(slice.view(), "");
}

TEST(SliceTest, CopyOwnsItsBytes) {
  std::string source = "hello";
  Slice slice = Slice::Copy(source);
  source = "xxxxx";
  EXPECT_EQ(slice.view(), "hello");
  EXPECT_TRUE(slice.unique());
  EXPECT_EQ(slice.block_capacity(), 5u);
}

TEST(SliceTest, CopyOfNothingHoldsNoBlock) {
  EXPECT_EQ(Slice::Copy("").block_capacity(), 0u);
  EXPECT_EQ(Slice::Allocate(0).block_capacity(), 0u);
}

TEST(SliceTest, AllocatedBytesAreWritable) {
  Slice slice = Slice::Allocate(1000);
  ASSERT_EQ(slice.size(), 1000u);
  std::memset(slice.mutable_data(), 'x', slice.size());
  EXPECT_EQ(slice.view(), std::string(1000, 'x'));
}

TEST(SliceTest, MoveLeavesTheSourceEmpty) {
  Slice from = Slice::Copy("abc");
  Slice to(std::move(from));
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(from.block_capacity(), 0u);
  EXPECT_EQ(to.view(), "abc");

  Slice third = Slice::Copy("old");
  third = std::move(to);
  EXPECT_TRUE(to.empty());
  EXPECT_EQ(third.view(), "abc");
  EXPECT_TRUE(third.unique());
}

TEST(SliceTest, MoveToItselfKeepsTheBytes) {
  Slice slice = Slice::Copy("abc");
  Slice& same = slice;
  slice = std::move(same);
  EXPECT_EQ(slice.view(), "abc");
}

TEST(SliceTest, SharesTheSameBytes) {
  Slice whole = Slice::Copy("hello world");
  Slice part = whole.Share(whole.view().substr(6));
  EXPECT_EQ(part.view(), "world");
  EXPECT_EQ(part.data(), whole.data() + 6);
  EXPECT_FALSE(whole.unique());
  EXPECT_FALSE(part.unique());
}

TEST(SliceTest, ShareOutlivesTheOriginal) {
  Slice part;
  {
    Slice whole = Slice::Copy("hello world");
    part = whole.Share(whole.view().substr(0, 5));
  }
  EXPECT_EQ(part.view(), "hello");
  EXPECT_TRUE(part.unique());
}

TEST(SliceTest, EmptyShareHoldsNoBlock) {
  Slice whole = Slice::Copy("hello");
  Slice part = whole.Share(whole.view().substr(5));
  EXPECT_TRUE(part.empty());
  EXPECT_TRUE(whole.unique());
}

TEST(SliceDeathTest, ShareOfForeignBytesDies) {
  Slice slice = Slice::Copy("hello");
  const std::string foreign = "hello";
  EXPECT_DEATH((void)slice.Share(foreign), "outside");
  // Inside the block, but no longer inside the view.
  const absl::string_view whole = slice.view();
  slice.RemoveSuffix(1);
  EXPECT_DEATH((void)slice.Share(whole), "outside");
}

TEST(SliceTest, RemovesAtBothEnds) {
  Slice slice = Slice::Copy("hello");
  slice.RemovePrefix(1);
  EXPECT_EQ(slice.view(), "ello");
  slice.RemoveSuffix(2);
  EXPECT_EQ(slice.view(), "el");
  slice.RemovePrefix(2);
  EXPECT_TRUE(slice.empty());
}

TEST(SliceDeathTest, RemovingMoreThanThereIsDies) {
  Slice slice = Slice::Copy("abc");
  EXPECT_DEATH(slice.RemovePrefix(4), "n <= size_");
  EXPECT_DEATH(slice.RemoveSuffix(4), "n <= size_");
}

TEST(SliceTest, ExtendsIntoTheTailRoom) {
  Slice slice = Slice::Allocate(10);
  std::memcpy(slice.mutable_data(), "abc", 3);
  slice.RemoveSuffix(7);
  ASSERT_EQ(slice.tail_room(), 7u);
  std::memcpy(slice.mutable_data() + slice.size(), "def", 3);
  slice.Extend(3);
  EXPECT_EQ(slice.view(), "abcdef");
  EXPECT_EQ(slice.tail_room(), 4u);
}

TEST(SliceTest, SharedBlockHasNoTailRoom) {
  Slice slice = Slice::Allocate(10);
  slice.RemoveSuffix(5);
  Slice other = slice.Share(slice.view());
  EXPECT_EQ(slice.tail_room(), 0u);
  other.Reset();
  EXPECT_EQ(slice.tail_room(), 5u);
}

TEST(SlicePoolTest, TakesWholeBlocks) {
  SlicePool pool;
  Slice slice = pool.Take();
  EXPECT_EQ(slice.size(), SlicePool::kBlockBytes);
  EXPECT_EQ(slice.block_capacity(), SlicePool::kBlockBytes);
  EXPECT_TRUE(slice.unique());
  std::memset(slice.mutable_data(), 'x', slice.size());
  EXPECT_EQ(pool.blocks_out(), 1u);
}

TEST(SlicePoolTest, BlockComesBackWithItsLastSlice) {
  SlicePool pool;
  Slice whole = pool.Take();
  Slice part = whole.Share(whole.view().substr(10, 10));
  whole.Reset();
  EXPECT_EQ(pool.blocks_out(), 1u);
  part.Reset();
  EXPECT_EQ(pool.blocks_out(), 0u);
}

TEST(SlicePoolTest, ReusesTheBlockThatCameBackLast) {
  SlicePool pool;
  Slice first = pool.Take();
  Slice second = pool.Take();
  const char* const block = second.data();
  first.Reset();
  second.Reset();
  Slice again = pool.Take();
  EXPECT_EQ(again.data(), block);
  EXPECT_EQ(again.size(), SlicePool::kBlockBytes);
  EXPECT_TRUE(again.unique());
  std::memset(again.mutable_data(), 'x', again.size());
}

TEST(SlicePoolTest, BlocksOutAreDistinct) {
  SlicePool pool(2);
  for (int round = 0; round < 3; ++round) {
    std::vector<Slice> slices;
    for (int i = 0; i < 5; ++i) {
      slices.push_back(pool.Take());
      std::memset(slices.back().mutable_data(), 'a' + i,
                  SlicePool::kBlockBytes);
    }
    EXPECT_EQ(pool.blocks_out(), 5u);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(slices[i].view(), std::string(SlicePool::kBlockBytes, 'a' + i));
    }
  }
  EXPECT_EQ(pool.blocks_out(), 0u);
}

TEST(SlicePoolTest, MayKeepNothing) {
  SlicePool pool(0);
  pool.Take().Reset();
  EXPECT_EQ(pool.blocks_out(), 0u);
}

TEST(SlicePoolDeathTest, DiesIfABlockOutlivesIt) {
  EXPECT_DEATH(
      {
        Slice slice;
        SlicePool pool;
        slice = pool.Take();
      },
      "outlive");
}

}  // namespace
}  // namespace rproxy
