// Puts the parts together: the pad, both networks, what is seen of them, damage, and guesses.
"use strict"
const DAMAGE = [
  { name: "silenced", label: "hidden units and cells silenced", help: "They send nothing, neither activations nor spikes: the same ones in both networks." },
  { name: "deleted", label: "weights and synapses deleted", help: "Of all layers: the same ones in both networks." },
  { name: "drift", label: "drift of thresholds", help: "The threshold of each hidden cell times a random factor, by which the gain of its unit is divided." },
  { name: "noise", label: "noise in the picture", help: "Added to each pixel, in percent of the brightest; both see the same noise." },
]
const GUESSES = { artificial: "the artificial one", alike: "both alike", spiking: "the spiking one" }
const SHOWN = 16 // ms between two steps when they are played slowly is four times this

class Bodies {
  constructor(engine, parts) {
    const about = this.about = JSON.parse(byId("about").textContent), { bodies } = about
    this.bodies = bodies
    this.layers = layersOf(bodies, { firsts: new Int32Array(parts.firsts), targets: new Int32Array(parts.targets), weights: new Float64Array(parts.weights), biases: new Float64Array(parts.biases) })
    this.samples = new Float64Array(parts.samples)
    this.damage = new Damage(this.layers, bodies.picture.high)
    Object.assign(this, { stop: bodies.steps, x: null, number: 0, guesses: new Guesses(), state: { stop: bodies.steps } })
    this.figure = new Figure(byId("figure"), bodies)
    this.pad = new Pad(byId("pad"), (strokes) => this.take(pictureOf(strokes, bodies.picture)))
    this.write()
    watchTheme(() => this.draw())
    this.spiking = new Spiking(about, this.layers, takeBlobs(about.blobs.filter((name) => !(name in parts))), engine, (error) => this.fault(error))
    this.figure.rows = this.spiking.rows
    this.connect()
    this.draw()
    this.spiking.ready.then(() => this.ready()).catch((error) => { byId("status").textContent = ""; this.fault(error) })
  }

  sample(k) { const { inputs } = this.layers[0]; return this.samples.slice(k * inputs, (k + 1) * inputs) }

  write() { // what does not change
    const { title, text, brainsim } = this.about, { layers, bodies } = this, { steps, lag } = bodies
    byId("title").textContent = document.title = title
    byId("text").textContent = text
    byId("text").hidden = !text
    byId("how").textContent = `Both networks have the same weights, ${whole.format(layers.reduce((sum, { synapses }) => sum + synapses, 0))} of them. A unit of the artificial network computes a weighted sum once, and sends it on if it is above zero. A cell of the spiking network gets the same sum as a current in each step: its potential grows until it reaches a threshold, then it sends a spike and starts again. So the strength of a unit's activation (red) becomes the rate of a cell's spikes (blue), and the outputs, divided by the time that passed, settle at those of the artificial network (red dots). ${lag ? `Each layer takes a step before it reaches the next one, so both networks need ${lag + 1} steps for a first answer.` : ""}`
    byId("facts").textContent = `${layers.map(({ inputs }) => inputs).join("–")}–${bodies.classes.length} units, and as many cells · brainsim ${brainsim} · computed in this page, offline`
    byId("bars").append(...bodies.classes.map((name) => element("div", {}, element("div", { className: "pair" }, element("i"), element("i")), element("b", { textContent: name }))))
    if (bodies.sound) this.listen()
    byId("given").append(...bodies.shown.map((k) => {
      const canvas = element("canvas"), name = bodies.classes[bodies.labels[k]]
      drawPicture(canvas, this.sample(k), bodies.picture)
      const button = element("button", { type: "button", onclick: () => this.give(k) }, canvas)
      button.setAttribute("aria-label", `take a ${name}`)
      button.setAttribute("aria-pressed", "false")
      return button
    }))
    byId("guesses").append(...Object.entries(GUESSES).map(([guess, label]) => element("button", { type: "button", textContent: label, onclick: () => this.bet(guess) })))
    this.tally()
  }

  listen() { // samples are sounds: one is picked, not drawn
    for (const id of ["clear", "drawn", "others"]) byId(id).hidden = true
    byId("hear").hidden = false
    byId("hear").onclick = () => hear(this.state.reading?.x ?? this.x, this.bodies.picture, this.bodies.sound) // with its noise
    byId("invitation").textContent = "Pick a sound that neither network has heard before"
    byId("paper").prepend(byId("invitation"), byId("given"))
    Object.assign(byId("pad"), { onpointerdown: null, onpointermove: null }).setAttribute("aria-label", "The sound: a row for each pitch, from left to right in time")
    byId("pad").style.cursor = "default"
    byId("seen").nextElementSibling.textContent = "what both hear"
  }

  connect() {
    const { bodies } = this, values = Array.from({ length: 20 }, (_, k) => 5 * k), named = (words) => bodies.sound ? words.replace("picture", "sound") : words, controls = DAMAGE.map(({ label, help }) => ({ label: named(label), help, unit: "%", values, initial: 0 }))
    const steps = Array.from({ length: bodies.steps }, (_, k) => k + 1)
    controls.push({ label: "both stopped after", help: "In a step, a layer of the artificial network is computed, and each cell gets its input once.", unit: "steps", values: steps, initial: steps.length - 1 })
    makeSliders(controls, (k, position) => k < DAMAGE.length ? this.harm({ [DAMAGE[k].name]: values[position] / 100 }) : this.stopAt(steps[position]))
    byId("other").onclick = () => { this.damage.choose(this.damage.seed + 1); this.harm({}) }
    byId("clear").onclick = () => { this.pad.clear(); this.pad.changed(); byId("clear").focus() }
    byId("play").onclick = () => this.play()
    byId("forget").onclick = () => { this.guesses.forget(); this.tally(); byId("guesses").firstChild.focus() }
    byId("hash").onclick = () => this.spiking.digest().then(({ text }) => { byId("digest").textContent = text }).catch((error) => this.fault(error))
    addEventListener("unhandledrejection", ({ reason }) => this.fault(reason))
    addEventListener("error", ({ error }) => { if (error) this.fault(error) }) // without one: notices of ResizeObserver
    new ResizeObserver(() => { this.pad.draw(); this.draw() }).observe(byId("figure"))
    this.ask()
  }

  ready() {
    for (const id of ["play", "hash"]) byId(id).disabled = false
    byId("status").textContent = ""
    this.spiking.damage(this.damage)
    if (this.x) this.update()
    else this.give(this.bodies.shown[Math.min(6, this.bodies.shown.length - 1)])
    this.isReady = true
  }

  // what went wrong is shown until a reading succeeds
  fault(error) { byId("fault").textContent = `This did not work: ${error?.message ?? error}`; byId("fault").hidden = false }

  // --- what is read

  give(k) { // a picture of the data
    const picture = this.sample(k)
    this.pad.show(picture, this.bodies.picture)
    this.take(picture, k)
  }

  take(x, given = null) {
    Object.assign(this, { x, number: given ?? 0 });
    [...byId("given").children].forEach((button, j) => button.setAttribute("aria-pressed", String(this.bodies.shown[j] === given)))
    this.update()
  }

  async update() { // both read the picture; what changes meanwhile is read next
    this.stale = true
    if (this.busy || !this.x || this.testing) return
    this.busy = true
    try {
      await this.spiking.ready
      while (this.stale) {
        this.stale = false
        await this.read()
      }
      this.say()
    } catch (error) {
      this.fault(error)
    } finally {
      this.busy = false
    }
  }

  async read() {
    const x = this.damage.noisy(this.x, this.number), activations = activationsOf(this.layers, x, this.damage)
    const reading = await this.spiking.read(x, this.damage)
    this.state = { reading, activations, outputs: activations.at(-1), active: this.damage.active, empty: !this.x.some((one) => one) }
    drawPicture(byId("seen"), x, this.bodies.picture)
    byId("fault").hidden = true
    this.draw()
  }

  draw() {
    const { state, stop, spiking, bodies } = this, { reading } = state
    state.stop = stop
    if (reading) state.rates = bodies.hidden.map((_, layer) => spiking.rates(reading, layer, stop))
    const both = { artificial: reading && !state.empty && stop > bodies.lag ? state.outputs : null, spiking: reading && !state.empty ? spiking.outputs(reading, stop) : null }
    const shares = Object.entries(both).map(([body, outputs]) => {
      const share = outputs && sharesOf(outputs), best = share && bestOf(share)
      byId(body).textContent = share ? bodies.classes[best] : "–"
      byId(`${body}-sure`).textContent = share ? `${Math.round(100 * share[best])} % sure` : state.empty ? "nothing to read" : reading ? "no answer yet" : ""
      return share
    });
    [...byId("bars").children].forEach((holder, k) => {
      [...holder.firstChild.children].forEach((bar, body) => { bar.style.height = `${shares[body] ? 100 * shares[body][k] : 0}%` })
      holder.classList.toggle("best", shares.some((share) => share && bestOf(share) === k))
    })
    this.figure.draw(state)
  }

  say() { // for those who do not see it
    const words = ["artificial", "spiking"].map((body) => `${body} network: ${byId(body).textContent}, ${byId(`${body}-sure`).textContent}`).join("; ")
    byId("news").textContent = words
    byId("bars").setAttribute("aria-label", `How sure both networks are of each class. ${words}`)
    byId("figure").setAttribute("aria-label", `Outputs over ${this.bodies.steps} steps, spikes of the hidden cells, and the activations of the same units. ${words}`)
  }

  // --- damage and haste

  harm(changes) {
    this.damage.set(changes)
    this.spiking.damage(this.damage)
    this.ask()
    this.update()
  }

  stopAt(stop) {
    this.stop = stop
    this.ask()
    this.draw()
    if (!this.playing) this.say()
  }

  play() {
    const slider = byId(`control-${DAMAGE.length}`), began = performance.now(), each = 4 * SHOWN, { steps } = this.bodies
    const move = (step) => { slider.value = step - 1; slider.oninput() }
    if (this.playing) { cancelAnimationFrame(this.playing); this.playing = 0; byId("play").textContent = "Play slowly"; return }
    const tick = (now) => {
      const step = Math.min(steps, 1 + Math.floor(Math.max(0, now - began) / each))
      if (step !== this.stop) move(step)
      if (step < steps) this.playing = requestAnimationFrame(tick)
      else { this.playing = 0; byId("play").textContent = "Play slowly"; this.say() }
    }
    byId("play").textContent = "Stop here"
    this.playing = requestAnimationFrame(tick)
  }

  // --- guesses

  ask() {
    const harmed = !this.damage.none || this.stop < this.bodies.steps
    byId("question").textContent = harmed ? "Guess first: which one suffers more from this?" : "Which one suffers more? First damage both, or stop them early"
    for (const button of byId("guesses").children) button.disabled = !harmed || !!this.testing
    byId("other").disabled = this.damage.none
    for (const id of ["sliders", "other", "back"]) byId(id).inert = !!this.testing
    if (!this.testing) byId("result").textContent = ""
  }

  // shares of the test pictures that both read correctly, with a damage and stopped after some steps
  async score(damage, stop) {
    const { labels } = this.bodies, right = { artificial: 0, spiking: 0 }
    this.spiking.damage(damage)
    for (let k = 0; k < labels.length; k++) {
      const x = damage.noisy(this.sample(k), k), reading = await this.spiking.read(x, damage), outputs = this.spiking.outputs(reading, stop)
      if (outputs && bestOf(outputs) === labels[k]) right.spiking++
      if (outputs && bestOf(activationsOf(this.layers, x, damage).at(-1)) === labels[k]) right.artificial++
      if (k % 20 === 19) byId("result").textContent = `Both read ${k + 1} of ${labels.length} pictures …`
    }
    return { artificial: right.artificial / labels.length, spiking: right.spiking / labels.length }
  }

  async bet(guess) {
    this.testing = true
    this.ask()
    const answer = await this.tested(guess).catch((error) => [`The guess was not counted: ${error.message}`])
    this.testing = false
    this.ask()
    byId("result").replaceChildren(...answer)
    this.tally()
    this.update()
  }

  // count a guess, after all pictures were read whole and with the damage; return what the reader is told
  async tested(guess) {
    const whole = new Damage(this.layers, this.bodies.picture.high), { stop } = this, { silenced, deleted, drift, noise } = this.damage
    this.healthy ??= await this.score(whole, this.bodies.steps)
    const after = await this.score(this.damage, stop), more = sufferedMore(this.healthy, after)
    this.guesses.add({ guess, more, silenced, deleted, drift, noise, stop, ...after })
    const percent = (body) => `${Math.round(100 * after[body])} % (${Math.round(100 * this.healthy[body])} % when whole)`
    const who = { artificial: "The artificial network suffered more", spiking: "The spiking network suffered more", alike: "Both suffered alike" }[more]
    return [element("strong", { textContent: `${who}: you guessed ${guess === more ? "right" : "wrong"}.` }), ` Of ${this.bodies.labels.length} new pictures the artificial network reads ${percent("artificial")}, the spiking one ${percent("spiking")}.`]
  }

  tally() { byId("tally").textContent = this.guesses.words; byId("forget").hidden = !this.guesses.all.length }
}

const BLOBS = ["firsts", "targets", "weights", "biases", "samples"]

async function begin() {
  const engine = await unpacked("engine"), parts = await Promise.all(BLOBS.map((name) => unpacking(`blob-${name}`).arrayBuffer()))
  window.bodies = new Bodies(engine, Object.fromEntries(BLOBS.map((name, k) => [name, parts[k]])))
}

tellHeight()
begin().catch((error) => refuse(error.message))
