// What a page runs first: it unpacks the viewer and the engine, or says why this browser cannot run them.
"use strict"
const byId = (id) => document.getElementById(id)

function unpacking(id) { // what the page holds, packed
  const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0))
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")))
}

const unpacked = (id) => unpacking(id).text()

function refuse(message) {
  byId("title").textContent = document.title
  byId("fault").textContent = `This browser cannot run the network: ${message}`
  byId("fault").hidden = false
  byId("status").textContent = ""
}

const lacking = ["WebAssembly", "DecompressionStream", "BigInt64Array"].filter((name) => !(name in window))
if (lacking.length) refuse(`it lacks ${lacking.join(" and ")}. Browsers have what is needed in versions from 2023 on.`)
else unpacked("viewer").then((text) => document.body.append(Object.assign(document.createElement("script"), { text }))).catch((error) => refuse(error.message))
