#include "rproxy/daemon/config/lexer.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace rproxy::config {
namespace {

struct Lexed {
  std::vector<Token> tokens;  // Without the end.
  std::vector<Diagnostic> diagnostics;
};

Lexed Lex(std::string_view text, std::map<std::string, std::string> vars = {}) {
  const Environment environment =
      [&vars](const std::string& name) -> std::optional<std::string> {
    const auto var = vars.find(name);
    if (var == vars.end()) return std::nullopt;
    return var->second;
  };
  Diagnostics diagnostics;
  Lexer lexer(text, "f", environment, diagnostics);
  Lexed lexed;
  for (Token token = lexer.Next(); token.kind != Token::Kind::kEnd;
       token = lexer.Next()) {
    lexed.tokens.push_back(std::move(token));
  }
  lexed.diagnostics = diagnostics.Take();
  return lexed;
}

// The texts of the tokens of a text without mistakes, each in brackets.
std::string Texts(std::string_view text,
                  std::map<std::string, std::string> vars = {}) {
  std::string texts;
  const Lexed lexed = Lex(text, std::move(vars));
  for (const Token& token : lexed.tokens) {
    absl::StrAppend(&texts, "[", token.text, "]");
  }
  for (const Diagnostic& diagnostic : lexed.diagnostics) {
    absl::StrAppend(&texts, " ", diagnostic.ToString());
  }
  return texts;
}

// The only mistake of a text.
std::string Mistake(std::string_view text) {
  const Lexed lexed = Lex(text);
  if (lexed.diagnostics.size() != 1) {
    return absl::StrCat(lexed.diagnostics.size(), " mistakes");
  }
  const Diagnostic& only = lexed.diagnostics[0];
  return absl::StrCat(only.line, ":", only.column, " ", only.message);
}

TEST(LexerTest, EmptyTextEndsAtOnceAndForEver) {
  Diagnostics diagnostics;
  const Environment none;
  Lexer lexer("", "f", none, diagnostics);
  EXPECT_EQ(lexer.Next().kind, Token::Kind::kEnd);
  EXPECT_EQ(lexer.Next().kind, Token::Kind::kEnd);
}

TEST(LexerTest, PunctuationNeedsNoSpace) {
  const Lexed lexed = Lex("a={b,c}d+=e{()");
  std::vector<Token::Kind> kinds;
  for (const Token& token : lexed.tokens) kinds.push_back(token.kind);
  using Kind = Token::Kind;
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::kWord, Kind::kAssign, Kind::kOpen,
                                      Kind::kWord, Kind::kComma, Kind::kWord,
                                      Kind::kClose, Kind::kWord, Kind::kAppend,
                                      Kind::kWord, Kind::kOpen,
                                      Kind::kParenthesis, Kind::kParenthesis}));
}

TEST(LexerTest, TokensKnowTheirPlace) {
  const Lexed lexed = Lex("a\n  bb\t= 'x\ny' c");
  ASSERT_EQ(lexed.tokens.size(), 5u);
  const auto place = [&](size_t i) {
    const Position& position = lexed.tokens[i].position;
    EXPECT_EQ(position.file, "f");
    return std::pair(position.line, position.column);
  };
  EXPECT_EQ(place(0), std::pair(1, 1));
  EXPECT_EQ(place(1), std::pair(2, 3));
  EXPECT_EQ(place(2), std::pair(2, 6));
  EXPECT_EQ(place(3), std::pair(2, 8));
  EXPECT_EQ(place(4), std::pair(3, 4));
}

TEST(LexerTest, CommentsOfAllSortsVanish) {
  EXPECT_EQ(Texts("a # b\nc"), "[a][c]");
  EXPECT_EQ(Texts("a ### b"), "[a]");
  EXPECT_EQ(Texts("a // b\nc"), "[a][c]");
  EXPECT_EQ(Texts("a#b\nc"), "[a][c]");
  EXPECT_EQ(Texts("a /* b\n c */ d"), "[a][d]");
  EXPECT_EQ(Texts("a /***/ d"), "[a][d]");
  EXPECT_EQ(Texts("a /* ** / **/ d"), "[a][d]");
}

TEST(LexerTest, BlockCommentsDoNotNest) {
  EXPECT_EQ(Texts("/* /* */ a"), "[a]");
}

TEST(LexerTest, SlashIsOrdinaryInsideAWord) {
  EXPECT_EQ(Texts("/a/b ./x http://h/ a//b"), "[/a/b][./x][http://h/][a//b]");
  EXPECT_EQ(Texts("/"), "[/]");
}

TEST(LexerTest, WordsTakeWhatIsNotSpecial) {
  EXPECT_EQ(Texts("127.0.0.1:80 a-b_c;d [x] $y ~!@%^&|\\<>?`"),
            "[127.0.0.1:80][a-b_c;d][[x]][$y][~!@%^&|\\<>?`]");
  EXPECT_EQ(Texts("f\xC3\xBCr"), "[f\xC3\xBCr]");
}

TEST(LexerTest, CarriageReturnIsSpace) {
  EXPECT_EQ(Texts("a = b\r\nc\r\n"), "[a][=][b][c]");
}

TEST(LexerTest, ByteOrderMarkIsSkippedAtTheStartOnly) {
  EXPECT_EQ(Texts("\xEF\xBB\xBFserver"), "[server]");
  EXPECT_EQ(Texts("a \xEF\xBB\xBF"), "[a][\xEF\xBB\xBF]");
}

TEST(LexerTest, DoubleQuotesKnowAllEscapes) {
  EXPECT_EQ(Texts(R"("\n\t\r\b\f\a\e\v")"), "[\n\t\r\b\f\a\033\v]");
  EXPECT_EQ(Texts(R"("\"\\\q\$\{\'")"), "[\"\\q${']");
  EXPECT_EQ(Texts(R"("\101\60\7x")"), "[A0\ax]");
  EXPECT_EQ(Texts(R"("\377")"), "[\377]");
  EXPECT_EQ(Texts(R"("\x41\x4A\x4a\x414\x9.")"), "[AJJA4\t.]");
  EXPECT_EQ(Texts(R"("\xg\x")"), "[xgx]");
}

TEST(LexerTest, DoubleQuotesKeepNewlinesAndJoinEscapedOnes) {
  EXPECT_EQ(Texts("\"a\nb\""), "[a\nb]");
  EXPECT_EQ(Texts("\"a\\\nb\""), "[ab]");
}

TEST(LexerTest, DoubleQuotesKeepWhatIsSpecialOutside) {
  EXPECT_EQ(Texts("\"*.example.com {#} 'x' // = /* */\""),
            "[*.example.com {#} 'x' // = /* */]");
}

TEST(LexerTest, SingleQuotesAreLiteralButForTwoEscapes) {
  EXPECT_EQ(Texts(R"('\n \x41 ${HOME} \\ \' "')"),
            "[\\n \\x41 ${HOME} \\ ' \"]");
  EXPECT_EQ(Texts("'a\nb\\\nc'"), "[a\nbc]");
}

TEST(LexerTest, StringsTouchingOthersAreTokensOfTheirOwn) {
  EXPECT_EQ(Texts("a\"b\"'c'd"), "[a][b][c][d]");
  EXPECT_EQ(Texts("\"\"''"), "[][]");
}

TEST(LexerTest, VariablesExpandBareAndInDoubleQuotes) {
  EXPECT_EQ(Texts("${X} \"<${X}>\"", {{"X", "a b"}}), "[a b][<a b>]");
  EXPECT_EQ(Texts("${X}y", {{"X", "a"}}), "[a][y]");
}

TEST(LexerTest, VariablesFallBackOnlyWhenUnset) {
  EXPECT_EQ(Texts("${X:-d}"), "[d]");
  EXPECT_EQ(Texts("${X:-}"), "[]");
  EXPECT_EQ(Texts("${X:-d}", {{"X", ""}}), "[]");
  EXPECT_EQ(Texts("\"${X:-a:-b \"c\"}\""), "[a:-b \"c\"]");
}

TEST(LexerTest, OnlyTheFirstColonStartsAFallback) {
  EXPECT_EQ(Texts("${A:B:-c}", {{"A:B:-c", "x"}}), "[x]");
}

TEST(LexerTest, ExpandedTextIsNotReadAgain) {
  EXPECT_EQ(Texts("\"${X}\"", {{"X", "\\n${Y}\""}}), "[\\n${Y}\"]");
}

TEST(LexerTest, UnsetVariableIsEmptyWithAWarning) {
  EXPECT_EQ(Texts("${X}"),
            "[] f:1: warning: environment variable \"X\" is not set");
}

TEST(LexerTest, DollarAloneIsOrdinary) {
  EXPECT_EQ(Texts("$X \"$X $\""), "[$X][$X $]");
}

TEST(LexerTest, OpenStringsAndCommentsAreReportedWhereTheyStart) {
  EXPECT_EQ(Mistake("a\n \"b\nc"), "2:2 this string is never closed with \"");
  EXPECT_EQ(Mistake("\"b\\"), "1:1 this string is never closed with \"");
  EXPECT_EQ(Mistake("\"b\\\""), "1:1 this string is never closed with \"");
  EXPECT_EQ(Mistake("a 'b\\'"), "1:3 this string is never closed with '");
  EXPECT_EQ(Mistake("a 'b\\"), "1:3 this string is never closed with '");
  EXPECT_EQ(Mistake("a /* b *"), "1:3 this comment is never closed with */");
  EXPECT_EQ(Mistake("/*/"), "1:1 this comment is never closed with */");
}

TEST(LexerTest, OpenVariableIsReported) {
  const std::string message =
      "\"${\" without \"}\" on the same line; write \\${ in double quotes for "
      "these two characters";
  EXPECT_EQ(Mistake("${X\n}"), "1:1 " + message);
  EXPECT_EQ(Mistake("\"a${X\""), "1:3 " + message);
}

TEST(LexerTest, BadNumericEscapesAreReported) {
  EXPECT_EQ(Mistake(R"("a\400")"), "1:4 octal escape above \\377");
  const std::string message =
      "\" is not an escape: octal takes up to three digits from 0 to 7";
  EXPECT_EQ(Mistake(R"("\8")"), "1:2 \"\\8" + message);
  EXPECT_EQ(Mistake(R"("\18")"), "1:2 \"\\18" + message);
  EXPECT_EQ(Mistake(R"("\1234")"), "1:2 \"\\1234" + message);
}

TEST(LexerTest, StarAndPlusOutsideQuotesAreReportedOnceAndKept) {
  const std::string message =
      " outside of quotes; write the whole value in quotes";
  EXPECT_EQ(Mistake("*.a.*"), "1:1 \"*\"" + message);
  EXPECT_EQ(Mistake("a+b"), "1:2 \"+\"" + message);
  EXPECT_EQ(Mistake("80/*x*/"), "1:4 \"*\"" + message);
  EXPECT_EQ(Lex("*.a.*").tokens[0].text, "*.a.*");
}

TEST(LexerTest, NulBytesAreReported) {
  const std::string message = "a value cannot hold a NUL byte";
  EXPECT_EQ(Mistake(std::string_view("a\0b", 3)), "1:1 " + message);
  EXPECT_EQ(Mistake(std::string_view("\"\0\"", 3)), "1:1 " + message);
  EXPECT_EQ(Mistake(R"("\0")"), "1:1 " + message);
  EXPECT_EQ(Mistake(R"("\x00")"), "1:1 " + message);
}

TEST(LexerTest, LongTokensAreReportedOnceAndCut) {
  const std::string longest(kTokenBytesMax, 'a');
  EXPECT_EQ(Lex(longest).diagnostics.size(), 0u);
  EXPECT_EQ(Mistake(longest + "aaaa"), "1:1 longer than 65536 bytes");
  EXPECT_LE(Lex(longest + "aaaa").tokens[0].text.size(), kTokenBytesMax + 1);
}

TEST(LexerTest, ExpansionOfAllVariablesIsBounded) {
  const std::string value(kTokenBytesMax, 'a');
  std::string text;
  for (size_t i = 0; i <= kExpansionBytesMax / kTokenBytesMax; ++i) {
    text += "${X} ";
  }
  const Lexed lexed = Lex(text, {{"X", value}});
  ASSERT_EQ(lexed.diagnostics.size(), 1u);
  EXPECT_EQ(lexed.diagnostics[0].message,
            "environment variables expand to too much text");
}

TEST(DescribeTest, NamesEachToken) {
  EXPECT_EQ(Describe({.kind = Token::Kind::kEnd}), "end of file");
  EXPECT_EQ(Describe({.kind = Token::Kind::kWord, .text = "a"}), "\"a\"");
  EXPECT_EQ(Describe({.kind = Token::Kind::kOpen, .text = "{"}), "\"{\"");
}

}  // namespace
}  // namespace rproxy::config
