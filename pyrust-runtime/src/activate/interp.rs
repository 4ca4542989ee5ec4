//! The interpreter's own state, read-only: frame, tracing, recursion depth, pending work, stack end.
//!
//! Offsets that every entry reads are constants, proved against the target's headers by `interp.c`, which also
//! answers the rarer questions. Nothing here runs Python code, and nothing changes.

use std::ffi::c_int;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::Relaxed};

#[cfg(Py_3_12)]
use pyo3_ffi::PyInterpreterState_Main;
use pyo3_ffi::{Py_Version, PyObject, PyThreadState, PyThreadState_Get};

// Keep in step with interp.c.
const LOCALSPLUS: usize = 72;
#[cfg(not(Py_3_12))]
mod off {
    pub(super) const FRAME_FUNCTION: usize = 0;
    pub(super) const FRAME_CODE: usize = 32;
    pub(super) const FRAME_PREVIOUS: usize = 48;
    pub(super) const FRAME_OWNER: usize = 69;
    pub(super) const TS_CFRAME: usize = 56;
    pub(super) const CFRAME_FRAME: usize = 8;
    pub(super) const TS_DEPTH: usize = 32;
    pub(super) const TS_ID: usize = 240;
}
#[cfg(Py_3_12)]
mod off {
    pub(super) const FRAME_FUNCTION: usize = 16;
    pub(super) const FRAME_CODE: usize = 0;
    pub(super) const FRAME_PREVIOUS: usize = 8;
    pub(super) const FRAME_OWNER: usize = 70;
    #[cfg(not(Py_3_13))]
    pub(super) const TS_CFRAME: usize = 56;
    #[cfg(not(Py_3_13))]
    pub(super) const CFRAME_FRAME: usize = 0;
    #[cfg(Py_3_13)]
    pub(super) const TS_FRAME: usize = 72;
    #[cfg(not(Py_3_13))]
    pub(super) const TS_DEPTH: usize = 28;
    #[cfg(not(Py_3_13))]
    pub(super) const TS_ID: usize = 224;
    #[cfg(Py_3_13)]
    pub(super) const TS_DEPTH: usize = 44;
    #[cfg(Py_3_13)]
    pub(super) const TS_ID: usize = 224;
}
const OWNED_BY_CSTACK: u8 = 3;

unsafe extern "C" {
    static pyrust_built_for: std::ffi::c_ulong;
    #[cfg(Py_3_12)]
    static pyrust_monitors_offset: usize;
    static pyrust_local_monitors_size: usize;
    fn pyrust_code_monitored(code: *mut PyObject) -> c_int;
    fn pyrust_code_monitoring_word(code: *mut PyObject) -> *mut u64;
    fn pyrust_code_nested(code: *mut PyObject) -> c_int;
    fn pyrust_current_thread_place() -> *const *mut PyThreadState;
    fn pyrust_restore_version(function: *mut PyObject);
    #[cfg(Py_3_12)]
    fn pyrust_allow_c_levels(ts: *mut PyThreadState, more: c_int);
    fn pyrust_pending(ts: *mut PyThreadState) -> c_int;
    fn pyrust_is_main_thread(ts: *mut PyThreadState) -> c_int;
}

static CURRENT: AtomicPtr<*mut PyThreadState> = AtomicPtr::new(std::ptr::null_mut());

/// The main interpreter's monitors: which tools ask for which events.
#[cfg(Py_3_12)]
static MONITORS: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

/// Finds the places that entries read; to be called once before [`traced`].
///
/// # Safety
/// The GIL of the main interpreter is held; `exact` says that this is the patch level that was built for.
pub unsafe fn prepare(exact: bool) {
    // SAFETY: the places live as long as the runtime.
    unsafe {
        #[cfg(Py_3_12)]
        MONITORS.store(PyInterpreterState_Main().cast::<u8>().add(pyrust_monitors_offset), Relaxed);
        if exact {
            let place = pyrust_current_thread_place();
            if *place == PyThreadState_Get() {
                CURRENT.store(place.cast_mut(), Relaxed);
            }
        }
    }
}

/// The state of the thread that holds the GIL, which is this one.
///
/// # Safety
/// The GIL is held.
#[inline(always)]
pub unsafe fn thread() -> *mut PyThreadState {
    let place = CURRENT.load(Relaxed);
    // SAFETY: the place was found by `prepare`.
    unsafe { if place.is_null() { PyThreadState_Get() } else { place.read_volatile() } }
}

/// Reads a word at a byte offset.
///
/// # Safety
/// `base + offset` holds a live, aligned `T`.
#[inline(always)]
unsafe fn at<T: Copy>(base: *const u8, offset: usize) -> T {
    // SAFETY: the caller vouches for the place.
    unsafe { base.add(offset).cast::<T>().read() }
}

/// The interpreter frame that runs now; its layout is private to the interpreter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame(*const u8);

impl Frame {
    /// What a thread has that runs no Python code.
    pub const NONE: Frame = Frame(std::ptr::null());

    /// The innermost frame of the thread: inside a hook, the frame of the hooked function.
    ///
    /// # Safety
    /// `ts` is the current thread's state and a Python frame runs.
    #[inline(always)]
    pub unsafe fn current(ts: *mut PyThreadState) -> Frame {
        let ts = ts.cast_const().cast::<u8>();
        // SAFETY: the offsets are proved by interp.c.
        unsafe {
            #[cfg(Py_3_13)]
            return Frame(at(ts, off::TS_FRAME));
            #[cfg(not(Py_3_13))]
            return Frame(at(at::<*const u8>(ts, off::TS_CFRAME), off::CFRAME_FRAME));
        }
    }

    /// The arguments, borrowed, in the order of the function's own parameters.
    ///
    /// # Safety
    /// The frame is live.
    #[inline(always)]
    pub unsafe fn args(self) -> *const *mut PyObject {
        // SAFETY: stays inside the frame.
        unsafe { self.0.add(LOCALSPLUS).cast() }
    }

    /// The function object that runs.
    ///
    /// # Safety
    /// The frame is live and not on the C stack.
    #[inline(always)]
    pub unsafe fn function(self) -> *mut PyObject {
        // SAFETY: the offset is proved by interp.c.
        unsafe { at(self.0, off::FRAME_FUNCTION) }
    }

    /// The code object, or for frames on the C stack some other object: only good for comparing.
    ///
    /// # Safety
    /// The frame is live.
    #[inline(always)]
    pub unsafe fn code(self) -> *mut PyObject {
        // SAFETY: the offset is proved by interp.c.
        unsafe { at(self.0, off::FRAME_CODE) }
    }

    /// The calling Python frame, past those that only mark an entry from C.
    ///
    /// # Safety
    /// The frame is live.
    #[inline(always)]
    pub unsafe fn caller(self) -> Option<Frame> {
        let mut frame = self;
        loop {
            // SAFETY: the offsets are proved by interp.c; the chain ends with null.
            unsafe {
                frame = Frame(at(frame.0, off::FRAME_PREVIOUS));
                if frame.0.is_null() {
                    return None;
                }
                if at::<u8>(frame.0, off::FRAME_OWNER) != OWNED_BY_CSTACK {
                    return Some(frame);
                }
            }
        }
    }
}

/// Whether a tracer, profiler or monitoring tool is active for everything this thread runs.
///
/// # Safety
/// `ts` is the current thread's state.
#[inline(always)]
pub unsafe fn traced(ts: *mut PyThreadState) -> bool {
    let ts = ts.cast_const().cast::<u8>();
    // SAFETY: the offsets are proved by interp.c (3.11) or taken from the headers of this very patch level.
    unsafe {
        #[cfg(not(Py_3_12))]
        return at::<u8>(at::<*const u8>(ts, off::TS_CFRAME), 0) != 0;
        #[cfg(Py_3_12)]
        {
            let _ = ts;
            let monitors = MONITORS.load(Relaxed).cast_const();
            let low = monitors.cast::<u64>().read_unaligned();
            let high = monitors.add(7).cast::<u64>().read_unaligned();
            (low | high) != 0
        }
    }
}

/// Whether a tool asks for events of this code object (3.12 and later).
///
/// # Safety
/// `code` is a live code object.
pub unsafe fn code_monitored(code: *mut PyObject) -> bool {
    // SAFETY: the caller vouches for the object.
    unsafe { pyrust_code_monitored(code) != 0 }
}

/// Whether the code is that of a function inside another one (a comprehension, a lambda).
///
/// # Safety
/// `code` is a live object.
pub unsafe fn code_nested(code: *mut PyObject) -> bool {
    // SAFETY: the caller vouches for the object.
    unsafe { pyrust_code_nested(code) != 0 }
}

/// The word that turns non-zero when a tool first asks for events of this code object; null before 3.12.
///
/// # Safety
/// `code` is a live code object.
pub unsafe fn code_monitoring_word(code: *mut PyObject) -> *const u64 {
    // SAFETY: the caller vouches for the object.
    unsafe { pyrust_code_monitoring_word(code) }
}

/// The two words, which overlap, that are both zero while no tool asks for events of a code object; `told` is what the word
/// of [`code_monitoring_word`] holds: it is there for as long as the code.
///
/// # Safety
/// `told` is not null, and the code object is live.
pub unsafe fn local_monitors(told: u64) -> [*const u64; 2] {
    let first = told as usize as *const u8;
    // SAFETY: by the caller; interp.c knows how many bytes there are, at least one word.
    unsafe { [first.cast(), first.add(pyrust_local_monitors_size - size_of::<u64>()).cast()] }
}

/// How many more Python frames the recursion limit allows.
///
/// # Safety
/// `ts` is the current thread's state.
#[inline(always)]
pub unsafe fn remaining_depth(ts: *mut PyThreadState) -> i32 {
    // SAFETY: the offset is proved by interp.c.
    unsafe { at(ts.cast_const().cast(), off::TS_DEPTH) }
}

/// What entering the interpreter's loop takes of the levels that are allowed on the C stack.
#[cfg(Py_3_12)]
const LEVELS: c_int = 2;

/// Runs something in a frame that the interpreter enters through C only because native code was asked first: what this
/// takes of the C stack does not count.
///
/// # Safety
/// `ts` is the current thread's state.
#[cfg(Py_3_12)]
pub unsafe fn uncounted<T>(ts: *mut PyThreadState, run: impl FnOnce() -> T) -> T {
    // SAFETY: by the caller; what is allowed is taken back.
    unsafe {
        pyrust_allow_c_levels(ts, LEVELS);
        let value = run();
        pyrust_allow_c_levels(ts, -LEVELS);
        value
    }
}

/// What the interpreter would handle at its next check, apart from requests for the GIL and due collections.
///
/// # Safety
/// `ts` is the current thread's state.
pub unsafe fn must_stop(ts: *mut PyThreadState) -> bool {
    // SAFETY: reads only.
    unsafe { pyrust_pending(ts) & 7 != 0 }
}

/// Whether another thread waits for the GIL.
///
/// # Safety
/// `ts` is the current thread's state.
pub unsafe fn gil_wanted(ts: *mut PyThreadState) -> bool {
    // SAFETY: reads only.
    unsafe { pyrust_pending(ts) & 8 != 0 }
}

/// Whether this thread is the one that runs signal handlers.
///
/// # Safety
/// `ts` is the current thread's state.
pub unsafe fn is_main_thread(ts: *mut PyThreadState) -> bool {
    // SAFETY: reads only.
    unsafe { pyrust_is_main_thread(ts) != 0 }
}

/// Lets the interpreter specialise calls of a function whose code was replaced (3.13 gives that up).
///
/// # Safety
/// `function` is a live function object whose `__code__` was just assigned an object that no other function has.
pub unsafe fn restore_version(function: *mut PyObject) {
    // SAFETY: the caller vouches for the object.
    unsafe { pyrust_restore_version(function) }
}

/// How this interpreter compares with the one that the extension was built for.
#[derive(Debug, PartialEq, Eq)]
pub enum Fit {
    Same,
    /// Public structures are the same, internals have to be tested: the text says what differs.
    OtherPatch(String),
    Other(String),
}

/// Compares the two versions.
#[allow(clippy::unnecessary_cast, reason = "C's long is not the same everywhere")]
pub fn fit() -> Fit {
    // SAFETY: both are constants of their libraries.
    let (built, runs) = unsafe { (pyrust_built_for as u64, Py_Version as u64) };
    let text = |version: u64| format!("{}.{}.{}", version >> 24, version >> 16 & 0xff, version >> 8 & 0xff);
    let what = format!("built for CPython {}, this is {}", text(built), text(runs));
    if built >> 16 != runs >> 16 {
        Fit::Other(what)
    } else if built >> 8 != runs >> 8 {
        Fit::OtherPatch(what)
    } else {
        Fit::Same
    }
}

/// Bytes of the C stack that stay free for what native code calls.
const STACK_MARGIN: usize = 128 * 1024;

static LIMIT_THREAD: AtomicU64 = AtomicU64::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// The lowest address that native frames of this thread may reach.
///
/// The last answer is kept with the thread's unique id (never 0), under the GIL; each thread measures once.
///
/// # Safety
/// `ts` is the current thread's state.
#[inline(always)]
pub unsafe fn stack_limit(ts: *mut PyThreadState) -> usize {
    // SAFETY: reads only.
    let id: u64 = unsafe { at(ts.cast_const().cast(), off::TS_ID) };
    if LIMIT_THREAD.load(Relaxed) == id {
        return LIMIT.load(Relaxed);
    }
    measure_stack(id)
}

#[cold]
#[inline(never)]
fn measure_stack(id: u64) -> usize {
    thread_local! { static OWN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) } }
    if OWN.get() == 0 {
        OWN.set(lowest_stack_address().saturating_add(STACK_MARGIN));
    }
    let limit = OWN.get();
    LIMIT.store(limit, Relaxed);
    LIMIT_THREAD.store(id, Relaxed);
    limit
}

#[cfg(target_os = "linux")]
fn lowest_stack_address() -> usize {
    use std::ffi::c_void;
    /// As large as any libc's `pthread_attr_t`.
    #[repr(C, align(16))]
    struct Attributes([u8; 128]);
    unsafe extern "C" {
        fn pthread_self() -> usize;
        fn pthread_getattr_np(thread: usize, attributes: *mut Attributes) -> c_int;
        fn pthread_attr_getstack(
            attributes: *const Attributes,
            low: *mut *mut c_void,
            size: *mut usize,
        ) -> c_int;
        fn pthread_attr_destroy(attributes: *mut Attributes) -> c_int;
    }
    let mut attributes = Attributes([0; 128]);
    let (mut low, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the attributes are initialised by the first call and released by the last.
    unsafe {
        if pthread_getattr_np(pthread_self(), &mut attributes) != 0 {
            return unknown_stack();
        }
        let failed = pthread_attr_getstack(&attributes, &mut low, &mut size) != 0;
        pthread_attr_destroy(&mut attributes);
        if failed { unknown_stack() } else { low as usize }
    }
}

#[cfg(target_os = "macos")]
fn lowest_stack_address() -> usize {
    unsafe extern "C" {
        fn pthread_self() -> usize;
        fn pthread_get_stackaddr_np(thread: usize) -> usize;
        fn pthread_get_stacksize_np(thread: usize) -> usize;
    }
    // SAFETY: asked of the current thread; the address is the high end of its stack.
    unsafe {
        pthread_get_stackaddr_np(pthread_self()).saturating_sub(pthread_get_stacksize_np(pthread_self()))
    }
}

#[cfg(windows)]
fn lowest_stack_address() -> usize {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetCurrentThreadStackLimits(low: *mut usize, high: *mut usize);
    }
    let (mut low, mut high) = (0, 0);
    // SAFETY: writes both words.
    unsafe { GetCurrentThreadStackLimits(&mut low, &mut high) };
    low
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn lowest_stack_address() -> usize {
    unknown_stack()
}

/// Where the platform does not say: half a megabyte below here, which every supported thread has at the entry.
#[cfg(not(any(target_os = "macos", windows)))]
fn unknown_stack() -> usize {
    let here = 0u8;
    (&raw const here as usize).saturating_sub(512 * 1024)
}
