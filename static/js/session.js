/* Requests: the token of the page, one sending at a time, and signing in again without leaving the page.
   A server that wants a sign-in answers 401 with the header X-Login-Required. */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document, signing = null;

  function token() { return p.meta('csrf-token'); }
  function wantsLogin(status, header) { return status === 401 && header !== null; }
  function takeTokens(page) {
    var fresh = page.querySelector('meta[name="csrf-token"]'), mine = $('meta[name="csrf-token"]');
    if (!fresh) { return; }
    if (mine) { mine.content = fresh.content; }
    $$('input[name="csrf_token"]').forEach(function (i) { i.value = fresh.content; });
  }
  function parse(html) { return new DOMParser().parseFromString(html, 'text/html'); }

  /* ── the sign-in dialog: the form of the sign-in page itself, second factor included ── */
  function signIn() {
    if (signing) { return signing; }
    signing = new Promise(function (resolve, reject) {
      var url = p.meta('portal-login'), d = p.make('dialog', 'dialog small'), head = p.make('div', 'dialog-head'), h = p.make('h2', '', p.text('signinTitle')), say = p.make('div', 'dialog-text'), body = p.make('div', '');
      h.id = 'again-h'; d.setAttribute('aria-labelledby', 'again-h'); d.setAttribute('data-modal-only', ''); say.appendChild(p.make('p', 'm-0', p.text('signin'))); head.appendChild(h); d.append(head, say, body); doc.body.appendChild(d);
      function show(page, sent) {
        var form = page.querySelector('form[data-login]');
        if (!form && sent) { finish(page); return; }
        if (!form) { d.close('cancel'); location.href = url; return; }
        form = doc.importNode(form, true); form.dataset.native = '';
        $$('[id]', form).forEach(function (el) { var old = el.id; el.id = 'again-' + old; $$('[for="' + old + '"]', form).forEach(function (l) { l.htmlFor = el.id; }); $$('[data-eye="' + old + '"]', form).forEach(function (b) { b.dataset.eye = el.id; }); });
        var alerts = page.querySelector('#flashes'); body.replaceChildren(); if (alerts && alerts.children.length && !alerts.closest('form[data-login]')) { var box = p.make('div', 'dialog-text'); box.append.apply(box, Array.prototype.map.call(alerts.children, function (n) { return doc.importNode(n, true); })); body.appendChild(box); }
        body.appendChild(form);
        var name = form.querySelector('[autocomplete="username"]'); if (name && !name.value) { name.value = p.meta('portal-user'); }
        var inputs = $$('input:not([type="hidden"])', form), first = inputs.filter(function (i) { return !i.value; })[0] || inputs[0]; if (first) { first.focus(); }
        form.addEventListener('submit', function (e) {
          e.preventDefault(); var b = form.querySelector('[type="submit"]'); p.busy(b);
          fetch(form.getAttribute('action') || url, { method: 'POST', body: new URLSearchParams(new FormData(form)), credentials: 'same-origin' })
            .then(function (r) { return r.text(); }).then(function (t) { show(parse(t), true); }, function () { p.idle(b); p.toast('bad', p.text('offline')); });
        });
      }
      function finish(page) {
        var now = page.querySelector('meta[name="portal-user"]'), was = p.meta('portal-user');
        takeTokens(page); d.close('done');
        if (was && now && now.content && now.content !== was) { p.toast('warn', p.text('otherUser')); location.reload(); reject(new Error('other user')); } else { p.toast('ok', p.text('signedIn')); resolve(); }
      }
      d.addEventListener('cancel', function (e) { e.preventDefault(); d.close('cancel'); });
      d.addEventListener('close', function () { signing = null; var done = d.returnValue === 'done'; setTimeout(function () { d.remove(); }, 0); if (!done) { reject(new Error('not signed in')); } });
      fetch(url, { credentials: 'same-origin' }).then(function (r) { return r.text(); }).then(function (t) { p.open(d); show(parse(t)); }, function () { d.remove(); signing = null; p.toast('bad', p.text('offline')); reject(new Error('offline')); });
    });
    return signing;
  }

  /* fetch with the token; asks for a sign-in and repeats when the session has ended */
  function request(url, options) {
    var o = Object.assign({ credentials: 'same-origin' }, options || {});
    o.headers = Object.assign({ 'X-Requested-With': 'fetch', 'X-CSRFToken': token() }, o.headers || {});
    return fetch(url, o).then(function (r) {
      if (!wantsLogin(r.status, r.headers.get('X-Login-Required')) || o.quiet) { return r; }
      return signIn().then(function () { if (o.body instanceof FormData && o.body.has('csrf_token')) { o.body.set('csrf_token', token()); } o.headers['X-CSRFToken'] = token(); return fetch(url, o); });
    });
  }

  /* ── forms: one sending at a time; before it leaves the page, is the session still there? ── */
  function checkFirst(form) { return p.meta('portal-session') && form.method === 'post' && !('native' in form.dataset) && !('login' in form.dataset) && !('logout' in form.dataset); }
  /* on window: after every other script of the page has had its say */
  window.addEventListener('submit', function (e) {
    var form = e.target;
    if (e.defaultPrevented || form.hasAttribute('hx-post') || form.hasAttribute('hx-get') || form.method === 'dialog') { return; }
    if (form.dataset.sending === '1') { e.preventDefault(); return; }
    var b = e.submitter || form.querySelector('[type="submit"]');
    if (form.dataset.checked !== '1' && checkFirst(form)) {
      e.preventDefault(); form.dataset.sending = '1'; p.busy(b); p.progress(true);
      request(p.meta('portal-session'), { cache: 'no-store' }).then(function (r) {
        if (r.status >= 500) { throw new Error('server'); }
        form.dataset.checked = '1'; delete form.dataset.sending; p.idle(b); p.progress(false); form.requestSubmit(b && b.form === form ? b : undefined); delete form.dataset.checked;
      }).catch(function (error) {
        p.idle(b); p.progress(false); delete form.dataset.sending;
        if (error.message !== 'not signed in' && error.message !== 'other user') { p.toast('bad', p.text('offline'), [{ label: p.text('retry'), run: function () { form.requestSubmit(b && b.form === form ? b : undefined); } }]); }
      });
      return;
    }
    form.dataset.sending = '1'; setTimeout(function () { p.busy(b); }, 0); p.progress(true);
    if ('download' in form.dataset) { download(form, b); }
  });
  window.addEventListener('pageshow', function () { $$('form[data-sending]').forEach(function (f) { delete f.dataset.sending; }); });

  /* a download does not leave the page: the server sets the cookie download=<token> when the file begins */
  function download(form, b) {
    var key = String(Date.now()) + Math.random().toString(36).slice(2, 8), field = form.querySelector('[name="download_token"]') || form.appendChild(Object.assign(p.make('input'), { type: 'hidden', name: 'download_token' })), left = 240;
    field.value = key; var box = p.toast('info', p.text('downloading'));
    var timer = setInterval(function () {
      left -= 1; var done = doc.cookie.indexOf('download=' + key) >= 0;
      if (!done && left > 0) { return; }
      clearInterval(timer); p.idle(b); delete form.dataset.sending; p.progress(false); box.remove();
      if (done) { doc.cookie = 'download=;path=/;max-age=0'; p.toast('ok', p.text('downloaded')); var d = form.closest('dialog'); if (d) { d.close('done'); } }
    }, 500);
  }

  /* ── htmx ── */
  doc.addEventListener('htmx:configRequest', function (e) { e.detail.headers['X-CSRFToken'] = token(); });
  doc.addEventListener('htmx:beforeRequest', function (e) { var f = e.detail.elt; var b = f.tagName === 'FORM' ? ((e.detail.requestConfig.triggeringEvent || {}).submitter || f.querySelector('[type="submit"]')) : f; if (f._busy) { e.preventDefault(); return; } if (e.detail.requestConfig.verb !== 'get') { f._busy = b; if (b && b.classList && b.classList.contains('btn')) { p.busy(b); } } });
  doc.addEventListener('htmx:afterRequest', function (e) { var f = e.detail.elt; if (f._busy) { p.idle(f._busy); f._busy = null; } });
  doc.addEventListener('htmx:beforeOnLoad', function (e) {
    var x = e.detail.xhr, c = e.detail.requestConfig;
    if (wantsLogin(x.status, x.getResponseHeader('X-Login-Required'))) {
      e.preventDefault();
      signIn().then(function () { window.htmx.ajax(c.verb, c.path, { source: c.elt, target: c.target, values: c.verb === 'get' ? {} : { csrf_token: token() } }); }, function () { /* the person chose to stay signed out: nothing to repeat */ });
    }
  });
  doc.addEventListener('htmx:beforeSwap', function (e) { if (e.detail.xhr.status === 422 || e.detail.xhr.status === 409) { e.detail.shouldSwap = true; e.detail.isError = false; } });
  doc.addEventListener('htmx:responseError', function (e) {
    var x = e.detail.xhr; if (wantsLogin(x.status, x.getResponseHeader('X-Login-Required'))) { return; }
    p.toast('bad', x.getResponseHeader('X-Message') ? decodeURIComponent(x.getResponseHeader('X-Message')) : p.text('failed', { status: x.status }));
  });
  ['htmx:sendError', 'htmx:timeout'].forEach(function (kind) { doc.addEventListener(kind, function (e) { var elt = e.detail.elt, c = e.detail.requestConfig; p.toast('bad', p.text('offline'), [{ label: p.text('retry'), run: function () { window.htmx.ajax(c.verb, c.path, { source: elt, target: c.target }); } }]); }); });
  doc.addEventListener('showToast', function (e) { p.toast(e.detail.kind || 'info', e.detail.message); });

  /* pages kept for work without a connection belong to one person: gone when that person signs out or another came */
  function forgetPages() { if (window.caches) { caches.delete('portal-onsite'); } }
  doc.addEventListener('submit', function (e) { if ('logout' in e.target.dataset) { forgetPages(); } });
  try { var who = p.meta('portal-user'), before = localStorage.getItem('portal-onsite-user'); if (who && before && before !== who) { forgetPages(); } if (who) { localStorage.setItem('portal-onsite-user', who); } } catch (_e) { /* a browser without storage keeps no pages either */ }

  p.fetch = request; p.signIn = signIn; p.token = token;
}());
