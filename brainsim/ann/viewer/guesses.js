// The reader's guesses: which network suffers more? They stay on the reader's device.
"use strict"
const KEY = "brainsim: guesses about two bodies", MOST_KEPT = 500
const ALIKE = 2 // digits of a hundred: a smaller difference is none

class Guesses {
  constructor() {
    try {
      localStorage.setItem(`${KEY}?`, "1") // refused in some windows, and from some files
      localStorage.removeItem(`${KEY}?`)
      this.kept = true
      const found = JSON.parse(localStorage.getItem(KEY) ?? "[]")
      this.all = Array.isArray(found) ? found.filter((one) => one && typeof one.guess === "string" && typeof one.more === "string") : []
    } catch {
      this.all ??= []
    }
  }

  add(guess) { this.all = [...this.all, guess].slice(-MOST_KEPT); this.save() }

  forget() { this.all = []; this.save() }

  save() { try { if (this.kept) localStorage.setItem(KEY, JSON.stringify(this.all)) } catch { this.kept = false } }

  get words() {
    const { all } = this, of = (what) => all.filter(({ more }) => more === what).length
    if (!all.length) return this.kept ? "Your guesses stay on this device." : "This window does not let a page keep anything: your guesses are counted until it is closed."
    const right = all.filter(({ guess, more }) => guess === more).length, where = this.kept ? "" : " (until this window is closed)"
    return `You were right in ${right} of ${whole.format(all.length)} ${all.length === 1 ? "guess" : "guesses"}${where}. So far the artificial network suffered more ${times(of("artificial"))}, the spiking one ${times(of("spiking"))}, and both alike ${times(of("alike"))}.`
  }
}

const times = (n) => n === 0 ? "in no case" : n === 1 ? "once" : n === 2 ? "twice" : `${n} times`

// which one lost more of its right answers; `right` are shares of the test pictures, before and after
function sufferedMore(before, after) {
  const lost = (body) => before[body] - after[body], difference = 100 * (lost("artificial") - lost("spiking"))
  return Math.abs(difference) <= ALIKE + 1e-9 ? "alike" : difference > 0 ? "artificial" : "spiking"
}
