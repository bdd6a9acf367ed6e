/* The review page: photos large, phrases into the opinion, keys (Alt+A, Alt+R, Alt+N; arrows walk through the contents). */
(function () {
  'use strict';
  var p = window.portal, $ = p.$, $$ = p.$$, doc = document;

  /* ── photos: one viewer over all contents, made when the first one is opened ── */
  doc.addEventListener('click', function (e) {
    var link = e.target.closest('[data-photo]'), box = link && (link.closest('[data-photos]') || link.closest('[data-gallery-more]'));
    if (!box || !window.Viewer || e.ctrlKey || e.metaKey || e.shiftKey || e.button || !$('img', link)) { return; }
    e.preventDefault();
    if (!box._viewer) {
      box._viewer = new window.Viewer(box, { url: function (img) { return img.closest('[data-photo]').dataset.photo; }, filter: function (img) { return !!img.closest('[data-photo]'); }, title: function (img) { return img.alt; }, toolbar: { zoomIn: 1, zoomOut: 1, oneToOne: 1, reset: 1, prev: 1, next: 1, rotateLeft: 1, rotateRight: 1 }, transition: false, navbar: 0, hidden: function () { if (box._from) { box._from.focus(); } } });
      box.addEventListener('click', function (x) { if (x.target.closest('[data-photo]')) { x.stopPropagation(); x.preventDefault(); } }, true);
    }
    box._from = link; box._viewer.view($$('[data-photo] img', box).indexOf($('img', link)));
  }, true);

  /* ── the decision ── */
  var form = doc.getElementById('decision');
  if (form) {
    var reason = $('[data-reason]', form);
    form.addEventListener('click', function (e) {
      var b = e.target.closest('[data-phrase]'); if (!b) { return; }
      var text = reason.value.replace(/[；;。\s]+$/, '');
      reason.value = (text ? text + '；' : '') + b.dataset.phrase; reason.focus(); p.touch(form);
    });
  }
  doc.addEventListener('keydown', function (e) {
    if (!e.altKey || e.ctrlKey || e.metaKey || $('dialog[open]') || $('.viewer-in')) { return; }
    var key = (e.code || '').replace('Key', ''), next = $('[data-next]');
    if (key === 'A' && form) { e.preventDefault(); form.requestSubmit($('[data-approve]', form)); }
    if (key === 'R' && form) { e.preventDefault(); reason.focus(); reason.scrollIntoView({ block: 'nearest' }); }
    if (key === 'N' && next) { e.preventDefault(); next.click(); }
  });
  /* a link to a content opens its tab */
  function go() { var panel = location.hash && doc.getElementById(location.hash.slice(1)), tab = panel && doc.getElementById('tab-' + panel.id); if (tab) { tab.click(); tab.scrollIntoView({ block: 'nearest' }); } }
  window.addEventListener('hashchange', go); go();
}());
