// Search, filters and sorting of the tables of restrictions, tabs of charts, years of the map. Every
// page reads without this file.
(function () {
  "use strict";
  const FIRST = 200; // rows shown until the reader asks for the rest

  const FILLERS = new Set(
    ("a an and at ban bans block by during for from in of off on outage shutdown shutdowns the to was were").split(" "));

  function tokens(text) {
    const plain = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return plain.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  }

  // The folded rest of a table joins its first rows when it is opened, so that both sort as one.
  function unfolded(table) {
    const rest = table.closest(".scroll").nextElementSibling;
    if (!rest || !rest.matches("details.rest")) return () => {};
    const join = function () {
      if (!rest.isConnected) return;
      table.tBodies[0].append(...rest.querySelector("tbody").rows);
      rest.remove();
    };
    rest.addEventListener("toggle", join);
    window.addEventListener("beforeprint", join);
    return join;
  }

  function sortable(table) {
    const body = table.tBodies[0];
    const join = unfolded(table);
    table.querySelectorAll("th[data-by]").forEach(function (head) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", function () {
        join();
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
    const names = new Map();
    form.querySelectorAll("option[data-names]").forEach((one) => names.set(one.value, one.dataset.names));
    for (const row of table.tBodies[0].rows) {
      const countries = row.dataset.country.split(" ").map((code) => names.get(code));
      const text = [row.textContent, row.dataset.id, row.dataset.start, ...countries].join(" ");
      texts.set(row, Array.from(new Set(tokens(text))));
    }
    let all = false;

    function fits(row, wanted, searched) {
      const text = texts.get(row);
      return (
        searched.every((word) => text.some((token) => token.startsWith(word))) &&
        wanted.every(([name, value]) => row.getAttribute("data-" + name).split(" ").includes(value))
      );
    }

    function show() {
      const wanted = selects.filter((one) => one.value !== "?").map((one) => [one.name, one.value]);
      const typed = tokens(words.value);
      const meant = typed.filter((word) => !FILLERS.has(word));
      const searched = meant.length ? meant : typed;
      let found = 0;
      for (const row of table.tBodies[0].rows) {
        const fit = fits(row, wanted, searched);
        found += fit ? 1 : 0;
        row.hidden = !fit || (!all && found > FIRST);
      }
      more.hidden = all || found <= FIRST;
      table.closest(".scroll").hidden = !found;
      const shown = more.hidden ? "" : ", the first " + FIRST + " are shown";
      said.textContent = !found ? "Nothing found. Try a country or a service alone, or fewer words." : found.toLocaleString("en-GB") + " of " + texts.size.toLocaleString("en-GB") +
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

  // A chart and its table as two tabs of one place.
  function tabbed(box, number) {
    const panels = [box.querySelector("figure"), box.querySelector(".numbers")];
    const list = document.createElement("div");
    list.className = "tablist";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", "Chart or table");
    const tabs = ["Chart", "Table"].map(function (name, place) {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.textContent = name;
      tab.id = "tab-" + number + "-" + place;
      tab.setAttribute("role", "tab");
      panels[place].setAttribute("role", "tabpanel");
      panels[place].setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", () => choose(place));
      tab.addEventListener("keydown", function (event) {
        if (event.key === "ArrowRight" || event.key === "ArrowLeft") choose(1 - place, true);
      });
      list.append(tab);
      return tab;
    });

    function choose(chosen, focused) {
      tabs.forEach(function (tab, place) {
        tab.setAttribute("aria-selected", String(place === chosen));
        tab.tabIndex = place === chosen ? 0 : -1;
        panels[place].hidden = place !== chosen;
      });
      if (focused) tabs[chosen].focus();
    }

    panels[1].open = true;
    box.classList.add("tabbed");
    box.prepend(list);
    choose(0);
  }

  // The years of the map; `area/world-years.js` holds colours and texts.
  function sliding(figure) {
    const worldYears = window.worldYears;
    if (!worldYears || worldYears.years.length < 2) return;
    const input = figure.querySelector("input[type=range]");
    const shapes = Array.from(figure.querySelectorAll("[data-area]"));
    figure.querySelector(".slider").hidden = false;

    function draw() {
      const year = worldYears.years[input.value];
      input.setAttribute("aria-valuetext", year);
      figure.querySelectorAll("output, .year").forEach((one) => (one.textContent = year));
      figure.querySelector("svg > title").textContent = "Share of each country's people under a restriction at some time in " + year;
      for (const shape of shapes) {
        const code = shape.dataset.area;
        const cell = worldYears.places[code] && worldYears.places[code][input.value];
        const text = cell ? cell[1] : worldYears.none[code];
        shape.setAttribute("fill", "var(--" + (cell ? cell[0] : "map-none") + ")");
        shape.querySelector("title").textContent = text;
        const link = shape.closest("a");
        if (link) link.setAttribute("aria-label", text);
      }
    }

    input.addEventListener("input", draw);
  }

  function finding(form) {
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      location.href = form.dataset.to + "#" + new URLSearchParams({ words: form.elements.words.value });
    });
  }

  document.querySelectorAll("table.restrictions").forEach(sortable);
  const form = document.querySelector("form.filters");
  document.querySelectorAll(".tabs").forEach(tabbed);
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("figure.map").forEach(sliding));
  document.querySelectorAll("form.find").forEach(finding);
  document.querySelectorAll(".embed").forEach(function (line) {
    const address = new URL(line.dataset.path, location.href).href;
    if (location.protocol !== "file:") line.textContent = line.textContent.replace(line.dataset.path, address);
  });
  if (form) filtered(form, document.querySelector("table.restrictions"), document.querySelector(".more"));
})();
