// The picture of what happens inside: the evidence over time, and below it the spikes of each cell beside the activation of its unit.
"use strict"
const MARGIN = 46, GAP = 16, SIDE = 0.3 // px; px between layers; of the width, for activations

class Figure {
  constructor(canvas, about) { Object.assign(this, { canvas, about, ink: canvas.getContext("2d") }) }

  draw(state) {
    const { canvas, ink } = this, { clientWidth: width, clientHeight: height } = canvas, ratio = Math.min(devicePixelRatio || 1, 2)
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) })
    ink.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.colours = Object.fromEntries(["paper", "ink", "muted", "faint", "line", "brain", "machine"].map((name) => [name, look(name)]))
    const narrow = width < 560, side = Math.round(width * SIDE), right = width - side - 14
    Object.assign(this, { width, height, right, side, font: narrow ? 11 : 12 })
    this.across = (step) => MARGIN + (right - MARGIN) * step / this.about.steps
    this.evidence(state, 22, Math.round(0.32 * height))
    this.layers(state, Math.round(0.32 * height) + 46, height - 40)
    this.time(state)
  }

  write(text, x, y, colour = "muted", align = "left", weight = 400) {
    Object.assign(this.ink, { fillStyle: this.colours[colour], textAlign: align, font: `${weight} ${this.font}px system-ui, sans-serif` }).fillText(text, x, y)
  }

  stroke(points, colour, width, alpha = 1) {
    const { ink } = this
    Object.assign(ink, { strokeStyle: this.colours[colour], lineWidth: width, globalAlpha: alpha })
    ink.beginPath()
    points.forEach(([x, y], k) => k ? ink.lineTo(x, y) : ink.moveTo(x, y))
    ink.stroke()
    ink.globalAlpha = 1
  }

  box(x, y, width, height, colour, alpha = 1) {
    Object.assign(this.ink, { fillStyle: this.colours[colour], globalAlpha: alpha }).fillRect(x, y, width, height)
    this.ink.globalAlpha = 1
  }

  // outputs of the spiking network from step to step, and at the right those of the artificial one, to which they tend
  evidence({ reading, outputs, stop }, top, bottom) {
    const { about, across, right, ink } = this, { lag, steps, classes } = about
    this.write("output for each class", MARGIN, top - 8, "muted")
    this.write("spiking", right - 4, top - 8, "brain", "right", 600)
    this.write("artificial", right + 26, top - 8, "machine", "left", 600)
    if (!reading) return
    const curves = reading.evidence.map((trace) => Array.from({ length: steps - lag }, (_, k) => trace[lag + k] / (k + 1)))
    const settled = curves.flatMap((curve) => curve.slice(Math.min(4, curve.length - 1)))
    const low = Math.min(...settled, ...outputs), high = Math.max(...settled, ...outputs), range = high - low || 1
    const up = (value) => bottom - (bottom - top) * Math.min(1.02, Math.max(-0.02, (value - low) / range))
    if (low < 0 && high > 0) this.stroke([[MARGIN, up(0)], [right, up(0)]], "line", 1)
    this.write("0", MARGIN - 8, up(0) + 4, "muted", "right")
    const order = classes.map((_, k) => k).sort((a, b) => outputs[a] - outputs[b]), best = bestOf(curves.map((curve) => curve[Math.max(0, stop - lag - 1)]))
    for (const k of order) this.stroke(curves[k].map((value, s) => [across(lag + 1 + s), up(value)]), "brain", k === best ? 2.5 : 1, k === best ? 1 : 0.38)
    let free = Infinity // where the next label may be
    for (const k of order.reverse()) {
      const y = up(outputs[k]), first = k === order[0]
      Object.assign(ink, { fillStyle: this.colours.machine, globalAlpha: first ? 1 : 0.55 })
      ink.beginPath()
      ink.arc(right + 14, y, first ? 5 : 3.5, 0, 7)
      ink.fill()
      ink.globalAlpha = 1
      const label = Math.max(y + 4, free === Infinity ? -Infinity : free + this.font)
      if (label - y < 12) { this.write(classes[k], right + 26, label, first ? "ink" : "muted", "left", first ? 700 : 400); free = label }
    }
  }

  // each hidden layer: spikes of its cells over time; activations and rates of the same rows, left and right
  layers({ reading, activations, rates, stop, active }, top, bottom) {
    const { about, right, side } = this, hidden = about.layers.slice(0, -1)
    const units = hidden.reduce((sum, { outputs }) => sum + outputs, 0), row = (bottom - top - GAP * (hidden.length - 1)) / units
    this.write("spikes of the hidden cells", MARGIN, top - 9)
    const middle = right + 14 + side / 2 - 8
    this.write(side > 150 ? "activations" : "units", middle - 6, top - 9, "machine", "right", 600)
    this.write(side > 150 ? "rates" : "cells", middle + 6, top - 9, "brain", "left", 600)
    let y = top
    this.spots = []
    hidden.forEach(({ outputs: n, theta }, layer) => {
      const high = n * row
      this.spots.push({ y, row })
      this.box(MARGIN, y, right - MARGIN, high, "line", 0.22)
      this.vertical(hidden.length > 1 ? `layer ${layer + 1}: ${n}` : `${n} cells`, y + high / 2)
      for (let k = 0; k < n; k++) if (active && !active[layer][k]) this.box(MARGIN, y + k * row, right - MARGIN, Math.max(1, row - 0.4), "line", 0.8)
      if (activations) {
        const most = Math.max(theta, ...activations[layer], 1e-9), bar = side / 2 - 8, middle = right + 14 + bar, thick = Math.max(1, row - 0.5)
        for (let k = 0; k < n; k++) { // as in a mirror
          const [activation, rate] = [activations, rates].map((of) => bar * of[layer][k] / most)
          this.box(middle - 1 - activation, y + k * row, activation, thick, "machine")
          this.box(middle + 1, y + k * row, rate, thick, "brain")
        }
      }
      y += high + GAP
    })
    if (reading) this.spikes(reading, stop, row)
  }

  spikes({ steps, cells }, stop, row) {
    const mark = Math.max(1.4, 0.55 * (this.across(1) - this.across(0)))
    this.about.layers.slice(0, -1).forEach(({ outputs }, layer) => {
      const first = this.rows[layer], { y } = this.spots[layer]
      for (let k = 0; k < cells.length; k++) {
        const cell = cells[k] - first
        if (cell >= 0 && cell < outputs) this.box(this.across(steps[k]) - mark / 2, y + cell * row, mark, Math.max(1, row - 0.4), "brain", steps[k] > stop ? 0.16 : 1)
      }
    })
  }

  vertical(text, y) {
    const { ink } = this
    ink.save()
    ink.translate(MARGIN - 10, y)
    ink.rotate(-Math.PI / 2)
    this.write(text, 0, 0, "muted", "center")
    ink.restore()
  }

  // the axis of time, and where both are stopped
  time({ stop }) {
    const { about, across, height, right } = this, bottom = height - 40
    for (let step = 0; step <= about.steps; step += about.steps > 40 ? 16 : 8) this.write(String(step), across(step), bottom + 16, "muted", "center")
    this.write("steps", (MARGIN + right) / 2, bottom + 33, "muted", "center")
    this.stroke([[across(stop), 14], [across(stop), bottom]], "ink", 1.2)
  }
}
