/* Keeps `PyErr_CheckSignals` from running handlers and collections during one call of C code that holds the GIL.
 *
 * That function handles signals only in the thread that the runtime knows as the main one; for the length of the call
 * there is none.  A signal that arrives meanwhile is noted as ever, and the evaluation loop is told of it afterwards.
 */
#define PY_SSIZE_T_CLEAN
#define Py_BUILD_CORE 1
#include <Python.h>
#include "internal/pycore_interp.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#if PY_VERSION_HEX >= 0x030d0000
#include "internal/pycore_ceval.h"
#endif

static __typeof__(_PyRuntime.main_thread) main_thread;

/* Returns whether a collection was due: it is no more until the end. */
int pyrust_quiet_begin(PyThreadState *ts)
{
    int due = 0;
    main_thread = _PyRuntime.main_thread;
    _PyRuntime.main_thread = 0;
#if PY_VERSION_HEX >= 0x030d0000
    due = (*(volatile uintptr_t *)&ts->eval_breaker & _PY_GC_SCHEDULED_BIT) != 0;
    if (due) _Py_unset_eval_breaker_bit(ts, _PY_GC_SCHEDULED_BIT);
#elif PY_VERSION_HEX >= 0x030c0000
    due = _Py_atomic_load_relaxed(&ts->interp->ceval.gc_scheduled) != 0;
    _Py_atomic_store_relaxed(&ts->interp->ceval.gc_scheduled, 0);
#else
    (void)ts;
#endif
    return due;
}

void pyrust_quiet_end(PyThreadState *ts, int due)
{
    _PyRuntime.main_thread = main_thread;
#if PY_VERSION_HEX >= 0x030d0000
    if (due) _Py_set_eval_breaker_bit(ts, _PY_GC_SCHEDULED_BIT);
#else
#if PY_VERSION_HEX >= 0x030c0000
    if (due) _Py_atomic_store_relaxed(&ts->interp->ceval.gc_scheduled, 1);
#endif
    /* What was computed meanwhile left signals out.  One look too many does no harm. */
    if (due || _Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending)) {
        _Py_atomic_store_relaxed(&ts->interp->ceval.eval_breaker, 1);
    }
#endif
}
