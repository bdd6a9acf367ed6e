/* Opens the page of an inspection without a connection: pages from the network when there is one, else as last seen;
   styles and scripts from the cache (their addresses carry a digest). Nothing else is kept. */
'use strict';
var NAME = 'portal-onsite', FILES = '__FILES__'.split(' '), PAGE = /\/inspections\/\d+\/onsite$/;

self.addEventListener('install', function (e) {
  e.waitUntil(caches.open(NAME).then(function (c) { return c.addAll(FILES); }).then(function () { return self.skipWaiting(); }));
});
self.addEventListener('activate', function (e) {
  e.waitUntil(caches.open(NAME).then(function (c) {
    return c.keys().then(function (all) {
      return Promise.all(all.filter(function (r) { var u = new URL(r.url); return u.pathname.indexOf('/static/') >= 0 && FILES.indexOf(u.pathname + u.search) < 0; }).map(function (r) { return c.delete(r); }));
    });
  }).then(function () { return self.clients.claim(); }));
});
function page(request) {
  return fetch(request).then(function (answer) {
    if (answer.ok && !answer.redirected) { var copy = answer.clone(); caches.open(NAME).then(function (c) { c.put(new URL(request.url).pathname, copy); }); }
    return answer;
  }).catch(function (fault) {
    return caches.open(NAME).then(function (c) { return c.match(new URL(request.url).pathname); }).then(function (kept) { if (kept) { return kept; } throw fault; });
  });
}
self.addEventListener('fetch', function (e) {
  var url = new URL(e.request.url);
  if (e.request.method !== 'GET' || url.origin !== self.location.origin) { return; }
  if (e.request.mode === 'navigate') { if (PAGE.test(url.pathname)) { e.respondWith(page(e.request)); } return; }
  if (FILES.indexOf(url.pathname + url.search) >= 0) {
    e.respondWith(caches.match(url.pathname + url.search).then(function (kept) { return kept || fetch(e.request).then(function (answer) { if (answer.ok) { var copy = answer.clone(); caches.open(NAME).then(function (c) { c.put(url.pathname + url.search, copy); }); } return answer; }); }));
  }
});
