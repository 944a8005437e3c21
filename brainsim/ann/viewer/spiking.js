// The spiking network: brainsim in WebAssembly, which gets the picture as currents and answers with spikes and potentials.
"use strict"
const SILENT = 1e300 // the threshold of a cell that never fires

class Spiking {
  constructor(about, layers, blobs, source, failed) {
    const { bodies, populations, variables } = about
    Object.assign(this, { about, layers, bodies, failed, waiting: [], queue: Promise.resolve() })
    const output = populations.findIndex(({ population }) => population === "output")
    const variable = variables.findIndex(({ name, population }) => name === "v" && population === output)
    this.rows = bodies.hidden.map((name) => populations.find(({ population }) => population === name).first)
    this.ready = this.ask({ type: "start", about, blobs }, "ready", workerOf(source, (message) => this.receive(message)))
    const traces = bodies.classes.map((_, cell) => ({ variable, cell }))
    this.ready.then(() => this.send({ type: "watch", traces, every: 1, exact: true }), () => {})
  }

  // a fault ends whatever is waited for; nobody would hear of it otherwise
  receive(message) {
    if (message.type === "fault") {
      const error = new Error(message.message), waiting = this.waiting.splice(0)
      if (waiting.length) waiting.forEach(({ refuse }) => refuse(error))
      else this.failed(error)
      return
    }
    const k = this.waiting.findIndex(({ type }) => type === message.type)
    if (k >= 0) this.waiting.splice(k, 1)[0].done(message)
  }

  // send a message, and wait for the answer of a type; a fault is thrown
  ask(message, type, send = this.send) {
    this.send = send
    const answer = new Promise((done, refuse) => this.waiting.push({ type, done, refuse }))
    send(message)
    return answer
  }

  array(array, values) { this.send({ type: "array", array, values: Float64Array.from(values) }) }

  // silence cells by their thresholds, delete synapses, and let thresholds drift by the weights and currents into their cells
  damage({ active, alive, gains }) {
    const { layers } = this, last = layers.length - 1
    layers.slice(1).forEach(({ target, weight, spike }, k) => {
      const before = layers[k].theta, gain = gains[k + 1]
      this.array(1 + k, weight.map((one, s) => alive[k + 1][s] ? inUnits(one * gain[target[s]] * before, spike) : 0))
    })
    active.forEach((of, k) => this.array(1 + last + k, Array.from(of, (one) => one ? layers[k].theta : SILENT)))
    for (let k = 1; k < last; k++) this.current(2 * last + k, this.bias(k, gains[k]))
  }

  // the array of a current that ends with its window
  current(array, values) {
    const both = new Float64Array(2 * values.length)
    both.set(values)
    this.array(array, both)
  }

  bias(k, gain) { const { bias, drive } = this.layers[k]; return bias.map((one, i) => inUnits(one * gain[i], drive)) }

  // what each cell of the first layer gets in each step
  drive(x, { alive: [alive], gains: [gain] }) {
    const [layer] = this.layers
    return summed(layer, x, this.bias(0, gain), alive, gain).map((one) => inUnits(one, layer.drive))
  }

  // let the network see a picture from its first step on
  read(x, damage) {
    return this.inTurn(async () => {
      const drive = this.drive(x, damage), wanted = this.bodies.steps
      this.current(0, drive)
      this.send({ type: "restart", state: null })
      const { steps, cells, traces, traceSteps } = await this.ask({ type: "advance", steps: wanted, budget: 1e9 }, "frame")
      if (traceSteps.length < wanted) throw new Error(`the spiking network stopped after ${traceSteps.length} of ${wanted} steps`)
      return { x, drive, steps, cells, evidence: traces }
    })
  }

  // the hash of spikes and state after the last reading
  digest() { return this.inTurn(() => this.ask({ type: "digest" }, "digest")) }

  // readings wait for each other, also for one that fails
  inTurn(what) {
    const answer = this.queue.then(what)
    this.queue = answer.catch(() => {})
    return answer
  }

  // outputs after a number of steps; null while the layers before have not reached the last one
  outputs({ evidence }, stop) {
    const { lag } = this.bodies
    return stop > lag ? evidence.map((trace) => trace[stop - 1] / (stop - lag)) : null
  }

  // how often each cell of a hidden layer has fired, as an activation: rate times threshold
  rates({ steps, cells }, layer, stop) {
    const { theta, outputs } = this.layers[layer], first = this.rows[layer], found = new Float64Array(outputs)
    const passed = Math.min(stop - layer, this.bodies.T)
    for (let k = 0; k < steps.length; k++) {
      const cell = cells[k] - first
      if (cell >= 0 && cell < outputs && steps[k] > layer && steps[k] <= Math.min(stop, layer + this.bodies.T)) found[cell]++
    }
    return passed > 0 ? found.map((n) => theta * n / passed) : found
  }
}

// the answer and how sure it is: shares of the classes, which add up to 1
function sharesOf(outputs) {
  const most = Math.max(...outputs), shares = Array.from(outputs, (one) => Math.exp(one - most)), sum = shares.reduce((a, b) => a + b)
  return shares.map((one) => one / sum)
}

const bestOf = (outputs) => outputs.indexOf(Math.max(...outputs))
