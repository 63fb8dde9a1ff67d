#include "charsmap.h"

#define META_SPACE_BYTES 3

/* What is written so far, in memory up to `room`. */
struct mapped {
    struct scratch *scratch;
    u8 *begin, *to, *room;
};

/* What a rule makes of the text up to `behind`. */
struct rule {
    const u8 *behind, *into;
};

static inline u32 offset_of(u32 unit) { return unit >> 10 << (unit >> 6 & 8); }

/* Of a unit that has a value instead of a label it is no byte. */
static inline u32 label_of(u32 unit) { return unit & (1u << 31 | 0xFF); }

static inline int has_value(u32 unit) { return unit >> 8 & 1; }

/* Return the longest rule for a string that begins here; `behind` is NULL if there is none. */
static struct rule longest_rule(const struct charsmap *map, const u8 *at, const u8 *end) {
    struct rule found = {NULL, NULL};
    u32 place = offset_of(map->units[0]);
    while (at < end) {
        u32 unit = map->units[place ^ *at];
        if (label_of(unit) != *at) break;
        place ^= *at++ ^ offset_of(unit);
        if (has_value(unit)) found = (struct rule){at, map->into + (map->units[place] & ~(1u << 31))};
    }
    return found;
}

/* Return whether there is room for so many bytes, after making some. */
static int make_room(struct mapped *mapped, size_t bytes) {
    if ((size_t)(mapped->room - mapped->to) >= bytes) return 1;
    size_t written = (size_t)(mapped->to - mapped->begin), size = written + written / 2 + bytes;
    mapped->begin = scratch_reserve(mapped->scratch, size);
    if (!mapped->begin) return 0;
    mapped->to = mapped->begin + written;
    mapped->room = mapped->begin + size;
    return 1;
}

static void put(struct mapped *mapped, const u8 *from, size_t length) {
    memcpy(mapped->to, from, length);
    mapped->to += length;
}

static inline int is_meta_space(const u8 *at, u32 length) {
    return length == META_SPACE_BYTES && at[0] == 0xE2 && at[1] == 0x96 && at[2] == 0x81;
}

/* Write what becomes of the beginning, and return what is behind that; NULL if there is no memory. */
static const u8 *map_one(const struct charsmap *map, struct mapped *mapped, const u8 *at, const u8 *end) {
    struct rule rule = longest_rule(map, at, end);
    if (rule.behind) {
        size_t length = strlen((const char *)rule.into);
        if (!make_room(mapped, (size_t)(end - rule.behind) + length)) return NULL;
        put(mapped, rule.into, length);
        return rule.behind;
    }
    u32 length = character_length(*at);
    if (is_meta_space(at, length)) *mapped->to++ = ' ';
    else put(mapped, at, length);
    return at + length;
}

/* Return a number other than 0 if one of eight bytes is no printable ASCII. */
static inline u64 not_printable(u64 bytes) {
    const u64 each = 0x0101010101010101u;
    return (bytes | (bytes - each * ' ') | (bytes + each)) & each * 0x80;
}

const u8 *map_characters(
    const struct charsmap *map, const u8 *text, u32 *length, struct scratch *scratch, int *failed
) {
    const u8 *end = text + *length;
    struct mapped mapped = {.scratch = scratch};
    *failed = make_room(&mapped, *length + 1) ? 0 : NO_MEMORY;
    for (const u8 *at = text; !*failed && at < end;) {
        for (; end - at > 8 && at[8] < 0x80 && !not_printable(load64(at)); at += 8) put(&mapped, at, 8);
        at = map_one(map, &mapped, at, end);
        if (!at) *failed = NO_MEMORY;
        else if (mapped.to - mapped.begin > MAX_TEXT_BYTES) *failed = TOO_LONG;
    }
    *length = *failed ? 0 : (u32)(mapped.to - mapped.begin);
    return *failed ? NULL : mapped.begin;
}
