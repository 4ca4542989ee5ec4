/* What activation reads of the interpreter's internals: proved against the target's headers, or answered here.
 *
 * The offsets that the entry of a hotspot reads on every call are constants in interp.rs; a wrong one stops the
 * build.  Everything rarer is a function of this file, so that the compiler takes the offset from the header.
 */
#define PY_SSIZE_T_CLEAN
#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include "internal/pycore_frame.h"
#include "internal/pycore_gil.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#if PY_VERSION_HEX >= 0x030d0000
#include "internal/pycore_ceval.h"
#endif

#define OFF(T, F, N) \
    _Static_assert(offsetof(T, F) == (N), "layout of " #T "." #F " is not what the Rust side was written for")

#if PY_VERSION_HEX >= 0x030e0000 || PY_VERSION_HEX < 0x030b0000
#error "this CPython version is not known to pyrust-runtime"
#endif
#ifdef Py_GIL_DISABLED
#error "free-threaded CPython is not supported by pyrust-runtime"
#endif

/* Keep in step with interp.rs. */
OFF(_PyInterpreterFrame, localsplus, 72);
OFF(PyDictObject, ma_version_tag, 24);
OFF(PyFunctionObject, func_code, 48);
OFF(PyCodeObject, co_consts, 24);
#if PY_VERSION_HEX >= 0x030d0000
OFF(_PyInterpreterFrame, f_executable, 0);
OFF(_PyInterpreterFrame, previous, 8);
OFF(_PyInterpreterFrame, f_funcobj, 16);
OFF(_PyInterpreterFrame, owner, 70);
OFF(struct _ts, current_frame, 72);
OFF(struct _ts, py_recursion_remaining, 44);
OFF(struct _ts, id, 224);
#elif PY_VERSION_HEX >= 0x030c0000
OFF(_PyInterpreterFrame, f_code, 0);
OFF(_PyInterpreterFrame, previous, 8);
OFF(_PyInterpreterFrame, f_funcobj, 16);
OFF(_PyInterpreterFrame, owner, 70);
OFF(struct _ts, cframe, 56);
OFF(_PyCFrame, current_frame, 0);
OFF(struct _ts, py_recursion_remaining, 28);
OFF(struct _ts, id, 224);
#else
OFF(_PyInterpreterFrame, f_func, 0);
OFF(_PyInterpreterFrame, f_code, 32);
OFF(_PyInterpreterFrame, previous, 48);
OFF(_PyInterpreterFrame, owner, 69);
OFF(struct _ts, cframe, 56);
OFF(_PyCFrame, use_tracing, 0);
OFF(_PyCFrame, current_frame, 8);
OFF(struct _ts, recursion_remaining, 32);
OFF(struct _ts, id, 240);
#endif

/* The patch level that the internals below were compiled for. */
const unsigned long pyrust_built_for = PY_VERSION_HEX;

#if PY_VERSION_HEX >= 0x030c0000
_Static_assert(sizeof(((PyInterpreterState *)0)->monitors) == 15, "two overlapping 8-byte loads read the monitors");
const size_t pyrust_monitors_offset = offsetof(PyInterpreterState, monitors);

/* Changes how many more levels of the C stack the interpreter allows this thread. */
void pyrust_allow_c_levels(PyThreadState *ts, int more)
{
    ts->c_recursion_remaining += more;
}

/* The word that becomes non-NULL when a tool first asks for events of this code object. */
void *pyrust_code_monitoring_word(PyCodeObject *code)
{
    return &code->_co_monitoring;
}

/* How many bytes at the front of what that word refers to say which tools ask for events of this code object. */
_Static_assert(offsetof(_PyCoMonitoringData, local_monitors) == 0, "they stand at the front");
_Static_assert(sizeof(((_PyCoMonitoringData *)0)->local_monitors) >= 8
               && sizeof(((_PyCoMonitoringData *)0)->local_monitors) <= 16, "two overlapping words read them");
const size_t pyrust_local_monitors_size = sizeof(((_PyCoMonitoringData *)0)->local_monitors);

/* Whether a tool asks for events of this code object now. */
int pyrust_code_monitored(PyCodeObject *code)
{
    const _PyCoMonitoringData *data = code->_co_monitoring;
    if (data == NULL) {
        return 0;
    }
    const unsigned char *bytes = (const unsigned char *)&data->local_monitors;
    for (size_t i = 0; i < sizeof data->local_monitors; i++) {
        if (bytes[i]) {
            return 1;
        }
    }
    return 0;
}
#else
const size_t pyrust_monitors_offset = 0;
const size_t pyrust_local_monitors_size = 0;

void *pyrust_code_monitoring_word(PyCodeObject *code)
{
    (void)code;
    return NULL;
}

int pyrust_code_monitored(PyCodeObject *code)
{
    (void)code;
    return 0;
}
#endif

/* The word that holds the current thread state while the GIL is held: saves a call and a thread-local look-up at
 * every entry.  From 3.12 on it is the holder of the main interpreter's GIL. */
void *pyrust_current_thread_place(void)
{
#if PY_VERSION_HEX >= 0x030c0000
    return (void *)&PyInterpreterState_Main()->ceval.gil->last_holder;
#else
    return (void *)&_PyRuntime.gilstate.tstate_current;
#endif
}

/* Reads, never consumes, what the interpreter would handle at its next check: 1 a signal that this thread may
 * deliver, 2 an asynchronous exception for this thread, 4 pending calls that this thread may make, 8 another
 * thread wants the GIL.  A collection that has become due is not a reason to stop. */
int pyrust_pending(PyThreadState *ts)
{
    PyInterpreterState *interp = ts->interp;
    int is_main, bits = 0;
#if PY_VERSION_HEX >= 0x030d0000
    uintptr_t breaker = *(volatile uintptr_t *)&ts->eval_breaker;
    if (!(breaker & _PY_EVAL_EVENTS_MASK)) {
        return 0;
    }
    is_main = _Py_ThreadCanHandleSignals(interp);
    if ((breaker & _PY_SIGNALS_PENDING_BIT) && is_main) bits |= 1;
    if ((breaker & _PY_ASYNC_EXCEPTION_BIT)) bits |= 2;
    if ((breaker & _PY_CALLS_TO_DO_BIT)) {
        if (*(volatile int32_t *)&interp->ceval.pending.npending != 0) bits |= 4;
        if (is_main && *(volatile int32_t *)&_PyRuntime.ceval.pending_mainthread.npending != 0) bits |= 4;
    }
    if (breaker & _PY_GIL_DROP_REQUEST_BIT) bits |= 8;
#else
    if (!_Py_atomic_load_relaxed(&interp->ceval.eval_breaker)) {
        return 0;
    }
    is_main = _Py_ThreadCanHandleSignals(interp);
    if (is_main && _Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending)) bits |= 1;
    if (ts->async_exc != NULL) bits |= 2;
#if PY_VERSION_HEX >= 0x030c0000
    if (_Py_atomic_load_relaxed(&interp->ceval.pending.calls_to_do)) bits |= 4;
    if (is_main && _Py_atomic_load_relaxed(&_PyRuntime.ceval.pending_mainthread.calls_to_do)) bits |= 4;
#else
    if (is_main && _Py_atomic_load_relaxed(&interp->ceval.pending.calls_to_do)) bits |= 4;
#endif
    if (_Py_atomic_load_relaxed(&interp->ceval.gil_drop_request)) bits |= 8;
#endif
    return bits;
}

/* CPython's own functions look for signals while they work (to write an int as text is enough) and run the handlers;
 * from 3.12 on they run a collection that is due as well. Both are Python code. Until pyrust_disturb, they find nothing:
 * signals and the collection wait, and nothing of them is lost. */
unsigned pyrust_undisturb(void)
{
    PyThreadState *ts = PyThreadState_Get();
    unsigned was = 0;
    if (_Py_ThreadCanHandleSignals(ts->interp)) {
        was |= 1;
        *(volatile unsigned long *)&_PyRuntime.main_thread = 0;
    }
    /* As PyGC_Disable, which asks for the thread once more. */
    if (ts->interp->gc.enabled) {
        was |= 2;
        ts->interp->gc.enabled = 0;
    }
#if PY_VERSION_HEX >= 0x030d0000
    if (_Py_eval_breaker_bit_is_set(ts, _PY_GC_SCHEDULED_BIT)) {
        was |= 4;
        _Py_unset_eval_breaker_bit(ts, _PY_GC_SCHEDULED_BIT);
    }
#elif PY_VERSION_HEX >= 0x030c0000
    if (_Py_atomic_load_relaxed(&ts->interp->ceval.gc_scheduled)) {
        was |= 4;
        _Py_atomic_store_relaxed(&ts->interp->ceval.gc_scheduled, 0);
    }
#endif
    return was;
}

/* Undoes it. */
void pyrust_disturb(unsigned was)
{
    PyThreadState *ts = PyThreadState_Get();
    if (was & 1) *(volatile unsigned long *)&_PyRuntime.main_thread = PyThread_get_thread_ident();
    if (was & 2) ts->interp->gc.enabled = 1;
#if PY_VERSION_HEX >= 0x030d0000
    if (was & 4) _Py_set_eval_breaker_bit(ts, _PY_GC_SCHEDULED_BIT);
#else
#if PY_VERSION_HEX >= 0x030c0000
    if (was & 4) _Py_atomic_store_relaxed(&ts->interp->ceval.gc_scheduled, 1);
#endif
    /* What came meanwhile could not see that this is the thread to tell. */
    PyInterpreterState *interp = ts->interp;
    if ((was & 4)
        || ((was & 1)
            && (_Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending)
                || _Py_atomic_load_relaxed(&interp->ceval.pending.calls_to_do)
                || _Py_atomic_load_relaxed(&interp->ceval.gil_drop_request)
                || ts->async_exc != NULL))) {
        _Py_atomic_store_relaxed(&interp->ceval.eval_breaker, 1);
    }
#endif
}

/* 1 when this is the interpreter's main thread, the only one that runs signal handlers. */
int pyrust_is_main_thread(PyThreadState *ts)
{
    return _Py_ThreadCanHandleSignals(ts->interp);
}

/* Whether the code is that of a function inside another one. */
int pyrust_code_nested(PyObject *code)
{
    return PyCode_Check(code) && (((PyCodeObject *)code)->co_flags & CO_NESTED) != 0;
}

/* After `__code__` was assigned, 3.13 never specialises calls of the function again, because its version is gone.
 * The version of the new code object is what a function made from it would have had. */
void pyrust_restore_version(PyObject *function)
{
#if PY_VERSION_HEX >= 0x030d0000
    PyFunctionObject *func = (PyFunctionObject *)function;
    func->func_version = ((PyCodeObject *)func->func_code)->co_version;
#else
    (void)function;
#endif
}
