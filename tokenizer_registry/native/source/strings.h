/* A table from short strings to numbers, laid out to be mapped from a file. */
#ifndef WEIGHBRIDGE_STRINGS_H
#define WEIGHBRIDGE_STRINGS_H

#include "bytes.h"

#define ABSENT UINT32_MAX

/* A slot is 32 bits of hash, 8 of length (255: longer) and 24 of number + 1; 0 is free. */
struct strings {
    u32 capacity;
    u32 count;
    u32 longest;
    const u64 *slots;
    const u32 *offsets; /* count + 1 places in `text` */
    const u8 *text;
};

static inline u32 first_slot(u64 hash, u32 capacity) { return (u32)(((hash >> 32) * capacity) >> 32); }

static inline u64 slot_key(u64 hash, u32 length) {
    return (hash & 0xFFFFFFFFu) << 32 | (u64)(length < 255 ? length : 255) << 24;
}

static inline u32 find_string(const struct strings *table, const u8 *at, u32 length) {
    if (length > table->longest) return ABSENT;
    u64 hash = hash_bytes(at, length), key = slot_key(hash, length);
    for (u32 place = first_slot(hash, table->capacity);; place = place + 1 == table->capacity ? 0 : place + 1) {
        u64 slot = table->slots[place];
        if (!slot) return ABSENT;
        if ((slot & ~(u64)0xFFFFFF) != key) continue;
        u32 number = (u32)(slot & 0xFFFFFF) - 1, begin = table->offsets[number];
        if (table->offsets[number + 1] - begin == length && are_equal(table->text + begin, at, length)) return number;
    }
}

/* Fill free slots with the strings; where two are equal the first one stays. */
void fill_strings(u64 *slots, u32 capacity, const u32 *offsets, const u8 *text, u32 count);

#endif
