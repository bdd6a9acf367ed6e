/* The inspection on a phone. Every photo and every answer is put into IndexedDB first and sent from there:
   what waits survives a lost network, a reload, closing the browser and a new sign-in of the same person.
   A photo carries the moment it was taken and the position the phone had then; the server adds its own time. */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document;
  var data = JSON.parse(doc.getElementById('onsite-data').textContent), words = JSON.parse(doc.getElementById('onsite-texts').textContent);
  var db = null, memory = { photos: {}, answers: {} }, next = 1, fix = null, active = null, running = false, again = false, timer = null, delay = 4000, renewed = false, problem = '';
  function say(key, v) { return words[key].replace(/\{(\w+)\}/g, function (all, name) { return v && name in v ? v[name] : all; }); }
  function clock(d) { return new Date(d).toTimeString().slice(0, 5); }
  function itemOf(el) { return el.closest('[data-item]'); }
  function card(id) { return $('[data-item="' + id + '"]'); }

  /* ── the queue ── */
  function open() {
    return new Promise(function (done) {
      if (!window.indexedDB) { done(null); return; }
      var r = indexedDB.open('portal-onsite', 1);
      r.onupgradeneeded = function () { r.result.createObjectStore('photos', { keyPath: 'key', autoIncrement: true }); r.result.createObjectStore('answers', { keyPath: 'item' }); };
      r.onsuccess = function () { done(r.result); }; r.onerror = r.onblocked = function () { done(null); };
    });
  }
  function ask(store, mode, run) {
    return new Promise(function (done, fail) {
      var t = db.transaction(store, mode), r = run(t.objectStore(store));
      t.oncomplete = function () { done(r && r.result); }; t.onerror = t.onabort = function () { fail(t.error || new Error('store')); };
    });
  }
  function put(store, row) {
    if (!db) { if (store === 'photos' && !row.key) { row.key = next++; } memory[store][row.key || row.item] = row; return Promise.resolve(row.key || row.item); }
    return ask(store, 'readwrite', function (s) { return s.put(row); }).then(function (key) { if (store === 'photos') { row.key = key; } return key; });
  }
  function drop(store, key) { if (!db) { delete memory[store][key]; return Promise.resolve(); } return ask(store, 'readwrite', function (s) { return s.delete(key); }); }
  function all(store) {
    var rows = db ? ask(store, 'readonly', function (s) { return s.getAll(); }) : Promise.resolve(Object.keys(memory[store]).map(function (k) { return memory[store][k]; }));
    return rows.then(function (list) { return list.filter(function (row) { return row.user === data.user; }); });
  }

  /* ── what waits, in words ── */
  function state() {
    return Promise.all([all('photos'), all('answers')]).then(function (both) {
      var n = both[0].length, a = both[1].length, box = $('[data-queue]'), text = [];
      if (n) { text.push(say('queued', { n: n })); } if (a) { text.push(say('answers', { n: a })); }
      if (text.length) { text.push(problem || (navigator.onLine === false ? say('offline') : running ? say('sending') : '')); }
      box.hidden = !text.length; $('[data-queue-text]').textContent = text.filter(Boolean).join(' · ');
      $('[data-saved-state]').textContent = text.length ? say(db ? 'kept' : 'nostore') : say('sent');
      return n + a;
    });
  }
  function tally() {
    var cards = $$('[data-item]'), left = cards.filter(function (c) { return !c.dataset.finding; }).length, bad = cards.filter(function (c) { return c.dataset.finding === 'problem'; }).length, show = $('[data-show]:checked').value;
    $('[data-count]').textContent = say('checked', { n: cards.length - left, all: cards.length });
    $('[data-left]').textContent = left ? say('left', { n: left }) : ''; $('[data-conclude]').classList.toggle('off', left > 0);
    $('[data-number="open"]').textContent = left; $('[data-number="problem"]').textContent = bad; $('[data-number="all"]').textContent = cards.length;
    cards.forEach(function (c) { c.hidden = (show === 'open' && c.dataset.finding !== '') || (show === 'problem' && c.dataset.finding !== 'problem'); });
    return left;
  }

  /* ── position ── */
  function far(a, b) { var k = Math.PI / 180, x = Math.sin((b[1] - a[1]) * k / 2), y = Math.sin((b[0] - a[0]) * k / 2); return 2 * 6371008.8 * Math.asin(Math.sqrt(Math.min(1, x * x + Math.cos(a[1] * k) * Math.cos(b[1] * k) * y * y))); }
  function nearest(lng, lat) { return data.points.length ? Math.round(Math.min.apply(null, data.points.map(function (q) { return far([lng, lat], q); }))) : null; }
  function place(kind, head, more) { $('[data-place-box]').dataset.state = kind; $('[data-place-text]').textContent = head; $('[data-place-more]').textContent = more || ''; }
  function found(pos) {
    var c = pos.coords, m = nearest(c.longitude, c.latitude);
    fix = { lng: c.longitude.toFixed(6), lat: c.latitude.toFixed(6), accuracy: Math.round(c.accuracy), at: Date.now(), m: m };
    place(m !== null && m <= 500 ? 'ok' : 'warn', m === null ? say('nowhere') : say(m <= 500 ? 'near' : 'far', { m: m }), say('accuracy', { m: fix.accuracy, at: new Date().toTimeString().slice(0, 8) }));
    if (!data.arrived && navigator.onLine !== false) {
      data.arrived = true;
      post(data.arrive, { at: new Date(fix.at).toISOString(), lng: fix.lng, lat: fix.lat }).catch(function () { data.arrived = false; });
    }
  }
  function lost(e) { if (!fix) { place('warn', say(e && e.code === 1 ? 'denied' : 'unavailable'), say('nopos')); } }
  function locate() {
    if (!window.isSecureContext || !navigator.geolocation) { place('warn', say('insecure'), say('nopos')); return; }
    navigator.geolocation.getCurrentPosition(found, lost, { enableHighAccuracy: true, timeout: 12000, maximumAge: 0 });
  }
  /* the position at the moment of the photo: the last one if fresh, else asked for, but never waited for long */
  function here() {
    if (fix && Date.now() - fix.at < 20000) { return Promise.resolve(fix); }
    if (!window.isSecureContext || !navigator.geolocation) { return Promise.resolve(null); }
    return new Promise(function (done) { navigator.geolocation.getCurrentPosition(function (pos) { found(pos); done(fix); }, function () { done(fix && Date.now() - fix.at < 120000 ? fix : null); }, { enableHighAccuracy: true, timeout: 6000, maximumAge: 15000 }); });
  }

  /* ── photos ── */
  function tile(row) {
    var box = card(row.item), fig = p.make('figure', 'os-photo waiting'), img = p.make('img'), cap = p.make('figcaption'), x = p.button('');
    if (!box) { return; }
    fig.dataset.key = row.key; img.alt = say('photo', { name: box.dataset.name }); img.src = URL.createObjectURL(new Blob([row.bytes], { type: row.type })); img.onload = function () { URL.revokeObjectURL(img.src); };
    cap.textContent = clock(row.at) + (row.m || row.m === 0 ? ' · ' + say('metres', { m: row.m }) : ''); x.setAttribute('aria-label', say('drop', { name: row.name })); x.appendChild(p.icon('x'));
    x.addEventListener('click', function () { if (window.confirm(say('dropAsk'))) { drop('photos', row.key).then(function () { fig.remove(); state(); }); } });
    fig.append(img, cap, x); var shot = $('.os-shot', box); shot.parentNode.insertBefore(fig, shot); show(box);
    if (row.error) { broken(row); }
  }
  function broken(row) { var fig = $('[data-key="' + row.key + '"]'); if (fig) { fig.classList.add('bad'); $('figcaption', fig).textContent = say('failed', { why: row.error }); } else { p.toast('bad', say('sheet') + ': ' + say('failed', { why: row.error })); } }
  function landed(row) {
    var fig = $('[data-key="' + row.key + '"]');
    if (fig) { fig.classList.remove('waiting'); delete fig.dataset.key; $('button', fig).remove(); }
    if (row.entity === 'Inspection') { var n = $('[data-sheets]'); n.textContent = Number(n.textContent) + 1; }
  }
  function keep(file, item) {
    var at = new Date(), where = here();
    return Promise.all([file.arrayBuffer(), where]).then(function (got) {
      var sheet = item === null, pos = got[1], stamp = at.toISOString().replace(/[^0-9]/g, '').slice(0, 14);
      var row = { user: data.user, inspection: data.id, item: sheet ? 0 : item, entity: sheet ? 'Inspection' : 'InspectionItem', owner: sheet ? data.id : item, purpose: sheet ? data.sheets : data.photo,
        name: sheet && file.name ? file.name : 'photo-' + stamp + '.jpg', type: file.type || 'image/jpeg', bytes: got[0], at: at.toISOString(), lng: pos ? pos.lng : null, lat: pos ? pos.lat : null, m: pos ? pos.m : null };
      return put('photos', row).then(function () { if (!sheet) { tile(row); } state(); pump(); });
    }).catch(function (e) { p.toast('bad', say('failed', { why: e.message })); });
  }

  /* ── sending ── */
  function failure(status, message, answer) { var e = new Error(message || String(status)); e.status = status; e.answer = answer; return e; }
  function json(url, options) {
    return p.fetch(url, Object.assign({ quiet: true }, options, { headers: Object.assign({ Accept: 'application/json' }, (options || {}).headers) })).then(function (r) {
      if (r.status === 204) { return {}; }
      return r.json().then(function (d) { if (r.ok) { return d; } throw failure(r.status, d.message, d); }, function () { throw failure(r.ok ? 502 : r.status); });
    });
  }
  function post(url, body) { return json(url, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }); }
  /* a page opened from the cache carries an old token: ask for the session's own before the first sending */
  function renew() {
    if (renewed) { return Promise.resolve(); }
    return json(data.session, { cache: 'no-store' }).then(function (d) {
      if (d.user !== data.user) { throw failure(403, say('other')); }
      var meta = $('meta[name="csrf-token"]'); if (meta) { meta.content = d.csrf; } $$('input[name="csrf_token"]').forEach(function (i) { i.value = d.csrf; }); renewed = true;
    });
  }
  function begin(row) {
    if (row.upload) { return json(row.upload).catch(function (e) { if (e.status !== 404) { throw e; } row.upload = ''; return begin(row); }); }
    var body = { entity: row.entity, owner_id: row.owner, purpose: row.purpose, name: row.name, size: row.bytes.byteLength, taken_at: row.at };
    if (row.lng !== null) { body.lng = row.lng; body.lat = row.lat; }
    return post(data.begin, body).then(function (d) { row.upload = d.url; return put('photos', row).then(function () { return d; }); });
  }
  function pieces(row, at, size) {
    if (at >= row.bytes.byteLength) { return Promise.resolve(); }
    return json(row.upload + '?offset=' + at, { method: 'PUT', body: row.bytes.slice(at, at + size), headers: { 'Content-Type': 'application/octet-stream' } })
      .catch(function (e) { if (e.status === 409 && e.answer && 'received' in e.answer && e.answer.received !== at) { return e.answer; } throw e; }).then(function (d) { return pieces(row, d.received, size); });
  }
  function send(row) {
    return begin(row).then(function (d) { return pieces(row, d.received, d.chunk); }).then(function () {
      var h = p.sha256(); h.update(new Uint8Array(row.bytes)); return post(row.upload + '/complete', { sha256: h.hex() });
    }).then(function () { return drop('photos', row.key); }).then(function () { landed(row); });
  }
  function tell(row) {
    return post(data.answer + row.item, Object.assign({ version: row.version }, row.values)).then(function (d) {
      var c = card(row.item); if (c) { c.dataset.version = d.version; hush(c); }
      return all('answers').then(function (rows) {
        var now = rows.filter(function (r) { return r.item === row.item; })[0];
        if (now && now.stamp !== row.stamp) { now.version = d.version; return put('answers', now).then(function () { again = true; }); }
        return drop('answers', row.item);
      });
    });
  }
  function passing(e) { return !e.status || e.status === 401 || e.status === 400 && !renewed || e.status === 408 || e.status === 429 || e.status >= 500; }
  function each(rows, run, refuse) { return rows.reduce(function (before, row) { return before.then(function () { return run(row).catch(function (e) { if (passing(e)) { throw e; } return refuse(row, e); }).then(state); }); }, Promise.resolve()); }
  function pump() {
    if (running) { again = true; return Promise.resolve(); }
    clearTimeout(timer); running = true; again = false; problem = '';
    return state().then(function (n) {
      if (!n) { return null; }
      return renew().then(function () { return all('answers'); }).then(function (rows) { return each(rows.filter(function (r) { return !r.held; }), tell, disputed); })
        .then(function () { return all('photos'); }).then(function (rows) { return each(rows.filter(function (r) { return !r.error; }), send, function (row, e) { row.error = e.message; return put('photos', row).then(function () { broken(row); }); }); });
    }).then(function () { delay = 4000; }, function (e) {
      renewed = false; problem = e.status === 401 ? say('signin') : e.status === 403 ? e.message : say('offline');
      timer = setTimeout(pump, delay); delay = Math.min(delay * 2, 60000);
    }).then(function () { running = false; state(); if (again) { return pump(); } return null; });
  }

  /* ── answers ── */
  function show(c) { $('[data-more]', c).hidden = !(c.dataset.finding === 'problem' || $('.os-photo', c)); }
  function hush(c) { var s = $('[data-says]', c); s.hidden = true; s.textContent = ''; }
  function values(c) {
    var hand = $('[data-hand]', c).checked;
    return { finding: c.dataset.finding, problem: $('[data-problem]', c).value, hand_over: hand, deadline: hand ? $('[data-deadline]', c).value : '' };
  }
  function paint(c, v) {
    c.dataset.finding = v.finding; $$('[data-answer]', c).forEach(function (r) { r.checked = r.value === v.finding; });
    $('[data-problem]', c).value = v.problem; $('[data-hand]', c).checked = v.hand_over; if (v.deadline) { $('[data-deadline]', c).value = v.deadline; } show(c);
  }
  var soon = {};
  function changed(c, at) {
    var id = Number(c.dataset.item); active = id; tally();
    put('answers', { item: id, user: data.user, inspection: data.id, version: Number(c.dataset.version), values: values(c), stamp: Date.now() + Math.random() }).then(state);
    clearTimeout(soon[id]); soon[id] = setTimeout(pump, at);
  }
  function disputed(row, e) {
    var c = card(row.item), s; row.held = true;
    if (!c) { return drop('answers', row.item); }
    s = $('[data-says]', c); s.hidden = false; s.textContent = e.status === 409 ? say('conflict') : e.message;
    if (e.status === 409 && e.answer && e.answer.current) {
      var mine = p.button('btn btn-s', say('mine')), theirs = p.button('btn btn-s', say('theirs'));
      mine.addEventListener('click', function () { c.dataset.version = e.answer.current.version; hush(c); changed(c, 0); });
      theirs.addEventListener('click', function () { c.dataset.version = e.answer.current.version; drop('answers', row.item).then(function () { paint(c, e.answer.current); hush(c); tally(); state(); }); });
      s.append(mine, theirs);
    }
    return put('answers', row);
  }

  /* ── camera ── */
  var viewer = doc.getElementById('os-viewer'), video = $('[data-video]'), stream = null, taken = 0;
  function stop() { if (stream) { stream.getTracks().forEach(function (t) { t.stop(); }); stream = null; video.srcObject = null; } }
  function camera() {
    var cards = $$('[data-item]'), target = active || Number((cards.filter(function (c) { return !c.dataset.finding; })[0] || cards[0] || { dataset: {} }).dataset.item);
    if (!target) { return; }
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) { $('[data-shot]', card(target)).click(); return; }
    navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 2560 }, height: { ideal: 1920 } }, audio: false }).then(function (s) {
      stream = s; video.srcObject = s; taken = 0; $('[data-target]').value = target; $('[data-view-text]').textContent = ''; p.open(viewer);
    }, function () { $('[data-shot]', card(target)).click(); });
  }
  viewer.addEventListener('close', stop);
  function snap() {
    var canvas = p.make('canvas'), target = Number($('[data-target]').value); canvas.width = video.videoWidth; canvas.height = video.videoHeight; if (!canvas.width) { return; }
    canvas.getContext('2d').drawImage(video, 0, 0);
    canvas.toBlob(function (blob) { if (blob) { taken += 1; $('[data-view-text]').textContent = say('taken', { n: taken }); active = target; keep(blob, target); } }, 'image/jpeg', 0.9);
  }

  /* ── events ── */
  doc.addEventListener('change', function (e) {
    var el = e.target, c = itemOf(el);
    if (el.matches('[data-show]')) { tally(); return; }
    if (el.matches('[data-shot]')) { var f = el.files[0]; el.value = ''; if (f) { active = Number(c.dataset.item); keep(f, active); } return; }
    if (el.matches('[data-sheet]')) { var s = el.files[0]; el.value = ''; if (s) { keep(s, null); } return; }
    if (!c) { return; }
    if (el.matches('[data-answer]')) { c.dataset.finding = el.value; show(c); changed(c, 100); } else if (el.matches('[data-hand],[data-deadline]')) { changed(c, 100); }
  });
  doc.addEventListener('input', function (e) { if (e.target.matches('[data-problem]')) { changed(itemOf(e.target), 900); } });
  doc.addEventListener('click', function (e) {
    var t = e.target;
    if (t.closest('[data-locate]')) { locate(); }
    if (t.closest('[data-send]')) { delay = 4000; if (problem === say('signin')) { p.signIn().then(pump, state); } else { again_(); } }
    if (t.closest('[data-camera]')) { camera(); }
    if (t.closest('[data-shutter]')) { snap(); }
    if (t.closest('[data-conclude]')) { var left = tally(); state().then(function (n) { if (left) { p.toast('warn', say('notyet', { n: left })); } else if (n) { p.toast('warn', say('unsent')); pump(); } else { p.open(doc.getElementById('os-conclude')); } }); }
  });
  function again_() { return all('photos').then(function (rows) { return Promise.all(rows.filter(function (r) { return r.error; }).map(function (r) { delete r.error; return put('photos', r); })); }).then(pump); }
  window.addEventListener('online', function () { delay = 4000; pump(); });
  window.addEventListener('offline', state);
  doc.addEventListener('visibilitychange', function () { if (!doc.hidden) { pump(); } });

  /* ── begin ── */
  open().then(function (opened) {
    db = opened;
    return Promise.all([all('answers'), all('photos')]);
  }).then(function (both) {
    both[0].forEach(function (row) { var c = row.inspection === data.id && card(row.item); if (c) { delete row.held; paint(c, row.values); put('answers', row); } });
    both[1].forEach(function (row) { if (row.inspection === data.id && row.entity === 'InspectionItem') { tile(row); } });
    $$('[data-item]').forEach(show); tally(); state(); pump();
  });
  tally(); locate();
  if (window.isSecureContext && navigator.geolocation) { navigator.geolocation.watchPosition(found, lost, { enableHighAccuracy: true, maximumAge: 5000 }); }
  if (navigator.storage && navigator.storage.persist) { navigator.storage.persist(); }
  if (navigator.serviceWorker && window.isSecureContext) { navigator.serviceWorker.register(data.worker, { scope: data.scope }).then(function () { return navigator.serviceWorker.ready; }).then(function () { if (navigator.onLine !== false && window.caches) { caches.open('portal-onsite').then(function (c) { return c.add(location.pathname); }).catch(function () { /* kept at the next visit */ }); } }, function () { /* without it only a reload needs the network */ }); }
}());
