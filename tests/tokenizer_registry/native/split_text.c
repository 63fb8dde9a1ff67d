/* Splits a text in both ways, so that a test can compare them: the library itself has no use for the pre-tokens alone. */
#include "../../../tokenizer_registry/native/source/splitter.h"
#include "../../../tokenizer_registry/native/source/vocabulary.h"
#include "../../../tokenizer_registry/native/source/weighbridge.h"

/* Split with the pattern of a packed vocabulary that has one: put where each pre-token ends into `ends`, which has room for a
   number a byte. `by_parts`: match the pattern part by part. Return how many there are; ABSENT if it has no pattern. */
EXPORTED u32 split_text(
    const void *packed, u64 size, const void *characters, const u8 *text, u32 length, int by_parts, u32 *ends
) {
    struct vocabulary vocabulary;
    struct piece pieces[MAX_PIECES];
    if (!read_vocabulary(&vocabulary, packed, size) || vocabulary.split_count != 1) return ABSENT;
    struct border_style none = {0}, *style = by_parts ? &none : &vocabulary.border_style;
    struct splitter splitter = start_splitting(vocabulary.splits, style, characters, text, text + length);
    u32 found = 0;
    for (u32 count; (count = next_pieces(&splitter, pieces));)
        for (u32 number = 0; number < count; number++)
            ends[found++] = (u32)(pieces[number].text - text) + pieces[number].length;
    return found;
}
