(function () {
  "use strict";
  function all(what) { return Array.prototype.slice.call(document.querySelectorAll(what)); }
  all("time").forEach(function (item) {
    var at = new Date(item.dateTime);
    if (!isNaN(at)) { item.textContent += " (" + at.toLocaleString() + " here)"; }
  });
  var box = document.getElementById("text"), found = document.getElementById("found"), cases = all(".case");
  document.getElementById("search").hidden = false;
  box.addEventListener("input", function () {
    var wanted = box.value.trim().toLowerCase(), left = 0;
    cases.forEach(function (item) {
      item.hidden = wanted !== "" && item.textContent.toLowerCase().indexOf(wanted) < 0;
      if (!item.hidden) { left += 1; }
    });
    all(".fold").forEach(function (item) {
      item.open = wanted !== "" && item.querySelector(".case:not([hidden])") !== null;
    });
    found.textContent = wanted ? left + " of " + cases.length + " clauses have this text" : "";
  });
  window.addEventListener("beforeprint", function () {
    all("details:not([open])").forEach(function (item) {
      item.open = true;
      item.setAttribute("data-printed", "");
    });
  });
  window.addEventListener("afterprint", function () {
    all("details[data-printed]").forEach(function (item) {
      item.open = false;
      item.removeAttribute("data-printed");
    });
  });
})();
