#include "rproxy/core/http/header_map.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

std::string Text(const HeaderMap& map) {
  std::string text;
  map.ForEach([&](const HeaderMap::Field& field) {
    absl::StrAppend(&text, field.name, "=", field.value, ";");
  });
  return text;
}

TEST(HeaderMapTest, KeepsOrderSpellingAndRepeats) {
  HeaderMap map;
  map.Add("hOsT", "a");
  map.Add("X-One", "1");
  map.Add("x-one", "2");
  EXPECT_EQ(Text(map), "hOsT=a;X-One=1;x-one=2;");
  EXPECT_EQ(map.size(), 3U);
}

TEST(HeaderMapTest, FindsTheFirstWithoutRegardToCase) {
  HeaderMap map;
  map.Add("X-One", "1");
  map.Add("X-ONE", "2");
  map.Add("HOST", "a");
  EXPECT_EQ(map.Find("x-one"), "1");
  EXPECT_EQ(map.Find("host"), "a");
  EXPECT_EQ(map.Find(FieldId::kHost), "a");
  EXPECT_EQ(map.Find("x-on"), std::nullopt);
  EXPECT_EQ(map.Find(FieldId::kVia), std::nullopt);
}

TEST(HeaderMapTest, EmptyValueIsNotAbsence) {
  HeaderMap map;
  map.Add("Via", "");
  EXPECT_EQ(map.Find(FieldId::kVia), "");
}

TEST(HeaderMapTest, RemovesAllOfAName) {
  HeaderMap map;
  map.Add("A", "1");
  map.Add("Via", "2");
  map.Add("a", "3");
  map.Add("via", "4");
  EXPECT_EQ(map.Remove("A"), 2U);
  EXPECT_EQ(Text(map), "Via=2;via=4;");
  EXPECT_EQ(map.Remove(FieldId::kVia), 2U);
  EXPECT_EQ(map.Remove("VIA"), 0U);
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.Find("via"), std::nullopt);
}

TEST(HeaderMapTest, RemovedNameCanBeAddedAgain) {
  HeaderMap map;
  map.Add("Host", "a");
  map.Remove("Host");
  map.Add("Host", "b");
  EXPECT_EQ(map.Find(FieldId::kHost), "b");
  EXPECT_EQ(map.Count(FieldId::kHost), 1U);
}

TEST(HeaderMapTest, SetLeavesOneField) {
  HeaderMap map;
  map.Add("X", "1");
  map.Add("x", "2");
  map.Set("X", "3");
  EXPECT_EQ(Text(map), "X=3;");
}

TEST(HeaderMapTest, CountsTheCopies) {
  HeaderMap map;
  EXPECT_EQ(map.Count(FieldId::kHost), 0U);
  map.Add("Host", "a");
  map.Add("host", "b");
  EXPECT_EQ(map.Count(FieldId::kHost), 2U);
}

TEST(HeaderMapTest, ListElementsAreFoundInEveryCopy) {
  HeaderMap map;
  map.Add("Connection", "foo ,\tClose");
  map.Add("Connection", "upgrade");
  EXPECT_TRUE(map.ListContains(FieldId::kConnection, "close"));
  EXPECT_TRUE(map.ListContains(FieldId::kConnection, "FOO"));
  EXPECT_TRUE(map.ListContains(FieldId::kConnection, "Upgrade"));
  EXPECT_FALSE(map.ListContains(FieldId::kConnection, "clos"));
  EXPECT_FALSE(map.ListContains(FieldId::kConnection, "foo ,\tClose"));
  EXPECT_FALSE(map.ListContains(FieldId::kVia, "foo"));
}

TEST(HeaderMapTest, BlockIsCopiedOnce) {
  std::string block = "Host: a\r\nX: b\r\n\r\n";
  HeaderMap map;
  map.Add("Old", "gone");
  map.StartBlock(block, 2);
  map.AddFromBlock(0, 4, 6, 1);
  map.AddFromBlock(9, 1, 12, 1);
  block.assign(block.size(), '#');
  EXPECT_EQ(Text(map), "Host=a;X=b;");
  map.Add("Y", "c");
  EXPECT_EQ(Text(map), "Host=a;X=b;Y=c;");
  EXPECT_EQ(map.Find(FieldId::kHost), "a");
}

TEST(HeaderMapTest, CopiesAreIndependent) {
  HeaderMap map;
  map.Add("A", "1");
  HeaderMap copy = map;
  copy.Set("A", "2");
  EXPECT_EQ(map.Find("A"), "1");
  const HeaderMap moved = std::move(copy);
  EXPECT_EQ(moved.Find("A"), "2");
}

TEST(HeaderMapTest, ClearEmpties) {
  HeaderMap map;
  map.Reserve(100, 10);
  map.Add("A", "1");
  map.Clear();
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(Text(map), "");
}

TEST(HeaderMapDeathTest, NameThatDoesNotFitIsRefused) {
  HeaderMap map;
  map.Add(std::string(65535, 'n'), "v");
  EXPECT_DEATH(map.Add(std::string(65536, 'n'), "v"), "");
}

TEST(IsTokenTest, NeedsOneCharacterAndNoOther) {
  EXPECT_TRUE(IsToken("X-Foo"));
  EXPECT_TRUE(IsToken("!"));
  EXPECT_FALSE(IsToken(""));
  EXPECT_FALSE(IsToken("a b"));
  EXPECT_FALSE(IsToken("a:"));
  EXPECT_FALSE(IsToken(absl::string_view("a\0", 2)));
  EXPECT_FALSE(IsToken("\xc3\xa4"));
}

TEST(IsFieldValueTest, HasNoControlsAndNoWhiteSpaceAtItsEnds) {
  EXPECT_TRUE(IsFieldValue(""));
  EXPECT_TRUE(IsFieldValue("a b\tc"));
  EXPECT_TRUE(IsFieldValue("\xc3\xa4"));
  EXPECT_FALSE(IsFieldValue(" a"));
  EXPECT_FALSE(IsFieldValue("a\t"));
  EXPECT_FALSE(IsFieldValue("a\r\nb"));
  EXPECT_FALSE(IsFieldValue("a\nb"));
  EXPECT_FALSE(IsFieldValue("a\x7f"));
  EXPECT_FALSE(IsFieldValue(absl::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace rproxy
