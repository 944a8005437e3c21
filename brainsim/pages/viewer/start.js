// Puts the parts together: reads what Python wrote into the page, starts the engine, connects it with picture and controls.
"use strict"

class Page {
  constructor(engine) {
    const about = this.about = JSON.parse(byId("about").textContent)
    const second = byId("picture").clientWidth < 640 ? 1000 : 2000, window = WINDOWS.find((ms) => ms >= second * about.pace) ?? WINDOWS.at(-1)
    this.history = new History(about, window)
    this.picture = new Picture(byId("picture"), about, this.history)
    this.write()
    watchTheme(() => this.rearrange())
    this.player = new Player(about, takeBlobs(about.blobs), engine, this.answers())
    this.watches = new Watches(about, (list) => this.watch(list))
    makeWindows(window, (ms) => { this.history.show(ms); this.watch(this.watches.list) })
    this.connect()
    setInterval(() => this.player.running && this.say(), 500)
  }

  write() { // what does not change
    const { title, text, brainsim, populations, synapses } = this.about
    byId("title").textContent = document.title = title
    byId("text").textContent = text
    byId("text").hidden = !text
    const cells = populations.reduce((sum, part) => sum + part.size, 0)
    this.facts = `${counted(cells, "cell")}, ${counted(synapses, "synapse")} · brainsim ${brainsim}`
    byId("facts").textContent = `${this.facts} · computed in this page, offline`
  }

  // what follows a message of the engine
  answers() {
    return {
      ready: () => this.ready(),
      frame: (frame) => { this.history.add(frame); this.picture.addSpikes(frame); this.changed() },
      restarted: ({ step }) => this.restarted(step),
      digest: ({ step, text }) => { byId("digest").textContent = `${text} after ${counted(step, "step")}` },
      fault: ({ message }) => { byId("fault").textContent = message; byId("fault").hidden = false; this.say() },
      change: () => this.toggled(),
    }
  }

  ready() {
    for (const id of ["play", "step", "again", "hash"]) byId(id).disabled = false
    this.watch(this.watches.list)
    if (this.about.weights.length) this.player.send({ type: "weights", on: true })
    this.player.play(!matchMedia("(prefers-reduced-motion: reduce)").matches)
    this.toggled()
  }

  restarted(step) {
    byId("fault").hidden = true
    byId("digest").textContent = ""
    this.history.clear(step)
    this.picture.ranges.clear()
    this.picture.redrawRaster()
    this.player.play(true)
    this.changed()
  }

  toggled() {
    const { playing, ready } = this.player
    byId("play").textContent = playing ? "Pause" : "Continue"
    if (ready) byId("news").textContent = playing ? "running" : `paused: ${this.summary()}`
    this.say()
    this.wake()
  }

  summary() {
    const rates = this.picture.rated.map((p) => `${this.about.populations[p].name} ${inWords(this.history.mean(p), 3)} Hz`)
    return [`${inWords(this.history.step * this.about.dt, 6)} ms`, ...rates].join(", ")
  }

  say() { // how far, how fast
    const { ready, faulty, factor, slow, step } = this.player, parts = [`${inWords(step * this.about.dt / 1000)} s simulated`]
    if (factor >= 1) parts.push(`this device can run it ${inWords(factor, 2)} times as fast as real time`)
    else if (factor !== null) parts.push(`slow motion: this device needs ${inWords(1 / factor, 2)} s for a second of the network`)
    if (slow) parts.push("the chosen speed is not reached")
    if (ready || faulty) byId("status").textContent = ready ? parts.join(" · ") : ""
    byId("picture").setAttribute("aria-label", `Raster, rates and traces: ${this.summary()}`)
  }

  watch(list) {
    const { variables, populations } = this.about
    this.history.watch(list.map(({ variable, cell }) => {
      const { population, reset } = variables[variable]
      return !reset ? null : populations[population].first + cell
    }))
    this.picture.watched = list.map(({ variable, cell }) => ({ variable: variables[variable], part: populations[variables[variable].population], cell }))
    this.rearrange()
  }

  rearrange() { this.misplaced = true; this.changed() }

  arrange() { // once for a picture, however often the size changed
    const { picture, player } = this
    this.misplaced = false
    picture.ranges.clear()
    picture.arrange()
    const every = Math.max(1, Math.floor(this.history.window / picture.across))
    if (player.ready) player.send({ type: "watch", traces: this.watches.list, every })
  }

  // --- pictures are drawn when the screen asks for one, and only if something changed

  changed() { this.stale = true; this.wake() }

  wake() {
    if (!this.scheduled) requestAnimationFrame(() => this.tick())
    this.scheduled = true
  }

  tick() {
    this.scheduled = false
    this.player.pump()
    if (this.misplaced) this.arrange()
    if (this.stale) this.picture.draw()
    this.stale = false
    if (this.player.running || this.player.waiting) this.wake()
  }

  // --- what the reader can do

  connect() {
    const { about, player } = this, restart = () => player.restart(about.states.length ? Number(byId("state").value) : null)
    makeSliders(about.controls, (control, position) => player.send({ type: "control", control, position }))
    makeButtons(about.buttons, (button) => player.send({ type: "button", button }))
    makeStates(about.states, restart)
    makePaces(about.pace, (pace) => { player.pace = pace })
    byId("play").onclick = () => player.play(!player.playing)
    byId("step").onclick = () => { player.oneStep(); this.wake() }
    byId("step").title = `${inWords(about.dt)} ms`
    byId("again").onclick = restart
    byId("save").onclick = () => this.save()
    byId("hash").onclick = () => { player.play(false); player.send({ type: "digest" }) }
    byId("desk").classList.toggle("plain", !about.controls.length)
    this.connectPicture(byId("picture"))
  }

  connectPicture(canvas) {
    const { player } = this
    canvas.onclick = (event) => {
      const cell = this.picture.rowAt(event.offsetX, event.offsetY)
      if (cell) this.watches.point(cell)
    }
    addEventListener("keydown", (event) => {
      if (![document.body, canvas].includes(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === " ") player.play(!player.playing)
      else if (event.key === "ArrowRight") byId("step").onclick()
      else return
      event.preventDefault()
    })
    const asleep = (reason, on) => { player.sleep(reason, on); this.wake() }
    document.addEventListener("visibilitychange", () => asleep("hidden", document.hidden))
    asleep("hidden", document.hidden)
    new IntersectionObserver((entries) => asleep("out of sight", !entries.at(-1).isIntersecting)).observe(canvas)
    new ResizeObserver(() => this.rearrange()).observe(canvas)
  }

  async save() { // the canvas, with a title above and the facts below
    const { picture, about } = this, { canvas, ratio, colours } = picture, copy = document.createElement("canvas"), ink = copy.getContext("2d")
    Object.assign(copy, { width: canvas.width, height: canvas.height + 64 * ratio })
    const write = (text, size, y, colour) => Object.assign(ink, { font: `${size * ratio}px system-ui, sans-serif`, fillStyle: colour }).fillText(text, 12 * ratio, y)
    picture.draw()
    Object.assign(ink, { fillStyle: colours.paper }).fillRect(0, 0, copy.width, copy.height)
    ink.drawImage(canvas, 0, 36 * ratio)
    write(about.title, 16, 24 * ratio, colours.ink)
    write(this.facts, 11, copy.height - 10 * ratio, colours.muted)
    const blob = await new Promise((done) => copy.toBlob(done)), link = document.createElement("a")
    const name = about.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "network"
    Object.assign(link, { href: URL.createObjectURL(blob), download: `${name}.png` }).click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10000)
  }
}

tellHeight()
unpacked("engine").then((engine) => { window.brainsim = new Page(engine) }).catch((error) => refuse(error.message))
