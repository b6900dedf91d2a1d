// What htmx leaves to the page, by subject. Every page works without it.
import "./requests.js";
import "./trouble.js";
import "./panels.js";
import "./forms.js";
import "./paste.js";
import "./times.js";
import "./ages.js";
import "./rows.js";
import "./bulk.js";
import "./reasons.js";
import "./copy.js";
import "./keyboard.js";
import "./palette.js";
import "./colours.js";
