// SHA-256 (FIPS 180-4), and the digest of a run, which `Simulation.digest` explains. The browser's own SHA-256 is missing in
// pages that are opened from a file.

const ROUNDS = new Int32Array(64), FIRST = new Int32Array(8);
for (let found = 0, n = 2; found < 64; n++) {
  let prime = true;
  for (let k = 2; k * k <= n; k++) if (n % k === 0) prime = false;
  if (!prime) continue;
  const bits = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32);
  if (found < 8) FIRST[found] = bits(n ** 0.5);
  ROUNDS[found++] = bits(Math.cbrt(n));
}

class Sha256 {
  constructor() {
    this.h = FIRST.slice();
    this.w = new Int32Array(64);
    this.rest = new Uint8Array(64);
    this.held = this.size = 0;
  }

  update(bytes) {
    this.size += bytes.length;
    let at = 0;
    if (this.held) {
      at = Math.min(64 - this.held, bytes.length);
      this.rest.set(bytes.subarray(0, at), this.held);
      this.held += at;
      if (this.held < 64) return this;
      this.block(this.rest, 0);
      this.held = 0;
    }
    for (; at + 64 <= bytes.length; at += 64) this.block(bytes, at);
    this.rest.set(bytes.subarray(at));
    this.held = bytes.length - at;
    return this;
  }

  block(bytes, at) {
    const { w, h } = this;
    for (let k = 0; k < 16; k++, at += 4) w[k] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    for (let k = 16; k < 64; k++) {
      const x = w[k - 15], y = w[k - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[k] = (w[k - 16] + s0 + w[k - 7] + s1) | 0;
    }
    let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], i = h[7];
    for (let k = 0; k < 64; k++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (i + s1 + ((e & f) ^ (~e & g)) + ROUNDS[k] + w[k]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      i = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += i;
  }

  bytes() {
    const end = new Uint8Array(((this.held < 56 ? 56 : 120) - this.held) + 8), view = new DataView(end.buffer);
    end[0] = 128;
    view.setUint32(end.length - 8, Math.floor(this.size / 2 ** 29));
    view.setUint32(end.length - 4, (this.size * 8) >>> 0);
    this.update(end);
    const out = new Uint8Array(32), words = new DataView(out.buffer);
    this.h.forEach((x, k) => words.setInt32(4 * k, x));
    return out;
  }
}

const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

// The spikes of a run: blocks of `size` spikes, each hashed with the hash of the blocks before it
class Chain {
  constructor({ link, rest, size }) {
    this.size = size;
    this.link = Uint8Array.from(link.match(/../g), (pair) => parseInt(pair, 16));
    this.pending = new Uint32Array(2 * size);
    this.pending.set(rest);
    this.held = rest.length;
  }

  // `pairs` are step and cell of each spike
  add(pairs) {
    for (let at = 0; at < pairs.length;) {
      const n = Math.min(pairs.length - at, this.pending.length - this.held);
      this.pending.set(pairs.subarray(at, at + n), this.held);
      this.held += n;
      at += n;
      if (this.held === this.pending.length) {
        this.link = this.whole().bytes();
        this.held = 0;
      }
    }
  }

  whole() {
    const { buffer } = this.pending;
    return new Sha256().update(this.link).update(new Uint8Array(buffer, 0, 4 * this.held));
  }

  // `parts` are the bytes of the state and of weights
  digest(parts) {
    const all = new Sha256().update(this.whole().bytes());
    for (const part of parts) all.update(part);
    return hex(all.bytes());
  }
}
