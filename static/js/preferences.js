/* Columns and saved views of a list, kept on the server: <form data-preferences="/…/preferences/">. */
(function () {
  'use strict';
  var p = window.portal, doc = document;
  function send(form, body) {
    return fetch(form.dataset.preferences, {
      method: 'POST', credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': p.token() },
      body: JSON.stringify(body)
    }).then(function (answer) {
      if (answer.ok) { location.reload(); return null; }
      return answer.json().then(function (said) { p.toast('bad', said.message); });
    });
  }
  /* a capped count ("10,000+") becomes exact once the page stands */
  doc.querySelectorAll('[data-exact-count]').forEach(function (box) {
    fetch(box.dataset.exactCount, { credentials: 'same-origin', headers: { Accept: 'application/json' } })
      .then(function (answer) { return answer.ok ? answer.json() : null; })
      .then(function (said) {
        var figure = box.querySelector('.strong');
        if (said && figure) { figure.textContent = said.total.toLocaleString('en-US'); }
      });
  });
  doc.addEventListener('submit', function (e) {
    var form = e.target;
    if (!form.matches('form[data-preferences]')) { return; }
    e.preventDefault();
    var name = form.querySelector('[name="view_name"]');
    if (name) { send(form, { add_view: { name: name.value, query: location.search.slice(1) } }); return; }
    var on = Array.prototype.filter.call(form.querySelectorAll('[name="columns"]'), function (i) { return i.checked; });
    send(form, { columns: on.map(function (i) { return i.value; }) });
  });
  doc.addEventListener('click', function (e) {
    var drop = e.target.closest('[data-drop-view]'), reset = e.target.closest('[data-columns-reset]');
    if (drop) { send(drop.closest('form'), { drop_view: drop.dataset.dropView }); }
    if (reset) { reset.closest('form').querySelectorAll('[name="columns"]').forEach(function (i) { i.checked = i.dataset.default === '1'; }); }
  });
}());
