/* Forms: kept while typing, checked while typing, never lost.
   <form data-draft-key data-draft-url data-check-url data-guard> */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document, PREFIX = 'draft:' + p.meta('portal-user') + ':';
  var store = { get: function (k) { try { return JSON.parse(localStorage.getItem(PREFIX + k)); } catch (e) { return null; /* unreadable or switched off: as if nothing was kept */ } }, set: function (k, v) { try { localStorage.setItem(PREFIX + k, JSON.stringify(v)); return true; } catch (e) { return false; } }, drop: function (k) { try { localStorage.removeItem(PREFIX + k); } catch (e) { /* storage is switched off: nothing is kept */ } } };
  function clock(at) { return new Date(at || Date.now()).toLocaleTimeString('zh-CN', { hour: '2-digit', minute: '2-digit', hour12: false }); }
  function keep(el) { return el.name && !/^(csrf_token|download_token)$/.test(el.name) && !/^(password|file|submit|button|hidden)$/.test(el.type) && !el.closest('[data-no-draft]') || (el.type === 'hidden' && 'draft' in el.dataset); }
  function fields(form) { return Array.prototype.filter.call(form.elements, keep); }
  function read(form) {
    var out = {};
    fields(form).forEach(function (el) {
      if (el.type === 'checkbox' || el.type === 'radio') { out[el.name] = out[el.name] || []; if (el.checked) { out[el.name].push(el.value); } } else if (el.multiple) { out[el.name] = Array.prototype.filter.call(el.options, function (o) { return o.selected; }).map(function (o) { return o.value; }); } else if (el.name in out) { out[el.name] = [].concat(out[el.name], el.value); } else { out[el.name] = el.value; }
    });
    return out;
  }
  function write(form, values) {
    var seen = {};
    fields(form).forEach(function (el) {
      if (!(el.name in values)) { return; }
      var v = values[el.name], n = seen[el.name] = (seen[el.name] || 0) + 1;
      if (el.type === 'checkbox' || el.type === 'radio') { el.checked = [].concat(v).indexOf(el.value) >= 0; } else if (el.multiple) { Array.prototype.forEach.call(el.options, function (o) { o.selected = [].concat(v).indexOf(o.value) >= 0; }); } else { el.value = Array.isArray(v) ? (v[n - 1] === undefined ? '' : v[n - 1]) : v; }
      if (el.tomselect) { el.tomselect.sync(); }
    });
    form.dispatchEvent(new CustomEvent('portal:restored', { bubbles: true }));
  }
  function same(a, b) { return JSON.stringify(a) === JSON.stringify(b); }
  function say(form, message) { var s = $('[data-saved-text]', form); if (!s) { var host = $('[data-saved]', form); if (!host) { return; } s = p.make('span'); s.dataset.savedText = ''; host.prepend(p.icon('device-floppy', 'icon-s'), ' ', s); } s.textContent = message; }

  /* ── drafts ── */
  function setup(form) {
    if (form._set) { return; } form._set = true;
    form._first = read(form); form._dirty = false;
    var key = form.dataset.draftKey, wrong = $('[aria-invalid="true"],.notice.bad', form) || 'hasErrors' in form.dataset, kept = key && store.get(key);
    if (kept && kept.submitted && !wrong) { store.drop(key); kept = null; }
    if (wrong) { form._dirty = true; }
    if (key && !wrong) {
      if (kept && !same(kept.values, form._first)) { restore(form, kept, false); } else if (form.dataset.draftUrl) { remote(form); }
    }
    if (form.dataset.checkUrl && (wrong || 'checkNow' in form.dataset)) { check(form); }
  }
  function remote(form) {
    p.fetch(form.dataset.draftUrl, { headers: { Accept: 'application/json' } }).then(function (r) { return r.status === 200 ? r.json() : null; }).then(function (d) { if (d && d.values && !form._dirty && !same(d.values, form._first)) { restore(form, { values: d.values, at: d.saved_at }, true); } }, function () { say(form, p.text('offline')); });
  }
  function restore(form, kept) {
    write(form, kept.values); form._dirty = true;
    var box = p.notice('info', p.text('restored', { time: kept.at ? new Date(kept.at).toLocaleString('zh-CN', { hour12: false }) : '' }), [{ label: p.text('discard'), run: function () { write(form, form._first); forget(form); check(form); } }]);
    box.dataset.restored = ''; form.prepend(box); box.classList.add('m-3');
    check(form);
  }
  function forget(form) {
    form._dirty = false; store.drop(form.dataset.draftKey);
    if (form.dataset.draftUrl) { p.fetch(form.dataset.draftUrl, { method: 'DELETE', quiet: true }).catch(function () { p.toast('warn', p.text('offline')); }); }
  }
  function autosave(form) {
    var key = form.dataset.draftKey; if (!key) { return; }
    var values = read(form), at = Date.now();
    if (store.set(key, { values: values, at: at }) && !form.dataset.draftUrl) { say(form, p.text('savedLocal', { time: clock() })); }
    clearTimeout(form._save);
    if (form.dataset.draftUrl) {
      form._save = setTimeout(function () {
        p.fetch(form.dataset.draftUrl, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ key: key, values: values, base: form.dataset.draftBase || null }), quiet: true })
          .then(function (r) { say(form, p.text(r.ok ? 'saved' : 'savedLocal', { time: clock() })); }, function () { say(form, p.text('savedLocal', { time: clock() })); });
      }, 2000);
    }
  }

  /* ── live check ── */
  function check(form) {
    if (!form.dataset.checkUrl) { return; }
    clearTimeout(form._check); form._check = setTimeout(function () {
      var turn = form._turn = (form._turn || 0) + 1, data = new FormData(form);
      Array.from(data.keys()).forEach(function (k) { if (data.get(k) instanceof File) { data.delete(k); } });
      p.fetch(form.dataset.checkUrl, { method: 'POST', body: data, quiet: true, headers: { Accept: 'application/json' } }).then(function (r) { return r.ok ? r.json() : null; }).then(function (d) { if (d && turn === form._turn) { show(form, d.findings || []); form.dispatchEvent(new CustomEvent('portal:checked', { bubbles: true, detail: d })); } }, function () { /* the check on saving holds anyway; the offline message comes from the draft */ });
    }, 400);
  }
  function hints(el) { var id = (el.getAttribute('aria-describedby') || '').split(' ')[0]; return id && doc.getElementById(id); }
  function control(form, name) { var el = form.elements[name]; return el && el.length !== undefined && !el.tagName ? el[0] : el; }
  function show(form, findings) {
    var count = { error: 0, warning: 0 };
    $$('[data-live]', form).forEach(function (n) { n.remove(); });
    fields(form).forEach(function (el) { el.classList.remove('warn'); if (el._touched || el._live) { el.classList.remove('bad'); el.removeAttribute('aria-invalid'); } el._live = false; });
    $$('.hints', form).forEach(function (n) { $$('.hint.bad:not([data-live])', n).forEach(function (h) { h.remove(); }); });
    findings.forEach(function (f) {
      var el = f.field && control(form, f.field), level = { error: 'bad', warning: 'warn', ok: 'ok' }[f.level] || '';
      if (!el) { if (f.level in count) { count[f.level] += 1; } return; }
      if (f.level === 'error' && f.missing && !el._touched) { return; }
      if (f.level in count) { count[f.level] += 1; }
      var where = hints(el); if (level === 'bad' || level === 'warn') { el.classList.add(level); }
      if (level === 'bad') { el.setAttribute('aria-invalid', 'true'); el._live = true; }
      if (where) { var h = p.make('div', 'hint ' + level); h.dataset.live = ''; if (level) { h.append(p.icon({ bad: 'alert-circle', warn: 'alert-triangle', ok: 'circle-check' }[level])); } h.append(f.message); where.prepend(h); }
    });
    var host = $('[data-saved]', form); if (!host) { return; }
    var sum = $('[data-sum]', host); if (!sum) { sum = p.make('span'); sum.dataset.sum = ''; host.append(' ', sum); }
    sum.replaceChildren();
    [['error', 'ink-bad', 'errors'], ['warning', 'ink-warn', 'warnings']].forEach(function (k) { if (count[k[0]]) { sum.append(p.make('span', k[1], (host.textContent.trim() ? ' · ' : '') + p.text(k[2], { n: count[k[0]] }))); } });
  }

  /* ── events ── */
  function mine(el) { return el.form && (el.form.dataset.draftKey || el.form.dataset.checkUrl || 'guard' in el.form.dataset) ? el.form : null; }
  ['input', 'change'].forEach(function (kind) { doc.addEventListener(kind, function (e) { var f = e.target.name && mine(e.target); if (!f || !keep(e.target)) { return; } e.target._touched = true; f._dirty = true; autosave(f); check(f); }); });
  window.addEventListener('submit', function (e) {
    var f = e.target; if (e.defaultPrevented || f.dataset.sending !== '1' && f.dataset.checked !== '1') { if (!f.hasAttribute('hx-post')) { return; } }
    f._sent = true; if (f.dataset.draftKey) { clearTimeout(f._save); store.set(f.dataset.draftKey, { values: read(f), at: Date.now(), submitted: true }); }
    if ('logout' in f.dataset) { try { Object.keys(localStorage).filter(function (k) { return k.indexOf('draft:') === 0; }).forEach(function (k) { localStorage.removeItem(k); }); } catch (x) { /* storage is switched off: nothing is kept */ } }
  });
  doc.addEventListener('htmx:afterRequest', function (e) { if (e.detail.elt.tagName === 'FORM' && !e.detail.successful) { e.detail.elt._sent = false; } });
  window.addEventListener('beforeunload', function (e) { if ($$('form').some(function (f) { return f._dirty && !f._sent && mine({ form: f }) && !(f.dataset.draftKey && f.dataset.draftUrl && !f._save); })) { e.preventDefault(); e.returnValue = p.text('leave'); } });
  doc.addEventListener('keydown', function (e) {
    if ((e.ctrlKey || e.metaKey) && e.key === 's') { var f = e.target.closest && e.target.closest('form[data-draft-key],form[data-guard]'); if (f) { e.preventDefault(); f.requestSubmit($('[data-save]', f) || $('.btn-primary[type="submit"]', f)); } }
    if (e.key === 'Enter' && e.target.tagName === 'INPUT' && e.target.form && 'noEnter' in e.target.form.dataset && !/^(submit|button|checkbox|radio|search)$/.test(e.target.type)) { e.preventDefault(); var all = fields(e.target.form).filter(function (x) { return !x.disabled && !x.readOnly; }), next = all[all.indexOf(e.target) + 1]; if (next) { next.focus(); } }
  });
  /* drafts of forms that were sent from here and are not on this page any more have arrived */
  function sweep() {
    var here = $$('form[data-draft-key]').map(function (f) { return PREFIX + f.dataset.draftKey; });
    try { Object.keys(localStorage).forEach(function (k) { if (k.indexOf(PREFIX) !== 0 || here.indexOf(k) >= 0) { return; } var d = JSON.parse(localStorage.getItem(k)); if (d && d.submitted && !$('.err')) { localStorage.removeItem(k); } }); } catch (e) { /* storage is switched off: nothing is kept */ }
  }
  function ready(root) { $$('form[data-draft-key],form[data-check-url],form[data-guard]', root).concat(root.tagName === 'FORM' && mine({ form: root }) ? [root] : []).forEach(setup); var bad = $('[aria-invalid="true"]', root); if (bad && !$('dialog[open]')) { bad.focus(); } }
  doc.addEventListener('htmx:load', function (e) { ready(e.detail.elt); });
  sweep(); ready(doc.body);
  p.readForm = read; p.writeForm = write; p.check = check; p.showFindings = show; p.touch = function (form) { form._dirty = true; autosave(form); check(form); };
}());
