// Times in the reader's own zone; the server writes them in UTC.
import { findAll, whenLoaded } from "./page.js";

const clock = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

whenLoaded((root) => {
  for (const time of findAll("time[datetime]", root)) {
    const text = clock.format(new Date(time.dateTime));
    if (time.hasAttribute("data-exact")) time.textContent = text;
    else time.title = text;
  }
});
