// What the figures of lessons share: elements, sliders, chance, axes; and the height that the frame around a figure takes.
"use strict"
const byId = (id) => document.getElementById(id)

function make(kind, properties = {}, ...children) {
  const made = Object.assign(document.createElement(kind), properties)
  made.append(...children)
  return made
}

function drawn(kind, attributes = {}, text = "") { // an element of SVG
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.textContent = text
  return made
}

// a slider with a name and its value in words; `moved` is called when it is moved, and once now
function slider(holder, { id, label, min, max, step, value, words }, moved) {
  const input = make("input", { type: "range", id, min, max, step, value }), output = make("output", { htmlFor: id })
  const show = () => {
    output.textContent = words(+input.value)
    input.setAttribute("aria-valuetext", output.textContent)
  }
  input.oninput = () => { show(); moved(+input.value) }
  holder.append(make("div", { className: "slider" }, make("label", { htmlFor: id, textContent: label }), output, input))
  show()
  return Object.assign(input, { show })
}

function button(holder, id, label, act) {
  const made = make("button", { type: "button", id, textContent: label, onclick: act })
  holder.append(made)
  return made
}

function chance(seed) { // mulberry32: numbers from 0 to 1, the same in every browser
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

// axes in an SVG of 400 x 250; returns functions of its places
function axes(svg, { x, y, xTicks, yTicks, xLabel, yLabel }) {
  const [left, right, top, bottom] = [58, 388, 12, 206]
  const across = (value) => left + (right - left) * (value - x[0]) / (x[1] - x[0])
  const up = (value) => bottom - (bottom - top) * (value - y[0]) / (y[1] - y[0])
  svg.setAttribute("viewBox", "0 0 400 250")
  svg.append(drawn("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }))
  for (const tick of xTicks) svg.append(drawn("text", { x: across(tick), y: bottom + 18, "text-anchor": "middle", class: "muted" }, String(tick).replace("-", "−")))
  for (const tick of yTicks) svg.append(drawn("text", { x: left - 6, y: up(tick) + 4, "text-anchor": "end", class: "muted" }, String(tick).replace("-", "−")))
  svg.append(drawn("text", { x: (left + right) / 2, y: 244, "text-anchor": "middle" }, xLabel))
  svg.append(drawn("text", { x: 13, y: (top + bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 13 ${(top + bottom) / 2})` }, yLabel))
  const line = (points) => points.map(([a, b], k) => `${k ? "L" : "M"}${across(a).toFixed(2)} ${up(b).toFixed(2)}`).join("")
  return { across, up, line }
}

if (parent !== window) new ResizeObserver(() => parent.postMessage({ height: document.documentElement.offsetHeight }, "*")).observe(document.documentElement)
