// Runs the engine of a page in JavaScriptCore, Safari's engine: jsc jsc.js -- FOLDER PLAN. FOLDER has engine.js, about.json and
// the blobs, unpacked, since this shell cannot unpack; PLAN is a list of messages in JSON. Prints the answers without arrays.
"use strict";
const [folder, plan] = arguments;
globalThis.performance = { now: () => preciseTime() * 1000 };
const about = JSON.parse(readFile(`${folder}/about.json`)), answers = [];
const source = readFile(`${folder}/engine.js`).replace("async function unpacked", "async function unpackedThere");
globalThis.unpacked = async (name) => readFile(`${folder}/${name}`, "binary");
const Engine = (0, eval)(`${source};Engine`), engine = new Engine((message) => answers.push(message));
(async () => {
  await engine.receive({ type: "start", about, blobs: Object.fromEntries(about.blobs.map((name) => [name, name])) });
  for (const message of JSON.parse(plan)) await engine.receive({ budget: 1e9, ...message });
  print(JSON.stringify(answers, (key, value) => (ArrayBuffer.isView(value) ? value.length : value)));
})().catch((error) => print(JSON.stringify([{ type: "fault", message: String(error) }])));
