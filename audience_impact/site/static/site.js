// Search, filters and sorting of the tables of restrictions. Every page reads without this file.
(function () {
  "use strict";
  const FIRST = 200; // rows shown until the reader asks for the rest

  function sortable(table) {
    const body = table.tBodies[0];
    table.querySelectorAll("th[data-by]").forEach(function (head) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", function () {
        const down = head.getAttribute("aria-sort") !== "descending";
        table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const by = head.dataset.by;
        const key = by === "size" ? (row) => Number(row.dataset.size) : (row) => row.dataset.start;
        const rows = Array.from(body.rows, (row) => [key(row), row]);
        rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
        if (down) rows.reverse();
        body.append(...rows.map((pair) => pair[1]));
        table.dispatchEvent(new Event("sorted"));
      });
    });
  }

  function filtered(form, table, more) {
    const said = form.querySelector("[role=status]");
    const selects = Array.from(form.querySelectorAll("select"));
    const words = form.elements.words;
    const texts = new Map();
    for (const row of table.tBodies[0].rows) {
      texts.set(row, (row.textContent + " " + row.dataset.id).toLowerCase());
    }
    let all = false;

    function fits(row, wanted, asked) {
      const text = texts.get(row);
      return (
        asked.every((word) => text.includes(word)) &&
        wanted.every(([name, value]) => row.getAttribute("data-" + name).split(" ").includes(value))
      );
    }

    function show() {
      const wanted = selects.filter((one) => one.value !== "?").map((one) => [one.name, one.value]);
      const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const row of table.tBodies[0].rows) {
        const fit = fits(row, wanted, asked);
        found += fit ? 1 : 0;
        row.hidden = !fit || (!all && found > FIRST);
      }
      more.hidden = all || found <= FIRST;
      const shown = more.hidden ? "" : ", the first " + FIRST + " are shown";
      said.textContent = found.toLocaleString("en-GB") + " of " + texts.size.toLocaleString("en-GB") +
        (texts.size === 1 ? " restriction" : " restrictions") + shown + ".";
      remember(wanted, words.value);
    }

    function remember(wanted, text) {
      const kept = new URLSearchParams(wanted);
      if (text) kept.set("words", text);
      const hash = kept.toString();
      if (hash || location.hash.includes("=")) {
        history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
      }
    }

    function recall() {
      if (!location.hash.includes("=")) return;
      for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
        const field = form.elements[name];
        if (field) field.value = value;
      }
      selects.forEach((one) => (one.value = one.value || "?"));
      form.scrollIntoView();
    }

    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(show));
    table.addEventListener("sorted", show);
    more.querySelector("button").addEventListener("click", function () {
      all = true;
      show();
    });
    window.addEventListener("beforeprint", function () {
      all = true;
      show();
    });
    form.hidden = false;
    recall();
    show();
  }

  document.querySelectorAll("table.restrictions").forEach(sortable);
  const form = document.querySelector("form.filters");
  if (form) filtered(form, document.querySelector("table.restrictions"), document.querySelector(".more"));
})();
