// The pad on which the reader draws, and the picture of few pixels that both networks see.
"use strict"
const LEAST = 0.15, STRETCH = 2 // of the pad: a smaller drawing stays small; how much more a drawing is stretched upwards than sideways
const PEN = 2, THICKEST = 5 // of the fine pixels of a picture, of which a pixel has FINE by FINE
const FINE = 4

// strokes, lists of [x, y] from 0 to 1, as pixels from 0 to `high`: centred, as high and as wide and with as much ink as the data
function pictureOf(strokes, { height, width, top, bottom, widest, ink, high }) {
  const points = strokes.flat(), picture = new Float64Array(height * width)
  if (!points.length) return picture
  const [left, right, upper, lower] = [0, 0, 1, 1].map((axis, k) => (k % 2 ? Math.max : Math.min)(...points.map((point) => point[axis])))
  const room = { x: FINE * widest - 2 * PEN, y: FINE * (bottom - top) - 2 * PEN }
  const upwards = room.y / Math.max(lower - upper, LEAST), sideways = Math.min(upwards, room.x / Math.max(right - left, LEAST / 3))
  const scale = { x: sideways, y: Math.min(upwards, STRETCH * sideways) }, middle = { x: FINE * width / 2, y: FINE * (top + bottom) / 2 }
  const placed = strokes.map((stroke) => stroke.map(([x, y]) => [middle.x + (x - (left + right) / 2) * scale.x, middle.y + (y - (upper + lower) / 2) * scale.y]))
  const far = distances(placed, FINE * height, FINE * width)
  const limit = Math.min(Float64Array.from(far).sort()[Math.round(ink * FINE * FINE) - 1], THICKEST * THICKEST)
  far.forEach((one, k) => { if (one <= limit) picture[Math.floor(k / (FINE * width * FINE)) * width + Math.floor(k % (FINE * width) / FINE)]++ })
  return picture.map((n) => high * n / FINE ** 2)
}

// how far, squared, each fine pixel is from the strokes
function distances(strokes, rows, columns) {
  const far = new Float64Array(rows * columns).fill(Infinity)
  for (const stroke of strokes) {
    for (let s = 0; s < Math.max(1, stroke.length - 1); s++) {
      const [x, y] = stroke[s], [toX, toY] = stroke[Math.min(s + 1, stroke.length - 1)], dx = toX - x, dy = toY - y, length = dx * dx + dy * dy
      for (let k = 0; k < far.length; k++) {
        const px = k % columns + 0.5 - x, py = Math.floor(k / columns) + 0.5 - y
        const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0
        const offX = px - along * dx, offY = py - along * dy
        far[k] = Math.min(far[k], offX * offX + offY * offY)
      }
    }
  }
  return far
}

function drawPicture(canvas, picture, { height, width, high }) {
  const ink = Object.assign(canvas, { width, height }).getContext("2d"), image = ink.createImageData(width, height)
  picture.forEach((one, k) => image.data.set([0, 0, 0, 255].map((part, c) => c < 3 ? 255 * (1 - Math.min(1, Math.max(0, one / high))) : part), 4 * k))
  ink.putImageData(image, 0, 0)
}

// let a picture sound: each row is a tone, as loud as its pixels
function hear(picture, { height, width, high }, sound) {
  const context = new AudioContext(), begin = context.currentTime + 0.05, seconds = width * sound.column / 1000
  for (let row = 0; row < height; row++) {
    const tone = new OscillatorNode(context, { frequency: sound.low * (sound.high / sound.low) ** ((height - 1 - row) / Math.max(1, height - 1)) }), loud = new GainNode(context, { gain: 0 })
    loud.gain.setValueCurveAtTime(Float32Array.from(picture.subarray(row * width, (row + 1) * width), (one) => Math.max(0, one) / high / Math.sqrt(height) / 2), begin, seconds)
    tone.connect(loud).connect(context.destination)
    tone.start(begin)
    tone.stop(begin + seconds)
    if (!row) tone.onended = () => context.close()
  }
  return seconds
}

// the pad; `drawn(strokes)` is called with each movement
class Pad {
  constructor(canvas, drawn) {
    Object.assign(this, { canvas, drawn, strokes: [] })
    const at = (event) => {
      const box = canvas.getBoundingClientRect()
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((one) => Math.min(1, Math.max(0, one)))
    }
    let under = null // the stroke that is being drawn
    canvas.onpointerdown = (event) => {
      event.preventDefault()
      canvas.setPointerCapture(event.pointerId)
      if (this.foreign) this.clear()
      this.strokes.push(under = [at(event)])
      this.changed()
    }
    canvas.onpointermove = (event) => {
      const last = under?.at(-1), next = under && at(event)
      if (!under || Math.hypot(next[0] - last[0], next[1] - last[1]) < 0.01) return
      under.push(next)
      this.changed()
    }
    canvas.onpointerup = canvas.onpointercancel = () => { under = null }
  }

  changed() { this.draw(); this.drawn(this.strokes) }

  clear() { Object.assign(this, { strokes: [], foreign: null }) }

  // show a picture of the data in place of strokes
  show(picture, about) { Object.assign(this, { strokes: [], foreign: { picture, about } }); this.draw() }

  draw() {
    const { canvas } = this, side = Math.round(canvas.clientWidth * Math.min(devicePixelRatio || 1, 2)) || 300
    if (this.foreign) return drawPicture(canvas, this.foreign.picture, this.foreign.about)
    const ink = Object.assign(canvas, { width: side, height: side }).getContext("2d")
    Object.assign(ink, { fillStyle: "#fff", strokeStyle: "#111", lineCap: "round", lineJoin: "round", lineWidth: side / 14 }).fillRect(0, 0, side, side)
    for (const stroke of this.strokes) {
      ink.beginPath()
      ink.moveTo(...stroke[0].map((one) => one * side))
      for (const point of stroke.length > 1 ? stroke : [...stroke, stroke[0]]) ink.lineTo(...point.map((one) => one * side))
      ink.stroke()
    }
  }
}
