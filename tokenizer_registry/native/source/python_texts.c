/* Counts Python's own strings by functions that Python calls itself: to pass a small text and its counts through ctypes
   takes a tenth of the time of counting it, and Python's UTF-8 of it, in new memory, up to a third.

   All need Python's lock. */
#include <stdlib.h>

#include "code_points.h"
#include "python_abi.h"
#include "text_column.h"
#include "weighbridge.h"
#include "workspaces.h"

#define CAPSULE "weighbridge.small_counter"
/* More code points are not counted here. */
#define MAX_CODE_POINTS (1 << 20)

struct small_counter {
    struct counter_set *set;
    u64 wanted;
};

/* The UTF-8 of a string; `bytes` is NULL if it is not known. */
struct utf8 {
    const u8 *bytes;
    u64 length;
};

/* `bytes` is NULL, with an exception, if the string has none. Python keeps it with the string, unless that is ASCII. */
static struct utf8 python_utf8(void *text) {
    intptr_t length = 0;
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &length);
    return (struct utf8){(const u8 *)bytes, (u64)length};
}

/* `bytes` is NULL if there is no memory, or the string is long or has a lone surrogate. Makes no Python object. */
static struct utf8 own_utf8(void *text, u64 length, struct scratch *scratch) {
    size_t room = length * sizeof(u32) + utf8_room(length);
    u32 *code_points = length <= MAX_CODE_POINTS ? scratch_reserve(scratch, room) : NULL;
    if (!code_points || !PyUnicode_AsUCS4(text, code_points, (intptr_t)length, 0)) return (struct utf8){0};
    u8 *bytes = (u8 *)(code_points + length);
    u64 size = write_utf8(code_points, length, bytes);
    return (struct utf8){size == ABSENT_UTF8 ? NULL : bytes, size};
}

/* What becomes of a text here. LEFT: words are unresolved, or there is no memory. */
enum outcome { TEXT_COUNTED, TEXT_LEFT, WITHOUT_UTF8 };

/* Runs no Python code, which might count too, while it holds a workspace. */
static enum outcome count_here(const struct small_counter *own, void *text, struct utf8 utf8, u64 length, u64 *totals) {
    struct workspace *workspace = take_workspace(1);
    struct counter *counter = &workspace->counter;
    enum outcome outcome = WITHOUT_UTF8;
    if (!utf8.bytes) utf8 = own_utf8(text, length, &counter->given);
    if (utf8.bytes && utf8.length <= MAX_TEXT_BYTES) {
        int failure = count_text(counter, own->set, utf8.bytes, (u32)utf8.length, own->wanted, 0, totals);
        outcome = failure || counter->unresolved_count ? TEXT_LEFT : TEXT_COUNTED;
    }
    release_workspace(workspace);
    return outcome;
}

/* Return 1 if the text is counted; 0 if words are unresolved, there is no memory, or it is too long; and -1 with an
   exception if it has a lone surrogate, or is no text. */
static int count_string(const struct small_counter *own, void *text, int is_ascii, u64 *totals) {
    intptr_t length = PyUnicode_GetLength(text);
    if (length < 0) return -1;
    struct utf8 utf8 = is_ascii ? python_utf8(text) : (struct utf8){0};
    if (is_ascii && !utf8.bytes) return -1;
    enum outcome outcome = count_here(own, text, utf8, (u64)length, totals);
    if (outcome == WITHOUT_UTF8) return python_utf8(text).bytes ? 0 : -1;
    return outcome == TEXT_COUNTED;
}

/* Count the first argument, a string; the second says whether it is ASCII. Return as `count_string`. */
static int count_argument(const struct small_counter *own, void *const *arguments, intptr_t count, u64 *totals) {
    if (count != 2) PyErr_BadArgument();
    int is_ascii = count == 2 ? PyObject_IsTrue(arguments[1]) : -1;
    return !own || is_ascii < 0 ? -1 : count_string(own, arguments[0], is_ascii, totals);
}

static void *count_one(void *self, void *const *arguments, intptr_t count) {
    u64 totals[SLOTS] = {0};
    const struct small_counter *own = PyCapsule_GetPointer(self, CAPSULE);
    int counted = count_argument(own, arguments, count, totals);
    if (counted < 0) return NULL;
    return PyLong_FromLongLong(counted ? (long long)totals[__builtin_ctzll(own->wanted)] : NOT_KNOWN);
}

static void *count_each(void *self, void *const *arguments, intptr_t count) {
    u64 totals[SLOTS] = {0};
    const struct small_counter *own = PyCapsule_GetPointer(self, CAPSULE);
    int counted = count_argument(own, arguments, count, totals);
    if (counted < 0) return NULL;
    u64 wanted = counted ? own->wanted : 0;
    void *list = PyList_New(__builtin_popcountll(wanted));
    for (intptr_t place = 0; list && wanted; wanted &= wanted - 1) {
        void *tokens = PyLong_FromUnsignedLongLong(totals[__builtin_ctzll(wanted)]);
        if (tokens && !PyList_SetItem(list, place++, tokens)) continue;
        Py_DecRef(list);
        return NULL;
    }
    return list;
}

static struct python_method count_one_method = {"count_one", count_one, METH_FASTCALL, NULL};
static struct python_method count_each_method = {"count_each", count_each, METH_FASTCALL, NULL};

static void free_small_counter(void *capsule) { free(PyCapsule_GetPointer(capsule, CAPSULE)); }

static void *function_of(struct python_method *method, struct counter_set *set, u64 wanted) {
    struct small_counter *own = malloc(sizeof *own);
    if (!own) return PyErr_NoMemory();
    *own = (struct small_counter){set, wanted};
    void *capsule = PyCapsule_New(own, CAPSULE, free_small_counter);
    if (!capsule) {
        free(own);
        return NULL;
    }
    void *function = PyCFunction_NewEx(method, capsule, NULL);
    Py_DecRef(capsule);
    return function;
}

/* Return a function of a string and whether it is ASCII, which returns its tokens for one slot, or -1 if it is not
   counted, and raises UnicodeEncodeError for a lone surrogate. The set must outlive it. */
EXPORTED void *weighbridge_count_one(struct counter_set *set, u32 slot) {
    return function_of(&count_one_method, set, (u64)1 << slot);
}

/* The same for the wanted slots: a list of tokens, in order, which is empty if the text is not counted. */
EXPORTED void *weighbridge_count_each(struct counter_set *set, u64 wanted) {
    return function_of(&count_each_method, set, wanted);
}
