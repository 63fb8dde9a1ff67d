/* Whether bytes are UTF-8, as the Unicode standard defines it in table 3-7: no surrogates, no longer form than needed. */
#ifndef WEIGHBRIDGE_UTF8_H
#define WEIGHBRIDGE_UTF8_H

#include "bytes.h"

static inline int is_continuation(u8 byte) { return (byte & 0xC0) == 0x80; }

/* The bytes of a character, and what its second byte may be. 0 bytes: no character begins so. */
struct utf8_lead {
    u32 bytes;
    u8 least, most;
};

static inline struct utf8_lead utf8_lead_of(u8 byte) {
    if (byte < 0xC2) return (struct utf8_lead){0, 0, 0};
    if (byte < 0xE0) return (struct utf8_lead){2, 0x80, 0xBF};
    if (byte < 0xF0) return (struct utf8_lead){3, byte == 0xE0 ? 0xA0 : 0x80, byte == 0xED ? 0x9F : 0xBF};
    if (byte < 0xF5) return (struct utf8_lead){4, byte == 0xF0 ? 0x90 : 0x80, byte == 0xF4 ? 0x8F : 0xBF};
    return (struct utf8_lead){0, 0, 0};
}

static inline int is_utf8(const u8 *text, u64 length) {
    const u8 *end = text + length;
    while (text < end) {
        if (end - text >= 8 && !(load64(text) & 0x8080808080808080u)) {
            text += 8;
            continue;
        }
        if (*text < 0x80) {
            text++;
            continue;
        }
        struct utf8_lead lead = utf8_lead_of(*text);
        if (!lead.bytes || end - text < lead.bytes || text[1] < lead.least || text[1] > lead.most) return 0;
        for (u32 at = 2; at < lead.bytes; at++)
            if (!is_continuation(text[at])) return 0;
        text += lead.bytes;
    }
    return 1;
}

#endif
