// Sliders, buttons, choices and the cells that are watched: what the reader can move, with a name and a text for each.
"use strict"
const PACES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1], MOST_WATCHED = 4

function element(kind, properties = {}, ...children) { // text is put in as text, never as HTML
  const made = Object.assign(document.createElement(kind), properties)
  made.append(...children)
  return made
}

function withTip(holder, control, help, id) { // shown on hover and focus, read out by screen readers, closed by Escape
  if (!help) return
  const tip = element("span", { className: "tip", id, textContent: help })
  tip.setAttribute("role", "tooltip")
  control.setAttribute("aria-describedby", id)
  holder.append(tip)
  holder.addEventListener("keydown", (event) => tip.classList.toggle("away", event.key === "Escape"))
  holder.addEventListener("pointerenter", () => tip.classList.remove("away"))
}

// one range input for each control; `moved(k, position)` is called when one is moved
function makeSliders(controls, moved) {
  const inputs = controls.map(({ label, help, unit, values, initial }, k) => {
    const id = `control-${k}`, holder = element("div", { className: "slider" })
    const input = element("input", { type: "range", id, min: 0, max: values.length - 1, value: initial })
    const name = element("label", { htmlFor: id, textContent: label }), output = element("output", { htmlFor: id })
    const show = () => {
      output.textContent = withUnit(values[input.value], unit)
      input.setAttribute("aria-valuetext", output.textContent)
      byId("back").hidden = inputs.every((one, j) => +one.value === controls[j].initial)
    }
    input.oninput = () => { show(); moved(k, +input.value) }
    holder.append(name, output, input)
    withTip(holder, input, help, `${id}-help`)
    byId("sliders").append(holder)
    return Object.assign(input, { show })
  })
  inputs.forEach((input) => input.show())
  byId("back").onclick = () => {
    inputs.forEach((input, k) => { if (+input.value !== controls[k].initial) { input.value = controls[k].initial; input.oninput() } })
    inputs[0].focus()
  }
}

function makeButtons(buttons, pressed) {
  buttons.forEach(({ label, help }, k) => {
    const button = element("button", { type: "button", textContent: label, onclick: () => pressed(k) })
    const holder = element("span", { className: "act" }, button)
    withTip(holder, button, help, `button-${k}-help`)
    byId("buttons").append(holder)
  })
}

function makeStates(states, chosen) {
  byId("states").hidden = states.length < 2
  states.forEach(({ label, help }, k) => byId("state").add(element("option", { value: k, textContent: label, title: help ?? "" })))
  byId("state").onchange = chosen
}

function makePaces(suggested, chosen) {
  const name = (pace) => pace === 1 ? "real time" : pace < 1 && Number.isInteger(1 / pace) ? `1/${1 / pace}` : `${inWords(pace)}×`
  for (const pace of [...new Set([...PACES, suggested])].sort((a, b) => a - b)) byId("speed").add(new Option(name(pace), pace))
  byId("speed").add(new Option("fastest", Infinity))
  byId("speed").value = suggested
  byId("speed").onchange = () => chosen(Number(byId("speed").value))
}

function makeWindows(initial, chosen) {
  for (const ms of WINDOWS) byId("window").add(new Option(ms < 1000 ? `${ms} ms` : `${ms / 1000} s`, ms))
  byId("window").value = initial
  byId("window").onchange = () => chosen(Number(byId("window").value))
}

// the list of watched cells: a choice of the variable and a number; `changed(list)` gets [{variable, cell}]
class Watches {
  constructor(about, changed) {
    Object.assign(this, { about, changed, list: firstWatched(about) })
    byId("watching").hidden = !about.variables.length
    byId("watch").onclick = () => { this.set([...this.list, { variable: this.list.at(-1)?.variable ?? 0, cell: 0 }]); byId("watches").lastChild?.querySelector("input").focus() }
    this.set(this.list)
  }

  set(list) {
    this.list = list.slice(-MOST_WATCHED)
    byId("watches").replaceChildren(...this.list.map((one, k) => this.row(one, k)))
    byId("watch").disabled = this.list.length === MOST_WATCHED
    this.changed(this.list)
  }

  row({ variable, cell }, k) {
    const { variables, populations } = this.about, { size } = populations[variables[variable].population]
    const select = element("select", { ariaLabel: `variable ${k + 1}` }), number = element("input", { type: "number", min: 0, max: size - 1, value: cell })
    variables.forEach((one, v) => select.add(new Option(`${one.name} of ${populations[one.population].name}`, v)))
    select.value = variable
    number.setAttribute("aria-label", `cell ${k + 1}, from 0 to ${size - 1}`)
    const change = () => {
      const v = Number(select.value), most = populations[variables[v].population].size - 1
      const cell = Math.min(Math.max(Math.round(Number(number.value)) || 0, 0), most)
      this.set(this.list.with(k, { variable: v, cell }))
    }
    select.onchange = number.onchange = change
    const away = element("button", { type: "button", textContent: "×", ariaLabel: `do not draw this cell`, onclick: () => this.set(this.list.filter((_, j) => j !== k)) })
    return element("div", { className: "watch" }, select, number, away)
  }

  // a cell that was pointed at, in place of the one shown first of its population, else of the last
  point({ part, cell }) {
    const { variables } = this.about, variable = variables.findIndex((one) => one.population === part)
    if (variable < 0) return
    const same = this.list.findIndex((one) => variables[one.variable].population === part)
    const k = same >= 0 ? same : this.list.length < MOST_WATCHED ? this.list.length : this.list.length - 1
    this.set(Object.assign([...this.list], { [k]: { variable: same >= 0 ? this.list[same].variable : variable, cell } }))
  }
}

function firstWatched({ variables, populations }) { // the first variable of the first two populations that have one
  const first = populations.map((_, p) => variables.findIndex((one) => one.population === p)).filter((v) => v >= 0)
  return first.slice(0, 2).map((variable) => ({ variable, cell: 0 }))
}
