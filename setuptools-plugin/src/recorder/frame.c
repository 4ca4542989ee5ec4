/* What the recorder needs to know about interpreter frames and has no public function for.
 *
 * Compiled against the headers of the very interpreter that the wheel is for: the layouts are the compiler's business, not ours.
 * Nothing here runs Python code, except `evaluate`, which runs exactly the frame that it was asked to run. */

#define Py_BUILD_CORE 1
#include <Python.h>
#include <stdint.h>
#include "internal/pycore_frame.h"
#include "internal/pycore_code.h"
#if PY_VERSION_HEX >= 0x030D0000
#include "internal/pycore_setobject.h"
#endif

typedef struct {
    PyCodeObject *code;     /* borrowed */
    PyObject *globals;      /* borrowed */
    PyObject **locals;      /* the frame's own array: arguments first */
    uintptr_t frame;        /* identifies the call while it runs */
    uintptr_t thread;       /* identifies the thread */
} PyrustFrame;

extern uintptr_t pyrust_recorder_enter(const PyrustFrame *frame);
extern void pyrust_recorder_leave(uintptr_t token, PyObject *result);

/* The frame that runs now; 0 when there is none. */
int pyrust_frame_now(PyrustFrame *out)
{
    PyThreadState *thread = PyThreadState_Get();
#if PY_VERSION_HEX >= 0x030D0000
    _PyInterpreterFrame *frame = thread->current_frame;
#else
    _PyInterpreterFrame *frame = thread->cframe->current_frame;
#endif
    if (frame == NULL) {
        return 0;
    }
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *code = frame->f_executable;
#else
    PyObject *code = (PyObject *)frame->f_code;
#endif
    if (code == NULL || !PyCode_Check(code)) {
        return 0;
    }
    out->code = (PyCodeObject *)code;
    out->globals = frame->f_globals;
    out->locals = frame->localsplus;
    out->frame = (uintptr_t)frame;
    out->thread = (uintptr_t)thread;
    return 1;
}

/* That of a frame object; 0 when it has ended. The layout of frame objects is that of the interpreter's own header. */
int pyrust_frame_of(PyFrameObject *object, PyrustFrame *out)
{
    _PyInterpreterFrame *frame = object->f_frame;
    if (frame == NULL || (frame->owner != FRAME_OWNED_BY_THREAD && frame->owner != FRAME_OWNED_BY_GENERATOR)) {
        return 0;
    }
    PyCodeObject *code = PyFrame_GetCode(object);
    /* The frame keeps it alive. */
    Py_DECREF(code);
    out->code = code;
    out->globals = frame->f_globals;
    out->locals = frame->localsplus;
    out->frame = (uintptr_t)frame;
    out->thread = 0;
    return 1;
}

/* The argument in local variable `index`, borrowed; NULL when it is unbound.
 * Where the function's first instructions have run already, arguments that closures share are in cells. */
PyObject *pyrust_frame_argument(const PyrustFrame *frame, int index)
{
    PyObject *value = frame->locals[index];
    if (value != NULL && (_PyLocals_GetKind(frame->code->co_localspluskinds, index) & CO_FAST_CELL) && PyCell_Check(value)) {
        value = PyCell_GET(value);
    }
    return value;
}

typedef struct {
    int arguments;          /* positional-only ones included */
    int keyword_only;
    int flags;
    PyObject *filename;     /* borrowed */
    PyObject *qualname;     /* borrowed */
} PyrustCode;

void pyrust_code_facts(PyCodeObject *code, PyrustCode *out)
{
    out->arguments = code->co_argcount;
    out->keyword_only = code->co_kwonlyargcount;
    out->flags = code->co_flags;
    out->filename = code->co_filename;
    out->qualname = code->co_qualname;
}

/* One word of ours per code object. */

static Py_ssize_t extra_index = -1;

int pyrust_mark_start(void)
{
    if (extra_index < 0) {
#if PY_VERSION_HEX >= 0x030C0000
        extra_index = PyUnstable_Eval_RequestCodeExtraIndex(NULL);
#else
        extra_index = _PyEval_RequestCodeExtraIndex(NULL);
#endif
    }
    return extra_index >= 0;
}

uintptr_t pyrust_mark_get(PyCodeObject *code)
{
    void *extra = NULL;
#if PY_VERSION_HEX >= 0x030C0000
    int failed = PyUnstable_Code_GetExtra((PyObject *)code, extra_index, &extra);
#else
    int failed = _PyCode_GetExtra((PyObject *)code, extra_index, &extra);
#endif
    if (failed) {
        PyErr_Clear();
        return 0;
    }
    return (uintptr_t)extra;
}

void pyrust_mark_set(PyCodeObject *code, uintptr_t mark)
{
#if PY_VERSION_HEX >= 0x030C0000
    int failed = PyUnstable_Code_SetExtra((PyObject *)code, extra_index, (void *)mark);
#else
    int failed = _PyCode_SetExtra((PyObject *)code, extra_index, (void *)mark);
#endif
    if (failed) {
        PyErr_Clear();
    }
}

/* Names of types and functions, read without attribute access, which a metaclass could answer.
 * Borrowed; 0 when there is no such name. */

int pyrust_type_name(PyTypeObject *type, PyObject **module, PyObject **qualname)
{
    if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE) || type->tp_dict == NULL) {
        return 0;
    }
    *qualname = ((PyHeapTypeObject *)type)->ht_qualname;
    *module = PyDict_GetItemString(type->tp_dict, "__module__");
    return *qualname != NULL && *module != NULL && PyUnicode_CheckExact(*module);
}

int pyrust_function_name(PyObject *function, PyObject **module, PyObject **qualname)
{
    PyFunctionObject *f = (PyFunctionObject *)function;
    *qualname = f->func_qualname;
    *module = f->func_module;
    return *qualname != NULL && *module != NULL && PyUnicode_CheckExact(*module) && PyUnicode_CheckExact(*qualname);
}

/* The element after `position`, borrowed; NULL at the end. */
PyObject *pyrust_set_next(PyObject *set, Py_ssize_t *position)
{
    PyObject *key = NULL;
    Py_hash_t hash;
    return _PySet_NextEntry(set, position, &key, &hash) ? key : NULL;
}

/* 3.11 has no monitoring: a frame evaluation function sees the calls there. */

static uint64_t evaluated = 0;
static uint64_t foreign_mark = 0;

uint64_t pyrust_evaluated(void)
{
    return evaluated;
}

void pyrust_foreign_mark(uintptr_t mark)
{
    foreign_mark = mark;
}

#if PY_VERSION_HEX < 0x030C0000

/* With an evaluation function each Python call takes C stack. Plain ones do not: below this depth, let go. */
#define DEEPEST 3000

static int wanted = 0;
static int suspended = 0;

static PyObject *evaluate(PyThreadState *thread, struct _PyInterpreterFrame *frame, int throwing)
{
    evaluated++;
    if (throwing || frame->owner == FRAME_OWNED_BY_GENERATOR) {
        return _PyEval_EvalFrameDefault(thread, frame, throwing);
    }
    uintptr_t token = 0;
    if (pyrust_mark_get(frame->f_code) != foreign_mark) {
        PyrustFrame seen = {frame->f_code, frame->f_globals, frame->localsplus, (uintptr_t)frame, (uintptr_t)thread};
        token = pyrust_recorder_enter(&seen);
    }
    int depth = thread->recursion_limit - thread->recursion_remaining;
    if (depth > DEEPEST && !suspended) {
        suspended = 1;
        _PyInterpreterState_SetEvalFrameFunc(thread->interp, _PyEval_EvalFrameDefault);
    }
    PyObject *result = _PyEval_EvalFrameDefault(thread, frame, throwing);
    if (suspended && depth < DEEPEST) {
        suspended = 0;
        if (wanted) {
            _PyInterpreterState_SetEvalFrameFunc(thread->interp, evaluate);
        }
    }
    if (token != 0) {
        pyrust_recorder_leave(token, result);
    }
    return result;
}

/* Switches the evaluation function on or off; 0 when somebody else has one. */
int pyrust_evaluate(int on)
{
    PyInterpreterState *interpreter = PyThreadState_Get()->interp;
    _PyFrameEvalFunction now = _PyInterpreterState_GetEvalFrameFunc(interpreter);
    if (now != evaluate && now != _PyEval_EvalFrameDefault) {
        return 0;
    }
    wanted = on;
    if (!suspended) {
        _PyInterpreterState_SetEvalFrameFunc(interpreter, on ? evaluate : _PyEval_EvalFrameDefault);
    }
    return 1;
}

#else

int pyrust_evaluate(int on)
{
    (void)on;
    return 0;
}

#endif
