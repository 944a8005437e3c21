// The picture on the canvas: raster over rates over traces on one axis of time, and weights below, as in bs.plot.overview.
"use strict"
const WINDOWS = [50, 100, 200, 500, 1000, 2000, 5000] // ms
const GAP = 0.012, HEADROOM = 0.45 // between populations, of all rows; of a spike above the threshold, of the range
const TALLEST = 10, FEW = 10 // px of a mark; cells: fewer get no rates and higher traces

class Picture {
  constructor(canvas, about, history) {
    Object.assign(this, { canvas, about, history, ink: canvas.getContext("2d"), watched: [], ranges: new Map() })
    this.rated = about.populations.map((_, p) => p).filter((p) => !about.populations[p].sends_only)
    this.few = about.rows < FEW
    this.raster = document.createElement("canvas") // columns that are used again in turn
    this.spots = this.raster.getContext("2d")
    this.arrange()
  }

  // after a change of size, window, theme or of what is watched
  arrange() {
    const { clientWidth: width, clientHeight: height } = this.canvas, narrow = width < 640
    const ratio = Math.min(devicePixelRatio || 1, 2), { about, canvas } = this
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) })
    Object.assign(this, { width, height, ratio, small: narrow ? 11 : 12 })
    this.colours = Object.fromEntries(["paper", "ink", "muted", "faint", "line"].map((name) => [name, look(name)]))
    this.left = this.margin(narrow ? 96 : 150)
    this.across = Math.max(20, width - this.left - this.room(narrow ? 52 : 70))
    const below = 34 + (about.weights.length ? (narrow ? 84 : 110) : 0), gap = 12
    const parts = [["raster", this.few ? 1.6 : 3], ...(this.rated.length && !this.few ? [["rates", 1]] : []), ...this.watched.map((_, k) => [k, this.few ? 1 : 0.75])]
    const share = (height - 8 - below - gap * (parts.length - 1)) / parts.reduce((sum, [, part]) => sum + part, 0)
    let top = 8
    this.panels = new Map(parts.map(([name, part]) => {
      const panel = { top, height: part * share }
      top += panel.height + gap
      return [name, panel]
    }))
    this.bottom = top - gap
    this.arrangeRows()
    this.redrawRaster()
  }

  margin(most) { // px left of the axis: as the names need
    this.ink.font = `${this.small}px system-ui, sans-serif`
    const names = [...this.about.populations, ...this.about.weights, { name: "100 Hz" }].map(({ name }) => name)
    names.push(...this.watched.map(({ part, cell }) => `${part.name} ${whole.format(cell)}`))
    return Math.min(most, 16 + Math.ceil(Math.max(...names.map((name) => this.ink.measureText(name).width))))
  }

  room(least) { // px right of the axis: as the thresholds of traces need
    const thresholds = this.watched.map(({ variable: { threshold, unit } }) => this.ink.measureText(withUnit(threshold ?? 0, unit, 3)).width)
    return Math.max(least, 12 + Math.ceil(Math.max(0, ...thresholds)))
  }

  arrangeRows() {
    const { rows, populations } = this.about, { height } = this.panels.get("raster")
    const gap = populations.length > 1 ? GAP * rows : 0
    this.perRow = height / (rows + gap * (populations.length - 1))
    this.base = populations.map((part, p) => (part.first + p * gap) * this.perRow) // px from the top of the raster
  }

  // --- the raster, which is drawn once and moved

  redrawRaster() {
    const { raster, ratio, history } = this
    raster.width = Math.max(1, Math.round(this.across * ratio))
    raster.height = Math.max(1, Math.round(this.panels.get("raster").height * ratio))
    this.pixels = new ImageData(raster.width, raster.height)
    this.perStep = raster.width / history.window
    this.least = this.smallest()
    this.density = null
    for (const frame of history.frames) if (frame.to > history.step - history.window) this.addSpikes(frame)
  }

  addSpikes({ from, to, steps, cells }) {
    const { raster, perStep, ratio, about, history } = this, wide = raster.width
    const high = Math.round(ratio * Math.max(this.least, Math.min(0.75 * this.perRow, TALLEST))), broad = Math.round(Math.min(this.least, 1.5) * ratio)
    const first = Math.floor(Math.max(from, to - history.window) * perStep) + 1, number = Math.floor(to * perStep) - first + 1
    this.inColumns(first, number, (x, w) => this.clear(x, w))
    const cover = this.cover(steps.length * high * broad, (to - from) * perStep * raster.height)
    const inks = about.populations.map(({ colour }) => [1, 3, 5].map((k) => parseInt(shade(colour).slice(k, k + 2), 16)))
    for (let k = firstAfter(steps, to - history.window); k < steps.length; k++) {
      const p = history.partOf[cells[k]], row = this.base[p] + (cells[k] - about.populations[p].first + 0.5) * this.perRow
      const y = Math.max(0, Math.round(row * ratio - high / 2)), x = Math.floor(steps[k] * perStep) % wide
      this.mark(Math.max(0, x - broad + 1), y, broad, Math.min(high, raster.height - y), inks[p], cover)
    }
    this.inColumns(first - broad, number + broad, (x, w) => this.spots.putImageData(this.pixels, 0, 0, x, 0, w, raster.height))
  }

  smallest(factor = 1) { // px of a mark: few marks must still be seen
    const visible = factor * this.history.visible()
    return visible < 2000 ? 3 : visible < 20000 ? 2 : 1
  }

  // marks that cover each other are lighter, so that one sees where there are more
  cover(covered, area) {
    const now = covered / Math.max(area, 1)
    this.density = this.density === null ? now : this.density + 0.05 * (now - this.density)
    return 1 / (1 + 0.8 * this.density)
  }

  mark(left, top, broad, high, [red, green, blue], cover) {
    const { data, width } = this.pixels
    for (let y = top; y < top + high; y++) {
      for (let at = 4 * (y * width + left), end = at + 4 * broad; at < end; at += 4) {
        data[at] = red
        data[at + 1] = green
        data[at + 2] = blue
        data[at + 3] += (255 - data[at + 3]) * cover
      }
    }
  }

  clear(x, w) {
    const { data, width, height } = this.pixels
    for (let y = 0; y < height; y++) data.fill(0, 4 * (y * width + x), 4 * (y * width + x + w))
  }

  inColumns(first, number, act) { // columns that go on at the left where they end at the right
    const { width } = this.raster, some = Math.min(number, width), x = ((first % width) + width) % width
    if (some > 0) act(x, Math.min(some, width - x))
    if (x + some > width) act(0, x + some - width)
  }

  drawRaster(panel) {
    const { ink, raster, ratio, left, across } = this, { top, height } = panel
    const { start, step, window } = this.history, full = step - start >= window
    const split = (Math.floor(start * this.perStep) + (full ? 1 : 0)) % raster.width // the oldest column
    const put = (from, number, x) => number > 0 && ink.drawImage(raster, from, 0, number, raster.height, left + x, top, number / ratio, height)
    ink.imageSmoothingEnabled = false
    put(split, raster.width - split, 0)
    put(0, split, across - split / ratio)
    const line = this.small + 3, sizes = this.about.populations.map((part) => part.size * this.perRow)
    const centres = sizes.map((size, p) => this.base[p] + size / 2), middles = apart(centres, line, height - line / 2)
    const free = centres.every((centre, p) => Math.abs(centre - middles[p]) < 2) // no name had to move
    this.about.populations.forEach((part, p) => {
      const two = free && sizes[p] > 2.4 * line
      this.words(part.name, left - 10, top + middles[p] - (two ? line / 2 : 0), this.letters(part.colour), "right", left - 14)
      if (two) this.words(whole.format(part.size), left - 10, top + middles[p] + line / 2, this.colours.muted, "right")
    })
  }

  // --- what is drawn anew for each picture

  draw() {
    const { ink, ratio, width, height } = this
    ink.setTransform(ratio, 0, 0, ratio, 0, 0)
    ink.fillStyle = this.colours.paper
    ink.fillRect(0, 0, width, height)
    if (this.smallest() < this.least || this.smallest(1.5) > this.least) this.redrawRaster()
    this.drawAxis()
    for (const [name, panel] of this.panels) {
      if (name === "raster") this.drawRaster(panel)
      else if (name === "rates") this.drawRates(panel)
      else this.drawTrace(name, panel)
    }
    if (this.about.weights.length) this.drawWeights()
  }

  x(step) { return this.left + this.across * (step - this.history.start) / this.history.window }

  drawAxis() {
    const { dt } = this.about, { start, window } = this.history, { left, across, bottom } = this
    const every = nice(window * dt / Math.max(3, across / 95)), y = bottom + 6
    this.line([[left, y], [left + across, y]], this.colours.faint, 1)
    for (let k = Math.ceil(start * dt / every - 1e-9); k * every <= (start + window) * dt + 1e-9; k++) {
      const x = this.x(k * every / dt)
      this.line([[x, y], [x, y + 4]], this.colours.faint, 1)
      if (x < left + across - 16) this.words(inWords(k * every, 6), x, y + 13, this.colours.muted, "center")
    }
    this.words("ms", left + across + 8, y + 13, this.colours.muted, "left")
  }

  drawRates({ top, height }) {
    const { history, about, left, across } = this
    const lines = this.rated.map((p) => history.rate(p)), highest = Math.max(1, ...lines.flat().map(([, value]) => value))
    const [, end] = this.range("rates", 0, nice(1.02 * highest)), y = (value) => top + height * (1 - Math.min(value / end, 1))
    this.line([[left, top + height], [left + across, top + height]], this.colours.line, 1)
    this.inside(top - 2, height + 4, () => lines.forEach((line, k) => {
      const points = line.map(([step, value]) => [this.x(step), y(value)])
      this.line(points, shade(about.populations[this.rated[k]].colour), 1.4)
    }))
    this.words("rate", left - 10, top + height / 2, this.colours.ink, "right")
    this.words(`${inWords(end)} Hz`, left - 10, top + 5, this.colours.muted, "right")
    this.words("0", left - 10, top + height - 3, this.colours.muted, "right")
    this.nameRates(top, height, y)
  }

  nameRates(top, height, y) { // means of the window, at the height of their lines
    const gap = this.small + 2, most = Math.floor(height / gap)
    const named = this.rated.slice(0, most).map((p) => [p, this.history.mean(p)]).sort((a, b) => b[1] - a[1])
    const places = apart(named.map(([, mean]) => y(mean) - top), gap, height - 4)
    named.forEach(([p, mean], k) => {
      const words = `${inWords(mean, mean < 10 ? 2 : 3)} Hz`
      this.words(words, this.left + this.across + 8, top + Math.max(places[k], 5), this.letters(this.about.populations[p].colour), "left")
    })
  }

  drawTrace(k, { top, height }) {
    const { variable, part, cell } = this.watched[k], threshold = variable.threshold ?? null, frames = this.history.sampled(k)
    let low = threshold ?? Infinity, high = threshold ?? -Infinity
    for (const { traces } of frames) for (const value of traces[k]) { low = Math.min(low, value); high = Math.max(high, value) }
    if (!(high > low)) [low, high] = [Math.min(low, high, 0), Math.max(low, high, low + 1, 1)]
    const marked = this.history.watched[k] !== null, above = marked ? HEADROOM * (high - low) : 0
    const [from, to] = this.range(k, low - 0.04 * (high - low), high + above + 0.04 * (high - low))
    const y = (value) => top + height * (to - value) / (to - from), colour = shade(part.colour), right = this.left + this.across
    if (threshold !== null) this.line([[this.left, y(threshold)], [right, y(threshold)]], this.colours.faint, 1, [5, 4])
    this.inside(top - 2, height + 4, () => {
      this.line(frames.flatMap(({ traceSteps, traces }) => Array.from(traces[k], (value, j) => [this.x(traceSteps[j]), y(value)])), colour, 1.3)
      for (const step of frames.flatMap((frame) => Array.from(frame.marks[k] ?? []))) this.line([[this.x(step), y(threshold ?? high)], [this.x(step), y(high + above)]], colour, 1.3)
    })
    const middle = top + height / 2, gap = this.small + 3, { muted } = this.colours
    this.words(`${part.name} ${whole.format(cell)}`, this.left - 10, middle - gap / 2, this.letters(part.colour), "right", this.left - 14)
    this.words(variable.unit ? `${variable.name} [${variable.unit}]` : variable.name, this.left - 10, middle + gap / 2, muted, "right")
    const upper = threshold ?? high
    this.words(withUnit(upper, variable.unit, 3), right + 8, y(upper), muted, "left")
    if (y(low) - y(upper) > gap) this.words(inWords(low, 3), right + 8, Math.min(y(low), top + height - 4), muted, "left")
  }

  drawWeights() {
    const { weights } = this.about, number = Math.min(weights.length, Math.max(1, Math.floor(this.across / 150)), 4)
    const top = this.bottom + 42, height = this.height - top - 20, gap = 26, wide = (this.across - gap * (number - 1)) / number
    weights.slice(0, number).forEach((one, k) => {
      const left = this.left + k * (wide + gap)
      this.drawBars(one, k, left, wide, top, height)
      if (number > 1) this.words(one.name, left, top - 4, this.letters(one.colour), "left", wide)
    })
    const middle = top + height / 2, [{ name, colour, count, unit, high, each }] = weights, { muted, ink } = this.colours
    this.words(number > 1 ? "weights" : name, this.left - 10, middle - 7, number > 1 ? ink : this.letters(colour), "right", this.left - 14)
    const note = number < weights.length ? `${number} of ${weights.length}` : number === 1 ? whole.format(count) : ""
    this.words(note, this.left - 10, middle + 8, muted, "right")
    if (number === 1 && each) this.words(withUnit(high, unit), this.left + this.across + 8, top + 5, muted, "left")
  }

  // a histogram of many weights, or a bar for each of a few, in the order of the synapses
  drawBars({ low, high, unit, colour, each, count }, k, left, wide, top, height) {
    const values = this.history.weights?.[k] ?? [], { ink } = this, y = top + height + 11, { muted } = this.colours
    const [from, to] = each ? [low, high] : this.range(`weights ${k}`, 0, Math.max(1, ...values))
    ink.fillStyle = shade(colour)
    values.forEach((value, b) => {
      const tall = height * Math.min(Math.max((value - from) / (to - from), 0), 1), step = wide / values.length
      ink.fillRect(left + step * b, top + height - tall, step - Math.min(1, 0.2 * step), tall)
    })
    this.line([[left, top + height], [left + wide, top + height]], this.colours.faint, 1)
    if (each) this.words(["weights, in the order of the synapses", "weights, by synapse", "weights"].find((text) => ink.measureText(text).width <= wide) ?? "", left, y, muted, "left")
    else this.words(inWords(low), left, y, muted, "left")
    if (!each) this.words(withUnit(high, unit), left + wide, y, muted, "right")
  }

  // --- parts of the above

  line(points, colour, width, dashes = []) {
    const { ink } = this
    Object.assign(ink, { strokeStyle: colour, lineWidth: width, lineJoin: "round" })
    ink.setLineDash(dashes)
    ink.beginPath()
    for (const [x, y] of points) ink.lineTo(x, y)
    ink.stroke()
  }

  inside(top, height, draw) {
    this.ink.save()
    this.ink.beginPath()
    this.ink.rect(this.left, top, this.across, height)
    this.ink.clip()
    draw()
    this.ink.restore()
  }

  words(text, x, y, colour, align, room = Infinity) {
    const { ink } = this
    Object.assign(ink, { fillStyle: colour, textAlign: align, textBaseline: "middle", font: `${this.small}px system-ui, sans-serif` })
    ink.fillText(shortened(text, (part) => ink.measureText(part).width <= room), x, y)
  }

  letters(colour) { // a little darker than the lines on a light ground, since letters are thin
    return isDark() ? shade(colour) : `#${[1, 3, 5].map((k) => Math.round(0.78 * parseInt(colour.slice(k, k + 2), 16)).toString(16).padStart(2, "0")).join("")}`
  }

  // limits that grow at once and shrink only if much is unused, so that the picture stays calm
  range(name, low, high) {
    const [from, to] = this.ranges.get(name) ?? [low, high], unused = to - from > 1.9 * (high - low)
    const now = unused ? [low, high] : [Math.min(from, low), Math.max(to, high)]
    this.ranges.set(name, now)
    return now
  }

  // the row of the raster at a point of the canvas, or null
  rowAt(x, y) {
    const inRaster = y - this.panels.get("raster").top
    const p = this.base.findLastIndex((base) => base <= inRaster), part = this.about.populations[p]
    const cell = part && Math.floor((inRaster - this.base[p]) / this.perRow)
    return part && x >= this.left && x <= this.left + this.across && cell < part.size ? { part: p, cell } : null
  }
}

const nice = (value) => { // the smallest of 1, 2, 5, 10, ... times a power of ten that is not below value
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9)) * power
}

function apart(positions, gap, end) { // moves ascending positions as little as needed to be `gap` apart
  const moved = [...positions]
  for (let k = 1; k < moved.length; k++) moved[k] = Math.max(moved[k], moved[k - 1] + gap)
  for (let k = moved.length - 1, limit = end; k >= 0; k--) limit = (moved[k] = Math.min(moved[k], limit)) - gap
  return moved
}

function shortened(text, fits) { // a long name loses letters of its middle, since ends such as numbers differ
  let shown = text
  for (let kept = text.length - 1; kept > 3 && !fits(shown); kept--) {
    const end = Math.floor((kept - 1) / 3)
    shown = `${text.slice(0, kept - 1 - end).trim()}…${text.slice(text.length - end)}`
  }
  return shown
}
