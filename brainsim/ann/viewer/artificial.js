// The artificial network, which is sums and ReLUs, and the damage that both networks get.
"use strict"

function chance(seed) { // mulberry32: numbers from 0 to 1, the same in every browser
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

function shuffled(size, random) {
  const order = Array.from({ length: size }, (_, k) => k)
  for (let k = size - 1; k > 0; k--) { const other = Math.floor(random() * (k + 1)); [order[k], order[other]] = [order[other], order[k]] }
  return order
}

// to the nearest multiple of a power of two, halves to the even one, as Python rounds
function inUnits(value, unit) {
  const scaled = value / unit, low = Math.floor(scaled), rest = scaled - low
  return unit * (rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1)
}

// the layers as the page holds them: weights by input, `first` says where the row of each input begins
function layersOf({ layers }, { firsts, targets, weights, biases }) {
  let row = 0, at = 0, unit = 0
  return layers.map(({ inputs, outputs, synapses, ...more }) => {
    const layer = { inputs, outputs, synapses, ...more, first: firsts.subarray(row, row + inputs + 1) }
    Object.assign(layer, { target: targets.subarray(at, at + synapses), weight: weights.subarray(at, at + synapses), bias: biases.subarray(unit, unit + outputs) })
    row += inputs + 1
    at += synapses
    unit += outputs
    return layer
  })
}

// the bias plus the weights of all inputs, in their order; `alive` says which weights are left, `gain` how large those into a unit are
function summed({ first, target, weight }, input, bias, alive, gain) {
  const out = Float64Array.from(bias)
  for (let j = 0; j < input.length; j++) {
    if (input[j]) for (let k = first[j]; k < first[j + 1]; k++) if (alive[k]) out[target[k]] += input[j] * (weight[k] * gain[target[k]])
  }
  return out
}

// the outputs of each layer; a unit that is not `active` sends nothing
function activationsOf(layers, x, { active, alive, gains }) {
  let h = x
  return layers.map((layer, k) => {
    const z = summed(layer, h, layer.bias.map((one, i) => one * gains[k][i]), alive[k], gains[k])
    h = k < layers.length - 1 ? z.map((one, i) => active[k][i] && one > 0 ? one : 0) : z
    return h
  })
}

const LOWEST = 0.1 // of what a threshold drifts to, in units of what it was

// which units are silent, which weights deleted and where thresholds drift: the same in both networks. More damage adds to less
class Damage {
  constructor(layers, largest) {
    Object.assign(this, { layers, largest, silenced: 0, deleted: 0, drift: 0, noise: 0 })
    this.choose(1)
  }

  choose(seed) {
    const random = chance(seed), hidden = this.layers.slice(0, -1)
    this.seed = seed
    this.orders = hidden.map(({ outputs }) => shuffled(outputs, random))
    this.lots = this.layers.map(({ synapses }) => Float64Array.from({ length: synapses }, random))
    this.drifts = this.layers.map(({ outputs }, k) => Float64Array.from({ length: outputs }, () => k < hidden.length ? normal(random) : 0))
    this.apply()
  }

  set(changes) { Object.assign(this, changes); this.apply() }

  apply() {
    this.active = this.orders.map((order) => {
      const active = new Uint8Array(order.length).fill(1)
      for (const k of order.slice(0, Math.round(this.silenced * order.length))) active[k] = 0
      return active
    })
    this.alive = this.lots.map((lots) => Uint8Array.from(lots, (lot) => lot >= this.deleted))
    // a threshold that is higher by a factor is the same as weights that are lower by it
    this.gains = this.drifts.map((drifts) => drifts.map((one) => 1 / Math.max(1 + this.drift * one, LOWEST)))
  }

  get none() { return !this.silenced && !this.deleted && !this.drift && !this.noise }

  // a picture with noise; `number` tells pictures apart
  noisy(x, number = 0) {
    if (!this.noise) return x
    const random = chance(1000003 * this.seed + number)
    return x.map((one) => one + this.noise * this.largest * normal(random))
  }
}
