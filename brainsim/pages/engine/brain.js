// The time loop of brainsim in JavaScript: what Python does around the compiled loop.

const PAGE = 65536, LIMIT = 2 ** 30; // bytes: of a page of memory, and of all memory

const FUNCTIONS = { fmod: (a, b) => a % b }; // of the C library, exact by its definition

// as Python's format "g"
function inShort(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [digits, exponent] = x.toExponential(5).split("e");
  if (exponent >= -4 && exponent < 6) return String(Number(x.toPrecision(6)));
  return `${Number(digits)}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

class Brain {
  // `code`: a module for each way of fma, of which the first is taken that this browser can run with the right bits; `image`:
  // bytes of memory; `about`: what `pages/export.py` says of them
  static async start({ code, image }, about) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(about.end / PAGE) + 16, maximum: LIMIT / PAGE });
    const table = new WebAssembly.Table({ initial: about.table + about.entries.length, element: "anyfunc" });
    const stack = new WebAssembly.Global({ value: "i32", mutable: true }, about.base);
    const env = { __linear_memory: memory, __indirect_function_table: table, __stack_pointer: stack, ...FUNCTIONS };
    let end = 0;
    for (const [way, size] of about.codes) {
      const module = code.subarray(end, end += size);
      if (!WebAssembly.validate(module)) continue;
      const { exports } = (await WebAssembly.instantiate(module, { env })).instance;
      // a product that is rounded before the sum would give other bits
      if (exports.bs_is_fused && !exports.bs_is_fused(1 + 2 ** -30, -(1 + 2 ** -29))) continue;
      about.entries.forEach((name, k) => table.set(about.table + k, exports[name]));
      return new Brain(exports, memory, image, about, way);
    }
    throw new Error("This browser cannot run the network: it needs WebAssembly with SIMD, as browsers since 2023 have it.");
  }

  constructor(exports, memory, image, about, way) {
    Object.assign(this, { exports, memory, image, about, way });
    this.reset();
  }

  // go to where the page begins, and from there to a saved state: address, size and bytes of all that differs
  reset(changes) {
    const { memory, image, about } = this, bytes = new Uint8Array(memory.buffer);
    this.data ??= bytes.slice(0, about.base); // the constants of the module
    bytes.fill(0);
    bytes.set(this.data);
    bytes.set(image, about.base);
    for (const { at, size, item } of about.columns) { // differences, all low bytes first
      const planes = bytes.slice(at, at + size * item), column = new (item === 2 ? Uint16Array : Uint32Array)(memory.buffer, at, size);
      for (let k = 0, sum = 0; k < size; k++) {
        for (let b = 0; b < item; b++) sum += planes[b * size + k] << (8 * b);
        column[k] = sum |= 0;
      }
    }
    const state = changes && new DataView(changes.buffer, changes.byteOffset, changes.length);
    for (let k = 0, size; k < changes?.length; k += 8 + size) {
      size = state.getUint32(k + 4, true);
      bytes.set(changes.subarray(k + 8, k + 8 + size), state.getUint32(k, true));
    }
    for (const [name, record] of about.filled) this.exports[name](BigInt(record), BigInt(about.progress));
    this.free = about.end;
    this.records = {};
    this.taken = [];
  }

  get(at) { return Number(this.view.getBigInt64(at, true)); }
  put(at, value) { this.view.setBigInt64(at, BigInt(value), true); }
  get step() { return this.get(this.about.step); }

  get view() {
    if (this.seen?.buffer !== this.memory.buffer) this.seen = new DataView(this.memory.buffer);
    return this.seen;
  }

  // run some steps; return the spikes as [step, cell, step, cell, ...]
  run(steps) {
    for (let now = this.step, end = now + steps; now < end; now = this.step) {
      this.runTo(Math.min(end, ...this.about.regular.map(({ every }) => (Math.floor(now / every) + 1) * every)));
      for (const one of this.about.regular) if (this.step % one.every === 0) this.act(one);
    }
    const taken = this.taken;
    this.taken = [];
    if (taken.length === 1) return taken[0];
    const all = new Uint32Array(taken.reduce((n, part) => n + part.length, 0));
    taken.reduce((at, part) => (all.set(part, at), at + part.length), 0);
    return all;
  }

  runTo(stop) {
    const is = this.about.status;
    this.put(this.about.stop, stop);
    for (const [name, record] of this.about.before) this.exports[name](BigInt(record), BigInt(this.about.progress));
    for (;;) {
      const failed = this.exports.run_partition(this.about.row);
      if (failed) throw new Error(`The compiled loop failed with status ${failed}.`);
      const status = this.get(this.about.returned);
      if (status === is.CONTINUE) break;
      if (status === is.SPIKES_FULL) this.take();
      else this.makeRoom(status);
    }
    this.take();
  }

  // what synapses do at regular times, once they are brought up to now
  act({ reading, calls }) {
    if (reading) {
      const free = this.free;
      this.call(reading, reading.at);
      this.put(reading.at + reading.swept, this.step * reading.per_step + reading.after);
      this.forget(free);
    }
    for (const [name, record] of calls) this.exports[name](BigInt(record));
  }

  // bring the synapses of a record up to now
  call({ function: name, now: [bytes, soma, arrived], per_step, after, back }, rule) {
    const now = this.allocate(bytes), time = this.step * per_step + after;
    this.put(now + soma, time);
    this.put(now + arrived, time - back);
    this.exports[name](BigInt(rule), BigInt(now));
  }

  // give back what was allocated since `free`
  forget(free) {
    new Uint8Array(this.memory.buffer, free, this.free - free).fill(0);
    this.free = free;
  }

  // throw an error of what went wrong first in the steps that were made, if anything did
  check() {
    const found = new Map();
    for (const watch of this.about.watched) {
      const { at, nothing, equal, wrong, first } = watch, noted = this.get(at);
      if (noted === nothing || (equal !== null && noted !== equal) || found.has(at)) continue;
      if (first) this.exports[first[0]](BigInt(first[1]));
      if (wrong && Number.isFinite(this.number(wrong))) continue;
      found.set(at, { order: watch.order.map((one) => this.number(one)), watch });
    }
    const sooner = ({ order: a }, { order: b }) => a.map((x, k) => x - b[k]).find((difference) => difference) || 0;
    const [soonest] = [...found.values()].sort(sooner);
    if (soonest) throw new Error(soonest.watch.text.map((piece) => (typeof piece === "string" ? piece : this.said(piece))).join(""));
  }

  // a number of a fault, and how Python says it
  number({ at, real, factor = 1, summand = 0, table }) {
    const found = (real ? this.view.getFloat64(at, true) : this.get(at)) * factor + summand;
    return table ? table[found] : found;
  }

  said(one) {
    const found = this.number(one), part = one.parts?.filter(([first]) => first <= found).at(-1);
    return part ? `${found - part[0]} of ${part[1]}` : inShort(found);
  }

  // take the spikes out of their list, those of a step by the index of the cell
  take() {
    const { emitted } = this.about, n = this.get(emitted.size), { buffer } = this.memory;
    const packed = new BigUint64Array(buffer, this.get(emitted.spikes), n), pairs = new Uint32Array(buffer, packed.byteOffset, 2 * n);
    for (let k = 2; k < 2 * n; k += 2) {
      if (pairs[k + 1] === pairs[k - 1] && pairs[k] < pairs[k - 2]) { packed.sort(); break; }
    }
    for (const { count } of this.about.regular) if (count) this.count(count, n);
    const out = new Uint32Array(2 * n);
    for (let k = 0; k < 2 * n; k += 2) { out[k] = pairs[k + 1]; out[k + 1] = pairs[k]; }
    this.taken.push(out);
    this.put(emitted.size, 0);
  }

  // let a function count the spikes of the list
  count({ spikes, number, call: [name, record] }, n) {
    this.put(spikes, this.get(this.about.emitted.spikes));
    this.put(spikes + 8, n);
    this.put(number, n);
    this.exports[name](BigInt(record));
  }

  // `make_all` of engine/loop/room.py
  makeRoom(status) {
    const rooms = this.about.rooms.filter((room) => room.status === status);
    if (!rooms.length) throw new Error(`An operator returned the status ${status}, for which only Python can make room.`);
    for (const room of rooms) {
      const factor = this.askRoom(room, room.before, 2);
      if (factor === 1) continue;
      for (const field of room.fields) this.grow(field, factor, room);
      this.askRoom(room, room.after, factor);
    }
  }

  // call a function with the record of a room, and write back the numbers; return the factor
  askRoom(room, name, factor) {
    if (!name) return factor;
    const record = (this.records[room.bytes] ??= this.allocate(room.bytes));
    this.put(record + room.factor, factor);
    for (const { offset, at, array, words } of room.arguments) {
      for (let k = 0; k < (words ? words.length : array ? 2 : 1); k++) this.put(record + offset + 8 * k, words ? words[k] : this.get(at + 8 * k));
    }
    this.exports[name](BigInt(record));
    for (const { offset, at, back } of room.arguments) if (back) this.put(at, this.get(record + offset));
    return this.get(record + room.factor);
  }

  // make the array of a record longer; what was in it stays, and the rest is 0
  grow({ at, item }, factor, { most, message }) {
    const from = this.get(at), old = this.get(at + 8), size = factor * old;
    if (most && size >= most) throw new Error(message);
    if (!old) return;
    const to = this.allocate(size * item);
    new Uint8Array(this.memory.buffer).copyWithin(to, from, from + old * item);
    this.put(at, to);
    this.put(at + 8, size);
  }

  // return a place for some bytes, all of them 0
  allocate(bytes) {
    const at = Math.ceil(this.free / 64) * 64, missing = at + bytes - this.memory.buffer.byteLength;
    if (at + bytes > LIMIT) throw new Error("The network needs more than 1 GB of memory, which is the most that this page takes.");
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    this.free = at + bytes;
    return at;
  }

  // write a control's position: what the export found to change
  set(control, position, changes) {
    const bytes = new Uint8Array(this.memory.buffer);
    for (const { at, size, from, places } of control.writes) {
      const content = changes.subarray(from + position * size, from + (position + 1) * size);
      const indices = places ? new Uint32Array(changes.slice(places.from, places.from + 4 * places.count).buffer) : [0];
      for (const k of indices) bytes.set(content, at + k * size);
    }
    if (control.weights) this.reweigh();
  }

  // write the numbers of an array: `runs` say where they lie
  write(array, values, changes) {
    for (const { at, from, size, item } of array.runs) {
      new (item === 4 ? Float32Array : Float64Array)(this.memory.buffer, at, size).set(values.subarray(from, from + size));
    }
    this.set(array, 0, changes);
  }

  // give the events that are under way the weights that their segments have now, as `Simulation.set` does
  reweigh() {
    const { calendar, block: SIZE } = this.about, { buffer } = this.memory;
    const array = (name, type) => new type(buffer, this.get(calendar[name]), this.get(calendar[name] + 8));
    const pieces = array("piece", BigInt64Array), weight = array("weight", Float64Array); // the latter in any precision
    const due = array("due", BigInt64Array), first = array("first_block", BigInt64Array), following = array("following", BigInt64Array);
    const filed = array("due_piece", BigInt64Array), of = new Map();
    const shared = array("due_weight", this.about.single ? Float32Array : Float64Array);
    pieces.forEach((piece, k) => of.set(piece, weight[k]));
    for (let slot = 0; slot < due.length; slot++) {
      let block = Number(first[slot]);
      for (let k = 0; k < Number(due[slot]); k++) {
        if (k > 0 && k % SIZE === 0) block = Number(following[block]);
        const at = block * SIZE + (k % SIZE);
        if (of.has(filed[at])) shared[at] = of.get(filed[at]);
      }
    }
  }

  // bring a copy of the columns of synapses up to now, and call `look` with the address of the weights
  read({ at, size, item, reading }, look) {
    if (!reading) return look(at);
    const free = this.free, rule = this.allocate(reading.bytes);
    const copy = (to, from, n) => new Uint8Array(this.memory.buffer).copyWithin(to, from, from + n);
    copy(rule, reading.at, reading.bytes);
    const places = reading.columns.map(({ offset, item: each }) => {
      const from = this.get(rule + offset), n = this.get(rule + offset + 8) * each, to = this.allocate(n);
      copy(to, from, n);
      this.put(rule + offset, to);
      return to;
    });
    this.put(rule + reading.lag, reading.after);
    this.call(reading, rule);
    const found = look(places[0]);
    this.forget(free);
    return found;
  }
}
