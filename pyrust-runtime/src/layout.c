/* Proves, while compiling, that the layouts in offsets.rs are those of the target's headers.
   build.rs passes every row as ROW_<name>; a wrong one stops the build. */
#define PY_SSIZE_T_CLEAN
#ifdef PYRUST_INTERNAL
#define Py_BUILD_CORE 1
#endif
#include <Python.h>
#include <stddef.h>
#ifdef PYRUST_INTERNAL
#include "internal/pycore_dict.h"
#endif

#if PY_VERSION_HEX >= 0x030c0000
#define PYRUST_LONG_TAG offsetof(PyLongObject, long_value.lv_tag)
#define PYRUST_LONG_DIGITS offsetof(PyLongObject, long_value.ob_digit)
#else
#define PYRUST_LONG_TAG offsetof(PyVarObject, ob_size)
#define PYRUST_LONG_DIGITS offsetof(PyLongObject, ob_digit)
#endif

_Static_assert(sizeof(void *) == 8, "the runtime is written for 64-bit targets");
_Static_assert(sizeof(Py_ssize_t) == 8, "the runtime is written for 64-bit targets");
#ifdef Py_GIL_DISABLED
#error "free-threaded builds of CPython are not supported"
#endif

#include PYRUST_ROWS
