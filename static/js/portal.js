/* The frame: words, toasts, progress, menus, dialogs, confirmation, dropped files, search boxes, tabs.
   Everything is driven by data- attributes on document level, so parts swapped in by htmx work at once. */
(function () {
  'use strict';
  var doc = document;
  var words = JSON.parse((doc.getElementById('portal-texts') || { textContent: '{}' }).textContent);
  var $ = function (q, root) { return (root || doc).querySelector(q); };
  var $$ = function (q, root) { return Array.prototype.slice.call((root || doc).querySelectorAll(q)); };

  function text(key, values) {
    return (words[key] || key).replace(/\{(\w+)\}/g, function (all, name) { return values && name in values ? values[name] : all; });
  }
  function meta(name) { var el = $('meta[name="' + name + '"]'); return el ? el.content : ''; }
  function make(tag, cls, content) { var el = doc.createElement(tag); if (cls) { el.className = cls; } if (content) { el.textContent = content; } return el; }
  function button(cls, word) { var b = make('button', cls, word); b.type = 'button'; return b; }
  function icon(name, cls) {
    var any = $('svg.icon use'), base = any ? any.getAttribute('href').split('#')[0] : '/static/img/icons.svg';
    var svg = doc.createElementNS('http://www.w3.org/2000/svg', 'svg'), use = doc.createElementNS('http://www.w3.org/2000/svg', 'use');
    svg.setAttribute('class', 'icon ' + (cls || '')); svg.setAttribute('aria-hidden', 'true'); use.setAttribute('href', base + '#' + name); svg.appendChild(use); return svg;
  }

  /* ── toasts and notices ── */
  function notice(kind, message, actions) {
    var box = make('div', 'notice ' + kind), body = make('div', 'grow'), p = make('p', '', message);
    box.setAttribute('role', kind === 'bad' ? 'alert' : 'status');
    (actions || []).forEach(function (a) { var b = button('link-b', a.label); b.addEventListener('click', function () { a.run(); box.remove(); }); p.append(' ', b); });
    var x = button('notice-x'); x.setAttribute('aria-label', text('dismiss')); x.dataset.dismiss = ''; x.appendChild(icon('x', 'icon-s'));
    body.appendChild(p); box.append(icon({ ok: 'circle-check', warn: 'alert-triangle', bad: 'alert-circle' }[kind] || 'info-circle'), body, x);
    return box;
  }
  function toast(kind, message, actions) {
    var box = notice(kind, message, actions), open = $$('dialog[open]').pop(), host = doc.getElementById('toasts');
    if (open) { host = $('.toasts', open) || open.appendChild(make('div', 'toasts')); }
    host.appendChild(box);
    if (kind !== 'bad' && !(actions || []).length) { setTimeout(function () { box.remove(); }, 6000); }
    return box;
  }
  doc.addEventListener('click', function (e) { var x = e.target.closest('[data-dismiss]'); if (x) { x.closest('.notice').remove(); } });

  /* ── progress line ── */
  var running = 0, wait = null, line = doc.getElementById('progress');
  function progress(on) {
    running = Math.max(0, running + (on ? 1 : -1));
    if (running && !wait) { wait = setTimeout(function () { line.className = 'p-progress on'; }, 300); }
    if (!running) { clearTimeout(wait); wait = null; line.className = 'p-progress end'; }
  }
  window.addEventListener('pageshow', function () { running = 0; clearTimeout(wait); wait = null; line.className = 'p-progress'; $$('.is-busy').forEach(idle); });

  /* ── busy buttons: every submit shows work and cannot be sent twice ── */
  function busy(el) { if (el) { el.classList.add('is-busy'); el.setAttribute('aria-disabled', 'true'); el.setAttribute('aria-busy', 'true'); } }
  function idle(el) { if (el) { el.classList.remove('is-busy'); el.removeAttribute('aria-disabled'); el.removeAttribute('aria-busy'); var f = el.form || el.closest('form'); if (f) { delete f.dataset.sending; } } }

  /* ── dialogs: native, so focus is held and given back ── */
  var lastClicked = null;
  function open(dialog) {
    if (!dialog || dialog.open) { return; }
    dialog._from = lastClicked || doc.activeElement;
    dialog.showModal(); doc.body.classList.add('has-dialog');
    var first = $('[autofocus]', dialog) || $('.drawer-body input, .dialog-body input, .dialog-text input', dialog); if (first) { first.focus(); }
    if (dialog._from && dialog._from.hasAttribute && dialog._from.hasAttribute('aria-expanded')) { dialog._from.setAttribute('aria-expanded', 'true'); }
  }
  function closed(dialog) {
    if (!$('dialog[open]')) { doc.body.classList.remove('has-dialog'); }
    var from = dialog._from;
    if (from && doc.contains(from)) { if (from.hasAttribute('aria-expanded')) { from.setAttribute('aria-expanded', 'false'); } from.focus(); }
    if (dialog.hasAttribute('data-auto-open')) { dialog.remove(); }
  }
  doc.addEventListener('close', function (e) { if (e.target.tagName === 'DIALOG') { closed(e.target); } }, true);
  doc.addEventListener('mousedown', function (e) { if (e.target.tagName === 'DIALOG' && e.target.open && !e.target.hasAttribute('data-modal-only')) { var r = e.target.getBoundingClientRect(); if (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom) { e.target.close('veil'); } } });
  doc.addEventListener('click', function (e) {
    lastClicked = e.target.closest('a,button') || lastClicked;
    var o = e.target.closest('[data-open]'), c = e.target.closest('[data-close]');
    if (o) { e.preventDefault(); open($(o.dataset.open)); }
    if (c && c.closest('dialog')) { c.closest('dialog').close('close'); }
  });

  /* ── menus ── */
  function menuOf(b) { return doc.getElementById(b.dataset.menu); }
  function shut(except) { $$('[data-menu][aria-expanded="true"]').forEach(function (b) { if (b !== except) { b.setAttribute('aria-expanded', 'false'); menuOf(b).hidden = true; } }); }
  doc.addEventListener('click', function (e) {
    var b = e.target.closest('[data-menu]'); shut(b);
    if (b) { var m = menuOf(b), now = m.hidden; m.hidden = !now; b.setAttribute('aria-expanded', String(now)); if (now) { var f = $('[role^="menuitem"]', m); if (f) { f.focus(); } } }
    var t = e.target.closest('[data-set-theme]');
    if (t) { window.portalTheme.set(t.dataset.setTheme); markTheme(); }
  });
  function markTheme() { $$('[data-set-theme]').forEach(function (b) { b.setAttribute('aria-checked', String(b.dataset.setTheme === window.portalTheme.get())); }); }
  doc.addEventListener('keydown', function (e) {
    var menu = e.target.closest && e.target.closest('[role="menu"]');
    if (menu) {
      var items = $$('[role^="menuitem"]', menu), i = items.indexOf(doc.activeElement), go = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: items.length - 1 }[e.key];
      if (go !== undefined) { e.preventDefault(); items[(go + items.length) % items.length].focus(); }
      if (e.key === 'Escape' || e.key === 'Tab') { var b = $('[data-menu="' + menu.id + '"]'); shut(); if (e.key === 'Escape') { b.focus(); } }
    } else if (e.key === 'Escape') { shut(); }
    if (e.key === '/' && !e.ctrlKey && !e.metaKey && !e.altKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) && !e.target.isContentEditable) {
      var find = $('dialog[open] [type="search"]') || $('[data-global-search]') || $('[data-list-search]');
      if (find && find.offsetParent !== null) { e.preventDefault(); find.focus(); find.select(); }
    }
  });

  /* ── confirmation: data-confirm on a button, link or form; data-confirm-ok names the deed ── */
  function ask(message, okWord, bad) {
    return new Promise(function (resolve) {
      var d = make('dialog', 'dialog small'), head = make('div', 'dialog-head'), h = make('h2', '', text('confirm')), body = make('div', 'dialog-text'), foot = make('div', 'dialog-foot');
      h.id = 'ask-h'; d.setAttribute('aria-labelledby', 'ask-h'); d.setAttribute('role', 'alertdialog'); head.appendChild(h);
      message.split('\n').forEach(function (l) { body.appendChild(make('p', '', l)); });
      var no = button('btn push', text('cancel')), yes = button('btn ' + (bad ? 'btn-bad' : 'btn-primary'), okWord || text('ok'));
      no.addEventListener('click', function () { d.close('no'); }); yes.addEventListener('click', function () { d.close('yes'); });
      foot.append(no, yes); d.append(head, body, foot); doc.body.appendChild(d);
      d.addEventListener('close', function () { setTimeout(function () { d.remove(); }, 0); resolve(d.returnValue === 'yes'); });
      open(d); (bad ? no : yes).focus();
    });
  }
  function confirmed(el) { return el.dataset.confirmed === '1'; }
  doc.addEventListener('click', function (e) {
    var el = e.target.closest('a[data-confirm],button[data-confirm],input[data-confirm]');
    if (!el || confirmed(el) || el.getAttribute('aria-disabled') === 'true' || el.hasAttribute('hx-post') || el.hasAttribute('hx-delete')) { return; }
    if (el.form && !el.formNoValidate && el.type === 'submit' && !el.form.reportValidity()) { e.preventDefault(); return; }
    e.preventDefault(); e.stopImmediatePropagation();
    ask(el.dataset.confirm, el.dataset.confirmOk, el.classList.contains('btn-bad') || el.classList.contains('bad')).then(function (yes) { if (yes) { el.dataset.confirmed = '1'; el.click(); delete el.dataset.confirmed; } });
  }, true);
  doc.addEventListener('submit', function (e) {
    var f = e.target;
    if (!f.dataset.confirm || confirmed(f)) { return; }
    e.preventDefault(); e.stopImmediatePropagation();
    ask(f.dataset.confirm, f.dataset.confirmOk, 'danger' in f.dataset).then(function (yes) { if (yes) { f.dataset.confirmed = '1'; f.requestSubmit(e.submitter && e.submitter.form === f ? e.submitter : undefined); delete f.dataset.confirmed; } });
  }, true);
  doc.addEventListener('htmx:confirm', function (e) {
    var el = e.detail.elt; if (!el.dataset || !el.dataset.confirm) { return; }
    e.preventDefault();
    ask(el.dataset.confirm, el.dataset.confirmOk, el.classList.contains('btn-bad')).then(function (yes) { if (yes) { e.detail.issueRequest(true); } });
  });

  /* ── small things ── */
  doc.addEventListener('change', function (e) {
    var el = e.target;
    if (el.matches('select[data-nav]')) { location.href = el.value; }
    var auto = el.closest('[data-submit-on-change]'); if (auto && el.form) { el.form.requestSubmit(); }
    if (el.matches('[data-drop] input[type="file"]')) { names(el); }
  });
  doc.addEventListener('click', function (e) {
    var eye = e.target.closest('[data-eye]');
    if (eye) { var f = doc.getElementById(eye.dataset.eye), show = f.type === 'password'; f.type = show ? 'text' : 'password'; eye.setAttribute('aria-pressed', String(show)); eye.setAttribute('aria-label', text(show ? 'hide' : 'show')); $('use', eye).setAttribute('href', $('use', eye).getAttribute('href').replace(/#.*/, show ? '#eye-off' : '#eye')); f.focus(); }
    var copy = e.target.closest('[data-copy]'); if (copy && navigator.clipboard) { navigator.clipboard.writeText(copy.dataset.copy).then(function () { toast('ok', text('copied')); }); }
    if (e.target.closest('[data-print]')) { window.print(); }
    if (e.target.closest('[data-back]')) { if (history.length > 1) { history.back(); } else { location.href = '/'; } }
    var tab = e.target.closest('[role="tab"][aria-controls]'); if (tab) { e.preventDefault(); pick(tab); }
  });
  /* what a panel has not fetched yet it fetches when it is first shown */
  function later(panel) { var part = panel && $('[data-later]', panel); if (part && window.htmx) { window.htmx.trigger(part, 'shown'); } }
  function pick(tab) {
    $$('[role="tab"]', tab.closest('[role="tablist"]')).forEach(function (t) { var on = t === tab, p = doc.getElementById(t.getAttribute('aria-controls')); t.setAttribute('aria-selected', String(on)); t.tabIndex = on ? 0 : -1; if (p) { p.hidden = !on; } if (on) { later(p); } });
  }
  doc.addEventListener('keydown', function (e) {
    if (!e.target.matches || !e.target.matches('[role="tab"]') || !/^Arrow(Left|Right)$/.test(e.key)) { return; }
    var all = $$('[role="tab"]', e.target.closest('[role="tablist"]')), i = all.indexOf(e.target) + (e.key === 'ArrowRight' ? 1 : -1), to = all[(i + all.length) % all.length];
    to.focus(); if (to.hasAttribute('aria-controls')) { pick(to); }
  });

  /* ── dropped files ── */
  function size(n) { return n < 1024 ? n + ' B' : n < 1048576 ? Math.round(n / 1024) + ' KB' : (n / 1048576).toFixed(1) + ' MB'; }
  function names(input) {
    var list = $('[data-drop-names]', input.closest('[data-drop]')); if (!list) { return; }
    list.replaceChildren.apply(list, Array.prototype.map.call(input.files, function (f) { var li = make('li'); li.append(make('span', 'clip', f.name), make('small', '', size(f.size))); return li; }));
  }
  ['dragover', 'dragleave', 'drop'].forEach(function (kind) {
    doc.addEventListener(kind, function (e) {
      var box = e.target.closest && e.target.closest('[data-drop]'); if (!box) { return; }
      e.preventDefault(); box.classList.toggle('over', kind === 'dragover');
      if (kind === 'drop' && e.dataTransfer.files.length) { var input = $('input[type="file"]', box); input.files = e.dataTransfer.files; input.dispatchEvent(new Event('change', { bubbles: true })); }
    });
  });

  /* ── search boxes on long selects; the library is loaded when the first one is there ── */
  var loading = null;
  function library() {
    if (window.TomSelect) { return Promise.resolve(); }
    if (!loading) {
      loading = new Promise(function (done, fail) {
        var base = $('script[src*="js/portal.js"]').getAttribute('src').replace(/js\/portal\.js.*/, 'vendor/');
        var css = make('link'); css.rel = 'stylesheet'; css.href = base + 'tom-select.css'; doc.head.insertBefore(css, $('link[href*="css/portal.css"]'));
        var js = make('script'); js.src = base + 'tom-select.js'; js.onload = done; js.onerror = fail; doc.head.appendChild(js);
      });
    }
    return loading;
  }
  function searchable(root) {
    var all = $$('select[data-search]', root).filter(function (s) { return !s.tomselect && !s.disabled; });
    if (!all.length) { return; }
    library().then(function () {
      all.forEach(function (s) {
        if (s.tomselect) { return; }
        var o = { maxOptions: 500, allowEmptyOption: true, plugins: s.multiple ? ['remove_button'] : [], render: { no_results: function () { return '<div class="no-results">' + text('noResult') + '</div>'; } } };
        if (s.dataset.endpoint) { o.valueField = 'id'; o.labelField = 'text'; o.searchField = 'text'; o.preload = 'focus'; o.score = function () { return function () { return 1; }; /* the server has chosen: it knows pinyin too */ }; o.load = function (q, done) { this.clearOptions(); fetch(s.dataset.endpoint + (s.dataset.endpoint.indexOf('?') < 0 ? '?' : '&') + 'q=' + encodeURIComponent(q), { headers: { 'X-Requested-With': 'fetch' } }).then(function (r) { return r.json(); }).then(function (d) { done(d.results || d); }, function () { done(); }); }; }
        var ts = new window.TomSelect(s, o), label = $('label[for="' + s.id + '-ts-control"],label[for="' + s.id + '"]');
        if (label && !label.id) { label.id = s.id + '-label'; }
        if (label) { ts.control_input.setAttribute('aria-labelledby', label.id); s.setAttribute('aria-labelledby', label.id); } else if (s.hasAttribute('aria-label')) { ts.control_input.setAttribute('aria-label', s.getAttribute('aria-label')); }
        var about = s.getAttribute('aria-describedby'); if (about) { ts.control_input.setAttribute('aria-describedby', about); }
      });
    });
  }

  function ready(root) {
    searchable(root);
    $$('[data-indeterminate]', root).forEach(function (el) { el.indeterminate = true; });
    $$('dialog[data-auto-open]', root).concat(root.matches && root.matches('dialog[data-auto-open]') ? [root] : []).forEach(open);
    $$('[data-autofocus]', root).slice(0, 1).forEach(function (el) { el.focus(); });
  }
  doc.addEventListener('htmx:load', function (e) { ready(e.detail.elt); });
  doc.addEventListener('htmx:beforeRequest', function () { progress(true); });
  doc.addEventListener('htmx:afterRequest', function () { progress(false); });
  doc.addEventListener('keydown', function (e) { if (e.target.classList && e.target.classList.contains('skip') && e.key === 'Enter') { setTimeout(function () { doc.getElementById('main').focus(); }, 0); } });

  window.portal = { text: text, meta: meta, toast: toast, notice: notice, progress: progress, busy: busy, idle: idle, ask: ask, open: open, icon: icon, make: make, button: button, ready: ready, $: $, $$: $$ };
  var here = $('.p-nav [aria-current]'); if (here && here.scrollIntoView) { here.parentNode.scrollLeft = here.offsetLeft - 40; }
  markTheme(); ready(doc.body);
}());
