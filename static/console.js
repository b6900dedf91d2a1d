"use strict";
// What htmx leaves to the page: trouble is shown, hidden tabs do not poll, and the keyboard does the work.
// Every page works without this file.
(() => {
  const find = (selector, root = document) => root.querySelector(selector);
  const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];
  const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* storage is off */ } };
  const recall = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

  // Trouble: a failure is never silent, and a connection that is back takes its own message away.
  const trouble = find("#trouble");
  let isPollTrouble = false;
  let closed = ""; // what was read and closed is not said again by every poll
  const showTrouble = (text, isFromPoll, isSignedOut = false) => {
    if (isFromPoll && text === closed) return;
    find("#trouble-sign-in").hidden = !isSignedOut;
    isPollTrouble = isFromPoll || isSignedOut; // over with the next answer
    if (find("#trouble-text").textContent !== text) find("#trouble-text").textContent = text;
    trouble.hidden = false;
  };
  const isPoll = (element) => element.hasAttribute("data-poll");
  const showLost = (event) => showTrouble(
    isPoll(event.detail.elt)
      ? "The console cannot be reached. This page may be out of date. Retrying…"
      : "The console cannot be reached, so this was perhaps not done. Look at the order before you try again.",
    isPoll(event.detail.elt));
  document.addEventListener("htmx:sendError", showLost);
  document.addEventListener("htmx:timeout", showLost);
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, elt } = event.detail;
    const isPlain = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/plain");
    const said = isPlain && xhr.responseText.length < 500 ? xhr.responseText.trim() : "";
    const general = {
      401: "You are signed out. Reload the page and sign in.",
      403: "The console refused this. Reload the page; you may have to sign in again.",
      404: "This is not there any more. Reload the page.",
    }[xhr.status] ?? "Something went wrong on the server. Look at the order before you try again.";
    const isSignedOut = xhr.status === 401;
    const code = isSignedOut ? "" : ` (${xhr.status})`;
    showTrouble(`${said || general}${code}`, isPoll(elt), isSignedOut);
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.xhr.status >= 400) return;
    closed = "";
    if (isPollTrouble) trouble.hidden = true;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isPoll(event.detail.elt)) trouble.hidden = true;
    else if (document.hidden) event.preventDefault();
  });
  find("#trouble-close").addEventListener("click", () => {
    closed = find("#trouble-text").textContent;
    trouble.hidden = true;
  });

  // A panel that is swapped in stays as open as it was.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    for (const details of findAll("details[id][open]", event.detail.target)) {
      const next = find(`#${CSS.escape(details.id)}`, event.detail.fragment);
      if (next) next.open = true;
    }
  });

  // Somebody who signed in again in another tab has a new token: forms send the present one.
  const currentToken = () => document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="))?.slice(10);
  const renewToken = (form) => {
    const field = find("input[name=csrfmiddlewaretoken]", form);
    const token = currentToken();
    if (field && token) field.value = token;
  };
  document.addEventListener("htmx:configRequest", (event) => {
    const token = currentToken();
    if (token && event.detail.formData.has("csrfmiddlewaretoken")) event.detail.formData.set("csrfmiddlewaretoken", token);
    // After one's own decision the list is not to be told what somebody else's poll has read before.
    if (event.detail.triggeringEvent?.type === "orders-changed") event.detail.formData.set("fresh", "1");
  });

  // A form with a lot of typing is not left by accident.
  let isTyped = false;
  document.addEventListener("input", (event) => { if (event.target.closest("[data-guard]")) isTyped = true; });
  document.addEventListener("submit", (event) => { isTyped = false; renewToken(event.target); }, true);
  window.addEventListener("beforeunload", (event) => { if (isTyped) event.preventDefault(); });

  // The currency that prices are typed in: when it is another one by the time of submitting, the page asks.
  document.addEventListener("input", (event) => {
    const pricedIn = find("#id_priced_in");
    if (pricedIn && !pricedIn.value && event.target.name?.endsWith("-unit_price")) pricedIn.value = find("#id_currency").value;
  });

  // Times in the reader's own zone.
  const clock = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
    timeZoneName: "short",
  });
  const showLocalTimes = (root) => {
    for (const time of findAll("time[datetime]", root)) {
      const text = clock.format(new Date(time.dateTime));
      if (time.hasAttribute("data-exact")) time.textContent = text; else time.title = text;
    }
  };

  // Ticking orders for a decision on several.
  const countTicks = () => {
    const bar = find("[data-bulk-bar]");
    const boxes = findAll("input[name=order_id][type=checkbox]");
    const ticked = boxes.filter((box) => box.checked);
    for (const box of boxes) box.closest("tr").classList.toggle("is-ticked", box.checked);
    const all = find("[data-tick-all]");
    if (all) {
      all.hidden = boxes.length === 0;
      all.checked = boxes.length > 0 && ticked.length === boxes.length;
      all.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
    }
    if (bar) {
      bar.hidden = ticked.length === 0;
      find("[data-bulk-count]", bar).textContent = ticked.length;
    }
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) {
      for (const box of findAll("input[name=order_id][type=checkbox]")) box.checked = event.target.checked;
    }
    if (event.target.matches("[data-tick-all], input[name=order_id]")) {
      answer()?.replaceChildren(); // it was about other orders
      countTicks();
    }
  });

  // What became of a decision on several is where the eyes are, and the focus; what was decided is ticked no longer.
  const answer = () => find("#bulk-result");
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== answer()) return;
    for (const button of findAll("[data-close]", answer())) button.hidden = false;
    const first = find("#bulk-reason", answer()) ?? find("[data-focus]", answer());
    first?.focus({ preventScroll: true });
    find("[data-focus]", answer())?.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("orders-changed", () => {
    for (const box of findAll("input[name=order_id][type=checkbox]")) box.checked = false;
    countTicks();
  });
  const closeAnswer = () => {
    if (!answer()?.firstElementChild) return false;
    answer().replaceChildren();
    (find("input[name=order_id]:checked") ?? find("tr[data-row] a.order-id"))?.focus();
    return true;
  };
  document.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) closeAnswer(); });

  // A click anywhere in a row opens the order, unless it marks text or meets something of its own.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (!row || event.target.closest("a, input, button, label, .col-tick") || !getSelection().isCollapsed) return;
    const link = find("a.order-id", row);
    if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener"); else link.click();
  });

  // Keys. They can be switched off, for single keys get in the way of speech input.
  const keysOn = find("#keys-on");
  const areKeysOn = () => recall("keys") !== "off";
  const moveInList = (step) => {
    const links = findAll("tr[data-row] a.order-id");
    const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = links[here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step];
    next?.focus();
    next?.closest("tr").scrollIntoView({ block: "nearest" });
    return links.length > 0;
  };
  const openCancel = () => {
    const details = find("#cancel");
    if (!details) return;
    details.open = true;
    find("textarea", details).focus();
  };
  const actions = {
    "/": () => find("#search") ? (find("#search").focus(), find("#search").select()) : find("[data-key=l]")?.click(),
    "?": () => find("#keys")?.showModal(),
    j: () => moveInList(1) || find("[data-key=j]")?.click(),
    k: () => moveInList(-1),
    l: () => find("[data-key=l]")?.click(),
    n: () => find("[data-key=n]")?.click(),
    x: () => document.activeElement.closest("tr[data-row]")?.querySelector("input[name=order_id]")?.click(),
    a: () => find("#approve")?.focus(),
    c: openCancel,
  };
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && event.target.matches("#search")) event.target.blur();
    if (event.key === "Escape" && event.target.closest("#bulk-result")) closeAnswer();
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !areKeysOn() || find("dialog[open]")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  if (keysOn) {
    keysOn.checked = areKeysOn();
    keysOn.addEventListener("change", () => remember("keys", keysOn.checked ? "on" : "off"));
    find("#keys-open").hidden = false;
    find("#keys-open").addEventListener("click", () => find("#keys").showModal());
  }

  // Colours: as the system, light, dark.
  const themes = { "": "as the system", light: "light", dark: "dark" };
  const showTheme = () => { find("#theme-name").textContent = themes[document.documentElement.dataset.theme ?? ""]; };
  find("#theme").hidden = false;
  find("#theme").addEventListener("click", () => {
    const root = document.documentElement;
    const names = Object.keys(themes);
    const next = names[(names.indexOf(root.dataset.theme ?? "") + 1) % names.length];
    if (next) root.dataset.theme = next; else delete root.dataset.theme;
    remember("theme", next);
    showTheme();
  });

  const refresh = (root) => { showLocalTimes(root); countTicks(); };
  document.addEventListener("htmx:load", (event) => refresh(event.detail.elt.parentElement ?? document));
  showTheme();
  refresh(document);
})();
