// The key may follow the # of the address. A browser never sends this part to a server.
"use strict";
const key = location.hash.slice(1);
if (key) {
  history.replaceState(null, "", location.pathname);
  document.getElementById("key").value = key;
  document.getElementById("form").submit();
}
