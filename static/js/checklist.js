/* The content checklist: a tick opens its quantities; filter, running count, asking before an older content goes. */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, form = $('[data-checklist]');
  if (!form) { return; }
  var filter = $('[data-checklist-filter]'), rows = $$('tr[data-words]', form);
  function tick(row) { return $('input[name="item"]', row); }
  function follow(row) {
    var on = tick(row).checked;
    row.classList.toggle('picked', on);
    $$('[data-qty]', row).forEach(function (el) { el.disabled = !on; });
  }
  function lacks(row) {
    var filled = $$('[data-qty]', row).some(function (el) { return parseFloat(el.value.replace(/,/g, '')) > 0; });
    return tick(row).checked && !filled;
  }
  function added(picked) {
    var by = new Map(); /* whole hundredths by unit: sums stay exact */
    picked.forEach(function (row) { $$('[data-unit]', row).forEach(function (el) { var n = Math.round(Number(el.value.replace(/[,，\s]/g, '')) * 100); if (n > 0) { by.set(el.dataset.unit, (by.get(el.dataset.unit) || 0) + n); } }); });
    return Array.from(by, function (pair) { return (pair[1] / 100).toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 2 }) + ' ' + pair[0]; }).join(' · ');
  }
  function count() {
    var total = 0, missing = 0;
    $$('tbody[data-group]', form).forEach(function (group) {
      var all = $$('tr[data-words]', group), picked = all.filter(function (row) { return tick(row).checked; });
      var number = group.dataset.group, cell = $('[data-group-count="' + number + '"]'), meter = $('[data-group-meter="' + number + '"]');
      if (cell) { cell.textContent = picked.length; }
      if (meter) { meter.value = picked.length; }
      total += picked.length; missing += picked.filter(lacks).length;
      var sums = $('[data-group-sums="' + number + '"]'); if (sums) { sums.textContent = added(picked); }
    });
    var box = $('[data-check-count]', form);
    box.textContent = box.dataset.text.replace('{n}', total);
    if (missing) { box.append(' · ', p.make('span', 'ink-bad', box.dataset.missing.replace('{n}', missing))); }
    $$('[data-picked-total]').forEach(function (el) { el.textContent = total; });
  }
  function sieve() {
    var words = filter.value.trim().toLowerCase(), shown = $('[data-shown]:checked'), only = shown && shown.value === 'picked', any = false;
    rows.forEach(function (row) { row.hidden = (words && row.dataset.words.indexOf(words) < 0) || (only && !tick(row).checked); any = any || !row.hidden; });
    $$('tbody[data-group]', form).forEach(function (group) { group.hidden = !$$('tr[data-words]', group).some(function (row) { return !row.hidden; }); });
    var none = $('[data-none]', form); if (none) { none.hidden = any; }
  }
  form.addEventListener('change', function (e) {
    var row = e.target.closest('tr[data-words]'); if (!row || e.target.name !== 'item') { return; }
    follow(row); count();
    if (e.target.checked) { var first = $('[data-qty]', row); if (first) { first.focus(); } return; }
    if (e.target.dataset.old) { p.ask(e.target.dataset.old, null, true).then(function (yes) { if (!yes) { e.target.checked = true; follow(row); count(); p.touch(form); } }); }
  });
  form.addEventListener('input', function (e) { if (e.target.dataset && e.target.dataset.qty) { count(); } });
  /* ↑ ↓ and Enter: the same field of the next row that is shown */
  form.addEventListener('keydown', function (e) {
    var step = { ArrowDown: 1, ArrowUp: -1, Enter: e.shiftKey ? -1 : 1 }[e.key], row = e.target.closest('tr[data-words]'), next = row;
    if (!step || !row || e.target.tagName !== 'INPUT' || e.ctrlKey || e.altKey || e.metaKey) { return; }
    e.preventDefault(); e.stopPropagation();
    do { next = rows[rows.indexOf(next) + step]; } while (next && next.closest('[hidden]'));
    if (!next) { return; }
    var same = e.target.dataset.qty ? $('[data-qty="' + e.target.dataset.qty + '"]:enabled', next) : null;
    (same || tick(next)).focus(); if (same) { same.select(); }
  });
  form.addEventListener('portal:restored', function () { rows.forEach(follow); count(); sieve(); });
  filter.addEventListener('input', sieve);
  $$('[data-shown]').forEach(function (el) { el.addEventListener('change', sieve); });
  filter.form.addEventListener('submit', function (e) { e.preventDefault(); });
  rows.forEach(follow); count();
}());
