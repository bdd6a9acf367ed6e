/* The linking dialog of reserve projects and plan tasks: ticks kept over pages, searches and kinds, sums that follow
   the ticks, linking and unlinking without loading the page anew.
   <a href="/plans/link/12"> opens it; <… data-live id="…"> is brought up to date after it closes. */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document, JSON_TYPE = 'application/json', LINK = 'a[href*="/link/"]';

  function words(d) { d._words = d._words || JSON.parse(d.dataset.words); return d._words; }
  function say(d, key, values) { return words(d)[key].replace(/\{(\w+)\}/g, function (all, name) { return name in values ? values[name] : all; }); }
  function shown(units, digits) { return (units / 10000).toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }); }
  function units(text) { return Math.round(Number(text) * 10000); /* whole ten-thousandths: sums stay exact */ }

  /* ── opening ── */
  function open(url, from) {
    p.busy(from);
    return p.fetch(url, { headers: { Accept: 'text/html' } }).then(function (r) { if (!r.ok) { throw new Error(String(r.status)); } return r.text(); }).then(function (html) {
      var old = doc.getElementById('link-dialog'); if (old) { old.remove(); }
      var d = new DOMParser().parseFromString(html, 'text/html').getElementById('link-dialog');
      if (!d) { throw new Error('no dialog'); }
      doc.body.appendChild(doc.importNode(d, true)); d = doc.getElementById('link-dialog');
      d._ticked = new Map(); d._asked = {}; d._changed = false; p.idle(from);
      p.open(d); listen(d); return load(d, 1);
    }).catch(function (e) { p.idle(from); p.toast('bad', p.text('failed', { status: e.message })); });
  }
  doc.addEventListener('click', function (e) {
    var a = e.target.closest(LINK); if (!a || e.ctrlKey || e.metaKey || e.shiftKey || e.button) { return; }
    e.preventDefault(); open(a.getAttribute('href'), a);
  });
  if (location.hash === '#link') { var first = $(LINK); if (first) { history.replaceState(null, '', location.pathname + location.search); setTimeout(function () { open(first.getAttribute('href'), first); }, 0); } }

  function listen(d) {
    d.addEventListener('cancel', function (e) { if (e.target === d) { e.preventDefault(); leave(d); } });
    d.addEventListener('close', function (e) { if (e.target === d) { setTimeout(function () { d.remove(); }, 0); if (d._changed) { live(); } } });
    d.addEventListener('submit', function (e) { if (e.target.matches('[data-link-filters]')) { e.preventDefault(); load(d, 1); } });
    d.addEventListener('change', function (e) { changed(d, e.target); });
    d.addEventListener('input', function (e) { if (e.target.name === 'q') { clearTimeout(d._wait); d._wait = setTimeout(function () { load(d, 1); }, 350); } });
    d.addEventListener('click', function (e) { clicked(d, e); });
  }
  function leave(d) {
    if (!d._ticked.size) { d.close('close'); return; }
    p.ask(say(d, 'lose', { n: d._ticked.size }), words(d).loseOk, true).then(function (yes) { if (yes) { d.close('close'); } });
  }

  /* ── the list ── */
  function load(d, number) {
    var form = $('[data-link-filters]', d), box = $('[data-link-rows]', d), query = new URLSearchParams(new FormData(form)), turn = d._turn = (d._turn || 0) + 1;
    clearTimeout(d._wait); query.set('page', number); box.setAttribute('aria-busy', 'true');
    return p.fetch(d.dataset.linkUrl + '/rows?' + query, { headers: { Accept: 'text/html' } }).then(function (r) { if (!r.ok) { throw new Error(String(r.status)); } return r.text(); }).then(function (html) {
      if (turn !== d._turn) { return; }
      var inside = box.contains(doc.activeElement);
      box.innerHTML = html; box.removeAttribute('aria-busy'); box.scrollTop = 0;
      d._page = Number($('[data-link-page]', box).dataset.linkPage);
      if (inside) { box.focus(); }
      counts(d); draw(d);
    }).catch(function (e) { box.removeAttribute('aria-busy'); tell(d, 'bad', [p.text('failed', { status: e.message })]); });
  }
  function counts(d) {
    var part = $('[data-link-page]', d), all = Number(part.dataset.number), on = Number(part.dataset.linked), by = { '': all, free: all - on, linked: on };
    $$('[name="state"]', d).forEach(function (i) { var s = i.nextElementSibling; s.dataset.word = s.dataset.word || s.textContent; s.textContent = s.dataset.word + ' ' + by[i.value].toLocaleString('en-US'); });
  }

  /* ── ticks ── */
  function rows(d) { return $$('tr[data-item]', d); }
  function tick(d, tr, on) {
    if (!on) { d._ticked.delete(tr.dataset.item); return; }
    d._ticked.set(tr.dataset.item, { id: Number(tr.dataset.id), kind: tr.dataset.kind, name: tr.dataset.name, on: tr.dataset.on === '1', scheme: tr.dataset.scheme === '1', figures: JSON.parse(tr.dataset.figures) });
  }
  function changed(d, el) {
    if (el.matches('[data-link-tick]')) { tick(d, el.closest('tr'), el.checked); draw(d); }
    if (el.matches('[data-link-all]')) { rows(d).forEach(function (tr) { tick(d, tr, el.checked); }); draw(d); }
    if (el.name === 'kind') { $$('[data-link-single]', d).forEach(function (box) { box.hidden = el.value === 'reserve'; }); }
    if (/^(kind|state|town|near)$/.test(el.name)) { load(d, 1); }
  }
  function chosen(d, on) { var found = []; d._ticked.forEach(function (t, key) { if (t.on === on) { found.push(Object.assign({ key: key }, t)); } }); return found; }

  /* ── what it would become ── */
  function draw(d) {
    var free = chosen(d, false), held = chosen(d, true), all = rows(d), marked = 0;
    all.forEach(function (tr) {
      var on = d._ticked.has(tr.dataset.item), state = $('[data-link-state]', tr);
      $('[data-link-tick]', tr).checked = on; tr.classList.toggle('picked', on); marked += on;
      if (!tr._state) { tr._state = Array.prototype.slice.call(state.childNodes); }
      state.replaceChildren.apply(state, on ? [p.make('span', tr.dataset.on ? 'strong ink-bad' : 'strong ink-wait', words(d)[tr.dataset.on ? 'leaving' : 'pending'])] : tr._state);
    });
    var head = $('[data-link-all]', d); if (head) { head.checked = marked > 0 && marked === all.length; head.indeterminate = marked > 0 && marked < all.length; }
    $$('[data-sum]', d).forEach(function (box) {
      var was = units(box.dataset.was), digits = Number(box.dataset.digits), plus = 0, key = box.dataset.sum, sign;
      free.forEach(function (t) { plus += units(t.figures[key]); }); held.forEach(function (t) { plus -= units(t.figures[key]); });
      $('.fig', box).textContent = shown(was + plus, digits); $('.was', box).textContent = say(d, 'was', { n: shown(was, digits) });
      sign = $('.delta', box); sign.className = 'delta' + (plus < 0 ? ' minus' : plus ? '' : ' same'); sign.textContent = plus ? (plus > 0 ? '+' : '−') + shown(Math.abs(plus), digits) : words(d).same;
    });
    button(d, 'link', free.length); button(d, 'unlink', held.length);
    var n = d._ticked.size, out = $('[data-link-picked]', d); out.textContent = n ? say(d, 'picked', { n: n }) : ''; $('[data-link-clear]', d).hidden = !n;
    $('[data-link-says]', d).textContent = n ? out.textContent + '：' + $$('[data-sum]', d).map(function (b) { return $('dt', b).textContent + ' ' + $('.fig', b).textContent; }).join('，') : '';
  }
  function button(d, what, n) { var b = $('[data-link-do="' + what + '"]', d); b.disabled = !n; $('span', b).textContent = n ? say(d, what, { n: n }) : words(d)[what + 'None']; }

  /* ── carrying it out ── */
  function clicked(d, e) {
    var b = e.target.closest('button,a'); if (!b) { return; }
    if (b.matches('[data-link-close]')) { leave(d); }
    if (b.matches('[data-link-clear]')) { d._ticked.clear(); draw(d); $('[data-link-rows]', d).focus(); }
    if (b.matches('.pager a')) { e.preventDefault(); load(d, Number(new URLSearchParams(b.getAttribute('href').split('?')[1]).get('page'))); }
    if (b.matches('[data-link-do]')) { order(d, b, b.dataset.linkDo, false); }
    if (b.matches('[data-link-everything]')) { p.ask(words(d).all, words(d).allOk, true).then(function (yes) { if (yes) { order(d, b, 'unlink', true); } }); }
  }
  function order(d, b, action, all) {
    var items = all ? [] : chosen(d, action === 'unlink'), asks = action === 'unlink' && (all ? Number(d.dataset.held) > 0 : items.some(function (t) { return t.scheme; }));
    (asks ? keep(d) : Promise.resolve(true)).then(function (kept) {
      if (kept === null) { return; }
      var ids = function (kind) { return items.filter(function (t) { return t.kind === kind; }).map(function (t) { return t.id; }); };
      send(d, b, { action: action, communities: ids('community'), reserves: ids('reserve'), all: all, keep: kept });
    });
  }
  function keep(d) {
    var ask = $('#link-keep', d); if (!ask) { return Promise.resolve(true); }
    ask.returnValue = ''; p.open(ask);
    return new Promise(function (done) { ask.addEventListener('close', function () { done(ask.returnValue === 'yes' ? $('[name="keep"]:checked', ask).value === '1' : null); }, { once: true }); });
  }
  function send(d, b, body) {
    p.busy(b);
    return p.fetch(d.dataset.linkUrl, { method: 'POST', headers: { Accept: JSON_TYPE, 'Content-Type': JSON_TYPE }, body: JSON.stringify(body) }).then(function (r) { return r.json().then(function (a) { return { ok: r.ok, answer: a }; }); }).then(function (got) {
      p.idle(b); rows(d).forEach(function (tr) { tr.classList.remove('bad-row'); });
      if (got.ok) { done(d, got.answer, body.all); } else { refused(d, got.answer); }
    }).catch(function () { p.idle(b); tell(d, 'bad', [p.text('offline'), words(d).refused]); });
  }
  function done(d, answer, all) {
    d._changed = true; d.dataset.held = answer.held;
    if (all) { d._ticked.forEach(function (t, key) { if (t.on) { d._ticked.delete(key); } }); }
    answer.done.forEach(function (key) { d._ticked.delete(key); });
    $$('[data-sum]', d).forEach(function (box) { box.dataset.was = answer.sums[box.dataset.sum]; });
    $('[data-link-names]', d).textContent = answer.names || '—';
    $('[data-link-everything]', d).disabled = !Number(answer.sums.community_count) && !answer.held;
    tell(d, 'ok', [answer.message].concat(answer.notes)); draw(d); row(d, answer.row);
    load(d, d._page || 1).then(function () { if (!d.contains(doc.activeElement) || doc.activeElement.disabled || doc.activeElement === d) { $('[data-link-rows]', d).focus(); } });
  }
  function refused(d, answer) {
    var found = answer.findings || [];
    tell(d, 'bad', (found.length ? found.map(function (f) { return f.message + (f.rule ? '（' + f.rule + '）' : ''); }) : [answer.message]).concat(words(d).refused));
    found.forEach(function (f) { rows(d).forEach(function (tr) { if (f.field && tr.dataset.id === f.field) { tr.classList.add('bad-row'); } }); });
  }
  function tell(d, kind, sentences) {
    var box = p.notice(kind, sentences[0]), body = $('.grow', box);
    sentences.slice(1).forEach(function (s) { body.appendChild(p.make('p', '', s)); });
    $('[data-link-told]', d).replaceChildren(box); box.scrollIntoView({ block: 'nearest' });
  }

  /* ── the page behind ── */
  function row(d, html) {
    var old = $('tr[data-row="' + d.dataset.area + '"]'); if (!old || !html) { return; }
    var made = new DOMParser().parseFromString('<table><tbody>' + html + '</tbody></table>', 'text/html').querySelector('tr'); if (!made) { return; }
    made = doc.importNode(made, true); var sn = $('.sn', old), box = $('[data-pick]', old), again = $('[data-pick]', made);
    if (sn) { $('.sn', made).textContent = sn.textContent; } if (box && again) { again.checked = box.checked; made.classList.toggle('picked', box.checked); }
    old.replaceWith(made); d._from = $(LINK, made) || d._from;
  }
  function live() {
    var parts = $$('[data-live]'); if (!parts.length) { return; }
    p.fetch(location.href, { headers: { Accept: 'text/html' } }).then(function (r) { if (!r.ok) { throw new Error(String(r.status)); } return r.text(); }).then(function (html) {
      var fresh = new DOMParser().parseFromString(html, 'text/html');
      parts.forEach(function (part) { var now = fresh.getElementById(part.id); if (now && doc.contains(part)) { var hidden = part.hidden, made = doc.importNode(now, true); part.replaceWith(made); made.hidden = hidden; if (window.htmx) { window.htmx.process(made); } } });
    }).catch(function (e) { p.toast('warn', p.text('failed', { status: e.message })); });
  }
}());
