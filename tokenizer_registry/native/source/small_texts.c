/* Small texts, counted where they are in Python's memory: to copy them out and the counts in takes as long as to count.
   The callers hold Python's lock. */
#include "weighbridge.h"

/* Of Python's stable interface, whose headers are not on every machine. */
extern const char *PyUnicode_AsUTF8AndSize(void *text, intptr_t *size);
extern void *PyList_New(intptr_t size);
extern int PyList_SetItem(void *list, intptr_t place, void *item);
extern void *PyLong_FromUnsignedLongLong(unsigned long long number);

static void *list_of(const u64 *totals, u64 wanted) {
    void *list = PyList_New(__builtin_popcountll(wanted));
    for (intptr_t place = 0; list && wanted; wanted &= wanted - 1)
        PyList_SetItem(list, place++, PyLong_FromUnsignedLongLong(totals[__builtin_ctzll(wanted)]));
    return list;
}

/* A list of the tokens for each wanted column, in their order. An empty one if words are left to others, there is no
   memory, or the text is too long. NULL with an exception if the text is no Unicode. */
EXPORTED void *weighbridge_count_small(const struct plan *plan, void *text, u64 wanted) {
    intptr_t length;
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &length);
    if (!bytes) return NULL;
    u64 totals[COLUMNS] = {0};
    struct left *left = NULL;
    int64_t found = weighbridge_count(plan, (const u8 *)bytes, (u64)length, wanted, 0, totals, 1, &left);
    weighbridge_free_left(left);
    return list_of(totals, found ? 0 : wanted);
}
