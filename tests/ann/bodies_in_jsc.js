// Both bodies read what is drawn, with damage, after engine_in_jsc.js: `given` has the strokes, the damage, the step after which
// both are stopped, and the paths of the scripts of the page. Prints what `THERE` of test_page.py is in a browser.
"use strict";
globalThis.workerOf = (source, receive) => {
  const engine = new Engine(receive);
  return (message) => engine.receive(message);
};
const parts = ["Spiking", "Damage", "layersOf", "activationsOf", "pictureOf"];
const page = (0, eval)(`${given.scripts.map((path) => readFile(path)).join("\n")};({ ${parts} })`);
const numbers = (name, Numbers) => new Numbers(readFile(`${folder}/${name}`, "binary").buffer);
answer((async () => {
  const { bodies } = about, names = { firsts: Int32Array, targets: Int32Array, weights: Float64Array, biases: Float64Array };
  const layers = page.layersOf(bodies, Object.fromEntries(Object.entries(names).map(([name, Numbers]) => [name, numbers(name, Numbers)])));
  const own = Object.fromEntries(Object.entries(blobs).filter(([name]) => name !== "samples" && !(name in names)));
  const spiking = new page.Spiking({ ...about, blobs: Object.keys(own) }, layers, own, null, (error) => { throw error; });
  await spiking.ready;
  const damage = new page.Damage(layers, bodies.picture.high), clean = page.pictureOf(given.strokes, bodies.picture);
  damage.set(given.damage);
  spiking.damage(damage);
  const x = damage.noisy(clean), reading = await spiking.read(x, damage), { text } = await spiking.digest();
  const { active, alive, gains } = damage, { steps, cells, drive, evidence } = reading, activations = page.activationsOf(layers, x, damage);
  const rates = bodies.hidden.map((_, layer) => spiking.rates(reading, layer, bodies.steps));
  return { strokes: given.strokes, clean, x, steps, cells, drive, evidence, activations, rates, active, alive, gains, digest: text };
})(), (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value));
