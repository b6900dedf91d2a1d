// Short names for what every other module needs of the page and of the browser's storage.

export const find = (selector, root = document) => root.querySelector(selector);
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

// Storage may be switched off: then nothing is remembered, and everything else works.
export const remember = (name, value) => {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It lasts as long as the page.
  }
};

export const recall = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};

// Calls `show` with the page, and later with each part that htmx swaps in.
export const whenLoaded = (show) => {
  document.addEventListener("htmx:load", (event) => show(event.detail.elt.parentElement ?? document));
  show(document);
};
