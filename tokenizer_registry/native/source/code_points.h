/* UTF-8 of code points. */
#ifndef WEIGHBRIDGE_CODE_POINTS_H
#define WEIGHBRIDGE_CODE_POINTS_H

#include "bytes.h"

#define ABSENT_UTF8 UINT64_MAX

/* The room that `write_utf8` needs. */
static inline u64 utf8_room(u64 count) { return 4 * (count + 1); }

/* Write the UTF-8 of `count` code points. Return its length, or ABSENT_UTF8 if one is a surrogate, which has none. */
u64 write_utf8(const u32 *code_points, u64 count, u8 *to);

#endif
