// Runs a list of messages, after engine_in_jsc.js; prints the answers without arrays.
"use strict";
const answers = [], engine = new Engine((message) => answers.push(message));
answer((async () => {
  await engine.receive({ type: "start", about, blobs });
  for (const message of given) await engine.receive({ budget: 1e9, ...message });
  return answers;
})(), (key, value) => (ArrayBuffer.isView(value) ? value.length : value));
