// Cuts configuration text into tokens, by the rules of libconfuse.
//
// The lexer owns nothing but its place in the text. It reads no file and no
// environment: both are given. Mistakes are reported and mended (a bad escape
// becomes nothing, an open string ends with the file), so that the parser can
// go on to the next mistake.
//
//   # ...  // ...  /* ... */     comments, anywhere between two tokens
//   word                         a run without  # " ' = { } ( ) + , *
//                                and white space
//   "..."                        \n \t \r \b \f \a \e \v, \ooo, \xHH, \c is c,
//                                backslash and newline join lines, ${...}
//   '...'                        literal but for \\ and \'
//   ${NAME} ${NAME:-default}     from the environment, also on its own
//   = += { } ,                   punctuation
//
// Stricter than libconfuse, which drops or guesses: a stray * or +, a string,
// comment or ${ that never ends, and NUL bytes are errors.
//
// Threading: one thread at a time.

#ifndef RPROXY_DAEMON_CONFIG_LEXER_H_
#define RPROXY_DAEMON_CONFIG_LEXER_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "rproxy/daemon/config/diagnostic.h"

namespace rproxy::config {

// Looks a variable up. Empty stands for an environment without variables.
using Environment =
    std::function<std::optional<std::string>(const std::string& name)>;

// The longest word or string. Patterns and paths are far below it.
inline constexpr size_t kTokenBytesMax = 64 * 1024;

// What all ${...} of one file may expand to together, so that a short file
// cannot multiply a long variable.
inline constexpr size_t kExpansionBytesMax = 1024 * 1024;

struct Token {
  enum class Kind {
    kEnd,
    kWord,         // A word, a string or a variable; `text` is its value.
    kAssign,       // =
    kAppend,       // +=
    kOpen,         // {
    kClose,        // }
    kComma,        // ,
    kParenthesis,  // ( or ), which no construct of ours uses.
  };

  Kind kind = Kind::kEnd;
  std::string text;
  Position position;
};

// The token as a message names it: a word in quotes, "end of file", or the
// punctuation in quotes.
std::string Describe(const Token& token);

class Lexer {
 public:
  // `text`, the string behind `file`, `environment` and `diagnostics` outlive
  // the lexer; `file` outlives the tokens too.
  Lexer(std::string_view text, std::string_view file,
        const Environment& environment, Diagnostics& diagnostics);

  // Returns the next token; after the last one, kEnd for ever.
  Token Next();

 private:
  bool AtEnd() const { return offset_ == text_.size(); }
  char Peek(size_t ahead = 0) const;
  bool LookingAt(std::string_view prefix) const;
  char Advance();
  void SkipSpaceAndComments();
  void SkipBlockComment();

  Token Punctuation(Token::Kind kind, size_t length);
  Token Word();
  Token DoubleQuoted();
  Token SingleQuoted();
  void Escape(Token& token);
  void NumericEscape(Token& token, unsigned base, size_t digits_max);
  void Variable(Token& token);
  void Append(Token& token, char c);
  Position Here() const { return {file_, line_, column_}; }

  const std::string_view text_;
  const std::string_view file_;
  const Environment& environment_;
  Diagnostics& diagnostics_;
  size_t offset_ = 0;
  int line_ = 1;
  int column_ = 1;
  size_t expanded_bytes_ = 0;
};

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_LEXER_H_
