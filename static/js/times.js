// Times in the zone of the reader's settings or browser, in the page's language; the server writes them in UTC.
import { findAll, whenLoaded } from "./page.js";

const { lang, dataset } = document.documentElement;

// English alone would be that of the United States.
const makeClock = (timeZone) => new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {
  timeZone,
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

// Somebody may have chosen a zone that this browser does not know.
const chooseClock = () => {
  try {
    return makeClock(dataset.timeZone || undefined);
  } catch {
    return makeClock();
  }
};

const clock = chooseClock();

whenLoaded((root) => {
  for (const time of findAll("time[datetime]", root)) {
    const text = clock.format(new Date(time.dateTime));
    if (time.hasAttribute("data-exact")) time.textContent = text;
    else time.title = text;
  }
});
