/* Lists: ticking (shift for a range, the page, everything that matches), counts on buttons, column choice,
   export drawer, folding directory, links of whole rows.
   <section data-list data-total="76" data-list-key="communities"> … */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document, last = null;
  function kept(key, value) { try { if (value === undefined) { return JSON.parse(localStorage.getItem(key)); } localStorage.setItem(key, JSON.stringify(value)); } catch (e) { return null; /* storage is switched off: the choice holds for this page */ } return value; }
  function listOf(el) { return el.closest('[data-list]') || $('[data-list]'); }
  function boxes(list) { return $$('[data-pick]:not(:disabled)', list); }
  function picked(list) { return boxes(list).filter(function (b) { return b.checked; }).map(function (b) { return b.value; }); }
  function total(list) { return Number(list.dataset.total || 0); }

  function update(list) {
    var all = boxes(list), on = picked(list), every = list.dataset.all === '1', n = every ? total(list) : on.length;
    all.forEach(function (b) { var tr = b.closest('tr'); if (tr) { tr.classList.toggle('picked', b.checked); } });
    var head = $('[data-pick-page]', list); if (head) { head.checked = all.length > 0 && on.length === all.length; head.indeterminate = on.length > 0 && on.length < all.length; }
    $$('[data-needs-pick]').forEach(function (b) { if (listOf(b) === list) { b.disabled = n === 0; } });
    $$('[data-picked-count]').forEach(function (s) { s.textContent = n ? (s.dataset.pickedCount || '({n})').replace('{n}', n.toLocaleString('en-US')) : ''; });
    bar(list, all.length, on.length, every); drawerCounts(list, n);
    list.dispatchEvent(new CustomEvent('portal:picked', { bubbles: true, detail: { ids: on, all: every, count: n } }));
  }
  function bar(list, page, on, every) {
    var box = $('[data-pick-bar]', list), more = 'pickAll' in list.dataset && page > 0 && on === page && total(list) > page;
    if (!box) { return; }
    box.hidden = !more && !every; box.replaceChildren(); if (box.hidden) { return; }
    var b = p.button('link-b', every ? p.text('clear') : p.text('pickAll', { n: total(list).toLocaleString('en-US') }));
    b.addEventListener('click', function () { list.dataset.all = every ? '' : '1'; if (every) { boxes(list).forEach(function (x) { x.checked = false; }); } update(list); });
    box.append(p.make('span', '', p.text(every ? 'allPicked' : 'pagePicked', { n: (every ? total(list) : page).toLocaleString('en-US') })), b);
  }
  /* what is cut off is told in full; the server does not send every name twice for it */
  doc.addEventListener('mouseover', function (e) {
    var c = e.target.closest && e.target.closest('.clip,td.nm > a');
    if (c && !c.title && c.scrollWidth > c.clientWidth) { c.title = c.textContent; }
  });
  doc.addEventListener('click', function (e) {
    var box = e.target.closest('[data-pick]');
    if (box) {
      var list = listOf(box), all = boxes(list);
      if (e.shiftKey && last && all.indexOf(last) >= 0) { var a = all.indexOf(last), b = all.indexOf(box); all.slice(Math.min(a, b), Math.max(a, b) + 1).forEach(function (x) { x.checked = box.checked; }); }
      last = box; list.dataset.all = ''; update(list); return;
    }
    var page = e.target.closest('[data-pick-page]');
    if (page) { var l = listOf(page); l.dataset.all = ''; boxes(l).forEach(function (x) { x.checked = page.checked; }); update(l); return; }
    var go = e.target.closest('[data-post-picked]'); if (go && !go.disabled && go.getAttribute('aria-disabled') !== 'true') { e.preventDefault(); send(go); return; }
    var clear = e.target.closest('[data-pick-clear]'); if (clear) { var c = listOf(clear); c.dataset.all = ''; boxes(c).forEach(function (x) { x.checked = false; }); update(c); return; }
    twist(e); whole(e);
    var refresh = e.target.closest('[data-refresh]'); if (refresh) { p.busy(refresh); location.reload(); }
  });

  /* <button data-post-picked="/url" data-action="delete" data-confirm="…{n}…">: posts rowid=…, or all_matching=1 with the query of the page */
  function send(go) {
    var list = listOf(go), form = p.make('form'), every = list.dataset.all === '1';
    function add(name, value) { var i = p.make('input'); i.type = 'hidden'; i.name = name; i.value = value; form.appendChild(i); }
    form.method = 'post'; form.action = go.dataset.postPicked + (every ? location.search : ''); form.hidden = true; add('csrf_token', p.token());
    if (go.dataset.action) { add('action', go.dataset.action); } if (every) { add('all_matching', '1'); } picked(list).forEach(function (id) { add('rowid', id); });
    if ('download' in go.dataset) { form.dataset.download = ''; }
    var s = p.make('button'); s.type = 'submit'; form.appendChild(s); doc.body.appendChild(form); p.busy(go); form.requestSubmit(s); if ('download' in go.dataset) { setTimeout(function () { p.idle(go); }, 4000); }
  }

  /* ── columns: <dialog data-columns="key"> with checkboxes whose value is the data-col of a head cell ── */
  function columns(list) {
    var d = $('[data-columns]'); if (!d || !list) { return; }
    var key = 'columns:' + d.dataset.columns, chosen = kept(key), inputs = $$('input[type="checkbox"]', d);
    if (chosen) { inputs.forEach(function (i) { if (!i.disabled) { i.checked = chosen.indexOf(i.value) >= 0; } }); }
    apply(list, inputs);
    if (d._set) { return; } d._set = true;
    d.addEventListener('change', function () { var on = inputs.filter(function (i) { return i.checked; }).map(function (i) { return i.value; }); kept(key, on); doc.cookie = 'cols_' + d.dataset.columns + '=' + encodeURIComponent(on.join('.')) + ';path=/;max-age=31536000;samesite=lax'; apply($('[data-list]'), inputs); });
    d.addEventListener('click', function (e) { if (e.target.closest('[data-columns-reset]')) { inputs.forEach(function (i) { i.checked = i.defaultChecked; }); d.dispatchEvent(new Event('change')); } });
  }
  function apply(list, inputs) {
    var off = inputs.filter(function (i) { return !i.checked; }).map(function (i) { return i.value; });
    $$('table', list).slice(0, 1).forEach(function (t) {
      var hide = []; $$('thead th', t).forEach(function (h, n) { if (h.dataset.col) { hide[n] = off.indexOf(h.dataset.col) >= 0; h.hidden = hide[n]; } });
      if (hide.length) { $$('tbody tr,tfoot tr', t).forEach(function (tr) { if (tr.cells.length < hide.length) { return; } hide.forEach(function (h, n) { tr.cells[n].hidden = h; }); }); }
    });
  }

  /* ── export drawer: <form data-export>, radios name=range value=picked|page|all, checkboxes name=columns ── */
  function drawerCounts(list, n) {
    $$('form[data-export]').forEach(function (f) {
      var sizes = { picked: n, page: $$('tbody tr[data-row], tbody [data-pick]', list).length || Number(list.dataset.pageCount || 0), all: total(list) };
      if (list.dataset.pageCount) { sizes.page = Number(list.dataset.pageCount); }
      Object.keys(sizes).forEach(function (k) { var r = $('input[name="range"][value="' + k + '"]', f); if (!r) { return; } var c = $('.c', r.closest('label')); if (c) { c.textContent = p.text('rows', { n: sizes[k].toLocaleString('en-US') }); } if (k === 'picked') { r.disabled = !n; if (n && !f._chosen) { r.checked = true; } if (!n && r.checked) { var other = $('input[name="range"][value="all"]', f); if (other) { other.checked = true; } } } });
      exportCount(f, sizes);
    });
  }
  function exportCount(f, sizes) {
    f._sizes = sizes || f._sizes || {}; var r = $('input[name="range"]:checked', f), out = $('[data-export-count]', f), cols = $$('input[name="columns"]', f), on = cols.filter(function (c) { return c.checked; }).length, says = $('[data-columns-count]', f);
    if (out && r) { out.textContent = (f._sizes[r.value] || 0).toLocaleString('en-US'); } if (says) { says.textContent = on; }
    var b = $('[type="submit"]', f); if (b) { b.disabled = !on || (r && !f._sizes[r.value]); }
  }
  doc.addEventListener('change', function (e) { var f = e.target.closest('form[data-export]'); if (f) { if (e.target.name === 'range') { f._chosen = true; } exportCount(f); } });
  doc.addEventListener('click', function (e) { var a = e.target.closest('[data-columns-all],[data-columns-default]'); if (!a) { return; } e.preventDefault(); var f = a.closest('form'); $$('input[name="columns"]', f).forEach(function (c) { c.checked = 'columnsAll' in a.dataset || c.defaultChecked; }); exportCount(f); });
  doc.addEventListener('submit', function (e) {
    var f = e.target; if (!f.matches('form[data-export]')) { return; }
    $$('[data-made]', f).forEach(function (i) { i.remove(); });
    function add(name, value) { var i = p.make('input'); i.type = 'hidden'; i.name = name; i.value = value; i.dataset.made = ''; f.appendChild(i); }
    var list = $('[data-list]'), r = $('input[name="range"]:checked', f);
    if (r && r.value === 'picked') { if (list.dataset.all === '1') { add('all_matching', '1'); } else { picked(list).forEach(function (id) { add('rowid', id); }); } }
    if (r && r.value === 'page') { $$('[data-row]', list).forEach(function (tr) { add('rowid', tr.dataset.row); }); }
    f.action = f.action.split('?')[0] + location.search;
    if (e.submitter && e.submitter.hasAttribute('formaction')) { e.submitter.formAction = e.submitter.formAction.split('?')[0] + location.search; }
  }, true);

  /* ── search forms: empty fields stay out of the address; an operator select renames its field ── */
  doc.addEventListener('submit', function (e) {
    var f = e.target; if (f.method !== 'get' || e.defaultPrevented) { return; }
    var empty = Array.prototype.filter.call(f.elements, function (el) { return el.name && !el.disabled && el.value === '' && /^(INPUT|SELECT)$/.test(el.tagName); });
    empty.forEach(function (el) { el.disabled = true; }); setTimeout(function () { empty.forEach(function (el) { el.disabled = false; }); }, 0);
  });
  doc.addEventListener('change', function (e) { var op = e.target.closest('select[data-flt-op]'); if (op) { var el = $('[name^="_flt_"]', op.closest('[data-flt]')); el.name = '_flt_' + op.value + '_' + op.dataset.fltOp; } });

  /* ── directory ── */
  function twist(e) {
    var t = e.target.closest('[data-twist]'), fold = e.target.closest('[data-tree-fold]');
    if (t) { var open = t.getAttribute('aria-expanded') === 'true'; if (t.dataset.more) { branch(t); } t.setAttribute('aria-expanded', String(!open)); }
    if (fold) { var tree = fold.closest('[data-tree]'), on = fold.getAttribute('aria-expanded') === 'true'; folded(tree, on); kept('tree-folded', on); }
  }
  /* the children of a folded node: "label,addition to the address,count;…" */
  function branch(t) {
    var ul = doc.createElement('ul'), parent = t.parentNode.querySelector('a');
    t.dataset.more.split(';').forEach(function (text) {
      var part = text.split(','), li = doc.createElement('li'), a = doc.createElement('a');
      a.href = parent.href + (parent.search ? '&' : '?') + part[1];
      [['clip', part[0]], ['c', Number(part[2]).toLocaleString('en-US')]].forEach(function (pair) { var s = doc.createElement('span'); s.className = pair[0]; s.textContent = pair[1]; a.appendChild(s); });
      li.appendChild(a); ul.appendChild(li);
    });
    t.parentNode.appendChild(ul); t.removeAttribute('data-more');
  }
  function folded(tree, on) {
    var b = $('[data-tree-fold]', tree), split = tree.closest('.split,.check-split');
    tree.classList.toggle('folded', on); if (split) { split.classList.toggle('tree-off', on); }
    b.setAttribute('aria-expanded', String(!on)); b.setAttribute('aria-label', p.text(on ? 'unfold' : 'fold'));
  }

  /* ── whole rows ── */
  function whole(e) {
    var tr = e.target.closest('tr[data-href]');
    if (!tr || e.defaultPrevented || e.target.closest('a,button,input,label,select,summary,[role="button"]') || String(getSelection())) { return; }
    if (e.ctrlKey || e.metaKey) { window.open(tr.dataset.href); } else { location.href = tr.dataset.href; }
  }

  function ready() {
    $$('[data-list]').forEach(function (l) { columns(l); update(l); });
    var narrow = window.matchMedia('(max-width: 991px)').matches;
    $$('[data-tree]').forEach(function (t) { if (!t._set) { t._set = true; if (narrow || kept('tree-folded')) { folded(t, true); } } });
  }
  window.addEventListener('pageshow', function (e) { if (e.persisted) { ready(); } });
  doc.addEventListener('htmx:afterSettle', ready);
  ready(); p.picked = function (el) { var l = listOf(el || doc.body); return { ids: picked(l), all: l.dataset.all === '1', count: l.dataset.all === '1' ? total(l) : picked(l).length }; };
}());
