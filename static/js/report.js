/* The month report: figures beside the last approved ones, what is missing after every change and upload. */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document, form = $('[data-report]');
  if (!form) { return; }
  var side = doc.getElementById('checks');

  function number(text) { var n = Number(String(text).replace(/[,，\s]/g, '')); return text === '' || isNaN(n) ? null : n; }
  /* ── change since the last approved report ── */
  function change(host) {
    var el = form.elements[host.dataset.beforeOf], box = $('.delta', host), now = el ? number(el.value) : null, d;
    if (now === null) { box.hidden = true; return; }
    d = Math.round((now - Number(host.dataset.before)) * 100) / 100;
    box.hidden = false; box.className = 'delta' + (d < 0 ? ' minus' : d ? '' : ' same');
    box.textContent = d ? (d > 0 ? '+' : '−') + Math.abs(d).toLocaleString('en-US', { maximumFractionDigits: 2 }) : '±0';
  }
  function changes() { $$('[data-before-of]', form).forEach(change); }

  /* ── what is still to complete ── */
  function unfinished(row) { return !!$('.hint.bad,.hint.warn,.need,[aria-invalid="true"]', row); }
  function filter() {
    var on = (form.elements.shown && form.elements.shown.value) === 'open';
    $$('tr[data-item]', form).forEach(function (row) { row.classList.toggle('off', on && !unfinished(row)); });
  }
  form.addEventListener('portal:checked', function (e) {
    var d = e.detail, box = $('[data-take-warnings]', side), ticked = box && box.checked ? box.value : '';
    side.innerHTML = d.side; /* drawn by the server, which escapes every value */
    box = $('[data-take-warnings]', side); if (box && box.value === ticked) { box.checked = true; }
    $$('[data-stage]', form).forEach(function (s) { if (d.stages[s.dataset.stage]) { s.innerHTML = d.stages[s.dataset.stage]; } });
    $$('[data-shot-need]', form).forEach(function (h) { h.classList.toggle('need', d.missing.indexOf(h.dataset.shotNeed) >= 0); });
    $$('[data-photo-hints]', form).forEach(function (h) { h.replaceChildren.apply(h, (d.photos[h.dataset.photoHints] || []).map(function (t) { var n = p.make('div', 'hint warn'); n.append(p.icon('alert-triangle'), t); return n; })); });
    filter();
  });
  doc.addEventListener('portal:files', function () { p.check(form); });
  form.addEventListener('input', function (e) { if (e.target.name === 'shown') { filter(); return; } $$('[data-before-of="' + e.target.name + '"]', form).forEach(change); });
  form.addEventListener('portal:restored', changes);
  /* choosing contents leaves the page: what was typed is kept as a draft and comes back with it */
  changes(); filter();
}());
