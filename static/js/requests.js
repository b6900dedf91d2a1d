// How htmx makes its requests. It starts after the modules, and reads this then.
if (window.htmx) {
  Object.assign(htmx.config, {
    allowEval: false,
    allowScriptTags: false,
    historyCacheSize: 0,
    includeIndicatorStyles: false,
    refreshOnHistoryMiss: true,
    responseHandling: [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "409", swap: true },
      { code: "422", swap: true },
      { code: "[45]..", swap: false, error: true },
    ],
    selfRequestsOnly: true,
    timeout: 15_000,
  });
}
