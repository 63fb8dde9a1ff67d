#include "pairs.h"

void fill_pairs(struct merge *slots, u32 capacity, const u32 *lefts, const u32 *rights, const u32 *tokens, u32 count) {
    for (u32 rank = 0; rank < count; rank++) {
        u32 place = first_pair_slot(lefts[rank], rights[rank], capacity);
        while (slots[place].left != FREE && !(slots[place].left == lefts[rank] && slots[place].right == rights[rank]))
            place = place + 1 == capacity ? 0 : place + 1;
        slots[place] = (struct merge){lefts[rank], rights[rank], rank, tokens[rank]};
    }
}
