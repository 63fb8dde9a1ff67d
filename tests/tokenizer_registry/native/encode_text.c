/* Writes UTF-8 for a test: the library itself gives no texts back. */
#include "../../../tokenizer_registry/native/source/code_points.h"
#include "../../../tokenizer_registry/native/source/weighbridge.h"

EXPORTED u64 encode_text(const u32 *code_points, u64 count, u8 *to) { return write_utf8(code_points, count, to); }
