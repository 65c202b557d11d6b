#include "rproxy/core/buffer/buffer.h"

#include <sys/uio.h>

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "rproxy/core/buffer/slice.h"

namespace rproxy {
namespace {

constexpr size_t kBlock = SlicePool::kBlockBytes;

// `n` bytes in which each place looks different from its neighbours.
std::string Bytes(size_t n, char first = 'a') {
  std::string bytes(n, '\0');
  for (size_t i = 0; i < n; ++i) bytes[i] = static_cast<char>(first + i * 7);
  return bytes;
}

// A pool slice that holds `bytes`.
Slice Filled(SlicePool& pool, absl::string_view bytes) {
  Slice slice = pool.Take();
  std::memcpy(slice.mutable_data(), bytes.data(), bytes.size());
  slice.RemoveSuffix(slice.size() - bytes.size());
  return slice;
}

size_t Pieces(const Buffer& buffer) {
  iovec pieces[64];
  return buffer.FillIovecs(absl::MakeSpan(pieces));
}

TEST(BufferTest, IsEmptyAtFirst) {
  Buffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(buffer.memory(), 0u);
  EXPECT_EQ(buffer.ToString(), "");
  EXPECT_EQ(Pieces(buffer), 0u);
}

TEST(BufferTest, AppendsInOrder) {
  Buffer buffer;
  buffer.Append("hello ");
  buffer.Append("");
  buffer.Append("world");
  EXPECT_EQ(buffer.ToString(), "hello world");
  EXPECT_EQ(buffer.size(), 11u);
}

TEST(BufferTest, SmallAppendsShareOneBlock) {
  Buffer buffer;
  for (int i = 0; i < 512; ++i) buffer.Append("x");
  EXPECT_EQ(Pieces(buffer), 1u);
  EXPECT_EQ(buffer.memory(), 512u);
}

TEST(BufferTest, ManySmallAppendsMakeFewBlocks) {
  Buffer buffer;
  std::string expected;
  while (expected.size() < 64 * 1024) {
    const std::string bytes = Bytes(100, static_cast<char>(expected.size()));
    buffer.Append(bytes);
    expected += bytes;
  }
  EXPECT_EQ(buffer.ToString(), expected);
  EXPECT_LE(Pieces(buffer), 10u);
  EXPECT_LE(buffer.memory(), 2 * expected.size());
}

TEST(BufferTest, LargeCopyGoesIntoBoundedBlocks) {
  Buffer buffer;
  const std::string bytes = Bytes(100'000);
  buffer.Append(bytes);
  EXPECT_EQ(buffer.ToString(), bytes);
  EXPECT_LE(buffer.front().block_capacity(), 16u * 1024);
  EXPECT_LE(buffer.memory(), bytes.size() + 16 * 1024);
}

TEST(BufferTest, TakesALargeSliceWithoutCopying) {
  SlicePool pool;
  Buffer buffer;
  Slice slice = Filled(pool, Bytes(kBlock / 4));
  const char* const data = slice.data();
  buffer.Append(std::move(slice));
  EXPECT_EQ(buffer.front().data(), data);
  EXPECT_EQ(buffer.ToString(), Bytes(kBlock / 4));
  EXPECT_EQ(buffer.memory(), kBlock);
}

TEST(BufferTest, CopiesASmallPartOfABlockAndLetsTheBlockGo) {
  SlicePool pool;
  Buffer buffer;
  buffer.Append(Filled(pool, Bytes(kBlock / 4 - 1)));
  EXPECT_EQ(pool.blocks_out(), 0u);
  EXPECT_EQ(buffer.ToString(), Bytes(kBlock / 4 - 1));
}

TEST(BufferTest, CopiesASmallSliceEvenIfItFillsItsBlock) {
  Buffer buffer;
  buffer.Append("head");
  buffer.Append(Slice::Copy(Bytes(100)));
  EXPECT_EQ(Pieces(buffer), 1u);
  EXPECT_EQ(buffer.ToString(), "head" + Bytes(100));
}

TEST(BufferTest, TakesASliceOf4KiBThatFillsItsBlock) {
  Buffer buffer;
  Slice slice = Slice::Copy(Bytes(4096));
  const char* const data = slice.data();
  buffer.Append(std::move(slice));
  EXPECT_EQ(buffer.front().data(), data);
}

TEST(BufferTest, EmptySliceAddsNothing) {
  SlicePool pool;
  Buffer buffer;
  Slice slice = pool.Take();
  slice.RemoveSuffix(slice.size());
  buffer.Append(std::move(slice));
  buffer.Append(Slice());
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(Pieces(buffer), 0u);
  EXPECT_EQ(pool.blocks_out(), 0u);
}

TEST(BufferTest, SmallAppendUsesTheTailOfAUniqueBlock) {
  SlicePool pool;
  Buffer buffer;
  buffer.Append(Filled(pool, Bytes(kBlock / 2)));
  buffer.Append("\r\n");
  EXPECT_EQ(Pieces(buffer), 1u);
  EXPECT_EQ(buffer.ToString(), Bytes(kBlock / 2) + "\r\n");
}

TEST(BufferTest, NeverWritesIntoASharedBlock) {
  SlicePool pool;
  Buffer buffer;
  Slice slice = Filled(pool, Bytes(kBlock));
  const std::string before(slice.view());
  buffer.Append(slice.Share(slice.view().substr(0, kBlock / 2)));
  buffer.Append("\r\n");
  EXPECT_EQ(slice.view(), before);
  EXPECT_EQ(buffer.ToString(), before.substr(0, kBlock / 2) + "\r\n");
  // And what follows a pool block starts small again.
  EXPECT_EQ(buffer.memory(), kBlock + 512);
}

TEST(BufferTest, AppendsItsOwnBytes) {
  Buffer buffer;
  buffer.Append("abc");
  buffer.Append(buffer.front().view());
  EXPECT_EQ(buffer.ToString(), "abcabc");
}

TEST(BufferTest, DrainsWithinAndAcrossSlices) {
  SlicePool pool;
  Buffer buffer;
  const std::string bytes = Bytes(kBlock) + Bytes(kBlock, 'k');
  buffer.Append(Filled(pool, Bytes(kBlock)));
  buffer.Append(Filled(pool, Bytes(kBlock, 'k')));

  buffer.Drain(0);
  EXPECT_EQ(buffer.size(), 2 * kBlock);
  buffer.Drain(10);
  EXPECT_EQ(buffer.ToString(), bytes.substr(10));
  buffer.Drain(kBlock - 10);
  EXPECT_EQ(pool.blocks_out(), 1u);
  EXPECT_EQ(buffer.ToString(), bytes.substr(kBlock));
  buffer.Drain(kBlock);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(pool.blocks_out(), 0u);
}

TEST(BufferTest, EmptiedBufferHoldsNoBlock) {
  Buffer buffer;
  buffer.Append(Bytes(100'000));
  buffer.Drain(100'000);
  EXPECT_EQ(buffer.memory(), 0u);
  buffer.Append("again");
  EXPECT_EQ(buffer.ToString(), "again");
  buffer.Clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.memory(), 0u);
}

TEST(BufferTest, QueueThatNeverEmptiesStaysInOrder) {
  SlicePool pool;
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = Bytes(kBlock / 2, static_cast<char>(i));
    buffer.Append(Filled(pool, bytes));
    expected += bytes;
    if (i >= 3) {
      const size_t n = kBlock / 2 + (i % 3) - 1;
      buffer.Drain(n);
      expected.erase(0, n);
    }
  }
  EXPECT_EQ(buffer.ToString(), expected);
  EXPECT_LE(pool.blocks_out(), 6u);
}

TEST(BufferDeathTest, DrainingMoreThanThereIsDies) {
  Buffer buffer;
  buffer.Append("abc");
  EXPECT_DEATH(buffer.Drain(4), "n <= size_");
}

TEST(BufferTest, MoveTransfersEverything) {
  Buffer from;
  from.Append("abc");
  Buffer to(std::move(from));
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(from.memory(), 0u);
  EXPECT_EQ(to.ToString(), "abc");

  Buffer third;
  third.Append("old");
  third = std::move(to);
  EXPECT_EQ(third.ToString(), "abc");
  EXPECT_TRUE(to.empty());
  to.Append("usable");
  EXPECT_EQ(to.ToString(), "usable");
}

TEST(BufferTest, MoveFromIntoAnEmptyBufferCopiesNothing) {
  Buffer from;
  from.Append("abc");
  const char* const data = from.front().data();
  Buffer to;
  to.MoveFrom(from);
  EXPECT_EQ(to.front().data(), data);
  EXPECT_TRUE(from.empty());
}

TEST(BufferTest, MoveFromAppends) {
  SlicePool pool;
  Buffer from;
  from.Append("small");
  from.Append(Filled(pool, Bytes(kBlock)));
  Buffer to;
  to.Append("head ");
  to.MoveFrom(from);
  EXPECT_EQ(to.ToString(), "head small" + Bytes(kBlock));
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(from.memory(), 0u);
  EXPECT_EQ(pool.blocks_out(), 1u);
  EXPECT_EQ(Pieces(to), 2u);
}

TEST(BufferTest, MoveFromNothingKeepsWhatIsThere) {
  Buffer from;
  Buffer to;
  to.Append("abc");
  to.MoveFrom(from);
  to.MoveFrom(from, 0);
  EXPECT_EQ(to.ToString(), "abc");
}

TEST(BufferTest, MovesAPartBySharing) {
  SlicePool pool;
  Buffer from;
  from.Append(Filled(pool, Bytes(kBlock)));
  const char* const data = from.front().data();
  Buffer to;
  to.MoveFrom(from, kBlock / 2);
  EXPECT_EQ(to.front().data(), data);
  EXPECT_EQ(from.front().data(), data + kBlock / 2);
  EXPECT_EQ(to.ToString(), Bytes(kBlock).substr(0, kBlock / 2));
  EXPECT_EQ(from.ToString(), Bytes(kBlock).substr(kBlock / 2));
  EXPECT_EQ(pool.blocks_out(), 1u);
}

TEST(BufferTest, MovesASmallPartByCopying) {
  SlicePool pool;
  Buffer from;
  from.Append(Filled(pool, Bytes(kBlock)));
  Buffer to;
  to.MoveFrom(from, 100);
  EXPECT_EQ(to.ToString(), Bytes(100));
  EXPECT_EQ(from.ToString(), Bytes(kBlock).substr(100));
  from.Clear();
  EXPECT_EQ(pool.blocks_out(), 0u);
}

TEST(BufferTest, MovesWholeSlicesAndTheStartOfTheNext) {
  SlicePool pool;
  Buffer from;
  from.Append(Filled(pool, Bytes(kBlock)));
  from.Append(Filled(pool, Bytes(kBlock, 'k')));
  const std::string all = from.ToString();
  Buffer to;
  to.MoveFrom(from, kBlock + 5);
  EXPECT_EQ(to.ToString(), all.substr(0, kBlock + 5));
  EXPECT_EQ(from.ToString(), all.substr(kBlock + 5));
  to.MoveFrom(from, from.size());
  EXPECT_EQ(to.ToString(), all);
  EXPECT_TRUE(from.empty());
}

// A peer that sends single bytes must not make us keep a block for each.
TEST(BufferTest, SmallPiecesMovedOneByOneStillMakeFewBlocks) {
  Buffer to;
  to.Append("x");
  for (int i = 0; i < 1000; ++i) {
    Buffer from;
    from.Append("x");
    to.MoveFrom(from);
  }
  EXPECT_EQ(to.size(), 1001u);
  EXPECT_LE(to.memory(), 4096u);
}

TEST(BufferDeathTest, MovingMoreThanThereIsDies) {
  Buffer from;
  Buffer to;
  EXPECT_DEATH(to.MoveFrom(from, 1), "n <= other.size_");
}

TEST(BufferTest, FillsAsManyIovecsAsFit) {
  SlicePool pool;
  Buffer buffer;
  for (int i = 0; i < 3; ++i) {
    buffer.Append(Filled(pool, Bytes(kBlock, static_cast<char>('a' + i))));
  }
  iovec pieces[4] = {};
  EXPECT_EQ(buffer.FillIovecs({}), 0u);
  EXPECT_EQ(buffer.FillIovecs(absl::MakeSpan(pieces, 2)), 2u);
  EXPECT_EQ(pieces[2].iov_base, nullptr);
  EXPECT_EQ(buffer.FillIovecs(absl::MakeSpan(pieces)), 3u);

  std::string all;
  for (const iovec& piece : absl::MakeSpan(pieces, 3)) {
    all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  EXPECT_EQ(all, buffer.ToString());
}

TEST(BufferTest, IovecsStartBehindWhatWasDrained) {
  Buffer buffer;
  buffer.Append("hello");
  buffer.Drain(2);
  iovec piece;
  ASSERT_EQ(buffer.FillIovecs(absl::MakeSpan(&piece, 1)), 1u);
  EXPECT_EQ(absl::string_view(static_cast<const char*>(piece.iov_base),
                              piece.iov_len),
            "llo");
}

}  // namespace
}  // namespace rproxy
