(function () {
  "use strict";
  var box = document.getElementById("text"), found = document.getElementById("found");
  var cases = Array.prototype.slice.call(document.querySelectorAll(".case"));
  document.getElementById("search").hidden = false;
  box.addEventListener("input", function () {
    var wanted = box.value.trim().toLowerCase(), left = 0;
    cases.forEach(function (item) {
      item.hidden = wanted !== "" && item.textContent.toLowerCase().indexOf(wanted) < 0;
      if (!item.hidden) { left += 1; }
    });
    found.textContent = wanted ? left + " of " + cases.length + " clauses have this text" : "";
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open])").forEach(function (item) {
      item.open = true;
      item.setAttribute("data-printed", "");
    });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-printed]").forEach(function (item) {
      item.open = false;
      item.removeAttribute("data-printed");
    });
  });
})();
