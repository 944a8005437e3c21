// Colours of populations in the light and the dark theme, the switch between these, and numbers as words.
"use strict"

// the colours of all pictures of brainsim, and what they become on a dark ground; tests/pages holds their distances
const ON_DARK = {
  "#1a5ca6": "#83abfb", "#d3594c": "#eb5243", "#2f9ad8": "#b4f1fa", "#a35a06": "#f2af53",
  "#0b2e57": "#6272d8", "#70281c": "#bd816f", "#24837c": "#1fb5a5", "#b38f16": "#f7e6a8",
}

const darkSystem = matchMedia("(prefers-color-scheme: dark)")
const isDark = () => (document.documentElement.dataset.theme ?? (darkSystem.matches ? "dark" : "light")) === "dark"
const shade = (colour) => isDark() ? ON_DARK[colour] ?? colour : colour
const look = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme
  byId("theme").textContent = isDark() ? "Light" : "Dark"
  byId("theme").setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} look`)
}

// `changed` is called whenever the theme is another one: by the switch, by the system, or by the page that holds this one
function watchTheme(changed) {
  const asked = location.hash.slice(1)
  setTheme(["light", "dark"].includes(asked) ? asked : null)
  byId("theme").onclick = () => setTheme(isDark() ? "light" : "dark")
  darkSystem.addEventListener("change", () => { setTheme(null); changed() })
  new MutationObserver(() => { setTheme(null); changed() })
    .observe(document.documentElement, { attributeFilter: ["data-theme"] })
}

const FORMATS = [2, 3, 4, 6].map((digits) => [digits, new Intl.NumberFormat("en", { maximumSignificantDigits: digits })])
const formats = new Map(FORMATS), whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })
const inWords = (value, digits = 4) => formats.get(digits).format(value + 0).replace("-", "\u2212")
const withUnit = (value, unit, digits = 4) => unit ? `${inWords(value, digits)} ${unit}` : inWords(value, digits)
const counted = (n, what) => `${whole.format(n)} ${what}${n === 1 ? "" : "s"}`
