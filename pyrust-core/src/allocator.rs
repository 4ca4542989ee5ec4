//! Whether CPython gives memory back to the allocator from which Rust has its memory.
//!
//! It does as long as nobody put another one in between: tools do (`tracemalloc`, memory profilers), settings do
//! (`PYTHONMALLOC`), and an interpreter may be linked with an allocator of its own.

use pyo3_ffi::{PyMem_Malloc, PyMem_RawFree};

/// May what Rust has allocated be given to CPython, which gives it back with `PyMem_Free`? The GIL is held.
#[inline]
pub(crate) fn is_shared() -> bool {
    #[cfg(all(target_os = "linux", not(test)))]
    {
        shared::now()
    }
    #[cfg(not(all(target_os = "linux", not(test))))]
    false
}

/// CPython counts one more block (`sys.getallocatedblocks`), as it will count one less when it frees what Rust has
/// allocated: one that it allocates, and that goes back behind its back. The GIL is held, and [`is_shared`].
#[inline]
pub(crate) fn count_one() {
    /// What CPython does not take from its own arenas.
    const LARGE: usize = 513;
    // SAFETY: Such a block comes from the raw allocator, where it goes back to.
    unsafe { PyMem_RawFree(PyMem_Malloc(LARGE)) }
}

#[cfg(all(target_os = "linux", not(test)))]
mod shared {
    use core::ffi::{CStr, c_char, c_void};
    use core::hint::black_box;
    use core::mem::transmute;
    use std::alloc::{Layout, alloc, dealloc};
    use std::sync::OnceLock;

    use pyo3_ffi::{PyMem_RawFree, PyMem_RawMalloc};

    /// Says which allocators CPython has: none where they are not of the same kind, or none of its own.
    type Name = unsafe extern "C" fn() -> *const c_char;
    /// `mallinfo2` of the C library; looked up, because not all have it.
    type Count = unsafe extern "C" fn() -> Counted;

    #[repr(C)]
    struct Counted {
        _arenas: usize,
        _blocks: [usize; 3],
        /// Bytes in blocks that were mapped for themselves.
        mapped: usize,
        _small: [usize; 2],
        /// Bytes in other blocks that are in use.
        used: usize,
        _free: [usize; 2],
    }

    /// What nobody else asks for.
    const SIZE: usize = 100_003;

    pub(super) fn now() -> bool {
        static NAME: OnceLock<Option<Name>> = OnceLock::new();
        // SAFETY: The GIL is held, and the name a constant text.
        NAME.get_or_init(prove).is_some_and(|name| unsafe {
            let name = name();
            !name.is_null() && [c"pymalloc", c"malloc"].contains(&CStr::from_ptr(name))
        })
    }

    fn find(name: &CStr) -> Option<*mut c_void> {
        // SAFETY: It looks a name up in what is loaded.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        (!found.is_null()).then_some(found)
    }

    /// Looks whether the C library counts what either of them allocates.
    fn prove() -> Option<Name> {
        let (name, count) = (find(c"_PyMem_GetCurrentAllocatorName")?, find(c"mallinfo2")?);
        // SAFETY: Functions of these names have had these types since they exist.
        let (name, count) =
            unsafe { (transmute::<*mut c_void, Name>(name), transmute::<*mut c_void, Count>(count)) };
        let used = || {
            // SAFETY: It counts what there is.
            let counted = unsafe { count() };
            counted.mapped.wrapping_add(counted.used)
        };
        let more = |before: usize| (SIZE..2 * SIZE).contains(&used().wrapping_sub(before));
        let layout = Layout::from_size_align(SIZE, 16).ok()?;
        // SAFETY: Each block is freed where it came from. One that nobody looks at would not be allocated.
        let proved = (0..3).all(|_| unsafe {
            let before = used();
            let block = PyMem_RawMalloc(SIZE);
            let pythons = !block.is_null() && more(before);
            PyMem_RawFree(block);
            let before = used();
            let block = black_box(alloc(layout));
            let rusts = !block.is_null() && more(before);
            if !block.is_null() {
                dealloc(block, layout);
            }
            pythons && rusts
        });
        proved.then_some(name)
    }
}
