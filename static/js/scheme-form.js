/* The form of a scheme: what the sources of the funds add up to, beside the estimated investment. */
(function () {
  'use strict';
  var $ = window.portal.$, $$ = window.portal.$$, form = document.getElementById('scheme'), told = form && $('[data-funding-sum]', form);
  if (!told) { return; }
  function cents(el) { var n = Math.round(Number(el.value.replace(/[,，\s]/g, '')) * 100); return isFinite(n) ? n : 0; }
  function shown(n) { return (n / 100).toLocaleString('en-US', { minimumFractionDigits: 2 }); }
  function add() {
    var sum = $$('[data-funding]', form).reduce(function (all, el) { return all + cents(el); }, 0), whole = cents(form.elements.investment);
    told.textContent = sum ? told.dataset.text.replace('{sum}', shown(sum)).replace('{investment}', shown(whole)).replace('{rest}', shown(whole - sum)) : '';
    told.classList.toggle('warn', Boolean(sum && whole !== sum));
  }
  form.addEventListener('input', function (e) { if (e.target.dataset.funding || e.target.name === 'investment') { add(); } });
  form.addEventListener('portal:restored', add);
  add();
}());
