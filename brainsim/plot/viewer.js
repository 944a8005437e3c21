// The viewer: unpacks the spikes, and at each change of the ranges counts those that are visible into the pixels of the raster.
// Its names: part = cells with one colour; step = unit of time of the file; base = first row of a part on the screen.
const info = JSON.parse(document.getElementById("brainsim-info").textContent)
const byId = (id) => document.getElementById(id)
const WIDTHS = {1: Uint8Array, 2: Uint16Array, 4: Uint32Array}
const TALLEST = 10, NEAR = 8, BINS = 320, GAP = 0.012  // pixels, pixels, bins of a rate, part of all rows

async function unpacked(id) {
  const text = byId(id).textContent.trim(), packed = atob(text), bytes = new Uint8Array(packed.length)
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i)
  byId(id).remove()
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))
  return await new Response(stream).arrayBuffer()
}

async function load(part, k) {
  const n = part.spikes, raw = await unpacked(`spikes-${k}`)
  const delta = new WIDTHS[part.delta](raw.slice(0, n * part.delta))
  part.ids = new WIDTHS[part.id](raw.slice(n * part.delta, n * (part.delta + part.id)))
  part.steps = new Uint32Array(n)
  for (let i = 0, now = 0; i < n; i++) part.steps[i] = now += delta[i]
  part.shown = true
  part.ink = [1, 3, 5].map((i) => parseInt(part.colour.slice(i, i + 2), 16))
}

function firstNotBefore(steps, step) {  // index of the first element that is >= step
  let low = 0, high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (steps[middle] < step) low = middle + 1; else high = middle
  }
  return low
}

const shown = () => info.parts.filter((part) => part.shown)
const stepOf = (ms) => (ms - info.start) / info.unit

function stack() {  // give each shown part its rows, and show all of them
  let row = 0
  const cells = shown().reduce((sum, part) => sum + part.n, 0)
  for (const part of shown()) { part.base = row; row += part.n + GAP * cells }
  const rows = Math.max(row - GAP * cells, 1), pad = Math.max(0.01 * rows, 0.5)
  y_range.setv({start: rows - 0.5 + pad, end: -0.5 - pad, reset_start: rows - 0.5 + pad, reset_end: -0.5 - pad})
}

function nice(value) {  // the smallest of 1, 2, 5, 10, ... times a power of ten that is not below value
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9)) * power
}

function count(view) {  // spikes in each pixel, and in each bin of each part
  const {t0, t1, low, high, w, h} = view, counts = new Uint32Array(w * h)
  const s0 = stepOf(t0), perStep = w / (stepOf(t1) - s0), perRow = h / (high - low)
  const bin = Math.max(Math.round(nice((t1 - t0) / BINS) / info.unit), info.least)
  const firstBin = Math.floor(Math.max(s0, 0) / bin), rates = []
  let visible = 0
  for (const part of shown()) {
    const {steps, ids, base} = part, start = firstNotBefore(steps, Math.max(Math.ceil(s0), 0)), stop = firstNotBefore(steps, Math.floor(stepOf(t1) + 1e-6) + 1)
    const number = Math.max(Math.ceil(Math.min(stepOf(t1), stepOf(info.stop)) / bin) - firstBin, 1)
    const inBin = new Float64Array(number + 1)
    const from = firstNotBefore(steps, firstBin * bin + 1)  // bins are open on the left, as the steps of a run
    for (let i = from; i < start; i++) inBin[Math.ceil(steps[i] / bin) - 1 - firstBin]++
    const shift = (base - low) * perRow + 1
    for (let i = start, b = -1, end = -1; i < stop; i++) {  // the hot loop: a million spikes take some 10 ms
      const step = steps[i]
      if (step > end) { b = Math.ceil(step / bin) - 1 - firstBin; end = (b + 1 + firstBin) * bin }  // they are sorted
      if (b >= 0) inBin[b]++
      const x = (step - s0) * perStep | 0, y = (ids[i] * perRow + shift | 0) - 1
      if (y >= 0 && y < h) { counts[y * w + (x < w ? x : w - 1)]++; visible++ }
    }
    const last = Math.min(firstNotBefore(steps, (firstBin + number) * bin + 1), steps.length)  // the last bin may end outside
    for (let i = Math.max(stop, from); i < last; i++) {
      const b = Math.ceil(steps[i] / bin) - 1 - firstBin
      if (b >= 0 && b <= number) inBin[b]++
    }
    rates.push({part, inBin, number})
  }
  return {counts, rates, visible, bin, firstBin}
}

function spread(counts, w, h, high, wide) {  // let each mark grow from one pixel to high times wide
  if (high > 1) {
    const before = high >> 1
    for (let x = 0; x < w; x++) {
      const column = new Uint32Array(h + high)
      for (let y = 0; y < h; y++) column[y + high - before] = counts[y * w + x]
      let sum = 0
      for (let y = 0; y < high; y++) sum += column[y]
      for (let y = 0; y < h; y++) { sum += column[y + high] ?? 0; sum -= column[y]; counts[y * w + x] = sum }
    }
  }
  for (let k = 1; k < wide; k++) {
    for (let i = counts.length - 1; i > 0; i--) if (i % w) counts[i] += counts[i - 1]
  }
}

function paint(counts, visible, view) {  // the picture as RGBA, denser pixels darker, each row in the colour of its part
  const {low, high, w, h, ratio} = view, row = h / (high - low)
  const least = visible < 2000 ? 5 : visible < 20000 ? 2 : 1  // few marks must still be seen
  const tall = Math.max(Math.min(Math.floor(0.75 * row), Math.round(TALLEST * ratio)), Math.round(least * ratio))
  const wide = visible < 20000 ? Math.ceil(1.5 * ratio) : Math.round(ratio)
  spread(counts, w, h, tall, wide)
  const clear = 1 - 1 / (1 + visible * tall * wide / (w * h)), alpha = new Uint32Array(256)
  for (let k = 0; k < 256; k++) alpha[k] = Math.round(255 * (1 - clear ** k)) << 24
  const image = new Uint32Array(w * h)
  for (let y = 0; y < h; y++) {
    const cell = low + (y + 0.5) / row
    let part = null
    for (const one of shown()) if (cell >= one.base - 1 && (part === null || cell >= one.base - 0.6 * GAP * view.cells)) part = one
    if (part === null) continue
    const [r, g, b] = part.ink, ink = b << 16 | g << 8 | r
    for (let i = y * w, end = i + w; i < end; i++) if (counts[i]) image[i] = alpha[Math.min(counts[i], 255)] | ink
  }
  return image
}

function viewOf() {
  const ratio = Math.min(window.devicePixelRatio || 1, 2), low = Math.min(y_range.start, y_range.end)
  const high = Math.max(y_range.start, y_range.end), cells = shown().reduce((sum, part) => sum + part.n, 0)
  const w = Math.max(Math.round(raster.inner_width * ratio), 1), h = Math.max(Math.round(raster.inner_height * ratio), 1)
  return {t0: x_range.start, t1: x_range.end, low, high, w, h, ratio, cells}
}

function redraw() {
  const begin = performance.now(), view = viewOf(), {t0, t1, low, high, w, h} = view
  if (!(t1 > t0)) return
  const {counts, rates, visible, bin, firstBin} = count(view), pixels = paint(counts, visible, view)
  const former = image_source.data.image[0], image = new former.constructor(pixels, [h, w], "uint32")
  image_source.data = {image: [image], x: [t0], y: [low], dw: [t1 - t0], dh: [high - low]}
  drawRates(rates, bin, firstBin)
  labelRows(low, high)
  drawTraces(t0, t1)
  const state = window.brainsim
  Object.assign(state, {visible, bin: bin * info.unit, ms: performance.now() - begin, redraws: (state.redraws || 0) + 1})
  const counted = visible.toLocaleString("en"), mean = (visible / (w * h)).toFixed(2)
  byId("status").textContent = `${counted} spikes shown` + (visible / (w * h) > 0.2 ? `, as density, ${mean} a pixel` : "")
}

function drawRates(rates, bin, firstBin) {
  const xs = [], ys = [], colour = []
  let top = 0
  for (const {part, inBin, number} of rates) {
    const x = new Float64Array(2 * number), y = new Float64Array(2 * number)
    for (let k = 0; k < number; k++) {
      const end = Math.min((firstBin + k + 1) * bin, stepOf(info.stop)), width = (end - (firstBin + k) * bin) * info.unit
      x[2 * k] = info.start + (firstBin + k) * bin * info.unit
      x[2 * k + 1] = info.start + end * info.unit
      y[2 * k] = y[2 * k + 1] = width > 0 ? 1000 * inBin[k] / (part.n * width) : 0
      if (!part.source) top = Math.max(top, y[2 * k])
    }
    xs.push(x); ys.push(y); colour.push(part.colour)
  }
  rate_source.data = {xs, ys, colour}
  const end = 1.08 * top || 1
  if (rate_range.end < 1.02 * top || rate_range.end > 1.5 * end || rate_range.start !== 0) rate_range.setv({start: 0, end})
}

let rows_labelled = ""
function labelRows(low, high) {  // names of parts, or numbers of cells if only one part is in view
  const inView = shown().filter((part) => part.base < high && part.base + part.n > low)
  const ticks = [], labels = new Map()
  let label = ""
  if (inView.length === 1 && high - low < 0.98 * inView[0].n || info.parts.length === 1) {
    const part = inView[0]
    if (part) {
      const step = Math.max(nice((high - low) / 8), 1)
      for (let c = Math.ceil(Math.max(low - part.base, 0) / step) * step; c < Math.min(high - part.base, part.n); c += step) {
        ticks.push(part.base + c); labels.set(part.base + c, (c + part.first).toLocaleString("en"))
      }
      label = `cell of ${part.population}`
    }
  } else {
    for (const part of inView) {
      const middle = (Math.max(part.base, low) + Math.min(part.base + part.n, high)) / 2
      ticks.push(middle); labels.set(middle, part.label)
    }
  }
  const now = JSON.stringify([label, ...labels])
  if (now === rows_labelled) return  // each change of an axis lays out the page anew
  rows_labelled = now
  row_axis.axis_label = label
  row_axis.ticker.ticks = ticks
  row_axis.major_label_overrides = labels
}

function nearest(x, y) {  // the spike nearest to a point of the raster, within a few pixels
  const {t0, t1, low, high} = viewOf(), across = raster.inner_width / (t1 - t0), down = raster.inner_height / (high - low)
  const reach = Math.max(NEAR, 0.6 * down)
  let best = null, least = reach * reach
  for (const part of shown()) {
    const stop = firstNotBefore(part.steps, stepOf(x + NEAR / across))
    for (let i = firstNotBefore(part.steps, Math.max(stepOf(x - NEAR / across), 0)); i < stop; i++) {
      const dx = (info.start + part.steps[i] * info.unit - x) * across, dy = (part.ids[i] + part.base - y) * down
      const distance = dx * dx + dy * dy
      if (distance < least) { least = distance; best = {part, cell: part.ids[i] + part.first, name: part.names && part.names[part.ids[i]], row: part.ids[i] + part.base, time: info.start + part.steps[i] * info.unit} }
    }
  }
  return best
}

function hover(event) {
  const tip = byId("tip"), found = event ? nearest(event.x, event.y) : null
  if (found || !tip.hidden) mark_source.data = found ? {x: [found.time], y: [found.row]} : {x: [], y: []}
  tip.hidden = !found
  if (!found) return
  const time = found.time.toFixed(info.digits)
  const cell = found.name === undefined ? `cell ${found.cell.toLocaleString("en")}` : found.name
  tip.textContent = `${found.part.label}, ${cell}, ${time} ms`
  tip.style.left = `${Math.min(mouse.x + 14, window.innerWidth - tip.offsetWidth - 8)}px`
  tip.style.top = `${mouse.y + 14}px`
}

let chosen = null  // the traces that are drawn
async function choose(k) {
  chosen = k < 0 ? null : info.traces[k]
  traces.visible = chosen !== null
  byId("cells").hidden = chosen === null
  if (chosen && !chosen.values) {
    const bytes = new Uint8Array(await unpacked(`trace-${k}`)), size = bytes.length / 4, plain = new Uint8Array(bytes.length)
    for (let plane = 0; plane < 4; plane++) for (let i = 0; i < size; i++) plain[4 * i + plane] = bytes[plane * size + i]
    chosen.values = new Float32Array(plain.buffer)
  }
  if (chosen) {
    byId("cells").value = chosen.ids.slice(0, 4).join(", ")
    trace_axis.axis_label = chosen.unit ? `${chosen.variable} [${chosen.unit}]` : chosen.variable
  }
  drawTraces(x_range.start, x_range.end)
}

function drawTraces(t0, t1) {  // the lowest and the highest value of each pixel
  if (!chosen || !chosen.values) return
  const {samples, first, every, ids, colours} = chosen, xs = [], ys = [], colour = [], name = []
  const from = Math.max(Math.floor((t0 - first) / every) - 1, 0), to = Math.min(Math.ceil((t1 - first) / every) + 2, samples)
  const group = Math.max(Math.floor((to - from) / (2 * Math.max(traces.inner_width, 300))), 1)
  const wanted = byId("cells").value.split(/[\s,;]+/).filter((word) => word !== "").map(Number)
  let low = Infinity, high = -Infinity
  for (const cell of wanted) {
    const k = ids.indexOf(cell)
    if (k < 0) continue
    const x = [], y = []
    for (let i = from; i < to; i += group) {
      let a = i, b = i
      for (let j = i + 1; j < Math.min(i + group, to); j++) {
        const v = chosen.values[k * samples + j]
        if (v < chosen.values[k * samples + a]) a = j
        if (v > chosen.values[k * samples + b]) b = j
      }
      for (const j of a === b ? [a] : a < b ? [a, b] : [b, a]) {
        const v = chosen.values[k * samples + j]
        x.push(first + j * every); y.push(v)
        if (v < low) low = v
        if (v > high) high = v
      }
    }
    xs.push(x); ys.push(y); colour.push(colours[xs.length - 1 < colours.length ? xs.length - 1 : (xs.length - 1) % colours.length]); name.push(`cell ${cell}`)
  }
  trace_source.data = {xs, ys, colour, name}
  const pad = 0.05 * (high - low) || 1
  if (high >= low) trace_range.setv({start: low - pad, end: high + pad})
  window.brainsim.traces = name
}

const mouse = {x: 0, y: 0}
let waiting = false
function soon() {
  if (waiting) return
  waiting = true
  requestAnimationFrame(() => { waiting = false; redraw() })
}

window.brainsim = {redraw, hover, soon, nearest, info, ready: false}
document.addEventListener("mousemove", (event) => { mouse.x = event.clientX; mouse.y = event.clientY })
document.addEventListener("mouseleave", () => hover(null))

async function begin() {
  await Promise.all(info.parts.map(load))
  for (const part of info.parts) {
    const button = document.createElement("button"), colour = document.createElement("i")
    colour.style.background = part.colour
    button.append(colour, `${part.label} (${part.n.toLocaleString("en")})`)
    button.setAttribute("aria-pressed", "true")
    button.title = "show or hide"
    button.onclick = () => {
      part.shown = !part.shown
      button.setAttribute("aria-pressed", String(part.shown))
      stack(); soon()
    }
    byId("parts").append(button)
  }
  const select = byId("traces")
  info.traces.forEach((one, k) => select.add(new Option(`${one.name}.${one.variable}${one.note}`, k)))
  select.hidden = info.traces.length === 0
  select.onchange = () => choose(Number(select.value))
  byId("cells").onchange = soon
  stack()
  redraw()
  if (raster.inner_width < 10) setTimeout(soon, 100)  // not laid out yet
  window.brainsim.ready = true
}
begin().catch((error) => { byId("status").textContent = `cannot be shown in this browser: ${error.message}` })
