#include "rproxy/core/http/serializer.h"

#include <cstddef>

#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/characters.h"

namespace rproxy {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";
constexpr size_t kFieldOverhead = 4;  // ": " and the line end.

size_t FieldsSize(const HeaderMap& headers) {
  size_t bytes = kLineEnd.size();
  headers.ForEach([&](const HeaderMap::Field& field) {
    bytes += field.name.size() + field.value.size() + kFieldOverhead;
  });
  return bytes;
}

void AppendFields(const HeaderMap& headers, std::string& out) {
  headers.ForEach([&](const HeaderMap::Field& field) {
    DCHECK(IsToken(field.name)) << "not a field name";
    DCHECK(IsFieldValue(field.value)) << "not a value of " << field.name;
    out.append(field.name);
    out.append(": ");
    out.append(field.value);
    out.append(kLineEnd);
  });
  out.append(kLineEnd);
}

}  // namespace

void SerializeHead(const RequestHead& head, std::string& out) {
  DCHECK(IsToken(head.method));
  DCHECK(!head.target.empty() && AllIn(kTargetCharacter, head.target));
  const absl::string_view version = ToString(head.version);
  out.reserve(out.size() + head.method.size() + head.target.size() +
              version.size() + 4 + FieldsSize(head.headers));
  out.append(head.method);
  out.push_back(' ');
  out.append(head.target);
  out.push_back(' ');
  out.append(version);
  out.append(kLineEnd);
  AppendFields(head.headers, out);
}

void SerializeHead(const ResponseHead& head, std::string& out) {
  DCHECK(head.status >= 100 && head.status <= 999);
  DCHECK(AllIn(kFieldCharacter, head.reason));
  const absl::string_view version = ToString(head.version);
  out.reserve(out.size() + version.size() + head.reason.size() + 7 +
              FieldsSize(head.headers));
  out.append(version);
  out.push_back(' ');
  out.push_back(static_cast<char>('0' + head.status / 100));
  out.push_back(static_cast<char>('0' + head.status / 10 % 10));
  out.push_back(static_cast<char>('0' + head.status % 10));
  // RFC 9112 section 4: the space stays even when the reason is empty.
  out.push_back(' ');
  out.append(head.reason);
  out.append(kLineEnd);
  AppendFields(head.headers, out);
}

void SerializeChunkStart(uint64_t size, std::string& out) {
  DCHECK_NE(size, 0U) << "an empty chunk would end the body";
  constexpr char kDigits[] = "0123456789abcdef";
  char text[18];
  char* const end = text + sizeof(text);
  char* at = end;
  *--at = '\n';
  *--at = '\r';
  for (; size != 0; size >>= 4) *--at = kDigits[size & 0xf];
  out.append(at, static_cast<size_t>(end - at));
}

void SerializeLastChunk(const HeaderMap& trailers, std::string& out) {
  out.append("0\r\n");
  AppendFields(trailers, out);
}

}  // namespace rproxy
