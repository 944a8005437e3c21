// What the page and the engine say to each other: the engine answers messages, in a worker or on the page's own thread.

const MOST_A_FRAME = 1 << 18; // spikes
const HISTOGRAMS = 200; // ms between two histograms

class Engine {
  // `post(message, transfer)` gives a message to the page
  constructor(post) {
    this.post = post;
    this.queue = Promise.resolve();
  }

  // take a message; those that come while the engine starts wait for it
  receive(message) {
    this.queue = this.queue.then(() => this[message.type]?.(message)).catch((error) => this.fail(error));
    return this.queue;
  }

  fail(error) {
    this.failed = true;
    this.post({ type: "fault", step: this.brain ? this.brain.step : null, message: error.message || String(error) });
  }

  async start({ about, blobs }) {
    const names = Object.keys(blobs), parts = await Promise.all(names.map((name) => unpacked(blobs[name])));
    this.about = about;
    this.blobs = Object.fromEntries(names.map((name, k) => [name, parts[k]]));
    this.brain = await Brain.start(this.blobs, about.engine);
    this.rows = rowsOf(about.engine.order);
    this.positions = about.controls.map((control) => control.initial);
    this.given = new Map(); // the arrays that were set
    this.watched = { traces: [], every: 1, Numbers: Float32Array };
    this.begin();
    this.post({ type: "ready", step: this.brain.step, way: this.brain.way, bytes: this.brain.memory.buffer.byteLength });
  }

  begin(chain = this.about.engine.chain) {
    this.failed = false;
    this.chain = new Chain(chain);
    this.chunk = 1;
    this.histogram = -Infinity;
  }

  // state 0 is where the page begins; the spikes of another one count from there
  restart({ state }) {
    const { states } = this.about.engine, { chain } = this.about.engine, before = states.slice(0, Math.max(state - 1, 0));
    const from = before.reduce((sum, { size }) => sum + size, 0);
    this.brain.reset(state ? this.blobs.states.subarray(from, from + states[state - 1].size) : null);
    this.begin(state ? { ...chain, link: "00".repeat(32), rest: [] } : chain);
    this.about.controls.forEach((control, k) => { if (this.positions[k] !== control.initial) this.apply(k); });
    this.given.forEach((values, k) => this.write(k, values));
    this.post({ type: "restarted", step: this.brain.step });
  }

  control({ control, position }) {
    this.positions[control] = position;
    if (!this.failed) this.apply(control);
  }

  apply(k) { this.brain.set(this.about.engine.controls[k], this.positions[k], this.blobs.changes); }

  // `values` are all numbers of an array from now on
  array({ array, values }) {
    this.given.set(array, values);
    if (!this.failed) this.write(array, values);
  }

  write(k, values) { this.brain.write(this.about.engine.arrays[k], values, this.blobs.changes); }

  button({ button }) {
    if (this.failed) return;
    const { buffer } = this.brain.memory, Numbers = this.about.engine.single ? Float32Array : Float64Array;
    for (const { at, size, add, to } of this.about.engine.buttons[button]) {
      const values = new Numbers(buffer, at, size);
      for (let k = 0; k < size; k++) values[k] = to === undefined ? values[k] + add : to;
    }
  }

  // samples are of single precision, as pictures need them, unless `exact`
  watch({ traces, every, exact }) { this.watched = { traces, every: Math.max(1, every || 1), Numbers: exact ? Float64Array : Float32Array }; }

  weights({ on }) { this.showsWeights = on; }

  advance({ steps, budget }) {
    if (this.failed) return;
    const { brain } = this, began = performance.now(), from = brain.step, parts = [], samples = [], at = [];
    let left = steps, spikes = 0, spent = 0, fault = null;
    const { traces, every, Numbers } = this.watched;
    while (left > 0 && spent < budget && spikes < MOST_A_FRAME) {
      let some = Math.min(left, this.chunk);
      if (traces.length) some = Math.min(some, every - (brain.step % every));
      const taken = brain.run(some);
      this.chain.add(taken);
      if (taken.length) parts.push(taken);
      spikes += taken.length / 2;
      left -= some;
      if (traces.length && brain.step % every === 0) {
        at.push(brain.step);
        samples.push(traces.map((trace) => this.sample(trace)));
      }
      const now = performance.now() - began;
      this.pace(some, now - spent);
      spent = now;
      try { brain.check(); } catch (error) { fault = error; break; }
    }
    const frame = { type: "frame", from, to: brain.step, spent, ...this.split(parts, spikes), weights: this.histograms() };
    frame.traces = traces.map((_, k) => Numbers.from(samples, (sample) => sample[k]));
    frame.traceSteps = Int32Array.from(at);
    const arrays = [frame.steps, frame.cells, frame.traceSteps, ...frame.traces, ...(frame.weights || [])];
    this.post(frame, arrays.map((array) => array.buffer));
    if (fault) this.fail(fault);
  }

  // choose how many steps the compiled loop makes at once: about 4 ms
  pace(steps, ms) {
    if (steps === this.chunk) this.chunk = Math.max(1, Math.min(2 * this.chunk, Math.round((4 * steps) / Math.max(ms, 0.01)), 1000));
  }

  sample({ variable, cell }) {
    const { at } = this.about.engine.variables[variable], { buffer } = this.brain.memory;
    return new (this.about.engine.single ? Float32Array : Float64Array)(buffer, at, cell + 1)[cell];
  }

  // the spikes of some chunks as arrays of steps and rows
  split(parts, n) {
    const steps = new Int32Array(n), cells = new Int32Array(n);
    let at = 0;
    for (const part of parts) {
      for (let k = 0; k < part.length; k += 2, at++) {
        steps[at] = part[k];
        cells[at] = this.rows ? this.rows[part[k + 1]] : part[k + 1];
      }
    }
    return { steps, cells };
  }

  histograms() {
    if (!this.showsWeights || performance.now() - this.histogram < HISTOGRAMS) return null;
    this.histogram = performance.now();
    return this.about.weights.map(({ low, high, bins, each }, k) => {
      if (each) return Float32Array.from(this.numbers(this.about.engine.weights[k]));
      const counts = new Uint32Array(bins), scale = bins / (high - low || 1);
      for (const w of this.numbers(this.about.engine.weights[k])) counts[Math.max(0, Math.min(bins - 1, Math.floor((w - low) * scale)))]++;
      return counts;
    });
  }

  numbers({ at, size, item }) { return new (item === 4 ? Float32Array : Float64Array)(this.brain.memory.buffer, at, size); }

  digest() {
    const weights = this.about.engine.weights.map((place) => { // in the order of their bits, since places differ between runs
      const { buffer } = this.brain.read(place, (at) => this.numbers({ ...place, at }).slice());
      return new Uint8Array((place.item === 4 ? new Uint32Array(buffer) : new BigUint64Array(buffer)).sort().buffer);
    });
    const { memory, step } = this.brain, state = this.about.engine.state.map(([at, bytes]) => new Uint8Array(memory.buffer, at, bytes));
    this.post({ type: "digest", step, text: this.chain.digest([...state, ...weights]) });
  }
}

// the row of each cell, of [first cell, stop, first row] of each part; null if they are the same
function rowsOf(order) {
  if (order.every(([first, , row]) => first === row)) return null;
  const rows = new Int32Array(Math.max(...order.map(([, stop]) => stop)));
  for (const [first, stop, row] of order) for (let k = first; k < stop; k++) rows[k] = row + k - first;
  return rows;
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  const engine = new Engine((message, transfer) => self.postMessage(message, transfer || []));
  self.onmessage = ({ data }) => engine.receive(data);
}
