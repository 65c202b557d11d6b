// Which bytes may stand where: one table for all of HTTP's character classes.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_HTTP_CHARACTERS_H_
#define RPROXY_CORE_HTTP_CHARACTERS_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace rproxy {

enum CharacterClass : uint8_t {
  kTokenCharacter = 1,    // RFC 9110 section 5.6.2, tchar.
  kFieldCharacter = 2,    // RFC 9110 section 5.5: tab, space, VCHAR, obs-text.
  kTargetCharacter = 4,   // What a request target may hold: VCHAR but "#".
  kRegNameCharacter = 8,  // RFC 3986 section 3.2.2, but for "%" and ",".
  kHexDigit = 16,
};

namespace characters_internal {

constexpr bool Contains(absl::string_view set, unsigned char c) {
  for (const char member : set) {
    if (static_cast<unsigned char>(member) == c) return true;
  }
  return false;
}

constexpr std::array<uint8_t, 256> MakeTable() {
  std::array<uint8_t, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool visible = c > 0x20 && c < 0x7f;
    uint8_t classes = 0;
    if (digit || letter || Contains("!#$%&'*+-.^_`|~", c)) {
      classes |= kTokenCharacter;
    }
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) classes |= kFieldCharacter;
    if (visible && c != '#') classes |= kTargetCharacter;
    // A comma is a sub-delim of RFC 3986, but in a Host field it means that
    // two fields were joined, and no name in use has one.
    if (digit || letter || Contains("-._~!$&'()*+;=", c)) {
      classes |= kRegNameCharacter;
    }
    if (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      classes |= kHexDigit;
    }
    table[i] = classes;
  }
  return table;
}

inline constexpr std::array<uint8_t, 256> kTable = MakeTable();

}  // namespace characters_internal

constexpr bool IsIn(CharacterClass wanted, char c) {
  const auto index = static_cast<unsigned char>(c);
  return (characters_internal::kTable[index] & wanted) != 0;
}

// True if each byte of `text` is in `wanted`; of the empty text, too.
constexpr bool AllIn(CharacterClass wanted, absl::string_view text) {
  for (const char c : text) {
    if (!IsIn(wanted, c)) return false;
  }
  return true;
}

// Optional white space of RFC 9110 section 5.6.3.
constexpr bool IsOws(char c) { return c == ' ' || c == '\t'; }

constexpr absl::string_view TrimOws(absl::string_view text) {
  while (!text.empty() && IsOws(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsOws(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_CHARACTERS_H_
