// What happened lately: the frames of the longest window, from which everything can be drawn again after a change of size.
"use strict"
const BINS = 250 // of a rate, in the window shown

class History {
  constructor(about, window) {
    this.about = about
    this.longest = Math.ceil(Math.max(...WINDOWS) / about.dt)
    this.partOf = new Uint8Array(about.rows) // the number of the population of each row
    about.populations.forEach((part, p) => this.partOf.fill(p, part.first, part.first + part.size))
    this.watched = [] // for each watched trace, the row whose spikes its potential hides, or null
    this.show(window)
    this.clear(about.start)
  }

  show(ms) { // the length of the window
    this.window = Math.max(1, Math.round(ms / this.about.dt))
    this.bin = Math.max(1, Math.round(this.window / BINS))
    this.bins = Math.ceil(this.window / this.bin) + 12 // some more, over which rates settle
    this.counts = this.about.populations.map(() => new Float64Array(this.bins))
    if (!this.frames) return
    this.counted = this.step - this.window
    this.frames.forEach((frame) => this.count(frame))
  }

  get start() { return Math.max(this.step - this.window, this.began) } // of the time axis

  clear(step) {
    Object.assign(this, { frames: [], step, began: step, counted: step, weights: null })
    this.counts.forEach((counts) => counts.fill(0))
  }

  add(frame) {
    this.frames.push(frame)
    this.step = frame.to
    frame.marks = this.watched.map((row) => row === null ? [] : frame.steps.filter((_, k) => frame.cells[k] === row))
    if (frame.weights) this.weights = frame.weights
    let gone = 0
    while (this.frames[gone].to < this.step - this.longest) gone++
    if (gone) this.frames.splice(0, gone)
    this.count(frame)
  }

  // spikes in bins that are used again in turn; step s is in bin (s-1)/bin, as in the pictures of Python
  count({ to, steps, cells }) {
    const last = Math.floor((to - 1) / this.bin), from = Math.max(this.counted, (last - this.bins + 1) * this.bin, 0)
    for (let b = Math.floor((from - 1) / this.bin) + 1; b <= last; b++) {
      for (const counts of this.counts) counts[b % this.bins] = 0
    }
    this.counted = to
    for (let k = firstAfter(steps, from); k < steps.length; k++) {
      this.counts[this.partOf[cells[k]]][Math.floor((steps[k] - 1) / this.bin) % this.bins]++
    }
  }

  // [times in steps, Hz] of a population, smoothed a little; only bins that are over
  rate(p) {
    const perBin = 1000 / (this.bin * this.about.dt * this.about.populations[p].size), points = []
    const last = Math.floor(this.step / this.bin) - 1
    let first = Math.max(last - this.bins + 3, Math.ceil(this.began / this.bin)), value = null
    for (let b = first; b <= last; b++) {
      const now = this.counts[p][b % this.bins] * perBin
      value = value === null ? now : value + 0.4 * (now - value)
      points.push([(b + 0.5) * this.bin, value])
    }
    return points
  }

  visible() { // spikes, about, when the window is full
    const found = this.counts.reduce((sum, counts) => counts.reduce((a, b) => a + b, sum), 0)
    return found * this.window / Math.max(this.step - this.start, this.window / 20)
  }

  // Hz in the window shown
  mean(p) {
    const first = Math.ceil(this.start / this.bin), steps = this.step - first * this.bin
    let sum = 0
    for (let b = first; b * this.bin < this.step; b++) sum += this.counts[p][b % this.bins]
    return steps > 0 ? 1000 * sum / (this.about.populations[p].size * steps * this.about.dt) : 0
  }

  // the frames in the window that have samples of watched trace k
  sampled(k) { return this.frames.filter((frame) => frame.to >= this.step - this.window && frame.traces[k]) }

  watch(rows) {
    this.watched = rows
    for (const frame of this.frames) Object.assign(frame, { traces: [], marks: [] })
  }
}

function firstAfter(steps, step) { // index of the first element that is above step
  let low = 0, high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (steps[middle] <= step) low = middle + 1; else high = middle
  }
  return low
}
