/* Preview of an import: what is typed in one cell of a row survives the answer about another cell of it. */
(function () {
  'use strict';
  var p = window.portal, $$ = p.$$, doc = document, kept = null;

  doc.addEventListener('htmx:beforeSwap', function (e) {
    var row = e.detail.target, sent = e.detail.requestConfig && e.detail.requestConfig.elt;
    if (!row || !/^row-\d+$/.test(row.id || '')) { return; }
    kept = $$('input[name="value"]', row).filter(function (i) { return i !== sent && i.value !== i.defaultValue; }).map(function (i) { return { id: i.id, value: i.value }; });
  });
  doc.addEventListener('htmx:afterSettle', function () {
    (kept || []).forEach(function (k) {
      var input = doc.getElementById(k.id); if (!input) { return; }
      input.value = k.value;
      function send() { if (input.value !== input.defaultValue) { input.dispatchEvent(new Event('change', { bubbles: true })); } }
      if (input === doc.activeElement) { input.addEventListener('blur', send, { once: true }); } else { send(); }
    });
    kept = null;
  });
}());
