/* The form of a community: what the live check says of duplicates and position, and the comparison of two versions. */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document, form = doc.getElementById('community'), box = form && $('[data-duplicates]', form), writing = false;
  if (!form) { return; }

  form.addEventListener('portal:checked', function (e) {
    var d = e.detail, view = $('[data-duplicate-list] a', box), word = view ? view.textContent : JSON.parse($('[data-words]').textContent).view;
    form.elements.confirmed.value = d.confirm || '';
    box.hidden = !d.duplicates.length;
    $('[data-duplicate-list]', box).replaceChildren.apply($('[data-duplicate-list]', box), d.duplicates.map(function (item) {
      var li = p.make('li'), a = p.make('a', '', word); a.href = item.url; a.target = '_blank'; a.rel = 'noopener'; a.setAttribute('aria-label', word + ' ' + item.why); li.append(item.why + ' ', a); return li;
    }));
    place(d.findings);
  });
  function place(findings) {
    var host = $('[data-position-word]', form), wrong = findings.filter(function (f) { return f.rule === 'R06' && f.field === 'lng'; })[0], fine = findings.filter(function (f) { return f.field === 'position'; })[0], level = wrong ? (wrong.level === 'error' ? 'bad' : 'warn') : 'ok', said = wrong || fine;
    host.className = 'check-ok ' + level; host.replaceChildren();
    if (said) { host.append(p.icon({ ok: 'circle-check', warn: 'alert-triangle', bad: 'alert-circle' }[level]), p.make('span', '', said.message)); } else { host.append(p.make('span', 'muted', JSON.parse($('[data-words]').textContent).none)); }
  }

  /* comparison: choosing a side writes the field, writing the field chooses the own side */
  form.addEventListener('change', function (e) {
    var row = e.target.name && e.target.name.indexOf('pick-') === 0 && e.target.closest('[data-conflict]'); if (!row) { return; }
    var f = form.elements[row.dataset.conflict]; writing = true; f.value = e.target.dataset.text; if (f.tomselect) { f.tomselect.sync(); }
    f.dispatchEvent(new Event('input', { bubbles: true })); writing = false;
  });
  form.addEventListener('input', function (e) {
    var row = !writing && e.target.name && $('[data-conflict="' + e.target.name + '"]', form), mine = row && $('input[value="mine"]', row);
    if (mine) { mine.dataset.text = e.target.value; mine.checked = true; }
  });
}());
