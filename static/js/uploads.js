/* Files of a record: several at once, in pieces, going on after a lost network, a reload or a new sign-in.
   <section data-uploads data-entity data-owner data-purpose data-begin data-body …> of components/attachments.html.
   The server says how much has arrived; a file chosen again with the name and size of an unfinished upload continues it. */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document, active = 0, MIN = 256 * 1024;
  var words = JSON.parse((doc.getElementById('upload-texts') || { textContent: '{}' }).textContent);
  function say(key, values) { return (words[key] || key).replace(/\{(\w+)\}/g, function (all, name) { return values && name in values ? values[name] : all; }); }
  function wait(ms) { return new Promise(function (done) { setTimeout(done, ms); }); }
  function back() { return navigator.onLine === false ? new Promise(function (done) { window.addEventListener('online', done, { once: true }); }) : wait(2500); }
  function json(url, options) {
    var o = options || {}; o.headers = Object.assign({ Accept: 'application/json' }, o.headers || {});
    return p.fetch(url, o).then(function (r) {
      if (r.status === 204) { return {}; }
      return r.json().then(function (d) { if (r.ok) { return d; } var e = new Error(d.message || say('failed')); e.status = r.status; e.answer = d; throw e; },
        function () { var e = new Error(say('failed')); e.status = r.ok ? 502 : r.status; throw e; });
    });
  }
  /* lost network and an overloaded or restarting server are waited for; a refusal is final */
  function patient(ask, job) {
    return ask().catch(function (e) {
      if (job.stopped) { throw new Error('stopped'); }
      if (e.status && e.status !== 429 && e.status < 502) { throw e; }
      if (e.message === 'not signed in' || e.message === 'other user') { throw e; }
      job.tries = (job.tries || 0) + 1; if (job.tries > 400) { throw e; }
      job.note(e.status === 503 && e.answer ? e.message : say('offline')); return back().then(function () { return patient(ask, job); });
    });
  }

  /* ── one file ── */
  function row(box, file, job) {
    var li = p.make('li', 'file'), face = p.make('span', 'file-face'), mid = p.make('div', 'file-text'), bar = p.make('progress'), note = p.make('small', 'muted', say('waiting')), side = p.make('div', 'file-do'), x = p.button('btn btn-s btn-icon btn-quiet');
    face.appendChild(p.icon('upload', 'icon-l')); bar.max = 100; bar.value = 0; bar.setAttribute('aria-label', file.name); x.setAttribute('aria-label', say('cancel', { name: file.name })); x.appendChild(p.icon('x'));
    mid.append(p.make('b', 'file-name', file.name), bar, note); side.appendChild(x); li.append(face, mid, side); $('[data-uploads-going]', box).appendChild(li);
    x.addEventListener('click', function () { job.stopped = true; if (job.control) { job.control.abort(); } if (job.url) { json(job.url, { method: 'DELETE' }).catch(function () { /* gone already, or swept up later */ }); } li.remove(); announce(box, say('cancelled')); $('[data-uploads-input]', box).focus(); });
    job.note = function (t) { note.textContent = t; };
    job.at = function (n, of) { bar.value = of ? Math.floor(n * 100 / of) : 0; };
    job.fail = function (message, again) {
      li.classList.add('bad'); note.textContent = message; note.className = 'ink-bad'; bar.remove(); announce(box, message);
      if (again) { var b = p.button('btn btn-s', say('retry')); b.addEventListener('click', function () { li.remove(); start(box, [file]); }); side.prepend(b); }
    };
    job.end = function () { li.remove(); };
  }
  function announce(box, text) { $('[data-uploads-say]', box).textContent = text; }
  function refusal(box, file) {
    var ending = (file.name.match(/\.[^.]+$/) || [''])[0].toLowerCase(), v = { name: file.name, most: box.dataset.largestMb, kinds: box.dataset.kinds };
    if (!file.size) { return say('empty', v); }
    if (file.size > Number(box.dataset.largest)) { return say('tooLarge', v); }
    if (ending && box.dataset.accept.split(',').indexOf(ending) < 0) { return say('kind', v); }
    return '';
  }
  function unfinished(box, file, taken) {
    return $$('[data-part]', box).filter(function (li) { return li.dataset.partName === file.name && Number(li.dataset.partSize) === file.size && taken.indexOf(li.dataset.part) < 0; })[0];
  }
  function read(file, from, to) { return file.slice(from, to).arrayBuffer().then(function (b) { return new Uint8Array(b); }); }

  function begin(box, file, job, part) {
    if (part) { job.url = part.dataset.partUrl; job.note(say('resumed')); part.remove(); return patient(function () { return json(job.url); }, job); }
    var body = { entity: box.dataset.entity, owner_id: Number(box.dataset.owner), purpose: box.dataset.purpose, name: file.name, size: file.size };
    return patient(function () { return json(box.dataset.begin, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }); }, job);
  }
  /* the digest is taken on the way; what was sent before a reload is read again for it */
  function pieces(file, job, state) {
    var hash = p.sha256(), hashed = 0, size = state.chunk, at = state.received;
    function catchUp(to) {
      if (job.stopped) { return Promise.reject(new Error('stopped')); }
      if (hashed >= to) { return Promise.resolve(); }
      job.note(say('hashing')); return read(file, hashed, Math.min(to, hashed + 4194304)).then(function (b) { hash.update(b); hashed += b.length; return catchUp(to); });
    }
    function next() {
      if (job.stopped) { return Promise.reject(new Error('stopped')); }
      if (at >= file.size) { return catchUp(file.size).then(function () { return hash.hex(); }); }
      return catchUp(at).then(function () { return read(file, at, Math.min(file.size, at + size)); }).then(function (b) {
        var began = Date.now();
        job.at(at, file.size); job.note(say('sending', { percent: Math.floor(at * 100 / file.size) }));
        return put(at, b).then(function (d) {
          if (hashed === at && d.received >= at + b.length) { hash.update(b); hashed += b.length; }
          var took = Date.now() - began; size = took < 1000 ? Math.min(size * 2, state.largest_chunk) : took > 8000 ? Math.max(MIN, Math.floor(size / 2)) : size;
          at = d.received; return next();
        });
      });
    }
    function put(from, b) {
      return patient(function () {
        job.control = new AbortController();
        return json(job.url + '?offset=' + from, { method: 'PUT', body: b, headers: { 'Content-Type': 'application/octet-stream' }, signal: job.control.signal }).catch(function (e) {
          if (e.status === 409 && e.answer && 'received' in e.answer) { return e.answer.received === from ? wait(1000).then(function () { return e.answer; }) : e.answer; }
          throw e;
        });
      }, job);
    }
    return next();
  }
  function finish(file, job, state, again) {
    return pieces(file, job, state).then(function (digest) {
      job.at(1, 1); job.note(say('checking'));
      return patient(function () { return json(job.url + '/complete', { method: 'POST', body: JSON.stringify({ sha256: digest }), headers: { 'Content-Type': 'application/json' } }); }, job);
    }).catch(function (e) {
      if (e.status === 409 && e.answer && 'received' in e.answer && again) { state.received = e.answer.received; job.note(e.message); return finish(file, job, state, again - 1); }
      throw e;
    });
  }
  function send(box, file, part) {
    var job = {}; row(box, file, job);
    return function () {
      if (job.stopped) { return Promise.resolve(); }
      active++;
      return begin(box, file, job, part).then(function (state) {
        job.url = state.url; if (job.stopped) { return json(job.url, { method: 'DELETE' }); }
        return finish(file, job, state, 3).then(function (d) { job.end(); announce(box, say('done', { name: d.name })); return refresh(box); });
      }).catch(function (e) { if (!job.stopped) { job.fail(e.message === 'not signed in' ? say('failed') : e.message, e.status !== 422 && e.status !== 403); } }).then(function () { active--; });
    };
  }
  function start(box, files) {
    var taken = [], queue = Promise.resolve();
    files.forEach(function (file) {
      var no = refusal(box, file), part = no ? null : unfinished(box, file, taken);
      if (no) { var job = {}; row(box, file, job); job.fail(no); return; }
      if (part) { taken.push(part.dataset.part); }
      queue = queue.then(send(box, file, part));
    });
  }

  /* ── the list ── */
  function refresh(box, tries) {
    return p.fetch(box.dataset.body).then(function (r) { if (!r.ok) { throw new Error(String(r.status)); } return r.text(); }).then(function (html) {
      var fresh = new DOMParser().parseFromString(html, 'text/html').querySelector('[data-files-body]'), old = $('[data-files-body]', box), room = $('[data-uploads-new]', box);
      if (!fresh) { location.reload(); return; }
      if (old._viewer) { old._viewer.destroy(); }
      fresh = doc.importNode(fresh, true); old.replaceWith(fresh); gallery(box); if (room) { room.hidden = !('room' in fresh.dataset); }
      box.dispatchEvent(new CustomEvent('portal:files', { bubbles: true }));
      /* unfinished uploads that are being sent at this moment are not offered again */
      if ('waiting' in fresh.dataset && (tries || 0) < 6) { setTimeout(function () { if (!active) { refresh(box, (tries || 0) + 1); } }, 2000 * ((tries || 0) + 1)); }
    }).catch(function () { p.toast('bad', p.text('failed', { status: '' })); });
  }
  function gallery(box) {
    var body = $('[data-files-body]', box), list = $('[data-gallery]', body);
    if (!list || !window.Viewer || !$('[data-picture] img', list)) { return; }
    body._viewer = new window.Viewer(list, { url: function (img) { return img.closest('[data-picture]').dataset.picture; }, filter: function (img) { return !!img.closest('[data-picture]'); }, title: function (img) { return img.alt; }, toolbar: { zoomIn: 1, zoomOut: 1, oneToOne: 1, reset: 1, prev: 1, next: 1, rotateLeft: 1, rotateRight: 1 }, transition: false, navbar: 0 });
  }
  doc.addEventListener('click', function (e) {
    var pic = e.target.closest('[data-picture]');
    if (pic && $('img', pic) && window.Viewer && !e.ctrlKey && !e.metaKey) { var body = pic.closest('[data-files-body]'); if (body._viewer) { e.preventDefault(); if (!e.target.matches('img')) { body._viewer.view($$('[data-picture] img', body).indexOf($('img', pic))); } } return; }
    var box = e.target.closest('[data-uploads]'), b = e.target.closest('[data-file-delete],[data-file-restore],[data-part-cancel]');
    if (!box || !b || b.getAttribute('aria-disabled') === 'true') { return; }
    if (b.matches('[data-file-delete]') && b.dataset.confirmed !== '1') { return; }
    p.busy(b);
    if (b.matches('[data-file-delete]')) {
      change(box, b.dataset.fileDelete, 'POST').then(function (d) { p.toast('ok', say('deleted', { name: b.dataset.name }), [{ label: say('undo'), run: function () { change(box, d.restore, 'POST').catch(function () { /* told already */ }); } }]); }).catch(function () { p.idle(b); });
    } else { change(box, b.matches('[data-file-restore]') ? b.dataset.fileRestore : b.closest('[data-part]').dataset.partUrl, b.matches('[data-file-restore]') ? 'POST' : 'DELETE').catch(function () { p.idle(b); }); }
  });
  function change(box, url, method) {
    return json(url, { method: method }).then(function (d) { return refresh(box).then(function () { var i = $('[data-uploads-input]', box); if (i) { i.focus(); } return d; }); }, function (e) { p.toast('bad', e.message); throw e; });
  }
  doc.addEventListener('change', function (e) {
    if (!e.target.matches('[data-uploads-input]')) { return; }
    var files = Array.prototype.slice.call(e.target.files); e.target.value = ''; start(e.target.closest('[data-uploads]'), files);
  });
  window.addEventListener('beforeunload', function (e) { if (active) { e.preventDefault(); e.returnValue = ''; } });
  function ready() {
    $$('[data-uploads]:not([data-ready])').forEach(function (box) { box.dataset.ready = ''; gallery(box); if ($('[data-files-body][data-waiting]', box)) { setTimeout(function () { refresh(box, 1); }, 3000); } });
  }
  ready(); doc.addEventListener('htmx:afterSettle', ready);
}());
