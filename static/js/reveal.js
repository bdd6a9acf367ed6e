/* 查看 beside a masked phone: asks for the number in place; without a script the page is shown anew.
   <span class="tel-cell"><span data-phone>138****0000</span><form data-reveal method="post">…</form></span> */
(function () {
  'use strict';
  var p = window.portal;
  document.addEventListener('submit', function (e) {
    var f = e.target; if (!f.matches('form[data-reveal]')) { return; }
    e.preventDefault();
    p.fetch(f.action, { method: 'POST', headers: { Accept: 'application/json' } }).then(function (r) { if (!r.ok) { throw new Error(String(r.status)); } return r.json(); }).then(function (d) {
      var shown = p.$('[data-phone]', f.parentNode); shown.textContent = d.phone; shown.tabIndex = -1; f.remove(); shown.focus();
    }).catch(function () { p.toast('bad', p.text('failed', { status: '' })); });
  });
}());
