#include "rproxy/core/http/header_map.h"

#include <limits>

#include "absl/strings/match.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/characters.h"

namespace rproxy {

bool IsToken(absl::string_view text) {
  return !text.empty() && AllIn(kTokenCharacter, text);
}

bool IsFieldValue(absl::string_view text) {
  if (text.empty()) return true;
  return !IsOws(text.front()) && !IsOws(text.back()) &&
         AllIn(kFieldCharacter, text);
}

void HeaderMap::Add(absl::string_view name, absl::string_view value) {
  const size_t offset = block_.size();
  block_.append(name);
  block_.append(value);
  AddFromBlock(offset, name.size(), offset + name.size(), value.size());
}

void HeaderMap::StartBlock(absl::string_view block, size_t fields) {
  Clear();
  entries_.reserve(fields);
  block_.assign(block);
}

void HeaderMap::AddFromBlock(size_t name_offset, size_t name_size,
                             size_t value_offset, size_t value_size) {
  // A cut offset would let one field's text pass for another's.
  CHECK_LE(name_size, std::numeric_limits<uint16_t>::max());
  CHECK_LE(block_.size(), std::numeric_limits<uint32_t>::max());
  DCHECK_LE(name_offset + name_size, block_.size());
  DCHECK_LE(value_offset + value_size, block_.size());
  const FieldId id = FieldIdOf({block_.data() + name_offset, name_size});
  entries_.push_back({.name_offset = static_cast<uint32_t>(name_offset),
                      .value_offset = static_cast<uint32_t>(value_offset),
                      .value_size = static_cast<uint32_t>(value_size),
                      .name_size = static_cast<uint16_t>(name_size),
                      .id = id,
                      .removed = false});
  ++live_;
}

void HeaderMap::Set(absl::string_view name, absl::string_view value) {
  Remove(name);
  Add(name, value);
}

size_t HeaderMap::Remove(absl::string_view name) {
  const FieldId id = FieldIdOf(name);
  if (id != FieldId::kOther) return Remove(id);
  size_t removed = 0;
  for (Entry& entry : entries_) {
    if (entry.removed || entry.id != FieldId::kOther) continue;
    if (!absl::EqualsIgnoreCase(ToField(entry).name, name)) continue;
    entry.removed = true;
    ++removed;
  }
  live_ -= removed;
  return removed;
}

size_t HeaderMap::Remove(FieldId id) {
  DCHECK(id != FieldId::kOther);
  size_t removed = 0;
  for (Entry& entry : entries_) {
    if (entry.removed || entry.id != id) continue;
    entry.removed = true;
    ++removed;
  }
  live_ -= removed;
  return removed;
}

const HeaderMap::Entry* HeaderMap::FindEntry(absl::string_view name,
                                             FieldId id) const {
  for (const Entry& entry : entries_) {
    if (entry.removed || entry.id != id) continue;
    if (id == FieldId::kOther &&
        !absl::EqualsIgnoreCase(ToField(entry).name, name)) {
      continue;
    }
    return &entry;
  }
  return nullptr;
}

std::optional<absl::string_view> HeaderMap::Find(absl::string_view name) const {
  const Entry* entry = FindEntry(name, FieldIdOf(name));
  if (entry == nullptr) return std::nullopt;
  return ToField(*entry).value;
}

std::optional<absl::string_view> HeaderMap::Find(FieldId id) const {
  DCHECK(id != FieldId::kOther);
  const Entry* entry = FindEntry("", id);
  if (entry == nullptr) return std::nullopt;
  return ToField(*entry).value;
}

size_t HeaderMap::Count(FieldId id) const {
  size_t count = 0;
  for (const Entry& entry : entries_) {
    if (!entry.removed && entry.id == id) ++count;
  }
  return count;
}

bool HeaderMap::ListContains(FieldId id, absl::string_view element) const {
  for (const Entry& entry : entries_) {
    if (entry.removed || entry.id != id) continue;
    absl::string_view rest = ToField(entry).value;
    while (true) {
      const size_t comma = rest.find(',');
      if (absl::EqualsIgnoreCase(TrimOws(rest.substr(0, comma)), element)) {
        return true;
      }
      if (comma == absl::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

void HeaderMap::Clear() {
  block_.clear();
  entries_.clear();
  live_ = 0;
}

void HeaderMap::Reserve(size_t bytes, size_t fields) {
  block_.reserve(block_.size() + bytes);
  entries_.reserve(entries_.size() + fields);
}

}  // namespace rproxy
