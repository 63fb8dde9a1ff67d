#include "longest_match.h"

u32 count_longest_matches(const struct string_table *table, const u8 *are_tokens, const u8 *text, u32 length) {
    u32 count = 0;
    for (u32 at = 0; at < length; count++) {
        u32 longest = 1;
        for (u32 size = 2; size <= length - at; size++) {
            u32 number = find_string(table, text + at, size);
            if (number == ABSENT) break;
            if (are_tokens[number >> 3] >> (number & 7) & 1) longest = size;
        }
        at += longest;
    }
    return count;
}
