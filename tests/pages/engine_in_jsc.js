// The engine of a page in JavaScriptCore, Safari's engine: jsc engine_in_jsc.js SCRIPT.js -- FOLDER GIVEN. FOLDER has engine.js,
// about.json and the blobs, unpacked, since this shell cannot unpack; GIVEN is JSON. SCRIPT.js returns a promise of what is printed.
"use strict";
const [folder, text] = arguments, given = JSON.parse(text);
globalThis.performance = { now: () => preciseTime() * 1000 };
const about = JSON.parse(readFile(`${folder}/about.json`)), blobs = Object.fromEntries(about.blobs.map((name) => [name, name]));
const source = readFile(`${folder}/engine.js`).replace("async function unpacked", "async function unpackedThere");
globalThis.unpacked = async (name) => readFile(`${folder}/${name}`, "binary");
const Engine = (0, eval)(`${source};Engine`);
const answer = (promise, short) => promise.catch((error) => [{ type: "fault", message: String(error) }]).then((found) => print(JSON.stringify(found, short)));
