/* A table from short strings to numbers, laid out to be mapped from a file. */
#ifndef WEIGHBRIDGE_STRING_TABLE_H
#define WEIGHBRIDGE_STRING_TABLE_H

#include "bytes.h"

#define ABSENT UINT32_MAX

/* A string of up to eight bytes is in its bucket: what takes time is to fetch memory, not to compare. `check` is 24 bits
   of hash and 8 of length (255: longer). The number of a free bucket is ABSENT. */
struct bucket {
    u64 head;
    u32 number, check;
};

#define HEAD_BYTES 8

struct strings {
    u32 capacity;
    u32 count;
    u32 longest;
    const struct bucket *buckets;
    const u32 *offsets; /* count + 1 places in `text` */
    const u8 *text;
};

/* A string as it is looked for. */
struct sought {
    u64 head, hash;
    u32 check;
};

static inline u64 head_of(const u8 *at, u32 length) {
    if (length >= HEAD_BYTES) return load64(at);
    if (length >= 4) return load32(at) | (u64)load32(at + length - 4) << (length - 4) * 8;
    if (!length) return 0;
    u32 middle = length >> 1, last = length - 1;
    return (u64)at[0] | (u64)at[middle] << middle * 8 | (u64)at[last] << last * 8;
}

static inline struct sought seek(const u8 *at, u32 length) {
    u64 head = head_of(at, length);
    u64 hash = length > HEAD_BYTES ? hash_bytes(at, length)
                                   : mixed(head ^ 0x9E3779B97F4A7C15u, 0xD1B54A32D192ED03u ^ length);
    return (struct sought){head, hash, (u32)hash << 8 | (length < 255 ? length : 255)};
}

static inline u32 first_bucket(u64 hash, u32 capacity) { return (u32)(((hash >> 32) * capacity) >> 32); }

static inline u32 find_string(const struct strings *table, const u8 *at, u32 length) {
    if (length > table->longest) return ABSENT;
    struct sought sought = seek(at, length);
    for (u32 place = first_bucket(sought.hash, table->capacity);; place = place + 1 == table->capacity ? 0 : place + 1) {
        const struct bucket *bucket = table->buckets + place;
        if (bucket->number == ABSENT) return ABSENT;
        if (bucket->head != sought.head || bucket->check != sought.check) continue;
        if (length <= HEAD_BYTES) return bucket->number;
        u32 begin = table->offsets[bucket->number], end = table->offsets[bucket->number + 1];
        if (end - begin == length && are_equal(table->text + begin, at, length)) return bucket->number;
    }
}

/* Fill free buckets with the strings; where two are equal the first one stays. */
void fill_strings(struct bucket *buckets, u32 capacity, const u32 *offsets, const u8 *text, u32 count);

#endif
