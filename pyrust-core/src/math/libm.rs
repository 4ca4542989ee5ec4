//! The interpreter's libm, through pointers that the optimiser cannot see through.
//!
//! LLVM knows `pow`, `exp`, `sin` … by name: it folds them at build time and rewrites them
//! (`pow(2, x)` to `exp2(x)`), and the bits differ. A wheel may also meet another libm than the one it was
//! built with. So each function is looked up among the symbols of the running process when it is first
//! called, and called through a mutable cell.
//!
//! Each cell starts with a resolver of the same signature: the fast path is one load and one call.

use std::ffi::CStr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// The address of a libm function in this process; `linked` where it cannot be looked up.
fn lookup(name: &CStr, linked: *mut ()) -> *mut () {
    #[cfg(unix)]
    {
        use std::ffi::{c_char, c_void};
        unsafe extern "C" {
            fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
        }
        #[cfg(target_vendor = "apple")]
        const DEFAULT: *mut c_void = -2isize as *mut c_void;
        #[cfg(not(target_vendor = "apple"))]
        const DEFAULT: *mut c_void = std::ptr::null_mut();
        // SAFETY: a terminated name and the pseudo-handle for the global scope.
        let found = unsafe { dlsym(DEFAULT, name.as_ptr()) };
        if !found.is_null() {
            return found.cast();
        }
    }
    let _ = name;
    linked
}

macro_rules! functions {
    ($($(#[$when:meta])? $name:ident $symbol:literal ($($arg:ident: $ty:ty),*);)*) => {
        mod linked {
            unsafe extern "C" {
                $($(#[$when])? pub(super) fn $name($($arg: $ty),*) -> f64;)*
            }
        }
        $(
            /// The function of this name in the interpreter's libm.
            $(#[$when])?
            #[inline(always)]
            pub(crate) fn $name($($arg: $ty),*) -> f64 {
                static CELL: AtomicPtr<()> = AtomicPtr::new(resolve as *mut ());
                type Function = extern "C" fn($($ty),*) -> f64;

                #[cold]
                extern "C" fn resolve($($arg: $ty),*) -> f64 {
                    CELL.store(lookup($symbol, linked::$name as *mut ()), Relaxed);
                    $name($($arg),*)
                }

                // SAFETY: the cell holds the resolver or the libm function, both of this signature.
                let function = unsafe { std::mem::transmute::<*mut (), Function>(CELL.load(Relaxed)) };
                function($($arg),*)
            }
        )*
    };
}

functions! {
    acos c"acos" (x: f64);
    acosh c"acosh" (x: f64);
    asin c"asin" (x: f64);
    asinh c"asinh" (x: f64);
    atan c"atan" (x: f64);
    atanh c"atanh" (x: f64);
    cbrt c"cbrt" (x: f64);
    cos c"cos" (x: f64);
    cosh c"cosh" (x: f64);
    erf c"erf" (x: f64);
    erfc c"erfc" (x: f64);
    exp c"exp" (x: f64);
    exp2 c"exp2" (x: f64);
    expm1 c"expm1" (x: f64);
    log c"log" (x: f64);
    log10 c"log10" (x: f64);
    log1p c"log1p" (x: f64);
    log2 c"log2" (x: f64);
    sin c"sin" (x: f64);
    sinh c"sinh" (x: f64);
    tan c"tan" (x: f64);
    tanh c"tanh" (x: f64);
    #[cfg(feature = "rare")]
    hypot c"hypot" (x: f64, y: f64);
    atan2 c"atan2" (y: f64, x: f64);
    pow c"pow" (x: f64, y: f64);
    ldexp c"ldexp" (x: f64, exponent: i32);
}
