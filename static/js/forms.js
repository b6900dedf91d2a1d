// Forms: they send the present token, a lot of typing is not left by accident, and prices keep their currency.
import { find } from "./page.js";

const TOKEN = "csrfmiddlewaretoken";
let isTyped = false;

// Somebody who signed in again in another tab has a new token.
const currentToken = () => {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  return cookie?.slice("csrftoken=".length);
};

const renewToken = (form) => {
  const field = find(`input[name=${TOKEN}]`, form);
  const token = currentToken();
  if (field && token) field.value = token;
};

document.addEventListener("htmx:configRequest", (event) => {
  const data = event.detail.formData;
  const token = currentToken();
  if (token && data.has(TOKEN)) data.set(TOKEN, token);
});

document.addEventListener("input", (event) => {
  if (event.target.closest("[data-guard]")) isTyped = true;
});

document.addEventListener("submit", (event) => {
  isTyped = false;
  renewToken(event.target);
}, true);

window.addEventListener("beforeunload", (event) => {
  if (isTyped) event.preventDefault();
});

// The currency that prices are typed in: when it is another one by the time of submitting, the page asks.
document.addEventListener("input", (event) => {
  const pricedIn = find("#id_priced_in");
  if (pricedIn && !pricedIn.value && event.target.name?.endsWith("-unit_price")) {
    pricedIn.value = find("#id_currency").value;
  }
});
