// The search as one looks for a code or a clause: the exact name first, then names that begin so, then what mentions it.
// The theme's script calls both functions by their names, so that these take their place.
(function () {
  const box = () => document.getElementById("mkdocs-search-query");
  const asked = () => box().value.trim().toLowerCase();
  const show = window.displayResults;

  window.doSearch = function () {
    const words = box().value.trim();
    const last = words.split(/\s+/).pop();
    // A name is one word of the index: while it is being typed, its beginning is looked for as well.
    const query = /^[\w.]{3,}$/.test(last) ? `${words} ${last.toLowerCase()}*` : words;
    if (words.length < window.min_search_length) {
      window.displayResults([]);
    } else {
      window.searchWorker.postMessage({ query });
    }
  };

  const begin = window.initSearch;
  window.initSearch = function () { // what was typed before the index was made is looked for now
    begin();
    if (asked()) window.doSearch();
  };

  window.displayResults = function (results) {
    const name = asked();
    const rank = (title) => (title === name ? 0 : title.startsWith(name) ? 1 : title.includes(name) ? 2 : 3);
    const ranked = results.map((result, at) => [rank(result.title.toLowerCase().replace(/[`\\]/g, "")), at, result]);
    ranked.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    show(ranked.map(([, , result]) => result));
  };
})();
