// Header fields in the order of arrival, repeats included.
//
// All bytes live in one block and entries are offsets into it: adding a field
// allocates nothing but the block's growth, and copying a map is two copies.
// Names compare without regard to case (RFC 9110 section 5.1) and keep their
// spelling. Nothing is validated here: parsers do it before, and `IsToken` and
// `IsFieldValue` are for everyone else who adds fields from outside.
//
// Views that the map returns are valid until it is next changed.
//
// Threading: a plain value.

#ifndef RPROXY_CORE_HTTP_HEADER_MAP_H_
#define RPROXY_CORE_HTTP_HEADER_MAP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/http_types.h"

namespace rproxy {

// RFC 9110 section 5.6.2: one or more token characters.
bool IsToken(absl::string_view text);
// RFC 9110 section 5.5: no control character but tab, no white space at
// either end. Bytes above 0x7f (obs-text) are allowed.
bool IsFieldValue(absl::string_view text);

class HeaderMap {
 public:
  struct Field {
    FieldId id;
    absl::string_view name;
    absl::string_view value;
  };

  // Appends a field. `name` and `value` must not point into this map; names
  // are at most 65535 bytes, and a map holds at most 4 GiB.
  void Add(absl::string_view name, absl::string_view value);

  // Replaces all fields of that name by one.
  void Set(absl::string_view name, absl::string_view value);

  // Removes all fields of that name; returns how many there were.
  size_t Remove(absl::string_view name);
  size_t Remove(FieldId id);

  // The first field's value, if there is one.
  std::optional<absl::string_view> Find(absl::string_view name) const;
  // `id` must not be kOther.
  std::optional<absl::string_view> Find(FieldId id) const;
  size_t Count(FieldId id) const;

  // True if a comma-separated list field (all its copies) has `element`, which
  // is compared without regard to case. RFC 9110 section 5.6.1.
  bool ListContains(FieldId id, absl::string_view element) const;

  size_t size() const { return live_; }
  bool empty() const { return live_ == 0; }

  // Calls `visit(const Field&)` for each field in order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Entry& entry : entries_) {
      if (!entry.removed) visit(ToField(entry));
    }
  }

  void Clear();

  // For parsers: starts over with a copy of `block`, text in which the names
  // and values of up to `fields` fields stand, and then adds each field by
  // where it stands there. Nothing is allocated but by StartBlock.
  void StartBlock(absl::string_view block, size_t fields);
  void AddFromBlock(size_t name_offset, size_t name_size, size_t value_offset,
                    size_t value_size);

  // Makes room for `bytes` of names and values and `fields` fields.
  void Reserve(size_t bytes, size_t fields);

 private:
  struct Entry {
    uint32_t name_offset;
    uint32_t value_offset;
    uint32_t value_size;
    uint16_t name_size;
    FieldId id;
    bool removed;
  };

  Field ToField(const Entry& entry) const {
    return {entry.id,
            {block_.data() + entry.name_offset, entry.name_size},
            {block_.data() + entry.value_offset, entry.value_size}};
  }

  const Entry* FindEntry(absl::string_view name, FieldId id) const;

  // Text that no entry points to may stand between that of entries.
  std::string block_;
  std::vector<Entry> entries_;
  size_t live_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_HEADER_MAP_H_
