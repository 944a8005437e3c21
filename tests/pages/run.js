// Runs the engine of a page as the viewer does: run.js PAGE PLAN. PLAN is a list of messages in JSON; prints the answers, without
// arrays but with how many spikes there were.
"use strict";
const fs = require("fs"), vm = require("vm"), [, , path, plan] = process.argv;
const text = fs.readFileSync(path, "utf8");
const part = (id) => text.match(new RegExp(`<script type="[^"]*" id="${id}"[^>]*>([\\s\\S]*?)</script>`))[1];
const script = require("zlib").gunzipSync(Buffer.from(part("engine"), "base64")).toString();
const about = JSON.parse(part("about")), blobs = Object.fromEntries(about.blobs.map((name) => [name, part(`blob-${name}`)]));
vm.runInThisContext(script + ";globalThis.Engine = Engine;", { filename: "engine.js" });
(async () => {
  const answers = [], engine = new Engine((message) => answers.push(message));
  await engine.receive({ type: "start", about, blobs });
  for (const message of JSON.parse(plan)) {
    if (message.type === "array") message.values = Float64Array.from(message.values);
    let left = message.type === "advance" ? message.steps : 0;
    do {
      await engine.receive({ budget: 1e9, ...message, ...(left ? { steps: left } : {}) });
      const last = answers.at(-1);
      if (left && last.type !== "frame") break;
      if (left) left -= last.to - last.from;
    } while (left > 0);
  }
  const short = (key, value) => (ArrayBuffer.isView(value) ? (key === "steps" ? value.length : Array.from(value).slice(0, 8)) : value);
  console.log(JSON.stringify(answers, short));
})();
