#include "piece_table.h"

struct long_piece long_piece_of(struct piece_table *table, const u8 *text, u32 length, u32 slot, const u8 *end) {
    struct long_piece piece = {.size = length <= MIDDLE_PIECE ? 4 : 8};
    if (length <= 32 && end - text >= 32) {
        u32 rest = length > 16 ? length - 16 : 0;
        load_padded(text, length - rest, piece.numbers, piece.numbers + 1);
        load_padded(text + 16, rest, piece.numbers + 2, piece.numbers + 3);
    } else {
        memcpy(piece.numbers, text, length);
    }
    piece.numbers[piece.size - 1] |= piece_tag(length, slot);
    u64 hash = 0;
    for (u32 at = 0; at < piece.size; at += 2)
        hash = mixed(piece.numbers[at] ^ hash ^ 0x9E3779B97F4A7C15u, piece.numbers[at + 1] ^ 0xD1B54A32D192ED03u);
    struct piece_line *lines = piece.size == 4 ? table->middles : table->longs;
    piece.line = lines + line_of(hash, PIECE_LINES / 2);
    return piece;
}

static int is_at(const struct long_piece *piece, const u64 *entry) {
    u32 last = piece->size - 1;
    u64 differs = (entry[last] ^ piece->numbers[last]) << (64 - COUNT_SHIFT);
    for (u32 at = 0; at < last; at++) differs |= entry[at] ^ piece->numbers[at];
    return !differs;
}

u32 find_long_piece(const struct long_piece *piece) {
    for (u32 at = 0; at < LINE_NUMBERS; at += piece->size)
        if (is_at(piece, piece->line->numbers + at))
            return (u32)(piece->line->numbers[at + piece->size - 1] >> COUNT_SHIFT);
    return 0;
}

void keep_long_piece(const struct long_piece *piece, u32 count) {
    u64 *numbers = piece->line->numbers;
    if (count > MAX_PIECE_COUNT) return;
    if (piece->size < LINE_NUMBERS) memmove(numbers + piece->size, numbers, piece->size * sizeof *numbers);
    memcpy(numbers, piece->numbers, piece->size * sizeof *numbers);
    numbers[piece->size - 1] |= (u64)count << COUNT_SHIFT;
}
