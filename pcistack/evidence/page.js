"use strict";
(() => {
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const clear = document.getElementById("clear");
  const expand = document.getElementById("expand");
  const tiles = [...document.querySelectorAll(".tile")];
  const requirements = [...document.querySelectorAll(".requirement")];
  const rows = [...document.querySelectorAll(".register tbody tr")];
  const text = new Map([...requirements, ...rows].map(
    (node) => [node, node.textContent.toLowerCase()]));

  const matches = (node, words) => words.every((word) => text.get(node).includes(word));

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = tiles.filter((tile) => tile.getAttribute("aria-pressed") === "true")
      .map((tile) => tile.dataset.state);
    for (const node of requirements) {
      node.hidden = !(matches(node, words)
        && (states.length === 0 || states.includes(node.dataset.state)));
    }
    for (const node of rows) node.hidden = !matches(node, words);
    for (const family of document.querySelectorAll(".family-group")) {
      family.hidden = !family.querySelector(".requirement:not([hidden])");
    }
    for (const register of document.querySelectorAll(".register")) {
      const all = register.querySelectorAll("tbody tr").length;
      register.hidden = all > 0 && !register.querySelector("tbody tr:not([hidden])");
    }
    const shown = requirements.filter((node) => !node.hidden).length;
    const lines = rows.filter((node) => !node.hidden).length;
    found.textContent = `${shown} of ${requirements.length} requirements, `
      + `${lines} of ${rows.length} register lines`;
    clear.hidden = words.length === 0 && states.length === 0;
  };

  search.addEventListener("input", filter);
  for (const tile of tiles) {
    tile.addEventListener("click", () => {
      tile.setAttribute("aria-pressed", String(tile.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }
  const showAll = () => {
    search.value = "";
    for (const tile of tiles) tile.setAttribute("aria-pressed", "false");
    filter();
  };
  clear.addEventListener("click", () => {
    showAll();
    search.focus();
  });
  // a link may lead to something that is folded or filtered away
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) showAll();
    if (target.matches("details")) target.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  expand.addEventListener("click", () => {
    const open = requirements.some((node) => !node.hidden && !node.open);
    for (const node of requirements) if (!node.hidden) node.open = open;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  const before = new Set();
  addEventListener("beforeprint", () => {
    for (const node of requirements) {
      if (!node.open) before.add(node);
      node.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const node of before) node.open = false;
    before.clear();
  });
  filter();
  reveal();
})();
