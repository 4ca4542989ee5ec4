//! MT19937, the generator of Matsumoto and Nishimura, with the ways in which CPython seeds it and takes numbers from it.

/// Words of state.
pub(super) const STATE: usize = 624;

/// How far apart the words are that are mixed.
const APART: usize = 397;

pub(super) struct Twister {
    /// The next word that was not handed out yet.
    pub(super) index: usize,
    pub(super) state: [u32; STATE],
}

impl Twister {
    pub(super) const fn new() -> Twister {
        Twister { index: STATE, state: [0; STATE] }
    }

    /// 32 bits.
    #[inline]
    fn word(&mut self) -> u32 {
        if self.index >= STATE {
            self.renew();
        }
        let mut y = self.state[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    #[cold]
    fn renew(&mut self) {
        for k in 0..STATE {
            let y = (self.state[k] & 0x8000_0000) | (self.state[(k + 1) % STATE] & 0x7fff_ffff);
            let mixed = (y >> 1) ^ if y & 1 == 0 { 0 } else { 0x9908_b0df };
            self.state[k] = self.state[(k + APART) % STATE] ^ mixed;
        }
        self.index = 0;
    }

    /// A float in `[0, 1)` with 53 bits.
    #[inline]
    pub(super) fn float(&mut self) -> f64 {
        let (a, b) = (self.word() >> 5, self.word() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// 1 to 64 bits: whole words first, the lowest of them first.
    #[inline]
    pub(super) fn bits(&mut self, count: u32) -> u64 {
        if count <= 32 {
            return u64::from(self.word() >> (32 - count));
        }
        let low = u64::from(self.word());
        low | u64::from(self.word() >> (64 - count)) << 32
    }

    /// Starts from a number.
    fn start(&mut self, number: u32) {
        self.state[0] = number;
        for k in 1..STATE {
            let before = self.state[k - 1];
            self.state[k] = 1_812_433_253_u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(k as u32);
        }
        self.index = STATE;
    }

    /// Starts from a key, which is not empty.
    pub(super) fn seed(&mut self, key: &[u32]) {
        self.start(19_650_218);
        let (mut i, mut j) = (1, 0);
        for _ in 0..STATE.max(key.len()) {
            let before = self.state[i - 1];
            let mixed = (before ^ (before >> 30)).wrapping_mul(1_664_525);
            self.state[i] = (self.state[i] ^ mixed).wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= STATE {
                self.state[0] = self.state[STATE - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 1..STATE {
            let before = self.state[i - 1];
            let mixed = (before ^ (before >> 30)).wrapping_mul(1_566_083_941);
            self.state[i] = (self.state[i] ^ mixed).wrapping_sub(i as u32);
            i += 1;
            if i >= STATE {
                self.state[0] = self.state[STATE - 1];
                i = 1;
            }
        }
        self.state[0] = 0x8000_0000;
    }
}
