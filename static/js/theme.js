/* Light, dark or as the computer: set before the first paint, remembered for the next visit. */
(function () {
  'use strict';
  /* Internet Explorer and compatibility modes get a page they can read */
  if (document.documentMode) { window.location.replace('/static/ie.html'); return; }
  var root = document.documentElement;
  var dark = window.matchMedia('(prefers-color-scheme: dark)');
  function wanted() {
    var kept = null;
    try { kept = localStorage.getItem('portal-theme'); } catch (e) { kept = null; /* storage may be switched off */ }
    var cookie = /(?:^|; )portal_theme=(light|dark|auto)/.exec(document.cookie);
    return kept || (cookie && cookie[1]) || root.dataset.theme || 'auto';
  }
  function apply() {
    var want = wanted();
    root.dataset.theme = want;
    root.dataset.bsTheme = want === 'auto' ? (dark.matches ? 'dark' : 'light') : want;
  }
  window.portalTheme = {
    set: function (value) {
      try { localStorage.setItem('portal-theme', value); } catch (e) { root.dataset.theme = value; }
      document.cookie = 'portal_theme=' + value + ';path=/;max-age=31536000;samesite=lax';
      apply();
      document.dispatchEvent(new CustomEvent('portal:theme', { detail: root.dataset.bsTheme }));
    },
    get: wanted
  };
  dark.addEventListener('change', function () { apply(); document.dispatchEvent(new CustomEvent('portal:theme', { detail: root.dataset.bsTheme })); });
  apply();
}());
