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

  // The number of edits between two words; two neighbours that changed places are one edit.
  function distance(first, second) {
    let before = [], last = Array.from({ length: second.length + 1 }, (_, place) => place);
    for (let row = 1; row <= first.length; row++) {
      const next = [row];
      for (let place = 1; place <= second.length; place++) {
        const same = first[row - 1] === second[place - 1];
        next[place] = Math.min(next[place - 1] + 1, last[place] + 1, last[place - 1] + (same ? 0 : 1));
        const turned = first[row - 1] === second[place - 2] && first[row - 2] === second[place - 1];
        if (row > 1 && place > 1 && turned) next[place] = Math.min(next[place], before[place - 2] + 1);
      }
      [before, last] = [last, next];
    }
    return last[second.length];
  }

  function begins(words, start) {
    for (const word of words) if (word.startsWith(start)) return true;
    return false;
  }

  // A word as it is if some known word begins with it, else the nearest known word, else as it is:
  // one edit in four or five letters, two in more. Of two as near the longer: letters are left out
  // more often than put in.
  function mend(word, known) {
    if (word.length < 4 || /\d/.test(word) || begins(known, word)) return word;
    let nearest = word, fewest = word.length < 6 ? 1 : 2;
    for (const other of known) {
      if (Math.abs(other.length - word.length) > fewest) continue;
      const edits = distance(word, other);
      const longer = edits === fewest && (nearest === word || other.length > nearest.length);
      if (edits < fewest || longer) [nearest, fewest] = [other, edits];
    }
    return nearest;
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
    const known = new Set();
    const names = window.knownNames || { areas: {}, services: {} };
    for (const row of table.tBodies[0].rows) {
      const countries = row.dataset.country.split(" ").map((code) => names.areas[code]);
      const services = row.dataset.platform.split(" ").map((id) => names.services[id]);
      const cells = [row.textContent, row.dataset.id, row.dataset.start];
      const words = new Set(tokens([...cells, ...countries, ...services].join(" ")));
      texts.set(row, Array.from(words));
      words.forEach((word) => known.add(word));
    }
    let all = false;

    function fits(row, wanted, searched) {
      const text = texts.get(row);
      return (
        searched.every((word) => text.some((token) => token.startsWith(word))) &&
        wanted.every(([name, value]) => row.getAttribute("data-" + name).split(" ").includes(value))
      );
    }

    // What is searched in turn until something fits: the words as typed, mended, without those that
    // occur nowhere, all but one of them, each alone; the words without the choices; everything.
    function* attempts(typed, wanted) {
      yield [typed, wanted];
      const mended = typed.map((word) => mend(word, known));
      yield [mended, wanted];
      const there = mended.filter((word) => begins(known, word));
      if (there.length) yield [there, wanted];
      if (there.length > 2) for (const word of there) yield [there.filter((other) => other !== word), wanted];
      for (const word of there) yield [[word], wanted];
      if (there.length) yield [there, []];
      yield [[], wanted];
      yield [[], []];
    }

    function search(typed, wanted) {
      for (const [searched, chosen] of attempts(typed, wanted)) {
        const rows = Array.from(texts.keys()).filter((row) => fits(row, chosen, searched));
        if (rows.length) return { rows: new Set(rows), searched, chosen };
      }
      return { rows: new Set(), searched: typed, chosen: wanted };
    }

    // What was searched instead, where nothing fits what was asked for.
    function explain(typed, wanted, result) {
      if (typed.join() === result.searched.join() && wanted.length === result.chosen.length) return "";
      const asked = typed.length ? "“" + typed.join(" ") + "”" + (wanted.length ? " and these choices" : "") : "these choices";
      if (!result.searched.length && !result.chosen.length) return "Nothing on record fits " + asked + ". All are listed: ";
      const instead = result.searched.length ? "“" + result.searched.join(" ") + "”" : "the choices alone";
      const without = result.searched.length && wanted.length > result.chosen.length ? " without the choices" : "";
      return "Nothing fits " + asked + ". Searched instead for " + instead + without + ": ";
    }

    function show() {
      const wanted = selects.filter((one) => one.value !== "?").map((one) => [one.name, one.value]);
      const typed = tokens(words.value);
      const meant = typed.filter((word) => !FILLERS.has(word));
      const result = search(meant.length ? meant : typed, wanted);
      let found = 0;
      for (const row of table.tBodies[0].rows) {
        const fit = result.rows.has(row);
        found += fit ? 1 : 0;
        row.hidden = !fit || (!all && found > FIRST);
      }
      more.hidden = all || found <= FIRST;
      const shown = more.hidden ? "" : ", the first " + FIRST + " are shown";
      said.textContent = explain(meant.length ? meant : typed, wanted, result) + found.toLocaleString("en-GB") + " of " + texts.size.toLocaleString("en-GB") +
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
    const links = Array.from(figure.querySelectorAll("svg a"));
    figure.querySelector(".slider").hidden = false;

    function draw() {
      const year = worldYears.years[input.value];
      input.setAttribute("aria-valuetext", year);
      figure.querySelectorAll("output, .year").forEach((one) => (one.textContent = year));
      figure.querySelector("svg > title").textContent = "Share of each country's people under a restriction at some time in " + year;
      for (const link of links) {
        const shape = link.firstElementChild;
        const code = link.getAttribute("href").match(/(\w+)\.html$/)[1];
        const cell = worldYears.places[code] && worldYears.places[code][input.value];
        const text = cell ? cell[1] : worldYears.none[code];
        shape.setAttribute("fill", "var(--" + (cell ? cell[0] : "map-none") + ")");
        shape.querySelector("title").textContent = text;
        link.setAttribute("aria-label", text);
      }
    }

    input.addEventListener("input", draw);
  }

  // A field above the links to areas that shows those of a name, in any language.
  function picking(box) {
    const items = new Map();
    const known = new Set();
    const names = window.knownNames || { areas: {} };
    for (const item of box.querySelectorAll("li")) {
      const words = tokens(item.textContent + " " + (names.areas[item.dataset.place] || ""));
      items.set(item, words);
      words.forEach((word) => known.add(word));
    }
    const label = document.createElement("label");
    const input = document.createElement("input");
    const note = document.createElement("p");
    input.type = "search";
    input.autocomplete = "off";
    note.className = "note";
    note.setAttribute("role", "status");
    label.append("Name ", input);
    box.querySelector("summary").after(label, note);

    function fitting(searched) {
      return Array.from(items.keys()).filter((item) => searched.every((word) => begins(items.get(item), word)));
    }

    function show() {
      const typed = tokens(input.value);
      const mended = typed.map((word) => mend(word, known));
      let fit = fitting(mended);
      note.textContent = !fit.length ? "No area on record has this name; all are shown." : typed.join() === mended.join() ? "" : "Searched for “" + mended.join(" ") + "”.";
      if (!fit.length) fit = Array.from(items.keys());
      items.forEach((_, item) => (item.hidden = !fit.includes(item)));
      return fit;
    }

    input.addEventListener("input", show);
    input.addEventListener("keydown", function (event) {
      if (event.key === "Enter") show()[0].querySelector("a").click();
    });
  }

  function finding(form) {
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      location.href = form.dataset.to + "#" + new URLSearchParams({ words: form.elements.words.value });
    });
  }

  document.querySelectorAll("table.restrictions").forEach(sortable);
  document.querySelectorAll(".tabs").forEach(tabbed);
  document.querySelectorAll("form.find").forEach(finding);
  document.querySelectorAll(".embed").forEach(function (line) {
    const address = new URL(line.dataset.path, location.href).href;
    if (location.protocol !== "file:") line.textContent = line.textContent.replace(line.dataset.path, address);
  });
  // What needs the scripts with data, which come after this one.
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("figure.map").forEach(sliding);
    document.querySelectorAll(".picker").forEach(picking);
    const form = document.querySelector("form.filters");
    if (form) filtered(form, document.querySelector("table.restrictions"), document.querySelector(".more"));
  });
})();
