/* A hash table from short strings to numbers, mapped from a file as it is.

   Invariant: at least one bucket is free, so that each look-up ends. */
#ifndef WEIGHBRIDGE_STRING_TABLE_H
#define WEIGHBRIDGE_STRING_TABLE_H

#include "bytes.h"

#define ABSENT UINT32_MAX

/* A string of up to eight bytes is in its bucket, because loading memory takes longer than comparing. `check`: 24 bits
   of hash, 8 of length (255: longer). A free bucket has the number ABSENT. */
struct bucket {
    u64 prefix;
    u32 number, check;
};

#define PREFIX_BYTES 8

struct string_table {
    u32 capacity;
    u32 count;
    u32 longest;
    const struct bucket *buckets;
    const u32 *offsets; /* count + 1 offsets in `text` */
    const u8 *text;
};

/* A string to look up. */
struct sought {
    u64 prefix, hash;
    u32 check;
};

static inline u64 prefix_of(const u8 *at, u32 length) {
    if (length >= PREFIX_BYTES) return load64(at);
    if (length >= 4) return load32(at) | (u64)load32(at + length - 4) << (length - 4) * 8;
    if (!length) return 0;
    u32 middle = length >> 1, last = length - 1;
    return (u64)at[0] | (u64)at[middle] << middle * 8 | (u64)at[last] << last * 8;
}

static inline struct sought seek(const u8 *at, u32 length) {
    u64 prefix = prefix_of(at, length);
    u64 hash = length > PREFIX_BYTES ? hash_bytes(at, length)
                                   : mixed(prefix ^ 0x9E3779B97F4A7C15u, 0xD1B54A32D192ED03u ^ length);
    return (struct sought){prefix, hash, (u32)hash << 8 | (length < 255 ? length : 255)};
}

static inline u32 first_bucket(u64 hash, u32 capacity) { return (u32)(((hash >> 32) * capacity) >> 32); }

static inline u32 find_string(const struct string_table *table, const u8 *at, u32 length) {
    if (length > table->longest) return ABSENT;
    struct sought sought = seek(at, length);
    u32 place = first_bucket(sought.hash, table->capacity);
    for (;; place = place + 1 == table->capacity ? 0 : place + 1) {
        const struct bucket *bucket = table->buckets + place;
        if (bucket->number == ABSENT) return ABSENT;
        if (bucket->prefix != sought.prefix || bucket->check != sought.check) continue;
        if (length <= PREFIX_BYTES) return bucket->number;
        u32 begin = table->offsets[bucket->number], end = table->offsets[bucket->number + 1];
        if (end - begin == length && are_equal(table->text + begin, at, length)) return bucket->number;
    }
}

/* Fill free buckets with the strings; of equal strings the first one counts. */
void fill_strings(struct bucket *buckets, u32 capacity, const u32 *offsets, const u8 *text, u32 count);

#endif
