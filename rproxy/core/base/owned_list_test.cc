#include "rproxy/core/base/owned_list.h"

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Item : OwnedListNode<Item> {
  Item(int id, std::vector<int>* deaths) : id(id), deaths(deaths) {}
  ~Item() { deaths->push_back(id); }

  const int id;
  std::vector<int>* const deaths;
};

class OwnedListTest : public ::testing::Test {
 protected:
  Item& Add(int id) { return list_.Add(std::make_unique<Item>(id, &deaths_)); }

  std::vector<int> Ids() {
    std::vector<int> ids;
    list_.ForEach([&](Item& item) { ids.push_back(item.id); });
    return ids;
  }

  std::vector<int> deaths_;
  OwnedList<Item> list_;
};

TEST_F(OwnedListTest, IsEmptyAtFirst) {
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(list_.size(), 0u);
  EXPECT_EQ(list_.first(), nullptr);
}

TEST_F(OwnedListTest, KeepsTheOrderOfAdding) {
  Item& one = Add(1);
  Add(2);
  Add(3);
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 3));
  EXPECT_EQ(list_.size(), 3u);
  EXPECT_EQ(list_.first(), &one);
}

TEST_F(OwnedListTest, RemoveHandsBackFromFrontMiddleAndEnd) {
  Item& one = Add(1);
  Add(2);
  Item& three = Add(3);
  Add(4);
  Item& five = Add(5);

  EXPECT_EQ(list_.Remove(three)->id, 3);
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 4, 5));
  EXPECT_EQ(list_.Remove(one)->id, 1);
  EXPECT_THAT(Ids(), ElementsAre(2, 4, 5));
  EXPECT_EQ(list_.Remove(five)->id, 5);
  EXPECT_THAT(Ids(), ElementsAre(2, 4));
  EXPECT_EQ(list_.size(), 2u);
}

TEST_F(OwnedListTest, RemovedItemLivesAsLongAsItsNewOwner) {
  std::unique_ptr<Item> taken = list_.Remove(Add(1));
  EXPECT_TRUE(list_.empty());
  EXPECT_THAT(deaths_, IsEmpty());
  taken.reset();
  EXPECT_THAT(deaths_, ElementsAre(1));
}

TEST_F(OwnedListTest, RemovedItemMayBeAddedAgain) {
  Item& one = Add(1);
  Add(2);
  list_.Add(list_.Remove(one));
  EXPECT_THAT(Ids(), ElementsAre(2, 1));
}

TEST_F(OwnedListTest, AddsAfterTheLastOneLeft) {
  list_.Remove(Add(1));
  Add(2);
  EXPECT_THAT(Ids(), ElementsAre(2));
}

TEST_F(OwnedListTest, ClearDestroysOldestFirst) {
  Add(1);
  Add(2);
  Add(3);
  list_.Clear();
  EXPECT_THAT(deaths_, ElementsAre(1, 2, 3));
  EXPECT_TRUE(list_.empty());
}

TEST_F(OwnedListTest, ItemsDieWithTheList) {
  {
    OwnedList<Item> list;
    list.Add(std::make_unique<Item>(1, &deaths_));
    list.Add(std::make_unique<Item>(2, &deaths_));
  }
  EXPECT_THAT(deaths_, ElementsAre(1, 2));
}

TEST_F(OwnedListTest, VisitorMayRemoveTheItemItIsGiven) {
  for (int id = 1; id <= 4; ++id) Add(id);
  list_.ForEach([&](Item& item) {
    if (item.id % 2 == 1) list_.Remove(item);
  });
  EXPECT_THAT(Ids(), ElementsAre(2, 4));
  EXPECT_THAT(deaths_, ElementsAre(1, 3));
}

// A session that dies may take a sibling with it.
TEST(OwnedListNestedTest, DyingItemMayRemoveAnother) {
  struct Pair : OwnedListNode<Pair> {
    ~Pair() {
      if (other != nullptr) list->Remove(*other);
    }
    OwnedList<Pair>* list = nullptr;
    Pair* other = nullptr;
  };
  OwnedList<Pair> list;
  Pair& first = list.Add(std::make_unique<Pair>());
  list.Add(std::make_unique<Pair>());
  Pair& third = list.Add(std::make_unique<Pair>());
  first.list = &list;
  first.other = &third;

  list.Remove(first);
  EXPECT_EQ(list.size(), 1u);
  list.Clear();
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace rproxy
