// Writes heads and framing onto a Buffer. Bodies are appended by their owners.
//
// Heads are written as they are, fields in order: what belongs in them
// (framing fields, Connection, Date) is the caller's decision. Text that could
// end a line early is a bug of the caller and is CHECKed in debug builds.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_HTTP_SERIALIZER_H_
#define RPROXY_CORE_HTTP_SERIALIZER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/message.h"

namespace rproxy {

// Appends to `out` the request or status line, the fields, the empty line.
// Strings, because a head is written as one piece: hand it to Buffer::Append.
void SerializeHead(const RequestHead& head, std::string& out);
void SerializeHead(const ResponseHead& head, std::string& out);

// "1a2b\r\n": what precedes `size` bytes of chunk data. `size` is not 0.
void SerializeChunkStart(uint64_t size, std::string& out);
// What follows the data of a chunk.
inline constexpr absl::string_view kChunkEnd = "\r\n";
// "0\r\n", the trailer fields, the empty line.
void SerializeLastChunk(const HeaderMap& trailers, std::string& out);

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_SERIALIZER_H_
