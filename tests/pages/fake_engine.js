// Stands in for the engine in tests of the viewer: the same messages, with spikes drawn at random instead of computed ones.
"use strict"

class Engine {
  constructor(send) { Object.assign(this, { send, step: 0, watched: [], every: 1, histograms: false, random: 1, faultAt: Infinity }) }

  receive(message) { this[message.type](message) }

  start({ about }) {
    Object.assign(this, { about, step: about.start, positions: about.controls.map((one) => one.initial), pushed: 0 })
    this.v = about.variables.map((one) => new Float64Array(about.populations[one.population].size))
    if (about.engine.refuses) return this.send({ type: "fault", step: null, message: about.engine.refuses })
    if (about.engine.faultAt) this.faultAt = about.engine.faultAt
    this.send({ type: "ready", step: this.step, way: "plain", bytes: 1 << 20 })
  }

  control({ control, position }) { this.positions[control] = position }
  button({ button }) { this.pushed = 40 * (button + 1) }
  weights({ on }) { this.histograms = on }
  watch({ traces, every }) { Object.assign(this, { watched: traces, every }) }
  digest() { this.send({ type: "digest", step: this.step, text: this.step.toString(16).padStart(64, "0") }) }

  restart() {
    Object.assign(this, { step: this.about.start, random: 1, faultAt: Infinity })
    this.send({ type: "restarted", step: this.step })
  }

  draw() { return (this.random = (this.random * 48271) % 2147483647) / 2147483647 }

  advance({ steps, budget }) {
    const began = performance.now(), from = this.step, found = [], samples = this.watched.map(() => []), sampled = []
    for (let k = 0; k < steps && (k === 0 || performance.now() - began < budget); k++) {
      if (this.step >= this.faultAt) return this.send({ type: "fault", step: this.step, message: this.about.engine.message })
      this.advanceOne(found)
      if (this.step % this.every === 0) {
        sampled.push(this.step)
        this.watched.forEach(({ variable, cell }, j) => samples[j].push(this.v[variable][cell]))
      }
    }
    const spent = performance.now() - began + (this.about.engine.slow ?? 0) * (this.step - from)
    const traces = samples.map((values) => Float32Array.from(values)), steps_ = Int32Array.from(found, ([step]) => step)
    this.send({ type: "frame", from, to: this.step, steps: steps_, cells: Int32Array.from(found, ([, cell]) => cell), traces,
      traceSteps: Int32Array.from(sampled), weights: this.counts(), spent })
  }

  advanceOne(found) {
    const { populations, variables, dt, controls } = this.about
    this.step++
    this.pushed = Math.max(0, this.pushed - 1)
    populations.forEach((part, p) => {
      const scale = controls.length ? (this.positions[0] + 1) / (controls[0].initial + 1) : 1
      const chance = dt / 1000 * (20 + 15 * p) * scale * (1 + 0.8 * Math.sin(this.step * dt / 12 + p)) + (p === 0 && this.pushed ? 0.02 : 0)
      for (let cell = Math.floor(Math.log(this.draw()) / Math.log(1 - chance)); cell < part.size; cell += 1 + Math.floor(Math.log(this.draw()) / Math.log(1 - chance))) {
        found.push([this.step, part.first + cell])
        variables.forEach((one, k) => { if (one.population === p) this.v[k][cell] = -1 })
      }
    })
    variables.forEach((one, k) => {
      const v = this.v[k], low = 10, high = one.threshold ?? 1
      if (this.watched.some(({ variable }) => variable === k)) v.forEach((x, cell) => { v[cell] = x === -1 || x === 0 ? low : x + 0.01 * (high - x) + 0.02 * (high - low) * (this.draw() - 0.5) })
    })
  }

  counts() {
    if (!this.histograms) return null
    return this.about.weights.map(({ bins, count, each, high }, k) => each ? Float32Array.from({ length: count }, (_, b) => high * b / count) : Uint32Array.from({ length: bins }, (_, b) => count / bins * (1 + Math.cos(b / bins * 6 - this.step * this.about.dt / 300 + k))))
  }
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  const engine = new Engine((message, transfer) => postMessage(message, transfer))
  onmessage = (event) => engine.receive(event.data)
}
