#include "strings.h"

void fill_strings(struct slot *slots, u32 capacity, const u32 *offsets, const u8 *text, u32 count) {
    struct strings so_far = {capacity, count, UINT32_MAX, slots, offsets, text};
    for (u32 number = 0; number < count; number++) {
        const u8 *at = text + offsets[number];
        u32 length = offsets[number + 1] - offsets[number];
        if (find_string(&so_far, at, length) != ABSENT) continue;
        struct sought sought = seek(at, length);
        u32 place = first_slot(sought.hash, capacity);
        while (slots[place].number != ABSENT) place = place + 1 == capacity ? 0 : place + 1;
        slots[place] = (struct slot){sought.head, number, sought.check};
    }
}
