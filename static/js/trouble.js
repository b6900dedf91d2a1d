// A request that fails is never silent, and a connection that is back takes its own message away.
import { find } from "./page.js";

const box = find("#trouble");
// What the page has for each kind of trouble. Answers of the console's own mostly bring a better sentence.
const sentences = box.dataset;
const text = find("#trouble-text");
// Answers that say in the page why nothing was done, as in the settings of htmx.
const SHOWN = new Set([409, 422]);
let endsWithNextAnswer = false;
let closed = ""; // what was read and closed is not said again by every poll

const isPoll = (element) => element.hasAttribute("data-poll");

const show = (sentence, isFromPoll, isSignedOut = false) => {
  if (isFromPoll && sentence === closed) return;
  find("#trouble-sign-in").hidden = !isSignedOut;
  endsWithNextAnswer = isFromPoll || isSignedOut;
  if (text.textContent !== sentence) text.textContent = sentence;
  box.hidden = false;
};

const showLost = (event) => {
  const isFromPoll = isPoll(event.detail.elt);
  show(isFromPoll ? sentences.lostPoll : sentences.lost, isFromPoll);
};

const readSentence = (xhr) => {
  const isPlain = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/plain");
  return isPlain && xhr.responseText.length < 500 ? xhr.responseText.trim() : "";
};

document.addEventListener("htmx:sendError", showLost);
document.addEventListener("htmx:timeout", showLost);

const showRefused = (status, said, isFromPoll) => {
  const sentence = said || (status < 500 ? sentences.refused : sentences.failed);
  const isSignedOut = status === 401;
  show(isSignedOut ? sentence : `${sentence} (${status})`, isFromPoll, isSignedOut);
};

document.addEventListener("htmx:responseError", ({ detail: { xhr, elt } }) => {
  showRefused(xhr.status, readSentence(xhr), isPoll(elt));
});

// Sends what htmx does not, as it would: null, and words about it, where the answer is none to show. What nobody has
// asked for yet may fail silently.
export const ask = async (url, { isSilent = false, ...options } = {}) => {
  try {
    const answer = await fetch(url, { ...options, headers: { "HX-Request": "true" } });
    const text = await answer.text();
    if (answer.ok || SHOWN.has(answer.status)) return { status: answer.status, text };
    if (isSilent) return null;
    const isPlain = answer.headers.get("Content-Type")?.startsWith("text/plain");
    showRefused(answer.status, isPlain && text.length < 500 ? text.trim() : "", false);
  } catch {
    if (!isSilent) show(sentences.lost, false);
  }
  return null;
};

document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.xhr.status >= 400) return;
  closed = "";
  if (endsWithNextAnswer) box.hidden = true;
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPoll(event.detail.elt)) box.hidden = true;
});

find("#trouble-close").addEventListener("click", () => {
  closed = text.textContent;
  box.hidden = true;
});
