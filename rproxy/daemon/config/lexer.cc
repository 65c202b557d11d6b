#include "rproxy/daemon/config/lexer.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rproxy::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Ends a word. '*' and '+' do not end it here, see Word().
bool EndsWord(char c) {
  switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '#':
    case '"':
    case '\'':
    case '=':
    case '{':
    case '}':
    case '(':
    case ')':
    case ',':
      return true;
    default:
      return false;
  }
}

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// The value of the hexadecimal or decimal digit `c`.
unsigned DigitValue(char c) {
  if (absl::ascii_isdigit(c)) return c - '0';
  return absl::ascii_tolower(c) - 'a' + 10;
}

}  // namespace

std::string Describe(const Token& token) {
  switch (token.kind) {
    case Token::Kind::kEnd:
      return "end of file";
    case Token::Kind::kWord:
    case Token::Kind::kAssign:
    case Token::Kind::kAppend:
    case Token::Kind::kOpen:
    case Token::Kind::kClose:
    case Token::Kind::kComma:
    case Token::Kind::kParenthesis:
      return Quoted(token.text);
  }
  return "";
}

Lexer::Lexer(std::string_view text, std::string_view file,
             const Environment& environment, Diagnostics& diagnostics)
    : text_(text),
      file_(file),
      environment_(environment),
      diagnostics_(diagnostics) {
  // Editors write one; libconfuse would take it for a part of the first name.
  if (LookingAt(kByteOrderMark)) offset_ = kByteOrderMark.size();
}

char Lexer::Peek(size_t ahead) const {
  return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
}

bool Lexer::LookingAt(std::string_view prefix) const {
  return absl::StartsWith(text_.substr(offset_), prefix);
}

char Lexer::Advance() {
  const char c = text_[offset_++];
  if (c == '\n') {
    ++line_;
    column_ = 1;
  } else {
    ++column_;
  }
  return c;
}

Token Lexer::Next() {
  SkipSpaceAndComments();
  if (AtEnd()) return {.kind = Token::Kind::kEnd, .position = Here()};
  switch (Peek()) {
    case '=':
      return Punctuation(Token::Kind::kAssign, 1);
    case '{':
      return Punctuation(Token::Kind::kOpen, 1);
    case '}':
      return Punctuation(Token::Kind::kClose, 1);
    case ',':
      return Punctuation(Token::Kind::kComma, 1);
    case '(':
    case ')':
      return Punctuation(Token::Kind::kParenthesis, 1);
    case '"':
      return DoubleQuoted();
    case '\'':
      return SingleQuoted();
    default:
      break;
  }
  if (LookingAt("+=")) return Punctuation(Token::Kind::kAppend, 2);
  if (LookingAt("${")) {
    Token token{.kind = Token::Kind::kWord, .position = Here()};
    Variable(token);
    return token;
  }
  return Word();
}

void Lexer::SkipSpaceAndComments() {
  while (!AtEnd()) {
    const char c = Peek();
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      Advance();
    } else if (c == '#' || LookingAt("//")) {
      while (!AtEnd() && Peek() != '\n') Advance();
    } else if (LookingAt("/*")) {
      SkipBlockComment();
    } else {
      return;
    }
  }
}

void Lexer::SkipBlockComment() {
  const Position start = Here();
  Advance();
  Advance();
  while (!AtEnd()) {
    if (LookingAt("*/")) {
      Advance();
      Advance();
      return;
    }
    Advance();
  }
  diagnostics_.Error(start, "this comment is never closed with */");
}

Token Lexer::Punctuation(Token::Kind kind, size_t length) {
  Token token{.kind = kind, .position = Here()};
  for (size_t i = 0; i < length; ++i) token.text.push_back(Advance());
  return token;
}

// libconfuse ends a word at '*' and at '+' and then drops that character, so
// that `vhost *.org` quietly means ".org". Here both stay in the word, as they
// were meant, and are reported. "+=" still ends a word.
Token Lexer::Word() {
  Token token{.kind = Token::Kind::kWord, .position = Here()};
  bool reported = false;
  while (!AtEnd() && !EndsWord(Peek()) && !LookingAt("+=")) {
    if ((Peek() == '*' || Peek() == '+') && !reported) {
      diagnostics_.Error(Here(), absl::StrCat("\"", std::string(1, Peek()),
                                              "\" outside of quotes; write "
                                              "the whole value in quotes"));
      reported = true;
    }
    Append(token, Advance());
  }
  return token;
}

Token Lexer::DoubleQuoted() {
  Token token{.kind = Token::Kind::kWord, .position = Here()};
  Advance();
  while (!AtEnd()) {
    if (Peek() == '"') {
      Advance();
      return token;
    }
    if (Peek() == '\\') {
      Escape(token);
    } else if (LookingAt("${")) {
      Variable(token);
    } else {
      Append(token, Advance());
    }
  }
  diagnostics_.Error(token.position, "this string is never closed with \"");
  return token;
}

Token Lexer::SingleQuoted() {
  Token token{.kind = Token::Kind::kWord, .position = Here()};
  Advance();
  while (!AtEnd()) {
    const char c = Advance();
    if (c == '\'') return token;
    if (c == '\\' && !AtEnd()) {
      if (Peek() == '\n') {
        Advance();
        continue;
      }
      if (Peek() == '\\' || Peek() == '\'') {
        Append(token, Advance());
        continue;
      }
    }
    Append(token, c);
  }
  diagnostics_.Error(token.position, "this string is never closed with '");
  return token;
}

void Lexer::Escape(Token& token) {
  const Position start = Here();
  if (absl::ascii_isdigit(Peek(1))) {
    // As in libconfuse, all digits belong to the escape: \1234 is an error.
    size_t digits = 1;
    while (absl::ascii_isdigit(Peek(1 + digits))) ++digits;
    bool octal = digits <= 3;
    for (size_t i = 0; i < digits; ++i) octal = octal && IsOctal(Peek(1 + i));
    Advance();
    if (octal) return NumericEscape(token, 8, 3);
    diagnostics_.Error(
        start, absl::StrCat("\"", text_.substr(offset_ - 1, digits + 1),
                            "\" is not an escape: octal takes up to three "
                            "digits from 0 to 7"));
    for (size_t i = 0; i < digits; ++i) Advance();
    return;
  }
  Advance();
  if (AtEnd()) return;  // The caller reports the open string.
  if (Peek() == 'x' && absl::ascii_isxdigit(Peek(1))) {
    Advance();
    return NumericEscape(token, 16, 2);
  }
  const char c = Advance();
  switch (c) {
    case '\n':
      return;
    case 'n':
      return Append(token, '\n');
    case 't':
      return Append(token, '\t');
    case 'r':
      return Append(token, '\r');
    case 'b':
      return Append(token, '\b');
    case 'f':
      return Append(token, '\f');
    case 'a':
      return Append(token, '\a');
    case 'e':
      return Append(token, '\033');
    case 'v':
      return Append(token, '\v');
    default:
      return Append(token, c);
  }
}

void Lexer::NumericEscape(Token& token, unsigned base, size_t digits_max) {
  const Position start = Here();
  unsigned value = 0;
  for (size_t i = 0; i < digits_max; ++i) {
    const char c = Peek();
    if (base == 8 ? !IsOctal(c) : !absl::ascii_isxdigit(c)) break;
    value = value * base + DigitValue(Advance());
  }
  if (value > 0xFF) {
    diagnostics_.Error(start, "octal escape above \\377");
    return;
  }
  Append(token, static_cast<char>(value));
}

// Appends the value of the ${...} here.
void Lexer::Variable(Token& token) {
  const Position start = Here();
  const std::string_view rest = text_.substr(offset_);
  const size_t end = rest.find_first_of("}\n");
  if (end == std::string_view::npos || rest[end] == '\n') {
    diagnostics_.Error(start,
                       "\"${\" without \"}\" on the same line; write \\${ "
                       "in double quotes for these two characters");
    // As text, like any other two characters.
    Append(token, Advance());
    Append(token, Advance());
    return;
  }
  std::string name(rest.substr(2, end - 2));
  for (size_t i = 0; i <= end; ++i) Advance();

  std::optional<std::string> fallback;
  const size_t colon = name.find(':');
  if (colon != std::string::npos && name.substr(colon, 2) == ":-") {
    fallback = name.substr(colon + 2);
    name.resize(colon);
  }
  std::optional<std::string> value;
  if (environment_) value = environment_(name);
  if (!value) value = std::move(fallback);
  if (!value) {
    diagnostics_.Warning(start, absl::StrCat("environment variable ",
                                             Quoted(name), " is not set"));
    return;
  }
  expanded_bytes_ += value->size();
  if (expanded_bytes_ > kExpansionBytesMax) {
    diagnostics_.Error(start, "environment variables expand to too much text");
    return;
  }
  for (const char c : *value) Append(token, c);
  return;
}

void Lexer::Append(Token& token, char c) {
  if (c == '\0') {
    diagnostics_.Error(token.position, "a value cannot hold a NUL byte");
    return;
  }
  if (token.text.size() == kTokenBytesMax) {
    diagnostics_.Error(token.position,
                       absl::StrCat("longer than ", kTokenBytesMax, " bytes"));
  }
  // One byte over the bound marks that the bound was reported.
  if (token.text.size() <= kTokenBytesMax) token.text.push_back(c);
}

}  // namespace rproxy::config
