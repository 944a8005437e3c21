// Questions of lessons: the reader marks an answer, and then sees why it is right or wrong. A prediction also covers the next
// printed text and picture, or live page, until an answer is marked. Without this script the answers are folded, and nothing is
// covered.
"use strict";

function setUpQuestion(frame, number) {
  const list = frame.querySelector("ul");
  const details = frame.querySelector("details");
  if (!list || !details) return;
  const covered = frame.classList.contains("predict") ? whatComesNext(frame) : [];
  const uncover = () => covered.forEach((part) => part.classList.remove("covered"));
  covered.forEach((part) => cover(part, uncover));
  list.setAttribute("role", "radiogroup");
  list.setAttribute("aria-label", "answers");
  const verdict = document.createElement("p");
  verdict.className = "verdict";
  verdict.setAttribute("role", "status");
  list.after(verdict);
  [...list.children].forEach((item) => makeRadio(item, `question-${number}`, (letter) => {
    const right = frame.dataset.right;
    [...list.children].forEach((other) => other.classList.remove("right", "wrong"));
    item.classList.add(letter === right ? "right" : "wrong");
    verdict.textContent = letter === right ? "Right." : "Not this one: see why.";
    details.querySelectorAll("li").forEach((reason) =>
      reason.classList.toggle("marked", reason.textContent.trim().startsWith(`(${letter})`)));
    details.open = true;
    uncover();
  }));
  details.addEventListener("toggle", () => { if (details.open) uncover(); });
}

function makeRadio(item, name, marked) {
  const letter = item.textContent.trim()[1];
  const label = document.createElement("label");
  const radio = Object.assign(document.createElement("input"), { type: "radio", name, value: letter });
  label.append(radio, ...item.childNodes);
  item.append(label);
  radio.addEventListener("change", () => marked(letter));
}

// the next printed text and the next picture, before the next heading or question
function whatComesNext(frame) {
  const found = [];
  for (let part = frame.nextElementSibling; part; part = part.nextElementSibling) {
    if (part.matches("section, h1, h2, h3, .question")) break;
    const picture = part.matches("img") ? part : part.querySelector(":scope > img, :scope > a > img, :scope > iframe");
    if (part.matches(".highlight-text") || picture) found.push(part);
    if (picture && !part.matches(".alive")) break; // below a live page stands its picture for paper
  }
  return found;
}

function cover(part, uncover) {
  part.classList.add("covered");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "uncover" });
  button.textContent = "Mark an answer above, or show this now";
  button.addEventListener("click", uncover);
  part.append(button);
}

document.addEventListener("DOMContentLoaded", () =>
  document.querySelectorAll(".question").forEach((frame, number) => setUpQuestion(frame, number)));
