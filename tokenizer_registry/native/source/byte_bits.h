/* A block of bytes as a vector, and a bit for each of them. */
#ifndef WEIGHBRIDGE_BYTE_BITS_H
#define WEIGHBRIDGE_BYTE_BITS_H

#include "bytes.h"

typedef u8 bytes64 __attribute__((ext_vector_type(BLOCK_BYTES)));
typedef _Bool bits64 __attribute__((ext_vector_type(BLOCK_BYTES)));

/* Return a bit for each byte that is not 0. */
static inline u64 bits_of(bytes64 bytes) {
    bits64 bits = __builtin_convertvector(bytes, bits64);
    u64 mask;
    memcpy(&mask, &bits, sizeof mask);
    return mask;
}

static inline bytes64 load_block(const u8 *block) {
    bytes64 bytes;
    memcpy(&bytes, block, sizeof bytes);
    return bytes;
}

#endif
