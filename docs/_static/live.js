// Live pages have the look, light or dark, that the reader chose for the site. From files a browser keeps pages apart: they follow the system.
function shade(frame) {
  try { frame.contentDocument.documentElement.dataset.theme = document.documentElement.dataset.theme } catch { /* kept apart */ }
}
addEventListener("DOMContentLoaded", () => {
  const frames = [...document.querySelectorAll("iframe.live")]
  for (const frame of frames) { frame.addEventListener("load", () => shade(frame)); shade(frame) }
  new MutationObserver(() => frames.forEach(shade)).observe(document.documentElement, { attributeFilter: ["data-theme"] })
})

// they say how high they are
addEventListener("message", (event) => {
  const frame = [...document.querySelectorAll("iframe.live")].find((one) => one.contentWindow === event.source)
  if (frame && Number.isFinite(event.data?.height)) frame.style.height = `${Math.ceil(event.data.height) + 2}px`
})
