/* Of Python's stable ABI, whose headers are not on every machine. All need Python's lock. */
#ifndef WEIGHBRIDGE_PYTHON_ABI_H
#define WEIGHBRIDGE_PYTHON_ABI_H

#include "bytes.h"

struct python_method {
    const char *name;
    void *(*call)(void *self, void *const *arguments, intptr_t count);
    int flags;
    const char *documentation;
};
#define METH_FASTCALL 0x80

extern const char *PyUnicode_AsUTF8AndSize(void *text, intptr_t *size);
extern intptr_t PyUnicode_GetLength(void *text);
extern u32 *PyUnicode_AsUCS4(void *text, u32 *buffer, intptr_t size, int copy_null);
extern void *PyList_New(intptr_t size);
extern int PyList_SetItem(void *list, intptr_t place, void *item);
extern void *PyLong_FromLongLong(long long number);
extern void *PyLong_FromUnsignedLongLong(unsigned long long number);
extern int PyObject_IsTrue(void *object);
extern void *PyCapsule_New(void *pointer, const char *name, void (*destructor)(void *));
extern void *PyCapsule_GetPointer(void *capsule, const char *name);
extern void *PyCFunction_NewEx(struct python_method *method, void *self, void *module);
extern int PyErr_BadArgument(void);
extern void *PyErr_NoMemory(void);
extern void Py_DecRef(void *object);

#endif
