/* SHA-256 in pieces: crypto.subtle wants the whole file in memory and is absent on plain http.
   var h = portal.sha256(); h.update(Uint8Array) …; h.hex() */
(function () {
  'use strict';
  var K = new Int32Array(64), START = new Int32Array(8), found = 0;
  for (var n = 2; found < 64; n++) {
    var prime = true; for (var d = 2; d * d <= n; d++) { if (n % d === 0) { prime = false; break; } }
    if (prime) { if (found < 8) { START[found] = (Math.sqrt(n) % 1) * 4294967296 | 0; } K[found++] = (Math.cbrt(n) % 1) * 4294967296 | 0; }
  }
  function sha256() {
    var h = new Int32Array(START), w = new Int32Array(64), rest = new Uint8Array(64), held = 0, length = 0;
    function block(p, at) {
      var i, a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
      for (i = 0; i < 16; i++, at += 4) { w[i] = (p[at] << 24) | (p[at + 1] << 16) | (p[at + 2] << 8) | p[at + 3]; }
      for (; i < 64; i++) {
        var x = w[i - 15], y = w[i - 2];
        w[i] = (w[i - 16] + w[i - 7] | 0) + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
      }
      for (i = 0; i < 64; i++) {
        var t = (k + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        var u = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        k = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
      }
      h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += k;
    }
    function update(p) {
      var at = 0; length += p.length;
      if (held) { var take = Math.min(64 - held, p.length); rest.set(p.subarray(0, take), held); held += take; at = take; if (held < 64) { return; } block(rest, 0); held = 0; }
      for (; at + 64 <= p.length; at += 64) { block(p, at); }
      rest.set(p.subarray(at)); held = p.length - at;
    }
    function hex() {
      var bits = length * 8, pad = new Uint8Array((held < 56 ? 64 : 128) - held), view = new DataView(pad.buffer);
      pad[0] = 0x80; view.setUint32(pad.length - 8, Math.floor(bits / 4294967296)); view.setUint32(pad.length - 4, bits >>> 0); update(pad);
      return Array.from(h, function (v) { return ('0000000' + (v >>> 0).toString(16)).slice(-8); }).join('');
    }
    return { update: update, hex: hex };
  }
  window.portal.sha256 = sha256;
}());
