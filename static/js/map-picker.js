/* The map picker (小区定位): the county's outline, communities around, one marker; search, click or arrow keys move it,
   confirming writes longitude and latitude into the form. Speaks to this host alone; tiles only where a key is set.
   <aside data-picker …> beside <form id="community">, or <div data-record-map> on the page of a record. */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, doc = document, L = window.L, PIN = '<svg viewBox="0 0 34 42" aria-hidden="true"><path d="M17 41C9 29 3 23 3 15.500a14 14 0 0 1 28 0C31 23 25 29 17 41z" fill="#c5352c" stroke="#fff" stroke-width="2"/><circle cx="17" cy="15.500" r="5" fill="#fff"/></svg>';
  function get(url) { return p.fetch(url, { headers: { Accept: 'application/json' }, quiet: true }).then(function (r) { if (!r.ok) { throw new Error(String(r.status)); } return r.json(); }); }
  function join(url, values) { return url + (url.indexOf('?') < 0 ? '?' : '&') + Object.keys(values).map(function (k) { return k + '=' + encodeURIComponent(values[k]); }).join('&'); }
  function safe(name) { return p.make('span', '', name); }
  function later(run, wait) { var t; return function () { clearTimeout(t); t = setTimeout(run, wait); }; }

  /* the base of both maps: outline (or tiles), communities around */
  function base(el, host, still) {
    var map = L.map(el, { zoomControl: !still, attributionControl: false, keyboard: false, zoomSnap: 0.25, minZoom: 7, maxZoom: 18, fadeAnimation: false, zoomAnimation: false, markerZoomAnimation: false, scrollWheelZoom: !still });
    el.setAttribute('tabindex', '0');
    if (host.dataset.tiles) { el.classList.add('has-tiles'); ['vec', 'cva'].forEach(function (layer) { L.tileLayer(host.dataset.tiles.replace('{layer}', layer), { minZoom: 1, maxZoom: 18 }).addTo(map); }); }
    var dots = L.layerGroup().addTo(map), state = { map: map, dots: dots, box: null };
    map.setView([Number(host.dataset.lat) || 29, Number(host.dataset.lng) || 111.7], 12);
    get(host.dataset.boundary).then(function (feature) {
      var layer = L.geoJSON(feature, { interactive: false, style: { className: 'county', weight: 2, dashArray: '6 4', fillOpacity: 1 } }).addTo(map).bringToBack();
      state.box = layer.getBounds(); if (!state.placed) { map.fitBounds(state.box); }
    }, function () { /* a county without an outline: the map still shows the communities around */ });
    var around = later(function () {
      var b = map.getBounds();
      get(join(host.dataset.around, { west: Math.max(-180, b.getWest()).toFixed(6), south: b.getSouth().toFixed(6), east: Math.min(180, b.getEast()).toFixed(6), north: b.getNorth().toFixed(6) })).then(function (d) {
        dots.clearLayers();
        if (!host.dataset.tiles) { d.towns.forEach(function (t) { L.circleMarker([t[2], t[1]], { radius: 0, weight: 0, interactive: false }).addTo(dots).bindTooltip(safe(t[0]), { permanent: true, direction: 'center', className: 'place-name town-name' }); }); }
        var middle = map.getSize().divideBy(2), taken = [L.bounds(middle.subtract([20, 44]), middle.add([20, 6]))];
        d.points.filter(function (row) { return String(row[0]) !== host.dataset.own; }).map(function (row) { return { row: row, at: map.latLngToContainerPoint([row[3], row[2]]) }; })
          .sort(function (one, two) { return one.at.distanceTo(middle) - two.at.distanceTo(middle); }).forEach(function (item) {
            var dot = L.circleMarker([item.row[3], item.row[2]], { radius: 5, weight: 2, fillOpacity: 1, className: 'near-dot', interactive: false }).addTo(dots), name = item.row[1];
            var box = L.bounds(item.at.subtract([6, 9]), item.at.add([14 + name.length * 12.5, 9]));
            if (map.getZoom() < 13.5 || taken.some(function (other) { return other.intersects(box); })) { return; }
            taken.push(box); dot.bindTooltip(safe(name), { permanent: true, direction: 'right', offset: [6, 0], className: 'place-name' });
          });
      }, function () { /* the dots are orientation only; the next move of the map asks again */ });
    }, 250);
    map.on('moveend', around); around();
    return state;
  }
  function pin(map, point) { return L.marker(point, { icon: L.divIcon({ className: 'pin', html: PIN, iconSize: [34, 42], iconAnchor: [17, 41] }), interactive: false, keyboard: false }).addTo(map); }

  function picker(host) {
    var form = doc.getElementById('community'), words = JSON.parse($('[data-words]', host).textContent), el = $('[data-map]', host);
    var box = $('[data-search-text]', host), hits = $('[data-hits]', host), said = $('[data-search-word]', host), shown = $('[data-point]', host), inside = $('[data-inside]', host), ok = $('[data-confirm-point]', host), near = $('[data-neighbours]', host);
    var state = base(el, host, false), map = state.map, marker = null, ring = null, turn = 0, metres = 50;
    function word(key, values) { return words[key].replace(/\{(\w+)\}/g, function (all, k) { return values[k]; }); }
    function point() { return marker ? marker.getLatLng() : null; }
    function text() { var q = point(); return q ? q.lng.toFixed(6) + ', ' + q.lat.toFixed(6) : words.none; }

    function put(lng, lat, look) {
      state.placed = true;
      if (!marker) { marker = pin(map, [lat, lng]); ring = L.circle([lat, lng], { radius: metres, weight: 1.5, dashArray: '4 3', fillOpacity: 0.15, className: 'ring', interactive: false }).addTo(map); } else { marker.setLatLng([lat, lng]); ring.setLatLng([lat, lng]); }
      if (look) { map.setView([lat, lng], Math.max(map.getZoom(), 14.75)); } else if (!map.getBounds().pad(-0.1).contains([lat, lng])) { map.panTo([lat, lng]); }
      shown.textContent = text(); ok.disabled = true; judge();
    }
    var judge = later(function () {
      var q = point(), mine = turn += 1; if (!q) { return; }
      get(join(host.dataset.position, { lng: q.lng.toFixed(6), lat: q.lat.toFixed(6) })).then(function (d) { if (mine === turn) { say(d); } }, function () { if (mine === turn) { inside.className = 'small warn'; inside.textContent = words.broken; ok.disabled = false; } });
    }, 200);
    function say(d) {
      var worst = d.findings.filter(function (f) { return f.level === 'error'; })[0] || d.findings[0], level = worst ? (worst.level === 'error' ? 'bad' : 'warn') : 'ok';
      inside.className = 'small ' + level; inside.replaceChildren(); ok.disabled = level === 'bad';
      if (worst || d.note) { inside.append(p.icon({ ok: 'circle-check', warn: 'alert-triangle', bad: 'alert-circle' }[level], 'icon-s'), worst ? worst.message : words.inside); }
      metres = d.metres; ring.setRadius(metres); near.hidden = !d.neighbours.length;
      $('[data-neighbours-head]', near).textContent = d.neighbours.length ? word('near', { n: d.neighbours.length, m: d.metres }) : '';
      $('[data-neighbours-list]', near).replaceChildren.apply($('[data-neighbours-list]', near), d.neighbours.map(function (n) {
        var li = p.make('li'), a = p.make('a', '', words.view), facts = [n.name]; a.href = n.url; a.target = '_blank'; a.rel = 'noopener'; a.setAttribute('aria-label', words.view + ' ' + n.name);
        if (n.year) { facts.push(word('built', { n: n.year })); } if (n.buildings) { facts.push(word('buildings', { n: n.buildings })); } if (n.households) { facts.push(word('households', { n: n.households })); } facts.push(word('metres', { m: n.metres }));
        li.append(facts.join(' · ') + ' ', a); return li;
      }));
    }
    function confirm() {
      var q = point(); if (!q || ok.disabled) { return; }
      [['lng', q.lng], ['lat', q.lat]].forEach(function (pair) { var f = form.elements[pair[0]]; f.value = pair[1].toFixed(6); f.dispatchEvent(new Event('input', { bubbles: true })); });
      inside.className = 'small ok'; inside.replaceChildren(p.icon('circle-check', 'icon-s'), words.confirmed);
      if (window.innerWidth < 1280) { form.elements.lng.closest('.field').scrollIntoView({ block: 'center' }); form.elements.lng.focus({ preventScroll: true }); }
    }
    function fromForm(look) {
      var lng = Number(form.elements.lng.value), lat = Number(form.elements.lat.value);
      if (form.elements.lng.value && form.elements.lat.value && Math.abs(lat) < 85 && Math.abs(lng) <= 180) { put(lng, lat, look); }
    }

    /* search */
    function find(typed) {
      var q = point(), asked = { q: typed };
      if (!typed.trim()) { said.hidden = false; said.textContent = words.typeFirst; return; }
      if (q) { asked.lng = q.lng.toFixed(6); asked.lat = q.lat.toFixed(6); }
      said.hidden = false; said.textContent = words.searching; p.progress(true);
      get(join(host.dataset.places, asked)).then(function (d) { p.progress(false); list(d); }, function () { p.progress(false); said.textContent = words.broken; });
    }
    function list(d) {
      said.textContent = d.failed ? words.failed : d.places.length ? '' : words.nothing; said.hidden = !said.textContent; hits.hidden = !d.places.length;
      hits.replaceChildren.apply(hits, d.places.map(function (place, n) {
        var li = p.make('li'), b = p.button(''), name = p.make('span', '', place.name), facts = [place.detail, place.kind].filter(Boolean);
        if (place.metres !== null && place.metres > 0) { facts.push(word('metres', { m: place.metres.toLocaleString('en-US') })); }
        name.appendChild(p.make('small', '', facts.join(' · '))); b.append(p.make('b', '', String(n + 1)), name);
        b.addEventListener('click', function () { choose(b, place); }); li.appendChild(b); return li;
      }));
      if (d.places.length) { choose($('button', hits), d.places[0]); }
    }
    function choose(b, place) { p.$$('button', hits).forEach(function (x) { x.removeAttribute('aria-current'); }); b.setAttribute('aria-current', 'true'); put(place.lng, place.lat, true); }

    map.on('click', function (e) { put(e.latlng.lng, e.latlng.lat, false); });
    el.addEventListener('keydown', function (e) {
      var go = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key], q = point() || map.getCenter(), step = e.shiftKey ? 0.0005 : 0.00005;
      if (e.target !== el) { return; }
      if (go) { e.preventDefault(); put(q.lng + go[0] * step, q.lat + go[1] * step, false); }
      if (e.key === 'Enter') { e.preventDefault(); confirm(); }
      if (e.key === '+' || e.key === '=') { map.zoomIn(); } if (e.key === '-') { map.zoomOut(); }
    });
    ok.addEventListener('click', confirm);
    box.addEventListener('keydown', function (e) { if (e.key === 'Enter') { e.preventDefault(); find(box.value); } });
    doc.addEventListener('click', function (e) { if (e.target.closest('[data-locate]')) { box.value = form.elements.address.value; find(box.value); host.scrollIntoView({ block: 'nearest' }); } });
    ['lng', 'lat'].forEach(function (k) { form.elements[k].addEventListener('change', function () { fromForm(true); }); });
    form.addEventListener('portal:restored', function () { fromForm(true); });
    fromForm(true);
    window.portal.picker = { put: put, point: text, confirm: confirm };
  }

  function record(el) {
    var state = base(el, el, true);
    if (el.dataset.point) { var at = el.dataset.point.split(',').map(Number); state.placed = true; pin(state.map, [at[1], at[0]]); state.map.setView([at[1], at[0]], 14.75); }
  }
  p.$$('[data-picker]').forEach(picker); p.$$('[data-record-map]').forEach(record);
}());
