// Asks the engine for the next piece of the run when the picture needs it: not asking is a pause, so touch never waits.
"use strict"
const BUDGET = 40, FAST = 1e9 // ms of computing for a picture; steps that are never reached within it

class Player {
  // `on` has a function for each type of message of the engine, and `change` when it begins or stops to play
  constructor(about, blobs, source, on) {
    Object.assign(this, { about, on, pace: about.pace, playing: false, ready: false, waiting: false, due: 0, last: 0 })
    Object.assign(this, { step: about.start, end: Infinity, asleep: new Set(), spent: 0, computed: 0, slow: false, faulty: false })
    this.send = workerOf(source, (message) => this.receive(message))
    this.send({ type: "start", about, blobs })
  }

  get running() { return this.playing && this.ready && this.asleep.size === 0 }

  receive(message) {
    if (message.type === "frame") this.framed(message)
    if (message.type === "ready" || message.type === "restarted") this.begun(message)
    if (message.type === "fault") Object.assign(this, { waiting: false, faulty: true, ready: message.step !== null })
    if (message.type === "fault") this.play(false)
    this.on[message.type]?.(message)
    if (message.type === "frame" && performance.now() - this.last > 12) this.pump()
  }

  begun({ step }) {
    const steps = this.about.seconds ? Math.round(1000 * this.about.seconds / this.about.dt) : Infinity
    Object.assign(this, { step, end: step + steps, ready: true, waiting: false, faulty: false, due: 0 })
  }

  framed({ from, to, spent }) {
    Object.assign(this, { step: to, waiting: false })
    this.spent += spent
    this.computed += (to - from) * this.about.dt
    this.slow = this.pace !== Infinity && this.playing && to - from < this.asked
    if (this.spent > 1000) { this.spent /= 2; this.computed /= 2 } // an average of the last second or two
    if (to >= this.end) { this.end = Infinity; this.play(false) }
  }

  play(on) {
    if (on === this.playing) return
    Object.assign(this, { playing: on && !this.faulty, last: performance.now(), due: 0, slow: false })
    this.on.change()
    this.pump()
  }

  sleep(reason, on) { // while the page cannot be seen
    on ? this.asleep.add(reason) : this.asleep.delete(reason)
    Object.assign(this, { last: performance.now(), due: 0 })
  }

  pump() {
    const now = performance.now()
    if (!this.running || this.waiting) return
    const passed = Math.min(now - this.last, 100), fast = this.pace === Infinity
    this.last = now
    this.due = fast ? FAST : this.due + passed * this.pace / this.about.dt
    const steps = Math.min(Math.floor(this.due), this.end - this.step)
    if (steps < 1) return
    this.due = fast ? 0 : this.due - steps
    this.advance(steps, fast ? 25 : BUDGET)
  }

  advance(steps, budget = 1000) {
    Object.assign(this, { waiting: true, asked: steps })
    this.send({ type: "advance", steps, budget })
  }

  oneStep() {
    this.play(false)
    if (this.ready && !this.waiting && !this.faulty) this.advance(1)
  }

  restart(state) { if (this.ready) this.send({ type: "restart", state }) }

  // seconds of the network that this device computes in a second
  get factor() { return this.spent > 0 ? this.computed / this.spent : null }
}
