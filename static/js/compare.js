/* Two photos of a finding: side by side, or one over the other with a slider between them (arrow keys move it).
   Without this script the two stand side by side. */
(function () {
  'use strict';
  var $ = window.portal.$, $$ = window.portal.$$;
  var how = $('[data-compare-how]'), over = $('[data-compare-over]'), side = $('[data-compare-side]'), range = $('[data-compare-range]');
  var mix = $('[data-compare-mix]'), top = $('[data-compare-top]');
  function blend() { top.style.opacity = mix.value / 100; }
  function show() {
    var stacked = $('[name=compare]:checked', how).value === 'over';
    if (stacked) { $$('img[data-src]', over).forEach(function (img) { img.src = img.dataset.src; img.removeAttribute('data-src'); }); }
    over.hidden = range.hidden = !stacked;
    side.classList.toggle('facts-only', stacked);
    blend();
  }
  how.hidden = false;
  how.addEventListener('change', show);
  mix.addEventListener('input', blend);
  show();
}());
