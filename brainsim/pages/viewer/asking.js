// How a page reaches its engine: the worker, and the blobs that it gets.
"use strict"

function workerOf(source, receive) {
  const inPage = () => { // a browser that refuses workers
    const script = document.createElement("script")
    script.textContent = `window.Engine = (() => {${source}\nreturn Engine})()`
    document.body.append(script)
    const engine = new window.Engine((message) => setTimeout(receive, 0, message))
    return (message) => setTimeout(() => engine.receive(message), 0)
  }
  try {
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })))
    worker.onmessage = (event) => receive(event.data)
    worker.onerror = (event) => receive({ type: "fault", step: null, message: event.message ?? "the program of the page cannot run here" })
    return (message) => worker.postMessage(message)
  } catch {
    return inPage()
  }
}

function takeBlobs(names) {
  return Object.fromEntries(names.map((name) => {
    const holder = byId(`blob-${name}`), text = holder.textContent.trim()
    holder.remove()
    return [name, text]
  }))
}

// a page that shows this one in a frame gives it room; there nothing is as high as the window
function tellHeight() {
  if (parent === window) return
  document.documentElement.classList.add("framed")
  new ResizeObserver(() => parent.postMessage({ height: document.documentElement.offsetHeight }, "*")).observe(document.documentElement)
}
